//! Whether it lives, where everything is, and what it counts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use milink_core::World;
use milink_model::ReadyFile;
use serde_json::{Value, json};

use super::body::Asked;
use super::error::ControlError;
use super::{Handle, World as Which};
use crate::hub::WorldCell;

/// `GET /_milink/health`, `/health`, `/_localstack/health`.
///
/// A broken law of a world is a defect of milink: what runs against it is not to be trusted, so that it is unhealthy.
pub(super) async fn health(State(shared): Handle) -> (StatusCode, Json<Value>) {
    let broken = shared.hub.watch().broken();
    let mut answer = json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "services": {"arm": "running", "entra": "running", "sql": "running"},
    });
    if broken.is_empty() {
        return (StatusCode::OK, Json(answer));
    }
    answer["status"] = json!("degraded");
    answer["brokenLaws"] = json!(broken);
    (StatusCode::SERVICE_UNAVAILABLE, Json(answer))
}

/// `GET /_milink/ready`: what the ready file says, for any world.
pub(super) async fn ready(
    State(shared): Handle,
    Asked(which): Which,
) -> Result<Json<ReadyFile>, ControlError> {
    let world = which.find(&shared)?;
    Ok(Json(shared.ready_of(world.name())))
}

/// `GET /_milink/info`.
pub(super) async fn info(State(shared): Handle) -> Json<Value> {
    Json(json!({
        "name": "milink",
        "version": env!("CARGO_PKG_VERSION"),
        "uptimeSeconds": shared.started.elapsed().as_secs_f64(),
        "worlds": shared.hub.worlds().len(),
        "seed": shared.config.seed,
        "loose": shared.config.loose,
        "checkInvariants": shared.config.check_invariants.word(),
        "tenantId": shared.identity.tenant,
        "clientId": shared.identity.client_id,
    }))
}

/// `GET /_milink/metrics`, in Prometheus' text form.
pub(super) async fn metrics(State(shared): Handle) -> impl IntoResponse {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, rows: &[(String, u64)]| {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for (labels, value) in rows {
            text.push_str(&format!("{name}{labels} {value}\n"));
        }
    };
    let worlds = shared.hub.worlds();
    let count = |count: &dyn Fn(&World) -> usize| -> Vec<(String, u64)> {
        worlds
            .iter()
            .map(|cell| {
                (
                    format!("{{world=\"{}\"}}", cell.name()),
                    cell.read(count) as u64,
                )
            })
            .collect()
    };
    let uptime = [(String::new(), shared.started.elapsed().as_secs())];
    gauge("milink_uptime_seconds", "Time since the start.", &uptime);
    let number = [(String::new(), worlds.len() as u64)];
    gauge("milink_worlds", "Worlds.", &number);
    gauge(
        "milink_instances",
        "SQL Servers and managed instances.",
        &count(&|world| world.instances.len()),
    );
    gauge("milink_links", "Links.", &count(&|world| world.links.len()));
    gauge(
        "milink_sql_sessions",
        "Sessions of SQL clients.",
        &count(&|world| world.instances.values().map(|i| i.sessions.len()).sum()),
    );
    gauge(
        "milink_events",
        "Events so far.",
        &count(&|world| usize::try_from(world.event_count()).unwrap_or(usize::MAX)),
    );
    let broken = shared.hub.watch().broken();
    gauge(
        "milink_broken_laws",
        "Laws of a world that were found broken: a defect of milink.",
        &count_of(&worlds, |name| u64::from(broken.contains_key(name))),
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

/// A number of each world.
fn count_of(worlds: &[Arc<WorldCell>], count: impl Fn(&str) -> u64) -> Vec<(String, u64)> {
    let row = |cell: &Arc<WorldCell>| {
        let name = cell.name();
        (format!("{{world=\"{name}\"}}"), count(name))
    };
    worlds.iter().map(row).collect()
}

/// `GET /_milink/ca.pem`: the authority to trust.
pub(super) async fn authority(State(shared): Handle) -> impl IntoResponse {
    let pem = shared.keys.authority_pem().to_owned();
    ([(header::CONTENT_TYPE, "application/x-pem-file")], pem)
}
