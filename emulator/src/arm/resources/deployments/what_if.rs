//! `whatIf`: the deployment is done to a copy of the world, and what is different then is what would change.
//!
//! So this says what really would come of it, where Azure compares the template with what is there. A step that would be
//! refused is told among the diagnostics.

mod delta;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::Method;
use milink_core::World;
use milink_core::azure::deployment::{DeploymentKey, Step, StepState};
use serde_json::{Value, json};

use super::copy::Copy;
use super::run::{self, Sender};
use super::{NAME, contents, prepare, read};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;

/// How many deployments are looked at, of those in one another.
const MOST_DEPLOYMENTS: usize = 1_000;

/// POST whatIf. Answered at once; nothing is to be waited for.
pub(super) fn what_if(call: &Call<'_>) -> Result<Answer, ArmError> {
    let full = has_payloads(call)?;
    let prepared = prepare::read(call)?;
    prepare::preflight(call, &prepared)?;
    let key = prepared.request.key.clone();
    let complete = prepared.request.complete;
    let world = call.read(World::clone);
    let copy = Arc::new(Copy::of(call.arm, call.subscription, world));
    let worlds = Arc::clone(&copy) as Arc<dyn crate::arm::Worlds>;
    let arm = call.arm.over(worlds, call.arm.looks_ahead);
    copy.start(prepared.request)?;
    copy.run(&arm, &key);
    let now = Sender {
        arm: call.arm,
        subscription: call.subscription,
        caller: call.caller,
        endpoint: &call.base,
    };
    let then = Sender { arm: &arm, ..now };
    let mut seen = BTreeSet::new();
    let mut changes = Vec::new();
    let mut diagnostics = Vec::new();
    for step in copy.read(|world| steps(world, &key)) {
        let id = format!("/subscriptions/{}{}", call.subscription, step.resource);
        seen.insert(id.to_lowercase());
        let (before, after) = (shown(now, &id, &step), shown(then, &id, &step));
        if let StepState::Failed { error, .. } = &step.state {
            diagnostics.push(diagnostic(&id, &read::json(error)));
        }
        changes.push(change(&id, &step, before, after));
    }
    if call.path.group.is_some() && !complete {
        let rest = contents::resources_of_group(call).into_iter();
        for other in rest.filter(|other| !seen.contains(&other.id.to_lowercase())) {
            let before = get(now, &other.id, &other.api_version);
            changes.push(json!({"resourceId": other.id, "changeType": "Ignore", "before": before}));
        }
    }
    if !full {
        for change in &mut changes {
            if let Value::Object(members) = change {
                members.retain(|name, _| ["resourceId", "changeType"].contains(&name.as_str()));
            }
        }
    }
    let mut properties = json!({
        "correlationId": uuid::Uuid::nil(),
        "changes": changes,
    });
    if !diagnostics.is_empty() {
        properties["diagnostics"] = Value::Array(diagnostics);
    }
    Ok(Answer::ok(
        &json!({ "status": "Succeeded", "properties": properties }),
    ))
}

/// `whatIfSettings.resultFormat`.
fn has_payloads(call: &Call<'_>) -> Result<bool, ArmError> {
    call.body(|body| {
        body.ignore_all();
        let properties = body.object_or_empty("properties")?;
        properties.ignore_all();
        let format = properties.object_or_empty("whatIfSettings")?.string("resultFormat")?;
        match format.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("fullresourcepayloads") => Ok(true),
            Some("resourceidonly") => Ok(false),
            Some(other) => Err(ArmError::invalid_content(&format!(
                "Error converting value \"{other}\" to type 'WhatIfResultFormat'. Path 'properties.whatIfSettings.resultFormat'."
            ))),
        }
    })
}

/// All steps that something comes of, those of deployments within the deployment in place of these.
fn steps(world: &World, key: &DeploymentKey) -> Vec<Step> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = vec![key.clone()];
    while let Some(key) = next.pop() {
        if seen.len() >= MOST_DEPLOYMENTS || !seen.insert(key.clone()) {
            continue;
        }
        let Some(deployment) = world.azure.deployments.get(&key) else {
            continue;
        };
        for step in deployment.steps.iter() {
            match &step.state {
                StepState::Off => {}
                _ if step.kind.eq_ignore_ascii_case(NAME) && !step.deletes => {
                    let id = format!("/subscriptions/{}{}", world.subscription, step.resource);
                    next.extend(run::key_of(&id));
                }
                _ => found.push(step.clone()),
            }
        }
    }
    found
}

fn shown(sender: Sender<'_>, id: &str, step: &Step) -> Option<Value> {
    get(sender, id, &step.api_version)
}

/// The resource as GET shows it, without what is new every time.
fn get(sender: Sender<'_>, id: &str, version: &str) -> Option<Value> {
    let answer = sender.send(Method::GET, id, version, None).ok()?;
    let mut shown: Value = serde_json::from_slice(&answer.body).ok()?;
    delta::quieten(&mut shown);
    shown["apiVersion"] = json!(version);
    Some(shown)
}

fn change(id: &str, step: &Step, before: Option<Value>, after: Option<Value>) -> Value {
    let mut change = json!({ "resourceId": id });
    let succeeded = step.state == StepState::Succeeded;
    let word = match (&before, &after) {
        (Some(_), None) if step.deletes => "Delete",
        (Some(_), Some(_)) if step.deletes => "NoChange",
        // What comes of what is refused, or waits for that, is not known.
        (Some(_), _) if !succeeded => "Deploy",
        (None, _) => "Create",
        (Some(before), Some(after)) => {
            let found = delta::between(before, after);
            let word = if found.is_empty() {
                "NoChange"
            } else {
                "Modify"
            };
            change["delta"] = Value::Array(found);
            word
        }
        (Some(_), None) => "Deploy",
    };
    change["changeType"] = json!(word);
    if let Some(before) = before {
        change["before"] = before;
    }
    let after = after.or_else(|| {
        let planned = json!({ "id": id, "type": &*step.kind, "name": &*step.name, "apiVersion": &*step.api_version });
        (word == "Create").then_some(planned)
    });
    if let Some(after) = after {
        change["after"] = after;
    }
    change
}

fn diagnostic(id: &str, error: &Value) -> Value {
    json!({
        "level": "Error",
        "code": error["code"],
        "message": error["message"],
        "target": id,
    })
}
