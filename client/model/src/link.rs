//! Links (`distributedAvailabilityGroups`), in the shapes of the api-versions.

use serde::{Deserialize, Serialize};

/// A link since 2023-02-01-preview; `link_mode` since 2025-08-01-preview.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct LinkProperties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distributed_availability_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distributed_availability_group_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_link_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_availability_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_link_role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_availability_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeding_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub databases: Option<Vec<LinkDatabase>>,
}

/// A database of a link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct LinkDatabase {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_replica_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_replica_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica_state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeding_progress: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synchronization_health: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_received_lsn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_received_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sent_lsn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sent_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit_lsn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hardened_lsn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hardened_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup_lsn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_recent_link_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_auth_cert_validity: Option<PartnerAuthCertValidity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_send_replication_lag_seconds: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_redo_replication_lag_seconds: Option<i32>,
}

/// The uploaded certificate that authenticated the partner; nothing before the first handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct PartnerAuthCertValidity {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<String>,
}

/// A link before 2023-02-01-preview.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct LegacyLinkProperties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_database: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_availability_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary_availability_group_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distributed_availability_group_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_replica_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_replica_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hardened_lsn: Option<String>,
    /// Since 2022-05-01-preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_role: Option<String>,
}
