//! The service gives a managed instance's mirroring endpoint another certificate, as it does before one expires.

use crate::calendar::{self, Place};
use crate::certificate::CertificateFacts;
use crate::command::Request;
use crate::event::EventKind;
use crate::ids::InstanceId;
use crate::refusal::Refusal;
use crate::world::World;

/// Rotates the endpoint certificate. Nobody can ask Azure for it: it is the service's own doing.
#[derive(Clone, Debug)]
pub struct RotateEndpointCertificate {
    /// The managed instance.
    pub instance: InstanceId,
    /// The new certificate.
    pub facts: CertificateFacts,
}

/// How many certificates an instance is known to have had.
const REMEMBERED: usize = 16;

impl Request for RotateEndpointCertificate {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let name = instance.name.to_string();
        let Some(managed) = instance.as_managed_instance_mut() else {
            return Ok(());
        };
        if managed.former_certificates.len() >= REMEMBERED {
            managed.former_certificates.remove(0);
        }
        let former = managed.endpoint_certificate.thumbprint;
        managed.former_certificates.push(former);
        managed.endpoint_certificate = self.facts.clone();
        calendar::note_expiry(world, Place::Endpoint(self.instance), &self.facts);
        world.record(EventKind::CertificateRotated {
            instance: name,
            expires: self.facts.not_after.to_arm_text(),
        });
        Ok(())
    }
}
