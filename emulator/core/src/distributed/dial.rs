//! From an instance to the data source of a linked server: whether it gets there, and whose instance answers.

use super::has_network;
use crate::ids::InstanceId;
use crate::instance::{Instance, ServiceState};
use crate::network::Reach;
use crate::path::{Ask, End, Symptom, Vantage, evaluate};
use crate::world::World;

/// What a client that does not get there notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// As the evaluator says.
    Path(Symptom),
    /// Something answers, and it is no SQL Server.
    NotSql,
    /// The gateway answers, and the managed instance behind it is stopped.
    NotAvailable(InstanceId),
}

const SQL_PORT: u16 = 1433;
const PUBLIC_PORT: u16 = 3342;

/// The instance that answers `from` at a host and port. Certificates are not checked, as linked servers do not by default.
///
/// # Errors
///
/// What is noticed instead.
pub fn dial(world: &World, from: InstanceId, host: &str, port: u16) -> Result<InstanceId, Missed> {
    let Some(one) = world.instance(from) else {
        return Err(Missed::Path(Symptom::TcpTimeout));
    };
    let is_own = ["(local)", ".", "localhost", "127.0.0.1"].contains(&host);
    if is_own || one.server_name().eq_ignore_ascii_case(host) {
        return Ok(from);
    }
    let found = match (vantage(world, one), by_name(world, host)) {
        // Servers that no drawn network has are where names say, as for links.
        (_, Some(server)) if !is_placed(world, server) => beyond(server, host, port)?,
        (None, Some(server)) => beyond(server, host, port)?,
        (None, None) => return Err(Missed::Path(Symptom::Dns)),
        (Some(vantage), server) => {
            let address = server.and_then(|server| server.as_sql_server());
            let address = address.map(|server| server.address.to_string());
            let host = address.as_deref().unwrap_or(host);
            along(world, &vantage, host, port)?
        }
    };
    // The gateway of a managed instance answers for it, as it does other clients; where a SQL Server was, nobody does.
    if found.service == ServiceState::Stopped {
        return Err(match found.is_managed_instance() {
            true => Missed::NotAvailable(found.id),
            false => Missed::Path(Symptom::TcpRefused),
        });
    }
    match world.parted(from, found.id) {
        Reach::Open | Reach::GatewayOnly => Ok(found.id),
        Reach::Silent => Err(Missed::Path(Symptom::TcpTimeout)),
        Reach::Refused => Err(Missed::Path(Symptom::TcpRefused)),
    }
}

/// The way through the network.
fn along<'w>(
    world: &'w World,
    from: &Vantage,
    host: &str,
    port: u16,
) -> Result<&'w Instance, Missed> {
    let verdict = evaluate(world, &Ask::new(from, host, port).trusting());
    if let Some(symptom) = verdict.symptom {
        return Err(Missed::Path(symptom));
    }
    // The gateway of a subnet serves all its instances; the evaluator has checked the name.
    let named = host
        .split('.')
        .next()
        .and_then(|name| world.managed_instance(name));
    let found = match verdict.end {
        Some(End::VnetLocal { instance, .. }) if port == SQL_PORT => {
            named.or_else(|| world.managed_instance(&instance))
        }
        Some(End::PrivateEndpoint { instance, .. } | End::Public { instance }) => {
            world.managed_instance(&instance)
        }
        Some(End::SqlServer {
            server,
            port: SQL_PORT,
        }) => world.sql_server(&server),
        _ => None,
    };
    found.map(|found| &**found).ok_or(Missed::NotSql)
}

/// The port that a server listens at, whatever is between.
fn beyond<'w>(server: &'w Instance, host: &str, port: u16) -> Result<&'w Instance, Missed> {
    let public = host.to_ascii_lowercase().contains(".public.");
    let listens = match server.as_managed_instance() {
        Some(managed) if public => managed.properties.public_data_endpoint && port == PUBLIC_PORT,
        _ => port == SQL_PORT,
    };
    match (listens, public) {
        (true, _) => Ok(server),
        (false, true) => Err(Missed::Path(Symptom::TcpTimeout)),
        (false, false) => Err(Missed::Path(Symptom::TcpRefused)),
    }
}

/// The instance that has this name or address.
pub(crate) fn by_name<'w>(world: &'w World, host: &str) -> Option<&'w Instance> {
    let address = host.parse::<std::net::Ipv4Addr>().ok();
    let mut instances = world.instances.values();
    let found = instances.find(|instance| match instance.as_sql_server() {
        Some(server) => {
            instance.name.is(host)
                || address == Some(server.address)
                || server
                    .host_names
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(host))
        }
        None => {
            let fqdn = instance.server_name();
            let public = fqdn.replacen('.', ".public.", 1);
            fqdn.eq_ignore_ascii_case(host) || public.eq_ignore_ascii_case(host)
        }
    });
    found.map(|found| &**found)
}

/// Where an instance is in the drawn network, if it is there.
pub(crate) fn vantage(world: &World, from: &Instance) -> Option<Vantage> {
    if has_network(from) {
        return Some(Vantage::Instance(from.name.clone()));
    }
    let address = from.as_sql_server()?.address;
    let mut sites = world.azure.fabric.sites.values();
    let site = sites.find(|site| site.has(address))?;
    Some(Vantage::Site(site.name.clone()))
}

/// Whether the drawn network has an instance.
pub(crate) fn is_placed(world: &World, server: &Instance) -> bool {
    server.is_managed_instance() && has_network(server) || vantage(world, server).is_some()
}
