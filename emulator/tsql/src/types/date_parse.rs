//! Dates and times from text: language-neutral forms, numeric dates by DATEFORMAT, month names, AM/PM, offsets.
//!
//! Documentation: "Date and time literal formats" of datetime, date, time, datetime2 and datetimeoffset.

use milink_core::sql_type::SqlType;

use super::calendar::{DateOrder, MONTHS, Moment, TICKS_PER_SECOND, day_number};

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateError {
    /// It has no form of a date.
    Syntax,
    /// It has the form but names no day or time there is.
    Range,
    /// It has the form of another style.
    Style,
}

/// Reads a date, a time or both for a type.
pub(super) fn parse_date(
    text: &str,
    order: DateOrder,
    style: Option<i32>,
    sql: SqlType,
) -> Result<Moment, DateError> {
    let old = matches!(sql, SqlType::DateTime | SqlType::SmallDateTime);
    let tokens = tokens(text, old)?;
    let order = style.and_then(style_order).unwrap_or(order);
    Parser {
        tokens: &tokens,
        at: 0,
        order,
        style,
        // The old types read 2025-03-05 by DATEFORMAT too; a style fixes the order.
        year_first_order: old && style.is_none(),
        old,
        out: Found::default(),
    }
    .run(sql)
}

/// Whether a style can be used to read a date.
pub(super) fn is_input_style(style: i32) -> bool {
    matches!(style, 0..=14 | 20..=25 | 100..=114 | 120 | 121 | 126 | 127)
}

/// The order that a style implies for reading.
fn style_order(style: i32) -> Option<DateOrder> {
    Some(match style {
        1 | 101 | 10 | 110 | 7 | 107 | 22 => DateOrder::Mdy,
        3 | 103 | 4 | 104 | 5 | 105 | 6 | 106 | 13 | 113 => DateOrder::Dmy,
        2 | 102 | 11 | 111 | 12 | 112 | 20 | 120 | 21 | 121 | 23 | 25 | 126 | 127 => DateOrder::Ymd,
        _ => return None,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    Mark(u8),
}

/// Texts longer than this are no date; it bounds the work.
const MAX_TEXT: usize = 128;

fn tokens(text: &str, old: bool) -> Result<Vec<Token<'_>>, DateError> {
    // The old types know blanks only, the new ones tabs too.
    let blank = |c: char| c == ' ' || (c == '\t' && !old);
    let text = text.trim_matches(blank);
    if text.len() > MAX_TEXT || !text.is_ascii() {
        return Err(DateError::Syntax);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let run = |accept: fn(&u8) -> bool| rest.bytes().take_while(accept).count();
        match bytes[at] {
            byte if blank(char::from(byte)) => at += 1,
            b'0'..=b'9' => {
                let length = run(u8::is_ascii_digit);
                out.push(Token::Number(&rest[..length]));
                at += length;
            }
            b'a'..=b'z' | b'A'..=b'Z' => {
                let length = run(u8::is_ascii_alphabetic);
                out.push(Token::Word(&rest[..length]));
                at += length;
            }
            mark @ (b'/' | b'-' | b'.' | b':' | b',' | b'+') => {
                out.push(Token::Mark(mark));
                at += 1;
            }
            _ => return Err(DateError::Syntax),
        }
    }
    Ok(out)
}

#[derive(Default)]
struct Found<'a> {
    numbers: Vec<&'a str>,
    /// The month by name, and how many numbers stood before it.
    month: Option<(u32, usize)>,
    time: Option<i64>,
    offset: Option<i16>,
    iso: bool,
}

struct Parser<'a, 't> {
    tokens: &'t [Token<'a>],
    at: usize,
    order: DateOrder,
    style: Option<i32>,
    year_first_order: bool,
    old: bool,
    out: Found<'a>,
}

impl<'a> Parser<'a, '_> {
    fn run(mut self, sql: SqlType) -> Result<Moment, DateError> {
        while let Some(token) = self.peek(0) {
            match token {
                Token::Number(number) if self.starts_time() => self.time(number)?,
                Token::Number(number) => {
                    self.out.numbers.push(number);
                    self.at += 1;
                    self.separator()?;
                }
                Token::Word("T") => {
                    if self.out.numbers.is_empty() || self.out.time.is_some() {
                        return Err(DateError::Syntax);
                    }
                    self.at += 1;
                    self.out.iso = true;
                    if !self.starts_time() {
                        return Err(DateError::Syntax);
                    }
                }
                Token::Word("Z") => {
                    if self.out.time.is_none() || self.out.offset.is_some() {
                        return Err(DateError::Syntax);
                    }
                    self.at += 1;
                    self.out.offset = Some(0);
                }
                Token::Word(word) => {
                    let month = month_number(word).ok_or(DateError::Syntax)?;
                    if self.out.month.is_some() {
                        return Err(DateError::Syntax);
                    }
                    self.out.month = Some((month, self.out.numbers.len()));
                    self.at += 1;
                    self.separator()?;
                }
                Token::Mark(sign @ (b'+' | b'-')) if self.out.time.is_some() => {
                    self.offset(sign)?
                }
                Token::Mark(b',') if !self.out.numbers.is_empty() || self.out.month.is_some() => {
                    self.at += 1;
                }
                Token::Mark(_) => return Err(DateError::Syntax),
            }
        }
        self.moment(sql)
    }

    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// Whether the number here begins a time: a colon or AM/PM follows.
    fn starts_time(&self) -> bool {
        matches!(self.peek(0), Some(Token::Number(_)))
            && match self.peek(1) {
                Some(Token::Mark(b':')) => true,
                Some(Token::Word(word)) => half(word).is_some(),
                _ => false,
            }
    }

    /// Skips one date separator, which must have a number or a month behind it.
    fn separator(&mut self) -> Result<(), DateError> {
        if let Some(Token::Mark(b'/' | b'-' | b'.')) = self.peek(0) {
            self.at += 1;
            return match self.peek(0) {
                Some(Token::Number(_)) if !self.starts_time() => Ok(()),
                Some(Token::Word(word)) if month_number(word).is_some() => Ok(()),
                _ => Err(DateError::Syntax),
            };
        }
        Ok(())
    }

    fn time(&mut self, hour: &str) -> Result<(), DateError> {
        if self.out.time.is_some() {
            return Err(DateError::Syntax);
        }
        self.at += 1;
        let mut parts = [small(hour)?, 0, 0];
        let mut fraction = 0;
        let mut count = 1;
        while count < 3 && self.peek(0) == Some(Token::Mark(b':')) {
            let Some(Token::Number(number)) = self.peek(1) else {
                return Err(DateError::Syntax);
            };
            parts[count] = small(number)?;
            count += 1;
            self.at += 2;
        }
        if count == 3
            && let Some(Token::Mark(mark @ (b'.' | b':'))) = self.peek(0)
        {
            let Some(Token::Number(number)) = self.peek(1) else {
                return Err(DateError::Syntax);
            };
            fraction = self.fraction(mark, number)?;
            self.at += 2;
        }
        if let Some(Token::Word(word)) = self.peek(0)
            && let Some(afternoon) = half(word)
        {
            self.at += 1;
            parts[0] = match (parts[0], afternoon) {
                (12, false) => 0,
                (hour @ 0..=11, false) => hour,
                (hour @ 1..=11, true) => hour + 12,
                (hour @ 12..=23, true) => hour,
                _ => return Err(DateError::Range),
            };
        }
        let [hour, minute, second] = parts;
        if hour > 23 || minute > 59 || second > 59 {
            return Err(DateError::Range);
        }
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        self.out.time = Some(seconds * TICKS_PER_SECOND + fraction);
        Ok(())
    }

    /// Ticks behind the second: `.5` is half a second, `:5` is five milliseconds.
    fn fraction(&self, mark: u8, number: &str) -> Result<i64, DateError> {
        if (self.old || mark == b':') && number.len() > 3 {
            return Err(DateError::Syntax);
        }
        // The eighth digit rounds, and the rest does not count.
        let (kept, rest) = number.split_at(number.len().min(7));
        let up = i64::from(rest.as_bytes().first().is_some_and(|digit| *digit >= b'5'));
        let value: i64 = kept.parse().map_err(|_| DateError::Syntax)?;
        let number = kept;
        let value = value + up;
        Ok(if mark == b':' {
            value * 10_000
        } else {
            value * 10_i64.pow(7 - number.len() as u32)
        })
    }

    fn offset(&mut self, sign: u8) -> Result<(), DateError> {
        let (Some(Token::Number(hours)), Some(Token::Mark(b':')), Some(Token::Number(minutes))) =
            (self.peek(1), self.peek(2), self.peek(3))
        else {
            return Err(DateError::Syntax);
        };
        if self.out.offset.is_some() || self.old {
            return Err(DateError::Syntax);
        }
        let (hours, minutes) = (small(hours)?, small(minutes)?);
        let total = (hours * 60 + minutes) as i16;
        if minutes > 59 || total > 14 * 60 {
            return Err(DateError::Range);
        }
        self.at += 4;
        self.out.offset = Some(if sign == b'-' { -total } else { total });
        Ok(())
    }

    fn moment(self, sql: SqlType) -> Result<Moment, DateError> {
        let days = self.date()?;
        if self.out.iso && (days.is_none() || self.out.time.is_none()) {
            return Err(DateError::Syntax);
        }
        let mut moment = Moment::EPOCH;
        if let Some(days) = days {
            moment.days = days;
        }
        moment.ticks = self.out.time.unwrap_or(0);
        moment.offset = self.out.offset.unwrap_or(0);
        if !matches!(sql, SqlType::DateTimeOffset(_)) {
            moment.offset = 0;
        }
        Ok(moment)
    }

    fn date(&self) -> Result<Option<i32>, DateError> {
        let numbers = &self.out.numbers;
        let (year, month, day) = match (self.out.month, numbers.as_slice()) {
            (None, []) => return Ok(None),
            (None, [one]) => packed(one)?,
            (None, [first, second, third]) => self.ordered([first, second, third])?,
            (Some((month, _)), [one]) if one.len() == 4 => (year_of(one)?, month, 1),
            (Some((month, before)), [first, second]) => {
                let (year, day) = match (first.len(), second.len(), before) {
                    (4, 1..=2, _) => (first, second),
                    (1..=2, 4, _) => (second, first),
                    // 05 Mar 25, Mar 05 25
                    (1..=2, 1..=2, _) => (second, first),
                    _ => return Err(DateError::Syntax),
                };
                (year_of(year)?, month, small(day)?)
            }
            _ => return Err(DateError::Syntax),
        };
        day_number(year, month, day)
            .map(Some)
            .ok_or(DateError::Range)
    }

    fn ordered(&self, parts: [&str; 3]) -> Result<(i32, u32, u32), DateError> {
        let [first, second, third] = parts;
        self.check_style(parts)?;
        if self.old && second.len() == 4 {
            let day_first = matches!(self.order, DateOrder::Dmy | DateOrder::Ydm | DateOrder::Dym);
            let (month, day) = if day_first {
                (third, first)
            } else {
                (first, third)
            };
            return Ok((year_of(second)?, small(month)?, small(day)?));
        }
        if first.len() == 4 {
            let day_first = self.year_first_order
                && !self.out.iso
                && matches!(self.order, DateOrder::Dmy | DateOrder::Ydm | DateOrder::Dym);
            let (month, day) = if day_first {
                (third, second)
            } else {
                (second, third)
            };
            return Ok((year_of(first)?, small(month)?, small(day)?));
        }
        if third.len() == 4 {
            let day_first = matches!(self.order, DateOrder::Dmy | DateOrder::Ydm | DateOrder::Dym);
            let (month, day) = if day_first {
                (second, first)
            } else {
                (first, second)
            };
            return Ok((year_of(third)?, small(month)?, small(day)?));
        }
        let (year, month, day) = match self.order {
            DateOrder::Mdy => (third, first, second),
            DateOrder::Dmy => (third, second, first),
            DateOrder::Ymd => (first, second, third),
            DateOrder::Ydm => (first, third, second),
            DateOrder::Myd => (second, first, third),
            DateOrder::Dym => (second, third, first),
        };
        Ok((year_of(year)?, small(month)?, small(day)?))
    }
}

impl Parser<'_, '_> {
    /// Whether a date of separated numbers may stand in the style: some have only names or packed digits, and the others
    /// want two or four digits of the year.
    fn check_style(&self, parts: [&str; 3]) -> Result<(), DateError> {
        let long_year = parts.iter().any(|part| part.len() == 4);
        match self.style {
            Some(6..=9 | 12..=14 | 24 | 100 | 106..=109 | 112..=114) => Err(if self.old {
                DateError::Syntax
            } else {
                DateError::Style
            }),
            Some(1..=5 | 10 | 11 | 22) if long_year => Err(DateError::Syntax),
            Some(20 | 21 | 23 | 25 | 101..=105 | 110 | 111 | 120 | 121 | 126 | 127)
                if !long_year =>
            {
                Err(DateError::Syntax)
            }
            _ => Ok(()),
        }
    }
}

/// `yyyymmdd`, `yymmdd` or `yyyy`.
fn packed(digits: &str) -> Result<(i32, u32, u32), DateError> {
    match digits.len() {
        8 => Ok((
            year_of(&digits[..4])?,
            small(&digits[4..6])?,
            small(&digits[6..])?,
        )),
        6 => Ok((
            year_of(&digits[..2])?,
            small(&digits[2..4])?,
            small(&digits[4..])?,
        )),
        4 => Ok((year_of(digits)?, 1, 1)),
        _ => Err(DateError::Syntax),
    }
}

/// A year of four digits, or of two with the cutoff of 2049.
fn year_of(digits: &str) -> Result<i32, DateError> {
    let year: i32 = digits.parse().map_err(|_| DateError::Syntax)?;
    match digits.len() {
        4 => Ok(year),
        1 | 2 => Ok(if year < 50 { 2000 + year } else { 1900 + year }),
        _ => Err(DateError::Syntax),
    }
}

/// A number of one or two digits.
fn small(digits: &str) -> Result<u32, DateError> {
    if digits.len() > 2 {
        return Err(DateError::Syntax);
    }
    digits.parse().map_err(|_| DateError::Syntax)
}

fn half(word: &str) -> Option<bool> {
    if word.eq_ignore_ascii_case("am") {
        Some(false)
    } else if word.eq_ignore_ascii_case("pm") {
        Some(true)
    } else {
        None
    }
}

/// A month by its name or the first three letters of it.
fn month_number(word: &str) -> Option<u32> {
    MONTHS
        .iter()
        .position(|month| {
            month.eq_ignore_ascii_case(word)
                || (word.len() == 3 && month[..3].eq_ignore_ascii_case(word))
        })
        .map(|at| at as u32 + 1)
}

#[cfg(test)]
mod tests;
