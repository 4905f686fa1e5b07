//! Transparent data encryption: a database's encryption key, what protects it, and how far its pages are encrypted.
//!
//! The key stands in the database's content, so that its log carries every change of it to the replicas. Nothing is
//! encrypted in earnest. How far a scan is follows from the time.

mod instance;
mod key;
pub(crate) mod laws;
mod switch;

use std::sync::Arc;

pub use instance::{
    DeleteServerKey, InstanceEncryption, ProtectorChoice, SERVICE_MANAGED, ServerKey,
    SetNewDatabases, SetProtector, UploadTdeCertificate, WriteServerKey,
};
pub(crate) use key::encrypts_with;
pub use key::{AlterEncryptionKey, CreateEncryptionKey, DropEncryptionKey, KeyChange};
pub use switch::SwitchEncryption;
pub(crate) use switch::{check_offered, encrypt_new};

use crate::database::Database;
use crate::instance::{Instance, InstanceKind};
use crate::store::Content;
use crate::time::{Span, Timestamp};

/// The encryption key of a database (`sys.dm_database_encryption_keys`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionKey {
    /// WITH ALGORITHM.
    pub algorithm: KeyAlgorithm,
    /// What protects it.
    pub protector: Protector,
    /// When it was made.
    pub created: Timestamp,
    /// When it was made anew.
    pub regenerated: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
    /// When encryption was last switched.
    pub switched: Option<Timestamp>,
    /// Whether encryption is switched on.
    pub on: bool,
    /// The last scan over the pages.
    pub scan: Option<Scan>,
}

/// The algorithm of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// AES_128.
    Aes128,
    /// AES_192.
    Aes192,
    /// AES_256: what the service takes.
    Aes256,
}

/// What protects a database's encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protector {
    /// A certificate in master, by its thumbprint.
    Certificate([u8; 20]),
    /// The key that the service keeps for a managed instance.
    ServiceManaged,
    /// A key in a key vault.
    Vault(VaultKey),
}

/// A key in a key vault: no vault is played, so its URI is all there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultKey {
    /// Such as `https://<vault>.vault.azure.net/keys/<key>/<version>`.
    pub uri: Arc<str>,
}

/// A scan over all pages of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// What it does.
    pub kind: ScanKind,
    /// When it began.
    pub since: Timestamp,
    /// When it is over.
    pub until: Timestamp,
}

/// What a scan does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanKind {
    /// It encrypts.
    Encryption,
    /// It encrypts anew, with another key.
    KeyChange,
    /// It decrypts.
    Decryption,
}

/// `encryption_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum EncryptionState {
    NoKey,
    Unencrypted,
    EncryptionInProgress,
    Encrypted,
    KeyChangeInProgress,
    DecryptionInProgress,
}

impl EncryptionKey {
    /// A key that encrypts nothing yet.
    pub(crate) fn new(algorithm: KeyAlgorithm, protector: Protector, now: Timestamp) -> Self {
        Self {
            algorithm,
            protector,
            created: now,
            regenerated: now,
            modified: now,
            switched: None,
            on: false,
            scan: None,
        }
    }

    /// How far its pages are encrypted at `now`.
    pub fn state(&self, now: Timestamp) -> EncryptionState {
        match (self.running(now), self.on) {
            (Some(scan), _) => match scan.kind {
                ScanKind::Encryption => EncryptionState::EncryptionInProgress,
                ScanKind::KeyChange => EncryptionState::KeyChangeInProgress,
                ScanKind::Decryption => EncryptionState::DecryptionInProgress,
            },
            (None, true) => EncryptionState::Encrypted,
            (None, false) => EncryptionState::Unencrypted,
        }
    }

    /// Percent of the pages that the running scan has done; zero if none runs.
    pub fn percent_complete(&self, now: Timestamp) -> f32 {
        self.running(now).map_or(0.0, |scan| {
            let (done, all) = (now.since(scan.since), scan.until.since(scan.since));
            (done.0 as f64 * 100.0 / all.0.max(1) as f64) as f32
        })
    }

    pub(crate) fn running(&self, now: Timestamp) -> Option<&Scan> {
        self.scan.as_ref().filter(|scan| now < scan.until)
    }

    pub(crate) fn begin(&mut self, kind: ScanKind, now: Timestamp, length: Span) {
        let until = now + length;
        self.scan = Some(Scan {
            kind,
            since: now,
            until,
        });
    }
}

impl Database {
    /// How far it is encrypted at `now`.
    pub fn encryption_state(&self, now: Timestamp) -> EncryptionState {
        let key = self.content.encryption_key.as_ref();
        key.map_or(EncryptionState::NoKey, |key| key.state(now))
    }

    /// Whether any page of it can be read with its encryption key only.
    pub fn is_encrypted(&self, now: Timestamp) -> bool {
        self.encryption_state(now).has_encrypted_pages()
    }

    /// Whether the service-managed key of a managed instance is what its pages need.
    pub fn needs_service_key(&self, now: Timestamp) -> bool {
        let key = self.content.encryption_key.as_ref();
        key.is_some_and(|key| key.protector == Protector::ServiceManaged) && self.is_encrypted(now)
    }
}

impl EncryptionState {
    /// Its number and name, as the documentation of `sys.dm_database_encryption_keys` has them.
    pub const fn code(self) -> (i64, &'static str) {
        match self {
            Self::NoKey => (0, "NONE"),
            Self::Unencrypted => (1, "UNENCRYPTED"),
            Self::EncryptionInProgress => (2, "ENCRYPTION_IN_PROGRESS"),
            Self::Encrypted => (3, "ENCRYPTED"),
            Self::KeyChangeInProgress => (4, "KEY_CHANGE_IN_PROGRESS"),
            Self::DecryptionInProgress => (5, "DECRYPTION_IN_PROGRESS"),
        }
    }

    const fn has_encrypted_pages(self) -> bool {
        !matches!(self, Self::NoKey | Self::Unencrypted)
    }
}

impl KeyAlgorithm {
    /// Bits of the key.
    pub const fn bits(self) -> i64 {
        match self {
            Self::Aes128 => 128,
            Self::Aes192 => 192,
            Self::Aes256 => 256,
        }
    }

    /// The algorithm of a T-SQL word such as `AES_256`.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Aes128, Self::Aes192, Self::Aes256]
            .into_iter()
            .find(|algorithm| word == format!("AES_{}", algorithm.bits()))
    }
}

impl Protector {
    /// `encryptor_type`: what of the service is a certificate, what of a vault an asymmetric key (page
    /// "sys.dm_database_encryption_keys").
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Certificate(_) | Self::ServiceManaged => "CERTIFICATE",
            Self::Vault(_) => "ASYMMETRIC KEY",
        }
    }

    /// `encryptor_thumbprint`. The service's own is made of the instance's name, a vault's of its URI (guess: both are
    /// hashes of keys that are not there).
    pub fn thumbprint(&self, instance: &Instance) -> [u8; 20] {
        match self {
            Self::Certificate(thumbprint) => *thumbprint,
            Self::ServiceManaged => digest(&instance.server_name()),
            Self::Vault(key) => key.thumbprint(),
        }
    }
}

impl VaultKey {
    /// The thumbprint that ARM and `sys.dm_database_encryption_keys` show.
    pub fn thumbprint(&self) -> [u8; 20] {
        digest(&self.uri)
    }
}

impl Instance {
    /// Whether what a key is protected by can be used here: the certificate is in master with its private key or was
    /// uploaded, or the instance has the vault's key. That every SQL Server gets at every vault's keys is a guess: the
    /// documentation asks for it, and providers of keys are not played.
    pub fn opens(&self, protector: &Protector) -> bool {
        match (&self.kind, protector) {
            (_, Protector::Certificate(thumbprint)) if self.has_private_key(thumbprint) => true,
            (InstanceKind::ManagedInstance(mi), Protector::Certificate(thumbprint)) => {
                mi.encryption.certificates.contains(thumbprint)
            }
            (InstanceKind::SqlServer(_), Protector::Certificate(_)) => false,
            (InstanceKind::ManagedInstance(_), Protector::ServiceManaged) => true,
            (InstanceKind::SqlServer(_), Protector::ServiceManaged) => false,
            (InstanceKind::ManagedInstance(mi), Protector::Vault(key)) => {
                let mut keys = mi.encryption.keys.values();
                keys.any(|known| known.key == *key)
            }
            (InstanceKind::SqlServer(_), Protector::Vault(_)) => true,
        }
    }

    /// The key that a database's pages need, if what protects it is not here. One that is switched off encrypts nothing.
    pub(crate) fn cannot_open<'a>(&self, content: &'a Content) -> Option<&'a EncryptionKey> {
        let key = content.encryption_key.as_deref();
        key.filter(|key| self.lacks(key))
    }

    /// Whether a key encrypts, and what protects it is not here.
    pub(crate) fn lacks(&self, key: &EncryptionKey) -> bool {
        key.on && !self.opens(&key.protector)
    }

    fn has_private_key(&self, thumbprint: &[u8; 20]) -> bool {
        let certificates = self.master().content.certificates.values();
        let mut found = certificates.filter(|found| found.facts.thumbprint == *thumbprint);
        found.any(|found| key::is_usable(found))
    }
}

/// Two FNV-1a hashes of 64 and 128 bits, cut to the length of a thumbprint: enough to tell keys apart.
fn digest(text: &str) -> [u8; 20] {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    const BASIS: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    let hash = |text: &mut dyn Iterator<Item = u8>| {
        text.fold(BASIS, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(PRIME)
        })
    };
    let first = hash(&mut text.bytes()).to_be_bytes();
    let second = hash(&mut text.bytes().rev()).to_be_bytes();
    let mut digest = [0; 20];
    digest[..16].copy_from_slice(&first);
    digest[16..].copy_from_slice(&second[..4]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_from_the_time() {
        let at = Timestamp::from_unix_seconds;
        let mut key = EncryptionKey::new(KeyAlgorithm::Aes256, Protector::ServiceManaged, at(0));
        assert_eq!(key.state(at(9)), EncryptionState::Unencrypted);
        for (on, kind, during, after) in [
            (
                true,
                ScanKind::Encryption,
                EncryptionState::EncryptionInProgress,
                EncryptionState::Encrypted,
            ),
            (
                true,
                ScanKind::KeyChange,
                EncryptionState::KeyChangeInProgress,
                EncryptionState::Encrypted,
            ),
            (
                false,
                ScanKind::Decryption,
                EncryptionState::DecryptionInProgress,
                EncryptionState::Unencrypted,
            ),
        ] {
            key.on = on;
            key.begin(kind, at(10), Span::seconds(4));
            let percents = [(10, 0.0), (11, 25.0), (13, 75.0), (14, 0.0)];
            for (second, percent) in percents {
                let expected = if second < 14 { during } else { after };
                assert_eq!(key.state(at(second)), expected, "{kind:?} at {second}");
                assert_eq!(key.percent_complete(at(second)), percent);
            }
            key.begin(kind, at(10), Span::ZERO);
            assert_eq!(key.state(at(10)), after, "{kind:?} takes no time");
        }
    }

    #[test]
    fn thumbprints_tell_keys_apart() {
        let uris = [
            "https://v/keys/a/1",
            "https://v/keys/a/2",
            "https://v/keys/b/1",
        ];
        let key = |uri: &str| VaultKey { uri: uri.into() };
        let prints: std::collections::BTreeSet<_> =
            uris.iter().map(|uri| key(uri).thumbprint()).collect();
        assert_eq!(prints.len(), uris.len());
    }
}
