use std::borrow::Cow;

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::reader::Reader;
use crate::{Error, Limits};

const LATIN: Collation = Collation::SQL_LATIN1_GENERAL_CP1_CI_AS;
const UTF8: Collation = Collation::LATIN1_GENERAL_100_CI_AS_SC_UTF8;
/// Days from 0001-01-01 to 2024-02-29.
const LEAP_DAY: u32 = 738_944;

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(" ")
}

fn encoded(info: TypeInfo, value: &WireValue<'_>) -> crate::Result<(String, String)> {
    let mut type_bytes = BytesMut::new();
    write_type_info(info, &mut type_bytes);
    let mut value_bytes = BytesMut::new();
    write_value(info, value, &mut value_bytes)?;
    Ok((hex(&type_bytes), hex(&value_bytes)))
}

fn round_trip(info: TypeInfo, value: &WireValue<'_>) -> (TypeInfo, WireValue<'static>) {
    let mut bytes = BytesMut::new();
    write_type_info(info, &mut bytes);
    write_value(info, value, &mut bytes).unwrap();
    let mut reader = Reader::new(&bytes);
    let read_info = read_type_info(&mut reader).unwrap();
    let read = read_value(read_info, &mut reader, &Limits::default()).unwrap();
    assert!(reader.is_empty(), "{info:?} left bytes behind");
    (read_info, read)
}

fn decimal(unscaled: i128, scale: u8) -> WireValue<'static> {
    WireValue::Decimal(Decimal { unscaled, scale })
}

/// Types and values with their bytes, from the layouts of `[MS-TDS]` 2.2.5.4 and 2.2.5.5.
fn golden() -> Vec<(TypeInfo, WireValue<'static>, &'static str, &'static str)> {
    use TypeInfo as T;
    use WireValue as V;
    let short = Length::Bytes;
    let noon = 12 * 3600 * 10_000_000;
    vec![
        (T::Bit, V::Bit(true), "32", "01"),
        (T::BitN, V::Bit(true), "68 01", "01 01"),
        (T::BitN, V::Null, "68 01", "00"),
        (T::TinyInt, V::TinyInt(255), "30", "FF"),
        (T::TinyIntN, V::TinyInt(255), "26 01", "01 FF"),
        (T::SmallInt, V::SmallInt(-2), "34", "FE FF"),
        (T::SmallIntN, V::SmallInt(-2), "26 02", "02 FE FF"),
        (T::Int, V::Int(1), "38", "01 00 00 00"),
        (T::IntN, V::Int(1), "26 04", "04 01 00 00 00"),
        (T::IntN, V::Null, "26 04", "00"),
        (T::BigInt, V::BigInt(-1), "7F", "FF FF FF FF FF FF FF FF"),
        (
            T::BigIntN,
            V::BigInt(1),
            "26 08",
            "08 01 00 00 00 00 00 00 00",
        ),
        (T::Real, V::Real(1.5), "3B", "00 00 C0 3F"),
        (T::RealN, V::Real(1.5), "6D 04", "04 00 00 C0 3F"),
        (T::Float, V::Float(1.5), "3E", "00 00 00 00 00 00 F8 3F"),
        (
            T::FloatN,
            V::Float(1.5),
            "6D 08",
            "08 00 00 00 00 00 00 F8 3F",
        ),
        // The high half comes first.
        (T::Money, V::Money(-1), "3C", "FF FF FF FF FF FF FF FF"),
        (
            T::MoneyN,
            V::Money(0x1_0000_0002),
            "6E 08",
            "08 01 00 00 00 02 00 00 00",
        ),
        (T::SmallMoney, V::Money(10_000), "7A", "10 27 00 00"),
        (T::SmallMoneyN, V::Money(10_000), "6E 04", "04 10 27 00 00"),
        (
            T::DateTime,
            V::DateTime {
                days: -1,
                ticks: 300,
            },
            "3D",
            "FF FF FF FF 2C 01 00 00",
        ),
        (
            T::DateTimeN,
            V::DateTime { days: 1, ticks: 0 },
            "6F 08",
            "08 01 00 00 00 00 00 00 00",
        ),
        (
            T::SmallDateTime,
            V::SmallDateTime {
                days: 1,
                minutes: 60,
            },
            "3A",
            "01 00 3C 00",
        ),
        (
            T::SmallDateTimeN,
            V::SmallDateTime {
                days: 1,
                minutes: 60,
            },
            "6F 04",
            "04 01 00 3C 00",
        ),
        (
            T::Guid,
            V::Guid([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
            "24 10",
            "10 03 02 01 00 05 04 07 06 08 09 0A 0B 0C 0D 0E 0F",
        ),
        (
            T::Decimal {
                precision: 9,
                scale: 2,
            },
            decimal(12345, 2),
            "6A 05 09 02",
            "05 01 39 30 00 00",
        ),
        (
            T::Decimal {
                precision: 9,
                scale: 2,
            },
            decimal(-12345, 2),
            "6A 05 09 02",
            "05 00 39 30 00 00",
        ),
        (
            T::Numeric {
                precision: 38,
                scale: 0,
            },
            decimal(1, 0),
            "6C 11 26 00",
            "11 01 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
        ),
        (T::Date, V::Date(LEAP_DAY), "28", "03 80 46 0B"),
        (T::Time { scale: 0 }, V::Time(noon), "29 00", "03 C0 A8 00"),
        (
            T::Time { scale: 7 },
            V::Time(1),
            "29 07",
            "05 01 00 00 00 00",
        ),
        (
            T::DateTime2 { scale: 3 },
            V::DateTime2 {
                days: LEAP_DAY,
                time: noon,
            },
            "2A 03",
            "07 00 2E 93 02 80 46 0B",
        ),
        (
            T::DateTimeOffset { scale: 7 },
            V::DateTimeOffset {
                days: LEAP_DAY,
                time: 1,
                offset_minutes: -60,
            },
            "2B 07",
            "0A 01 00 00 00 00 80 46 0B C4 FF",
        ),
        (
            T::NVarChar {
                length: short(20),
                collation: LATIN,
            },
            V::from("aé"),
            "E7 14 00 09 04 D0 00 34",
            "04 00 61 00 E9 00",
        ),
        (
            T::NVarChar {
                length: short(20),
                collation: LATIN,
            },
            V::Null,
            "E7 14 00 09 04 D0 00 34",
            "FF FF",
        ),
        (
            T::NChar {
                bytes: 4,
                collation: LATIN,
            },
            V::from("ab"),
            "EF 04 00 09 04 D0 00 34",
            "04 00 61 00 62 00",
        ),
        (
            T::VarChar {
                length: short(20),
                collation: LATIN,
            },
            V::from("€"),
            "A7 14 00 09 04 D0 00 34",
            "01 00 80",
        ),
        (
            T::VarChar {
                length: short(20),
                collation: UTF8,
            },
            V::from("€"),
            "A7 14 00 09 04 D0 24 00",
            "03 00 E2 82 AC",
        ),
        (
            T::Char {
                bytes: 2,
                collation: LATIN,
            },
            V::from("x "),
            "AF 02 00 09 04 D0 00 34",
            "02 00 78 20",
        ),
        (
            T::VarBinary { length: short(8) },
            V::Bytes(Cow::Borrowed(&[1, 2])),
            "A5 08 00",
            "02 00 01 02",
        ),
        (
            T::Binary { bytes: 2 },
            V::Bytes(Cow::Borrowed(&[1, 2])),
            "AD 02 00",
            "02 00 01 02",
        ),
        (
            T::NVarChar {
                length: Length::Max,
                collation: LATIN,
            },
            V::from("a"),
            "E7 FF FF 09 04 D0 00 34",
            "02 00 00 00 00 00 00 00 02 00 00 00 61 00 00 00 00 00",
        ),
        (
            T::VarBinary {
                length: Length::Max,
            },
            V::Bytes(Cow::Borrowed(&[])),
            "A5 FF FF",
            "00 00 00 00 00 00 00 00 00 00 00 00",
        ),
        (
            T::VarBinary {
                length: Length::Max,
            },
            V::Null,
            "A5 FF FF",
            "FF FF FF FF FF FF FF FF",
        ),
        (
            T::Xml,
            V::from("<a/>"),
            "F1 00",
            "08 00 00 00 00 00 00 00 08 00 00 00 3C 00 61 00 2F 00 3E 00 00 00 00 00",
        ),
        (
            T::NText { collation: LATIN },
            V::from("a"),
            "63 FE FF FF 7F 09 04 D0 00 34",
            "02 00 00 00 61 00",
        ),
        (
            T::Text { collation: LATIN },
            V::from("a"),
            "23 FF FF FF 7F 09 04 D0 00 34",
            "01 00 00 00 61",
        ),
        (T::Image, V::Null, "22 FF FF FF 7F", "FF FF FF FF"),
        (T::Variant, V::Null, "62 49 1F 00 00", "00 00 00 00"),
        (
            T::Variant,
            variant(T::Int, V::Int(8)),
            "62 49 1F 00 00",
            "06 00 00 00 38 00 08 00 00 00",
        ),
        (
            T::Variant,
            variant(
                T::Decimal {
                    precision: 5,
                    scale: 1,
                },
                decimal(15, 1),
            ),
            "62 49 1F 00 00",
            "09 00 00 00 6A 02 05 01 01 0F 00 00 00",
        ),
        (
            T::Variant,
            variant(
                T::NVarChar {
                    length: short(256),
                    collation: LATIN,
                },
                V::from("a"),
            ),
            "62 49 1F 00 00",
            "0B 00 00 00 E7 07 09 04 D0 00 34 00 01 61 00",
        ),
        (
            T::Variant,
            variant(T::Time { scale: 0 }, V::Time(noon)),
            "62 49 1F 00 00",
            "06 00 00 00 29 01 00 C0 A8 00",
        ),
        (T::Null, V::Null, "1F", ""),
    ]
}

fn variant(type_info: TypeInfo, value: WireValue<'static>) -> WireValue<'static> {
    WireValue::Variant(Box::new(Variant { type_info, value }))
}

#[test]
fn every_type_has_its_documented_bytes_and_is_read_back() {
    for (info, value, type_bytes, value_bytes) in golden() {
        assert_eq!(
            encoded(info, &value).unwrap(),
            (type_bytes.to_owned(), value_bytes.to_owned()),
            "{info:?} {value:?}"
        );
        assert_eq!(round_trip(info, &value), (info, value));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    use TypeInfo as T;
    use WireValue as V;
    for (info, value, words) in [
        (
            T::Int,
            V::Null,
            "NULL in a column of type int, which is not nullable",
        ),
        (
            T::IntN,
            V::from("1"),
            "a value of kind text does not fit a column of type int",
        ),
        (
            T::TinyIntN,
            V::Int(256),
            "the value is too large for a column of type tinyint",
        ),
        (
            T::TinyIntN,
            V::Int(-1),
            "the value is too large for a column of type tinyint",
        ),
        (
            T::SmallMoneyN,
            V::Money(1 << 40),
            "the value is too large for a column of type smallmoney",
        ),
        (
            T::Decimal {
                precision: 9,
                scale: 1,
            },
            decimal(123, 2),
            "the value is too large for a column of type decimal",
        ),
        (
            T::Decimal {
                precision: 9,
                scale: 0,
            },
            decimal(1 << 40, 0),
            "the value is too large for a column of type decimal",
        ),
        (
            T::nvarchar(2, LATIN),
            V::from("abc"),
            "the value is too large for a column of type nvarchar",
        ),
        (
            T::RealN,
            V::Float(1.0),
            "a value of kind float does not fit a column of type real",
        ),
        (
            T::Variant,
            V::Int(1),
            "a value of kind int does not fit a column of type sql_variant",
        ),
        (
            T::Variant,
            variant(T::Xml, V::from("<a/>")),
            "a value of kind xml does not fit a column of type sql_variant",
        ),
        (
            T::Date,
            V::Time(1),
            "a value of kind time does not fit a column of type date",
        ),
    ] {
        assert_eq!(encoded(info, &value).unwrap_err().to_string(), words);
    }
}

#[test]
fn integers_widen_and_decimals_gain_digits() {
    use TypeInfo as T;
    let narrow = WireValue::TinyInt(7);
    assert_eq!(round_trip(T::BigIntN, &narrow).1, WireValue::BigInt(7));
    let money = T::Decimal {
        precision: 10,
        scale: 3,
    };
    assert_eq!(round_trip(money, &narrow).1, decimal(7000, 3));
    assert_eq!(round_trip(money, &decimal(15, 1)).1, decimal(1500, 3));
    assert_eq!(
        round_trip(T::FloatN, &WireValue::Real(0.5)).1,
        WireValue::Float(0.5)
    );
}

#[test]
fn chunks_are_joined_and_byte_order_marks_of_xml_dropped() {
    let read = |info, bytes: &[u8]| read_value(info, &mut Reader::new(bytes), &Limits::default());
    let max = TypeInfo::VarBinary {
        length: Length::Max,
    };
    let mut chunked = (u64::MAX - 1).to_le_bytes().to_vec();
    chunked.extend_from_slice(&[1, 0, 0, 0, 7, 2, 0, 0, 0, 8, 9, 0, 0, 0, 0]);
    assert_eq!(
        read(max, &chunked),
        Ok(WireValue::Bytes(vec![7, 8, 9].into()))
    );
    let xml = [
        4, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0xFF, 0xFE, b'x', 0, 0, 0, 0, 0,
    ];
    assert_eq!(read(TypeInfo::Xml, &xml), Ok(WireValue::from("x")));
    let limits = Limits {
        value_bytes: 2,
        ..Limits::default()
    };
    assert!(matches!(
        read_value(max, &mut Reader::new(&chunked), &limits),
        Err(Error::LimitExceeded { found: 3, .. })
    ));
}

/// A column and a value it can hold.
pub(crate) fn any_pair() -> impl Strategy<Value = (TypeInfo, WireValue<'static>)> {
    use TypeInfo as T;
    use WireValue as V;
    let time = 0..864_000_000_000_u64;
    let scaled = (0_u8..=7, time).prop_map(|(scale, time)| {
        let unit = 10_u64.pow(7 - u32::from(scale));
        (scale, time / unit * unit)
    });
    let days = 0..3_652_059_u32;
    prop_oneof![
        any::<bool>().prop_map(|bit| (T::BitN, V::Bit(bit))),
        any::<u8>().prop_map(|int| (T::TinyIntN, V::TinyInt(int))),
        any::<i16>().prop_map(|int| (T::SmallInt, V::SmallInt(int))),
        any::<i32>().prop_map(|int| (T::IntN, V::Int(int))),
        any::<i64>().prop_map(|int| (T::BigInt, V::BigInt(int))),
        any::<f64>().prop_map(|float| (T::FloatN, V::Float(float))),
        any::<i64>().prop_map(|money| (T::MoneyN, V::Money(money))),
        any::<[u8; 16]>().prop_map(|guid| (T::Guid, V::Guid(guid))),
        (1_u8..=38, any::<i128>()).prop_map(|(precision, raw)| {
            let unscaled = raw % 10_i128.pow(precision.into());
            let scale = precision / 2;
            (T::Decimal { precision, scale }, decimal(unscaled, scale))
        }),
        days.clone().prop_map(|days| (T::Date, V::Date(days))),
        scaled
            .clone()
            .prop_map(|(scale, time)| (T::Time { scale }, V::Time(time))),
        (scaled.clone(), days.clone()).prop_map(|((scale, time), days)| {
            (T::DateTime2 { scale }, V::DateTime2 { days, time })
        }),
        (scaled, days, -840_i16..=840).prop_map(|((scale, time), days, offset_minutes)| {
            let value = V::DateTimeOffset {
                days,
                time,
                offset_minutes,
            };
            (T::DateTimeOffset { scale }, value)
        }),
        (any::<String>(), any::<bool>()).prop_map(|(text, is_max)| {
            let length = if is_max {
                Length::Max
            } else {
                Length::Bytes(8000)
            };
            (
                T::NVarChar {
                    length,
                    collation: LATIN,
                },
                V::Text(text.into()),
            )
        }),
        any::<String>().prop_map(|text| {
            let info = T::VarChar {
                length: Length::Max,
                collation: UTF8,
            };
            (info, V::Text(text.into()))
        }),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| {
            (
                T::VarBinary {
                    length: Length::Bytes(8000),
                },
                V::Bytes(bytes.into()),
            )
        }),
    ]
}

proptest! {
    #[test]
    fn values_survive_the_round_trip((info, value) in any_pair()) {
        prop_assert_eq!(round_trip(info, &value), (info, value));
    }

    #[test]
    fn values_survive_inside_a_variant((info, value) in any_pair()) {
        let outer = variant(info, value);
        let mut bytes = BytesMut::new();
        if write_value(TypeInfo::Variant, &outer, &mut bytes).is_ok() {
            let (_, read) = round_trip(TypeInfo::Variant, &outer);
            let WireValue::Variant(read) = read else {
                panic!("a variant expected")
            };
            let WireValue::Variant(sent) = outer else { unreachable!() };
            prop_assert_eq!(read.value, sent.value);
            prop_assert_eq!(read.type_info.nullable(), sent.type_info.nullable());
        }
    }
}
