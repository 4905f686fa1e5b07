//! The SQL catalogue of refusals: number, severity, state and text of each, as `sys.messages` words them.
//!
//! Matched without wildcards, so that a new reason to refuse does not compile before it has words here.

mod agent;
mod azure;
mod database;
mod encryption;
mod failover;
mod group;
mod link;
mod linked_server;
mod security;
mod server;
mod write;

use milink_core::refusal::Refusal;

use crate::error::SqlError;

pub use link::number as link_error_number;

pub(super) use database::in_group_drop;
pub(super) use security::missing;

/// A refusal in the words of SQL Server.
pub fn sql_error(refusal: &Refusal) -> SqlError {
    match refusal {
        Refusal::Database(refusal) => database::error(refusal),
        Refusal::Write(refusal) => write::error(refusal),
        Refusal::Security(refusal) => security::error(refusal),
        Refusal::Endpoint(refusal) => security::endpoint_error(refusal),
        Refusal::Group(refusal) => group::error(refusal),
        Refusal::Server(refusal) => server::error(refusal),
        Refusal::Agent(refusal) => agent::error(refusal),
        Refusal::LinkedServer(refusal) => linked_server::error(refusal),
        Refusal::Distributed(refusal) => linked_server::distributed_error(refusal),
        Refusal::Encryption(refusal) => encryption::error(refusal),
        Refusal::Failover(refusal) => failover::error(refusal),
        Refusal::Backup(refusal) => database::backup_error(refusal),
        Refusal::Azure(_) | Refusal::Link(_) => azure::error(refusal),
    }
}

/// Severity 16, state 1: what most refusals have.
fn refused(number: i32, text: impl Into<String>) -> SqlError {
    SqlError::new(number, 16, text)
}
