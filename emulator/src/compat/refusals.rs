//! One value of every reason to refuse: the compiler asks for a new reason here as it does in both catalogues.

use milink_core::ids::TransactionId;
use milink_core::operation::OperationError;
use milink_core::refusal::{
    AuthorizationRefusal, AzureRefusal, BackupRefusal, CertificateProblem, DatabaseRefusal,
    DeploymentRefusal, DistributedRefusal, DuplicateKind, EncryptionRefusal, EndpointRefusal,
    FabricRefusal, FactoryRefusal, FailoverGroupRefusal, FailoverRefusal, GroupRefusal,
    InstanceRefusal, LinkError, LinkRefusal, LinkedServerRefusal, Refusal, SecurityRefusal,
    ServerRefusal, TrustRefusal, WriteRefusal,
};
use milink_core::time::Timestamp;
use milink_tsql::statement::refusal::{link_error_number, sql_error};

use super::Page;
use crate::arm;

/// What the core can say no to, and in which words.
pub(super) fn write(page: &mut Page) {
    page.heading("Refusals");
    page.text("Every reason that the model has to say no, with the error that T-SQL and ARM make of it.\n\n");
    page.columns(&["reason", "SQL error", "ARM code"]);
    let of_sql = [
        database_refusals(),
        write_refusals(),
        security_refusals(),
        endpoint_refusals(),
        group_refusals(),
        backup_refusals(),
        encryption_refusals(),
        failover_refusals(),
        server_refusals(),
        linked_server_refusals(),
        distributed_refusals(),
    ];
    for refusal in of_sql.iter().flatten() {
        let error = sql_error(refusal);
        let arm = match refusal {
            Refusal::Database(_) | Refusal::Failover(_) | Refusal::Encryption(_) => {
                code(arm::code_of_refusal(refusal))
            }
            _ => String::new(),
        };
        page.row(&[refusal.to_string(), error.number.to_string(), arm]);
    }
    let lists = [
        azure_refusals(),
        fabric_refusals(),
        trust_refusals(),
        failover_group_refusals(),
        deployment_refusals(),
        authorization_refusals(),
        factory_refusals(),
        instance_refusals(),
        link_refusals(),
    ];
    for refusal in lists.iter().flatten() {
        page.row(&[
            refusal.to_string(),
            String::new(),
            code(arm::code_of_refusal(refusal)),
        ]);
    }
    page.subheading("Links that fail");
    page.text("The operation's error, and `mostRecentLinkError`; SQL Server shows it in `last_connect_error_description`.\n\n");
    page.columns(&["reason", "SQL error", "ARM code"]);
    for error in link_errors() {
        let reason = error.to_string();
        let number = link_error_number(&error).to_string();
        let arm = code(arm::code_of_failure(&OperationError::Link(error)));
        page.row(&[reason, number, arm]);
    }
}

fn code((status, code): (u16, String)) -> String {
    format!("{status} `{code}`")
}

/// Values of every variant. The match has a pattern for each, so that none can be left out.
macro_rules! every {
    ($kind:ident: $($variant:ident { $($field:tt: $value:expr),* })*) => {{
        #[allow(
            unreachable_patterns,
            reason = "some lists have several values of a variant"
        )]
        fn _complete(refusal: &$kind) {
            match refusal {
                $($kind::$variant { .. } => (),)*
            }
        }
        vec![$($kind::$variant { $($field: $value),* }),*]
    }};
}

fn text(name: &str) -> String {
    format!("<{name}>")
}

/// Every `DatabaseRefusal`.
pub(super) fn database_refusals() -> Vec<Refusal> {
    let all = every! { DatabaseRefusal:
        NotFound { name: text("name") }
        Exists { name: text("name") }
        BadName { name: text("name") }
        Restoring { name: text("name") }
        Recovering { name: text("name") }
        Offline { name: text("name") }
        ReadOnly { name: text("name") }
        InUse { name: text("name") }
        OthersConnected { name: text("name") }
        SingleUser { name: text("name") }
        OneUser { name: text("name") }
        System { name: text("name") }
        InGroup { name: text("name") }
        SecondaryNotReadable { name: text("name") }
        ReadIntentNeeded { name: text("name") }
        ReadIntentRefused { name: text("name") }
        NoReadableReplica { name: text("name") }
        RoleChanging { name: text("name") }
        QuorumLost { name: text("name") }
        InLink { name: text("name") }
        GeoSecondary { name: text("name") }
        OptionNotAllowed { name: text("name"), option: text("option") }
        FileNameTaken { file: text("file") }
        FilePathTaken { path: text("path") }
        FilesOfInstance {  }
        NoSuchFile { file: text("file") }
        FirstFile { file: text("file") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `WriteRefusal`.
pub(super) fn write_refusals() -> Vec<Refusal> {
    let all = every! { WriteRefusal:
        DuplicateKey { constraint: text("constraint"), table: text("table"), kind: DuplicateKind::PrimaryKey, values: Vec::new() }
        DuplicateKey { constraint: text("constraint"), table: text("table"), kind: DuplicateKind::UniqueConstraint, values: Vec::new() }
        DuplicateKey { constraint: text("constraint"), table: text("table"), kind: DuplicateKind::UniqueIndex, values: Vec::new() }
        ObjectExists { name: text("name") }
        NoSuchTable { name: text("name") }
        Locked { holder: TransactionId(1) }
        Deadlock { holder: TransactionId(1) }
        LogFull { database: text("database"), reason: "<reason>" }
        NoTransaction { transaction: TransactionId(1) }
        NoSavepoint { name: text("name") }
        Killed { transaction: TransactionId(0) }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `SecurityRefusal`.
pub(super) fn security_refusals() -> Vec<Refusal> {
    let all = every! { SecurityRefusal:
        MasterKeyExists {  }
        NoMasterKey {  }
        MasterKeyInUse { what: text("what") }
        WrongMasterKeyPassword {  }
        OldMasterKeyClosed {  }
        MasterKeyNotOpen {  }
        ServerEncryptionAlready { wanted: true }
        ServerEncryptionAlready { wanted: false }
        MasterKeyPasswordExists {  }
        LastMasterKeyPassword {  }
        CertificateExists { name: text("name") }
        CertificateNotFound { name: text("name") }
        CertificateInUse { name: text("name"), by: text("by") }
        NoPrivateKey { name: text("name") }
        PrivateKeyExists { name: text("name") }
        OtherPrivateKey { name: text("name") }
        WrongPrivateKeyPassword {  }
        IssuerExists { name: text("name"), dns: text("dns") }
        LoginNotFound { name: text("name") }
        UserNotFound { name: text("name") }
        LoginExists { name: text("name") }
        UserExists { name: text("name") }
        LoginInUse { name: text("name") }
        LoginHasUser { login: text("login"), user: text("user") }
        PrincipalFixed { name: text("name") }
        WeakPassword {  }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `EndpointRefusal`.
pub(super) fn endpoint_refusals() -> Vec<Refusal> {
    let all = every! { EndpointRefusal:
        MirroringEndpointExists { existing: text("existing") }
        Exists { name: text("name") }
        NotFound { name: text("name") }
        CertificateUnusable { certificate: text("certificate"), reason: CertificateProblem::NoPrivateKey }
        CertificateUnusable { certificate: text("certificate"), reason: CertificateProblem::PasswordProtected }
        CertificateUnusable { certificate: text("certificate"), reason: CertificateProblem::Expired }
        CertificateUnusable { certificate: text("certificate"), reason: CertificateProblem::NotYetValid }
        ReservedName { name: text("name") }
        Managed {  }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `GroupRefusal`.
pub(super) fn group_refusals() -> Vec<Refusal> {
    let all = every! { GroupRefusal:
        HadrDisabled {  }
        Exists { name: text("name") }
        NotFound { name: text("name") }
        NoEndpoint {  }
        NoLocalReplica { group: text("group"), server: text("server") }
        DatabaseNotFound { database: text("database") }
        SystemDatabase { database: text("database") }
        NotFullRecovery { database: text("database") }
        NoLogChain { database: text("database") }
        DatabaseNotOnline { database: text("database") }
        DatabaseReadOnly { database: text("database") }
        NotMultiUser { database: text("database") }
        AutoClose { database: text("database") }
        DatabaseInGroup { database: text("database"), group: text("group") }
        DatabaseElsewhere { database: text("database"), group: text("group"), other: text("other") }
        DatabaseNotInGroup { database: text("database"), group: text("group") }
        NoneNeedsManualFailover {  }
        ExternalNeedsExternalFailover {  }
        WsfcNeedsAutomaticOrManual {  }
        AsyncAutomatic { replica: text("replica") }
        NoCluster { group: text("group") }
        SessionTimeoutTooShort { replica: text("replica") }
        BadUrl { replica: text("replica"), url: text("url") }
        DuplicateReplica { replica: text("replica") }
        ReplicaNotFound { replica: text("replica"), group: text("group") }
        ReplicaExists { replica: text("replica"), group: text("group") }
        LocalReplica { replica: text("replica"), group: text("group") }
        NotPrimary { group: text("group") }
        AlreadyPrimary { group: text("group") }
        NotSynchronized { group: text("group") }
        ExternalFailover { group: text("group") }
        FailingOver { group: text("group") }
        LinkOption { group: text("group"), option: "<option>" }
        IsDistributed { group: text("group") }
        NotDistributed { group: text("group") }
        NoLocalMember { group: text("group") }
        DistributedAutomatic { group: text("group") }
        LinkManualSeeding { member: text("member") }
        LinkSynchronousAtStart { member: text("member") }
        LinkSeveralDatabases { group: text("group") }
        LinkNoDatabase { group: text("group") }
        LinkOneDatabase { group: text("group"), dag: text("dag") }
        LinkModeInUse { dag: text("dag") }
        ContainedMember { group: text("group") }
        LinkedDatabase { database: text("database"), group: text("group"), dag: text("dag") }
        UsedByDistributed { group: text("group"), dag: text("dag") }
        MemberNotFound { member: text("member"), group: text("group") }
        BasicSecondDatabase { group: text("group") }
        NoContactWithPrimary { group: text("group") }
        PrimaryNotActive { group: text("group") }
        ClusterTypeDiffers { group: text("group") }
        NotRelated { database: text("database") }
        NotRolledForward { database: text("database") }
        TooManyRequiredSecondaries { group: text("group"), count: 5 }
        NotInThisVersion { what: "<what>" }
        NotEmulated { what: "<what>" }
        NotJoined { database: text("database") }
        AlreadyJoined { database: text("database") }
        OnPrimary { database: text("database") }
        ListenerExists { group: text("group") }
        ListenerNotFound { dns_name: text("dns_name"), group: text("group") }
        BadListenerName { dns_name: text("dns_name") }
        ListenerNameTaken { dns_name: text("dns_name") }
        BadListenerAddress { address: text("address") }
        ListenerAddressTaken { address: text("address") }
        DhcpNeedsCluster { dns_name: text("dns_name") }
        ListenerUsesDhcp { dns_name: text("dns_name") }
        ListenerHasPort { dns_name: text("dns_name"), group: text("group"), port: 1433 }
        RoutedTwice { target: text("target"), replica: text("replica") }
        RouteNotFound { target: text("target"), replica: text("replica"), group: text("group") }
        RouteWithoutUrl { target: text("target"), replica: text("replica") }
        Managed {  }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `BackupRefusal`.
pub(super) fn backup_refusals() -> Vec<Refusal> {
    let all = every! { BackupRefusal:
        ServiceManagedKey { database: text("database") }
        EncryptionKeyLeft { database: text("database") }
        ProtectorMissing { thumbprint: [0; 20], managed: false }
        ProtectorMissing { thumbprint: [0; 20], managed: true }
        SimpleRecovery { database: text("database") }
        NoFullBackup { database: text("database") }
        Tempdb {  }
        Secondary { database: text("database") }
        SecondaryNotSynchronizing { database: text("database") }
        ManagedInstance { database: text("database") }
        BadDevice { device: text("device") }
        MediaMissing { device: text("device") }
        NoSuchBackup { device: text("device"), file: 2 }
        MissingFamilies { families: 2, provided: 1 }
        Joined { database: text("database") }
        InUse { database: text("database") }
        TailNotBackedUp { database: text("database") }
        OtherDatabase { database: text("database") }
        NewerVersion { of: text("of"), here: text("here") }
        NoSuchFile { file: text("file"), database: text("database") }
        FileInUse { path: text("path"), database: text("database") }
        SeveralLogFiles {  }
        NotADatabaseBackup {  }
        CannotCreate { database: text("database") }
        OtherBase {  }
        NotReadyToRollForward {  }
        LogTooRecent { from: milink_core::lsn::Lsn::ZERO, at: milink_core::lsn::Lsn::ZERO }
        LogTooEarly { until: milink_core::lsn::Lsn::ZERO, at: milink_core::lsn::Lsn::ZERO }
        AlreadyRecovered { database: text("database") }
        ManagedDevice {  }
        ManagedOptions {  }
        NotEmulated { what: "<what>" }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `AzureRefusal`.
pub(super) fn azure_refusals() -> Vec<Refusal> {
    let all = every! { AzureRefusal:
        ResourceGroupNotFound { name: text("name") }
        ResourceGroupBeingDeleted { name: text("name") }
        NotFound { kind: "<kind>", name: text("name"), resource_group: text("resource_group") }
        ChildNotFound { kind: "<kind>", name: text("name") }
        InvalidName { kind: "<kind>", name: text("name") }
        LocationChanged { name: text("name"), location: text("location"), resource_group: text("resource_group"), wanted: text("wanted") }
        InvalidParameter { parameter: text("parameter"), value: text("value") }
        MissingParameter { parameter: text("parameter") }
        ServerNameTaken { name: text("name") }
        InUse { resource: text("resource"), by: text("by") }
        SubnetNotDelegated { subnet: text("subnet") }
        InvalidPrefix { prefix: text("prefix") }
        OverlappingPrefix { prefix: text("prefix"), other: text("other") }
        SubnetOutside { subnet: text("subnet"), prefix: text("prefix"), network: text("network") }
        SubnetsOverlap { subnet: text("subnet"), other: text("other") }
        ReferenceNotFound { resource: text("resource"), by: text("by") }
        GroupNotEmptied { name: text("name"), resource: text("resource") }
        Instance { 0: InstanceRefusal::InvalidServerName }
        InstanceBusy { name: text("name") }
        InstanceStopped { name: text("name") }
        InstanceStarting { name: text("name") }
        DatabaseInLink { name: text("name") }
        DatabaseReplicated { name: text("name") }
        DatabaseExists { name: text("name") }
        BadDatabaseName { name: text("name") }
        MissingPublicBlob {  }
        InvalidPublicBlob { reason: text("reason") }
        CertificateExists { name: text("name") }
        UpdatePolicyLowered {  }
        OperationNotFound { id: text("id") }
        OperationNotCancellable { id: text("id") }
        NotEmulated { what: text("what") }
        Fabric { 0: FabricRefusal::NoSuchConnection { name: text("name") } }
        Factory { 0: FactoryRefusal::NameInUse { name: text("name") } }
        Trust { 0: TrustRefusal::TooFewMembers }
        FailoverGroup { 0: FailoverGroupRefusal::SameRegion }
        Deployment { 0: DeploymentRefusal::Over { name: text("name") } }
        Authorization { 0: AuthorizationRefusal::RoleInUse }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `LinkedServerRefusal`.
fn linked_server_refusals() -> Vec<Refusal> {
    let all = every! { LinkedServerRefusal:
        Exists { name: text("name") }
        NotFound { name: text("name") }
        TooMany { most: 1_000 }
        HasLogins { name: text("name") }
        NoLogin { name: text("name") }
        NoMapping { login: text("login"), name: text("name") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `DistributedRefusal`.
fn distributed_refusals() -> Vec<Refusal> {
    let all = every! { DistributedRefusal:
        PartLost { instance: text("instance") }
        NoUnit { unit: text("unit") }
        InUse { unit: text("unit") }
        Prepared { unit: text("unit") }
        NotPrepared { unit: text("unit") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `TrustRefusal`.
pub(super) fn trust_refusals() -> Vec<Refusal> {
    let all = every! { TrustRefusal:
        TooFewMembers {  }
        TooManyMembers {  }
        DuplicateServer { server: text("server") }
        NoScopes {  }
        ScopesFixed {  }
        GroupBusy { group: text("group") }
        MemberBusy { member: text("member") }
        MemberNotFound { member: text("member") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `FailoverGroupRefusal`.
pub(super) fn failover_group_refusals() -> Vec<Refusal> {
    let all = every! { FailoverGroupRefusal:
        BadName { group: text("group") }
        NotFound { group: text("group") }
        Busy { group: text("group") }
        InstanceBusy { name: text("name") }
        OnSecondary {  }
        OnPrimary {  }
        SameInstance {  }
        PrimaryElsewhere {  }
        WrongPartnerRegion {  }
        SameRegion {  }
        PairFixed {  }
        ServerNotFound { server: text("server") }
        Member { instance: text("instance") }
        NameInUse { group: text("group") }
        Differs { what: "<what>" }
        SizesDiffer {  }
        HasLink { instance: text("instance") }
        SecondaryNotEmpty { database: text("database") }
        NoWay { reason: text("reason") }
        GraceTooShort { least: 60 }
        GraceTooLong { most: 525_600 }
        NotSeeded { database: text("database") }
        NotSynchronized { group: text("group") }
        SecondaryDown { instance: text("instance") }
        InstanceIn { group: text("group") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `AuthorizationRefusal`.
pub(super) fn authorization_refusals() -> Vec<Refusal> {
    let all = every! { AuthorizationRefusal:
        NoSuchRole { id: text("id") }
        NotAssignableThere { name: text("name"), scope: text("scope") }
        AssignmentExists {  }
        AssignmentFixed {  }
        RoleNameTaken { name: text("name") }
        RoleInUse {  }
        BuiltIn { name: text("name") }
        ApplicationTaken { name: text("name") }
        TooMany { most: 0 }
        ScopeLocked { scope: text("scope"), deletes: true, locked: vec![text("locked")] }
        TooManyLocks { most: 0 }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `DeploymentRefusal`.
pub(super) fn deployment_refusals() -> Vec<Refusal> {
    let all = every! { DeploymentRefusal:
        Active { name: text("name"), started: Timestamp::default() }
        Over { name: text("name") }
        Quota { name: text("name"), most: 0 }
        Steps { name: text("name"), most: 0 }
        StepOutOfTurn { name: text("name"), step: 0 }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `FabricRefusal`.
pub(super) fn fabric_refusals() -> Vec<Refusal> {
    let anywhere = std::net::Ipv4Addr::new(10, 0, 0, 1);
    let all = every! { FabricRefusal:
        SubnetFull { subnet: text("subnet") }
        AddressOutsideSubnet { address: anywhere, subnet: text("subnet") }
        AddressTaken { address: anywhere }
        SubnetDelegated { subnet: text("subnet"), service: text("service") }
        SubnetOfService { resource: "resource", subnet: text("subnet"), service: text("service") }
        ChildTwice { parent: text("parent"), child: text("child") }
        SkuFixed { resource: text("resource"), sku: "sku", wanted: "wanted" }
        FrontendsMixed { balancer: text("balancer") }
        MemberOfOtherNetwork { interface: text("interface"), balancer: text("balancer") }
        NotTheGatewaySubnet { gateway: text("gateway"), subnet: text("subnet") }
        SecondGateway { network: text("network"), gateway: text("gateway") }
        PublicAddressInUse { address: text("address"), by: text("by") }
        StandardAddressIsStatic { address: text("address") }
        TooManyPublicAddresses { most: 1 }
        LinkServiceNeedsStandard { service: text("service"), balancer: text("balancer") }
        LinkServiceOfOtherNetwork { service: text("service"), balancer: text("balancer") }
        LinkServiceFixed { service: text("service") }
        ApprovedButNotVisible { service: text("service"), subscription: text("subscription") }
        LinkServiceNotVisible { service: text("service"), endpoint: text("endpoint") }
        SecondZoneGroup { endpoint: text("endpoint"), group: text("group") }
        AliasNeedsApproval { endpoint: text("endpoint") }
        PeeringOverlaps { network: text("network"), remote: text("remote") }
        AlreadyPeered { network: text("network"), remote: text("remote") }
        InterfaceInUse { interface: text("interface"), machine: text("machine") }
        MachineNotRunning { machine: text("machine") }
        TooManyRules { machine: text("machine") }
        NameNotResolved { host: text("host") }
        RulesCollide { rule: text("rule"), other: text("other") }
        LinkServicePoliciesEnabled { service: text("service"), subnet: text("subnet") }
        LinkServiceHasConnections { service: text("service"), endpoint: text("endpoint") }
        EndpointFixed { endpoint: text("endpoint") }
        MayNotApprove { endpoint: text("endpoint"), target: text("target") }
        GroupIdsDoNotFit { endpoint: text("endpoint"), target: text("target"), groups: text("groups") }
        ProbeNeedsStandard { probe: text("probe"), balancer: text("balancer") }
        ConnectionNotPending { name: text("name") }
        NoSuchConnection { name: text("name") }
        InvalidRecordSet { name: text("name"), why: "<why>" }
        NetworkLinkedAlready { network: text("network"), zone: text("zone"), link: text("link") }
        NetworkRegistersAlready { network: text("network"), zone: text("zone") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `FactoryRefusal`.
pub(super) fn factory_refusals() -> Vec<Refusal> {
    let all = every! { FactoryRefusal:
        NameInUse { name: text("name") }
        Changed { resource: text("resource") }
        EntityNotFound { kind: "<kind>", name: text("name") }
        InvalidReference { name: text("name") }
        Referenced { resource: text("resource"), by: text("by") }
        OnlyDefaultNetwork { name: text("name") }
        NoManagedNetwork { factory: text("factory"), network: text("network") }
        EndpointFixed { endpoint: text("endpoint") }
        TooManyEndpoints { factory: text("factory"), most: 1_000 }
        RuntimeFixed { runtime: text("runtime") }
        NoInteractiveAuthoring { runtime: text("runtime") }
        InteractiveOff { runtime: text("runtime") }
        NotSelfHosted { runtime: text("runtime") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `InstanceRefusal`.
pub(super) fn instance_refusals() -> Vec<Refusal> {
    let all = every! { InstanceRefusal:
        InvalidServerName {  }
        InvalidSubnetId { id: text("id") }
        SubnetOfOtherSubscription {  }
        UnknownSubnet { subnet: text("subnet") }
        SubnetTooSmall {  }
        SubnetFixed {  }
        InvalidSku { sku: text("sku") }
        InvalidLicenseType { license: text("license") }
        InvalidCollation { name: text("name") }
        CollationFixed {  }
        InvalidStorageSize { gigabytes: 5 }
        InvalidLoginName {  }
        PasswordTooShort {  }
        PasswordTooLong {  }
        PasswordNotComplex {  }
        InvalidEntraAdministrator {  }
        EntraAdministratorIsSqlAdministrator {  }
        NoEntraAdministrator {  }
        CannotStop { reason: "<reason>" }
        NotStopped {  }
        NotInStateToFailOver {  }
        NoReadableSecondary {  }
        FailoverThrottled {  }
        FullBackupMissing { database: text("database") }
        HasLink { link: text("link") }
        UnknownZonePartner { partner: text("partner") }
        ZoneFixed { partner: text("partner") }
        TooManyDatabases { most: 100 }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `LinkRefusal`.
pub(super) fn link_refusals() -> Vec<Refusal> {
    let all = every! { LinkRefusal:
        EmptyRequest {  }
        BadDatabases {  }
        NoInstanceGroup {  }
        NoPartnerGroup {  }
        SameGroupNames {  }
        NoPartnerEndpoint {  }
        BadPartnerEndpoint {  }
        InstanceBusy { name: text("name") }
        BadSeedingMode {  }
        BadEnum { parameter: "<parameter>", value: text("value") }
        BadName { name: text("name") }
        BadMembers {  }
        BadMultiDatabaseName { name: text("name") }
        OtherLinkExists { name: text("name") }
        InstanceGroupInUse { group: text("group") }
        DatabaseExists { database: text("database") }
        DatabaseNotFound { database: text("database") }
        DatabaseLinked { database: text("database") }
        InFailoverGroup { instance: text("instance") }
        EncryptedByService { database: text("database") }
        NameTooLong { name: text("name") }
        NameTaken { name: text("name") }
        TooManyLinks {  }
        NotFound { name: text("name") }
        Busy { name: text("name") }
        NotEmulated { what: "<what>" }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `FailoverRefusal`.
pub(super) fn failover_refusals() -> Vec<Refusal> {
    let all = every! { FailoverRefusal:
        NotALink { group: text("group") }
        NotPrimary { group: text("group") }
        PlannedNotInVersion { group: text("group") }
        InProgress { group: text("group") }
        NotSynchronizing { group: text("group") }
        SendQueueTooLarge { group: text("group") }
        RedoQueueTooLarge { group: text("group") }
        CannotCatchUp { group: text("group") }
        DatabaseInaccessible { group: text("group") }
        OneWay { group: text("group") }
        FormatsDiffer { build: text("build") }
        PlannedToPrimary { group: text("group") }
        AlreadyInRole { group: text("group") }
        NotReadable { group: text("group") }
        FollowsAnother { group: text("group"), primary: text("primary") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `EncryptionRefusal`.
pub(super) fn encryption_refusals() -> Vec<Refusal> {
    let all = every! { EncryptionRefusal:
        SystemDatabase {  }
        Edition {  }
        NotWritable {  }
        KeyExists {  }
        NoKey {  }
        KeyInUse {  }
        NoKeySet {  }
        AlreadyOn {  }
        AlreadyOff {  }
        ScanRunning {  }
        ScanInTheWay {  }
        CertificateUnusable { name: text("name") }
        CertificateUsed { name: text("name") }
        ProtectorMissing { thumbprint: [0; 20] }
        OfferedByLink { database: text("database") }
        ProtectorOfLink { database: text("database") }
        ServerKeyNotFound { name: text("name") }
        ServerKeyInUse { name: text("name") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `ServerRefusal`.
pub(super) fn server_refusals() -> Vec<Refusal> {
    let all = every! { ServerRefusal:
        Stopped { name: text("name") }
        Running { name: text("name") }
        Managed { name: text("name") }
        NotManaged { name: text("name") }
    };
    all.into_iter().map(Refusal::from).collect()
}

/// Every `LinkError`.
pub(super) fn link_errors() -> Vec<LinkError> {
    every! { LinkError:
        PartnerUnreachable { endpoint: text("endpoint") }
        EndpointNotStarted { endpoint: text("endpoint") }
        EndpointWithoutCertificate { endpoint: text("endpoint") }
        EndpointNotEncrypted { endpoint: text("endpoint") }
        CertificateNotOnInstance { certificate: text("certificate") }
        PartnerCertificateInvalid { certificate: text("certificate") }
        PartnerKeyClosed { certificate: text("certificate") }
        InstanceCertificateInvalid { fqdn: text("fqdn") }
        InstanceCertificateMismatch { fqdn: text("fqdn") }
        NoConnectPermission { login: text("login") }
        CertificateNotOnSqlServer { fqdn: text("fqdn") }
        IssuerNotTrusted { fqdn: text("fqdn") }
        GroupNotResponding { group: text("group"), endpoint: text("endpoint") }
        DatabaseNotResponding { database: text("database") }
        TargetDatabaseExists { database: text("database") }
        VersionNotSupported { build: text("build") }
        PolicyTooOld { build: text("build") }
        FailbackNeedsMatchingFormat { build: text("build") }
        SourceFormatNotCompatible { build: text("build") }
        RoleMismatch {  }
        InitTimeout { minutes: 5, cause: Box::new(LinkError::RoleMismatch) }
        CreateDatabaseNotGranted { group: text("group") }
        PartnerDropped {  }
        NetworkInterrupted {  }
        CreationCanceled { days: 6 }
        FailoverFailed {  }
        LogGone { database: text("database") }
        SeveralLogFiles { database: text("database") }
        SeedingFailed { database: text("database") }
        SeedingCancelled { database: text("database") }
        DiskFull { database: text("database") }
        ModeMismatch { server: "<server>" }
        DatabaseOmitted { database: text("database") }
        NoCapacity { database: text("database") }
        TdeProtectorNotOnInstance { database: text("database"), thumbprint: text("thumbprint") }
        TdeProtectorNotOnSqlServer { database: text("database"), thumbprint: text("thumbprint") }
    }
}
