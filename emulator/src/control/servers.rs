//! The SQL Servers of a world: stopping, starting, and what takes effect at the next start.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use milink_core::command::{RestartServer, SetHadr, SetOutage, StartServer, StopServer};
use milink_core::ids::InstanceId;
use milink_core::instance::{Instance, ServiceState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};
use crate::hub::WorldCell;

/// `PUT /_milink/servers/{name}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    hadr: bool,
}

/// `GET /_milink/servers`: SQL Servers and managed instances.
pub(super) async fn list(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let rows: Vec<Value> =
        world.read(|world| world.instances.values().map(|found| shown(found)).collect());
    Ok(Json(json!({ "value": rows })))
}

/// `PUT /_milink/servers/{name}`: what the next start brings.
pub(super) async fn set(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
    Body(settings): Body<Settings>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let instance = named(&world, &name)?;
    let enabled = settings.hadr;
    world.submit(SetHadr { instance, enabled })?;
    show(&world, &name)
}

/// `POST /_milink/servers/{name}/{action}`: stop, start or restart; for a managed instance lose or recover.
pub(super) async fn act(
    State(shared): Handle,
    Asked(which): Which,
    Path((name, action)): Path<(String, String)>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let instance = named(&world, &name)?;
    match action.as_str() {
        "stop" => world.submit(StopServer { instance })?,
        "start" => world.submit(StartServer { instance })?,
        "restart" => world.submit(RestartServer { instance })?,
        "lose" | "recover" => {
            let lost = action == "lose";
            world.submit(SetOutage { instance, lost })?
        }
        other => {
            return Err(ControlError::not_found(format!(
                "a server can be told to stop, start or restart, and a managed instance to be lost or to recover (lose, recover), not to '{other}'"
            )));
        }
    }
    show(&world, &name)
}

fn named(world: &Arc<WorldCell>, name: &str) -> Result<InstanceId, ControlError> {
    let found = world.read(|world| {
        let found = world
            .sql_server(name)
            .or_else(|| world.managed_instance(name));
        found.map(|found| found.id)
    });
    found.ok_or_else(|| ControlError::not_found(format!("there is no server '{name}'")))
}

fn show(world: &Arc<WorldCell>, name: &str) -> Result<Json<Value>, ControlError> {
    let id = named(world, name)?;
    let shown = world.read(|world| world.instance(id).map(|found| shown(found)));
    Ok(Json(shown.unwrap_or_default()))
}

fn shown(instance: &Instance) -> Value {
    let state = match instance.service {
        ServiceState::Running => "running",
        ServiceState::Starting => "starting",
        ServiceState::Stopped => "stopped",
    };
    let kind = match instance.is_managed_instance() {
        true => "managedInstance",
        false => "sqlServer",
    };
    json!({
        "name": instance.name.to_string(),
        "kind": kind,
        "state": state,
        "started": instance.started.to_string(),
        "hadr": instance.is_hadr_enabled(),
        "hadrFromNextStart": instance.hadr_from_next_start.unwrap_or(instance.is_hadr_enabled()),
        "sessions": instance.sessions.len(),
    })
}
