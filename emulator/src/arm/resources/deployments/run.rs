//! A deployment going on: what has ended is noticed, and what has waited for it begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc as Shared, MutexGuard, PoisonError, TryLockError};

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use milink_core::World;
use milink_core::azure::deployment::{
    Awaited, Deployment, DeploymentKey, DeploymentState, EndDeployment, MoveStep, Step, StepState,
};
use milink_core::command::Request;
use milink_core::ids::OperationId;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use milink_core::time::Timestamp;
use milink_model::ErrorDetail;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{cleanup, read};
use crate::arm::answer::Answer;
use crate::arm::error::{ArmError, of_operation};
use crate::arm::path::ResourcePath;
use crate::arm::template::{Facts, Plan, Runtime};
use crate::arm::token::Claims;
use crate::arm::{Arm, Incoming, route};

/// How many rounds one request lets deployments go: each begins or ends something, so this is never reached.
const MOST_ROUNDS: usize = 10_000;

/// Lets every deployment of a world go on as far as it can by now.
pub(in crate::arm) fn go_on(arm: &Arm, subscription: Uuid) {
    if running(arm, subscription).is_empty() {
        return;
    }
    // Nothing is left half done by a panic that a later round would not find.
    let one_at_a_time = arm.deploying.lock().unwrap_or_else(PoisonError::into_inner);
    rounds(arm, subscription);
    drop(one_at_a_time);
    follow(arm);
}

/// The same, where whoever already lets deployments go on, perhaps the caller itself, takes this over.
pub(in crate::arm) fn stir(arm: &Arm, subscription: Uuid) {
    stirred(arm).insert(subscription);
    follow(arm);
}

/// Goes on where something has happened, unless somebody is at it: they look again when they are done.
fn follow(arm: &Arm) {
    loop {
        let one_at_a_time = match arm.deploying.try_lock() {
            Ok(one_at_a_time) => one_at_a_time,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let next = stirred(arm).pop_first();
        if let Some(subscription) = next {
            rounds(arm, subscription);
        }
        drop(one_at_a_time);
        if stirred(arm).is_empty() {
            return;
        }
    }
}

fn stirred(arm: &Arm) -> MutexGuard<'_, BTreeSet<Uuid>> {
    arm.stirred.lock().unwrap_or_else(PoisonError::into_inner)
}

fn running(arm: &Arm, subscription: Uuid) -> Vec<DeploymentKey> {
    let mut keys = Vec::new();
    arm.worlds.read(subscription, &mut |world| {
        keys = world.azure.deployments.running().cloned().collect();
    });
    keys
}

fn rounds(arm: &Arm, subscription: Uuid) {
    for _ in 0..MOST_ROUNDS {
        let mut moved = false;
        for key in running(arm, subscription) {
            let round = Round {
                arm,
                subscription,
                key: &key,
            };
            moved |= round.run();
        }
        if !moved {
            break;
        }
    }
}

/// One deployment, looked at once.
struct Round<'a> {
    arm: &'a Arm,
    subscription: Uuid,
    key: &'a DeploymentKey,
}

impl Round<'_> {
    /// Whether anything has moved.
    fn run(&self) -> bool {
        let Some(deployment) = self.deployment() else {
            return false;
        };
        let mut moved = self.notice(&deployment);
        let Some(deployment) = self.deployment() else {
            return moved;
        };
        moved |= self.skip(&deployment);
        let Some(deployment) = self.deployment() else {
            return moved;
        };
        moved |= self.begin(&deployment, moved);
        match self.deployment() {
            Some(deployment) if deployment.steps.iter().all(|step| step.state.is_over()) => {
                self.end(&deployment);
                true
            }
            _ => moved,
        }
    }

    fn deployment(&self) -> Option<Deployment> {
        let found = self.read(|world| world.azure.deployments.get(self.key).cloned())?;
        found.filter(|found| !found.is_over())
    }

    /// What was running and has ended.
    fn notice(&self, deployment: &Deployment) -> bool {
        let mut moved = false;
        for (at, step) in deployment.steps.iter().enumerate() {
            let StepState::Running(awaited) = &step.state else {
                continue;
            };
            let Some(Some((ended, well))) = self.read(|world| world.awaited(awaited)) else {
                continue;
            };
            let to = match well {
                true => StepState::Succeeded,
                false => failed(StatusCode::CONFLICT, &self.failure(awaited, step.deletes)),
            };
            moved |= self.move_step(at, ended, to);
        }
        moved
    }

    /// What will never have its turn.
    fn skip(&self, deployment: &Deployment) -> bool {
        let mut moved = false;
        let mut lost: Vec<bool> = deployment
            .steps
            .iter()
            .map(|step| matches!(step.state, StepState::Failed { .. } | StepState::Skipped))
            .collect();
        // Steps are in the template's order, not in that of their turns: once round for each link of the chain.
        loop {
            let next = deployment.steps.iter().enumerate().position(|(at, step)| {
                !lost[at]
                    && step.state == StepState::Waiting
                    && step.after.iter().any(|other| lost[*other])
            });
            let Some(at) = next else {
                return moved;
            };
            lost[at] = true;
            moved |= self.move_step(at, self.now(), StepState::Skipped);
        }
    }

    /// What has waited for nothing but this moment.
    fn begin(&self, deployment: &Deployment, moved: bool) -> bool {
        let goes_on = |state: &StepState| matches!(state, StepState::Succeeded | StepState::Off);
        let ready = deployment.steps.iter().enumerate().filter(|(_, step)| {
            step.state == StepState::Waiting
                && step
                    .after
                    .iter()
                    .all(|other| goes_on(&deployment.steps[*other].state))
        });
        let ready: Vec<usize> = ready.map(|(at, _)| at).collect();
        if ready.is_empty() {
            return false;
        }
        // What a complete deployment takes away is all waited for by the same: it begins together.
        let deletes = ready.iter().any(|at| deployment.steps[*at].deletes);
        let held = match deletes && !deployment.steps.iter().any(has_begun_to_delete) {
            true => cleanup::held(self.arm, self.subscription, self.key),
            false => None,
        };
        if let Some(held) = held {
            let mut moved = moved;
            for (at, to) in held {
                moved |= self.move_step(at, self.now(), to);
            }
            return moved;
        }
        let plan = self.plan(deployment);
        let caller = claims(deployment);
        let mut moved = moved;
        let mut refused: BTreeMap<usize, ArmError> = BTreeMap::new();
        for at in ready {
            let step = &deployment.steps[at];
            let answer = match step.deletes {
                true => self.sender(&caller, &deployment.endpoint).send(
                    Method::DELETE,
                    &self.full(&step.resource),
                    &step.api_version,
                    None,
                ),
                false => self.create(&caller, deployment, at, plan.as_ref()),
            };
            let to = match answer {
                Ok(answer) => match awaited(&answer, self.key) {
                    Some(awaited) => StepState::Running(awaited),
                    None => StepState::Succeeded,
                },
                // What is in use may be so no longer when something else is gone.
                Err(error) if step.deletes => {
                    refused.insert(at, error);
                    continue;
                }
                Err(error) => failed(error.status(), error.detail()),
            };
            moved |= self.move_step(at, self.now(), to);
        }
        let waits = |state: &StepState| matches!(state, StepState::Running(_));
        let waits = self
            .deployment()
            .is_some_and(|deployment| deployment.steps.iter().any(|step| waits(&step.state)));
        if !moved && !waits {
            for (at, error) in refused {
                moved |= self.move_step(at, self.now(), failed(error.status(), error.detail()));
            }
        }
        moved
    }

    fn create(
        &self,
        caller: &Claims,
        deployment: &Deployment,
        at: usize,
        plan: Result<&Plan, &ArmError>,
    ) -> Result<Answer, ArmError> {
        let step = &deployment.steps[at];
        let plan = plan.map_err(Clone::clone)?;
        let runtime = self.sender(caller, &deployment.endpoint);
        let body = plan
            .body(at, &runtime)
            .map_err(super::prepare::of_template)?;
        self.sender(caller, &deployment.endpoint).send(
            Method::PUT,
            &self.full(&step.resource),
            &step.api_version,
            Some(&body),
        )
    }

    /// All is done that can be.
    fn end(&self, deployment: &Deployment) {
        let target = format!(
            "/subscriptions/{}{}/providers/{}/{}",
            self.subscription,
            self.key
                .group
                .as_ref()
                .map(|group| format!("/resourceGroups/{group}"))
                .unwrap_or_default(),
            super::NAME,
            self.key.name
        );
        let details = deployment
            .steps
            .iter()
            .filter_map(|step| match &step.state {
                StepState::Failed { error, .. } => {
                    let detail = serde_json::from_str::<ErrorDetail>(error).unwrap_or_default();
                    Some(ErrorDetail {
                        target: detail.target.clone().or(Some(self.full(&step.resource))),
                        ..detail
                    })
                }
                _ => None,
            });
        let details: Vec<ErrorDetail> = details.collect();
        let is_lost = |step: &Step| matches!(step.state, StepState::Failed { .. });
        let mut lost = deployment.steps.iter().filter(|step| is_lost(step));
        let only_cleanup = lost.all(|step| step.deletes);
        let failure = |code: &str, message: String, details: Vec<ErrorDetail>| {
            let error = ErrorDetail {
                code: code.to_owned(),
                message,
                target: Some(target.clone()),
                details,
            };
            DeploymentState::Failed {
                error: json!(error).to_string().into(),
            }
        };
        let state = match details.is_empty() {
            // The code and the words are Azure's, reported by its users.
            false if only_cleanup => failure(
                "DeploymentFailedCleanUp",
                "The deployment operation failed, because it was unable to cleanup. Please see https://aka.ms/arm-debug for usage details.".to_owned(),
                details,
            ),
            false => failure(
                "DeploymentFailed",
                "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.".to_owned(),
                details,
            ),
            true => match self.outputs(deployment) {
                Ok(outputs) => DeploymentState::Succeeded {
                    outputs: outputs.to_string().into(),
                },
                Err(error) => failure(
                    "DeploymentOutputEvaluationFailed",
                    "Unable to evaluate template outputs. Please see error details and deployment operations. Please see https://aka.ms/arm-common-errors for usage details.".to_owned(),
                    vec![error.detail().clone()],
                ),
            },
        };
        let key = self.key.clone();
        self.apply("EndDeployment", EndDeployment { key, state });
    }

    fn outputs(&self, deployment: &Deployment) -> Result<Value, ArmError> {
        let plan = self.plan(deployment);
        let plan = plan.as_ref().map_err(ArmError::clone)?;
        let caller = claims(deployment);
        let runtime = self.sender(&caller, &deployment.endpoint);
        let outputs = plan.outputs(&runtime);
        let outputs = outputs.map_err(super::prepare::of_template)?;
        Ok(Value::Object(outputs))
    }

    /// The plan again: what was read then can be read now.
    fn plan(&self, deployment: &Deployment) -> Planning {
        let template = read::json(&deployment.template);
        let secrets = deployment.secrets.as_ref().map(|secrets| &*secrets.0);
        let values = serde_json::from_str(secrets.unwrap_or("{}")).unwrap_or_default();
        let shown = self
            .read(|world| group(world, self.key.group.as_ref()))
            .flatten();
        let facts = facts(
            self.arm,
            self.subscription,
            &deployment.endpoint,
            self.key,
            shown,
            deployment.location.clone(),
        );
        Planning(Plan::of(&template, values, facts, false).map_err(super::prepare::of_template))
    }

    fn sender<'b>(&'b self, caller: &'b Claims, endpoint: &'b str) -> Sender<'b> {
        Sender {
            arm: self.arm,
            subscription: self.subscription,
            caller,
            endpoint,
        }
    }

    /// Why what was waited for failed.
    fn failure(&self, awaited: &Awaited, deletes: bool) -> ErrorDetail {
        let inner =
            match awaited {
                Awaited::Operation(id) => self.read(|world| {
                    match world.operation(*id).map(|operation| &operation.state) {
                        Some(OperationState::Failed { error, .. }) => {
                            Some(of_operation(error).detail().clone())
                        }
                        _ => None,
                    }
                }),
                Awaited::Deployment(key) => self.read(|world| {
                    match world.azure.deployments.get(key).map(|found| &found.state) {
                        Some(DeploymentState::Failed { error }) => serde_json::from_str(error).ok(),
                        _ => None,
                    }
                }),
            };
        let what = if deletes { "delete" } else { "write" };
        ErrorDetail {
            code: "ResourceDeploymentFailure".to_owned(),
            message: format!(
                "The resource {what} operation failed to complete successfully, because it reached terminal provisioning state 'Failed'."
            ),
            target: None,
            details: inner.flatten().into_iter().collect(),
        }
    }

    fn move_step(&self, step: usize, at: Timestamp, to: StepState) -> bool {
        let key = self.key.clone();
        self.apply("MoveStep", MoveStep { key, step, at, to })
    }

    fn apply<R: Request>(&self, what: &str, request: R) -> bool {
        let mut done = false;
        self.arm
            .worlds
            .change(self.subscription, what, &mut |world, now| {
                done = world.apply(now, request.clone()).is_ok();
            });
        done
    }

    /// The id of what a step makes, in this subscription.
    fn full(&self, resource: &str) -> String {
        format!("/subscriptions/{}{resource}", self.subscription)
    }

    fn now(&self) -> Timestamp {
        self.read(World::now).unwrap_or_default()
    }

    fn read<T>(&self, read: impl FnOnce(&World) -> T) -> Option<T> {
        let mut read = Some(read);
        let mut result = None;
        self.arm.worlds.read(self.subscription, &mut |world| {
            result = read.take().map(|read| read(world));
        });
        result
    }
}

fn has_begun_to_delete(step: &Step) -> bool {
    step.deletes && step.state != StepState::Waiting
}

struct Planning(Result<Plan, ArmError>);

impl Planning {
    fn as_ref(&self) -> Result<&Plan, &ArmError> {
        self.0.as_ref()
    }
}

/// Asks Resource Manager for something, with the rights of who deploys.
#[derive(Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) arm: &'a Arm,
    pub(super) subscription: Uuid,
    pub(super) caller: &'a Claims,
    pub(super) endpoint: &'a str,
}

impl Sender<'_> {
    pub(super) fn send(
        &self,
        method: Method,
        id: &str,
        version: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ArmError> {
        let mut headers = HeaderMap::new();
        let host = self.endpoint.rsplit('/').next().unwrap_or_default();
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(header::HOST, host);
        }
        let request = Incoming {
            method,
            path: id.to_owned(),
            query: String::new(),
            headers,
            tls: self.endpoint.starts_with("https"),
            body: body.map(|body| body.to_string().into()).unwrap_or_default(),
        };
        route::within(self.arm, self.caller, self.subscription, &request, version)
    }
}

impl Runtime for Sender<'_> {
    fn resource(&self, id: &str, api_version: &str) -> Result<Value, String> {
        said(self.send(Method::GET, id, api_version, None))
    }

    fn list(
        &self,
        id: &str,
        action: &str,
        api_version: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        said(self.send(Method::POST, &format!("{id}/{action}"), api_version, body))
    }
}

fn said(answer: Result<Answer, ArmError>) -> Result<Value, String> {
    match answer {
        Ok(answer) => Ok(serde_json::from_slice(&answer.body).unwrap_or(Value::Null)),
        Err(error) => Err(error.detail().message.clone()),
    }
}

/// What the expressions of a template can ask about where it goes.
pub(super) fn facts(
    arm: &Arm,
    subscription: Uuid,
    base: &str,
    key: &DeploymentKey,
    group: Option<(String, String, Value)>,
    location: Option<String>,
) -> Facts {
    let all = arm.worlds.subscriptions();
    let named = all.into_iter().find(|one| one.id == subscription);
    Facts {
        tenant: arm.config.tenant.to_string(),
        subscription: subscription.to_string(),
        subscription_name: named.map(|one| one.name).unwrap_or_default(),
        group,
        deployment: key.name.to_string(),
        location,
        base: base.to_owned(),
        ..Facts::default()
    }
}

/// A group's name, region and tags.
pub(super) fn group(world: &World, group: Option<&Name>) -> Option<(String, String, Value)> {
    let found = world.azure.resource_groups.get(group?)?;
    Some((
        found.name.to_string(),
        found.location.clone(),
        json!(found.tags),
    ))
}

/// The deployment that an id names, if it is one's.
pub(super) fn key_of(id: &str) -> Option<DeploymentKey> {
    let segments: Vec<String> = id.split('/').skip(2).map(str::to_owned).collect();
    let path = ResourcePath::parse(&segments)?;
    let name = path.pairs.last().filter(|_| path.pairs.len() == 1)?;
    Some(DeploymentKey {
        group: path.group.as_deref().map(Name::new),
        name: Name::new(&name.1),
    })
}

fn failed(status: StatusCode, error: &ErrorDetail) -> StepState {
    StepState::Failed {
        status: status.as_u16(),
        error: Shared::from(json!(error).to_string()),
    }
}

/// What an answer says is still going on.
fn awaited(answer: &Answer, own: &DeploymentKey) -> Option<Awaited> {
    let url = |name: &str| {
        let mut headers = answer.headers.iter();
        headers
            .find(|(header, _)| *header == name)
            .map(|(_, url)| url.as_str())
    };
    let url = url("azure-asyncoperation").or_else(|| url("location"))?;
    let path = url.split('?').next().unwrap_or_default();
    let words: Vec<&str> = path.split('/').collect();
    let after = |word: &str| {
        let at = words
            .iter()
            .position(|known| known.eq_ignore_ascii_case(word))?;
        words.get(at + 1).copied()
    };
    if let (Some(name), Some(_)) = (after("deployments"), after("operationStatuses")) {
        let group = after("resourceGroups").map(Name::new);
        let key = DeploymentKey {
            group,
            name: Name::new(name),
        };
        return (key != *own).then_some(Awaited::Deployment(key));
    }
    let id = Uuid::parse_str(words.last()?).ok()?;
    Some(Awaited::Operation(OperationId(id)))
}

/// Who asked for the deployment, as if they asked for each thing themselves.
pub(super) fn claims(deployment: &Deployment) -> Claims {
    let deployer = &deployment.deployer;
    Claims {
        aud: String::new(),
        iss: String::new(),
        iat: 0,
        nbf: 0,
        exp: 0,
        appid: deployer.application.clone(),
        oid: deployer.object_id.clone(),
        sub: deployer.object_id.clone(),
        tid: String::new(),
        idtyp: String::new(),
        name: deployer.name.clone(),
        upn: deployer.user.clone(),
        ver: String::new(),
    }
}
