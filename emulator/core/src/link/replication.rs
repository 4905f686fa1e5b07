//! Sending the log: what the primary has committed reaches the secondary and is redone there.

use std::sync::Arc;

use super::connection::given_up_at;
use super::role::{Flow, flow};
use super::steps::{fail, words};
use super::{LinkId, Phase, ReplicationMode, failover, source_of};
use crate::availability_group::AvailabilityMode;
use crate::calendar::Entry;
use crate::command::Committed;
use crate::durations::Transition;
use crate::fault;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::{Instance, ServiceState};
use crate::lsn::Lsn;
use crate::refusal::{DatabaseRefusal, LinkError};
use crate::store::{DatabaseFile, LogEntry, LogKind, Op};
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// Redoes what has reached the secondary by now.
pub(crate) fn redo(world: &mut World, id: &LinkId) {
    pump(world, id);
    failover::go_on(world, id);
}

/// Hardens and redoes everything that can have arrived by now, and arms the timer for what comes after.
pub(super) fn pump(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id) else {
        return;
    };
    if !link.phase.is_replicating() {
        return;
    }
    let connected = link.connection.is_live();
    let Some(at) = flow(world, link) else {
        return;
    };
    if !follows(world, at.target) {
        return;
    }
    let late = fault::replication::late(world, link);
    let held = world.faults.held(id).filter(|until| *until > world.now());
    let (arrived, next) = move_log(world, at, late, connected && held.is_none());
    if stands_at_log_file(world, at.target) {
        let (_, _, database) = words(world, id);
        return fail(world, id, LinkError::SeveralLogFiles { database });
    }
    if arrived {
        plan_log_backup(world, at.source.0, at.source.1);
    }
    if let Some(next) = [held, next].into_iter().flatten().min() {
        world.timers.arm(Timer::Redo(id.clone()), next);
    }
    if arrived {
        // A secondary that others follow hands on what it gets.
        for id in followers(world, at.target) {
            pump(world, &id);
        }
        crate::replica::pump_from(world, at.target);
    }
}

/// Lets a replica of a local group harden and redo what can have arrived by now; says whether anything has arrived, and when
/// there is more to do.
pub(crate) fn follow(world: &mut World, at: Flow, connected: bool) -> (bool, Option<Timestamp>) {
    match follows(world, at.target) {
        true => move_log(world, at, fault::replication::Late::default(), connected),
        false => (false, None),
    }
}

/// Lets a replica of a local group have everything at once: its primary is closed.
pub(crate) fn drain(world: &mut World, at: Flow) {
    harden(world, at, Span::ZERO);
    redo_all(world, at.target);
}

fn move_log(
    world: &mut World,
    at: Flow,
    late: fault::replication::Late,
    connected: bool,
) -> (bool, Option<Timestamp>) {
    let latency = latency(world, at.source) + late.sent;
    let (arrived, arrives) = match connected {
        true => harden(world, at, latency),
        false => (false, None),
    };
    let redone = redo_until(world, at.target, latency + late.redone, Some(world.now()));
    (arrived, [arrives, redone].into_iter().flatten().min())
}

/// Whether a database follows another one, and data movement is not suspended there.
fn follows(world: &World, target: (InstanceId, DatabaseId)) -> bool {
    let copy = world
        .instance(target.0)
        .and_then(|instance| instance.databases.get(&target.1));
    copy.is_some_and(|copy| copy.copy.is_some() && copy.suspended.is_none())
}

/// From a commit until a replica of `source` has hardened it: every replica on the way adds its part.
fn latency(world: &World, source: (InstanceId, DatabaseId)) -> Span {
    let step = world.durations.span(Transition::NetworkLatency);
    let mut latency = step;
    let mut place = source;
    for _ in 0..world.instances.len() {
        let found = world
            .instance(place.0)
            .and_then(|instance| instance.databases.get(&place.1));
        let Some(copy) = found.and_then(|database| database.copy.as_ref()) else {
            break;
        };
        place = copy.source;
        latency = latency + step;
    }
    latency
}

/// Links whose secondary follows this database, in order.
pub(super) fn followers(world: &World, source: (InstanceId, DatabaseId)) -> Vec<LinkId> {
    let follows =
        |link: &&Arc<super::Link>| flow(world, link).is_some_and(|flow| flow.source == source);
    let links = world.links.values().filter(follows);
    links.map(|link| link.id.clone()).collect()
}

/// Hardens what has arrived; says whether anything has, and when the next will.
fn harden(world: &mut World, at: Flow, latency: Span) -> (bool, Option<Timestamp>) {
    let now = world.now();
    let copy = world
        .instance(at.target.0)
        .and_then(|instance| instance.databases.get(&at.target.1));
    let Some((copy, position)) = copy.and_then(|copy| Some((copy, copy.copy.as_ref()?))) else {
        return (false, None);
    };
    let from = position.hardened;
    let Some(source) = source_of(world, copy) else {
        return (false, None);
    };
    if source.suspended.is_some() || source.log.end() <= from {
        return (false, None);
    }
    let mut arrived = Vec::new();
    let mut next = None;
    for entry in source.log.from(from) {
        let due = entry.time + latency;
        if due > now {
            next = Some(due);
            break;
        }
        arrived.push(Arc::clone(entry));
    }
    let Some(last) = arrived.last().cloned() else {
        return (false, next);
    };
    if let Some(database) = world.instance_mut(at.target.0).database_mut(at.target.1) {
        for entry in &arrived {
            database.log.receive(entry);
        }
        if let Some(position) = &mut database.copy {
            position.hardened = last.end;
            position.hardened_time = last.time + latency;
        }
    }
    (true, next)
}

/// Redoes what a secondary has hardened, up to a moment if there is one; says when the next can be redone.
fn redo_until(
    world: &mut World,
    target: (InstanceId, DatabaseId),
    latency: Span,
    until: Option<Timestamp>,
) -> Option<Timestamp> {
    let delay = latency + world.durations.span(Transition::Redo);
    let instance = world.instance(target.0)?;
    let managed = instance.is_managed_instance();
    let copy = instance.databases.get(&target.1)?;
    let mut due = Vec::new();
    let mut next = None;
    for entry in copy.unredone() {
        let at = entry.time + delay;
        if until.is_some_and(|until| at > until) {
            next = Some(at);
            break;
        }
        let cannot = managed && adds_log_file(entry) || needs_missing_key(instance, entry);
        if cannot && until.is_some() {
            break;
        }
        due.push((Arc::clone(entry), cannot));
    }
    if due.is_empty() && copy.log.first().is_none() {
        return next;
    }
    let needed = log_needed_from(world, target.0, target.1);
    let database = world.instance_mut(target.0).database_mut(target.1)?;
    for (entry, cannot) in &due {
        // An instance that is about to be used without its primary goes on without its log file or key.
        if !cannot {
            for op in entry.kind.ops() {
                database.content.apply(op);
            }
        }
        database.version += u64::from(!entry.kind.ops().is_empty());
        if let Some(position) = &mut database.copy {
            position.redone = entry.lsn;
            position.redone_time = entry.time + delay;
            if matches!(entry.kind, LogKind::Commit(_)) {
                position.committed = Some((entry.lsn, entry.time));
            }
        }
    }
    // The copy keeps no history of its own: only what it has to redo, and what others have to get from it.
    let waiting = database.unredone().next().map(|entry| entry.first);
    let before = waiting.unwrap_or_else(|| database.log.end());
    database
        .log
        .truncate(needed.map_or(before, |needed| needed.min(before)));
    next
}

/// Whether redoing an entry gives a database a second log file. Such an entry has nothing else.
fn adds_log_file(entry: &LogEntry) -> bool {
    matches!(entry.kind.ops(), [Op::SetFiles(files)] if files.iter().any(DatabaseFile::is_added))
}

/// Whether redoing an entry takes what protects an encryption key, and that is not here: redo stands until it is (guess:
/// documented is that both sides need it). Such an entry has nothing else.
fn needs_missing_key(instance: &Instance, entry: &LogEntry) -> bool {
    matches!(entry.kind.ops(), [Op::SetEncryptionKey(Some(key))] if instance.lacks(key))
}

/// Whether redo on a managed instance has come to a log file that it cannot have.
fn stands_at_log_file(world: &World, target: (InstanceId, DatabaseId)) -> bool {
    let delay = world.durations.span(Transition::Redo);
    let instance = world.instance(target.0);
    let instance = instance.filter(|instance| instance.is_managed_instance());
    let copy = instance.and_then(|instance| instance.databases.get(&target.1));
    let waiting = copy.and_then(|copy| copy.unredone().next());
    waiting.is_some_and(|entry| entry.time + delay <= world.now() && adds_log_file(entry))
}

/// Redoes everything that a secondary has hardened: it is about to be used without its primary.
pub(crate) fn redo_all(world: &mut World, target: (InstanceId, DatabaseId)) {
    redo_until(world, target, Span::ZERO, None);
}

/// The service takes log backups of a managed instance's databases by itself. It comes some time after a change, and
/// leaves a database alone in which nothing happens.
pub(crate) fn plan_log_backup(world: &mut World, instance: InstanceId, database: DatabaseId) {
    let Some(found) = world.instance(instance) else {
        return;
    };
    let entry = Entry::LogBackup(instance, database);
    if !found.is_managed_instance() || world.calendar.due(&entry).is_some() {
        return;
    }
    let due = world.now() + world.span(Transition::LogBackup);
    world.calendar.arm(entry, due);
}

/// Backs the log up: what no replica needs is freed. A stopped instance's is not, and a copy's is its primary's.
pub(crate) fn back_up_log(world: &mut World, instance: InstanceId, database: DatabaseId) {
    let now = world.now();
    let backs_up = world.instance(instance).is_some_and(|found| {
        let database = found.databases.get(&database);
        found.service != ServiceState::Stopped
            && database.is_some_and(|database| database.copy.is_none())
    });
    if !backs_up {
        return;
    }
    let needed = log_needed_from(world, instance, database);
    if let Some(found) = world.instance_mut(instance).database_mut(database) {
        let end = found.log.end();
        found.chain.last_log = Some(end);
        found.chain.last_log_time = Some(now);
        found.log.truncate(needed.unwrap_or(end));
    }
}

/// From a commit until the secondary of `source` has hardened and redone it.
pub(super) fn delay(world: &World, source: (InstanceId, DatabaseId)) -> Span {
    latency(world, source) + world.durations.span(Transition::Redo)
}

/// How far back in a database's log some replica still needs it.
pub(crate) fn log_needed_from(
    world: &World,
    instance: InstanceId,
    database: DatabaseId,
) -> Option<Lsn> {
    let place = (instance, database);
    let needed = world.links.values().filter_map(|link| {
        if let Some(flow) = flow(world, link) {
            // A primary that has dropped its half of the link holds nothing for it any more.
            link.role_on(world, flow.source.0)?;
            let copy = world
                .instance(flow.target.0)?
                .databases
                .get(&flow.target.1)?;
            let position = copy.copy.as_ref()?.hardened;
            return (flow.source == place).then_some(position);
        }
        match link.phase {
            Phase::Seeding => {
                let run = link.seedings.last()?;
                (run.source == place).then_some(run.base)
            }
            // Either side may have to go back to the common point, and the other to go on from there.
            Phase::Diverged => {
                let is_side = instance == link.id.instance || Some(instance) == link.partner;
                let name = &world.instance(instance)?.databases.get(&database)?.name;
                let fork = link.fork.as_ref()?;
                (is_side && *name == link.spec.database).then_some(fork.common)
            }
            _ => None,
        }
    });
    let local = crate::replica::log_needed_from(world, place);
    needed.chain(local).min()
}

impl World {
    /// A transaction was committed in a database: its replicas are sent it. Says when a synchronous one will have it.
    pub(crate) fn committed(
        &mut self,
        instance: InstanceId,
        database: DatabaseId,
        now: Timestamp,
    ) -> Committed {
        let replicated: Vec<LinkId> = self
            .links
            .values()
            .filter(|link| link.phase.is_replicating())
            .filter(|link| link.connection.connected_since.is_some())
            .filter(|link| flow(self, link).is_some_and(|flow| flow.source == (instance, database)))
            .map(|link| link.id.clone())
            .collect();
        plan_log_backup(self, instance, database);
        let mut reply = Committed::default();
        let latency = self.durations.span(Transition::NetworkLatency);
        for id in replicated {
            if let Some(given_up) = given_up_at(self, &id) {
                // A synchronous partner that is not heard is waited for until it is given up.
                if self.is_synchronous(&id) {
                    reply.hardened = reply.hardened.max(Some(given_up));
                }
                continue;
            }
            let late = fault::replication::sending(self, &id);
            let latency = latency + late.sent;
            let due = self.timers.due(&Timer::Redo(id.clone()));
            if latency == Span::ZERO {
                pump(self, &id);
            } else if due.is_none_or(|due| due > now + latency) {
                self.timers.arm(Timer::Redo(id.clone()), now + latency);
            }
            if self.is_synchronous(&id) {
                let hardened = now + latency + late.acknowledged;
                reply.hardened = reply.hardened.max(Some(hardened));
            }
        }
        if !self.replica_sets.is_empty() {
            let hardened = crate::replica::committed(self, (instance, database));
            reply.hardened = reply.hardened.max(hardened);
        }
        reply
    }

    /// Whether a database has the synchronized secondaries that its groups require
    /// (`REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT`). What a client sees without them is a guess: the error of a lost
    /// quorum, for writes only.
    pub(crate) fn check_required_secondaries(
        &self,
        instance: InstanceId,
        database: DatabaseId,
    ) -> Result<(), DatabaseRefusal> {
        let Some(server) = self.instance(instance) else {
            return Ok(());
        };
        let found = server.databases.get(&database);
        let Some((found, (group, member))) = found.and_then(|found| Some((found, found.group?)))
        else {
            return Ok(());
        };
        let own = server.groups.get(&group);
        let wanted = own.map_or(0, |own| own.required_synchronized_secondaries);
        if wanted > 0 && self.synchronized_secondaries(instance, group, member) < wanted as usize {
            let name = found.name.to_string();
            return Err(DatabaseRefusal::QuorumLost { name });
        }
        let local = own.map(|group| &group.name);
        let required = server.groups.values().filter(|group| {
            let pair = group.as_distributed();
            group.required_synchronized_secondaries > 0
                && pair.is_some_and(|pair| Some(&pair.local().group) == local)
        });
        for group in required {
            let link = super::link_of(self, instance, group)
                .and_then(|link| super::member_of(self, link, &found.name));
            let there = link.is_some_and(|link| {
                link.connection.connected_since.is_some() && self.is_synchronous(&link.id)
            });
            if !there {
                let name = found.name.to_string();
                return Err(DatabaseRefusal::QuorumLost { name });
            }
        }
        Ok(())
    }

    /// Whether commits wait for the secondary: both ARM and SQL Server's half must say so, and it must be in step.
    pub(crate) fn is_synchronous(&self, id: &LinkId) -> bool {
        let Some(link) = self.links.get(id) else {
            return false;
        };
        if link.replication_mode != ReplicationMode::Sync
            || !matches!(link.phase, Phase::Synchronizing { .. })
        {
            return false;
        }
        let partner = link.partner.and_then(|partner| self.instance(partner));
        let dag = partner
            .and_then(|partner| partner.groups.get(&link.group))
            .and_then(|group| group.as_distributed());
        dag.is_some_and(|dag| {
            dag.members
                .iter()
                .all(|member| member.availability_mode == AvailabilityMode::SynchronousCommit)
        })
    }
}
