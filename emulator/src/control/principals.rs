//! Service principals of a world besides the emulator's own: whom roles are assigned to.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use milink_core::azure::authorization::{
    AddPrincipal, AssignRole, BUILT_IN, Principal, RemovePrincipal, Scope,
};
use milink_core::azure::deployment::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};
use crate::hub::WorldCell;

/// `PUT /_milink/principals/{name}`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Settings {
    /// The application's id; a new one if it is not said.
    client_id: Option<Uuid>,
    /// What it logs in with; one is made up if it is not said.
    secret: Option<String>,
    /// A role to begin with, by its name.
    role: Option<String>,
    /// Where it has the role; the subscription if it is not said.
    scope: Option<String>,
}

/// `GET /_milink/principals`.
pub(super) async fn list(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let rows: Vec<Value> = world.read(|world| {
        let all = world.azure.authorization.principals.values();
        all.map(|one| shown(one, None)).collect()
    });
    Ok(Json(json!({ "value": rows })))
}

/// `PUT /_milink/principals/{name}`: the answer is the one time that the secret is told.
pub(super) async fn add(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
    Body(settings): Body<Settings>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    if name.trim().is_empty() || name.chars().count() > 120 {
        return Err(ControlError::bad_request(
            "a principal's name has 1 to 120 characters",
        ));
    }
    let role = settings.role.as_deref().map(|role| named(&world, role));
    let role = role.transpose()?;
    if role.is_none() && settings.scope.is_some() {
        return Err(ControlError::bad_request(
            "a scope is where a role is: say the role",
        ));
    }
    let own = format!("/subscriptions/{}", world.subscription());
    let scope = settings.scope.as_deref().unwrap_or(&own);
    let scope = crate::arm::within_subscription(world.subscription(), scope);
    let scope = scope.map(Scope::new).ok_or_else(|| {
        ControlError::bad_request(format!(
            "the scope is not in the world's subscription: begin with {own}"
        ))
    })?;
    let secret = match settings.secret {
        Some(secret) if !secret.is_empty() => Some(Secret(secret.into())),
        Some(_) => return Err(ControlError::bad_request("the secret is empty")),
        None => None,
    };
    let principal = world.submit(AddPrincipal {
        application: settings.client_id,
        name,
        secret,
    })?;
    if let Some(role) = role {
        assign(&world, &principal, role, scope)?;
    }
    Ok(Json(shown(&principal, Some(&principal.secret.0))))
}

/// `DELETE /_milink/principals/{name}`.
pub(super) async fn remove(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    match world.submit(RemovePrincipal { name: name.clone() })? {
        true => Ok(Json(json!({ "name": name }))),
        false => Err(ControlError::not_found(format!(
            "there is no principal '{name}'"
        ))),
    }
}

fn assign(
    world: &Arc<WorldCell>,
    principal: &Principal,
    role: Uuid,
    scope: Scope,
) -> Result<(), ControlError> {
    let has = world.read(|world| {
        let mut all = world.azure.authorization.of(principal.object_id);
        all.any(|one| one.role == role && one.scope == scope)
    });
    if has {
        return Ok(());
    }
    world.submit(AssignRole {
        name: None,
        scope,
        principal: principal.object_id,
        principal_type: "ServicePrincipal".to_owned(),
        role,
        description: None,
        by: String::new(),
    })?;
    Ok(())
}

/// The id of the role of that name.
fn named(world: &Arc<WorldCell>, name: &str) -> Result<Uuid, ControlError> {
    let found = world.read(|world| world.azure.authorization.role_named(name));
    found.ok_or_else(|| {
        let names: Vec<&str> = BUILT_IN.iter().map(|role| role.name).collect();
        ControlError::bad_request(format!(
            "there is no role '{name}'; there are {}",
            names.join(", ")
        ))
    })
}

fn shown(principal: &Principal, secret: Option<&str>) -> Value {
    let mut shown = json!({
        "name": principal.name,
        "clientId": principal.application,
        "objectId": principal.object_id,
    });
    if let Some(secret) = secret {
        shown["secret"] = json!(secret);
    }
    shown
}
