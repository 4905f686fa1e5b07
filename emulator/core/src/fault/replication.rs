//! Replication that lags, is not acknowledged, or is suspended by the product itself.

use std::sync::Arc;

use super::network::{LATENCY, LOSS};
use super::{About, Fault, Field, Kind, Point, Verdict, VerdictKind};
use crate::database::SuspendReason;
use crate::ids::{DatabaseId, InstanceId};
use crate::link::{Link, LinkId, linked_database};
use crate::time::Span;
use crate::world::World;

const FIELDS: &[Field] = &[Field::Link, Field::Database, Field::Instance];
const SUSPENDED: &[(&str, &str)] = &[
    (
        "primary",
        "synchronization_state NOT SYNCHRONIZING, NOT_HEALTHY; the log grows",
    ),
    (
        "secondary",
        "is_suspended 1 with the suspend_reason; error log 35264; the data stays readable, frozen",
    ),
    (
        "ARM",
        "synchronizationHealth NOT_HEALTHY, connectedState CONNECTED",
    ),
];
const RESUME: &str = "Remove the fault; on SQL Server, ALTER DATABASE … SET HADR RESUME; a managed instance resumes by itself.";

/// The log is sent late.
pub static SEND_LAG: Point = Point {
    name: "replication.send-lag",
    kind: Kind::Condition,
    summary: "The primary sends its log this much later.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::seconds(30)),
    symptoms: &[
        (
            "primary",
            "log_send_queue_size grows; asynchronous commits do not wait, synchronous ones do",
        ),
        (
            "ARM",
            "instanceSendReplicationLagSeconds; a planned failover takes as much longer",
        ),
    ],
    recovery: "Remove the fault: the queue is sent.",
};

/// The log is redone late.
pub static REDO_LAG: Point = Point {
    name: "replication.redo-lag",
    kind: Kind::Condition,
    summary: "The secondary redoes what it has hardened this much later.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::seconds(30)),
    symptoms: &[
        ("secondary", "rows come later; redo_queue_size grows"),
        (
            "ARM",
            "instanceRedoReplicationLagSeconds; a planned failover takes as much longer",
        ),
    ],
    recovery: "Remove the fault: the queue is redone.",
};

/// The synchronous secondary is silent.
pub static UNACKNOWLEDGED: Point = Point {
    name: "replication.unacknowledged",
    kind: Kind::Occasion,
    summary: "The secondary acknowledges a synchronous commit this much later, though it has it.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::seconds(10)),
    symptoms: &[
        (
            "primary",
            "the commit waits (HADR_SYNC_COMMIT); asynchronous ones do not",
        ),
        ("secondary", "has the rows"),
    ],
    recovery: "Remove the fault: further commits are acknowledged.",
};

const fn suspending(name: &'static str, summary: &'static str) -> Point {
    Point {
        name,
        kind: Kind::Condition,
        summary,
        fields: FIELDS,
        verdicts: &[VerdictKind::Drop],
        verdict: Verdict::Drop,
        symptoms: SUSPENDED,
        recovery: RESUME,
    }
}

/// SUSPEND_FROM_USER.
pub static SUSPENDED_USER: Point = suspending(
    "replication.suspended-user",
    "Somebody has suspended the secondary database (SUSPEND_FROM_USER).",
);
/// SUSPEND_FROM_PARTNER.
pub static SUSPENDED_PARTNER: Point = suspending(
    "replication.suspended-partner",
    "The partner has suspended the secondary database (SUSPEND_FROM_PARTNER).",
);
/// SUSPEND_FROM_REDO.
pub static SUSPENDED_REDO: Point = suspending(
    "replication.suspended-redo",
    "An error during redo has suspended the secondary database (SUSPEND_FROM_REDO), as a full disk does.",
);
/// SUSPEND_FROM_CAPTURE.
pub static SUSPENDED_CAPTURE: Point = suspending(
    "replication.suspended-capture",
    "An error while the log was captured has suspended the database (SUSPEND_FROM_CAPTURE).",
);
/// SUSPEND_FROM_APPLY.
pub static SUSPENDED_APPLY: Point = suspending(
    "replication.suspended-apply",
    "An error while the log was written on the secondary has suspended it (SUSPEND_FROM_APPLY).",
);
/// SUSPEND_FROM_RESTART.
pub static SUSPENDED_RESTART: Point = suspending(
    "replication.suspended-restart",
    "The secondary database was suspended before it was restarted (SUSPEND_FROM_RESTART).",
);
/// SUSPEND_FROM_UNDO.
pub static SUSPENDED_UNDO: Point = suspending(
    "replication.suspended-undo",
    "An error during undo has suspended the secondary database (SUSPEND_FROM_UNDO).",
);
/// SUSPEND_FROM_REVALIDATION.
pub static SUSPENDED_REVALIDATION: Point = suspending(
    "replication.suspended-revalidation",
    "A log change mismatch on reconnection has suspended the secondary database (SUSPEND_FROM_REVALIDATION).",
);
/// SUSPEND_FROM_XRF_UPDATE.
pub static SUSPENDED_XRF_UPDATE: Point = suspending(
    "replication.suspended-xrf-update",
    "No common log point was found: the secondary database is suspended (SUSPEND_FROM_XRF_UPDATE).",
);

/// The secondary's disk is full.
pub static DISK_FULL: Point = suspending(
    "replication.disk-full",
    "The secondary has no room for the log (5149, 3619): it is suspended (SUSPEND_FROM_REDO).",
);

const SUSPENDING: [(&Point, SuspendReason); 10] = [
    (&SUSPENDED_USER, SuspendReason::User),
    (&SUSPENDED_PARTNER, SuspendReason::Partner),
    (&SUSPENDED_REDO, SuspendReason::Redo),
    (&SUSPENDED_CAPTURE, SuspendReason::Capture),
    (&SUSPENDED_APPLY, SuspendReason::Apply),
    (&SUSPENDED_RESTART, SuspendReason::Restart),
    (&SUSPENDED_UNDO, SuspendReason::Undo),
    (&SUSPENDED_REVALIDATION, SuspendReason::Revalidation),
    (&SUSPENDED_XRF_UPDATE, SuspendReason::XrfUpdate),
    (&DISK_FULL, SuspendReason::Redo),
];

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &SEND_LAG,
    &REDO_LAG,
    &UNACKNOWLEDGED,
    &SUSPENDED_USER,
    &SUSPENDED_PARTNER,
    &SUSPENDED_REDO,
    &SUSPENDED_CAPTURE,
    &SUSPENDED_APPLY,
    &SUSPENDED_RESTART,
    &SUSPENDED_UNDO,
    &SUSPENDED_REVALIDATION,
    &SUSPENDED_XRF_UPDATE,
    &DISK_FULL,
];

/// How much later than usual a link's log comes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Late {
    /// Until it is hardened.
    pub(crate) sent: Span,
    /// From there until it is redone.
    pub(crate) redone: Span,
    /// From there until the primary is told.
    pub(crate) acknowledged: Span,
}

/// How much later a link's log comes now.
pub(crate) fn late(world: &World, link: &Link) -> Late {
    if world.faults().is_empty() {
        return Late::default();
    }
    Late {
        sent: lag(world, link, &LATENCY) + lag(world, link, &SEND_LAG),
        redone: lag(world, link, &REDO_LAG),
        acknowledged: Span::ZERO,
    }
}

/// A commit is sent by a link: how much later it arrives and is acknowledged.
pub(crate) fn sending(world: &mut World, id: &LinkId) -> Late {
    if world.faults().is_empty() {
        return Late::default();
    }
    let Some(link) = world.links.get(id).cloned() else {
        return Late::default();
    };
    let about = About::link(world, &link);
    for point in [&LATENCY, &SEND_LAG, &REDO_LAG] {
        world.fault_shows(point, &about);
    }
    let mut late = late(world, &link);
    if let Some(lost) = world.fault_at(&LOSS, |_| about.clone()) {
        late.sent = late.sent + lost.delay();
        let until = world.now() + late.sent;
        world.faults.hold(id.clone(), until);
    }
    if world.is_synchronous(id)
        && let Some(silent) = world.fault_at(&UNACKNOWLEDGED, |_| about)
    {
        late.acknowledged = silent.delay();
    }
    late
}

/// Suspends the secondary of a link, if a fault says so.
pub(crate) fn suspend(world: &mut World, id: &LinkId) {
    if world.faults().is_empty() {
        return;
    }
    let Some((link, (instance, database))) = copy_of(world, id) else {
        return;
    };
    let already = world
        .instance(instance)
        .and_then(|found| found.databases.get(&database))
        .is_none_or(|found| found.suspended.is_some());
    if already {
        return;
    }
    for (point, reason) in SUSPENDING {
        let about = About::link(world, &link);
        if world.fault_shows(point, &about).is_none() {
            continue;
        }
        let now = world.now();
        let server = world.instance_mut(instance);
        if let Some(found) = server.database_mut(database) {
            found.suspended = Some(reason);
            // Message 35264 of the error log.
            let line = format!(
                "Always On Availability Groups data movement for database '{}' has been suspended for the following reason: \"{}\". To resume data movement on the database, you will need to resume the database manually.",
                found.name,
                reason_words(reason)
            );
            if point.name == DISK_FULL.name {
                server.log(now, "MODIFY FILE encountered operating system error 112(There is not enough space on the disk.) while attempting to expand the physical file.".to_owned());
            }
            server.log(now, line);
        }
        return;
    }
}

/// A suspending fault is gone: a managed instance resumes by itself, a person does on SQL Server.
pub(super) fn release(world: &mut World, fault: &Fault) {
    let reason = SUSPENDING
        .iter()
        .find(|(point, _)| fault.point == (*point).into());
    let Some((_, reason)) = reason else {
        return;
    };
    let ids: Vec<LinkId> = world.links.keys().cloned().collect();
    for id in ids {
        let Some((link, (instance, database))) = copy_of(world, &id) else {
            continue;
        };
        let concerns = fault.matching.is_met(&About::link(world, &link));
        let managed = world
            .instance(instance)
            .is_some_and(|found| found.is_managed_instance());
        if !concerns || !managed {
            continue;
        }
        if let Some(found) = world.instance_mut(instance).database_mut(database)
            && found.suspended == Some(*reason)
        {
            found.suspended = None;
        }
    }
}

fn lag(world: &World, link: &Link, point: &'static Point) -> Span {
    world
        .fault_holds(point, || About::link(world, link))
        .map_or(Span::ZERO, Verdict::delay)
}

/// A link and the place of its secondary database.
fn copy_of(world: &World, id: &LinkId) -> Option<(Arc<Link>, (InstanceId, DatabaseId))> {
    let link = world.links.get(id)?.clone();
    let copy = linked_database(world, &link, false)?.id;
    let (_, target) = crate::link::direction_of(&link)?;
    Some((link, (target, copy)))
}

const fn reason_words(reason: SuspendReason) -> &'static str {
    match reason {
        SuspendReason::User => "user",
        SuspendReason::Partner => "partner",
        SuspendReason::Redo => "failure in redo",
        SuspendReason::Capture => "failure in log capture",
        SuspendReason::Apply => "failure in log apply",
        SuspendReason::Restart => "restart",
        SuspendReason::Undo => "failure in undo",
        SuspendReason::Revalidation => "revalidation",
        SuspendReason::XrfUpdate => "failure in updating the recovery forks",
    }
}
