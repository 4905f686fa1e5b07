//! DROP of databases, principals, certificates, endpoints and availability groups.

use milink_core::command::{
    DropAvailabilityGroup, DropCertificate, DropDatabase, DropEndpoint, DropLogin, DropUser,
};
use milink_core::names::Name;

use super::context::StatementContext;
use super::refusal::missing;
use crate::ast::{DropKind, DropStatement};
use crate::error::SqlError;

pub(super) fn run(
    statement: &DropStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    for name in &statement.names {
        match drop(statement.kind, &name.object.value, context) {
            Err(error) if statement.if_exists && is_missing(&error) => {}
            result => result?,
        }
    }
    Ok(())
}

fn drop(kind: DropKind, text: &str, context: &mut StatementContext<'_>) -> Result<(), SqlError> {
    let (instance, database, name) = (context.instance, context.database, Name::new(text));
    let word = match kind {
        DropKind::Database => return drop_database(text, context),
        DropKind::AvailabilityGroup => {
            super::availability_group::check_place(context, "DROP AVAILABILITY GROUP")?;
            let dropped = context.apply(DropAvailabilityGroup { instance, name });
            return dropped.map_err(|error| worded(error, "availability group", text));
        }
        DropKind::Login => {
            return context
                .apply(DropLogin { instance, name })
                .map_err(|error| worded(error, "login", text));
        }
        DropKind::User => {
            let dropped = context.apply(DropUser {
                instance,
                database,
                name,
            });
            return dropped.map_err(|error| worded(error, "user", text));
        }
        DropKind::Certificate => {
            let dropped = context.apply(DropCertificate {
                instance,
                database,
                name,
            });
            return dropped.map_err(|error| worded(error, "certificate", text));
        }
        DropKind::Endpoint => {
            let dropped = context.apply(DropEndpoint { instance, name });
            return dropped.map_err(|error| worded(error, "endpoint", text));
        }
        DropKind::Table => "DROP TABLE",
        DropKind::View => "DROP VIEW",
        DropKind::Procedure => "DROP PROCEDURE",
        DropKind::Function => "DROP FUNCTION",
        DropKind::Trigger => "DROP TRIGGER",
        DropKind::Schema => "DROP SCHEMA",
        DropKind::Type => "DROP TYPE",
        DropKind::Sequence => "DROP SEQUENCE",
        DropKind::Synonym => "DROP SYNONYM",
        DropKind::Statistics => "DROP STATISTICS",
        DropKind::Role | DropKind::ServerRole => "DROP ROLE",
        DropKind::Credential | DropKind::DatabaseScopedCredential => "DROP CREDENTIAL",
    };
    Err(SqlError::unsupported(word))
}

fn drop_database(name: &str, context: &mut StatementContext<'_>) -> Result<(), SqlError> {
    super::database::refuse_in_transaction(context, "DROP DATABASE")?;
    let request = DropDatabase {
        instance: context.instance,
        name: Name::new(name),
        session: Some(context.session),
    };
    context.apply(request).map_err(|error| match error.number {
        911 => SqlError::new(3701, 11, format!("Cannot drop the database '{name}', because it does not exist or you do not have permission.")),
        1468 => super::refusal::in_group_drop(name),
        _ => error,
    })
}

/// 15151 with DROP's verb.
fn worded(error: SqlError, kind: &str, name: &str) -> SqlError {
    if error.number == 15151 {
        missing("drop", kind, name)
    } else {
        error
    }
}

fn is_missing(error: &SqlError) -> bool {
    matches!(error.number, 15151 | 3701)
}
