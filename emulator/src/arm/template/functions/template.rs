//! What the template itself has: parameters, variables, loops, and the deployment.

use serde_json::{Value, json};

use super::Function;
use crate::arm::template::error::{Stop, wrong};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("parameters", |scope, call| {
        call.count(1, 1)?;
        scope.parameter(call.text(0)?)
    }),
    ("variables", |scope, call| {
        call.count(1, 1)?;
        scope.variable(call.text(0)?)
    }),
    // With an offset, or with a loop's name and an offset.
    ("copyindex", |scope, call| {
        call.count(0, 2)?;
        let (name, offset) = match call.arguments {
            [] => (None, 0),
            [Value::Number(_)] => (None, call.number(0)?),
            [_] => (Some(call.text(0)?), 0),
            _ => (Some(call.text(0)?), call.number(1)?),
        };
        let index = scope.copy_index(name)? as i64;
        Ok(Value::from(index.saturating_add(offset)))
    }),
    ("deployment", |scope, call| {
        call.count(0, 0)?;
        let facts = scope.facts;
        let mut shown = json!({
            "name": facts.deployment,
            "properties": {
                "mode": "Incremental",
                "provisioningState": "Accepted",
                "templateHash": "",
            },
        });
        if let Some(location) = &facts.location {
            shown["location"] = json!(location);
        }
        Ok(shown)
    }),
    ("utcnow", |scope, call| {
        call.count(0, 1)?;
        if !scope.defaults {
            return wrong(
                "The template function 'utcNow' is not expected at this location. It can only be used in the default value of a parameter. Please see https://aka.ms/arm-functions for usage details.",
            );
        }
        match call.arguments {
            [] => Ok(Value::String(scope.facts.now.clone())),
            _ => Err(Stop::Unsupported(
                "A format of the template function 'utcNow'".to_owned(),
            )),
        }
    }),
];
