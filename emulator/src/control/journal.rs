//! What has happened in a world.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use milink_core::event::Event;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Asked;
use super::error::ControlError;
use super::{Handle, World as Which};

/// `?after=N&limit=N`.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    after: u64,
    #[serde(default = "limit")]
    limit: usize,
}

/// `GET /_milink/journal`: events after the one numbered `after`, oldest first.
pub(super) async fn read(
    State(shared): Handle,
    Asked(which): Which,
    Asked(page): Asked<Page>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let mut events = world.events_after(page.after);
    let more = events.len() > page.limit;
    events.truncate(page.limit);
    let last = events.last().map_or(page.after, |event| event.sequence);
    let events: Vec<Value> = events.iter().map(written).collect();
    Ok(Json(json!({"events": events, "last": last, "more": more})))
}

/// An event with its time as people read it.
pub(super) fn written(event: &Arc<Event>) -> Value {
    let mut value = serde_json::to_value(&**event).unwrap_or_default();
    value["time"] = Value::String(event.time.to_string());
    value
}

fn limit() -> usize {
    1_000
}
