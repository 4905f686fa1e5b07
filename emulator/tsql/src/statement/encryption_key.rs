//! CREATE, ALTER and DROP DATABASE ENCRYPTION KEY.

use milink_core::encryption::{
    AlterEncryptionKey, CreateEncryptionKey, DropEncryptionKey, KeyAlgorithm, KeyChange,
};
use milink_core::names::Name;

use super::context::StatementContext;
use super::database::refuse_in_transaction;
use crate::ast::DatabaseEncryptionKeyStatement;
use crate::error::SqlError;
use crate::session::event::Event;

pub(super) fn run(
    statement: &DatabaseEncryptionKeyStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    use DatabaseEncryptionKeyStatement as S;
    let verb = match statement {
        S::Create { .. } => "CREATE",
        S::Regenerate { .. } | S::Protect { .. } => "ALTER",
        S::Drop => "DROP",
    };
    refuse_in_transaction(context, &format!("{verb} DATABASE ENCRYPTION KEY"))?;
    let (instance, database) = (context.instance, context.database);
    let (never_backed_up, certificate) = match statement {
        S::Create {
            algorithm,
            certificate,
        } => {
            let request = CreateEncryptionKey {
                instance,
                database,
                algorithm: named(algorithm)?,
                certificate: Name::new(&certificate.value),
            };
            (context.apply(request), Some(certificate))
        }
        S::Regenerate { algorithm } => {
            let change = KeyChange::Regenerate(named(algorithm)?);
            let request = AlterEncryptionKey {
                instance,
                database,
                change,
            };
            (context.apply(request), None)
        }
        S::Protect { certificate } => {
            let change = KeyChange::Protect(Name::new(&certificate.value));
            let request = AlterEncryptionKey {
                instance,
                database,
                change,
            };
            (context.apply(request), Some(certificate))
        }
        S::Drop => return context.apply(DropEncryptionKey { instance, database }),
    };
    let never_backed_up = never_backed_up.map_err(|error| match (error.number, certificate) {
        (15151, Some(name)) => super::refusal::missing("find", "certificate", &name.value),
        _ => error,
    })?;
    if never_backed_up {
        context.events.push(Event::Info(warning()));
    }
    Ok(())
}

fn named(algorithm: &str) -> Result<KeyAlgorithm, SqlError> {
    KeyAlgorithm::named(algorithm)
        .ok_or_else(|| SqlError::unsupported(format!("the algorithm {algorithm}")))
}

/// 33091.
fn warning() -> SqlError {
    SqlError::new(
        33091,
        10,
        "Warning: The certificate used for encrypting the database encryption key has not been backed up. You should immediately back up the certificate and the private key associated with the certificate. If the certificate ever becomes unavailable or if you must restore or attach the database on another server, you must have backups of both the certificate and the private key or you will not be able to open the database.",
    )
}
