//! Whether two replicas of a group can talk to each other: addresses, endpoints, encryption and trust, both ways.
//!
//! Trust only matters while they connect: a connection that stands goes on when a certificate expires or goes.

use super::{ReplicaError, half, replica_of};
use crate::availability_group::{LocalGroup, Role};
use crate::certificate::PrivateKey;
use crate::endpoint::{EncryptionAlgorithm, Endpoint, EndpointAuthentication, EndpointEncryption};
use crate::geo;
use crate::ids::{GroupId, InstanceId};
use crate::instance::Instance;
use crate::link::{check_permission, has_own_address, listens_at};
use crate::listener_url::ListenerUrl;
use crate::network::Reach;
use crate::refusal::LinkError;
use crate::time::Timestamp;
use crate::world::World;

/// How a connection stands that has not been given up.
pub(crate) enum Hold {
    /// It works.
    Live,
    /// Nothing comes through, in one direction or both.
    Silent,
    /// Somebody closed it.
    Lost(ReplicaError),
}

/// Looks at the connection of a secondary with its primary.
pub(super) fn look(
    world: &World,
    group: GroupId,
    primary: InstanceId,
    secondary: InstanceId,
) -> Hold {
    if geo::is_geo(world, group) {
        return geo::look(world, group, primary, secondary);
    }
    match ways(world, primary, secondary) {
        Reach::GatewayOnly | Reach::Silent => Hold::Silent,
        Reach::Refused => Hold::Lost(ReplicaError::Interrupted),
        Reach::Open => match check_halves(world, group, primary, secondary) {
            Ok(_) => Hold::Live,
            Err(error) => Hold::Lost(error),
        },
    }
}

/// Whether a secondary that has joined could connect with its primary now.
pub(super) fn check(
    world: &World,
    group: GroupId,
    primary: InstanceId,
    secondary: InstanceId,
) -> Result<(), ReplicaError> {
    if geo::is_geo(world, group) {
        return geo::check(world, group, primary, secondary);
    }
    let local = check_halves(world, group, primary, secondary)?;
    check_peers(world, local, primary, secondary)
}

/// Whether the servers of two replicas could connect, whatever they have of the group.
pub(super) fn check_peers(
    world: &World,
    local: &LocalGroup,
    primary: InstanceId,
    secondary: InstanceId,
) -> Result<(), ReplicaError> {
    let (Some(one), Some(other)) = (world.instance(primary), world.instance(secondary)) else {
        return Err(ReplicaError::Interrupted);
    };
    for server in [one, other] {
        let url = replica_of(local, server).map(|replica| &replica.endpoint_url);
        let endpoint = url.map_or_else(|| server.server_name(), ToString::to_string);
        let parsed = url.and_then(|url| ListenerUrl::parse(url));
        let Some(url) = parsed.filter(|url| has_own_address(server, url)) else {
            return Err(ReplicaError::Unreachable { endpoint });
        };
        if ways(world, primary, secondary) != Reach::Open {
            return Err(ReplicaError::Unreachable { endpoint });
        }
        if !listens_at(world, server, &url) {
            return Err(ReplicaError::EndpointNotStarted { endpoint });
        }
    }
    if other.format_major() < one.format_major() {
        let (of, here) = (one.build().to_string(), other.build().to_string());
        return Err(ReplicaError::OlderVersion { of, here });
    }
    check_trust(world.now(), one, other)
}

/// What becomes of what the two send to each other: the worse of both ways.
fn ways(world: &World, one: InstanceId, other: InstanceId) -> Reach {
    let there = world.reachability(one, other);
    there.max(world.reachability(other, one))
}

/// The halves that two connected replicas have: primary and secondary, both with a started endpoint.
fn check_halves(
    world: &World,
    group: GroupId,
    primary: InstanceId,
    secondary: InstanceId,
) -> Result<&LocalGroup, ReplicaError> {
    let wanted = [(primary, Role::Primary), (secondary, Role::Secondary)];
    for (instance, role) in wanted {
        let server = world.instance(instance).ok_or(ReplicaError::Interrupted)?;
        let has = half(world, instance, group).map(|local| local.role);
        if has != Some(role) || !server.is_hadr_enabled() {
            let server = server.server_name();
            return Err(ReplicaError::NotInRole { server });
        }
        let local = half(world, primary, group);
        let url = local.and_then(|local| replica_of(local, server));
        let url = url.and_then(|replica| ListenerUrl::parse(&replica.endpoint_url));
        if !url.is_some_and(|url| listens_at(world, server, &url)) {
            let endpoint = server.server_name();
            return Err(ReplicaError::EndpointNotStarted { endpoint });
        }
    }
    half(world, primary, group).ok_or(ReplicaError::Interrupted)
}

fn check_trust(now: Timestamp, one: &Instance, other: &Instance) -> Result<(), ReplicaError> {
    let (Some(here), Some(there)) = (&one.endpoint, &other.endpoint) else {
        return Err(ReplicaError::Interrupted);
    };
    let (server, peer) = (one.server_name(), other.server_name());
    if !encrypt_alike(here.encryption, there.encryption) {
        return Err(ReplicaError::NoCommonEncryption { server, peer });
    }
    // The servers are taken to be in one domain, whose accounts may connect (guess: the model knows no domains).
    if allows_windows(here) && allows_windows(there) {
        return Ok(());
    }
    let certificates = [here, there].map(|endpoint| endpoint.authentication.certificate());
    if certificates.iter().any(Option::is_none) {
        return Err(ReplicaError::NoCommonAuthentication { server, peer });
    }
    check_certificate(now, one, here, other)?;
    check_certificate(now, other, there, one)
}

/// Whether `peer` takes the certificate that a server shows.
fn check_certificate(
    now: Timestamp,
    server: &Instance,
    endpoint: &Endpoint,
    peer: &Instance,
) -> Result<(), ReplicaError> {
    let content = &server.master().content;
    let id = endpoint.authentication.certificate();
    let Some(own) = id.and_then(|id| content.certificates.get(&id)) else {
        return Err(ReplicaError::Interrupted);
    };
    let (certificate, name) = (own.name.to_string(), server.server_name());
    let key = content.master_key.as_ref();
    let opens =
        own.private_key == PrivateKey::MasterKey && key.is_some_and(|key| key.encrypted_by_server);
    if !opens {
        let server = name;
        return Err(ReplicaError::KeyClosed {
            certificate,
            server,
        });
    }
    let mut imported = peer.master().content.certificates.values();
    let Some(known) = imported.find(|found| found.facts.thumbprint == own.facts.thumbprint) else {
        return Err(ReplicaError::CertificateUnknown {
            certificate,
            server: name,
            peer: peer.server_name(),
        });
    };
    if !own.facts.is_valid_at(now) {
        let server = name;
        return Err(ReplicaError::CertificateInvalid {
            certificate,
            server,
        });
    }
    check_permission(peer, known).map_err(|error| {
        let login = match error {
            LinkError::NoConnectPermission { login } => login,
            _ => String::new(),
        };
        let server = peer.server_name();
        ReplicaError::NoConnectPermission { login, server }
    })
}

fn allows_windows(endpoint: &Endpoint) -> bool {
    !matches!(
        endpoint.authentication,
        EndpointAuthentication::Certificate(_)
    )
}

/// Whether two endpoints agree on encrypting, or on not doing so.
fn encrypt_alike(one: EndpointEncryption, other: EndpointEncryption) -> bool {
    use EndpointEncryption::{Disabled, Required};
    match (one, other) {
        (Disabled, Required(_)) | (Required(_), Disabled) => false,
        _ => match (one.algorithm(), other.algorithm()) {
            (Some(one), Some(other)) => {
                let rc4 = |algorithm| algorithm != EncryptionAlgorithm::Aes;
                one.allows_aes() && other.allows_aes() || rc4(one) && rc4(other)
            }
            _ => true,
        },
    }
}
