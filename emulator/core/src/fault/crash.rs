//! Servers that go down, right before or right after a step of a link's life.

use std::sync::Arc;

use imbl::{OrdMap, Vector};

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::command::{close_served, keep_doubtful, kill_undecided};
use crate::event::EventKind;
use crate::ids::InstanceId;
use crate::link::{Link, Phase};
use crate::refusal::LinkError;
use crate::world::World;

const FIELDS: &[Field] = &[Field::Step, Field::Link, Field::Instance];
const SYMPTOMS: &[(&str, &str)] = &[
    (
        "the server that goes down",
        "connections break (6005), open transactions are rolled back, a new error log begins; it comes back at once, with its roles",
    ),
    (
        "the other side",
        "linkDisconnected, then it reconnects; seeding starts anew, a planned failover is called off",
    ),
    ("journal", "instanceRestarted"),
];
const RECOVERY: &str =
    "The server comes back by itself and the link goes on from where it was; seeding starts anew.";

/// Down before the step.
pub static BEFORE_STEP: Point = Point {
    name: "crash.before-step",
    kind: Kind::Occasion,
    summary: "The instance goes down when a step of the link is due, before anything of it has happened; SQL Server, unless the match says which.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: SYMPTOMS,
    recovery: RECOVERY,
};

/// Down after the step.
pub static AFTER_STEP: Point = Point {
    name: "crash.after-step",
    kind: Kind::Occasion,
    summary: "The instance goes down right after a step of the link; SQL Server, unless the match says which.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: SYMPTOMS,
    recovery: RECOVERY,
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&BEFORE_STEP, &AFTER_STEP];

/// Who goes down at this moment of a link's step.
pub(crate) fn victim(world: &mut World, point: &'static Point, link: &Link) -> Option<InstanceId> {
    if world.faults().is_empty() {
        return None;
    }
    let step = step(&link.phase)?;
    let partner = crate::link::partner_of(world, link);
    [partner, Some(link.id.instance)]
        .into_iter()
        .flatten()
        .find(|instance| {
            let about = |world: &World| {
                About::nothing()
                    .with(Field::Step, step)
                    .with(Field::Link, link.id.name.to_string())
                    .at(world, *instance)
            };
            world.fault_at(point, about).is_some()
        })
}

/// An instance goes down and comes back at once: its connections and open transactions are gone, its roles are not.
pub(crate) fn restart(world: &mut World, instance: InstanceId) {
    let now = world.now();
    if world.instance(instance).is_none() {
        return;
    }
    let server = world.instance_mut(instance);
    let name = server.name.to_string();
    let databases: Vec<_> = server.databases.keys().copied().collect();
    for database in databases {
        kill_undecided(server, database, now);
    }
    server.sessions = OrdMap::new();
    server.serves = OrdMap::new();
    server.killed = OrdMap::new();
    keep_doubtful(server);
    server.life += 1;
    server.started = now;
    server.error_log = Vector::new();
    // Message 17162 of the error log.
    server.log(now, "SQL Server is starting at normal priority base (=7). This is an informational message only. No user action is required.");
    world.stops += 1;
    close_served(world, instance, None);
    world.record(EventKind::InstanceRestarted { instance: name });
    crate::distributed::recover(world, instance);
    let concerned =
        |link: &&Arc<Link>| link.id.instance == instance || link.partner == Some(instance);
    let links = world.links.values().filter(concerned);
    let links: Vec<_> = links.map(|link| link.id.clone()).collect();
    for link in links {
        crate::link::disconnect(world, &link, LinkError::NetworkInterrupted);
    }
}

/// The name of the step that a phase ends with.
fn step(phase: &Phase) -> Option<&'static str> {
    Some(match phase {
        Phase::Initiating => "connect",
        Phase::Connected => "seeding",
        Phase::Seeding => "seeded",
        Phase::Recovering { .. } => "recovery",
        Phase::CatchUp { .. } => "catchUp",
        Phase::FailingOver { .. } => "failover",
        Phase::Reverting { .. } => "revert",
        Phase::Synchronizing { .. }
        | Phase::Yielded { .. }
        | Phase::Diverged
        | Phase::Failed { .. } => return None,
    })
}
