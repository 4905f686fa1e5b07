//! Functions that build text: CONCAT, REPLICATE, STUFF, QUOTENAME, PARSENAME, STR, STRING_ESCAPE.

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call, variable_length, with_length};
use super::json::json_escaped;
use super::text::{Counting, widest};
use crate::error::SqlError;
use crate::types::decimal;
use crate::types::text::MAX_VALUE_BYTES;
use crate::types::{ExprType, declared_length, is_large, is_national};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("concat", 2, usize::MAX, |a| concat_type(a, 0), concat).takes_null(),
    ScalarFunction::new("concat_ws", 3, usize::MAX, |a| concat_type(a, 1), concat_ws).takes_null(),
    ScalarFunction::new("replicate", 2, 2, replicate_type, replicate),
    ScalarFunction::new("space", 1, 1, space_type, space),
    ScalarFunction::new("stuff", 4, 4, stuff_type, stuff).takes_null(),
    ScalarFunction::new("quotename", 1, 2, quotename_type, quotename),
    ScalarFunction::new("parsename", 2, 2, parsename_type, parsename),
    ScalarFunction::new("str", 1, 3, str_type, str_function),
    ScalarFunction::new("string_escape", 2, 2, string_escape_type, string_escape),
];

/// The joined text is `nvarchar` if a part is, and as long as all parts; NULL counts as empty, so the result is
/// not nullable.
fn concat_type(a: &Arguments<'_>, separators: usize) -> Result<ExprType, SqlError> {
    let types = (0..a.types.len())
        .map(|at| a.text(at))
        .collect::<Result<Vec<_>, _>>()?;
    let national = types.iter().find(|ty| is_national(ty.sql));
    let mut ty = *national.unwrap_or(&types[0]);
    if let Some(strongest) = types.iter().max_by_key(|ty| ty.coercibility)
        && strongest.coercibility > ty.coercibility
    {
        ty.collation = strongest.collation;
        ty.coercibility = strongest.coercibility;
    }
    let mut total = Some(0);
    for part in &types[separators..] {
        total = total.zip(declared_length(part.sql)).map(|(sum, n)| sum + n);
    }
    if separators > 0 {
        let gaps = types.len() - 2;
        total = total
            .zip(declared_length(types[0].sql))
            .map(|(sum, n)| sum + n * gaps);
    }
    Ok(with_length(ty, total).not_null())
}

fn concat(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let mut out = String::new();
    for at in 0..call.count() {
        push_part(call, at, &mut out)?;
    }
    call.answer(out)
}

fn concat_ws(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let separator = if call.is_null(0) {
        "".into()
    } else {
        call.text(0)?
    };
    let mut out = String::new();
    let mut first = true;
    for at in 1..call.count() {
        if call.is_null(at) {
            continue;
        }
        if !first {
            out.push_str(&separator);
        }
        first = false;
        push_part(call, at, &mut out)?;
    }
    call.answer(out)
}

fn push_part(call: &Call<'_>, at: usize, out: &mut String) -> Result<(), SqlError> {
    if !call.is_null(at) {
        out.push_str(&call.text(at)?);
    }
    if out.len() > MAX_VALUE_BYTES {
        return Err(SqlError::value_too_large(MAX_VALUE_BYTES));
    }
    Ok(())
}

fn replicate_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(1, SqlType::Int)?;
    let ty = a.text(0)?;
    // With a constant count, the length is known.
    match (
        a.constant(1).and_then(Value::as_int),
        declared_length(ty.sql),
    ) {
        (Some(count), Some(length)) => {
            let units = usize::try_from(count).unwrap_or(0).saturating_mul(length);
            let least = if is_national(ty.sql) { 1 } else { 2 };
            let length = if count <= 0 { least } else { units };
            Ok(with_length(ty, Some(length)).with_nullable(true))
        }
        _ => Ok(widest(ty, is_large(ty.sql)).with_nullable(true)),
    }
}

fn replicate(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (text, count) = (call.text(0)?, call.int(1)?);
    let Ok(count) = usize::try_from(count) else {
        return Ok(Value::Null);
    };
    call.answer(repeated(&text, count, declared_length(call.result.sql))?)
}

/// The text so many times, but no more than fills `limit`; a longer (max) value is refused.
fn repeated(text: &str, count: usize, limit: Option<usize>) -> Result<String, SqlError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let count = match limit {
        // A character is at least one unit long, so this many fill the type.
        Some(limit) => count.min(limit.div_ceil(text.chars().count())),
        None => count,
    };
    if count.saturating_mul(text.len()) > MAX_VALUE_BYTES {
        return Err(SqlError::value_too_large(MAX_VALUE_BYTES));
    }
    Ok(text.repeat(count))
}

fn space_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(0, SqlType::Int)?;
    let length = match a.constant(0).and_then(Value::as_int) {
        Some(count @ 1..=8000) => count as u16,
        _ => 8000,
    };
    Ok(ExprType::new(SqlType::varchar(length)))
}

fn space(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(match usize::try_from(call.int(0)?) {
        Ok(count) => Value::str(" ".repeat(count.min(8000))),
        Err(_) => Value::Null,
    })
}

fn stuff_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(1, SqlType::Int)?;
    a.require(2, SqlType::Int)?;
    let (text, inserted) = (a.text(0)?, a.text(3)?);
    let base = if is_national(inserted.sql) && !is_national(text.sql) {
        ExprType {
            collation: text.collation,
            coercibility: text.coercibility,
            ..inserted
        }
    } else {
        text
    };
    let constant = |at: usize| a.constant(at).and_then(Value::as_int);
    let lengths = declared_length(text.sql).zip(declared_length(inserted.sql));
    Ok(match (lengths, constant(1), constant(2)) {
        (Some((left, right)), Some(start), Some(count)) if start > 0 && count >= 0 => {
            // What is cut out is known, so the length is too.
            let behind = left.saturating_sub(start as usize - 1);
            let cut = behind.min(count as usize);
            with_length(base, Some(left - cut + right))
        }
        (Some(_), _, _) => widest(base, false),
        (None, _, _) => widest(base, true),
    }
    .with_nullable(true))
}

/// NULL for a start or length that is out of range; a NULL insertion only deletes.
fn stuff(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if (0..3).any(|at| call.is_null(at)) {
        return Ok(Value::Null);
    }
    let (text, start, count) = (call.text(0)?, call.int(1)?, call.int(2)?);
    let inserted = if call.is_null(3) {
        "".into()
    } else {
        call.text(3)?
    };
    let counting = Counting::of(call.result);
    let length = counting.length(&text) as i64;
    if start < 1 || start > length || count < 0 {
        return Ok(Value::Null);
    }
    let from = counting.offset(&text, start as usize - 1);
    let rest = &text[from..];
    let rest = &rest[counting.offset(rest, usize::try_from(count).unwrap_or(usize::MAX))..];
    call.answer(format!("{}{inserted}{rest}", &text[..from]))
}

fn quotename_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    if a.ty(0).sql == SqlType::Image {
        return Err(SqlError::types_clash(SqlType::Image, SqlType::nvarchar(1)));
    }
    a.readable(0)?;
    if a.types.len() > 1 {
        a.text(1)?;
    }
    Ok(ExprType::new(SqlType::nvarchar(258)))
}

/// NULL for a name over 128 characters or a quote that is none.
fn quotename(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let name = call.text(0)?;
    let quote = if call.count() > 1 {
        call.text(1)?.chars().next().unwrap_or('[')
    } else {
        '['
    };
    let (open, close) = match quote {
        '[' | ']' => ('[', ']'),
        '(' | ')' => ('(', ')'),
        '<' | '>' => ('<', '>'),
        '{' | '}' => ('{', '}'),
        '\'' | '"' | '`' => (quote, quote),
        _ => return Ok(Value::Null),
    };
    if Counting::Utf16.length(&name) > 128 {
        return Ok(Value::Null);
    }
    let doubled = name.replace(close, &format!("{close}{close}"));
    call.answer(format!("{open}{doubled}{close}"))
}

fn parsename_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    a.require(1, SqlType::Int)?;
    Ok(ExprType::new(SqlType::SYSNAME))
}

/// A part of a name of up to four parts: 1 is the object, 4 the server.
fn parsename(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (name, piece) = (call.text(0)?, call.int(1)?);
    let Some(parts) = name_parts(&name) else {
        return Ok(Value::Null);
    };
    let part = usize::try_from(piece)
        .ok()
        .filter(|piece| (1..=parts.len()).contains(piece))
        .map(|piece| parts[parts.len() - piece].clone())
        .filter(|part| !part.is_empty());
    Ok(Value::str_or_null(part))
}

/// The parts of a name without their quotes; `None` if it is no name.
fn name_parts(name: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let part = parts.last_mut()?;
        match c {
            '.' => parts.push(String::new()),
            '[' | '"' if part.is_empty() => {
                let close = if c == '[' { ']' } else { '"' };
                loop {
                    let inner = chars.next()?;
                    if inner != close {
                        part.push(inner);
                    } else if chars.peek() == Some(&close) {
                        part.push(close);
                        chars.next();
                    } else {
                        break;
                    }
                }
                if !matches!(chars.peek(), None | Some('.')) {
                    return None;
                }
            }
            other => part.push(other),
        }
    }
    let valid = parts.len() <= 4 && parts.iter().all(|part| Counting::Utf16.length(part) <= 128);
    valid.then_some(parts)
}

fn str_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.require(0, SqlType::Float)?;
    for at in 1..a.types.len() {
        a.require(at, SqlType::Int)?;
    }
    let length = match (a.types.len(), a.constant(1).and_then(Value::as_int)) {
        (1, _) => 10,
        (_, Some(length @ 1..=8000)) => length as u16,
        _ => 8000,
    };
    Ok(ExprType::new(SqlType::varchar(length)))
}

/// A float right-aligned; asterisks if it does not fit.
fn str_function(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let number = call.float(0)?;
    let length = if call.count() > 1 { call.int(1)? } else { 10 };
    let places = if call.count() > 2 { call.int(2)? } else { 0 };
    if !(1..=8000).contains(&length) || places < 0 {
        return Ok(Value::Null);
    }
    let length = length as usize;
    let whole = format!("{:.0}", number.abs().trunc()).len() + usize::from(number < 0.0);
    let room = length.saturating_sub(whole + 1);
    let places = (places as usize).min(16).min(room);
    let text = match decimal::from_f64_shortest(number, 38, places as u8) {
        Some(exact) => decimal::to_text(exact),
        None => format!("{number:.places$}"),
    };
    if text.len() > length {
        return Ok(Value::str("*".repeat(length)));
    }
    Ok(Value::str(format!("{text:>length$}")))
}

fn string_escape_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(1)?;
    let ty = variable_length(a.text(0)?).retyped(SqlType::NVarChar(Length::Max));
    Ok(ty.with_nullable(true))
}

fn string_escape(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (text, kind) = (call.text(0)?, call.text(1)?);
    if !kind.eq_ignore_ascii_case("json") {
        return Err(SqlError::new(
            9824,
            16,
            format!("Invalid parameter '{kind}' was passed to function STRING_ESCAPE."),
        ));
    }
    call.answer(json_escaped(&text))
}
