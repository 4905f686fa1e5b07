//! Logs and disks that are full.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::ids::{DatabaseId, InstanceId};
use crate::world::World;

/// Writers are told 9002.
pub static FULL: Point = Point {
    name: "log.full",
    kind: Kind::Occasion,
    summary: "A write to the database fails with 9002: the transaction log is full.",
    fields: &[Field::Instance, Field::Database],
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        (
            "primary",
            "writers get 9002, with log_reuse_wait_desc in the text; reads go on",
        ),
        ("secondary", "stays where it is; nothing new comes"),
        ("journal", "faultBit for each write"),
    ],
    recovery: "Remove the fault, as if space had been made; writers try again.",
};

/// The log was truncated under a seeding.
pub static TRUNCATED: Point = Point {
    name: "log.truncated-while-seeding",
    kind: Kind::Occasion,
    summary: "When the copy is complete, the primary no longer has the log that was written meanwhile (1408, 1412).",
    fields: &[Field::Instance, Field::Link, Field::Database],
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        ("primary", "sys.dm_hadr_automatic_seeding FAILED"),
        ("secondary", "the half-made database is dropped"),
        ("ARM", "LinkCreationError"),
        ("journal", "linkFailed"),
    ],
    recovery: "Remove the fault, delete the link and create it again: the documentation says it must be recreated.",
};

/// The secondary's disk is full while it is seeded.
pub static DISK_FULL_SEEDING: Point = Point {
    name: "log.disk-full-while-seeding",
    kind: Kind::Occasion,
    summary: "The secondary has no room for the copy (1105, 5149): the seeding run fails and starts anew.",
    fields: &[Field::Instance, Field::Link, Field::Database],
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        (
            "primary",
            "sys.dm_hadr_automatic_seeding FAILED, then another attempt",
        ),
        (
            "secondary",
            "the half-made database is dropped; error log 5149",
        ),
        ("journal", "seedingFailed, then seedingStarted"),
    ],
    recovery: "Remove the fault, or give it 'times': the next attempt succeeds.",
};

/// What is told of a write to a database.
pub(crate) fn about(world: &World, instance: InstanceId, database: DatabaseId) -> About<'static> {
    let about = About::nothing().at(world, instance);
    let found = world
        .instance(instance)
        .and_then(|found| found.databases.get(&database));
    match found {
        Some(found) => about.with(Field::Database, found.name.to_string()),
        None => about,
    }
}

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&FULL, &TRUNCATED, &DISK_FULL_SEEDING];
