//! Functions that measure, take apart and re-case text: LEN, SUBSTRING, UPPER, TRIM and their kind.

use std::sync::Arc;

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call, variable_length, with_length};
use crate::error::{Abort, SqlError};
use crate::types::text::{Units, code_page_byte, code_page_char};
use crate::types::{ExprType, Family, declared_length, family, is_national};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("len", 1, 1, length_type, len),
    ScalarFunction::new("datalength", 1, 1, datalength_type, datalength),
    ScalarFunction::new("substring", 3, 3, substring_type, substring),
    ScalarFunction::new("left", 2, 2, left_type, left),
    ScalarFunction::new("right", 2, 2, left_type, right),
    ScalarFunction::new("upper", 1, 1, same_text, |call| {
        recased(call, str::to_uppercase, str::to_ascii_uppercase)
    }),
    ScalarFunction::new("lower", 1, 1, same_text, |call| {
        recased(call, str::to_lowercase, str::to_ascii_lowercase)
    }),
    ScalarFunction::new("ltrim", 1, 2, trim_type, |call| trimmed(call, true, false)),
    ScalarFunction::new("rtrim", 1, 2, trim_type, |call| trimmed(call, false, true)),
    ScalarFunction::new("trim", 1, 2, trim_type, |call| trimmed(call, true, true)),
    ScalarFunction::new("reverse", 1, 1, same_text, reverse),
    ScalarFunction::new("ascii", 1, 1, code_type, ascii),
    ScalarFunction::new("unicode", 1, 1, code_type, unicode),
    ScalarFunction::new(
        "char",
        1,
        1,
        |a| char_type(a, SqlType::Char(1)),
        char_function,
    ),
    ScalarFunction::new(
        "nchar",
        1,
        1,
        |a| char_type(a, SqlType::NChar(1)),
        nchar_function,
    ),
];

/// How functions count characters: UTF-16 units in `nvarchar`, characters elsewhere and under a collation with
/// supplementary characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    Characters,
    Utf16,
}

impl Counting {
    pub(super) fn of(ty: &ExprType) -> Self {
        if is_national(ty.sql) && !ty.collation_or_default().is_utf8() {
            Self::Utf16
        } else {
            Self::Characters
        }
    }

    fn of_char(self, c: char) -> usize {
        match self {
            Self::Characters => 1,
            Self::Utf16 => c.len_utf16(),
        }
    }

    pub(super) fn length(self, text: &str) -> usize {
        if text.is_ascii() {
            return text.len();
        }
        text.chars().map(|c| self.of_char(c)).sum()
    }

    /// The byte where the character of this index starts; the end of the text if there is none. A half of a surrogate
    /// pair cannot be held, so an index inside a pair means the character behind it.
    pub(super) fn offset(self, text: &str, index: usize) -> usize {
        if text.is_ascii() {
            return index.min(text.len());
        }
        let mut seen = 0;
        for (at, c) in text.char_indices() {
            if seen >= index {
                return at;
            }
            seen += self.of_char(c);
        }
        text.len()
    }

    /// So many characters from an index on.
    pub(super) fn slice(self, text: &str, from: usize, count: usize) -> &str {
        let start = self.offset(text, from);
        let rest = &text[start..];
        &rest[..self.offset(rest, count)]
    }
}

fn length_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    if matches!(
        a.ty(0).sql,
        SqlType::Text | SqlType::NText | SqlType::Image | SqlType::Xml
    ) {
        return Err(a.invalid(0));
    }
    a.text(0)?;
    a.length_result(0)
}

fn len(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if let Value::Bytes(bytes) = call.value(0) {
        // Bytes count as characters: trailing blanks do not count there either.
        let length = bytes
            .iter()
            .rposition(|b| *b != b' ')
            .map_or(0, |at| at + 1);
        return Ok(Value::Int(length as i64));
    }
    let text = call.text(0)?;
    let length = Counting::of(call.ty(0)).length(text.trim_end_matches(' '));
    Ok(Value::Int(length as i64))
}

fn datalength_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.length_result(0)
}

fn datalength(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(Value::Int(byte_length(call.value(0), call.ty(0)) as i64))
}

/// How many bytes a value takes.
pub(super) fn byte_length(value: &Value, ty: &ExprType) -> usize {
    match value {
        Value::Str(text) => {
            let units = Units::of(ty);
            units.bytes(units.length(text))
        }
        Value::Bytes(bytes) => bytes.len(),
        Value::Variant(inner) => byte_length(&inner.1, &ExprType::new(inner.0)),
        // The storage of the digits that there are, not of those that fit.
        Value::Decimal(number) => match 128 - number.units.unsigned_abs().leading_zeros() {
            ..=32 => 5,
            33..=64 => 9,
            65..=96 => 13,
            _ => 17,
        },
        _ => match ty.sql {
            SqlType::Bit | SqlType::TinyInt => 1,
            SqlType::SmallInt => 2,
            SqlType::Int | SqlType::SmallMoney | SqlType::Real | SqlType::SmallDateTime => 4,
            SqlType::Date => 3,
            SqlType::Decimal { precision, .. } => match precision {
                ..=9 => 5,
                10..=19 => 9,
                20..=28 => 13,
                _ => 17,
            },
            SqlType::Time(n) => time_bytes(n),
            SqlType::DateTime2(n) => time_bytes(n) + 3,
            SqlType::DateTimeOffset(n) => time_bytes(n) + 5,
            SqlType::UniqueIdentifier => 16,
            _ => 8,
        },
    }
}

fn time_bytes(digits: u8) -> usize {
    match digits {
        ..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// A text's own type, or a binary's for the functions that cut both.
fn cuttable(a: &Arguments<'_>, numbers: bool) -> Result<ExprType, SqlError> {
    let ty = a.ty(0);
    match family(ty.sql) {
        _ if ty.is_null_literal() => Err(a.invalid(0)),
        Family::Binary => Ok(variable_length(*ty)),
        Family::Image => Ok(with_length(*ty, None)),
        Family::Text | Family::LargeText => Ok(variable_length(a.readable(0)?)),
        _ if numbers => Ok(variable_length(a.text(0)?)),
        _ => Err(a.invalid(0)),
    }
}

/// The type cut to a constant count of characters, if there is one.
fn cut_type(ty: ExprType, count: Option<&Value>) -> ExprType {
    match (count.and_then(Value::as_int), declared_length(ty.sql)) {
        (Some(count), Some(length)) if count >= 0 => {
            with_length(ty, Some(length.min(count.max(1) as usize)))
        }
        (Some(count), None) if (1..=4000).contains(&count) => {
            // A known short piece of a (max) value still is (max).
            ty
        }
        _ => ty,
    }
}

fn substring_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(1, SqlType::Int)?;
    a.require(2, SqlType::Int)?;
    not_negative(a, 2)?;
    Ok(cut_type(cuttable(a, false)?, a.constant(2)).with_nullable(true))
}

fn substring(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (start, count) = (call.int(1)?, call.int(2)?);
    if count < 0 {
        return Err(SqlError::invalid_substring_length());
    }
    // A start below 1 uses up part of the length.
    let end = start.saturating_add(count).max(1);
    let from = (start.max(1) - 1) as usize;
    let count = (end - start.max(1)).max(0) as usize;
    if let Value::Bytes(bytes) = call.value(0) {
        let from = from.min(bytes.len());
        let end = from.saturating_add(count).min(bytes.len());
        return Ok(Value::bytes(&bytes[from..end]));
    }
    let text = call.text(0)?;
    let piece = Counting::of(call.result).slice(&text, from, count);
    call.answer(piece)
}

/// A constant negative length is refused when the call is bound, with the function's name.
fn not_negative(a: &Arguments<'_>, at: usize) -> Result<(), SqlError> {
    match a.constant(at).and_then(Value::as_int) {
        Some(..0) => Err(SqlError::invalid_length(a.name).aborting(Abort::Batch)),
        _ => Ok(()),
    }
}

fn left_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(1, SqlType::Int)?;
    not_negative(a, 1)?;
    let ty = match family(a.ty(0).sql) {
        Family::LargeText | Family::Image | Family::Xml => return Err(a.invalid(0)),
        _ => variable_length(a.text(0)?),
    };
    Ok(cut_type(ty, a.constant(1)).with_nullable(true))
}

fn left(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let count = usize::try_from(call.int(1)?).map_err(|_| SqlError::invalid_substring_length())?;
    let text = call.text(0)?;
    call.answer(Counting::of(call.result).slice(&text, 0, count))
}

fn right(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let count = usize::try_from(call.int(1)?)
        .map_err(|_| SqlError::invalid_length("right").with_state(4))?;
    let text = call.text(0)?;
    let counting = Counting::of(call.result);
    let skip = counting.length(&text).saturating_sub(count);
    call.answer(counting.slice(&text, skip, count))
}

/// The variable-length type of the first argument's text.
fn same_text(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    if matches!(
        family(a.ty(0).sql),
        Family::LargeText | Family::Image | Family::Xml
    ) {
        return Err(a.invalid(0));
    }
    Ok(variable_length(a.text(0)?).with_nullable(true))
}

fn recased(
    call: &mut Call<'_>,
    full: fn(&str) -> String,
    ascii: fn(&str) -> String,
) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    if text.is_ascii() {
        return Ok(Value::str(ascii(&text)));
    }
    // Only letters that keep their length change, so that ß stays ß.
    let recased: String = text
        .chars()
        .map(|c| {
            let changed = full(c.encode_utf8(&mut [0; 4]));
            let mut chars = changed.chars();
            match (chars.next(), chars.next()) {
                (Some(single), None) => single,
                _ => c,
            }
        })
        .collect();
    call.answer(recased)
}

fn trim_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    if a.types.len() > 1 {
        a.text(1)?;
    }
    same_text(a)
}

fn trimmed(call: &mut Call<'_>, start: bool, end: bool) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    let characters: Arc<str> = if call.count() > 1 {
        call.text(1)?
    } else {
        " ".into()
    };
    let collation = call.collation(0);
    let listed = |c: char| {
        let mut buffer = [0; 4];
        let c: &str = c.encode_utf8(&mut buffer);
        characters.chars().any(|listed| {
            let mut other = [0; 4];
            let listed: &str = listed.encode_utf8(&mut other);
            // Blanks compare equal to nothing but themselves here.
            (c == listed) || (c != " " && listed != " " && collation.equal(c, listed))
        })
    };
    let mut rest: &str = &text;
    if start {
        rest = rest.trim_start_matches(listed);
    }
    if end {
        rest = rest.trim_end_matches(listed);
    }
    call.answer(rest)
}

fn reverse(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    call.answer(text.chars().rev().collect::<String>())
}

fn code_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    // An empty text has no code.
    Ok(ExprType::new(SqlType::Int))
}

fn ascii(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    Ok(Value::int_or_null(
        text.chars()
            .next()
            .map(|c| code_page_byte(c).unwrap_or(b'?')),
    ))
}

fn unicode(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    let first = text.chars().next();
    Ok(Value::int_or_null(first.map(|c| {
        if Counting::of(call.ty(0)) == Counting::Utf16 {
            u32::from(c.encode_utf16(&mut [0; 2])[0])
        } else {
            u32::from(c)
        }
    })))
}

fn char_type(a: &Arguments<'_>, sql: SqlType) -> Result<ExprType, SqlError> {
    a.require(0, SqlType::Int)?;
    Ok(ExprType::new(sql))
}

fn char_function(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(match u8::try_from(call.int(0)?) {
        Ok(byte) => Value::str(code_page_char(byte).to_string()),
        Err(_) => Value::Null,
    })
}

fn nchar_function(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let code = u32::try_from(call.int(0)?).ok();
    Ok(match code.filter(|code| *code <= 0xFFFF) {
        // Half of a surrogate pair cannot be held.
        Some(code) => Value::str(
            char::from_u32(code)
                .unwrap_or(char::REPLACEMENT_CHARACTER)
                .to_string(),
        ),
        None => Value::Null,
    })
}

/// `nvarchar(max)` or `varchar(max)` as the argument is, else the 8000 bytes of the kind.
pub(super) fn widest(ty: ExprType, large: bool) -> ExprType {
    let length = match (large, is_national(ty.sql)) {
        (true, _) => Length::Max,
        (false, true) => Length::Limited(4000),
        (false, false) => Length::Limited(8000),
    };
    let sql = if is_national(ty.sql) {
        SqlType::NVarChar(length)
    } else {
        SqlType::VarChar(length)
    };
    ExprType { sql, ..ty }
}
