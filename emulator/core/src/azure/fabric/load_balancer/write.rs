//! What is asked of load balancers: PUT and DELETE of one, and of its pools.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::{
    Frontend, FrontendPlace, KIND, LoadBalancer, NatRule, NatRuleId, Probe, Question, Rule,
    RuleProtocol, Sku, members, nat,
};
use crate::azure::fabric::header::{self, Header, Place};
use crate::azure::fabric::{address, public_address};
use crate::azure::{ResourceKey, SubnetId, check_name, network_exists};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// PUT. Answers the operation and whether the load balancer is new.
#[derive(Clone, Debug)]
pub struct WriteLoadBalancer {
    /// Where and what it is.
    pub place: Place,
    /// `sku.name`; none keeps it, and is basic for a new one (documented of the older API versions).
    pub sku: Option<Sku>,
    /// Its frontends.
    pub frontends: Vec<(Name, WantedFrontend)>,
    /// Its pools.
    pub pools: Vec<Name>,
    /// Its probes.
    pub probes: Vec<(Name, Probe)>,
    /// Its rules.
    pub rules: Vec<(Name, Rule)>,
    /// Its inbound NAT rules.
    pub nat_rules: Vec<(Name, NatRule)>,
}

/// A frontend that is asked for.
#[derive(Clone, Debug)]
pub struct WantedFrontend {
    /// Where it is to be.
    pub place: WantedPlace,
    /// `zones`.
    pub zones: Vec<String>,
}

/// Where a frontend is to be.
#[derive(Clone, Debug)]
pub enum WantedPlace {
    /// In a subnet, at the address that is asked for.
    Inside(SubnetId, Option<Ipv4Addr>),
    /// At a public IP address.
    Public(ResourceKey),
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeleteLoadBalancer {
    /// The load balancer.
    pub key: ResourceKey,
}

/// PUT of a pool. Answers the operation and whether the pool is new.
#[derive(Clone, Debug)]
pub struct WritePool {
    /// The load balancer.
    pub balancer: ResourceKey,
    /// The pool.
    pub name: Name,
}

/// DELETE of a pool.
#[derive(Clone, Debug)]
pub struct DeletePool {
    /// The load balancer.
    pub balancer: ResourceKey,
    /// The pool.
    pub name: Name,
}

/// The least interval of a probe, in seconds (documented).
const LEAST_INTERVAL: u32 = 5;
/// How long a connection may be idle, in minutes (the schema).
const IDLE_MINUTES: std::ops::RangeInclusive<u32> = 4..=100;

impl WantedFrontend {
    /// One in a subnet.
    pub fn inside(subnet: SubnetId, address: Option<Ipv4Addr>) -> Self {
        Self {
            place: WantedPlace::Inside(subnet, address),
            zones: Vec::new(),
        }
    }
}

impl Request for WriteLoadBalancer {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.load_balancers.get(&key).cloned();
        let old = found.as_deref();
        header::check(world, KIND, &self.place, old.map(|old| &old.header))?;
        let sku = sku(self.sku, old, &key)?;
        self.check_names()?;
        self.check_rules()?;
        self.check_probes(sku)?;
        self.check_frontends(world)?;
        if let Some(old) = old {
            self.check_what_goes(world, old)?;
        }
        let header = header::write(world, KIND, self.place, old.map(|old| &old.header));
        let operation = header.operation;
        let mut balancer = LoadBalancer {
            header,
            sku,
            frontends: BTreeMap::new(),
            pools: self.pools.into_iter().collect(),
            probes: self.probes.into_iter().collect(),
            rules: self.rules.into_iter().collect(),
            nat_rules: self.nat_rules.into_iter().collect(),
        };
        // One after the other, so that two frontends of one request get two addresses. Whoever keeps its address comes
        // first: nobody new may take it meanwhile.
        let (kept, new): (Vec<_>, Vec<_>) = self
            .frontends
            .into_iter()
            .partition(|(name, _)| old.is_some_and(|old| old.frontends.contains_key(name)));
        for (name, wanted) in kept.into_iter().chain(new) {
            let was = old.and_then(|old| old.frontends.get(&name));
            let frontend = place(world, wanted, was)?;
            balancer.frontends.insert(name, frontend);
            put(world, &key, balancer.clone());
        }
        put(world, &key, balancer);
        Ok((operation, found.is_none()))
    }
}

impl WriteLoadBalancer {
    fn path(&self) -> String {
        format!("{KIND}/{}", self.place.key.name)
    }

    /// Every part has a name of its own.
    fn check_names(&self) -> Result<(), Refusal> {
        let parts: [(&str, Vec<&Name>); 5] = [
            ("frontendIPConfigurations", names(&self.frontends)),
            ("backendAddressPools", self.pools.iter().collect()),
            ("probes", names(&self.probes)),
            ("loadBalancingRules", names(&self.rules)),
            ("inboundNatRules", names(&self.nat_rules)),
        ];
        for (collection, names) in parts {
            for (at, name) in names.iter().enumerate() {
                check_name("Microsoft.Network/loadBalancers", name.as_str())?;
                if names[..at].contains(name) {
                    return Err(FabricRefusal::ChildTwice {
                        parent: self.path(),
                        child: format!("{collection}/{name}"),
                    }
                    .into());
                }
            }
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), Refusal> {
        let missing = |what: &str, name: &Name, rule: &Name| AzureRefusal::ReferenceNotFound {
            resource: format!("{}/{what}/{name}", self.path()),
            by: format!("{}/loadBalancingRules/{rule}", self.path()),
        };
        let frontends = self.frontends.iter().map(|(name, _)| name);
        let mut ports = Ports::new(&self.place.key, frontends);
        for (name, rule) in &self.rules {
            ports.take_rule(name, rule)?;
            if let Some(pool) = rule.pool.as_ref().filter(|pool| !self.pools.contains(pool)) {
                return Err(missing("backendAddressPools", pool, name).into());
            }
            if let Some(probe) = &rule.probe
                && !names(&self.probes).contains(&probe)
            {
                return Err(missing("probes", probe, name).into());
            }
        }
        for (name, rule) in &self.nat_rules {
            ports.take_nat_rule(name, rule)?;
        }
        Ok(())
    }

    fn check_probes(&self, sku: Sku) -> Result<(), Refusal> {
        for (name, probe) in &self.probes {
            if matches!(probe.question, Question::Web { tls: true, .. }) && sku == Sku::Basic {
                return Err(FabricRefusal::ProbeNeedsStandard {
                    probe: name.to_string(),
                    balancer: self.place.key.name.to_string(),
                }
                .into());
            }
            if probe.interval_seconds < LEAST_INTERVAL {
                return Err(invalid("intervalInSeconds", probe.interval_seconds).into());
            }
            if probe.port == 0 {
                return Err(invalid("port", 0).into());
            }
        }
        Ok(())
    }

    /// All frontends are inside of one network, or all are public.
    fn check_frontends(&self, world: &World) -> Result<(), Refusal> {
        let mixed = || FabricRefusal::FrontendsMixed {
            balancer: self.place.key.name.to_string(),
        };
        let mut first: Option<Option<ResourceKey>> = None;
        for (at, (name, wanted)) in self.frontends.iter().enumerate() {
            let network = match &wanted.place {
                WantedPlace::Inside(subnet, _) => {
                    network_exists(world, subnet, &self.place.location)?;
                    address::takes_resources(world, KIND, subnet)?;
                    Some(subnet.network_key())
                }
                WantedPlace::Public(address) => {
                    let user = public_address::User::Frontend(self.place.key.clone(), name.clone());
                    public_address::is_free_for(world, address, &user, &self.path())?;
                    let twin = self.frontends[..at].iter().find(|(_, other)| {
                        matches!(&other.place, WantedPlace::Public(taken) if taken == address)
                    });
                    if let Some((twin, _)) = twin {
                        return Err(FabricRefusal::PublicAddressInUse {
                            address: address.name.to_string(),
                            by: format!("{}/frontendIPConfigurations/{twin}", self.path()),
                        }
                        .into());
                    }
                    None
                }
            };
            match &first {
                None => first = Some(network),
                Some(first) if *first != network => return Err(mixed().into()),
                Some(_) => {}
            }
        }
        // Members are in the network of the balancer.
        let Some(Some(network)) = first else {
            return Ok(());
        };
        let pools = self.pools.iter();
        let members = pools.flat_map(|pool| members(world, &self.place.key, pool));
        let members = members.map(|(_, interface, _)| interface);
        let targets = self.nat_rules.iter().filter_map(|(name, _)| {
            let (balancer, name) = (self.place.key.clone(), name.clone());
            let target = nat::nat_target(world, &NatRuleId { balancer, name })?;
            world
                .azure
                .fabric
                .interfaces
                .get(target)
                .map(|found| &**found)
        });
        let stranger = members
            .chain(targets)
            .find(|interface| interface.subnet.network_key() != network);
        if let Some(stranger) = stranger {
            return Err(FabricRefusal::MemberOfOtherNetwork {
                interface: stranger.header.name.to_string(),
                balancer: self.place.key.name.to_string(),
            }
            .into());
        }
        Ok(())
    }

    /// Parts that are in use stay.
    fn check_what_goes(&self, world: &World, old: &LoadBalancer) -> Result<(), Refusal> {
        for (name, frontend) in &old.frontends {
            let network = frontend.inside().map(|(subnet, _)| subnet.network_key());
            let stays = self.frontends.iter().any(|(kept, wanted)| {
                let WantedPlace::Inside(subnet, _) = &wanted.place else {
                    return false;
                };
                kept == name && network.as_ref() == Some(&subnet.network_key())
            });
            if !stays {
                frontend_is_free(world, &self.place.key, name)?;
            }
        }
        for pool in old.pools.iter().filter(|pool| !self.pools.contains(pool)) {
            pool_is_empty(world, &self.place.key, pool)?;
        }
        for name in old.nat_rules.keys() {
            if !names(&self.nat_rules).contains(&name) {
                let balancer = self.place.key.clone();
                let name = name.clone();
                nat::is_free(world, &NatRuleId { balancer, name })?;
            }
        }
        Ok(())
    }
}

/// Which ports of which frontends rules take, of both kinds: each has its own (documented).
pub(super) struct Ports<'a> {
    path: String,
    frontends: Vec<&'a Name>,
    taken: Vec<(&'a Name, u16, RuleProtocol, &'a Name)>,
}

impl<'a> Ports<'a> {
    pub(super) fn new(balancer: &ResourceKey, frontends: impl Iterator<Item = &'a Name>) -> Self {
        Self {
            path: format!("{KIND}/{}", balancer.name),
            frontends: frontends.collect(),
            taken: Vec::new(),
        }
    }

    pub(super) fn take_rule(&mut self, name: &'a Name, rule: &'a Rule) -> Result<(), Refusal> {
        let ports = (rule.frontend_port, rule.backend_port);
        let by = format!("loadBalancingRules/{name}");
        self.check(&rule.frontend, &by, ports, rule.protocol)?;
        self.check_idle(rule.idle_timeout_minutes)?;
        self.take(name, &rule.frontend, rule.frontend_port, rule.protocol)
    }

    pub(super) fn take_nat_rule(
        &mut self,
        name: &'a Name,
        rule: &'a NatRule,
    ) -> Result<(), Refusal> {
        let ports = (rule.frontend_port, rule.backend_port);
        let by = format!("inboundNatRules/{name}");
        self.check(&rule.frontend, &by, ports, rule.protocol)?;
        self.check_idle(rule.idle_timeout_minutes)?;
        self.take(name, &rule.frontend, rule.frontend_port, rule.protocol)
    }

    fn check(
        &self,
        frontend: &Name,
        by: &str,
        (front, back): (u16, u16),
        protocol: RuleProtocol,
    ) -> Result<(), Refusal> {
        if !self.frontends.contains(&frontend) {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!("{}/frontendIPConfigurations/{frontend}", self.path),
                by: format!("{}/{by}", self.path),
            }
            .into());
        }
        let all = protocol == RuleProtocol::All;
        for (parameter, port) in [("frontendPort", front), ("backendPort", back)] {
            // Port 0 is every port, which only goes with every protocol.
            if (port == 0) != all || port == u16::MAX {
                return Err(invalid(parameter, u32::from(port)).into());
            }
        }
        Ok(())
    }

    fn check_idle(&self, minutes: u32) -> Result<(), Refusal> {
        match IDLE_MINUTES.contains(&minutes) {
            true => Ok(()),
            false => Err(invalid("idleTimeoutInMinutes", minutes).into()),
        }
    }

    fn take(
        &mut self,
        name: &'a Name,
        frontend: &'a Name,
        port: u16,
        protocol: RuleProtocol,
    ) -> Result<(), Refusal> {
        let mut taken = self.taken.iter();
        let twin = taken
            .find(|(at, other, of, _)| *at == frontend && *other == port && of.meets(protocol));
        if let Some((.., twin)) = twin {
            return Err(FabricRefusal::RulesCollide {
                rule: name.to_string(),
                other: twin.to_string(),
            }
            .into());
        }
        self.taken.push((frontend, port, protocol, name));
        Ok(())
    }
}

fn names<T>(parts: &[(Name, T)]) -> Vec<&Name> {
    parts.iter().map(|(name, _)| name).collect()
}

/// The tier, which stays as it was made.
fn sku(wanted: Option<Sku>, old: Option<&LoadBalancer>, key: &ResourceKey) -> Result<Sku, Refusal> {
    match (wanted, old.map(|old| old.sku)) {
        (Some(wanted), Some(old)) if wanted != old => Err(FabricRefusal::SkuFixed {
            resource: format!("{KIND}/{}", key.name),
            sku: old.text(),
            wanted: wanted.text(),
        }
        .into()),
        (wanted, old) => Ok(old.or(wanted).unwrap_or(Sku::Basic)),
    }
}

/// The frontend that becomes of what is asked for.
fn place(
    world: &World,
    wanted: WantedFrontend,
    was: Option<&Frontend>,
) -> Result<Frontend, Refusal> {
    let place = match wanted.place {
        WantedPlace::Public(key) => FrontendPlace::Public(key),
        WantedPlace::Inside(subnet, asked) => {
            let was = was.and_then(Frontend::inside);
            let address = address::keep_or_allocate(world, &subnet, asked, was)?;
            FrontendPlace::Inside {
                subnet,
                address,
                is_static: asked.is_some(),
            }
        }
    };
    Ok(Frontend {
        place,
        zones: wanted.zones,
    })
}

fn put(world: &mut World, key: &ResourceKey, balancer: LoadBalancer) {
    let balancers = &mut world.azure.fabric.load_balancers;
    balancers.insert(key.clone(), Arc::new(balancer));
}

fn invalid(parameter: &str, value: u32) -> AzureRefusal {
    AzureRefusal::InvalidParameter {
        parameter: parameter.to_owned(),
        value: value.to_string(),
    }
}

impl Request for DeleteLoadBalancer {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.load_balancers.get(&self.key).cloned() else {
            return Ok(None);
        };
        for frontend in found.frontends.keys() {
            frontend_is_free(world, &self.key, frontend)?;
        }
        for pool in &found.pools {
            pool_is_empty(world, &self.key, pool)?;
        }
        for name in found.nat_rules.keys() {
            let (balancer, name) = (self.key.clone(), name.clone());
            nat::is_free(world, &NatRuleId { balancer, name })?;
        }
        let operation = header::start_deletion(world, KIND, &found.header);
        world.azure.fabric.load_balancers.remove(&self.key);
        Ok(Some(operation))
    }
}

impl Request for WritePool {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        check_name("Microsoft.Network/loadBalancers", self.name.as_str())?;
        let (header, balancer) = touched(world, &self.balancer)?;
        let is_new = balancer.pools.insert(self.name);
        balancer.header = header.clone();
        Ok((header.operation, is_new))
    }
}

impl Request for DeletePool {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let found = world.azure.fabric.load_balancers.get(&self.balancer);
        let found = found.ok_or_else(|| header::not_found(KIND, &self.balancer))?;
        if !found.pools.contains(&self.name) {
            return Ok(None);
        }
        let path = format!("{KIND}/{}", self.balancer.name);
        let mut rules = found.rules.iter();
        if let Some((rule, _)) = rules.find(|(_, rule)| rule.pool.as_ref() == Some(&self.name)) {
            return Err(AzureRefusal::InUse {
                resource: format!("{path}/backendAddressPools/{}", self.name),
                by: format!("{path}/loadBalancingRules/{rule}"),
            }
            .into());
        }
        pool_is_empty(world, &self.balancer, &self.name)?;
        let (header, balancer) = touched(world, &self.balancer)?;
        balancer.pools.remove(&self.name);
        balancer.header = header.clone();
        Ok(Some(header.operation))
    }
}

/// The load balancer, to be changed, and the header that it has then.
pub(super) fn touched<'a>(
    world: &'a mut World,
    key: &ResourceKey,
) -> Result<(Header, &'a mut LoadBalancer), Refusal> {
    let found = world.azure.fabric.load_balancers.get(key).cloned();
    let found = found.ok_or_else(|| header::not_found(KIND, key))?;
    let place = Place {
        key: key.clone(),
        location: found.header.location.clone(),
        tags: found.header.tags.clone(),
    };
    header::check(world, KIND, &place, Some(&found.header))?;
    let header = header::write(world, KIND, place, Some(&found.header));
    let balancers = &mut world.azure.fabric.load_balancers;
    let balancer = balancers.get_mut(key).map(Arc::make_mut);
    Ok((header, balancer.expect("found a moment ago")))
}

fn pool_is_empty(world: &World, balancer: &ResourceKey, pool: &Name) -> Result<(), AzureRefusal> {
    match members(world, balancer, pool).first() {
        None => Ok(()),
        Some((member, ..)) => Err(AzureRefusal::InUse {
            resource: format!("{KIND}/{}/backendAddressPools/{pool}", balancer.name),
            by: format!("Microsoft.Network/networkInterfaces/{}", member.name),
        }),
    }
}

fn frontend_is_free(
    world: &World,
    balancer: &ResourceKey,
    name: &Name,
) -> Result<(), AzureRefusal> {
    let mut services = world.azure.fabric.private_link_services.values();
    let user =
        services.find(|service| service.frontend.0 == *balancer && service.frontend.1 == *name);
    match user {
        None => Ok(()),
        Some(user) => Err(AzureRefusal::InUse {
            resource: format!("{KIND}/{}/frontendIPConfigurations/{name}", balancer.name),
            by: format!("Microsoft.Network/privateLinkServices/{}", user.header.name),
        }),
    }
}
