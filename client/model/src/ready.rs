//! The file that `milink up --ready-file` writes once everything answers.

use serde::{Deserialize, Serialize};

/// Where everything is, and how to get in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields say it")]
pub struct ReadyFile {
    pub arm_url: String,
    pub entra_url: String,
    pub control_url: String,
    pub ca_file: String,
    pub tenant_id: String,
    pub client_id: String,
    pub client_secret: String,
    pub subscription_id: String,
    pub resource_group: String,
    pub location: String,
    pub world: String,
    /// The proxy into the model's network; empty if there is none.
    #[serde(default)]
    pub socks_url: String,
    pub sql_servers: Vec<ReadySqlServer>,
    pub managed_instances: Vec<ReadyManagedInstance>,
}

/// A SQL Server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields say it")]
pub struct ReadySqlServer {
    pub name: String,
    pub address: String,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub version: String,
}

/// A managed instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields say it")]
pub struct ReadyManagedInstance {
    pub name: String,
    pub fqdn: String,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub resource_id: String,
}
