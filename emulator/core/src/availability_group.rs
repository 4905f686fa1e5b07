//! Availability groups and distributed availability groups, as one instance has them.
//!
//! What the other side of a distributed group does is not kept here; `link` brings the two together.

use std::sync::Arc;

use crate::ids::{DatabaseId, GroupDatabaseId, GroupId, ReplicaId};
use crate::listener::Listener;
use crate::names::Name;
use crate::time::{Span, Timestamp};

/// A row of `sys.availability_groups`.
#[derive(Clone, Debug, PartialEq)]
pub struct AvailabilityGroup {
    /// `group_id`.
    pub id: GroupId,
    /// Its name.
    pub name: Name,
    /// Local or distributed.
    pub kind: GroupKind,
    /// Counts configuration changes.
    pub sequence: i64,
    /// When it was created.
    pub created: Timestamp,
    /// `REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT`.
    pub required_synchronized_secondaries: i32,
}

/// The two kinds of group.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupKind {
    /// An ordinary availability group.
    Local(LocalGroup),
    /// A distributed availability group; a link is one of these.
    Distributed(DistributedGroup),
}

/// An ordinary availability group, as one of its replicas has it. A replica that has not joined is configuration only; what
/// happens between those that have is in `replica`.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalGroup {
    /// `CLUSTER_TYPE`.
    pub cluster: ClusterType,
    /// Its replicas; one of them is this instance.
    pub replicas: Vec<Replica>,
    /// Its databases.
    pub databases: Vec<GroupDatabase>,
    /// The role of this instance in it.
    pub role: Role,
    /// `AUTOMATED_BACKUP_PREFERENCE`.
    pub backup_preference: BackupPreference,
    /// `FAILURE_CONDITION_LEVEL`, 1 to 5.
    pub failure_condition_level: i32,
    /// `HEALTH_CHECK_TIMEOUT`.
    pub health_check_timeout_ms: i32,
    /// `DB_FAILOVER`.
    pub db_failover: bool,
    /// `DTC_SUPPORT`.
    pub dtc_support: bool,
    /// `BASIC`.
    pub basic: bool,
    /// `CONTAINED`.
    pub contained: bool,
    /// Its listener.
    pub listener: Option<Listener>,
    /// Whether seeding may create databases here (GRANT CREATE ANY DATABASE).
    pub may_create_databases: bool,
}

/// A database of a local group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDatabase {
    /// The same on every replica.
    pub id: GroupDatabaseId,
    /// The database on this instance.
    pub database: DatabaseId,
    /// Its name.
    pub name: Name,
}

/// A replica of a local group.
#[derive(Clone, Debug, PartialEq)]
pub struct Replica {
    /// `replica_id`.
    pub id: ReplicaId,
    /// `replica_server_name`.
    pub server_name: Name,
    /// `endpoint_url`, as written.
    pub endpoint_url: Arc<str>,
    /// `AVAILABILITY_MODE`.
    pub availability_mode: AvailabilityMode,
    /// `FAILOVER_MODE`.
    pub failover_mode: FailoverMode,
    /// `SEEDING_MODE`.
    pub seeding_mode: SeedingMode,
    /// `SESSION_TIMEOUT`.
    pub session_timeout: Span,
    /// `BACKUP_PRIORITY`, 0 to 100.
    pub backup_priority: i32,
    /// `PRIMARY_ROLE (ALLOW_CONNECTIONS = READ_WRITE)` instead of ALL.
    pub primary_read_write_only: bool,
    /// `SECONDARY_ROLE (ALLOW_CONNECTIONS = …)`.
    pub secondary_connections: SecondaryConnections,
    /// `READ_ONLY_ROUTING_URL`.
    pub read_only_routing_url: Option<Arc<str>>,
    /// `READ_ONLY_ROUTING_LIST`: groups of equal servers, in the order tried.
    pub read_only_routing_list: Vec<Vec<Name>>,
    /// `READ_WRITE_ROUTING_URL`.
    pub read_write_routing_url: Option<Arc<str>>,
    /// When it was added.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// A distributed availability group: two groups on two instances, one of them here.
#[derive(Clone, Debug, PartialEq)]
pub struct DistributedGroup {
    /// The two member groups, in the order they were written.
    pub members: [Member; 2],
    /// Which of the members is on this instance.
    pub local: usize,
    /// The role of the local member.
    pub role: Role,
}

impl DistributedGroup {
    /// The member on this instance.
    pub fn local(&self) -> &Member {
        &self.members[self.local]
    }

    /// The member elsewhere.
    pub fn remote(&self) -> &Member {
        &self.members[1 - self.local]
    }
}

/// A member of a distributed group: a whole availability group, shown as a replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// `replica_id`.
    pub id: ReplicaId,
    /// The name of the member group, shown as `replica_server_name`.
    pub group: Name,
    /// `LISTENER_URL`, as written: `TCP://host:port`, and for a managed instance `;Server=[mi]` and `;Database=[db]`.
    pub listener_url: Arc<str>,
    /// `AVAILABILITY_MODE`.
    pub availability_mode: AvailabilityMode,
    /// `SEEDING_MODE`.
    pub seeding_mode: SeedingMode,
    /// `SESSION_TIMEOUT`.
    pub session_timeout: Span,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

/// `CLUSTER_TYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum ClusterType {
    Wsfc,
    External,
    None,
}

/// `AVAILABILITY_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum AvailabilityMode {
    AsynchronousCommit,
    SynchronousCommit,
    ConfigurationOnly,
}

/// `FAILOVER_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum FailoverMode {
    Automatic,
    Manual,
    External,
}

/// `SEEDING_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum SeedingMode {
    Automatic,
    Manual,
}

/// `AUTOMATED_BACKUP_PREFERENCE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum BackupPreference {
    Primary,
    SecondaryOnly,
    Secondary,
    None,
}

/// `SECONDARY_ROLE (ALLOW_CONNECTIONS = …)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum SecondaryConnections {
    No,
    ReadOnly,
    All,
}

/// A role in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the catalog's words")]
pub enum Role {
    Resolving,
    Primary,
    Secondary,
}

impl AvailabilityGroup {
    /// The local group, if it is one.
    pub fn as_local(&self) -> Option<&LocalGroup> {
        match &self.kind {
            GroupKind::Local(group) => Some(group),
            GroupKind::Distributed(_) => None,
        }
    }

    /// The distributed group, if it is one.
    pub fn as_distributed(&self) -> Option<&DistributedGroup> {
        match &self.kind {
            GroupKind::Local(_) => None,
            GroupKind::Distributed(group) => Some(group),
        }
    }

    /// The local group, to change it.
    pub fn as_local_mut(&mut self) -> Option<&mut LocalGroup> {
        match &mut self.kind {
            GroupKind::Local(group) => Some(group),
            GroupKind::Distributed(_) => None,
        }
    }

    /// The distributed group, to change it.
    pub fn as_distributed_mut(&mut self) -> Option<&mut DistributedGroup> {
        match &mut self.kind {
            GroupKind::Local(_) => None,
            GroupKind::Distributed(group) => Some(group),
        }
    }
}
