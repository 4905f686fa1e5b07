//! Managed databases.

use serde::{Deserialize, Serialize};

/// A managed database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields have ARM's names")]
pub struct ManagedDatabaseProperties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest_restore_point: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_secondary_location: Option<String>,
}
