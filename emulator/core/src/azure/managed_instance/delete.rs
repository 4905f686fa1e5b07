//! Deleting a managed instance, with its databases, certificates and sessions.

use super::{InstanceState, not_busy, start_on};
use crate::azure::fabric::Target;
use crate::azure::pending::abandon;
use crate::azure::{Pending, failover_group, retain};
use crate::command::{Request, close_served};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{InstanceId, OperationId};
use crate::refusal::{AzureRefusal, FailoverGroupRefusal, InstanceRefusal, Refusal};
use crate::world::World;

/// DELETE of a managed instance.
#[derive(Clone, Debug)]
pub struct DeleteManagedInstance {
    /// The instance.
    pub instance: InstanceId,
}

impl Request for DeleteManagedInstance {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        may_be_deleted(world, self.instance)?;
        has_no_link(world, self.instance)?;
        in_no_failover_group(world, self.instance)?;
        let words = ("DropManagedServer", "managedInstance");
        let operation = start_on(world, words, self.instance, "");
        let pending = Pending::DeleteInstance(self.instance);
        world.when_over(operation, Transition::InstanceDelete, pending);
        Ok(operation)
    }
}

/// The instance is gone, unless a link has been made meanwhile.
pub(crate) fn finish_deletion(world: &mut World, instance: InstanceId) -> Result<(), Refusal> {
    if world.instance(instance).is_some() {
        has_no_link(world, instance)?;
        in_no_failover_group(world, instance)?;
        remove(world, instance);
    }
    Ok(())
}

/// Takes an instance away, with everything that runs or waits on it.
pub(crate) fn remove(world: &mut World, instance: InstanceId) {
    failover_group::forget(world, instance);
    let Some(gone) = world.instances.remove(&instance) else {
        return;
    };
    world.network.forget(instance);
    world.azure.trust.forget(instance);
    close_served(world, instance, None);
    for job in gone.agent.jobs.keys() {
        let timer = crate::world::Timer::Job(instance, *job);
        world.timers.cancel(&timer);
        world.jobs_in_hand.remove(&(instance, *job));
    }
    world
        .timers
        .cancel(&crate::world::Timer::GroupsOnline(instance));
    retain(&mut world.azure.database_tags, |(of, _), _| *of != instance);
    abandon(world, |pending| pending.is_about(instance));
    world.cut_connections(&Target::Instance(gone.name.clone()));
    world.record(EventKind::InstanceDeleted {
        instance: gone.name.to_string(),
    });
}

/// A stopped instance can be deleted as it is (guess).
fn may_be_deleted(world: &World, instance: InstanceId) -> Result<(), AzureRefusal> {
    match world.state_of(instance) {
        InstanceState::Stopped => Ok(()),
        _ => not_busy(world, instance),
    }
}

/// A member of a failover group can neither be deleted nor stopped (documented).
pub(super) fn in_no_failover_group(world: &World, instance: InstanceId) -> Result<(), Refusal> {
    match world.failover_group_of(instance) {
        None => Ok(()),
        Some(view) => {
            let group = view.group.name.to_string();
            Err(FailoverGroupRefusal::InstanceIn { group }.into())
        }
    }
}

pub(super) fn has_no_link(world: &World, instance: InstanceId) -> Result<(), InstanceRefusal> {
    let mut links = world.links.keys().chain(world.link_groups.keys());
    match links.find(|link| link.instance == instance) {
        None => Ok(()),
        Some(link) => Err(InstanceRefusal::HasLink {
            link: link.name.to_string(),
        }),
    }
}
