//! Numeric format strings.

use milink_core::value::{Decimal, Value};

use super::MAX_WIDTH;
use crate::types::{decimal, grouped};

/// A number by a standard (letter and digits) or custom format; `None` if the format is not valid.
pub(super) fn number(value: &Value, format: &str) -> Option<String> {
    let digits = Digits::of(value)?;
    if format.is_empty() {
        return Some(digits.plain());
    }
    let mut chars = format.chars();
    let letter = chars.next()?;
    let rest = chars.as_str();
    let standard =
        letter.is_ascii_alphabetic() && rest.len() <= 2 && rest.bytes().all(|b| b.is_ascii_digit());
    if !standard {
        return Some(custom(&digits, format));
    }
    let places = rest.parse::<usize>().ok().map(|n| n.min(MAX_WIDTH));
    match letter.to_ascii_uppercase() {
        'C' => {
            let number = digits.rounded(places.unwrap_or(2));
            let text = format!("${}", number.with_groups());
            Some(if number.negative {
                format!("({text})")
            } else {
                text
            })
        }
        'N' => {
            let number = digits.rounded(places.unwrap_or(2));
            Some(format!("{}{}", number.sign(), number.with_groups()))
        }
        'F' => {
            let number = digits.rounded(places.unwrap_or(2));
            Some(format!("{}{}", number.sign(), number.unsigned()))
        }
        'P' => {
            let number = digits.shifted(2).rounded(places.unwrap_or(2));
            Some(format!("{}{} %", number.sign(), number.with_groups()))
        }
        'D' => match value {
            Value::Int(_) => Some(format!(
                "{}{:0>width$}",
                digits.sign(),
                digits.whole,
                width = places.unwrap_or(0)
            )),
            _ => None,
        },
        'X' => match value {
            Value::Int(number) => {
                let bits = match i32::try_from(*number) {
                    Ok(small) => u64::from(small as u32),
                    Err(_) => *number as u64,
                };
                let width = places.unwrap_or(0);
                Some(if letter == 'x' {
                    format!("{bits:0width$x}")
                } else {
                    format!("{bits:0width$X}")
                })
            }
            _ => None,
        },
        'E' => {
            let number = as_float(value)?;
            let text = format!("{number:.*e}", places.unwrap_or(6));
            let (mantissa, exponent) = text.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            let sign = if exponent < 0 { '-' } else { '+' };
            Some(format!("{mantissa}{letter}{sign}{:03}", exponent.abs()))
        }
        'G' | 'R' => Some(match places {
            Some(significant) if significant > 0 && letter.eq_ignore_ascii_case(&'g') => {
                digits.significant(significant)
            }
            _ => digits.plain(),
        }),
        _ => None,
    }
}

fn as_float(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Money(units) => Some(*units as f64 / 10_000.0),
        Value::Decimal(number) => Some(decimal::to_f64(*number)),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// A number as its decimal digits.
#[derive(Clone, Debug)]
struct Digits {
    negative: bool,
    /// Without leading zeros, save a lone one.
    whole: String,
    fraction: String,
    /// Whether the value is a float, whose trailing zeros mean nothing.
    float: bool,
}

impl Digits {
    fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Int(number) => number.to_string(),
            Value::Money(units) => decimal::to_text(Decimal {
                units: (*units).into(),
                scale: 4,
            }),
            Value::Decimal(number) => decimal::to_text(*number),
            // .NET shows 15 digits of a double.
            Value::Float(number) => {
                let exponent = number.abs().log10().floor();
                let places = if exponent.is_finite() {
                    (14.0 - exponent).clamp(0.0, 340.0) as usize
                } else {
                    0
                };
                format!("{number:.places$}")
            }
            _ => return None,
        };
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, &*text),
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let float = matches!(value, Value::Float(_));
        let fraction = if float {
            fraction.trim_end_matches('0')
        } else {
            fraction
        };
        Some(Self {
            negative,
            whole: whole.to_owned(),
            fraction: fraction.to_owned(),
            float,
        })
    }

    fn is_zero(&self) -> bool {
        self.whole
            .bytes()
            .chain(self.fraction.bytes())
            .all(|b| b == b'0')
    }

    fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }

    fn unsigned(&self) -> String {
        if self.fraction.is_empty() {
            self.whole.clone()
        } else {
            format!("{}.{}", self.whole, self.fraction)
        }
    }

    fn plain(&self) -> String {
        format!("{}{}", self.sign(), self.unsigned())
    }

    fn with_groups(&self) -> String {
        let whole = grouped(&self.whole);
        if self.fraction.is_empty() {
            whole
        } else {
            format!("{whole}.{}", self.fraction)
        }
    }

    /// Exactly so many digits behind the point, half away from zero; a zero loses its sign.
    fn rounded(&self, places: usize) -> Self {
        let mut digits: Vec<u8> = self.whole.bytes().collect();
        let whole = digits.len();
        digits.extend(self.fraction.bytes());
        let wanted = whole + places;
        let up = digits.get(wanted).is_some_and(|digit| *digit >= b'5');
        digits.resize(wanted, b'0');
        let mut carry = up;
        for digit in digits.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
        let mut text: String = digits.iter().map(|digit| char::from(*digit)).collect();
        if carry {
            text.insert(0, '1');
        }
        let (whole, fraction) = text.split_at(text.len() - places);
        let mut result = Self {
            negative: self.negative,
            whole: trimmed(whole),
            fraction: fraction.to_owned(),
            float: self.float,
        };
        result.negative &= !result.is_zero();
        result
    }

    /// The point moved to the right.
    fn shifted(&self, places: usize) -> Self {
        let padded = format!("{:0<places$}", self.fraction);
        let (moved, fraction) = padded.split_at(places);
        Self {
            whole: trimmed(&format!("{}{moved}", self.whole)),
            fraction: fraction.to_owned(),
            ..*self
        }
    }

    /// The point moved to the left.
    fn divided(&self, places: usize) -> Self {
        let padded = format!("{:0>width$}", self.whole, width = places + 1);
        let (whole, moved) = padded.split_at(padded.len() - places);
        Self {
            whole: trimmed(whole),
            fraction: format!("{moved}{}", self.fraction),
            ..*self
        }
    }

    /// At most so many significant digits, without trailing zeros.
    fn significant(&self, count: usize) -> String {
        let whole = if self.whole == "0" {
            0
        } else {
            self.whole.len()
        };
        let zeros = if whole == 0 {
            self.fraction.bytes().take_while(|b| *b == b'0').count()
        } else {
            0
        };
        let rounded = if whole > count {
            return self.plain();
        } else {
            self.rounded(count - whole + zeros)
        };
        let text = rounded.plain();
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    }
}

fn trimmed(whole: &str) -> String {
    let digits = whole.trim_start_matches('0');
    if digits.is_empty() {
        "0".to_owned()
    } else {
        digits.to_owned()
    }
}

/// A piece of a custom format.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Zero,
    Digit,
    Point,
    Comma,
    Percent,
    Literal(char),
}

/// `#,##0.00;(#,##0.00);-`: sections for positive, negative and zero.
fn custom(digits: &Digits, format: &str) -> String {
    let sections = sections(format);
    let section = |at: usize| sections.get(at).filter(|pieces| !pieces.is_empty());
    if digits.is_zero() {
        let pieces = section(2).or_else(|| section(0));
        return pieces.map_or(String::new(), |pieces| filled(digits, pieces));
    }
    if digits.negative
        && let Some(pieces) = section(1)
    {
        let positive = Digits {
            negative: false,
            ..digits.clone()
        };
        return filled(&positive, pieces);
    }
    section(0).map_or(String::new(), |pieces| filled(digits, pieces))
}

fn sections(format: &str) -> Vec<Vec<Piece>> {
    let mut sections = vec![Vec::new()];
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        let piece = match c {
            ';' => {
                sections.push(Vec::new());
                continue;
            }
            '\'' | '"' => {
                for inner in chars.by_ref() {
                    if inner == c {
                        break;
                    }
                    if let Some(section) = sections.last_mut() {
                        section.push(Piece::Literal(inner));
                    }
                }
                continue;
            }
            '\\' => match chars.next() {
                Some(escaped) => Piece::Literal(escaped),
                None => break,
            },
            '0' => Piece::Zero,
            '#' => Piece::Digit,
            '.' => Piece::Point,
            ',' => Piece::Comma,
            '%' => Piece::Percent,
            other => Piece::Literal(other),
        };
        if let Some(section) = sections.last_mut() {
            section.push(piece);
        }
    }
    sections
}

fn filled(digits: &Digits, pieces: &[Piece]) -> String {
    let is_digit = |piece: &Piece| matches!(piece, Piece::Zero | Piece::Digit);
    let point = pieces.iter().position(|piece| *piece == Piece::Point);
    let (before, behind) = pieces.split_at(point.unwrap_or(pieces.len()));
    // Commas between digits group; commas right before the point divide by a thousand each.
    let last_digit = before.iter().rposition(is_digit).unwrap_or(0);
    let scaling = before[last_digit..]
        .iter()
        .filter(|p| **p == Piece::Comma)
        .count();
    let first_digit = before.iter().position(is_digit);
    let groups = first_digit.is_some_and(|first| {
        first < last_digit && before[first..last_digit].contains(&Piece::Comma)
    });
    let percent = pieces
        .iter()
        .filter(|piece| **piece == Piece::Percent)
        .count();
    let places = behind.iter().filter(|piece| is_digit(piece)).count();
    let number = digits
        .shifted(2 * percent)
        .divided(3 * scaling)
        .rounded(places);

    let slots = before.iter().filter(|piece| is_digit(piece)).count();
    // Everything from the first zero on is always shown.
    let required = match before
        .iter()
        .filter(|p| is_digit(p))
        .position(|p| *p == Piece::Zero)
    {
        Some(first_zero) => slots - first_zero,
        None => 0,
    };
    let whole = if number.whole == "0" {
        ""
    } else {
        &*number.whole
    };
    let whole = format!("{whole:0>required$}");

    let mut out = String::new();
    if number.negative {
        out.push('-');
    }
    let mut left = slots;
    let mut shown = 0;
    let total = whole.len();
    let push_digits = |out: &mut String, shown: &mut usize, until: usize| {
        while *shown < until {
            out.push_str(&whole[*shown..=*shown]);
            *shown += 1;
            let remaining = total - *shown;
            if groups && remaining > 0 && remaining.is_multiple_of(3) {
                out.push(',');
            }
        }
    };
    for piece in before {
        match piece {
            Piece::Zero | Piece::Digit => {
                // The first slot takes all digits that have none of their own.
                left -= 1;
                push_digits(&mut out, &mut shown, total.saturating_sub(left));
            }
            Piece::Percent => out.push('%'),
            Piece::Literal(c) => out.push(*c),
            Piece::Comma | Piece::Point => {}
        }
    }
    // Optional digits at the end of the fraction disappear if they are zeros.
    let required = behind
        .iter()
        .filter(|piece| is_digit(piece))
        .collect::<Vec<_>>()
        .iter()
        .rposition(|piece| **piece == Piece::Zero)
        .map_or(0, |at| at + 1);
    let kept = number.fraction.trim_end_matches('0').len().max(required);
    let mut fraction = number.fraction[..kept.min(number.fraction.len())].chars();
    let mut pointed = false;
    for piece in behind {
        match piece {
            Piece::Zero | Piece::Digit => {
                if let Some(digit) = fraction.next() {
                    if !pointed {
                        out.push('.');
                        pointed = true;
                    }
                    out.push(digit);
                }
            }
            Piece::Percent => out.push('%'),
            Piece::Literal(c) => out.push(*c),
            Piece::Comma | Piece::Point => {}
        }
    }
    out
}
