//! What can be seen of a case from outside: rows, roles, connections. What the reference model is compared with.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::{Pair, Place};

/// Everything that is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// Databases that exist, by place and number.
    pub databases: BTreeMap<(Place, u8), SeenDatabase>,
    /// Links that ARM knows.
    pub links: BTreeMap<Pair, SeenLink>,
    /// Links with several databases, by server and instance; `links` has their databases.
    pub wholes: BTreeSet<(u8, u8)>,
    /// The roles that SQL Servers have in their distributed groups.
    pub halves: BTreeMap<Pair, Role>,
    /// What servers have of groups with replicas: by server and database.
    pub replicas: BTreeMap<(u8, u8), SeenReplica>,
    /// Managed instances that ARM knows.
    pub instances: BTreeMap<u8, Power>,
    /// Partner certificates that instances have: of which server on which instance, and which of the server's.
    pub uploads: BTreeSet<((u8, u8), u32)>,
    /// Whether the resource group of the instances is there.
    pub group: ResourceGroup,
    /// Where the service has just started: every group shows RESOLVING until they are online.
    pub starting: BTreeSet<Place>,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDatabase {
    /// The rows of its table, smallest first; none if it cannot be read.
    pub rows: Option<Vec<i64>>,
    /// Whether a write would be taken.
    pub writable: bool,
    /// Whether the views call it a secondary database.
    pub secondary: bool,
}

/// A server's half of a group with replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenReplica {
    /// The first server that has this very group: one made anew is another, whatever its name.
    pub first: u8,
    /// Its role.
    pub role: Role,
    /// Whether every database of the group is a secondary here that commits wait for (`is_failover_ready`).
    pub synchronized: bool,
    /// Whether it has a distributed group above it.
    pub linked: bool,
}

/// A link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenLink {
    /// The instance's role in it.
    pub role: Role,
    /// Whether the partners are connected.
    pub connected: bool,
    /// Whether it is in step: connected, healthy, and the log is sent as it is written.
    pub in_step: bool,
    /// Whether it has failed for good.
    pub failed: bool,
}

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum Role {
    Primary,
    Secondary,
    Resolving,
}

/// The state of a managed instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum Power {
    Ready,
    Stopping,
    Stopped,
    Starting,
    Deleting,
}

/// A resource group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceGroup {
    /// It is there.
    #[default]
    There,
    /// It is being deleted, with all that is in it.
    Deleting,
    /// There is no such group.
    Gone,
}
