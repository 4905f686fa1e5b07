//! Parameters: declared by the template, given by the deployment.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::MOST_PARAMETERS;
use super::error::{Stop, TemplateError};
use super::resources::member;
use super::scope::{Facts, Scope};

/// Parameters with their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::arm) struct Parameters {
    /// By their names in lower case.
    pub(in crate::arm) values: BTreeMap<String, Value>,
    /// As Resource Manager shows them: types, and values unless they are secure.
    pub(in crate::arm) shown: Value,
}

const HELP: &str = "Please see https://aka.ms/arm-create-parameter-file for usage details.";

/// Checks what is given against what is declared.
pub(super) fn check(
    declared: &Map<String, Value>,
    given: &Map<String, Value>,
    facts: &Facts,
) -> Result<Parameters, TemplateError> {
    if declared.len() > MOST_PARAMETERS {
        return Err(TemplateError::validation(format!(
            "The number of template parameters limit exceeded. Limit: '{MOST_PARAMETERS}' and actual: '{}'. Please see https://aka.ms/arm-limits for usage details.",
            declared.len()
        )));
    }
    let unknown: Vec<&str> = given
        .keys()
        .filter(|name| {
            !declared
                .keys()
                .any(|known| known.eq_ignore_ascii_case(name))
        })
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        let known: Vec<&str> = declared.keys().map(String::as_str).collect();
        return Err(TemplateError::validation(format!(
            "The template parameters '{}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '{}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.",
            unknown.join(", "),
            known.join(", ")
        )));
    }
    let mut values = BTreeMap::new();
    let mut defaults = Vec::new();
    let mut missing = Vec::new();
    for (name, declaration) in declared {
        let given = given
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value);
        match given {
            Some(given) if member(given, "reference").is_some() => {
                return Err(TemplateError::unsupported(format!(
                    "A parameter from a key vault ('{name}')"
                )));
            }
            Some(given) if given.get("value").is_some() => {
                values.insert(name.to_lowercase(), given["value"].clone());
            }
            _ => match declaration.get("defaultValue") {
                Some(default) => defaults.push((name, default)),
                None => missing.push(name.as_str()),
            },
        }
    }
    if let Some(name) = missing.first() {
        return Err(TemplateError::validation(format!(
            "The value for the template parameter '{name}' at line '1' and column '1' is not provided. {HELP}"
        )));
    }
    fill(defaults, &mut values, facts)?;
    let mut shown = Map::new();
    for (name, declaration) in declared {
        let value = &values[&name.to_lowercase()];
        let kind = kind(name, declaration)?;
        fits(name, kind, declaration, value)?;
        let entry = match kind.starts_with("Secure") {
            true => json!({ "type": kind }),
            false => json!({ "type": kind, "value": value }),
        };
        shown.insert(name.clone(), entry);
    }
    Ok(Parameters {
        values,
        shown: Value::Object(shown),
    })
}

/// Works the defaults out, which may ask for each other.
fn fill(
    mut defaults: Vec<(&String, &Value)>,
    values: &mut BTreeMap<String, Value>,
    facts: &Facts,
) -> Result<(), TemplateError> {
    let spent = Cell::new(0);
    let none = Map::new();
    while !defaults.is_empty() {
        let before = defaults.len();
        let mut wrong = None;
        let mut left = Vec::new();
        for (name, default) in defaults {
            let worked_out = {
                let mut scope = Scope::new(facts, values, &none, &spent);
                scope.defaults = true;
                scope.evaluate(default)
            };
            match worked_out {
                Ok(value) => drop(values.insert(name.to_lowercase(), value)),
                Err(Stop::Wrong(reason)) => {
                    wrong.get_or_insert((name, Stop::Wrong(reason)));
                    left.push((name, default));
                }
                Err(stop) => {
                    return Err(TemplateError::of_stop(stop, &format!("parameter '{name}'")));
                }
            }
        }
        if left.len() == before
            && let Some((name, stop)) = wrong
        {
            return Err(TemplateError::of_stop(stop, &format!("parameter '{name}'")));
        }
        defaults = left;
    }
    Ok(())
}

/// The type's name as Resource Manager shows it.
fn kind(name: &str, declaration: &Value) -> Result<&'static str, TemplateError> {
    const KINDS: [&str; 7] = [
        "String",
        "SecureString",
        "Int",
        "Bool",
        "Object",
        "SecureObject",
        "Array",
    ];
    let written = member(declaration, "type").and_then(Value::as_str);
    let written = written.unwrap_or_default();
    let found = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(written));
    found.copied().ok_or_else(|| {
        TemplateError::validation(format!(
            "The type '{written}' of the template parameter '{name}' is not valid. The supported types are '{}'.",
            KINDS.join(", ")
        ))
    })
}

/// Whether a value is of a type.
pub(super) fn is_of(kind: &str, value: &Value) -> bool {
    match kind.to_ascii_lowercase().as_str() {
        "string" | "securestring" => value.is_string(),
        "int" => value.as_i64().is_some(),
        "bool" => value.is_boolean(),
        "array" => value.is_array(),
        "object" | "secureobject" => value.is_object() || value.is_null(),
        _ => false,
    }
}

fn fits(name: &str, kind: &str, declaration: &Value, value: &Value) -> Result<(), TemplateError> {
    let refuse = |reason: String| Err(TemplateError::validation(reason));
    if !is_of(kind, value) {
        let (wanted, found) = (expected(kind), actual(value));
        return refuse(format!(
            "Template parameter JToken type is not valid. Expected '{wanted}'. Actual '{found}'. The template parameter is '{name}'. {HELP}"
        ));
    }
    if let Some(Value::Array(allowed)) = member(declaration, "allowedValues")
        && !allowed.contains(value)
        && !is_part(value, allowed)
    {
        let allowed: Vec<String> = allowed.iter().map(super::functions::shown).collect();
        let shown = super::functions::shown(value);
        return refuse(format!(
            "The provided value '{shown}' for the template parameter '{name}' is not valid. The value '{shown}' is not part of the allowed value(s): '{}'.",
            allowed.join(",")
        ));
    }
    let bound = |name: &str| member(declaration, name).and_then(Value::as_i64);
    let length = match value {
        Value::String(text) => Some(text.chars().count() as i64),
        Value::Array(items) => Some(items.len() as i64),
        _ => None,
    };
    for (found, least, most, what) in [
        (length, "minLength", "maxLength", "Length of the value"),
        (value.as_i64(), "minValue", "maxValue", "The value"),
    ] {
        let Some(found) = found else { continue };
        if let Some(least) = bound(least).filter(|least| found < *least) {
            return refuse(format!(
                "The provided value for the template parameter '{name}' is not valid. {what} should be greater than or equal to '{least}'. {HELP}"
            ));
        }
        if let Some(most) = bound(most).filter(|most| found > *most) {
            return refuse(format!(
                "The provided value for the template parameter '{name}' is not valid. {what} should be less than or equal to '{most}'. {HELP}"
            ));
        }
    }
    Ok(())
}

/// Of an array, each item may be one of those that are allowed.
fn is_part(value: &Value, allowed: &[Value]) -> bool {
    let Value::Array(items) = value else {
        return false;
    };
    items.iter().all(|item| allowed.contains(item))
}

fn expected(kind: &str) -> &'static str {
    match kind {
        "String" | "SecureString" => "String, Uri",
        "Int" => "Integer",
        "Bool" => "Boolean",
        "Array" => "Array",
        _ => "Object",
    }
}

/// The name of a value's type, as .NET's JSON library has it.
pub(super) fn actual(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}
