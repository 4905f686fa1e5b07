//! Conversion to the number types.

use milink_core::sql_type::SqlType;
use milink_core::value::{DateTime, Decimal, SmallDateTime, Value};

use super::{Conversion, numeric_name};
use crate::error::SqlError;
use crate::types::decimal::{self, Rounding};
use crate::types::number_text::{self, NumberError};
use crate::types::precedence::{Family, family};

/// The range of an integer type.
pub(crate) fn integer_range(sql: SqlType) -> (i64, i64) {
    match sql {
        SqlType::Bit => (0, 1),
        SqlType::TinyInt => (0, 255),
        SqlType::SmallInt => (-32_768, 32_767),
        SqlType::Int => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    }
}

impl Conversion<'_> {
    pub(super) fn to_integer(&self, value: &Value) -> Result<Value, SqlError> {
        let to = self.to.sql;
        if to == SqlType::Bit {
            return self.to_bit(value).map(Value::Bit);
        }
        let (least, most) = integer_range(to);
        let number = match value {
            Value::Bit(bit) => i64::from(*bit),
            Value::Int(number) => *number,
            Value::Decimal(number) => {
                let whole = decimal::to_integer(*number);
                return i64::try_from(whole)
                    .ok()
                    .filter(|n| (least..=most).contains(n))
                    .map(Value::Int)
                    .ok_or_else(|| SqlError::arithmetic_overflow("expression", to.name()));
            }
            // Money rounds where decimals and floats are cut.
            Value::Money(units) => {
                let half = if *units < 0 { -5_000 } else { 5_000 };
                let number = units.saturating_add(half) / 10_000;
                return if (least..=most).contains(&number) {
                    Ok(Value::Int(number))
                } else {
                    Err(self.money_overflows_integer(*units))
                };
            }
            Value::Float(float) => return float_to_integer(*float, to),
            Value::DateTime(at) => days_rounded(*at),
            Value::SmallDateTime(SmallDateTime { days, minutes }) => {
                i64::from(*days) + i64::from(*minutes >= 720)
            }
            Value::Str(text) => return self.text_to_integer(text),
            Value::Bytes(bytes) => {
                let width = match to {
                    SqlType::TinyInt => 1,
                    SqlType::SmallInt => 2,
                    SqlType::Int => 4,
                    _ => 8,
                };
                return Ok(Value::Int(big_endian(bytes, width)));
            }
            _ => return Err(self.unreadable()),
        };
        if (least..=most).contains(&number) {
            return Ok(Value::Int(number));
        }
        Err(match to {
            SqlType::TinyInt | SqlType::SmallInt if self.is_small_integer() => {
                let state = if to == SqlType::TinyInt { 2 } else { 1 };
                SqlError::integer_overflow(to.name(), number).with_state(state)
            }
            _ => SqlError::arithmetic_overflow("expression", to.name()),
        })
    }

    /// The sources whose overflow shows the value; a bigint would not fit the message.
    fn is_small_integer(&self) -> bool {
        matches!(
            self.from,
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int
        )
    }

    /// Each integer target has an error of its own for money (observed).
    fn money_overflows_integer(&self, units: i64) -> SqlError {
        let to = self.to.sql;
        let fits_int = i32::try_from(units / 10_000).is_ok();
        match to {
            _ if self.from == SqlType::SmallMoney && to == SqlType::SmallInt => {
                SqlError::integer_overflow(to.name(), units / 10_000).with_state(5)
            }
            _ if self.from == SqlType::SmallMoney => {
                SqlError::arithmetic_overflow("expression", to.name())
            }
            SqlType::SmallInt if fits_int => {
                SqlError::integer_overflow(to.name(), units).with_state(7)
            }
            SqlType::TinyInt if fits_int => {
                SqlError::float_overflow(to.name(), units as f64 / 10_000.0).with_state(11)
            }
            _ => SqlError::money_result_space(to.name()).renumbered(237),
        }
    }

    fn to_bit(&self, value: &Value) -> Result<bool, SqlError> {
        Ok(match value {
            Value::Bit(bit) => *bit,
            Value::Int(number) | Value::Money(number) => *number != 0,
            Value::Decimal(number) => number.units != 0,
            Value::Float(float) => *float != 0.0,
            Value::DateTime(at) => at.days != 0 || at.ticks != 0,
            Value::SmallDateTime(at) => at.days != 0 || at.minutes != 0,
            Value::Bytes(bytes) => bytes.iter().any(|byte| *byte != 0),
            Value::Str(text) => {
                let word = text.trim();
                if word.eq_ignore_ascii_case("true") {
                    true
                } else if word.eq_ignore_ascii_case("false") {
                    false
                } else {
                    match number_text::parse_integer(text) {
                        Ok(number) => number != 0,
                        Err(NumberError::Overflow) => true,
                        Err(NumberError::Syntax) => return Err(self.not_a_number(text)),
                    }
                }
            }
            _ => return Err(self.unreadable()),
        })
    }

    fn text_to_integer(&self, text: &str) -> Result<Value, SqlError> {
        let to = self.to.sql;
        let from = self.text_name();
        let (least, most) = integer_range(to);
        let parsed = number_text::parse_integer(text);
        if let Ok(number) = parsed
            && (least..=most).contains(&number)
        {
            return Ok(Value::Int(number));
        }
        Err(match (parsed, to) {
            (Err(NumberError::Syntax), SqlType::BigInt) => {
                SqlError::data_type_conversion(from, to.name())
            }
            (Err(NumberError::Syntax), _) => self.not_a_number(text),
            (_, SqlType::TinyInt) => SqlError::text_overflows_integer(from, text, "INT1"),
            (_, SqlType::SmallInt) => SqlError::text_overflows_integer(from, text, "INT2"),
            (_, SqlType::Int) => SqlError::text_overflows_int(from, text),
            _ => SqlError::arithmetic_overflow("expression", to.name()),
        })
    }

    /// 245, with the text as it stands.
    fn not_a_number(&self, text: &str) -> SqlError {
        SqlError::conversion_failed(self.text_name(), text, self.to.sql.name())
    }

    /// Messages about a text name the variable-length type.
    pub(super) fn text_name(&self) -> &'static str {
        match self.from {
            SqlType::Char(_) => "varchar",
            SqlType::NChar(_) => "nvarchar",
            other => other.name(),
        }
    }

    pub(super) fn to_decimal(&self, value: &Value) -> Result<Value, SqlError> {
        let SqlType::Decimal {
            precision, scale, ..
        } = self.to.sql
        else {
            return Err(self.unreadable());
        };
        let rescaled =
            |number: Decimal| decimal::rescale(number, precision, scale, Rounding::Nearest);
        let whole = |units: i64| Decimal {
            units: units.into(),
            scale: 0,
        };
        let number = match value {
            Value::Bit(bit) => rescaled(whole(i64::from(*bit))),
            Value::Int(number) => rescaled(whole(*number)),
            Value::Decimal(number) => rescaled(*number),
            Value::Money(units) => rescaled(Decimal {
                units: (*units).into(),
                scale: 4,
            }),
            Value::Float(float) => decimal::from_f64(*float, precision, scale),
            Value::DateTime(DateTime { days, ticks }) => {
                decimal::from_f64(f64::from(*days) + day_fraction(*ticks), precision, scale)
            }
            Value::SmallDateTime(SmallDateTime { days, minutes }) => decimal::from_f64(
                f64::from(*days) + f64::from(*minutes) / 1440.0,
                precision,
                scale,
            ),
            Value::Str(text) => match number_text::parse_decimal(text, precision, scale) {
                Err(NumberError::Syntax) => {
                    return Err(SqlError::data_type_conversion(self.text_name(), "numeric"));
                }
                Err(NumberError::Overflow) => None,
                Ok(number) => Some(number),
            },
            Value::Bytes(bytes) => {
                let number = if self.from == SqlType::RowVersion {
                    Some(whole(big_endian(bytes, 8)))
                } else {
                    numeric_from_bytes(bytes)
                };
                let number = number
                    .ok_or_else(|| SqlError::data_type_conversion(self.from.name(), "numeric"))?;
                rescaled(number)
            }
            _ => return Err(self.unreadable()),
        };
        number.map(Value::Decimal).ok_or_else(|| match self.from {
            SqlType::Char(_) | SqlType::NChar(_) => {
                SqlError::arithmetic_overflow(self.text_name(), "numeric")
            }
            from => SqlError::arithmetic_overflow(numeric_name(from), "numeric"),
        })
    }

    pub(super) fn to_money(&self, value: &Value) -> Result<Value, SqlError> {
        let to = self.to.sql;
        let units = match value {
            Value::Bit(bit) => Some(i64::from(*bit) * 10_000),
            Value::Int(number) => number.checked_mul(10_000),
            Value::Money(units) => Some(*units),
            Value::Decimal(number) => decimal::rescale(*number, 38, 4, Rounding::Nearest)
                .and_then(|number| i64::try_from(number.units).ok()),
            Value::Float(float) => {
                decimal::from_f64(*float, 38, 4).and_then(|number| i64::try_from(number.units).ok())
            }
            Value::DateTime(_) | Value::SmallDateTime(_) => {
                let number = self.via(value, SqlType::decimal(19, 4))?;
                return self.to_money(&number);
            }
            Value::Str(text) => Some(number_text::parse_money(text).map_err(|error| {
                if error.number == 235 && to == SqlType::SmallMoney {
                    SqlError::new(
                        293,
                        16,
                        "Cannot convert char value to smallmoney. The char value has incorrect syntax.",
                    )
                } else {
                    error
                }
            })?),
            Value::Bytes(bytes) => Some(if to == SqlType::SmallMoney {
                big_endian(bytes, 4)
            } else {
                big_endian(bytes, 8)
            }),
            _ => return Err(self.unreadable()),
        };
        let fits = |units: &i64| to != SqlType::SmallMoney || i32::try_from(*units).is_ok();
        units
            .filter(fits)
            .map(Value::Money)
            .ok_or_else(|| match (family(self.from), value) {
                (Family::Decimal, _) => {
                    SqlError::arithmetic_overflow("numeric", to.name()).with_state(4)
                }
                (Family::Float, Value::Float(float)) => SqlError::float_overflow(to.name(), *float),
                (Family::Money, _) => SqlError::money_result_space(to.name())
                    .renumbered(237)
                    .with_state(3),
                (_, Value::Int(number)) if self.is_small_integer() => {
                    SqlError::integer_overflow(to.name(), *number).with_state(3)
                }
                _ => SqlError::arithmetic_overflow("expression", to.name()),
            })
    }

    pub(super) fn to_float(&self, value: &Value) -> Result<Value, SqlError> {
        let to = self.to.sql;
        let float = match value {
            Value::Bit(bit) => f64::from(u8::from(*bit)),
            Value::Int(number) => *number as f64,
            Value::Money(units) => *units as f64 / 10_000.0,
            Value::Decimal(number) => decimal::to_f64(*number),
            Value::Float(float) => *float,
            Value::DateTime(DateTime { days, ticks }) => f64::from(*days) + day_fraction(*ticks),
            Value::SmallDateTime(SmallDateTime { days, minutes }) => {
                f64::from(*days) + f64::from(*minutes) / 1440.0
            }
            Value::Str(text) => number_text::parse_float(text)
                .ok_or_else(|| SqlError::data_type_conversion(self.text_name(), to.name()))?,
            _ => return Err(self.unreadable()),
        };
        if to == SqlType::Real {
            let narrowed = f64::from(float as f32);
            if !narrowed.is_finite() {
                return Err(SqlError::float_overflow("real", float));
            }
            return Ok(Value::Float(narrowed));
        }
        if !float.is_finite() {
            return Err(SqlError::arithmetic_overflow("expression", to.name()));
        }
        Ok(Value::Float(float))
    }
}

fn float_to_integer(float: f64, to: SqlType) -> Result<Value, SqlError> {
    let (least, most) = integer_range(to);
    let whole = float.trunc();
    // i64::MAX as a float is one too large, so the upper bound is strict there.
    let fits = whole >= least as f64
        && if to == SqlType::BigInt {
            whole < 9_223_372_036_854_775_808.0
        } else {
            whole <= most as f64
        };
    if fits {
        return Ok(Value::Int(whole as i64));
    }
    Err(if to == SqlType::BigInt {
        SqlError::arithmetic_overflow("expression", "bigint")
    } else {
        SqlError::float_overflow(to.name(), float)
    })
}

/// Days since 1900, rounded at noon.
fn days_rounded(at: DateTime) -> i64 {
    i64::from(at.days) + i64::from(at.ticks >= 300 * 43_200)
}

fn day_fraction(ticks: u32) -> f64 {
    f64::from(ticks) / (300.0 * 86_400.0)
}

/// The last `width` bytes as a signed number (unsigned for one byte, as tinyint is).
pub(super) fn big_endian(bytes: &[u8], width: usize) -> i64 {
    let bytes = &bytes[bytes.len().saturating_sub(width)..];
    let mut number = bytes
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    // A full-width value has its sign in the first bit; a shorter one is positive.
    if bytes.len() == width && width > 1 && width < 8 && bytes[0] & 0x80 != 0 {
        number |= u64::MAX << (8 * width);
    }
    number as i64
}

/// A number from its storage form: precision, scale, a zero, the sign (1 is positive), then the digits from the
/// lowest byte (observed form of CAST(numeric AS varbinary)).
fn numeric_from_bytes(bytes: &[u8]) -> Option<Decimal> {
    let [precision, scale, _, sign, digits @ ..] = bytes else {
        return None;
    };
    if *scale > *precision || *precision > decimal::MAX_PRECISION || digits.len() > 16 {
        return None;
    }
    let units = digits
        .iter()
        .rev()
        .fold(0_u128, |units, byte| units << 8 | u128::from(*byte));
    if units >= decimal::POW10[usize::from(*precision)] {
        return None;
    }
    let units = units as i128;
    Some(Decimal {
        units: if *sign == 0 { -units } else { units },
        scale: *scale,
    })
}
