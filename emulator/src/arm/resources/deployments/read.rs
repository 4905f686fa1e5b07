//! Deployments as Resource Manager shows them.

use std::collections::{BTreeMap, BTreeSet};

use milink_core::azure::deployment::{Deployment, DeploymentKey, DeploymentState, Step, StepState};
use milink_core::time::Span;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::prepare::Prepared;
use crate::arm::call::Call;

/// The id of a deployment.
pub(super) fn id(call: &Call<'_>, key: &DeploymentKey) -> String {
    let scope = match &key.group {
        Some(group) => format!(
            "/subscriptions/{}/resourceGroups/{group}",
            call.subscription
        ),
        None => format!("/subscriptions/{}", call.subscription),
    };
    format!("{scope}/providers/{}/{}", super::NAME, key.name)
}

/// The id of what a step makes.
fn resource_id(call: &Call<'_>, step: &Step) -> String {
    format!("/subscriptions/{}{}", call.subscription, step.resource)
}

/// The digits under which the end of a deployment is asked for.
pub(super) fn status_id(deployment: &Deployment) -> String {
    let (high, _) = deployment.correlation.as_u64_pair();
    format!("{:020}", high / 1_000)
}

/// The word of a state.
pub(super) fn state_word(state: &DeploymentState) -> &'static str {
    match state {
        DeploymentState::Running => "Running",
        DeploymentState::Succeeded { .. } => "Succeeded",
        DeploymentState::Failed { .. } => "Failed",
        DeploymentState::Canceled => "Canceled",
    }
}

/// Text that was JSON when it was kept.
pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// A deployment.
pub(super) fn shown(call: &Call<'_>, deployment: &Deployment) -> Value {
    let made = deployment.steps.iter().filter(|step| !step.deletes);
    let made: Vec<&Step> = made.filter(|step| step.state != StepState::Off).collect();
    let mut properties = json!({
        "templateHash": hash(&deployment.template),
        "parameters": json(&deployment.parameters),
        "mode": if deployment.complete { "Complete" } else { "Incremental" },
        "provisioningState": state_word(&deployment.state),
        "timestamp": deployment.changed.to_arm_text(),
        "duration": iso(deployment.changed.since(deployment.started)),
        "correlationId": deployment.correlation,
        "providers": providers(made.iter().map(|step| &*step.kind)),
        "dependencies": dependencies(call, deployment, &made),
    });
    match &deployment.state {
        DeploymentState::Succeeded { outputs } => {
            properties["outputs"] = json(outputs);
            let ids = made
                .iter()
                .map(|step| json!({ "id": resource_id(call, step) }));
            properties["outputResources"] = ids.collect();
        }
        DeploymentState::Failed { error } => properties["error"] = json(error),
        DeploymentState::Running | DeploymentState::Canceled => {}
    }
    let mut shown = json!({
        "id": id(call, &deployment.key),
        "name": deployment.key.name.as_str(),
        "type": super::NAME,
        "properties": properties,
    });
    if let Some(location) = &deployment.location {
        shown["location"] = json!(location);
    }
    if !deployment.tags.is_empty() {
        shown["tags"] = json!(deployment.tags);
    }
    shown
}

/// What `validate` says of a deployment that could be started.
pub(super) fn validated(call: &Call<'_>, prepared: &Prepared) -> Value {
    let request = &prepared.request;
    let enabled = prepared.plan.resources.iter().filter(|one| one.enabled);
    let enabled: Vec<_> = enabled.collect();
    let ids = enabled.iter().map(|one| json!({ "id": one.id }));
    json!({
        "id": id(call, &request.key),
        "name": request.key.name.as_str(),
        "type": super::NAME,
        "properties": {
            "templateHash": hash(&request.template),
            "parameters": json(&request.parameters),
            "mode": if request.complete { "Complete" } else { "Incremental" },
            "provisioningState": "Succeeded",
            "timestamp": call.read(|world| world.now().to_arm_text()),
            "duration": "PT0S",
            "correlationId": uuid::Uuid::nil(),
            "providers": providers(enabled.iter().map(|one| one.kind.as_str())),
            "dependencies": [],
            "validatedResources": ids.collect::<Vec<_>>(),
        },
    })
}

/// An operation of a deployment; none before it has begun.
pub(super) fn operation(call: &Call<'_>, deployment: &Deployment, step: &Step) -> Option<Value> {
    let (state, status) = match &step.state {
        StepState::Waiting | StepState::Off | StepState::Skipped => return None,
        StepState::Running(_) => ("Running", "Accepted"),
        StepState::Succeeded => ("Succeeded", "OK"),
        StepState::Failed { status, .. } => ("Failed", reason(*status)),
    };
    let id = step.operation.simple().to_string().to_uppercase();
    let mut properties = json!({
        "provisioningOperation": if step.deletes { "Delete" } else { "Create" },
        "provisioningState": state,
        "timestamp": step.changed.to_arm_text(),
        "duration": iso(step.changed.since(step.started)),
        "trackingId": step.operation,
        "statusCode": status,
        "targetResource": {
            "id": resource_id(call, step),
            "resourceType": &*step.kind,
            "resourceName": &*step.name,
        },
    });
    if let StepState::Failed { error, .. } = &step.state {
        properties["statusMessage"] = json!({ "error": json(error) });
    }
    Some(json!({
        "id": format!("{}/operations/{id}", self::id(call, &deployment.key)),
        "operationId": id,
        "properties": properties,
    }))
}

/// The word of a status, as .NET has it.
fn reason(status: u16) -> &'static str {
    match status {
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        412 => "PreconditionFailed",
        429 => "TooManyRequests",
        500.. => "InternalServerError",
        _ => "BadRequest",
    }
}

fn dependencies(call: &Call<'_>, deployment: &Deployment, made: &[&Step]) -> Value {
    let named = |step: &Step| json!({ "id": resource_id(call, step), "resourceType": &*step.kind, "resourceName": &*step.name });
    let with = made.iter().filter(|step| !step.after.is_empty());
    let all = with.map(|step| {
        let mut shown = named(step);
        let after = step.after.iter().filter_map(|at| deployment.steps.get(*at));
        shown["dependsOn"] = after.map(named).collect();
        shown
    });
    all.collect()
}

fn providers<'a>(kinds: impl Iterator<Item = &'a str>) -> Value {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for kind in kinds {
        if let Some((namespace, name)) = kind.split_once('/') {
            all.entry(namespace).or_default().insert(name);
        }
    }
    let all = all.into_iter().map(|(namespace, kinds)| {
        let kinds = kinds.into_iter();
        let kinds = kinds.map(|kind| json!({ "resourceType": kind, "locations": [null] }));
        json!({ "namespace": namespace, "resourceTypes": kinds.collect::<Vec<_>>() })
    });
    all.collect()
}

/// Digits that are the same for the same template.
fn hash(template: &str) -> String {
    let digest = Sha1::digest(template.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes).to_string()
}

/// ISO 8601.
fn iso(span: Span) -> String {
    let (seconds, rest) = (span.0 / 10_000_000, span.0 % 10_000_000);
    match rest {
        0 => format!("PT{seconds}S"),
        _ => format!("PT{seconds}.{:07}S", rest),
    }
}
