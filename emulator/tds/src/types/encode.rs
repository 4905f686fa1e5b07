//! TYPE_INFO and values onto the wire.

use bytes::{BufMut, BytesMut};

use super::code_page::{put_cp1252, put_utf16};
use super::downgrade::DateText;
use super::type_info::{decimal_bytes, time_bytes};
use super::{Collation, Decimal, Length, TypeInfo, Variant, WireValue};
use crate::token::TokenContext;
use crate::{Error, Result};

const LENGTH_MAX: u16 = 0xFFFF;
const PLP_NULL: u64 = u64::MAX;
/// What the server declares for sql_variant: 8000 bytes and the room for type and properties.
const VARIANT_BYTES: u32 = 8009;

/// Appends TYPE_INFO, without the table name that text, ntext and image have in COLMETADATA.
pub(crate) fn write_type_info(info: TypeInfo, out: &mut BytesMut) {
    match info {
        TypeInfo::Null => out.put_u8(0x1F),
        TypeInfo::TinyInt => out.put_u8(0x30),
        TypeInfo::Bit => out.put_u8(0x32),
        TypeInfo::SmallInt => out.put_u8(0x34),
        TypeInfo::Int => out.put_u8(0x38),
        TypeInfo::SmallDateTime => out.put_u8(0x3A),
        TypeInfo::Real => out.put_u8(0x3B),
        TypeInfo::Money => out.put_u8(0x3C),
        TypeInfo::DateTime => out.put_u8(0x3D),
        TypeInfo::Float => out.put_u8(0x3E),
        TypeInfo::SmallMoney => out.put_u8(0x7A),
        TypeInfo::BigInt => out.put_u8(0x7F),
        TypeInfo::BitN => out.put_slice(&[0x68, 1]),
        TypeInfo::TinyIntN => out.put_slice(&[0x26, 1]),
        TypeInfo::SmallIntN => out.put_slice(&[0x26, 2]),
        TypeInfo::IntN => out.put_slice(&[0x26, 4]),
        TypeInfo::BigIntN => out.put_slice(&[0x26, 8]),
        TypeInfo::RealN => out.put_slice(&[0x6D, 4]),
        TypeInfo::FloatN => out.put_slice(&[0x6D, 8]),
        TypeInfo::SmallMoneyN => out.put_slice(&[0x6E, 4]),
        TypeInfo::MoneyN => out.put_slice(&[0x6E, 8]),
        TypeInfo::SmallDateTimeN => out.put_slice(&[0x6F, 4]),
        TypeInfo::DateTimeN => out.put_slice(&[0x6F, 8]),
        TypeInfo::Guid => out.put_slice(&[0x24, 16]),
        TypeInfo::Decimal { precision, scale } => {
            out.put_slice(&[0x6A, decimal_bytes(precision), precision, scale]);
        }
        TypeInfo::Numeric { precision, scale } => {
            out.put_slice(&[0x6C, decimal_bytes(precision), precision, scale]);
        }
        TypeInfo::Date => out.put_u8(0x28),
        TypeInfo::Time { scale } => out.put_slice(&[0x29, scale]),
        TypeInfo::DateTime2 { scale } => out.put_slice(&[0x2A, scale]),
        TypeInfo::DateTimeOffset { scale } => out.put_slice(&[0x2B, scale]),
        TypeInfo::VarBinary { length } => {
            out.put_u8(0xA5);
            put_length(length, out);
        }
        TypeInfo::Binary { bytes } => {
            out.put_u8(0xAD);
            out.put_u16_le(bytes);
        }
        TypeInfo::VarChar { length, collation } => put_character(0xA7, length, collation, out),
        TypeInfo::Char { bytes, collation } => {
            put_character(0xAF, Length::Bytes(bytes), collation, out);
        }
        TypeInfo::NVarChar { length, collation } => put_character(0xE7, length, collation, out),
        TypeInfo::NChar { bytes, collation } => {
            put_character(0xEF, Length::Bytes(bytes), collation, out);
        }
        TypeInfo::Image => {
            out.put_u8(0x22);
            out.put_u32_le(0x7FFF_FFFF);
        }
        TypeInfo::Text { collation } => {
            out.put_u8(0x23);
            out.put_u32_le(0x7FFF_FFFF);
            out.put_slice(&collation.to_bytes());
        }
        TypeInfo::NText { collation } => {
            out.put_u8(0x63);
            out.put_u32_le(0x7FFF_FFFE);
            out.put_slice(&collation.to_bytes());
        }
        TypeInfo::Xml => out.put_slice(&[0xF1, 0]),
        TypeInfo::Variant => {
            out.put_u8(0x62);
            out.put_u32_le(VARIANT_BYTES);
        }
    }
}

fn put_length(length: Length, out: &mut BytesMut) {
    out.put_u16_le(match length {
        Length::Bytes(bytes) => bytes,
        Length::Max => LENGTH_MAX,
    });
}

fn put_character(token: u8, length: Length, collation: Collation, out: &mut BytesMut) {
    out.put_u8(token);
    put_length(length, out);
    out.put_slice(&collation.to_bytes());
}

/// Appends a value of a row, downgraded to what the client's version knows. Text, ntext and image
/// get the text pointer they have in rows.
pub(crate) fn write_row_value(
    context: TokenContext,
    column: TypeInfo,
    value: &WireValue<'_>,
    out: &mut BytesMut,
) -> Result<()> {
    let wire = column.for_client(context);
    if matches!(
        wire,
        TypeInfo::Text { .. } | TypeInfo::NText { .. } | TypeInfo::Image
    ) {
        if value.is_null() {
            out.put_u8(0);
            return Ok(());
        }
        // A text pointer and a timestamp that no client can use, as READTEXT is not offered.
        out.put_u8(16);
        out.put_slice(b"dummy textptr\0\0\0dummyTS\0");
    }
    write_downgraded(context, column, wire, value, out)
}

/// Appends a value of a return value, downgraded to what the client's version knows.
pub(crate) fn write_parameter_value(
    context: TokenContext,
    info: TypeInfo,
    value: &WireValue<'_>,
    out: &mut BytesMut,
) -> Result<()> {
    let wire = info.for_client(context);
    write_downgraded(context, info, wire, value, out)
}

fn write_downgraded(
    context: TokenContext,
    declared: TypeInfo,
    wire: TypeInfo,
    value: &WireValue<'_>,
    out: &mut BytesMut,
) -> Result<()> {
    if let WireValue::Variant(variant) = value {
        return write_held(context, variant, out);
    }
    let date_text = match wire == declared {
        true => None,
        false => DateText::of(declared, value),
    };
    match date_text {
        None => write_value(wire, value, out),
        Some(text) => write_value(wire, &WireValue::from(text.as_str()), out),
    }
}

/// Appends a value as it stands in a parameter or a return value. On failure `out` may hold part
/// of the value; callers cut it back.
pub(crate) fn write_value(info: TypeInfo, value: &WireValue<'_>, out: &mut BytesMut) -> Result<()> {
    if value.is_null() {
        return write_null(info, out);
    }
    match info {
        TypeInfo::Null => Err(mismatch(info, value)),
        TypeInfo::Bit
        | TypeInfo::TinyInt
        | TypeInfo::SmallInt
        | TypeInfo::Int
        | TypeInfo::BigInt
        | TypeInfo::Real
        | TypeInfo::Float
        | TypeInfo::Money
        | TypeInfo::SmallMoney
        | TypeInfo::DateTime
        | TypeInfo::SmallDateTime => write_scalar(info, value, out),
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
        | TypeInfo::DateTimeOffset { .. } => {
            let at = out.len();
            out.put_u8(0);
            write_scalar(info, value, out)?;
            out[at] = (out.len() - at - 1) as u8;
            Ok(())
        }
        TypeInfo::Char { bytes, .. }
        | TypeInfo::NChar { bytes, .. }
        | TypeInfo::Binary { bytes } => write_short(info, bytes, value, out),
        TypeInfo::VarChar { length, .. }
        | TypeInfo::NVarChar { length, .. }
        | TypeInfo::VarBinary { length } => match length {
            Length::Bytes(bytes) => write_short(info, bytes, value, out),
            Length::Max => write_chunked(info, value, out),
        },
        TypeInfo::Xml => write_chunked(info, value, out),
        TypeInfo::Text { .. } | TypeInfo::NText { .. } | TypeInfo::Image => {
            let at = out.len();
            out.put_u32_le(0);
            write_content(info, value, out)?;
            patch_u32(at, out.len() - at - 4, out);
            Ok(())
        }
        TypeInfo::Variant => match value {
            WireValue::Variant(variant) => write_variant(variant.type_info, &variant.value, out),
            _ => Err(mismatch(info, value)),
        },
    }
}

fn write_null(info: TypeInfo, out: &mut BytesMut) -> Result<()> {
    match info {
        TypeInfo::Null => {}
        TypeInfo::Char { .. } | TypeInfo::NChar { .. } | TypeInfo::Binary { .. } => {
            out.put_u16_le(LENGTH_MAX);
        }
        TypeInfo::VarChar { length, .. }
        | TypeInfo::NVarChar { length, .. }
        | TypeInfo::VarBinary { length } => match length {
            Length::Bytes(_) => out.put_u16_le(LENGTH_MAX),
            Length::Max => out.put_u64_le(PLP_NULL),
        },
        TypeInfo::Xml => out.put_u64_le(PLP_NULL),
        TypeInfo::Text { .. } | TypeInfo::NText { .. } | TypeInfo::Image => {
            out.put_u32_le(u32::MAX);
        }
        TypeInfo::Variant => out.put_u32_le(0),
        _ if info.is_nullable() => out.put_u8(0),
        _ => {
            return Err(Error::NullInFixedColumn {
                column: info.name(),
            });
        }
    }
    Ok(())
}

/// The bytes of a scalar, without a length.
fn write_scalar(info: TypeInfo, value: &WireValue<'_>, out: &mut BytesMut) -> Result<()> {
    let too_large = || Error::ValueTooLarge {
        column: info.name(),
    };
    let integer = || value.as_i64().ok_or_else(|| mismatch(info, value));
    match (info, value) {
        (TypeInfo::Bit | TypeInfo::BitN, WireValue::Bit(bit)) => out.put_u8((*bit).into()),
        (TypeInfo::TinyInt | TypeInfo::TinyIntN, _) => {
            out.put_u8(u8::try_from(integer()?).map_err(|_| too_large())?);
        }
        (TypeInfo::SmallInt | TypeInfo::SmallIntN, _) => {
            out.put_i16_le(i16::try_from(integer()?).map_err(|_| too_large())?);
        }
        (TypeInfo::Int | TypeInfo::IntN, _) => {
            out.put_i32_le(i32::try_from(integer()?).map_err(|_| too_large())?);
        }
        (TypeInfo::BigInt | TypeInfo::BigIntN, _) => out.put_i64_le(integer()?),
        (TypeInfo::Real | TypeInfo::RealN, WireValue::Real(real)) => out.put_f32_le(*real),
        (TypeInfo::Float | TypeInfo::FloatN, WireValue::Float(float)) => out.put_f64_le(*float),
        (TypeInfo::Float | TypeInfo::FloatN, WireValue::Real(real)) => {
            out.put_f64_le((*real).into());
        }
        (TypeInfo::Money | TypeInfo::MoneyN, WireValue::Money(money)) => {
            out.put_i32_le((money >> 32) as i32);
            out.put_u32_le(*money as u32);
        }
        (TypeInfo::SmallMoney | TypeInfo::SmallMoneyN, WireValue::Money(money)) => {
            out.put_i32_le(i32::try_from(*money).map_err(|_| too_large())?);
        }
        (TypeInfo::DateTime | TypeInfo::DateTimeN, WireValue::DateTime { days, ticks }) => {
            out.put_i32_le(*days);
            out.put_u32_le(*ticks);
        }
        (
            TypeInfo::SmallDateTime | TypeInfo::SmallDateTimeN,
            WireValue::SmallDateTime { days, minutes },
        ) => {
            out.put_u16_le(*days);
            out.put_u16_le(*minutes);
        }
        (TypeInfo::Guid, WireValue::Guid(guid)) => out.put_slice(&swap_guid(*guid)),
        (TypeInfo::Decimal { precision, scale } | TypeInfo::Numeric { precision, scale }, _) => {
            let decimal = match *value {
                WireValue::Decimal(decimal) => decimal,
                _ => Decimal {
                    unscaled: integer()?.into(),
                    scale: 0,
                },
            };
            let unscaled = decimal.rescaled(scale).ok_or_else(too_large)?;
            let bytes = usize::from(decimal_bytes(precision)) - 1;
            let magnitude = unscaled.unsigned_abs().to_le_bytes();
            if magnitude[bytes..].iter().any(|&byte| byte != 0) {
                return Err(too_large());
            }
            out.put_u8((unscaled >= 0).into());
            out.put_slice(&magnitude[..bytes]);
        }
        (TypeInfo::Date, WireValue::Date(days)) => put_days(*days, out),
        (TypeInfo::Time { scale }, WireValue::Time(time)) => put_time(*time, scale, out),
        (TypeInfo::DateTime2 { scale }, WireValue::DateTime2 { days, time }) => {
            put_time(*time, scale, out);
            put_days(*days, out);
        }
        (
            TypeInfo::DateTimeOffset { scale },
            WireValue::DateTimeOffset {
                days,
                time,
                offset_minutes,
            },
        ) => {
            put_time(*time, scale, out);
            put_days(*days, out);
            out.put_i16_le(*offset_minutes);
        }
        _ => return Err(mismatch(info, value)),
    }
    Ok(())
}

fn put_days(days: u32, out: &mut BytesMut) {
    out.put_slice(&days.to_le_bytes()[..3]);
}

/// A time of day in units of the scale, in as many bytes as the scale takes.
fn put_time(time: u64, scale: u8, out: &mut BytesMut) {
    let units = time / 10_u64.pow(7 - u32::from(scale.min(7)));
    out.put_slice(&units.to_le_bytes()[..time_bytes(scale).into()]);
}

/// The first three fields of a GUID are little-endian on the wire; swapping is its own inverse.
pub(super) fn swap_guid(guid: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = guid;
    let [i, j, k, l, m, n, o, p] = rest;
    [d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p]
}

/// Two bytes of length, then the content.
fn write_short(
    info: TypeInfo,
    max_bytes: u16,
    value: &WireValue<'_>,
    out: &mut BytesMut,
) -> Result<()> {
    let at = out.len();
    out.put_u16_le(0);
    write_content(info, value, out)?;
    let bytes = out.len() - at - 2;
    if bytes > max_bytes.into() {
        return Err(Error::ValueTooLarge {
            column: info.name(),
        });
    }
    out[at..at + 2].copy_from_slice(&(bytes as u16).to_le_bytes());
    Ok(())
}

/// A `(max)` value: total length, one chunk, terminator.
fn write_chunked(info: TypeInfo, value: &WireValue<'_>, out: &mut BytesMut) -> Result<()> {
    let at = out.len();
    out.put_u64_le(0);
    out.put_u32_le(0);
    write_content(info, value, out)?;
    let bytes = out.len() - at - 12;
    out[at..at + 8].copy_from_slice(&(bytes as u64).to_le_bytes());
    if bytes == 0 {
        // The empty chunk is the terminator already.
        return Ok(());
    }
    patch_u32(at + 8, bytes, out);
    out.put_u32_le(0);
    Ok(())
}

fn patch_u32(at: usize, value: usize, out: &mut BytesMut) {
    out[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
}

/// The characters or bytes themselves.
fn write_content(info: TypeInfo, value: &WireValue<'_>, out: &mut BytesMut) -> Result<()> {
    match (info, value) {
        (
            TypeInfo::NChar { .. }
            | TypeInfo::NVarChar { .. }
            | TypeInfo::NText { .. }
            | TypeInfo::Xml,
            WireValue::Text(text),
        ) => put_utf16(text, out),
        (
            TypeInfo::Char { collation, .. }
            | TypeInfo::VarChar { collation, .. }
            | TypeInfo::Text { collation },
            WireValue::Text(text),
        ) => match collation.is_utf8() {
            true => out.put_slice(text.as_bytes()),
            false => put_cp1252(text, out),
        },
        (
            TypeInfo::Binary { .. } | TypeInfo::VarBinary { .. } | TypeInfo::Image,
            WireValue::Bytes(bytes),
        ) => out.put_slice(bytes),
        _ => return Err(mismatch(info, value)),
    }
    Ok(())
}

/// What a sql_variant holds, downgraded as if it were a column.
fn write_held(context: TokenContext, variant: &Variant<'_>, out: &mut BytesMut) -> Result<()> {
    let Variant { type_info, value } = variant;
    let inner = match type_info.for_client(context) {
        // Grown out of a bounded UTF-8 string.
        TypeInfo::NVarChar {
            length: Length::Max,
            collation,
        } if !matches!(type_info, TypeInfo::NVarChar { .. }) => TypeInfo::nvarchar(4000, collation),
        inner => inner,
    };
    match DateText::of(*type_info, value) {
        Some(text) if inner != *type_info => {
            write_variant(inner, &WireValue::from(text.as_str()), out)
        }
        _ => write_variant(inner, value, out),
    }
}

/// Length, base type, properties, bare data.
fn write_variant(type_info: TypeInfo, value: &WireValue<'_>, out: &mut BytesMut) -> Result<()> {
    if value.is_null() {
        out.put_u32_le(0);
        return Ok(());
    }
    let at = out.len();
    out.put_u32_le(0);
    let is_content = match type_info {
        TypeInfo::Bit | TypeInfo::BitN => put_base(0x32, &[], out),
        TypeInfo::TinyInt | TypeInfo::TinyIntN => put_base(0x30, &[], out),
        TypeInfo::SmallInt | TypeInfo::SmallIntN => put_base(0x34, &[], out),
        TypeInfo::Int | TypeInfo::IntN => put_base(0x38, &[], out),
        TypeInfo::BigInt | TypeInfo::BigIntN => put_base(0x7F, &[], out),
        TypeInfo::Real | TypeInfo::RealN => put_base(0x3B, &[], out),
        TypeInfo::Float | TypeInfo::FloatN => put_base(0x3E, &[], out),
        TypeInfo::Money | TypeInfo::MoneyN => put_base(0x3C, &[], out),
        TypeInfo::SmallMoney | TypeInfo::SmallMoneyN => put_base(0x7A, &[], out),
        TypeInfo::DateTime | TypeInfo::DateTimeN => put_base(0x3D, &[], out),
        TypeInfo::SmallDateTime | TypeInfo::SmallDateTimeN => put_base(0x3A, &[], out),
        TypeInfo::Guid => put_base(0x24, &[], out),
        TypeInfo::Date => put_base(0x28, &[], out),
        TypeInfo::Time { scale } => put_base(0x29, &[scale], out),
        TypeInfo::DateTime2 { scale } => put_base(0x2A, &[scale], out),
        TypeInfo::DateTimeOffset { scale } => put_base(0x2B, &[scale], out),
        TypeInfo::Decimal { precision, scale } => put_base(0x6A, &[precision, scale], out),
        TypeInfo::Numeric { precision, scale } => put_base(0x6C, &[precision, scale], out),
        TypeInfo::Char { bytes, collation } => put_text_base(0xAF, bytes, collation, out),
        TypeInfo::NChar { bytes, collation } => put_text_base(0xEF, bytes, collation, out),
        TypeInfo::VarChar {
            length: Length::Bytes(bytes),
            collation,
        } => put_text_base(0xA7, bytes, collation, out),
        TypeInfo::NVarChar {
            length: Length::Bytes(bytes),
            collation,
        } => put_text_base(0xE7, bytes, collation, out),
        TypeInfo::Binary { bytes } => put_bytes_base(0xAD, bytes, out),
        TypeInfo::VarBinary {
            length: Length::Bytes(bytes),
        } => put_bytes_base(0xA5, bytes, out),
        TypeInfo::Null
        | TypeInfo::VarChar { .. }
        | TypeInfo::NVarChar { .. }
        | TypeInfo::VarBinary { .. }
        | TypeInfo::Text { .. }
        | TypeInfo::NText { .. }
        | TypeInfo::Image
        | TypeInfo::Xml
        | TypeInfo::Variant => {
            return Err(Error::TypeMismatch {
                value: type_info.name(),
                column: "sql_variant",
            });
        }
    };
    match is_content {
        Base::Scalar => write_scalar(type_info, value, out)?,
        Base::Content => write_content(type_info, value, out)?,
    }
    patch_u32(at, out.len() - at - 4, out);
    Ok(())
}

enum Base {
    Scalar,
    Content,
}

fn put_base(token: u8, properties: &[u8], out: &mut BytesMut) -> Base {
    out.put_slice(&[token, properties.len() as u8]);
    out.put_slice(properties);
    Base::Scalar
}

fn put_text_base(token: u8, bytes: u16, collation: Collation, out: &mut BytesMut) -> Base {
    out.put_slice(&[token, 7]);
    out.put_slice(&collation.to_bytes());
    out.put_u16_le(bytes);
    Base::Content
}

fn put_bytes_base(token: u8, bytes: u16, out: &mut BytesMut) -> Base {
    out.put_slice(&[token, 2]);
    out.put_u16_le(bytes);
    Base::Content
}

fn mismatch(info: TypeInfo, value: &WireValue<'_>) -> Error {
    Error::TypeMismatch {
        value: value.kind(),
        column: info.name(),
    }
}
