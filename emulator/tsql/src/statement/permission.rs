//! GRANT, DENY and REVOKE of permissions on endpoints and on the server.

use milink_core::command::SetServerPermission;
use milink_core::ids::PrincipalId;
use milink_core::names::Name;
use milink_core::principal::{PermissionState, Securable};

use super::context::StatementContext;
use crate::ast::{PermissionAction, PermissionStatement};
use crate::error::SqlError;

/// Server permissions that tools grant; others are refused.
const SERVER_PERMISSIONS: [&str; 9] = [
    "CONNECT SQL",
    "CONTROL SERVER",
    "VIEW SERVER STATE",
    "VIEW SERVER PERFORMANCE STATE",
    "VIEW ANY DEFINITION",
    "VIEW ANY DATABASE",
    "ALTER ANY AVAILABILITY GROUP",
    "ALTER ANY ENDPOINT",
    "CREATE ANY DATABASE",
];
/// Permissions on an endpoint.
const ENDPOINT_PERMISSIONS: [&str; 5] = [
    "CONNECT",
    "CONTROL",
    "ALTER",
    "TAKE OWNERSHIP",
    "VIEW DEFINITION",
];

pub(super) fn run(
    statement: &PermissionStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let (securable, allowed): (_, &[&str]) = match &statement.securable {
        None => (Securable::Server, &SERVER_PERMISSIONS),
        Some(securable) if securable.class == "SERVER" => (Securable::Server, &SERVER_PERMISSIONS),
        Some(securable) if securable.class == "ENDPOINT" => {
            let name = &securable.name.object.value;
            let endpoint = context
                .instance()?
                .endpoint
                .as_ref()
                .filter(|endpoint| endpoint.name.is(name))
                .map(|e| e.id);
            let endpoint =
                endpoint.ok_or_else(|| super::refusal::missing("find", "endpoint", name))?;
            (Securable::Endpoint(endpoint), &ENDPOINT_PERMISSIONS)
        }
        Some(securable) => {
            return Err(SqlError::unsupported(format!(
                "permissions on {}",
                securable.class
            )));
        }
    };
    if let Some(other) = statement
        .permissions
        .iter()
        .find(|p| !allowed.contains(&p.name.as_str()))
    {
        return Err(SqlError::unsupported(format!(
            "the permission {}",
            other.name
        )));
    }
    let state = match (statement.action, statement.grant_option) {
        (PermissionAction::Grant, true) => Some(PermissionState::GrantWithGrant),
        (PermissionAction::Grant, false) => Some(PermissionState::Grant),
        (PermissionAction::Deny, _) => Some(PermissionState::Deny),
        (PermissionAction::Revoke, _) => None,
    };
    // All names are looked up before anything is granted.
    let instance = context.instance()?;
    for principal in &statement.principals {
        if instance.login(&principal.value).is_none() {
            return Err(super::refusal::missing("find", "login", &principal.value));
        }
    }
    for principal in &statement.principals {
        for permission in &statement.permissions {
            context.apply(SetServerPermission {
                instance: context.instance,
                securable,
                permission: permission.name.clone(),
                grantee: Name::new(&principal.value),
                grantor: PrincipalId(1),
                state,
            })?;
        }
    }
    Ok(())
}
