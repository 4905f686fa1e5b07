//! Public IP addresses: something outside that a machine or a load balancer answers at.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::FrontendPlace;
use super::header::{self, Header, Place};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// A public IP address.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicAddress {
    /// What every resource has.
    pub header: Header,
    /// The address.
    pub address: Ipv4Addr,
    /// What it is to be like.
    pub settings: PublicAddressSettings,
}

/// What a public IP address is to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicAddressSettings {
    /// `sku.name`: what reaches a standard one is refused unless a security group allows it.
    pub sku: super::Sku,
    /// `publicIPAllocationMethod` is `Static`.
    pub is_static: bool,
    /// `idleTimeoutInMinutes`.
    pub idle_timeout_minutes: u32,
    /// `zones`.
    pub zones: Vec<String>,
}

/// Who has a public IP address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum User {
    /// A network interface.
    Interface(ResourceKey),
    /// A load balancer's frontend.
    Frontend(ResourceKey, Name),
    /// A gateway of a virtual network.
    Gateway(ResourceKey),
}

/// PUT. Answers the operation and whether the address is new.
#[derive(Clone, Debug)]
pub struct WritePublicAddress {
    /// Where and what it is.
    pub place: Place,
    /// What it is to be like.
    pub settings: PublicAddressSettings,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeletePublicAddress {
    /// The address.
    pub key: ResourceKey,
}

pub(super) const KIND: &str = "Microsoft.Network/publicIPAddresses";
/// How many a subscription has (documented as the default of a region).
const MOST: usize = 1_000;
/// The first that is given out, in a range of the cloud's.
const FIRST: Ipv4Addr = Ipv4Addr::new(52, 174, 0, 4);
/// How long a connection may be idle, in minutes (documented).
const IDLE_MINUTES: std::ops::RangeInclusive<u32> = 4..=30;

impl User {
    /// Its resource group.
    pub fn group(&self) -> &Name {
        match self {
            Self::Interface(key) | Self::Frontend(key, _) | Self::Gateway(key) => &key.group,
        }
    }
}

impl fmt::Display for User {
    /// As ARM types and names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(key) => write!(f, "Microsoft.Network/networkInterfaces/{}", key.name),
            Self::Frontend(key, name) => write!(
                f,
                "Microsoft.Network/loadBalancers/{}/frontendIPConfigurations/{name}",
                key.name
            ),
            Self::Gateway(key) => {
                write!(f, "Microsoft.Network/virtualNetworkGateways/{}", key.name)
            }
        }
    }
}

/// Who has a public IP address.
pub fn user_of(world: &World, address: &ResourceKey) -> Option<User> {
    users(world)
        .find(|(used, _)| *used == address)
        .map(|(_, user)| user)
}

/// Every use of a public IP address.
pub(super) fn users(world: &World) -> impl Iterator<Item = (&ResourceKey, User)> {
    let fabric = &world.azure.fabric;
    let interfaces = fabric.interfaces.iter().filter_map(|(key, interface)| {
        let used = interface.public.as_ref()?;
        Some((used, User::Interface(key.clone())))
    });
    let frontends = fabric.load_balancers.iter().flat_map(|(key, balancer)| {
        let frontends = balancer.frontends.iter();
        frontends.filter_map(move |(name, frontend)| match &frontend.place {
            FrontendPlace::Public(used) => Some((used, User::Frontend(key.clone(), name.clone()))),
            FrontendPlace::Inside { .. } => None,
        })
    });
    let gateways = fabric.gateways.iter().flat_map(|(key, gateway)| {
        let configurations = gateway.settings.configurations.iter();
        let used = configurations.filter_map(|(_, public)| public.as_ref());
        used.map(move |used| (used, User::Gateway(key.clone())))
    });
    interfaces.chain(frontends).chain(gateways)
}

/// An address that somebody asks for is there, and nobody else's.
pub(super) fn is_free_for(
    world: &World,
    address: &ResourceKey,
    user: &User,
    by: &str,
) -> Result<(), AzureRefusal> {
    if !world.azure.fabric.public_addresses.contains_key(address) {
        return Err(AzureRefusal::ReferenceNotFound {
            resource: format!("{KIND}/{}", address.name),
            by: by.to_owned(),
        });
    }
    match user_of(world, address) {
        Some(other) if other != *user => Err(FabricRefusal::PublicAddressInUse {
            address: address.name.to_string(),
            by: other.to_string(),
        }
        .into()),
        _ => Ok(()),
    }
}

impl Request for WritePublicAddress {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.public_addresses.get(&key).cloned();
        let old = found.as_deref();
        header::check(world, KIND, &self.place, old.map(|old| &old.header))?;
        let settings = self.settings;
        if !IDLE_MINUTES.contains(&settings.idle_timeout_minutes) {
            return Err(AzureRefusal::InvalidParameter {
                parameter: "idleTimeoutInMinutes".to_owned(),
                value: settings.idle_timeout_minutes.to_string(),
            }
            .into());
        }
        if settings.sku == super::Sku::Standard && !settings.is_static {
            return Err(FabricRefusal::StandardAddressIsStatic {
                address: key.name.to_string(),
            }
            .into());
        }
        if let Some(old) = old.filter(|old| old.settings.sku != settings.sku) {
            return Err(FabricRefusal::SkuFixed {
                resource: format!("{KIND}/{}", key.name),
                sku: old.settings.sku.text(),
                wanted: settings.sku.text(),
            }
            .into());
        }
        let address = match old {
            Some(old) => old.address,
            None => next(world)?,
        };
        let header = header::write(world, KIND, self.place, old.map(|old| &old.header));
        let operation = header.operation;
        let public = PublicAddress {
            header,
            address,
            settings,
        };
        let addresses = &mut world.azure.fabric.public_addresses;
        addresses.insert(key, Arc::new(public));
        Ok((operation, found.is_none()))
    }
}

/// The first address that nobody has.
fn next(world: &World) -> Result<Ipv4Addr, FabricRefusal> {
    let given = &world.azure.fabric.public_addresses;
    if given.len() >= MOST {
        return Err(FabricRefusal::TooManyPublicAddresses { most: MOST });
    }
    let given: BTreeSet<Ipv4Addr> = given.values().map(|public| public.address).collect();
    let all = (u32::from(FIRST)..).map(Ipv4Addr::from);
    let free = all.into_iter().find(|address| !given.contains(address));
    Ok(free.unwrap_or(FIRST))
}

impl Request for DeletePublicAddress {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.public_addresses.get(&self.key).cloned() else {
            return Ok(None);
        };
        if let Some(user) = user_of(world, &self.key) {
            return Err(FabricRefusal::PublicAddressInUse {
                address: self.key.name.to_string(),
                by: user.to_string(),
            }
            .into());
        }
        let operation = header::start_deletion(world, KIND, &found.header);
        world.azure.fabric.public_addresses.remove(&self.key);
        Ok(Some(operation))
    }
}
