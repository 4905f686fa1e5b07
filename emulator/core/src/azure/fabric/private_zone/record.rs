//! What a private zone holds: sets of records, each of one name and kind, and the zone's own start of authority.

use std::net::{Ipv4Addr, Ipv6Addr};

use uuid::Uuid;

use crate::names::Name;

/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are DNS's words")]
pub enum RecordKind {
    A,
    Aaaa,
    Cname,
    Mx,
    Ptr,
    Srv,
    Txt,
}

/// The records of one name and kind.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordSet {
    /// Its name, relative to the zone; `@` is the zone itself, `*` any name.
    pub name: Name,
    /// How long an answer holds, in seconds.
    pub ttl_seconds: u32,
    /// Changes with each write.
    pub etag: Uuid,
    /// `metadata`, which only its owner reads.
    pub metadata: crate::azure::Tags,
    /// The records; a set without any is kept, and heard by nobody (documented).
    pub records: Records,
}

/// What the records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// Addresses.
    A(Vec<Ipv4Addr>),
    /// Addresses that nothing in the model has: its networks carry IPv4 only.
    Aaaa(Vec<Ipv6Addr>),
    /// Another name, or none yet.
    Cname(Option<String>),
    /// Who takes mail.
    Mx(Vec<MailExchange>),
    /// Names of an address.
    Ptr(Vec<String>),
    /// Where a service is.
    Srv(Vec<ServiceLocation>),
    /// Texts.
    Txt(Vec<Vec<String>>),
}

/// Who takes mail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailExchange {
    /// The lowest is asked first.
    pub preference: u16,
    /// Its name.
    pub exchange: String,
}

/// Where a service is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceLocation {
    /// The lowest is asked first.
    pub priority: u16,
    /// How often, among equals.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The name of the host.
    pub target: String,
}

/// What a zone says of itself. Its host is Azure's, and cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartOfAuthority {
    /// How long an answer holds, in seconds.
    pub ttl_seconds: u32,
    /// Whom to write to, with a dot for the `@`.
    pub email: String,
    /// `serialNumber`; nobody counts it up but its owner.
    pub serial: u32,
    /// `refreshTime`.
    pub refresh_seconds: u32,
    /// `retryTime`.
    pub retry_seconds: u32,
    /// `expireTime`.
    pub expire_seconds: u32,
    /// `minimumTtl`.
    pub minimum_ttl_seconds: u32,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::A,
        Self::Aaaa,
        Self::Cname,
        Self::Mx,
        Self::Ptr,
        Self::Srv,
        Self::Txt,
    ];

    /// As DNS and ARM write it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ptr => "PTR",
            Self::Srv => "SRV",
            Self::Txt => "TXT",
        }
    }

    /// The kind that a word names, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.text().eq_ignore_ascii_case(word))
    }
}

impl Records {
    /// No records of a kind.
    pub fn none(kind: RecordKind) -> Self {
        match kind {
            RecordKind::A => Self::A(Vec::new()),
            RecordKind::Aaaa => Self::Aaaa(Vec::new()),
            RecordKind::Cname => Self::Cname(None),
            RecordKind::Mx => Self::Mx(Vec::new()),
            RecordKind::Ptr => Self::Ptr(Vec::new()),
            RecordKind::Srv => Self::Srv(Vec::new()),
            RecordKind::Txt => Self::Txt(Vec::new()),
        }
    }

    /// Their kind.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::A(_) => RecordKind::A,
            Self::Aaaa(_) => RecordKind::Aaaa,
            Self::Cname(_) => RecordKind::Cname,
            Self::Mx(_) => RecordKind::Mx,
            Self::Ptr(_) => RecordKind::Ptr,
            Self::Srv(_) => RecordKind::Srv,
            Self::Txt(_) => RecordKind::Txt,
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::A(addresses) => addresses.len(),
            Self::Aaaa(addresses) => addresses.len(),
            Self::Cname(name) => usize::from(name.is_some()),
            Self::Mx(exchanges) => exchanges.len(),
            Self::Ptr(names) => names.len(),
            Self::Srv(locations) => locations.len(),
            Self::Txt(texts) => texts.len(),
        }
    }

    /// Whether two of them are the same, which a set cannot have (documented).
    pub(super) fn repeat(&self) -> bool {
        match self {
            Self::A(addresses) => has_twins(addresses),
            Self::Aaaa(addresses) => has_twins(addresses),
            Self::Cname(_) => false,
            Self::Mx(exchanges) => has_twins(exchanges),
            Self::Ptr(names) => has_twins(names),
            Self::Srv(locations) => has_twins(locations),
            Self::Txt(texts) => has_twins(texts),
        }
    }

    /// The names that they lead to.
    pub(super) fn targets(&self) -> Vec<&str> {
        match self {
            Self::A(_) | Self::Aaaa(_) | Self::Txt(_) => Vec::new(),
            Self::Cname(name) => name.as_deref().into_iter().collect(),
            Self::Mx(all) => all.iter().map(|one| one.exchange.as_str()).collect(),
            Self::Ptr(names) => names.iter().map(String::as_str).collect(),
            Self::Srv(all) => all.iter().map(|one| one.target.as_str()).collect(),
        }
    }
}

impl Default for StartOfAuthority {
    /// As a new zone has it (observed in Azure's own examples).
    fn default() -> Self {
        Self {
            ttl_seconds: 3_600,
            email: "azureprivatedns-host.microsoft.com".to_owned(),
            serial: 1,
            refresh_seconds: 3_600,
            retry_seconds: 300,
            expire_seconds: 2_419_200,
            minimum_ttl_seconds: 10,
        }
    }
}

fn has_twins<T: Ord>(all: &[T]) -> bool {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

/// `@`, or labels of letters, digits, `-` and `_`; the first may be `*`.
pub(super) fn is_record_name(name: &str) -> bool {
    let is_label = |(at, label): (usize, &str)| {
        (at == 0 && label == "*")
            || ((1..=63).contains(&label.len())
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'))
    };
    name == "@" || (name.len() <= 253 && name.split('.').enumerate().all(is_label))
}

/// A name that a record may lead to: labels, and a dot at the end if one likes.
pub(super) fn is_target(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_graphic())
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
