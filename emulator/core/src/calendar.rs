//! The calendar: what comes by itself some day and nobody waits for: the expiry of certificates, the service's log
//! backups, the end of a creation that has taken days.
//!
//! It is kept apart from the timers, because a world whose certificates will expire some day has nothing due, and a
//! clock that jumps to the next due moment must not jump there.

use crate::certificate::CertificateFacts;
use crate::event::EventKind;
use crate::ids::{DatabaseId, InstanceId};
use crate::link::LinkId;
use crate::time::Span;
use crate::world::World;

/// How long before a certificate expires the journal says so (guess: the article only says to set a reminder).
pub const EXPIRY_NOTICE: Span = Span::minutes(30 * 24 * 60);

/// Something on the calendar.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// A certificate will expire soon.
    ExpiryNear(Place, [u8; 20]),
    /// A certificate has expired.
    Expired(Place, [u8; 20]),
    /// The service backs up the log of a managed instance's database.
    LogBackup(InstanceId, DatabaseId),
    /// A link's database has been copied for too long.
    CreationLimit(LinkId),
}

/// Where a certificate is that matters between instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the master database: an endpoint's own, an imported one, a root.
    Master(InstanceId),
    /// It is the certificate of a managed instance's mirroring endpoint.
    Endpoint(InstanceId),
    /// Uploaded to a managed instance.
    Uploaded(InstanceId),
}

impl Place {
    const fn instance(self) -> InstanceId {
        match self {
            Self::Master(id) | Self::Endpoint(id) | Self::Uploaded(id) => id,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Master(_) => "master",
            Self::Endpoint(_) => "endpoint",
            Self::Uploaded(_) => "serverTrustCertificates",
        }
    }
}

/// Enters a certificate's expiry, unless it has expired.
pub(crate) fn note_expiry(world: &mut World, place: Place, facts: &CertificateFacts) {
    let now = world.now();
    if facts.not_after < now {
        return;
    }
    let near = (facts.not_after - EXPIRY_NOTICE).max(now);
    // It is still valid at the last moment.
    let expired = facts.not_after + Span(1);
    world
        .calendar
        .arm(Entry::ExpiryNear(place, facts.thumbprint), near);
    world
        .calendar
        .arm(Entry::Expired(place, facts.thumbprint), expired);
}

/// An entry's day has come. A certificate that is gone from its place is nobody's concern.
pub(crate) fn happen(world: &mut World, entry: &Entry) {
    let (place, thumbprint) = match entry {
        Entry::ExpiryNear(place, thumbprint) | Entry::Expired(place, thumbprint) => {
            (place, thumbprint)
        }
        Entry::LogBackup(instance, database) => {
            return crate::link::back_up_log(world, *instance, *database);
        }
        Entry::CreationLimit(link) => return crate::link::cancel_creation(world, link),
    };
    let Some((certificate, expires)) = find(world, *place, thumbprint) else {
        return;
    };
    let instance = world.instance_mut(place.instance()).name.to_string();
    let held = place.word();
    let near = matches!(entry, Entry::ExpiryNear(..));
    world.record(match near {
        true => EventKind::CertificateExpiring {
            instance,
            certificate,
            place: held,
            expires,
        },
        false => EventKind::CertificateExpired {
            instance,
            certificate,
            place: held,
        },
    });
}

/// The name of a certificate that is still where it was, and when it expires.
fn find(world: &World, place: Place, thumbprint: &[u8; 20]) -> Option<(String, String)> {
    let instance = world.instance(place.instance())?;
    let (name, facts) = match place {
        Place::Master(_) => {
            let mut certificates = instance.master().content.certificates.values();
            let found = certificates.find(|found| found.facts.thumbprint == *thumbprint)?;
            (found.name.to_string(), &found.facts)
        }
        Place::Endpoint(_) => {
            let facts = &instance.as_managed_instance()?.endpoint_certificate;
            (instance.server_name(), facts)
        }
        Place::Uploaded(_) => {
            let mut uploaded = instance.as_managed_instance()?.trust_certificates.iter();
            let (name, facts) = uploaded.find(|(_, facts)| facts.thumbprint == *thumbprint)?;
            (name.to_string(), facts.as_ref())
        }
    };
    (facts.thumbprint == *thumbprint).then(|| (name, facts.not_after.to_arm_text()))
}
