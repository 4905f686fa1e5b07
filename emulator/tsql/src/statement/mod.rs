//! Statements outside the relational engine: one file per statement or family of one object.

mod availability_group;
mod backup_database;
mod certificate;
mod checkident;
pub mod context;
mod database;
mod dbcc;
mod drop;
mod encryption_key;
mod endpoint;
mod file;
mod file_specification;
mod kill;
mod listener;
mod login;
mod master_key;
mod password;
mod permission;
mod private_key;
pub mod refusal;
pub(crate) mod replicated;
mod restore_database;
mod shutdown;
mod user;

use context::StatementContext;

use crate::ast::{Statement, StatementKind as S};
use crate::error::SqlError;

/// Runs a statement that the session hands on.
///
/// # Errors
///
/// The statement's error, or that it is not supported.
pub fn execute(statement: &Statement, context: &mut StatementContext<'_>) -> Result<(), SqlError> {
    match &statement.kind {
        S::CreateDatabase(statement) => database::create(statement, context),
        S::AlterDatabase(statement) => database::alter(statement, context),
        S::Backup(statement) => backup_database::backup(statement, context),
        S::Restore(statement) => restore_database::restore(statement, context),
        S::DatabaseEncryptionKey(statement) => encryption_key::run(statement, context),
        S::MasterKey(statement) => master_key::run(statement, context),
        S::CreateCertificate(statement) => certificate::create(statement, context),
        S::AlterCertificate(statement) => certificate::alter(statement, context),
        S::BackupCertificate(statement) => certificate::backup(statement, context),
        S::CreateLogin(statement) => login::create(statement, context),
        S::AlterLogin(statement) => login::alter(statement, context),
        S::CreateUser(statement) => user::create(statement, context),
        S::AlterRole(statement) => login::alter_role(statement, context),
        S::Permission(statement) => permission::run(statement, context),
        S::Endpoint(statement) => endpoint::run(statement, context),
        S::CreateAvailabilityGroup(statement) => availability_group::create(statement, context),
        S::AlterAvailabilityGroup(statement) => availability_group::alter(statement, context),
        S::Drop(statement) => drop::run(statement, context),
        S::Kill(statement) => kill::run(statement, context),
        S::Shutdown { no_wait } => shutdown::run(*no_wait, context),
        S::Dbcc(statement) => dbcc::run(statement, context),
        // The model has no dirty pages, and configuration is in use at once.
        S::Checkpoint(_) | S::Reconfigure(_) => Ok(()),
        other => Err(SqlError::unsupported(crate::compat::statement(other).name)),
    }
}
