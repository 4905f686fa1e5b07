//! DROP AVAILABILITY GROUP.

use super::membership::leave;
use super::over::distributed_over;
use crate::command::Request;
use crate::event::EventKind;
use crate::ids::InstanceId;
use crate::names::Name;
use crate::refusal::{GroupRefusal, Refusal};
use crate::world::World;

/// DROP AVAILABILITY GROUP.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct DropAvailabilityGroup {
    pub instance: InstanceId,
    pub name: Name,
}

impl Request for DropAvailabilityGroup {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        if instance.is_managed_instance() {
            return Err(GroupRefusal::Managed.into());
        }
        let found = instance.group(self.name.as_str()).cloned();
        let group = found.ok_or_else(|| GroupRefusal::NotFound {
            name: self.name.to_string(),
        })?;
        if let Some(dag) = distributed_over(instance, &group.name) {
            let group = self.name.to_string();
            return Err(GroupRefusal::UsedByDistributed { group, dag }.into());
        }
        if let Some(local) = group.as_local() {
            for member in &local.databases {
                if let Some(database) = instance.database_mut(member.database) {
                    leave(database);
                }
            }
        }
        instance.groups.remove(&group.id);
        instance.log(
            now,
            format!("The availability group '{}' was dropped.", group.name),
        );
        let server = instance.name.to_string();
        world.record(EventKind::GroupDropped {
            instance: server,
            group: group.name.to_string(),
        });
        Ok(())
    }
}
