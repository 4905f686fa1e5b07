//! JSON functions: ISJSON, JSON_VALUE, JSON_QUERY, JSON_PATH_EXISTS; and the reader and paths that OPENJSON shares.

mod path;
mod reader;

use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::ExprType;
use crate::types::text::utf16_length;

pub use path::JsonPath;
pub use reader::{Json, JsonKind, parse_json};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("isjson", 1, 1, isjson_type, isjson),
    ScalarFunction::new(
        "json_value",
        2,
        2,
        |a| json_type(a, SqlType::nvarchar(4000)),
        json_value,
    ),
    ScalarFunction::new(
        "json_query",
        1,
        2,
        |a| json_type(a, SqlType::NVarChar(Length::Max)),
        json_query,
    ),
    ScalarFunction::new(
        "json_path_exists",
        2,
        2,
        |a| json_type(a, SqlType::Int),
        json_path_exists,
    ),
];

/// Text as it stands between the quotes of a JSON string.
pub fn json_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{C}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

fn isjson_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    a.result(SqlType::Int)
}

/// Whether the text is an object or an array; a lone scalar does not count.
fn isjson(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    let valid = parse_json(&text)
        .is_ok_and(|json| matches!(json.kind, JsonKind::Object(_) | JsonKind::Array(_)));
    Ok(Value::Int(i64::from(valid)))
}

fn json_type(a: &Arguments<'_>, sql: SqlType) -> Result<ExprType, SqlError> {
    for at in 0..a.types.len() {
        a.text(at)?;
    }
    Ok(ExprType::new(sql))
}

/// A scalar at a path as text. Where there is none, lax gives NULL and strict an error.
fn json_value(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (text, path) = (call.text(0)?, call.text(1)?);
    let path = JsonPath::parse(&path)?;
    let json = parse_json(&text)?;
    let Some(found) = path.find(&json)? else {
        return Ok(Value::Null);
    };
    let scalar = match &found.kind {
        JsonKind::Null => return Ok(Value::Null),
        JsonKind::Bool(true) => "true",
        JsonKind::Bool(false) => "false",
        JsonKind::Number(digits) => digits,
        JsonKind::Text(text) => &**text,
        JsonKind::Array(_) | JsonKind::Object(_) if path.strict => {
            return Err(SqlError::new(
                13623,
                16,
                "Scalar value cannot be found in the specified JSON path.",
            ));
        }
        JsonKind::Array(_) | JsonKind::Object(_) => return Ok(Value::Null),
    };
    if utf16_length(scalar) > 4000 {
        return if path.strict {
            Err(SqlError::new(
                13625,
                16,
                "String value in the specified JSON path would be truncated.",
            ))
        } else {
            Ok(Value::Null)
        };
    }
    Ok(Value::str(scalar))
}

/// An object or array at a path, as it is written. Where there is none, lax gives NULL and strict an error.
fn json_query(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let text = call.text(0)?;
    let path = if call.count() > 1 {
        JsonPath::parse(&call.text(1)?)?
    } else {
        JsonPath::default()
    };
    let json = parse_json(&text)?;
    match path.find(&json)? {
        Some(found) if matches!(found.kind, JsonKind::Object(_) | JsonKind::Array(_)) => {
            Ok(Value::str(found.raw))
        }
        Some(_) if path.strict => Err(SqlError::new(
            13624,
            16,
            "Object or array cannot be found in the specified JSON path.",
        )),
        _ => Ok(Value::Null),
    }
}

fn json_path_exists(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (text, path) = (call.text(0)?, call.text(1)?);
    let mut path = JsonPath::parse(&path)?;
    path.strict = false;
    let Ok(json) = parse_json(&text) else {
        return Ok(Value::Int(0));
    };
    let found = path.find(&json)?.is_some();
    Ok(Value::Int(i64::from(found)))
}
