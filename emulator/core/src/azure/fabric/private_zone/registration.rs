//! Names that machines have in a zone for being in a network that registers there. Nothing of them is kept.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::PrivateZone;
use crate::names::Name;
use crate::world::World;

/// How long an answer of such a record holds, in seconds (observed in Azure's own examples).
pub const REGISTERED_TTL_SECONDS: u32 = 10;

/// The records that machines have in a zone. What somebody wrote under the name comes first (guess), and a stopped machine
/// keeps its record (documented: it goes when the machine is deleted). The name is the machine's, whatever its system is called.
pub fn registered(world: &World, zone: &PrivateZone) -> BTreeMap<Name, Vec<Ipv4Addr>> {
    let mut found: BTreeMap<Name, Vec<Ipv4Addr>> = BTreeMap::new();
    if !zone.links.values().any(|link| link.registers) {
        return found;
    }
    for machine in world.azure.fabric.machines.values() {
        let Some(interface) = world.azure.fabric.interfaces.get(&machine.interface) else {
            continue;
        };
        let name = &machine.header.name;
        let link = zone.link_of(&interface.subnet.network_key());
        if link.is_some_and(|link| link.registers) && !zone.has(name.as_str()) {
            let addresses = found.entry(name.clone()).or_default();
            addresses.push(interface.address);
        }
    }
    found
}
