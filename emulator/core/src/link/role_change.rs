//! How a link's databases change places: the hand-over, the split of a forced failover, and the way back together.
//!
//! Whether a change may happen is decided in `failover`; what is here only does it, and keeps count of what is lost.

use std::sync::Arc;

use super::role::{self, Flow, flow};
use super::steps::{self, arm_step, enter, fail, words};
use super::{LinkId, Phase, failover, replication};
use crate::availability_group::Role;
use crate::command::end_use;
use crate::database::{Database, DatabaseState, SecondaryCopy, SuspendReason};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{DatabaseId, InstanceId, TransactionId};
use crate::lsn::Lsn;
use crate::names::Name;
use crate::refusal::LinkError;
use crate::store::{Content, LogEntry, LogKind};
use crate::time::Timestamp;
use crate::world::{Timer, World};

/// A role change that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct RoleChange {
    /// When.
    pub at: Timestamp,
    /// Whether data loss was allowed.
    pub forced: bool,
    /// The new primary.
    pub primary: InstanceId,
    /// Where the new primary's log goes on: what the secondary had hardened.
    pub common: Lsn,
    /// Where the old primary's log ended then.
    pub end: Lsn,
    /// Its `recovery_fork_guid`, if it was there: with another one it has another history.
    pub history: Option<uuid::Uuid>,
    /// What the old primary had committed and the new one had not hardened.
    pub lost: Vec<LostTransaction>,
    /// What the side that gave up undid in the end: `lost`, and what it went on to commit by itself.
    pub discarded: Vec<LostTransaction>,
}

/// A committed transaction that only one side had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostTransaction {
    /// Where its commit stands in that side's log.
    pub lsn: Lsn,
    /// When it was committed.
    pub time: Timestamp,
    /// Its number on that side.
    pub transaction: TransactionId,
}

/// Where a forced failover has split the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Fork {
    /// The last point that both sides have.
    pub common: Lsn,
    /// The content there, for the side that goes back to it.
    pub content: Content,
    /// The last commit before it.
    pub committed: Option<(Lsn, Timestamp)>,
}

impl Fork {
    /// Where a copy that follows `source` stands at the point that both sides have.
    pub(crate) fn position(
        &self,
        source: (InstanceId, DatabaseId),
        now: Timestamp,
    ) -> SecondaryCopy {
        SecondaryCopy {
            source,
            hardened: self.common,
            hardened_time: now,
            redone: self.common,
            redone_time: now,
            committed: self.committed,
        }
    }
}

/// How many role changes a link remembers.
const REMEMBERED: usize = 20;

/// Hands the primary role over: the secondary has everything, and the data flows the other way from now on.
pub(super) fn hand_over(world: &mut World, id: &LinkId, at: Flow) {
    let now = world.now();
    let Flow { source, target } = at;
    let Some((old, copy)) = both(world, at) else {
        return;
    };
    let end = old.log.end();
    let Some(position) = copy.copy.clone() else {
        return;
    };
    promote(world, target, &old, position.hardened);
    demote(world, source, target, &position, now);
    role::turn(world, id, target.0);
    role::set(world, source.0, id.name.as_str(), Role::Secondary);
    role::set(world, target.0, id.name.as_str(), Role::Primary);
    enter(world, id, Phase::Synchronizing { target: source.1 });
    let change = RoleChange {
        at: now,
        forced: false,
        primary: target.0,
        common: position.hardened,
        end,
        history: Some(old.recovery_fork),
        lost: Vec::new(),
        discarded: Vec::new(),
    };
    keep(world, id, change);
}

/// Makes the secondary primary with what it has; what only the other side has is lost.
pub(super) fn split(world: &mut World, id: &LinkId, at: Flow) {
    let now = world.now();
    let Flow { target, .. } = at;
    replication::redo_all(world, target);
    let copy = world
        .instance(target.0)
        .and_then(|instance| instance.databases.get(&target.1))
        .cloned();
    let Some((copy, position)) = copy.and_then(|copy| Some((copy.clone(), copy.copy.clone()?)))
    else {
        return;
    };
    // A database made anew under the old one's name has nothing of this history.
    let old = super::source_of(world, &copy).cloned();
    let common = position.hardened;
    let lost = old
        .as_ref()
        .map_or_else(Vec::new, |old| committed_from(old, common));
    let end = old.as_ref().map_or(common, |old| old.log.end());
    promote_by_force(world, target, old.as_deref().unwrap_or(&copy), common);
    world.timers.cancel(&Timer::Link(id.clone()));
    world.timers.cancel(&Timer::Redo(id.clone()));
    role::turn(world, id, target.0);
    role::set(world, target.0, id.name.as_str(), Role::Primary);
    enter(world, id, Phase::Diverged);
    if let Some(link) = world.link_mut(id) {
        link.fork = Some(Fork {
            common,
            content: copy.content.clone(),
            committed: position.committed,
        });
    }
    steps::disconnect(world, id, LinkError::RoleMismatch);
    let change = RoleChange {
        at: now,
        forced: true,
        primary: target.0,
        common,
        end,
        history: old.as_ref().map(|old| old.recovery_fork),
        lost,
        discarded: Vec::new(),
    };
    keep(world, id, change);
}

/// What an instance's group has copies of, and no link feeds any more, goes on by itself with what it has: a forced failover
/// after the other side was lost.
pub(super) fn stand_alone(world: &mut World, instance: InstanceId, group: &Name) {
    for database in left_behind(world, instance, group) {
        let target = (instance, database);
        replication::redo_all(world, target);
        let found = world.instance(instance);
        let Some(copy) = found.and_then(|found| found.databases.get(&database).cloned()) else {
            continue;
        };
        promote_by_force(world, target, &copy, copy.log.end());
    }
}

/// The finished copies below a distributed group that nothing comes to. Those below another one that is no primary wait for
/// that.
fn left_behind(world: &World, instance: InstanceId, group: &Name) -> Vec<DatabaseId> {
    let members = || {
        let found = world.instance(instance)?;
        let above = found.group(group.as_str())?.as_distributed()?;
        let local = above.local().group.clone();
        let mut halves = found.groups.values().filter_map(|it| it.as_distributed());
        let is_primary =
            halves.all(|half| half.local().group != local || half.role == Role::Primary);
        let members = &found.group(local.as_str())?.as_local()?.databases;
        is_primary.then(|| members.iter().map(|it| it.database).collect::<Vec<_>>())
    };
    let mut members = members().unwrap_or_default();
    let is_fed = |id: DatabaseId| {
        let mut links = world.links.values();
        links.any(|link| flow(world, link).is_some_and(|flow| flow.target == (instance, id)))
    };
    members.retain(|id| {
        let found = world.instance(instance).and_then(|it| it.databases.get(id));
        found.is_some_and(|it| it.is_secondary() && it.state == DatabaseState::Online)
            && !is_fed(*id)
    });
    members
}

/// Both sides are together again and agree on who is primary: the other goes back to the common point and follows.
pub(super) fn rejoin(world: &mut World, id: &LinkId) {
    let now = world.now();
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let (Some((winner, loser)), Some(fork)) = (role::direction(&link), link.fork.clone()) else {
        return;
    };
    let name = link.spec.database.to_string();
    let of = |instance: InstanceId| world.instance(instance)?.database(&name).cloned();
    let (new, old) = match (of(winner), of(loser)) {
        // A database that was taken out of its group follows nobody.
        (Some(new), Some(old)) if new.guid == old.guid && old.group.is_some() => (new, old),
        _ => {
            return fail(
                world,
                id,
                LinkError::DatabaseNotResponding { database: name },
            );
        }
    };
    if !new.log.reaches_back_to(fork.common) || !old.log.reaches_back_to(fork.common) {
        return fail(world, id, LinkError::LogGone { database: name });
    }
    let discarded = committed_from(&old, fork.common);
    end_use(world, loser, old.id, None);
    let managed = world
        .instance(loser)
        .is_some_and(|loser| loser.is_managed_instance());
    if let Some(database) = world.instance_mut(loser).database_mut(old.id) {
        database.content = fork.content.clone();
        database.recovery_fork = new.recovery_fork;
        database.state = DatabaseState::Recovering;
        // A person decides on SQL Server when the data may move again; the service does on an instance.
        database.suspended = (!managed).then_some(SuspendReason::Partner);
    }
    let position = fork.position((winner, new.id), now);
    demote(world, (loser, old.id), (winner, new.id), &position, now);
    revert_followers(world, (loser, old.id), &fork);
    crate::replica::revert_from(world, (loser, old.id), &fork);
    if let Some(link) = world.link_mut(id) {
        link.fork = None;
        if let Some(change) = link.role_changes.iter_mut().rfind(|change| change.forced) {
            change.discarded.clone_from(&discarded);
        }
    }
    enter(world, id, Phase::Reverting { target: old.id });
    arm_step(world, id, Transition::Revert);
    let (instance, link, database) = words(world, id);
    world.record(EventKind::Reverting {
        instance,
        link,
        database,
        discarded: discarded.len(),
    });
}

/// What follows a side that goes back goes back with it, if it is further (a guess: what becomes of the other links of
/// a database is not documented).
pub(super) fn revert_followers(world: &mut World, source: (InstanceId, DatabaseId), fork: &Fork) {
    for id in replication::followers(world, source) {
        failover::interrupt(world, &id);
        let at = world.links.get(&id).and_then(|link| flow(world, link));
        let Some(Flow { target, .. }) = at else {
            continue;
        };
        let Some(database) = revert_copy(world, target, source, fork) else {
            continue;
        };
        database.state = DatabaseState::Recovering;
        enter(world, &id, Phase::Reverting { target: target.1 });
        arm_step(world, &id, Transition::Revert);
    }
}

/// Takes a copy that follows `source` back to where a link's sides parted; none if it is no further, or no copy.
pub(crate) fn revert_copy<'a>(
    world: &'a mut World,
    target: (InstanceId, DatabaseId),
    source: (InstanceId, DatabaseId),
    fork: &Fork,
) -> Option<&'a mut Database> {
    let now = world.now();
    let database = world.instance_mut(target.0).database_mut(target.1)?;
    let position = database.copy.as_mut()?;
    if position.hardened <= fork.common {
        return None;
    }
    *position = fork.position(source, now);
    database.content = fork.content.clone();
    database.version += 1;
    database.log.rewind_to(fork.common);
    Some(database)
}

/// The side that gave up is back at the common point.
pub(super) fn reverted(world: &mut World, id: &LinkId, target: DatabaseId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    if let Some((_, instance)) = role::direction(&link)
        && let Some(database) = world.instance_mut(instance).database_mut(target)
    {
        database.state = DatabaseState::Online;
    }
    enter(world, id, Phase::CatchUp { target });
}

/// The old primary and its copy.
fn both(world: &World, at: Flow) -> Option<(Database, Database)> {
    let of = |(instance, database): (InstanceId, DatabaseId)| {
        let found = world.instance(instance)?.databases.get(&database)?;
        Some(found.as_ref().clone())
    };
    Some((of(at.source)?, of(at.target)?))
}

/// A copy becomes a database that writes its own log, from `from` on. It has the old primary's chain of backups. Who reads
/// it loses the connection, as on the old primary: the database goes through RESOLVING (a guess for links).
fn promote(world: &mut World, target: (InstanceId, DatabaseId), old: &Database, from: Lsn) {
    let now = world.now();
    end_use(world, target.0, target.1, None);
    let needed = replication::log_needed_from(world, target.0, target.1);
    let Some(database) = world.instance_mut(target.0).database_mut(target.1) else {
        return;
    };
    database.copy = None;
    database.suspended = None;
    database.state = DatabaseState::Online;
    database.log.rewind_to(from);
    database.log.truncate(needed.unwrap_or(from));
    database.chain = old.chain.clone();
    let chain = &mut database.chain;
    chain.last_full = Some(chain.last_full.map_or(from, |lsn| lsn.min(from)));
    chain.last_full_time = chain.last_full_time.or(Some(now));
    chain.last_log = Some(chain.last_log.map_or(from, |lsn| lsn.min(from)));
}

/// The same by force: the log goes on in a recovery fork of its own.
fn promote_by_force(
    world: &mut World,
    target: (InstanceId, DatabaseId),
    old: &Database,
    from: Lsn,
) {
    promote(world, target, old, from);
    let fork = world.ids.next_guid();
    if let Some(database) = world.instance_mut(target.0).database_mut(target.1) {
        database.recovery_fork = fork;
    }
}

/// A database becomes a copy that follows `source`.
pub(crate) fn demote(
    world: &mut World,
    place: (InstanceId, DatabaseId),
    source: (InstanceId, DatabaseId),
    position: &SecondaryCopy,
    now: Timestamp,
) {
    let needed = replication::log_needed_from(world, place.0, place.1);
    let Some(database) = world.instance_mut(place.0).database_mut(place.1) else {
        return;
    };
    database.version += 1;
    database.log.rewind_to(position.hardened);
    database.log.truncate(needed.unwrap_or(position.hardened));
    database.copy = Some(SecondaryCopy {
        source,
        hardened_time: now,
        ..position.clone()
    });
}

/// What was committed at or after `from`.
pub(crate) fn committed_from(database: &Database, from: Lsn) -> Vec<LostTransaction> {
    let entries = database.log.from(from);
    let commits = entries.filter(|entry| matches!(entry.kind, LogKind::Commit(_)));
    let lost = |entry: &Arc<LogEntry>| LostTransaction {
        lsn: entry.lsn,
        time: entry.time,
        transaction: entry.transaction,
    };
    commits.map(lost).collect()
}

/// Puts a change on record.
fn keep(world: &mut World, id: &LinkId, change: RoleChange) {
    let primary = world
        .instance(change.primary)
        .map_or_else(String::new, |found| found.name.to_string());
    let (forced, lost) = (change.forced, change.lost.len());
    if let Some(link) = world.link_mut(id) {
        if link.role_changes.len() >= REMEMBERED {
            link.role_changes.remove(0);
        }
        link.role_changes.push(change);
    }
    let (instance, link, _) = words(world, id);
    world.record(EventKind::FailedOver {
        instance,
        link,
        primary,
        forced,
        lost,
    });
}

/// Whether everything that the primary has written is hardened and redone on the secondary.
pub(super) fn is_drained(world: &World, id: &LinkId) -> bool {
    let drained = || {
        let at = flow(world, world.links.get(id)?)?;
        let (source, copy) = both(world, at)?;
        let redone = copy.unredone().next().is_none();
        Some(redone && copy.copy?.hardened == source.log.end())
    };
    drained().unwrap_or(false)
}
