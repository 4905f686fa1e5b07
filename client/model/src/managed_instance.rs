//! Managed instances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Hardware and tier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct Sku {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<i64>,
}

/// A managed identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct ManagedInstanceIdentity {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user_assigned_identities: BTreeMap<String, UserAssignedIdentity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// A user-assigned identity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct UserAssignedIdentity {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// A managed instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct ManagedInstanceProperties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning_state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fully_qualified_domain_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrator_login: Option<String>,
    /// Written only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrator_login_password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hybrid_secondary_usage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hybrid_secondary_usage_detected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v_cores: Option<i64>,
    #[serde(
        rename = "storageSizeInGB",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub storage_size_in_gb: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_data_endpoint_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_override: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance_configuration_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_endpoint_connections: Option<Vec<PrivateEndpointConnection>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimal_tls_version: Option<String>,
    /// Before 2021-05-01-preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_account_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_backup_storage_redundancy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_backup_storage_redundancy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_redundant: Option<bool>,
    /// `isGeneralPurposeV2`: Next-gen General Purpose.
    #[serde(
        rename = "isGeneralPurposeV2",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub is_general_purpose_v2: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrators: Option<Administrator>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_cluster_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing_model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_format: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication_metadata: Option<String>,
}

/// A private endpoint connection, as the instance lists it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct PrivateEndpointConnection {
    pub id: String,
    #[serde(default)]
    pub properties: PrivateEndpointConnectionProperties,
}

/// What a private endpoint connection is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct PrivateEndpointConnectionProperties {
    pub private_endpoint: ResourceId,
    pub private_link_service_connection_state: ConnectionState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning_state: Option<String>,
}

/// Another resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct ResourceId {
    pub id: String,
}

/// `privateLinkServiceConnectionState`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct ConnectionState {
    pub status: String,
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions_required: Option<String>,
}

/// The Entra administrator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct Administrator {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administrator_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    #[serde(
        rename = "azureADOnlyAuthentication",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub azure_ad_only_authentication: Option<bool>,
}
