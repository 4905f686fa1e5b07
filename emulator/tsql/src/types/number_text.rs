//! Numbers from text and to text, by the rules of each type.

use milink_core::value::Decimal;

use super::decimal::{MAX_PRECISION, POW10};
use crate::error::SqlError;

/// Why a text is no number of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberError {
    /// It is no number at all.
    Syntax,
    /// It has more digits than the type.
    Overflow,
}

/// A whole number with an optional sign; empty text and a lone sign are zero. Blanks around are ignored, other
/// white space is not.
pub(super) fn parse_integer(text: &str) -> Result<i64, NumberError> {
    let (negative, digits) = signed(text.trim_matches(' '));
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NumberError::Syntax);
    }
    let mut value = 0_i64;
    for digit in digits.bytes() {
        let digit = i64::from(digit - b'0');
        let digit = if negative { -digit } else { digit };
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(digit))
            .ok_or(NumberError::Overflow)?;
    }
    Ok(value)
}

/// A decimal number without exponent, rounded to `scale` digits behind the point.
pub(super) fn parse_decimal(text: &str, precision: u8, scale: u8) -> Result<Decimal, NumberError> {
    let (negative, digits) = signed(text.trim_matches(' '));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty()
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return Err(NumberError::Syntax);
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > usize::from(MAX_PRECISION) {
        return Err(NumberError::Overflow);
    }
    let kept = fraction.len().min(usize::from(scale));
    let mut units = 0_u128;
    for digit in whole.bytes().chain(fraction[..kept].bytes()) {
        units = units
            .checked_mul(10)
            .and_then(|v| v.checked_add(u128::from(digit - b'0')))
            .ok_or(NumberError::Overflow)?;
    }
    units = units
        .checked_mul(POW10[usize::from(scale) - kept])
        .ok_or(NumberError::Overflow)?;
    if fraction
        .as_bytes()
        .get(kept)
        .is_some_and(|digit| *digit >= b'5')
    {
        units += 1;
    }
    if units >= POW10[usize::from(precision)] {
        return Err(NumberError::Overflow);
    }
    let units = units as i128;
    Ok(Decimal {
        units: if negative { -units } else { units },
        scale,
    })
}

/// A float; empty text is zero. Infinite if it is out of range.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_start().trim_end_matches(' ');
    if text.is_empty() {
        return Some(0.0);
    }
    // Rust also reads "inf" and "nan", which T-SQL does not know.
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(plain) {
        return None;
    }
    text.parse().ok()
}

/// An amount in ten-thousandths: sign, currency symbol, thousands separators; empty text is zero.
pub(crate) fn parse_money(text: &str) -> Result<i64, SqlError> {
    let mut rest = text.trim_start_matches(' ').trim_end();
    if rest.is_empty() {
        return Ok(0);
    }
    let mut negative = false;
    let mut symbol = false;
    loop {
        rest = rest.trim_start();
        match rest.chars().next() {
            Some('-') if !negative => negative = true,
            Some('+') => {}
            Some(c) if is_currency(c) && !symbol => symbol = true,
            _ => break,
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        rest = &rest[first..];
    }
    let rest = rest.replace(',', "");
    // A bare symbol is zero.
    if rest.is_empty() && symbol {
        return Ok(0);
    }
    if rest.starts_with(['+', '-']) {
        return Err(SqlError::money_syntax());
    }
    let amount = parse_decimal(&rest, MAX_PRECISION, 4).map_err(|error| match error {
        NumberError::Syntax => SqlError::money_syntax(),
        NumberError::Overflow => SqlError::money_text_overflow(),
    })?;
    let units = if negative {
        -amount.units
    } else {
        amount.units
    };
    i64::try_from(units).map_err(|_| SqlError::money_text_overflow())
}

/// Whether money may be written with this symbol (documentation: "Constants", money; the usual few of the list).
pub(crate) fn is_currency(c: char) -> bool {
    matches!(c, '$' | '¢' | '£' | '¤' | '¥' | '৲' | '৳' | '฿' | '₠'..='₱')
}

fn signed(text: &str) -> (bool, &str) {
    if let Some(rest) = text.strip_prefix('-') {
        (true, rest.trim_start_matches(' '))
    } else if let Some(rest) = text.strip_prefix('+') {
        (false, rest.trim_start_matches(' '))
    } else {
        (false, text)
    }
}

/// A float by its CONVERT style: 1 is eight digits, 2 sixteen, 3 seventeen, these always with an exponent; any other
/// is style 0, six digits.
pub(super) fn float_text(value: f64, style: i32, real: bool) -> String {
    match style {
        1 => scientific(value, 8),
        2 => scientific(value, 16),
        3 => scientific(value, 17),
        126 => scientific(value, if real { 8 } else { 16 }),
        _ => general(value, 6),
    }
}

/// Sign, so many significant digits without a point, and the exponent of the first. The server keeps 17 digits of a
/// float and rounds those half away from zero (observed over a grid of values).
fn significant(value: f64, digits: usize) -> (bool, String, i32) {
    let text = format!("{:.16e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut exponent: i32 = exponent.parse().unwrap_or(0);
    let mut kept: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let up = kept.get(digits).is_some_and(|digit| *digit >= b'5');
    kept.resize(digits, b'0');
    if up {
        let mut carry = true;
        for digit in kept.iter_mut().rev() {
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
            if !carry {
                break;
            }
        }
        if carry {
            kept.insert(0, b'1');
            kept.pop();
            exponent += 1;
        }
    }
    let kept = kept.into_iter().map(char::from).collect();
    (value.is_sign_negative() && value != 0.0, kept, exponent)
}

/// `%g` with so many digits, and the exponent of at least three digits that the server prints.
fn general(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (negative, text, exponent) = significant(value, digits);
    let sign = if negative { "-" } else { "" };
    if exponent < -4 || exponent >= digits as i32 {
        let mantissa = format!("{}.{}", &text[..1], &text[1..]);
        let mantissa = trim_fraction(&mantissa);
        return format!("{sign}{mantissa}e{}", exponent_text(exponent));
    }
    let plain = if exponent < 0 {
        format!("0.{}{text}", "0".repeat((-exponent - 1) as usize))
    } else {
        let (whole, fraction) = text.split_at(exponent as usize + 1);
        format!("{whole}.{fraction}")
    };
    format!("{sign}{}", trim_fraction(&plain))
}

/// `%e` with so many digits, and the exponent of at least three digits that the server prints.
fn scientific(value: f64, digits: usize) -> String {
    let (negative, text, exponent) = significant(value, digits);
    let sign = if negative { "-" } else { "" };
    format!(
        "{sign}{}.{}e{}",
        &text[..1],
        &text[1..],
        exponent_text(exponent)
    )
}

/// All digits of a large float as messages show them: 17 that mean something, then zeros, then six behind the point.
pub(crate) fn seventeen_digits(value: f64) -> String {
    if value.abs() < 1e16 {
        return format!("{value:.6}");
    }
    let (negative, text, exponent) = significant(value, 17);
    let sign = if negative { "-" } else { "" };
    let width = exponent as usize + 1;
    format!("{sign}{text:0<width$}.000000")
}

fn exponent_text(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{:03}", exponent.abs())
}

fn trim_fraction(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// Money by its CONVERT style: 1 has thousands separators, 2 and 126 four decimals; any other is style 0, two decimals.
pub(super) fn money_text(units: i64, style: i32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let magnitude = units.unsigned_abs();
    if matches!(style, 2 | 126) {
        return format!("{sign}{}.{:04}", magnitude / 10_000, magnitude % 10_000);
    }
    let cents = (magnitude + 50) / 100;
    let whole = (cents / 100).to_string();
    let whole = if style == 1 { grouped(&whole) } else { whole };
    let sign = if cents == 0 { "" } else { sign };
    format!("{sign}{whole}.{:02}", cents % 100)
}

/// Digits with a comma before each group of three.
pub(crate) fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::decimal::to_text;

    #[test]
    fn floats_print_as_the_server_prints_them() {
        let cases = [
            (0.1, 0, "0.1"),
            (123_456.0, 0, "123456"),
            (1_234_567.0, 0, "1.23457e+006"),
            (0.000_01, 0, "1e-005"),
            (-0.000_123_4, 0, "-0.0001234"),
            (1e100, 0, "1e+100"),
            (0.0, 0, "0"),
            (2.0 / 3.0, 0, "0.666667"),
            (999_999.5, 0, "1e+006"),
            (1_234_567.0, 1, "1.2345670e+006"),
            (1_234_567.0, 2, "1.234567000000000e+006"),
            (0.1, 3, "1.0000000000000001e-001"),
            (1.234_575, 0, "1.23458"),
        ];
        for (value, style, expected) in cases {
            assert_eq!(float_text(value, style, false), expected);
        }
        assert_eq!(float_text(1.0, 9, false), "1");
    }

    #[test]
    fn money_prints_by_style() {
        let cases = [
            (12_345_678_950, 0, "1234567.90"),
            (12_345_678_950, 1, "1,234,567.90"),
            (12_345_678_950, 2, "1234567.8950"),
            (-50, 0, "-0.01"),
            (-49, 0, "0.00"),
            (i64::MIN, 2, "-922337203685477.5808"),
        ];
        for (units, style, expected) in cases {
            assert_eq!(money_text(units, style), expected);
        }
    }

    #[test]
    fn integers_decimals_floats_and_money_are_read_by_their_own_rules() {
        let integers = [
            ("12", Ok(12)),
            (" -12 ", Ok(-12)),
            ("+ 12", Ok(12)),
            ("", Ok(0)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("9223372036854775808", Err(NumberError::Overflow)),
            ("1.0", Err(NumberError::Syntax)),
            ("-", Ok(0)),
            ("\t1", Err(NumberError::Syntax)),
            ("1e2", Err(NumberError::Syntax)),
        ];
        for (text, expected) in integers {
            assert_eq!(parse_integer(text), expected, "{text:?}");
        }
        let decimals = [
            ("1.005", Ok("1.01")),
            ("-1.005", Ok("-1.01")),
            (".5", Ok("0.50")),
            ("5.", Ok("5.00")),
            ("999.99", Ok("999.99")),
            ("999.995", Err(NumberError::Overflow)),
            ("1e2", Err(NumberError::Syntax)),
            ("", Err(NumberError::Syntax)),
            (".", Err(NumberError::Syntax)),
        ];
        for (text, expected) in decimals {
            let actual = parse_decimal(text, 5, 2).map(to_text);
            assert_eq!(actual.as_deref().map_err(|e| *e), expected, "{text:?}");
        }
        let floats = [
            ("1e3", Some(1000.0)),
            ("", Some(0.0)),
            ("inf", None),
            ("nan", None),
            ("1,5", None),
        ];
        for (text, expected) in floats {
            assert_eq!(parse_float(text), expected, "{text:?}");
        }
        let money = [
            ("$1,234.5", Ok(12_345_000)),
            ("-$1.00005", Ok(-10_001)),
            ("$-1", Ok(-10_000)),
            ("€2", Ok(20_000)),
            ("", Ok(0)),
            ("abc", Err(235)),
            ("1000000000000000", Err(236)),
        ];
        for (text, expected) in money {
            assert_eq!(
                parse_money(text).map_err(|e| e.number),
                expected,
                "{text:?}"
            );
        }
    }
}
