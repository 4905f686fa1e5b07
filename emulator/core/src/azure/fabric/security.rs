//! What security rules and routes mean.

use std::net::Ipv4Addr;

use crate::azure::AddressPrefix;

/// What a rule of a security group or a route of a table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A security rule.
    Rule(SecurityRule),
    /// A route.
    Route(Route),
}

/// A security rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityRule {
    /// The lower, the sooner: 100 to 4096.
    pub priority: u16,
    /// Which way.
    pub direction: Direction,
    /// Whether it lets through.
    pub access: Access,
    /// What it is about.
    pub protocol: Protocol,
    /// From where.
    pub sources: Vec<Source>,
    /// To where.
    pub destinations: Vec<Source>,
    /// To which ports.
    pub ports: Vec<Ports>,
}

/// `direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum Direction {
    Inbound,
    Outbound,
}

/// `access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum Access {
    Allow,
    Deny,
}

/// `protocol`. Only TCP is walked; rules of other protocols never match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum Protocol {
    Any,
    Tcp,
    Other,
}

/// Addresses that a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `*`.
    Any,
    /// A prefix or an address.
    Prefix(AddressPrefix),
    /// A service tag, in lower case, such as `virtualnetwork`.
    Tag(String),
}

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

/// A route of a route table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// For which addresses.
    pub prefix: AddressPrefix,
    /// Where to.
    pub next_hop: NextHop,
}

/// `nextHopType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum NextHop {
    VnetLocal,
    VirtualNetworkGateway,
    Internet,
    None,
    VirtualAppliance(Ipv4Addr),
}

impl Ports {
    /// Every port.
    pub const ALL: Self = Self {
        first: 0,
        last: u16::MAX,
    };

    /// What `text` says: `*`, `1433` or `11000-11999`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::ALL);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last).then_some(Self { first, last })
    }

    /// Whether a port is in it.
    pub fn has(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl Source {
    /// What `text` says; none if it is neither a prefix, an address nor a word.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Prefix(AddressPrefix::of(address)));
        }
        if let Some(prefix) = AddressPrefix::parse(text) {
            return Some(Self::Prefix(prefix));
        }
        let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        is_word.then(|| Self::Tag(text.to_ascii_lowercase()))
    }
}
