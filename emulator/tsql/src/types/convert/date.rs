//! Conversion to the date and time types.

use milink_core::sql_type::SqlType;
use milink_core::value::{Date, DateTime, SmallDateTime, Time, Value};

use super::Conversion;
use super::number::big_endian;
use crate::error::SqlError;
use crate::types::calendar::{DAYS_TO_1900, LAST_DAY, Moment, TICKS_PER_DAY};
use crate::types::date_parse::{DateError, is_input_style, parse_date};
use crate::types::decimal;

impl Conversion<'_> {
    pub(super) fn to_date(&self, value: &Value) -> Result<Value, SqlError> {
        let to = self.to.sql;
        if let Some(moment) = Moment::of(value) {
            return self
                .moment_between_types(moment)
                .ok_or_else(|| SqlError::date_out_of_range(self.from.name(), to.name()));
        }
        match value {
            Value::Str(text) => self.text_to_date(text),
            Value::Bytes(bytes) => self.bytes_to_date(bytes).ok_or_else(|| match to {
                SqlType::DateTime | SqlType::SmallDateTime => SqlError::new(
                    210,
                    16,
                    "Conversion failed when converting datetime from binary/varbinary string.",
                ),
                _ => SqlError::date_conversion_failed(),
            }),
            Value::Bit(bit) => self.days_to_date(f64::from(u8::from(*bit))),
            Value::Int(days) => self.days_to_date(*days as f64),
            Value::Money(units) => self.days_to_date(*units as f64 / 10_000.0),
            Value::Decimal(number) => self.days_to_date(decimal::to_f64(*number)),
            Value::Float(days) => self.days_to_date(*days),
            _ => Err(self.unreadable()),
        }
    }

    fn moment_between_types(&self, moment: Moment) -> Option<Value> {
        let to = self.to.sql;
        // Without an offset the local time is meant; with one, a value that had none is in UTC.
        let moment = if matches!(to, SqlType::DateTimeOffset(_)) {
            moment
        } else {
            Moment {
                offset: 0,
                ..moment
            }
        };
        moment.into_value(to)
    }

    fn text_to_date(&self, text: &str) -> Result<Value, SqlError> {
        let to = self.to.sql;
        let range_error = || match to {
            SqlType::DateTime | SqlType::SmallDateTime => {
                SqlError::date_out_of_range(self.text_name(), to.name())
            }
            _ => SqlError::date_conversion_failed(),
        };
        let old = matches!(to, SqlType::DateTime | SqlType::SmallDateTime);
        match self.style {
            Some(style @ (130 | 131)) => {
                return Err(SqlError::unsupported(format!(
                    "CONVERT from text with the Hijri style {style}"
                )));
            }
            Some(style) if !old && !is_input_style(style) => {
                return Err(SqlError::invalid_style(style, self.text_name(), to.name()));
            }
            _ => {}
        }
        match parse_date(text, self.dates.order, self.style, to) {
            Ok(moment) => moment.into_value(to).ok_or_else(|| match to {
                // A local time that there is, of an instant outside of the years.
                SqlType::DateTimeOffset(_) => {
                    SqlError::data_type_conversion(self.text_name(), to.name()).with_state(31)
                }
                _ => range_error(),
            }),
            Err(DateError::Range) => Err(range_error()),
            Err(DateError::Style) => {
                Err(SqlError::style_mismatch(self.style.unwrap_or(0)).with_state(0))
            }
            Err(DateError::Syntax) if to == SqlType::SmallDateTime => Err(SqlError::new(
                295,
                16,
                "Conversion failed when converting character string to smalldatetime data type.",
            )),
            Err(DateError::Syntax) => Err(SqlError::date_conversion_failed()),
        }
    }

    /// Days since 1900, with the time of day behind the point.
    fn days_to_date(&self, days: f64) -> Result<Value, SqlError> {
        let to = self.to.sql;
        let overflow = || SqlError::arithmetic_overflow("expression", to.name());
        if days.is_nan() || days.abs() >= 4_000_000.0 {
            return Err(overflow());
        }
        let whole = days.floor();
        if to == SqlType::DateTime {
            // In its own units, since 100 ns would round twice.
            let mut date = whole as i32;
            let mut ticks = ((days - whole) * 300.0 * 86_400.0).round() as u32;
            if ticks >= 300 * 86_400 {
                ticks = 0;
                date += 1;
            }
            let first = -53_690;
            return (first..=LAST_DAY - DAYS_TO_1900)
                .contains(&date)
                .then_some(Value::DateTime(DateTime { days: date, ticks }))
                .ok_or_else(overflow);
        }
        let ticks = ((days - whole) * TICKS_PER_DAY as f64).round() as i64;
        Moment {
            days: whole as i32 + DAYS_TO_1900,
            ticks: ticks.min(TICKS_PER_DAY - 1),
            offset: 0,
        }
        .into_value(to)
        .ok_or_else(overflow)
    }

    /// The storage forms that [`super::binary`] writes.
    fn bytes_to_date(&self, bytes: &[u8]) -> Option<Value> {
        let little = |bytes: &[u8]| {
            bytes
                .iter()
                .rev()
                .fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let to = self.to.sql;
        match to {
            SqlType::DateTime => {
                let both = big_endian(bytes, 8);
                let (days, ticks) = ((both >> 32) as i32, both as u32);
                let valid =
                    (-53_690..=LAST_DAY - DAYS_TO_1900).contains(&days) && ticks < 300 * 86_400;
                valid.then_some(Value::DateTime(DateTime { days, ticks }))
            }
            SqlType::SmallDateTime => {
                let both = big_endian(bytes, 4) as u32;
                let (days, minutes) = ((both >> 16) as u16, both as u16);
                (minutes < 1440).then_some(Value::SmallDateTime(SmallDateTime { days, minutes }))
            }
            SqlType::Date => date_of(little(bytes.get(..3)?)).map(Value::Date),
            SqlType::Time(_) => {
                let (scale, ticks) = bytes.split_first()?;
                time_of(*scale, little(ticks)).map(Value::Time)
            }
            SqlType::DateTime2(_) => {
                let (scale, rest) = bytes.split_first()?;
                let (time, date) = rest.split_at_checked(rest.len().checked_sub(3)?)?;
                Some(Value::DateTime2(
                    date_of(little(date))?,
                    time_of(*scale, little(time))?,
                ))
            }
            SqlType::DateTimeOffset(_) => {
                let (scale, rest) = bytes.split_first()?;
                let (time, rest) = rest.split_at_checked(rest.len().checked_sub(5)?)?;
                let offset = i16::from_le_bytes([rest[3], rest[4]]);
                (offset.abs() <= 840).then_some(Value::DateTimeOffset(
                    date_of(little(&rest[..3]))?,
                    time_of(*scale, little(time))?,
                    offset,
                ))
            }
            _ => None,
        }
    }
}

fn date_of(days: u64) -> Option<Date> {
    let days = i32::try_from(days).ok()?;
    (days <= LAST_DAY).then_some(Date(days))
}

fn time_of(scale: u8, units: u64) -> Option<Time> {
    let ticks = units.checked_mul(10_u64.pow(7_u32.checked_sub(scale.into())?))?;
    (ticks < TICKS_PER_DAY as u64).then_some(Time(ticks))
}
