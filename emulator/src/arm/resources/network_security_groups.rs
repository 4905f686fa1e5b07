//! `Microsoft.Network/networkSecurityGroups` and their rules, and what they share with route tables.

use std::sync::Arc;

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::{
    DeleteNetworkResource, NetworkItem, NetworkKind, NetworkResource, WriteNetworkItem,
    WriteNetworkResource, fabric,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::{network, security_rules};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::arm::{operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Network",
        "networkSecurityGroups",
        Versions::Network,
    )
};

pub(in crate::arm) const RULES: ResourceType = ResourceType {
    list: Some(list_items),
    get: Some(get_item),
    put: Some(put_item),
    delete: Some(delete_item),
    ..ResourceType::new(
        "Microsoft.Network",
        "networkSecurityGroups/securityRules",
        Versions::Network,
    )
};

/// Which of the two kinds the path is about.
fn kind(call: &Call<'_>) -> NetworkKind {
    let first = call.path.pairs.first().map(|(word, _)| word.as_str());
    let word = first.or(call.path.tail.as_deref()).unwrap_or_default();
    if word.eq_ignore_ascii_case("routeTables") {
        NetworkKind::RouteTable
    } else {
        NetworkKind::NetworkSecurityGroup
    }
}

/// The property that holds the rules or routes.
fn items_name(kind: NetworkKind) -> &'static str {
    match kind {
        NetworkKind::NetworkSecurityGroup => "securityRules",
        NetworkKind::RouteTable => "routes",
    }
}

pub(super) fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let kind = kind(call);
    let rows: Vec<_> = call.read(|world| {
        let all = world.azure.network_resources.iter();
        let wanted = all.filter(|((of, key), _)| {
            *of == kind
                && call
                    .path
                    .group
                    .as_deref()
                    .is_none_or(|group| key.group.is(group))
        });
        let rows = wanted.map(|((_, key), resource)| {
            let key = format!("{}/{}", key.group.folded(), key.name.folded());
            (key, shown(call, world, resource))
        });
        rows.collect()
    });
    paging::page(call, rows)
}

pub(super) fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

pub(super) fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let kind = kind(call);
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        let items = properties.objects(items_name(kind))?;
        let items = items.map(|items| {
            let read = items.iter().map(|object| item(kind, object));
            read.collect::<Result<_, ArmError>>()
        });
        properties.ignore_all();
        Ok(WriteNetworkResource {
            kind,
            key: network::key(call),
            location: call.required_region(kind.arm_type(), body)?,
            tags: body.tags()?.unwrap_or_default(),
            items: items.transpose()?,
        })
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

pub(super) fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = DeleteNetworkResource {
        kind: kind(call),
        key: network::key(call),
    };
    match call.submit(request)? {
        Some(operation) => {
            operations::network(call, Answer::empty(StatusCode::ACCEPTED), operation)
        }
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

pub(super) fn list_items(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = find(call, |world, resource| {
        let id = id(call, resource);
        let items = resource.items.values();
        let rows = items.map(|item| {
            (
                item.name.folded().to_owned(),
                shown_item(world, &id, resource, item),
            )
        });
        rows.collect::<Vec<_>>()
    })?;
    paging::page(call, rows)
}

pub(super) fn get_item(call: &Call<'_>) -> Result<Answer, ArmError> {
    read_item(call).map(|value| Answer::ok(&value))
}

pub(super) fn put_item(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let name = Name::new(call.path.name(1));
    let kind = kind(call);
    let written = call.body(|body| properties(kind, body))?;
    let written = call.submit(WriteNetworkItem {
        kind,
        key: network::key(call),
        name,
        written: Some(written),
    })?;
    network::written(call, written, &read_item(call)?)
}

pub(super) fn delete_item(call: &Call<'_>) -> Result<Answer, ArmError> {
    let name = Name::new(call.path.name(1));
    if !find(call, |_, resource| resource.items.contains_key(&name))? {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let (operation, _) = call.submit(WriteNetworkItem {
        kind: kind(call),
        key: network::key(call),
        name,
        written: None,
    })?;
    operations::network(call, Answer::empty(StatusCode::ACCEPTED), operation)
}

fn item(kind: NetworkKind, object: &Object<'_>) -> Result<NetworkItem, ArmError> {
    object.ignore(&["id", "etag", "type"]);
    let name = Name::new(&object.string("name")?.unwrap_or_default());
    let (properties, meaning) = properties(kind, object)?;
    Ok(NetworkItem {
        name,
        properties,
        meaning,
    })
}

/// A rule's or route's properties as text, and what they mean; the service fills in the state.
fn properties(
    kind: NetworkKind,
    object: &Object<'_>,
) -> Result<(Arc<str>, fabric::Item), ArmError> {
    let read = object.object_or_empty("properties")?;
    let meaning = security_rules::meaning(kind, &read)?;
    read.ignore_all();
    let mut members = match object.value("properties") {
        Some(Value::Object(members)) => members.clone(),
        None => serde_json::Map::new(),
        Some(_) => {
            return Err(ArmError::invalid_content(
                "Path 'properties': an object is expected.",
            ));
        }
    };
    members.remove("provisioningState");
    Ok((Value::Object(members).to_string().into(), meaning))
}

fn find<T>(
    call: &Call<'_>,
    read: impl FnOnce(&World, &NetworkResource) -> T,
) -> Result<T, ArmError> {
    let kind = kind(call);
    let key = (kind, network::key(call));
    let found = call.read(|world| {
        world
            .azure
            .network_resources
            .get(&key)
            .map(|found| read(world, found))
    });
    found.ok_or_else(|| {
        ArmError::resource_not_found(kind.arm_type(), call.path.name(0), call.path.group_name())
    })
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    find(call, |world, resource| shown(call, world, resource))
}

fn read_item(call: &Call<'_>) -> Result<Value, ArmError> {
    let name = Name::new(call.path.name(1));
    let found = find(call, |world, resource| {
        let item = resource.items.get(&name)?;
        Some(shown_item(world, &id(call, resource), resource, item))
    })?;
    found.ok_or_else(|| {
        let kind = kind(call);
        let path = format!("{}/{}/{name}", call.path.name(0), items_name(kind));
        ArmError::resource_not_found(kind.arm_type(), &path, call.path.group_name())
    })
}

fn id(call: &Call<'_>, resource: &NetworkResource) -> String {
    let tail = format!("{}/{}", resource.kind.arm_type(), resource.name);
    call.id_in_group(resource.group.as_str(), &tail)
}

fn shown(call: &Call<'_>, world: &World, resource: &NetworkResource) -> Value {
    let id = id(call, resource);
    let items: Vec<Value> = resource
        .items
        .values()
        .map(|item| shown_item(world, &id, resource, item))
        .collect();
    let mut properties = json!({
        "provisioningState": network::provisioning_state(world, resource.operation),
        "resourceGuid": resource.guid,
    });
    properties[items_name(resource.kind)] = json!(items);
    match resource.kind {
        NetworkKind::NetworkSecurityGroup => properties["defaultSecurityRules"] = json!([]),
        NetworkKind::RouteTable => properties["disableBgpRoutePropagation"] = json!(false),
    }
    json!({
        "name": resource.name.as_str(),
        "id": id,
        "etag": network::etag(resource.etag),
        "type": resource.kind.arm_type(),
        "location": resource.location,
        "tags": resource.tags,
        "properties": properties,
    })
}

fn shown_item(
    world: &World,
    parent: &str,
    resource: &NetworkResource,
    item: &NetworkItem,
) -> Value {
    let collection = items_name(resource.kind);
    let mut properties = network::object(&item.properties);
    let state = network::provisioning_state(world, resource.operation);
    properties.insert("provisioningState".to_owned(), json!(state));
    json!({
        "name": item.name.as_str(),
        "id": format!("{parent}/{collection}/{}", item.name),
        "etag": network::etag(resource.etag),
        "type": format!("{}/{collection}", resource.kind.arm_type()),
        "properties": properties,
    })
}
