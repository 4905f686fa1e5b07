//! Functions of the template's own: `functions`, each in a namespace, called as `space.name()`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::{Stop, TemplateError, wrong};
use super::resources::member;
use super::scope::Scope;
use super::types;

/// How many a template may have: ours, as its variables.
const MOST_FUNCTIONS: usize = 256;

/// The functions of a template, by `space.name` in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnFunctions {
    all: BTreeMap<String, OwnFunction>,
}

#[derive(Clone, Debug)]
struct OwnFunction {
    parameters: Vec<(String, Value)>,
    output: Value,
    value: Value,
}

impl OwnFunctions {
    pub(super) const fn none() -> Self {
        Self {
            all: BTreeMap::new(),
        }
    }

    pub(super) fn read(template: &Value) -> Result<Self, TemplateError> {
        let mut all = BTreeMap::new();
        let spaces = match member(template, "functions") {
            None => return Ok(Self::none()),
            Some(Value::Array(spaces)) => spaces,
            Some(_) => return Err(bad("'functions' is not an array")),
        };
        for space in spaces {
            let name = member(space, "namespace").and_then(Value::as_str);
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                return Err(bad("a namespace of functions has no name"));
            };
            let members = member(space, "members").and_then(Value::as_object);
            let Some(members) = members else {
                return Err(bad(&format!("the namespace '{name}' has no members")));
            };
            for (function, written) in members {
                let key = format!("{name}.{function}").to_lowercase();
                all.insert(key, OwnFunction::read(function, written)?);
                if all.len() > MOST_FUNCTIONS {
                    return Err(bad(&format!(
                        "there are more than {MOST_FUNCTIONS} functions"
                    )));
                }
            }
        }
        Ok(Self { all })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all.contains_key(&name.to_lowercase())
    }
}

impl OwnFunction {
    fn read(name: &str, written: &Value) -> Result<Self, TemplateError> {
        let none = Vec::new();
        let parameters = match member(written, "parameters") {
            None => &none,
            Some(Value::Array(parameters)) => parameters,
            Some(_) => return Err(bad(&format!("the parameters of '{name}' are no array"))),
        };
        let parameters = parameters.iter().map(|one| {
            let parameter = member(one, "name").and_then(Value::as_str);
            let parameter = parameter
                .ok_or_else(|| bad(&format!("a parameter of the function '{name}' has no name")))?;
            Ok((parameter.to_owned(), one.clone()))
        });
        let parameters = parameters.collect::<Result<_, TemplateError>>()?;
        let output = member(written, "output");
        let (Some(output), Some(value)) = (output, output.and_then(|output| output.get("value")))
        else {
            return Err(bad(&format!("the function '{name}' has no output")));
        };
        Ok(Self {
            parameters,
            output: output.clone(),
            value: value.clone(),
        })
    }
}

impl Scope<'_> {
    /// Calls one. It sees what it is given and nothing else of the template: no parameters, no variables, and nothing
    /// that is deployed (documented).
    pub(super) fn call_own(&self, name: &str, arguments: &[Value]) -> Result<Value, Stop> {
        let Some(function) = self.own.all.get(&name.to_lowercase()) else {
            return wrong(format!("The template function '{name}' is not valid."));
        };
        if arguments.len() != function.parameters.len() {
            return wrong(format!(
                "Unable to evaluate template language function '{name}': function requires {} argument(s) while {} were provided. Please see https://aka.ms/arm-functions for usage details.",
                function.parameters.len(),
                arguments.len()
            ));
        }
        let mut values = BTreeMap::new();
        for ((parameter, declared), value) in function.parameters.iter().zip(arguments) {
            types::fits(parameter, declared, self.definitions, value).map_err(|error| {
                Stop::Wrong(format!(
                    "Unable to evaluate template language function '{name}': {}",
                    error.message
                ))
            })?;
            values.insert(parameter.to_lowercase(), value.clone());
        }
        let none = Map::new();
        let mut inner = Scope::new(self.facts, &values, &none, self.spent);
        inner.own = self.own;
        inner.definitions = self.definitions;
        inner.inside = true;
        inner.depth.set(self.depth.get());
        let value = inner.deeper(|| inner.evaluate(&function.value))?;
        types::fits(name, &function.output, self.definitions, &value)
            .map_err(|error| Stop::Wrong(error.message))?;
        Ok(value)
    }
}

fn bad(reason: &str) -> TemplateError {
    TemplateError {
        code: "InvalidTemplate",
        message: format!("Deployment template parse failed: '{reason}'."),
    }
}
