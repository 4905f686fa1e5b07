//! What an old client gets in place of a type it does not know. `[MS-TDS]` 2.2.5.4, and the
//! "down-level clients" section of the data type documentation.

use std::fmt::Write;

use super::{Length, TypeInfo, WireValue};
use crate::token::TokenContext;

impl TypeInfo {
    /// The type that goes on the wire for this client: before 7.3 the newer date types are nvarchar;
    /// for a client without UTF-8 a UTF-8 string is nvarchar, too (a guess; sent as they are, they
    /// would be read in another code page); before 7.2 `(max)` and xml are text, ntext and image.
    pub fn for_client(self, context: TokenContext) -> Self {
        let info = self.without_utf8(context);
        if !context.version.has_date_types()
            && let Some(characters) = info.date_text_characters()
        {
            return Self::nvarchar(characters, context.collation);
        }
        if context.version.is_at_least_7_2() {
            return info;
        }
        match info {
            Self::VarChar {
                length: Length::Max,
                collation,
            } => Self::Text { collation },
            Self::NVarChar {
                length: Length::Max,
                collation,
            } => Self::NText { collation },
            Self::VarBinary {
                length: Length::Max,
            } => Self::Image,
            Self::Xml => Self::NText {
                collation: context.collation,
            },
            other => other,
        }
    }

    fn without_utf8(self, context: TokenContext) -> Self {
        match self {
            Self::Char { collation, .. }
            | Self::VarChar { collation, .. }
            | Self::Text { collation }
                if context.utf8 || !collation.is_utf8() =>
            {
                self
            }
            // A byte of UTF-8 is at most one code unit of UTF-16.
            Self::Char { bytes, .. } => Self::nvarchar(bytes, context.collation),
            Self::VarChar {
                length: Length::Bytes(bytes),
                ..
            } => Self::nvarchar(bytes, context.collation),
            Self::VarChar {
                length: Length::Max,
                ..
            } => Self::NVarChar {
                length: Length::Max,
                collation: context.collation,
            },
            Self::Text { .. } => Self::NText {
                collation: context.collation,
            },
            other => other,
        }
    }

    /// Length of the text of a date type that 7.2 does not know; `None` for every other type.
    fn date_text_characters(self) -> Option<u16> {
        let fraction = |scale: u8| match scale {
            0 => 0,
            _ => u16::from(scale) + 1,
        };
        match self {
            Self::Date => Some(10),
            Self::Time { scale } => Some(8 + fraction(scale)),
            Self::DateTime2 { scale } => Some(19 + fraction(scale)),
            Self::DateTimeOffset { scale } => Some(26 + fraction(scale)),
            _ => None,
        }
    }
}

/// Text of a date value, short enough to live on the stack.
pub(super) struct DateText {
    bytes: [u8; 40],
    length: usize,
}

impl DateText {
    /// The text of `value` if `column` is a date type and the two agree.
    pub(super) fn of(column: TypeInfo, value: &WireValue<'_>) -> Option<Self> {
        let mut text = Self {
            bytes: [0; 40],
            length: 0,
        };
        match (column, value) {
            (TypeInfo::Date, &WireValue::Date(days)) => text.date(days),
            (TypeInfo::Time { scale }, &WireValue::Time(time)) => text.time(time, scale),
            (TypeInfo::DateTime2 { scale }, &WireValue::DateTime2 { days, time }) => {
                text.date(days)?;
                text.write_char(' ').ok()?;
                text.time(time, scale)
            }
            (
                TypeInfo::DateTimeOffset { scale },
                &WireValue::DateTimeOffset {
                    days,
                    time,
                    offset_minutes,
                },
            ) => text.date_time_offset(days, time, offset_minutes, scale),
            _ => None,
        }?;
        Some(text)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("only whole strings are appended")
    }

    fn date(&mut self, days: u32) -> Option<()> {
        let (year, month, day) = civil_date(days);
        write!(self, "{year:04}-{month:02}-{day:02}").ok()
    }

    fn time(&mut self, time: u64, scale: u8) -> Option<()> {
        let seconds = time / 10_000_000;
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(self, "{hours:02}:{minutes:02}:{:02}", seconds % 60).ok()?;
        if scale > 0 {
            let digits = u32::from(scale.min(7));
            let fraction = time % 10_000_000 / 10_u64.pow(7 - digits);
            write!(self, ".{fraction:0width$}", width = digits as usize).ok()?;
        }
        Some(())
    }

    fn date_time_offset(&mut self, days: u32, time: u64, offset: i16, scale: u8) -> Option<()> {
        const DAY: i64 = 24 * 3600 * 10_000_000;
        let local = i64::try_from(time).ok()? + i64::from(offset) * 60 * 10_000_000;
        let days = u32::try_from(i64::from(days) + local.div_euclid(DAY)).ok()?;
        self.date(days)?;
        self.write_char(' ').ok()?;
        self.time(local.rem_euclid(DAY) as u64, scale)?;
        let sign = if offset < 0 { '-' } else { '+' };
        let offset = offset.unsigned_abs();
        write!(self, " {sign}{:02}:{:02}", offset / 60, offset % 60).ok()
    }
}

impl Write for DateText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let slot = self
            .bytes
            .get_mut(self.length..end)
            .ok_or(std::fmt::Error)?;
        slot.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// Year, month and day of a count of days since 0001-01-01, in the proleptic Gregorian calendar.
fn civil_date(days: u32) -> (u32, u32, u32) {
    // Count from 0000-03-01, so that the leap day is the last of its year.
    let days = u64::from(days) + 306;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year as u32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TdsVersion;

    #[test]
    fn days_become_civil_dates() {
        for (days, date) in [
            (0, (1, 1, 1)),
            (58, (1, 2, 28)),
            (59, (1, 3, 1)),
            (693_595, (1900, 1, 1)),
            (730_178, (2000, 2, 29)),
            (730_179, (2000, 3, 1)),
            (3_652_058, (9999, 12, 31)),
        ] {
            assert_eq!(civil_date(days), date);
        }
    }

    #[test]
    fn date_values_are_written_as_sql_prints_them() {
        let noon = 12 * 3600 * 10_000_000 + 1_234_567;
        for (column, value, text) in [
            (TypeInfo::Date, WireValue::Date(693_595), "1900-01-01"),
            (
                TypeInfo::Time { scale: 0 },
                WireValue::Time(noon),
                "12:00:00",
            ),
            (
                TypeInfo::Time { scale: 7 },
                WireValue::Time(noon),
                "12:00:00.1234567",
            ),
            (
                TypeInfo::DateTime2 { scale: 3 },
                WireValue::DateTime2 {
                    days: 0,
                    time: noon,
                },
                "0001-01-01 12:00:00.123",
            ),
            (
                TypeInfo::DateTimeOffset { scale: 0 },
                WireValue::DateTimeOffset {
                    days: 693_595,
                    time: 0,
                    offset_minutes: -90,
                },
                "1899-12-31 22:30:00 -01:30",
            ),
        ] {
            assert_eq!(DateText::of(column, &value).unwrap().as_str(), text);
        }
    }

    #[test]
    fn text_fits_the_column_it_is_sent_in() {
        let widest = DateText::of(
            TypeInfo::DateTimeOffset { scale: 7 },
            &WireValue::DateTimeOffset {
                days: 3_652_058,
                time: 0,
                offset_minutes: 0,
            },
        );
        assert_eq!(widest.unwrap().as_str().len(), 34);
        let context = TokenContext::new(TdsVersion::V7_2);
        assert_eq!(
            TypeInfo::DateTimeOffset { scale: 7 }.for_client(context),
            TypeInfo::nvarchar(34, context.collation),
        );
    }
}
