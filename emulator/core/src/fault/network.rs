//! The network between a SQL Server and a managed instance: cut, in one direction or both, slow, or lossy.

use super::{About, Field, Kind, Point, Verdict, VerdictKind, certificate, dns, endpoint};
use crate::ids::InstanceId;
use crate::link::{LinkId, partner_of};
use crate::listener_url::ListenerUrl;
use crate::network::Reach;
use crate::time::Span;
use crate::world::World;

const ENDS: &[Field] = &[Field::Instance];
const LINKS: &[Field] = &[Field::Link, Field::Database, Field::Instance];
const RECONNECT: &str = "Remove the fault: the partners reconnect by themselves (35202, 35266), and what was committed meanwhile is sent; seeding starts anew.";

const PARTED: &[(&str, &str)] = &[
    (
        "primary",
        "after SESSION_TIMEOUT: remote replica DISCONNECTED, NOT SYNCHRONIZING, NOT_HEALTHY; error log 35206, 35267; writes go on, the log grows, log_reuse_wait_desc AVAILABILITY_REPLICA; synchronous commits wait that long",
    ),
    ("secondary", "DISCONNECTED; the data stays readable, frozen"),
    (
        "ARM",
        "connectedState DISCONNECTED, synchronizationHealth NOT_HEALTHY; a link being made ends in LinkInitError",
    ),
    ("journal", "linkDisconnected"),
];

/// Nothing comes through, either way.
pub static PARTITION: Point = Point {
    name: "network.partition",
    kind: Kind::Condition,
    summary: "Nothing comes through between the partners, either way; as failAs, connections are refused at once.",
    fields: ENDS,
    verdicts: &[VerdictKind::Drop, VerdictKind::FailAs],
    verdict: Verdict::Drop,
    symptoms: PARTED,
    recovery: RECONNECT,
};

/// What SQL Server sends is lost.
pub static TO_INSTANCE: Point = Point {
    name: "network.one-way-to-instance",
    kind: Kind::Condition,
    summary: "What the SQL Server sends to the managed instance is lost; the way back is open.",
    fields: ENDS,
    verdicts: &[VerdictKind::Drop, VerdictKind::FailAs],
    verdict: Verdict::Drop,
    symptoms: PARTED,
    recovery: RECONNECT,
};

/// What the managed instance sends is lost.
pub static TO_SQL_SERVER: Point = Point {
    name: "network.one-way-to-sql-server",
    kind: Kind::Condition,
    summary: "What the managed instance sends to the SQL Server is lost; the way back is open.",
    fields: ENDS,
    verdicts: &[VerdictKind::Drop, VerdictKind::FailAs],
    verdict: Verdict::Drop,
    symptoms: PARTED,
    recovery: RECONNECT,
};

/// The redirect of the managed instance is blocked.
pub static ONLY_5022: Point = Point {
    name: "network.only-5022-open",
    kind: Kind::Condition,
    summary: "The managed instance's port 5022 answers, and the ports 11000 to 11999 behind it do not.",
    fields: ENDS,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "SQL Server",
            "a TCP probe of port 5022 succeeds, and the link never becomes CONNECTED; one that was, is lost after SESSION_TIMEOUT",
        ),
        (
            "ARM",
            "CreatingLink, then LinkInitError after the connection time-out (41962)",
        ),
        ("journal", "linkFailed or linkDisconnected"),
    ],
    recovery: RECONNECT,
};

/// Everything takes longer.
pub static LATENCY: Point = Point {
    name: "network.latency",
    kind: Kind::Condition,
    summary: "What is sent takes this much longer.",
    fields: LINKS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::milliseconds(200)),
    symptoms: &[
        (
            "primary",
            "log_send_queue_size grows; synchronous commits take as much longer",
        ),
        ("secondary", "rows come later"),
        (
            "ARM",
            "instanceSendReplicationLagSeconds, once it is a second",
        ),
    ],
    recovery: "Remove the fault.",
};

/// Packets are lost and sent again.
pub static LOSS: Point = Point {
    name: "network.loss",
    kind: Kind::Occasion,
    summary: "What a commit sends is lost and sent again after this while; say a probability for jitter.",
    fields: LINKS,
    verdicts: &[VerdictKind::Delay],
    verdict: Verdict::Delay(Span::milliseconds(300)),
    symptoms: &[
        (
            "primary",
            "single commits reach the secondary late, and those after them with them; synchronous ones wait",
        ),
        ("secondary", "rows come in bursts"),
    ],
    recovery: "Remove the fault.",
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &PARTITION,
    &TO_INSTANCE,
    &TO_SQL_SERVER,
    &ONLY_5022,
    &LATENCY,
    &LOSS,
];

/// What the faults make of the way from one instance to another.
pub(crate) fn reach(world: &World, from: InstanceId, to: InstanceId) -> Reach {
    let about = || About::nothing().at(world, from).at(world, to);
    let is_managed = |id| {
        world
            .instance(id)
            .is_some_and(|found| found.is_managed_instance())
    };
    let one_way = match (is_managed(from), is_managed(to)) {
        (false, true) => Some(&TO_INSTANCE),
        (true, false) => Some(&TO_SQL_SERVER),
        _ => None,
    };
    for point in [Some(&PARTITION), one_way].into_iter().flatten() {
        match world.fault_holds(point, about) {
            Some(Verdict::FailAs(_)) => return Reach::Refused,
            Some(_) => return Reach::Silent,
            None => {}
        }
    }
    match world.fault_holds(&ONLY_5022, about) {
        Some(_) if is_managed(to) => Reach::GatewayOnly,
        _ => Reach::Open,
    }
}

/// The faults that keep the partners of a link apart show, at the handshake or on a connection that is there.
pub(crate) fn witness(world: &mut World, id: &LinkId, handshake: bool) {
    if world.faults().is_empty() {
        return;
    }
    let Some(link) = world.links.get(id).cloned() else {
        return;
    };
    let about = About::link(world, &link);
    let mut shows = false;
    for point in [&PARTITION, &TO_INSTANCE, &TO_SQL_SERVER, &ONLY_5022] {
        shows |= world.fault_shows(point, &about).is_some();
    }
    let host = ListenerUrl::parse(link.partner_endpoint()).map(|url| url.host);
    if let Some(host) = host.filter(|host| handshake && dns::is_name(host)) {
        let about = dns::about(&link, &host);
        for point in dns::POINTS {
            shows |= world.fault_shows(point, &about).is_some();
        }
    }
    if let Some(partner) = partner_of(world, &link) {
        let about = About::nothing().at(world, partner);
        for point in endpoint::POINTS {
            shows |= world.fault_shows(point, &about).is_some();
        }
    }
    // Certificates are only looked at once there is a connection.
    if handshake && !shows {
        for point in certificate::POINTS {
            world.fault_shows(point, &about);
        }
    }
}
