//! Conversion to the character types and xml.

use std::sync::Arc;

use data_encoding::HEXUPPER;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{Conversion, numeric_name};
use crate::error::SqlError;
use crate::types::calendar::Moment;
use crate::types::date_text::{StyleError, date_text};
use crate::types::decimal;
use crate::types::expr_type::{ExprType, declared_length};
use crate::types::number_text;
use crate::types::precedence::{Family, family};
use crate::types::text::{Overflow, Units, decode, fit};

impl Conversion<'_> {
    pub(super) fn to_text(&self, value: &Value) -> Result<Value, SqlError> {
        let text: Arc<str> = match value {
            Value::Str(text) => Arc::clone(text),
            Value::Bytes(bytes) => self.bytes_as_text(bytes)?.into(),
            number => {
                let text = self.number_as_text(number)?;
                if let Some(limit) = declared_length(self.to.sql)
                    && text.len() > limit
                    && let Some(result) = self.does_not_fit(value, limit)
                {
                    return result;
                }
                text.into()
            }
        };
        fit(&text, self.to, self.overflow).map(Value::Str)
    }

    fn number_as_text(&self, value: &Value) -> Result<String, SqlError> {
        let style = self.style.unwrap_or(0);
        match value {
            Value::Bit(bit) => Ok(u8::from(*bit).to_string()),
            Value::Int(number) => Ok(number.to_string()),
            Value::Decimal(number) => Ok(decimal::to_text(*number)),
            Value::Money(units) => Ok(number_text::money_text(*units, style)),
            Value::Float(float) => {
                let real = self.from == SqlType::Real;
                Ok(number_text::float_text(*float, style, real))
            }
            Value::Guid(guid) => Ok(guid.as_hyphenated().to_string().to_ascii_uppercase()),
            other => {
                let moment = Moment::of(other).ok_or_else(|| self.unreadable())?;
                date_text(moment, self.from, self.style).map_err(|error| match error {
                    StyleError::Unknown => SqlError::invalid_style_to_text(style, self.from.name()),
                    StyleError::Nothing => {
                        SqlError::data_type_conversion(self.from.name(), self.to.sql.name())
                    }
                })
            }
        }
    }

    /// What happens to a number that is longer than its text; `None` means that it is cut as text is.
    fn does_not_fit(&self, value: &Value, limit: usize) -> Option<Result<Value, SqlError>> {
        let to = self.to.sql;
        let narrow = matches!(to, SqlType::Char(_) | SqlType::VarChar(_));
        let error = match family(self.from) {
            Family::Integer if narrow && self.from != SqlType::BigInt => {
                // A lone asterisk instead of an error, for these types only (documentation: truncation table).
                let star = if matches!(to, SqlType::Char(_)) {
                    format!("{:limit$}", "*")
                } else {
                    "*".to_owned()
                };
                return Some(Ok(Value::str(star)));
            }
            Family::Money => SqlError::money_result_space(to.name()),
            // Unicode targets have but one text for all the others.
            Family::Integer | Family::Decimal | Family::Float | Family::Guid if !narrow => {
                SqlError::arithmetic_overflow("expression", to.name())
            }
            Family::Integer => SqlError::arithmetic_overflow("expression", to.name()),
            Family::Decimal => {
                SqlError::arithmetic_overflow(numeric_name(self.from), to.name()).with_state(5)
            }
            Family::Float => match value {
                Value::Float(float) => SqlError::float_overflow(to.name(), *float),
                _ => return None,
            },
            Family::Guid => SqlError::guid_result_space(),
            _ => return None,
        };
        Some(Err(error))
    }

    fn bytes_as_text(&self, bytes: &[u8]) -> Result<String, SqlError> {
        let style = self.style.unwrap_or(0);
        let prefix = match style {
            0 => return Ok(decode(bytes, self.to)),
            1 => "0x",
            2 => "",
            _ => {
                return Err(SqlError::invalid_style(
                    style,
                    self.from.name(),
                    self.to.sql.name(),
                ));
            }
        };
        // Only whole bytes are shown.
        let shown = match declared_length(self.to.sql) {
            Some(limit) => &bytes[..bytes.len().min(limit.saturating_sub(prefix.len()) / 2)],
            None => bytes,
        };
        Ok(format!("{prefix}{}", HEXUPPER.encode(shown)))
    }
}

/// Text at the length of a type, cut; for functions that build text.
pub(crate) fn cut_to(text: String, to: &ExprType) -> Result<Value, SqlError> {
    if let Some(limit) = declared_length(to.sql)
        && !matches!(to.sql, SqlType::Char(_) | SqlType::NChar(_))
        && text.is_ascii()
        && text.len() <= limit
    {
        return Ok(Value::str(text));
    }
    let text: Arc<str> = text.into();
    debug_assert!(
        Units::of(to).length(&text) <= text.len(),
        "a unit is never less than a byte"
    );
    fit(&text, to, Overflow::Cut).map(Value::Str)
}
