//! Long-running operations that get lost, never end, or fail when all is done.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::ids::OperationId;
use crate::operation::{Operation, OperationError};
use crate::world::World;

const FIELDS: &[Field] = &[Field::Operation, Field::Path];

/// Nobody knows the operation.
pub static LOST: Point = Point {
    name: "operation.lost",
    kind: Kind::Occasion,
    summary: "A poll of an operation is answered 404 OperationIdNotFound, though the operation goes on.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        (
            "client",
            "the poller fails; the resource is made all the same",
        ),
        ("ARM", "404 OperationIdNotFound at both poll URLs"),
    ],
    recovery: "Remove the fault: the operation is found again; a client that has given up reads the resource.",
};

/// The operation does not end.
pub static NEVER_ENDS: Point = Point {
    name: "operation.never-ends",
    kind: Kind::Condition,
    summary: "Polls say InProgress, whatever has become of the operation.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Hold],
    verdict: Verdict::Hold { percent: 0 },
    symptoms: &[
        ("client", "polls until it loses patience"),
        (
            "ARM",
            "status InProgress; the resource itself says how it is",
        ),
    ],
    recovery: "Remove the fault: the next poll says how it ended.",
};

/// All is done, and it is called failed.
pub static FAILS_LATE: Point = Point {
    name: "operation.fails-late",
    kind: Kind::Occasion,
    summary: "An operation that has done its work ends as Failed.",
    fields: FIELDS,
    verdicts: &[VerdictKind::CommitThenFail],
    verdict: Verdict::CommitThenFail(super::Failure::PLAIN),
    symptoms: &[
        (
            "client",
            "the poller fails; the resource is there, changed or gone as asked",
        ),
        (
            "ARM",
            "status Failed, OperationInterrupted unless a code is given",
        ),
        ("journal", "operationEnded Failed"),
    ],
    recovery: "Read the resource; the same request again finds it done.",
};

/// What is told of an operation.
pub fn about(operation: &Operation) -> About<'static> {
    About::nothing()
        .with(Field::Operation, operation.word)
        .with(Field::Path, operation.resource.path.clone())
}

/// How an operation that has done its work ends, if a fault says so.
pub(crate) fn late_failure(world: &mut World, id: OperationId) -> Option<OperationError> {
    if world.faults().is_empty() {
        return None;
    }
    let operation = world.operation(id)?.clone();
    let verdict = world.fault_at(&FAILS_LATE, |_| about(&operation))?;
    let words = verdict.failure().cloned().unwrap_or_default();
    let code = words
        .code
        .unwrap_or_else(|| "OperationInterrupted".to_owned());
    let message = words.message.unwrap_or_else(|| {
        "The operation on the resource could not be completed because it was interrupted by another operation on the same resource.".to_owned()
    });
    Some(OperationError::Interrupted { code, message })
}

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&LOST, &NEVER_ENDS, &FAILS_LATE];
