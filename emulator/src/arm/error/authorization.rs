//! What ARM says about roles, assignments and locks that it refuses. Codes as Azure has them; those of built-in roles, of
//! applications and of too many are guesses.

use axum::http::StatusCode;
use milink_core::refusal::AuthorizationRefusal;

use super::ArmError;

/// A refusal's words.
pub(super) fn of(refusal: &AuthorizationRefusal) -> ArmError {
    let bad = |code, text: String| ArmError::service(StatusCode::BAD_REQUEST, code, text);
    let conflict = |code, text: String| ArmError::service(StatusCode::CONFLICT, code, text);
    match refusal {
        AuthorizationRefusal::NoSuchRole { id } => bad(
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{id}' does not exist."),
        ),
        AuthorizationRefusal::NotAssignableThere { name, scope } => bad(
            "InvalidRoleDefinitionScope",
            format!("The role definition '{name}' cannot be assigned at scope '{scope}': it is not among its assignable scopes."),
        ),
        AuthorizationRefusal::AssignmentExists => conflict(
            "RoleAssignmentExists",
            "The role assignment already exists.".to_owned(),
        ),
        AuthorizationRefusal::AssignmentFixed => bad(
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated."
                .to_owned(),
        ),
        AuthorizationRefusal::RoleNameTaken { name } => conflict(
            "RoleDefinitionWithSameNameExists",
            format!("A role with the name '{name}' already exists in this directory. Use a different name."),
        ),
        AuthorizationRefusal::RoleInUse => conflict(
            "RoleDefinitionHasAssignments",
            "There are existing role assignments referencing role (code: RoleDefinitionHasAssignments)."
                .to_owned(),
        ),
        AuthorizationRefusal::BuiltIn { name } => bad(
            "RoleDefinitionBuiltIn",
            format!("The built-in role '{name}' cannot be changed or deleted."),
        ),
        AuthorizationRefusal::ApplicationTaken { name } => conflict(
            "ApplicationTaken",
            format!("The application that was asked for principal '{name}' belongs to another."),
        ),
        AuthorizationRefusal::TooMany { most } => conflict(
            "RoleAssignmentLimitExceeded",
            format!("The role assignment limit for the subscription is exceeded: there are '{most}'."),
        ),
        // How several scopes are set apart is a guess.
        AuthorizationRefusal::ScopeLocked {
            scope,
            deletes,
            locked,
        } => {
            let what = if *deletes { "delete" } else { "write" };
            conflict(
                "ScopeLocked",
                format!("The scope '{scope}' cannot perform {what} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.", locked.join(",")),
            )
        }
        AuthorizationRefusal::TooManyLocks { most } => conflict(
            "LockLimitExceeded",
            format!("The number of locks at the scope has reached its limit of '{most}'."),
        ),
    }
}
