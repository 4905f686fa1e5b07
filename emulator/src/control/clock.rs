//! The clock of a world.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use milink_core::time::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};
use crate::durations;
use crate::emulator::Shared;
use crate::hub::{ClockState, WorldCell};

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
        } if (0.0..=1e10).contains(&seconds) => pass(
            &shared,
            &world,
            world.clock().now + Span((seconds * 1e7) as i64),
        ),
        Advance {
            seconds: None,
            by: Some(by),
            to: None,
            until_quiet: None,
        } => {
            let span = durations::parse_span(&by).map_err(ControlError::bad_request)?;
            pass(&shared, &world, world.clock().now + span);
        }
        Advance {
            seconds: None,
            by: None,
            to: Some(to),
            until_quiet: None,
        } => pass(&shared, &world, Timestamp::from_jiff(to)),
        Advance {
            seconds: None,
            by: None,
            to: None,
            until_quiet: Some(true),
        } => {
            let end = world.clock().now + QUIET;
            world.advance_until_quiet(QUIET);
            // What a deployment does next is not due before somebody lets it go on.
            while shared.arm.deployments_go_on(world.subscription())
                && world
                    .read(|world| world.next_due())
                    .is_some_and(|due| due <= end)
            {
                world.advance_until_quiet(end.since(world.clock().now));
            }
        }
        _ => {
            return Err(ControlError::bad_request(
                "say exactly one of seconds (0 and up), by (such as \"5min\"), to (RFC 3339) and untilQuiet (true)",
            ));
        }
    }
    Ok(state(world.clock()))
}

/// Lets the time pass; what is being deployed goes on at the moments when it can.
fn pass(shared: &Shared, world: &Arc<WorldCell>, to: Timestamp) {
    while shared.arm.deployments_go_on(world.subscription()) {
        match world.read(|world| world.next_due()) {
            Some(due) if due <= to => world.advance_to(due),
            _ => break,
        }
    }
    world.advance_to(to);
    shared.arm.deployments_go_on(world.subscription());
}

fn state(clock: ClockState) -> Json<Value> {
    Json(json!({
        "mode": clock.mode.to_string(),
        "now": clock.now.to_string(),
        "nextDue": clock.next_due.map(|due| due.to_string()),
    }))
}
