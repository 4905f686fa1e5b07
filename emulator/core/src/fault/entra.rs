//! Entra ID that is down, or gives tokens that are good for nothing. The tenant belongs to the first world: its faults count.

use super::{Field, Kind, Point, Verdict, VerdictKind};

const FIELDS: &[Field] = &[Field::Path, Field::User];
const RECOVERY: &str = "Remove the fault; clients that keep tokens have to forget them.";

/// Entra is down.
pub static DOWN: Point = Point {
    name: "entra.down",
    kind: Kind::Occasion,
    summary: "Entra answers 503 to everything.",
    fields: &[Field::Path],
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[(
        "client",
        "cannot log in; tokens that it has are good for ARM and SQL",
    )],
    recovery: "Remove the fault.",
};

/// The token has expired already.
pub static EXPIRED_TOKEN: Point = Point {
    name: "entra.expired-token",
    kind: Kind::Occasion,
    summary: "The token that is granted has expired already.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[("ARM", "401 ExpiredAuthenticationToken"), ("SQL", "18456")],
    recovery: RECOVERY,
};

/// The token is for somebody else.
pub static WRONG_TOKEN: Point = Point {
    name: "entra.wrong-token",
    kind: Kind::Occasion,
    summary: "The token that is granted is for another audience.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        ("ARM", "401 InvalidAuthenticationTokenAudience"),
        ("SQL", "18456"),
    ],
    recovery: RECOVERY,
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&DOWN, &EXPIRED_TOKEN, &WRONG_TOKEN];
