//! `[[dial]]`: ports into the model's network that keep their numbers.

use serde::{Deserialize, Serialize};

/// A port that stands for a host and port of the model, seen from a vantage; the latter may be made later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DialSpec {
    /// `vm:NAME`, `subnet:NETWORK/SUBNET`, `onprem:SITE`, `internet` and so on.
    pub from: String,
    /// The host, as in a connection string.
    pub host: String,
    /// The port there.
    #[serde(default = "sql_port")]
    pub port: u16,
    /// The port here; 0 is a free one.
    #[serde(default)]
    pub listen: u16,
    /// Whether logins must name the host.
    #[serde(default)]
    pub name_check: NameCheckSpec,
    /// Every how many seconds its clients send a keepalive of TCP, if they do.
    #[serde(default)]
    pub keep_alive_seconds: Option<u32>,
}

/// Whether logins at a port must name the host that the port stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NameCheckSpec {
    /// The loopback is taken for it.
    #[default]
    Listener,
    /// They must.
    Strict,
}

fn sql_port() -> u16 {
    1433
}
