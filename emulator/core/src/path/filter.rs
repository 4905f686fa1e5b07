//! Network security groups: whether one lets a connection through.

use std::net::Ipv4Addr;

use super::route::{connected_peers, sites_of};
use crate::azure::fabric::{Access, Direction, Item, Protocol, SecurityRule, Source};
use crate::azure::{NetworkKind, ResourceKey, find_network_resource};
use crate::world::World;

/// A connection, as a security group sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection<'a> {
    pub(super) direction: Direction,
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) port: u16,
    /// The network of the group's subnet: what `VirtualNetwork` means.
    pub(super) network: &'a ResourceKey,
}

/// From where the platform's probes come.
pub(super) const PROBES: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether a group lets a connection through; if there is no group, it does. Says which rule decides.
pub(super) fn allows(
    world: &World,
    group: Option<&str>,
    connection: Connection<'_>,
) -> Result<(), String> {
    let Some(id) = group else {
        return Ok(());
    };
    let Some(group) = find_network_resource(world, NetworkKind::NetworkSecurityGroup, id) else {
        return Ok(());
    };
    let mut rules: Vec<(&str, &SecurityRule)> = group
        .items
        .values()
        .filter_map(|item| match &item.meaning {
            Item::Rule(rule) if rule.direction == connection.direction => {
                Some((item.name.as_str(), rule))
            }
            Item::Rule(_) | Item::Route(_) => None,
        })
        .collect();
    rules.sort_by_key(|(_, rule)| rule.priority);
    let decides = rules.iter().find(|(_, rule)| fits(world, rule, connection));
    let (name, access) = match decides {
        Some((name, rule)) => (*name, rule.access),
        None => by_default(world, connection),
    };
    match access {
        Access::Allow => Ok(()),
        Access::Deny => Err(format!("{}/{name}", group.name)),
    }
}

/// The rules that every group ends with.
fn by_default(world: &World, connection: Connection<'_>) -> (&'static str, Access) {
    let near = |address| is_near(world, connection.network, address);
    let both_near = near(connection.source) && near(connection.destination);
    match connection.direction {
        Direction::Inbound if both_near => ("AllowVnetInBound", Access::Allow),
        Direction::Inbound if connection.source == PROBES => {
            ("AllowAzureLoadBalancerInBound", Access::Allow)
        }
        Direction::Inbound => ("DenyAllInBound", Access::Deny),
        Direction::Outbound if both_near => ("AllowVnetOutBound", Access::Allow),
        Direction::Outbound if !near(connection.destination) => {
            ("AllowInternetOutBound", Access::Allow)
        }
        Direction::Outbound => ("DenyAllOutBound", Access::Deny),
    }
}

fn fits(world: &World, rule: &SecurityRule, connection: Connection<'_>) -> bool {
    let is = |sources: &[Source], address: Ipv4Addr| {
        sources.iter().any(|source| match source {
            Source::Any => true,
            Source::Prefix(prefix) => prefix.has(address),
            Source::Tag(tag) => has_tag(world, connection.network, tag, address),
        })
    };
    rule.protocol != Protocol::Other
        && rule.ports.iter().any(|ports| ports.has(connection.port))
        && is(&rule.sources, connection.source)
        && is(&rule.destinations, connection.destination)
}

fn has_tag(world: &World, network: &ResourceKey, tag: &str, address: Ipv4Addr) -> bool {
    match tag {
        "virtualnetwork" => is_near(world, network, address),
        "azureloadbalancer" => address == PROBES,
        "internet" => !is_near(world, network, address) && address != PROBES,
        // Addresses of the cloud's services: nothing here has one but instances' public endpoints, 20.0.0.0/8.
        tag if tag.starts_with("azurecloud") => address.octets()[0] == 20,
        _ => false,
    }
}

/// `VirtualNetwork`: the network, its peers, and the places that its gateway reaches.
fn is_near(world: &World, network: &ResourceKey, address: Ipv4Addr) -> bool {
    let is_in = |key: &ResourceKey| {
        let found = world.azure.virtual_networks.get(key);
        found.is_some_and(|found| found.prefixes.iter().any(|prefix| prefix.has(address)))
    };
    is_in(network)
        || connected_peers(world, network).any(|peer| is_in(&peer.remote))
        || sites_of(world, network)
            .iter()
            .any(|site| site.has(address))
}
