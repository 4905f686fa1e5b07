//! What the evaluator says: whether a client gets there, by which hops, and if not, why.

use std::net::Ipv4Addr;

use serde::Serialize;
use uuid::Uuid;

use super::passage::{Idle, ProxyHeader};

/// The answer to "would it connect?".
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// It gets there, on every branch.
    pub reachable: bool,
    /// Why not: the first thing that fails.
    pub reason: Option<Reason>,
    /// What a client would notice.
    pub symptom: Option<Symptom>,
    /// What the name came to.
    pub resolved: super::Resolved,
    /// The way, as far as it goes.
    pub path: Vec<Hop>,
    /// What else would fail if the reason did not.
    pub latent: Vec<Reason>,
    /// What works, and should not be relied on.
    pub warnings: Vec<Warning>,
    /// What would make it work.
    pub hint: Option<String>,
    /// What answers at the end.
    pub end: Option<End>,
    /// Where the instance sends the client after its login, if it does.
    pub redirect: Option<Redirect>,
    /// The branches, if there is more than one and they differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<Branch>,
    /// What forgets a connection that is silent, if something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<Idle>,
    /// What is put before the bytes of the connection, if something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_header: Option<ProxyHeader>,
    /// Every way that there is, if there is more than one.
    #[serde(skip)]
    pub ways: Vec<Way>,
    /// The connections of private endpoints on the way. When one of them ends, so does what came through.
    #[serde(skip)]
    pub through: Vec<Uuid>,
}

/// One of several ways that a connection may take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Branch {
    /// What makes it this one: an address, a member of a pool.
    pub selector: String,
    /// It gets there.
    pub reachable: bool,
    /// Why not.
    pub reason: Option<Reason>,
}

/// One of several ways, for those who draw them.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The hops, as far as it goes.
    pub path: Vec<Hop>,
    /// What answers at its end.
    pub end: Option<End>,
    /// Why it fails.
    pub reason: Option<Reason>,
}

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// What it is: `nic`, `peering`, `pe`, `pls`, `lb`, `vm`, `gateway`, `internet`, `mi`.
    pub hop: &'static str,
    /// Which.
    pub id: String,
    /// What is to be said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Where an instance sends a client after its login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What is at the end of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum End {
    /// A managed instance's gateway, by its own network.
    VnetLocal {
        /// The instance whose address it is; its gateway serves the whole subnet.
        instance: String,
        /// The port there. Behind forwarding machines the client's is another.
        port: u16,
    },
    /// The same, by a private endpoint: only this instance.
    PrivateEndpoint {
        /// The instance.
        instance: String,
        /// The endpoint.
        endpoint: String,
    },
    /// Its public endpoint.
    Public {
        /// The instance.
        instance: String,
    },
    /// A SQL Server.
    SqlServer {
        /// Its name.
        server: String,
        /// The port there.
        port: u16,
    },
    /// A program on a virtual machine.
    Machine {
        /// The machine.
        machine: String,
    },
}

/// Why a connection fails. The codes are stable: they are added to, never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[expect(missing_docs, reason = "the codes and hints say it")]
pub enum Reason {
    #[serde(rename = "dns.nxdomain")]
    DnsNoName,
    #[serde(rename = "dns.nxdomain_private_zone")]
    DnsNoNameInZone,
    #[serde(rename = "dns.unreachable_server")]
    DnsUnreachableServer,
    #[serde(rename = "dns.cname_loop")]
    DnsEndless,
    #[serde(rename = "net.no_route")]
    NoRoute,
    #[serde(rename = "net.peering_not_connected")]
    PeeringNotConnected,
    #[serde(rename = "net.peering_access_off")]
    PeeringAccessOff,
    #[serde(rename = "net.nontransitive")]
    NonTransitive,
    #[serde(rename = "net.nsg_out_deny")]
    DeniedOut,
    #[serde(rename = "net.nsg_in_deny")]
    DeniedIn,
    #[serde(rename = "net.udr_blackhole")]
    RouteToNowhere,
    #[serde(rename = "net.udr_appliance")]
    RouteToAppliance,
    #[serde(rename = "net.nothing_at_ip")]
    NothingThere,
    #[serde(rename = "pe.pending")]
    EndpointPending,
    #[serde(rename = "pe.rejected")]
    EndpointRejected,
    #[serde(rename = "pe.disconnected")]
    EndpointDisconnected,
    #[serde(rename = "pe.port_not_carried")]
    PortNotCarried,
    #[serde(rename = "pe.wrong_direction")]
    WrongDirection,
    #[serde(rename = "pls.proxy_protocol_mismatch")]
    ProxyProtocolMismatch,
    #[serde(rename = "pls.idle_timeout")]
    ServiceForgets,
    #[serde(rename = "lb.idle_timeout")]
    BalancerForgets,
    #[serde(rename = "lb.idle_reset")]
    BalancerResets,
    #[serde(rename = "lb.no_rule")]
    NoBalancerRule,
    #[serde(rename = "lb.no_healthy_backend")]
    NoHealthyBackend,
    #[serde(rename = "lb.empty_pool")]
    EmptyPool,
    #[serde(rename = "lb.nat_unused")]
    NatRuleUnused,
    #[serde(rename = "fwd.no_rule")]
    NoForwardingRule,
    #[serde(rename = "fwd.forwarding_off")]
    ForwardingOff,
    #[serde(rename = "fwd.stale_target")]
    StaleTarget,
    #[serde(rename = "fwd.shadowed_rule")]
    ShadowedRule,
    #[serde(rename = "fwd.target_unreachable")]
    ForwardTargetUnreachable,
    #[serde(rename = "mi.port_closed")]
    PortClosed,
    #[serde(rename = "mi.public_disabled")]
    PublicDisabled,
    #[serde(rename = "mi.stopped")]
    InstanceStopped,
    #[serde(rename = "tls.name_mismatch")]
    CertificateName,
    #[serde(rename = "tds.host_required")]
    HostRequired,
    #[serde(rename = "tds.host_mismatch")]
    HostMismatch,
    #[serde(rename = "tds.redirect_unreachable")]
    RedirectUnreachable,
    #[serde(rename = "adf.interactive_off")]
    InteractiveOff,
    #[serde(rename = "adf.ir_not_in_managed_vnet")]
    RuntimeNotInManagedNetwork,
    #[serde(rename = "adf.mpe_missing")]
    ManagedEndpointMissing,
}

/// Something that works and should not be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Warning {
    /// The instance's own network hears a zone that takes its name over: its management breaks.
    #[serde(rename = "mi.dns_hijacked")]
    DnsHijacked,
    /// A network that is peered with the instance's hears the privatelink zone.
    #[serde(rename = "dns.privatelink_zone_on_peer")]
    PrivateZoneOnPeer,
    /// The zone has more than one address for the name.
    #[serde(rename = "dns.several_addresses")]
    SeveralAddresses,
}

/// What a client notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Symptom {
    /// No answer to the connection.
    TcpTimeout,
    /// The connection is refused.
    TcpRefused,
    /// The connection is reset.
    TcpReset,
    /// The name has no address.
    Dns,
    /// The certificate does not fit.
    Tls,
    /// The login is refused, 40532.
    Login40532,
    /// The service that is asked to connect refuses to try.
    NotTried,
}

impl Reason {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::DnsNoName => "dns.nxdomain",
            Self::DnsNoNameInZone => "dns.nxdomain_private_zone",
            Self::DnsUnreachableServer => "dns.unreachable_server",
            Self::DnsEndless => "dns.cname_loop",
            Self::NoRoute => "net.no_route",
            Self::PeeringNotConnected => "net.peering_not_connected",
            Self::PeeringAccessOff => "net.peering_access_off",
            Self::NonTransitive => "net.nontransitive",
            Self::DeniedOut => "net.nsg_out_deny",
            Self::DeniedIn => "net.nsg_in_deny",
            Self::RouteToNowhere => "net.udr_blackhole",
            Self::RouteToAppliance => "net.udr_appliance",
            Self::NothingThere => "net.nothing_at_ip",
            Self::EndpointPending => "pe.pending",
            Self::EndpointRejected => "pe.rejected",
            Self::EndpointDisconnected => "pe.disconnected",
            Self::PortNotCarried => "pe.port_not_carried",
            Self::WrongDirection => "pe.wrong_direction",
            Self::ProxyProtocolMismatch => "pls.proxy_protocol_mismatch",
            Self::ServiceForgets => "pls.idle_timeout",
            Self::BalancerForgets => "lb.idle_timeout",
            Self::BalancerResets => "lb.idle_reset",
            Self::NoBalancerRule => "lb.no_rule",
            Self::NoHealthyBackend => "lb.no_healthy_backend",
            Self::EmptyPool => "lb.empty_pool",
            Self::NatRuleUnused => "lb.nat_unused",
            Self::NoForwardingRule => "fwd.no_rule",
            Self::ForwardingOff => "fwd.forwarding_off",
            Self::StaleTarget => "fwd.stale_target",
            Self::ShadowedRule => "fwd.shadowed_rule",
            Self::ForwardTargetUnreachable => "fwd.target_unreachable",
            Self::PortClosed => "mi.port_closed",
            Self::PublicDisabled => "mi.public_disabled",
            Self::InstanceStopped => "mi.stopped",
            Self::CertificateName => "tls.name_mismatch",
            Self::HostRequired => "tds.host_required",
            Self::HostMismatch => "tds.host_mismatch",
            Self::RedirectUnreachable => "tds.redirect_unreachable",
            Self::InteractiveOff => "adf.interactive_off",
            Self::RuntimeNotInManagedNetwork => "adf.ir_not_in_managed_vnet",
            Self::ManagedEndpointMissing => "adf.mpe_missing",
        }
    }

    /// Whether the connection comes about all the same, and only what is done with it fails.
    pub const fn is_met_later(self) -> bool {
        matches!(
            self,
            Self::ProxyProtocolMismatch
                | Self::ServiceForgets
                | Self::BalancerForgets
                | Self::BalancerResets
                | Self::CertificateName
                | Self::HostRequired
                | Self::HostMismatch
                | Self::RedirectUnreachable
        )
    }

    /// What a client notices.
    pub const fn symptom(self) -> Symptom {
        match self {
            Self::DnsNoName
            | Self::DnsNoNameInZone
            | Self::DnsUnreachableServer
            | Self::DnsEndless => Symptom::Dns,
            Self::NoForwardingRule | Self::PortClosed => Symptom::TcpRefused,
            Self::ProxyProtocolMismatch | Self::BalancerResets => Symptom::TcpReset,
            Self::CertificateName => Symptom::Tls,
            Self::HostRequired | Self::HostMismatch => Symptom::Login40532,
            Self::InteractiveOff => Symptom::NotTried,
            Self::NoRoute
            | Self::PeeringNotConnected
            | Self::PeeringAccessOff
            | Self::NonTransitive
            | Self::DeniedOut
            | Self::DeniedIn
            | Self::RouteToNowhere
            | Self::RouteToAppliance
            | Self::NothingThere
            | Self::EndpointPending
            | Self::EndpointRejected
            | Self::EndpointDisconnected
            | Self::PortNotCarried
            | Self::WrongDirection
            | Self::ServiceForgets
            | Self::BalancerForgets
            | Self::NoBalancerRule
            | Self::NoHealthyBackend
            | Self::EmptyPool
            | Self::NatRuleUnused
            | Self::ForwardingOff
            | Self::StaleTarget
            | Self::ShadowedRule
            | Self::ForwardTargetUnreachable
            | Self::PublicDisabled
            | Self::InstanceStopped
            | Self::RedirectUnreachable
            | Self::RuntimeNotInManagedNetwork
            | Self::ManagedEndpointMissing => Symptom::TcpTimeout,
        }
    }
}

impl Symptom {
    /// What Windows clients show as the native error.
    pub const fn native(self) -> u32 {
        match self {
            Self::TcpTimeout => 10060,
            Self::TcpRefused => 10061,
            Self::TcpReset => 10054,
            Self::Dns => 11001,
            Self::Tls => 0x8009_0322,
            Self::Login40532 => 40532,
            Self::NotTried => 0,
        }
    }
}

impl Verdict {
    /// Something stands against the connection before everything that has been found.
    pub(crate) fn object(&mut self, reason: Reason) {
        self.latent.splice(0..0, self.reason);
        self.reachable = false;
        self.reason = Some(reason);
        self.symptom = Some(reason.symptom());
    }
}

impl Hop {
    pub(super) fn new(hop: &'static str, id: impl ToString) -> Self {
        Self {
            hop,
            id: id.to_string(),
            state: None,
        }
    }

    pub(super) fn with_state(self, state: impl ToString) -> Self {
        Self {
            state: Some(state.to_string()),
            ..self
        }
    }
}

/// An address in a verdict's text.
pub(super) fn at(address: Ipv4Addr, port: u16) -> String {
    format!("{address}:{port}")
}
