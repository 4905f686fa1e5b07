//! Sessions of SQL clients, as `sys.dm_exec_sessions` shows them.

use std::net::IpAddr;

use crate::ids::{DatabaseId, PrincipalId, SessionId};
use crate::names::Name;
use crate::time::Timestamp;

/// A logged-in session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id; user sessions start at 51.
    pub id: SessionId,
    /// Who is logged in.
    pub login: PrincipalId,
    /// The name it logged in with.
    pub login_name: Name,
    /// The current database.
    pub database: DatabaseId,
    /// The client machine's name.
    pub host_name: String,
    /// The client program's name.
    pub program_name: String,
    /// The client library.
    pub client_interface: String,
    /// Where it connected from.
    pub client_address: Option<(IpAddr, u16)>,
    /// Where it connected to.
    pub local_port: u16,
    /// Whether the traffic is encrypted.
    pub encrypted: bool,
    /// When it logged in.
    pub login_time: Timestamp,
    /// When it last asked for something.
    pub last_request: Timestamp,
    /// Whether a request is running.
    pub running: bool,
    /// Its connection was cut: nothing is done in it any more, and it goes as soon as its client has noticed.
    pub cut: bool,
}
