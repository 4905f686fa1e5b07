//! Automatic seeding that stalls, crawls, fails or is cancelled.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::link::Link;
use crate::refusal::LinkError;
use crate::time::Span;
use crate::world::World;

const FIELDS: &[Field] = &[Field::Link, Field::Database, Field::Instance];

/// The copy stands still.
pub static STALLED: Point = Point {
    name: "seeding.stalled",
    kind: Kind::Condition,
    summary: "The copy goes as far as the percentage of hold and stands still.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Hold],
    verdict: Verdict::Hold { percent: 40 },
    symptoms: &[
        (
            "primary",
            "sys.dm_hadr_physical_seeding_stats: transferred_size_bytes stands still",
        ),
        ("secondary", "RESTORING"),
        ("ARM", "replicaState Seeding, seedingProgress stands still"),
    ],
    recovery: "Remove the fault: the copy goes on from there.",
};

/// The copy takes longer.
pub static SLOW: Point = Point {
    name: "seeding.slow",
    kind: Kind::Occasion,
    summary: "A seeding run takes this much longer.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::minutes(60)),
    symptoms: &[
        (
            "primary",
            "sys.dm_hadr_physical_seeding_stats: a low transfer_rate_bytes_per_second",
        ),
        ("ARM", "replicaState Seeding for longer"),
    ],
    recovery: "Let the time pass; runs that start after the fault is removed have their usual pace.",
};

/// The copy fails in the end.
pub static FAILS: Point = Point {
    name: "seeding.fails",
    kind: Kind::Occasion,
    summary: "A seeding run fails at its end and starts anew.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        (
            "primary",
            "sys.dm_hadr_automatic_seeding FAILED with failure_state_desc, number_of_attempts grows",
        ),
        (
            "secondary",
            "the half-made database is dropped and made again",
        ),
        ("journal", "seedingFailed, then seedingStarted"),
    ],
    recovery: "Remove the fault, or give it 'times': the next attempt succeeds.",
};

/// The copy is cancelled.
pub static CANCELLED: Point = Point {
    name: "seeding.cancelled",
    kind: Kind::Occasion,
    summary: "A seeding run is cancelled at its end: the link is not made.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        (
            "primary",
            "sys.dm_hadr_automatic_seeding FAILED with failure_state_desc",
        ),
        ("secondary", "the half-made database is dropped"),
        ("ARM", "LinkCreationError"),
        ("journal", "linkFailed"),
    ],
    recovery: "Remove the fault, delete the link and create it again.",
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&STALLED, &SLOW, &FAILS, &CANCELLED];

/// What can become of a copy that is complete, in the order that the points are asked.
pub(crate) fn at_end(database: &str) -> [(&'static Point, LinkError); 4] {
    let database = || database.to_owned();
    [
        (
            &super::log::DISK_FULL_SEEDING,
            LinkError::DiskFull {
                database: database(),
            },
        ),
        (
            &super::log::TRUNCATED,
            LinkError::LogGone {
                database: database(),
            },
        ),
        (
            &FAILS,
            LinkError::SeedingFailed {
                database: database(),
            },
        ),
        (
            &CANCELLED,
            LinkError::SeedingCancelled {
                database: database(),
            },
        ),
    ]
}

/// How far the copy of a link goes, in percent, if a fault holds it.
pub(crate) fn held_at(world: &World, link: &Link) -> Option<u8> {
    match world.fault_holds(&STALLED, || About::link(world, link)) {
        Some(Verdict::Hold { percent }) => Some(*percent),
        _ => None,
    }
}
