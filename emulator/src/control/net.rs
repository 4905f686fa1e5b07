//! The model's network: who gets where, what a name is, and from where one can look.

use axum::Json;
use axum::extract::State;
use milink_core::World;
use milink_core::path::{Ask, Vantage, evaluate as evaluate_path, resolve_from};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as WhichWorld};

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
}

/// `POST /_milink/net/resolve`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    from: String,
    host: String,
}

/// `GET /_milink/net/vantages`.
pub(super) async fn vantages(
    State(shared): Handle,
    Asked(which): WhichWorld,
) -> Result<Json<Value>, ControlError> {
    let world = which.find(&shared)?;
    let names: Vec<String> = world.read(|world| {
        let all = Vantage::all(world);
        all.iter().map(ToString::to_string).collect()
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
    };
    let verdict = evaluate_path(&world, &ask);
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

fn vantage(world: &World, text: &str) -> Result<Vantage, ControlError> {
    Vantage::parse(world, text).map_err(|error| ControlError::bad_request(error.to_string()))
}

pub(super) fn sql_port() -> u16 {
    1433
}

fn yes() -> bool {
    true
}
