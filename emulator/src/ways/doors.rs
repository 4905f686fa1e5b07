//! What answers a vantage, address by address: for programs that are put into the model's network with sockets of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;

use milink_core::World;
use milink_core::path::{Vantage, resolve_from};
use serde::{Deserialize, Serialize};

use super::{names, ports};
use crate::network::{Mode, mode_of};

/// The ports of an address at which somebody is let in, and those at which nothing answers. All others refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Doors {
    /// An address of the model at which something answers.
    pub(crate) address: Ipv4Addr,
    /// Let in.
    pub(crate) open: BTreeSet<u16>,
    /// Left alone.
    pub(crate) holes: BTreeSet<u16>,
}

/// Every address at which something answers a vantage. At any other nothing does, whatever the port.
pub(crate) fn doors(world: &World, from: &Vantage) -> Vec<Doors> {
    let ports = ports(world);
    let mut found = Vec::new();
    for address in addresses(world, from) {
        let modes: BTreeMap<u16, Mode> = ports
            .iter()
            .map(|port| (*port, mode_of(world, from, address, *port)))
            .collect();
        let with = |mode: Mode| {
            let fitting = modes.iter().filter(|(_, found)| **found == mode);
            fitting.map(|(port, _)| *port).collect::<BTreeSet<u16>>()
        };
        let holes = with(Mode::Hole);
        if holes.len() < modes.len() {
            found.push(Doors {
                address,
                open: with(Mode::Open),
                holes,
            });
        }
    }
    found
}

/// What tells one answer from another.
pub(crate) fn mark(doors: &[Doors]) -> u64 {
    let mut hasher = DefaultHasher::new();
    doors.hash(&mut hasher);
    // Numbers of JSON are exact up to here.
    hasher.finish() >> 11
}

/// The addresses of everything that has one, and those that names have.
fn addresses(world: &World, from: &Vantage) -> BTreeSet<Ipv4Addr> {
    let fabric = &world.azure.fabric;
    let mut all: BTreeSet<Ipv4Addr> = names::heard(world, from)
        .into_iter()
        .flat_map(|(name, _)| resolve_from(world, from, &name).addresses().to_vec())
        .collect();
    for instance in world.instances.values() {
        all.extend(instance.as_sql_server().map(|server| server.address));
        let managed = instance.as_managed_instance();
        all.extend(managed.and_then(|managed| managed.properties.address));
    }
    all.extend(fabric.interfaces.values().map(|found| found.address));
    all.extend(fabric.private_endpoints.values().map(|found| found.address));
    all.extend(fabric.public_addresses.values().map(|found| found.address));
    for balancer in fabric.load_balancers.values() {
        let inside = balancer
            .frontends
            .values()
            .filter_map(|frontend| frontend.inside());
        all.extend(inside.map(|(_, address)| address));
    }
    for factory in world.azure.data_factories.values() {
        all.extend(factory.endpoints.values().map(|found| found.address));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ways::sample::{approve, town};

    #[test]
    fn what_answers_nowhere_is_not_listed() {
        let mut world = town();
        let from = Vantage::parse(&world, "vm:vm-app").unwrap();
        let seen = |world: &World| {
            let found = doors(world, &from);
            found
                .into_iter()
                .map(|one| one.address.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(seen(&world), ["10.9.0.4"], "the machine itself");
        let before = mark(&doors(&world, &from));
        approve(&mut world);
        assert_eq!(seen(&world), ["10.9.0.4", "10.9.1.4"]);
        let found = doors(&world, &from);
        assert_ne!(mark(&found), before);
        let endpoint = &found[1];
        assert_eq!(endpoint.open, BTreeSet::from([1433]));
        assert!(endpoint.holes.contains(&5022), "{endpoint:?}");
        // A machine without a rule refuses.
        assert_eq!(
            (&found[0].open, &found[0].holes),
            (&BTreeSet::from([22]), &BTreeSet::new())
        );
    }
}
