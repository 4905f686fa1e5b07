//! The clock of a world.

use axum::Json;
use axum::extract::State;
use milink_core::time::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};
use crate::durations;
use crate::hub::ClockState;

/// `PUT /_milink/clock`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetClock {
    mode: String,
}

/// `POST /_milink/clock/advance`: exactly one of its members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Advance {
    seconds: Option<f64>,
    /// Such as `90s`, `5min` or `1h 30min`.
    by: Option<String>,
    to: Option<jiff::Timestamp>,
    until_quiet: Option<bool>,
}

/// How far `untilQuiet` goes at most.
const QUIET: Span = Span::minutes(60 * 24 * 30);

/// `GET /_milink/clock`.
pub(super) async fn show(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<Json<Value>, ControlError> {
    Ok(state(which.find(&shared)?.clock()))
}

/// `PUT /_milink/clock`.
pub(super) async fn set(
    State(shared): Handle,
    Asked(which): Which,
    Body(asked): Body<SetClock>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let mode = asked.mode.parse().map_err(ControlError::bad_request)?;
    world.set_clock_mode(mode);
    Ok(state(world.clock()))
}

/// `POST /_milink/clock/advance`.
pub(super) async fn advance(
    State(shared): Handle,
    Asked(which): Which,
    Body(asked): Body<Advance>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    match asked {
        Advance {
            seconds: Some(seconds),
            by: None,
            to: None,
            until_quiet: None,
        } if (0.0..=1e10).contains(&seconds) => world.advance(Span((seconds * 1e7) as i64)),
        Advance {
            seconds: None,
            by: Some(by),
            to: None,
            until_quiet: None,
        } => {
            let span = durations::parse_span(&by).map_err(ControlError::bad_request)?;
            world.advance(span);
        }
        Advance {
            seconds: None,
            by: None,
            to: Some(to),
            until_quiet: None,
        } => world.advance_to(Timestamp::from_jiff(to)),
        Advance {
            seconds: None,
            by: None,
            to: None,
            until_quiet: Some(true),
        } => world.advance_until_quiet(QUIET),
        _ => {
            return Err(ControlError::bad_request(
                "say exactly one of seconds (0 and up), by (such as \"5min\"), to (RFC 3339) and untilQuiet (true)",
            ));
        }
    }
    Ok(state(world.clock()))
}

fn state(clock: ClockState) -> Json<Value> {
    Json(json!({
        "mode": clock.mode.to_string(),
        "now": clock.now.to_string(),
        "nextDue": clock.next_due.map(|due| due.to_string()),
    }))
}
