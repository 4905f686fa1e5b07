//! Geo-replication: what becomes of the databases of the two managed instances of a failover group.
//!
//! Inside Azure that is a distributed group over two hidden ones. Here one hidden group has both instances as its replicas, asynchronous
//! and seeded automatically (guess: what the views show of it is not published), so that all of `replica` does it: seeding, cursors,
//! losing each other, what a failover loses. What differs is who decides: the service, and nobody on the instances. It takes every user
//! database of the primary into the group, and it tells the old primary at once that it is so no more.

mod contact;
mod failover;
mod members;

pub(crate) use contact::{check, look, obstacle};
pub(crate) use failover::{check_forced, check_planned, fail_over, forget_grace, grace_over};
use members::enlist;
pub(crate) use members::{drop_copy, pair_up, part, retire};

use crate::ids::{GroupId, InstanceId};
use crate::world::World;

/// Whether a group is one that the service keeps for a failover group: only those have a managed instance as their primary.
pub(crate) fn is_geo(world: &World, group: GroupId) -> bool {
    let set = world.replica_sets.get(&group);
    let primary = set.and_then(|set| world.instance(set.primary));
    primary.is_some_and(|primary| primary.is_managed_instance())
}

/// Whether an instance is the secondary of a failover group: nobody can make databases there.
pub(crate) fn is_secondary(world: &World, instance: InstanceId) -> bool {
    if world.azure.failover_groups.is_empty() {
        return false;
    }
    let mut groups = world.failover_groups();
    groups.any(|view| view.secondary.id == instance)
}

/// Brings the failover groups in line with what has just changed.
pub(crate) fn reconcile(world: &mut World) {
    if world.azure.failover_groups.is_empty() {
        return;
    }
    let groups = world.azure.failover_groups.values();
    for id in groups.map(|group| group.id).collect::<Vec<_>>() {
        enlist(world, id);
        failover::watch(world, id);
    }
}
