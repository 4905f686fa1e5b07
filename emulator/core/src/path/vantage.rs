//! From where one looks: a place in the fabric, or outside of it.

use std::fmt;
use std::net::Ipv4Addr;

use crate::azure::data_factory::{RUNTIME_ADDRESS, Seat};
use crate::azure::fabric::Interface;
use crate::azure::{ResourceKey, SubnetId};
use crate::names::Name;
use crate::world::World;

/// From where a connection is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vantage {
    /// A network interface, and the machine behind it.
    Interface(ResourceKey),
    /// Any address of a subnet.
    Subnet(SubnetId),
    /// A managed instance.
    Instance(Name),
    /// An integration runtime of a data factory.
    Runtime(ResourceKey, Name),
    /// A place outside Azure.
    Site(Name),
    /// Anywhere else.
    Internet,
}

/// A text that names no vantage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VantageError {
    /// Not of the form.
    #[error(
        "'{0}' is no vantage: write vm:NAME, nic:NAME, subnet:NETWORK/SUBNET, mi:NAME, adf:FACTORY/RUNTIME, onprem:SITE or internet"
    )]
    Form(String),
    /// There is no such thing.
    #[error("there is no {kind} '{name}'")]
    Missing {
        /// What it was to be.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

/// Where packets of a vantage come from.
#[derive(Clone, Debug)]
pub(super) struct Origin<'w> {
    pub(super) address: Ipv4Addr,
    pub(super) place: Place,
    pub(super) interface: Option<&'w Interface>,
}

/// In what a vantage is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Subnet(SubnetId),
    /// The managed network of a data factory.
    Managed(ResourceKey),
    Site(Name),
    Internet,
}

/// The address of whoever is out there; of the range for documentation.
const SOMEBODY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 10);

/// The address of an integration runtime outside the managed network: one of the cloud's.
const PUBLIC_RUNTIME: Ipv4Addr = Ipv4Addr::new(20, 0, 0, 2);

impl Vantage {
    /// What `text` names in this world.
    ///
    /// # Errors
    ///
    /// It is not of the form, or names nothing that is there.
    pub fn parse(world: &World, text: &str) -> Result<Self, VantageError> {
        let form = || VantageError::Form(text.to_owned());
        if text.eq_ignore_ascii_case("internet") {
            return Ok(Self::Internet);
        }
        let (kind, name) = text.split_once(':').ok_or_else(form)?;
        let missing = |kind| VantageError::Missing {
            kind,
            name: name.to_owned(),
        };
        let fabric = &world.azure.fabric;
        match kind.to_ascii_lowercase().as_str() {
            "vm" => fabric
                .machines
                .values()
                .find(|machine| machine.header.name.is(name))
                .map(|machine| Self::Interface(machine.interface.clone()))
                .ok_or_else(|| missing("virtual machine")),
            "nic" => fabric
                .interfaces
                .keys()
                .find(|key| key.name.is(name))
                .map(|key| Self::Interface(key.clone()))
                .ok_or_else(|| missing("network interface")),
            "subnet" => {
                let (network, subnet) = name.split_once('/').ok_or_else(form)?;
                let networks = world.azure.virtual_networks.iter();
                let found = networks
                    .filter(|(key, _)| key.name.is(network))
                    .find_map(|(key, found)| Some((key, found.subnets.get(&Name::new(subnet))?)));
                let (key, subnet) = found.ok_or_else(|| missing("subnet"))?;
                Ok(Self::Subnet(SubnetId {
                    group: key.group.clone(),
                    network: key.name.clone(),
                    subnet: subnet.name.clone(),
                }))
            }
            "mi" => world
                .managed_instance(name)
                .map(|instance| Self::Instance(instance.name.clone()))
                .ok_or_else(|| missing("managed instance")),
            "adf" => {
                let (factory, runtime) = name.split_once('/').ok_or_else(form)?;
                let mut factories = world.azure.data_factories.values();
                let found = factories.find(|found| found.key.name.is(factory));
                let found = found.ok_or_else(|| missing("data factory"))?;
                let runtime = found.runtime_name(&Name::new(runtime));
                let runtime = runtime.ok_or_else(|| missing("integration runtime"))?;
                Ok(Self::Runtime(found.key.clone(), runtime))
            }
            "onprem" => fabric
                .sites
                .keys()
                .find(|site| site.is(name))
                .map(|site| Self::Site(site.clone()))
                .ok_or_else(|| missing("site")),
            _ => Err(form()),
        }
    }

    /// Every vantage that the world has by name.
    pub fn all(world: &World) -> Vec<Self> {
        let fabric = &world.azure.fabric;
        let interfaces = fabric.interfaces.keys().cloned().map(Self::Interface);
        let subnets = world
            .azure
            .virtual_networks
            .iter()
            .flat_map(|(key, network)| {
                network.subnets.keys().map(|subnet| {
                    Self::Subnet(SubnetId {
                        group: key.group.clone(),
                        network: key.name.clone(),
                        subnet: subnet.clone(),
                    })
                })
            });
        let instances = world
            .instances
            .values()
            .filter(|instance| instance.is_managed_instance());
        let instances = instances.map(|instance| Self::Instance(instance.name.clone()));
        let factories = world.azure.data_factories.values();
        let runtimes = factories.flat_map(|factory| {
            let names = factory.runtimes.keys();
            names.map(|name| Self::Runtime(factory.key.clone(), name.clone()))
        });
        let sites = fabric.sites.keys().cloned().map(Self::Site);
        let inside = interfaces.chain(subnets).chain(instances);
        let all = inside.chain(runtimes).chain(sites);
        all.chain([Self::Internet]).collect()
    }

    /// Where its packets come from; none if what it names is gone, or has no network.
    pub(super) fn origin<'w>(&self, world: &'w World) -> Option<Origin<'w>> {
        match self {
            Self::Interface(key) => {
                let interface = world.azure.fabric.interfaces.get(key)?;
                Some(Origin::of(interface))
            }
            Self::Subnet(subnet) => {
                let network = world.azure.virtual_networks.get(&subnet.network_key())?;
                let (first, _) = network.subnets.get(&subnet.subnet)?.settings.prefix.ends();
                Some(Origin {
                    address: Ipv4Addr::from(u32::from(first) + 4),
                    place: Place::Subnet(subnet.clone()),
                    interface: None,
                })
            }
            Self::Instance(name) => {
                let instance = world.managed_instance(name.as_str())?;
                let properties = &instance.as_managed_instance()?.properties;
                Some(Origin {
                    address: properties.address?,
                    place: Place::Subnet(properties.subnet.clone()?),
                    interface: None,
                })
            }
            Self::Runtime(key, name) => {
                let factory = world.azure.data_factories.get(key)?;
                let (address, place) = match factory.seat_of(name)? {
                    Seat::ManagedNetwork => (RUNTIME_ADDRESS, Place::Managed(key.clone())),
                    Seat::Public => (PUBLIC_RUNTIME, Place::Internet),
                };
                Some(Origin {
                    address,
                    place,
                    interface: None,
                })
            }
            Self::Site(name) => {
                let site = world.azure.fabric.sites.get(name)?;
                Some(Origin {
                    address: site.address()?,
                    place: Place::Site(name.clone()),
                    interface: None,
                })
            }
            Self::Internet => Some(Origin {
                address: SOMEBODY,
                place: Place::Internet,
                interface: None,
            }),
        }
    }
}

impl<'w> Origin<'w> {
    /// A machine's interface.
    pub(super) fn of(interface: &'w Interface) -> Self {
        Self {
            address: interface.address,
            place: Place::Subnet(interface.subnet.clone()),
            interface: Some(interface),
        }
    }

    /// The virtual network it is in.
    pub(super) fn network(&self) -> Option<ResourceKey> {
        match &self.place {
            Place::Subnet(subnet) => Some(subnet.network_key()),
            Place::Managed(_) | Place::Site(_) | Place::Internet => None,
        }
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(key) => write!(f, "nic:{}", key.name),
            Self::Subnet(subnet) => write!(f, "subnet:{}/{}", subnet.network, subnet.subnet),
            Self::Instance(name) => write!(f, "mi:{name}"),
            Self::Runtime(factory, name) => write!(f, "adf:{}/{name}", factory.name),
            Self::Site(name) => write!(f, "onprem:{name}"),
            Self::Internet => f.write_str("internet"),
        }
    }
}
