//! Numbers: whole ones, as the language has them.

use serde_json::Value;

use super::{Call, Function};
use crate::arm::template::error::{Stop, wrong};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("add", |_, call| two(call, i64::checked_add)),
    ("sub", |_, call| two(call, i64::checked_sub)),
    ("mul", |_, call| two(call, i64::checked_mul)),
    ("div", |_, call| two(call, i64::checked_div)),
    ("mod", |_, call| two(call, i64::checked_rem)),
    ("min", |_, call| best(call, |a, b| a.min(b))),
    ("max", |_, call| best(call, |a, b| a.max(b))),
    ("float", |_, call| {
        call.count(1, 1)?;
        let value = call.value(0)?;
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        let number = number.and_then(serde_json::Number::from_f64);
        number.map(Value::Number).ok_or_else(|| {
            Stop::Wrong(format!(
                "The template language function 'float' is unable to convert provided value '{}' to a number. Please see https://aka.ms/arm-functions for usage details.",
                super::shown(value)
            ))
        })
    }),
    ("int", |_, call| {
        call.count(1, 1)?;
        let value = call.value(0)?;
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_i64(),
        };
        match number {
            Some(number) => Ok(Value::from(number)),
            None => wrong(format!(
                "The template language function 'int' is unable to convert provided value '{}' to integer. Please see https://aka.ms/arm-functions for usage details.",
                super::shown(value)
            )),
        }
    }),
];

fn two(call: &Call<'_>, combine: fn(i64, i64) -> Option<i64>) -> Result<Value, Stop> {
    call.count(2, 2)?;
    match combine(call.number(0)?, call.number(1)?) {
        Some(number) => Ok(Value::from(number)),
        None => wrong(format!(
            "The template language function '{}' has no result for these parameters: a division by zero, or a number that is too large. Please see https://aka.ms/arm-functions for usage details.",
            call.name
        )),
    }
}

/// Of an array of numbers, or of all parameters.
fn best(call: &Call<'_>, better: fn(i64, i64) -> i64) -> Result<Value, Stop> {
    call.count(1, usize::MAX)?;
    let values = match call.value(0)? {
        Value::Array(items) => items,
        _ => call.arguments,
    };
    let mut result: Option<i64> = None;
    for (at, value) in values.iter().enumerate() {
        let Some(number) = value.as_i64() else {
            return call.mismatch(at, "an integer", value);
        };
        result = Some(result.map_or(number, |so_far| better(so_far, number)));
    }
    match result {
        Some(number) => Ok(Value::from(number)),
        None => wrong(format!(
            "The template language function '{}' has no result for an empty array.",
            call.name
        )),
    }
}
