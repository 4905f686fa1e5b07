//! The model's network for people and their resolvers: drawings, and names as a vantage hears them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use milink_core::World;
use milink_core::path::{Ask, Vantage, evaluate};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Handle;
use super::body::Asked;
use super::error::ControlError;
use crate::drawing::{Format, draw};
use crate::emulator::Shared;
use crate::hub::{DEFAULT_WORLD, WorldCell};
use crate::ways::names;

/// `GET /_milink/net/drawing`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drawing {
    world: Option<String>,
    format: Option<String>,
    from: Option<String>,
    host: Option<String>,
    port: Option<u16>,
}

/// A vantage of a world.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    world: Option<String>,
    from: String,
}

/// `GET /_milink/net/drawing`: the network, and the way of a connection in it.
pub(super) async fn drawing(
    State(shared): Handle,
    Asked(asked): Asked<Drawing>,
) -> Result<impl IntoResponse, ControlError> {
    let world = snapshot(&shared, asked.world.as_deref())?;
    let format = match asked.format.as_deref() {
        None => Format::default(),
        Some(text) => Format::parse(text).ok_or_else(|| {
            ControlError::bad_request(format!("'{text}' is no format: mermaid, dot or svg"))
        })?,
    };
    let text = match (&asked.from, &asked.host) {
        (None, None) if asked.port.is_none() => draw(&world, None, format),
        (Some(from), Some(host)) => {
            let from = vantage(&world, from)?;
            let port = asked.port.unwrap_or(super::net::sql_port());
            let verdict = evaluate(&world, &Ask::new(&from, host, port));
            draw(&world, Some((&from, &verdict)), format)
        }
        _ => {
            return Err(ControlError::bad_request(
                "a way has both ends: from and host",
            ));
        }
    };
    Ok(([(header::CONTENT_TYPE, format.media_type())], text))
}

/// `GET /_milink/net/hosts`: every name of the world as a vantage's resolver answers it.
pub(super) async fn hosts(
    State(shared): Handle,
    Asked(asked): Asked<From>,
) -> Result<Json<Value>, ControlError> {
    let world = snapshot(&shared, asked.world.as_deref())?;
    let from = vantage(&world, &asked.from)?;
    let hosts: Vec<Value> = names::heard(&world, &from)
        .into_iter()
        .map(|(name, address)| json!({"name": name, "address": address}))
        .collect();
    Ok(Json(json!({"from": from.to_string(), "hosts": hosts})))
}

/// `GET /_milink/net/dns`: where a vantage's names can be asked for, by UDP and TCP.
pub(super) async fn dns(
    State(shared): Handle,
    Asked(asked): Asked<From>,
) -> Result<Json<Value>, ControlError> {
    let cell = cell(&shared, asked.world.as_deref())?;
    let from = vantage(&cell.snapshot(), &asked.from)?;
    let opened = shared.ways(&cell).model_names(&from).await;
    let address = opened
        .map_err(|error| ControlError::conflict(format!("cannot open a name server: {error}")))?;
    Ok(Json(json!({"from": from.to_string(), "address": address})))
}

/// `POST /_milink/net/dns-query`: one DNS message for another, as RFC 8484 has it.
pub(super) async fn dns_query(
    State(shared): Handle,
    Asked(asked): Asked<From>,
    message: Bytes,
) -> Result<impl IntoResponse, ControlError> {
    let world = snapshot(&shared, asked.world.as_deref())?;
    let from = vantage(&world, &asked.from)?;
    let answer = names::answer(&world, Some(&from), &Some, &message, names::Transport::Tcp);
    let answer = answer.ok_or_else(|| ControlError::bad_request("the body is no DNS query"))?;
    Ok(([(header::CONTENT_TYPE, "application/dns-message")], answer))
}

fn cell(shared: &Shared, world: Option<&str>) -> Result<Arc<WorldCell>, ControlError> {
    Ok(shared.hub.named(world.unwrap_or(DEFAULT_WORLD))?)
}

fn snapshot(shared: &Shared, world: Option<&str>) -> Result<World, ControlError> {
    Ok(cell(shared, world)?.snapshot())
}

fn vantage(world: &World, text: &str) -> Result<Vantage, ControlError> {
    Vantage::parse(world, text).map_err(|error| ControlError::bad_request(error.to_string()))
}
