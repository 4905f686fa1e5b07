//! `Microsoft.Network/privateLinkServices/privateEndpointConnections`: approved, rejected, removed by the provider.

use axum::http::StatusCode;
use milink_core::azure::fabric::{Consumer, DeleteConnection, Review, ReviewConnection, Target};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::{NAME, find, id_of};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::references::{invalid, missing};
use crate::arm::resources::{network, private_endpoints};
use crate::arm::version::Versions;

pub(in crate::arm) const CONNECTIONS: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Network",
        "privateLinkServices/privateEndpointConnections",
        Versions::Network,
    )
};

/// What a provider says of a connection.
enum Said {
    Reviewed(Review, String),
    Removed,
}

fn target(call: &Call<'_>) -> Target {
    Target::Service(network::key(call))
}

fn name(call: &Call<'_>) -> Name {
    Name::new(call.path.name(1))
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let target = target(call);
    let rows: Vec<_> = find(call, |world, service| {
        let parent = id_of(call, &service.header.key());
        let connections = world.connections_to(&target);
        connections
            .map(|consumer| {
                let name = consumer.connection().name.folded().to_owned();
                (name, shown(call, &parent, consumer))
            })
            .collect()
    })?;
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    // Who is not there cannot be reviewed; the core says the same of one that goes meanwhile.
    let mut before = read(call)?;
    let said = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&[
            "privateEndpoint",
            "provisioningState",
            "linkIdentifier",
            "privateEndpointLocation",
        ]);
        let state = properties.object("privateLinkServiceConnectionState")?;
        let state = state.ok_or_else(|| missing("privateLinkServiceConnectionState"))?;
        state.ignore(&["actionsRequired"]);
        let status = state.string("status")?.filter(|status| !status.is_empty());
        let status = status.ok_or_else(|| missing("privateLinkServiceConnectionState.status"))?;
        let description = state.string("description")?.unwrap_or_default();
        match status.to_ascii_lowercase().as_str() {
            "approved" => Ok(Said::Reviewed(Review::Approved, description)),
            "rejected" => Ok(Said::Reviewed(Review::Rejected, description)),
            "removed" | "disconnected" => Ok(Said::Removed),
            _ => Err(invalid("privateLinkServiceConnectionState.status", &status)),
        }
    })?;
    match said {
        Said::Reviewed(review, description) => {
            call.submit(ReviewConnection {
                target: target(call),
                name: name(call),
                review,
                description,
            })?;
            get(call)
        }
        Said::Removed => {
            call.submit(DeleteConnection {
                target: target(call),
                name: name(call),
            })?;
            before["properties"]["privateLinkServiceConnectionState"]["status"] = json!("Removed");
            Ok(Answer::ok(&before))
        }
    }
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let gone = call.submit(DeleteConnection {
        target: target(call),
        name: name(call),
    })?;
    Ok(Answer::empty(match gone {
        true => StatusCode::OK,
        false => StatusCode::NO_CONTENT,
    }))
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    let (target, name) = (target(call), name(call));
    let found = find(call, |world, service| {
        let parent = id_of(call, &service.header.key());
        let mut connections = world.connections_to(&target);
        connections
            .find(|consumer| consumer.connection().name == name)
            .map(|consumer| shown(call, &parent, consumer))
    })?;
    found.ok_or_else(|| {
        let path = format!(
            "{}/privateEndpointConnections/{}",
            call.path.name(0),
            call.path.name(1)
        );
        ArmError::resource_not_found(NAME, &path, call.path.group_name())
    })
}

/// A connection below a private link service.
pub(super) fn shown(call: &Call<'_>, parent: &str, consumer: Consumer<'_>) -> Value {
    let connection = consumer.connection();
    json!({
        "name": connection.name.as_str(),
        "id": format!("{parent}/privateEndpointConnections/{}", connection.name),
        "etag": network::etag(consumer.etag()),
        "type": CONNECTIONS.full_name(),
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpoint": { "id": private_endpoints::id_of_consumer(call, consumer) },
            "privateLinkServiceConnectionState": {
                "status": connection.status.text(),
                "description": connection.description,
                "actionsRequired": "None",
            },
            "linkIdentifier": connection.link_identifier().to_string(),
            "privateEndpointLocation": consumer.location(),
        },
    })
}
