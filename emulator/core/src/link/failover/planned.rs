//! A planned failover of a link: it runs on the primary, loses nothing and takes its time.

use std::sync::Arc;

use super::checks::{check_formats, check_is_open, check_two_way, is_open};
use super::{close, found, words_of};
use crate::availability_group::Role;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::fault::{self, About};
use crate::ids::{DatabaseId, OperationId};
use crate::link::create::start;
use crate::link::role::{self, Flow, flow};
use crate::link::role_change::{hand_over, is_drained};
use crate::link::several::{self, together};
use crate::link::steps::{enter, words};
use crate::link::{Link, LinkId, LinkStatus, Phase, SynchronizationState, replication};
use crate::operation::OperationError;
use crate::refusal::{FailoverRefusal, LinkError, Refusal};
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// The most log that may wait to be sent when a planned failover begins. A guess: the message names no limit.
const SEND_QUEUE_BYTES: u64 = 64 << 20;
/// The most log that may wait to be redone then; a guess as well.
const REDO_QUEUE_BYTES: u64 = 64 << 20;

pub(super) fn planned_operation(world: &mut World, id: &LinkId) -> Result<OperationId, Refusal> {
    plan(world, id)?;
    let operation = start(world, id, "DistributedAvailabilityGroupsLinkFailover");
    several::set_operation(world, id, operation);
    Ok(operation)
}

/// Starts a planned failover: closes the primary and lets the secondary have the rest.
pub(super) fn plan(world: &mut World, id: &LinkId) -> Result<Timestamp, Refusal> {
    let links = found(world, id)?;
    several::check_settled(world, id)?;
    let mut flows = Vec::new();
    for link in &links {
        flows.push(check_plan(world, link)?);
    }
    let mut due = world.now();
    for (link, at) in links.iter().zip(flows) {
        due = due.max(begin(world, link, at));
    }
    let (instance, name, _) = words(world, id);
    world.record(EventKind::FailoverStarted {
        instance,
        link: name,
    });
    Ok(due)
}

/// Whether a planned failover of a link may begin.
fn check_plan(world: &mut World, link: &Link) -> Result<Flow, Refusal> {
    let group = words_of(&link.id);
    let status = LinkStatus::of(world, link);
    match link.phase {
        Phase::FailingOver { .. } => return Err(FailoverRefusal::InProgress { group }.into()),
        Phase::Synchronizing { .. } if status.connected => {}
        _ => return Err(FailoverRefusal::NotSynchronizing { group }.into()),
    }
    check_formats(world, link).map_err(|build| FailoverRefusal::FormatsDiffer { build })?;
    check_two_way(link)?;
    let moving = status.synchronization != SynchronizationState::NotSynchronizing;
    let at = flow(world, link).filter(|_| moving);
    let at = at.ok_or_else(|| FailoverRefusal::NotSynchronizing {
        group: group.clone(),
    })?;
    let mut bites = |point| {
        world
            .fault_at(point, |world| About::link(world, link))
            .is_some()
    };
    let send_queue = status
        .positions
        .map_or(0, |positions| positions.send_queue_bytes);
    if bites(&fault::failover::SEND_QUEUE) || send_queue > SEND_QUEUE_BYTES {
        return Err(FailoverRefusal::SendQueueTooLarge { group }.into());
    }
    let redo_queue = status
        .positions
        .map_or(0, |positions| positions.redo_queue_bytes);
    if bites(&fault::failover::REDO_QUEUE) || redo_queue > REDO_QUEUE_BYTES {
        return Err(FailoverRefusal::RedoQueueTooLarge { group }.into());
    }
    if at.sides().into_iter().any(|place| !is_open(world, place)) {
        return Err(FailoverRefusal::DatabaseInaccessible { group }.into());
    }
    check_is_open(world, link, at)?;
    Ok(at)
}

/// Begins it, and says when it is due.
fn begin(world: &mut World, link: &Link, at: Flow) -> Timestamp {
    let (now, id) = (world.now(), &link.id);
    role::set(world, at.source.0, id.name.as_str(), Role::Resolving);
    close(world, at.source.0, Some(link));
    enter(
        world,
        id,
        Phase::FailingOver {
            target: at.target.1,
        },
    );
    if let Some(link) = world.link_mut(id) {
        link.called_off = None;
    }
    let written = world
        .instance(at.source.0)
        .and_then(|instance| instance.databases.get(&at.source.1))
        .and_then(|database| database.log.last())
        .map_or(now, |entry| {
            let late = fault::replication::late(world, link);
            let usual = replication::delay(world, at.source);
            let held = world.faults.held(id).unwrap_or(now);
            (entry.time + usual + late.sent + late.redone).max(held + usual)
        });
    let earliest = now + world.span(Transition::Failover);
    let limit = now + world.durations.span(Transition::FailoverTimeout);
    let due = written.min(limit).max(earliest);
    world.timers.arm(Timer::Link(id.clone()), due);
    due
}

/// Ends a planned failover: hands over if the secondary has everything, waits for it while there is time, and goes back
/// otherwise.
pub(in crate::link) fn complete(world: &mut World, id: &LinkId) {
    if !world.faults.is_empty() && is_kept_from_ending(world, id) {
        return;
    }
    for link in together(world, id) {
        replication::pump(world, &link.id);
    }
    let links = together(world, id);
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let group = words_of(id);
    let mut flows = Vec::new();
    for link in &links {
        let at = flow(world, link).filter(|_| link.connection.connected_since.is_some());
        let Some(at) = at else {
            return abort(world, id, FailoverRefusal::NotSynchronizing { group });
        };
        flows.push(at);
    }
    if is_ready(world, &links) {
        for (link, at) in links.iter().zip(flows) {
            world.timers.cancel(&Timer::Link(link.id.clone()));
            hand_over(world, &link.id, at);
        }
        if let Some(operation) = several::take_operation(world, id) {
            world.succeed_operation(operation, true);
        }
        return;
    }
    let limit = link.since + world.durations.span(Transition::FailoverTimeout);
    if world.now() >= limit {
        return abort(world, id, FailoverRefusal::CannotCatchUp { group });
    }
    let arrives = world.timers.due(&Timer::Redo(id.clone()));
    let due = arrives.map_or(limit, |arrives| arrives.max(world.now()).min(limit));
    world.timers.arm(Timer::Link(id.clone()), due);
}

/// Takes up a planned failover that has waited for something that has happened.
pub(in crate::link) fn go_on(world: &mut World, id: &LinkId) {
    let Some(link) = world.links.get(id) else {
        return;
    };
    let earliest = link.since + world.durations.span(Transition::Failover);
    let limit = link.since + world.durations.span(Transition::FailoverTimeout);
    let waits = world.timers.due(&Timer::Link(id.clone())) == Some(limit);
    if matches!(link.phase, Phase::FailingOver { .. })
        && waits
        && is_ready(world, &together(world, id))
    {
        let due = earliest.max(world.now());
        world.timers.arm(Timer::Link(id.clone()), due);
    }
}

/// Whether the secondaries have everything, and hear their primary.
fn is_ready(world: &World, links: &[Arc<Link>]) -> bool {
    links
        .iter()
        .all(|link| link.connection.is_live() && is_drained(world, &link.id))
}

/// What a fault makes of a planned failover that is due; says whether it does.
fn is_kept_from_ending(world: &mut World, id: &LinkId) -> bool {
    let Some(link) = world.links.get(id).cloned() else {
        return false;
    };
    if !matches!(link.phase, Phase::FailingOver { .. }) {
        return false;
    }
    let stuck = world.fault_at(&fault::failover::STUCK, |world| About::link(world, &link));
    if let Some(verdict) = stuck {
        let due = world.now() + verdict.delay().max(Span::milliseconds(1));
        world.timers.arm(Timer::Link(id.clone()), due);
        return true;
    }
    let mut bites = |point| {
        world
            .fault_at(point, |world| About::link(world, &link))
            .is_some()
    };
    let group = words_of(id);
    if bites(&fault::failover::CANNOT_CATCH_UP) {
        abort(world, id, FailoverRefusal::CannotCatchUp { group });
        return true;
    }
    if bites(&fault::failover::CUT_IN_HALF) {
        if let Some((source, _)) = role::direction(&link) {
            role::set(world, source, id.name.as_str(), Role::Secondary);
        }
        for link in failing_over(world, id) {
            replication::pump(world, &link.0.id);
            world.timers.cancel(&Timer::Link(link.0.id.clone()));
            enter(world, &link.0.id, Phase::Yielded { target: link.1 });
        }
        let reason = FailoverRefusal::NotSynchronizing { group };
        fail_role_change(world, id, link.since, reason);
        return true;
    }
    false
}

/// Calls a planned failover off: the primary stays what it was.
fn abort(world: &mut World, id: &LinkId, reason: FailoverRefusal) {
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    if !matches!(link.phase, Phase::FailingOver { .. }) {
        return;
    }
    // A half that was made anew meanwhile has the role that it was made with.
    if let Some((source, _)) = role::direction(&link)
        && link.role_on(world, source) == Some(Role::Resolving)
    {
        role::set(world, source, id.name.as_str(), Role::Primary);
    }
    for (link, target) in failing_over(world, id) {
        world.timers.cancel(&Timer::Link(link.id.clone()));
        enter(world, &link.id, Phase::Synchronizing { target });
    }
    fail_role_change(world, id, link.since, reason);
}

/// The links that fail over with a link, and their secondary databases.
fn failing_over(world: &World, id: &LinkId) -> Vec<(Arc<Link>, DatabaseId)> {
    let links = together(world, id).into_iter();
    let changing = links.filter_map(|link| match link.phase {
        Phase::FailingOver { target } => Some((link, target)),
        _ => None,
    });
    changing.collect()
}

/// Tells that the planned failover that began then has failed.
fn fail_role_change(world: &mut World, id: &LinkId, began: Timestamp, reason: FailoverRefusal) {
    let error = LinkError::FailoverFailed;
    for link in together(world, id) {
        if let Some(changed) = world.link_mut(&link.id) {
            changed.last_error = Some(error.clone());
            changed.called_off = Some((began, reason.clone()));
        }
    }
    let operation = several::take_operation(world, id);
    let (instance, link, _) = words(world, id);
    world.record(EventKind::FailoverFailed {
        instance,
        link,
        reason: reason.to_string(),
    });
    if let Some(operation) = operation {
        world.fail_operation(operation, OperationError::Link(error));
    }
}

/// Calls it off because the link or its connection goes.
pub(in crate::link) fn interrupt(world: &mut World, id: &LinkId) {
    let group = words_of(id);
    abort(world, id, FailoverRefusal::NotSynchronizing { group });
}
