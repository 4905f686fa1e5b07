//! DELETE of a server trust group. Its trust may linger until a failover.

use super::TrustGroupKey;
use super::write::{not_changing, path, ready, start};
use crate::azure::Pending;
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::OperationId;
use crate::refusal::Refusal;
use crate::world::World;

/// DELETE of a trust group. Answers no operation if there was none.
#[derive(Clone, Debug)]
pub struct DeleteTrustGroup {
    /// Where it is.
    pub key: TrustGroupKey,
}

impl Request for DeleteTrustGroup {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let found = world.azure.trust.groups.get(&self.key).cloned();
        // One that is being created is not there yet, and busy all the same.
        not_changing(world, &self.key)?;
        let Some(group) = found else {
            return Ok(None);
        };
        for member in &group.members {
            ready(world, *member)?;
        }
        let operation = start(world, "DropServerTrustGroup", &self.key, &group);
        let pending = Pending::DeleteTrustGroup(self.key);
        world.when_over(operation, Transition::TrustGroupWrite, pending);
        Ok(Some(operation))
    }
}

/// The group is gone.
pub(in crate::azure) fn finish_deletion(world: &mut World, key: &TrustGroupKey) {
    let Some(gone) = world.azure.trust.groups.get(key).cloned() else {
        return;
    };
    world.azure.trust.change(|groups| {
        groups.remove(key);
    });
    world.record(EventKind::ResourceDeleted {
        resource: path(&gone),
    });
}
