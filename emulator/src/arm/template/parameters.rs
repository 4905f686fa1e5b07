//! Parameters: declared by the template, given by the deployment.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::MOST_PARAMETERS;
use super::error::{Stop, TemplateError};
use super::own_functions::OwnFunctions;
use super::resources::member;
use super::scope::{Facts, Scope};
use super::types::{self, Definitions};

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
    definitions: &Definitions,
    own: &OwnFunctions,
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
                None if types::is_nullable(declaration, definitions) => {
                    values.insert(name.to_lowercase(), Value::Null);
                }
                None => missing.push(name.as_str()),
            },
        }
    }
    if let Some(name) = missing.first() {
        return Err(TemplateError::validation(format!(
            "The value for the template parameter '{name}' at line '1' and column '1' is not provided. {HELP}"
        )));
    }
    fill(defaults, &mut values, own, definitions, facts)?;
    let mut shown = Map::new();
    for (name, declaration) in declared {
        let value = &values[&name.to_lowercase()];
        let kind = types::kind(name, declaration, definitions)?;
        types::fits(name, declaration, definitions, value)?;
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
    own: &OwnFunctions,
    definitions: &Definitions,
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
                scope.own = own;
                scope.definitions = definitions;
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
