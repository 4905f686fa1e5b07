//! The numbers and words by which the catalog shows the model's choices.

use milink_core::availability_group::{
    AvailabilityMode, BackupPreference, ClusterType, FailoverMode, Role, SecondaryConnections,
    SeedingMode,
};
use milink_core::database::SuspendReason;

/// A number and its description.
pub(super) type Code = (u8, &'static str);

pub(super) const fn role(role: Role) -> Code {
    match role {
        Role::Resolving => (0, "RESOLVING"),
        Role::Primary => (1, "PRIMARY"),
        Role::Secondary => (2, "SECONDARY"),
    }
}

pub(super) const fn availability_mode(mode: AvailabilityMode) -> Code {
    match mode {
        AvailabilityMode::AsynchronousCommit => (0, "ASYNCHRONOUS_COMMIT"),
        AvailabilityMode::SynchronousCommit => (1, "SYNCHRONOUS_COMMIT"),
        AvailabilityMode::ConfigurationOnly => (4, "CONFIGURATION_ONLY"),
    }
}

pub(super) const fn failover_mode(mode: FailoverMode) -> Code {
    match mode {
        FailoverMode::Automatic => (0, "AUTOMATIC"),
        FailoverMode::Manual => (1, "MANUAL"),
        FailoverMode::External => (2, "EXTERNAL"),
    }
}

pub(super) const fn seeding_mode(mode: SeedingMode) -> Code {
    match mode {
        SeedingMode::Automatic => (0, "AUTOMATIC"),
        SeedingMode::Manual => (1, "MANUAL"),
    }
}

pub(super) const fn cluster_type(cluster: ClusterType) -> Code {
    match cluster {
        ClusterType::Wsfc => (0, "WSFC"),
        ClusterType::External => (1, "EXTERNAL"),
        ClusterType::None => (2, "NONE"),
    }
}

pub(super) const fn backup_preference(preference: BackupPreference) -> Code {
    match preference {
        BackupPreference::Primary => (0, "PRIMARY"),
        BackupPreference::SecondaryOnly => (1, "SECONDARY_ONLY"),
        BackupPreference::Secondary => (2, "SECONDARY"),
        BackupPreference::None => (3, "NONE"),
    }
}

pub(super) const fn secondary_connections(connections: SecondaryConnections) -> Code {
    match connections {
        SecondaryConnections::No => (0, "NO"),
        SecondaryConnections::ReadOnly => (1, "READ_ONLY"),
        SecondaryConnections::All => (2, "ALL"),
    }
}

/// `primary_role_allow_connections`.
pub(super) const fn primary_connections(read_write_only: bool) -> Code {
    if read_write_only {
        (3, "READ_WRITE")
    } else {
        (2, "ALL")
    }
}

pub(super) const fn suspend_reason(reason: SuspendReason) -> Code {
    match reason {
        SuspendReason::User => (0, "SUSPEND_FROM_USER"),
        SuspendReason::Partner => (1, "SUSPEND_FROM_PARTNER"),
        SuspendReason::Redo => (2, "SUSPEND_FROM_REDO"),
        SuspendReason::Capture => (3, "SUSPEND_FROM_CAPTURE"),
        SuspendReason::Apply => (4, "SUSPEND_FROM_APPLY"),
        SuspendReason::Restart => (5, "SUSPEND_FROM_RESTART"),
        SuspendReason::Undo => (6, "SUSPEND_FROM_UNDO"),
        SuspendReason::Revalidation => (7, "SUSPEND_FROM_REVALIDATION"),
        SuspendReason::XrfUpdate => (8, "SUSPEND_FROM_XRF_UPDATE"),
    }
}
