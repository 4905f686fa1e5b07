//! Asking for another primary of a local group: as planned where a Windows cluster does it, by force elsewhere, and giving the
//! primary role up.
//!
//! Without a cluster nobody tells the old primary: it goes on, until somebody takes the role from it. What it then goes back to is the
//! last point that both have.

use std::sync::Arc;

use super::take_over::{self, Pair};
use super::{FollowPhase, ReplicaSet, SecondaryId, find, flow, half};
use crate::availability_group::{AvailabilityMode, ClusterType, Role};
use crate::database::DatabaseState;
use crate::ids::{DatabaseId, GroupId, InstanceId};
use crate::link::{Flow, drain};
use crate::names::Name;
use crate::refusal::{FailoverRefusal, GroupRefusal, Refusal};
use crate::world::World;

/// `ALTER AVAILABILITY GROUP … FAILOVER` on a secondary: it has everything, and takes the role over.
pub(crate) fn fail_over(
    world: &mut World,
    instance: InstanceId,
    group: GroupId,
    name: &Name,
) -> Result<(), Refusal> {
    let id = SecondaryId { group, instance };
    let name = || name.to_string();
    let local = half(world, instance, group).expect("the caller has it");
    match local.cluster {
        // A group without a cluster only fails over by force.
        ClusterType::None => {
            return Err(FailoverRefusal::PlannedNotInVersion { group: name() }.into());
        }
        ClusterType::External => {
            return Err(GroupRefusal::ExternalFailover { group: name() }.into());
        }
        ClusterType::Wsfc => {}
    }
    if local.role == Role::Primary {
        return Err(GroupRefusal::AlreadyPrimary { group: name() }.into());
    }
    let not_synchronized = || GroupRefusal::NotSynchronized { group: name() };
    let (set, secondary) = find(world, id).ok_or_else(not_synchronized)?;
    let set = Arc::clone(set);
    let live = secondary.connection.is_live() && local.role == Role::Secondary;
    let primary = half(world, set.primary, group).ok_or_else(not_synchronized)?;
    let synchronized = primary.databases.iter().all(|joined| {
        let status = set.status(world, instance, joined.id);
        status.is_some_and(|status| status.commits_wait)
    });
    let pairs = pairs(world, &set, id).filter(|_| live && synchronized);
    let pairs = pairs.ok_or_else(not_synchronized)?;
    let parted = pairs.iter().any(|pair| pair.fork.is_some());
    if parted || !are_open(world, &pairs) {
        return Err(not_synchronized().into());
    }
    take_over::planned(world, &set, id, &pairs);
    Ok(())
}

/// `ALTER AVAILABILITY GROUP … FORCE_FAILOVER_ALLOW_DATA_LOSS` on a secondary: it goes on with what it has.
pub(crate) fn force_fail_over(
    world: &mut World,
    instance: InstanceId,
    group: GroupId,
    name: &Name,
) -> Result<(), Refusal> {
    let id = SecondaryId { group, instance };
    let local = half(world, instance, group).expect("the caller has it");
    if local.role == Role::Primary {
        let group = name.to_string();
        return Err(GroupRefusal::AlreadyPrimary { group }.into());
    }
    let set = world.replica_sets.get(&group).cloned();
    // The primary takes back the role that it gave up, before anybody else took it.
    if set.as_ref().is_some_and(|set| set.primary == instance) {
        take_over::set_role(world, instance, group, Role::Primary);
        return Ok(());
    }
    let Some(set) = set.filter(|set| set.secondaries.contains_key(&instance)) else {
        take_over::alone(world, instance, group);
        return Ok(());
    };
    let configured = half(world, set.primary, group)
        .zip(world.instance(instance))
        .and_then(|(local, server)| super::replica_of(local, server));
    let has_data = configured
        .is_none_or(|replica| replica.availability_mode != AvailabilityMode::ConfigurationOnly);
    let what = "a forced failover to a replica that does not have all databases of the group, or has one that is being made or taken back";
    let incomplete = || GroupRefusal::NotEmulated { what };
    let pairs = pairs(world, &set, id).filter(|pairs| has_data && are_open(world, pairs));
    let pairs = pairs.ok_or_else(incomplete)?;
    take_over::forced(world, &set, id, &pairs);
    Ok(())
}

/// Whether a replica of a failover group has all databases of the primary, with nothing being done to them on either side.
pub(crate) fn can_take_over(world: &World, id: SecondaryId) -> bool {
    let pairs = find(world, id).and_then(|(set, _)| pairs(world, set, id));
    pairs.is_some_and(|pairs| are_open(world, &pairs))
}

/// Whether it would besides get everything that the primary has.
pub(crate) fn can_hand_over(world: &World, id: SecondaryId) -> bool {
    let pairs = find(world, id).and_then(|(set, _)| pairs(world, set, id));
    pairs.is_some_and(|pairs| {
        let moves = |side: (InstanceId, DatabaseId)| {
            let found = world.instance(side.0);
            let found = found.and_then(|server| server.databases.get(&side.1));
            found.is_some_and(|found| found.suspended.is_none())
        };
        let mut all = pairs.iter();
        all.all(|pair| pair.fork.is_none() && pair.at.sides().into_iter().all(moves))
    })
}

/// Makes a replica of a failover group primary. It was asked before whether that can be.
pub(crate) fn hand_over(world: &mut World, id: SecondaryId, forced: bool) {
    let Some(set) = world.replica_sets.get(&id.group).cloned() else {
        return;
    };
    let Some(pairs) = pairs(world, &set, id) else {
        return;
    };
    match forced {
        true => take_over::forced(world, &set, id, &pairs),
        false => take_over::planned(world, &set, id, &pairs),
    }
}

/// `SET (ROLE = SECONDARY)`: a replica that is primary is so no more, and nobody else is yet. The documented script says it to all
/// replicas but one, so that it changes nothing on one that is secondary already.
pub(crate) fn give_up_primary(
    world: &mut World,
    instance: InstanceId,
    group: GroupId,
) -> Result<(), Refusal> {
    let what = "SET (ROLE = SECONDARY) of an availability group in a cluster";
    match outside_clusters(world, instance, group, what)? {
        Role::Secondary => {}
        Role::Primary | Role::Resolving => step_down(world, instance, group, Role::Secondary),
    }
    Ok(())
}

/// `OFFLINE`: a primary is so no more, and shows RESOLVING.
pub(crate) fn go_offline(
    world: &mut World,
    instance: InstanceId,
    group: GroupId,
    name: &Name,
) -> Result<(), Refusal> {
    let what = "taking an availability group in a cluster offline";
    match outside_clusters(world, instance, group, what)? {
        Role::Primary => {}
        Role::Secondary | Role::Resolving => {
            let group = name.to_string();
            return Err(GroupRefusal::NotPrimary { group }.into());
        }
    }
    step_down(world, instance, group, Role::Resolving);
    Ok(())
}

/// The role of a replica in a group that no cluster looks after.
fn outside_clusters(
    world: &World,
    instance: InstanceId,
    group: GroupId,
    what: &'static str,
) -> Result<Role, GroupRefusal> {
    let local = half(world, instance, group).expect("the caller has it");
    match local.cluster {
        ClusterType::None => Ok(local.role),
        ClusterType::Wsfc | ClusterType::External => Err(GroupRefusal::NotEmulated { what }),
    }
}

fn step_down(world: &mut World, instance: InstanceId, group: GroupId, to: Role) {
    take_over::close(world, instance, group);
    let set = world.replica_sets.get(&group).cloned();
    match set {
        // What clients were told is committed reaches the synchronous replicas.
        Some(set) if set.primary == instance => {
            for secondary in set.secondaries.keys() {
                let instance = *secondary;
                let id = SecondaryId { group, instance };
                for pair in pairs(world, &set, id).into_iter().flatten() {
                    let status = set.status(world, instance, pair.member);
                    if status.is_some_and(|status| status.commits_wait) {
                        drain(world, pair.at);
                    }
                }
            }
        }
        Some(set) => take_over::accept(world, &set, instance),
        None => {}
    }
    take_over::set_role(world, instance, group, to);
}

/// All databases of the group, if a replica has them all: as copies that follow the primary's, or with a history of their own since a
/// forced failover.
fn pairs(world: &World, set: &ReplicaSet, id: SecondaryId) -> Option<Vec<Pair>> {
    let secondary = set.secondaries.get(&id.instance)?;
    let databases = &half(world, set.primary, set.group)?.databases;
    let pairs = databases.iter().map(|joined| {
        let following = secondary.databases.get(&joined.id)?;
        let (at, fork) = match following.phase {
            FollowPhase::Split { target } => {
                let at = Flow {
                    source: (set.primary, joined.database),
                    target: (id.instance, target),
                };
                (at, Some(following.fork.clone()?))
            }
            phase if phase.is_replicating() => (flow(world, id, phase)?, None),
            _ => return None,
        };
        Some(Pair {
            member: joined.id,
            name: joined.name.clone(),
            at,
            fork,
        })
    });
    pairs.collect()
}

/// Whether nothing is being done to the databases of both sides.
fn are_open(world: &World, pairs: &[Pair]) -> bool {
    let sides = pairs.iter().flat_map(|pair| pair.at.sides());
    let mut found = sides.map(|(instance, database)| {
        let server = world.instance(instance);
        server.and_then(|server| server.databases.get(&database))
    });
    found.all(|found| found.is_some_and(|found| found.state == DatabaseState::Online))
}
