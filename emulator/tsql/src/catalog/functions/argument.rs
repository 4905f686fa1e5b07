//! Reading the arguments of metadata functions, which may come as any type.

use milink_core::value::Value;

use crate::error::SqlError;

/// An argument as text; none for NULL and for an argument that was left out.
pub(super) fn text(args: &[Value], at: usize) -> Option<String> {
    text_of(args.get(at)?)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Str(text) => Some(text.trim_end_matches(' ').to_owned()),
        Value::Variant(inner) => text_of(&inner.1),
        Value::Bit(bit) => Some(u8::from(*bit).to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Guid(guid) => Some(guid.to_string().to_uppercase()),
        _ => Some(String::new()),
    }
}

/// An argument as a number; none for NULL and for an argument that was left out.
///
/// # Errors
///
/// Text that is no number (245).
pub(super) fn number(args: &[Value], at: usize) -> Result<Option<i64>, SqlError> {
    args.get(at).map_or(Ok(None), number_of)
}

fn number_of(value: &Value) -> Result<Option<i64>, SqlError> {
    Ok(match value {
        Value::Int(number) => Some(*number),
        Value::Bit(bit) => Some((*bit).into()),
        Value::Decimal(decimal) => {
            let divisor = 10_i128.checked_pow(decimal.scale.into()).unwrap_or(1);
            i64::try_from(decimal.units / divisor).ok()
        }
        Value::Float(float) => Some(*float as i64),
        Value::Str(text) => {
            let number = text.trim().parse();
            Some(number.map_err(|_| SqlError::conversion_failed("nvarchar", text, "int"))?)
        }
        Value::Variant(inner) => number_of(&inner.1)?,
        _ => None,
    })
}
