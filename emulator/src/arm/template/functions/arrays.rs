//! Arrays, and what works on arrays, strings and objects alike.

use serde_json::{Map, Value};

use super::{Call, Function};
use crate::arm::template::LONGEST_RANGE;
use crate::arm::template::error::{Stop, wrong};
use crate::arm::template::scope::Scope;

/// How many comparisons cost as much as a byte that is made: looking takes time, and a template has an end.
const COMPARISONS: usize = 2;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("array", |_, call| {
        call.count(1, 1)?;
        Ok(match call.value(0)? {
            Value::Array(items) => Value::Array(items.clone()),
            other => Value::Array(vec![other.clone()]),
        })
    }),
    ("createarray", |_, call| {
        Ok(Value::Array(call.arguments.to_vec()))
    }),
    ("length", length),
    ("empty", |_, call| {
        call.count(1, 1)?;
        Ok(Value::Bool(match call.value(0)? {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            other => return call.mismatch(0, "a string, an array or an object", other),
        }))
    }),
    ("contains", contains),
    ("indexof", |_, call| {
        index_of(call, |text, part| text.find(part), false)
    }),
    ("lastindexof", |_, call| {
        index_of(call, |text, part| text.rfind(part), true)
    }),
    ("first", |_, call| end(call, true)),
    ("last", |_, call| end(call, false)),
    ("skip", |_, call| cut(call, true)),
    ("take", |_, call| cut(call, false)),
    ("union", union),
    ("intersection", intersection),
    ("range", range),
    ("tryget", try_get),
    ("flatten", |_, call| {
        call.count(1, 1)?;
        let items = call.array(0)?.iter().flat_map(|item| match item {
            Value::Array(inner) => inner.clone(),
            other => vec![other.clone()],
        });
        Ok(Value::Array(items.collect()))
    }),
];

/// The member or item that the further values lead to, or null if there is none.
fn try_get(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, usize::MAX)?;
    let mut found = call.value(0)?;
    for at in 1..call.arguments.len() {
        let next = match (found, call.value(at)?) {
            (Value::Object(members), Value::String(name)) => members.get(name).or_else(|| {
                let mut members = members.iter();
                let found = members.find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value)
            }),
            (Value::Array(items), Value::Number(index)) => {
                index.as_u64().and_then(|index| items.get(index as usize))
            }
            (Value::Null, _) => None,
            (_, other) if at == 1 => return call.mismatch(at, "a name or an index", other),
            _ => None,
        };
        match next {
            Some(next) => found = next,
            None => return Ok(Value::Null),
        }
    }
    Ok(found.clone())
}

fn length(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(1, 1)?;
    Ok(Value::from(match call.value(0)? {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        other => return call.mismatch(0, "a string, an array or an object", other),
    }))
}

fn contains(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let wanted = call.value(1)?;
    Ok(Value::Bool(match call.value(0)? {
        Value::String(text) => text.contains(&super::shown(wanted)),
        Value::Array(items) => items.contains(wanted),
        Value::Object(members) => {
            let name = call.text(1)?;
            members.keys().any(|key| key.eq_ignore_ascii_case(name))
        }
        other => return call.mismatch(0, "a string, an array or an object", other),
    }))
}

/// Where something is, in a string without looking at the case; -1 if it is not there.
fn index_of(
    call: &Call<'_>,
    find: fn(&str, &str) -> Option<usize>,
    last: bool,
) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let at = match call.value(0)? {
        Value::Array(items) => {
            let wanted = call.value(1)?;
            match last {
                false => items.iter().position(|item| item == wanted),
                true => items.iter().rposition(|item| item == wanted),
            }
        }
        _ => {
            let text = call.text(0)?.to_lowercase();
            let found = find(&text, &call.text(1)?.to_lowercase());
            found.map(|at| text[..at].chars().count())
        }
    };
    Ok(at.map_or_else(|| Value::from(-1), Value::from))
}

fn end(call: &Call<'_>, first: bool) -> Result<Value, Stop> {
    call.count(1, 1)?;
    match call.value(0)? {
        Value::String(text) => {
            let found = match first {
                true => text.chars().next(),
                false => text.chars().next_back(),
            };
            Ok(Value::String(found.map(String::from).unwrap_or_default()))
        }
        Value::Array(items) => {
            let found = if first { items.first() } else { items.last() };
            Ok(found.cloned().unwrap_or(Value::Null))
        }
        other => call.mismatch(0, "a string or an array", other),
    }
}

fn cut(call: &Call<'_>, skip: bool) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let count = call.number(1)?.max(0) as usize;
    match call.value(0)? {
        Value::String(text) => {
            let chars = text.chars();
            Ok(Value::String(match skip {
                true => chars.skip(count).collect(),
                false => chars.take(count).collect(),
            }))
        }
        Value::Array(items) => {
            let items = items.iter().cloned();
            Ok(Value::Array(match skip {
                true => items.skip(count).collect(),
                false => items.take(count).collect(),
            }))
        }
        other => call.mismatch(0, "a string or an array", other),
    }
}

/// Of arrays, each item once; of objects, with the later one's members, and objects in objects put together.
fn union(scope: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(1, usize::MAX)?;
    if let Value::Object(_) = call.value(0)? {
        let mut all = Map::new();
        for (at, value) in call.arguments.iter().enumerate() {
            match value {
                Value::Object(members) => merge(&mut all, members),
                other => return call.mismatch(at, "an object", other),
            }
        }
        return Ok(Value::Object(all));
    }
    let mut all: Vec<Value> = Vec::new();
    for at in 0..call.arguments.len() {
        for item in call.array(at)? {
            scope.spend_bytes(all.len() / COMPARISONS)?;
            if !all.contains(item) {
                all.push(item.clone());
            }
        }
        if all.len() > LONGEST_RANGE {
            return wrong("The template function 'union' makes an array that is too long.");
        }
    }
    Ok(Value::Array(all))
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(inner)), Value::Object(members)) => merge(inner, members),
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

fn intersection(scope: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, usize::MAX)?;
    match call.value(0)? {
        Value::Object(first) => {
            let mut all = first.clone();
            for (at, value) in call.arguments.iter().enumerate().skip(1) {
                match value {
                    Value::Object(members) => {
                        all.retain(|key, value| members.get(key) == Some(value));
                    }
                    other => return call.mismatch(at, "an object", other),
                }
            }
            Ok(Value::Object(all))
        }
        _ => {
            let mut all = call.array(0)?.clone();
            for at in 1..call.arguments.len() {
                let items = call.array(at)?;
                if all.len().saturating_mul(items.len()) > LONGEST_RANGE * LONGEST_RANGE {
                    return wrong(
                        "The arrays of the template function 'intersection' are too long.",
                    );
                }
                scope.spend_bytes(all.len().saturating_mul(items.len()) / COMPARISONS)?;
                all.retain(|item| items.contains(item));
            }
            Ok(Value::Array(all))
        }
    }
}

fn range(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let (start, count) = (call.number(0)?, call.number(1)?);
    let end = start.checked_add(count);
    match end {
        Some(end)
            if (0..=LONGEST_RANGE as i64).contains(&count) && end <= i64::from(i32::MAX) + 1 =>
        {
            Ok(Value::from((start..end).collect::<Vec<i64>>()))
        }
        _ => wrong(format!(
            "The template function 'range' parameters are not valid: the count is from 0 to {LONGEST_RANGE}, and the sum at most {}. Please see https://aka.ms/arm-functions for usage details.",
            i32::MAX
        )),
    }
}
