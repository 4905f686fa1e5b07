//! DELETE of a failover group: the secondary's databases become databases of their own.

use super::{Change, FailoverGroupPlace, not_changing, path, start};
use crate::command::Request;
use crate::event::EventKind;
use crate::geo;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{FailoverGroupRefusal, Refusal};
use crate::world::World;

/// DELETE of a failover group. Answers no operation if there was none.
#[derive(Clone, Debug)]
pub struct DeleteFailoverGroup {
    /// Where it is: in the region of its primary.
    pub place: FailoverGroupPlace,
}

impl Request for DeleteFailoverGroup {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        not_changing(world, &self.place.name)?;
        let Some(found) = world.failover_group_at(&self.place) else {
            return Ok(None);
        };
        if !super::is_at(found.primary, &self.place) {
            return Err(FailoverGroupRefusal::OnSecondary.into());
        }
        let (name, at) = (found.group.name.clone(), found.primary.id);
        let operation = start(world, "DropManagedFailoverGroup", &name, at, Change::Delete);
        Ok(Some(operation))
    }
}

/// The group is gone.
pub(super) fn finish(world: &mut World, name: &Name) {
    let Some(gone) = world.azure.failover_groups.remove(name) else {
        return;
    };
    let primary = world.replica_sets.get(&gone.id).map(|set| set.primary);
    let primary = primary.and_then(|primary| world.instance(primary));
    let location = primary
        .and_then(|primary| primary.as_managed_instance())
        .map_or_else(String::new, |it| it.properties.location.clone());
    geo::part(world, gone.id);
    world.record(EventKind::ResourceDeleted {
        resource: path(&location, &gone.name),
    });
}
