//! The ways that a connection may take in a picture: what they pass, and where each breaks.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::Consumer;
use milink_core::names::Name;
use milink_core::path::{End, Hop, Vantage, Verdict, Way};

use super::gather::{Gathered, Thing};
use super::picture::{Kind, Mark, Stroke};

/// How long a line of a note is at most.
const LINE: usize = 44;

/// Marks every way of a verdict, and says in the caption what was asked and what came of it.
pub(super) fn mark(world: &World, gathered: &mut Gathered, from: &Vantage, verdict: &Verdict) {
    gathered.picture.caption = caption(world, from, verdict);
    let start = match from {
        Vantage::Internet => Some(gathered.internet()),
        Vantage::Interface(key) => gathered.box_of(&Thing::Interface(key.clone())),
        Vantage::Subnet(subnet) => gathered.box_of(&Thing::Subnet(subnet.clone())),
        Vantage::Instance(name) => gathered.box_of(&Thing::Instance(name.clone())),
        Vantage::Site(name) => gathered.box_of(&Thing::Site(name.clone())),
        Vantage::Runtime(key, _) => gathered.box_of(&Thing::Factory(key.clone())),
    };
    let ways = ways(verdict);
    let marked: Vec<Vec<usize>> = ways
        .iter()
        .map(|way| mark_way(world, gathered, (from, start), way))
        .collect();
    // Where a way breaks is told last: what others pass is not to hide it.
    let mut noted: BTreeMap<(Option<usize>, &str), ()> = BTreeMap::new();
    for (way, stops) in ways.iter().zip(&marked) {
        let Some(reason) = way.reason else {
            continue;
        };
        let last = stops.last().copied();
        if noted.insert((last, reason.code()), ()).is_some() {
            continue;
        }
        let picture = &mut gathered.picture;
        let mut words = vec![reason.code().to_owned()];
        if way.reason == verdict.reason {
            words.extend(verdict.hint.iter().flat_map(|hint| wrapped(hint)));
        }
        let note = picture.add(None, Kind::Note, words);
        picture.boxes[note].mark = Mark::Broken;
        if let Some(last) = last {
            if stops.len() > 1 {
                picture.boxes[last].mark = Mark::Broken;
            }
            connect(gathered, last, note, Mark::Broken);
        }
    }
}

/// Every way of a verdict.
fn ways(verdict: &Verdict) -> Vec<Way> {
    let told = verdict.ways.iter().any(|way| way.reason == verdict.reason);
    match told {
        true => verdict.ways.clone(),
        false => vec![Way {
            path: verdict.path.clone(),
            end: verdict.end.clone(),
            reason: verdict.reason,
        }],
    }
}

/// Marks what one way passes, as far as it goes. Answers its stops.
fn mark_way(
    world: &World,
    gathered: &mut Gathered,
    (from, start): (&Vantage, Option<usize>),
    way: &Way,
) -> Vec<usize> {
    let mut stops: Vec<usize> = start.into_iter().collect();
    let mut network = network_of(world, from);
    for hop in &way.path {
        if hop.hop == "peering" {
            network = pass_peering(world, gathered, network, hop);
        } else if let Some(stop) = stop_at(world, gathered, hop) {
            stops.push(stop);
        }
    }
    if let Some(End::SqlServer { server, .. }) = &way.end {
        stops.extend(gathered.box_of(&Thing::Server(Name::new(server))));
    }
    stops.dedup();
    for stop in &stops {
        gathered.picture.boxes[*stop].mark = Mark::OnWay;
    }
    for pair in stops.windows(2) {
        connect(gathered, pair[0], pair[1], Mark::OnWay);
    }
    stops
}

fn caption(world: &World, from: &Vantage, verdict: &Verdict) -> Vec<String> {
    let resolved = &verdict.resolved;
    let mut names = vec![resolved.name.clone()];
    names.extend(resolved.chain.iter().cloned());
    names.extend(resolved.address().map(|address| address.to_string()));
    names.dedup();
    let good = verdict
        .ways
        .iter()
        .filter(|way| way.reason.is_none())
        .count();
    let came = match verdict.reason {
        None => "reachable".to_owned(),
        Some(reason) if good > 0 => {
            let all = verdict.ways.len();
            format!("reachable by {good} of {all} ways: {}", reason.code())
        }
        Some(reason) => format!("not reachable: {}", reason.code()),
    };
    let from = from.text(world);
    vec![
        format!("from {from}: {came}"),
        format!("{} ({})", names.join(" is "), resolved.view),
    ]
}

fn network_of(world: &World, from: &Vantage) -> Option<ResourceKey> {
    match from {
        Vantage::Interface(key) => {
            let interface = world.azure.fabric.interfaces.get(key)?;
            Some(interface.subnet.network_key())
        }
        Vantage::Subnet(subnet) => Some(subnet.network_key()),
        Vantage::Instance(name) => {
            let views = world.managed_instance_views();
            let view = views.iter().find(|view| *view.name == *name)?;
            Some(view.properties.subnet.as_ref()?.network_key())
        }
        Vantage::Runtime(..) | Vantage::Site(_) | Vantage::Internet => None,
    }
}

/// Marks the line of a peering, and says in which network one is behind it.
fn pass_peering(
    world: &World,
    gathered: &mut Gathered,
    network: Option<ResourceKey>,
    hop: &Hop,
) -> Option<ResourceKey> {
    let name = Name::new(&hop.id);
    let known = &world.azure.virtual_networks;
    let has = |key: &ResourceKey| {
        known
            .get(key)
            .is_some_and(|found| found.peerings.contains_key(&name))
    };
    // A forwarding machine may have gone on from elsewhere.
    let key = network
        .filter(|key| has(key))
        .or_else(|| known.keys().find(|key| has(key)).cloned())?;
    let remote = known.get(&key)?.peerings.get(&name)?.remote.clone();
    if let Some(line) = gathered.peerings.get(&(key, name)) {
        gathered.picture.lines[*line].mark = Mark::OnWay;
    }
    Some(remote)
}

fn stop_at(world: &World, gathered: &mut Gathered, hop: &Hop) -> Option<usize> {
    let fabric = &world.azure.fabric;
    let name = hop.id.as_str();
    let thing = match hop.hop {
        "mi" => Thing::Instance(Name::new(name)),
        "onprem" => Thing::Site(Name::new(name)),
        "internet" => return Some(gathered.internet()),
        "pe" => {
            let consumer = world.consumers().find(|found| found.name() == name)?;
            match consumer {
                Consumer::Endpoint(key, _) => Thing::Endpoint(key.clone()),
                Consumer::Managed(factory, endpoint) => {
                    Thing::Managed(factory.key.clone(), endpoint.name.clone())
                }
            }
        }
        "pls" => {
            let key = fabric
                .private_link_services
                .keys()
                .find(|key| key.name.is(name));
            Thing::Service(key?.clone())
        }
        "lb" => {
            let key = fabric.load_balancers.keys().find(|key| key.name.is(name));
            Thing::Balancer(key?.clone())
        }
        "vm" => {
            let mut machines = fabric.machines.values();
            let machine = machines.find(|machine| machine.header.name.is(name))?;
            Thing::Interface(machine.interface.clone())
        }
        "gateway" => {
            let networks = &world.azure.virtual_networks;
            let key = networks.keys().find(|key| key.name.is(name));
            Thing::Network(key?.clone())
        }
        "appliance" => {
            return gathered
                .addresses
                .get(&name.parse::<Ipv4Addr>().ok()?)
                .copied();
        }
        _ => return None,
    };
    gathered.box_of(&thing)
}

/// Marks the line between two boxes; a new one if there is none. What is in each other needs none, and gets none: neither
/// Mermaid nor Graphviz can draw it.
fn connect(gathered: &mut Gathered, from: usize, to: usize, mark: Mark) {
    let picture = &mut gathered.picture;
    if picture.is_in(from, to) || picture.is_in(to, from) {
        return;
    }
    let known = picture
        .lines
        .iter_mut()
        .find(|line| (line.from, line.to) == (from, to) || (line.from, line.to) == (to, from));
    match known {
        Some(line) => line.mark = mark,
        None => {
            picture.join(from, to, "", Stroke::Arrow);
            if let Some(line) = picture.lines.last_mut() {
                line.mark = mark;
            }
        }
    }
}

/// A text in lines.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
