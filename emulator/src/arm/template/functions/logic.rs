//! Logic and comparisons. `if` is where arguments are worked out, since it leaves one of them alone.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Call, Function};
use crate::arm::template::error::{Stop, wrong};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("true", |_, call| {
        call.count(0, 0).map(|()| Value::Bool(true))
    }),
    ("false", |_, call| {
        call.count(0, 0).map(|()| Value::Bool(false))
    }),
    ("not", |_, call| {
        call.count(1, 1)?;
        Ok(Value::Bool(!call.boolean(0)?))
    }),
    ("and", |_, call| fold(call, true, |a, b| a && b)),
    ("or", |_, call| fold(call, false, |a, b| a || b)),
    ("if", |_, call| {
        call.count(3, 3)?;
        Ok(call.value(if call.boolean(0)? { 1 } else { 2 })?.clone())
    }),
    ("bool", |_, call| {
        call.count(1, 1)?;
        let value = call.value(0)?;
        let found = match value {
            Value::Bool(value) => Some(*value),
            Value::Number(number) => number.as_i64().map(|number| number != 0),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Value::String(text) => text.parse::<i64>().ok().map(|number| number != 0),
            _ => None,
        };
        match found {
            Some(found) => Ok(Value::Bool(found)),
            None => wrong(format!(
                "The template language function 'bool' is unable to convert provided value '{}' to boolean. Please see https://aka.ms/arm-functions for usage details.",
                super::shown(value)
            )),
        }
    }),
    ("equals", |_, call| {
        call.count(2, 2)?;
        Ok(Value::Bool(call.value(0)? == call.value(1)?))
    }),
    ("less", |_, call| compare(call, Ordering::is_lt)),
    ("lessorequals", |_, call| compare(call, Ordering::is_le)),
    ("greater", |_, call| compare(call, Ordering::is_gt)),
    ("greaterorequals", |_, call| compare(call, Ordering::is_ge)),
];

fn fold(call: &Call<'_>, start: bool, with: fn(bool, bool) -> bool) -> Result<Value, Stop> {
    call.count(2, usize::MAX)?;
    let mut result = start;
    for at in 0..call.arguments.len() {
        result = with(result, call.boolean(at)?);
    }
    Ok(Value::Bool(result))
}

/// Of two numbers or two strings.
fn compare(call: &Call<'_>, test: fn(Ordering) -> bool) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let ordering = match (call.value(0)?, call.value(1)?) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => call.number(0)?.cmp(&call.number(1)?),
    };
    Ok(Value::Bool(test(ordering)))
}
