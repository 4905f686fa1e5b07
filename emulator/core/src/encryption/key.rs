//! CREATE, ALTER and DROP DATABASE ENCRYPTION KEY.

use std::sync::Arc;

use super::{EncryptionKey, EncryptionState, KeyAlgorithm, Protector, ScanKind};
use crate::certificate::{Certificate, PrivateKey};
use crate::command::{Request, change};
use crate::database::{Database, DatabaseState};
use crate::durations::Transition;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{EncryptionRefusal, Refusal, SecurityRefusal};
use crate::store::Op;
use crate::version::Edition;
use crate::world::World;

/// CREATE DATABASE ENCRYPTION KEY.
#[derive(Clone, Debug)]
pub struct CreateEncryptionKey {
    /// The instance.
    pub instance: InstanceId,
    /// The database.
    pub database: DatabaseId,
    /// WITH ALGORITHM.
    pub algorithm: KeyAlgorithm,
    /// ENCRYPTION BY SERVER CERTIFICATE.
    pub certificate: Name,
}

/// ALTER DATABASE ENCRYPTION KEY.
#[derive(Clone, Debug)]
pub struct AlterEncryptionKey {
    /// The instance.
    pub instance: InstanceId,
    /// The database.
    pub database: DatabaseId,
    /// What it does.
    pub change: KeyChange,
}

/// What ALTER DATABASE ENCRYPTION KEY does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChange {
    /// REGENERATE WITH ALGORITHM.
    Regenerate(KeyAlgorithm),
    /// ENCRYPTION BY SERVER CERTIFICATE.
    Protect(Name),
}

/// DROP DATABASE ENCRYPTION KEY.
#[derive(Clone, Copy, Debug)]
pub struct DropEncryptionKey {
    /// The instance.
    pub instance: InstanceId,
    /// The database.
    pub database: DatabaseId,
}

impl Request for CreateEncryptionKey {
    /// Whether the certificate's private key was never backed up, which is worth a warning.
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let now = world.now();
        let (instance, database) = encryptable(world, self.instance, self.database)?;
        if database.content.encryption_key.is_some() {
            return Err(EncryptionRefusal::KeyExists.into());
        }
        let certificate = usable_certificate(instance, &self.certificate)?;
        let protector = Protector::Certificate(certificate.facts.thumbprint);
        let unsafe_yet = certificate.private_key_backup.is_none();
        let key = EncryptionKey::new(self.algorithm, protector, now);
        put(world, self.instance, self.database, Some(key));
        Ok(unsafe_yet)
    }
}

impl Request for AlterEncryptionKey {
    /// Whether a certificate that protects the key from now on was never backed up.
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let now = world.now();
        let (instance, database) = encryptable(world, self.instance, self.database)?;
        let key = database.content.encryption_key.as_ref();
        let mut key = key.ok_or(EncryptionRefusal::NoKey)?.as_ref().clone();
        if key.running(now).is_some() {
            return Err(EncryptionRefusal::ScanInTheWay.into());
        }
        if !instance.opens(&key.protector) {
            let thumbprint = key.protector.thumbprint(instance);
            return Err(EncryptionRefusal::ProtectorMissing { thumbprint }.into());
        }
        let mut unsafe_yet = false;
        match self.change {
            KeyChange::Regenerate(algorithm) => {
                key.algorithm = algorithm;
                key.regenerated = now;
                if key.on {
                    key.begin(
                        ScanKind::KeyChange,
                        now,
                        world.span(Transition::EncryptionScan),
                    );
                }
            }
            // Only the key itself is encrypted anew: no page is touched.
            KeyChange::Protect(certificate) => {
                let certificate = usable_certificate(instance, &certificate)?;
                unsafe_yet = certificate.private_key_backup.is_none();
                key.protector = Protector::Certificate(certificate.facts.thumbprint);
            }
        }
        key.modified = now;
        put(world, self.instance, self.database, Some(key));
        Ok(unsafe_yet)
    }
}

impl Request for DropEncryptionKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let (_, database) = encryptable(world, self.instance, self.database)?;
        match database.encryption_state(now) {
            EncryptionState::NoKey => Err(EncryptionRefusal::NoKey.into()),
            EncryptionState::Unencrypted => {
                put(world, self.instance, self.database, None);
                Ok(())
            }
            _ => Err(EncryptionRefusal::KeyInUse.into()),
        }
    }
}

/// A database whose encryption can be changed, and its instance.
pub(super) fn encryptable(
    world: &World,
    instance: InstanceId,
    database: DatabaseId,
) -> Result<(&Instance, &Arc<Database>), Refusal> {
    let instance = world
        .instance(instance)
        .expect("instance ids come from the world");
    let found = instance.databases.get(&database);
    let found = found.ok_or_else(|| crate::refusal::DatabaseRefusal::NotFound {
        name: database.to_string(),
    })?;
    if found.is_system() {
        return Err(EncryptionRefusal::SystemDatabase.into());
    }
    let server = instance.as_sql_server();
    let free = |edition, major| match edition {
        Edition::Express => false,
        // It came to Standard with 2019 (page "Editions and supported features").
        Edition::Standard => major >= 15,
        _ => true,
    };
    if server.is_some_and(|server| !free(server.edition, server.build.major)) {
        return Err(EncryptionRefusal::Edition.into());
    }
    // Where it may not be written for its role is told as for every other write.
    if found.state == DatabaseState::Online && !found.read_only {
        instance.check_writable(found)?;
        return Ok((instance, found));
    }
    Err(EncryptionRefusal::NotWritable.into())
}

/// A certificate of master that can protect keys: the server gets at its private key by itself.
fn usable_certificate<'a>(
    instance: &'a Instance,
    name: &Name,
) -> Result<&'a Arc<Certificate>, Refusal> {
    let found = instance.master().content.certificate(name.as_str());
    let name = || name.to_string();
    let found = found.ok_or_else(|| SecurityRefusal::CertificateNotFound { name: name() })?;
    match is_usable(found) {
        true => Ok(found),
        false => Err(EncryptionRefusal::CertificateUnusable { name: name() }.into()),
    }
}

pub(super) fn is_usable(certificate: &Certificate) -> bool {
    certificate.private_key == PrivateKey::MasterKey
}

/// Whether a certificate of master protects the key of any database of the instance.
pub(crate) fn encrypts_with(instance: &Instance, thumbprint: [u8; 20]) -> bool {
    instance.databases.values().any(|database| {
        let key = database.content.encryption_key.as_ref();
        key.is_some_and(|key| key.protector == Protector::Certificate(thumbprint))
    })
}

pub(super) fn put(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    key: Option<EncryptionKey>,
) {
    let op = Op::SetEncryptionKey(key.map(Arc::new));
    change(world, instance, database, vec![op]);
}
