//! How long things take in a world, what is on its way, and stepping by hand.

use axum::Json;
use axum::extract::{Path, State};
use milink_core::World;
use milink_core::durations::{Length, Profile, Transition};
use milink_core::transitions::{SetDurations, StepTransition};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};
use crate::durations;

/// `PUT /_milink/transitions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SetTransitions {
    profile: Option<Profile>,
    /// By transition: a length as `--durations` takes it; null goes back to the profile's.
    #[serde(default)]
    durations: Map<String, Value>,
    seeding_bytes_per_second: Option<u64>,
}

/// `GET /_milink/transitions`.
pub(super) async fn show(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<Json<Value>, ControlError> {
    Ok(which.find(&shared)?.read(all))
}

/// `PUT /_milink/transitions`.
pub(super) async fn set(
    State(shared): Handle,
    Asked(which): Which,
    Body(asked): Body<SetTransitions>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let mut changes: Vec<(Transition, Option<Length>)> = Vec::new();
    for (name, value) in &asked.durations {
        let transition = durations::transition(name).map_err(ControlError::bad_request)?;
        let length = match value {
            Value::Null => None,
            Value::String(text) => {
                Some(durations::length(transition, text).map_err(ControlError::bad_request)?)
            }
            _ => {
                return Err(ControlError::bad_request(format!(
                    "'{name}' wants text such as \"5min\" or \"stepped\", or null"
                )));
            }
        };
        changes.push((transition, length));
    }
    Ok(world.change(|world, now| {
        let mut durations = world.durations.clone();
        if let Some(profile) = asked.profile {
            durations.profile = profile;
        }
        if asked.seeding_bytes_per_second.is_some() {
            durations.seeding_bytes_per_second = asked.seeding_bytes_per_second;
        }
        for (transition, length) in changes {
            match length {
                Some(length) => durations.overrides.insert(transition, length),
                None => durations.overrides.remove(&transition),
            };
        }
        world
            .apply(now, SetDurations { durations })
            .expect("setting durations is never refused");
        all(world)
    }))
}

/// `POST /_milink/transitions/{name}/step`.
pub(super) async fn step(
    State(shared): Handle,
    Asked(which): Which,
    Path(name): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let transition = durations::transition(&name).map_err(ControlError::not_found)?;
    let stepped = world
        .submit(StepTransition { transition })
        .expect("stepping is never refused");
    if stepped == 0 {
        let message = format!("nothing is on its way through '{name}'");
        return Err(ControlError::conflict(message));
    }
    Ok(Json(json!({"transition": name, "stepped": stepped})))
}

fn all(world: &World) -> Json<Value> {
    let set = &world.durations;
    let lengths: Map<String, Value> = Transition::ALL
        .iter()
        .map(|transition| {
            let length = set.length(*transition);
            let seconds = (!length.is_held()).then(|| set.span(*transition).0 as f64 / 1e7);
            let shown = json!({
                "length": length.to_string(),
                "seconds": seconds,
                "overridden": set.overrides.contains_key(transition),
            });
            (durations::name(*transition), shown)
        })
        .collect();
    let underway: Vec<Value> = world
        .underway()
        .iter()
        .map(|underway| {
            json!({
                "transition": durations::name(underway.transition),
                "of": underway.of,
                "due": underway.due.map(|due| due.to_string()),
                "polls": underway.polls,
            })
        })
        .collect();
    Json(json!({
        "profile": set.profile,
        "seedingBytesPerSecond": set.seeding_rate(),
        "durations": lengths,
        "underway": underway,
    }))
}
