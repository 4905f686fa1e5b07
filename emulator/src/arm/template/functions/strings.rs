//! Strings.

use serde_json::Value;

use super::{Call, Function, shown};
use crate::arm::template::error::{Stop, wrong};
use crate::arm::template::scope::Scope;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("concat", concat),
    ("format", format_text),
    ("tolower", |_, call| map(call, str::to_lowercase)),
    ("toupper", |_, call| map(call, str::to_uppercase)),
    ("trim", |_, call| map(call, |text| text.trim().to_owned())),
    ("uricomponent", |_, call| {
        map(call, crate::arm::path::percent_encode)
    }),
    ("startswith", |_, call| {
        test(call, |text, part| text.starts_with(part))
    }),
    ("endswith", |_, call| {
        test(call, |text, part| text.ends_with(part))
    }),
    ("replace", replace),
    ("split", split),
    ("join", join),
    ("substring", substring),
    ("padleft", pad_left),
    ("string", |_, call| {
        call.count(1, 1)?;
        let value = call.value(0)?;
        Ok(Value::String(match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) => shown(value),
            other => other.to_string(),
        }))
    }),
    ("uri", |_, call| {
        call.count(2, 2)?;
        let (base, relative) = (call.text(0)?, call.text(1)?);
        // A relative part replaces what comes after the last slash.
        let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
        Ok(Value::String(format!(
            "{base}/{}",
            relative.trim_start_matches('/')
        )))
    }),
];

fn map(call: &Call<'_>, change: fn(&str) -> String) -> Result<Value, Stop> {
    call.count(1, 1)?;
    Ok(Value::String(change(call.text(0)?)))
}

/// Comparisons of strings' ends do not look at the case, as the reference says.
fn test(call: &Call<'_>, test: fn(&str, &str) -> bool) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let (text, part) = (call.text(0)?.to_lowercase(), call.text(1)?.to_lowercase());
    Ok(Value::Bool(test(&text, &part)))
}

/// Of strings or of arrays.
fn concat(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    if let Some(Value::Array(_)) = call.arguments.first() {
        let mut all = Vec::new();
        for at in 0..call.arguments.len() {
            all.extend(call.array(at)?.iter().cloned());
        }
        return Ok(Value::Array(all));
    }
    let mut text = String::new();
    for (at, value) in call.arguments.iter().enumerate() {
        match value {
            Value::Array(_) | Value::Object(_) | Value::Null => {
                return call.mismatch(at, "a string", value);
            }
            value => text += &shown(value),
        }
    }
    Ok(Value::String(text))
}

/// `{0}` and `{1:N0}`; of the formats only those of numbers with a width (`{0:00}`, `{0:D2}`).
fn format_text(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(1, usize::MAX)?;
    let mut text = String::new();
    let mut rest = call.text(0)?.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.peek() == Some(&c) => {
                rest.next();
                text.push(c);
            }
            '{' => {
                let inner: String = rest.by_ref().take_while(|c| *c != '}').collect();
                text += &formatted(call, &inner)?;
                if text.len() > crate::arm::template::MOST_BYTES {
                    return wrong(
                        "The template function 'format' makes a string that is too long.",
                    );
                }
            }
            other => text.push(other),
        }
    }
    Ok(Value::String(text))
}

fn formatted(call: &Call<'_>, inner: &str) -> Result<String, Stop> {
    let (index, how) = inner.split_once(':').unwrap_or((inner, ""));
    let value = index
        .trim()
        .parse::<usize>()
        .ok()
        .and_then(|at| call.arguments.get(at + 1));
    let Some(value) = value else {
        return wrong(format!(
            "Unable to evaluate the template function 'format': there is no value for '{{{inner}}}'."
        ));
    };
    let digits = how.strip_prefix(['D', 'd']).map(str::parse::<usize>);
    let width = match (how, digits) {
        ("", _) => None,
        (_, Some(Ok(width))) => Some(width),
        (zeros, _) if zeros.chars().all(|c| c == '0') => Some(zeros.len()),
        _ => {
            return Err(Stop::Unsupported(format!(
                "The format '{how}' of the template function 'format'"
            )));
        }
    };
    match (width, value.as_i64()) {
        (None, _) => Ok(shown(value)),
        (Some(width), Some(number)) if width <= 99 => Ok(format!("{number:0width$}")),
        _ => wrong(format!("'{inner}' is not a valid format for {value}.")),
    }
}

fn replace(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(3, 3)?;
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    if old.is_empty() {
        return wrong("The template function 'replace' cannot replace nothing by something.");
    }
    // What comes out is counted after it was made; it must not be beyond all measure before.
    let most = text.len().saturating_mul(new.len().max(1));
    if most > crate::arm::template::MOST_BYTES {
        return wrong("The template function 'replace' makes a string that is too long.");
    }
    Ok(Value::String(text.replace(old, new)))
}

/// At each of the delimiters: one, or several in an array.
fn split(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let text = call.text(0)?;
    let delimiters: Vec<&str> = match call.value(1)? {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => vec![call.text(1)?],
    };
    if delimiters.iter().any(|delimiter| delimiter.is_empty()) {
        return Ok(Value::from(vec![text]));
    }
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let next = delimiters
            .iter()
            .filter_map(|delimiter| rest.find(delimiter).map(|at| (at, delimiter.len())))
            .min();
        match next {
            None => {
                parts.push(Value::from(rest));
                return Ok(Value::Array(parts));
            }
            Some((at, length)) => {
                parts.push(Value::from(&rest[..at]));
                rest = &rest[at + length..];
            }
        }
    }
}

fn join(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, 2)?;
    let parts: Vec<String> = call.array(0)?.iter().map(shown).collect();
    let delimiter = call.text(1)?;
    if parts.len().saturating_mul(delimiter.len()) > crate::arm::template::MOST_BYTES {
        return wrong("The template function 'join' makes a string that is too long.");
    }
    Ok(Value::String(parts.join(delimiter)))
}

fn substring(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, 3)?;
    let text: Vec<char> = call.text(0)?.chars().collect();
    let start = call.number(1)?;
    let length = match call.arguments.len() {
        3 => call.number(2)?,
        _ => (text.len() as i64).saturating_sub(start),
    };
    let end = start.saturating_add(length);
    if start < 0 || length < 0 || end > text.len() as i64 {
        return wrong(
            "The template language function 'substring' parameters are not valid: index and length must refer to a location within the string. Please see https://aka.ms/arm-functions for usage details.",
        );
    }
    Ok(Value::String(
        text[start as usize..end as usize].iter().collect(),
    ))
}

fn pad_left(_: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(2, 3)?;
    let text = shown(call.value(0)?);
    let width = call.number(1)?.clamp(0, 16_384) as usize;
    let fill = match call.arguments.len() {
        3 => call.text(2)?.chars().next().unwrap_or(' '),
        _ => ' ',
    };
    let missing = width.saturating_sub(text.chars().count());
    let padding: String = std::iter::repeat_n(fill, missing).collect();
    Ok(Value::String(padding + &text))
}
