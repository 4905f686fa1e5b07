//! CREATE, ALTER and DROP CERTIFICATE, and whom a certificate may vouch for.

use std::sync::Arc;

use super::{change, find_certificate, target};
use crate::calendar::{self, Place};
use crate::certificate::{Certificate, CertificateFacts, PrivateKey};
use crate::command::Request;
use crate::encryption::encrypts_with;
use crate::event::EventKind;
use crate::ids::{CertificateId, DatabaseId, InstanceId, PrincipalId};
use crate::names::Name;
use crate::refusal::{EncryptionRefusal, Refusal, SecurityRefusal};
use crate::store::Op;
use crate::world::World;

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

/// ALTER CERTIFICATE, and what BACKUP CERTIFICATE leaves behind.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are what their names say")]
pub struct AlterCertificate {
    pub instance: InstanceId,
    pub database: DatabaseId,
    pub name: Name,
    pub change: CertificateChange,
}

/// What ALTER CERTIFICATE does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateChange {
    /// REMOVE PRIVATE KEY.
    RemovePrivateKey,
    /// WITH PRIVATE KEY (FILE = …): the key of the certificate with this thumbprint, protected so.
    ImportPrivateKey([u8; 20], PrivateKey),
    /// WITH PRIVATE KEY (DECRYPTION …, ENCRYPTION …): the password that opens it now, if one is said, and what protects
    /// it from now on.
    Protect(Option<Arc<str>>, PrivateKey),
    /// WITH ACTIVE FOR BEGIN_DIALOG.
    ActiveForBeginDialog(bool),
    /// BACKUP CERTIFICATE … WITH PRIVATE KEY has written the key out.
    BackedUp,
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
        if self.database == DatabaseId(1) {
            calendar::note_expiry(world, Place::Master(self.instance), &self.facts);
        }
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

impl Request for AlterCertificate {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let database = target(world, self.instance, self.database)?;
        let mut changed = find_certificate(database, &self.name)?.as_ref().clone();
        let name = || self.name.to_string();
        let is_there = changed.private_key != PrivateKey::None;
        match self.change {
            CertificateChange::RemovePrivateKey | CertificateChange::Protect(..) if !is_there => {
                return Err(SecurityRefusal::NoPrivateKey { name: name() }.into());
            }
            CertificateChange::RemovePrivateKey => changed.private_key = PrivateKey::None,
            CertificateChange::ImportPrivateKey(..) if is_there => {
                return Err(SecurityRefusal::PrivateKeyExists { name: name() }.into());
            }
            CertificateChange::ImportPrivateKey(thumbprint, protection) => {
                if thumbprint != changed.facts.thumbprint {
                    return Err(SecurityRefusal::OtherPrivateKey { name: name() }.into());
                }
                changed.private_key = protection;
            }
            CertificateChange::Protect(password, protection) => {
                check_private_key_password(&changed, password.as_deref())?;
                changed.private_key = protection;
            }
            CertificateChange::ActiveForBeginDialog(active) => {
                changed.active_for_begin_dialog = active;
            }
            CertificateChange::BackedUp => changed.private_key_backup = Some(now),
        }
        let needs_master_key = changed.private_key == PrivateKey::MasterKey;
        if needs_master_key && database.content.master_key.is_none() {
            return Err(SecurityRefusal::NoMasterKey.into());
        }
        if !needs_master_key {
            check_encrypts_nothing(world, self.instance, self.database, &changed)?;
            check_unused(world, self.instance, self.database, &changed)?;
        }
        let op = Op::PutCertificate(Arc::new(changed));
        change(world, self.instance, self.database, vec![op]);
        Ok(())
    }
}

/// Whether a password, or none, opens the private key of a certificate.
///
/// # Errors
///
/// There is no private key, or it opens otherwise.
pub fn check_private_key_password(
    certificate: &Certificate,
    password: Option<&str>,
) -> Result<(), SecurityRefusal> {
    match (&certificate.private_key, password) {
        (PrivateKey::None, _) => Err(SecurityRefusal::NoPrivateKey {
            name: certificate.name.to_string(),
        }),
        (PrivateKey::MasterKey, None) => Ok(()),
        (PrivateKey::Password(known), Some(password)) if **known == *password => Ok(()),
        _ => Err(SecurityRefusal::WrongPrivateKeyPassword),
    }
}

/// Whether no endpoint authenticates with a certificate.
fn check_unused(
    world: &World,
    instance: InstanceId,
    database: DatabaseId,
    certificate: &Certificate,
) -> Result<(), Refusal> {
    let endpoint = world
        .instance(instance)
        .and_then(|instance| instance.endpoint.as_ref());
    match endpoint {
        Some(endpoint)
            if database == DatabaseId(1)
                && endpoint.authentication.certificate() == Some(certificate.id) =>
        {
            Err(SecurityRefusal::CertificateInUse {
                name: certificate.name.to_string(),
                by: format!("endpoint '{}'", endpoint.name),
            }
            .into())
        }
        _ => Ok(()),
    }
}

/// Whether a certificate of master protects no database's encryption key.
fn check_encrypts_nothing(
    world: &World,
    instance: InstanceId,
    database: DatabaseId,
    certificate: &Certificate,
) -> Result<(), Refusal> {
    let instance = world
        .instance(instance)
        .filter(|_| database == DatabaseId(1));
    let thumbprint = certificate.facts.thumbprint;
    match instance.is_some_and(|instance| encrypts_with(instance, thumbprint)) {
        true => Err(EncryptionRefusal::CertificateUsed {
            name: certificate.name.to_string(),
        }
        .into()),
        false => Ok(()),
    }
}

impl Request for DropCertificate {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let database = target(world, self.instance, self.database)?;
        let certificate = Arc::clone(find_certificate(database, &self.name)?);
        check_encrypts_nothing(world, self.instance, self.database, &certificate)?;
        check_unused(world, self.instance, self.database, &certificate)?;
        let id = certificate.id;
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
