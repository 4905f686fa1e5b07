//! The connection between partners that stop hearing each other: it looks open until the session timeout has passed.
//!
//! What closes a connection (an endpoint that is stopped, a server that goes down, a group that is dropped) is noticed
//! at once; a partner that only falls silent is noticed after the `SESSION_TIMEOUT` of the distributed group's members
//! (`link-lifecycle.md` section 4.5).

use super::steps::disconnect;
use super::{Link, LinkId, Phase, SeedingOutcome, handshake, way};
use crate::command::DEFAULT_SESSION_TIMEOUT;
use crate::fault;
use crate::ids::InstanceId;
use crate::network::Reach;
use crate::refusal::LinkError;
use crate::time::{Span, Timestamp};
use crate::world::{Timer, World};

/// How the connection of a link stands that has not been given up.
pub(super) enum Hold {
    /// It works.
    Live,
    /// Nothing comes through, in one direction or both.
    Silent,
    /// Somebody closed it.
    Lost(LinkError),
}

/// Looks at a link's connection.
pub(super) fn look(world: &World, link: &Link) -> Hold {
    let ways = link.partner.map(|partner| {
        let drawn = way::of(world, link);
        [
            world.reachability(link.id.instance, partner),
            world.reachability(partner, link.id.instance),
            drawn.to_instance,
            drawn.to_server,
        ]
    });
    match ways.into_iter().flatten().max() {
        Some(Reach::GatewayOnly | Reach::Silent) => Hold::Silent,
        Some(Reach::Refused) => Hold::Lost(LinkError::NetworkInterrupted),
        Some(Reach::Open) | None => match handshake::still_connected(world, link) {
            Ok(()) => Hold::Live,
            Err(error) => Hold::Lost(error),
        },
    }
}

/// The partners hear nothing from each other any more; they do not know it yet.
pub(super) fn fall_silent(world: &mut World, id: &LinkId) {
    let now = world.now();
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    if link.connection.silent_since.is_some() {
        return;
    }
    fault::network::witness(world, id, false);
    let due = now + session_timeout(world, &link);
    world.timers.arm(Timer::SessionTimeout(id.clone()), due);
    if link.phase == Phase::Seeding {
        world.timers.cancel(&Timer::Link(id.clone()));
    }
    let link = world.link_mut(id).expect("found a moment ago");
    link.connection.silent_since = Some(now);
    if let Some(run) = link.seedings.last_mut() {
        run.stall(now);
    }
}

/// The partners hear each other again before they have given each other up: they go on where they were.
pub(super) fn speak_again(world: &mut World, id: &LinkId) {
    let now = world.now();
    let silent = world
        .links
        .get(id)
        .is_some_and(|link| link.connection.silent_since.is_some());
    let Some(link) = world.link_mut(id).filter(|_| silent) else {
        return;
    };
    link.connection.silent_since = None;
    let seeding = link.phase == Phase::Seeding;
    let copied = link.seedings.last_mut().map(|run| {
        run.go_on(now);
        run.ends()
    });
    world.timers.cancel(&Timer::SessionTimeout(id.clone()));
    if let Some(due) = copied.filter(|_| seeding) {
        world.timers.arm(Timer::Link(id.clone()), due);
    }
}

/// Nothing was heard for too long: both sides give the connection up.
pub(crate) fn session_timeout_over(world: &mut World, id: &LinkId) {
    let silent = world
        .links
        .get(id)
        .is_some_and(|link| link.connection.silent_since.is_some());
    if silent {
        disconnect(world, id, LinkError::NetworkInterrupted);
    }
}

/// When the partners will give each other up, if they are silent.
pub(super) fn given_up_at(world: &World, id: &LinkId) -> Option<Timestamp> {
    world.timers.due(&Timer::SessionTimeout(id.clone()))
}

/// How long the partners wait for each other: the shorter one of what their halves say of the other member
/// (`SESSION_TIMEOUT`: 10 s unless it was set, 20 s in the documented script).
fn session_timeout(world: &World, link: &Link) -> Span {
    let of = |instance: InstanceId| {
        let group = world.instance(instance)?.group(link.id.name.as_str())?;
        Some(group.as_distributed()?.remote().session_timeout)
    };
    // The service makes the instance's half, and nobody can set it: SQL Server's decides.
    link.partner.and_then(of).unwrap_or(DEFAULT_SESSION_TIMEOUT)
}

impl super::Seeding {
    pub(crate) fn stall(&mut self, now: Timestamp) {
        if self.outcome == SeedingOutcome::Running {
            self.pace.done = self.copied(now);
            self.pace.since = now;
            self.stalled_since = Some(now);
        }
    }

    pub(crate) fn go_on(&mut self, now: Timestamp) {
        if let Some(since) = self.stalled_since.take() {
            self.stalled = self.stalled + now.since(since);
            self.pace.since = now;
        }
    }
}
