//! Load balancers: frontends, pools, probes and rules. Whether a member is up is computed from time, never kept.

mod nat;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::header::Header;
use super::{Interface, Machine, Power};
use crate::azure::{ResourceKey, SubnetId};
use crate::names::Name;
use crate::time::{Span, Timestamp};
use crate::world::World;

pub use nat::{DeleteNatRule, NatRule, NatRuleId, WriteNatRule, nat_target};
pub use write::{
    DeleteLoadBalancer, DeletePool, WantedFrontend, WantedPlace, WriteLoadBalancer, WritePool,
};

/// A load balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadBalancer {
    /// What every resource has.
    pub header: Header,
    /// `sku.name`.
    pub sku: Sku,
    /// Where it is reached.
    pub frontends: BTreeMap<Name, Frontend>,
    /// `backendAddressPools`; interfaces say which they are in.
    pub pools: BTreeSet<Name>,
    /// How it tells whether a member is up.
    pub probes: BTreeMap<Name, Probe>,
    /// What goes where.
    pub rules: BTreeMap<Name, Rule>,
    /// `inboundNatRules`; interfaces say which they have.
    pub nat_rules: BTreeMap<Name, NatRule>,
}

/// What a load balancer can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum Sku {
    Basic,
    Standard,
}

/// A frontend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontend {
    /// Where it is.
    pub place: FrontendPlace,
    /// `zones`.
    pub zones: Vec<String>,
}

/// Where a frontend is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrontendPlace {
    /// In a subnet.
    Inside {
        /// The subnet.
        subnet: SubnetId,
        /// Its address there.
        address: Ipv4Addr,
        /// Whether the address was asked for.
        is_static: bool,
    },
    /// At a public IP address.
    Public(ResourceKey),
}

/// A pool of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PoolId {
    /// The load balancer.
    pub balancer: ResourceKey,
    /// The pool.
    pub name: Name,
}

/// A probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What it asks.
    pub question: Question,
    /// The port it connects to.
    pub port: u16,
    /// `intervalInSeconds`.
    pub interval_seconds: u32,
    /// `numberOfProbes`.
    pub number: Option<u32>,
    /// `probeThreshold`.
    pub threshold: Option<u32>,
}

/// What a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether somebody takes a TCP connection.
    Tcp,
    /// Whether a web server says 200 for a path, and nothing else (documented).
    Web {
        /// Whether it is asked over TLS.
        tls: bool,
        /// `requestPath`.
        path: String,
    },
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `protocol`.
    pub protocol: RuleProtocol,
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
    /// `loadDistribution`, as written. Who gets a connection is not drawn: every member is a way of its own.
    pub distribution: String,
    /// `disableOutboundSnat`.
    pub no_outbound: bool,
}

/// What a rule passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum RuleProtocol {
    Tcp,
    Udp,
    /// Every port of both, which is written as port 0 ("high availability ports").
    All,
}

pub(super) const KIND: &str = "Microsoft.Network/loadBalancers";

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
            && match &self.question {
                Question::Tcp => {
                    machine.listens_on(self.port)
                        || machine.relays.contains_key(&self.port)
                        || machine.rules.iter().any(|rule| rule.port == self.port)
                }
                // What is passed on to somebody else is passed on to SQL, which speaks no HTTP.
                Question::Web { tls, path } => {
                    let server = machine.web_servers.get(&self.port);
                    let is_forwarded = machine.rules.iter().any(|rule| rule.port == self.port);
                    !is_forwarded && server.is_some_and(|server| server.says_well(*tls, path))
                }
            };
        answers || now.since(machine.changed) < self.patience()
    }
}

impl Sku {
    /// As ARM writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Standard => "Standard",
        }
    }
}

impl RuleProtocol {
    /// As ARM writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Tcp => "Tcp",
            Self::Udp => "Udp",
            Self::All => "All",
        }
    }

    /// Whether both would take some packet of one port.
    const fn meets(self, other: Self) -> bool {
        !matches!(
            (self, other),
            (Self::Tcp, Self::Udp) | (Self::Udp, Self::Tcp)
        )
    }
}

impl Frontend {
    /// Its subnet and address, if it is in one.
    pub fn inside(&self) -> Option<(&SubnetId, Ipv4Addr)> {
        match &self.place {
            FrontendPlace::Inside {
                subnet, address, ..
            } => Some((subnet, *address)),
            FrontendPlace::Public(_) => None,
        }
    }
}

impl LoadBalancer {
    /// The rule for a TCP connection to a port of a frontend, and the port that a member gets it at.
    pub fn rule(&self, frontend: &Name, port: u16) -> Option<(&Rule, u16)> {
        let rules = || {
            self.rules
                .values()
                .filter(|rule| rule.frontend == *frontend)
        };
        let own = rules()
            .find(|rule| rule.protocol == RuleProtocol::Tcp && rule.frontend_port == port)
            .map(|rule| (rule, rule.backend_port));
        own.or_else(|| {
            let all = rules().find(|rule| rule.protocol == RuleProtocol::All);
            all.map(|rule| (rule, port))
        })
    }

    /// The virtual network that it is in, if it is in one.
    pub fn network(&self) -> Option<ResourceKey> {
        let mut inside = self.frontends.values().filter_map(Frontend::inside);
        inside.next().map(|(subnet, _)| subnet.network_key())
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
