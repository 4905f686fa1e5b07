//! Stopping and starting a managed instance, and failing it over to another node.
//!
//! Documented in "Stop and start an instance" and "User-initiated manual failover": what may not be stopped, that a stopped
//! instance takes no change, and one failover in fifteen minutes.

use super::{InstanceState, not_busy, start_on};
use crate::azure::Pending;
use crate::command::{Request, move_to_another_node, start, stop};
use crate::durations::Transition;
use crate::ids::{InstanceId, OperationId};
use crate::refusal::{AzureRefusal, InstanceRefusal, Refusal};
use crate::time::Span;
use crate::world::World;

/// POST of an instance's `stop`.
#[derive(Clone, Copy, Debug)]
pub struct StopManagedInstance {
    /// The instance.
    pub instance: InstanceId,
}

/// POST of an instance's `start`.
#[derive(Clone, Copy, Debug)]
pub struct StartManagedInstance {
    /// The instance.
    pub instance: InstanceId,
}

/// POST of an instance's `failover`.
#[derive(Clone, Copy, Debug)]
pub struct FailOverManagedInstance {
    /// The instance.
    pub instance: InstanceId,
    /// `replicaType=ReadableSecondary`: the replica that only reads, which only Business Critical has.
    pub readable_secondary: bool,
}

/// How long an instance that was failed over cannot be failed over again (documented).
const FAILOVER_INTERVAL: Span = Span::minutes(15);
const STEM: &str = "managedInstance";

impl Request for StopManagedInstance {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        not_busy(world, self.instance)?;
        let (_, properties) = super::facts(world, self.instance);
        let reason = match properties.sku.tier {
            "GeneralPurpose" => None,
            _ => Some("only instances in the General Purpose service tier can be stopped"),
        };
        let reason = reason.or(properties
            .zone_redundant
            .then_some("zone-redundant instances cannot be stopped"));
        if let Some(reason) = reason {
            return Err(InstanceRefusal::CannotStop { reason }.into());
        }
        super::has_no_link(world, self.instance)?;
        super::in_no_failover_group(world, self.instance)?;
        let operation = start_on(world, ("StopManagedInstance", STEM), self.instance, "");
        let pending = Pending::StopInstance(self.instance);
        world.when_over(operation, Transition::InstanceStop, pending);
        Ok(operation)
    }
}

impl Request for StartManagedInstance {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let name = || super::facts(world, self.instance).0.to_string();
        match world.state_of(self.instance) {
            InstanceState::Stopped => {}
            InstanceState::Ready => return Err(InstanceRefusal::NotStopped.into()),
            InstanceState::Starting => {
                return Err(AzureRefusal::InstanceStarting { name: name() }.into());
            }
            InstanceState::Stopping => {
                return Err(AzureRefusal::InstanceStopped { name: name() }.into());
            }
            InstanceState::Creating | InstanceState::Updating | InstanceState::Deleting => {
                return Err(AzureRefusal::InstanceBusy { name: name() }.into());
            }
        }
        let operation = start_on(world, ("StartManagedInstance", STEM), self.instance, "");
        let pending = Pending::StartInstance(self.instance);
        world.when_over(operation, Transition::InstanceStart, pending);
        Ok(operation)
    }
}

impl Request for FailOverManagedInstance {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        if world.state_of(self.instance) != InstanceState::Ready {
            return Err(InstanceRefusal::NotInStateToFailOver.into());
        }
        let (_, properties) = super::facts(world, self.instance);
        if self.readable_secondary && properties.sku.tier != "BusinessCritical" {
            return Err(InstanceRefusal::NoReadableSecondary.into());
        }
        let now = world.now();
        let instance = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let recent = instance
            .moved
            .is_some_and(|moved| now < moved + FAILOVER_INTERVAL);
        if recent {
            return Err(InstanceRefusal::FailoverThrottled.into());
        }
        let without_backup = instance.databases.values().find(|database| {
            !database.is_system() && !database.is_secondary() && !database.chain.is_started()
        });
        if let Some(database) = without_backup {
            return Err(InstanceRefusal::FullBackupMissing {
                database: database.name.to_string(),
            }
            .into());
        }
        world.instance_mut(self.instance).moved = Some(now);
        let operation = start_on(world, ("FailoverManagedInstance", STEM), self.instance, "");
        // The readable secondary of Business Critical is not modelled: its failover disturbs nobody.
        let pending = match self.readable_secondary {
            true => Pending::Settle(Transition::InstanceFailover),
            false => Pending::FailOverInstance(self.instance),
        };
        world.when_over(operation, Transition::InstanceFailover, pending);
        Ok(operation)
    }
}

/// The instance is stopped, unless a link has been made meanwhile.
pub(crate) fn finish_stop(world: &mut World, instance: InstanceId) -> Result<(), Refusal> {
    if world.instance(instance).is_some() {
        super::has_no_link(world, instance)?;
        super::in_no_failover_group(world, instance)?;
        stop(world, instance);
    }
    Ok(())
}

/// The instance runs again.
pub(crate) fn finish_start(world: &mut World, instance: InstanceId) {
    if world.instance(instance).is_some() {
        start(world, instance);
    }
}

/// The instance runs on another node.
pub(crate) fn finish_failover(world: &mut World, instance: InstanceId) {
    if world.instance(instance).is_some() {
        move_to_another_node(world, instance);
    }
}
