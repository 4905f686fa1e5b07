//! What the resources of Microsoft.Network have in common: ids, etags, states, and JSON kept as text.

use std::net::Ipv4Addr;

use axum::http::{Method, StatusCode};
use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{Header, TagResource, Tagged};
use milink_core::ids::OperationId;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::references::{invalid, missing};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::operations;

/// Group and name of the top resource in the path.
pub(super) fn key(call: &Call<'_>) -> ResourceKey {
    ResourceKey {
        group: Name::new(call.path.group_name()),
        name: Name::new(call.path.name(0)),
    }
}

/// The rows of a list: those in the path's group, in a stable order.
pub(super) fn rows(
    call: &Call<'_>,
    read: impl FnOnce(&World) -> Vec<(ResourceKey, Value)>,
) -> Vec<(String, Value)> {
    let group = call.path.group.as_deref();
    let all = call.read(read);
    all.into_iter()
        .filter(|(key, _)| group.is_none_or(|group| key.group.is(group)))
        .map(|(key, row)| {
            let key = format!("{}/{}", key.group.folded(), key.name.folded());
            (key, row)
        })
        .collect()
}

/// A tracked resource around its properties.
pub(super) fn tracked(header: &Header, id: &str, kind: &str, properties: Value) -> Value {
    json!({
        "name": header.name.as_str(),
        "id": id,
        "etag": etag(header.etag),
        "type": kind,
        "location": header.location,
        "tags": header.tags,
        "properties": properties,
    })
}

/// `W/"…"`.
pub(super) fn etag(etag: Uuid) -> String {
    format!("W/\"{etag}\"")
}

/// Updating until the last write is over.
pub(super) fn provisioning_state(world: &World, operation: OperationId) -> &'static str {
    match world.operation(operation).map(|operation| &operation.state) {
        Some(OperationState::InProgress) => "Updating",
        _ => "Succeeded",
    }
}

/// Answers a DELETE: accepted with its operation, or nothing to delete.
pub(super) fn deleted(call: &Call<'_>, operation: Option<OperationId>) -> Result<Answer, ArmError> {
    match operation {
        Some(operation) => {
            operations::network(call, Answer::empty(StatusCode::ACCEPTED), operation)
        }
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

/// PATCH with `TagsObject`.
pub(super) fn patch_tags(call: &Call<'_>, kind: Tagged) -> Result<(), ArmError> {
    let tags = call.body(|body| body.tags())?;
    match tags {
        None => Ok(()),
        Some(tags) => call.submit(TagResource {
            kind,
            key: key(call),
            tags,
        }),
    }
}

/// What the method does to a resource, as errors say it.
pub(super) fn verb(call: &Call<'_>) -> &'static str {
    match call.method {
        Method::GET | Method::HEAD => "read",
        Method::DELETE => "delete",
        _ => "write",
    }
}

/// `privateIPAllocationMethod`.
pub(super) const fn method(is_static: bool) -> &'static str {
    match is_static {
        true => "Static",
        false => "Dynamic",
    }
}

/// The address that an IP configuration asks for. A dynamic one is the service's to say: what is read is written back.
pub(super) fn wanted_address(inner: &Object<'_>) -> Result<Option<Ipv4Addr>, ArmError> {
    let method = inner.string("privateIPAllocationMethod")?;
    let text = inner.string("privateIPAddress")?.unwrap_or_default();
    let is_static = match method.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("static") => true,
        None | Some("dynamic") => false,
        Some(other) => return Err(invalid("privateIPAllocationMethod", other)),
    };
    match (is_static, text.is_empty()) {
        (false, _) => Ok(None),
        (true, true) => Err(missing("privateIPAddress")),
        (true, false) => text
            .parse()
            .map(Some)
            .map_err(|_| invalid("privateIPAddress", &text)),
    }
}

/// There is no IPv6 here.
pub(super) fn refuse_version_6(inner: &Object<'_>) -> Result<(), ArmError> {
    let version = inner.string("privateIPAddressVersion")?;
    match version.is_some_and(|version| version.eq_ignore_ascii_case("IPv6")) {
        true => Err(ArmError::not_emulated("IPv6")),
        false => Ok(()),
    }
}

/// A list of `{id}`.
pub(super) fn reference(id: &str) -> Value {
    json!({ "id": id })
}

/// A rule's or route's properties, read from where they are kept as text.
pub(super) fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}
