//! What the resources of Microsoft.Network have in common: ids, etags, states, and JSON kept as text.

use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::Header;
use milink_core::ids::OperationId;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::arm::call::Call;

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

/// A list of `{id}`.
pub(super) fn reference(id: &str) -> Value {
    json!({ "id": id })
}

/// A rule's or route's properties, read from where they are kept as text.
pub(super) fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}
