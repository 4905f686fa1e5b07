//! Whether the partners of a link can talk to each other: address, endpoint, certificates both ways, versions, groups.
//!
//! Each precondition that fails has its own error; the first one in the order of a real handshake is reported.

use data_encoding::HEXUPPER;

use super::trust::{self, PartnerCertificate};
use super::{Link, LinkFailoverMode, LinkRole, Phase, several, way};
use crate::availability_group::{DistributedGroup, Role};
use crate::endpoint::EndpointState;
use crate::fault;
use crate::ids::InstanceId;
use crate::instance::{Instance, MANAGED_INSTANCE_MIRRORING_PORT, ManagedInstance};
use crate::listener_url::ListenerUrl;
use crate::names::Name;
use crate::network::Reach;
use crate::refusal::LinkError;
use crate::version::{link_from_instance_supported, link_supported, multi_database_supported};
use crate::world::World;

/// What a handshake has found out.
#[derive(Clone, Debug)]
pub(super) struct Handshake {
    /// The SQL Server at the partner endpoint.
    pub(super) partner: InstanceId,
    /// The uploaded certificate that authenticated it.
    pub(super) certificate: PartnerCertificate,
}

/// Tries the whole handshake.
pub(super) fn check(world: &World, link: &Link) -> Result<Handshake, LinkError> {
    let partner = reach(world, link)?;
    let instance = world
        .instance(link.id.instance)
        .ok_or(LinkError::PartnerDropped)?;
    let mi = instance
        .as_managed_instance()
        .ok_or(LinkError::PartnerDropped)?;
    fault::certificate::check(world, link, partner, instance)?;
    let certificate = trust::check_partner(world.now(), partner, mi, &link.spec)?;
    trust::check_instance(world.now(), partner, instance, mi, link)?;
    check_versions(partner, mi, link)?;
    several::check_mode(partner, link)?;
    check_groups(world, partner, instance, link)?;
    check_encryption(partner, instance, link)?;
    check_log(world, link)?;
    Ok(Handshake {
        partner: partner.id,
        certificate,
    })
}

/// What a handshake would fail with now, if it would.
pub(crate) fn try_handshake(world: &World, link: &Link) -> Option<LinkError> {
    check(world, link).err()
}

/// The SQL Server that answers at the partner endpoint, whatever it says.
pub(super) fn partner(world: &World, link: &Link) -> Option<InstanceId> {
    reach(world, link).ok().map(|partner| partner.id)
}

/// The SQL Server whose address the partner endpoint is, even if nothing listens there.
pub(crate) fn addressed(world: &World, link: &Link) -> Option<InstanceId> {
    let url = ListenerUrl::parse(link.partner_endpoint())?;
    let mut servers = world.instances.values();
    let server = servers.find(|server| has_address(server, &url))?;
    Some(server.id)
}

/// The SQL Server of a link: the one that has answered, else the one that it calls.
pub(crate) fn partner_of(world: &World, link: &Link) -> Option<InstanceId> {
    link.partner.or_else(|| addressed(world, link))
}

/// Whether an existing connection still holds. Certificates only matter at the next handshake.
pub(super) fn still_connected(world: &World, link: &Link) -> Result<(), LinkError> {
    let partner = reach(world, link)?;
    if link.partner.is_some_and(|known| known != partner.id) {
        return Err(LinkError::PartnerUnreachable {
            endpoint: link.partner_endpoint().to_owned(),
        });
    }
    let instance = world
        .instance(link.id.instance)
        .ok_or(LinkError::PartnerDropped)?;
    // A distributed group that was made anew is another one, whatever its name: nobody has shaken hands about it.
    let half = partner.group(link.id.name.as_str());
    let same = half.is_some_and(|half| half.id == link.group);
    let own = partner.group(link.spec.partner_group.as_str());
    let own = own.and_then(|group| group.as_local());
    let is_primary = own.is_some_and(|local| local.role == Role::Primary);
    match distributed_half(partner, instance, link) {
        Some(_) if same && is_primary && partner.is_hadr_enabled() => Ok(()),
        _ => Err(LinkError::PartnerDropped),
    }
}

/// Finds the SQL Server whose started endpoint is at the partner endpoint, and whether both hear each other: each side
/// calls the other, SQL Server first at port 5022 and then at the port of the instance's node.
fn reach<'a>(world: &'a World, link: &Link) -> Result<&'a Instance, LinkError> {
    let endpoint = link.partner_endpoint().to_owned();
    let unreachable = || LinkError::PartnerUnreachable {
        endpoint: endpoint.clone(),
    };
    let mut url = ListenerUrl::parse(link.partner_endpoint()).ok_or_else(unreachable)?;
    // A connection that is there needs no name.
    if link.connection.connected_since.is_none() {
        url.host = fault::dns::resolve(world, link, &url.host).ok_or_else(unreachable)?;
    }
    let server = world
        .instances
        .values()
        .find(|server| has_address(server, &url))
        .ok_or_else(unreachable)?;
    let drawn = way::of(world, link);
    let reach = |from, to, drawn: Reach| world.reachability(from, to).max(drawn);
    if reach(link.id.instance, server.id, drawn.to_server) != Reach::Open {
        return Err(unreachable());
    }
    if reach(server.id, link.id.instance, drawn.to_instance) != Reach::Open {
        return Err(LinkError::NetworkInterrupted);
    }
    match listens_at(world, server, &url) {
        true => Ok(server),
        false => Err(LinkError::EndpointNotStarted { endpoint }),
    }
}

/// Whether a server's started endpoint is at an address of the server.
pub(crate) fn listens_at(world: &World, server: &Instance, url: &ListenerUrl) -> bool {
    let closed = fault::endpoint::is_closed(world, server.id);
    server.endpoint.as_ref().is_some_and(|listener| {
        let loopback = server.as_sql_server().and_then(|server| server.loopback);
        let by_loopback =
            loopback.is_some_and(|(ip, port)| ip.to_string() == url.host && port == url.port);
        let address = server.as_sql_server().map(|server| server.address);
        let on_address = listener.listener_ip.is_none_or(|ip| Some(ip) == address);
        listener.state == EndpointState::Started
            && !closed
            && on_address
            && (by_loopback || listener.port == url.port)
    })
}

/// Whether a URL leads to a SQL Server, by itself or by a listener that is the primary's.
pub(crate) fn has_address(instance: &Instance, url: &ListenerUrl) -> bool {
    has_own_address(instance, url) || has_listener(instance, &url.host)
}

/// Whether a URL has an address or a name of a SQL Server itself.
pub(crate) fn has_own_address(instance: &Instance, url: &ListenerUrl) -> bool {
    let Some(server) = instance.as_sql_server() else {
        return false;
    };
    let by_loopback = server
        .loopback
        .is_some_and(|(ip, port)| ip.to_string() == url.host && port == url.port);
    by_loopback
        || server.address.to_string() == url.host
        || instance.name.is(&url.host)
        || server
            .host_names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(&url.host))
}

/// Whether a listener on an instance leads to its endpoint: the name and the addresses are the primary's.
fn has_listener(instance: &Instance, host: &str) -> bool {
    instance
        .listeners()
        .any(|listener| listener.answers_to(host))
}

fn check_versions(partner: &Instance, mi: &ManagedInstance, link: &Link) -> Result<(), LinkError> {
    let spec = &link.spec;
    let server = partner.as_sql_server().expect("reached a moment ago");
    let build = server.build.to_string();
    if !link_supported(server.build) || !server.edition.supports_link() {
        return Err(LinkError::VersionNotSupported { build });
    }
    let several = link.id.member.is_some();
    if several && !multi_database_supported(server.build, server.edition) {
        return Err(LinkError::VersionNotSupported { build });
    }
    let from_instance = spec.instance_role == LinkRole::Primary;
    if from_instance && !link_from_instance_supported(server.build) {
        return Err(LinkError::VersionNotSupported { build });
    }
    if from_instance && !mi.update_policy.returns_to(server.build) {
        return Err(LinkError::SourceFormatNotCompatible { build });
    }
    if !mi.update_policy.accepts(server.build) {
        return Err(LinkError::PolicyTooOld { build });
    }
    let two_way = spec.failover_mode == LinkFailoverMode::Manual;
    if two_way && !mi.update_policy.returns_to(server.build) {
        return Err(LinkError::FailbackNeedsMatchingFormat { build });
    }
    Ok(())
}

/// The groups must be there under the names given, and agree on who is primary.
fn check_groups(
    world: &World,
    partner: &Instance,
    instance: &Instance,
    link: &Link,
) -> Result<(), LinkError> {
    let endpoint = link.partner_endpoint().to_owned();
    let not_responding = |group: &Name| LinkError::GroupNotResponding {
        group: group.to_string(),
        endpoint: endpoint.clone(),
    };
    let local = partner
        .group(link.spec.partner_group.as_str())
        .filter(|_| partner.is_hadr_enabled())
        .and_then(|group| group.as_local())
        .filter(|local| local.role == Role::Primary);
    let local = local.ok_or_else(|| not_responding(&link.spec.partner_group))?;
    let dag =
        distributed_half(partner, instance, link).ok_or_else(|| not_responding(&link.id.name))?;
    let database = link.spec.database.to_string();
    if !roles_agree(dag.role, instance, link) {
        return Err(LinkError::RoleMismatch);
    }
    match link.role {
        LinkRole::Secondary => {
            if !local
                .databases
                .iter()
                .any(|member| member.name == link.spec.database)
            {
                return Err(LinkError::DatabaseNotResponding { database });
            }
            several::check_complete(world, local, link)?;
            check_log_files(partner, link)?;
        }
        LinkRole::Primary => {
            // Without GRANT CREATE ANY DATABASE the seeding fails later, as it does on SQL Server.
            let seeded = !matches!(link.phase, Phase::Initiating);
            if !seeded && partner.database(&database).is_some() {
                return Err(LinkError::TargetDatabaseExists { database });
            }
        }
    }
    Ok(())
}

/// A managed instance's database has one log file (documented); what SQL Server lets a database of the group have is told by
/// the instance.
fn check_log_files(partner: &Instance, link: &Link) -> Result<(), LinkError> {
    let database = link.spec.database.to_string();
    match partner.database(&database) {
        Some(found) if found.content.has_several_log_files() => {
            Err(LinkError::SeveralLogFiles { database })
        }
        _ => Ok(()),
    }
}

/// A secondary goes on where it was: the primary must still have its log from there on (1408 and 1412 are what SQL Server
/// says of it). Without it the copy has to be made anew: drop the link and create it again.
fn check_log(world: &World, link: &Link) -> Result<(), LinkError> {
    let copy = super::linked_database(world, link, false);
    let position = copy.and_then(|copy| copy.copy.as_ref());
    let source = copy.and_then(|copy| super::source_of(world, copy));
    match (position, source) {
        (Some(position), Some(source)) if !source.log.reaches_back_to(position.hardened) => {
            let database = link.spec.database.to_string();
            Err(LinkError::LogGone { database })
        }
        _ => Ok(()),
    }
}

/// What protects an encrypted database's key has to be on both sides. That a handshake asks for it is a guess: it is
/// documented that the creation fails.
fn check_encryption(partner: &Instance, instance: &Instance, link: &Link) -> Result<(), LinkError> {
    let (source, target) = match link.role {
        LinkRole::Secondary => (partner, instance),
        LinkRole::Primary => (instance, partner),
    };
    let found = source.database(link.spec.database.as_str());
    let Some(key) = found.and_then(|found| target.cannot_open(&found.content)) else {
        return Ok(());
    };
    let database = link.spec.database.to_string();
    let thumbprint = HEXUPPER.encode(&key.protector.thumbprint(source));
    Err(match link.role {
        LinkRole::Secondary => LinkError::TdeProtectorNotOnInstance {
            database,
            thumbprint,
        },
        LinkRole::Primary => LinkError::TdeProtectorNotOnSqlServer {
            database,
            thumbprint,
        },
    })
}

/// One side is primary and the other secondary; only after giving up the primary role by hand are both secondary.
fn roles_agree(theirs: Role, instance: &Instance, link: &Link) -> bool {
    let ours = instance
        .group(link.id.name.as_str())
        .and_then(|group| group.as_distributed())
        .map(|pair| pair.role);
    match (ours, theirs) {
        (Some(Role::Primary), Role::Secondary) | (Some(Role::Secondary), Role::Primary) => {
            // A link that replicates does not turn by itself, whatever a group made anew says.
            let primary = ours == Some(Role::Primary);
            primary == (link.role == LinkRole::Primary)
        }
        (Some(Role::Secondary), Role::Secondary) => matches!(link.phase, Phase::Yielded { .. }),
        _ => false,
    }
}

/// SQL Server's half of the distributed group: the link's name, the two group names, and the instance's address.
fn distributed_half<'a>(
    partner: &'a Instance,
    instance: &Instance,
    link: &Link,
) -> Option<&'a DistributedGroup> {
    let dag = partner.group(link.id.name.as_str())?.as_distributed()?;
    let url = ListenerUrl::parse(&dag.remote().listener_url)?;
    let same = dag.local().group == link.spec.partner_group
        && dag.remote().group == link.spec.instance_group
        && url.host.eq_ignore_ascii_case(&instance.server_name())
        && url.port == MANAGED_INSTANCE_MIRRORING_PORT
        && url.server.is_some_and(|server| instance.name.is(&server));
    same.then_some(dag)
}
