//! Every reason to say no, in domain words. Numbers, codes and texts for clients live in the catalogues at the edges.

use thiserror::Error;

use crate::ids::TransactionId;
use crate::time::Timestamp;
use crate::value::Value;

/// Why a command was refused. The world is as it was.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Refusal {
    /// About databases.
    #[error(transparent)]
    Database(#[from] DatabaseRefusal),
    /// About rows, tables and transactions.
    #[error(transparent)]
    Write(#[from] WriteRefusal),
    /// About keys, certificates, logins and permissions.
    #[error(transparent)]
    Security(#[from] SecurityRefusal),
    /// About mirroring endpoints.
    #[error(transparent)]
    Endpoint(#[from] EndpointRefusal),
    /// About availability groups.
    #[error(transparent)]
    Group(#[from] GroupRefusal),
    /// About backups.
    #[error(transparent)]
    Backup(#[from] BackupRefusal),
    /// About ARM resources.
    #[error(transparent)]
    Azure(#[from] AzureRefusal),
    /// About links, as ARM asks for them.
    #[error(transparent)]
    Link(#[from] LinkRefusal),
    /// About the service of an instance.
    #[error(transparent)]
    Server(#[from] ServerRefusal),
    /// About jobs.
    #[error(transparent)]
    Agent(#[from] AgentRefusal),
    /// About linked servers.
    #[error(transparent)]
    LinkedServer(#[from] LinkedServerRefusal),
    /// About transactions that span instances.
    #[error(transparent)]
    Distributed(#[from] DistributedRefusal),
    /// About transparent data encryption.
    #[error(transparent)]
    Encryption(#[from] EncryptionRefusal),
    /// About the roles of a link, through either door.
    #[error(transparent)]
    Failover(#[from] FailoverRefusal),
}

/// Why a statement about a database was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum DatabaseRefusal {
    #[error("database '{name}' does not exist")]
    NotFound { name: String },
    #[error("database '{name}' exists already")]
    Exists { name: String },
    #[error("'{name}' is not a usable database name")]
    BadName { name: String },
    #[error("database '{name}' is being restored")]
    Restoring { name: String },
    #[error("database '{name}' is recovering")]
    Recovering { name: String },
    #[error("database '{name}' is offline")]
    Offline { name: String },
    #[error("database '{name}' is read-only")]
    ReadOnly { name: String },
    #[error("database '{name}' is in use")]
    InUse { name: String },
    #[error("others use database '{name}'")]
    OthersConnected { name: String },
    #[error("database '{name}' is in single-user mode, and somebody is in it")]
    SingleUser { name: String },
    #[error("database '{name}' takes one user at a time, and has one")]
    OneUser { name: String },
    #[error("database '{name}' is a system database")]
    System { name: String },
    #[error("database '{name}' is in an availability group")]
    InGroup { name: String },
    #[error("the secondary replica of database '{name}' does not allow connections")]
    SecondaryNotReadable { name: String },
    #[error(
        "the secondary replica of database '{name}' takes connections with read-only intent only"
    )]
    ReadIntentNeeded { name: String },
    #[error("the primary replica of database '{name}' refuses connections with read-only intent")]
    ReadIntentRefused { name: String },
    #[error("no replica of database '{name}' can be read")]
    NoReadableReplica { name: String },
    #[error("database '{name}' is changing its role")]
    RoleChanging { name: String },
    #[error("database '{name}' lacks the secondaries that have to have its commits")]
    QuorumLost { name: String },
    #[error("database '{name}' is part of a link")]
    InLink { name: String },
    #[error(
        "'{name}' is on the secondary of a failover group, whose databases are those of its primary"
    )]
    GeoSecondary { name: String },
    #[error("the option {option} cannot be set on database '{name}'")]
    OptionNotAllowed { name: String, option: String },
    #[error("the database has a file named '{file}' already")]
    FileNameTaken { file: String },
    #[error("there is a file at '{path}' already")]
    FilePathTaken { path: String },
    #[error("a managed instance makes the files of its databases itself")]
    FilesOfInstance,
    #[error("the database has no file named '{file}'")]
    NoSuchFile { file: String },
    #[error("'{file}' is the first file of its kind, which every database has")]
    FirstFile { file: String },
}

/// Why rows could not be written, or a transaction could not go on.
#[derive(Clone, Debug, PartialEq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum WriteRefusal {
    #[error("duplicate key in {constraint} of {table}")]
    DuplicateKey {
        constraint: String,
        table: String,
        kind: DuplicateKind,
        values: Vec<Value>,
    },
    #[error("object '{name}' exists already")]
    ObjectExists { name: String },
    #[error("table '{name}' does not exist")]
    NoSuchTable { name: String },
    #[error("transaction {holder} holds the lock")]
    Locked { holder: TransactionId },
    #[error("waiting for transaction {holder} would never end: it waits for this one")]
    Deadlock { holder: TransactionId },
    #[error("the log of database '{database}' is full because of {reason}")]
    LogFull {
        database: String,
        reason: &'static str,
    },
    #[error("there is no transaction {transaction}")]
    NoTransaction { transaction: TransactionId },
    #[error("there is no savepoint '{name}'")]
    NoSavepoint { name: String },
    #[error("transaction {transaction} was ended because its database changed its role")]
    Killed { transaction: TransactionId },
}

/// The kinds of key that rows must not repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateKind {
    /// PRIMARY KEY.
    PrimaryKey,
    /// UNIQUE constraint.
    UniqueConstraint,
    /// CREATE UNIQUE INDEX.
    UniqueIndex,
}

/// Why a statement about keys, certificates, logins or permissions was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum SecurityRefusal {
    #[error("there is a master key already")]
    MasterKeyExists,
    #[error("there is no master key")]
    NoMasterKey,
    #[error("the master key still protects {what}")]
    MasterKeyInUse { what: String },
    #[error("the master key password is wrong")]
    WrongMasterKeyPassword,
    #[error("the current master key is not open")]
    OldMasterKeyClosed,
    #[error("the session has not opened the master key")]
    MasterKeyNotOpen,
    #[error("whether the service master key encrypts the master key is as wanted: {wanted}")]
    ServerEncryptionAlready { wanted: bool },
    #[error("the master key is encrypted by that password already")]
    MasterKeyPasswordExists,
    #[error("the last password of the master key stays")]
    LastMasterKeyPassword,
    #[error("certificate '{name}' or its content exists already")]
    CertificateExists { name: String },
    #[error("certificate '{name}' does not exist")]
    CertificateNotFound { name: String },
    #[error("certificate '{name}' is used by {by}")]
    CertificateInUse { name: String, by: String },
    #[error("certificate '{name}' has no private key")]
    NoPrivateKey { name: String },
    #[error("certificate '{name}' has a private key already")]
    PrivateKeyExists { name: String },
    #[error("the private key is not the one of certificate '{name}'")]
    OtherPrivateKey { name: String },
    #[error("the password of a private key is wrong")]
    WrongPrivateKeyPassword,
    #[error("certificate '{name}' is already trusted as an issuer for '{dns}'")]
    IssuerExists { name: String, dns: String },
    #[error("login '{name}' does not exist")]
    LoginNotFound { name: String },
    #[error("user '{name}' does not exist")]
    UserNotFound { name: String },
    #[error("login '{name}' exists already")]
    LoginExists { name: String },
    #[error("user '{name}' exists already")]
    UserExists { name: String },
    #[error("login '{name}' is logged in")]
    LoginInUse { name: String },
    #[error("login '{login}' has a user already, '{user}'")]
    LoginHasUser { login: String, user: String },
    #[error("principal '{name}' cannot be dropped or changed")]
    PrincipalFixed { name: String },
    #[error("the password is too weak")]
    WeakPassword,
}

/// Why a statement about an endpoint was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum EndpointRefusal {
    #[error("there is a mirroring endpoint already, '{existing}'")]
    MirroringEndpointExists { existing: String },
    #[error("endpoint '{name}' exists already")]
    Exists { name: String },
    #[error("endpoint '{name}' does not exist")]
    NotFound { name: String },
    #[error("certificate '{certificate}' cannot be used for an endpoint: {reason}")]
    CertificateUnusable {
        certificate: String,
        reason: CertificateProblem,
    },
    #[error("endpoint names may not begin with a reserved word: '{name}'")]
    ReservedName { name: String },
    #[error("the managed instance's endpoint belongs to the service")]
    Managed,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum CertificateProblem {
    #[error("it has no private key")]
    NoPrivateKey,
    #[error("its private key is protected by a password")]
    PasswordProtected,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYetValid,
}

/// Why a statement about an availability group was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum GroupRefusal {
    #[error("availability groups are not enabled on this instance")]
    HadrDisabled,
    #[error("availability group '{name}' exists already")]
    Exists { name: String },
    #[error("availability group '{name}' does not exist")]
    NotFound { name: String },
    #[error("there is no database mirroring endpoint")]
    NoEndpoint,
    #[error("no replica of '{group}' is this instance, '{server}'")]
    NoLocalReplica { group: String, server: String },
    #[error("database '{database}' does not exist")]
    DatabaseNotFound { database: String },
    #[error("'{database}' is a system database")]
    SystemDatabase { database: String },
    #[error("database '{database}' is not in full recovery")]
    NotFullRecovery { database: String },
    #[error("database '{database}' has no full backup that starts its log chain")]
    NoLogChain { database: String },
    #[error("database '{database}' is not online")]
    DatabaseNotOnline { database: String },
    #[error("database '{database}' is read-only")]
    DatabaseReadOnly { database: String },
    #[error("database '{database}' is in single-user or restricted mode")]
    NotMultiUser { database: String },
    #[error("database '{database}' has AUTO_CLOSE on")]
    AutoClose { database: String },
    #[error("database '{database}' is in availability group '{group}' already")]
    DatabaseInGroup { database: String, group: String },
    #[error(
        "database '{database}' cannot join '{group}', for it is in availability group '{other}'"
    )]
    DatabaseElsewhere {
        database: String,
        group: String,
        other: String,
    },
    #[error("database '{database}' is not in availability group '{group}'")]
    DatabaseNotInGroup { database: String, group: String },
    #[error("cluster type NONE allows manual failover only")]
    NoneNeedsManualFailover,
    #[error("cluster type EXTERNAL needs external failover")]
    ExternalNeedsExternalFailover,
    #[error("cluster type WSFC needs automatic or manual failover")]
    WsfcNeedsAutomaticOrManual,
    #[error("asynchronous commit does not allow automatic failover")]
    AsyncAutomatic { replica: String },
    #[error("there is no Windows cluster for '{group}'")]
    NoCluster { group: String },
    #[error("session timeout of replica '{replica}' is below 5 seconds")]
    SessionTimeoutTooShort { replica: String },
    #[error("'{url}' is not an endpoint URL for replica '{replica}'")]
    BadUrl { replica: String, url: String },
    #[error("replica '{replica}' is named twice")]
    DuplicateReplica { replica: String },
    #[error("replica '{replica}' is not in '{group}'")]
    ReplicaNotFound { replica: String, group: String },
    #[error("replica '{replica}' is in '{group}' already")]
    ReplicaExists { replica: String, group: String },
    #[error("the local replica of '{group}' cannot be removed")]
    LocalReplica { replica: String, group: String },
    #[error("this instance is not the primary of '{group}'")]
    NotPrimary { group: String },
    #[error("this instance is the primary of '{group}' already")]
    AlreadyPrimary { group: String },
    #[error("the databases of '{group}' are not synchronized here")]
    NotSynchronized { group: String },
    #[error("'{group}' is failed over by its cluster, and this session is not the cluster's")]
    ExternalFailover { group: String },
    #[error("'{group}' is failing over")]
    FailingOver { group: String },
    #[error("{option} of '{group}', a link, cannot be changed")]
    LinkOption { group: String, option: &'static str },
    #[error("'{group}' is a distributed availability group")]
    IsDistributed { group: String },
    #[error("'{group}' is not a distributed availability group")]
    NotDistributed { group: String },
    #[error("a distributed group has exactly two members and one is on this instance")]
    NoLocalMember { group: String },
    #[error("a distributed group does not fail over automatically")]
    DistributedAutomatic { group: String },
    #[error("the group of the managed instance cannot be seeded manually")]
    LinkManualSeeding { member: String },
    #[error("the group of the managed instance cannot start in synchronous commit")]
    LinkSynchronousAtStart { member: String },
    #[error("availability group '{group}' has more than one database")]
    LinkSeveralDatabases { group: String },
    #[error("availability group '{group}' has no database")]
    LinkNoDatabase { group: String },
    #[error("'{group}' already has a database and '{dag}' links it to a managed instance")]
    LinkOneDatabase { group: String, dag: String },
    #[error("the mode of links cannot be changed while link '{dag}' is there")]
    LinkModeInUse { dag: String },
    #[error("availability group '{group}' is contained, and cannot be part of a distributed one")]
    ContainedMember { group: String },
    #[error("database '{database}' is linked to a managed instance by '{dag}'")]
    LinkedDatabase {
        database: String,
        group: String,
        dag: String,
    },
    #[error("'{group}' is used by the distributed group '{dag}'")]
    UsedByDistributed { group: String, dag: String },
    #[error("member '{member}' is not in '{group}'")]
    MemberNotFound { member: String, group: String },
    #[error("basic availability groups hold one database")]
    BasicSecondDatabase { group: String },
    #[error("there is no contact with the primary of '{group}'")]
    NoContactWithPrimary { group: String },
    #[error("the primary of '{group}' is not in contact with this replica")]
    PrimaryNotActive { group: String },
    #[error("'{group}' has another cluster type on its primary")]
    ClusterTypeDiffers { group: String },
    #[error("database '{database}' was not restored from the primary's backups, or was recovered")]
    NotRelated { database: String },
    #[error("database '{database}' is not restored far enough to go on with the primary's log")]
    NotRolledForward { database: String },
    #[error("{count} synchronized secondaries are more than '{group}' has")]
    TooManyRequiredSecondaries { group: String, count: i32 },
    #[error("this version of SQL Server has no {what}")]
    NotInThisVersion { what: &'static str },
    #[error("{what} is not supported by the emulator")]
    NotEmulated { what: &'static str },
    #[error("database '{database}' is not joined to an availability group")]
    NotJoined { database: String },
    #[error("database '{database}' is joined already")]
    AlreadyJoined { database: String },
    #[error("database '{database}' is a primary here")]
    OnPrimary { database: String },
    #[error("availability group '{group}' has a listener already")]
    ListenerExists { group: String },
    #[error("availability group '{group}' has no listener '{dns_name}'")]
    ListenerNotFound { dns_name: String, group: String },
    #[error("'{dns_name}' is not a name for a listener")]
    BadListenerName { dns_name: String },
    #[error("the name '{dns_name}' is taken in the network")]
    ListenerNameTaken { dns_name: String },
    #[error("'{address}' is not an address for a listener")]
    BadListenerAddress { address: String },
    #[error("the address '{address}' is taken in the network")]
    ListenerAddressTaken { address: String },
    #[error("listener '{dns_name}' cannot use DHCP without a Windows cluster")]
    DhcpNeedsCluster { dns_name: String },
    #[error("listener '{dns_name}' has its address from DHCP")]
    ListenerUsesDhcp { dns_name: String },
    #[error("listener '{dns_name}' of '{group}' listens on port {port} already")]
    ListenerHasPort {
        dns_name: String,
        group: String,
        port: u16,
    },
    #[error("replica '{target}' is twice in the routing list of '{replica}'")]
    RoutedTwice { target: String, replica: String },
    #[error("replica '{target}' in the routing list of '{replica}' is not in '{group}'")]
    RouteNotFound {
        target: String,
        replica: String,
        group: String,
    },
    #[error("replica '{target}' in the routing list of '{replica}' has no READ_ONLY_ROUTING_URL")]
    RouteWithoutUrl { target: String, replica: String },
    #[error("availability groups of a managed instance belong to the service")]
    Managed,
}

/// Why a backup was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum BackupRefusal {
    #[error(
        "database '{database}' of a managed instance is encrypted with the service-managed key"
    )]
    ServiceManagedKey { database: String },
    #[error("database '{database}' still has its service-managed encryption key")]
    EncryptionKeyLeft { database: String },
    #[error("the backup is encrypted, and what protects its key is not here")]
    ProtectorMissing { thumbprint: [u8; 20], managed: bool },
    #[error("the log of database '{database}' cannot be backed up in simple recovery")]
    SimpleRecovery { database: String },
    #[error("database '{database}' has no full backup yet")]
    NoFullBackup { database: String },
    #[error("tempdb cannot be backed up")]
    Tempdb,
    #[error(
        "on a secondary, only copy-only full backups and log backups of '{database}' are allowed"
    )]
    Secondary { database: String },
    #[error("secondary database '{database}' is not synchronizing")]
    SecondaryNotSynchronizing { database: String },
    #[error("a managed instance backs up to URL only, copy-only")]
    ManagedInstance { database: String },
    #[error("the device '{device}' cannot be opened")]
    BadDevice { device: String },
    #[error("there is no backup at '{device}'")]
    MediaMissing { device: String },
    #[error("there is no backup number {file} at '{device}'")]
    NoSuchBackup { device: String, file: usize },
    #[error("the media set has {families} families and {provided} are provided")]
    MissingFamilies { families: usize, provided: usize },
    #[error("database '{database}' is in an availability group")]
    Joined { database: String },
    #[error("database '{database}' is in use")]
    InUse { database: String },
    #[error("the tail of the log of database '{database}' has not been backed up")]
    TailNotBackedUp { database: String },
    #[error("the backup is of another database than '{database}'")]
    OtherDatabase { database: String },
    #[error("the backup of version {of} is too new for {here}")]
    NewerVersion { of: String, here: String },
    #[error("the backup has no file '{file}'")]
    NoSuchFile { file: String, database: String },
    #[error("the file '{path}' is one of database '{database}'")]
    FileInUse { path: String, database: String },
    #[error("the backup is of a database with several log files, and a managed instance's has one")]
    SeveralLogFiles,
    #[error("the backup is not one of a database")]
    NotADatabaseBackup,
    #[error("database '{database}' can only be made from a full backup")]
    CannotCreate { database: String },
    #[error("the differential backup is not based on the full backup that was restored")]
    OtherBase,
    #[error("no database is waiting for this backup")]
    NotReadyToRollForward,
    #[error("the log begins at {from}, later than {at}")]
    LogTooRecent {
        from: crate::lsn::Lsn,
        at: crate::lsn::Lsn,
    },
    #[error("the log ends at {until}, earlier than {at}")]
    LogTooEarly {
        until: crate::lsn::Lsn,
        at: crate::lsn::Lsn,
    },
    #[error("database '{database}' is recovered already")]
    AlreadyRecovered { database: String },
    #[error("a managed instance restores databases from URL only")]
    ManagedDevice,
    #[error("a managed instance restores without options")]
    ManagedOptions,
    #[error("{what} is not supported by the emulator")]
    NotEmulated { what: &'static str },
}

/// Why ARM said no.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum AzureRefusal {
    #[error("resource group '{name}' could not be found")]
    ResourceGroupNotFound { name: String },
    #[error("resource group '{name}' is being deleted")]
    ResourceGroupBeingDeleted { name: String },
    #[error("there is no {kind} '{name}' in resource group '{resource_group}'")]
    NotFound {
        kind: &'static str,
        name: String,
        resource_group: String,
    },
    #[error("there is no {kind} '{name}'")]
    ChildNotFound { kind: &'static str, name: String },
    #[error("'{name}' is not a name for {kind}")]
    InvalidName { kind: &'static str, name: String },
    #[error("'{name}' already exists in location '{location}'")]
    LocationChanged {
        name: String,
        location: String,
        resource_group: String,
        wanted: String,
    },
    #[error("the value '{value}' of {parameter} is not valid")]
    InvalidParameter { parameter: String, value: String },
    #[error("{parameter} is missing")]
    MissingParameter { parameter: String },
    #[error("the name '{name}' is taken by another server")]
    ServerNameTaken { name: String },
    #[error("'{resource}' is in use by '{by}'")]
    InUse { resource: String, by: String },
    #[error("subnet '{subnet}' is not delegated to Microsoft.Sql/managedInstances")]
    SubnetNotDelegated { subnet: String },
    #[error("'{prefix}' is not a usable address prefix")]
    InvalidPrefix { prefix: String },
    #[error("'{prefix}' overlaps '{other}'")]
    OverlappingPrefix { prefix: String, other: String },
    #[error("subnet '{subnet}' with prefix '{prefix}' is outside virtual network '{network}'")]
    SubnetOutside {
        subnet: String,
        prefix: String,
        network: String,
    },
    #[error("subnet '{subnet}' overlaps subnet '{other}'")]
    SubnetsOverlap { subnet: String, other: String },
    #[error("'{by}' names '{resource}', which does not exist")]
    ReferenceNotFound { resource: String, by: String },
    #[error("resource group '{name}' stays because '{resource}' cannot be deleted")]
    GroupNotEmptied { name: String, resource: String },
    #[error(transparent)]
    Trust(#[from] TrustRefusal),
    #[error(transparent)]
    FailoverGroup(#[from] FailoverGroupRefusal),
    #[error(transparent)]
    Instance(#[from] InstanceRefusal),
    #[error("managed instance '{name}' is busy")]
    InstanceBusy { name: String },
    #[error("managed instance '{name}' is stopped, or being stopped")]
    InstanceStopped { name: String },
    #[error("managed instance '{name}' is being started")]
    InstanceStarting { name: String },
    #[error("database '{name}' is in use by a link")]
    DatabaseInLink { name: String },
    #[error("database '{name}' is replicated by a link")]
    DatabaseReplicated { name: String },
    #[error("database '{name}' exists already")]
    DatabaseExists { name: String },
    #[error("database name '{name}' is reserved or not usable")]
    BadDatabaseName { name: String },
    #[error("no public key was given")]
    MissingPublicBlob,
    #[error("the public key is not a certificate: {reason}")]
    InvalidPublicBlob { reason: String },
    #[error("the certificate is there already, as '{name}'")]
    CertificateExists { name: String },
    #[error("the update policy can only be raised")]
    UpdatePolicyLowered,
    #[error("operation '{id}' does not exist")]
    OperationNotFound { id: String },
    #[error("operation '{id}' cannot be canceled")]
    OperationNotCancellable { id: String },
    #[error("{what} is not supported by the emulator")]
    NotEmulated { what: String },
    #[error(transparent)]
    Fabric(#[from] FabricRefusal),
    #[error(transparent)]
    Factory(#[from] FactoryRefusal),
    #[error(transparent)]
    Deployment(#[from] DeploymentRefusal),
    #[error(transparent)]
    Authorization(#[from] AuthorizationRefusal),
}

/// Why ARM refused what was said of roles.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum AuthorizationRefusal {
    #[error("there is no role '{id}'")]
    NoSuchRole { id: String },
    #[error("role '{name}' cannot be assigned at '{scope}'")]
    NotAssignableThere { name: String, scope: String },
    #[error("the role is assigned there already")]
    AssignmentExists,
    #[error("role, principal and scope of an assignment cannot be changed")]
    AssignmentFixed,
    #[error("there is a role '{name}' already")]
    RoleNameTaken { name: String },
    #[error("the role is assigned to somebody")]
    RoleInUse,
    #[error("role '{name}' is built in")]
    BuiltIn { name: String },
    #[error("the application of principal '{name}' belongs to another")]
    ApplicationTaken { name: String },
    #[error("there are {most} already")]
    TooMany { most: usize },
    #[error("a lock forbids to do that to '{scope}'")]
    ScopeLocked {
        scope: String,
        deletes: bool,
        locked: Vec<String>,
    },
    #[error("there are {most} locks at the scope already")]
    TooManyLocks { most: usize },
}

impl From<AuthorizationRefusal> for Refusal {
    fn from(refusal: AuthorizationRefusal) -> Self {
        Self::Azure(refusal.into())
    }
}

/// Why ARM refused what was said of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum DeploymentRefusal {
    #[error("deployment '{name}' of {started} still runs")]
    Active { name: String, started: Timestamp },
    #[error("deployment '{name}' is over")]
    Over { name: String },
    #[error("deployment '{name}' would be one more than {most}")]
    Quota { name: String, most: usize },
    #[error("with deployment '{name}' more than {most} steps would run")]
    Steps { name: String, most: usize },
    #[error("step {step} of deployment '{name}' is out of turn")]
    StepOutOfTurn { name: String, step: usize },
}

impl From<DeploymentRefusal> for Refusal {
    fn from(refusal: DeploymentRefusal) -> Self {
        Self::Azure(refusal.into())
    }
}

/// Why a server trust group was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum TrustRefusal {
    #[error("a server trust group needs at least two members")]
    TooFewMembers,
    #[error("the server trust group has too many members")]
    TooManyMembers,
    #[error("'{server}' is in the server trust group twice")]
    DuplicateServer { server: String },
    #[error("a server trust group needs a scope")]
    NoScopes,
    #[error("the scopes of a server trust group are fixed when it is created")]
    ScopesFixed,
    #[error("an operation runs on server trust group '{group}'")]
    GroupBusy { group: String },
    #[error("an operation runs on member '{member}' of the server trust group")]
    MemberBusy { member: String },
    #[error("member '{member}' of the server trust group does not exist")]
    MemberNotFound { member: String },
}

/// Why a request about a failover group was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum FailoverGroupRefusal {
    #[error("'{group}' is not a name for a failover group")]
    BadName { group: String },
    #[error("there is no failover group '{group}' there")]
    NotFound { group: String },
    #[error("an operation runs on failover group '{group}'")]
    Busy { group: String },
    #[error("an operation is changing managed instance '{name}'")]
    InstanceBusy { name: String },
    #[error("a failover group is changed and deleted in the region of its primary")]
    OnSecondary,
    #[error("a failover is asked for in the region of the secondary")]
    OnPrimary,
    #[error("a failover group has two instances")]
    SameInstance,
    #[error(
        "the primary is not in the region and resource group in which the failover group is asked for"
    )]
    PrimaryElsewhere,
    #[error("the partner is not in the region that is given for it")]
    WrongPartnerRegion,
    #[error("the instances of a failover group are in different regions")]
    SameRegion,
    #[error("the instances of a failover group cannot be changed")]
    PairFixed,
    #[error("managed instance '{server}' does not exist")]
    ServerNotFound { server: String },
    #[error("managed instance '{instance}' is in a failover group already")]
    Member { instance: String },
    #[error("the name '{group}' is taken in the DNS zone")]
    NameInUse { group: String },
    #[error("the instances do not have the same {what}")]
    Differs { what: &'static str },
    #[error("the instances do not have the same storage size")]
    SizesDiffer,
    #[error("managed instance '{instance}' has links")]
    HasLink { instance: String },
    #[error("the partner has database '{database}', and has to be empty")]
    SecondaryNotEmpty { database: String },
    #[error("{reason}")]
    NoWay { reason: String },
    #[error("the grace period is at least {least} minutes")]
    GraceTooShort { least: u32 },
    #[error("the grace period is at most {most} minutes")]
    GraceTooLong { most: u32 },
    #[error("the secondary does not have database '{database}' yet")]
    NotSeeded { database: String },
    #[error("the secondary of failover group '{group}' cannot get everything that its primary has")]
    NotSynchronized { group: String },
    #[error("the secondary '{instance}' does not run")]
    SecondaryDown { instance: String },
    #[error("the instance is in failover group '{group}'")]
    InstanceIn { group: String },
}

impl From<FailoverGroupRefusal> for Refusal {
    fn from(refusal: FailoverGroupRefusal) -> Self {
        Self::Azure(refusal.into())
    }
}

/// Why ARM refused what was said of the network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum FabricRefusal {
    #[error("subnet '{subnet}' has no free address")]
    SubnetFull { subnet: String },
    #[error("address {address} is not usable in subnet '{subnet}'")]
    AddressOutsideSubnet {
        address: std::net::Ipv4Addr,
        subnet: String,
    },
    #[error("address {address} is in use")]
    AddressTaken { address: std::net::Ipv4Addr },
    #[error("subnet '{subnet}' is delegated to {service}")]
    SubnetDelegated { subnet: String, service: String },
    #[error("subnet '{subnet}' is for {service}, not for {resource}")]
    SubnetOfService {
        resource: &'static str,
        subnet: String,
        service: String,
    },
    #[error("'{parent}' has '{child}' twice")]
    ChildTwice { parent: String, child: String },
    #[error("'{resource}' is {sku} and cannot become {wanted}")]
    SkuFixed {
        resource: String,
        sku: &'static str,
        wanted: &'static str,
    },
    #[error("the frontends of load balancer '{balancer}' are not all in one network")]
    FrontendsMixed { balancer: String },
    #[error("interface '{interface}' is not in the network of load balancer '{balancer}'")]
    MemberOfOtherNetwork { interface: String, balancer: String },
    #[error("gateway '{gateway}' is to be in subnet '{subnet}', which is not for gateways")]
    NotTheGatewaySubnet { gateway: String, subnet: String },
    #[error("network '{network}' has gateway '{gateway}' of that type already")]
    SecondGateway { network: String, gateway: String },
    #[error("public IP address '{address}' is used by '{by}'")]
    PublicAddressInUse { address: String, by: String },
    #[error("public IP address '{address}' is standard, and so must be static")]
    StandardAddressIsStatic { address: String },
    #[error("a subscription has at most {most} public IP addresses")]
    TooManyPublicAddresses { most: usize },
    #[error("load balancer '{balancer}' of private link service '{service}' is not standard")]
    LinkServiceNeedsStandard { service: String, balancer: String },
    #[error("private link service '{service}' is not in the network of load balancer '{balancer}'")]
    LinkServiceOfOtherNetwork { service: String, balancer: String },
    #[error("private link service '{service}' cannot change its load balancer's frontend")]
    LinkServiceFixed { service: String },
    #[error("private link service '{service}' approves '{subscription}', which does not see it")]
    ApprovedButNotVisible {
        service: String,
        subscription: String,
    },
    #[error("private link service '{service}' is not visible to private endpoint '{endpoint}'")]
    LinkServiceNotVisible { service: String, endpoint: String },
    #[error("private endpoint '{endpoint}' has zone group '{group}' already")]
    SecondZoneGroup { endpoint: String, group: String },
    #[error("private endpoint '{endpoint}' names an alias, and so must ask for approval")]
    AliasNeedsApproval { endpoint: String },
    #[error("networks '{network}' and '{remote}' have addresses in common")]
    PeeringOverlaps { network: String, remote: String },
    #[error("network '{network}' is peered with '{remote}' already")]
    AlreadyPeered { network: String, remote: String },
    #[error("interface '{interface}' is used by virtual machine '{machine}'")]
    InterfaceInUse { interface: String, machine: String },
    #[error("virtual machine '{machine}' does not run")]
    MachineNotRunning { machine: String },
    #[error("virtual machine '{machine}' has too many rules")]
    TooManyRules { machine: String },
    #[error("'{host}' has no address")]
    NameNotResolved { host: String },
    #[error("rules '{rule}' and '{other}' use the same frontend port")]
    RulesCollide { rule: String, other: String },
    #[error(
        "subnet '{subnet}' of private link service '{service}' has its network policies enabled"
    )]
    LinkServicePoliciesEnabled { service: String, subnet: String },
    #[error("private link service '{service}' is connected to '{endpoint}'")]
    LinkServiceHasConnections { service: String, endpoint: String },
    #[error("private endpoint '{endpoint}' can change neither its subnet nor what it leads to")]
    EndpointFixed { endpoint: String },
    #[error("who creates private endpoint '{endpoint}' may not approve connections to '{target}'")]
    MayNotApprove { endpoint: String, target: String },
    #[error(
        "private endpoint '{endpoint}' names the groups '{groups}', which '{target}' does not have"
    )]
    GroupIdsDoNotFit {
        endpoint: String,
        target: String,
        groups: String,
    },
    #[error("probe '{probe}' of load balancer '{balancer}' needs the standard tier")]
    ProbeNeedsStandard { probe: String, balancer: String },
    #[error("connection '{name}' is not pending")]
    ConnectionNotPending { name: String },
    #[error("there is no connection '{name}'")]
    NoSuchConnection { name: String },
    #[error("record set '{name}' is refused: {why}")]
    InvalidRecordSet { name: String, why: &'static str },
    #[error("network '{network}' hears zone '{zone}' already, by link '{link}'")]
    NetworkLinkedAlready {
        network: String,
        zone: String,
        link: String,
    },
    #[error("network '{network}' registers its machines in zone '{zone}' already")]
    NetworkRegistersAlready { network: String, zone: String },
}

impl From<TrustRefusal> for Refusal {
    fn from(refusal: TrustRefusal) -> Self {
        Self::Azure(refusal.into())
    }
}

impl From<FabricRefusal> for Refusal {
    fn from(refusal: FabricRefusal) -> Self {
        Self::Azure(refusal.into())
    }
}

/// Why ARM refused what was said of a data factory.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum FactoryRefusal {
    #[error("the name '{name}' is another data factory's")]
    NameInUse { name: String },
    #[error("'{resource}' is not as it was when it was read")]
    Changed { resource: String },
    #[error("there is no '{name}' among the {kind} of the factory")]
    EntityNotFound { kind: &'static str, name: String },
    #[error("there is no '{name}' in the factory that could be referred to")]
    InvalidReference { name: String },
    #[error("'{resource}' is referred to by '{by}'")]
    Referenced { resource: String, by: String },
    #[error("a managed virtual network is called 'default', not '{name}'")]
    OnlyDefaultNetwork { name: String },
    #[error("factory '{factory}' has no managed virtual network '{network}'")]
    NoManagedNetwork { factory: String, network: String },
    #[error("what managed private endpoint '{endpoint}' leads to cannot be changed")]
    EndpointFixed { endpoint: String },
    #[error("factory '{factory}' has {most} managed private endpoints")]
    TooManyEndpoints { factory: String, most: usize },
    #[error("integration runtime '{runtime}' cannot change what it is, nor its network")]
    RuntimeFixed { runtime: String },
    #[error("integration runtime '{runtime}' is not in a managed virtual network")]
    NoInteractiveAuthoring { runtime: String },
    #[error("interactive authoring is not enabled on integration runtime '{runtime}'")]
    InteractiveOff { runtime: String },
    #[error("integration runtime '{runtime}' is not self-hosted")]
    NotSelfHosted { runtime: String },
}

impl From<FactoryRefusal> for Refusal {
    fn from(refusal: FactoryRefusal) -> Self {
        Self::Azure(refusal.into())
    }
}

/// Why ARM refused what was said of a managed instance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum InstanceRefusal {
    #[error("the server name is not valid")]
    InvalidServerName,
    #[error("'{id}' is not the id of a subnet")]
    InvalidSubnetId { id: String },
    #[error("the subnet is in another subscription")]
    SubnetOfOtherSubscription,
    #[error("subnet '{subnet}' does not exist")]
    UnknownSubnet { subnet: String },
    #[error("the subnet is too small")]
    SubnetTooSmall,
    #[error("the subnet of an instance cannot be changed")]
    SubnetFixed,
    #[error("there is no SKU '{sku}'")]
    InvalidSku { sku: String },
    #[error("there is no license type '{license}'")]
    InvalidLicenseType { license: String },
    #[error("there is no collation '{name}'")]
    InvalidCollation { name: String },
    #[error("the collation of an instance cannot be changed")]
    CollationFixed,
    #[error("{gigabytes} GB is not a storage size")]
    InvalidStorageSize { gigabytes: i64 },
    #[error("the login name is not valid")]
    InvalidLoginName,
    #[error("the password is too short")]
    PasswordTooShort,
    #[error("the password is too long")]
    PasswordTooLong,
    #[error("the password is not complex enough")]
    PasswordNotComplex,
    #[error("the Entra administrator has no name")]
    InvalidEntraAdministrator,
    #[error("the Entra administrator has the name of the SQL administrator")]
    EntraAdministratorIsSqlAdministrator,
    #[error("there is no Entra administrator")]
    NoEntraAdministrator,
    #[error("{reason}")]
    CannotStop { reason: &'static str },
    #[error("the instance is not stopped")]
    NotStopped,
    #[error("the instance is not in a state to fail over")]
    NotInStateToFailOver,
    #[error("the instance has no readable secondary")]
    NoReadableSecondary,
    #[error("the instance was failed over less than 15 minutes ago")]
    FailoverThrottled,
    #[error("database '{database}' has no full backup yet")]
    FullBackupMissing { database: String },
    #[error("the instance has link '{link}'")]
    HasLink { link: String },
    #[error("the DNS zone partner '{partner}' does not exist")]
    UnknownZonePartner { partner: String },
    #[error("the DNS zone of '{partner}' is not the one that the instances of the subnet have")]
    ZoneFixed { partner: String },
    #[error("an instance has at most {most} databases")]
    TooManyDatabases { most: usize },
}

impl From<InstanceRefusal> for Refusal {
    fn from(refusal: InstanceRefusal) -> Self {
        Self::Azure(refusal.into())
    }
}

/// Why ARM refused a request about a link at once.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum LinkRefusal {
    #[error("the request has no properties")]
    EmptyRequest,
    #[error("databases must name exactly one database")]
    BadDatabases,
    #[error("instanceAvailabilityGroupName is missing")]
    NoInstanceGroup,
    #[error("partnerAvailabilityGroupName is missing")]
    NoPartnerGroup,
    #[error("both availability groups have the same name")]
    SameGroupNames,
    #[error("partnerEndpoint is missing")]
    NoPartnerEndpoint,
    #[error("partnerEndpoint is not tcp://host:port")]
    BadPartnerEndpoint,
    #[error("only automatic seeding is supported")]
    BadSeedingMode,
    #[error("'{value}' is not a value of {parameter}")]
    BadEnum {
        parameter: &'static str,
        value: String,
    },
    #[error("'{name}' is not a name for a link")]
    BadName { name: String },
    #[error("'{name}' is not a name for a multiple-database link")]
    BadMultiDatabaseName { name: String },
    #[error("databases must name each database that the link is to have, once")]
    BadMembers,
    #[error("link '{name}' exists with other availability groups or another database")]
    OtherLinkExists { name: String },
    #[error("availability group '{group}' is used by another link of the instance")]
    InstanceGroupInUse { group: String },
    #[error("database '{database}' exists on the instance")]
    DatabaseExists { database: String },
    #[error("database '{database}' does not exist on the instance")]
    DatabaseNotFound { database: String },
    #[error("database '{database}' is in another link of the instance")]
    DatabaseLinked { database: String },
    #[error("managed instance '{instance}' is in a failover group, and can have no links")]
    InFailoverGroup { instance: String },
    #[error(
        "database '{database}' is encrypted with the service-managed key, which cannot leave the instance"
    )]
    EncryptedByService { database: String },
    #[error("the name '{name}' is longer than an availability group's can be")]
    NameTooLong { name: String },
    #[error("the instance has a link or availability group named like '{name}' or its group")]
    NameTaken { name: String },
    #[error("the instance has as many links as it can")]
    TooManyLinks,
    #[error("link '{name}' was not found")]
    NotFound { name: String },
    #[error("the link is being created or changed")]
    Busy { name: String },
    #[error("an operation is changing managed instance '{name}'")]
    InstanceBusy { name: String },
    #[error("{what} is not supported by the emulator")]
    NotEmulated { what: &'static str },
}

/// Why the encryption of a database, or what protects it, stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum EncryptionRefusal {
    #[error("system databases are not encrypted")]
    SystemDatabase,
    #[error("this edition of SQL Server has no transparent data encryption")]
    Edition,
    #[error("the database is read-only or not recovered")]
    NotWritable,
    #[error("the database has an encryption key already")]
    KeyExists,
    #[error("the database has no encryption key")]
    NoKey,
    #[error("the encryption key of the database is in use")]
    KeyInUse,
    #[error("there is no encryption key to switch encryption with")]
    NoKeySet,
    #[error("encryption is on already")]
    AlreadyOn,
    #[error("encryption is off already")]
    AlreadyOff,
    #[error("encryption cannot be switched off while a scan is running")]
    ScanRunning,
    #[error("the encryption key cannot be changed while a scan is running")]
    ScanInTheWay,
    #[error(
        "the private key of certificate '{name}' is not there, or the master key does not protect it"
    )]
    CertificateUnusable { name: String },
    #[error("certificate '{name}' protects the encryption key of a database")]
    CertificateUsed { name: String },
    #[error("what protects the encryption key is not here")]
    ProtectorMissing { thumbprint: [u8; 20] },
    #[error(
        "database '{database}' is primary in a link, and the service-managed key cannot leave the managed instance"
    )]
    OfferedByLink { database: String },
    #[error(
        "the protector cannot become service-managed: encrypted database '{database}' is primary in a link"
    )]
    ProtectorOfLink { database: String },
    #[error("the managed instance has no key '{name}'")]
    ServerKeyNotFound { name: String },
    #[error("key '{name}' protects databases of the managed instance")]
    ServerKeyInUse { name: String },
}

/// Why the service of an instance stays as it is, or takes no session.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum ServerRefusal {
    #[error("the service of '{name}' is stopped")]
    Stopped { name: String },
    #[error("the service of '{name}' is running")]
    Running { name: String },
    #[error("'{name}' is a managed instance: the service stops and starts it")]
    Managed { name: String },
    #[error("'{name}' is no managed instance, whose region could be lost")]
    NotManaged { name: String },
}

/// Why a statement about linked servers was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum LinkedServerRefusal {
    #[error("there is a server '{name}' already")]
    Exists { name: String },
    #[error("there is no linked server '{name}'")]
    NotFound { name: String },
    #[error("an instance has at most {most} linked servers")]
    TooMany { most: usize },
    #[error("logins are mapped on linked server '{name}'")]
    HasLogins { name: String },
    #[error("there is no login '{name}'")]
    NoLogin { name: String },
    #[error("login '{login}' is not mapped on linked server '{name}'")]
    NoMapping { login: String, name: String },
}

/// Why a statement about jobs of SQL Server Agent was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum AgentRefusal {
    #[error("{what} '{name}' exists already")]
    Exists { what: &'static str, name: String },
    #[error("{what} '{name}' does not exist")]
    NotFound { what: &'static str, name: String },
    #[error("{what} is not one of those that {procedure} tells")]
    Invalid {
        what: &'static str,
        procedure: &'static str,
    },
    #[error("a step's number is greater than 0 and less than {most}")]
    StepNumber { most: u32 },
    #[error("there is no step {step} in the job")]
    NoStep { step: String },
    #[error("an instance has at most {most} {what}")]
    TooMany { what: &'static str, most: usize },
    #[error("job '{name}' is to run on '{server}' already")]
    Targeted { name: String, server: String },
    #[error("job '{name}' is not to run on '{server}'")]
    NotTargeted { name: String, server: String },
    #[error("job '{name}' is to run on no server")]
    NoServer { name: String, id: String },
    #[error("job '{name}' is to run on no server, and cannot be stopped")]
    NoServerToStop { name: String, id: String },
    #[error("job '{name}' is running, for {running}")]
    Running {
        name: String,
        by: String,
        running: String,
    },
    #[error("job '{name}' has no step to begin with")]
    NoSteps { name: String, by: String },
    #[error("job '{name}' is not running")]
    NotRunning { name: String, by: String },
}

/// Why a distributed transaction was undone, or is not ended by hand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum DistributedRefusal {
    #[error("'{instance}' cannot end its part of the distributed transaction")]
    PartLost { instance: String },
    #[error("there is no part of unit of work {unit} here")]
    NoUnit { unit: String },
    #[error("a connection has the part of unit of work {unit}")]
    InUse { unit: String },
    #[error("the part of unit of work {unit} is in doubt, which takes COMMIT or ROLLBACK")]
    Prepared { unit: String },
    #[error("the part of unit of work {unit} is not in doubt")]
    NotPrepared { unit: String },
}

/// Why the roles of a link stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum FailoverRefusal {
    #[error("'{group}' is not part of a link with a managed instance")]
    NotALink { group: String },
    #[error("planned failover of '{group}' starts on the primary, which this side is not")]
    NotPrimary { group: String },
    #[error("this version of SQL Server only forces the failover of '{group}'")]
    PlannedNotInVersion { group: String },
    #[error("the roles of '{group}' are changing already")]
    InProgress { group: String },
    #[error("the secondary of '{group}' is not synchronizing")]
    NotSynchronizing { group: String },
    #[error("too much log of '{group}' waits to be sent")]
    SendQueueTooLarge { group: String },
    #[error("too much log of '{group}' waits to be redone")]
    RedoQueueTooLarge { group: String },
    #[error("the secondary of '{group}' did not catch up in time")]
    CannotCatchUp { group: String },
    #[error("the database of '{group}' on the managed instance is not accessible")]
    DatabaseInaccessible { group: String },
    #[error("'{group}' replicates one way only: delete the link instead")]
    OneWay { group: String },
    #[error("failover needs an update policy that matches SQL Server {build}")]
    FormatsDiffer { build: String },
    #[error("the instance cannot be made primary of '{group}' in a planned way from its side")]
    PlannedToPrimary { group: String },
    #[error("this side has the role in '{group}' already")]
    AlreadyInRole { group: String },
    #[error("the secondary of '{group}' is not in a state to become primary")]
    NotReadable { group: String },
    #[error("the databases of '{group}' follow '{primary}' on this side already")]
    FollowsAnother { group: String, primary: String },
}

/// Why a link could not be made, or stopped working, as either side reports it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the error texts say it")]
pub enum LinkError {
    #[error("nothing answers at '{endpoint}'")]
    PartnerUnreachable { endpoint: String },
    #[error("the database mirroring endpoint at '{endpoint}' is not started")]
    EndpointNotStarted { endpoint: String },
    #[error("the endpoint at '{endpoint}' does not authenticate by certificate")]
    EndpointWithoutCertificate { endpoint: String },
    #[error("the endpoint at '{endpoint}' does not encrypt with AES")]
    EndpointNotEncrypted { endpoint: String },
    #[error("the certificate of SQL Server '{certificate}' is not on the managed instance")]
    CertificateNotOnInstance { certificate: String },
    #[error("the certificate '{certificate}' of SQL Server is expired or not yet valid")]
    PartnerCertificateInvalid { certificate: String },
    #[error(
        "the private key of certificate '{certificate}' of SQL Server cannot be opened: the service master key does not encrypt the master key"
    )]
    PartnerKeyClosed { certificate: String },
    #[error("the certificate of '{fqdn}' is expired or not yet valid")]
    InstanceCertificateInvalid { fqdn: String },
    #[error("SQL Server has another certificate of the same issuer and serial number as '{fqdn}'")]
    InstanceCertificateMismatch { fqdn: String },
    #[error("the owner '{login}' of the imported certificate may not connect to the endpoint")]
    NoConnectPermission { login: String },
    #[error("SQL Server has no certificate named '{fqdn}' with the managed instance's public key")]
    CertificateNotOnSqlServer { fqdn: String },
    #[error("SQL Server does not trust the issuer of the certificate of '{fqdn}'")]
    IssuerNotTrusted { fqdn: String },
    #[error("availability group '{group}' at endpoint '{endpoint}' is not responding")]
    GroupNotResponding { group: String, endpoint: String },
    #[error("the target database does not answer")]
    DatabaseNotResponding { database: String },
    #[error("database '{database}' exists on the target")]
    TargetDatabaseExists { database: String },
    #[error("SQL Server {build} is not supported by the link")]
    VersionNotSupported { build: String },
    #[error("the update policy of the instance is older than SQL Server {build}")]
    PolicyTooOld { build: String },
    #[error("failover in both directions needs an update policy that matches SQL Server {build}")]
    FailbackNeedsMatchingFormat { build: String },
    #[error(
        "databases of the instance cannot go to SQL Server {build}: its update policy does not match"
    )]
    SourceFormatNotCompatible { build: String },
    #[error(
        "the distributed group on SQL Server says the primary is another side than the link does"
    )]
    RoleMismatch,
    #[error("replication did not start within {minutes} minutes")]
    InitTimeout { minutes: i64, cause: Box<Self> },
    #[error("availability group '{group}' may not create databases on SQL Server")]
    CreateDatabaseNotGranted { group: String },
    #[error("the planned failover was called off: the secondary could not catch up")]
    FailoverFailed,
    #[error(
        "the log of database '{database}' does not reach back to the point that both sides have"
    )]
    LogGone { database: String },
    #[error("database '{database}' has several log files")]
    SeveralLogFiles { database: String },
    #[error("seeding of database '{database}' failed")]
    SeedingFailed { database: String },
    #[error("seeding of database '{database}' was cancelled")]
    SeedingCancelled { database: String },
    #[error("there is no room for database '{database}' on the secondary's disk")]
    DiskFull { database: String },
    #[error("the partner dropped its half of the link")]
    PartnerDropped,
    #[error("the network between the partners is interrupted")]
    NetworkInterrupted,
    #[error("SQL Server is in {server} link mode, and the link is not")]
    ModeMismatch { server: &'static str },
    #[error(
        "database '{database}' is in the availability group on SQL Server and not in the link, which has to have all of them"
    )]
    DatabaseOmitted { database: String },
    #[error("the managed instance has no room for database '{database}'")]
    NoCapacity { database: String },
    #[error(
        "database '{database}' is encrypted, and the managed instance does not have what protects its key, thumbprint {thumbprint}"
    )]
    TdeProtectorNotOnInstance {
        database: String,
        thumbprint: String,
    },
    #[error(
        "database '{database}' is encrypted, and SQL Server does not have what protects its key, thumbprint {thumbprint}"
    )]
    TdeProtectorNotOnSqlServer {
        database: String,
        thumbprint: String,
    },
    #[error("the creation of the link was canceled: the database was not seeded in {days} days")]
    CreationCanceled { days: i64 },
}
