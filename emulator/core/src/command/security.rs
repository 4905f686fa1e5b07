//! Master keys, certificates, logins, users and permissions.

use std::sync::Arc;

use super::Request;
use crate::certificate::{Certificate, CertificateFacts, MasterKey, PrivateKey};
use crate::database::Database;
use crate::event::EventKind;
use crate::ids::{CertificateId, DatabaseId, InstanceId, PrincipalId};
use crate::names::Name;
use crate::principal::{Login, LoginKind, PermissionState, Securable, ServerPermission, User};
use crate::refusal::{Refusal, SecurityRefusal};
use crate::store::{LogKind, Op};
use crate::world::World;

/// CREATE MASTER KEY.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CreateMasterKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub password: Arc<str>,
}

/// DROP MASTER KEY.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct DropMasterKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
}

/// CREATE CERTIFICATE: the facts were made or read by the program around the core.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CreateCertificate {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
    /// AUTHORIZATION; none is dbo.
    pub owner: Option<Name>,
    pub facts: CertificateFacts,
    pub private_key: PrivateKey,
    pub active_for_begin_dialog: bool,
}

/// ALTER CERTIFICATE … REMOVE PRIVATE KEY.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct RemovePrivateKey {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
}

/// DROP CERTIFICATE.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct DropCertificate {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
}

/// `sp_certificate_add_issuer`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct AddCertificateIssuer {
    pub instance: InstanceId,
    pub certificate: CertificateId,
    pub dns: Arc<str>,
}

/// CREATE LOGIN.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CreateLogin {
    pub instance: InstanceId,
    pub name: Name,
    pub kind: LoginKind,
    pub default_database: Option<Name>,
    pub sid: Option<Arc<[u8]>>,
}

/// ALTER LOGIN.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct AlterLogin {
    pub instance: InstanceId,
    pub name: Name,
    pub password: Option<Arc<str>>,
    pub disabled: Option<bool>,
    pub default_database: Option<Name>,
    pub sysadmin: Option<bool>,
    pub rename: Option<Name>,
}

/// DROP LOGIN.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct DropLogin {
    pub instance: InstanceId,
    pub name: Name,
}

/// CREATE USER.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct CreateUser {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
    /// FOR LOGIN; none is WITHOUT LOGIN.
    pub login: Option<Name>,
}

/// DROP USER.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct DropUser {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
}

/// GRANT, DENY or REVOKE of a server permission.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct SetServerPermission {
    pub instance: InstanceId,
    pub securable: Securable,
    pub permission: String,
    pub grantee: Name,
    pub grantor: PrincipalId,
    /// None revokes.
    pub state: Option<PermissionState>,
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
            password: self.password,
        };
        change(
            world,
            self.instance,
            self.database,
            vec![Op::SetMasterKey(Some(Arc::new(key)))],
        );
        Ok(())
    }
}

impl Request for DropMasterKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let database = target(world, self.instance, self.database)?;
        if database.content.master_key.is_none() {
            return Err(SecurityRefusal::NoMasterKey.into());
        }
        let protected = database.content.certificates.values();
        if let Some(certificate) = protected
            .into_iter()
            .find(|c| c.private_key == PrivateKey::MasterKey)
        {
            let what = format!("certificate '{}'", certificate.name);
            return Err(SecurityRefusal::MasterKeyInUse { what }.into());
        }
        change(
            world,
            self.instance,
            self.database,
            vec![Op::SetMasterKey(None)],
        );
        Ok(())
    }
}

impl Request for CreateCertificate {
    type Reply = CertificateId;

    fn apply(self, world: &mut World) -> Result<CertificateId, Refusal> {
        let database = target(world, self.instance, self.database)?;
        let content = &database.content;
        if self.private_key == PrivateKey::MasterKey && content.master_key.is_none() {
            return Err(SecurityRefusal::NoMasterKey.into());
        }
        let same = |other: &&Arc<Certificate>| {
            other.name == self.name || other.facts.thumbprint == self.facts.thumbprint
        };
        if content.certificates.values().find(same).is_some() {
            return Err(SecurityRefusal::CertificateExists {
                name: self.name.to_string(),
            }
            .into());
        }
        let owner = match &self.owner {
            None => PrincipalId(1),
            Some(owner) => {
                let user = content.user(owner.as_str());
                user.ok_or_else(|| SecurityRefusal::UserNotFound {
                    name: owner.to_string(),
                })?
                .id
            }
        };
        // The first user certificate of a database has id 256.
        let last = content.certificates.get_max().map_or(255, |(id, _)| id.0);
        let id = CertificateId(last.max(255) + 1);
        let name = self.name.to_string();
        let certificate = Certificate {
            id,
            name: self.name,
            owner,
            facts: self.facts,
            private_key: self.private_key,
            active_for_begin_dialog: self.active_for_begin_dialog,
            issuer_for: Vec::new(),
            private_key_backup: None,
        };
        change(
            world,
            self.instance,
            self.database,
            vec![Op::PutCertificate(Arc::new(certificate))],
        );
        let instance = world.instance_mut(self.instance).name.to_string();
        world.record(EventKind::CertificateCreated {
            instance,
            certificate: name,
        });
        Ok(id)
    }
}

impl Request for RemovePrivateKey {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let database = target(world, self.instance, self.database)?;
        let certificate = find_certificate(database, &self.name)?;
        if certificate.private_key == PrivateKey::None {
            return Err(SecurityRefusal::NoPrivateKey {
                name: self.name.to_string(),
            }
            .into());
        }
        let changed = Certificate {
            private_key: PrivateKey::None,
            ..(**certificate).clone()
        };
        change(
            world,
            self.instance,
            self.database,
            vec![Op::PutCertificate(Arc::new(changed))],
        );
        Ok(())
    }
}

impl Request for DropCertificate {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let database = target(world, self.instance, self.database)?;
        let id = find_certificate(database, &self.name)?.id;
        let endpoint = &world.instance_mut(self.instance).endpoint;
        if self.database == DatabaseId(1)
            && let Some(endpoint) = endpoint
            && endpoint.authentication.certificate() == Some(id)
        {
            let by = format!("endpoint '{}'", endpoint.name);
            return Err(SecurityRefusal::CertificateInUse {
                name: self.name.to_string(),
                by,
            }
            .into());
        }
        change(
            world,
            self.instance,
            self.database,
            vec![Op::DropCertificate { id }],
        );
        Ok(())
    }
}

impl Request for AddCertificateIssuer {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let master = DatabaseId(1);
        let database = target(world, self.instance, master)?;
        let not_found = || SecurityRefusal::CertificateNotFound {
            name: self.certificate.to_string(),
        };
        let certificate = database
            .content
            .certificates
            .get(&self.certificate)
            .ok_or_else(not_found)?;
        let name = certificate.name.to_string();
        if certificate
            .issuer_for
            .iter()
            .any(|dns| dns.eq_ignore_ascii_case(&self.dns))
        {
            return Err(SecurityRefusal::IssuerExists {
                name,
                dns: self.dns.to_string(),
            }
            .into());
        }
        let mut changed = (**certificate).clone();
        changed.issuer_for.push(self.dns);
        change(
            world,
            self.instance,
            master,
            vec![Op::PutCertificate(Arc::new(changed))],
        );
        let instance = world.instance_mut(self.instance).name.to_string();
        world.record(EventKind::CertificateTrusted {
            instance,
            certificate: name,
        });
        Ok(())
    }
}

impl Request for CreateLogin {
    type Reply = PrincipalId;

    fn apply(self, world: &mut World) -> Result<PrincipalId, Refusal> {
        let now = world.now();
        let sid = match self.sid {
            Some(sid) => sid,
            None => world.ids.next_guid().as_bytes().to_vec().into(),
        };
        let instance = world.instance_mut(self.instance);
        if instance.login(self.name.as_str()).is_some() {
            return Err(SecurityRefusal::LoginExists {
                name: self.name.to_string(),
            }
            .into());
        }
        let last = instance.logins.get_max().map_or(256, |(id, _)| id.0);
        let id = PrincipalId(last.max(256) + 1);
        let login = Login {
            id,
            name: self.name,
            sid,
            kind: self.kind,
            disabled: false,
            default_database: self.default_database.unwrap_or_else(|| Name::new("master")),
            created: now,
            modified: now,
            sysadmin: false,
        };
        instance.logins.insert(id, Arc::new(login));
        Ok(id)
    }
}

impl Request for AlterLogin {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        let id = find_login(instance, &self.name)?.id;
        if let Some(new) = &self.rename
            && instance
                .login(new.as_str())
                .is_some_and(|other| other.id != id)
        {
            return Err(SecurityRefusal::LoginExists {
                name: new.to_string(),
            }
            .into());
        }
        let login = Arc::make_mut(instance.logins.get_mut(&id).expect("found a moment ago"));
        if login.kind == LoginKind::Role {
            return Err(SecurityRefusal::PrincipalFixed {
                name: self.name.to_string(),
            }
            .into());
        }
        if let Some(password) = self.password {
            login.kind = LoginKind::Sql { password };
        }
        login.disabled = self.disabled.unwrap_or(login.disabled);
        login.sysadmin = self.sysadmin.unwrap_or(login.sysadmin);
        if let Some(database) = self.default_database {
            login.default_database = database;
        }
        if let Some(name) = self.rename {
            login.name = name;
        }
        login.modified = now;
        Ok(())
    }
}

impl Request for DropLogin {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let login = find_login(instance, &self.name)?;
        let id = login.id;
        if id.0 <= 256 {
            return Err(SecurityRefusal::PrincipalFixed {
                name: self.name.to_string(),
            }
            .into());
        }
        if instance
            .sessions
            .values()
            .any(|session| session.login == id)
        {
            return Err(SecurityRefusal::LoginInUse {
                name: self.name.to_string(),
            }
            .into());
        }
        instance.logins.remove(&id);
        instance.permissions = instance
            .permissions
            .iter()
            .filter(|permission| permission.grantee != id)
            .cloned()
            .collect();
        Ok(())
    }
}

impl Request for CreateUser {
    type Reply = PrincipalId;

    fn apply(self, world: &mut World) -> Result<PrincipalId, Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        if let Some(login) = &self.login {
            find_login(instance, login)?;
        }
        let database = target(world, self.instance, self.database)?;
        if database.content.user(self.name.as_str()).is_some() {
            return Err(SecurityRefusal::UserExists {
                name: self.name.to_string(),
            }
            .into());
        }
        let users = &database.content.users;
        if let Some(login) = &self.login
            && let Some(user) = users
                .values()
                .find(|user| user.login.as_ref() == Some(login))
        {
            let user = user.name.to_string();
            return Err(SecurityRefusal::LoginHasUser {
                login: login.to_string(),
                user,
            }
            .into());
        }
        let id = (5..)
            .map(PrincipalId)
            .find(|id| !users.contains_key(id))
            .expect("ids are plenty");
        let user = User {
            id,
            name: self.name,
            login: self.login,
            is_role: false,
            is_fixed: false,
            created: now,
        };
        change(
            world,
            self.instance,
            self.database,
            vec![Op::CreateUser(Arc::new(user))],
        );
        Ok(id)
    }
}

impl Request for DropUser {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let database = target(world, self.instance, self.database)?;
        let name = || self.name.to_string();
        let user = database.content.user(self.name.as_str());
        let user = user.ok_or_else(|| SecurityRefusal::UserNotFound { name: name() })?;
        if user.is_fixed {
            return Err(SecurityRefusal::PrincipalFixed { name: name() }.into());
        }
        let id = user.id;
        change(
            world,
            self.instance,
            self.database,
            vec![Op::DropUser { id }],
        );
        Ok(())
    }
}

impl Request for SetServerPermission {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let grantee = find_login(instance, &self.grantee)?.id;
        instance.permissions = instance
            .permissions
            .iter()
            .filter(|held| {
                held.securable != self.securable
                    || held.grantee != grantee
                    || !held.permission.eq_ignore_ascii_case(&self.permission)
            })
            .cloned()
            .collect();
        if let Some(state) = self.state {
            instance.permissions.insert(ServerPermission {
                securable: self.securable,
                grantee,
                grantor: self.grantor,
                permission: self.permission,
                state,
            });
        }
        Ok(())
    }
}

/// The database, if it can be written to.
fn target(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
) -> Result<&Database, Refusal> {
    let instance = world
        .instance(instance)
        .expect("instance ids come from the world");
    let database = instance.databases.get(&database).ok_or_else(|| {
        crate::refusal::DatabaseRefusal::NotFound {
            name: database.to_string(),
        }
    })?;
    instance.check_writable(database)?;
    Ok(database)
}

/// Changes the content of a database through its log, as a transaction of its own.
pub(crate) fn change(world: &mut World, instance: InstanceId, database: DatabaseId, ops: Vec<Op>) {
    let now = world.now();
    let instance_ref = world.instance_mut(instance);
    instance_ref.next_transaction += 1;
    let transaction = crate::ids::TransactionId(instance_ref.next_transaction);
    let Some(target) = instance_ref.database_mut(database) else {
        return;
    };
    for op in &ops {
        target.content.apply(op);
    }
    target.version += 1;
    target
        .log
        .append(now, transaction, LogKind::Commit(ops.into()));
    world.committed(instance, database, now);
}

fn find_certificate<'a>(
    database: &'a Database,
    name: &Name,
) -> Result<&'a Arc<Certificate>, Refusal> {
    let found = database.content.certificate(name.as_str());
    found.ok_or_else(|| {
        SecurityRefusal::CertificateNotFound {
            name: name.to_string(),
        }
        .into()
    })
}

fn find_login<'a>(
    instance: &'a crate::instance::Instance,
    name: &Name,
) -> Result<&'a Arc<Login>, Refusal> {
    let found = instance.login(name.as_str());
    found.ok_or_else(|| {
        SecurityRefusal::LoginNotFound {
            name: name.to_string(),
        }
        .into()
    })
}
