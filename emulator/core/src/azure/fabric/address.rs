//! Addresses of a subnet: who holds which, and the next free one.
//!
//! Nothing is stored here: a resource knows its addresses, and whoever asks looks at all of them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use crate::azure::{ResourceKey, SubnetId};
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal};
use crate::world::World;

/// Who holds an address of a virtual network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A managed instance's VNet-local endpoint.
    Instance(Name),
    /// A network interface that somebody made; a virtual machine may be behind it.
    Interface(ResourceKey),
    /// A private endpoint's interface.
    PrivateEndpoint(ResourceKey),
    /// A frontend of a load balancer.
    Frontend(ResourceKey, Name),
    /// The addresses from which a private link service reaches its load balancer.
    LinkService(ResourceKey),
}

impl fmt::Display for Holder {
    /// As ARM types and names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(name) => write!(f, "Microsoft.Sql/managedInstances/{name}"),
            Self::Interface(key) => write!(f, "Microsoft.Network/networkInterfaces/{}", key.name),
            Self::PrivateEndpoint(key) => {
                write!(f, "Microsoft.Network/privateEndpoints/{}", key.name)
            }
            Self::Frontend(key, name) => write!(
                f,
                "Microsoft.Network/loadBalancers/{}/frontendIPConfigurations/{name}",
                key.name
            ),
            Self::LinkService(key) => {
                write!(f, "Microsoft.Network/privateLinkServices/{}", key.name)
            }
        }
    }
}

/// How many addresses at the start of a subnet the platform keeps; the last one is kept as well (documented).
const RESERVED: u32 = 4;

/// The addresses of a subnet that somebody holds.
pub fn holders(world: &World, subnet: &SubnetId) -> BTreeMap<Ipv4Addr, Holder> {
    let fabric = &world.azure.fabric;
    let mut held = BTreeMap::new();
    for view in world.managed_instance_views() {
        if view.properties.subnet.as_ref() == Some(subnet)
            && let Some(address) = view.properties.address
        {
            held.insert(address, Holder::Instance(view.name.clone()));
        }
    }
    for (key, interface) in &fabric.interfaces {
        if interface.subnet == *subnet {
            held.insert(interface.address, Holder::Interface(key.clone()));
        }
    }
    for (key, endpoint) in &fabric.private_endpoints {
        if endpoint.subnet == *subnet {
            held.insert(endpoint.address, Holder::PrivateEndpoint(key.clone()));
        }
    }
    for (key, balancer) in &fabric.load_balancers {
        for (name, frontend) in &balancer.frontends {
            if let Some((inside, address)) = frontend.inside()
                && inside == subnet
            {
                held.insert(address, Holder::Frontend(key.clone(), name.clone()));
            }
        }
    }
    for (key, service) in &fabric.private_link_services {
        if service.subnet == *subnet {
            held.insert(service.address, Holder::LinkService(key.clone()));
        }
    }
    held
}

/// An address of the subnet for a new resource: the one that is wanted, or the first free one.
pub(in crate::azure) fn allocate(
    world: &World,
    subnet: &SubnetId,
    wanted: Option<Ipv4Addr>,
) -> Result<Ipv4Addr, AzureRefusal> {
    let held = holders(world, subnet);
    let (usable, prefix) = usable(world, subnet)?;
    match wanted {
        Some(address) if !prefix.has(address) || !usable.contains(&u32::from(address)) => {
            Err(FabricRefusal::AddressOutsideSubnet {
                address,
                subnet: subnet.subnet.to_string(),
            }
            .into())
        }
        Some(address) if held.contains_key(&address) => {
            Err(FabricRefusal::AddressTaken { address }.into())
        }
        Some(address) => Ok(address),
        None => usable
            .map(Ipv4Addr::from)
            .find(|address| !held.contains_key(address))
            .ok_or_else(|| full(subnet)),
    }
}

/// The address that a resource keeps when it is written again: its own, unless the subnet or the wish is another.
pub(in crate::azure) fn keep_or_allocate(
    world: &World,
    subnet: &SubnetId,
    wanted: Option<Ipv4Addr>,
    old: Option<(&SubnetId, Ipv4Addr)>,
) -> Result<Ipv4Addr, AzureRefusal> {
    match old {
        Some((old, address)) if old == subnet && wanted.is_none_or(|wanted| wanted == address) => {
            Ok(address)
        }
        _ => allocate(world, subnet, wanted),
    }
}

/// The address of a new managed instance: the last free one, as instances take them from the end (guess).
pub(crate) fn allocate_for_instance(
    world: &World,
    subnet: &SubnetId,
) -> Result<Ipv4Addr, AzureRefusal> {
    let held = holders(world, subnet);
    let (usable, _) = usable(world, subnet)?;
    usable
        .rev()
        .map(Ipv4Addr::from)
        .find(|address| !held.contains_key(address))
        .ok_or_else(|| full(subnet))
}

/// A subnet that is a service's takes nothing else.
pub(super) fn takes_resources(
    world: &World,
    resource: &'static str,
    subnet: &SubnetId,
) -> Result<(), AzureRefusal> {
    let found = world.azure.subnet(subnet);
    match found.and_then(|subnet| subnet.settings.delegations.first()) {
        None => Ok(()),
        Some((_, service)) => Err(FabricRefusal::SubnetOfService {
            resource,
            subnet: subnet.to_arm_id(world.subscription),
            service: service.clone(),
        }
        .into()),
    }
}

fn usable(
    world: &World,
    subnet: &SubnetId,
) -> Result<(std::ops::Range<u32>, crate::azure::AddressPrefix), AzureRefusal> {
    let found = world.azure.subnet(subnet);
    let found = found.ok_or_else(|| AzureRefusal::ReferenceNotFound {
        resource: subnet.to_arm_id(world.subscription),
        by: "the request".to_owned(),
    })?;
    let prefix = found.settings.prefix;
    let (first, last) = prefix.ends();
    let first = u32::from(first).saturating_add(RESERVED);
    Ok((first..u32::from(last), prefix))
}

fn full(subnet: &SubnetId) -> AzureRefusal {
    FabricRefusal::SubnetFull {
        subnet: subnet.subnet.to_string(),
    }
    .into()
}
