//! TLS of the gateways: one certificate for each zone, which is good for the zone's names and for no others.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use milink_core::instance::Instance;
use milink_core::path::{certificate_fits, certificate_names};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{NameCheck, Setting, Target, names_of_the_machine};
use crate::keys::certified;
use crate::tds::TlsConfigs;

/// How many certificates are kept; an old one is simply made anew.
const KEPT: usize = 1_000;

/// What has been made so far, by its names.
#[derive(Default)]
pub(super) struct Certificates(Mutex<BTreeMap<Vec<String>, TlsConfigs>>);

/// Shows the same certificate to everybody, whatever host they name: a gateway has no other.
#[derive(Debug)]
struct Only(Arc<CertifiedKey>);

impl ResolvesServerCert for Only {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl Certificates {
    /// What the gateway of `instance` shows to clients of a listener for `target`.
    ///
    /// A client that dials a mapped port checks the certificate against the loopback. It fits just when it would fit the host
    /// that the port stands for.
    pub(super) fn of(
        &self,
        setting: &Setting,
        instance: &Instance,
        target: &Target,
    ) -> anyhow::Result<TlsConfigs> {
        let mut names = certificate_names(instance);
        if target.name_check == NameCheck::Listener && certificate_fits(instance, &target.host) {
            names.extend(names_of_the_machine(&setting.own_names));
            let own: Option<IpAddr> = Some(setting.listen).filter(|ip| !ip.is_unspecified());
            names.extend(own.map(|ip| ip.to_string()));
            names[3..].sort();
            names.dedup();
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = kept.get(&names) {
            return Ok(made.clone());
        }
        let key = certified(&setting.keys, &names)?;
        let only: Arc<dyn ResolvesServerCert> = Arc::new(Only(Arc::new(key)));
        let made = TlsConfigs::new(setting.keys.provider(), &only)?;
        if kept.len() >= KEPT {
            kept.pop_first();
        }
        kept.insert(names, made.clone());
        Ok(made)
    }
}
