//! What becomes of a secondary replica as things change: it connects, gets the group's configuration and its databases, falls
//! silent, and comes back.

use std::sync::Arc;

use super::contact::{self, Hold};
use super::{
    FollowPhase, Following, ReplicaError, ReplicaSet, ReplicaTimer, Secondary, SecondaryId, all,
    find, following_mut, half, pump, replica_of, secondary_mut, seeding, status, take_over, timer,
};
use crate::availability_group::{
    AvailabilityGroup, AvailabilityMode, GroupDatabase, GroupKind, LocalGroup, Role,
};
use crate::command::{DEFAULT_SESSION_TIMEOUT, leave_group};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::geo;
use crate::ids::{DatabaseId, GroupDatabaseId, InstanceId};
use crate::link::SeedingOutcome;
use crate::store::Content;
use crate::time::{Span, Timestamp};
use crate::world::World;

/// Brings every secondary in line with what has just changed.
pub(crate) fn reconcile(world: &mut World) {
    if world.replica_sets.is_empty() {
        return;
    }
    for id in all(world) {
        look_after(world, id);
    }
    let left = |set: &&Arc<ReplicaSet>| set.secondaries.is_empty();
    let empty = world.replica_sets.values().filter(left);
    for group in empty.map(|set| set.group).collect::<Vec<_>>() {
        world.replica_sets.remove(&group);
    }
}

fn look_after(world: &mut World, id: SecondaryId) {
    let Some((set, secondary)) = find(world, id) else {
        return;
    };
    let (primary, connected) = (set.primary, secondary.connection.connected_since.is_some());
    if half(world, id.instance, id.group).is_none() {
        return forget(world, id);
    }
    if !is_expected(world, primary, id) {
        return dismiss(world, id, connected);
    }
    for (member, following) in databases(world, id) {
        forget_taken_out(world, id, member, &following);
    }
    if !connected {
        if world
            .timers
            .due(&timer(id, ReplicaTimer::Reconnect))
            .is_none()
        {
            match contact::check(world, id.group, primary, id.instance) {
                Ok(()) => {
                    let due = world.now() + world.span(Transition::Reconnect);
                    world.timers.arm(timer(id, ReplicaTimer::Reconnect), due);
                }
                Err(error) => note_error(world, id, error),
            }
        }
        return;
    }
    match contact::look(world, id.group, primary, id.instance) {
        Hold::Live => {
            speak_again(world, id);
            share_configuration(world, id, primary);
            follow_databases(world, id, primary);
        }
        Hold::Silent => fall_silent(world, id, primary),
        Hold::Lost(error) => disconnect(world, id, error),
    }
}

/// Whether the primary has the group, and a server as a replica of it.
fn is_expected(world: &World, primary: InstanceId, id: SecondaryId) -> bool {
    let server = world.instance(id.instance);
    let local = half(world, primary, id.group);
    server.is_some_and(|server| local.is_some_and(|local| replica_of(local, server).is_some()))
}

/// The server has dropped its half of the group by itself.
fn forget(world: &mut World, id: SecondaryId) {
    cancel_timers(world, id);
    if let Some(set) = world.replica_sets.get_mut(&id.group) {
        Arc::make_mut(set).secondaries.remove(&id.instance);
    }
}

/// The group, or the replica in it, was dropped on the primary: who hears of it drops its half; who does not is left without
/// a primary, and shows RESOLVING until its half is dropped there.
fn dismiss(world: &mut World, id: SecondaryId, hears: bool) {
    for (member, following) in databases(world, id) {
        if following.phase == FollowPhase::Seeding {
            seeding::interrupt(world, id, member, "the replica was removed from the group");
        }
    }
    forget(world, id);
    let now = world.now();
    let server = world.instance_mut(id.instance);
    if !hears {
        return take_over::set_role(world, id.instance, id.group, Role::Resolving);
    }
    let Some(group) = server.groups.get_mut(&id.group) else {
        return;
    };
    let name = group.name.to_string();
    let group = Arc::make_mut(group);
    let Some(local) = group.as_local_mut() else {
        return;
    };
    let members = std::mem::take(&mut local.databases);
    server.groups.remove(&id.group);
    for member in members {
        leave_group(server, member.database);
    }
    server.log(
        now,
        format!("The availability group '{name}' was removed from this replica."),
    );
    let instance = server.name.to_string();
    world.record(EventKind::GroupDropped {
        instance,
        group: name,
    });
}

/// A secondary takes up its connection, if nothing keeps it from doing so any more.
pub(crate) fn connect(world: &mut World, id: SecondaryId) {
    let Some((set, secondary)) = find(world, id) else {
        return;
    };
    if secondary.connection.connected_since.is_some() {
        return;
    }
    let primary = set.primary;
    if let Err(error) = contact::check(world, id.group, primary, id.instance) {
        return note_error(world, id, error);
    }
    let now = world.now();
    if let Some(secondary) = secondary_mut(world, id) {
        secondary.connection.connected_since = Some(now);
    }
    let (instance, group) = words(world, id);
    // Message 35202 of the error log.
    let line = format!(
        "A connection for availability group '{group}' from availability replica '{instance}' has been successfully established."
    );
    world.instance_mut(primary).log(now, line);
    world.record(EventKind::ReplicaConnected { instance, group });
}

/// The connection is given up.
fn disconnect(world: &mut World, id: SecondaryId, error: ReplicaError) {
    let now = world.now();
    let Some(secondary) = secondary_mut(world, id) else {
        return;
    };
    secondary.connection.connected_since = None;
    secondary.connection.silent_since = None;
    secondary.connection.last_error = Some((error.clone(), now));
    let why = error.to_string();
    world.timers.cancel(&timer(id, ReplicaTimer::Silence));
    for (member, following) in databases(world, id) {
        let waits = timer(id, ReplicaTimer::Step(member));
        match following.phase {
            FollowPhase::Absent | FollowPhase::Split { .. } => world.timers.cancel(&waits),
            FollowPhase::Seeding => {
                world.timers.cancel(&waits);
                seeding::interrupt(world, id, member, &why);
            }
            // It recovers without its primary.
            FollowPhase::Recovering { .. } => {}
            FollowPhase::CatchUp { target } | FollowPhase::InStep { target } => {
                world.timers.cancel(&waits);
                enter(world, id, member, FollowPhase::CatchUp { target });
            }
        }
    }
    let primary = find(world, id).map(|(set, _)| set.primary);
    let (instance, group) = words(world, id);
    // Message 35206 of the error log.
    let line = format!(
        "A connection for availability group '{group}' to availability replica '{instance}' has been lost: {why}."
    );
    for side in primary.into_iter().chain([id.instance]) {
        world.instance_mut(side).log(now, line.clone());
    }
    world.record(EventKind::ReplicaDisconnected {
        instance,
        group,
        reason: why,
    });
}

/// Keeps what keeps a secondary from its primary, and when that was first so.
fn note_error(world: &mut World, id: SecondaryId, error: ReplicaError) {
    let now = world.now();
    let known = find(world, id).and_then(|(_, found)| found.connection.last_error.as_ref());
    if known.is_some_and(|(known, _)| *known == error) {
        return;
    }
    if let Some(secondary) = secondary_mut(world, id) {
        secondary.connection.last_error = Some((error, now));
    }
}

/// Nothing comes through any more; both wait before they give each other up.
fn fall_silent(world: &mut World, id: SecondaryId, primary: InstanceId) {
    let now = world.now();
    let silent = find(world, id).is_some_and(|(_, found)| found.connection.silent_since.is_some());
    if silent {
        return;
    }
    let due = now + session_timeout(world, id, primary);
    world.timers.arm(timer(id, ReplicaTimer::Silence), due);
    for (member, following) in databases(world, id) {
        if following.phase == FollowPhase::Seeding {
            world.timers.cancel(&timer(id, ReplicaTimer::Step(member)));
            if let Some(run) = following_mut(world, id, member).and_then(|it| it.runs.last_mut()) {
                run.stall(now);
            }
        }
    }
    if let Some(secondary) = secondary_mut(world, id) {
        secondary.connection.silent_since = Some(now);
    }
}

/// They hear each other again before they have given each other up.
fn speak_again(world: &mut World, id: SecondaryId) {
    let now = world.now();
    let silent = find(world, id).is_some_and(|(_, found)| found.connection.silent_since.is_some());
    if !silent {
        return;
    }
    world.timers.cancel(&timer(id, ReplicaTimer::Silence));
    if let Some(secondary) = secondary_mut(world, id) {
        secondary.connection.silent_since = None;
    }
    for (member, following) in databases(world, id) {
        if following.phase != FollowPhase::Seeding {
            continue;
        }
        let run = following_mut(world, id, member).and_then(|it| it.runs.last_mut());
        let ends = run.map(|run| {
            run.go_on(now);
            run.ends()
        });
        if let Some(ends) = ends {
            world
                .timers
                .arm(timer(id, ReplicaTimer::Step(member)), ends);
        }
    }
}

/// `SESSION_TIMEOUT` of the secondary, as the primary has it.
fn session_timeout(world: &World, id: SecondaryId, primary: InstanceId) -> Span {
    let server = world.instance(id.instance);
    let local = half(world, primary, id.group);
    let replica = local.and_then(|local| replica_of(local, server?));
    replica.map_or(DEFAULT_SESSION_TIMEOUT, |replica| replica.session_timeout)
}

/// A connected secondary has what the primary has set, but for what is its own: role, databases, and its permission.
fn share_configuration(world: &mut World, id: SecondaryId, primary: InstanceId) {
    let group = |instance| world.instance(instance)?.groups.get(&id.group);
    let (Some(theirs), Some(ours)) = (group(primary), group(id.instance)) else {
        return;
    };
    let (Some(from), Some(own)) = (theirs.as_local(), ours.as_local()) else {
        return;
    };
    let local = LocalGroup {
        role: own.role,
        databases: own.databases.clone(),
        may_create_databases: own.may_create_databases,
        ..from.clone()
    };
    let shared = AvailabilityGroup {
        kind: GroupKind::Local(local),
        ..theirs.as_ref().clone()
    };
    if **ours != shared {
        let server = world.instance_mut(id.instance);
        server.groups.insert(id.group, Arc::new(shared));
    }
}

/// A connected secondary follows the databases that the primary has in the group.
fn follow_databases(world: &mut World, id: SecondaryId, primary: InstanceId) {
    let local = half(world, primary, id.group);
    let server = world.instance(id.instance);
    let replica = local.and_then(|local| replica_of(local, server?));
    // One that is there for the configuration only has no databases.
    let has_data = replica
        .is_some_and(|replica| replica.availability_mode != AvailabilityMode::ConfigurationOnly);
    let members: Vec<GroupDatabase> = local
        .filter(|_| has_data)
        .map_or_else(Vec::new, |local| local.databases.clone());
    for (member, following) in databases(world, id) {
        if !members.iter().any(|joined| joined.id == member) {
            release(world, id, member, &following);
        }
    }
    for joined in members {
        let Some(secondary) = secondary_mut(world, id) else {
            return;
        };
        secondary
            .databases
            .entry(joined.id)
            .or_insert_with(|| Following {
                name: joined.name.clone(),
                phase: FollowPhase::Absent,
                runs: Vec::new(),
                fork: None,
            });
        follow_one(world, id, joined.id);
    }
    pump(world, id);
}

/// Somebody may have taken a database out of the group on the secondary.
fn forget_taken_out(
    world: &mut World,
    id: SecondaryId,
    member: GroupDatabaseId,
    following: &Following,
) {
    let run = following.runs.last();
    let target = match following.phase {
        FollowPhase::Seeding => run.map(|run| run.target.1),
        FollowPhase::Split { target } => Some(target),
        phase => phase.target(),
    };
    let split = matches!(following.phase, FollowPhase::Split { .. });
    let follows = |target| {
        let found = world.instance(id.instance)?.databases.get(&target)?;
        let joined = found.group == Some((id.group, member));
        (joined && (split || found.copy.is_some())).then_some(())
    };
    if target.is_none_or(|target| follows(target).is_some()) {
        return;
    }
    world.timers.cancel(&timer(id, ReplicaTimer::Step(member)));
    let now = world.now();
    if let Some(found) = following_mut(world, id, member) {
        found.phase = FollowPhase::Absent;
        found.fork = None;
        let running = found.runs.last_mut();
        if let Some(run) = running.filter(|run| run.outcome == SeedingOutcome::Running) {
            let why = "the database was taken out of the group".to_owned();
            run.outcome = SeedingOutcome::Failed(now, why);
            run.content = Content::default();
        }
    }
}

fn follow_one(world: &mut World, id: SecondaryId, member: GroupDatabaseId) {
    let Some(following) = find(world, id).and_then(|(_, found)| found.databases.get(&member))
    else {
        return;
    };
    let phase = following.phase;
    let name = following.name.clone();
    let step = timer(id, ReplicaTimer::Step(member));
    let idle = world.timers.due(&step).is_none();
    match phase {
        FollowPhase::Absent if idle && seeding::may_start(world, id, member) => {
            arm(world, id, member, Transition::SeedingStart);
        }
        FollowPhase::Absent
            if seeding::is_automatic(world, id) && seeding::is_taken(world, id, &name) =>
        {
            seeding::refuse_taken(world, id, member);
        }
        FollowPhase::Split { .. } if idle && !status::is_suspended(world, id, phase) => {
            arm(world, id, member, Transition::Revert);
        }
        FollowPhase::CatchUp { .. } if idle && !status::is_suspended(world, id, phase) => {
            arm(world, id, member, Transition::CatchUp);
        }
        FollowPhase::InStep { target } if status::is_suspended(world, id, phase) => {
            enter(world, id, member, FollowPhase::CatchUp { target });
        }
        _ => {}
    }
}

/// A database has left the group on the primary: the copy is one no more, and waits for a restore.
fn release(world: &mut World, id: SecondaryId, member: GroupDatabaseId, following: &Following) {
    world.timers.cancel(&timer(id, ReplicaTimer::Step(member)));
    let target = match following.phase {
        FollowPhase::Split { target } => Some(target),
        phase => phase.target(),
    };
    match target {
        Some(target) => {
            seeding::drop_member(world, id, member);
            match geo::is_geo(world, id.group) {
                true => geo::drop_copy(world, id.instance, target),
                false => leave_group(world.instance_mut(id.instance), target),
            }
        }
        None if following.phase == FollowPhase::Seeding => {
            seeding::interrupt(world, id, member, "the database was removed from the group");
        }
        None => {}
    }
    if let Some(secondary) = secondary_mut(world, id) {
        secondary.databases.remove(&member);
    }
}

/// A timer of a secondary is due.
pub(crate) fn wake(world: &mut World, id: SecondaryId, what: ReplicaTimer) {
    match what {
        ReplicaTimer::Reconnect => connect(world, id),
        ReplicaTimer::Silence => disconnect(world, id, ReplicaError::Interrupted),
        ReplicaTimer::Redo => pump(world, id),
        ReplicaTimer::Step(member) => step(world, id, member),
    }
}

fn step(world: &mut World, id: SecondaryId, member: GroupDatabaseId) {
    let Some((_, secondary)) = find(world, id) else {
        return;
    };
    let live = secondary.connection.is_live();
    let Some(following) = secondary.databases.get(&member) else {
        return;
    };
    let phase = following.phase;
    match phase {
        FollowPhase::Recovering { target } => seeding::recovered(world, id, member, target),
        _ if !live => {}
        FollowPhase::Absent => seeding::start(world, id, member),
        FollowPhase::Seeding => seeding::complete(world, id, member),
        FollowPhase::CatchUp { .. } if status::is_suspended(world, id, phase) => {}
        FollowPhase::CatchUp { target } => {
            let database = following.name.to_string();
            pump(world, id);
            enter(world, id, member, FollowPhase::InStep { target });
            let (instance, group) = words(world, id);
            world.record(EventKind::ReplicaSynchronized {
                instance,
                group,
                database,
            });
        }
        FollowPhase::Split { .. } if status::is_suspended(world, id, phase) => {}
        FollowPhase::Split { target } => take_over::rejoin(world, id, member, target),
        FollowPhase::InStep { .. } => {}
    }
}

/// A transaction was committed in a database: the secondaries of its group are sent it. Says when all synchronous ones will
/// have it.
pub(crate) fn committed(world: &mut World, place: (InstanceId, DatabaseId)) -> Option<Timestamp> {
    let now = world.now();
    let latency = world.durations.span(Transition::NetworkLatency);
    let mut hardened = None;
    for id in super::secondaries_of(world, place) {
        let synchronous = status::commits_wait(world, id, place);
        if let Some(given_up) = world.timers.due(&timer(id, ReplicaTimer::Silence)) {
            // A synchronous replica that is not heard is waited for until it is given up.
            hardened = hardened.max(synchronous.then_some(given_up));
            continue;
        }
        let connected = find(world, id).is_some_and(|(_, found)| found.connection.is_live());
        if !connected {
            continue;
        }
        let redo = timer(id, ReplicaTimer::Redo);
        if latency == Span::ZERO {
            pump(world, id);
        } else if world
            .timers
            .due(&redo)
            .is_none_or(|due| due > now + latency)
        {
            world.timers.arm(redo, now + latency);
        }
        hardened = hardened.max(synchronous.then_some(now + latency));
    }
    hardened
}

/// Arms the next step of a database after the span of a transition.
pub(super) fn arm(
    world: &mut World,
    id: SecondaryId,
    member: GroupDatabaseId,
    transition: Transition,
) {
    let due = world.now() + world.span(transition);
    world.timers.arm(timer(id, ReplicaTimer::Step(member)), due);
}

fn enter(world: &mut World, id: SecondaryId, member: GroupDatabaseId, phase: FollowPhase) {
    if let Some(following) = following_mut(world, id, member) {
        following.phase = phase;
    }
}

pub(super) fn cancel_timers(world: &mut World, id: SecondaryId) {
    for what in [
        ReplicaTimer::Reconnect,
        ReplicaTimer::Silence,
        ReplicaTimer::Redo,
    ] {
        world.timers.cancel(&timer(id, what));
    }
    for (member, _) in databases(world, id) {
        world.timers.cancel(&timer(id, ReplicaTimer::Step(member)));
    }
}

/// The databases of a secondary as they are now.
fn databases(world: &World, id: SecondaryId) -> Vec<(GroupDatabaseId, Following)> {
    let copied = |secondary: &Secondary| {
        let databases = secondary.databases.iter();
        databases
            .map(|(member, following)| (*member, following.clone()))
            .collect()
    };
    find(world, id).map_or_else(Vec::new, |(_, secondary)| copied(secondary))
}

/// The names of the server and of the group, for events.
pub(super) fn words(world: &World, id: SecondaryId) -> (String, String) {
    let server = world.instance(id.instance);
    let group = server.and_then(|server| server.groups.get(&id.group));
    let named = world.replica_sets.get(&id.group).map(|set| &set.name);
    (
        server.map_or_else(String::new, |server| server.name.to_string()),
        group
            .map(|group| &group.name)
            .or(named)
            .map_or_else(String::new, ToString::to_string),
    )
}
