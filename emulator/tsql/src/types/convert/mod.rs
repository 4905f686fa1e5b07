//! Conversion between all types: CAST, CONVERT with styles, TRY_ variants, assignment.

mod binary;
mod date;
mod number;
mod text;

pub(crate) use number::integer_range;
pub(crate) use text::cut_to;

use std::sync::Arc;

use data_encoding::HEXUPPER;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;
use uuid::Uuid;

use super::calendar::DateSettings;
use super::expr_type::{ExprType, declared_length};
use super::precedence::{Convertibility, Family, check_explicit, convertibility, family};
use super::text::{Overflow, Units, fit_bytes};
use crate::error::SqlError;

/// Converts a value as CAST (no style) or CONVERT does; text and bytes that are too long are cut silently.
///
/// Assigning to a variable or a parameter is this without a style.
pub fn convert(
    value: &Value,
    from: &ExprType,
    to: &ExprType,
    style: Option<i32>,
    dates: &DateSettings,
) -> Result<Value, SqlError> {
    Conversion {
        from: from.sql,
        from_type: from,
        to,
        style,
        dates,
        overflow: Overflow::Cut,
    }
    .run(value)
}

/// Converts as an operator, a branch or a variable does: [`convert`] without a style, at no cost if there is
/// nothing to do.
pub fn convert_implicit(
    value: &Value,
    from: &ExprType,
    to: &ExprType,
    dates: &DateSettings,
) -> Result<Value, SqlError> {
    if value.is_null() || (from.sql == to.sql && from.collation == to.collation) {
        return Ok(value.clone());
    }
    convert(value, from, to, None, dates)
}

/// Converts as TRY_CAST and TRY_CONVERT do: NULL where the conversion fails. One that does not exist at all is
/// still refused (529).
pub fn try_convert(
    value: &Value,
    from: &ExprType,
    to: &ExprType,
    style: Option<i32>,
    dates: &DateSettings,
) -> Result<Value, SqlError> {
    match convert(value, from, to, style, dates) {
        Err(error) if !matches!(error.number, 529 | 7119 | SqlError::UNSUPPORTED) => {
            Ok(Value::Null)
        }
        other => other,
    }
}

/// Where an assigned value goes, for the message of 2628.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The table with database and schema: `db1.dbo.t`.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
}

/// Converts as INSERT and UPDATE do: what is too long is refused with 2628. NULL passes; that it is allowed is
/// the table's business.
pub fn assign_column(
    value: &Value,
    from: &ExprType,
    to: &ExprType,
    target: Target<'_>,
    dates: &DateSettings,
) -> Result<Value, SqlError> {
    let conversion = Conversion {
        from: from.sql,
        from_type: from,
        to,
        style: None,
        dates,
        overflow: Overflow::Refuse,
    };
    conversion.run(value).map_err(|error| {
        if error.number != 8152 {
            return error;
        }
        let shown = match value {
            Value::Str(text) => {
                let limit = declared_length(to.sql).unwrap_or(0);
                Units::of(to).prefix(text, limit).to_owned()
            }
            // The server shows no bytes.
            _ => String::new(),
        };
        SqlError::truncated_in_column(target.table, target.column, &shown)
    })
}

/// A value as PRINT, messages and implicit conversion to text show it; NULL is empty.
pub fn to_display(value: &Value, ty: &ExprType) -> String {
    let to = ExprType::new(SqlType::NVarChar(milink_core::sql_type::Length::Max));
    match convert(value, ty, &to, None, &DateSettings::default()) {
        Ok(Value::Str(text)) => text.to_string(),
        _ => match value {
            Value::Bytes(bytes) => format!("0x{}", HEXUPPER.encode(bytes)),
            _ => String::new(),
        },
    }
}

/// One conversion: between which types, how, and under which settings.
struct Conversion<'a> {
    from: SqlType,
    from_type: &'a ExprType,
    to: &'a ExprType,
    style: Option<i32>,
    dates: &'a DateSettings,
    overflow: Overflow,
}

impl Conversion<'_> {
    fn run(&self, value: &Value) -> Result<Value, SqlError> {
        if let Value::Variant(inner) = value
            && self.to.sql != SqlType::SqlVariant
        {
            let (base, value) = &**inner;
            let base = ExprType::new(*base);
            return Conversion {
                from: base.sql,
                from_type: &base,
                ..*self
            }
            .run(value);
        }
        if value.is_null() {
            return Ok(Value::Null);
        }
        if convertibility(self.from, self.to.sql) == Convertibility::Forbidden {
            check_explicit(self.from, self.to.sql)?;
        }
        match family(self.to.sql) {
            Family::Integer => self.to_integer(value),
            Family::Decimal => self.to_decimal(value),
            Family::Money => self.to_money(value),
            Family::Float => self.to_float(value),
            Family::OldDateTime | Family::NewDateTime => self.to_date(value),
            Family::Text | Family::LargeText | Family::Xml => self.to_text(value),
            Family::Binary | Family::Image | Family::RowVersion => self.to_binary(value),
            Family::Guid => self.to_guid(value),
            Family::Variant => Ok(match value {
                Value::Variant(_) => value.clone(),
                other => Value::Variant(Box::new((self.from, other.clone()))),
            }),
        }
    }

    /// The same conversion to another type on the way.
    fn via(&self, value: &Value, sql: SqlType) -> Result<Value, SqlError> {
        let to = ExprType::new(sql);
        Conversion { to: &to, ..*self }.run(value)
    }

    /// A value whose kind is not the one its type has: it cannot be read.
    fn unreadable(&self) -> SqlError {
        SqlError::data_type_conversion(self.from.name(), numeric_name(self.to.sql))
    }

    fn to_guid(&self, value: &Value) -> Result<Value, SqlError> {
        match value {
            Value::Guid(_) => Ok(value.clone()),
            Value::Bytes(bytes) => {
                let mut padded = [0; 16];
                let length = bytes.len().min(16);
                padded[..length].copy_from_slice(&bytes[..length]);
                Ok(Value::Guid(Uuid::from_bytes_le(padded)))
            }
            Value::Str(text) => parse_guid(text)
                .map(Value::Guid)
                .ok_or_else(SqlError::guid_conversion_failed),
            _ => Err(self.unreadable()),
        }
    }

    fn bytes(&self, bytes: Vec<u8>) -> Result<Value, SqlError> {
        let bytes: Arc<[u8]> = bytes.into();
        fit_bytes(&bytes, self.to.sql, self.overflow).map(Value::Bytes)
    }
}

/// The first 36 characters, or 38 with braces; what follows is ignored as the server ignores it.
fn parse_guid(text: &str) -> Option<Uuid> {
    let text = text.trim_start();
    let digits = match text.strip_prefix('{') {
        Some(braced) => {
            let digits = braced.get(..36)?;
            braced[36..].starts_with('}').then_some(digits)?
        }
        None => text.get(..36)?,
    };
    // `parse_str` takes other forms too, which the length and the hyphens rule out.
    if digits.as_bytes()[8] != b'-' {
        return None;
    }
    Uuid::parse_str(digits).ok()
}

/// `numeric` for both names of the type, as messages call it; the bare name of other types.
fn numeric_name(sql: SqlType) -> &'static str {
    match sql {
        SqlType::Decimal { .. } => "numeric",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests;
