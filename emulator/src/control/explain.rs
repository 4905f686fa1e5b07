//! Why something was refused or failed, and what would stop a link.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use milink_core::World;
use milink_core::doctor::{self, Report, Wish};
use milink_core::explain;
use milink_core::ids::OperationId;
use milink_core::link::LinkStatus;
use milink_core::operation::OperationState;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Handle;
use super::body::Asked;
use super::error::ControlError;
use super::journal;
use crate::arm;
use crate::emulator::Shared;
use crate::explanations::Refused;

/// `?world=NAME&limit=N`: without a world, those of all.
#[derive(Debug, Deserialize)]
pub(super) struct Latest {
    world: Option<String>,
    #[serde(default = "limit")]
    limit: usize,
}

/// `?server=S&instance=I&database=D`.
#[derive(Debug, Deserialize)]
pub(super) struct Examined {
    server: Option<String>,
    instance: Option<String>,
    database: Option<String>,
}

/// `GET /_milink/explain`: what was refused, what failed lately, and what ails links that are there; the newest first.
pub(super) async fn latest(State(shared): Handle, Asked(asked): Asked<Latest>) -> Json<Value> {
    let explanations = shared.hub.watch().explanations();
    let mut latest = explanations.latest(asked.world.as_deref(), asked.limit);
    // An operation fails in the world, where nobody is there to note it.
    for cell in shared.hub.worlds() {
        if asked
            .world
            .as_deref()
            .is_none_or(|name| name == cell.name())
        {
            let found = cell.read(|world| {
                let mut found = failed(world, cell.name());
                found.extend(ailing(world, cell.name()));
                found
            });
            latest.extend(found.into_iter().map(Arc::new));
        }
    }
    latest.sort_by_key(|refused| std::cmp::Reverse(refused.at));
    latest.truncate(asked.limit);
    let latest: Vec<&Refused> = latest.iter().map(AsRef::as_ref).collect();
    Json(json!({"value": latest}))
}

/// The operations of a world that have failed.
fn failed(world: &World, name: &str) -> Vec<Refused> {
    let all = world.operations.values();
    let failed = all.filter_map(|operation| {
        let OperationState::Failed { ended, error } = &operation.state else {
            return None;
        };
        let (code, message) = arm::words_of_failure(error);
        Some(Refused {
            id: operation.id.0.to_string(),
            world: Some(name.to_owned()),
            time: Some(ended.to_string()),
            at: *ended,
            server: "ARM".to_owned(),
            asked: format!(
                "the poll of {} of {}",
                operation.word, operation.resource.path
            ),
            code,
            message,
            explanation: explain::operation(world, operation.id).unwrap_or_default(),
        })
    });
    failed.collect()
}

/// The links of a world that are not well, though nobody may have been told. Their names are their ids.
fn ailing(world: &World, name: &str) -> Vec<Refused> {
    let all = explain::ailing(world).into_iter();
    let told = all.map(|ailing| {
        let status = world
            .links
            .get(&ailing.link)
            .map(|link| LinkStatus::of(world, link));
        let code = status.map_or("", |status| status.replica_state).to_owned();
        Refused {
            id: ailing.link.name.to_string(),
            world: Some(name.to_owned()),
            time: Some(ailing.since.to_string()),
            at: ailing.since,
            server: "ARM".to_owned(),
            asked: format!("a look at link '{}'", ailing.link.name),
            code,
            message: ailing.explanation.reason.clone(),
            explanation: ailing.explanation,
        }
    });
    told.collect()
}

/// `GET /_milink/explain/{id}`: a link that is not well by its name, a refusal by the id of `x-milink-explain`, or an operation.
pub(super) async fn one(
    State(shared): Handle,
    Path(id): Path<String>,
) -> Result<Json<Value>, ControlError> {
    if let Some(refused) = shared.hub.watch().explanations().find(&id) {
        return Ok(Json(serde_json::to_value(&*refused).unwrap_or_default()));
    }
    let sick = shared.hub.worlds().iter().find_map(|cell| {
        let all = cell.read(|world| ailing(world, cell.name()));
        all.into_iter().find(|it| it.id.eq_ignore_ascii_case(&id))
    });
    if let Some(sick) = sick {
        return Ok(Json(serde_json::to_value(sick).unwrap_or_default()));
    }
    let found = Uuid::parse_str(&id)
        .ok()
        .and_then(|id| operation(&shared, id));
    found.map(Json).ok_or_else(|| {
        ControlError::not_found(format!(
            "nothing is known of '{id}'; ids are in the header x-milink-explain, operations' in the URLs that ARM's clients poll, and a link that is not well has its name"
        ))
    })
}

/// An operation of any world: what has happened of it, and why it failed if it has.
fn operation(shared: &Shared, id: Uuid) -> Option<Value> {
    let text = id.to_string();
    shared.hub.worlds().iter().find_map(|cell| {
        let (explained, events) = cell.read(|world| {
            let explained = explain::operation(world, OperationId(id));
            let events: Vec<_> = world.events_after(0).cloned().collect();
            (explained, events)
        });
        let events: Vec<Value> = events
            .iter()
            .map(journal::written)
            .filter(|event| event["operation"] == text.as_str())
            .collect();
        if events.is_empty() {
            return None;
        }
        let mut value = json!({"id": text, "world": cell.name(), "events": events});
        if let Some(explained) = explained {
            value["reason"] = json!(explained.reason);
            value["facts"] = json!(explained.facts);
            value["remedy"] = json!(explained.remedy);
        }
        Some(value)
    })
}

/// `GET /_milink/worlds/{name}/doctor`.
pub(super) async fn doctor(
    State(shared): Handle,
    Path(name): Path<String>,
    Asked(asked): Asked<Examined>,
) -> Result<Json<Value>, ControlError> {
    let cell = shared.hub.named(&name)?;
    let wish = Wish {
        server: asked.server,
        instance: asked.instance,
        database: asked.database,
    };
    let (now, reports) = cell.read(|world| (world.now(), doctor::examine(world, &wish)));
    let reports = reports.map_err(ControlError::not_found)?;
    let broken = shared.hub.watch().broken().remove(&name);
    Ok(Json(json!({
        "world": name,
        "now": now.to_string(),
        "clock": cell.clock().mode.to_string(),
        "brokenLaw": broken,
        "fails": reports.iter().any(Report::fails),
        "reports": reports,
    })))
}

/// `GET /_milink/worlds/{name}/log`: what was asked of it, as text.
pub(super) async fn log(
    State(shared): Handle,
    Path(name): Path<String>,
) -> Result<String, ControlError> {
    Ok(shared.hub.named(&name)?.inputs().text())
}

fn limit() -> usize {
    20
}
