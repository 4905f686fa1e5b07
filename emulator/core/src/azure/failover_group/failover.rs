//! `failover` and `forceFailoverAllowDataLoss` of a failover group.

use super::{Change, FailoverGroupPlace, not_changing, start};
use crate::azure::managed_instance::not_busy;
use crate::command::Request;
use crate::geo;
use crate::ids::{GroupId, InstanceId, OperationId};
use crate::names::Name;
use crate::refusal::{AzureRefusal, FailoverGroupRefusal, Refusal};
use crate::world::World;

/// POST of a failover, in the region of the instance that is to become primary.
#[derive(Clone, Debug)]
pub struct FailOverGroup {
    /// Where it is asked for.
    pub place: FailoverGroupPlace,
    /// How.
    pub kind: GroupFailover,
}

/// How a group fails over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupFailover {
    /// The secondary gets everything first; otherwise nothing happens.
    Planned,
    /// The secondary goes on with what it has.
    Forced,
}

impl Request for FailOverGroup {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let group = || self.place.name.to_string();
        not_changing(world, &self.place.name)?;
        let found = world.failover_group_at(&self.place);
        let found = found.ok_or_else(|| FailoverGroupRefusal::NotFound { group: group() })?;
        if !super::is_at(found.secondary, &self.place) {
            return Err(FailoverGroupRefusal::OnPrimary.into());
        }
        let (name, to, id) = (found.group.name.clone(), found.secondary.id, found.group.id);
        match not_busy(world, to) {
            Err(AzureRefusal::InstanceBusy { name }) => {
                return Err(FailoverGroupRefusal::InstanceBusy { name }.into());
            }
            other => other?,
        }
        check(world, id, self.kind)?;
        let word = match self.kind {
            GroupFailover::Planned => "FailoverManagedFailoverGroup",
            GroupFailover::Forced => "ForceFailoverManagedFailoverGroup",
        };
        let change = Change::FailOver(to, self.kind);
        Ok(start(world, word, &name, to, change))
    }
}

/// Whether a failover can be done as things stand.
fn check(world: &World, id: GroupId, kind: GroupFailover) -> Result<(), FailoverGroupRefusal> {
    match kind {
        GroupFailover::Planned => geo::check_planned(world, id),
        GroupFailover::Forced => geo::check_forced(world, id),
    }
}

/// The other instance is primary, unless something has come between.
pub(super) fn finish(
    world: &mut World,
    name: &Name,
    to: InstanceId,
    kind: GroupFailover,
) -> Result<(), Refusal> {
    let group = || name.to_string();
    let found = world.failover_group(name);
    let found = found.ok_or_else(|| FailoverGroupRefusal::NotFound { group: group() })?;
    let id = found.group.id;
    if found.primary.id == to {
        return Ok(());
    }
    check(world, id, kind)?;
    geo::fail_over(world, id, kind == GroupFailover::Forced);
    Ok(())
}
