//! Laws about the replicas of local groups.

use std::sync::Arc;

use super::{FollowPhase, ReplicaSet, ReplicaTimer, Secondary, SecondaryId, half, status, timer};
use crate::availability_group::Role;
use crate::ids::InstanceId;
use crate::instance::ServiceState;
use crate::world::World;

/// Every replica of a set has its half of the group, and the secondaries' copies follow the primary's databases.
pub(crate) fn sets_have_their_groups(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        let server = |instance: InstanceId| {
            let there = half(world, instance, set.group).is_some();
            (!there).then(|| format!("{instance} does not have {}", set.name))
        };
        if let Some(missing) = server(id.instance).or_else(|| server(set.primary)) {
            return Some(missing);
        }
        secondary.databases.values().find_map(|following| {
            let target = following.phase.target()?;
            let copy = world.instance(id.instance)?.databases.get(&target);
            let source = copy
                .and_then(|copy| copy.copy.as_ref())
                .map(|it| it.source.0);
            (source != Some(set.primary))
                .then(|| format!("{} of {} follows {source:?}", following.name, set.name))
        })
    })
}

/// No two replicas of a group are primary.
pub(crate) fn one_replica_is_primary(world: &World) -> Option<String> {
    each(world, |set, id, _| {
        let role = half(world, id.instance, set.group)?.role;
        (role == Role::Primary).then(|| format!("{} of {} as well", id.instance, set.name))
    })
}

/// What a secondary has hardened and keeps is what its primary has at the same places.
pub(crate) fn logs_are_prefixes(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        secondary.databases.values().find_map(|following| {
            let (source, copy) = status::both(world, id, following.phase)?;
            let held = source.log.first().map(|entry| entry.lsn)?;
            let ours = copy.log.from(held);
            let mut theirs = source.log.from(held);
            ours.into_iter().find_map(|entry| {
                let there = theirs.find(|there| there.lsn >= entry.lsn);
                let same = there.is_some_and(|there| Arc::ptr_eq(there, entry) || there == entry);
                (!same).then(|| format!("{} of {} at {}", following.name, set.name, entry.lsn))
            })
        })
    })
}

/// A secondary that has redone everything has as many rows as its primary.
pub(crate) fn caught_up_secondaries_have_the_rows(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        secondary.databases.values().find_map(|following| {
            let FollowPhase::InStep { .. } = following.phase else {
                return None;
            };
            let (source, copy) = status::both(world, id, following.phase)?;
            let at = copy.copy.as_ref()?;
            let caught_up = at.hardened == source.log.end() && copy.unredone().next().is_none();
            // A primary that follows another database has not redone all that it hands on.
            if !caught_up || source.is_secondary() {
                return None;
            }
            let rows = |content: &crate::store::Content| -> usize {
                content.tables.values().map(|table| table.len()).sum()
            };
            let (theirs, ours) = (rows(&source.content), rows(&copy.content));
            (theirs != ours).then(|| {
                format!(
                    "{} of {} has {ours} of {theirs} rows",
                    following.name, set.name
                )
            })
        })
    })
}

/// Replicas that are connected run.
pub(crate) fn connected_replicas_run(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        secondary.connection.connected_since?;
        let runs = |instance| {
            world
                .instance(instance)
                .is_some_and(|found| found.service == ServiceState::Running)
        };
        (!runs(id.instance) || !runs(set.primary)).then(|| format!("{id} of {}", set.name))
    })
}

/// A secondary that hears nothing of its primary will give it up.
pub(crate) fn silent_replicas_end(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        let connection = &secondary.connection;
        let silent = connection.silent_since.is_some();
        let due = world.timers.due(&timer(id, ReplicaTimer::Silence));
        let sound = silent == due.is_some() && (connection.connected_since.is_some() || !silent);
        (!sound).then(|| format!("{id} of {}", set.name))
    })
}

/// A database that is on its way to a secondary has a next step.
pub(crate) fn steps_will_come(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        let live = secondary.connection.is_live();
        secondary.databases.iter().find_map(|(member, following)| {
            let phase = following.phase;
            let waits = match phase {
                FollowPhase::Recovering { .. } => true,
                FollowPhase::Seeding => live,
                FollowPhase::CatchUp { .. } => live && !status::is_suspended(world, id, phase),
                FollowPhase::Absent | FollowPhase::InStep { .. } => false,
            };
            let armed = world
                .timers
                .due(&timer(id, ReplicaTimer::Step(*member)))
                .is_some();
            (waits && !armed).then(|| format!("{} of {} in {phase:?}", following.name, set.name))
        })
    })
}

fn each(
    world: &World,
    law: impl Fn(&ReplicaSet, SecondaryId, &Secondary) -> Option<String>,
) -> Option<String> {
    world.replica_sets.values().find_map(|set| {
        set.secondaries.iter().find_map(|(instance, secondary)| {
            let id = SecondaryId {
                group: set.group,
                instance: *instance,
            };
            law(set, id, secondary)
        })
    })
}
