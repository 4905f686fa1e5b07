//! Names: what a vantage's resolver answers.

use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;
use sha1::{Digest, Sha1};

use super::vantage::{Place, Vantage};
use crate::azure::ResourceKey;
use crate::azure::fabric::{PrivateZone, RecordKind, Records, Target, registered};
use crate::instance::Instance;
use crate::names::Name;
use crate::world::World;

/// What a name came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolved {
    /// The name that was asked for.
    pub name: String,
    /// The names it is another name of, in order.
    pub chain: Vec<String>,
    /// Whose answer it is: `vnet:app`, `public`, `literal`.
    pub view: String,
    /// What came.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// Addresses, in the order of the records.
    Addresses(Vec<Ipv4Addr>),
    /// The name does not exist; a private zone says so, if one is named.
    NoName {
        /// The zone.
        zone: Option<String>,
    },
    /// The name exists, and has no address.
    NoAddress,
    /// It leads over more other names than a resolver follows: mostly in a circle.
    Endless,
    /// The resolver that the network names does not answer.
    NoServer(String),
}

/// Whose resolver is asked.
#[derive(Clone, Debug)]
enum View {
    Network(ResourceKey),
    /// The managed network of a data factory.
    Managed(ResourceKey),
    Public,
    NoServer(String),
}

/// When the public name of an instance begins to lead over its `privatelink` name.
///
/// Undocumented for managed instances (guess: once a connection has been approved; that is the general mechanism, and the
/// only reading under which the documented zone works).
const CNAME_NEEDS_APPROVAL: bool = true;
/// How many names one answer may lead over. What comes of more is an error of the server (RFC 1034, section 3.6.2: "CNAME loops
/// signalled as an error"; which number the platform's resolver stops at is a guess).
const LONGEST_CHAIN: usize = 16;
/// Azure's resolver.
const PLATFORM_RESOLVER: &str = "168.63.129.16";
const SUFFIX: &str = ".database.windows.net";

impl Resolved {
    /// The first address.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.addresses().first().copied()
    }

    /// All addresses.
    pub fn addresses(&self) -> &[Ipv4Addr] {
        match &self.answer {
            Answer::Addresses(addresses) => addresses,
            Answer::NoName { .. } | Answer::NoAddress | Answer::Endless | Answer::NoServer(_) => {
                &[]
            }
        }
    }
}

/// What the resolver of a vantage answers for a host name or an address.
pub fn resolve_from(world: &World, from: &Vantage, host: &str) -> Resolved {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if let Ok(address) = name.parse() {
        return Resolved {
            name,
            chain: Vec::new(),
            view: "literal".to_owned(),
            answer: Answer::Addresses(vec![address]),
        };
    }
    let view = view_of(world, from, &name);
    let mut chain = Vec::new();
    let mut asked = name.clone();
    let answer = loop {
        if chain.len() > LONGEST_CHAIN {
            break Answer::Endless;
        }
        match ask(world, &view, &asked) {
            Step::Answer(answer) => break answer,
            Step::Alias(target) => {
                chain.push(target.clone());
                asked = target;
            }
        }
    };
    let view = match view {
        View::Network(key) => format!("vnet:{}", key.name),
        View::Managed(key) => format!("adf:{}", key.name),
        View::Public => "public".to_owned(),
        View::NoServer(server) => server,
    };
    Resolved {
        name,
        chain,
        view,
        answer,
    }
}

/// What the resolver of a vantage has for a name besides addresses and other names; for the name that it is another name of.
pub fn records_from(
    world: &World,
    from: &Vantage,
    kind: RecordKind,
    host: &str,
) -> Option<Records> {
    let resolved = resolve_from(world, from, host);
    let name = resolved.chain.last().unwrap_or(&resolved.name);
    let View::Network(network) = view_of(world, from, &resolved.name) else {
        return None;
    };
    let (zone, relative) = zone_for(world, &network, name)?;
    let is_machine = !zone.has(&relative) && machine_named(world, zone, &relative).is_some();
    let set = zone.find(kind, &relative).filter(|_| !is_machine)?;
    Some(set.records.clone())
}

/// The public address of a managed instance: made of its name, in a range of the cloud's.
pub(super) fn public_address(instance: &Instance) -> Ipv4Addr {
    let digest = Sha1::digest(instance.server_name().as_bytes());
    Ipv4Addr::new(20, digest[0], digest[1], digest[2].max(1))
}

enum Step {
    Answer(Answer),
    Alias(String),
}

/// The resolver that a vantage asks for a name.
fn view_of(world: &World, from: &Vantage, name: &str) -> View {
    let Some(origin) = from.origin(world) else {
        return View::Public;
    };
    match &origin.place {
        Place::Internet => View::Public,
        Place::Managed(factory) => View::Managed(factory.clone()),
        Place::Site(site) => {
            let Some(site) = world.azure.fabric.sites.get(site) else {
                return View::Public;
            };
            let fits = |domain: &str| name == domain || name.ends_with(&format!(".{domain}"));
            let forwarders = site.forwarders.iter();
            let found = forwarders
                .filter(|(domain, _)| fits(domain.folded()))
                .max_by_key(|(domain, _)| domain.folded().len());
            match found {
                Some((_, network)) => View::Network(network.clone()),
                None => View::Public,
            }
        }
        Place::Subnet(subnet) => {
            let key = subnet.network_key();
            let servers = world
                .azure
                .virtual_networks
                .get(&key)
                .map(|network| network.dns_servers.as_slice())
                .unwrap_or_default();
            match servers.first().map(String::as_str) {
                None | Some(PLATFORM_RESOLVER) => View::Network(key),
                Some(server) => forwarder(world, server),
            }
        }
    }
}

/// A resolver of one's own is a machine that asks the platform's resolver of its own network.
fn forwarder(world: &World, server: &str) -> View {
    let address = server.parse::<Ipv4Addr>().ok();
    let mut interfaces = world.azure.fabric.interfaces.values();
    let found = interfaces.find(|interface| Some(interface.address) == address);
    match found {
        Some(interface) => View::Network(interface.subnet.network_key()),
        None => View::NoServer(server.to_owned()),
    }
}

fn ask(world: &World, view: &View, name: &str) -> Step {
    match view {
        View::NoServer(server) => Step::Answer(Answer::NoServer(server.clone())),
        View::Public => public(world, name),
        View::Managed(factory) => match managed(world, factory, name) {
            addresses if addresses.is_empty() => public(world, name),
            addresses => Step::Answer(Answer::Addresses(addresses)),
        },
        View::Network(network) => match zone_for(world, network, name) {
            None => public(world, name),
            Some((zone, relative)) => in_zone(world, network, zone, &relative, name),
        },
    }
}

/// The managed endpoints of a factory that were given this name (documented: each becomes a private record there).
fn managed(world: &World, factory: &ResourceKey, name: &str) -> Vec<Ipv4Addr> {
    let factory = world.azure.data_factories.get(factory);
    let endpoints = factory
        .into_iter()
        .flat_map(|found| found.endpoints.values());
    endpoints
        .filter(|endpoint| endpoint.answers_to(name))
        .map(|endpoint| endpoint.address)
        .collect()
}

/// The private zone that a network hears with the longest name that fits.
fn zone_for<'w>(
    world: &'w World,
    network: &ResourceKey,
    name: &str,
) -> Option<(&'w PrivateZone, String)> {
    let zones = world.azure.fabric.private_zones.values();
    let heard = zones.filter(|zone| zone.link_of(network).is_some());
    let fitting = heard.filter_map(|zone| {
        let domain = zone.header.name.folded();
        let relative = match name.strip_suffix(domain)? {
            "" => "@".to_owned(),
            rest => rest.strip_suffix('.')?.to_owned(),
        };
        Some((&**zone, relative))
    });
    fitting.max_by_key(|(zone, _)| zone.header.name.folded().len())
}

fn in_zone(
    world: &World,
    network: &ResourceKey,
    zone: &PrivateZone,
    relative: &str,
    name: &str,
) -> Step {
    // A machine's name is not any name.
    if !zone.has(relative)
        && let Some(addresses) = machine_named(world, zone, relative)
    {
        return Step::Answer(Answer::Addresses(addresses));
    }
    if let Some(set) = zone.find(RecordKind::A, relative)
        && let Records::A(addresses) = &set.records
    {
        return Step::Answer(Answer::Addresses(addresses.clone()));
    }
    if let Some(set) = zone.find(RecordKind::Cname, relative)
        && let Records::Cname(Some(target)) = &set.records
    {
        return Step::Alias(target.trim_end_matches('.').to_ascii_lowercase());
    }
    // Any name is there once `*` is, of whatever kind (RFC 4592).
    if zone.has(relative) || zone.has("*") {
        return Step::Answer(Answer::NoAddress);
    }
    let redirects = zone.link_of(network).is_some_and(|link| link.redirects);
    if redirects && zone.header.name.folded().starts_with("privatelink.") {
        return public(world, name);
    }
    let zone = Some(zone.header.name.to_string());
    Step::Answer(Answer::NoName { zone })
}

/// The addresses of the machine that is registered in a zone by this name.
fn machine_named(world: &World, zone: &PrivateZone, relative: &str) -> Option<Vec<Ipv4Addr>> {
    registered(world, zone).remove(&Name::new(relative))
}

/// What the world's public DNS says.
fn public(world: &World, name: &str) -> Step {
    if let Some(found) = of_instance(world, name).or_else(|| of_failover_group(world, name)) {
        return found;
    }
    let servers = world.instances.values().filter_map(|instance| {
        let server = instance.as_sql_server()?;
        let is_named = instance.name.is(name)
            || server
                .host_names
                .iter()
                .any(|host| host.eq_ignore_ascii_case(name));
        is_named.then_some(server.address)
    });
    match servers.into_iter().next() {
        Some(address) => Step::Answer(Answer::Addresses(vec![address])),
        None => of_listener(world, name),
    }
}

/// The listener of an availability group, by its name alone or in a domain of its server. All its addresses are registered,
/// online or not (documented: `RegisterAllProvidersIP` is on for listeners made with T-SQL).
fn of_listener(world: &World, name: &str) -> Step {
    let found = world.instances.values().find_map(|instance| {
        let mut listeners = instance.listeners();
        listeners.find(|listener| instance.names_of(listener).any(|own| own == name))
    });
    let Some(listener) = found else {
        return Step::Answer(Answer::NoName { zone: None });
    };
    let addresses = listener.addresses.iter();
    let addresses = addresses.filter_map(|address| match address.ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    Step::Answer(match addresses.collect::<Vec<_>>() {
        none if none.is_empty() => Answer::NoAddress,
        some => Answer::Addresses(some),
    })
}

fn of_instance(world: &World, name: &str) -> Option<Step> {
    let rest = name.strip_suffix(SUFFIX)?;
    let labels: Vec<&str> = rest.split('.').collect();
    let (instance, middle, zone) = match labels.as_slice() {
        [instance, zone] => (instance, None, zone),
        [instance, middle, zone] => (instance, Some(*middle), zone),
        _ => return None,
    };
    let instance = world.managed_instance(instance)?;
    let managed = instance.as_managed_instance()?;
    if managed.dns_zone != *zone {
        return None;
    }
    let inside = || match managed.properties.address {
        Some(address) => Step::Answer(Answer::Addresses(vec![address])),
        None => Step::Answer(Answer::NoAddress),
    };
    match middle {
        None if leads_over_privatelink(world, instance) => Some(Step::Alias(format!(
            "{}.privatelink.{zone}{SUFFIX}",
            instance.name.folded()
        ))),
        None | Some("privatelink") => Some(inside()),
        // While it is disabled, the name does not exist (guess).
        Some("public") if managed.properties.public_data_endpoint => Some(Step::Answer(
            Answer::Addresses(vec![public_address(instance)]),
        )),
        Some(_) => None,
    }
}

/// The listeners of a failover group are other names of its instances (documented): they go with the roles.
fn of_failover_group(world: &World, name: &str) -> Option<Step> {
    let rest = name.strip_suffix(SUFFIX)?;
    let labels: Vec<&str> = rest.split('.').collect();
    let (group, reads, zone) = match labels.as_slice() {
        [group, zone] => (group, false, zone),
        [group, "secondary", zone] => (group, true, zone),
        _ => return None,
    };
    let found = world.failover_group(&Name::new(group))?;
    let leads_to = found.listener(reads);
    let managed = leads_to.as_managed_instance()?;
    (managed.dns_zone == *zone).then(|| Step::Alias(leads_to.server_name().to_ascii_lowercase()))
}

fn leads_over_privatelink(world: &World, instance: &Instance) -> bool {
    let target = Target::Instance(instance.name.clone());
    world.consumers().any(|consumer| {
        let connection = consumer.connection();
        connection.target == target && (connection.was_approved || !CNAME_NEEDS_APPROVAL)
    })
}

/// Whether the network of an instance itself hears a zone that takes over the instance's name.
pub(super) fn is_hijacked(world: &World, instance: &Instance) -> bool {
    let Some(subnet) = instance
        .as_managed_instance()
        .and_then(|managed| managed.properties.subnet.as_ref())
    else {
        return false;
    };
    let network = subnet.network_key();
    let name = instance.server_name().to_ascii_lowercase();
    let over = name.replacen('.', ".privatelink.", 1);
    [name, over]
        .iter()
        .any(|name| zone_for(world, &network, name).is_some())
}
