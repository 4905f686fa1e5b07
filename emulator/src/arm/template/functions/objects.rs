//! Objects and JSON.

use serde_json::{Map, Value};

use super::Function;
use crate::arm::template::error::wrong;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("createobject", |_, call| {
        if call.arguments.len() % 2 == 1 {
            return wrong(
                "The template function 'createObject' expects an even number of parameters: keys and values. Please see https://aka.ms/arm-functions for usage details.",
            );
        }
        let mut members = Map::new();
        for at in (0..call.arguments.len()).step_by(2) {
            members.insert(call.text(at)?.to_owned(), call.value(at + 1)?.clone());
        }
        Ok(Value::Object(members))
    }),
    ("json", |_, call| {
        call.count(1, 1)?;
        let text = call.text(0)?;
        // Nests no deeper than the reader of the library lets it.
        match serde_json::from_str(text) {
            Ok(value) => Ok(value),
            Err(error) => wrong(format!(
                "The template language function 'json' parameter is not valid. The provided value '{text}' cannot be converted to JSON: {error}. Please see https://aka.ms/arm-functions for usage details."
            )),
        }
    }),
    ("null", |_, call| call.count(0, 0).map(|()| Value::Null)),
    ("items", |_, call| {
        call.count(1, 1)?;
        let Value::Object(members) = call.value(0)? else {
            return call.mismatch(0, "an object", call.value(0)?);
        };
        let items = members.iter();
        let items = items.map(|(key, value)| serde_json::json!({"key": key, "value": value}));
        Ok(Value::Array(items.collect()))
    }),
    ("objectkeys", |_, call| {
        call.count(1, 1)?;
        match call.value(0)? {
            Value::Object(members) => {
                let keys = members.keys().cloned().map(Value::String);
                Ok(Value::Array(keys.collect()))
            }
            other => call.mismatch(0, "an object", other),
        }
    }),
    ("shallowmerge", |_, call| {
        call.count(1, 1)?;
        let mut all = Map::new();
        for item in call.array(0)? {
            match item {
                Value::Object(members) => all.extend(members.clone()),
                other => return call.mismatch(0, "an array of objects", other),
            }
        }
        Ok(Value::Object(all))
    }),
    ("coalesce", |_, call| {
        call.count(1, usize::MAX)?;
        let mut values = call.arguments.iter();
        Ok(values
            .find(|value| !value.is_null())
            .cloned()
            .unwrap_or(Value::Null))
    }),
];
