//! Failovers that are refused, stand still, are called off, or break off halfway.

use super::{Field, Kind, Point, Verdict, VerdictKind};
use crate::time::Span;

const FIELDS: &[Field] = &[Field::Link, Field::Database, Field::Instance];

/// The secondary cannot catch up.
pub static CANNOT_CATCH_UP: Point = Point {
    name: "failover.cannot-catch-up",
    kind: Kind::Occasion,
    summary: "A planned failover is called off: the secondary does not get the rest of the log in time.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        ("primary", "RESOLVING, then PRIMARY again and writable"),
        ("secondary", "stays SECONDARY"),
        ("ARM", "LinkFailoverInProgress, then the operation fails"),
        ("journal", "failoverFailed"),
    ],
    recovery: "Remove the fault and fail over again.",
};

/// The failover stands still.
pub static STUCK: Point = Point {
    name: "failover.stuck",
    kind: Kind::Occasion,
    summary: "A planned failover that should be over takes this much longer, each time that it is due.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::minutes(1)),
    symptoms: &[
        ("primary", "RESOLVING: neither read nor written (983)"),
        ("secondary", "SECONDARY"),
        (
            "ARM",
            "LinkFailoverInProgress; the operation stays InProgress",
        ),
    ],
    recovery: "Remove the fault: the failover is completed when it is next due.",
};

/// Only half of the role change happens.
pub static CUT_IN_HALF: Point = Point {
    name: "failover.cut-in-half",
    kind: Kind::Occasion,
    summary: "A planned failover breaks off when the old primary has given its role up and the secondary has not taken it.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        ("both sides", "SECONDARY: nobody writes (3906)"),
        ("ARM", "the operation fails"),
        ("journal", "roleChanged to SECONDARY, then failoverFailed"),
    ],
    recovery: "FORCE_FAILOVER_ALLOW_DATA_LOSS on either side: on the old primary it takes back the role, on the other one nothing is lost.",
};

/// Too much is not sent.
pub static SEND_QUEUE: Point = Point {
    name: "failover.send-queue-too-large",
    kind: Kind::Occasion,
    summary: "A planned failover is refused: too much of the log waits to be sent.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        ("T-SQL", "an error of the failover statement"),
        (
            "ARM",
            "409 DistributedAvailabilityGroupFailoverLogSendQueueSizeTooBig",
        ),
    ],
    recovery: "Remove the fault and fail over again.",
};

/// Too much is not redone.
pub static REDO_QUEUE: Point = Point {
    name: "failover.redo-queue-too-large",
    kind: Kind::Occasion,
    summary: "A planned failover is refused: too much of the log waits to be redone.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        ("T-SQL", "an error of the failover statement"),
        (
            "ARM",
            "409 DistributedAvailabilityGroupFailoverRedoQueueSizeTooBig",
        ),
    ],
    recovery: "Remove the fault and fail over again.",
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &CANNOT_CATCH_UP,
    &STUCK,
    &CUT_IN_HALF,
    &SEND_QUEUE,
    &REDO_QUEUE,
];
