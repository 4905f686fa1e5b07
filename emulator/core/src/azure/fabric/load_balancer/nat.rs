//! Inbound NAT rules: a port of a frontend that leads to one machine, whose interface names the rule.

use super::{KIND, LoadBalancer, RuleProtocol};
use crate::azure::ResourceKey;
use crate::azure::check_name;
use crate::azure::fabric::header;
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, Refusal};
use crate::world::World;

/// An inbound NAT rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatRule {
    /// `protocol`.
    pub protocol: RuleProtocol,
    /// The frontend.
    pub frontend: Name,
    /// The port there.
    pub frontend_port: u16,
    /// The port of the machine.
    pub backend_port: u16,
    /// `idleTimeoutInMinutes`.
    pub idle_timeout_minutes: u32,
    /// `enableTcpReset`.
    pub tcp_reset: bool,
}

/// An inbound NAT rule of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NatRuleId {
    /// The load balancer.
    pub balancer: ResourceKey,
    /// The rule.
    pub name: Name,
}

/// PUT of an inbound NAT rule. Answers the operation and whether the rule is new.
#[derive(Clone, Debug)]
pub struct WriteNatRule {
    /// Which.
    pub id: NatRuleId,
    /// What it is to be.
    pub rule: NatRule,
}

/// DELETE of an inbound NAT rule.
#[derive(Clone, Debug)]
pub struct DeleteNatRule {
    /// Which.
    pub id: NatRuleId,
}

impl NatRule {
    /// The port of the machine for a port of the frontend.
    pub fn port_behind(&self, port: u16) -> u16 {
        match self.protocol {
            RuleProtocol::All => port,
            RuleProtocol::Tcp | RuleProtocol::Udp => self.backend_port,
        }
    }
}

impl NatRuleId {
    /// As the words of refusals name it.
    pub fn path(&self) -> String {
        format!(
            "{KIND}/{}/inboundNatRules/{}",
            self.balancer.name, self.name
        )
    }
}

impl LoadBalancer {
    /// The inbound NAT rule for a TCP connection to a port of a frontend.
    pub fn nat_rule(&self, frontend: &Name, port: u16) -> Option<(&Name, &NatRule)> {
        self.nat_rules.iter().find(|(_, rule)| {
            rule.frontend == *frontend
                && match rule.protocol {
                    RuleProtocol::Tcp => rule.frontend_port == port,
                    RuleProtocol::All => true,
                    RuleProtocol::Udp => false,
                }
        })
    }
}

/// The interface that has an inbound NAT rule.
pub fn nat_target<'a>(world: &'a World, id: &NatRuleId) -> Option<&'a ResourceKey> {
    let mut interfaces = world.azure.fabric.interfaces.iter();
    let found = interfaces.find(|(_, interface)| interface.nat_rules.contains(id));
    found.map(|(key, _)| key)
}

/// Whether nobody has a rule.
pub(super) fn is_free(world: &World, id: &NatRuleId) -> Result<(), AzureRefusal> {
    match nat_target(world, id) {
        None => Ok(()),
        Some(user) => Err(AzureRefusal::InUse {
            resource: id.path(),
            by: format!("Microsoft.Network/networkInterfaces/{}", user.name),
        }),
    }
}

impl Request for WriteNatRule {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        check_name("Microsoft.Network/loadBalancers", self.id.name.as_str())?;
        let found = world.azure.fabric.load_balancers.get(&self.id.balancer);
        let found = found.ok_or_else(|| header::not_found(KIND, &self.id.balancer))?;
        let mut ports = super::write::Ports::new(&self.id.balancer, found.frontends.keys());
        for (name, rule) in &found.rules {
            ports.take_rule(name, rule)?;
        }
        let others = found.nat_rules.iter();
        for (name, rule) in others.filter(|(name, _)| **name != self.id.name) {
            ports.take_nat_rule(name, rule)?;
        }
        ports.take_nat_rule(&self.id.name, &self.rule)?;
        let (header, balancer) = super::write::touched(world, &self.id.balancer)?;
        let is_new = balancer.nat_rules.insert(self.id.name, self.rule).is_none();
        balancer.header = header.clone();
        Ok((header.operation, is_new))
    }
}

impl Request for DeleteNatRule {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let found = world.azure.fabric.load_balancers.get(&self.id.balancer);
        let found = found.ok_or_else(|| header::not_found(KIND, &self.id.balancer))?;
        if !found.nat_rules.contains_key(&self.id.name) {
            return Ok(None);
        }
        is_free(world, &self.id)?;
        let (header, balancer) = super::write::touched(world, &self.id.balancer)?;
        balancer.nat_rules.remove(&self.id.name);
        balancer.header = header.clone();
        Ok(Some(header.operation))
    }
}
