//! Worlds: making, copying, keeping, going back, dropping.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};
use crate::durations;
use crate::emulator::{NewWorld, Origin, Shared, WorldPorts};
use crate::hub::HubError;
use crate::topology::Topology;

/// `POST /_milink/worlds`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    /// Begin as a copy of this world.
    from: Option<String>,
    /// Not as it is now, but as it was kept under this name.
    snapshot: Option<String>,
    subscription_id: Option<Uuid>,
    /// A topology file's text; without it, what the first world started with.
    topology: Option<String>,
    #[serde(default)]
    empty: bool,
    clock: Option<String>,
    durations: Option<String>,
    seed: Option<u64>,
    #[serde(default)]
    ports: WorldPorts,
}

/// `GET /_milink/worlds`.
pub(super) async fn list(State(shared): Handle) -> Json<Value> {
    let worlds: Vec<Value> = shared
        .hub
        .worlds()
        .iter()
        .map(|world| {
            json!({
                "name": world.name(),
                "subscriptionId": world.subscription(),
                "now": world.clock().now.to_string(),
                "clock": world.clock().mode.to_string(),
            })
        })
        .collect();
    Json(json!({"value": worlds}))
}

/// `GET /_milink/worlds/{name}`: as the ready file has it.
pub(super) async fn show(
    State(shared): Handle,
    Path(name): Path<String>,
) -> Result<Json<Value>, ControlError> {
    shared.hub.named(&name)?;
    Ok(written(&shared, &name))
}

/// `POST /_milink/worlds`.
pub(super) async fn create(
    State(shared): Handle,
    Body(asked): Body<Create>,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let name = asked.name.clone();
    let (subscription, ports) = (asked.subscription_id, asked.ports);
    let origin = origin(&shared, asked)?;
    shared
        .make_world(NewWorld {
            name: name.clone(),
            subscription,
            origin,
            ports,
        })
        .await
        .map_err(|error| match error.downcast::<HubError>() {
            Ok(hub) => ControlError::from(hub),
            Err(other) => ControlError::bad_request(format!("{other:#}")),
        })?;
    Ok((StatusCode::CREATED, written(&shared, &name)))
}

/// `DELETE /_milink/worlds/{name}`.
pub(super) async fn delete(
    State(shared): Handle,
    Path(name): Path<String>,
) -> Result<StatusCode, ControlError> {
    shared.drop_world(&name)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /_milink/snapshot`.
pub(super) async fn snapshots(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<Json<Value>, ControlError> {
    Ok(Json(json!({"value": which.find(&shared)?.kept()})))
}

/// `POST /_milink/snapshot/{snapshot}`.
pub(super) async fn keep(
    State(shared): Handle,
    Asked(which): Which,
    Path(snapshot): Path<String>,
) -> Result<StatusCode, ControlError> {
    which.find(&shared)?.keep(&snapshot)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /_milink/snapshot/{snapshot}/restore`.
pub(super) async fn restore(
    State(shared): Handle,
    Asked(which): Which,
    Path(snapshot): Path<String>,
) -> Result<StatusCode, ControlError> {
    which.find(&shared)?.restore(&snapshot)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /_milink/reset`.
pub(super) async fn reset(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<StatusCode, ControlError> {
    which.find(&shared)?.reset();
    Ok(StatusCode::NO_CONTENT)
}

fn origin(shared: &Shared, asked: Create) -> Result<Origin, ControlError> {
    if let Some(from) = asked.from {
        let others = asked.topology.is_some()
            || asked.empty
            || asked.clock.is_some()
            || asked.durations.is_some()
            || asked.seed.is_some();
        return match others {
            false => Ok(Origin::Fork {
                from,
                snapshot: asked.snapshot,
            }),
            true => Err(ControlError::bad_request(
                "a copy has the topology, clock, durations and seed of the world it is copied from",
            )),
        };
    }
    if asked.snapshot.is_some() {
        return Err(ControlError::bad_request(
            "a snapshot belongs to the world that is named in from",
        ));
    }
    let topology = match (asked.topology, asked.empty) {
        (None, false) => shared.config.topology.clone(),
        (None, true) => Topology::empty(),
        (Some(text), false) => Topology::parse(&text)
            .map_err(|error| ControlError::bad_request(format!("the topology: {error:#}")))?,
        (Some(_), true) => {
            return Err(ControlError::bad_request(
                "an empty world has no topology; say one or the other",
            ));
        }
    };
    let clock = match asked.clock {
        None => shared.config.clock,
        Some(text) => text.parse().map_err(ControlError::bad_request)?,
    };
    let durations = match asked.durations {
        None => match topology.transitions.clone() {
            Some(durations) => durations,
            None => shared.config.durations(),
        },
        Some(text) => durations::parse(&text).map_err(ControlError::bad_request)?,
    };
    Ok(Origin::Fresh {
        topology: Box::new(topology),
        clock,
        durations,
        seed: asked.seed.unwrap_or(shared.config.seed),
    })
}

fn written(shared: &Shared, name: &str) -> Json<Value> {
    Json(serde_json::to_value(shared.ready_of(name)).unwrap_or_default())
}
