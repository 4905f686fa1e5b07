//! Dateparts: their words, and their value in a moment.

use milink_core::sql_type::SqlType;

use crate::error::SqlError;
use crate::types::calendar::{
    MONTHS, Moment, WEEKDAYS, day_number, day_of_year, iso_week, weekday,
};
use crate::types::{DateSettings, ExprType};

/// A part of a date or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the variants are the words of the documentation"
)]
pub enum Datepart {
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    Week,
    Weekday,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    TzOffset,
    IsoWeek,
}

impl Datepart {
    /// By a word or an abbreviation, in any case.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "year" | "yy" | "yyyy" => Self::Year,
            "quarter" | "qq" | "q" => Self::Quarter,
            "month" | "mm" | "m" => Self::Month,
            "dayofyear" | "dy" | "y" => Self::DayOfYear,
            "day" | "dd" | "d" => Self::Day,
            "week" | "wk" | "ww" => Self::Week,
            "weekday" | "dw" | "w" => Self::Weekday,
            "hour" | "hh" => Self::Hour,
            "minute" | "mi" | "n" => Self::Minute,
            "second" | "ss" | "s" => Self::Second,
            "millisecond" | "ms" => Self::Millisecond,
            "microsecond" | "mcs" => Self::Microsecond,
            "nanosecond" | "ns" => Self::Nanosecond,
            "tzoffset" | "tz" => Self::TzOffset,
            "iso_week" | "isowk" | "isoww" => Self::IsoWeek,
            _ => return None,
        })
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Quarter => "quarter",
            Self::Month => "month",
            Self::DayOfYear => "dayofyear",
            Self::Day => "day",
            Self::Week => "week",
            Self::Weekday => "weekday",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
            Self::Millisecond => "millisecond",
            Self::Microsecond => "microsecond",
            Self::Nanosecond => "nanosecond",
            Self::TzOffset => "tzoffset",
            Self::IsoWeek => "iso_week",
        }
    }

    /// Whether it is smaller than a day.
    pub(super) fn is_time(self) -> bool {
        matches!(
            self,
            Self::Hour
                | Self::Minute
                | Self::Second
                | Self::Millisecond
                | Self::Microsecond
                | Self::Nanosecond
        )
    }

    /// Refuses a part that a type does not have (9810).
    pub(super) fn check(self, function: &str, ty: &ExprType) -> Result<(), SqlError> {
        let supported = match ty.sql {
            SqlType::Date => !self.is_time() && self != Self::TzOffset,
            SqlType::Time(_) => self.is_time(),
            SqlType::DateTimeOffset(_) => true,
            _ => self != Self::TzOffset || !is_date(ty.sql),
        };
        if supported {
            Ok(())
        } else {
            Err(SqlError::datepart_not_supported(
                self.word(),
                function,
                ty.sql.name(),
            ))
        }
    }

    /// The value of the part.
    pub(super) fn of(self, at: Moment, dates: &DateSettings) -> i64 {
        let (year, month, day) = at.civil();
        let (hour, minute, second, ticks) = at.clock();
        match self {
            Self::Year => year.into(),
            Self::Quarter => ((month - 1) / 3 + 1).into(),
            Self::Month => month.into(),
            Self::DayOfYear => day_of_year(year, month, day).into(),
            Self::Day => day.into(),
            Self::Week => week_of_year(at.days, dates.first_day).into(),
            Self::Weekday => i64::from(day_of_week(at.days, dates.first_day)) + 1,
            Self::Hour => hour.into(),
            Self::Minute => minute.into(),
            Self::Second => second.into(),
            Self::Millisecond => (ticks / 10_000).into(),
            Self::Microsecond => (ticks / 10).into(),
            Self::Nanosecond => i64::from(ticks) * 100,
            Self::TzOffset => at.offset.into(),
            Self::IsoWeek => iso_week(at.days).1.into(),
        }
    }

    /// The part as DATENAME shows it.
    pub(super) fn name_of(self, at: Moment, dates: &DateSettings) -> String {
        match self {
            Self::Month => MONTHS[at.civil().1 as usize - 1].to_owned(),
            Self::Weekday => WEEKDAYS[weekday(at.days) as usize].to_owned(),
            Self::TzOffset => crate::types::offset_text(at.offset),
            _ => self.of(at, dates).to_string(),
        }
    }
}

fn is_date(sql: SqlType) -> bool {
    matches!(
        sql,
        SqlType::DateTime | SqlType::SmallDateTime | SqlType::DateTime2(_)
    )
}

/// Days since the first day of the week, which is 1 for Monday to 7 for Sunday.
pub(super) fn day_of_week(days: i32, first_day: u8) -> u32 {
    (weekday(days) + 8 - u32::from(first_day)) % 7
}

/// The week of the year: the first contains January 1st.
fn week_of_year(days: i32, first_day: u8) -> u32 {
    let (year, month, day) = crate::types::calendar::civil(days);
    let first = day_number(year, 1, 1).unwrap_or(days);
    (day_of_year(year, month, day) - 1 + day_of_week(first, first_day)) / 7 + 1
}
