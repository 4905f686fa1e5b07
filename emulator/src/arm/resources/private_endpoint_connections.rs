//! `Microsoft.Sql/managedInstances/privateEndpointConnections`, and what such connections are made to.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::ManagedInstanceView;
use milink_core::azure::fabric::{Consumer, DeleteConnection, Review, ReviewConnection, Target};
use milink_core::names::Name;
use milink_model::{
    ConnectionState, PrivateEndpointConnection, PrivateEndpointConnectionProperties, ResourceId,
};
use serde_json::{Value, json};

use super::instance::{self, Parent};
use super::private_endpoints;
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/privateEndpointConnections",
        Versions::Sql("2020-02-02-preview"),
    )
};

pub(in crate::arm) const RESOURCES: ResourceType = ResourceType {
    list: Some(list_resources),
    get: Some(get_resource),
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/privateLinkResources",
        Versions::Sql("2020-02-02-preview"),
    )
};

/// The published sample leaves `requiredZoneNames` out; the schema has it (guess: it is there).
const NAMES_ZONES: bool = true;

fn target(call: &Call<'_>) -> Target {
    Target::Instance(Name::new(call.path.name(0)))
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let target = target(call);
    let rows: Vec<_> = call.read(|world| {
        let connections = world.connections_to(&target);
        connections
            .map(|consumer| {
                let name = consumer.connection().name.folded().to_owned();
                (name, shown(call, &parent, consumer))
            })
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    read(call, &parent).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let (review, description) = call.body(|body| {
        let Some(properties) = body.object("properties")? else {
            return Err(bad("NullPrivateEndpointConnectionProperties", "The properties of the private endpoint connection are missing."));
        };
        properties.ignore(&["privateEndpoint", "provisioningState", "groupIds"]);
        let Some(state) = properties.object("privateLinkServiceConnectionState")? else {
            return Err(bad("NullRemotePrivateLinkServiceConnectionState", "The privateLinkServiceConnectionState of the private endpoint connection is missing."));
        };
        state.ignore(&["actionsRequired"]);
        let status = state.string("status")?.filter(|status| !status.is_empty());
        let Some(status) = status else {
            return Err(bad("NullRemotePrivateLinkServiceConnectionStateStatus", "The status of the privateLinkServiceConnectionState is missing."));
        };
        let review = match status.to_ascii_lowercase().as_str() {
            "approved" => Review::Approved,
            "rejected" => Review::Rejected,
            _ => {
                return Err(bad("IncorrectPrivateLinkServiceConnectionStateStatus", &format!("The status '{status}' is not valid: it must be Approved or Rejected.")));
            }
        };
        Ok((review, state.string("description")?.unwrap_or_default()))
    })?;
    call.submit(ReviewConnection {
        target: target(call),
        name: Name::new(call.path.name(1)),
        review,
        description,
    })?;
    let mut reviewed = read(call, &parent)?;
    // Pollers wait for a word that they know: at `Ready`, which is what GET shows, all SDKs would wait forever (guess).
    reviewed["properties"]["provisioningState"] = json!("Succeeded");
    Ok(Answer::ok(&reviewed))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    instance::parent(call)?;
    let gone = call.submit(DeleteConnection {
        target: target(call),
        name: Name::new(call.path.name(1)),
    })?;
    Ok(Answer::empty(match gone {
        true => StatusCode::OK,
        false => StatusCode::NO_CONTENT,
    }))
}

fn read(call: &Call<'_>, parent: &Parent) -> Result<Value, ArmError> {
    let (target, name) = (target(call), Name::new(call.path.name(1)));
    instance::read(call, parent, |world| {
        let mut connections = world.connections_to(&target);
        connections
            .find(|consumer| consumer.connection().name == name)
            .map(|consumer| shown(call, parent, consumer))
    })
}

fn bad(code: &'static str, text: &str) -> ArmError {
    ArmError::service(StatusCode::BAD_REQUEST, code, text.to_owned())
}

fn shown(call: &Call<'_>, parent: &Parent, consumer: Consumer<'_>) -> Value {
    let name = &consumer.connection().name;
    json!({
        "id": format!("{}/privateEndpointConnections/{name}", parent.arm_id),
        "name": name.as_str(),
        "type": TYPE.full_name(),
        "properties": properties(call, consumer),
    })
}

/// The connections of an instance, as the instance itself shows them.
pub(super) fn embedded(
    call: &Call<'_>,
    world: &World,
    view: &ManagedInstanceView<'_>,
) -> Vec<PrivateEndpointConnection> {
    let target = Target::Instance(view.name.clone());
    let group = view.properties.resource_group.as_str();
    let instance = call.id_in_group(group, &format!("{}/{}", instance::TYPE, view.name));
    let connections = world.connections_to(&target);
    connections
        .map(|consumer| PrivateEndpointConnection {
            id: format!(
                "{instance}/privateEndpointConnections/{}",
                consumer.connection().name
            ),
            properties: properties(call, consumer),
        })
        .collect()
}

fn properties(call: &Call<'_>, consumer: Consumer<'_>) -> PrivateEndpointConnectionProperties {
    let connection = consumer.connection();
    PrivateEndpointConnectionProperties {
        private_endpoint: ResourceId {
            id: private_endpoints::id_of_consumer(call, consumer),
        },
        private_link_service_connection_state: ConnectionState {
            status: connection.status.text().to_owned(),
            description: connection.description.clone(),
            actions_required: Some("None".to_owned()),
        },
        provisioning_state: Some("Ready".to_owned()),
    }
}

fn list_resources(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let row = resource(call, &parent)?;
    paging::page(call, [("plr".to_owned(), row)])
}

fn get_resource(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    // The sample's name is `plr`; clients also ask by the group.
    let known = ["plr", "managedInstance"];
    if !known
        .iter()
        .any(|name| name.eq_ignore_ascii_case(call.path.name(1)))
    {
        return Err(ArmError::child_not_found(
            &RESOURCES.full_name(),
            call.path.name(1),
        ));
    }
    resource(call, &parent).map(|value| Answer::ok(&value))
}

fn resource(call: &Call<'_>, parent: &Parent) -> Result<Value, ArmError> {
    instance::read(call, parent, |world| {
        let managed = world.instance(parent.id)?.as_managed_instance()?;
        let mut properties = json!({
            "groupId": "managedInstance",
            "requiredMembers": ["managedInstance"],
        });
        if NAMES_ZONES {
            let zone = format!("privatelink.{}.database.windows.net", managed.dns_zone);
            properties["requiredZoneNames"] = json!([zone]);
        }
        Some(json!({
            "id": format!("{}/privateLinkResources/plr", parent.arm_id),
            "name": "plr",
            "type": RESOURCES.full_name(),
            "properties": properties,
        }))
    })
}
