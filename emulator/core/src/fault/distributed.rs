//! Transactions that span instances, between being prepared and being ended.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::ids::InstanceId;
use crate::world::World;

const COMMITS: (&str, &str) = (
    "the program",
    "its COMMIT succeeds: the transaction is committed",
);
const BROKEN: (&str, &str) = (
    "the program",
    "its connection breaks (6005) in the middle of the COMMIT: it cannot know how that ended",
);
const DOUBTFUL: (&str, &str) = (
    "the instance in doubt",
    "the part belongs to session -2, with transaction_state 5 (prepared) and dtc_state 2, after a restart 5; who wants its rows waits (1222 with a LOCK_TIMEOUT)",
);
const RESTARTED: (&str, &str) = (
    "journal",
    "instanceRestarted, transactionInDoubt, doubtEnded",
);
const HEARD: &str = "The instance asks the coordinator again, and commits its part once it can be reached; or KILL 'unit' WITH COMMIT.";
const UNHEARD: &str = "The instance asks the coordinator again, which knows of no commit, and rolls its part back; or KILL 'unit' WITH ROLLBACK.";

/// The promise to commit does not come.
pub static VOTE_LOST: Point = Point {
    name: "distributed.vote-lost",
    kind: Kind::Occasion,
    summary: "The instance is ready to commit its part of a distributed transaction, and the coordinator does not hear of it: it cancels the transaction, and the part stays in doubt.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "the program",
            "its COMMIT fails (1206): the transaction is rolled back",
        ),
        DOUBTFUL,
        ("journal", "transactionInDoubt, doubtEnded"),
    ],
    recovery: UNHEARD,
};

/// The coordinator goes down before the decision.
pub static COORDINATOR_UNDECIDED: Point = Point {
    name: "distributed.coordinator-undecided",
    kind: Kind::Occasion,
    summary: "The instance where a distributed transaction began goes down when all parts are prepared and nothing is decided; it comes back at once and knows of no commit.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[BROKEN, DOUBTFUL, RESTARTED],
    recovery: UNHEARD,
};

/// The coordinator goes down after the decision.
pub static COORDINATOR_DECIDED: Point = Point {
    name: "distributed.coordinator-decided",
    kind: Kind::Occasion,
    summary: "The instance where a distributed transaction began goes down when it has committed its own part and told nobody; it comes back at once.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[BROKEN, DOUBTFUL, RESTARTED],
    recovery: HEARD,
};

/// A participant goes down before it hears of the decision.
pub static PARTICIPANT_DOWN: Point = Point {
    name: "distributed.participant-down",
    kind: Kind::Occasion,
    summary: "The instance goes down when it has promised to commit its part of a distributed transaction, before it hears that it is to; it comes back at once, with the part in doubt.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[COMMITS, DOUBTFUL, RESTARTED],
    recovery: HEARD,
};

/// The decision does not come.
pub static DECISION_LOST: Point = Point {
    name: "distributed.decision-lost",
    kind: Kind::Occasion,
    summary: "The decision to commit a distributed transaction does not reach the instance: its part stays in doubt, with its locks.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        COMMITS,
        DOUBTFUL,
        ("journal", "transactionInDoubt, doubtEnded"),
    ],
    recovery: HEARD,
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &VOTE_LOST,
    &COORDINATOR_UNDECIDED,
    &COORDINATOR_DECIDED,
    &PARTICIPANT_DOWN,
    &DECISION_LOST,
];

/// Whether one of them happens to an instance.
pub(crate) fn bites(world: &mut World, point: &'static Point, instance: InstanceId) -> bool {
    if world.faults().is_empty() {
        return false;
    }
    let about = |world: &World| About::nothing().at(world, instance);
    world.fault_at(point, about).is_some()
}
