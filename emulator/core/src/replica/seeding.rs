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
use crate::link::{
    Seeding, SeedingOutcome, attempt_after, blank_copy, copying_time, next_run, remember,
};
use crate::names::Name;
use crate::store::Content;
use crate::world::World;

/// Whether the copying of a database may begin now.
pub(super) fn may_start(world: &World, id: SecondaryId, member: GroupDatabaseId) -> bool {
    let source = source_of(world, id, member);
    is_automatic(world, id)
        && source.is_some_and(|(_, source)| {
            source.state == DatabaseState::Online
                && !is_taken(world, id, &source.name)
                && is_opened(world, id, &source)
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

/// Whether the secondary has what protects the key of an encrypted database. That a copy waits for it is a guess.
fn is_opened(world: &World, id: SecondaryId, source: &Database) -> bool {
    let server = world.instance(id.instance);
    server.is_some_and(|server| server.cannot_open(&source.content).is_none())
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
    // Replicas near each other do not share bandwidth (guess).
    let run = Seeding {
        minimum: world.span(Transition::SeedingMinimum),
        copying: copying_time(world, source.data_file_bytes()),
        content: content_at_end(&source),
        ..begin(world, id, member, (primary, &source), target)
    };
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

/// The next run of a member's copy.
fn begin(
    world: &mut World,
    id: SecondaryId,
    member: GroupDatabaseId,
    source: (InstanceId, &Database),
    target: DatabaseId,
) -> Seeding {
    let following = find(world, id).and_then(|(_, secondary)| secondary.databases.get(&member));
    let attempt = attempt_after(following.map_or(&[], |following| &following.runs));
    next_run(world, source, (id.instance, target), attempt)
}

/// What a database holds where its log ends: it may itself follow another, and not have redone all that it has hardened.
fn content_at_end(source: &Database) -> Content {
    let mut content = source.content.clone();
    for entry in source.unredone() {
        for op in entry.kind.ops() {
            content.apply(op);
        }
    }
    content
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
    let reason = format!("database '{}' exists on the target", source.name);
    let run = Seeding {
        outcome: SeedingOutcome::Failed(world.now(), reason.clone()),
        ..begin(world, id, member, (primary, &source), there)
    };
    keep(world, id, member, run);
    tell_failure(world, id, &source.name, reason);
}

fn keep(world: &mut World, id: SecondaryId, member: GroupDatabaseId, run: Seeding) {
    if let Some(following) = following_mut(world, id, member) {
        remember(&mut following.runs, run);
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
