//! Changing a link's replication mode, and deleting a link.

use super::create::start;
use super::{LinkId, Phase, ReplicationMode, several};
use crate::command::Request;
use crate::durations::Transition;
use crate::ids::{InstanceId, OperationId};
use crate::names::Name;
use crate::operation::OperationError;
use crate::refusal::{LinkRefusal, Refusal};
use crate::world::{Timer, World};

/// PATCH of a link.
#[derive(Clone, Debug)]
pub struct UpdateLink {
    /// The managed instance.
    pub instance: InstanceId,
    /// The link's name.
    pub name: Name,
    /// The mode; none changes nothing, and is accepted.
    pub replication_mode: Option<ReplicationMode>,
    /// The complete set of databases of a link with several; of a link with one it says nothing.
    pub databases: Option<Vec<Name>>,
}

/// DELETE of a link.
#[derive(Clone, Debug)]
pub struct DeleteLink {
    /// The managed instance.
    pub instance: InstanceId,
    /// The link's name.
    pub name: Name,
}

impl Request for UpdateLink {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let id = LinkId::new(self.instance, self.name);
        if world.link_groups.contains_key(&id) {
            let change = several::Change {
                databases: self.databases,
                mode: self.replication_mode,
            };
            return several::change(world, &id, change);
        }
        let link = world.links.get(&id);
        let link = link.ok_or_else(|| LinkRefusal::NotFound {
            name: id.name.to_string(),
        })?;
        if matches!(
            link.phase,
            Phase::Initiating | Phase::Connected | Phase::Failed { .. }
        ) {
            return Err(LinkRefusal::Busy {
                name: id.name.to_string(),
            }
            .into());
        }
        let operation = start(world, &id, "DistributedAvailabilityGroupsLinkUpdate");
        match self.replication_mode {
            None => world.succeed_operation(operation, true),
            Some(mode) => {
                let due = world.now() + world.span(Transition::LinkUpdate);
                world
                    .timers
                    .arm(Timer::LinkUpdate(id, operation, mode), due);
            }
        }
        Ok(operation)
    }
}

impl Request for DeleteLink {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let id = LinkId::new(self.instance, self.name);
        let operation = start(world, &id, "DistributedAvailabilityGroupsDropLink");
        if !several::is_over(world, &id) {
            let due = world.now() + world.span(Transition::LinkDelete);
            world.timers.arm(Timer::LinkDeletion(id, operation), due);
        } else {
            // The service accepts the request and fails the operation (observed).
            let name = id.name.to_string();
            world.fail_operation(operation, OperationError::LinkNotFound { name });
        }
        Ok(operation)
    }
}
