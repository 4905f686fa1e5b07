//! What a managed instance encrypts with: uploaded certificates, keys of vaults, and its protector.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::key::put;
use super::{Protector, VaultKey};
use crate::azure::not_busy;
use crate::command::Request;
use crate::ids::{DatabaseId, InstanceId};
use crate::link::is_offered;
use crate::names::Name;
use crate::refusal::{EncryptionRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::World;

/// The name of the service's own key among an instance's keys.
pub const SERVICE_MANAGED: &str = "ServiceManaged";

/// What a managed instance encrypts databases with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstanceEncryption {
    /// Thumbprints of certificates whose private keys were uploaded (ARM `tdeCertificates`).
    pub certificates: OrdSet<[u8; 20]>,
    /// The keys of vaults that it may use, by their names.
    pub keys: OrdMap<Name, ServerKey>,
    /// The name of the vault's key that protects its databases; none is the service's own key.
    pub vault_key: Option<Name>,
    /// `autoRotationEnabled`: kept, and nothing comes of it.
    pub auto_rotation: bool,
    /// Whether databases that are made on it are encrypted from the start.
    pub new_databases: bool,
}

/// A key of a vault that an instance may use (ARM `keys`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKey {
    /// The key.
    pub key: VaultKey,
    /// When the instance got it.
    pub created: Timestamp,
    /// `autoRotationEnabled`.
    pub auto_rotation: bool,
}

/// What an instance's databases are protected by, as ARM asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtectorChoice {
    /// `ServiceManaged`.
    Service,
    /// `AzureKeyVault`: the name of one of its keys.
    Vault(Name),
}

/// POST `tdeCertificates`.
#[derive(Clone, Debug)]
pub struct UploadTdeCertificate {
    /// The managed instance.
    pub instance: InstanceId,
    /// The certificate whose private key was sent.
    pub thumbprint: [u8; 20],
}

/// PUT of a key.
#[derive(Clone, Debug)]
pub struct WriteServerKey {
    /// The managed instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
    /// Which.
    pub key: VaultKey,
    /// `autoRotationEnabled`.
    pub auto_rotation: bool,
}

/// DELETE of a key.
#[derive(Clone, Debug)]
pub struct DeleteServerKey {
    /// The managed instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
}

/// PUT of `encryptionProtector/current`.
#[derive(Clone, Debug)]
pub struct SetProtector {
    /// The managed instance.
    pub instance: InstanceId,
    /// What protects its databases from now on.
    pub protector: ProtectorChoice,
    /// `autoRotationEnabled`.
    pub auto_rotation: bool,
}

/// Says whether databases made on an instance from now on are encrypted.
#[derive(Clone, Copy, Debug)]
pub struct SetNewDatabases {
    /// The managed instance.
    pub instance: InstanceId,
    /// Whether they are.
    pub encrypted: bool,
}

impl InstanceEncryption {
    /// What protects the databases that the instance encrypts.
    pub fn protector(&self) -> Protector {
        let key = self.vault_key.as_ref().and_then(|name| self.keys.get(name));
        key.map_or(Protector::ServiceManaged, |key| {
            Protector::Vault(key.key.clone())
        })
    }
}

impl Request for UploadTdeCertificate {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        not_busy(world, self.instance)?;
        encryption_mut(world, self.instance)
            .certificates
            .insert(self.thumbprint);
        Ok(())
    }
}

impl Request for WriteServerKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        not_busy(world, self.instance)?;
        let now = world.now();
        let encryption = encryption_mut(world, self.instance);
        let before = encryption.keys.get(&self.name);
        let created = before.map_or(now, |before| before.created);
        let key = ServerKey {
            key: self.key,
            created,
            auto_rotation: self.auto_rotation,
        };
        encryption.keys.insert(self.name, key);
        Ok(())
    }
}

impl Request for DeleteServerKey {
    /// Whether there was such a key.
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        not_busy(world, self.instance)?;
        let instance = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let encryption = instance.as_managed_instance().map(|mi| &mi.encryption);
        let found = encryption.and_then(|encryption| encryption.keys.get(&self.name));
        let Some(found) = found else {
            return Ok(false);
        };
        let protector = Protector::Vault(found.key.clone());
        let current = encryption.and_then(|encryption| encryption.vault_key.as_ref());
        let in_use = current == Some(&self.name)
            || instance.databases.values().any(|database| {
                let key = database.content.encryption_key.as_ref();
                key.is_some_and(|key| key.protector == protector)
            });
        if in_use {
            let name = self.name.to_string();
            return Err(EncryptionRefusal::ServerKeyInUse { name }.into());
        }
        encryption_mut(world, self.instance).keys.remove(&self.name);
        Ok(true)
    }
}

impl Request for SetProtector {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        not_busy(world, self.instance)?;
        let now = world.now();
        let instance = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let mi = instance.as_managed_instance();
        let mut encryption = mi.map_or_else(Default::default, |mi| {
            InstanceEncryption::clone(&mi.encryption)
        });
        encryption.auto_rotation = self.auto_rotation;
        encryption.vault_key = match self.protector {
            ProtectorChoice::Service => None,
            ProtectorChoice::Vault(name) if encryption.keys.contains_key(&name) => Some(name),
            ProtectorChoice::Vault(name) => {
                let name = name.to_string();
                return Err(EncryptionRefusal::ServerKeyNotFound { name }.into());
            }
        };
        let protector = encryption.protector();
        // What the instance protects itself and may write is protected anew; what follows a primary gets it from there.
        let databases = instance.databases.values();
        let own = databases.filter(|database| {
            let key = database.content.encryption_key.as_ref();
            key.is_some_and(|key| {
                !matches!(key.protector, Protector::Certificate(_)) && key.protector != protector
            }) && instance.check_writable(database).is_ok()
        });
        let own: Vec<_> = own.cloned().collect();
        if protector == Protector::ServiceManaged {
            let mut offered = own.iter();
            let offered = offered.find(|found| {
                found.is_encrypted(now) && is_offered(world, self.instance, &found.name)
            });
            if let Some(found) = offered {
                let database = found.name.to_string();
                return Err(EncryptionRefusal::ProtectorOfLink { database }.into());
            }
        }
        *encryption_mut(world, self.instance) = encryption;
        for database in own {
            protect(world, self.instance, database.id, &protector, now);
        }
        Ok(())
    }
}

impl Request for SetNewDatabases {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        encryption_mut(world, self.instance).new_databases = self.encrypted;
        Ok(())
    }
}

/// Only the key is encrypted anew: no page is touched.
fn protect(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    protector: &Protector,
    now: Timestamp,
) {
    let found = world
        .instance(instance)
        .and_then(|instance| instance.databases.get(&database));
    let key = found.and_then(|database| database.content.encryption_key.as_ref());
    if let Some(key) = key {
        let mut key = key.as_ref().clone();
        key.protector = protector.clone();
        key.modified = now;
        put(world, instance, database, Some(key));
    }
}

fn encryption_mut(world: &mut World, instance: InstanceId) -> &mut InstanceEncryption {
    let instance = world.instance_mut(instance).as_managed_instance_mut();
    let instance = instance.expect("only managed instances are asked for");
    Arc::make_mut(&mut instance.encryption)
}
