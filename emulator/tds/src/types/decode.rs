//! TYPE_INFO and values of parameters off the wire.

use std::borrow::Cow;

use super::code_page::decode_cp1252;
use super::encode::swap_guid;
use super::type_info::{decimal_bytes, time_bytes};
use super::{Collation, Decimal, Length, TypeInfo, Variant, WireValue};
use crate::reader::{Reader, utf16_lossy};
use crate::{Error, Limits, Result};

const LENGTH_MAX: u16 = 0xFFFF;
const MAX_SHORT_BYTES: u16 = 8000;
const PLP_NULL: u64 = u64::MAX;
const PLP_UNKNOWN: u64 = u64::MAX - 1;
const MAX_PRECISION: u8 = 38;
const MAX_SCALE: u8 = 7;
const UNITS_OF_A_DAY: u64 = 24 * 3600 * 10_000_000;
const DAYS_MAX: u32 = 3_652_058;

/// Reads TYPE_INFO of a parameter.
pub(crate) fn read_type_info(reader: &mut Reader<'_>) -> Result<TypeInfo> {
    let token = reader.u8("type")?;
    Ok(match token {
        0x1F => TypeInfo::Null,
        0x30 => TypeInfo::TinyInt,
        0x32 => TypeInfo::Bit,
        0x34 => TypeInfo::SmallInt,
        0x38 => TypeInfo::Int,
        0x3A => TypeInfo::SmallDateTime,
        0x3B => TypeInfo::Real,
        0x3C => TypeInfo::Money,
        0x3D => TypeInfo::DateTime,
        0x3E => TypeInfo::Float,
        0x7A => TypeInfo::SmallMoney,
        0x7F => TypeInfo::BigInt,
        0x24 => match reader.u8("uniqueidentifier length")? {
            0 | 16 => TypeInfo::Guid,
            _ => return Err(bad_length("uniqueidentifier length")),
        },
        0x26 => match reader.u8("integer length")? {
            1 => TypeInfo::TinyIntN,
            2 => TypeInfo::SmallIntN,
            4 => TypeInfo::IntN,
            8 => TypeInfo::BigIntN,
            _ => return Err(bad_length("integer length")),
        },
        0x68 => match reader.u8("bit length")? {
            1 => TypeInfo::BitN,
            _ => return Err(bad_length("bit length")),
        },
        0x6D => match reader.u8("float length")? {
            4 => TypeInfo::RealN,
            8 => TypeInfo::FloatN,
            _ => return Err(bad_length("float length")),
        },
        0x6E => match reader.u8("money length")? {
            4 => TypeInfo::SmallMoneyN,
            8 => TypeInfo::MoneyN,
            _ => return Err(bad_length("money length")),
        },
        0x6F => match reader.u8("datetime length")? {
            4 => TypeInfo::SmallDateTimeN,
            8 => TypeInfo::DateTimeN,
            _ => return Err(bad_length("datetime length")),
        },
        // The older numbers of decimal and numeric have the same layout.
        0x37 | 0x6A => {
            let (precision, scale) = read_precision(reader)?;
            TypeInfo::Decimal { precision, scale }
        }
        0x3F | 0x6C => {
            let (precision, scale) = read_precision(reader)?;
            TypeInfo::Numeric { precision, scale }
        }
        0x28 => TypeInfo::Date,
        0x29 => TypeInfo::Time {
            scale: read_scale(reader)?,
        },
        0x2A => TypeInfo::DateTime2 {
            scale: read_scale(reader)?,
        },
        0x2B => TypeInfo::DateTimeOffset {
            scale: read_scale(reader)?,
        },
        0xA5 => TypeInfo::VarBinary {
            length: read_length(reader)?,
        },
        0xAD => TypeInfo::Binary {
            bytes: read_short_length(reader)?,
        },
        0xA7 => TypeInfo::VarChar {
            length: read_length(reader)?,
            collation: read_collation(reader)?,
        },
        0xAF => TypeInfo::Char {
            bytes: read_short_length(reader)?,
            collation: read_collation(reader)?,
        },
        0xE7 => TypeInfo::NVarChar {
            length: read_length(reader)?,
            collation: read_collation(reader)?,
        },
        0xEF => TypeInfo::NChar {
            bytes: read_short_length(reader)?,
            collation: read_collation(reader)?,
        },
        0x22 => {
            reader.u32("image length")?;
            TypeInfo::Image
        }
        0x23 => {
            reader.u32("text length")?;
            TypeInfo::Text {
                collation: read_collation(reader)?,
            }
        }
        0x63 => {
            reader.u32("ntext length")?;
            TypeInfo::NText {
                collation: read_collation(reader)?,
            }
        }
        0xF1 => match reader.u8("xml schema flag")? {
            0 => TypeInfo::Xml,
            _ => return Err(Error::Unsupported("xml with a schema collection")),
        },
        0x62 => {
            reader.u32("sql_variant length")?;
            TypeInfo::Variant
        }
        0x25 | 0x27 | 0x2D | 0x2F => {
            return Err(Error::Unsupported(
                "a character or binary type of TDS 4.2 (varchar with a one-byte length)",
            ));
        }
        0xF0 => return Err(Error::Unsupported("a parameter of a CLR user-defined type")),
        0xF3 => return Err(Error::Unsupported("a table-valued parameter")),
        0xF4 => return Err(Error::Unsupported("a parameter of type json")),
        0xF5 => return Err(Error::Unsupported("a parameter of type vector")),
        _ => return Err(Error::UnknownType(token)),
    })
}

fn read_precision(reader: &mut Reader<'_>) -> Result<(u8, u8)> {
    let [_bytes, precision, scale] = reader.array("decimal type")?;
    if precision == 0 || precision > MAX_PRECISION || scale > precision {
        return Err(Error::Malformed {
            field: "decimal type",
            why: "precision and scale are out of range",
        });
    }
    Ok((precision, scale))
}

fn read_scale(reader: &mut Reader<'_>) -> Result<u8> {
    let scale = reader.u8("time scale")?;
    if scale > MAX_SCALE {
        return Err(Error::Malformed {
            field: "time scale",
            why: "is more than 7",
        });
    }
    Ok(scale)
}

fn read_length(reader: &mut Reader<'_>) -> Result<Length> {
    match reader.u16("type length")? {
        LENGTH_MAX => Ok(Length::Max),
        bytes if bytes <= MAX_SHORT_BYTES => Ok(Length::Bytes(bytes)),
        _ => Err(bad_length("type length")),
    }
}

fn read_short_length(reader: &mut Reader<'_>) -> Result<u16> {
    match read_length(reader)? {
        Length::Bytes(bytes) => Ok(bytes),
        Length::Max => Err(bad_length("type length")),
    }
}

fn read_collation(reader: &mut Reader<'_>) -> Result<Collation> {
    Ok(Collation::from_bytes(reader.array("collation")?))
}

/// Reads the value of a parameter.
pub(crate) fn read_value(
    info: TypeInfo,
    reader: &mut Reader<'_>,
    limits: &Limits,
) -> Result<WireValue<'static>> {
    match info {
        TypeInfo::Null => Ok(WireValue::Null),
        TypeInfo::Bit | TypeInfo::TinyInt => read_scalar(info, reader.bytes("value", 1)?),
        TypeInfo::SmallInt => read_scalar(info, reader.bytes("value", 2)?),
        TypeInfo::Int | TypeInfo::Real | TypeInfo::SmallMoney | TypeInfo::SmallDateTime => {
            read_scalar(info, reader.bytes("value", 4)?)
        }
        TypeInfo::BigInt | TypeInfo::Float | TypeInfo::Money | TypeInfo::DateTime => {
            read_scalar(info, reader.bytes("value", 8)?)
        }
        TypeInfo::BitN
        | TypeInfo::TinyIntN
        | TypeInfo::SmallIntN
        | TypeInfo::IntN
        | TypeInfo::BigIntN
        | TypeInfo::RealN
        | TypeInfo::FloatN
        | TypeInfo::MoneyN
        | TypeInfo::SmallMoneyN
        | TypeInfo::DateTimeN
        | TypeInfo::SmallDateTimeN
        | TypeInfo::Guid
        | TypeInfo::Decimal { .. }
        | TypeInfo::Numeric { .. }
        | TypeInfo::Date
        | TypeInfo::Time { .. }
        | TypeInfo::DateTime2 { .. }
        | TypeInfo::DateTimeOffset { .. } => match reader.u8("value length")? {
            0 => Ok(WireValue::Null),
            bytes => read_scalar(info, reader.bytes("value", bytes.into())?),
        },
        TypeInfo::Char { .. } | TypeInfo::NChar { .. } | TypeInfo::Binary { .. } => {
            read_short(info, reader)
        }
        TypeInfo::VarChar { length, .. }
        | TypeInfo::NVarChar { length, .. }
        | TypeInfo::VarBinary { length } => match length {
            Length::Bytes(_) => read_short(info, reader),
            Length::Max => read_chunked(info, reader, limits),
        },
        TypeInfo::Xml => read_chunked(info, reader, limits),
        TypeInfo::Text { .. } | TypeInfo::NText { .. } | TypeInfo::Image => {
            match reader.u32("value length")? {
                u32::MAX => Ok(WireValue::Null),
                bytes => {
                    check_limit(bytes.into(), limits)?;
                    read_content(info, reader.bytes("value", bytes as usize)?)
                }
            }
        }
        TypeInfo::Variant => match reader.u32("sql_variant value length")? {
            0 => Ok(WireValue::Null),
            bytes => read_variant(reader.bytes("sql_variant value", bytes as usize)?),
        },
    }
}

fn read_short(info: TypeInfo, reader: &mut Reader<'_>) -> Result<WireValue<'static>> {
    match reader.u16("value length")? {
        LENGTH_MAX => Ok(WireValue::Null),
        bytes => read_content(info, reader.bytes("value", bytes.into())?),
    }
}

/// A `(max)` value: total length or "unknown", chunks, an empty chunk.
fn read_chunked(
    info: TypeInfo,
    reader: &mut Reader<'_>,
    limits: &Limits,
) -> Result<WireValue<'static>> {
    let total = reader.u64("value length")?;
    if total == PLP_NULL {
        return Ok(WireValue::Null);
    }
    if total != PLP_UNKNOWN {
        check_limit(total, limits)?;
    }
    let mut content = Cow::Borrowed(&[][..]);
    loop {
        let bytes = reader.u32("chunk length")?;
        if bytes == 0 {
            break;
        }
        let chunk = reader.bytes("chunk", bytes as usize)?;
        check_limit((content.len() + chunk.len()) as u64, limits)?;
        if content.is_empty() {
            content = Cow::Borrowed(chunk);
        } else {
            content.to_mut().extend_from_slice(chunk);
        }
    }
    if total != PLP_UNKNOWN && total != content.len() as u64 {
        return Err(Error::Malformed {
            field: "value length",
            why: "is not the sum of the chunks",
        });
    }
    read_content(info, &content)
}

fn check_limit(bytes: u64, limits: &Limits) -> Result<()> {
    let limit = limits.value_bytes as u64;
    match bytes <= limit {
        true => Ok(()),
        false => Err(Error::LimitExceeded {
            field: "parameter value length",
            found: bytes,
            limit,
        }),
    }
}

/// Characters or bytes of any string or binary type.
fn read_content(info: TypeInfo, content: &[u8]) -> Result<WireValue<'static>> {
    let text = match info {
        TypeInfo::NChar { .. }
        | TypeInfo::NVarChar { .. }
        | TypeInfo::NText { .. }
        | TypeInfo::Xml => {
            if !content.len().is_multiple_of(2) {
                return Err(Error::Malformed {
                    field: "value",
                    why: "is UTF-16 with an odd number of bytes",
                });
            }
            let text = utf16_lossy(content);
            match (info, text.strip_prefix('\u{FEFF}')) {
                (TypeInfo::Xml, Some(without_mark)) => without_mark.to_owned(),
                _ => text,
            }
        }
        TypeInfo::Char { collation, .. }
        | TypeInfo::VarChar { collation, .. }
        | TypeInfo::Text { collation } => match collation.is_utf8() {
            true => String::from_utf8_lossy(content).into_owned(),
            false => content.iter().map(|&byte| decode_cp1252(byte)).collect(),
        },
        _ => return Ok(WireValue::Bytes(Cow::Owned(content.to_vec()))),
    };
    Ok(WireValue::Text(Cow::Owned(text)))
}

/// A scalar from exactly its bytes.
fn read_scalar(info: TypeInfo, bytes: &[u8]) -> Result<WireValue<'static>> {
    let mut reader = Reader::new(bytes);
    let value = match info.nullable() {
        TypeInfo::BitN => WireValue::Bit(reader.u8("bit")? != 0),
        // A client may declare bigint and send fewer bytes.
        TypeInfo::TinyIntN | TypeInfo::SmallIntN | TypeInfo::IntN | TypeInfo::BigIntN => {
            read_integer(info, &mut reader)?
        }
        TypeInfo::RealN => WireValue::Real(f32::from_le_bytes(reader.array("real")?)),
        TypeInfo::FloatN if bytes.len() == 4 => {
            WireValue::Float(f32::from_le_bytes(reader.array("real")?).into())
        }
        TypeInfo::FloatN => WireValue::Float(f64::from_le_bytes(reader.array("float")?)),
        TypeInfo::MoneyN if bytes.len() == 8 => {
            let high = reader.i32("money")?;
            let low = reader.u32("money")?;
            WireValue::Money((i64::from(high) << 32) | i64::from(low))
        }
        TypeInfo::SmallMoneyN | TypeInfo::MoneyN => {
            WireValue::Money(reader.i32("smallmoney")?.into())
        }
        TypeInfo::DateTimeN if bytes.len() == 8 => WireValue::DateTime {
            days: reader.i32("datetime")?,
            ticks: reader.u32("datetime")?,
        },
        TypeInfo::SmallDateTimeN | TypeInfo::DateTimeN => WireValue::SmallDateTime {
            days: reader.u16("smalldatetime")?,
            minutes: reader.u16("smalldatetime")?,
        },
        TypeInfo::Guid => WireValue::Guid(swap_guid(reader.array("uniqueidentifier")?)),
        TypeInfo::Decimal { scale, .. } | TypeInfo::Numeric { scale, .. } => {
            read_decimal(scale, &mut reader)?
        }
        TypeInfo::Date => WireValue::Date(read_days(&mut reader)?),
        TypeInfo::Time { scale } => WireValue::Time(read_time(scale, &mut reader)?),
        TypeInfo::DateTime2 { scale } => {
            let time = read_time(scale, &mut reader)?;
            let days = read_days(&mut reader)?;
            WireValue::DateTime2 { days, time }
        }
        TypeInfo::DateTimeOffset { scale } => {
            let time = read_time(scale, &mut reader)?;
            let days = read_days(&mut reader)?;
            let offset_minutes = i16::from_le_bytes(reader.array("datetimeoffset")?);
            if offset_minutes.unsigned_abs() > 14 * 60 {
                return Err(Error::Malformed {
                    field: "datetimeoffset",
                    why: "its offset is more than 14 hours",
                });
            }
            WireValue::DateTimeOffset {
                days,
                time,
                offset_minutes,
            }
        }
        _ => {
            return Err(Error::Unsupported(
                "a string or binary type without a length",
            ));
        }
    };
    if !reader.is_empty() {
        return Err(bad_length("value length"));
    }
    Ok(value)
}

/// An integer of 1, 2, 4 or 8 bytes, in the kind its type declares.
fn read_integer(info: TypeInfo, reader: &mut Reader<'_>) -> Result<WireValue<'static>> {
    let integer: i64 = match reader.left() {
        1 => reader.u8("integer")?.into(),
        2 => i16::from_le_bytes(reader.array("integer")?).into(),
        4 => reader.i32("integer")?.into(),
        8 => i64::from_le_bytes(reader.array("integer")?),
        _ => return Err(bad_length("value length")),
    };
    let value = match info.nullable() {
        TypeInfo::TinyIntN => integer.try_into().map(WireValue::TinyInt),
        TypeInfo::SmallIntN => integer.try_into().map(WireValue::SmallInt),
        TypeInfo::IntN => integer.try_into().map(WireValue::Int),
        _ => Ok(WireValue::BigInt(integer)),
    };
    value.map_err(|_| bad_length("value length"))
}

/// Sign and magnitude. Some drivers send fewer or more bytes than the declared precision takes.
fn read_decimal(scale: u8, reader: &mut Reader<'_>) -> Result<WireValue<'static>> {
    let sign = reader.u8("decimal sign")?;
    let magnitude = reader.take_rest();
    if magnitude.len() >= usize::from(decimal_bytes(MAX_PRECISION)) {
        return Err(bad_length("value length"));
    }
    let mut bytes = [0; 16];
    bytes[..magnitude.len()].copy_from_slice(magnitude);
    let magnitude = u128::from_le_bytes(bytes);
    if magnitude >= 10_u128.pow(MAX_PRECISION.into()) {
        return Err(Error::Malformed {
            field: "decimal",
            why: "has more than 38 digits",
        });
    }
    let unscaled = match sign {
        0 => -(magnitude as i128),
        _ => magnitude as i128,
    };
    Ok(WireValue::Decimal(Decimal { unscaled, scale }))
}

fn read_days(reader: &mut Reader<'_>) -> Result<u32> {
    let [a, b, c] = reader.array("date")?;
    let days = u32::from_le_bytes([a, b, c, 0]);
    match days <= DAYS_MAX {
        true => Ok(days),
        false => Err(Error::Malformed {
            field: "date",
            why: "is after 9999-12-31",
        }),
    }
}

fn read_time(scale: u8, reader: &mut Reader<'_>) -> Result<u64> {
    let bytes = reader.bytes("time", time_bytes(scale).into())?;
    let mut units = [0; 8];
    units[..bytes.len()].copy_from_slice(bytes);
    let time = u64::from_le_bytes(units) * 10_u64.pow(7 - u32::from(scale));
    match time < UNITS_OF_A_DAY {
        true => Ok(time),
        false => Err(Error::Malformed {
            field: "time",
            why: "is 24 hours or more",
        }),
    }
}

/// Base type, properties, data.
fn read_variant(bytes: &[u8]) -> Result<WireValue<'static>> {
    let mut reader = Reader::new(bytes);
    let token = reader.u8("sql_variant base type")?;
    let property_bytes = reader.u8("sql_variant property length")?;
    let mut properties =
        Reader::new(reader.bytes("sql_variant properties", property_bytes.into())?);
    let data = reader.take_rest();
    let scalar = |info| -> Result<_> { Ok((info, read_scalar(info, data)?)) };
    let content = |info| -> Result<_> { Ok((info, read_content(info, data)?)) };
    let (type_info, value) = match token {
        0x30 => scalar(TypeInfo::TinyInt),
        0x32 => scalar(TypeInfo::Bit),
        0x34 => scalar(TypeInfo::SmallInt),
        0x38 => scalar(TypeInfo::Int),
        0x3A => scalar(TypeInfo::SmallDateTime),
        0x3B => scalar(TypeInfo::Real),
        0x3C => scalar(TypeInfo::Money),
        0x3D => scalar(TypeInfo::DateTime),
        0x3E => scalar(TypeInfo::Float),
        0x7A => scalar(TypeInfo::SmallMoney),
        0x7F => scalar(TypeInfo::BigInt),
        0x24 => scalar(TypeInfo::Guid),
        0x28 => scalar(TypeInfo::Date),
        0x29 => scalar(TypeInfo::Time {
            scale: read_scale(&mut properties)?,
        }),
        0x2A => scalar(TypeInfo::DateTime2 {
            scale: read_scale(&mut properties)?,
        }),
        0x2B => scalar(TypeInfo::DateTimeOffset {
            scale: read_scale(&mut properties)?,
        }),
        0x6A | 0x6C => {
            let [precision, scale] = properties.array("sql_variant properties")?;
            if precision == 0 || precision > MAX_PRECISION || scale > precision {
                return Err(Error::Malformed {
                    field: "sql_variant properties",
                    why: "precision and scale are out of range",
                });
            }
            scalar(match token {
                0x6A => TypeInfo::Decimal { precision, scale },
                _ => TypeInfo::Numeric { precision, scale },
            })
        }
        0xA5 => content(TypeInfo::VarBinary {
            length: Length::Bytes(read_short_length(&mut properties)?),
        }),
        0xAD => content(TypeInfo::Binary {
            bytes: read_short_length(&mut properties)?,
        }),
        0xA7 | 0xAF | 0xE7 | 0xEF => {
            let collation = read_collation(&mut properties)?;
            let bytes = read_short_length(&mut properties)?;
            let length = Length::Bytes(bytes);
            content(match token {
                0xA7 => TypeInfo::VarChar { length, collation },
                0xAF => TypeInfo::Char { bytes, collation },
                0xE7 => TypeInfo::NVarChar { length, collation },
                _ => TypeInfo::NChar { bytes, collation },
            })
        }
        _ => Err(Error::Malformed {
            field: "sql_variant base type",
            why: "cannot be stored in a sql_variant",
        }),
    }?;
    Ok(WireValue::Variant(Box::new(Variant { type_info, value })))
}

fn bad_length(field: &'static str) -> Error {
    Error::Malformed {
        field,
        why: "is none that the type allows",
    }
}
