//! ALTER DATABASE … SET ENCRYPTION ON and OFF, and the encryption of a managed instance's new databases.

use super::key::{encryptable, put};
use super::{EncryptionKey, KeyAlgorithm, Protector, ScanKind};
use crate::command::Request;
use crate::database::Database;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::Instance;
use crate::link::is_offered;
use crate::names::Name;
use crate::refusal::{EncryptionRefusal, LinkRefusal, Refusal};
use crate::world::World;

/// SET ENCRYPTION; ARM's `transparentDataEncryption` comes to the same.
#[derive(Clone, Copy, Debug)]
pub struct SwitchEncryption {
    /// The instance.
    pub instance: InstanceId,
    /// The database.
    pub database: DatabaseId,
    /// ON.
    pub on: bool,
}

impl Request for SwitchEncryption {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let (now, length) = (world.now(), world.span(Transition::EncryptionScan));
        let (instance, database) = encryptable(world, self.instance, self.database)?;
        let mut key = match &database.content.encryption_key {
            Some(key) => key.as_ref().clone(),
            // A managed instance makes the key by itself.
            None => match instance.as_managed_instance() {
                Some(mi) => {
                    let protector = mi.encryption.protector();
                    EncryptionKey::new(KeyAlgorithm::Aes256, protector, now)
                }
                None => return Err(EncryptionRefusal::NoKeySet.into()),
            },
        };
        match self.on {
            true if key.on => return Err(EncryptionRefusal::AlreadyOn.into()),
            false if !key.on => return Err(EncryptionRefusal::AlreadyOff.into()),
            false if key.running(now).is_some() => {
                return Err(EncryptionRefusal::ScanRunning.into());
            }
            _ => {}
        }
        if self.on {
            // A key that was left behind is protected anew, by what protects the instance's keys now.
            if let Some(mi) = instance.as_managed_instance()
                && !matches!(key.protector, Protector::Certificate(_))
            {
                key.protector = mi.encryption.protector();
            }
            if !instance.opens(&key.protector) {
                let thumbprint = key.protector.thumbprint(instance);
                return Err(EncryptionRefusal::ProtectorMissing { thumbprint }.into());
            }
            let by_service = key.protector == Protector::ServiceManaged;
            if by_service && is_offered(world, instance.id, &database.name) {
                let database = database.name.to_string();
                return Err(EncryptionRefusal::OfferedByLink { database }.into());
            }
        }
        let event = EventKind::EncryptionSwitched {
            instance: instance.name.to_string(),
            database: database.name.to_string(),
            on: self.on,
        };
        key.on = self.on;
        key.switched = Some(now);
        key.modified = now;
        let kind = match self.on {
            true => ScanKind::Encryption,
            false => ScanKind::Decryption,
        };
        key.begin(kind, now, length);
        put(world, self.instance, self.database, Some(key));
        world.record(event);
        Ok(())
    }
}

/// A database that only the service's own key opens cannot leave the instance (message 41979).
pub(crate) fn check_offered(world: &World, database: &Database) -> Result<(), LinkRefusal> {
    match database.needs_service_key(world.now()) {
        true => Err(LinkRefusal::EncryptedByService {
            database: database.name.to_string(),
        }),
        false => Ok(()),
    }
}

/// The key of a database that is made on an instance that encrypts what is new.
pub(crate) fn encrypt_new(
    world: &World,
    instance: &Instance,
    name: &Name,
) -> Option<EncryptionKey> {
    let now = world.now();
    let mi = instance.as_managed_instance()?;
    let wanted = mi.encryption.new_databases && !is_offered(world, instance.id, name);
    wanted.then(|| {
        let protector = mi.encryption.protector();
        let key = EncryptionKey::new(KeyAlgorithm::Aes256, protector, now);
        EncryptionKey {
            on: true,
            switched: Some(now),
            ..key
        }
    })
}
