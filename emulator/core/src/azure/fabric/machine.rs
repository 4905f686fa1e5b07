//! Virtual machines: something at an address that listens, or passes connections on.

mod relay;
mod shell;
mod web_server;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::header::{self, Header, Place};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::ids::OperationId;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::World;

pub use relay::{Relay, WriteRelay};
pub use shell::{KernelCommand, Position, Printed, RunOnMachine, ShellCommand};
pub use web_server::{WebServer, WriteWebServer};

/// A virtual machine with one network interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// What every resource has.
    pub header: Header,
    /// Its interface.
    pub interface: ResourceKey,
    /// `hardwareProfile.vmSize`.
    pub size: String,
    /// Whether it runs.
    pub power: Power,
    /// Ports that programs on it listen on: sshd, to begin with.
    pub listening: BTreeSet<u16>,
    /// `net.ipv4.ip_forward`.
    pub forwards: bool,
    /// Whether what it passes on has it as the sender.
    pub masquerades: bool,
    /// Its address translation rules, in the order they were added; the first that fits is taken.
    pub rules: Vec<Forwarding>,
    /// Programs that pass connections on, by their ports: services of the machine, which start with it.
    pub relays: BTreeMap<u16, Relay>,
    /// Web servers, by their ports: services of the machine, too.
    pub web_servers: BTreeMap<u16, WebServer>,
    /// When its ports or its power last changed, for probes.
    pub changed: Timestamp,
    /// What is on it.
    pub profile: MachineProfile,
}

/// What is on a machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MachineProfile {
    /// Its operating system.
    pub os: Os,
    /// `zones`.
    pub zones: Vec<String>,
    /// `storageProfile` and `osProfile` as JSON, without secrets.
    pub text: Arc<str>,
}

/// An operating system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say it")]
pub enum Os {
    #[default]
    Linux,
    Windows,
}

/// A rule that sends what arrives at a port to somewhere else, with the machine as its sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// The port of the machine.
    pub port: u16,
    /// The name or address it was told.
    pub host: String,
    /// What the name was when the rule was made: it is not asked again.
    pub address: Ipv4Addr,
    /// The port there.
    pub to_port: u16,
}

/// Whether a machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum Power {
    Running,
    Stopped,
    Deallocated,
}

/// PUT. Answers the operation and whether the machine is new.
#[derive(Clone, Debug)]
pub struct WriteMachine {
    /// Where and what it is.
    pub place: Place,
    /// Its interface.
    pub interface: ResourceKey,
    /// `hardwareProfile.vmSize`.
    pub size: String,
    /// What is on it; of one that is there only the zones and the operating system stay.
    pub profile: MachineProfile,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeleteMachine {
    /// The machine.
    pub key: ResourceKey,
}

/// Starts, stops or reboots a machine. What was set by hand is lost with the memory.
#[derive(Clone, Debug)]
pub struct PowerMachine {
    /// The machine.
    pub key: ResourceKey,
    /// What it is to be; running reboots one that runs.
    pub power: Power,
}

/// Starts a machine; nothing happens to one that runs.
#[derive(Clone, Debug)]
pub struct StartMachine {
    /// The machine.
    pub key: ResourceKey,
}

/// Reboots a machine that runs.
#[derive(Clone, Debug)]
pub struct RestartMachine {
    /// The machine.
    pub key: ResourceKey,
}

/// Turns forwarding on and appends a rule, as the article's script does.
#[derive(Clone, Debug)]
pub struct AddForwarding {
    /// The machine.
    pub key: ResourceKey,
    /// The port of the machine.
    pub port: u16,
    /// The name or address to send to; a name is resolved now, as the machine sees it.
    pub host: String,
    /// The port there.
    pub to_port: u16,
}

/// sshd.
pub(crate) const SSH: u16 = 22;
/// Remote desktop.
const RDP: u16 = 3389;
/// How many rules a machine keeps.
const MOST_RULES: usize = 1_000;
pub(super) const KIND: &str = "Microsoft.Compute/virtualMachines";

impl Power {
    /// As `PowerState/…` says it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Deallocated => "deallocated",
        }
    }
}

impl Machine {
    /// Whether a program of its own takes connections at a port.
    pub fn listens_on(&self, port: u16) -> bool {
        self.listening.contains(&port) || self.web_servers.contains_key(&port)
    }
}

impl Request for WriteMachine {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let fabric = &world.azure.fabric;
        let found = fabric.machines.get(&key).cloned();
        header::check(
            world,
            KIND,
            &self.place,
            found.as_ref().map(|found| &found.header),
        )?;
        let interface = fabric.interfaces.get(&self.interface);
        let is_near = interface.is_some_and(|interface| {
            let location = &interface.header.location;
            location.eq_ignore_ascii_case(&self.place.location)
        });
        if !is_near {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!(
                    "Microsoft.Network/networkInterfaces/{}",
                    self.interface.name
                ),
                by: format!("{KIND}/{}", key.name),
            }
            .into());
        }
        let other = fabric
            .machines
            .iter()
            .find(|(other, machine)| **other != key && machine.interface == self.interface);
        if let Some((other, _)) = other {
            return Err(FabricRefusal::InterfaceInUse {
                interface: self.interface.name.to_string(),
                machine: other.name.to_string(),
            }
            .into());
        }
        if found
            .as_ref()
            .is_some_and(|found| found.interface != self.interface)
        {
            let what = "Moving a virtual machine to another interface".to_owned();
            return Err(AzureRefusal::NotEmulated { what }.into());
        }
        let now = world.now();
        let header = header::write(
            world,
            KIND,
            self.place,
            found.as_ref().map(|found| &found.header),
        );
        let operation = header.operation;
        let machine = match &found {
            Some(found) => Machine {
                header,
                size: self.size,
                profile: MachineProfile {
                    os: found.profile.os,
                    zones: found.profile.zones.clone(),
                    text: self.profile.text,
                },
                ..Machine::clone(found)
            },
            None => Machine {
                header,
                interface: self.interface,
                size: self.size,
                power: Power::Running,
                listening: BTreeSet::from([match self.profile.os {
                    Os::Linux => SSH,
                    Os::Windows => RDP,
                }]),
                forwards: false,
                masquerades: false,
                rules: Vec::new(),
                relays: BTreeMap::new(),
                web_servers: BTreeMap::new(),
                changed: now,
                profile: self.profile,
            },
        };
        world.azure.fabric.machines.insert(key, Arc::new(machine));
        Ok((operation, found.is_none()))
    }
}

impl Request for DeleteMachine {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.machines.remove(&self.key) else {
            return Ok(None);
        };
        Ok(Some(header::start_deletion(world, KIND, &found.header)))
    }
}

impl Request for PowerMachine {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let now = world.now();
        let header = machine(world, &self.key)?.header.clone();
        let operation = header::start(world, KIND, &header.group, &header.name, &header.location);
        let changed = machine_mut(world, &self.key)?;
        changed.power = self.power;
        changed.forwards = false;
        changed.masquerades = false;
        changed.rules.clear();
        changed.changed = now;
        Ok(operation)
    }
}

impl Request for StartMachine {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let found = machine(world, &self.key)?;
        if found.power == Power::Running {
            let header = found.header.clone();
            let (group, name) = (&header.group, &header.name);
            return Ok(header::start(world, KIND, group, name, &header.location));
        }
        let power = Power::Running;
        PowerMachine {
            key: self.key,
            power,
        }
        .apply(world)
    }
}

impl Request for RestartMachine {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        running(world, &self.key)?;
        let power = Power::Running;
        PowerMachine {
            key: self.key,
            power,
        }
        .apply(world)
    }
}

impl Request for AddForwarding {
    type Reply = Ipv4Addr;

    fn apply(self, world: &mut World) -> Result<Ipv4Addr, Refusal> {
        let now = world.now();
        let found = running(world, &self.key)?;
        if found.rules.len() >= MOST_RULES {
            return Err(FabricRefusal::TooManyRules {
                machine: found.header.name.to_string(),
            }
            .into());
        }
        let interface = found.interface.clone();
        let resolved = crate::path::resolve_from(
            world,
            &crate::path::Vantage::Interface(interface),
            &self.host,
        );
        let address = resolved
            .address()
            .ok_or_else(|| FabricRefusal::NameNotResolved {
                host: self.host.clone(),
            })?;
        let changed = machine_mut(world, &self.key)?;
        changed.forwards = true;
        changed.masquerades = true;
        changed.rules.push(Forwarding {
            port: self.port,
            host: self.host,
            address,
            to_port: self.to_port,
        });
        changed.changed = now;
        Ok(address)
    }
}

fn machine<'a>(world: &'a World, key: &ResourceKey) -> Result<&'a Machine, Refusal> {
    let found = world.azure.fabric.machines.get(key);
    found
        .map(|machine| &**machine)
        .ok_or_else(|| header::not_found(KIND, key))
}

/// The same, if it runs: a stopped one cannot be told anything.
fn running<'a>(world: &'a World, key: &ResourceKey) -> Result<&'a Machine, Refusal> {
    let found = machine(world, key)?;
    match found.power {
        Power::Running => Ok(found),
        Power::Stopped | Power::Deallocated => Err(FabricRefusal::MachineNotRunning {
            machine: found.header.name.to_string(),
        }
        .into()),
    }
}

fn machine_mut<'a>(world: &'a mut World, key: &ResourceKey) -> Result<&'a mut Machine, Refusal> {
    let found = world.azure.fabric.machines.get_mut(key);
    found
        .map(Arc::make_mut)
        .ok_or_else(|| header::not_found(KIND, key))
}
