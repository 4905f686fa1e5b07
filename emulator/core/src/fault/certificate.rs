//! Certificates as the other side sees them: they matter at the next handshake, not to a connection that is there.

use super::{About, Field, Kind, Point, Verdict, VerdictKind};
use crate::instance::Instance;
use crate::link::Link;
use crate::refusal::LinkError;
use crate::world::World;

const FIELDS: &[Field] = &[Field::Instance, Field::Link];
const SEEN: &[(&str, &str)] = &[
    (
        "SQL Server",
        "error log 28047/28048: Connection handshake failed; a connection that is there survives until it drops",
    ),
    (
        "ARM",
        "a link being made ends in LinkInitError; one that has lost its partner stays DISCONNECTED, mostRecentLinkError says why",
    ),
    ("journal", "linkFailed"),
];
const RECOVERY: &str = "Remove the fault, as if the certificate had been rotated; a link that has failed is asked for again.";

/// SQL Server's certificate has expired.
pub static EXPIRED: Point = Point {
    name: "certificate.expired",
    kind: Kind::Condition,
    summary: "The managed instance finds SQL Server's endpoint certificate expired.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: SEEN,
    recovery: RECOVERY,
};

/// SQL Server's certificate is not valid yet.
pub static NOT_YET_VALID: Point = Point {
    name: "certificate.not-yet-valid",
    kind: Kind::Condition,
    summary: "The managed instance finds SQL Server's endpoint certificate not valid yet, as with a clock that is wrong.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: SEEN,
    recovery: RECOVERY,
};

/// SQL Server's certificate is not known.
pub static UNKNOWN: Point = Point {
    name: "certificate.unknown",
    kind: Kind::Condition,
    summary: "The managed instance does not know SQL Server's endpoint certificate (41973).",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: SEEN,
    recovery: RECOVERY,
};

/// The instance's certificate is there under another name.
pub static RENAMED: Point = Point {
    name: "certificate.renamed",
    kind: Kind::Condition,
    summary: "SQL Server has the managed instance's certificate under another name than its FQDN, and does not find it (41974).",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: SEEN,
    recovery: RECOVERY,
};

/// The issuer of the instance's certificate is not trusted.
pub static ISSUER_UNTRUSTED: Point = Point {
    name: "certificate.issuer-untrusted",
    kind: Kind::Condition,
    summary: "SQL Server does not trust the authority that issued the managed instance's certificate.",
    fields: FIELDS,
    verdicts: &[VerdictKind::FailAs],
    verdict: Verdict::FAIL,
    symptoms: SEEN,
    recovery: RECOVERY,
};

/// Every point of the family.
pub(super) const POINTS: &[&Point] = &[
    &EXPIRED,
    &NOT_YET_VALID,
    &UNKNOWN,
    &RENAMED,
    &ISSUER_UNTRUSTED,
];

/// What a fault makes of the certificates of a link, in the order of a real handshake.
pub(crate) fn check(
    world: &World,
    link: &Link,
    partner: &Instance,
    instance: &Instance,
) -> Result<(), LinkError> {
    if world.faults().is_empty() {
        return Ok(());
    }
    let own = partner
        .endpoint
        .as_ref()
        .and_then(|endpoint| endpoint.authentication.certificate())
        .and_then(|id| partner.master().content.certificates.get(&id))
        .map_or_else(String::new, |own| own.name.to_string());
    let fqdn = instance.server_name();
    let points = [
        (
            &UNKNOWN,
            LinkError::CertificateNotOnInstance {
                certificate: own.clone(),
            },
        ),
        (
            &EXPIRED,
            LinkError::PartnerCertificateInvalid {
                certificate: own.clone(),
            },
        ),
        (
            &NOT_YET_VALID,
            LinkError::PartnerCertificateInvalid { certificate: own },
        ),
        (
            &RENAMED,
            LinkError::CertificateNotOnSqlServer { fqdn: fqdn.clone() },
        ),
        (&ISSUER_UNTRUSTED, LinkError::IssuerNotTrusted { fqdn }),
    ];
    for (point, error) in points {
        if world
            .fault_holds(point, || About::link(world, link))
            .is_some()
        {
            return Err(error);
        }
    }
    Ok(())
}
