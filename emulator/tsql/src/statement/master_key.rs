//! CREATE, OPEN, CLOSE, ALTER and DROP MASTER KEY.

use milink_core::command::{CreateMasterKey, DropMasterKey};

use super::context::StatementContext;
use crate::ast::MasterKeyStatement;
use crate::error::SqlError;

pub(super) fn run(
    statement: &MasterKeyStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let (instance, database) = (context.instance, context.database);
    match statement {
        MasterKeyStatement::Create {
            password: Some(password),
        } => {
            let password = password.value.as_str().into();
            context.apply(CreateMasterKey {
                instance,
                database,
                password,
            })
        }
        MasterKeyStatement::Create { password: None } => Err(SqlError::unsupported(
            "CREATE MASTER KEY without a password",
        )),
        MasterKeyStatement::Drop => context.apply(DropMasterKey { instance, database }),
        // The service master key opens it, so a session need not; the password is checked all the same.
        MasterKeyStatement::Open { password } => {
            let found = context.instance()?;
            let key = found
                .databases
                .get(&database)
                .and_then(|found| found.content.master_key.clone());
            match key {
                None => Err(SqlError::new(
                    15581,
                    16,
                    "Please create a master key in the database or open the master key in the session before performing this operation.",
                )),
                Some(key) if *key.password == *password.value => Ok(()),
                Some(_) => Err(SqlError::new(
                    15313,
                    16,
                    "The key is not encrypted using the specified decryptor.",
                )),
            }
        }
        MasterKeyStatement::Close => Ok(()),
        MasterKeyStatement::Regenerate { .. } => {
            Err(SqlError::unsupported("ALTER MASTER KEY REGENERATE"))
        }
        MasterKeyStatement::AlterEncryption { .. } => Err(SqlError::unsupported(
            "ALTER MASTER KEY ADD and DROP ENCRYPTION",
        )),
        MasterKeyStatement::Backup { .. } => Err(SqlError::unsupported("BACKUP MASTER KEY")),
        MasterKeyStatement::Restore { .. } => Err(SqlError::unsupported("RESTORE MASTER KEY")),
    }
}
