//! Names that resolve to nothing, or to the wrong server.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::link::Link;
use crate::world::World;

const FIELDS: &[Field] = &[Field::Host, Field::Link];
const RECOVERY: &str = "Remove the fault: the next try resolves the name and connects.";

/// The partner endpoint's name is not known.
pub static UNRESOLVED: Point = Point {
    name: "dns.unresolved",
    kind: Kind::Condition,
    summary: "The host name of the partner endpoint resolves to nothing; addresses need no name.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "SQL Server",
            "hears nothing; a connection that is there stays",
        ),
        (
            "ARM",
            "LinkInitError after the connection time-out (41962, 41986); a link that has lost its partner does not reconnect",
        ),
        ("journal", "linkFailed"),
    ],
    recovery: RECOVERY,
};

/// The partner endpoint's name leads to somebody else.
pub static WRONG_SERVER: Point = Point {
    name: "dns.wrong-server",
    kind: Kind::Condition,
    summary: "The host name of the partner endpoint resolves to another machine: to the SQL Server named by redirect, if there is one.",
    fields: FIELDS,
    verdicts: &[VerdictKind::Redirect, VerdictKind::Drop],
    verdict: Verdict::Drop,
    symptoms: &[
        (
            "SQL Server",
            "the right one hears nothing; the wrong one, if it has an endpoint, is asked for groups that it does not have (41976)",
        ),
        ("ARM", "as for an unreachable partner, or AG not responding"),
        ("journal", "linkFailed"),
    ],
    recovery: RECOVERY,
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[&UNRESOLVED, &WRONG_SERVER];

/// The host that the name of a link's partner endpoint leads to; none leads nowhere.
pub(crate) fn resolve(world: &World, link: &Link, host: &str) -> Option<String> {
    if world.faults().is_empty() || !is_name(host) {
        return Some(host.to_owned());
    }
    let about = || about(link, host);
    if world.fault_holds(&UNRESOLVED, about).is_some() {
        return None;
    }
    match world.fault_holds(&WRONG_SERVER, about) {
        None => Some(host.to_owned()),
        Some(Verdict::Redirect { to }) => Some(to.clone()),
        Some(_) => None,
    }
}

/// Whether a host is a name, which has to be resolved.
pub(super) fn is_name(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_err()
}

pub(super) fn about<'a>(link: &Link, host: &'a str) -> About<'a> {
    About::nothing()
        .with(Field::Link, link.id.name.to_string())
        .with(Field::Host, host)
}
