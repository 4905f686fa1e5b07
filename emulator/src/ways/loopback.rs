//! Addresses of the loopback: 127.A.B.C, where A.B says from where and C stands for an address of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use milink_core::World;

use super::names::{Addresses, NameServer};
use crate::hub::WorldCell;
use crate::network::{Network, Target};

/// The addresses that one vantage has.
pub(crate) struct Block {
    names: NameServer,
    given: Arc<Given>,
}

/// Which address stands for which.
struct Given {
    number: u16,
    from: String,
    /// How often its clients send keepalives, which end here.
    keepalive_seconds: Option<u32>,
    cell: Arc<WorldCell>,
    network: Arc<Network>,
    /// By the model's address; in the order in which they were asked for.
    hosts: Mutex<BTreeMap<Ipv4Addr, u8>>,
}

/// How many blocks there are: A is 64 to 127.
const BLOCKS: u16 = 64 * 256;
/// The block's own address, at which its names are asked for.
const NAMES: u8 = 1;
/// The last address of a block.
const LAST: u8 = 254;
/// What services of the model listen at, or what a client would wait for in vain. Other ports are refused, although a packet filter of
/// the model might swallow them: a socket for each of 65 535 ports is too much.
const PORTS: [u16; 7] = [1433, 1434, 3342, 4022, 5022, 5024, 11_000];

/// Whether this machine lets programs have all addresses of the loopback: Linux and Windows do, macOS does not.
pub(crate) fn is_offered() -> bool {
    match TcpListener::bind((address(0, NAMES), 0)) {
        Ok(_) => true,
        Err(error) => {
            tracing::info!(%error, "no addresses of the loopback besides 127.0.0.1: mapped ports and the proxy lead in");
            false
        }
    }
}

impl Block {
    /// Takes the first block from `first` on that nobody has: who has its name server, has the block.
    pub(super) async fn open(
        cell: &Arc<WorldCell>,
        network: &Arc<Network>,
        (from, keepalive_seconds): (&str, Option<u32>),
        first: u16,
        dns_port: u16,
    ) -> io::Result<(Self, u16)> {
        let mut number = first;
        loop {
            if number >= BLOCKS {
                let text = "every block of the loopback is taken";
                return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
            }
            let given = Arc::new(Given {
                number,
                from: from.to_owned(),
                keepalive_seconds,
                cell: Arc::clone(cell),
                network: Arc::clone(network),
                hosts: Mutex::default(),
            });
            let addresses = Arc::clone(&given) as Arc<dyn Addresses>;
            let ip = address(number, NAMES).into();
            match NameServer::open(Arc::clone(cell), from, addresses, ip, dns_port).await {
                Ok(names) => return Ok((Self { names, given }, number)),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Where its names are asked for.
    pub(crate) fn names(&self) -> SocketAddr {
        self.names.address()
    }

    /// The address that stands for one of the model, with its ports open; none if the block is full.
    pub(crate) fn address_of(&self, model: Ipv4Addr) -> Option<Ipv4Addr> {
        self.given.told(model)
    }
}

impl Addresses for Given {
    fn told(&self, model: Ipv4Addr) -> Option<Ipv4Addr> {
        let host = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let next = u8::try_from(hosts.len()).ok()?.checked_add(NAMES + 1)?;
            match hosts.get(&model) {
                Some(host) => *host,
                None if next > LAST => return None,
                None => {
                    hosts.insert(model, next);
                    next
                }
            }
        };
        let ip = address(self.number, host);
        // Those that are open already are only looked up; a rule that is new has made more.
        for port in self.cell.read(|world| ports_of(world, model)) {
            let target = Target {
                keepalive_seconds: self.keepalive_seconds,
                ..Target::new(model.to_string(), port)
            };
            let at = SocketAddr::new(ip.into(), port);
            if let Err(error) = self.network.dial(&self.from, target, Some(at)) {
                // A low port needs rights; another program may have one.
                tracing::debug!(%at, %error, "cannot open a port of the loopback");
            }
        }
        Some(ip)
    }
}

/// Every port that is worth a socket at some address.
pub(crate) fn ports(world: &World) -> BTreeSet<u16> {
    let fabric = &world.azure.fabric;
    let machines = fabric.machines.values();
    let machines = machines.flat_map(|machine| {
        let forwarded = machine.rules.iter().map(|rule| rule.port);
        let relayed = machine.relays.keys().copied();
        forwarded
            .chain(relayed)
            .chain(machine.listening.iter().copied())
    });
    let balancers = fabric.load_balancers.values();
    let balancers = balancers.flat_map(|balancer| {
        let rules = balancer.rules.values();
        rules.map(|rule| rule.frontend_port)
    });
    let servers = world.instances.values();
    let servers = servers.flat_map(|instance| {
        let mirroring = instance.endpoint.as_ref().map(|endpoint| endpoint.port);
        let listeners = instance.listeners().map(|listener| listener.port);
        mirroring.into_iter().chain(listeners)
    });
    let fixed = PORTS.into_iter();
    fixed
        .chain(machines)
        .chain(balancers)
        .chain(servers)
        .collect()
}

/// The ports of an address that are worth a socket.
fn ports_of(world: &World, address: Ipv4Addr) -> BTreeSet<u16> {
    let mut ports = BTreeSet::from(PORTS);
    let fabric = &world.azure.fabric;
    for (key, interface) in &fabric.interfaces {
        if interface.address == address
            && let Some(machine) = fabric.machine_at(key)
        {
            ports.extend(machine.listening.iter());
            ports.extend(machine.rules.iter().map(|rule| rule.port));
            ports.extend(machine.relays.keys());
        }
    }
    for balancer in fabric.load_balancers.values() {
        let frontends = balancer.frontends.iter();
        let fitting = frontends.filter(|(_, frontend)| {
            let inside = frontend.inside();
            inside.is_some_and(|(_, inside)| inside == address)
        });
        for (name, _) in fitting {
            let rules = balancer.rules.values();
            let rules = rules.filter(|rule| rule.frontend == *name);
            ports.extend(rules.map(|rule| rule.frontend_port));
        }
    }
    let listeners = world
        .instances
        .values()
        .flat_map(|instance| instance.listeners());
    let listeners =
        listeners.filter(|listener| listener.addresses.iter().any(|at| at.ip == address));
    ports.extend(listeners.map(|listener| listener.port));
    // A private endpoint of a link service listens wherever the load balancer does.
    let is_endpoint = fabric.private_endpoints.values().any(|endpoint| {
        endpoint.address == address
            && matches!(
                endpoint.connection.target,
                milink_core::azure::fabric::Target::Service(_)
            )
    });
    if is_endpoint {
        let balancers = fabric.load_balancers.values();
        ports.extend(balancers.flat_map(|balancer| {
            let rules = balancer.rules.values();
            rules.map(|rule| rule.frontend_port)
        }));
    }
    ports
}

/// 127.(64 + v / 256).(v % 256).host
fn address(number: u16, host: u8) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 64 + high, low, host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_each_other_and_end_before_the_next_range() {
        assert_eq!(address(0, NAMES), Ipv4Addr::new(127, 64, 0, 1));
        assert_eq!(address(300, LAST), Ipv4Addr::new(127, 65, 44, 254));
        assert_eq!(address(BLOCKS - 1, 2), Ipv4Addr::new(127, 127, 255, 2));
    }
}
