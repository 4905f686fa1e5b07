//! What clients have asked of a world, and what the world is to its users: what `milink explore` works with.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use milink_core::World;
use milink_core::time::Span;
use milink_core::visible;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Handle;
use super::body::{Asked, Body};
use super::error::ControlError;
use crate::calls::{Shown, Strike, shape};
use crate::hub::WorldCell;

/// `PUT /_milink/worlds/{name}/calls`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    record: bool,
    strike: Option<Strike>,
}

/// `GET /_milink/worlds/{name}/state`.
#[derive(Debug, Deserialize)]
pub(super) struct Settle {
    #[serde(default)]
    settle: bool,
}

/// How long sessions whose clients have gone may take to end.
const SESSIONS_END: Duration = Duration::from_secs(5);
/// How far a world goes until it is quiet.
const QUIET: Span = Span::minutes(60 * 24);

/// `GET /_milink/worlds/{name}/calls`.
pub(super) async fn read(
    State(shared): Handle,
    Path(name): Path<String>,
) -> Result<Json<Shown>, ControlError> {
    Ok(Json(shared.hub.named(&name)?.calls().show()))
}

/// `PUT /_milink/worlds/{name}/calls`.
pub(super) async fn record(
    State(shared): Handle,
    Path(name): Path<String>,
    Body(asked): Body<Record>,
) -> Result<Json<Shown>, ControlError> {
    if asked.strike.is_some() && !asked.record {
        return Err(ControlError::bad_request(
            "a strike finds its call only while calls are recorded",
        ));
    }
    let cell = shared.hub.named(&name)?;
    cell.calls().record(asked.record, asked.strike);
    Ok(Json(cell.calls().show()))
}

/// `GET /_milink/worlds/{name}/state`.
pub(super) async fn state(
    State(shared): Handle,
    Path(name): Path<String>,
    Asked(asked): Asked<Settle>,
) -> Result<Json<Value>, ControlError> {
    let cell = shared.hub.named(&name)?;
    if asked.settle {
        let ended = async {
            loop {
                let seen = cell.version();
                if cell.read(has_no_sessions) {
                    break;
                }
                cell.wait_change(seen, None).await;
            }
        };
        // Whoever stays logged in is part of the state.
        let _ = tokio::time::timeout(SESSIONS_END, ended).await;
        cell.advance_until_quiet(QUIET);
    }
    let sessions = cell.read(sessions);
    let lines: Vec<String> = of(&cell);
    Ok(Json(json!({"sessions": sessions, "lines": lines})))
}

fn of(cell: &std::sync::Arc<WorldCell>) -> Vec<String> {
    let world = cell.snapshot();
    let lines = visible::lines(&world);
    lines.iter().map(|line| shape(line)).collect()
}

fn sessions(world: &World) -> usize {
    let instances = world.instances.values();
    instances.map(|instance| instance.sessions.len()).sum()
}

fn has_no_sessions(world: &World) -> bool {
    sessions(world) == 0
}
