//! Template deployments: what was asked for, and how far it has come.
//!
//! The core keeps the list of steps and their order; what a step writes, and in which words, is the shell's business.
//! Texts that only clients read are kept as they were.

pub(crate) mod laws;
mod requests;

use std::fmt;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use uuid::Uuid;

use super::Tags;
use crate::ids::OperationId;
use crate::names::Name;
use crate::operation::OperationState;
use crate::refusal::DeploymentRefusal;
use crate::time::Timestamp;
use crate::world::World;

pub use requests::{CancelDeployment, DeleteDeployment, EndDeployment, MoveStep, StartDeployment};

/// How many deployments a scope remembers (documented).
pub const MOST_DEPLOYMENTS: usize = 800;

/// How many resources all deployments together may be at: ours, since loops of templates in loops of templates make more
/// of them than there is memory for.
pub const MOST_STEPS: usize = 8_000;

/// Where a deployment is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeploymentKey {
    /// The resource group; none for one of the subscription.
    pub group: Option<Name>,
    /// Its name.
    pub name: Name,
}

/// All deployments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deployments {
    pub(crate) all: OrdMap<DeploymentKey, Arc<Deployment>>,
    /// Those that run: an index, so that nobody looks for them where there are none.
    pub(crate) running: OrdSet<DeploymentKey>,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Where it is kept.
    pub key: DeploymentKey,
    /// What everything that it does has in common.
    pub correlation: Uuid,
    /// Whether what is not in the template goes.
    pub complete: bool,
    /// The region, of one of the subscription.
    pub location: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// When it was asked for.
    pub started: Timestamp,
    /// When it last came further.
    pub changed: Timestamp,
    /// Who asked for it: everything it does is done with their rights.
    pub deployer: Deployer,
    /// Where Resource Manager was asked, `https://host:port`: what is done later names it, too.
    pub endpoint: Arc<str>,
    /// The template.
    pub template: Arc<str>,
    /// The parameters as they may be shown.
    pub parameters: Arc<str>,
    /// The values of the parameters, for as long as they are needed.
    pub secrets: Option<Secret>,
    /// What is done, in the template's order.
    pub steps: imbl::Vector<Step>,
    /// How it stands.
    pub state: DeploymentState,
}

/// Who asked for a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployer {
    /// The object id.
    pub object_id: String,
    /// The application.
    pub application: String,
    /// A name for people.
    pub name: String,
    /// The user's name, if it is a person.
    pub user: Option<String>,
}

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Arc<str>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How a deployment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentState {
    /// It is being done.
    Running,
    /// All was done; these are its outputs.
    Succeeded {
        /// The outputs, as they are shown.
        outputs: Arc<str>,
    },
    /// Something could not be done; the rest stays.
    Failed {
        /// The error, as it is shown.
        error: Arc<str>,
    },
    /// Somebody stopped it.
    Canceled,
}

/// One resource of a deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The resource's id.
    pub resource: Arc<str>,
    /// Its type.
    pub kind: Arc<str>,
    /// Its name, with its parents' before it.
    pub name: Arc<str>,
    /// The api-version it is written with.
    pub api_version: Arc<str>,
    /// Whether it is taken away: complete deployments do that with what they do not know.
    pub deletes: bool,
    /// Which steps come before it.
    pub after: Arc<[usize]>,
    /// The id of this operation of the deployment.
    pub operation: Uuid,
    /// When it began, and then when it ended.
    pub changed: Timestamp,
    /// When it began.
    pub started: Timestamp,
    /// How it stands.
    pub state: StepState,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Its turn has not come.
    Waiting,
    /// It has been asked for.
    Running(Awaited),
    /// It is done.
    Succeeded,
    /// It could not be done.
    Failed {
        /// The HTTP status.
        status: u16,
        /// The error, as it is shown.
        error: Arc<str>,
    },
    /// Its condition does not hold: it was never meant to be.
    Off,
    /// Something before it failed, or somebody stopped it all.
    Skipped,
}

/// What ends a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// A long-running operation.
    Operation(OperationId),
    /// Another deployment.
    Deployment(DeploymentKey),
}

impl Deployments {
    /// Whether it keeps everything where the other one does: then nothing differs.
    pub(in crate::azure) fn shares_all(&self, other: &Self) -> bool {
        self.all.ptr_eq(&other.all) && self.running.ptr_eq(&other.running)
    }

    /// The deployment kept there.
    pub fn get(&self, key: &DeploymentKey) -> Option<&Deployment> {
        self.all.get(key).map(|found| &**found)
    }

    /// Those of a scope, in the order of their names.
    pub fn of<'a>(&'a self, group: Option<&'a Name>) -> impl Iterator<Item = &'a Deployment> + 'a {
        let all = self.all.values().map(|found| &**found);
        all.filter(move |found| found.key.group.as_ref() == group)
    }

    /// Those that run.
    pub fn running(&self) -> impl Iterator<Item = &DeploymentKey> {
        self.running.iter()
    }

    /// Whether a deployment of so many steps may begin.
    ///
    /// # Errors
    ///
    /// It runs already, or there would be too many.
    pub fn admit(&self, key: &DeploymentKey, steps: usize) -> Result<(), DeploymentRefusal> {
        let found = self.get(key);
        let name = found.map_or(&key.name, |found| &found.key.name).to_string();
        if let Some(found) = found
            && !found.is_over()
        {
            let started = found.started;
            return Err(DeploymentRefusal::Active { name, started });
        }
        if found.is_none() && self.of(key.group.as_ref()).count() >= MOST_DEPLOYMENTS {
            let most = MOST_DEPLOYMENTS;
            return Err(DeploymentRefusal::Quota { name, most });
        }
        let running = self.running.iter().filter_map(|key| self.get(key));
        let running: usize = running.map(|found| found.steps.len()).sum();
        match running + steps <= MOST_STEPS {
            true => Ok(()),
            false => {
                let most = MOST_STEPS;
                Err(DeploymentRefusal::Steps { name, most })
            }
        }
    }

    /// Whether none runs.
    pub fn is_quiet(&self) -> bool {
        self.running.is_empty()
    }

    /// The group is gone, and with it what was deployed to it.
    pub(in crate::azure) fn forget_group(&mut self, group: &Name) {
        let gone = |key: &DeploymentKey| key.group.as_ref() == Some(group);
        super::retain(&mut self.all, |key, _| !gone(key));
        let running = self.running.iter().filter(|key| !gone(key)).cloned();
        self.running = running.collect();
    }

    fn put(&mut self, deployment: Deployment) {
        let key = deployment.key.clone();
        match deployment.is_over() {
            true => drop(self.running.remove(&key)),
            false => drop(self.running.insert(key.clone())),
        }
        self.all.insert(key, Arc::new(deployment));
    }
}

impl Deployment {
    /// Whether it has ended, however.
    pub fn is_over(&self) -> bool {
        self.state != DeploymentState::Running
    }
}

impl StepState {
    /// Whether nothing further happens to it.
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Waiting | Self::Running(_))
    }
}

impl World {
    /// How what a step waits for stands: none while it runs, and then whether it went well and since when.
    pub fn awaited(&self, awaited: &Awaited) -> Option<(Timestamp, bool)> {
        match awaited {
            Awaited::Operation(id) => match self.operation(*id).map(|found| &found.state) {
                Some(OperationState::InProgress) => None,
                Some(OperationState::Succeeded { ended, .. }) => Some((*ended, true)),
                Some(OperationState::Failed { ended, .. } | OperationState::Canceled { ended }) => {
                    Some((*ended, false))
                }
                // Forgotten operations ended long ago.
                None => Some((self.now(), true)),
            },
            Awaited::Deployment(key) => match self.azure.deployments.get(key) {
                Some(found) if !found.is_over() => None,
                Some(found) => Some((
                    found.changed,
                    matches!(found.state, DeploymentState::Succeeded { .. }),
                )),
                None => Some((self.now(), false)),
            },
        }
    }
}
