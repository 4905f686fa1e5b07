//! Faults on request, and the points where they can bite.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use milink_core::fault::{Fault, FaultError, FaultId, FaultPoint, Installed, Kind, Point, points};
use serde_json::{Value, json};

use super::body::{Asked, Body};
use super::error::ControlError;
use super::{Handle, World as Which};

/// `GET /_milink/faults`: what is installed, in the order that it is asked.
pub(super) async fn list(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<Json<Value>, ControlError> {
    let rules = which.find(&shared)?.read(|world| {
        let rules = world.faults().iter();
        rules.map(|rule| written(rule)).collect::<Vec<Value>>()
    });
    Ok(Json(json!({"value": rules})))
}

/// `POST /_milink/faults`.
pub(super) async fn install(
    State(shared): Handle,
    Asked(which): Which,
    Body(fault): Body<Fault>,
) -> Result<(StatusCode, Json<Value>), ControlError> {
    let cell = which.find(&shared)?;
    let id = cell.install_fault(fault)?;
    let rule = cell.read(|world| world.faults().get(id).map(|rule| written(rule)));
    // A fault that ends in the moment it is installed is gone already.
    let rule = rule.unwrap_or_else(|| json!({"id": id}));
    Ok((StatusCode::CREATED, Json(rule)))
}

/// `DELETE /_milink/faults`: all of them.
pub(super) async fn clear(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<StatusCode, ControlError> {
    which.find(&shared)?.clear_faults();
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /_milink/faults/{id}`.
pub(super) async fn show(
    State(shared): Handle,
    Asked(which): Which,
    Path(id): Path<String>,
) -> Result<Json<Value>, ControlError> {
    let id = read_id(&id)?;
    let (rule, there) = which.find(&shared)?.read(|world| {
        let there = world.faults().iter().map(|rule| rule.id.to_string());
        let rule = world.faults().get(id).map(|rule| written(rule));
        (rule, there.collect())
    });
    match rule {
        Some(rule) => Ok(Json(rule)),
        None => Err(FaultError::NotFound { id, there }.into()),
    }
}

/// `DELETE /_milink/faults/{id}`.
pub(super) async fn remove(
    State(shared): Handle,
    Asked(which): Which,
    Path(id): Path<String>,
) -> Result<StatusCode, ControlError> {
    let id = read_id(&id)?;
    which.find(&shared)?.remove_fault(id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /_milink/faults/points`: the registry.
pub(super) async fn registry() -> Json<Value> {
    let points: Vec<Value> = points().map(described).collect();
    Json(json!({"value": points}))
}

/// `GET /_milink/faults/points/{point}`.
pub(super) async fn point(Path(name): Path<String>) -> Result<Json<Value>, ControlError> {
    let point = FaultPoint::named(&name)?;
    Ok(Json(described(point.get())))
}

/// A point, as the registry shows it.
pub(crate) fn described(point: &'static Point) -> Value {
    let when: &[&str] = match point.kind {
        Kind::Condition => &["for", "until"],
        Kind::Occasion => &["nth", "times", "for", "until", "probability"],
    };
    let symptoms: Vec<Value> = point
        .symptoms
        .iter()
        .map(|(at, what)| json!({"at": at, "what": what}))
        .collect();
    json!({
        "name": point.name,
        "family": point.family(),
        "kind": point.kind,
        "summary": point.summary,
        "match": point.fields,
        "when": when,
        "verdicts": point.verdicts,
        "verdict": point.verdict,
        "symptoms": symptoms,
        "recovery": point.recovery,
    })
}

fn written(rule: &Installed) -> Value {
    let mut value = serde_json::to_value(&rule.fault).unwrap_or_default();
    value["id"] = json!(rule.id);
    value["verdict"] = json!(rule.fault.effect());
    value["since"] = json!(rule.since.to_string());
    if let Some(until) = rule.until {
        value["until"] = json!(until.to_string());
    }
    value["matched"] = json!(rule.matched);
    value["bitten"] = json!(rule.bitten);
    value["spent"] = json!(rule.is_spent());
    value
}

fn read_id(text: &str) -> Result<FaultId, ControlError> {
    text.parse().map(FaultId).map_err(|_| {
        ControlError::bad_request(format!("'{text}' is no fault's id; they are numbers"))
    })
}
