//! The database master key: CREATE, ALTER, OPEN, CLOSE, RESTORE and DROP MASTER KEY.

use std::sync::Arc;

use super::{change, target};
use crate::certificate::{MasterKey, PrivateKey};
use crate::command::Request;
use crate::ids::{DatabaseId, InstanceId, SessionId};
use crate::refusal::{Refusal, SecurityRefusal};
use crate::store::Op;
use crate::world::World;

/// CREATE MASTER KEY.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CreateMasterKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub password: Arc<str>,
}

/// ALTER MASTER KEY, and RESTORE MASTER KEY.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct AlterMasterKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
    /// The session, which may have opened the key.
    pub session: SessionId,
    pub change: MasterKeyChange,
}

/// What ALTER MASTER KEY does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterKeyChange {
    /// `[FORCE]` REGENERATE WITH ENCRYPTION BY PASSWORD; also what RESTORE MASTER KEY comes to.
    Regenerate {
        /// FORCE: the old key need not be open.
        force: bool,
        /// The only password from now on.
        password: Arc<str>,
    },
    /// ADD or DROP ENCRYPTION BY SERVICE MASTER KEY.
    ServerEncryption(bool),
    /// ADD ENCRYPTION BY PASSWORD.
    AddPassword(Arc<str>),
    /// DROP ENCRYPTION BY PASSWORD.
    DropPassword(Arc<str>),
}

/// OPEN MASTER KEY: for the session, until it closes the key or ends.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct OpenMasterKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub session: SessionId,
    pub password: Arc<str>,
}

/// CLOSE MASTER KEY: only what the session has opened itself.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CloseMasterKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub session: SessionId,
}

/// DROP MASTER KEY.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct DropMasterKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
}

impl Request for CreateMasterKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let guid = world.ids.next_guid();
        let database = target(world, self.instance, self.database)?;
        if database.content.master_key.is_some() {
            return Err(SecurityRefusal::MasterKeyExists.into());
        }
        let key = MasterKey {
            created: now,
            modified: now,
            guid,
            encrypted_by_server: true,
            passwords: vec![self.password],
        };
        put(world, self.instance, self.database, Some(key));
        Ok(())
    }
}

impl Request for AlterMasterKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let (now, guid) = (world.now(), world.ids.next_guid());
        let mut key = key_of(world, self.instance, self.database)?;
        let instance = world.instance_mut(self.instance);
        let is_open = instance.opens_master_key(self.database, self.session);
        match self.change {
            MasterKeyChange::Regenerate { force, password } => {
                if !is_open && !force {
                    return Err(SecurityRefusal::OldMasterKeyClosed.into());
                }
                key.guid = guid;
                key.passwords = vec![password];
            }
            _ if !is_open => return Err(SecurityRefusal::NoMasterKey.into()),
            MasterKeyChange::ServerEncryption(wanted) => {
                if key.encrypted_by_server == wanted {
                    return Err(SecurityRefusal::ServerEncryptionAlready { wanted }.into());
                }
                key.encrypted_by_server = wanted;
            }
            MasterKeyChange::AddPassword(password) => {
                if key.passwords.len() >= MOST_PASSWORDS || key.passwords.contains(&password) {
                    return Err(SecurityRefusal::MasterKeyPasswordExists.into());
                }
                key.passwords.push(password);
            }
            MasterKeyChange::DropPassword(password) => {
                let at = key.passwords.iter().position(|known| *known == password);
                let at = at.ok_or(SecurityRefusal::WrongMasterKeyPassword)?;
                if key.passwords.len() == 1 {
                    return Err(SecurityRefusal::LastMasterKeyPassword.into());
                }
                key.passwords.remove(at);
            }
        }
        key.modified = now;
        put(world, self.instance, self.database, Some(key));
        Ok(())
    }
}

/// How many passwords a master key has at most (guess: the product names no limit).
const MOST_PASSWORDS: usize = 64;

impl Request for OpenMasterKey {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let key = key_of(world, self.instance, self.database)?;
        if !key.passwords.contains(&self.password) {
            return Err(SecurityRefusal::WrongMasterKeyPassword.into());
        }
        let instance = world.instance_mut(self.instance);
        if instance.sessions.contains_key(&self.session) {
            instance.open_keys.insert((self.session, self.database));
        }
        Ok(())
    }
}

impl Request for CloseMasterKey {
    type Reply = ();
    const CONCERNS_LINKS: bool = false;

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let open_keys = &mut world.instance_mut(self.instance).open_keys;
        match open_keys.remove(&(self.session, self.database)) {
            Some(_) => Ok(()),
            None => Err(SecurityRefusal::MasterKeyNotOpen.into()),
        }
    }
}

impl Request for DropMasterKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let database = target(world, self.instance, self.database)?;
        if database.content.master_key.is_none() {
            return Err(SecurityRefusal::NoMasterKey.into());
        }
        let mut certificates = database.content.certificates.values();
        if let Some(certificate) = certificates.find(|c| c.private_key == PrivateKey::MasterKey) {
            let what = format!("certificate '{}'", certificate.name);
            return Err(SecurityRefusal::MasterKeyInUse { what }.into());
        }
        put(world, self.instance, self.database, None);
        world
            .instance_mut(self.instance)
            .forget_open_keys(self.database);
        Ok(())
    }
}

fn key_of(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
) -> Result<MasterKey, Refusal> {
    let database = target(world, instance, database)?;
    let key = database.content.master_key.as_deref().cloned();
    Ok(key.ok_or(SecurityRefusal::NoMasterKey)?)
}

fn put(world: &mut World, instance: InstanceId, database: DatabaseId, key: Option<MasterKey>) {
    let op = Op::SetMasterKey(key.map(Arc::new));
    change(world, instance, database, vec![op]);
}
