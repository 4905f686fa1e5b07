//! Partner certificates uploaded to a managed instance (`serverTrustCertificates`).

use std::sync::Arc;

use super::managed_instance::{not_busy, start_on};
use super::{Pending, check_name};
use crate::calendar::{self, Place};
use crate::certificate::CertificateFacts;
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{InstanceId, OperationId};
use crate::names::Name;
use crate::refusal::{AzureRefusal, Refusal};
use crate::world::World;

/// PUT of a partner certificate.
#[derive(Clone, Debug)]
pub struct WriteTrustCertificate {
    /// The managed instance.
    pub instance: InstanceId,
    /// The certificate's name.
    pub name: Name,
    /// What it is.
    pub facts: CertificateFacts,
}

/// DELETE of a partner certificate. Answers no operation if there was none.
#[derive(Clone, Debug)]
pub struct DeleteTrustCertificate {
    /// The managed instance.
    pub instance: InstanceId,
    /// The certificate's name.
    pub name: Name,
}

const STEM: &str = "serverTrustCertificates";

impl Request for WriteTrustCertificate {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        check_name(
            "Microsoft.Sql/managedInstances/serverTrustCertificates",
            self.name.as_str(),
        )?;
        not_busy(world, self.instance)?;
        is_new(world, self.instance, &self.name, &self.facts)?;
        let words = ("UpsertManagedInstanceServerTrustCertificate", STEM);
        let tail = format!("/serverTrustCertificates/{}", self.name);
        let operation = start_on(world, words, self.instance, &tail);
        let pending = Pending::WriteCertificate(self.instance, self.name, Arc::new(self.facts));
        world.when_over(operation, Transition::CertificateWrite, pending);
        Ok(operation)
    }
}

impl Request for DeleteTrustCertificate {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let instance = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let managed = instance.as_managed_instance();
        if !managed.is_some_and(|managed| managed.trust_certificates.contains_key(&self.name)) {
            return Ok(None);
        }
        not_busy(world, self.instance)?;
        let words = ("DeleteManagedInstanceServerTrustCertificate", STEM);
        let tail = format!("/serverTrustCertificates/{}", self.name);
        let operation = start_on(world, words, self.instance, &tail);
        let pending = Pending::DeleteCertificate(self.instance, self.name);
        world.when_over(operation, Transition::CertificateWrite, pending);
        Ok(Some(operation))
    }
}

/// The certificate is trusted from now on.
pub(super) fn finish_write(
    world: &mut World,
    instance: InstanceId,
    name: Name,
    facts: Arc<CertificateFacts>,
) -> Result<(), Refusal> {
    if world.instance(instance).is_none() {
        return Ok(());
    }
    is_new(world, instance, &name, &facts)?;
    let id = instance;
    let instance = world.instance_mut(id);
    let server = instance.name.to_string();
    let certificate = name.to_string();
    if let Some(managed) = instance.as_managed_instance_mut()
        && !managed.trust_certificates.contains_key(&name)
    {
        managed.trust_certificates.insert(name, Arc::clone(&facts));
        calendar::note_expiry(world, Place::Uploaded(id), &facts);
        world.record(EventKind::CertificateTrusted {
            instance: server,
            certificate,
        });
    }
    Ok(())
}

/// The certificate is not trusted any longer.
pub(super) fn finish_deletion(world: &mut World, instance: InstanceId, name: &Name) {
    if world.instance(instance).is_some()
        && let Some(managed) = world.instance_mut(instance).as_managed_instance_mut()
    {
        managed.trust_certificates.remove(name);
        world.record(EventKind::ResourceDeleted {
            resource: format!("serverTrustCertificates/{name}"),
        });
    }
}

/// Neither the name nor the certificate is there already; the very same pair is no conflict (guess).
fn is_new(
    world: &World,
    instance: InstanceId,
    name: &Name,
    facts: &CertificateFacts,
) -> Result<(), AzureRefusal> {
    let instance = world
        .instance(instance)
        .expect("instance ids come from the world");
    let managed = instance
        .as_managed_instance()
        .expect("asked for a managed instance");
    let conflict = managed
        .trust_certificates
        .iter()
        .find(|(other, have)| (*other == name) != (have.thumbprint == facts.thumbprint));
    match conflict {
        None => Ok(()),
        Some((other, _)) => Err(AzureRefusal::CertificateExists {
            name: other.to_string(),
        }),
    }
}
