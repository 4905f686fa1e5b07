//! Integration runtimes: from where a factory connects.
//!
//! One that Azure runs is in the factory's managed network or outside of it; a self-hosted one waits for somebody to
//! register a node with its keys, which nobody does here.

use std::sync::Arc;

use uuid::Uuid;

use super::managed_network::DEFAULT_NETWORK;
use super::{Precondition, path, writable};
use crate::azure::{Pending, ResourceKey, check_name};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::OperationId;
use crate::names::Name;
use crate::operation::{OperationState, ResourceRef};
use crate::refusal::{AzureRefusal, FactoryRefusal, Refusal};
use crate::time::{Span, Timestamp};
use crate::world::World;

/// An integration runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegrationRuntime {
    /// Its name.
    pub name: Name,
    /// Changes with each write.
    pub etag: Uuid,
    /// When it was created.
    pub created: Timestamp,
    /// `description`.
    pub description: Option<String>,
    /// What it is.
    pub kind: RuntimeKind,
}

/// What a runtime is.
#[derive(Clone, Debug, PartialEq)]
pub enum RuntimeKind {
    /// `Managed`, outside of any network.
    Public {
        /// `typeProperties`, as they were given.
        settings: Arc<str>,
    },
    /// `Managed`, in the factory's managed network.
    InNetwork {
        /// `typeProperties`, as they were given.
        settings: Arc<str>,
        /// Interactive authoring.
        interactive: Interactive,
    },
    /// `SelfHosted`.
    SelfHosted {
        /// The keys with which nodes register.
        keys: [Uuid; 2],
    },
}

/// Where a runtime that Azure runs is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Among the addresses of the region.
    Public,
    /// In the factory's managed network.
    ManagedNetwork,
}

/// Interactive authoring: on until it has not been used for so long.
#[derive(Clone, Debug, PartialEq)]
pub struct Interactive {
    /// Whether it was last switched on, or off.
    pub is_on: bool,
    /// How long it stays on without use.
    pub minutes: u32,
    /// When it was last switched or used.
    pub used: Timestamp,
    /// The last switching.
    pub operation: Option<OperationId>,
}

/// `interactiveQuery.status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum InteractiveStatus {
    Enabling,
    Enabled,
    Disabling,
    Disabled,
}

/// One of the two keys of a self-hosted runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum AuthenticationKey {
    AuthKey1,
    AuthKey2,
}

/// PUT.
#[derive(Clone, Debug)]
pub struct WriteRuntime {
    /// Its factory.
    pub factory: ResourceKey,
    /// Its name.
    pub name: Name,
    /// `description`.
    pub description: Option<String>,
    /// `typeProperties` of a managed one; none for a self-hosted one.
    pub managed: Option<Arc<str>>,
    /// The managed network that it refers to.
    pub network: Option<Name>,
    /// `If-Match`.
    pub condition: Precondition,
}

/// DELETE. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct DeleteRuntime {
    /// Its factory.
    pub factory: ResourceKey,
    /// Its name.
    pub name: Name,
}

/// `enableInteractiveQuery` and `disableInteractiveQuery`.
#[derive(Clone, Debug)]
pub struct SwitchInteractive {
    /// The factory.
    pub factory: ResourceKey,
    /// The runtime.
    pub name: Name,
    /// On or off.
    pub on: bool,
    /// `autoTerminationMinutes`.
    pub minutes: Option<i64>,
}

/// `regenerateAuthKey`.
#[derive(Clone, Debug)]
pub struct RegenerateKey {
    /// The factory.
    pub factory: ResourceKey,
    /// The runtime.
    pub name: Name,
    /// Which key.
    pub key: AuthenticationKey,
}

pub(super) const KIND: &str = "Microsoft.DataFactory/factories/integrationRuntimes";
/// How long interactive authoring stays on without use if nothing else is said (documented: 60 minutes).
const USUAL_MINUTES: u32 = 60;
/// The longest that can be asked for (guess).
const MOST_MINUTES: i64 = 1_440;

impl IntegrationRuntime {
    /// Where it is, if Azure runs it.
    pub(super) fn seat(&self) -> Option<Seat> {
        match self.kind {
            RuntimeKind::Public { .. } => Some(Seat::Public),
            RuntimeKind::InNetwork { .. } => Some(Seat::ManagedNetwork),
            RuntimeKind::SelfHosted { .. } => None,
        }
    }

    /// Its interactive authoring, if it needs any.
    pub fn interactive(&self) -> Option<&Interactive> {
        match &self.kind {
            RuntimeKind::InNetwork { interactive, .. } => Some(interactive),
            RuntimeKind::Public { .. } | RuntimeKind::SelfHosted { .. } => None,
        }
    }
}

impl Interactive {
    fn off(now: Timestamp) -> Self {
        Self {
            is_on: false,
            minutes: USUAL_MINUTES,
            used: now,
            operation: None,
        }
    }

    /// How it stands.
    pub fn status(&self, world: &World) -> InteractiveStatus {
        let operation = self.operation.and_then(|id| world.operation(id));
        let ended = match operation.map(|operation| &operation.state) {
            Some(OperationState::InProgress) if self.is_on => return InteractiveStatus::Enabling,
            Some(OperationState::InProgress) => return InteractiveStatus::Disabling,
            Some(
                OperationState::Succeeded { ended, .. }
                | OperationState::Failed { ended, .. }
                | OperationState::Canceled { ended },
            ) => *ended,
            None => self.used,
        };
        let ends = self.used.max(ended) + Span::minutes(i64::from(self.minutes));
        match self.is_on && world.now() < ends {
            true => InteractiveStatus::Enabled,
            false => InteractiveStatus::Disabled,
        }
    }
}

impl InteractiveStatus {
    /// As ARM writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Enabling => "Enabling",
            Self::Enabled => "Enabled",
            Self::Disabling => "Disabling",
            Self::Disabled => "Disabled",
        }
    }
}

impl Request for WriteRuntime {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let factory = writable(world, &self.factory)?;
        let found = factory.runtimes.get(&self.name).cloned();
        self.condition
            .check(&self.name, found.as_ref().map(|found| found.etag))?;
        if found.is_none() {
            check_name(KIND, self.name.as_str())?;
        }
        if let Some(network) = &self.network
            && (factory.network.is_none() || !network.is(DEFAULT_NETWORK))
        {
            let name = network.to_string();
            return Err(FactoryRefusal::InvalidReference { name }.into());
        }
        let old = found.as_ref().map(|found| &found.kind);
        let kind = match (self.managed, self.network) {
            (Some(settings), None) => RuntimeKind::Public { settings },
            (Some(settings), Some(_)) => RuntimeKind::InNetwork {
                settings,
                interactive: match old {
                    Some(RuntimeKind::InNetwork { interactive, .. }) => interactive.clone(),
                    _ => Interactive::off(world.now()),
                },
            },
            (None, _) => RuntimeKind::SelfHosted {
                keys: match old {
                    Some(RuntimeKind::SelfHosted { keys }) => *keys,
                    _ => [world.ids.next_guid(), world.ids.next_guid()],
                },
            },
        };
        // What a runtime is and where it runs stays (guess: the portal offers no change of either).
        if let Some(old) = old
            && std::mem::discriminant(old) != std::mem::discriminant(&kind)
        {
            let runtime = self.name.to_string();
            return Err(FactoryRefusal::RuntimeFixed { runtime }.into());
        }
        let runtime = IntegrationRuntime {
            name: found.as_ref().map_or(self.name, |found| found.name.clone()),
            etag: world.ids.next_guid(),
            created: found.as_ref().map_or(world.now(), |found| found.created),
            description: self.description,
            kind,
        };
        let resource = path(&self.factory, "integrationRuntimes", &runtime.name);
        let factory = world.factory_mut(&self.factory);
        factory.runtimes.insert(runtime.name.clone(), runtime);
        world.record(EventKind::ResourceWritten { resource });
        Ok(())
    }
}

impl Request for DeleteRuntime {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let factory = writable(world, &self.factory)?;
        if !factory.runtimes.contains_key(&self.name) {
            return Ok(false);
        }
        let mut services = factory.linked_services.values();
        if let Some(user) = services.find(|found| found.runtime.as_ref() == Some(&self.name)) {
            return Err(FactoryRefusal::Referenced {
                resource: format!(
                    "factories/{}/integrationruntimes/{}",
                    self.factory.name, self.name
                ),
                by: user.name.to_string(),
            }
            .into());
        }
        let resource = path(&self.factory, "integrationRuntimes", &self.name);
        world.factory_mut(&self.factory).runtimes.remove(&self.name);
        world.record(EventKind::ResourceDeleted { resource });
        Ok(true)
    }
}

impl Request for SwitchInteractive {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let factory = writable(world, &self.factory)?;
        let runtime = find(factory, &self.name)?;
        let Some(interactive) = runtime.interactive() else {
            let runtime = self.name.to_string();
            return Err(FactoryRefusal::NoInteractiveAuthoring { runtime }.into());
        };
        let minutes = match self.minutes {
            None => interactive.minutes,
            Some(minutes @ 1..=MOST_MINUTES) => u32::try_from(minutes).unwrap_or(USUAL_MINUTES),
            Some(other) => {
                return Err(AzureRefusal::InvalidParameter {
                    parameter: "autoTerminationMinutes".to_owned(),
                    value: other.to_string(),
                }
                .into());
            }
        };
        let resource = ResourceRef {
            resource_group: self.factory.group.to_string(),
            location: factory.location.clone(),
            path: path(&self.factory, "integrationRuntimes", &runtime.name),
        };
        let word = match self.on {
            true => "EnableInteractiveQuery",
            false => "DisableInteractiveQuery",
        };
        let operation = world.start_operation(word, "integrationRuntimes", resource);
        let transition = Transition::InteractiveAuthoring;
        world.when_over(operation, transition, Pending::Settle(transition));
        let switched = Interactive {
            is_on: self.on,
            minutes,
            used: world.now(),
            operation: Some(operation),
        };
        replace(world, &self.factory, &self.name, switched);
        Ok(operation)
    }
}

impl Request for RegenerateKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let factory = writable(world, &self.factory)?;
        let runtime = find(factory, &self.name)?;
        if !matches!(runtime.kind, RuntimeKind::SelfHosted { .. }) {
            let runtime = self.name.to_string();
            return Err(FactoryRefusal::NotSelfHosted { runtime }.into());
        }
        let fresh = world.ids.next_guid();
        let runtimes = &mut world.factory_mut(&self.factory).runtimes;
        let runtime = runtimes.get_mut(&self.name);
        if let Some(RuntimeKind::SelfHosted { keys }) = runtime.map(|found| &mut found.kind) {
            keys[self.key as usize] = fresh;
        }
        Ok(())
    }
}

/// Interactive authoring is used: it stays on from now.
pub(super) fn touch(world: &mut World, factory: &ResourceKey, name: &Name) {
    let found = world.data_factory(factory);
    let runtime = found.and_then(|found| found.runtimes.get(name));
    if let Some(interactive) = runtime.and_then(IntegrationRuntime::interactive) {
        let used = Interactive {
            used: world.now(),
            ..interactive.clone()
        };
        replace(world, factory, name, used);
    }
}

fn replace(world: &mut World, factory: &ResourceKey, name: &Name, with: Interactive) {
    let runtime = world.factory_mut(factory).runtimes.get_mut(name);
    if let Some(RuntimeKind::InNetwork { interactive, .. }) = runtime.map(|found| &mut found.kind) {
        *interactive = with;
    }
}

pub(super) fn find<'a>(
    factory: &'a super::Factory,
    name: &Name,
) -> Result<&'a IntegrationRuntime, FactoryRefusal> {
    let found = factory.runtimes.get(name);
    found.ok_or_else(|| FactoryRefusal::EntityNotFound {
        kind: "integrationRuntimes",
        name: name.to_string(),
    })
}
