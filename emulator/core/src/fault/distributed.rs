//! Transactions that span instances, between being prepared and being ended.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::ids::InstanceId;
use crate::world::World;

/// The decision does not come.
pub static DECISION_LOST: Point = Point {
    name: "distributed.decision-lost",
    kind: Kind::Occasion,
    summary: "The decision to commit a distributed transaction does not reach the instance: its part stays in doubt, with its locks.",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "the program",
            "its COMMIT succeeds: the transaction is committed",
        ),
        (
            "the instance",
            "the part belongs to session -2; who wants its rows waits (1222 with a LOCK_TIMEOUT), also after a restart",
        ),
    ],
    recovery: "The instance asks the coordinator again, and commits its part once it can be reached.",
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&DECISION_LOST];

/// Whether an instance does not hear of a decision.
pub(crate) fn is_lost(world: &mut World, instance: InstanceId) -> bool {
    if world.faults().is_empty() {
        return false;
    }
    let about = |world: &World| About::nothing().at(world, instance);
    world.fault_at(&DECISION_LOST, about).is_some()
}
