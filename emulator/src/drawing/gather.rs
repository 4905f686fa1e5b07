//! What a world's network consists of, as boxes and lines.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use milink_core::World;
use milink_core::azure::data_factory::Factory;
use milink_core::azure::fabric::{
    Consumer, Holder, LoadBalancer, Machine, Peering, PeeringState, PrivateZone, Records, Target,
    holders,
};
use milink_core::azure::{ResourceKey, Subnet, SubnetId, VirtualNetwork};
use milink_core::names::Name;
use milink_core::path::{Vantage, resolve_from};

use super::picture::{Kind, Picture, Stroke};

/// A picture, and which box stands for what.
pub(super) struct Gathered {
    pub(super) picture: Picture,
    pub(super) found: BTreeMap<Thing, usize>,
    /// The box that has an address; where networks overlap, that of the first.
    pub(super) addresses: BTreeMap<Ipv4Addr, usize>,
    /// The line of a peering, by its network and name.
    pub(super) peerings: BTreeMap<(ResourceKey, Name), usize>,
}

/// What a box stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Internet,
    Network(ResourceKey),
    Subnet(SubnetId),
    Site(Name),
    Server(Name),
    Instance(Name),
    Interface(ResourceKey),
    Endpoint(ResourceKey),
    Balancer(ResourceKey),
    Service(ResourceKey),
    Zone(ResourceKey),
    Factory(ResourceKey),
    Managed(ResourceKey, Name),
}

/// How many records of a zone are listed.
const MOST_RECORDS: usize = 12;

/// Everything of the network.
pub(super) fn gather(world: &World) -> Gathered {
    let mut gathered = Gathered {
        picture: Picture::default(),
        found: BTreeMap::new(),
        addresses: BTreeMap::new(),
        peerings: BTreeMap::new(),
    };
    gathered.outside(world);
    for (key, network) in &world.azure.virtual_networks {
        gathered.network(world, key, network);
    }
    gathered.homeless(world);
    for factory in world.azure.data_factories.values() {
        gathered.factory(factory);
    }
    for (key, zone) in &world.azure.fabric.private_zones {
        gathered.zone(key, zone);
    }
    gathered.lines(world);
    gathered
}

impl Gathered {
    pub(super) fn box_of(&self, thing: &Thing) -> Option<usize> {
        self.found.get(thing).copied()
    }

    fn add(
        &mut self,
        parent: Option<usize>,
        thing: Thing,
        kind: Kind,
        words: Vec<String>,
    ) -> usize {
        if let Some(known) = self.found.get(&thing) {
            return *known;
        }
        let number = self.picture.add(parent, kind, words);
        self.found.insert(thing, number);
        number
    }

    fn join(&mut self, from: &Thing, to: &Thing, label: impl Into<String>, stroke: Stroke) {
        if let (Some(from), Some(to)) = (self.box_of(from), self.box_of(to)) {
            self.picture.join(from, to, label, stroke);
        }
    }

    /// What is not in Azure: places, SQL Servers, the internet.
    fn outside(&mut self, world: &World) {
        let is_open =
            |managed: &milink_core::azure::ManagedInstanceProperties| managed.public_data_endpoint;
        let views = world.managed_instance_views();
        if views.iter().any(|view| is_open(view.properties)) {
            self.internet();
        }
        for (name, site) in &world.azure.fabric.sites {
            let mut words = vec![name.to_string()];
            words.extend(site.prefixes.iter().map(ToString::to_string));
            for (domain, network) in &site.forwarders {
                words.push(format!("{domain} asked of {}", network.name));
            }
            self.add(None, Thing::Site(name.clone()), Kind::Site, words);
        }
        for instance in world.instances.values() {
            let Some(server) = instance.as_sql_server() else {
                continue;
            };
            let sites = world.azure.fabric.sites.values();
            let site = sites
                .filter(|site| site.has(server.address))
                .find_map(|site| self.box_of(&Thing::Site(site.name.clone())));
            let words = vec![
                instance.name.to_string(),
                "SQL Server".to_owned(),
                server.address.to_string(),
            ];
            let thing = Thing::Server(instance.name.clone());
            self.add(site, thing, Kind::Server, words);
        }
    }

    pub(super) fn internet(&mut self) -> usize {
        let words = vec!["internet".to_owned()];
        self.add(None, Thing::Internet, Kind::Internet, words)
    }

    fn network(&mut self, world: &World, key: &ResourceKey, network: &VirtualNetwork) {
        let mut words = vec![network.name.to_string()];
        words.extend(network.prefixes.iter().map(ToString::to_string));
        if !network.dns_servers.is_empty() {
            words.push(format!("DNS {}", network.dns_servers.join(" ")));
        }
        let parent = self.add(None, Thing::Network(key.clone()), Kind::Network, words);
        for subnet in network.subnets.values() {
            let id = SubnetId {
                group: key.group.clone(),
                network: key.name.clone(),
                subnet: subnet.name.clone(),
            };
            let thing = Thing::Subnet(id.clone());
            let place = self.add(Some(parent), thing, Kind::Subnet, subnet_words(subnet));
            for (address, holder) in holders(world, &id) {
                self.holder(world, place, address, &holder);
            }
        }
    }

    fn holder(&mut self, world: &World, place: usize, address: Ipv4Addr, holder: &Holder) {
        let fabric = &world.azure.fabric;
        let (thing, kind, words) = match holder {
            Holder::Instance(name) => {
                let mut words = vec![
                    name.to_string(),
                    "managed instance".to_owned(),
                    address.to_string(),
                ];
                let instance = world.managed_instance(name.as_str());
                if let Some(managed) = instance.and_then(|found| found.as_managed_instance()) {
                    words.push(managed.properties.proxy_override.clone());
                    if managed.properties.public_data_endpoint {
                        words.push("public endpoint".to_owned());
                    }
                }
                (Thing::Instance(name.clone()), Kind::Instance, words)
            }
            Holder::Interface(key) => {
                let words = match fabric.machine_at(key) {
                    Some(machine) => machine_words(machine, address),
                    None => vec![key.name.to_string(), address.to_string()],
                };
                (Thing::Interface(key.clone()), Kind::Machine, words)
            }
            Holder::PrivateEndpoint(key) => {
                let mut words = vec![
                    key.name.to_string(),
                    "private endpoint".to_owned(),
                    address.to_string(),
                ];
                if let Some(endpoint) = fabric.private_endpoints.get(key) {
                    words.push(endpoint.connection.status.text().to_owned());
                }
                (Thing::Endpoint(key.clone()), Kind::Endpoint, words)
            }
            Holder::Frontend(key, frontend) => {
                let said = format!("{frontend} {address}");
                let thing = Thing::Balancer(key.clone());
                if let Some(known) = self.box_of(&thing) {
                    self.picture.boxes[known].words.push(said);
                    self.addresses.entry(address).or_insert(known);
                    return;
                }
                let mut words = vec![key.name.to_string(), "load balancer".to_owned()];
                if let Some(balancer) = fabric.load_balancers.get(key) {
                    words.extend(rules_of(balancer));
                }
                words.push(said);
                (thing, Kind::Balancer, words)
            }
            Holder::LinkService(key) => {
                let words = vec![
                    key.name.to_string(),
                    "private link service".to_owned(),
                    address.to_string(),
                ];
                (Thing::Service(key.clone()), Kind::Service, words)
            }
        };
        let number = self.add(Some(place), thing, kind, words);
        self.addresses.entry(address).or_insert(number);
    }

    /// What has no subnet: instances and load balancers that are not inside a network.
    fn homeless(&mut self, world: &World) {
        for instance in world.instances.values() {
            if instance.is_managed_instance() {
                let words = vec![instance.name.to_string(), "managed instance".to_owned()];
                let thing = Thing::Instance(instance.name.clone());
                self.add(None, thing, Kind::Instance, words);
            }
        }
        for (key, balancer) in &world.azure.fabric.load_balancers {
            let mut words = vec![key.name.to_string(), "load balancer".to_owned()];
            words.extend(rules_of(balancer));
            self.add(None, Thing::Balancer(key.clone()), Kind::Balancer, words);
        }
    }

    /// A data factory, with the managed endpoints of its own network in it.
    fn factory(&mut self, factory: &Factory) {
        let mut words = vec![factory.key.name.to_string(), "data factory".to_owned()];
        words.extend(factory.runtimes.keys().map(ToString::to_string));
        let thing = Thing::Factory(factory.key.clone());
        let place = self.add(None, thing, Kind::Network, words);
        for endpoint in factory.endpoints.values() {
            let words = vec![
                endpoint.name.to_string(),
                "managed private endpoint".to_owned(),
                endpoint.connection.status.text().to_owned(),
            ];
            let thing = Thing::Managed(factory.key.clone(), endpoint.name.clone());
            self.add(Some(place), thing, Kind::Endpoint, words);
        }
    }

    fn zone(&mut self, key: &ResourceKey, zone: &PrivateZone) {
        let mut words = vec![key.name.to_string(), "private DNS zone".to_owned()];
        let mut records = zone.records.values();
        for set in records.by_ref().take(MOST_RECORDS) {
            let said = match &set.records {
                Records::A(addresses) => {
                    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                    format!("{} A {}", set.name, all.join(" "))
                }
                Records::Cname(target) => {
                    format!(
                        "{} CNAME {}",
                        set.name,
                        target.as_deref().unwrap_or_default()
                    )
                }
                Records::Aaaa(_)
                | Records::Mx(_)
                | Records::Ptr(_)
                | Records::Srv(_)
                | Records::Txt(_) => {
                    let kind = set.records.kind().text();
                    format!("{} {kind} ({})", set.name, set.records.count())
                }
            };
            words.push(said);
        }
        match records.count() {
            0 => (),
            more => words.push(format!("and {more} more")),
        }
        self.add(None, Thing::Zone(key.clone()), Kind::Zone, words);
        for link in zone.links.values() {
            let label = match link.redirects {
                true => "heard, else public",
                false => "heard",
            };
            let network = Thing::Network(link.network.clone());
            self.join(&Thing::Zone(key.clone()), &network, label, Stroke::Dashed);
        }
    }

    fn lines(&mut self, world: &World) {
        for (key, network) in &world.azure.virtual_networks {
            for peering in network.peerings.values() {
                self.peering(world, key, peering);
            }
        }
        let fabric = &world.azure.fabric;
        for gateway in fabric.gateways.values() {
            for site in &gateway.sites {
                let network = Thing::Network(gateway.network.clone());
                let site = Thing::Site(site.clone());
                self.join(&site, &network, gateway.kind.clone(), Stroke::Plain);
            }
        }
        for consumer in world.consumers() {
            let connection = consumer.connection();
            let target = match &connection.target {
                Target::Instance(name) => Thing::Instance(name.clone()),
                Target::Service(service) => Thing::Service(service.clone()),
            };
            let stroke = match connection.status {
                milink_core::azure::fabric::ConnectionStatus::Approved => Stroke::Arrow,
                _ => Stroke::Dashed,
            };
            let from = match consumer {
                Consumer::Endpoint(key, _) => Thing::Endpoint(key.clone()),
                Consumer::Managed(factory, endpoint) => {
                    Thing::Managed(factory.key.clone(), endpoint.name.clone())
                }
            };
            self.join(&from, &target, connection.status.text(), stroke);
        }
        for (key, service) in &fabric.private_link_services {
            let balancer = Thing::Balancer(service.frontend.0.clone());
            let label = service.frontend.1.to_string();
            self.join(
                &Thing::Service(key.clone()),
                &balancer,
                label,
                Stroke::Arrow,
            );
        }
        for (key, interface) in &fabric.interfaces {
            for pool in &interface.pools {
                let balancer = Thing::Balancer(pool.balancer.clone());
                let member = Thing::Interface(key.clone());
                self.join(&balancer, &member, pool.name.to_string(), Stroke::Arrow);
            }
        }
        let machines: Vec<&Machine> = fabric.machines.values().map(|machine| &**machine).collect();
        for machine in machines {
            for rule in &machine.rules {
                let from = self.box_of(&Thing::Interface(machine.interface.clone()));
                let to = self.addresses.get(&rule.address).copied();
                if let Some((from, to)) = from.zip(to) {
                    let label = format!("{} to {}", rule.port, rule.to_port);
                    self.picture.join(from, to, label, Stroke::Arrow);
                }
            }
            for (port, relay) in &machine.relays {
                let at = Vantage::Interface(machine.interface.clone());
                let address = resolve_from(world, &at, &relay.host).address();
                let from = self.box_of(&Thing::Interface(machine.interface.clone()));
                let to = address.and_then(|address| self.addresses.get(&address).copied());
                if let Some((from, to)) = from.zip(to) {
                    let label = format!("{port} to {}", relay.to_port);
                    self.picture.join(from, to, label, Stroke::Arrow);
                }
            }
        }
    }

    /// One line for both halves of a peering.
    fn peering(&mut self, world: &World, key: &ResourceKey, peering: &Peering) {
        let own = (key.clone(), peering.name.clone());
        let remote = world.azure.virtual_networks.get(&peering.remote);
        let other = remote.and_then(|remote| {
            let mut halves = remote.peerings.values();
            halves.find(|half| half.remote == *key)
        });
        if let Some(other) = other
            && let Some(line) = self
                .peerings
                .get(&(peering.remote.clone(), other.name.clone()))
        {
            self.peerings.insert(own, *line);
            return;
        }
        let state = peering.state(world, key);
        let may = peering.allow_access && other.is_none_or(|other| other.allow_access);
        let (label, stroke) = match (state, may) {
            (PeeringState::Connected, true) => ("peered".to_owned(), Stroke::Plain),
            (PeeringState::Connected, false) => ("peered, no access".to_owned(), Stroke::Dashed),
            (state, _) => (format!("peering {}", state.text()), Stroke::Dashed),
        };
        let line = self.picture.lines.len();
        let (from, to) = (
            Thing::Network(key.clone()),
            Thing::Network(peering.remote.clone()),
        );
        self.join(&from, &to, label, stroke);
        if self.picture.lines.len() > line {
            self.peerings.insert(own, line);
        }
    }
}

fn subnet_words(subnet: &Subnet) -> Vec<String> {
    let settings = &subnet.settings;
    let mut words = vec![subnet.name.to_string(), settings.prefix.to_string()];
    let last = |id: &String| id.rsplit('/').next().unwrap_or_default().to_owned();
    words.extend(
        settings
            .network_security_group
            .iter()
            .map(|id| format!("NSG {}", last(id))),
    );
    words.extend(
        settings
            .route_table
            .iter()
            .map(|id| format!("routes {}", last(id))),
    );
    words
}

fn machine_words(machine: &Machine, address: Ipv4Addr) -> Vec<String> {
    let mut words = vec![
        machine.header.name.to_string(),
        "virtual machine".to_owned(),
        address.to_string(),
    ];
    if machine.power != milink_core::azure::fabric::Power::Running {
        words.push(machine.power.text().to_owned());
    }
    words
}

fn rules_of(balancer: &LoadBalancer) -> impl Iterator<Item = String> {
    let rules = balancer.rules.values();
    rules.map(|rule| format!("{} to {}", rule.frontend_port, rule.backend_port))
}
