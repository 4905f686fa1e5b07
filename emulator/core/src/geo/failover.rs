//! Whether the secondary of a failover group can become primary, and when the service makes it so by itself.

use crate::azure::FailoverPolicy;
use crate::ids::GroupId;
use crate::instance::ServiceState;
use crate::refusal::FailoverGroupRefusal;
use crate::replica::{self, FollowPhase, SecondaryId};
use crate::time::Span;
use crate::world::{Timer, World};

/// A planned failover waits until the secondary has everything, for which both must hear each other.
pub(crate) fn check_planned(world: &World, id: GroupId) -> Result<(), FailoverGroupRefusal> {
    check_forced(world, id)?;
    let group = || name(world, id);
    let (set, at) = secondary(world, id)?;
    let found = set.secondary(at.instance);
    let parted = found.is_some_and(|found| found.databases.values().any(|it| it.fork.is_some()));
    match found.is_some_and(|found| found.connection.is_live()) && !parted {
        true if replica::can_hand_over(world, at) => Ok(()),
        _ => Err(FailoverGroupRefusal::NotSynchronized { group: group() }),
    }
}

/// A forced failover needs the secondary only, with all databases of the primary.
pub(crate) fn check_forced(world: &World, id: GroupId) -> Result<(), FailoverGroupRefusal> {
    let (set, at) = secondary(world, id)?;
    let server = world.instance(at.instance);
    if server.is_none_or(|server| server.service != ServiceState::Running) {
        let instance = server.map_or_else(String::new, |server| server.name.to_string());
        return Err(FailoverGroupRefusal::SecondaryDown { instance });
    }
    let primary = replica::half(world, set.primary, id);
    let joined = primary
        .map(|local| &local.databases[..])
        .unwrap_or_default();
    let found = set.secondary(at.instance);
    let missing = joined.iter().find(|joined| {
        let following = found.and_then(|found| found.databases.get(&joined.id));
        following.is_none_or(|following| {
            let split = matches!(following.phase, FollowPhase::Split { .. });
            !split && !following.phase.is_replicating()
        })
    });
    match missing {
        None if replica::can_take_over(world, at) => Ok(()),
        None => Err(FailoverGroupRefusal::NotSeeded {
            database: String::new(),
        }),
        Some(joined) => Err(FailoverGroupRefusal::NotSeeded {
            database: joined.name.to_string(),
        }),
    }
}

/// The secondary becomes primary. It was asked before whether it can.
pub(crate) fn fail_over(world: &mut World, id: GroupId, forced: bool) {
    if let Ok((_, at)) = secondary(world, id) {
        replica::hand_over(world, at, forced);
        forget_grace(world, id);
    }
}

/// The grace period of a group with the policy Automatic runs while its primary does not.
///
/// Documented: the service fails over by force once an outage of the primary has lasted so long. That both only do not hear each other is
/// none.
pub(super) fn watch(world: &mut World, id: GroupId) {
    let timer = Timer::FailoverGroup(id);
    match grace(world, id).filter(|_| is_down(world, id)) {
        None => world.timers.cancel(&timer),
        Some(grace) if world.timers.due(&timer).is_none() => {
            let due = world.now() + grace;
            world.timers.arm(timer, due);
        }
        Some(_) => {}
    }
}

/// The grace period is over: the secondary takes over if it can, and otherwise waits for as long again.
pub(crate) fn grace_over(world: &mut World, id: GroupId) {
    if grace(world, id).is_some() && is_down(world, id) && check_forced(world, id).is_ok() {
        fail_over(world, id, true);
    }
}

/// No grace period runs any longer.
pub(crate) fn forget_grace(world: &mut World, id: GroupId) {
    world.timers.cancel(&Timer::FailoverGroup(id));
}

fn grace(world: &World, id: GroupId) -> Option<Span> {
    let mut groups = world.azure.failover_groups.values();
    match groups.find(|group| group.id == id)?.policy {
        FailoverPolicy::Manual => None,
        FailoverPolicy::Automatic { grace } => Some(Span::minutes(i64::from(grace))),
    }
}

fn is_down(world: &World, id: GroupId) -> bool {
    let set = world.replica_sets.get(&id);
    let primary = set.and_then(|set| world.instance(set.primary));
    primary.is_some_and(|primary| world.is_lost(primary.id))
}

fn secondary(
    world: &World,
    id: GroupId,
) -> Result<(&replica::ReplicaSet, SecondaryId), FailoverGroupRefusal> {
    let set = world.replica_sets.get(&id);
    let found = set.and_then(|set| Some((set, *set.secondaries.keys().next()?)));
    let (set, instance) = found.ok_or_else(|| FailoverGroupRefusal::NotFound {
        group: name(world, id),
    })?;
    Ok((
        set,
        SecondaryId {
            group: id,
            instance,
        },
    ))
}

fn name(world: &World, id: GroupId) -> String {
    let mut groups = world.azure.failover_groups.values();
    let found = groups.find(|group| group.id == id);
    found.map_or_else(String::new, |group| group.name.to_string())
}
