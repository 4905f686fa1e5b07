//! CREATE, ALTER, OPEN, CLOSE, BACKUP, RESTORE and DROP MASTER KEY.

use milink_core::command::{
    AlterMasterKey, CloseMasterKey, CreateMasterKey, DropMasterKey, MasterKeyChange, OpenMasterKey,
};
use milink_core::key_file::{self, KeyFileProblem, KeyKind};
use milink_core::refusal::SecurityRefusal;

use super::context::StatementContext;
use super::{file, password};
use crate::ast::MasterKeyStatement;
use crate::error::SqlError;

pub(super) fn run(
    statement: &MasterKeyStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let (instance, database, session) = (context.instance, context.database, context.session);
    let change = match statement {
        MasterKeyStatement::Create { password: None } => {
            return Err(SqlError::unsupported(
                "CREATE MASTER KEY without a password",
            ));
        }
        MasterKeyStatement::Create {
            password: Some(password),
        } => {
            password::check(&password.value)?;
            return context.apply(CreateMasterKey {
                instance,
                database,
                password: password.value.as_str().into(),
            });
        }
        MasterKeyStatement::Drop => return context.apply(DropMasterKey { instance, database }),
        MasterKeyStatement::Open { password } => {
            return context.apply(OpenMasterKey {
                instance,
                database,
                session,
                password: password.value.as_str().into(),
            });
        }
        MasterKeyStatement::Close => {
            return context.apply(CloseMasterKey {
                instance,
                database,
                session,
            });
        }
        MasterKeyStatement::Regenerate { force, password } => {
            password::check(&password.value)?;
            MasterKeyChange::Regenerate {
                force: *force,
                password: password.value.as_str().into(),
            }
        }
        MasterKeyStatement::AlterEncryption {
            add,
            password: None,
        } => MasterKeyChange::ServerEncryption(*add),
        MasterKeyStatement::AlterEncryption {
            add,
            password: Some(password),
        } => {
            let value = password.value.as_str().into();
            if *add {
                password::check(&password.value)?;
                MasterKeyChange::AddPassword(value)
            } else {
                MasterKeyChange::DropPassword(value)
            }
        }
        MasterKeyStatement::Backup { file, password } => {
            password::check(&password.value)?;
            return backup(&file.value, &password.value, context);
        }
        MasterKeyStatement::Restore {
            file,
            decryption,
            encryption,
            force,
        } => {
            return restore(
                &file.value,
                &decryption.value,
                &encryption.value,
                *force,
                context,
            );
        }
    };
    context.apply(AlterMasterKey {
        instance,
        database,
        session,
        change,
    })
}

/// What a session without the master key hears when it needs it.
pub(super) fn check_open(context: &mut StatementContext<'_>) -> Result<(), SqlError> {
    let (database, session) = (context.database, context.session);
    if context.instance()?.opens_master_key(database, session) {
        return Ok(());
    }
    Err(super::refusal::sql_error(
        &SecurityRefusal::NoMasterKey.into(),
    ))
}

fn backup(path: &str, password: &str, context: &mut StatementContext<'_>) -> Result<(), SqlError> {
    check_open(context)?;
    let instance = context.instance()?;
    let database = instance.databases.get(&context.database);
    let key = database.and_then(|database| database.content.master_key.as_ref());
    let identity = key.map_or([0; 16], |key| key.guid.into_bytes());
    let content = key_file::seal(KeyKind::MasterKey, &identity, password);
    file::write_new(context, path, content)
}

/// The keys that the old one protected are protected by the restored one from then on.
fn restore(
    path: &str,
    decryption: &str,
    encryption: &str,
    force: bool,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let invalid = || {
        SqlError::new(
            15317,
            16,
            "The master key file does not exist or has invalid format.",
        )
    };
    let bytes = file::read(context, path)?.ok_or_else(invalid)?;
    key_file::open(KeyKind::MasterKey, &bytes, decryption).map_err(|problem| match problem {
        KeyFileProblem::Invalid => invalid(),
        KeyFileProblem::WrongPassword => {
            super::refusal::sql_error(&SecurityRefusal::WrongMasterKeyPassword.into())
        }
    })?;
    password::check(encryption)?;
    let (instance, database, session) = (context.instance, context.database, context.session);
    let found = context.instance()?;
    let is_there = found
        .databases
        .get(&database)
        .is_some_and(|database| database.content.master_key.is_some());
    let password = encryption.into();
    if !is_there {
        return context.apply(CreateMasterKey {
            instance,
            database,
            password,
        });
    }
    context.apply(AlterMasterKey {
        instance,
        database,
        session,
        change: MasterKeyChange::Regenerate { force, password },
    })
}
