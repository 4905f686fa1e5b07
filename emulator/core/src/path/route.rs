//! Routes: from a place towards an address, one network at a time.

use std::net::Ipv4Addr;

use super::vantage::{Origin, Place};
use super::verdict::{Hop, Reason};
use crate::azure::fabric::{
    Holder, Item, NextHop, Peering, PeeringState, Route, Site, holders, other_half,
};
use crate::azure::{AddressPrefix, NetworkKind, ResourceKey, SubnetId, find_network_resource};
use crate::world::World;

/// Where packets come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// In a virtual network; nowhere in particular if no subnet has the address.
    Network(Option<Box<Spot>>),
    /// At a place outside Azure.
    Site(crate::names::Name),
    /// On the internet.
    Internet,
    /// At a managed private endpoint of a data factory.
    ManagedEndpoint(ResourceKey, crate::names::Name),
    /// At a machine that passes them on.
    Appliance(Ipv4Addr),
}

/// An address of a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) subnet: SubnetId,
    pub(super) holder: Option<Holder>,
}

/// Where packets from `origin` to `address` come to, and by which hops.
pub(super) fn follow(
    world: &World,
    origin: &Origin<'_>,
    address: Ipv4Addr,
) -> Result<(Arrival, Vec<Hop>), Reason> {
    match &origin.place {
        Place::Internet => match is_private(address) {
            true => Err(Reason::NoRoute),
            false => Ok((Arrival::Internet, Vec::new())),
        },
        Place::Managed(factory) => from_managed_network(world, factory, address),
        Place::Site(site) => from_site(world, site, address),
        Place::Subnet(subnet) => from_subnet(world, subnet, address),
    }
}

/// The peerings of a network through which traffic flows.
pub(super) fn connected_peers<'w>(
    world: &'w World,
    network: &ResourceKey,
) -> impl Iterator<Item = &'w Peering> {
    let found = world.azure.virtual_networks.get(network);
    let network = network.clone();
    found
        .into_iter()
        .flat_map(|found| found.peerings.values())
        .filter(move |peering| is_open(world, &network, peering))
}

/// The places outside Azure that a network reaches: by its own gateway, or by a peer's that lets it through.
pub(super) fn sites_of<'w>(world: &'w World, network: &ResourceKey) -> Vec<&'w Site> {
    let transit = connected_peers(world, network)
        .filter(|peering| peering.use_remote_gateways)
        .filter(|peering| {
            let back = other_half(world, network, &peering.remote);
            back.is_some_and(|back| back.allow_gateway_transit)
        })
        .map(|peering| peering.remote.clone());
    let with_gateways: Vec<ResourceKey> = transit.chain([network.clone()]).collect();
    let fabric = &world.azure.fabric;
    fabric
        .gateways
        .values()
        .filter(|gateway| with_gateways.contains(&gateway.network))
        .flat_map(|gateway| fabric.sites_of(gateway))
        .collect()
}

fn is_open(world: &World, network: &ResourceKey, peering: &Peering) -> bool {
    let back = other_half(world, network, &peering.remote);
    peering.allow_access && back.is_some_and(|back| back.allow_access)
}

/// The managed network of a data factory has its endpoints, and leads to the internet.
fn from_managed_network(
    world: &World,
    key: &ResourceKey,
    address: Ipv4Addr,
) -> Result<(Arrival, Vec<Hop>), Reason> {
    let factory = world.azure.data_factories.get(key).ok_or(Reason::NoRoute)?;
    let mut endpoints = factory.endpoints.values();
    match endpoints.find(|endpoint| endpoint.address == address) {
        Some(endpoint) => Ok((
            Arrival::ManagedEndpoint(key.clone(), endpoint.name.clone()),
            Vec::new(),
        )),
        None if is_private(address) => Err(Reason::ManagedEndpointMissing),
        None => Ok((Arrival::Internet, vec![Hop::new("internet", &key.name)])),
    }
}

fn from_site(
    world: &World,
    site: &crate::names::Name,
    address: Ipv4Addr,
) -> Result<(Arrival, Vec<Hop>), Reason> {
    let fabric = &world.azure.fabric;
    if fabric.sites.get(site).is_some_and(|site| site.has(address)) {
        return Ok((Arrival::Site(site.clone()), Vec::new()));
    }
    let networks = world.azure.virtual_networks.iter();
    let reached = networks
        .filter(|(key, _)| sites_of(world, key).iter().any(|known| known.name == *site))
        .find(|(_, network)| network.prefixes.iter().any(|prefix| prefix.has(address)));
    match reached {
        Some((key, _)) => Ok((
            arrive(world, key, address),
            vec![Hop::new("gateway", &key.name)],
        )),
        None if is_private(address) => Err(Reason::NoRoute),
        None => Ok((Arrival::Internet, vec![Hop::new("internet", site)])),
    }
}

fn from_subnet(
    world: &World,
    subnet: &SubnetId,
    address: Ipv4Addr,
) -> Result<(Arrival, Vec<Hop>), Reason> {
    let own = subnet.network_key();
    let network = world
        .azure
        .virtual_networks
        .get(&own)
        .ok_or(Reason::NoRoute)?;
    let longest = |prefixes: &[AddressPrefix]| {
        let fitting = prefixes.iter().filter(|prefix| prefix.has(address));
        fitting.map(|prefix| prefix.length()).max()
    };
    let local = longest(&network.prefixes).map(|length| (length, SystemRoute::Own));
    let peers = connected_peers(world, &own).filter_map(|peering| {
        let remote = world.azure.virtual_networks.get(&peering.remote)?;
        Some((longest(&remote.prefixes)?, SystemRoute::Peer(peering)))
    });
    let sites = sites_of(world, &own);
    let outside = sites
        .iter()
        .filter_map(|site| Some((longest(&site.prefixes)?, SystemRoute::Site(site))));
    let system = local
        .into_iter()
        .chain(peers)
        .chain(outside)
        .max_by_key(|(length, _)| *length);
    let custom = custom_route(world, subnet, address);
    let endpoint = system
        .as_ref()
        .and_then(|(_, route)| route.network(&own))
        .and_then(|key| endpoint_policies(world, &key, address));
    // A private endpoint has a route of its own for just its address.
    let system_length = match (&endpoint, &system) {
        (Some(routes_apply), _) if !routes_apply => 32,
        (_, Some((length, _))) => *length,
        (_, None) => 0,
    };
    if let Some(route) = custom
        && route.prefix.length() >= system_length
    {
        return take(world, &own, &sites, route.next_hop, address);
    }
    match system {
        Some((_, SystemRoute::Own)) => Ok((arrive(world, &own, address), Vec::new())),
        Some((_, SystemRoute::Peer(peering))) => Ok((
            arrive(world, &peering.remote, address),
            vec![Hop::new("peering", &peering.name)],
        )),
        Some((_, SystemRoute::Site(site))) => Ok((
            Arrival::Site(site.name.clone()),
            vec![Hop::new("gateway", &own.name)],
        )),
        None if is_private(address) => Err(unroutable(world, &own, address)),
        None => Ok((Arrival::Internet, vec![Hop::new("internet", &own.name)])),
    }
}

enum SystemRoute<'w> {
    Own,
    Peer(&'w Peering),
    Site(&'w Site),
}

impl SystemRoute<'_> {
    fn network(&self, own: &ResourceKey) -> Option<ResourceKey> {
        match self {
            Self::Own => Some(own.clone()),
            Self::Peer(peering) => Some(peering.remote.clone()),
            Self::Site(_) => None,
        }
    }
}

/// The longest route of the subnet's route table that fits.
fn custom_route(world: &World, subnet: &SubnetId, address: Ipv4Addr) -> Option<Route> {
    let settings = &world.azure.subnet(subnet)?.settings;
    let table = settings.route_table.as_ref()?;
    let table = find_network_resource(world, NetworkKind::RouteTable, table)?;
    let routes = table.items.values().filter_map(|item| match item.meaning {
        Item::Route(route) if route.prefix.has(address) => Some(route),
        Item::Route(_) | Item::Rule(_) => None,
    });
    routes.max_by_key(|route| route.prefix.length())
}

fn take(
    world: &World,
    own: &ResourceKey,
    sites: &[&Site],
    next: NextHop,
    address: Ipv4Addr,
) -> Result<(Arrival, Vec<Hop>), Reason> {
    match next {
        NextHop::None => Err(Reason::RouteToNowhere),
        NextHop::VnetLocal => Ok((arrive(world, own, address), Vec::new())),
        NextHop::VirtualNetworkGateway => match sites.iter().find(|site| site.has(address)) {
            Some(site) => Ok((
                Arrival::Site(site.name.clone()),
                vec![Hop::new("gateway", &own.name)],
            )),
            None => Err(Reason::NoRoute),
        },
        NextHop::Internet if is_private(address) => Err(Reason::NoRoute),
        NextHop::Internet => Ok((Arrival::Internet, vec![Hop::new("internet", &own.name)])),
        NextHop::VirtualAppliance(appliance) => {
            let hop = Hop::new("appliance", appliance);
            Ok((Arrival::Appliance(appliance), vec![hop]))
        }
    }
}

/// If a private endpoint holds an address: whether route tables apply to it.
fn endpoint_policies(world: &World, network: &ResourceKey, address: Ipv4Addr) -> Option<bool> {
    let Spot { subnet, holder } = locate(world, network, address)?;
    if !matches!(holder, Some(Holder::PrivateEndpoint(_))) {
        return None;
    }
    let settings = &world.azure.subnet(&subnet)?.settings;
    let policies = &settings.private_endpoint_policies;
    Some(
        ["Enabled", "RouteTableEnabled"]
            .iter()
            .any(|on| policies.eq_ignore_ascii_case(on)),
    )
}

fn arrive(world: &World, network: &ResourceKey, address: Ipv4Addr) -> Arrival {
    Arrival::Network(locate(world, network, address).map(Box::new))
}

/// The subnet of a network that has an address, and who holds the address there.
pub(super) fn locate(world: &World, key: &ResourceKey, address: Ipv4Addr) -> Option<Spot> {
    let network = world.azure.virtual_networks.get(key)?;
    let subnet = network
        .subnets
        .values()
        .find(|subnet| subnet.settings.prefix.has(address))?;
    let id = SubnetId {
        group: key.group.clone(),
        network: key.name.clone(),
        subnet: subnet.name.clone(),
    };
    let holder = holders(world, &id).remove(&address);
    Some(Spot { subnet: id, holder })
}

/// Why there is no route to a private address.
fn unroutable(world: &World, own: &ResourceKey, address: Ipv4Addr) -> Reason {
    let has = |key: &ResourceKey| {
        let found = world.azure.virtual_networks.get(key);
        found.is_some_and(|found| found.prefixes.iter().any(|prefix| prefix.has(address)))
    };
    let peerings = |key: &ResourceKey| {
        let found = world.azure.virtual_networks.get(key);
        found
            .into_iter()
            .flat_map(|found| found.peerings.values())
            .cloned()
            .collect::<Vec<Peering>>()
    };
    // A half that only the other side has counts as well.
    let towards_us = world
        .azure
        .virtual_networks
        .iter()
        .filter(|(key, network)| {
            has(key)
                && network
                    .peerings
                    .values()
                    .any(|peering| peering.remote == *own)
        });
    if let Some(half) = peerings(own).iter().find(|half| has(&half.remote)) {
        return match half.state(world, own) {
            PeeringState::Connected => Reason::PeeringAccessOff,
            PeeringState::Initiated | PeeringState::Disconnected => Reason::PeeringNotConnected,
        };
    }
    if towards_us.count() > 0 {
        return Reason::PeeringNotConnected;
    }
    let over_peer = connected_peers(world, own)
        .any(|peer| connected_peers(world, &peer.remote).any(|next| has(&next.remote)));
    match over_peer {
        true => Reason::NonTransitive,
        false => Reason::NoRoute,
    }
}

/// Addresses that the internet does not carry.
fn is_private(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_loopback() || address.is_link_local()
        // Shared address space.
        || (address.octets()[0] == 100 && (64..128).contains(&address.octets()[1]))
}
