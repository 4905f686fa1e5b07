//! Functions that look for text in text: CHARINDEX, PATINDEX, REPLACE, TRANSLATE, and by sound.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call, variable_length};
use super::text::{Counting, widest};
use crate::error::SqlError;
use crate::types::text::MAX_VALUE_BYTES;
use crate::types::{ExprType, LikePattern, is_large, is_national};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("charindex", 2, 3, charindex_type, charindex),
    ScalarFunction::new("patindex", 2, 2, patindex_type, patindex),
    ScalarFunction::new("replace", 3, 3, replace_type, replace),
    ScalarFunction::new("translate", 3, 3, translate_type, translate),
    ScalarFunction::new("soundex", 1, 1, soundex_type, soundex),
    ScalarFunction::new("difference", 2, 2, difference_type, difference),
];

fn charindex_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    a.readable(1)?;
    if a.types.len() > 2 {
        a.require(2, SqlType::Int)?;
    }
    a.length_result(1)
}

fn charindex(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (needle, text) = (call.text(0)?, call.text(1)?);
    let from = if call.count() > 2 {
        (call.int(2)?.max(1) - 1) as usize
    } else {
        0
    };
    if needle.is_empty() {
        return Ok(Value::Int(0));
    }
    let counting = counting_of(call, &[0, 1]);
    let start = counting.offset(&text, from);
    let found = Finder::new(&needle, strongest(call, &[1, 0])).find(&text, start);
    Ok(Value::Int(found.map_or(0, |(at, _)| {
        counting.length(&text[..at]) as i64 + 1
    })))
}

fn counting_of(call: &Call<'_>, arguments: &[usize]) -> Counting {
    let national = arguments
        .iter()
        .find(|at| is_national(call.ty(**at).sql))
        .or(arguments.first());
    Counting::of(call.ty(national.copied().unwrap_or(0)))
}

/// The collation of the argument that holds it most strongly.
fn strongest(call: &Call<'_>, arguments: &[usize]) -> Collation {
    arguments
        .iter()
        .map(|at| call.ty(*at))
        .filter(|ty| ty.collation.is_some())
        .reduce(|best, ty| {
            if ty.coercibility > best.coercibility {
                ty
            } else {
                best
            }
        })
        .map_or(Collation::DEFAULT, ExprType::collation_or_default)
}

/// Finds a text in another under a collation, byte offsets in and out.
struct Finder {
    needle: Vec<char>,
    folding: bool,
}

impl Finder {
    fn new(needle: &str, collation: Collation) -> Self {
        let folding = !collation.is_case_sensitive();
        Self {
            needle: needle.chars().map(|c| fold(c, folding)).collect(),
            folding,
        }
    }

    /// Start and end of the first occurrence from a byte on.
    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let first = *self.needle.first()?;
        for (at, c) in text[from..].char_indices() {
            if fold(c, self.folding) != first {
                continue;
            }
            let mut rest = text[from + at..].char_indices();
            let mut end = from + at;
            let matches = self.needle.iter().all(|expected| match rest.next() {
                Some((offset, c)) => {
                    end = from + at + offset + c.len_utf8();
                    fold(c, self.folding) == *expected
                }
                None => false,
            });
            if matches {
                return Some((from + at, end));
            }
        }
        None
    }
}

fn fold(c: char, folding: bool) -> char {
    if !folding {
        return c;
    }
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

fn patindex_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    if a.ty(1).sql == SqlType::Image {
        return Err(a.invalid(1));
    }
    a.readable(1)?;
    a.length_result(1)
}

fn patindex(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (pattern, text) = (call.text(0)?, call.text(1)?);
    let unicode = is_national(call.ty(0).sql) || is_national(call.ty(1).sql);
    let pattern = LikePattern::new(&pattern, None, strongest(call, &[1, 0]), unicode)?;
    let counting = counting_of(call, &[0, 1]);
    Ok(Value::Int(pattern.find(&text).map_or(0, |characters| {
        text.chars()
            .take(characters)
            .map(|c| match counting {
                Counting::Characters => 1,
                Counting::Utf16 => c.len_utf16() as i64,
            })
            .sum::<i64>()
            + 1
    })))
}

fn replace_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    let types = [a.text(0)?, a.text(1)?, a.text(2)?];
    let national = types.iter().find(|ty| is_national(ty.sql));
    let mut ty = *national.unwrap_or(&types[0]);
    ty.collation = types[0].collation;
    ty.coercibility = types[0].coercibility;
    let large = types.iter().any(|ty| is_large(ty.sql));
    Ok(widest(ty, large).with_nullable(true))
}

fn replace(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (text, pattern, replacement) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if pattern.is_empty() {
        return call.answer(text);
    }
    let finder = Finder::new(&pattern, strongest(call, &[0, 1, 2]));
    let mut out = String::new();
    let mut done = 0;
    while let Some((start, end)) = finder.find(&text, done) {
        out.push_str(&text[done..start]);
        out.push_str(&replacement);
        done = end;
        if out.len() > MAX_VALUE_BYTES {
            return Err(SqlError::value_too_large(MAX_VALUE_BYTES));
        }
    }
    if done == 0 {
        return call.answer(text);
    }
    out.push_str(&text[done..]);
    call.answer(out)
}

fn translate_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(1)?;
    a.text(2)?;
    Ok(variable_length(a.text(0)?).with_nullable(true))
}

fn translate(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (text, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if from.chars().count() != to.chars().count() {
        return Err(SqlError::new(
            9828,
            16,
            "The second and third arguments of the TRANSLATE built-in function must contain an equal number of characters.",
        ));
    }
    let folding = !strongest(call, &[0, 1]).is_case_sensitive();
    let pairs: Vec<(char, char)> = from
        .chars()
        .map(|c| fold(c, folding))
        .zip(to.chars())
        .collect();
    let translated: String = text
        .chars()
        .map(|c| {
            let folded = fold(c, folding);
            pairs
                .iter()
                .find(|(from, _)| *from == folded)
                .map_or(c, |(_, to)| *to)
        })
        .collect();
    call.answer(translated)
}

fn soundex_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    a.result(SqlType::varchar(5))
}

fn soundex(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    Ok(Value::Str(soundex_code(&text)))
}

fn difference_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    a.text(1)?;
    a.result(SqlType::Int)
}

/// How many of the four characters of the codes agree.
fn difference(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (left, right) = (soundex_code(&call.text(0)?), soundex_code(&call.text(1)?));
    let equal = left.bytes().zip(right.bytes()).filter(|(l, r)| l == r);
    Ok(Value::Int(equal.count() as i64))
}

/// A letter and three digits; text that begins with no letter is `0000`.
fn soundex_code(text: &str) -> Arc<str> {
    let digit = |c: char| match c.to_ascii_uppercase() {
        'B' | 'F' | 'P' | 'V' => Some('1'),
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => Some('2'),
        'D' | 'T' => Some('3'),
        'L' => Some('4'),
        'M' | 'N' => Some('5'),
        'R' => Some('6'),
        _ => None,
    };
    let mut letters = text.chars();
    let Some(first) = letters.next().filter(char::is_ascii_alphabetic) else {
        return "0000".into();
    };
    let mut code = String::from(first.to_ascii_uppercase());
    let mut last = digit(first);
    for c in letters {
        // The code ends at the first character that is no letter.
        if !c.is_ascii_alphabetic() || code.len() == 4 {
            break;
        }
        let this = digit(c);
        if let Some(number) = this
            && this != last
        {
            code.push(number);
        }
        // H and W separate equal digits here, as vowels do (observed).
        last = this;
    }
    while code.len() < 4 {
        code.push('0');
    }
    code.into()
}
