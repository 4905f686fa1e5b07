//! Machines on the way: what listens there, what passes connections on, and appliances that routes lead over.

use std::net::Ipv4Addr;

use super::super::resolve::resolve_from;
use super::super::route;
use super::super::vantage::{Origin, Vantage};
use super::super::verdict::{End, Hop, Reason, at};
use super::{Walk, Walker};
use crate::azure::ResourceKey;
use crate::azure::fabric::{Holder, Interface, Power, Relay};

impl Walker<'_> {
    /// A machine to which a route sends what is for others.
    pub(super) fn at_appliance(
        &mut self,
        origin: &Origin<'_>,
        appliance: Ipv4Addr,
        (address, port): (Ipv4Addr, u16),
        walk: Walk,
        turn: usize,
    ) {
        let Some(network) = origin.network() else {
            return self.end(walk, Err(Reason::RouteToAppliance));
        };
        let reached = route::connected_peers(self.world, &network)
            .filter(|peering| peering.allow_forwarded)
            .map(|peering| peering.remote.clone())
            .chain([network.clone()])
            .find_map(|network| route::locate(self.world, &network, appliance));
        let Some(Holder::Interface(key)) = reached.and_then(|spot| spot.holder) else {
            return self.end(walk, Err(Reason::RouteToAppliance));
        };
        let fabric = &self.world.azure.fabric;
        let passes_on = fabric
            .interfaces
            .get(&key)
            .is_some_and(|interface| interface.forwards);
        let runs = self
            .world
            .azure
            .fabric
            .machine_at(&key)
            .is_some_and(|machine| machine.power == Power::Running);
        let Some(interface) = fabric.interfaces.get(&key).filter(|_| passes_on && runs) else {
            return self.end(walk, Err(Reason::RouteToAppliance));
        };
        let origin = Origin {
            // The sender stays who it was.
            address: origin.address,
            ..Origin::of(interface)
        };
        self.go(&origin, address, port, walk, turn + 1);
    }

    pub(super) fn at_interface(
        &mut self,
        source: Ipv4Addr,
        key: &ResourceKey,
        port: u16,
        walk: Walk,
        turn: usize,
    ) {
        let world = self.world;
        let Some(interface) = world.azure.fabric.interfaces.get(key) else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        let own = interface.network_security_group.as_deref();
        if let Err(rule) = self.enters(source, (interface.address, port), &interface.subnet, own) {
            return self.end(walk.by(Hop::new("nsg", rule)), Err(Reason::DeniedIn));
        }
        let Some(machine) = world.azure.fabric.machine_at(key) else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        let walk = walk.by(Hop::new("vm", &machine.header.name).with_state(machine.power.text()));
        if machine.power != Power::Running {
            return self.end(walk, Err(Reason::NothingThere));
        }
        let mut rules = machine.rules.iter().filter(|rule| rule.port == port);
        let Some(rule) = rules.next() else {
            // The kernel's rules come before any program.
            if let Some(relay) = machine.relays.get(&port) {
                return self.relayed(interface, relay, walk, turn);
            }
            let end = machine.listens_on(port).then(|| End::Machine {
                machine: machine.header.name.to_string(),
            });
            return self.end(walk, end.ok_or(Reason::NoForwardingRule));
        };
        let mut walk = walk.by(Hop::new("dnat", at(rule.address, rule.to_port)));
        let taken = (rule.address, rule.to_port);
        walk.shadowed |= rules.any(|later| (later.address, later.to_port) != taken);
        if !machine.forwards {
            return self.end(walk, Err(Reason::ForwardingOff));
        }
        // What keeps its sender is answered past the machine: the client hears from somebody whom it has not asked.
        if !machine.masquerades {
            return self.end(walk, Err(Reason::ForwardTargetUnreachable));
        }
        let seen = resolve_from(world, &Vantage::Interface(key.clone()), &rule.host);
        if !seen.addresses().contains(&rule.address) {
            return self.end(walk, Err(Reason::StaleTarget));
        }
        // From here on the machine is the sender.
        self.go(
            &Origin::of(interface),
            rule.address,
            rule.to_port,
            walk,
            turn + 1,
        );
    }

    /// A program makes a connection of its own. That it cannot is told as if its client had tried itself (guess: it would take
    /// the client's connection and close it).
    fn relayed(&mut self, interface: &Interface, relay: &Relay, mut walk: Walk, turn: usize) {
        let hop = Hop::new("relay", format!("{}:{}", relay.host, relay.to_port));
        if relay.accepts_proxy_protocol {
            walk.lacks_header |= walk.header.take().is_none();
        }
        let origin = Origin::of(interface);
        let from = Vantage::Interface(interface.header.key());
        let Some(address) = resolve_from(self.world, &from, &relay.host).address() else {
            return self.end(walk.by(hop), Err(Reason::ForwardTargetUnreachable));
        };
        let walk = walk.by(hop.with_state(address.to_string()));
        self.go(&origin, address, relay.to_port, walk, turn + 1);
    }
}
