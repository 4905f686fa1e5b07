//! The walk of a connection: from an address, over routes and whatever holds the addresses on the way, to its end.

mod balancer;
mod endpoint;
mod machine;

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::filter;
use super::passage::{Idle, ProxyHeader};
use super::resolve::public_address;
use super::route::{Arrival, Spot, follow};
use super::vantage::{Origin, Place};
use super::verdict::{End, Hop, Reason};
use crate::azure::fabric::{Connection, Direction, Holder, Sku, User, user_of};
use crate::azure::{ResourceKey, SubnetId};
use crate::instance::ServiceState;
use crate::names::Name;
use crate::world::World;

/// How a walk ended.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    pub(super) path: Vec<Hop>,
    pub(super) outcome: Result<End, Reason>,
    /// What chose this way among several.
    pub(super) selectors: Vec<String>,
    /// The connections of private endpoints that it leads through.
    pub(super) endpoints: Vec<Uuid>,
    /// Whether a machine on it has a rule for the same port that comes too late to be taken.
    pub(super) shadowed: bool,
    /// What forgets a silent connection first.
    pub(super) idle: Option<Idle>,
    /// What is put before its bytes.
    pub(super) header: Option<ProxyHeader>,
    /// Whether a program on it waits for such a header in vain.
    pub(super) lacks_header: bool,
}

/// How often a connection may be passed on: appliances and forwarding machines can go in circles.
const MOST_TURNS: usize = 8;
/// How many ways are followed.
const MOST_WAYS: usize = 256;
/// The port of a public endpoint.
pub(super) const PUBLIC_PORT: u16 = 3342;
/// The port of SQL.
pub(super) const SQL_PORT: u16 = 1433;
/// Who somebody from inside a network is on the internet.
const SOMEBODY_OF_AZURE: Ipv4Addr = Ipv4Addr::new(20, 0, 0, 1);

/// Every way from `origin` to an address and port.
pub(super) fn walk(world: &World, origin: &Origin<'_>, address: Ipv4Addr, port: u16) -> Vec<Walk> {
    let mut walker = Walker {
        world,
        ways: Vec::new(),
    };
    walker.go(origin, address, port, Walk::new(), 0);
    walker.ways
}

struct Walker<'w> {
    world: &'w World,
    ways: Vec<Walk>,
}

impl Walk {
    fn new() -> Self {
        Self {
            path: Vec::new(),
            outcome: Err(Reason::NoRoute),
            selectors: Vec::new(),
            endpoints: Vec::new(),
            shadowed: false,
            idle: None,
            header: None,
            lacks_header: false,
        }
    }

    fn by(mut self, hop: Hop) -> Self {
        self.path.push(hop);
        self
    }

    fn through(mut self, connection: &Connection) -> Self {
        self.endpoints.push(connection.guid);
        self
    }

    /// Whatever forgets first is what is noticed.
    fn forgotten(mut self, idle: Idle) -> Self {
        let sooner = self
            .idle
            .as_ref()
            .is_none_or(|own| idle.seconds < own.seconds);
        if sooner {
            self.idle = Some(idle);
        }
        self
    }

    fn chosen(mut self, selector: String) -> Self {
        self.selectors.push(selector);
        self
    }
}

impl<'w> Walker<'w> {
    fn end(&mut self, walk: Walk, outcome: Result<End, Reason>) {
        if self.ways.len() < MOST_WAYS {
            self.ways.push(Walk { outcome, ..walk });
        }
    }

    fn go(&mut self, origin: &Origin<'_>, address: Ipv4Addr, port: u16, walk: Walk, turn: usize) {
        if turn > MOST_TURNS || self.ways.len() >= MOST_WAYS {
            return self.end(walk, Err(Reason::NoRoute));
        }
        if let Err(rule) = self.leaves(origin, address, port) {
            return self.end(walk.by(Hop::new("nsg", rule)), Err(Reason::DeniedOut));
        }
        let (arrival, hops) = match follow(self.world, origin, address) {
            Ok(followed) => followed,
            Err(reason) => return self.end(walk, Err(reason)),
        };
        let walk = hops.into_iter().fold(walk, Walk::by);
        match arrival {
            Arrival::Site(site) => self.at_site(&site, address, port, walk),
            Arrival::ManagedEndpoint(factory, name) => {
                self.at_managed_endpoint(origin, &factory, &name, (address, port), walk, turn);
            }
            Arrival::Internet => self.on_internet(origin, address, port, walk, turn),
            Arrival::Appliance(appliance) => {
                self.at_appliance(origin, appliance, (address, port), walk, turn)
            }
            Arrival::Network(None) => self.end(walk, Err(Reason::NothingThere)),
            Arrival::Network(Some(spot)) => {
                self.at_spot(origin, *spot, (address, port), walk, turn);
            }
        }
    }

    /// Whether an instance is there and its service runs. Nothing answers for a stopped one (guess: its gateway is gone with it).
    fn runs(&self, instance: &Name) -> bool {
        let found = self.world.managed_instance(instance.as_str());
        found.is_some_and(|found| found.service != ServiceState::Stopped)
    }

    /// Security groups on the way out.
    fn leaves(&self, origin: &Origin<'_>, address: Ipv4Addr, port: u16) -> Result<(), String> {
        let Place::Subnet(subnet) = &origin.place else {
            return Ok(());
        };
        let network = subnet.network_key();
        let connection = filter::Connection {
            direction: Direction::Outbound,
            source: origin.address,
            destination: address,
            port,
            network: &network,
        };
        let own = origin
            .interface
            .and_then(|interface| interface.network_security_group.as_deref());
        filter::allows(self.world, own, connection)?;
        filter::allows(self.world, self.group_of(subnet).as_deref(), connection)
    }

    /// Security groups on the way in.
    fn enters(
        &self,
        source: Ipv4Addr,
        (address, port): (Ipv4Addr, u16),
        subnet: &SubnetId,
        own: Option<&str>,
    ) -> Result<(), String> {
        let network = subnet.network_key();
        let connection = filter::Connection {
            direction: Direction::Inbound,
            source,
            destination: address,
            port,
            network: &network,
        };
        filter::allows(self.world, self.group_of(subnet).as_deref(), connection)?;
        filter::allows(self.world, own, connection)
    }

    fn group_of(&self, subnet: &SubnetId) -> Option<String> {
        let settings = &self.world.azure.subnet(subnet)?.settings;
        settings.network_security_group.clone()
    }

    /// A SQL Server's own network.
    fn at_site(&mut self, site: &Name, address: Ipv4Addr, port: u16, walk: Walk) {
        let walk = walk.by(Hop::new("onprem", site));
        let found = self.world.instances.values().find_map(|instance| {
            let server = instance.as_sql_server()?;
            if server.address == address {
                return Some((instance, None));
            }
            let mut listeners = instance.listeners();
            let listener = listeners.find(|listener| listener.is_at(address, server.address))?;
            Some((instance, Some(listener)))
        });
        let Some((instance, listener)) = found else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        let walk = match listener {
            Some(listener) => walk.by(Hop::new("listener", &listener.dns_name)),
            None => walk,
        };
        let runs = instance.service != ServiceState::Stopped;
        // A listener is offline until the server's groups are online, and its addresses are nobody's.
        if listener.is_some() && instance.service != ServiceState::Running {
            return self.end(walk, Err(Reason::NothingThere));
        }
        let speaks_sql = port == SQL_PORT || listener.is_some_and(|found| found.port == port);
        let mirroring = instance.endpoint.as_ref().map(|endpoint| endpoint.port);
        let end = |port| End::SqlServer {
            server: instance.name.to_string(),
            port,
        };
        let outcome = match runs {
            true if speaks_sql => Ok(end(SQL_PORT)),
            true if mirroring == Some(port) => Ok(end(port)),
            _ => Err(Reason::PortClosed),
        };
        self.end(walk, outcome);
    }

    fn on_internet(
        &mut self,
        origin: &Origin<'_>,
        address: Ipv4Addr,
        port: u16,
        walk: Walk,
        turn: usize,
    ) {
        // Whoever leaves a network for the internet has another address there.
        let source = match origin.place {
            Place::Internet => origin.address,
            Place::Subnet(_) | Place::Managed(_) | Place::Site(_) => SOMEBODY_OF_AZURE,
        };
        let public = self.world.azure.fabric.public_addresses.iter();
        let public = public
            .into_iter()
            .find(|(_, public)| public.address == address);
        if let Some((key, public)) = public {
            let walk = walk.by(Hop::new("pip", &key.name));
            let guarded = public.settings.sku == Sku::Standard;
            return match user_of(self.world, key) {
                // Gateways speak to gateways only.
                None | Some(User::Gateway(_)) => self.end(walk, Err(Reason::NothingThere)),
                Some(User::Frontend(balancer, frontend)) => {
                    self.at_frontend(source, &balancer, &frontend, port, walk, turn);
                }
                Some(User::Interface(key)) if guarded && !self.is_guarded(&key) => {
                    let walk = walk.by(Hop::new("nsg", "none, and the address is standard"));
                    self.end(walk, Err(Reason::DeniedIn));
                }
                Some(User::Interface(key)) => self.at_interface(source, &key, port, walk, turn),
            };
        }
        let instances = self.world.instances.values();
        let found = instances
            .filter(|instance| instance.is_managed_instance())
            .find(|instance| public_address(instance) == address);
        let Some(instance) = found else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        let Some(managed) = instance.as_managed_instance() else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        let walk = walk.by(Hop::new("mi", &instance.name).with_state("public"));
        if !managed.properties.public_data_endpoint || port != PUBLIC_PORT {
            return self.end(walk, Err(Reason::PublicDisabled));
        }
        if let (Some(subnet), Some(inside)) =
            (&managed.properties.subnet, managed.properties.address)
            && let Err(rule) = self.enters(source, (inside, port), subnet, None)
        {
            return self.end(walk.by(Hop::new("nsg", rule)), Err(Reason::DeniedIn));
        }
        if !self.runs(&instance.name) {
            return self.end(walk, Err(Reason::InstanceStopped));
        }
        let end = End::Public {
            instance: instance.name.to_string(),
        };
        self.end(walk, Ok(end));
    }

    /// Whether some security group says what an interface gets: a standard public address lets nothing in without one
    /// (documented).
    fn is_guarded(&self, key: &ResourceKey) -> bool {
        let interface = self.world.azure.fabric.interfaces.get(key);
        interface.is_some_and(|interface| {
            interface.network_security_group.is_some() || self.group_of(&interface.subnet).is_some()
        })
    }

    fn at_spot(
        &mut self,
        origin: &Origin<'_>,
        spot: Spot,
        to: (Ipv4Addr, u16),
        walk: Walk,
        turn: usize,
    ) {
        let subnet = &spot.subnet;
        match spot.holder {
            None | Some(Holder::LinkService(_)) => self.end(walk, Err(Reason::NothingThere)),
            Some(Holder::Instance(name)) => self.at_instance(origin, subnet, &name, to, walk),
            Some(Holder::PrivateEndpoint(key)) => {
                self.at_endpoint(origin, subnet, &key, to, walk, turn);
            }
            Some(Holder::Frontend(key, name)) => {
                self.at_frontend(origin.address, &key, &name, to.1, walk, turn);
            }
            Some(Holder::Interface(key)) => {
                self.at_interface(origin.address, &key, to.1, walk, turn);
            }
        }
    }

    fn at_instance(
        &mut self,
        origin: &Origin<'_>,
        subnet: &SubnetId,
        name: &Name,
        to: (Ipv4Addr, u16),
        walk: Walk,
    ) {
        if let Err(rule) = self.enters(origin.address, to, subnet, None) {
            return self.end(walk.by(Hop::new("nsg", rule)), Err(Reason::DeniedIn));
        }
        let walk = walk.by(Hop::new("mi", name));
        if !self.runs(name) {
            return self.end(walk, Err(Reason::InstanceStopped));
        }
        let outcome = match is_instance_port(to.1) {
            true => Ok(End::VnetLocal {
                instance: name.to_string(),
                port: to.1,
            }),
            false => Err(Reason::PortClosed),
        };
        self.end(walk, outcome);
    }
}

/// Ports that the VNet-local endpoint carries (documented): SQL, redirected SQL and distributed transactions, the dedicated
/// administrator connection, Service Broker, mirroring.
fn is_instance_port(port: u16) -> bool {
    matches!(port, 1433 | 1434 | 4022 | 5022 | 5024 | 11_000..=12_000)
}
