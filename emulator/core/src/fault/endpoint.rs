//! The mirroring endpoint of a SQL Server that nobody can connect to.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::ids::InstanceId;
use crate::world::World;

const FIELDS: &[Field] = &[Field::Instance];

/// The endpoint is stopped.
pub static STOPPED: Point = Point {
    name: "endpoint.stopped",
    kind: Kind::Condition,
    summary: "The mirroring endpoint of the SQL Server does not listen, as after ALTER ENDPOINT … STATE = STOPPED.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "SQL Server",
            "the port is closed; error log 35206; sys.dm_tcp_listener_states without the endpoint",
        ),
        (
            "ARM",
            "DISCONNECTED at once; a link being made ends in LinkInitError",
        ),
        ("journal", "linkDisconnected"),
    ],
    recovery: "Remove the fault: the port opens and the partners reconnect.",
};

/// Another process has the port.
pub static PORT_BUSY: Point = Point {
    name: "endpoint.port-busy",
    kind: Kind::Condition,
    summary: "Another process listens on the port of the mirroring endpoint, which is STARTED and cannot listen.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "SQL Server",
            "sys.database_mirroring_endpoints says STARTED, sys.dm_tcp_listener_states has no such listener",
        ),
        (
            "ARM",
            "DISCONNECTED at once; a link being made ends in LinkInitError",
        ),
        ("journal", "linkDisconnected"),
    ],
    recovery: "Remove the fault: the endpoint listens again and the partners reconnect.",
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&STOPPED, &PORT_BUSY];

/// Whether a fault keeps the endpoint of an instance from listening.
pub fn is_closed(world: &World, instance: InstanceId) -> bool {
    if world.faults().is_empty() {
        return false;
    }
    let about = || About::nothing().at(world, instance);
    POINTS
        .iter()
        .any(|point| world.fault_holds(point, about).is_some())
}
