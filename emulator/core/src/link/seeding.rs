//! Automatic seeding: the secondary database is made, copied, recovered.

use std::sync::Arc;

use super::role::direction;
use super::steps::{arm_step, enter, fail, words};
use super::{Link, LinkId, LinkRole, Pace, Phase, Seeding, SeedingOutcome, replication};
use crate::availability_group::GroupDatabase;
use crate::azure::authorization::forget_database;
use crate::calendar::Entry;
use crate::database::{BackupChain, Database, DatabaseState, RecoveryModel, SecondaryCopy};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::fault::{self, About};
use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, InstanceId};
use crate::names::Name;
use crate::refusal::LinkError;
use crate::store::{Content, Log};
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// After how many days a creation is canceled whose database is not there (documented).
const CREATION_DAYS: i64 = 6;
/// How many seeding runs a link or a replica's database remembers.
const REMEMBERED: usize = 20;

/// Starts the copy: a database in RESTORING appears on the target, and the creation's operation is done.
pub(super) fn start(world: &mut World, id: &LinkId) {
    let now = world.now();
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let Some((source_instance, target_instance)) = direction(&link) else {
        return;
    };
    let limit = link.created + Span::minutes(CREATION_DAYS * 24 * 60);
    if now >= limit {
        return cancel(world, id);
    }
    let database = link.spec.database.to_string();
    let source = world
        .instance(source_instance)
        .and_then(|source| source.database(&database))
        // On SQL Server it may have left its group since the handshake.
        .filter(|source| source.state == DatabaseState::Online)
        .filter(|source| link.role == LinkRole::Primary || source.group.is_some())
        .cloned();
    let Some(source) = source else {
        return fail(world, id, LinkError::DatabaseNotResponding { database });
    };
    let Some(target) = world.instance(target_instance).cloned() else {
        return;
    };
    if target.is_managed_instance() && source.content.has_several_log_files() {
        return fail(world, id, LinkError::SeveralLogFiles { database });
    }
    if target.database(&database).is_some() {
        return fail(world, id, LinkError::TargetDatabaseExists { database });
    }
    let local = local_group(&target, &link);
    let bytes = source.data_file_bytes();
    if !may_create_databases(&target, local) {
        let target = (target_instance, target.free_database_id());
        let run = Seeding {
            // Any length will do: nothing of it was copied.
            minimum: Span::seconds(1),
            copying: Span::seconds(1),
            ..next_run(
                world,
                (source_instance, &source),
                target,
                attempt_after(&link.seedings),
            )
        };
        return refuse_seeding(world, id, run);
    }
    let copying = copying_time(world, bytes);
    let slowed = world.fault_at(&fault::seeding::SLOW, |world| About::link(world, &link));
    let slowed = slowed.map_or(Span::ZERO, |verdict| verdict.delay());
    let minimum = world.span(Transition::SeedingMinimum) + slowed;
    let target_id = target.free_database_id();
    let member = source.group.map(|(_, member)| member);
    let member = member.unwrap_or_else(|| GroupDatabaseId(world.ids.next_guid()));
    if source.group.is_none()
        && let Some(group) = world
            .instance(source_instance)
            .and_then(|found| local_group(found, &link))
    {
        let joined = GroupDatabase {
            id: member,
            database: source.id,
            name: source.name.clone(),
        };
        join(world, source_instance, group, joined);
        let database = world.instance_mut(source_instance).database_mut(source.id);
        database.expect("found a moment ago").group = Some((group, member));
    }
    let joined = local.map(|group| (group, member));
    let copy = blank_copy(&source, source_instance, target_id, joined, now);
    world
        .instance_mut(target_instance)
        .databases
        .insert(target_id, Arc::new(copy));
    if let Some(group) = local {
        join(
            world,
            target_instance,
            group,
            GroupDatabase {
                id: member,
                database: target_id,
                name: source.name.clone(),
            },
        );
    }
    let run = Seeding {
        minimum,
        copying,
        content: source.content.clone(),
        ..next_run(
            world,
            (source_instance, &source),
            (target_instance, target_id),
            attempt_after(&link.seedings),
        )
    };
    let ends = run.ends();
    let changed = world.link_mut(id).expect("found a moment ago");
    remember(&mut changed.seedings, run);
    // What kept it from beginning does so no longer.
    if let Some(LinkError::CreateDatabaseNotGranted { .. }) = changed.last_error {
        changed.last_error = None;
    }
    let operation = changed.operation.take();
    enter(world, id, Phase::Seeding);
    world.timers.arm(Timer::Link(id.clone()), ends);
    world.calendar.arm(Entry::CreationLimit(id.clone()), limit);
    let (instance, link, database) = words(world, id);
    world.record(EventKind::SeedingStarted {
        instance,
        link,
        database,
        bytes,
    });
    if let Some(operation) = operation {
        world.succeed_operation(operation, true);
    }
}

/// A run that begins now where the source's log ends: it takes no time and copies nothing yet.
pub(crate) fn next_run(
    world: &mut World,
    source: (InstanceId, &Database),
    target: (InstanceId, DatabaseId),
    attempt: i32,
) -> Seeding {
    let now = world.now();
    Seeding {
        id: world.ids.next_guid(),
        source: (source.0, source.1.id),
        target,
        started: now,
        bytes: source.1.data_file_bytes(),
        minimum: Span::ZERO,
        copying: Span::ZERO,
        // Who shares the bandwidth is found out when everything else has happened.
        pace: Pace {
            since: now,
            done: Span::ZERO,
            sharers: 1,
        },
        stalled: Span::ZERO,
        stalled_since: None,
        base: source.1.log.end(),
        content: Content::default(),
        attempt,
        outcome: SeedingOutcome::Running,
    }
}

/// Which run the next one is.
pub(crate) fn attempt_after(runs: &[Seeding]) -> i32 {
    runs.last().map_or(0, |run| run.attempt) + 1
}

/// How long so many bytes take with all the bandwidth that a source has for seeding.
pub(crate) fn copying_time(world: &World, bytes: u64) -> Span {
    world.durations.seeding_rate().map_or(Span::ZERO, |rate| {
        Span::milliseconds((bytes.saturating_mul(1000) / rate.max(1)) as i64)
    })
}

/// Keeps a run with those before it, as far as they are remembered.
pub(crate) fn remember(runs: &mut Vec<Seeding>, run: Seeding) {
    if runs.len() >= REMEMBERED {
        runs.remove(0);
    }
    runs.push(run);
}

/// A database in RESTORING that is about to get the content of `source`, as it is where its log ends.
pub(crate) fn blank_copy(
    source: &Database,
    instance: InstanceId,
    id: DatabaseId,
    group: Option<(GroupId, GroupDatabaseId)>,
    now: Timestamp,
) -> Database {
    let base = source.log.end();
    Database {
        id,
        created: now,
        state: DatabaseState::Restoring,
        recovery_model: RecoveryModel::Full,
        content: Content::default(),
        version: 0,
        log: Log::starting_at(base),
        transactions: imbl::OrdMap::new(),
        locks: imbl::OrdMap::new(),
        chain: BackupChain::default(),
        group,
        copy: Some(SecondaryCopy {
            source: (instance, source.id),
            hardened: base,
            hardened_time: now,
            redone: base,
            redone_time: now,
            committed: None,
        }),
        suspended: None,
        ..source.clone()
    }
}

/// Runs that copy from one instance share its bandwidth (documented: "parallel links share bandwidth"; that they share it
/// evenly is a guess). Called when anything may have begun or ended.
pub(super) fn share_bandwidth(world: &mut World) {
    let running = |link: &Link| {
        let run = link.seedings.last()?;
        let moves = link.phase == Phase::Seeding && run.stalled_since.is_none();
        moves.then_some((run.source.0, run.pace.sharers))
    };
    let runs: Vec<(LinkId, InstanceId, i64)> = world
        .links
        .values()
        .filter_map(|link| {
            running(link).map(|(source, sharers)| (link.id.clone(), source, sharers))
        })
        .collect();
    for (id, source, sharers) in &runs {
        let all = runs.iter().filter(|(_, other, _)| other == source).count() as i64;
        if all == *sharers {
            continue;
        }
        let now = world.now();
        let run = world.link_mut(id).and_then(|link| link.seedings.last_mut());
        let Some(run) = run else {
            continue;
        };
        run.pace = Pace {
            since: now,
            done: run.copied(now),
            sharers: all,
        };
        let ends = run.ends();
        world.timers.arm(Timer::Link(id.clone()), ends.max(now));
    }
}

/// Without GRANT CREATE ANY DATABASE the run fails; the link waits, connected, until it is granted.
fn refuse_seeding(world: &mut World, id: &LinkId, run: Seeding) {
    let (instance, name, database) = words(world, id);
    let Some(link) = world.link_mut(id) else {
        return;
    };
    let group = link.spec.partner_group.to_string();
    let line = format!(
        "Local availability replica for availability group '{group}' has not been granted permission to create databases, but has a SEEDING_MODE of AUTOMATIC. Use ALTER AVAILABILITY GROUP ... GRANT CREATE ANY DATABASE to allow the creation of databases seeded by the primary availability replica."
    );
    let error = LinkError::CreateDatabaseNotGranted { group };
    let reason = error.to_string();
    link.last_error = Some(error);
    let (now, target) = (run.started, run.target.0);
    let outcome = SeedingOutcome::Failed(now, reason.clone());
    remember(&mut link.seedings, Seeding { outcome, ..run });
    world.instance_mut(target).log(now, line);
    world.record(EventKind::SeedingFailed {
        instance,
        link: name,
        database,
        reason,
    });
}

/// Whether seeding may create a database in this group of the target.
pub(super) fn may_create_databases(
    target: &crate::instance::Instance,
    group: Option<GroupId>,
) -> bool {
    let group = group
        .and_then(|group| target.groups.get(&group))
        .and_then(|group| group.as_local());
    group.is_some_and(|group| group.may_create_databases)
}

/// Whether the next seeding run of a link may create its database.
pub(super) fn is_permitted(world: &World, link: &Link) -> bool {
    let target = direction(link).and_then(|(_, target)| world.instance(target));
    target.is_some_and(|target| may_create_databases(target, local_group(target, link)))
}

/// A fault holds the copy at a percentage, or lets it go on.
pub(super) fn hold(world: &mut World, id: &LinkId) {
    let Some(link) = world
        .links
        .get(id)
        .filter(|l| l.phase == Phase::Seeding)
        .cloned()
    else {
        return;
    };
    let Some(run) = link.seedings.last() else {
        return;
    };
    let held = fault::seeding::held_at(world, &link);
    match (held, run.stalled_since) {
        (Some(percent), None) => {
            let at = run.is_at(percent).max(world.now());
            let about = About::link(world, &link);
            world.fault_shows(&fault::seeding::STALLED, &about);
            world.timers.cancel(&Timer::Link(id.clone()));
            with_run(world, id, |run| run.stalled_since = Some(at));
        }
        (None, Some(_)) => {
            let now = world.now();
            with_run(world, id, |run| run.resume(now));
            let ends = world.links.get(id).and_then(|link| link.seedings.last());
            if let Some(ends) = ends.map(Seeding::ends) {
                world.timers.arm(Timer::Link(id.clone()), ends.max(now));
            }
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
}

fn with_run(world: &mut World, id: &LinkId, change: impl FnOnce(&mut Seeding)) {
    if let Some(run) = world.link_mut(id).and_then(|link| link.seedings.last_mut()) {
        change(run);
    }
}

/// What a fault makes of a copy that is complete; says whether it does.
fn fails_at_end(world: &mut World, id: &LinkId) -> bool {
    let Some(link) = world.links.get(id).cloned() else {
        return false;
    };
    let database = link.spec.database.to_string();
    for (point, error) in fault::seeding::at_end(&database) {
        if world
            .fault_at(point, |world| About::link(world, &link))
            .is_none()
        {
            continue;
        }
        match error {
            LinkError::LogGone { .. } | LinkError::SeedingCancelled { .. } => {
                interrupt(world, id, &error);
                fail(world, id, error);
            }
            error => {
                if let (LinkError::DiskFull { .. }, Some((_, target))) = (&error, direction(&link))
                {
                    let now = world.now();
                    world.instance_mut(target).log(now, format!("{error}."));
                }
                interrupt(world, id, &error);
            }
        }
        return true;
    }
    false
}

/// Ends the copy: the target has the content as it was when the copy began, and recovers.
pub(super) fn complete(world: &mut World, id: &LinkId) {
    if !world.faults.is_empty() && fails_at_end(world, id) {
        return;
    }
    let now = world.now();
    let Some(link) = world.link_mut(id) else {
        return;
    };
    let Some(run) = link.seedings.last_mut() else {
        return;
    };
    run.outcome = SeedingOutcome::Completed(now);
    world.calendar.cancel(&Entry::CreationLimit(id.clone()));
    let Some(run) = world.link_mut(id).and_then(|link| link.seedings.last_mut()) else {
        return;
    };
    let (instance, target) = run.target;
    // The copy is in the target from here on.
    let content = std::mem::take(&mut run.content);
    if let Some(database) = world.instance_mut(instance).database_mut(target) {
        database.content = content;
        database.version += 1;
        database.state = DatabaseState::Recovering;
    }
    enter(world, id, Phase::Recovering { target });
    arm_step(world, id, Transition::Recovery);
    let (instance, link, database) = words(world, id);
    world.record(EventKind::SeedingCompleted {
        instance,
        link,
        database,
    });
}

/// The target is readable; what was committed during the copy is still to be redone.
pub(super) fn recovered(world: &mut World, id: &LinkId, target: DatabaseId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let Some((_, target_instance)) = direction(&link) else {
        return;
    };
    if let Some(database) = world.instance_mut(target_instance).database_mut(target) {
        database.state = DatabaseState::Online;
    }
    enter(world, id, Phase::CatchUp { target });
    replication::pump(world, id);
    arm_step(world, id, Transition::CatchUp);
}

/// The partner went away while seeding: the half-made database goes, and seeding starts again when it is back.
pub(super) fn interrupt(world: &mut World, id: &LinkId, error: &LinkError) {
    let now = world.now();
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    world.timers.cancel(&Timer::Link(id.clone()));
    world.calendar.cancel(&Entry::CreationLimit(id.clone()));
    let ran = link.phase != Phase::Connected;
    drop_copy(world, &link);
    let changed = world.link_mut(id).expect("found a moment ago");
    changed.phase = Phase::Connected;
    changed.since = now;
    if !ran {
        return;
    }
    if let Some(run) = changed.seedings.last_mut() {
        run.outcome = SeedingOutcome::Failed(now, error.to_string());
        run.content = Content::default();
    }
    let (instance, link, database) = words(world, id);
    world.record(EventKind::SeedingFailed {
        instance,
        link,
        database,
        reason: error.to_string(),
    });
}

/// The creation has taken too long: the half-made database goes, and the link waits to be deleted or asked for again.
pub(crate) fn cancel(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    if matches!(link.phase, Phase::Connected | Phase::Seeding) {
        world.timers.cancel(&Timer::Link(id.clone()));
        if link.phase == Phase::Seeding {
            drop_copy(world, &link);
        }
        let days = CREATION_DAYS;
        fail(world, id, LinkError::CreationCanceled { days });
    }
}

/// Ends the replication of a link that is going: a finished copy becomes an ordinary database, a half-made one goes.
pub(super) fn release_copies(world: &mut World, link: &Link) {
    match &link.phase {
        Phase::Seeding | Phase::Recovering { .. } => drop_copy(world, link),
        Phase::CatchUp { target }
        | Phase::Synchronizing { target }
        | Phase::FailingOver { target }
        | Phase::Yielded { target }
        | Phase::Reverting { target } => {
            // On SQL Server, the copy stays a secondary of its orphaned group until that is dropped.
            if direction(link).is_some_and(|(_, target)| target == link.id.instance) {
                recover(world, link.id.instance, *target);
            }
        }
        Phase::Failed { .. } => {
            if let Some(copy) = left_copy(world, link) {
                recover(world, link.id.instance, copy);
            }
        }
        Phase::Initiating | Phase::Connected | Phase::Diverged => {}
    }
}

/// The copy that a link has made on its instance before it failed: it stays one until the link is deleted.
pub(super) fn left_copy(world: &World, link: &Link) -> Option<DatabaseId> {
    let instance = world.instance(link.id.instance)?;
    let own = instance.group(link.spec.instance_group.as_str())?.id;
    let found = instance.database(link.spec.database.as_str())?;
    let in_own = found.group.is_some_and(|(group, _)| group == own);
    let is_copy = found.is_secondary() && found.state == DatabaseState::Online;
    (in_own && is_copy).then_some(found.id)
}

/// A copy on a managed instance becomes an ordinary database with what it has.
fn recover(world: &mut World, instance: InstanceId, copy: DatabaseId) {
    let now = world.now();
    if let Some(database) = world.instance_mut(instance).database_mut(copy) {
        database.copy = None;
        database.suspended = None;
        database.state = DatabaseState::Online;
        database.chain = BackupChain {
            last_full: Some(database.log.end()),
            last_full_time: Some(now),
            last_log: Some(database.log.end()),
            last_log_time: None,
        };
    }
}

fn drop_copy(world: &mut World, link: &Link) {
    let Some((instance, target)) = link.seedings.last().map(|run| run.target) else {
        return;
    };
    if world.instance(instance).is_none() {
        return;
    }
    let instance = world.instance_mut(instance);
    let Some(database) = instance
        .databases
        .get(&target)
        .filter(|database| database.is_secondary())
    else {
        return;
    };
    let group = database.group.map(|(group, _)| group);
    let name = database.name.clone();
    instance.databases.remove(&target);
    instance.forget_open_keys(target);
    if let Some(group) = group.and_then(|group| instance.groups.get_mut(&group))
        && let Some(local) = Arc::make_mut(group).as_local_mut()
    {
        local.databases.retain(|member| member.database != target);
    }
    let instance = instance.id;
    forget_database(world, instance, &name);
}

fn join(world: &mut World, instance: InstanceId, group: GroupId, member: GroupDatabase) {
    let instance = world.instance_mut(instance);
    if let Some(group) = instance.groups.get_mut(&group)
        && let Some(local) = Arc::make_mut(group).as_local_mut()
    {
        local.databases.push(member);
    }
}

/// The target's local group of the link.
fn local_group(target: &crate::instance::Instance, link: &Link) -> Option<GroupId> {
    let name: &Name = if target.id == link.id.instance {
        &link.spec.instance_group
    } else {
        &link.spec.partner_group
    };
    target.group(name.as_str()).map(|group| group.id)
}
