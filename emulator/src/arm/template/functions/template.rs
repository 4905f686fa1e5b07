//! What the template itself has: parameters, variables, loops, and the deployment.

use serde_json::{Value, json};

use super::{Function, dates};
use crate::arm::template::error::wrong;

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
    ("lambdavariables", |scope, call| {
        call.count(1, 1)?;
        let name = call.text(0)?;
        let variables = scope.lambdas.borrow();
        let found = variables.iter().rev().find(|(known, _)| known == name);
        match found {
            Some((_, value)) => Ok(value.clone()),
            None => wrong(format!(
                "The lambda variable '{name}' is not found. Please see https://aka.ms/arm-functions for usage details."
            )),
        }
    }),
    ("lambda", |_, _| {
        wrong(
            "The template function 'lambda' is not expected at this location: only functions such as 'map' take it. Please see https://aka.ms/arm-functions for usage details.",
        )
    }),
    ("fail", |_, call| {
        call.count(1, 1)?;
        wrong(call.text(0)?)
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
            _ => dates::shown(dates::read(call, &scope.facts.now)?, Some(call.text(0)?)),
        }
    }),
];
