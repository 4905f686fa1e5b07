//! The steps of a link's life, each taken when its time has come.

use std::sync::Arc;

use super::connection::{self, Hold};
use super::handshake::{self, Handshake};
use super::role;
use super::{
    Link, LinkId, Phase, ReplicationMode, SeedingOutcome, error_log, failover, linked_database,
    replication, role_change, seeding, several, trust,
};
use crate::availability_group::{GroupKind, Role};
use crate::calendar::Entry;
use crate::durations::{Length, Transition};
use crate::event::EventKind;
use crate::fault;
use crate::ids::{DatabaseId, OperationId};
use crate::instance::Instance;
use crate::operation::OperationError;
use crate::refusal::LinkError;
use crate::time::Span;
use crate::world::{Timer, World};

/// Takes the next step of a link.
pub(crate) fn step(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    if let Some(down) = fault::crash::victim(world, &fault::crash::BEFORE_STEP, &link) {
        fault::crash::restart(world, down);
        return wait_for_step(world, id);
    }
    take_step(world, id, &link);
    if let Some(down) = fault::crash::victim(world, &fault::crash::AFTER_STEP, &link) {
        fault::crash::restart(world, down);
    }
}

/// A step that has not been taken is due again, unless the connection has to be there for it first.
fn wait_for_step(world: &mut World, id: &LinkId) {
    match world.links.get(id).map(|link| link.phase.clone()) {
        Some(Phase::Initiating) => arm_step(world, id, Transition::LinkConnect),
        Some(Phase::Reverting { .. }) => arm_step(world, id, Transition::Revert),
        _ => {}
    }
}

fn take_step(world: &mut World, id: &LinkId, link: &Link) {
    match &link.phase {
        Phase::Initiating => match handshake::check(world, link) {
            Ok(handshake) => connect(world, id, handshake),
            Err(error) if is_final(&error) => fail(world, id, error),
            Err(error) => {
                note_error(world, id, error);
                // It tries again until the time is up; a user may put it right meanwhile.
                let retry = world
                    .span(Transition::LinkConnect)
                    .max(Span::milliseconds(100));
                let due = world.now() + retry;
                world.timers.arm(Timer::Link(id.clone()), due);
            }
        },
        // What needs a partner that is not heard waits until it is.
        Phase::Connected | Phase::Seeding | Phase::CatchUp { .. } if !link.connection.is_live() => {
        }
        Phase::Connected => seeding::start(world, id),
        Phase::Seeding => seeding::complete(world, id),
        Phase::Recovering { target } => seeding::recovered(world, id, *target),
        // Suspended data movement waits for a person; `reconcile` goes on from there.
        Phase::CatchUp { .. } if is_suspended(world, link) => {}
        Phase::CatchUp { target } => {
            let target = *target;
            replication::pump(world, id);
            enter(world, id, Phase::Synchronizing { target });
            let (instance, link, database) = words(world, id);
            world.record(EventKind::LinkSynchronized {
                instance,
                link,
                database,
            });
        }
        Phase::FailingOver { .. } => failover::complete(world, id),
        Phase::Reverting { target } => role_change::reverted(world, id, *target),
        Phase::Synchronizing { .. }
        | Phase::Yielded { .. }
        | Phase::Diverged
        | Phase::Failed { .. } => {}
    }
}

/// Whether data movement is suspended on either side.
fn is_suspended(world: &World, link: &Link) -> bool {
    let suspended = |on_primary| {
        linked_database(world, link, on_primary)
            .is_some_and(|database| database.suspended.is_some())
    };
    suspended(true) || suspended(false)
}

/// Gives up on partners that have not connected.
pub(crate) fn init_timeout(world: &mut World, id: &LinkId) {
    let Some(link) = world
        .links
        .get(id)
        .filter(|link| link.phase == Phase::Initiating)
        .cloned()
    else {
        return;
    };
    let cause = link
        .connection
        .last_error
        .as_ref()
        .map(|(error, _)| error.clone());
    let error = match cause {
        // The partner answers, but not about these groups: that is what the user has to know.
        Some(error @ LinkError::GroupNotResponding { .. }) => error,
        Some(cause) => {
            let timeout = match world.durations.length(Transition::LinkInitTimeout) {
                Length::Fixed(span) => span,
                _ => world.now().since(link.since),
            };
            let minutes = ((timeout.as_seconds() + 59) / 60).max(1);
            LinkError::InitTimeout {
                minutes,
                cause: Box::new(cause),
            }
        }
        None => return,
    };
    world.timers.cancel(&Timer::Link(id.clone()));
    fail(world, id, error);
}

/// Lets partners that have lost each other try again.
pub(crate) fn reconnect(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    if link.connection.connected_since.is_some() {
        return;
    }
    match handshake::check(world, &link) {
        Err(error) => note_error(world, id, error),
        Ok(handshake) => {
            mark_connected(world, id, handshake);
            adopt_group_id(world, id);
            match link.phase {
                Phase::Connected => arm_step(world, id, Transition::SeedingStart),
                Phase::Diverged => role_change::rejoin(world, id),
                _ => replication::pump(world, id),
            }
        }
    }
}

/// Brings every link in line with what has just changed on either side.
pub(crate) fn reconcile(world: &mut World) {
    let ids: Vec<LinkId> = world.links.keys().cloned().collect();
    for id in ids {
        let Some(link) = world.links.get(&id).cloned() else {
            continue;
        };
        match link.phase {
            Phase::Initiating | Phase::Failed { .. } => continue,
            _ => {}
        }
        if link.phase.target().is_some() && role::flow(world, &link).is_none() {
            // Somebody took the secondary database out of the link.
            let database = link.spec.database.to_string();
            failover::interrupt(world, &id);
            fail(world, &id, LinkError::DatabaseNotResponding { database });
            continue;
        }
        if link.connection.connected_since.is_some() {
            match connection::look(world, &link) {
                Hold::Silent => connection::fall_silent(world, &id),
                Hold::Lost(error) => {
                    disconnect(world, &id, error);
                    // Nothing may happen any more after which they would try.
                    let link = world.links.get(&id).cloned();
                    if link.is_some_and(|link| handshake::check(world, &link).is_ok()) {
                        try_again(world, &id);
                    }
                }
                // A run that was not permitted starts once it is.
                Hold::Live if link.phase == Phase::Connected => {
                    connection::speak_again(world, &id);
                    let waits = world.timers.due(&Timer::Link(id.clone())).is_none();
                    if waits && seeding::is_permitted(world, &link) {
                        arm_step(world, &id, Transition::SeedingStart);
                    }
                }
                Hold::Live => {
                    connection::speak_again(world, &id);
                    seeding::hold(world, &id);
                    fault::replication::suspend(world, &id);
                    go_on(world, &id, &link);
                }
            }
        } else if world.timers.due(&Timer::Reconnect(id.clone())).is_none() {
            match handshake::check(world, &link) {
                Ok(_) => try_again(world, &id),
                // The partner answers again, and something else keeps them apart by now.
                Err(error)
                    if (trust::log_line(&error).is_some()
                        || is_another(&error)
                        || !world.faults.is_empty())
                        && link.last_error.as_ref() != Some(&error) =>
                {
                    note_error(world, &id, error);
                }
                Err(_) => {}
            }
        }
    }
    several::reconcile(world);
    seeding::share_bandwidth(world);
}

/// What was no obstacle before: the log is gone meanwhile, or another replica of SQL Server's group has become primary.
fn is_another(error: &LinkError) -> bool {
    matches!(
        error,
        LinkError::LogGone { .. }
            | LinkError::ModeMismatch { .. }
            | LinkError::VersionNotSupported { .. }
            | LinkError::PolicyTooOld { .. }
            | LinkError::SourceFormatNotCompatible { .. }
            | LinkError::FailbackNeedsMatchingFormat { .. }
    )
}

/// Lets partners that could shake hands do so, in a while.
fn try_again(world: &mut World, id: &LinkId) {
    let due = world.now() + world.span(Transition::Reconnect);
    world.timers.arm(Timer::Reconnect(id.clone()), due);
}

/// Sends what can be sent, and takes up what has been waiting for a person.
fn go_on(world: &mut World, id: &LinkId, link: &Link) {
    let catches_up = match link.phase {
        Phase::CatchUp { .. } => !is_suspended(world, link),
        // The distributed group was made anew on the side that had given up, as primary.
        Phase::Yielded { target } => {
            let source = role::direction(link).map(|(source, _)| source);
            let back = source.and_then(|source| link.role_on(world, source)) == Some(Role::Primary);
            if back {
                enter(world, id, Phase::CatchUp { target });
            }
            back
        }
        _ => false,
    };
    if catches_up && world.timers.due(&Timer::Link(id.clone())).is_none() {
        arm_step(world, id, Transition::CatchUp);
    }
    replication::pump(world, id);
    failover::go_on(world, id);
}

/// Deletes a link for good: the instance's database becomes an ordinary one, SQL Server keeps its half.
pub(crate) fn finish_deletion(world: &mut World, id: &LinkId, operation: OperationId) {
    if world.link_groups.contains_key(id) {
        several::remove_whole(world, id);
    } else {
        remove(world, id);
    }
    world.succeed_operation(operation, false);
}

/// Takes a link with one database, and the instance's half of it, out of the world.
fn remove(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let (instance, name, _) = words(world, id);
    take_out(world, id);
    if world.instance(id.instance).is_some() {
        let instance = world.instance_mut(id.instance);
        super::create::remove_groups(instance, &id.name, &link.spec.instance_group);
    }
    world.record(EventKind::LinkDropped {
        instance,
        link: name,
    });
}

/// Takes a link out of the world, and its database out of the instance's group.
pub(super) fn take_out(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    for timer in [
        Timer::Link(id.clone()),
        Timer::LinkInitTimeout(id.clone()),
        Timer::SessionTimeout(id.clone()),
        Timer::Reconnect(id.clone()),
        Timer::Redo(id.clone()),
    ] {
        world.timers.cancel(&timer);
    }
    world.calendar.cancel(&Entry::CreationLimit(id.clone()));
    if let Some(creating) = link.operation {
        world.fail_operation(creating, OperationError::Link(LinkError::PartnerDropped));
    }
    end_others(world, id);
    failover::interrupt(world, id);
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let to_instance = role::direction(&link).is_some_and(|(_, target)| target == id.instance);
    let was_copy = match link.phase {
        Phase::Failed { .. } => seeding::left_copy(world, &link).is_some(),
        _ => to_instance && link.phase.target().is_some(),
    };
    seeding::release_copies(world, &link);
    let fork = world.ids.next_guid();
    if world.instance(id.instance).is_some() {
        let instance = world.instance_mut(id.instance);
        if let Some(database) = instance
            .database(link.spec.database.as_str())
            .map(|found| found.id)
        {
            leave_group(instance, database);
            let database = instance.database_mut(database).expect("found a moment ago");
            if was_copy {
                database.recovery_fork = fork;
            }
        }
    }
    let held = world
        .instance(id.instance)
        .and_then(|instance| instance.database(link.spec.database.as_str()))
        .map(|database| database.id);
    world.links.remove(id);
    // What only the link held can be freed.
    if let Some(database) = held {
        replication::plan_log_backup(world, id.instance, database);
    }
}

/// A database of an instance is in no group any more.
fn leave_group(instance: &mut Instance, database: DatabaseId) {
    let found = instance.database_mut(database);
    let group = found.and_then(|database| database.group.take());
    let group = group.and_then(|(group, _)| instance.groups.get_mut(&group));
    if let Some(local) = group.and_then(|group| Arc::make_mut(group).as_local_mut()) {
        local.databases.retain(|member| member.database != database);
    }
}

/// What else was going to happen to a link that goes: a link of this name that is made later is another one.
pub(super) fn end_others(world: &mut World, id: &LinkId) {
    let of_link = |timer: &Timer| match timer {
        Timer::LinkDeletion(of, _) | Timer::LinkUpdate(of, ..) => of == id,
        _ => false,
    };
    let timers = world.timers.iter().map(|(_, timer)| timer);
    let timers: Vec<Timer> = timers.filter(|timer| of_link(timer)).cloned().collect();
    for timer in timers {
        world.timers.cancel(&timer);
        match timer {
            Timer::LinkDeletion(_, operation) => world.succeed_operation(operation, false),
            Timer::LinkUpdate(_, operation, _) => {
                let error = OperationError::Link(LinkError::PartnerDropped);
                world.fail_operation(operation, error);
            }
            _ => {}
        }
    }
}

/// Ends a change of the replication mode.
pub(crate) fn finish_update(
    world: &mut World,
    id: &LinkId,
    operation: OperationId,
    mode: ReplicationMode,
) {
    if world.links.contains_key(id) {
        set_mode(world, id, mode);
        world.succeed_operation(operation, true);
    }
}

/// Changes the replication mode of a link, or of all members of a whole.
pub(super) fn set_mode(world: &mut World, id: &LinkId, mode: ReplicationMode) {
    use crate::availability_group::AvailabilityMode;
    let links = several::together(world, id);
    let Some(group) = links.first().map(|link| link.group) else {
        return;
    };
    for link in links {
        if let Some(link) = world.link_mut(&link.id) {
            link.replication_mode = mode;
        }
    }
    let availability_mode = match mode {
        ReplicationMode::Async => AvailabilityMode::AsynchronousCommit,
        ReplicationMode::Sync => AvailabilityMode::SynchronousCommit,
    };
    let instance = world.instance_mut(id.instance);
    if let Some(group) = instance.groups.get_mut(&group)
        && let GroupKind::Distributed(dag) = &mut Arc::make_mut(group).kind
    {
        for member in &mut dag.members {
            member.availability_mode = availability_mode;
        }
    }
    let (instance, link, _) = words(world, id);
    world.record(EventKind::ReplicationModeChanged {
        instance,
        link,
        mode: mode.text(),
    });
}

fn connect(world: &mut World, id: &LinkId, handshake: Handshake) {
    world.timers.cancel(&Timer::LinkInitTimeout(id.clone()));
    mark_connected(world, id, handshake);
    adopt_group_id(world, id);
    enter(world, id, Phase::Connected);
    arm_step(world, id, Transition::SeedingStart);
}

fn mark_connected(world: &mut World, id: &LinkId, handshake: Handshake) {
    let now = world.now();
    let (instance, link, _) = words(world, id);
    let changed = world.link_mut(id).expect("the caller has it");
    changed.partner = Some(handshake.partner);
    changed.partner_certificate = Some(handshake.certificate);
    changed.connection.connected_since = Some(now);
    changed.last_error = None;
    error_log::connected(world, id);
    world.record(EventKind::LinkConnected { instance, link });
}

/// Both sides know a distributed group by one id: SQL Server's, which was there first.
fn adopt_group_id(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let partner = link
        .partner
        .and_then(|partner| world.instance(partner))
        .cloned();
    let Some(theirs) = partner
        .as_ref()
        .and_then(|partner| partner.group(id.name.as_str()))
    else {
        return;
    };
    let Some(dag) = theirs.as_distributed() else {
        return;
    };
    let (group, replicas) = (theirs.id, (dag.remote().id, dag.local().id));
    if link.group == group {
        return;
    }
    let instance = world.instance_mut(id.instance);
    if let Some(mut ours) = instance.groups.remove(&link.group) {
        let changed = Arc::make_mut(&mut ours);
        changed.id = group;
        if let GroupKind::Distributed(ours) = &mut changed.kind {
            ours.members[0].id = replicas.1;
            ours.members[1].id = replicas.0;
        }
        instance.groups.insert(group, ours);
    }
    // All members of a whole have the one group that the instance has.
    for of_group in several::together(world, id) {
        if of_group.group == link.group
            && let Some(changed) = world.link_mut(&of_group.id)
        {
            changed.group = group;
            changed.replicas = replicas;
        }
    }
    if let Some(changed) = world.link_mut(id) {
        changed.group = group;
        changed.replicas = replicas;
    }
}

pub(crate) fn disconnect(world: &mut World, id: &LinkId, error: LinkError) {
    let now = world.now();
    let (instance, link, _) = words(world, id);
    let Some(changed) = world.link_mut(id) else {
        return;
    };
    if changed.connection.connected_since.take().is_none() {
        return;
    }
    changed.connection.silent_since = None;
    changed.connection.last_error = Some((error.clone(), now));
    fault::network::witness(world, id, false);
    let Some(changed) = world.link_mut(id) else {
        return;
    };
    let phase = changed.phase.clone();
    error_log::disconnected(world, id);
    world.timers.cancel(&Timer::SessionTimeout(id.clone()));
    failover::interrupt(world, id);
    if let Some(link) = world.link_mut(id) {
        link.last_error = Some(error.clone());
    }
    if matches!(
        phase,
        Phase::Connected | Phase::Seeding | Phase::Recovering { .. }
    ) {
        seeding::interrupt(world, id, &error);
    }
    world.record(EventKind::LinkDisconnected {
        instance,
        link,
        reason: error.to_string(),
    });
}

/// Ends a link's creation badly; it stays until it is deleted or asked for again.
pub(super) fn fail(world: &mut World, id: &LinkId, error: LinkError) {
    let now = world.now();
    for timer in [
        Timer::LinkInitTimeout(id.clone()),
        Timer::SessionTimeout(id.clone()),
        Timer::Reconnect(id.clone()),
    ] {
        world.timers.cancel(&timer);
    }
    world.calendar.cancel(&Entry::CreationLimit(id.clone()));
    note_error(world, id, error.clone());
    let (instance, name, _) = words(world, id);
    let Some(link) = world.link_mut(id) else {
        return;
    };
    let connected_before = link.connection.connected_since.take().is_some();
    link.connection.silent_since = None;
    link.connection.last_error = Some((error.clone(), now));
    link.phase = Phase::Failed {
        error: error.clone(),
        connected_before,
    };
    link.since = now;
    let operation = link.operation.take();
    let running = link
        .seedings
        .last_mut()
        .filter(|run| run.outcome == SeedingOutcome::Running);
    if let Some(run) = running {
        run.outcome = SeedingOutcome::Failed(now, error.to_string());
    }
    world.record(EventKind::LinkFailed {
        instance,
        link: name,
        reason: error.to_string(),
    });
    if let Some(operation) = operation {
        world.fail_operation(operation, OperationError::Link(error));
    }
}

/// Keeps what keeps the partners apart, and tells the SQL Server that answered: its DMVs and its error log show it too.
fn note_error(world: &mut World, id: &LinkId, error: LinkError) {
    let now = world.now();
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let partner = handshake::partner(world, &link);
    let repeated = link.last_error.as_ref() == Some(&error);
    if let (Some(partner), Some(line)) = (partner, trust::log_line(&error).filter(|_| !repeated)) {
        world.instance_mut(partner).log(now, line);
    }
    fault::network::witness(world, id, true);
    let link = world.link_mut(id).expect("found a moment ago");
    link.partner = link.partner.or(partner);
    link.connection.last_error = Some((error.clone(), now));
    link.last_error = Some(error);
}

/// Enters a phase.
pub(super) fn enter(world: &mut World, id: &LinkId, phase: Phase) {
    let now = world.now();
    if let Some(link) = world.link_mut(id) {
        link.phase = phase;
        link.since = now;
    }
}

/// Arms the link's next step after the span of a transition.
pub(super) fn arm_step(world: &mut World, id: &LinkId, transition: Transition) {
    let due = world.now() + world.span(transition);
    world.timers.arm(Timer::Link(id.clone()), due);
}

/// The names of instance, link and database, for events.
pub(super) fn words(world: &World, id: &LinkId) -> (String, String, String) {
    let instance = world
        .instance(id.instance)
        .map_or_else(String::new, |found| found.name.to_string());
    let database = world
        .links
        .get(id)
        .map_or_else(String::new, |link| link.spec.database.to_string());
    (instance, id.name.to_string(), database)
}

/// Errors that waiting does not mend: the link fails at the handshake.
fn is_final(error: &LinkError) -> bool {
    !matches!(
        error,
        LinkError::PartnerUnreachable { .. }
            | LinkError::EndpointNotStarted { .. }
            | LinkError::GroupNotResponding { .. }
            | LinkError::NetworkInterrupted
    )
}
