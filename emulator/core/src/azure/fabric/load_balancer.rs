//! Load balancers: frontends, pools, probes and rules. Whether a member is up is computed from time, never kept.

use std::net::Ipv4Addr;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::header::{self, Header, Place};
use super::{Interface, Machine, Power, address};
use crate::azure::{ResourceKey, SubnetId, network_exists};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::time::{Span, Timestamp};
use crate::world::World;

/// A load balancer of the standard tier.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancer {
    /// What every resource has.
    pub header: Header,
    /// `sku.name`.
    pub sku: String,
    /// Where it is reached.
    pub frontends: OrdMap<Name, Frontend>,
    /// `backendAddressPools`; interfaces say which they are in.
    pub pools: OrdSet<Name>,
    /// How it tells whether a member is up.
    pub probes: OrdMap<Name, Probe>,
    /// What goes where.
    pub rules: OrdMap<Name, Rule>,
}

/// A frontend.
#[derive(Clone, Debug, PartialEq)]
pub struct Frontend {
    /// Its subnet and address there; none for a public one, which nothing is sent through here.
    pub inside: Option<(SubnetId, Ipv4Addr)>,
    /// Whether the address was asked for.
    pub is_static: bool,
}

/// A pool of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PoolId {
    /// The load balancer.
    pub balancer: ResourceKey,
    /// The pool.
    pub name: Name,
}

/// A TCP probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `protocol`, as written.
    pub protocol: String,
    /// The port it connects to.
    pub port: u16,
    /// `intervalInSeconds`.
    pub interval_seconds: u32,
    /// `numberOfProbes`.
    pub number: Option<u32>,
    /// `probeThreshold`.
    pub threshold: Option<u32>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `protocol`, as written.
    pub protocol: String,
    /// The frontend.
    pub frontend: Name,
    /// The port there.
    pub frontend_port: u16,
    /// The pool.
    pub pool: Option<Name>,
    /// The port of its members.
    pub backend_port: u16,
    /// The probe.
    pub probe: Option<Name>,
    /// `idleTimeoutInMinutes`.
    pub idle_timeout_minutes: u32,
    /// `enableTcpReset`.
    pub tcp_reset: bool,
}

/// PUT. Answers the operation and whether the load balancer is new.
#[derive(Clone, Debug)]
pub struct WriteLoadBalancer {
    /// Where and what it is.
    pub place: Place,
    /// `sku.name`.
    pub sku: String,
    /// Its frontends: the subnet, if it is inside, and the address that is asked for.
    pub frontends: Vec<(Name, Option<SubnetId>, Option<Ipv4Addr>)>,
    /// Its pools.
    pub pools: Vec<Name>,
    /// Its probes.
    pub probes: Vec<(Name, Probe)>,
    /// Its rules.
    pub rules: Vec<(Name, Rule)>,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeleteLoadBalancer {
    /// The load balancer.
    pub key: ResourceKey,
}

pub(super) const KIND: &str = "Microsoft.Network/loadBalancers";
/// The least interval of a probe, in seconds (documented).
const LEAST_INTERVAL: u32 = 5;

impl Probe {
    /// After how many failures a member is down. The texts disagree about the older member (guess: it counts).
    pub fn failures(&self) -> u32 {
        self.threshold.or(self.number).unwrap_or(1).max(1)
    }

    /// How long a member that fails is still taken for well.
    pub fn patience(&self) -> Span {
        Span::seconds(i64::from(self.interval_seconds) * i64::from(self.failures()))
    }

    /// Whether a member is taken for well at `now`.
    pub fn finds_well(&self, machine: &Machine, now: Timestamp) -> bool {
        let answers = machine.power == Power::Running
            && (machine.listening.contains(&self.port)
                || machine.rules.iter().any(|rule| rule.port == self.port));
        answers || now.since(machine.changed) < self.patience()
    }
}

impl LoadBalancer {
    /// The rule for what arrives at a port of a frontend.
    pub fn rule(&self, frontend: &Name, port: u16) -> Option<(&Name, &Rule)> {
        self.rules
            .iter()
            .find(|(_, rule)| rule.frontend == *frontend && rule.frontend_port == port)
    }
}

/// The interfaces in a pool, with the machines behind them.
pub(crate) fn members<'a>(
    world: &'a World,
    balancer: &ResourceKey,
    pool: &Name,
) -> Vec<(&'a ResourceKey, &'a Interface, Option<&'a Machine>)> {
    let fabric = &world.azure.fabric;
    let is_in = |interface: &Interface| {
        interface
            .pools
            .iter()
            .any(|id| id.balancer == *balancer && id.name == *pool)
    };
    let interfaces = fabric
        .interfaces
        .iter()
        .filter(|(_, interface)| is_in(interface));
    interfaces
        .map(|(key, interface)| (key, &**interface, fabric.machine_at(key)))
        .collect()
}

impl Request for WriteLoadBalancer {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.load_balancers.get(&key).cloned();
        header::check(
            world,
            KIND,
            &self.place,
            found.as_ref().map(|found| &found.header),
        )?;
        let by = format!("{KIND}/{}", key.name);
        let missing = |what: &str, name: &Name| AzureRefusal::ReferenceNotFound {
            resource: format!("{by}/{what}/{name}"),
            by: by.clone(),
        };
        for (name, rule) in &self.rules {
            if !self
                .frontends
                .iter()
                .any(|(frontend, ..)| *frontend == rule.frontend)
            {
                return Err(missing("frontendIPConfigurations", &rule.frontend).into());
            }
            if let Some(pool) = rule.pool.as_ref().filter(|pool| !self.pools.contains(pool)) {
                return Err(missing("backendAddressPools", pool).into());
            }
            if let Some(probe) = &rule.probe
                && !self.probes.iter().any(|(known, _)| known == probe)
            {
                return Err(missing("probes", probe).into());
            }
            let twin = self.rules.iter().find(|(other, twin)| {
                other != name
                    && twin.frontend == rule.frontend
                    && twin.frontend_port == rule.frontend_port
                    && twin.protocol.eq_ignore_ascii_case(&rule.protocol)
            });
            if let Some((other, _)) = twin {
                return Err(FabricRefusal::RulesCollide {
                    rule: name.to_string(),
                    other: other.to_string(),
                }
                .into());
            }
        }
        if let Some((name, _)) = self
            .probes
            .iter()
            .find(|(_, probe)| probe.interval_seconds < LEAST_INTERVAL)
        {
            return Err(AzureRefusal::InvalidParameter {
                parameter: "intervalInSeconds".to_owned(),
                value: name.to_string(),
            }
            .into());
        }
        // Frontends that go must not be in use by a private link service.
        let gone = found.iter().flat_map(|found| found.frontends.keys());
        for gone in gone.filter(|old| !self.frontends.iter().any(|(name, ..)| name == *old)) {
            frontend_is_free(world, &key, gone)?;
        }
        let gone = found.iter().flat_map(|found| found.pools.iter());
        for gone in gone.filter(|old| !self.pools.contains(old)) {
            if let Some((member, ..)) = members(world, &key, gone).first() {
                return Err(AzureRefusal::InUse {
                    resource: format!("{by}/backendAddressPools/{gone}"),
                    by: format!("Microsoft.Network/networkInterfaces/{}", member.name),
                }
                .into());
            }
        }
        let header = header::write(
            world,
            KIND,
            self.place,
            found.as_ref().map(|found| &found.header),
        );
        let operation = header.operation;
        let mut balancer = LoadBalancer {
            header,
            sku: self.sku,
            frontends: OrdMap::new(),
            pools: self.pools.into_iter().collect(),
            probes: self.probes.into_iter().collect(),
            rules: self.rules.into_iter().collect(),
        };
        // One after the other, so that two frontends of one request get two addresses.
        for (name, subnet, wanted) in self.frontends {
            let old = found.as_ref().and_then(|found| found.frontends.get(&name));
            let inside = match subnet {
                None => None,
                Some(subnet) => {
                    network_exists(world, &subnet, &balancer.header.location)?;
                    let old = old.and_then(|old| old.inside.as_ref());
                    let old = old.map(|(subnet, address)| (subnet, *address));
                    let address = address::keep_or_allocate(world, &subnet, wanted, old)?;
                    Some((subnet, address))
                }
            };
            let is_static = wanted.is_some();
            balancer
                .frontends
                .insert(name, Frontend { inside, is_static });
            let draft = Arc::new(balancer.clone());
            world.azure.fabric.load_balancers.insert(key.clone(), draft);
        }
        world
            .azure
            .fabric
            .load_balancers
            .insert(key, Arc::new(balancer));
        Ok((operation, found.is_none()))
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
        let member = world
            .azure
            .fabric
            .interfaces
            .values()
            .find(|interface| interface.pools.iter().any(|pool| pool.balancer == self.key));
        if let Some(member) = member {
            return Err(AzureRefusal::InUse {
                resource: format!("{KIND}/{}", self.key.name),
                by: format!("Microsoft.Network/networkInterfaces/{}", member.header.name),
            }
            .into());
        }
        let operation = header::start_deletion(world, KIND, &found.header);
        world.azure.fabric.load_balancers.remove(&self.key);
        Ok(Some(operation))
    }
}

fn frontend_is_free(
    world: &World,
    balancer: &ResourceKey,
    name: &Name,
) -> Result<(), AzureRefusal> {
    let user = world
        .azure
        .fabric
        .private_link_services
        .values()
        .find(|service| service.frontend.0 == *balancer && service.frontend.1 == *name);
    match user {
        None => Ok(()),
        Some(user) => Err(AzureRefusal::InUse {
            resource: format!("{KIND}/{}/frontendIPConfigurations/{name}", balancer.name),
            by: format!("Microsoft.Network/privateLinkServices/{}", user.header.name),
        }),
    }
}
