//! The model's network: who gets where, what a name is, and from where one can look.

use axum::Json;
use axum::extract::State;
use milink_core::World;
use milink_core::path::{
    Ask, Vantage, evaluate as evaluate_path, evaluate_interactively, resolve_from,
};
use milink_core::time::Span;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as WhichWorld};
use crate::network::{self, Mode, Target};
use crate::topology::NameCheckSpec;

/// `POST /_milink/net/evaluate`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Evaluate {
    from: String,
    host: String,
    #[serde(default = "sql_port")]
    port: u16,
    /// Whether the client checks the certificate's name.
    #[serde(default = "yes")]
    validates: bool,
    /// Whether it can follow a redirect.
    #[serde(default = "yes")]
    follows: bool,
    /// The name in the login, if it is another.
    login_name: Option<String>,
    /// Whether somebody designs: then a runtime of a data factory needs interactive authoring.
    #[serde(default)]
    interactive: bool,
    /// For how many seconds nothing is sent at most.
    #[serde(default)]
    silent_seconds: u32,
}

/// `POST /_milink/net/resolve`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    from: String,
    host: String,
}

/// `GET /_milink/net/dial`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Dial {
    from: String,
    host: String,
    #[serde(default = "sql_port")]
    port: u16,
    /// Whether logins must name the host: `listener` (the loopback is taken for it) or `strict`.
    #[serde(default)]
    name_check: NameCheckSpec,
    /// Every how many seconds the client sends a keepalive.
    keep_alive: Option<u32>,
    world: Option<String>,
}

/// The longest name that DNS has.
const LONGEST_HOST: usize = 253;

/// `GET /_milink/net/vantages`.
pub(super) async fn vantages(
    State(shared): Handle,
    Asked(which): WhichWorld,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let names: Vec<String> = world.read(|world| {
        let all = Vantage::all(world);
        all.iter().map(|vantage| vantage.text(world)).collect()
    });
    Ok(Json(json!({"vantages": names})))
}

/// `POST /_milink/net/evaluate`.
pub(super) async fn evaluate(
    State(shared): Handle,
    Asked(which): WhichWorld,
    Body(asked): Body<Evaluate>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?.snapshot();
    let from = vantage(&world, &asked.from)?;
    let ask = Ask {
        from: &from,
        host: &asked.host,
        port: asked.port,
        validates: asked.validates,
        follows: asked.follows,
        login_name: asked.login_name.as_deref(),
        silent: Span::seconds(i64::from(asked.silent_seconds)),
    };
    let verdict = match asked.interactive {
        true => evaluate_interactively(&world, &ask),
        false => evaluate_path(&world, &ask),
    };
    Ok(Json(json!(verdict)))
}

/// `POST /_milink/net/resolve`.
pub(super) async fn resolve(
    State(shared): Handle,
    Asked(which): WhichWorld,
    Body(asked): Body<Resolve>,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?.snapshot();
    let from = vantage(&world, &asked.from)?;
    Ok(Json(json!(resolve_from(&world, &from, &asked.host))))
}

/// `GET /_milink/net/dial`: the address of a port here that stands for a host and port of the model.
pub(super) async fn dial(
    State(shared): Handle,
    Asked(asked): Asked<Dial>,
) -> Result<Json<Value>, ControlError> {
    let which = super::Which {
        world: asked.world.clone(),
    };
    let cell = which.find(&shared)?;
    let world = cell.snapshot();
    let from = vantage(&world, &asked.from)?;
    if asked.host.is_empty() || asked.host.len() > LONGEST_HOST {
        let text = format!("'host' is 1 to {LONGEST_HOST} characters long");
        return Err(ControlError::bad_request(text));
    }
    let target = Target {
        host: asked.host.clone(),
        port: asked.port,
        name_check: asked.name_check.into(),
        keepalive_seconds: asked.keep_alive,
    };
    let network = shared.network(&cell);
    let port = network
        .dial(&asked.from, target, None)
        .map_err(|error| ControlError::conflict(format!("cannot open a port: {error}")))?;
    // What it has just been opened for may have changed while others used it.
    network.see_to();
    let verdict = evaluate_path(&cell.snapshot(), &Ask::new(&from, &asked.host, asked.port));
    let (host, number) = network.told(&port);
    let mode = match port.mode() {
        Mode::Open => "open",
        Mode::Hole => "hole",
        Mode::Closed => "closed",
    };
    Ok(Json(json!({
        "address": format!("{host}:{number}"),
        "host": host,
        "port": number,
        "mode": mode,
        "approximate": network::is_approximate(port.mode(), &verdict),
        "verdict": verdict,
    })))
}

/// `GET /_milink/net/trace`: the connections that were accepted last.
pub(super) async fn trace(
    State(shared): Handle,
    Asked(which): WhichWorld,
) -> Result<Json<Value>, ControlError> {
    let network = shared.network(&which.find(&shared)?);
    Ok(Json(json!({"connections": network.traced()})))
}

fn vantage(world: &World, text: &str) -> Result<Vantage, ControlError> {
    Vantage::parse(world, text).map_err(|error| ControlError::bad_request(error.to_string()))
}

pub(super) fn sql_port() -> u16 {
    1433
}

fn yes() -> bool {
    true
}
