//! From a request to what will be done: the template planned, and checked before anything is written.

use std::cell::Cell;
use std::rc::Rc;

use axum::http::{HeaderMap, Method, StatusCode};
use milink_core::azure::deployment::{Deployer, Secret, StartDeployment, Step, StepState};
use milink_core::names::Name;
use milink_core::time::Timestamp;
use milink_model::ErrorDetail;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{contents, key, run};
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::path::ResourcePath;
use crate::arm::template::{Facts, MOST_BYTES, Plan, Planned, TemplateError, parameters};
use crate::arm::{Incoming, authorization, location, route};

/// A deployment that can be started.
pub(super) struct Prepared {
    pub(super) request: StartDeployment,
    pub(super) plan: Plan,
}

const GROUPS: &str = "Microsoft.Resources/resourceGroups";

/// What is around a deployment that is looked at before it begins.
#[derive(Clone, Default)]
struct Around {
    /// The groups that the templates around it make first, with their regions.
    groups: Vec<(String, String)>,
    /// How many templates that is.
    depth: usize,
    /// What looking ahead has cost so far, in bytes that were worked out. It may cost as much as one template, since loops
    /// of deployments in loops of deployments are written in a few lines; what is over is looked at when it begins.
    spent: Rc<Cell<usize>>,
}

/// How deep deployments may nest: ours, so that looking ahead has an end. What is deeper is looked at when it begins.
const DEEPEST: usize = 5;

/// Reads the body and plans the template.
pub(super) fn read(call: &Call<'_>) -> Result<Prepared, ArmError> {
    read_within(call, &Around::default())
}

fn read_within(call: &Call<'_>, around: &Around) -> Result<Prepared, ArmError> {
    call.body(|body| {
        let location = match &call.path.group {
            Some(_) => {
                body.ignore(&["location"]);
                None
            }
            None => Some(call.required_region(super::NAME, body)?),
        };
        let tags = body.tags()?.unwrap_or_default();
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&[
            "debugSetting",
            "expressionEvaluationOptions",
            "validationLevel",
            "provisioningState",
            "whatIfSettings",
        ]);
        for name in ["templateLink", "parametersLink", "onErrorDeployment"] {
            if properties.value(name).is_some() {
                return Err(ArmError::not_emulated(&format!(
                    "'{name}' of a deployment"
                )));
            }
        }
        let complete = mode(call, &properties)?;
        let Some(template) = properties.value("template") else {
            return Err(ArmError::gateway(
                StatusCode::BAD_REQUEST,
                "InvalidRequestContent",
                "The request content was invalid: one of the properties 'template' and 'templateLink' must be set.",
            ));
        };
        let given = given_parameters(&properties)?;
        let facts = facts(call, location.clone(), around);
        let given = parameters(template, &given, &facts).map_err(of_template)?;
        let plan = Plan::of(template, given.values.clone(), facts, true).map_err(of_template)?;
        let mut steps: Vec<Step> = plan.resources.iter().map(|one| step(call, one)).collect();
        if complete {
            steps.extend(deletions(call, &plan));
        }
        let caller = call.caller;
        let request = StartDeployment {
            key: key(call),
            complete,
            location,
            tags,
            deployer: Deployer {
                object_id: caller.oid.clone(),
                application: caller.appid.clone(),
                name: caller.name.clone(),
                user: caller.upn.clone(),
            },
            endpoint: call.base.as_str().into(),
            template: template.to_string().into(),
            parameters: given.shown.to_string().into(),
            secrets: Secret(json!(given.values).to_string().into()),
            steps,
        };
        Ok(Prepared { request, plan })
    })
}

/// Incremental or complete.
fn mode(call: &Call<'_>, properties: &Object<'_>) -> Result<bool, ArmError> {
    let mode = properties.string("mode")?.unwrap_or_default();
    match (mode.to_ascii_lowercase().as_str(), &call.path.group) {
        ("incremental", _) => Ok(false),
        ("complete", Some(_)) => Ok(true),
        ("complete", None) => Err(ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidDeploymentMode",
            "The 'Complete' deployment mode is not supported for deployments at subscription scope.",
        )),
        _ => Err(ArmError::invalid_content(&format!(
            "Error converting value \"{mode}\" to type 'DeploymentMode'. Path 'properties.mode'."
        ))),
    }
}

/// `{"name": {"value": …}}`, or a whole parameter file.
fn given_parameters(properties: &Object<'_>) -> Result<Map<String, Value>, ArmError> {
    let given = match properties.value("parameters") {
        None => return Ok(Map::new()),
        Some(Value::Object(given)) => given,
        Some(_) => {
            return Err(ArmError::invalid_content(
                "Error converting 'parameters' to an object. Path 'properties.parameters'.",
            ));
        }
    };
    match (given.get("$schema"), given.get("parameters")) {
        (Some(_), Some(Value::Object(inner))) => Ok(inner.clone()),
        _ => Ok(given.clone()),
    }
}

/// What expressions can ask about the deployment.
fn facts(call: &Call<'_>, location: Option<String>, around: &Around) -> Facts {
    let key = key(call);
    let (now, shown) = call.read(|world| (world.now(), run::group(world, key.group.as_ref())));
    let shown = shown.or_else(|| {
        let (name, location) = around.group(key.group.as_ref()?.as_str())?;
        Some((name.clone(), location.clone(), json!({})))
    });
    Facts {
        now: now.to_arm_text().replace(['-', ':'], ""),
        seed: format!("{}-{}", now.to_arm_text(), key.name.folded()),
        ..run::facts(
            call.arm,
            call.subscription,
            &call.base,
            &key,
            shown,
            location,
        )
    }
}

fn step(call: &Call<'_>, planned: &Planned) -> Step {
    let state = match planned.enabled {
        true => StepState::Waiting,
        false => StepState::Off,
    };
    blank(call, planned, planned.after.as_slice().into(), state)
}

fn blank(
    call: &Call<'_>,
    planned: &Planned,
    after: std::sync::Arc<[usize]>,
    state: StepState,
) -> Step {
    Step {
        // A copy of a world has it in its own subscription.
        resource: call.relative(&planned.id).unwrap_or(&planned.id).into(),
        kind: planned.kind.as_str().into(),
        name: planned.name.as_str().into(),
        api_version: planned.api_version.as_str().into(),
        deletes: false,
        after,
        operation: Uuid::nil(),
        changed: Timestamp::default(),
        started: Timestamp::default(),
        state,
    }
}

/// What is in the group and not in the template goes, once all else is there (that it goes last is a guess).
fn deletions(call: &Call<'_>, plan: &Plan) -> Vec<Step> {
    let known = |id: &str| {
        let id = id.to_lowercase();
        plan.resources.iter().any(|planned| {
            let planned = planned.id.to_lowercase();
            // Whose child is in the template is not taken away under it.
            planned == id || planned.starts_with(&format!("{id}/"))
        })
    };
    let after: std::sync::Arc<[usize]> = (0..plan.resources.len()).collect();
    let found = contents::resources_of_group(call);
    let gone = found.into_iter().filter(|found| !known(&found.id));
    gone.map(|found| Step {
        deletes: true,
        ..blank(
            call,
            &found,
            std::sync::Arc::clone(&after),
            StepState::Waiting,
        )
    })
    .collect()
}

impl Around {
    fn group(&self, name: &str) -> Option<&(String, String)> {
        let mut all = self.groups.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// What is around the deployments that a template has in it.
    fn of(&self, plan: &Plan) -> Self {
        let made = plan
            .resources
            .iter()
            .filter(|planned| planned.enabled && planned.kind.eq_ignore_ascii_case(GROUPS));
        let made = made.map(|planned| {
            let location = planned.location.as_deref().unwrap_or_default();
            (planned.name.clone(), location.to_owned())
        });
        Self {
            groups: self.groups.iter().cloned().chain(made).collect(),
            depth: self.depth + 1,
            spent: Rc::clone(&self.spent),
        }
    }
}

/// Everything that can be known to be wrong before anything is written, also with the deployments in the template.
pub(super) fn preflight(call: &Call<'_>, prepared: &Prepared) -> Result<(), ArmError> {
    preflight_within(call, prepared, &Around::default())
}

fn preflight_within(call: &Call<'_>, prepared: &Prepared, around: &Around) -> Result<(), ArmError> {
    let plan = &prepared.plan;
    authorized(call, prepared)?;
    let inner = around.of(plan);
    let mut details = Vec::new();
    for (at, planned) in plan.resources.iter().enumerate() {
        if !planned.enabled {
            continue;
        }
        let checked = check(call, planned);
        if let Err(error) = checked.and_then(|()| nested(call, plan, at, &inner)) {
            if error.code() == crate::arm::NOT_EMULATED || error.status() == StatusCode::FORBIDDEN {
                return Err(error);
            }
            details.push(ErrorDetail {
                target: Some(planned.id.clone()),
                ..error.detail().clone()
            });
        }
    }
    if details.is_empty() {
        return Ok(());
    }
    let name = call.path.name(0);
    let message = format!(
        "The template deployment '{name}' is not valid according to the validation procedure. See inner errors for details."
    );
    Err(ArmError::gateway(
        StatusCode::BAD_REQUEST,
        "InvalidTemplateDeployment",
        message,
    )
    .with_details(details))
}

/// A deployment in a template, as far as it can be worked out before anything is written.
fn nested(call: &Call<'_>, plan: &Plan, at: usize, around: &Around) -> Result<(), ArmError> {
    let planned = &plan.resources[at];
    let ends = around.depth > DEEPEST || around.spent.get() >= MOST_BYTES;
    if !planned.kind.eq_ignore_ascii_case(super::NAME) || ends {
        return Ok(());
    }
    let segments: Vec<String> = planned.id.split('/').skip(2).map(str::to_owned).collect();
    let (Some(body), Some(path)) = (
        plan.body_ahead(at, &around.spent),
        ResourcePath::parse(&segments),
    ) else {
        return Ok(());
    };
    if let Some(group) = &path.group
        && around.group(group).is_none()
        && call.read(|world| run::group(world, Some(&Name::new(group))).is_none())
    {
        return Err(ArmError::group_not_found(group));
    }
    let incoming = Incoming {
        method: Method::PUT,
        path: planned.id.clone(),
        query: String::new(),
        headers: HeaderMap::new(),
        tls: true,
        body: body.to_string().into(),
    };
    let inner = Call {
        incoming: &incoming,
        ..call.to(Method::PUT, path, planned.id.clone())
    };
    let prepared = read_within(&inner, around)?;
    let cost = incoming.body.len() + prepared.plan.cost;
    around.spent.set(around.spent.get().saturating_add(cost));
    preflight_within(&inner, &prepared, around)
}

/// Everything is written with the caller's rights: what they may not write is said before anything is.
fn authorized(call: &Call<'_>, prepared: &Prepared) -> Result<(), ArmError> {
    let mut said = Vec::new();
    let mut ask = |verb: &str, kind: &str, name: &str, id: &str| {
        let of = match kind.eq_ignore_ascii_case(GROUPS) {
            true => "Microsoft.Resources/subscriptions/resourceGroups",
            false => kind,
        };
        let action = format!("{of}/{verb}");
        if !call.may(&action, id) {
            said.push(format!(
                "Authorization failed for template resource '{name}' of type '{kind}'. The client '{}' with object id '{}' does not have permission to perform action '{action}' at scope '{id}'.",
                authorization::client(call.caller),
                call.caller.oid,
            ));
        }
    };
    for planned in prepared.plan.resources.iter().filter(|one| one.enabled) {
        ask("write", &planned.kind, &planned.name, &planned.id);
    }
    // What a complete deployment takes away as well: Azure says it when it comes to that, and half is done (guess).
    for step in prepared.request.steps.iter().filter(|step| step.deletes) {
        let id = format!("/subscriptions/{}{}", call.subscription, step.resource);
        ask("delete", &step.kind, &step.name, &id);
    }
    if said.is_empty() {
        return Ok(());
    }
    Err(ArmError::gateway(
        StatusCode::FORBIDDEN,
        "InvalidTemplateDeployment",
        format!(
            "Deployment failed with multiple errors: '{}'",
            said.join(":")
        ),
    ))
}

fn check(call: &Call<'_>, planned: &Planned) -> Result<(), ArmError> {
    route::check_type(call, &planned.kind, &planned.api_version)?;
    let is_group = planned.kind.eq_ignore_ascii_case(GROUPS);
    if is_group && call.path.group.is_some() {
        return Err(ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidTemplate",
            format!(
                "Deployment template validation failed: 'The resource '{}' cannot be deployed to a resource group: it belongs to the subscription.'.",
                planned.name
            ),
        ));
    }
    match planned.location.as_deref() {
        Some(place) if !place.eq_ignore_ascii_case("global") => {
            let kind = if is_group {
                GROUPS
            } else {
                planned.kind.as_str()
            };
            location::region_for(kind, place).map(drop)
        }
        _ => Ok(()),
    }
}

pub(super) fn of_template(error: TemplateError) -> ArmError {
    ArmError::gateway(StatusCode::BAD_REQUEST, error.code, error.message)
}
