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
        "'{0}' is no vantage: write vm:NAME, nic:NAME, subnet:NETWORK/SUBNET, mi:NAME, adf:FACTORY/RUNTIME, onprem:SITE or internet; where a name is in several resource groups, write vm:GROUP/NAME and the like"
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
    /// There are several, in resource groups of their own.
    #[error("there is more than one {kind} '{name}': say which, {}", candidates.join(" or "))]
    Ambiguous {
        /// What they are.
        kind: &'static str,
        /// The name that they share.
        name: String,
        /// How to name each.
        candidates: Vec<String>,
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
            "vm" => {
                let key = the_one("vm", "virtual machine", name, fabric.machines.keys())?;
                let interface = fabric.machines.get(key).map(|found| &found.interface);
                let interface = interface.ok_or_else(|| missing("virtual machine"))?;
                Ok(Self::Interface(interface.clone()))
            }
            "nic" => {
                let interfaces = fabric.interfaces.keys();
                let key = the_one("nic", "network interface", name, interfaces)?;
                Ok(Self::Interface(key.clone()))
            }
            "subnet" => {
                let (network, subnet) = name.rsplit_once('/').ok_or_else(form)?;
                let subnet = Name::new(subnet);
                let networks = world.azure.virtual_networks.iter();
                let keys = networks.filter(|(_, found)| found.subnets.contains_key(&subnet));
                let found = the_one("subnet", "subnet", network, keys.map(|(key, _)| key));
                let key = found.map_err(|error| error.of_part(name))?;
                let known = world.azure.virtual_networks.get(key);
                let known = known.and_then(|found| found.subnets.get(&subnet));
                Ok(Self::Subnet(SubnetId {
                    group: key.group.clone(),
                    network: key.name.clone(),
                    subnet: known.map_or(subnet, |known| known.name.clone()),
                }))
            }
            "mi" => world
                .managed_instance(name)
                .map(|instance| Self::Instance(instance.name.clone()))
                .ok_or_else(|| missing("managed instance")),
            "adf" => {
                let (factory, runtime) = name.rsplit_once('/').ok_or_else(form)?;
                let factories = &world.azure.data_factories;
                let found = the_one("adf", "data factory", factory, factories.keys());
                let key = found.map_err(|error| error.of_part(name))?;
                let found = factories.get(key);
                let runtime = found.and_then(|found| found.runtime_name(&Name::new(runtime)));
                let runtime = runtime.ok_or_else(|| missing("integration runtime"))?;
                Ok(Self::Runtime(key.clone(), runtime))
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

    /// What a person would type for it in this world: a machine's name rather than its interface's, and the resource group only
    /// where the name alone would be ambiguous.
    pub fn text(&self, world: &World) -> String {
        let exact = self.exact(world);
        let Some((kind, name)) = exact.split_once(':') else {
            return exact;
        };
        match (self, name.split_once('/')) {
            (Self::Interface(_) | Self::Subnet(_) | Self::Runtime(..), Some((_, short))) => {
                let short = format!("{kind}:{short}");
                match Self::parse(world, &short) {
                    Ok(found) if found == *self => short,
                    _ => exact,
                }
            }
            _ => exact,
        }
    }

    /// The same with its resource group: it means nothing else, whatever the world becomes.
    pub fn exact(&self, world: &World) -> String {
        match self {
            Self::Interface(interface) => {
                let mut machines = world.azure.fabric.machines.iter();
                match machines.find(|(_, machine)| machine.interface == *interface) {
                    Some((key, _)) => format!("vm:{}/{}", key.group, key.name),
                    None => format!("nic:{}/{}", interface.group, interface.name),
                }
            }
            Self::Subnet(id) => format!("subnet:{}/{}/{}", id.group, id.network, id.subnet),
            Self::Runtime(key, name) => format!("adf:{}/{}/{name}", key.group, key.name),
            Self::Instance(_) | Self::Site(_) | Self::Internet => self.to_string(),
        }
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

impl VantageError {
    /// The same about a name of which the one that was looked for is a part.
    fn of_part(self, whole: &str) -> Self {
        let last = whole.rsplit('/').next().unwrap_or(whole);
        match self {
            Self::Missing { kind, .. } => Self::Missing {
                kind,
                name: whole.to_owned(),
            },
            Self::Ambiguous {
                kind, candidates, ..
            } => {
                let candidates = candidates.iter();
                Self::Ambiguous {
                    kind,
                    name: whole.to_owned(),
                    candidates: candidates.map(|one| format!("{one}/{last}")).collect(),
                }
            }
            form @ Self::Form(_) => form,
        }
    }
}

/// The one resource that a text means, `NAME` or `GROUP/NAME`.
fn the_one<'k>(
    prefix: &str,
    kind: &'static str,
    text: &str,
    keys: impl Iterator<Item = &'k ResourceKey>,
) -> Result<&'k ResourceKey, VantageError> {
    let (group, name) = match text.split_once('/') {
        Some((group, name)) => (Some(group), name),
        None => (None, text),
    };
    let fits =
        |key: &&ResourceKey| key.name.is(name) && group.is_none_or(|group| key.group.is(group));
    let found: Vec<&ResourceKey> = keys.filter(fits).collect();
    match found.as_slice() {
        [] => Err(VantageError::Missing {
            kind,
            name: text.to_owned(),
        }),
        [only] => Ok(only),
        several => Err(VantageError::Ambiguous {
            kind,
            name: text.to_owned(),
            candidates: several
                .iter()
                .map(|key| format!("{prefix}:{}/{}", key.group, key.name))
                .collect(),
        }),
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
