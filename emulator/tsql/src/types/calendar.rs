//! Civil dates and times of day, and the ranges and roundings of each date type.

use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;
use milink_core::value::{Date, DateTime, SmallDateTime, Time, Value};

/// 100 ns ticks of a day.
pub const TICKS_PER_DAY: i64 = 864_000_000_000;
/// 100 ns ticks of a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// 1900-01-01, where the old types start to count.
pub const DAYS_TO_1900: i32 = 693_595;
/// 1970-01-01, where [`Timestamp`] starts to count.
pub const DAYS_TO_1970: i32 = 719_162;
/// 9999-12-31.
pub const LAST_DAY: i32 = 3_652_058;

const DATETIME_TICKS_PER_DAY: u32 = 300 * 86_400;
/// 1753-01-01 in days since 1900.
const FIRST_DATETIME_DAY: i32 = -53_690;

/// How dates are read and weeks are counted in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateSettings {
    /// `SET DATEFORMAT`.
    pub order: DateOrder,
    /// `SET DATEFIRST`: 1 is Monday, 7 is Sunday.
    pub first_day: u8,
}

impl Default for DateSettings {
    /// us_english.
    fn default() -> Self {
        Self {
            order: DateOrder::Mdy,
            first_day: 7,
        }
    }
}

/// The order of the parts in a date of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the words of SET DATEFORMAT")]
pub enum DateOrder {
    Mdy,
    Dmy,
    Ymd,
    Ydm,
    Myd,
    Dym,
}

impl DateOrder {
    /// By the word that SET DATEFORMAT takes.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "mdy" => Self::Mdy,
            "dmy" => Self::Dmy,
            "ymd" => Self::Ymd,
            "ydm" => Self::Ydm,
            "myd" => Self::Myd,
            "dym" => Self::Dym,
            _ => return None,
        })
    }

    /// The word that `sys.dm_exec_sessions` shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mdy => "mdy",
            Self::Dmy => "dmy",
            Self::Ymd => "ymd",
            Self::Ydm => "ydm",
            Self::Myd => "myd",
            Self::Dym => "dym",
        }
    }
}

/// A local date and time of day with an offset from UTC: what every date type is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Days since 0001-01-01, in local time.
    pub days: i32,
    /// 100 ns ticks since midnight, in local time.
    pub ticks: i64,
    /// Minutes east of UTC.
    pub offset: i16,
}

impl Moment {
    /// The point in local time where missing parts come from.
    pub const EPOCH: Self = Self {
        days: DAYS_TO_1900,
        ticks: 0,
        offset: 0,
    };

    /// The moment of a date or time value; `None` for other values.
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Date(Date(days)) => Self {
                days: *days,
                ..Self::EPOCH
            },
            Value::Time(Time(ticks)) => Self {
                ticks: *ticks as i64,
                ..Self::EPOCH
            },
            Value::DateTime(DateTime { days, ticks }) => Self {
                days: days + DAYS_TO_1900,
                // A tick is 33333.3 units.
                ticks: (i64::from(*ticks) * 100_000 + 1) / 3,
                offset: 0,
            },
            Value::SmallDateTime(SmallDateTime { days, minutes }) => Self {
                days: i32::from(*days) + DAYS_TO_1900,
                ticks: i64::from(*minutes) * 60 * TICKS_PER_SECOND,
                offset: 0,
            },
            Value::DateTime2(Date(days), Time(ticks)) => Self {
                days: *days,
                ticks: *ticks as i64,
                offset: 0,
            },
            Value::DateTimeOffset(Date(days), Time(ticks), offset) => Self {
                days: *days,
                ticks: *ticks as i64,
                offset: 0,
            }
            .plus_ticks(i64::from(*offset) * 60 * TICKS_PER_SECOND)
            .map_or(Self::EPOCH, |local| Self {
                offset: *offset,
                ..local
            }),
            _ => return None,
        })
    }

    /// The local moment of a point in time.
    pub fn at(now: Timestamp, offset: i16) -> Self {
        let local = i128::from(now.0) + i128::from(offset) * 60 * i128::from(TICKS_PER_SECOND);
        let day = i128::from(TICKS_PER_DAY);
        let days = local.div_euclid(day) + i128::from(DAYS_TO_1970);
        Self {
            days: days.clamp(0, i128::from(LAST_DAY)) as i32,
            ticks: local.rem_euclid(day) as i64,
            offset,
        }
    }

    /// The point in time.
    pub fn timestamp(self) -> Timestamp {
        Timestamp(
            i64::from(self.days - DAYS_TO_1970) * TICKS_PER_DAY + self.ticks
                - i64::from(self.offset) * 60 * TICKS_PER_SECOND,
        )
    }

    /// Later by so many ticks; `None` outside of years 1 to 9999.
    pub fn plus_ticks(self, ticks: i64) -> Option<Self> {
        let sum = i128::from(self.days) * i128::from(TICKS_PER_DAY)
            + i128::from(self.ticks)
            + i128::from(ticks);
        let days = i32::try_from(sum.div_euclid(TICKS_PER_DAY.into())).ok()?;
        (0..=LAST_DAY).contains(&days).then_some(Self {
            days,
            ticks: sum.rem_euclid(TICKS_PER_DAY.into()) as i64,
            offset: self.offset,
        })
    }

    /// Later by so many days; `None` outside of years 1 to 9999.
    pub fn plus_days(self, days: i64) -> Option<Self> {
        let days = i32::try_from(i64::from(self.days).checked_add(days)?).ok()?;
        (0..=LAST_DAY)
            .contains(&days)
            .then_some(Self { days, ..self })
    }

    /// Later by so many months, on the same day or the month's last; `None` outside of years 1 to 9999.
    pub fn plus_months(self, months: i64) -> Option<Self> {
        let (year, month, day) = civil(self.days);
        let index = (i64::from(year) * 12 + i64::from(month) - 1).checked_add(months)?;
        let year = i32::try_from(index.div_euclid(12)).ok()?;
        let month = index.rem_euclid(12) as u32 + 1;
        if !(1..=9999).contains(&year) {
            return None;
        }
        let day = day.min(days_in_month(year, month));
        Some(Self {
            days: day_number(year, month, day)?,
            ..self
        })
    }

    /// The value of a date type, rounded as the type rounds; `None` outside of its range or for another type.
    pub fn into_value(self, sql: SqlType) -> Option<Value> {
        Some(match sql {
            SqlType::Date => Value::Date(Date(self.days)),
            SqlType::Time(digits) => {
                // A time has no day to carry into, so the last moment of the day stays.
                let unit = 10_i64.pow(7 - u32::from(digits.min(7)));
                let ticks = rounded(self.ticks, digits).min(TICKS_PER_DAY - unit);
                Value::Time(Time(ticks as u64))
            }
            SqlType::DateTime2(digits) => {
                let at = self.rounded(digits);
                Value::DateTime2(Date(at.days), Time(at.ticks as u64))
            }
            SqlType::DateTimeOffset(digits) => {
                let utc = self
                    .rounded(digits)
                    .plus_ticks(-i64::from(self.offset) * 60 * TICKS_PER_SECOND)?;
                Value::DateTimeOffset(Date(utc.days), Time(utc.ticks as u64), self.offset)
            }
            SqlType::DateTime => {
                let mut days = self.days - DAYS_TO_1900;
                let mut ticks = ((self.ticks * 3 + 50_000) / 100_000) as u32;
                if ticks >= DATETIME_TICKS_PER_DAY {
                    ticks = 0;
                    days += 1;
                }
                if days < FIRST_DATETIME_DAY || days + DAYS_TO_1900 > LAST_DAY {
                    return None;
                }
                Value::DateTime(DateTime { days, ticks })
            }
            SqlType::SmallDateTime => {
                // From 29.999 seconds on, the minute is rounded up.
                let minutes = (self.ticks + 300_010_000) / (60 * TICKS_PER_SECOND);
                let days = i64::from(self.days - DAYS_TO_1900) + minutes / 1440;
                let days = u16::try_from(days).ok()?;
                Value::SmallDateTime(SmallDateTime {
                    days,
                    minutes: (minutes % 1440) as u16,
                })
            }
            _ => return None,
        })
    }

    /// Rounded to so many digits of a second; the end of time rounds down.
    fn rounded(self, digits: u8) -> Self {
        let ticks = rounded(self.ticks, digits);
        if ticks < TICKS_PER_DAY {
            return Self { ticks, ..self };
        }
        self.plus_days(1)
            .map_or(self, |next| Self { ticks: 0, ..next })
    }

    /// The parts of the date.
    pub fn civil(self) -> (i32, u32, u32) {
        civil(self.days)
    }

    /// Hour, minute, second and the 100 ns ticks in the second.
    pub fn clock(self) -> (u32, u32, u32, u32) {
        let seconds = (self.ticks / TICKS_PER_SECOND) as u32;
        (
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            (self.ticks % TICKS_PER_SECOND) as u32,
        )
    }
}

fn rounded(ticks: i64, digits: u8) -> i64 {
    let unit = 10_i64.pow(7 - u32::from(digits.min(7)));
    (ticks + unit / 2) / unit * unit
}

/// Days since 0001-01-01; `None` if there is no such day.
pub fn day_number(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || day == 0
        || day > days_in_month(year, month)
    {
        return None;
    }
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    Some(before * 365 + leap_days + day_of_year(year, month, day) as i32 - 1)
}

/// Year, month and day of a day number.
pub fn civil(days: i32) -> (i32, u32, u32) {
    // Counting from March makes the leap day the last of a year (civil-from-days, eras of 400 years).
    let z = days + 306;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Day of the year, from 1.
pub fn day_of_year(year: i32, month: u32, day: u32) -> u32 {
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = u32::from(month > 2 && is_leap(year));
    BEFORE[(month as usize - 1) % 12] + day + leap
}

/// How many days a month has.
pub fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The weekday, 0 for Monday.
pub fn weekday(days: i32) -> u32 {
    // 0001-01-01 was a Monday.
    days.rem_euclid(7) as u32
}

/// The ISO 8601 year and week.
pub fn iso_week(days: i32) -> (i32, u32) {
    let thursday = days - weekday(days) as i32 + 3;
    let (year, month, day) = civil(thursday);
    (year, (day_of_year(year, month, day) - 1) / 7 + 1)
}

/// The names of the months in us_english.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the days in us_english, from Monday.
pub const WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn day_numbers_agree_with_the_anchors() {
        let cases = [
            (1, 1, 1, 0),
            (1900, 1, 1, DAYS_TO_1900),
            (1970, 1, 1, DAYS_TO_1970),
            (9999, 12, 31, LAST_DAY),
            (1753, 1, 1, DAYS_TO_1900 + FIRST_DATETIME_DAY),
        ];
        for (year, month, day, expected) in cases {
            assert_eq!(day_number(year, month, day), Some(expected));
        }
        assert_eq!(day_number(2023, 2, 29), None);
        assert_eq!(day_number(2023, 13, 1), None);
        assert_eq!(day_number(0, 1, 1), None);
        assert_eq!(WEEKDAYS[weekday(DAYS_TO_1970) as usize], "Thursday");
        assert_eq!(iso_week(day_number(2021, 1, 3).unwrap()), (2020, 53));
        assert_eq!(iso_week(day_number(2024, 12, 30).unwrap()), (2025, 1));
    }

    #[test]
    fn types_round_and_refuse_in_their_own_ways() {
        let at = |year, ticks| Moment {
            days: day_number(year, 12, 31).unwrap(),
            ticks,
            offset: 0,
        };
        let last = TICKS_PER_DAY - 1;
        let noon = TICKS_PER_DAY / 2;
        let cases = [
            (at(2024, last), SqlType::DateTime2(0), Some((2025, 0))),
            (at(9999, last), SqlType::DateTime2(0), Some((9999, last))),
            (
                at(2024, last),
                SqlType::Time(0),
                Some((1900, TICKS_PER_DAY - TICKS_PER_SECOND)),
            ),
            (at(2024, last), SqlType::DateTime, Some((2025, 0))),
            (at(9999, last), SqlType::DateTime, None),
            (at(1752, 0), SqlType::DateTime, None),
            (
                at(2024, 29_998 * 10_000),
                SqlType::SmallDateTime,
                Some((2024, 0)),
            ),
            (
                at(2024, 29_999 * 10_000),
                SqlType::SmallDateTime,
                Some((2024, 600_000_000)),
            ),
            (at(2080, noon), SqlType::SmallDateTime, None),
            (at(2024, 20_000), SqlType::DateTime, Some((2024, 33_333))),
            (at(2024, 60_000), SqlType::DateTime, Some((2024, 66_667))),
        ];
        for (moment, sql, expected) in cases {
            let actual = moment
                .into_value(sql)
                .and_then(|value| Moment::of(&value))
                .map(|back| (back.civil().0, back.ticks));
            assert_eq!(actual, expected, "{moment:?} as {sql}");
        }
    }

    proptest! {
        #[test]
        fn every_day_comes_back(days in 0..=LAST_DAY) {
            let (year, month, day) = civil(days);
            prop_assert_eq!(day_number(year, month, day), Some(days));
        }

        #[test]
        fn jiff_agrees_about_every_day(days in 0..=LAST_DAY) {
            let (year, month, day) = civil(days);
            let other = jiff::civil::date(year as i16, month as i8, day as i8);
            prop_assert_eq!(other.weekday().to_monday_zero_offset() as u32, weekday(days));
            prop_assert_eq!(other.day_of_year() as u32, day_of_year(year, month, day));
            let iso = other.iso_week_date();
            prop_assert_eq!((iso.year() as i32, iso.week() as u32), iso_week(days));
        }

        #[test]
        fn old_ticks_survive_the_way_through_moments(days in -53_690..2_958_463_i32, ticks in 0..DATETIME_TICKS_PER_DAY) {
            let value = Value::DateTime(DateTime { days, ticks });
            let back = Moment::of(&value).and_then(|m| m.into_value(SqlType::DateTime));
            prop_assert_eq!(back, Some(value));
        }

        #[test]
        fn timestamps_survive_the_way_through_moments(ticks in -600_000_000_000_000_000..2_500_000_000_000_000_000_i64, offset in -840..=840_i16) {
            prop_assert_eq!(Moment::at(Timestamp(ticks), offset).timestamp(), Timestamp(ticks));
        }
    }
}
