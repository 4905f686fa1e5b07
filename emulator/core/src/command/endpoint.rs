//! CREATE, ALTER and DROP ENDPOINT for database mirroring.

use std::net::Ipv4Addr;

use super::Request;
use crate::certificate::PrivateKey;
use crate::endpoint::{
    Endpoint, EndpointAuthentication, EndpointEncryption, EndpointRole, EndpointState,
};
use crate::event::EventKind;
use crate::ids::{CertificateId, EndpointId, InstanceId, PrincipalId};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{CertificateProblem, EndpointRefusal, Refusal, SecurityRefusal};
use crate::time::Timestamp;
use crate::world::World;

/// CREATE ENDPOINT … FOR DATABASE_MIRRORING.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct CreateEndpoint {
    pub instance: InstanceId,
    pub name: Name,
    pub owner: PrincipalId,
    pub state: EndpointState,
    pub port: u16,
    pub listener_ip: Option<Ipv4Addr>,
    pub role: EndpointRole,
    pub authentication: AuthenticationSpec,
    pub encryption: EndpointEncryption,
}

/// ALTER ENDPOINT: what is none stays as it is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct AlterEndpoint {
    pub instance: InstanceId,
    pub name: Name,
    pub state: Option<EndpointState>,
    pub port: Option<u16>,
    /// The inner none means all addresses.
    pub listener_ip: Option<Option<Ipv4Addr>>,
    pub role: Option<EndpointRole>,
    pub authentication: Option<AuthenticationSpec>,
    pub encryption: Option<EndpointEncryption>,
}

/// DROP ENDPOINT.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct DropEndpoint {
    pub instance: InstanceId,
    pub name: Name,
}

/// `AUTHENTICATION =` with the certificate by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationSpec {
    /// The Windows protocol, if Windows is allowed.
    pub windows: Option<crate::endpoint::WindowsProtocol>,
    /// The certificate, if one is named.
    pub certificate: Option<Name>,
    /// Whether Windows was written first.
    pub windows_first: bool,
}

impl Request for CreateEndpoint {
    type Reply = EndpointId;

    fn apply(self, world: &mut World) -> Result<EndpointId, Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        check_owned_by_user(instance)?;
        if let Some(existing) = &instance.endpoint {
            let existing_name = existing.name.to_string();
            return Err(if existing.name == self.name {
                EndpointRefusal::Exists {
                    name: existing_name,
                }
                .into()
            } else {
                EndpointRefusal::MirroringEndpointExists {
                    existing: existing_name,
                }
                .into()
            });
        }
        let authentication = resolve(instance, &self.authentication, now)?;
        // The first user endpoint has id 65536.
        let id = EndpointId(65_536);
        let endpoint = Endpoint {
            id,
            name: self.name,
            owner: self.owner,
            state: self.state,
            port: self.port,
            listener_ip: self.listener_ip,
            role: self.role,
            authentication,
            encryption: self.encryption,
            created: now,
        };
        put(world, self.instance, endpoint);
        Ok(id)
    }
}

impl Request for AlterEndpoint {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        check_owned_by_user(instance)?;
        let mut endpoint = find(instance, &self.name)?.clone();
        if let Some(authentication) = &self.authentication {
            endpoint.authentication = resolve(instance, authentication, now)?;
        }
        endpoint.state = self.state.unwrap_or(endpoint.state);
        endpoint.port = self.port.unwrap_or(endpoint.port);
        endpoint.listener_ip = self.listener_ip.unwrap_or(endpoint.listener_ip);
        endpoint.role = self.role.unwrap_or(endpoint.role);
        endpoint.encryption = self.encryption.unwrap_or(endpoint.encryption);
        put(world, self.instance, endpoint);
        Ok(())
    }
}

impl Request for DropEndpoint {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let now = world.now();
        let instance = world.instance_mut(self.instance);
        check_owned_by_user(instance)?;
        let name = find(instance, &self.name)?.name.to_string();
        instance.endpoint = None;
        instance.log(
            now,
            "The Database Mirroring endpoint has stopped listening for connections.",
        );
        let server = instance.name.to_string();
        world.record(EventKind::EndpointChanged {
            instance: server,
            endpoint: name,
            state: "DROPPED",
        });
        Ok(())
    }
}

fn put(world: &mut World, id: InstanceId, endpoint: Endpoint) {
    let now = world.now();
    let instance = world.instance_mut(id);
    let was = instance.endpoint.as_ref().map(|e| (e.state, e.port));
    let state = match endpoint.state {
        EndpointState::Started => "STARTED",
        EndpointState::Stopped => "STOPPED",
        EndpointState::Disabled => "DISABLED",
    };
    if was != Some((endpoint.state, endpoint.port)) {
        // Messages 9690 and 9691 of the error log.
        let line = match endpoint.state {
            EndpointState::Started => {
                "The Database Mirroring endpoint is now listening for connections."
            }
            _ => "The Database Mirroring endpoint has stopped listening for connections.",
        };
        instance.log(now, line);
    }
    let name = endpoint.name.to_string();
    instance.endpoint = Some(endpoint);
    let server = instance.name.to_string();
    world.record(EventKind::EndpointChanged {
        instance: server,
        endpoint: name,
        state,
    });
}

fn find<'a>(instance: &'a Instance, name: &Name) -> Result<&'a Endpoint, Refusal> {
    let found = instance
        .endpoint
        .as_ref()
        .filter(|endpoint| endpoint.name == *name);
    found.ok_or_else(|| {
        EndpointRefusal::NotFound {
            name: name.to_string(),
        }
        .into()
    })
}

fn check_owned_by_user(instance: &Instance) -> Result<(), Refusal> {
    if instance.is_managed_instance() {
        Err(EndpointRefusal::Managed.into())
    } else {
        Ok(())
    }
}

fn resolve(
    instance: &Instance,
    spec: &AuthenticationSpec,
    now: Timestamp,
) -> Result<EndpointAuthentication, Refusal> {
    let certificate = match &spec.certificate {
        None => None,
        Some(name) => Some(usable_certificate(instance, name, now)?),
    };
    use crate::endpoint::WindowsProtocol::Negotiate;
    Ok(match (spec.windows, certificate) {
        (None, None) => EndpointAuthentication::Windows(Negotiate),
        (Some(windows), None) => EndpointAuthentication::Windows(windows),
        (None, Some(id)) => EndpointAuthentication::Certificate(id),
        (Some(windows), Some(id)) if spec.windows_first => {
            EndpointAuthentication::WindowsThenCertificate(windows, id)
        }
        (Some(windows), Some(id)) => EndpointAuthentication::CertificateThenWindows(id, windows),
    })
}

fn usable_certificate(
    instance: &Instance,
    name: &Name,
    now: Timestamp,
) -> Result<CertificateId, Refusal> {
    let certificate = instance.master().content.certificate(name.as_str());
    let certificate = certificate.ok_or_else(|| SecurityRefusal::CertificateNotFound {
        name: name.to_string(),
    })?;
    let problem = match &certificate.private_key {
        PrivateKey::None => Some(CertificateProblem::NoPrivateKey),
        PrivateKey::Password(_) => Some(CertificateProblem::PasswordProtected),
        PrivateKey::MasterKey if certificate.facts.not_after < now => {
            Some(CertificateProblem::Expired)
        }
        PrivateKey::MasterKey if certificate.facts.not_before > now => {
            Some(CertificateProblem::NotYetValid)
        }
        PrivateKey::MasterKey => None,
    };
    match problem {
        None => Ok(certificate.id),
        Some(reason) => Err(EndpointRefusal::CertificateUnusable {
            certificate: name.to_string(),
            reason,
        }
        .into()),
    }
}
