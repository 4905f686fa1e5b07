//! Conversion to the binary types: each type in its storage form.

use milink_core::sql_type::SqlType;
use milink_core::value::{DateTime, Decimal, SmallDateTime, Value};

use super::Conversion;
use crate::error::SqlError;
use crate::types::expr_type::declared_length;
use crate::types::text::{encode, fit_bytes, from_hex};

impl Conversion<'_> {
    pub(super) fn to_binary(&self, value: &Value) -> Result<Value, SqlError> {
        match value {
            Value::Bytes(bytes) => {
                if self.to.sql == SqlType::RowVersion && bytes.len() < 8 {
                    return self.number_bytes(bytes);
                }
                fit_bytes(bytes, self.to.sql, self.overflow).map(Value::Bytes)
            }
            Value::Str(text) => self.text_as_bytes(text),
            Value::Guid(guid) => self.bytes(guid.to_bytes_le().to_vec()),
            Value::Bit(bit) => self.number_bytes(&[u8::from(*bit)]),
            Value::Int(number) => {
                let width = match self.from {
                    SqlType::TinyInt => 1,
                    SqlType::SmallInt => 2,
                    SqlType::Int => 4,
                    _ => 8,
                };
                self.number_bytes(&number.to_be_bytes()[8 - width..])
            }
            Value::Money(units) => {
                let width = if self.from == SqlType::SmallMoney {
                    4
                } else {
                    8
                };
                self.number_bytes(&units.to_be_bytes()[8 - width..])
            }
            Value::Float(float) if self.from == SqlType::Real => {
                self.number_bytes(&(*float as f32).to_be_bytes())
            }
            Value::Float(float) => self.number_bytes(&float.to_be_bytes()),
            Value::DateTime(DateTime { days, ticks }) => {
                let mut bytes = days.to_be_bytes().to_vec();
                bytes.extend(ticks.to_be_bytes());
                self.number_bytes(&bytes)
            }
            Value::SmallDateTime(SmallDateTime { days, minutes }) => {
                let mut bytes = days.to_be_bytes().to_vec();
                bytes.extend(minutes.to_be_bytes());
                self.number_bytes(&bytes)
            }
            Value::Decimal(number) => self.bytes(self.decimal_bytes(*number)),
            Value::Date(date) => self.bytes(date.0.to_le_bytes()[..3].to_vec()),
            Value::Time(time) => self.bytes(self.time_bytes(time.0)),
            Value::DateTime2(date, time) => {
                let mut bytes = self.time_bytes(time.0);
                bytes.extend(&date.0.to_le_bytes()[..3]);
                self.bytes(bytes)
            }
            Value::DateTimeOffset(date, time, offset) => {
                let mut bytes = self.time_bytes(time.0);
                bytes.extend(&date.0.to_le_bytes()[..3]);
                bytes.extend(offset.to_le_bytes());
                self.bytes(bytes)
            }
            Value::Null | Value::Variant(_) => Err(self.unreadable()),
        }
    }

    /// Numbers stand at the right: they lose leading bytes, and are padded before, not behind.
    fn number_bytes(&self, bytes: &[u8]) -> Result<Value, SqlError> {
        let Some(length) = declared_length(self.to.sql) else {
            return self.bytes(bytes.to_vec());
        };
        if bytes.len() >= length {
            return Ok(Value::bytes(&bytes[bytes.len() - length..]));
        }
        if matches!(self.to.sql, SqlType::Binary(_) | SqlType::RowVersion) {
            let mut padded = vec![0; length - bytes.len()];
            padded.extend(bytes);
            return Ok(Value::bytes(padded));
        }
        self.bytes(bytes.to_vec())
    }

    fn text_as_bytes(&self, text: &str) -> Result<Value, SqlError> {
        let failed = || SqlError::data_type_conversion(self.from.name(), self.to.sql.name());
        let bytes = match self.style.unwrap_or(0) {
            0 => encode(text, self.from_type),
            style @ (1 | 2) => {
                let digits = text.trim_end_matches(' ');
                let digits = if style == 1 {
                    digits
                        .strip_prefix("0x")
                        .or_else(|| digits.strip_prefix("0X"))
                        .ok_or_else(failed)?
                } else {
                    digits
                };
                if digits.len() % 2 != 0 {
                    return Err(failed());
                }
                from_hex(digits).ok_or_else(failed)?
            }
            style => {
                return Err(SqlError::invalid_style(
                    style,
                    self.from.name(),
                    self.to.sql.name(),
                ));
            }
        };
        self.bytes(bytes)
    }

    /// Precision, scale, a zero, the sign (1 is positive), then the digits in groups of four bytes, lowest first.
    fn decimal_bytes(&self, number: Decimal) -> Vec<u8> {
        let precision = match self.from {
            SqlType::Decimal { precision, .. } => precision,
            _ => 38,
        };
        let bits = 128 - number.units.unsigned_abs().leading_zeros();
        let groups = (bits.div_ceil(32) as usize).max(1);
        let mut bytes = vec![precision, number.scale, 0, u8::from(number.units >= 0)];
        bytes.extend(&number.units.unsigned_abs().to_le_bytes()[..groups * 4]);
        bytes
    }

    /// The scale, then the time in units of the scale.
    fn time_bytes(&self, ticks: u64) -> Vec<u8> {
        let scale = match self.from {
            SqlType::Time(n) | SqlType::DateTime2(n) | SqlType::DateTimeOffset(n) => n.min(7),
            _ => 7,
        };
        let width = match scale {
            ..=2 => 3,
            3..=4 => 4,
            _ => 5,
        };
        let units = ticks / 10_u64.pow(7 - u32::from(scale));
        let mut bytes = vec![scale];
        bytes.extend(&units.to_le_bytes()[..width]);
        bytes
    }
}
