//! Automatic seeding of a secondary replica: the database is made, copied, recovered.

use std::sync::Arc;

use super::{
    FollowPhase, ReplicaTimer, SecondaryId, find, following_mut, half, pump, replica_of, steps,
    timer,
};
use crate::availability_group::{AvailabilityMode, GroupDatabase, SeedingMode};
use crate::database::{Database, DatabaseState};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{DatabaseId, GroupDatabaseId, InstanceId};
use crate::link::{Pace, Seeding, SeedingOutcome, blank_copy};
use crate::names::Name;
use crate::store::{Content, LogKind};
use crate::time::Span;
use crate::world::World;

/// How many runs a database remembers.
const REMEMBERED: usize = 20;

/// Whether the copying of a database may begin now.
pub(super) fn may_start(world: &World, id: SecondaryId, member: GroupDatabaseId) -> bool {
    let source = source_of(world, id, member);
    is_automatic(world, id)
        && source.is_some_and(|(_, source)| {
            source.state == DatabaseState::Online && !is_taken(world, id, &source.name)
        })
}

/// Whether databases are copied to a secondary, as far as settings and permissions go.
pub(super) fn is_automatic(world: &World, id: SecondaryId) -> bool {
    let server = world.instance(id.instance);
    let local = half(world, id.instance, id.group);
    let replica = server.and_then(|server| replica_of(local?, server));
    local.is_some_and(|local| local.may_create_databases)
        && replica.is_some_and(|replica| {
            replica.seeding_mode == SeedingMode::Automatic
                && replica.availability_mode != AvailabilityMode::ConfigurationOnly
        })
}

/// Whether the secondary has a database of this name that is in its way.
pub(super) fn is_taken(world: &World, id: SecondaryId, name: &Name) -> bool {
    let server = world.instance(id.instance);
    server.is_some_and(|server| server.database(name.as_str()).is_some())
}

/// The database of a member on the primary.
fn source_of(
    world: &World,
    id: SecondaryId,
    member: GroupDatabaseId,
) -> Option<(InstanceId, Arc<Database>)> {
    let primary = find(world, id)?.0.primary;
    let local = half(world, primary, id.group)?;
    let joined = local.databases.iter().find(|joined| joined.id == member)?;
    let found = world.instance(primary)?.databases.get(&joined.database)?;
    Some((primary, Arc::clone(found)))
}

/// Starts the copy: a database in RESTORING appears on the secondary.
pub(super) fn start(world: &mut World, id: SecondaryId, member: GroupDatabaseId) {
    let now = world.now();
    let Some((primary, source)) = source_of(world, id, member) else {
        return;
    };
    if !may_start(world, id, member) {
        return;
    }
    let Some(server) = world.instance(id.instance) else {
        return;
    };
    let target = server.free_database_id();
    let joined = (id.group, member);
    let copy = blank_copy(&source, primary, target, Some(joined), now);
    world
        .instance_mut(id.instance)
        .databases
        .insert(target, Arc::new(copy));
    let joined = GroupDatabase {
        id: member,
        database: target,
        name: source.name.clone(),
    };
    add_member(world, id, joined);
    let mut run = new_run(world, (primary, &source), (id.instance, target));
    run.attempt = next_attempt(world, id, member);
    let (ends, bytes) = (run.ends(), run.bytes);
    keep(world, id, member, run);
    if let Some(following) = following_mut(world, id, member) {
        following.phase = FollowPhase::Seeding;
    }
    let step = timer(id, ReplicaTimer::Step(member));
    world.timers.arm(step, ends);
    let (instance, group) = steps::words(world, id);
    world.record(EventKind::SeedingStarted {
        instance,
        link: group,
        database: source.name.to_string(),
        bytes,
    });
}

/// A run from the end of a database's log. Replicas near each other do not share bandwidth (guess).
fn new_run(
    world: &mut World,
    source: (InstanceId, &Database),
    target: (InstanceId, DatabaseId),
) -> Seeding {
    let now = world.now();
    let bytes = source.1.data_file_bytes();
    let copying = world.durations.seeding_rate().map_or(Span::ZERO, |rate| {
        Span::milliseconds((bytes.saturating_mul(1000) / rate.max(1)) as i64)
    });
    // The primary may itself follow another database, and not have redone all that it has hardened.
    let mut content = source.1.content.clone();
    for entry in source.1.unredone() {
        if let LogKind::Commit(ops) = &entry.kind {
            for op in ops.iter() {
                content.apply(op);
            }
        }
    }
    Seeding {
        id: world.ids.next_guid(),
        source: (source.0, source.1.id),
        target,
        started: now,
        bytes,
        minimum: world.span(Transition::SeedingMinimum),
        copying,
        pace: Pace {
            since: now,
            done: Span::ZERO,
            sharers: 1,
        },
        stalled: Span::ZERO,
        stalled_since: None,
        base: source.1.log.end(),
        content,
        attempt: 1,
        outcome: SeedingOutcome::Running,
    }
}

/// A database that is in the way makes the run fail, once for as long as it is there.
pub(super) fn refuse_taken(world: &mut World, id: SecondaryId, member: GroupDatabaseId) {
    let failed = find(world, id)
        .and_then(|(_, secondary)| secondary.databases.get(&member)?.runs.last())
        .is_some_and(|run| matches!(run.outcome, SeedingOutcome::Failed(..)));
    let Some((primary, source)) = source_of(world, id, member).filter(|_| !failed) else {
        return;
    };
    let found = world
        .instance(id.instance)
        .and_then(|server| server.database(source.name.as_str()));
    let Some(there) = found.map(|found| found.id) else {
        return;
    };
    let now = world.now();
    let mut run = new_run(world, (primary, &source), (id.instance, there));
    let reason = format!("database '{}' exists on the target", source.name);
    run.content = Content::default();
    run.attempt = next_attempt(world, id, member);
    run.outcome = SeedingOutcome::Failed(now, reason.clone());
    keep(world, id, member, run);
    tell_failure(world, id, &source.name, reason);
}

fn next_attempt(world: &World, id: SecondaryId, member: GroupDatabaseId) -> i32 {
    let following = find(world, id).and_then(|(_, secondary)| secondary.databases.get(&member));
    following.map_or(0, |following| following.runs.len() as i32) + 1
}

fn keep(world: &mut World, id: SecondaryId, member: GroupDatabaseId, run: Seeding) {
    if let Some(following) = following_mut(world, id, member) {
        if following.runs.len() >= REMEMBERED {
            following.runs.remove(0);
        }
        following.runs.push(run);
    }
}

fn tell_failure(world: &mut World, id: SecondaryId, database: &Name, reason: String) {
    let (instance, group) = steps::words(world, id);
    world.record(EventKind::SeedingFailed {
        instance,
        link: group,
        database: database.to_string(),
        reason,
    });
}

/// Ends the copy: the secondary has the content as it was when the copy began, and recovers.
pub(super) fn complete(world: &mut World, id: SecondaryId, member: GroupDatabaseId) {
    let now = world.now();
    let Some(following) = following_mut(world, id, member) else {
        return;
    };
    let name = following.name.to_string();
    let Some(run) = following.runs.last_mut() else {
        return;
    };
    run.outcome = SeedingOutcome::Completed(now);
    let target = run.target.1;
    let content = std::mem::take(&mut run.content);
    following.phase = FollowPhase::Recovering { target };
    if let Some(database) = world.instance_mut(id.instance).database_mut(target) {
        database.content = content;
        database.version += 1;
        database.state = DatabaseState::Recovering;
    }
    steps::arm(world, id, member, Transition::Recovery);
    let (instance, group) = steps::words(world, id);
    world.record(EventKind::SeedingCompleted {
        instance,
        link: group,
        database: name,
    });
}

/// The database can be read; what was committed meanwhile is still to be redone.
pub(super) fn recovered(
    world: &mut World,
    id: SecondaryId,
    member: GroupDatabaseId,
    target: DatabaseId,
) {
    if let Some(database) = world.instance_mut(id.instance).database_mut(target) {
        database.state = DatabaseState::Online;
    }
    if let Some(following) = following_mut(world, id, member) {
        following.phase = FollowPhase::CatchUp { target };
    }
    pump(world, id);
    steps::arm(world, id, member, Transition::CatchUp);
}

/// The primary went away while a database was being copied: the half-made one goes, and it begins anew later.
pub(super) fn interrupt(world: &mut World, id: SecondaryId, member: GroupDatabaseId, why: &str) {
    let now = world.now();
    let Some(following) = following_mut(world, id, member) else {
        return;
    };
    following.phase = FollowPhase::Absent;
    let name = following.name.clone();
    let Some(run) = following.runs.last_mut() else {
        return;
    };
    run.outcome = SeedingOutcome::Failed(now, why.to_owned());
    run.content = Content::default();
    let target = run.target.1;
    drop_member(world, id, member);
    let server = world.instance_mut(id.instance);
    server.databases.remove(&target);
    server.forget_open_keys(target);
    tell_failure(world, id, &name, why.to_owned());
}

/// Lists a database in the secondary's half of the group.
pub(super) fn add_member(world: &mut World, id: SecondaryId, joined: GroupDatabase) {
    change_members(world, id, |members| members.push(joined));
}

/// Takes a database out of the secondary's half of the group.
pub(super) fn drop_member(world: &mut World, id: SecondaryId, member: GroupDatabaseId) {
    change_members(world, id, |members| members.retain(|it| it.id != member));
}

fn change_members(
    world: &mut World,
    id: SecondaryId,
    change: impl FnOnce(&mut Vec<GroupDatabase>),
) {
    let server = world.instance_mut(id.instance);
    if let Some(group) = server.groups.get_mut(&id.group)
        && let Some(local) = Arc::make_mut(group).as_local_mut()
    {
        change(&mut local.databases);
    }
}
