//! What the resources of Microsoft.Network have in common: ids, etags, states, and JSON kept as text.

use std::net::Ipv4Addr;

use axum::http::{Method, StatusCode};
use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{Fabric, Header, Kept, Place, TagResource, Tagged};
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
use crate::arm::{operations, paging};

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

/// The list of a type of the fabric's.
pub(super) fn list<T>(
    call: &Call<'_>,
    kept: impl FnOnce(&Fabric) -> &Kept<T>,
    shown: impl Fn(&Call<'_>, &World, &T) -> Value,
) -> Result<Answer, ArmError> {
    let rows = rows(call, |world| {
        let all = kept(&world.azure.fabric).iter();
        all.map(|(key, found)| (key.clone(), shown(call, world, found)))
            .collect()
    });
    paging::page(call, rows)
}

/// Reads the path's resource of a type of the fabric's.
pub(super) fn find<T, R>(
    call: &Call<'_>,
    kind: &str,
    kept: impl FnOnce(&Fabric) -> &Kept<T>,
    read: impl FnOnce(&World, &T) -> R,
) -> Result<R, ArmError> {
    let found = call.read(|world| {
        let found = kept(&world.azure.fabric).get(&key(call))?;
        Some(read(world, found))
    });
    found.ok_or_else(|| not_found(call, kind))
}

/// There is no such resource as the path's.
pub(super) fn not_found(call: &Call<'_>, kind: &str) -> ArmError {
    ArmError::resource_not_found(kind, call.path.name(0), call.path.group_name())
}

/// Where a body puts the path's resource.
pub(super) fn place(call: &Call<'_>, kind: &str, body: &Object<'_>) -> Result<Place, ArmError> {
    if body.object("extendedLocation")?.is_some() {
        return Err(ArmError::not_emulated("An edge zone"));
    }
    Ok(Place {
        key: key(call),
        location: call.required_region(kind, body)?,
        tags: body.tags()?.unwrap_or_default(),
    })
}

/// Answers a PUT with the resource as it is now.
pub(super) fn written(
    call: &Call<'_>,
    (operation, new): (OperationId, bool),
    value: &Value,
) -> Result<Answer, ArmError> {
    operations::network(call, Answer::written(new, value), operation)
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
