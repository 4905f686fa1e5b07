//! Dates and times as text, by CONVERT style (documentation: "CAST and CONVERT", date and time styles).

use milink_core::sql_type::SqlType;

use super::calendar::{DAYS_TO_1900, MONTHS, Moment};

/// Why a moment has no text in a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StyleError {
    /// There is no such style.
    Unknown,
    /// The style shows only what the type does not have.
    Nothing,
}

/// The text of a moment of a type in a style; without a style, the old types print in style 0 and the new in 121.
pub(super) fn date_text(
    at: Moment,
    sql: SqlType,
    style: Option<i32>,
) -> Result<String, StyleError> {
    let old = matches!(sql, SqlType::DateTime | SqlType::SmallDateTime);
    let style = style.unwrap_or(if old { 0 } else { 121 });
    let has_date = !matches!(sql, SqlType::Time(_));
    let has_time = sql != SqlType::Date;
    let at = if style == 127 && matches!(sql, SqlType::DateTimeOffset(_)) {
        at.plus_ticks(-i64::from(at.offset) * 60 * super::calendar::TICKS_PER_SECOND)
            .unwrap_or(at)
    } else {
        at
    };
    let parts = Parts::new(at, sql);
    let (date, time) = match style {
        0 | 100 => (parts.named_month(), parts.hour_minute_half()),
        1 => (parts.numbers("m/d/y", false), String::new()),
        101 => (parts.numbers("m/d/y", true), String::new()),
        2 => (parts.numbers("y.m.d", false), String::new()),
        102 => (parts.numbers("y.m.d", true), String::new()),
        3 => (parts.numbers("d/m/y", false), String::new()),
        103 => (parts.numbers("d/m/y", true), String::new()),
        4 => (parts.numbers("d.m.y", false), String::new()),
        104 => (parts.numbers("d.m.y", true), String::new()),
        5 => (parts.numbers("d-m-y", false), String::new()),
        105 => (parts.numbers("d-m-y", true), String::new()),
        6 => (parts.day_month_year(false), String::new()),
        106 => (parts.day_month_year(true), String::new()),
        7 => (parts.month_day_year(false), String::new()),
        107 => (parts.month_day_year(true), String::new()),
        8 | 24 | 108 => (String::new(), parts.clock(None)),
        9 | 109 => (parts.named_month(), parts.clock_half(':')),
        10 => (parts.numbers("m-d-y", false), String::new()),
        110 => (parts.numbers("m-d-y", true), String::new()),
        11 => (parts.numbers("y/m/d", false), String::new()),
        111 => (parts.numbers("y/m/d", true), String::new()),
        12 => (parts.numbers("ymd", false), String::new()),
        112 => (parts.numbers("ymd", true), String::new()),
        13 | 113 => (parts.day_month_year(true), parts.clock(Some(':'))),
        14 | 114 => (String::new(), parts.clock(Some(':'))),
        20 | 120 => (parts.numbers("y-m-d", true), parts.clock(None)),
        21 | 25 | 121 => (parts.numbers("y-m-d", true), parts.clock(Some('.'))),
        22 => (parts.numbers("m/d/y", false), parts.second_half()),
        23 => (parts.numbers("y-m-d", true), String::new()),
        126 | 127 => (parts.numbers("y-m-d", true), parts.iso_clock()),
        130 => (hijri_named(at), parts.clock_half(':')),
        131 => (hijri_numbers(at), parts.clock_half(':')),
        _ => return Err(StyleError::Unknown),
    };
    let offset = match (sql, style) {
        (SqlType::DateTimeOffset(_), 127) => "Z".to_owned(),
        (SqlType::DateTimeOffset(_), 126) => offset_text(at.offset),
        (SqlType::DateTimeOffset(_), _) if !time.is_empty() => {
            format!(" {}", offset_text(at.offset))
        }
        _ => String::new(),
    };
    let date_shown = has_date && !date.is_empty();
    let time_shown = has_time && !time.is_empty();
    Ok(match (date_shown, time_shown) {
        (true, true) => {
            let between = if matches!(style, 126 | 127) { "T" } else { " " };
            format!("{date}{between}{time}{offset}")
        }
        (true, false) => date,
        // A lone time begins with a blank in the later styles only.
        (false, true) if matches!(style, 0 | 9 | 100 | 109) => {
            format!("{}{offset}", time.trim_start())
        }
        (false, true) => format!("{time}{offset}"),
        (false, false) if matches!(style, 14 | 114) => return Err(StyleError::Unknown),
        (false, false) => return Err(StyleError::Nothing),
    })
}

/// `+hh:mm`.
pub(crate) fn offset_text(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

struct Parts {
    year: i32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    /// The digits behind the second, as the type has them.
    fraction: String,
    /// Whether the fraction is zero.
    whole: bool,
}

impl Parts {
    fn new(at: Moment, sql: SqlType) -> Self {
        let (year, month, day) = at.civil();
        let (hour, minute, second, ticks) = at.clock();
        let fraction = match sql {
            // 1/300 s show as .000, .003 and .007.
            SqlType::DateTime => format!("{:03}", (ticks + 5000) / 10_000),
            SqlType::SmallDateTime => "000".to_owned(),
            SqlType::Time(digits)
            | SqlType::DateTime2(digits)
            | SqlType::DateTimeOffset(digits) => {
                format!("{ticks:07}")[..usize::from(digits.min(7))].to_owned()
            }
            _ => String::new(),
        };
        Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            whole: ticks == 0,
            fraction,
        }
    }

    /// `m/d/y` and the like, with two or four digits of the year.
    fn numbers(&self, pattern: &str, century: bool) -> String {
        let mut out = String::with_capacity(10);
        for c in pattern.chars() {
            match c {
                'y' if century => out.push_str(&format!("{:04}", self.year)),
                'y' => out.push_str(&format!("{:02}", self.year % 100)),
                'm' => out.push_str(&format!("{:02}", self.month)),
                'd' => out.push_str(&format!("{:02}", self.day)),
                other => out.push(other),
            }
        }
        out
    }

    fn short_month(&self) -> &'static str {
        &MONTHS[self.month as usize - 1][..3]
    }

    fn named_month(&self) -> String {
        format!("{} {:2} {:04}", self.short_month(), self.day, self.year)
    }

    fn day_month_year(&self, century: bool) -> String {
        if century {
            format!("{:02} {} {:04}", self.day, self.short_month(), self.year)
        } else {
            format!(
                "{:02} {} {:02}",
                self.day,
                self.short_month(),
                self.year % 100
            )
        }
    }

    fn month_day_year(&self, century: bool) -> String {
        if century {
            format!("{} {:02}, {:04}", self.short_month(), self.day, self.year)
        } else {
            format!(
                "{} {:02}, {:02}",
                self.short_month(),
                self.day,
                self.year % 100
            )
        }
    }

    fn twelve(&self) -> u32 {
        match self.hour % 12 {
            0 => 12,
            hour => hour,
        }
    }

    fn half(&self) -> &'static str {
        if self.hour < 12 { "AM" } else { "PM" }
    }

    fn hour_minute_half(&self) -> String {
        format!("{:2}:{:02}{}", self.twelve(), self.minute, self.half())
    }

    fn second_half(&self) -> String {
        format!(
            "{:2}:{:02}:{:02} {}",
            self.twelve(),
            self.minute,
            self.second,
            self.half()
        )
    }

    fn clock_half(&self, before_fraction: char) -> String {
        format!(
            "{:2}:{:02}:{:02}{}{}",
            self.twelve(),
            self.minute,
            self.second,
            self.with_fraction(before_fraction),
            self.half()
        )
    }

    fn clock(&self, before_fraction: Option<char>) -> String {
        format!(
            "{:02}:{:02}:{:02}{}",
            self.hour,
            self.minute,
            self.second,
            before_fraction.map_or(String::new(), |point| self.with_fraction(point))
        )
    }

    /// Old types put a colon where the style says so; the new ones always put a point.
    fn with_fraction(&self, point: char) -> String {
        match self.fraction.len() {
            0 => String::new(),
            3 => format!("{point}{}", self.fraction),
            _ => format!(".{}", self.fraction),
        }
    }

    fn iso_clock(&self) -> String {
        if self.whole {
            self.clock(None)
        } else {
            self.clock(Some('.'))
        }
    }
}

const HIJRI_MONTHS: [&str; 12] = [
    "محرم",
    "صفر",
    "ربيع الاول",
    "ربيع الثاني",
    "جمادى الاولى",
    "جمادى الثانية",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "ذو القعدة",
    "ذو الحجة",
];

fn hijri_named(at: Moment) -> String {
    let (year, month, day) = hijri(at.days);
    format!("{day:2} {} {year:4}", HIJRI_MONTHS[month as usize - 1])
}

fn hijri_numbers(at: Moment) -> String {
    let (year, month, day) = hijri(at.days);
    format!("{day:2}/{month:02}/{year:4}")
}

/// The tabular Islamic calendar of the "Kuwaiti algorithm" that styles 130 and 131 use.
fn hijri(days: i32) -> (i32, i32, i32) {
    // Julian day number of 1900-01-01 is 2415021.
    let julian = days - DAYS_TO_1900 + 2_415_021;
    let since = julian - 1_948_440 + 10_632;
    let cycle = (since - 1).div_euclid(10_631);
    let rest = since - 10_631 * cycle + 354;
    let year_of_cycle =
        ((10_985 - rest) / 5316) * ((50 * rest) / 17_719) + (rest / 5670) * ((43 * rest) / 15_238);
    let rest = rest
        - ((30 - year_of_cycle) / 15) * ((17_719 * year_of_cycle) / 50)
        - (year_of_cycle / 16) * ((15_238 * year_of_cycle) / 43)
        + 29;
    let month = ((24 * rest) / 709).clamp(1, 12);
    let day = rest - (709 * month) / 24;
    (30 * cycle + year_of_cycle - 30, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::calendar::{TICKS_PER_SECOND, day_number};

    #[test]
    fn every_style_prints_as_documented() {
        let at = Moment {
            days: day_number(2025, 3, 5).unwrap(),
            ticks: (15 * 3600 + 4 * 60 + 9) * TICKS_PER_SECOND + 1_266_667,
            offset: 120,
        };
        let old = SqlType::DateTime;
        let new = SqlType::DateTime2(7);
        let with_offset = SqlType::DateTimeOffset(3);
        let cases = [
            (old, None, "Mar  5 2025  3:04PM"),
            (old, Some(1), "03/05/25"),
            (old, Some(101), "03/05/2025"),
            (old, Some(102), "2025.03.05"),
            (old, Some(103), "05/03/2025"),
            (old, Some(104), "05.03.2025"),
            (old, Some(105), "05-03-2025"),
            (old, Some(106), "05 Mar 2025"),
            (old, Some(6), "05 Mar 25"),
            (old, Some(107), "Mar 05, 2025"),
            (old, Some(108), "15:04:09"),
            (old, Some(109), "Mar  5 2025  3:04:09:127PM"),
            (old, Some(110), "03-05-2025"),
            (old, Some(111), "2025/03/05"),
            (old, Some(12), "250305"),
            (old, Some(112), "20250305"),
            (old, Some(113), "05 Mar 2025 15:04:09:127"),
            (old, Some(114), "15:04:09:127"),
            (old, Some(120), "2025-03-05 15:04:09"),
            (old, Some(121), "2025-03-05 15:04:09.127"),
            (old, Some(22), "03/05/25  3:04:09 PM"),
            (old, Some(23), "2025-03-05"),
            (old, Some(126), "2025-03-05T15:04:09.127"),
            (old, Some(127), "2025-03-05T15:04:09.127"),
            (old, Some(131), " 5/09/1446  3:04:09:127PM"),
            (new, None, "2025-03-05 15:04:09.1266667"),
            (new, Some(0), "Mar  5 2025  3:04PM"),
            (new, Some(113), "05 Mar 2025 15:04:09.1266667"),
            (new, Some(126), "2025-03-05T15:04:09.1266667"),
            (SqlType::Date, None, "2025-03-05"),
            (SqlType::Date, Some(0), "Mar  5 2025"),
            (SqlType::Date, Some(120), "2025-03-05"),
            (SqlType::Time(3), None, "15:04:09.126"),
            (SqlType::Time(0), None, "15:04:09"),
            (SqlType::Time(0), Some(0), "3:04PM"),
            (SqlType::Time(0), Some(22), " 3:04:09 PM"),
            (with_offset, None, "2025-03-05 15:04:09.126 +02:00"),
            (with_offset, Some(126), "2025-03-05T15:04:09.126+02:00"),
            (with_offset, Some(127), "2025-03-05T13:04:09.126Z"),
            (with_offset, Some(112), "20250305"),
            (SqlType::SmallDateTime, Some(121), "2025-03-05 15:04:09.000"),
        ];
        for (sql, style, expected) in cases {
            assert_eq!(
                date_text(at, sql, style).as_deref(),
                Ok(expected),
                "{sql} style {style:?}"
            );
        }
        let midnight = Moment { ticks: 0, ..at };
        assert_eq!(
            date_text(midnight, old, Some(126)).as_deref(),
            Ok("2025-03-05T00:00:00")
        );
        assert_eq!(
            date_text(midnight, old, None).as_deref(),
            Ok("Mar  5 2025 12:00AM")
        );
        let refusals = [
            (old, 99, StyleError::Unknown),
            (SqlType::Date, 114, StyleError::Unknown),
            (SqlType::Date, 108, StyleError::Nothing),
            (SqlType::Time(0), 101, StyleError::Nothing),
        ];
        for (sql, style, error) in refusals {
            assert_eq!(date_text(at, sql, Some(style)), Err(error));
        }
    }
}
