//! Whether the caller may do what it asks for: actions of requests, roles at scopes, and ARM's words for no.
//!
//! The emulator's own principals own every subscription, and are not looked up.

use axum::http::{Method, StatusCode};
use uuid::Uuid;

use super::Arm;
use super::call::Call;
use super::error::ArmError;
use super::registry::ResourceType;
use super::resources::management_locks;
use super::token::Claims;

impl Arm {
    /// Whether this is somebody who owns everything.
    pub(super) fn owns(&self, caller: &Claims) -> bool {
        self.owners.contains(&caller.oid)
    }
}

impl Call<'_> {
    /// Whether the caller may do something there. For rights on other resources than the one that is asked for, see
    /// [`linked`](Self::linked).
    pub(super) fn may(&self, action: &str, scope: &str) -> bool {
        if self.arm.owns(self.caller) {
            return true;
        }
        let Ok(principal) = Uuid::parse_str(&self.caller.oid) else {
            return false;
        };
        let Some(scope) = self.relative(scope) else {
            return false;
        };
        self.read(|world| world.azure.authorization.allows(principal, action, scope))
    }

    /// What an id is within the subscription: `/` for the subscription itself; none for one of another.
    pub(super) fn relative<'a>(&self, id: &'a str) -> Option<&'a str> {
        relative(self.subscription, id)
    }

    /// Whether the caller has any role in the subscription.
    pub(super) fn has_any_role(&self) -> bool {
        has_any_role(self.arm, self.caller, self.subscription)
    }

    /// 403 unless the caller may do something there.
    pub(super) fn authorize(&self, action: &str, scope: &str) -> Result<(), ArmError> {
        if self.may(action, scope) {
            return Ok(());
        }
        let message = format!(
            "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            client(self.caller),
            self.caller.oid
        );
        Err(ArmError::gateway(
            StatusCode::FORBIDDEN,
            "AuthorizationFailed",
            message,
        ))
    }

    /// 403 unless the caller may do something to another resource that the request names: join a subnet, for one. 409 if that
    /// resource is locked so that it is only read: being joined is an action, too.
    pub(super) fn linked(&self, action: &str, scope: &str) -> Result<(), ArmError> {
        match self.may(action, scope) {
            true => management_locks::check_linked(self, scope),
            false => Err(self.linked_refusal(action, scope)),
        }
    }

    /// What is said about a right on another resource that the caller does not have.
    pub(super) fn linked_refusal(&self, action: &str, scope: &str) -> ArmError {
        let own = action_of(self).unwrap_or_default();
        let message = format!(
            "The client '{}' with object id '{}' has permission to perform action '{own}' on scope '{}'; however, it does not have permission to perform action(s) '{action}' on the linked scope(s) '{scope}' (respectively) or the linked scope(s) are invalid.",
            client(self.caller),
            self.caller.oid,
            self.raw_path
        );
        ArmError::gateway(StatusCode::FORBIDDEN, "LinkedAuthorizationFailed", message)
    }
}

/// What an id is within a subscription: `/` for the subscription itself; none for one of another.
pub(crate) fn relative(subscription: Uuid, id: &str) -> Option<&str> {
    let own = format!("/subscriptions/{subscription}");
    let start = id.get(..own.len())?;
    let rest = start.eq_ignore_ascii_case(&own).then(|| &id[own.len()..])?;
    match rest {
        "" => Some("/"),
        rest if rest.starts_with('/') => Some(rest),
        _ => None,
    }
}

/// Whether somebody has any role in a subscription: who has, sees that it is there.
pub(super) fn has_any_role(arm: &Arm, caller: &Claims, subscription: Uuid) -> bool {
    if arm.owns(caller) {
        return true;
    }
    let Ok(principal) = Uuid::parse_str(&caller.oid) else {
        return false;
    };
    let mut any = false;
    arm.worlds.read(subscription, &mut |world| {
        any = world.azure.authorization.of(principal).next().is_some();
    });
    any
}

/// 403 unless the caller may do what the request to a type asks for.
pub(super) fn check(
    call: &Call<'_>,
    kind: &ResourceType,
    action: Option<&str>,
) -> Result<(), ArmError> {
    if call.arm.owns(call.caller) {
        return Ok(());
    }
    let action = action_name(&call.method, &kind.full_name(), action);
    call.authorize(&action, &scope_of(call))
}

/// 403 unless the caller may do what a request without a provider asks for; `kind` such as
/// `Microsoft.Resources/subscriptions/resourceGroups`.
pub(super) fn check_scope(call: &Call<'_>, kind: &str) -> Result<(), ArmError> {
    if call.arm.owns(call.caller) {
        return Ok(());
    }
    let scope = match &call.path.group {
        Some(group) => format!(
            "/subscriptions/{}/resourceGroups/{group}",
            call.subscription
        ),
        None => format!("/subscriptions/{}", call.subscription),
    };
    call.authorize(&action_name(&call.method, kind, None), &scope)
}

/// Whether the caller may be told of something, in a list that shows everybody what they may see.
pub(super) fn sees(call: &Call<'_>, kind: &str, id: &str) -> bool {
    call.arm.owns(call.caller) || call.may(&format!("{kind}/read"), id)
}

/// 403 for whoever has no role in the subscription at all.
pub(super) fn check_any_role(call: &Call<'_>, kind: &str) -> Result<(), ArmError> {
    if call.has_any_role() {
        return Ok(());
    }
    check_scope(call, kind)
}

/// `Microsoft.Sql/managedInstances/write`.
fn action_name(method: &Method, kind: &str, action: Option<&str>) -> String {
    match (action, method.as_str()) {
        (Some(action), _) => format!("{kind}/{action}/action"),
        (None, "GET" | "HEAD") => format!("{kind}/read"),
        (None, "DELETE") => format!("{kind}/delete"),
        (None, _) => format!("{kind}/write"),
    }
}

fn action_of(call: &Call<'_>) -> Option<String> {
    let namespace = call.path.namespace.as_deref()?;
    let kind = format!("{namespace}/{}", call.path.type_name());
    Some(action_name(&call.method, &kind, None))
}

/// The resource that is asked for; of a list or an action, what comes before it in the path.
pub(super) fn scope_of(call: &Call<'_>) -> String {
    let path = call.raw_path.as_str();
    match &call.path.tail {
        Some(_) => path.rsplit_once('/').map_or(path, |(scope, _)| scope),
        None => path,
    }
    .to_owned()
}

/// What a caller is called: an application by its id, a person by name.
pub(super) fn client(caller: &Claims) -> &str {
    caller.upn.as_deref().unwrap_or(&caller.appid)
}
