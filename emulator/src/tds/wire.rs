//! The one mapping between SQL's types and values and the wire's.

use std::borrow::Cow;

use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};
use milink_core::value::{Date, DateTime, Decimal, SmallDateTime, Time, Value};
use milink_tds::types::{
    Collation as WireCollation, Decimal as WireDecimal, Length as WireLength, TypeInfo, Variant,
    WireValue,
};
use uuid::Uuid;

/// `UserType` of a rowversion column, which is otherwise a `binary(8)`.
pub const USER_TYPE_ROW_VERSION: u32 = 80;
/// Bytes of a rowversion.
const ROW_VERSION_BYTES: u16 = 8;
/// The longest bounded nvarchar, in characters.
const MAX_NATIONAL: u16 = 4000;

/// How a type is laid out. Only types that are not nullable may use the fixed-length layouts.
pub fn type_info(sql: SqlType, collation: Option<Collation>, nullable: bool) -> TypeInfo {
    let collation = wire_collation(collation.unwrap_or(Collation::DEFAULT));
    let info = match sql {
        SqlType::Bit => TypeInfo::Bit,
        SqlType::TinyInt => TypeInfo::TinyInt,
        SqlType::SmallInt => TypeInfo::SmallInt,
        SqlType::Int => TypeInfo::Int,
        SqlType::BigInt => TypeInfo::BigInt,
        SqlType::Decimal {
            precision,
            scale,
            numeric: false,
        } => TypeInfo::Decimal { precision, scale },
        SqlType::Decimal {
            precision,
            scale,
            numeric: true,
        } => TypeInfo::Numeric { precision, scale },
        SqlType::Money => TypeInfo::Money,
        SqlType::SmallMoney => TypeInfo::SmallMoney,
        SqlType::Real => TypeInfo::Real,
        SqlType::Float => TypeInfo::Float,
        SqlType::DateTime => TypeInfo::DateTime,
        SqlType::SmallDateTime => TypeInfo::SmallDateTime,
        SqlType::Date => TypeInfo::Date,
        SqlType::Time(scale) => TypeInfo::Time { scale },
        SqlType::DateTime2(scale) => TypeInfo::DateTime2 { scale },
        SqlType::DateTimeOffset(scale) => TypeInfo::DateTimeOffset { scale },
        SqlType::Char(bytes) => TypeInfo::Char { bytes, collation },
        SqlType::VarChar(length) => TypeInfo::VarChar {
            length: wire_length(length, 1),
            collation,
        },
        SqlType::NChar(units) => TypeInfo::NChar {
            bytes: units.saturating_mul(2),
            collation,
        },
        SqlType::NVarChar(length) => TypeInfo::NVarChar {
            length: wire_length(length, 2),
            collation,
        },
        SqlType::Binary(bytes) => TypeInfo::Binary { bytes },
        SqlType::VarBinary(length) => TypeInfo::VarBinary {
            length: wire_length(length, 1),
        },
        SqlType::Text => TypeInfo::Text { collation },
        SqlType::NText => TypeInfo::NText { collation },
        SqlType::Image => TypeInfo::Image,
        SqlType::UniqueIdentifier => TypeInfo::Guid,
        SqlType::Xml => TypeInfo::Xml,
        SqlType::SqlVariant => TypeInfo::Variant,
        SqlType::RowVersion => TypeInfo::Binary {
            bytes: ROW_VERSION_BYTES,
        },
    };
    match nullable {
        true => info.nullable(),
        false => info,
    }
}

/// A value on its way to a column of type `sql`. Text and bytes are borrowed.
pub fn wire_value<'a>(sql: SqlType, value: &'a Value) -> WireValue<'a> {
    match value {
        Value::Null => WireValue::Null,
        Value::Bit(bit) => WireValue::Bit(*bit),
        Value::Int(int) => WireValue::BigInt(*int),
        Value::Decimal(Decimal { units, scale }) => WireValue::Decimal(WireDecimal {
            unscaled: *units,
            scale: *scale,
        }),
        Value::Money(money) => WireValue::Money(*money),
        Value::Float(float) if sql == SqlType::Real => WireValue::Real(*float as f32),
        Value::Float(float) => WireValue::Float(*float),
        Value::DateTime(DateTime { days, ticks }) => WireValue::DateTime {
            days: *days,
            ticks: *ticks,
        },
        Value::SmallDateTime(SmallDateTime { days, minutes }) => WireValue::SmallDateTime {
            days: *days,
            minutes: *minutes,
        },
        Value::Date(date) => WireValue::Date(wire_days(*date)),
        Value::Time(Time(time)) => WireValue::Time(*time),
        Value::DateTime2(date, Time(time)) => WireValue::DateTime2 {
            days: wire_days(*date),
            time: *time,
        },
        Value::DateTimeOffset(date, Time(time), offset_minutes) => WireValue::DateTimeOffset {
            days: wire_days(*date),
            time: *time,
            offset_minutes: *offset_minutes,
        },
        Value::Str(text) => WireValue::Text(Cow::Borrowed(text)),
        Value::Bytes(bytes) => WireValue::Bytes(Cow::Borrowed(bytes)),
        Value::Guid(guid) => WireValue::Guid(guid.into_bytes()),
        Value::Variant(held) => {
            let (sql, value) = &**held;
            WireValue::Variant(Box::new(Variant {
                type_info: type_info(*sql, None, true),
                value: wire_value(*sql, value),
            }))
        }
    }
}

/// The type of a parameter.
pub fn sql_type(info: TypeInfo) -> SqlType {
    match info.nullable() {
        // What a bare NULL is.
        TypeInfo::Null => SqlType::Int,
        TypeInfo::TinyIntN | TypeInfo::TinyInt => SqlType::TinyInt,
        TypeInfo::SmallIntN | TypeInfo::SmallInt => SqlType::SmallInt,
        TypeInfo::IntN | TypeInfo::Int => SqlType::Int,
        TypeInfo::BigIntN | TypeInfo::BigInt => SqlType::BigInt,
        TypeInfo::BitN | TypeInfo::Bit => SqlType::Bit,
        TypeInfo::RealN | TypeInfo::Real => SqlType::Real,
        TypeInfo::FloatN | TypeInfo::Float => SqlType::Float,
        TypeInfo::MoneyN | TypeInfo::Money => SqlType::Money,
        TypeInfo::SmallMoneyN | TypeInfo::SmallMoney => SqlType::SmallMoney,
        TypeInfo::DateTimeN | TypeInfo::DateTime => SqlType::DateTime,
        TypeInfo::SmallDateTimeN | TypeInfo::SmallDateTime => SqlType::SmallDateTime,
        TypeInfo::Guid => SqlType::UniqueIdentifier,
        TypeInfo::Decimal { precision, scale } => SqlType::decimal(precision, scale),
        TypeInfo::Numeric { precision, scale } => SqlType::numeric(precision, scale),
        TypeInfo::Date => SqlType::Date,
        TypeInfo::Time { scale } => SqlType::Time(scale),
        TypeInfo::DateTime2 { scale } => SqlType::DateTime2(scale),
        TypeInfo::DateTimeOffset { scale } => SqlType::DateTimeOffset(scale),
        TypeInfo::Char { bytes, .. } => SqlType::Char(bytes.max(1)),
        TypeInfo::VarChar { length, .. } => SqlType::VarChar(sql_length(length, 1)),
        TypeInfo::NChar { bytes, .. } => SqlType::NChar((bytes / 2).clamp(1, MAX_NATIONAL)),
        TypeInfo::NVarChar { length, .. } => SqlType::NVarChar(sql_length(length, 2)),
        TypeInfo::Binary { bytes } => SqlType::Binary(bytes.max(1)),
        TypeInfo::VarBinary { length } => SqlType::VarBinary(sql_length(length, 1)),
        TypeInfo::Text { .. } => SqlType::Text,
        TypeInfo::NText { .. } => SqlType::NText,
        TypeInfo::Image => SqlType::Image,
        TypeInfo::Xml => SqlType::Xml,
        TypeInfo::Variant => SqlType::SqlVariant,
    }
}

/// The collation of a parameter of a character type. `None` is the database's: for other types, for
/// the zero collation that go and tiberius send, and for one that no database here can have.
pub fn sql_collation(info: TypeInfo) -> Option<Collation> {
    match info {
        TypeInfo::Char { collation, .. }
        | TypeInfo::VarChar { collation, .. }
        | TypeInfo::NChar { collation, .. }
        | TypeInfo::NVarChar { collation, .. }
        | TypeInfo::Text { collation }
        | TypeInfo::NText { collation } => {
            Collation::all().find(|known| known.wire() == collation.to_bytes())
        }
        _ => None,
    }
}

/// The value of a parameter.
pub fn sql_value(value: WireValue<'_>) -> Value {
    match value {
        WireValue::Null => Value::Null,
        WireValue::Bit(bit) => Value::Bit(bit),
        WireValue::TinyInt(int) => Value::Int(int.into()),
        WireValue::SmallInt(int) => Value::Int(int.into()),
        WireValue::Int(int) => Value::Int(int.into()),
        WireValue::BigInt(int) => Value::Int(int),
        WireValue::Decimal(WireDecimal { unscaled, scale }) => Value::Decimal(Decimal {
            units: unscaled,
            scale,
        }),
        WireValue::Money(money) => Value::Money(money),
        WireValue::Real(real) => Value::Float(real.into()),
        WireValue::Float(float) => Value::Float(float),
        WireValue::DateTime { days, ticks } => Value::DateTime(DateTime { days, ticks }),
        WireValue::SmallDateTime { days, minutes } => {
            Value::SmallDateTime(SmallDateTime { days, minutes })
        }
        WireValue::Date(days) => Value::Date(sql_date(days)),
        WireValue::Time(time) => Value::Time(Time(time)),
        WireValue::DateTime2 { days, time } => Value::DateTime2(sql_date(days), Time(time)),
        WireValue::DateTimeOffset {
            days,
            time,
            offset_minutes,
        } => Value::DateTimeOffset(sql_date(days), Time(time), offset_minutes),
        WireValue::Text(text) => Value::str(&*text),
        WireValue::Bytes(bytes) => Value::bytes(&*bytes),
        WireValue::Guid(guid) => Value::Guid(Uuid::from_bytes(guid)),
        WireValue::Variant(held) => {
            let Variant { type_info, value } = *held;
            Value::Variant(Box::new((sql_type(type_info), sql_value(value))))
        }
    }
}

/// The wire's words for a collation.
pub fn wire_collation(collation: Collation) -> WireCollation {
    WireCollation::from_bytes(collation.wire())
}

fn wire_length(length: Length, bytes_each: u16) -> WireLength {
    match length {
        Length::Limited(units) => WireLength::Bytes(units.saturating_mul(bytes_each)),
        Length::Max => WireLength::Max,
    }
}

/// A parameter may be declared with no length; the model's types have at least 1.
fn sql_length(length: WireLength, bytes_each: u16) -> Length {
    match length {
        WireLength::Bytes(bytes) => Length::Limited((bytes / bytes_each).max(1)),
        WireLength::Max => Length::Max,
    }
}

/// Dates of the model are never before year 1.
fn wire_days(Date(days): Date) -> u32 {
    days.max(0).cast_unsigned()
}

/// Dates of the wire are never after year 9999, which the decoder has checked.
fn sql_date(days: u32) -> Date {
    Date(days.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value for every type, with the type's collation if it has one.
    fn every_type() -> Vec<(SqlType, Value)> {
        use SqlType as T;
        use Value as V;
        let date = Date(738_944);
        let time = Time(36_000_000_000);
        let units = |units, scale| V::Decimal(Decimal { units, scale });
        vec![
            (T::Bit, V::Bit(true)),
            (T::TinyInt, V::Int(255)),
            (T::SmallInt, V::Int(-1)),
            (T::Int, V::Int(i64::from(i32::MIN))),
            (T::BigInt, V::Int(i64::MIN)),
            (T::decimal(10, 2), units(-12345, 2)),
            (T::numeric(25, 0), units(10_i128.pow(24), 0)),
            (T::Money, V::Money(-5)),
            (T::SmallMoney, V::Money(5)),
            (T::Real, V::Float(1.5)),
            (T::Float, V::Float(-0.1)),
            (T::DateTime, V::DateTime(DateTime { days: -1, ticks: 3 })),
            (
                T::SmallDateTime,
                V::SmallDateTime(SmallDateTime {
                    days: 1,
                    minutes: 2,
                }),
            ),
            (T::Date, V::Date(date)),
            (T::Time(7), V::Time(time)),
            (T::DateTime2(3), V::DateTime2(date, time)),
            (T::DateTimeOffset(0), V::DateTimeOffset(date, time, -90)),
            (T::Char(3), V::str("a€ ")),
            (T::varchar(10), V::str("ä")),
            (T::VarChar(Length::Max), V::str("long")),
            (T::NChar(2), V::str("漢字")),
            (T::nvarchar(4000), V::str("😀")),
            (T::NVarChar(Length::Max), V::str("")),
            (T::Binary(2), V::bytes([1, 2])),
            (T::varbinary(8000), V::bytes([3])),
            (T::VarBinary(Length::Max), V::bytes([])),
            (T::Text, V::str("text")),
            (T::NText, V::str("ntext")),
            (T::Image, V::bytes([4])),
            (T::UniqueIdentifier, V::Guid(Uuid::from_u128(7))),
            (T::Xml, V::str("<a/>")),
            (
                T::SqlVariant,
                V::Variant(Box::new((T::nvarchar(128), V::str("held")))),
            ),
        ]
    }

    #[test]
    fn types_and_values_survive_the_round_trip() {
        for (sql, value) in every_type() {
            for nullable in [true, false] {
                assert_eq!(sql_type(type_info(sql, None, nullable)), sql);
            }
            let wire = wire_value(sql, &value);
            assert_eq!(sql_value(wire.clone()), value, "{sql}");
        }
    }

    #[test]
    fn every_value_fits_the_column_of_its_type() {
        use bytes::BytesMut;
        use milink_tds::TdsVersion;
        use milink_tds::token::{Column, TokenContext, encode_row};
        let context = TokenContext::new(TdsVersion::V7_4);
        for (sql, value) in every_type() {
            for nullable in [true, false] {
                let columns = [Column::new("c", type_info(sql, None, nullable))];
                let row = [wire_value(sql, &value)];
                let mut out = BytesMut::new();
                assert_eq!(
                    encode_row(context, &columns, &row, &mut out),
                    Ok(()),
                    "{sql}"
                );
            }
            let columns = [Column::new("c", type_info(sql, None, true))];
            let null = [WireValue::Null];
            assert_eq!(
                encode_row(context, &columns, &null, &mut BytesMut::new()),
                Ok(())
            );
        }
        let version = Value::bytes([0; 8]);
        assert_eq!(
            type_info(SqlType::RowVersion, None, false),
            TypeInfo::Binary { bytes: 8 }
        );
        assert!(matches!(
            wire_value(SqlType::RowVersion, &version),
            WireValue::Bytes(_)
        ));
    }

    #[test]
    fn collations_keep_their_words() {
        for collation in Collation::all() {
            let info = type_info(SqlType::varchar(10), Some(collation), true);
            assert_eq!(sql_collation(info), Some(collation));
            assert_eq!(wire_collation(collation).is_utf8(), collation.is_utf8());
        }
        let unspecified = TypeInfo::nvarchar(10, WireCollation::default());
        assert_eq!(sql_collation(unspecified), None);
    }
}
