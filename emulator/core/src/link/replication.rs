//! Sending the log: what the primary has committed reaches the secondary and is redone there.

use std::sync::Arc;

use super::{LinkId, Phase, ReplicationMode, seeding, source_of};
use crate::availability_group::AvailabilityMode;
use crate::command::Committed;
use crate::durations::Transition;
use crate::ids::{DatabaseId, InstanceId};
use crate::lsn::Lsn;
use crate::store::LogKind;
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// Redoes what has reached the secondary by now.
pub(crate) fn redo(world: &mut World, id: &LinkId) {
    pump(world, id);
}

/// Sends everything that can have arrived by now, and arms the timer for what comes after.
pub(super) fn pump(world: &mut World, id: &LinkId) {
    let now = world.now();
    let Some(link) = world.links.get(id) else {
        return;
    };
    let (Phase::CatchUp { target } | Phase::Synchronizing { target }) = link.phase else {
        return;
    };
    if link.connection.connected_since.is_none() {
        return;
    }
    let Some((_, target_instance)) = seeding::direction(link) else {
        return;
    };
    let latency = delay(world);
    let Some(copy) = world
        .instance(target_instance)
        .and_then(|instance| instance.databases.get(&target))
    else {
        return;
    };
    let (Some(position), None) = (&copy.copy, copy.suspended) else {
        return;
    };
    let from = position.hardened;
    let Some(source) = source_of(world, copy) else {
        return;
    };
    if source.suspended.is_some() || source.log.end() <= from {
        return;
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
    if !arrived.is_empty()
        && let Some(database) = world.instance_mut(target_instance).database_mut(target)
    {
        for entry in &arrived {
            if let LogKind::Commit(ops) = &entry.kind {
                for op in ops.iter() {
                    database.content.apply(op);
                }
                database.version += 1;
            }
            // The copy keeps no history of its own while it follows.
            database.log.receive(entry);
            let end = database.log.end();
            database.log.truncate(end);
        }
        let last = arrived.last().expect("not empty");
        let committed = arrived
            .iter()
            .rev()
            .find(|entry| matches!(entry.kind, LogKind::Commit(_)));
        if let Some(position) = &mut database.copy {
            position.hardened = last.end;
            position.hardened_time = last.time + latency;
            position.redone = last.lsn;
            position.redone_time = last.time + latency;
            if let Some(entry) = committed {
                position.committed = Some((entry.lsn, entry.time));
            }
        }
    }
    if let Some(next) = next {
        world.timers.arm(Timer::Redo(id.clone()), next);
    }
}

/// From a commit until the secondary has hardened and redone it.
fn delay(world: &World) -> Span {
    world.durations.span(Transition::NetworkLatency) + world.durations.span(Transition::Redo)
}

/// How far back in a database's log some replica still needs it.
pub(crate) fn log_needed_from(
    world: &World,
    instance: InstanceId,
    database: DatabaseId,
) -> Option<Lsn> {
    let mut needed: Option<Lsn> = None;
    for link in world.links.values() {
        let Some(run) = link
            .seedings
            .last()
            .filter(|run| run.source == (instance, database))
        else {
            continue;
        };
        let from = match link.phase {
            Phase::Initiating | Phase::Connected | Phase::Failed { .. } => continue,
            Phase::Seeding | Phase::Recovering { .. } => run.base,
            Phase::CatchUp { target } | Phase::Synchronizing { target } => {
                let copy = world
                    .instance(run.target.0)
                    .and_then(|instance| instance.databases.get(&target));
                match copy.and_then(|copy| copy.copy.as_ref()) {
                    Some(position) => position.hardened,
                    None => continue,
                }
            }
        };
        needed = Some(needed.map_or(from, |least| least.min(from)));
    }
    needed
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
            .filter(|link| {
                link.seedings
                    .last()
                    .is_some_and(|run| run.source == (instance, database))
            })
            .filter(|link| {
                matches!(
                    link.phase,
                    Phase::CatchUp { .. } | Phase::Synchronizing { .. }
                )
            })
            .filter(|link| link.connection.connected_since.is_some())
            .map(|link| link.id.clone())
            .collect();
        let mut reply = Committed::default();
        let delay = delay(self);
        for id in replicated {
            if delay == Span::ZERO {
                pump(self, &id);
            } else if self.timers.due(&Timer::Redo(id.clone())).is_none() {
                self.timers.arm(Timer::Redo(id.clone()), now + delay);
            }
            if self.is_synchronous(&id) {
                let hardened = now + self.durations.span(Transition::NetworkLatency);
                reply.hardened = reply.hardened.max(Some(hardened));
            }
        }
        reply
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
