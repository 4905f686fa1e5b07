//! Names as a vantage hears them: what there is, and a DNS server for each vantage.

mod answer;
mod server;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use milink_core::World;
use milink_core::azure::fabric::{RecordKind, registered};
use milink_core::path::{Vantage, resolve_from};

pub(crate) use answer::{Transport, answer};
pub(crate) use server::{Addresses, Model, NameServer};

/// Every name of the world that has an address for this vantage, with the first of them.
pub(crate) fn heard(world: &World, from: &Vantage) -> Vec<(String, Ipv4Addr)> {
    let names = known(world).into_iter();
    names
        .filter_map(|name| {
            let address = resolve_from(world, from, &name).address()?;
            Some((name, address))
        })
        .collect()
}

/// The names that somebody in the world could ask for; not those that only a `*` stands for.
fn known(world: &World) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for instance in world.instances.values() {
        if let Some(server) = instance.as_sql_server() {
            names.insert(instance.name.folded().to_owned());
            names.extend(
                server
                    .host_names
                    .iter()
                    .map(|name| name.to_ascii_lowercase()),
            );
            let listeners = instance.listeners();
            names.extend(listeners.flat_map(|listener| instance.names_of(listener)));
        } else {
            let name = instance.server_name().to_ascii_lowercase();
            names.insert(name.replacen('.', ".privatelink.", 1));
            names.insert(name.replacen('.', ".public.", 1));
            names.insert(name);
        }
    }
    for zone in world.azure.fabric.private_zones.values() {
        let domain = zone.header.name.folded();
        for (kind, record) in zone.records.keys() {
            match (kind, record.as_str()) {
                (RecordKind::A | RecordKind::Cname, "@") => {
                    names.insert(domain.to_owned());
                }
                (_, "*") => (),
                (RecordKind::A | RecordKind::Cname, record) => {
                    names.insert(format!("{}.{domain}", record.to_ascii_lowercase()));
                }
                // Nothing is reached by the others.
                _ => (),
            }
        }
        let machines = registered(world, zone).into_keys();
        names.extend(machines.map(|name| format!("{}.{domain}", name.folded())));
    }
    names
}

#[cfg(test)]
mod tests;
