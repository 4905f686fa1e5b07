//! Load balancers on the way: a rule, a pool, and whoever of it is well; or one machine by an inbound NAT rule.

use std::net::Ipv4Addr;

use super::super::filter::PROBES;
use super::super::passage::Idle;
use super::super::verdict::{Hop, Reason};
use super::{Walk, Walker};
use crate::azure::ResourceKey;
use crate::azure::fabric::{LoadBalancer, NatRule, NatRuleId, Power, members, nat_target};
use crate::names::Name;

impl Walker<'_> {
    pub(super) fn at_frontend(
        &mut self,
        source: Ipv4Addr,
        key: &ResourceKey,
        frontend: &Name,
        port: u16,
        walk: Walk,
        turn: usize,
    ) {
        let Some(balancer) = self.world.azure.fabric.load_balancers.get(key).cloned() else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        let hop = Hop::new("lb", &key.name).with_state(format!("{frontend}:{port}"));
        if let Some((name, rule)) = balancer.nat_rule(frontend, port) {
            return self.at_nat_rule(source, (key, name, rule), walk, (hop, port), turn);
        }
        let Some((rule, backend_port)) = balancer.rule(frontend, port) else {
            return self.end(walk.by(hop), Err(Reason::NoBalancerRule));
        };
        let walk = walk
            .forgotten(Idle::of_balancer(
                rule.idle_timeout_minutes,
                rule.tcp_reset,
                &hop,
            ))
            .by(hop);
        let pool = rule.pool.as_ref();
        let all = pool.map_or_else(Vec::new, |pool| members(self.world, key, pool));
        if all.is_empty() {
            return self.end(walk, Err(Reason::EmptyPool));
        }
        let well: Vec<ResourceKey> = all
            .iter()
            .filter(|(interface, _, _)| self.is_well(&balancer, rule.probe.as_ref(), interface))
            .map(|(interface, ..)| (*interface).clone())
            .collect();
        if well.is_empty() {
            return self.end(walk, Err(Reason::NoHealthyBackend));
        }
        for member in &well {
            let walk = match well.len() {
                1 => walk.clone(),
                _ => walk.clone().chosen(member.name.to_string()),
            };
            self.at_interface(source, member, backend_port, walk, turn);
        }
    }

    /// The one machine that an inbound NAT rule leads to, well or not: nobody probes it (documented).
    pub(super) fn at_nat_rule(
        &mut self,
        source: Ipv4Addr,
        (balancer, name, rule): (&ResourceKey, &Name, &NatRule),
        walk: Walk,
        (hop, port): (Hop, u16),
        turn: usize,
    ) {
        let idle = Idle::of_balancer(rule.idle_timeout_minutes, rule.tcp_reset, &hop);
        let walk = walk.forgotten(idle).by(hop);
        let walk = walk.by(Hop::new("nat", name).with_state(rule.port_behind(port).to_string()));
        let id = NatRuleId {
            balancer: balancer.clone(),
            name: name.clone(),
        };
        match nat_target(self.world, &id).cloned() {
            None => self.end(walk, Err(Reason::NatRuleUnused)),
            Some(target) => {
                self.at_interface(source, &target, rule.port_behind(port), walk, turn);
            }
        }
    }

    /// Whether a pool's member gets new connections.
    fn is_well(&self, balancer: &LoadBalancer, probe: Option<&Name>, key: &ResourceKey) -> bool {
        let Some(machine) = self.world.azure.fabric.machine_at(key) else {
            return false;
        };
        let Some(probe) = probe.and_then(|probe| balancer.probes.get(probe)) else {
            return machine.power == Power::Running;
        };
        let Some(interface) = self.world.azure.fabric.interfaces.get(key) else {
            return false;
        };
        let own = interface.network_security_group.as_deref();
        let heard = self.enters(
            PROBES,
            (interface.address, probe.port),
            &interface.subnet,
            own,
        );
        heard.is_ok() && probe.finds_well(machine, self.world.now())
    }
}
