//! Certificates and master keys: facts about X.509 certificates, never the cryptography.
//!
//! The program around the core makes key pairs and reads DER; the core is handed the facts.

use std::sync::Arc;

use crate::ids::{CertificateId, PrincipalId};
use crate::names::Name;
use crate::time::Timestamp;

/// What is worth knowing about an X.509 certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The certificate itself.
    pub der: Arc<[u8]>,
    /// SHA-1 of the DER: its identity.
    pub thumbprint: [u8; 20],
    /// The subject, as `sys.certificates` writes it.
    pub subject: String,
    /// The issuer, written the same way.
    pub issuer: String,
    /// The serial number in hexadecimal pairs.
    pub serial: String,
    /// Valid from.
    pub not_before: Timestamp,
    /// Valid to.
    pub not_after: Timestamp,
    /// Bits of the public key.
    pub key_bits: u32,
}

impl CertificateFacts {
    /// Whether it is valid at `now`.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// A certificate in a database.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// Its id.
    pub id: CertificateId,
    /// Its name; for a managed instance's certificate this must be the instance's FQDN.
    pub name: Name,
    /// Who owns it.
    pub owner: PrincipalId,
    /// The X.509 facts.
    pub facts: CertificateFacts,
    /// Whether the private key is here, and what protects it.
    pub private_key: PrivateKey,
    /// ACTIVE FOR BEGIN_DIALOG.
    pub active_for_begin_dialog: bool,
    /// DNS names for which certificates issued by this one are trusted (`sp_certificate_add_issuer`).
    pub issuer_for: Vec<Arc<str>>,
    /// When the private key was last backed up.
    pub private_key_backup: Option<Timestamp>,
}

/// What protects a certificate's private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivateKey {
    /// There is none: `NA`.
    None,
    /// The database master key: `MK`.
    MasterKey,
    /// A password: `PW`. A test double: it is kept to be compared.
    Password(Arc<str>),
}

/// The database master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKey {
    /// When it was created.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
    /// Its GUID.
    pub guid: uuid::Uuid,
    /// Whether the service master key opens it.
    pub encrypted_by_server: bool,
    /// The passwords that open it; there is always one.
    pub passwords: Vec<Arc<str>>,
}

/// The public roots that a managed instance's endpoint certificate counts as issued by, recognised by their SHA-1
/// thumbprints: Microsoft RSA Root Certificate Authority 2017 and DigiCert Global Root G2.
pub const PUBLIC_ROOTS: [[u8; 20]; 2] = [
    *b"\x73\xa5\xe6\x4a\x3b\xff\x83\x16\xff\x0e\xdc\xcc\x61\x8a\x90\x6e\x4e\xae\x4d\x74",
    *b"\xdf\x3c\x24\xf9\xbf\xd6\x66\x76\x1b\x26\x80\x73\xfe\x06\xd1\xcc\x8d\x4f\x82\xa4",
];

/// The DNS pattern under which the roots must be registered for a managed instance to be trusted.
pub const MANAGED_INSTANCE_DNS_PATTERN: &str = "*.database.windows.net";
