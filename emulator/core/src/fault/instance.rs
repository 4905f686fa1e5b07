//! What an instance is taken to be in, as far as links suffer from it: a world with one instance has no failover group.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::ids::InstanceId;
use crate::world::World;

/// The instance is a member of a failover group.
pub static IN_FAILOVER_GROUP: Point = Point {
    name: "instance.in-failover-group",
    kind: Kind::Condition,
    summary: "The managed instance counts as a member of a failover group: no link can be begun on it (41982).",
    fields: &[Field::Instance],
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: &[
        ("ARM", "409 DistributedAvailabilityGroupMiPrimaryWithGeodr"),
        ("links that are there", "go on"),
    ],
    recovery: "Remove the fault, as if the failover group had been deleted, and create the link again.",
};

/// Whether an instance is in a failover group, as far as a fault says so.
pub(crate) fn is_in_failover_group(world: &World, instance: InstanceId) -> bool {
    let about = || About::nothing().at(world, instance);
    world.fault_holds(&IN_FAILOVER_GROUP, about).is_some()
}

/// The same for a link that is asked for, on which it shows.
pub(crate) fn forbids_link(world: &mut World, instance: InstanceId) -> bool {
    let about = About::nothing().at(world, instance);
    world.fault_shows(&IN_FAILOVER_GROUP, &about).is_some()
}

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&IN_FAILOVER_GROUP];
