//! What can be asked of deployments.

use std::sync::Arc;

use super::{Deployer, Deployment, DeploymentKey, DeploymentState, Secret, Step, StepState};
use crate::azure::resource_group::writable_group;
use crate::azure::{Tags, check_name};
use crate::command::Request;
use crate::event::EventKind;
use crate::refusal::{AzureRefusal, DeploymentRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::World;

const KIND: &str = "Microsoft.Resources/deployments";

/// PUT of a deployment: its steps, none of which has begun. Answers whether it is new.
#[derive(Clone, Debug)]
pub struct StartDeployment {
    /// Where it is kept.
    pub key: DeploymentKey,
    /// Whether what is not in the template goes.
    pub complete: bool,
    /// The region, of one of the subscription.
    pub location: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// Who asks.
    pub deployer: Deployer,
    /// Where Resource Manager was asked.
    pub endpoint: Arc<str>,
    /// The template.
    pub template: Arc<str>,
    /// The parameters as they may be shown.
    pub parameters: Arc<str>,
    /// The values of the parameters.
    pub secrets: Secret,
    /// What is to be done. Operation ids and times are given here.
    pub steps: Vec<Step>,
}

/// A step comes further.
#[derive(Clone, Debug)]
pub struct MoveStep {
    /// The deployment.
    pub key: DeploymentKey,
    /// Which of its steps.
    pub step: usize,
    /// When that was; what is noticed later happened then.
    pub at: Timestamp,
    /// How it stands from then on.
    pub to: StepState,
}

/// A deployment is over.
#[derive(Clone, Debug)]
pub struct EndDeployment {
    /// The deployment.
    pub key: DeploymentKey,
    /// How it ended.
    pub state: DeploymentState,
}

/// POST cancel.
#[derive(Clone, Debug)]
pub struct CancelDeployment {
    /// The deployment.
    pub key: DeploymentKey,
}

/// DELETE: forgets a deployment, and leaves what it made. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct DeleteDeployment {
    /// The deployment.
    pub key: DeploymentKey,
}

impl Request for StartDeployment {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        if let Some(group) = &self.key.group {
            writable_group(world, group)?;
        }
        let found = world.azure.deployments.all.get(&self.key).cloned();
        let name = found
            .as_ref()
            .map_or(&self.key.name, |found| &found.key.name);
        let name = name.to_string();
        check_name(KIND, &name)?;
        world.azure.deployments.admit(&self.key, self.steps.len())?;
        let now = world.now();
        let correlation = world.ids.next_guid();
        let steps = self.steps.into_iter().map(|step| Step {
            operation: world.ids.next_guid(),
            changed: now,
            started: now,
            ..step
        });
        let deployment = Deployment {
            key: self.key,
            correlation,
            complete: self.complete,
            location: self.location,
            tags: self.tags,
            started: now,
            changed: now,
            deployer: self.deployer,
            endpoint: self.endpoint,
            template: self.template,
            parameters: self.parameters,
            secrets: Some(self.secrets),
            steps: steps.collect(),
            state: DeploymentState::Running,
        };
        world.azure.deployments.put(deployment);
        let resource = format!("{KIND}/{name}");
        world.record(EventKind::ResourceWritten { resource });
        Ok(found.is_none())
    }
}

impl Request for MoveStep {
    type Reply = ();

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let mut deployment = running(world, &self.key)?;
        let at = self.at.min(world.now()).max(deployment.started);
        let waits = || DeploymentRefusal::StepOutOfTurn {
            name: self.key.name.to_string(),
            step: self.step,
        };
        let before = deployment.steps.get(self.step).ok_or_else(waits)?;
        let in_turn = match (&before.state, &self.to) {
            (StepState::Waiting, StepState::Skipped | StepState::Failed { .. }) => true,
            (StepState::Waiting, StepState::Running(_) | StepState::Succeeded) => before
                .after
                .iter()
                .all(|other| deployment.steps[*other].state.lets_go_on()),
            (StepState::Running(_), StepState::Succeeded | StepState::Failed { .. }) => true,
            _ => false,
        };
        if !in_turn {
            return Err(waits().into());
        }
        let step = deployment
            .steps
            .get_mut(self.step)
            .expect("found a moment ago");
        if step.state == StepState::Waiting {
            step.started = at;
        }
        step.changed = at;
        step.state = self.to;
        deployment.changed = deployment.changed.max(at);
        world.azure.deployments.put(deployment);
        Ok(())
    }
}

impl Request for EndDeployment {
    type Reply = ();

    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let mut deployment = running(world, &self.key)?;
        if let Some(step) = deployment
            .steps
            .iter()
            .position(|step| !step.state.is_over())
        {
            let name = self.key.name.to_string();
            return Err(DeploymentRefusal::StepOutOfTurn { name, step }.into());
        }
        deployment.state = self.state;
        deployment.secrets = None;
        world.azure.deployments.put(deployment);
        Ok(())
    }
}

impl Request for CancelDeployment {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let mut deployment = running(world, &self.key)?;
        let now = world.now();
        // What was asked for already happens; nobody waits for it any more.
        for step in deployment.steps.iter_mut() {
            if !step.state.is_over() {
                step.state = StepState::Skipped;
                step.changed = now;
            }
        }
        deployment.state = DeploymentState::Canceled;
        deployment.secrets = None;
        deployment.changed = now;
        world.azure.deployments.put(deployment);
        Ok(())
    }
}

impl Request for DeleteDeployment {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let Some(found) = world.azure.deployments.all.get(&self.key) else {
            return Ok(false);
        };
        let name = found.key.name.to_string();
        if !found.is_over() {
            let started = found.started;
            return Err(DeploymentRefusal::Active { name, started }.into());
        }
        world.azure.deployments.all.remove(&self.key);
        let resource = format!("{KIND}/{name}");
        world.record(EventKind::ResourceDeleted { resource });
        Ok(true)
    }
}

fn running(world: &World, key: &DeploymentKey) -> Result<Deployment, Refusal> {
    let name = key.name.to_string();
    match world.azure.deployments.get(key) {
        None => {
            let resource_group = key.group.as_ref().map(ToString::to_string);
            Err(AzureRefusal::NotFound {
                kind: KIND,
                name,
                resource_group: resource_group.unwrap_or_default(),
            }
            .into())
        }
        Some(found) if found.is_over() => Err(DeploymentRefusal::Over { name }.into()),
        Some(found) => Ok(found.clone()),
    }
}

impl StepState {
    /// Whether what waits for the step may begin: it is there, or it was never meant to be.
    pub(super) fn lets_go_on(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Off)
    }
}
