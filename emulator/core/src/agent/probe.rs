//! A TCP connection that a step tries: the same evaluator that clients' connections are held against.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::distributed::{by_name, is_placed, vantage};
use crate::endpoint::EndpointState;
use crate::ids::InstanceId;
use crate::instance::{Instance, MANAGED_INSTANCE_MIRRORING_PORT, ServiceState};
use crate::network::Reach;
use crate::path::{Ask, End, Reason, evaluate};
use crate::world::World;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probed {
    /// Somebody answers.
    pub(super) open: bool,
    /// The address that the name means.
    pub(super) address: Option<Ipv4Addr>,
}

const SQL_PORT: u16 = 1433;
const PUBLIC_PORT: u16 = 3342;
/// The ports behind a managed instance's gateway.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 11_000..=11_999;

/// Tries a host and port from an instance.
pub(super) fn probe(world: &World, from: InstanceId, host: &str, port: u16) -> Probed {
    let Some(one) = world.instance(from) else {
        return Probed {
            open: false,
            address: None,
        };
    };
    if is_own(one, host) {
        return Probed {
            open: listens(one, port),
            address: Some(Ipv4Addr::LOCALHOST),
        };
    }
    let named = by_name(world, host).or_else(|| by_node(world, host));
    match (vantage(world, one), named) {
        (Some(_), Some(server)) if !is_placed(world, server) => beyond(world, one, server, port),
        (None, Some(server)) => beyond(world, one, server, port),
        (None, None) => Probed {
            open: false,
            address: host.parse().ok(),
        },
        (Some(vantage), server) => {
            let known = server.and_then(address_of).map(|found| found.to_string());
            // A managed instance's own name may mean its private endpoint there: names are asked as they are.
            let is_name = server.is_some_and(|found| found.is_managed_instance())
                && by_name(world, host).is_some();
            let host = known
                .filter(|_| !is_name)
                .unwrap_or_else(|| host.to_owned());
            let verdict = evaluate(world, &Ask::new(&vantage, &host, port).trusting());
            let open = verdict.reason.is_none_or(Reason::is_met_later);
            let end = match &verdict.end {
                Some(End::VnetLocal { instance, port }) => {
                    world.managed_instance(instance).map(|found| (found, *port))
                }
                Some(End::PrivateEndpoint { instance, .. } | End::Public { instance }) => {
                    world.managed_instance(instance).map(|found| (found, port))
                }
                Some(End::SqlServer { server, port }) => {
                    world.sql_server(server).map(|found| (found, *port))
                }
                Some(End::Machine { .. }) | None => None,
            };
            let answers = |(end, port): (&Arc<Instance>, u16)| {
                let silent = !end.is_managed_instance() && !listens(end, port);
                !silent && reaches(world, one, end, port)
            };
            Probed {
                open: open && end.is_none_or(answers),
                address: verdict.resolved.address(),
            }
        }
    }
}

/// Where no network is drawn, only what was made to block it is in the way.
fn beyond(world: &World, from: &Instance, to: &Instance, port: u16) -> Probed {
    Probed {
        open: listens(to, port) && reaches(world, from, to, port),
        address: address_of(to),
    }
}

/// What faults and blocked ways leave of it.
fn reaches(world: &World, from: &Instance, to: &Instance, port: u16) -> bool {
    let mirroring = match to.is_managed_instance() {
        true => port == MANAGED_INSTANCE_MIRRORING_PORT || NODE_PORTS.contains(&port),
        false => port != SQL_PORT,
    };
    let reach = match mirroring {
        true => world.reachability(from.id, to.id),
        false => world.parted(from.id, to.id),
    };
    match reach {
        Reach::Open => true,
        Reach::GatewayOnly => !NODE_PORTS.contains(&port),
        Reach::Silent | Reach::Refused => false,
    }
}

/// Whether the instance's machine listens at a port.
fn listens(instance: &Instance, port: u16) -> bool {
    if instance.service == ServiceState::Stopped {
        return false;
    }
    if let Some(managed) = instance.as_managed_instance() {
        let public = managed.properties.public_data_endpoint;
        return port == SQL_PORT
            || port == MANAGED_INSTANCE_MIRRORING_PORT
            || port == managed.node_port()
            || public && port == PUBLIC_PORT;
    }
    let endpoint = instance.endpoint.as_ref();
    let mirrors = endpoint
        .is_some_and(|endpoint| endpoint.port == port && endpoint.state == EndpointState::Started);
    port == SQL_PORT || mirrors
}

fn is_own(instance: &Instance, host: &str) -> bool {
    let local = ["localhost", "127.0.0.1", "."];
    local.iter().any(|local| local.eq_ignore_ascii_case(host))
        || instance.name.is(host)
        || instance.server_name().eq_ignore_ascii_case(host)
        || instance
            .as_sql_server()
            .is_some_and(|server| host.parse() == Ok(server.address))
}

/// The managed instance on a node, as the article's script puts its name together: node and cluster.
fn by_node<'w>(world: &'w World, host: &str) -> Option<&'w Instance> {
    let (node, cluster) = host.split_once('.')?;
    let mut instances = world.instances.values();
    let found = instances.find(|instance| {
        instance.as_managed_instance().is_some_and(|managed| {
            let domain = format!("{}.database.windows.net", managed.dns_zone);
            managed.node_name.eq_ignore_ascii_case(node) && cluster.eq_ignore_ascii_case(&domain)
        })
    });
    found.map(|found| &**found)
}

fn address_of(instance: &Instance) -> Option<Ipv4Addr> {
    match instance.as_managed_instance() {
        Some(managed) => managed.properties.address,
        None => instance.as_sql_server().map(|server| server.address),
    }
}
