//! The functions of availability groups.

use milink_core::availability_group::{BackupPreference, Role};
use milink_core::database::Database;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::argument::text;
use super::{MetadataFunction, function};
use crate::catalog::{Cell, Scope};
use crate::error::SqlError;

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function(
        "fn_hadr_backup_is_preferred_replica",
        (1, 1),
        SqlType::Bit,
        backup_is_preferred_replica,
    ),
    function(
        "fn_hadr_is_primary_replica",
        (1, 1),
        SqlType::Bit,
        |scope, args| {
            // A database outside of groups is no replica: NULL.
            let found = named(scope, args)?;
            Ok(role(scope, found).map(|role| role == Role::Primary).cell())
        },
    ),
];

/// The database of the first argument; an unknown one is an error of the function.
fn named<'a>(scope: &Scope<'a>, args: &[Value]) -> Result<Option<&'a Database>, SqlError> {
    let Some(name) = text(args, 0) else {
        return Ok(None);
    };
    Ok(scope.instance.database(&name).map(|database| &**database))
}

/// The role that counts for writing: a secondary of a link is one although its own group calls itself primary.
fn role(scope: &Scope<'_>, database: Option<&Database>) -> Option<Role> {
    scope.instance.role_of(database?)
}

/// A database outside of groups is always backed up here (documentation of the function).
fn backup_is_preferred_replica(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let Some(database) = named(scope, args)? else {
        return Ok(Value::Null);
    };
    let Some(role) = role(scope, Some(database)) else {
        return Ok(true.cell());
    };
    let group = database
        .group
        .and_then(|group| scope.instance.groups.get(&group.0));
    let group = group.and_then(|group| group.as_local());
    let preferred = group.is_none_or(|group| match group.backup_preference {
        BackupPreference::Primary => role == Role::Primary,
        BackupPreference::SecondaryOnly => role == Role::Secondary,
        BackupPreference::Secondary => role == Role::Secondary || group.replicas.len() < 2,
        BackupPreference::None => true,
    });
    Ok(preferred.cell())
}
