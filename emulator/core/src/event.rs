//! What happened, in order: for people, the journal and assertions. Output only; no state is rebuilt from it.

use serde::Serialize;

use crate::time::Timestamp;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Counts from 1 in each world.
    pub sequence: u64,
    /// When, in the world's time.
    pub time: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EventKind {
    InstanceCreated {
        instance: String,
    },
    InstanceDeleted {
        instance: String,
    },
    /// The service of an instance ended; so did its sessions.
    InstanceStopped {
        instance: String,
    },
    InstanceStarted {
        instance: String,
    },
    DatabaseCreated {
        instance: String,
        database: String,
    },
    DatabaseDropped {
        instance: String,
        database: String,
    },
    CertificateCreated {
        instance: String,
        certificate: String,
    },
    CertificateTrusted {
        instance: String,
        certificate: String,
    },
    /// A certificate will expire soon; `place` is where it is: master, endpoint or serverTrustCertificates.
    CertificateExpiring {
        instance: String,
        certificate: String,
        place: &'static str,
        expires: String,
    },
    CertificateExpired {
        instance: String,
        certificate: String,
        place: &'static str,
    },
    /// The service has given a managed instance's mirroring endpoint another certificate.
    CertificateRotated {
        instance: String,
        expires: String,
    },
    EndpointChanged {
        instance: String,
        endpoint: String,
        state: &'static str,
    },
    GroupCreated {
        instance: String,
        group: String,
        distributed: bool,
    },
    GroupDropped {
        instance: String,
        group: String,
    },
    /// A server has joined a group that another one is the primary of.
    ReplicaJoined {
        instance: String,
        group: String,
    },
    ReplicaConnected {
        instance: String,
        group: String,
    },
    ReplicaDisconnected {
        instance: String,
        group: String,
        reason: String,
    },
    ReplicaSynchronized {
        instance: String,
        group: String,
        database: String,
    },
    BackupTaken {
        instance: String,
        database: String,
        kind: &'static str,
    },
    /// SET ENCRYPTION: a scan over the pages began.
    EncryptionSwitched {
        instance: String,
        database: String,
        on: bool,
    },
    DatabaseRestored {
        instance: String,
        database: String,
        recovered: bool,
    },
    LinkRequested {
        instance: String,
        link: String,
    },
    LinkConnected {
        instance: String,
        link: String,
    },
    LinkDisconnected {
        instance: String,
        link: String,
        reason: String,
    },
    SeedingStarted {
        instance: String,
        link: String,
        database: String,
        bytes: u64,
    },
    SeedingCompleted {
        instance: String,
        link: String,
        database: String,
    },
    SeedingFailed {
        instance: String,
        link: String,
        database: String,
        reason: String,
    },
    LinkSynchronized {
        instance: String,
        link: String,
        database: String,
    },
    LinkFailed {
        instance: String,
        link: String,
        reason: String,
    },
    LinkDropped {
        instance: String,
        link: String,
    },
    FailoverStarted {
        instance: String,
        link: String,
    },
    FailoverFailed {
        instance: String,
        link: String,
        reason: String,
    },
    /// Another side is primary; `lost` counts the committed transactions that it does not have.
    FailedOver {
        instance: String,
        link: String,
        primary: String,
        forced: bool,
        lost: usize,
    },
    RoleChanged {
        instance: String,
        group: String,
        role: &'static str,
    },
    /// The side that gave up goes back to the common point and undoes what it had committed since.
    Reverting {
        instance: String,
        link: String,
        database: String,
        discarded: usize,
    },
    ReplicationModeChanged {
        instance: String,
        link: String,
        mode: &'static str,
    },
    ResourceWritten {
        resource: String,
    },
    ResourceDeleted {
        resource: String,
    },
    OperationStarted {
        operation: String,
        word: &'static str,
    },
    OperationEnded {
        operation: String,
        word: &'static str,
        outcome: &'static str,
    },
    InstanceRestarted {
        instance: String,
    },
    /// A part of a distributed transaction is prepared and has not heard of the decision.
    TransactionInDoubt {
        instance: String,
        unit: String,
    },
    /// It has, or was ended without: committed, rolledBack, or lost with a change of its database's role.
    DoubtEnded {
        instance: String,
        unit: String,
        outcome: &'static str,
    },
    FaultInstalled {
        fault: u64,
        point: &'static str,
    },
    /// A fault was removed, or its time was over.
    FaultRemoved {
        fault: u64,
        point: &'static str,
    },
    FaultBit {
        fault: u64,
        point: &'static str,
        about: String,
    },
    /// A private endpoint's connection was asked for, approved, rejected or cut.
    ConnectionChanged {
        endpoint: String,
        connection: String,
        status: &'static str,
    },
    /// A data factory tried to connect.
    ConnectionTested {
        factory: String,
        runtime: String,
        server: String,
        succeeded: bool,
    },
    /// A request was answered with something worth knowing, such as unknown members that were ignored.
    Note {
        text: String,
    },
}
