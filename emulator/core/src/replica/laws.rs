//! Laws about the replicas of local groups.

use std::sync::Arc;

use super::{FollowPhase, ReplicaSet, ReplicaTimer, Secondary, SecondaryId, half, status, timer};
use crate::availability_group::Role;
use crate::ids::InstanceId;
use crate::instance::ServiceState;
use crate::link::{LostTransaction, RoleChange, committed_from};
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

/// No two replicas of a group are primary, unless a forced failover has left the old one on its own.
pub(crate) fn one_replica_is_primary(world: &World) -> Option<String> {
    each(world, |set, id, _| {
        let role = half(world, id.instance, set.group)?.role;
        let forced = set.failovers.iter().any(|failover| failover.forced);
        (role == Role::Primary && !forced)
            .then(|| format!("{} of {} as well", id.instance, set.name))
    })
}

/// Nobody writes to a database that follows the primary's.
pub(crate) fn followers_are_not_written(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        let server = world.instance(id.instance)?;
        secondary.databases.values().find_map(|following| {
            let found = server.databases.get(&following.phase.target()?)?;
            server
                .check_writable(found)
                .is_ok()
                .then(|| format!("{} of {} on {}", found.name, set.name, server.name))
        })
    })
}

/// A planned failover leaves nothing behind.
pub(crate) fn planned_failovers_lose_nothing(world: &World) -> Option<String> {
    each_change(world, |set, change| {
        let loses = change.common != change.end || !change.lost.is_empty();
        (!change.forced && loses)
            .then(|| format!("{}: {} of {}", set.name, change.common, change.end))
    })
}

/// A forced failover leaves behind what the new primary has not hardened, and nothing else.
pub(crate) fn forced_failovers_lose_a_suffix(world: &World) -> Option<String> {
    each_change(world, |set, change| {
        let outside = |lost: &LostTransaction| lost.lsn < change.common || lost.lsn >= change.end;
        let mut lost = change.lost.iter();
        lost.any(outside)
            .then(|| format!("{}: {change:?}", set.name))
    })
}

/// While the old primary has not gone back yet, what it had committed then and what is on record can be compared.
pub(crate) fn forced_failovers_lose_the_whole_suffix(world: &World) -> Option<String> {
    each(world, |set, id, secondary| {
        let failover = set.failovers.last().filter(|failover| failover.forced)?;
        secondary.databases.values().find_map(|following| {
            let FollowPhase::Split { target } = following.phase else {
                return None;
            };
            let mut changes = failover.changes.iter();
            let (_, change) = changes.find(|(name, _)| *name == following.name)?;
            let old = world.instance(id.instance)?.databases.get(&target)?;
            let fork = following.fork.as_ref()?;
            let comparable = old.copy.is_none()
                && change.history == Some(old.recovery_fork)
                && fork.common == change.common
                && change.end > change.common
                && old.log.end() >= change.end
                && old.log.reaches_back_to(change.common);
            if !comparable {
                return None;
            }
            let committed = committed_from(old, change.common).into_iter();
            let committed = committed.filter(|it| it.lsn < change.end);
            (!committed.eq(change.lost.iter().cloned()))
                .then(|| format!("{} of {}: {:?}", following.name, set.name, change.lost))
        })
    })
}

fn each_change(
    world: &World,
    law: impl Fn(&ReplicaSet, &RoleChange) -> Option<String>,
) -> Option<String> {
    world.replica_sets.values().find_map(|set| {
        let changes = set.failovers.iter().flat_map(|failover| &failover.changes);
        changes.into_iter().find_map(|(_, change)| law(set, change))
    })
}

/// Who was primary before a forced failover remembers where the histories part.
pub(crate) fn split_replicas_remember(world: &World) -> Option<String> {
    each(world, |set, _, secondary| {
        let mut databases = secondary.databases.values();
        let stray =
            databases.find(|it| matches!(it.phase, FollowPhase::Split { .. }) != it.fork.is_some());
        stray.map(|it| format!("{} of {}", it.name, set.name))
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
                FollowPhase::Split { .. } => {
                    let calm = live && !status::is_suspended(world, id, phase);
                    calm && following.fork.is_some()
                }
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
