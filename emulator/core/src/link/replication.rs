//! Sending the log: what the primary has committed reaches the secondary and is redone there.

use std::sync::Arc;

use super::connection::given_up_at;
use super::role::{Flow, flow};
use super::{LinkId, Phase, ReplicationMode, source_of};
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
    if !link.phase.is_replicating() || !link.connection.is_live() {
        return;
    }
    let Some(Flow {
        source: (source_instance, source_id),
        target: (target_instance, target),
    }) = flow(world, link)
    else {
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
    if !arrived.is_empty() {
        back_up_log(world, source_instance, source_id);
    }
    if let Some(next) = next {
        world.timers.arm(Timer::Redo(id.clone()), next);
    }
}

/// The service takes log backups of a managed instance's databases by itself: what nobody needs any more is freed.
fn back_up_log(world: &mut World, instance: InstanceId, database: DatabaseId) {
    let managed = world
        .instance(instance)
        .is_some_and(|found| found.is_managed_instance());
    if !managed {
        return;
    }
    let needed = log_needed_from(world, instance, database);
    if let Some(found) = world.instance_mut(instance).database_mut(database) {
        let before = needed.unwrap_or_else(|| found.log.end());
        found.log.truncate(before);
    }
}

/// From a commit until the secondary has hardened and redone it.
pub(super) fn delay(world: &World) -> Span {
    world.durations.span(Transition::NetworkLatency) + world.durations.span(Transition::Redo)
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
    needed.min()
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
        let mut reply = Committed::default();
        let delay = delay(self);
        for id in replicated {
            if let Some(given_up) = given_up_at(self, &id) {
                // A synchronous partner that is not heard is waited for until it is given up.
                if self.is_synchronous(&id) {
                    reply.hardened = reply.hardened.max(Some(given_up));
                }
                continue;
            }
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
