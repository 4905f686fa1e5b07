//! TLS leaves, made when a client first names a server.
//!
//! A wildcard covers one label only, and a managed instance's zone is another one, so each name gets its own leaf.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::Keys;

/// Names that every leaf is good for.
const ALWAYS: [&str; 5] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "*.database.windows.net",
    "host.docker.internal",
];
/// How many leaves are kept; an old one is simply made anew.
const LEAVES: usize = 1_000;

/// Gives each server name a leaf of its own.
pub struct LeafResolver {
    keys: Arc<Keys>,
    extra: Vec<String>,
    default: Arc<CertifiedKey>,
    by_name: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
}

impl LeafResolver {
    /// Leaves signed by `keys`, good for these names besides the one that is asked for.
    ///
    /// # Errors
    ///
    /// One of the names cannot be in a certificate.
    pub fn new(keys: &Arc<Keys>, extra: Vec<String>) -> anyhow::Result<Arc<Self>> {
        let default = leaf_for(keys, None, &extra)?;
        Ok(Arc::new(Self {
            keys: Arc::clone(keys),
            extra,
            default: Arc::new(default),
            by_name: Mutex::default(),
        }))
    }

    fn leaf(&self, name: &str) -> anyhow::Result<Arc<CertifiedKey>> {
        let name = name.to_ascii_lowercase();
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = by_name.get(&name) {
            return Ok(Arc::clone(leaf));
        }
        let leaf = Arc::new(leaf_for(&self.keys, Some(&name), &self.extra)?);
        if by_name.len() >= LEAVES {
            by_name.pop_first();
        }
        by_name.insert(name, Arc::clone(&leaf));
        Ok(leaf)
    }
}

impl ResolvesServerCert for LeafResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let always = |name: &str| ALWAYS.contains(&name) || self.extra.iter().any(|e| e == name);
        let leaf = match hello.server_name() {
            Some(name) if !always(name) => self.leaf(name).unwrap_or_else(|error| {
                tracing::warn!(%error, name, "cannot make a leaf for this name");
                Arc::clone(&self.default)
            }),
            _ => Arc::clone(&self.default),
        };
        Some(leaf)
    }
}

impl fmt::Debug for LeafResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeafResolver").finish_non_exhaustive()
    }
}

fn leaf_for(keys: &Keys, name: Option<&str>, extra: &[String]) -> anyhow::Result<CertifiedKey> {
    let names: Vec<String> = name
        .into_iter()
        .chain(ALWAYS)
        .map(str::to_owned)
        .chain(extra.iter().cloned())
        .collect();
    certified(keys, &names)
}

/// A leaf that is good for these names and no others, with its chain.
pub(crate) fn certified(keys: &Keys, names: &[String]) -> anyhow::Result<CertifiedKey> {
    let (leaf, key) = keys.leaf(names)?;
    let chain = vec![
        CertificateDer::from(leaf),
        CertificateDer::from(keys.authority_der().to_vec()),
    ];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(CertifiedKey::from_der(chain, key, keys.provider())?)
}
