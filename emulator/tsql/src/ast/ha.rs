//! Availability groups, distributed availability groups, database mirroring endpoints.

use super::{Ident, Text};

/// CREATE AVAILABILITY GROUP.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateAvailabilityGroupStatement {
    /// Its name.
    pub name: Ident,
    /// WITH (…).
    pub options: AvailabilityGroupOptions,
    /// The rest.
    pub kind: AvailabilityGroupKind,
}

/// Local or distributed.
#[derive(Debug, Clone, PartialEq)]
pub enum AvailabilityGroupKind {
    /// FOR [DATABASE …] REPLICA ON …
    Local {
        /// The databases, possibly none.
        databases: Vec<Ident>,
        /// The replicas.
        replicas: Vec<ReplicaSpec>,
        /// LISTENER.
        listener: Option<ListenerSpec>,
    },
    /// WITH (DISTRIBUTED) AVAILABILITY GROUP ON …
    Distributed {
        /// The members.
        members: Vec<DistributedMember>,
    },
}

/// WITH (…) of CREATE and SET (…) of ALTER. None means unsaid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AvailabilityGroupOptions {
    /// AUTOMATED_BACKUP_PREFERENCE
    pub automated_backup_preference: Option<AutomatedBackupPreference>,
    /// FAILURE_CONDITION_LEVEL
    pub failure_condition_level: Option<i64>,
    /// HEALTH_CHECK_TIMEOUT, milliseconds
    pub health_check_timeout: Option<i64>,
    /// DB_FAILOVER
    pub db_failover: Option<bool>,
    /// DTC_SUPPORT: PER_DB (true), NONE (false)
    pub dtc_support: Option<bool>,
    /// BASIC
    pub basic: bool,
    /// DISTRIBUTED
    pub distributed: bool,
    /// CONTAINED
    pub contained: bool,
    /// REUSE_SYSTEM_DATABASES, inside CONTAINED
    pub reuse_system_databases: bool,
    /// REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT
    pub required_synchronized_secondaries_to_commit: Option<i64>,
    /// CLUSTER_TYPE
    pub cluster_type: Option<ClusterType>,
    /// WRITE_LEASE_VALIDITY, seconds
    pub write_lease_validity: Option<i64>,
    /// CLUSTER_CONNECTION_OPTIONS
    pub cluster_connection_options: Option<Text>,
    /// ROLE = SECONDARY, only in SET
    pub role_secondary: bool,
}

/// AUTOMATED_BACKUP_PREFERENCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutomatedBackupPreference {
    /// PRIMARY
    Primary,
    /// SECONDARY_ONLY
    SecondaryOnly,
    /// SECONDARY
    Secondary,
    /// NONE
    None,
}

/// CLUSTER_TYPE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterType {
    /// WSFC
    Wsfc,
    /// EXTERNAL
    External,
    /// NONE
    None,
}

/// AVAILABILITY_MODE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvailabilityMode {
    /// SYNCHRONOUS_COMMIT
    SynchronousCommit,
    /// ASYNCHRONOUS_COMMIT
    AsynchronousCommit,
    /// CONFIGURATION_ONLY
    ConfigurationOnly,
}

/// FAILOVER_MODE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailoverMode {
    /// AUTOMATIC
    Automatic,
    /// MANUAL
    Manual,
    /// EXTERNAL
    External,
    /// NONE
    None,
}

/// SEEDING_MODE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeedingMode {
    /// AUTOMATIC
    Automatic,
    /// MANUAL
    Manual,
}

/// ALLOW_CONNECTIONS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowConnections {
    /// NO
    No,
    /// READ_ONLY
    ReadOnly,
    /// READ_WRITE
    ReadWrite,
    /// ALL
    All,
}

/// `'server' WITH (…)`; None means unsaid (ALTER changes only what is said).
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaSpec {
    /// The server's name.
    pub server: Text,
    /// ENDPOINT_URL
    pub endpoint_url: Option<Text>,
    /// AVAILABILITY_MODE
    pub availability_mode: Option<AvailabilityMode>,
    /// FAILOVER_MODE
    pub failover_mode: Option<FailoverMode>,
    /// SEEDING_MODE
    pub seeding_mode: Option<SeedingMode>,
    /// BACKUP_PRIORITY
    pub backup_priority: Option<i64>,
    /// SESSION_TIMEOUT, seconds
    pub session_timeout: Option<i64>,
    /// PRIMARY_ROLE (…)
    pub primary_role: Option<PrimaryRoleOptions>,
    /// SECONDARY_ROLE (…)
    pub secondary_role: Option<SecondaryRoleOptions>,
}

/// PRIMARY_ROLE (…).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PrimaryRoleOptions {
    /// ALLOW_CONNECTIONS: READ_WRITE or ALL
    pub allow_connections: Option<AllowConnections>,
    /// READ_ONLY_ROUTING_LIST: groups of equal servers; an empty list is NONE.
    pub read_only_routing_list: Option<Vec<Vec<Text>>>,
    /// READ_WRITE_ROUTING_URL
    pub read_write_routing_url: Option<Text>,
}

/// SECONDARY_ROLE (…).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SecondaryRoleOptions {
    /// ALLOW_CONNECTIONS: NO, READ_ONLY or ALL
    pub allow_connections: Option<AllowConnections>,
    /// READ_ONLY_ROUTING_URL
    pub read_only_routing_url: Option<Text>,
}

/// `'ag' WITH (…)` of a distributed availability group; None means unsaid.
#[derive(Debug, Clone, PartialEq)]
pub struct DistributedMember {
    /// The member availability group's name.
    pub group: Text,
    /// LISTENER_URL
    pub listener_url: Option<Text>,
    /// AVAILABILITY_MODE
    pub availability_mode: Option<AvailabilityMode>,
    /// FAILOVER_MODE
    pub failover_mode: Option<FailoverMode>,
    /// SEEDING_MODE
    pub seeding_mode: Option<SeedingMode>,
    /// SESSION_TIMEOUT, seconds
    pub session_timeout: Option<i64>,
}

/// LISTENER 'name' (…).
#[derive(Debug, Clone, PartialEq)]
pub struct ListenerSpec {
    /// DNS name.
    pub dns_name: Text,
    /// WITH DHCP or WITH IP or ADD IP.
    pub addresses: ListenerAddresses,
    /// PORT.
    pub port: Option<i64>,
}

/// Addresses of a listener.
#[derive(Debug, Clone, PartialEq)]
pub enum ListenerAddresses {
    /// Nothing said (ALTER … MODIFY LISTENER (PORT = n)).
    Unchanged,
    /// WITH DHCP [ON ('subnet', 'mask')]
    Dhcp(Option<(Text, Text)>),
    /// WITH IP (('a', 'mask'), ('v6')), or ADD IP ('a', 'mask')
    Static(Vec<(Text, Option<Text>)>),
}

/// ALTER AVAILABILITY GROUP.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterAvailabilityGroupStatement {
    /// Its name.
    pub name: Ident,
    /// What is done.
    pub action: AlterAvailabilityGroupAction,
}

/// What ALTER AVAILABILITY GROUP does.
#[derive(Debug, Clone, PartialEq)]
pub enum AlterAvailabilityGroupAction {
    /// SET (…), including SET (ROLE = SECONDARY)
    Set(AvailabilityGroupOptions),
    /// ADD DATABASE
    AddDatabase(Vec<Ident>),
    /// REMOVE DATABASE
    RemoveDatabase(Vec<Ident>),
    /// ADD REPLICA ON
    AddReplica(Vec<ReplicaSpec>),
    /// MODIFY REPLICA ON
    ModifyReplica(Vec<ReplicaSpec>),
    /// REMOVE REPLICA ON
    RemoveReplica(Vec<Text>),
    /// JOIN [WITH (CLUSTER_TYPE = …)]
    Join(Option<ClusterType>),
    /// JOIN AVAILABILITY GROUP ON …
    JoinDistributed(Vec<DistributedMember>),
    /// MODIFY AVAILABILITY GROUP ON …
    ModifyDistributed(Vec<DistributedMember>),
    /// GRANT CREATE ANY DATABASE
    GrantCreateAnyDatabase,
    /// DENY CREATE ANY DATABASE
    DenyCreateAnyDatabase,
    /// FAILOVER
    Failover,
    /// FORCE_FAILOVER_ALLOW_DATA_LOSS
    ForceFailoverAllowDataLoss,
    /// OFFLINE
    Offline,
    /// ADD LISTENER
    AddListener(ListenerSpec),
    /// MODIFY LISTENER
    ModifyListener(ListenerSpec),
    /// RESTART LISTENER
    RestartListener(Text),
    /// REMOVE LISTENER
    RemoveListener(Text),
}

/// CREATE, ALTER ENDPOINT. None means unsaid.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointStatement {
    /// True for ALTER.
    pub alter: bool,
    /// Its name.
    pub name: Ident,
    /// AUTHORIZATION.
    pub owner: Option<Ident>,
    /// STATE.
    pub state: Option<EndpointState>,
    /// AS TCP (…).
    pub tcp: Option<EndpointTcp>,
    /// FOR ….
    pub payload: Option<EndpointPayload>,
}

/// STATE of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// STARTED
    Started,
    /// STOPPED
    Stopped,
    /// DISABLED
    Disabled,
}

/// AS TCP (…).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EndpointTcp {
    /// LISTENER_PORT
    pub port: Option<i64>,
    /// LISTENER_IP
    pub ip: Option<ListenerIp>,
}

/// LISTENER_IP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenerIp {
    /// ALL
    All,
    /// (a.b.c.d) or ('v6'), as written without quotes
    Address(String),
}

/// FOR … of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum EndpointPayload {
    /// DATABASE_MIRRORING or DATA_MIRRORING
    DatabaseMirroring(MirroringOptions),
    /// TSQL ()
    Tsql,
    /// SERVICE_BROKER (…): authentication and encryption.
    ServiceBroker(MirroringOptions),
}

/// (ROLE, AUTHENTICATION, ENCRYPTION).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MirroringOptions {
    /// ROLE
    pub role: Option<EndpointRole>,
    /// AUTHENTICATION, in the order tried
    pub authentication: Option<Vec<EndpointAuthentication>>,
    /// ENCRYPTION
    pub encryption: Option<EndpointEncryption>,
}

/// ROLE of a mirroring endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointRole {
    /// ALL
    All,
    /// PARTNER
    Partner,
    /// WITNESS
    Witness,
}

/// One way to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointAuthentication {
    /// WINDOWS `[NEGOTIATE]`
    WindowsNegotiate,
    /// WINDOWS NTLM
    WindowsNtlm,
    /// WINDOWS KERBEROS
    WindowsKerberos,
    /// CERTIFICATE name
    Certificate(Ident),
}

/// ENCRYPTION = … [ALGORITHM …].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointEncryption {
    /// REQUIRED, SUPPORTED, DISABLED
    pub level: EndpointEncryptionLevel,
    /// The algorithms in order; empty when unsaid.
    pub algorithms: Vec<EndpointAlgorithm>,
}

/// How much an endpoint insists on encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointEncryptionLevel {
    /// REQUIRED
    Required,
    /// SUPPORTED
    Supported,
    /// DISABLED
    Disabled,
}

/// ALGORITHM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointAlgorithm {
    /// AES
    Aes,
    /// RC4
    Rc4,
}
