//! The model's network for people and their resolvers: drawings, and names as a vantage hears them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use milink_core::World;
use milink_core::path::{Ask, Scenery, Vantage, evaluate};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Handle;
use super::body::{Asked, Raw};
use super::error::ControlError;
use crate::drawing::{Format, draw};
use crate::emulator::Shared;
use crate::hub::{DEFAULT_WORLD, WorldCell};
use crate::ways::{Ways, names};

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

/// Which addresses names are told with.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Addresses {
    /// Those of the model.
    Model,
    /// Those of this machine's loopback that lead there.
    Loopback,
}

/// A vantage of a world, and which addresses names are told with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Names {
    world: Option<String>,
    from: String,
    addresses: Option<Addresses>,
    /// Of clients at addresses of the loopback: how often they send keepalives, in seconds.
    keep_alive: Option<u32>,
}

/// `GET /_milink/net/doors`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Doors {
    world: Option<String>,
    from: String,
    after: Option<u64>,
}

/// How long somebody is left waiting for another answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether time has changed something.
const PROBES: Duration = Duration::from_millis(250);

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

/// `GET /_milink/net/hosts`: every name of the world as a vantage's resolver answers it, with addresses that lead there from this
/// machine, if there are such.
pub(super) async fn hosts(
    State(shared): Handle,
    Asked(asked): Asked<Names>,
) -> Result<Json<Value>, ControlError> {
    let cell = cell(&shared, asked.world.as_deref())?;
    let world = cell.snapshot();
    let from = vantage(&world, &asked.from)?;
    let ways = shared.ways(&cell);
    let block = match which(&ways, asked.addresses)? {
        Addresses::Loopback => Some(
            ways.block(&from, asked.keep_alive)
                .await
                .map_err(cannot_open)?,
        ),
        Addresses::Model => None,
    };
    let mut hosts = Vec::new();
    for (name, model) in names::heard(&world, &from) {
        let told = match &block {
            Some(block) => block.address_of(model),
            None => Some(model),
        };
        if let Some(address) = told {
            hosts.push(json!({"name": name, "address": address, "model": model}));
        }
    }
    let addresses = if block.is_some() { "loopback" } else { "model" };
    Ok(Json(
        json!({"from": from.text(&world), "addresses": addresses, "hosts": hosts}),
    ))
}

/// `GET /_milink/net/dns`: where a vantage's names can be asked for, by UDP and TCP.
pub(super) async fn dns(
    State(shared): Handle,
    Asked(asked): Asked<Names>,
) -> Result<Json<Value>, ControlError> {
    let cell = cell(&shared, asked.world.as_deref())?;
    let world = cell.snapshot();
    let from = vantage(&world, &asked.from)?;
    let ways = shared.ways(&cell);
    let (addresses, address) = match which(&ways, asked.addresses)? {
        Addresses::Loopback => {
            let block = ways
                .block(&from, asked.keep_alive)
                .await
                .map_err(cannot_open)?;
            ("loopback", block.names())
        }
        Addresses::Model => ("model", ways.model_names(&from).await.map_err(cannot_open)?),
    };
    Ok(Json(
        json!({"from": from.text(&world), "addresses": addresses, "address": address}),
    ))
}

/// `GET /_milink/net/doors`: every address at which something answers a vantage, with the ports that are open and those that are silent.
/// With the mark of an earlier answer it waits until there is another, for a while.
pub(super) async fn doors(
    State(shared): Handle,
    Asked(asked): Asked<Doors>,
) -> Result<Json<Value>, ControlError> {
    let cell = cell(&shared, asked.world.as_deref())?;
    let until = Instant::now() + PATIENCE;
    loop {
        let (version, world) = (cell.version(), cell.snapshot());
        let from = vantage(&world, &asked.from)?;
        let doors = crate::ways::doors(&world, &from);
        let mark = crate::ways::mark(&doors);
        let left = until.saturating_duration_since(Instant::now());
        if asked.after != Some(mark) || left.is_zero() {
            return Ok(Json(json!({"mark": mark, "doors": doors})));
        }
        // Time alone changes what probes have found.
        let look = match Scenery::of(&world).depends_on_time() {
            true => left.min(PROBES),
            false => left,
        };
        let _ = tokio::time::timeout(look, cell.wait_change(version, None)).await;
    }
}

/// `POST /_milink/net/dns-query`: one DNS message for another, as RFC 8484 has it.
pub(super) async fn dns_query(
    State(shared): Handle,
    Asked(asked): Asked<From>,
    Raw(message): Raw,
) -> Result<impl IntoResponse, ControlError> {
    let world = snapshot(&shared, asked.world.as_deref())?;
    let from = vantage(&world, &asked.from)?;
    let answer = names::answer(&world, Some(&from), &Some, &message, names::Transport::Tcp);
    let answer = answer.ok_or_else(|| ControlError::bad_request("the body is no DNS query"))?;
    Ok(([(header::CONTENT_TYPE, "application/dns-message")], answer))
}

/// Which addresses are meant; those of the loopback where there are any.
fn which(ways: &Ways, wanted: Option<Addresses>) -> Result<Addresses, ControlError> {
    match wanted {
        Some(Addresses::Loopback) if !ways.has_loopback() => Err(ControlError::conflict(
            "this machine has no addresses of the loopback besides 127.0.0.1; use mapped ports or the proxy",
        )),
        Some(wanted) => Ok(wanted),
        None if ways.has_loopback() => Ok(Addresses::Loopback),
        None => Ok(Addresses::Model),
    }
}

fn cannot_open(error: std::io::Error) -> ControlError {
    ControlError::conflict(format!("cannot open a socket: {error}"))
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
