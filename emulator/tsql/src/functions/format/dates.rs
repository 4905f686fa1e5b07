//! Date and time format strings.

use crate::types::calendar::{MONTHS, Moment, TICKS_PER_SECOND, WEEKDAYS, weekday};
use crate::types::offset_text;

/// A date by a standard (one letter) or custom format; `None` if the format is not valid.
pub(super) fn date(at: Moment, has_offset: bool, format: &str) -> Option<String> {
    let mut letters = format.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        let utc = || at.plus_ticks(-i64::from(at.offset) * 60 * TICKS_PER_SECOND);
        return match letter {
            'd' => custom(at, has_offset, "M/d/yyyy"),
            'D' => custom(at, has_offset, "dddd, MMMM d, yyyy"),
            't' => custom(at, has_offset, "h:mm tt"),
            'T' => custom(at, has_offset, "h:mm:ss tt"),
            'f' => custom(at, has_offset, "dddd, MMMM d, yyyy h:mm tt"),
            'F' => custom(at, has_offset, "dddd, MMMM d, yyyy h:mm:ss tt"),
            'g' => custom(at, has_offset, "M/d/yyyy h:mm tt"),
            'G' => custom(at, has_offset, "M/d/yyyy h:mm:ss tt"),
            'm' | 'M' => custom(at, has_offset, "MMMM d"),
            'y' | 'Y' => custom(at, has_offset, "MMMM yyyy"),
            's' => custom(at, has_offset, "yyyy-MM-dd'T'HH:mm:ss"),
            'u' => custom(utc()?, has_offset, "yyyy-MM-dd HH:mm:ss'Z'"),
            'U' => custom(utc()?, has_offset, "dddd, MMMM d, yyyy h:mm:ss tt"),
            'o' | 'O' if has_offset => custom(at, true, "yyyy-MM-dd'T'HH:mm:ss.fffffffzzz"),
            'o' | 'O' => custom(at, false, "yyyy-MM-dd'T'HH:mm:ss.fffffff"),
            'r' | 'R' => custom(utc()?, has_offset, "ddd, dd MMM yyyy HH:mm:ss 'GMT'"),
            _ => None,
        };
    }
    custom(at, has_offset, format)
}

fn custom(at: Moment, has_offset: bool, format: &str) -> Option<String> {
    let (year, month, day) = at.civil();
    let (hour, minute, second, ticks) = at.clock();
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let half = if hour < 12 { "AM" } else { "PM" };
    let weekday = WEEKDAYS[weekday(at.days) as usize];
    let month_name = MONTHS[month as usize - 1];
    let mut out = String::new();
    let mut rest = format;
    // A lone specifier of a custom format is written %x.
    if let Some(single) = rest.strip_prefix('%') {
        rest = single;
    }
    while let Some(letter) = rest.chars().next() {
        let run = rest.chars().take_while(|c| *c == letter).count();
        let mut taken = run * letter.len_utf8();
        match letter {
            'y' => match run {
                1 => out.push_str(&(year % 100).to_string()),
                2 => out.push_str(&format!("{:02}", year % 100)),
                width => out.push_str(&format!("{year:0width$}", width = width.min(9))),
            },
            'M' => match run {
                1 => out.push_str(&month.to_string()),
                2 => out.push_str(&format!("{month:02}")),
                3 => out.push_str(&month_name[..3]),
                _ => out.push_str(month_name),
            },
            'd' => match run {
                1 => out.push_str(&day.to_string()),
                2 => out.push_str(&format!("{day:02}")),
                3 => out.push_str(&weekday[..3]),
                _ => out.push_str(weekday),
            },
            'H' => push_number(&mut out, hour, run),
            'h' => push_number(&mut out, twelve, run),
            'm' => push_number(&mut out, minute, run),
            's' => push_number(&mut out, second, run),
            't' if run == 1 => out.push_str(&half[..1]),
            't' => out.push_str(half),
            'f' | 'F' if run <= 7 => {
                let digits = &format!("{ticks:07}")[..run];
                if letter == 'f' {
                    out.push_str(digits);
                } else {
                    let digits = digits.trim_end_matches('0');
                    // A point before nothing disappears too.
                    if digits.is_empty() && out.ends_with('.') {
                        out.pop();
                    }
                    out.push_str(digits);
                }
            }
            'f' | 'F' => return None,
            'z' => {
                let text = offset_text(at.offset);
                match run {
                    1 => out.push_str(&format!("{:+}", at.offset / 60)),
                    2 => out.push_str(&text[..3]),
                    _ => out.push_str(&text),
                }
            }
            'K' => {
                if has_offset {
                    out.push_str(&offset_text(at.offset));
                }
                taken = 1;
            }
            'g' => out.push_str("A.D."),
            '\'' | '"' => {
                let end = rest[1..].find(letter)?;
                out.push_str(&rest[1..=end]);
                taken = end + 2;
            }
            '\\' => {
                let escaped = rest[1..].chars().next()?;
                out.push(escaped);
                taken = 1 + escaped.len_utf8();
            }
            other => {
                out.push(other);
                taken = other.len_utf8();
            }
        }
        rest = &rest[taken..];
    }
    Some(out)
}

fn push_number(out: &mut String, number: u32, run: usize) {
    if run == 1 {
        out.push_str(&number.to_string());
    } else {
        out.push_str(&format!("{number:02}"));
    }
}

/// A `time` is a .NET time span: separators have to be escaped, or the format is not valid.
pub(super) fn time_span(at: Moment, format: &str) -> Option<String> {
    let (hour, minute, second, ticks) = at.clock();
    match format {
        "c" | "t" | "T" => {
            let fraction = if ticks == 0 {
                String::new()
            } else {
                format!(".{ticks:07}")
            };
            return Some(format!("{hour:02}:{minute:02}:{second:02}{fraction}"));
        }
        "g" => {
            let fraction = if ticks == 0 {
                String::new()
            } else {
                format!(".{}", format!("{ticks:07}").trim_end_matches('0'))
            };
            return Some(format!("{hour}:{minute:02}:{second:02}{fraction}"));
        }
        "G" => return Some(format!("0:{hour:02}:{minute:02}:{second:02}.{ticks:07}")),
        _ => {}
    }
    let mut out = String::new();
    let mut rest = format.strip_prefix('%').unwrap_or(format);
    while let Some(letter) = rest.chars().next() {
        let run = rest.chars().take_while(|c| *c == letter).count();
        let mut taken = run;
        match letter {
            'h' if run <= 2 => push_number(&mut out, hour, run),
            'm' if run <= 2 => push_number(&mut out, minute, run),
            's' if run <= 2 => push_number(&mut out, second, run),
            'd' if run <= 8 => out.push_str(&"0".repeat(run)),
            'f' if run <= 7 => out.push_str(&format!("{ticks:07}")[..run]),
            'F' if run <= 7 => out.push_str(format!("{ticks:07}")[..run].trim_end_matches('0')),
            '\'' | '"' => {
                let end = rest[1..].find(letter)?;
                out.push_str(&rest[1..=end]);
                taken = end + 2;
            }
            '\\' => {
                let escaped = rest[1..].chars().next()?;
                out.push(escaped);
                taken = 1 + escaped.len_utf8();
            }
            _ => return None,
        }
        rest = &rest[taken..];
    }
    (!out.is_empty()).then_some(out)
}
