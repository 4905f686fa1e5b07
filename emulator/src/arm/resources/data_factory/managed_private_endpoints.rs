//! `Microsoft.DataFactory/factories/managedVirtualNetworks/managedPrivateEndpoints`.

use milink_core::World;
use milink_core::azure::data_factory::{
    DEFAULT_NETWORK, DeleteManagedEndpoint, Factory, ManagedEndpoint, WriteManagedEndpoint,
};
use milink_core::names::Name;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{answer, child, condition, deleted, id, not_found, of_factory, parent, resource_type};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::{network, references};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..resource_type("factories/managedVirtualNetworks/managedPrivateEndpoints")
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = of_factory(call, |world, factory| {
        in_network(call, factory).then(|| {
            let endpoints = factory.endpoints.values();
            let rows = endpoints.map(|endpoint| {
                let (_, value) = shown(call, world, factory, endpoint);
                (endpoint.name.folded().to_owned(), value)
            });
            rows.collect::<Vec<_>>()
        })
    })?;
    let rows = rows.ok_or_else(|| not_found("managedVirtualNetworks", call.path.name(1)))?;
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|found| answer(call, found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["connectionState", "provisioningState", "isReserved"]);
        let id = properties.string("privateLinkResourceId")?;
        let id = id.ok_or_else(|| references::missing("privateLinkResourceId"))?;
        Ok(WriteManagedEndpoint {
            factory: network::key(call),
            network: Name::new(call.path.name(1)),
            name: Name::new(call.path.name(2)),
            target: references::target(call, &id)?,
            group_id: properties.string("groupId")?.unwrap_or_default(),
            fqdns: properties.strings("fqdns")?.unwrap_or_default(),
            condition: condition(call),
        })
    })?;
    call.submit(request)?;
    read(call).map(|(_, value)| Answer::ok(&value))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let request = DeleteManagedEndpoint {
        factory: network::key(call),
        network: Name::new(call.path.name(1)),
        name: Name::new(call.path.name(2)),
    };
    call.submit(request).map(deleted)
}

fn in_network(call: &Call<'_>, factory: &Factory) -> bool {
    factory.network.is_some() && Name::new(DEFAULT_NETWORK).is(call.path.name(1))
}

fn read(call: &Call<'_>) -> Result<(Uuid, Value), ArmError> {
    let name = call.path.name(2);
    let found = of_factory(call, |world, factory| {
        let endpoint = factory.endpoints.get(&Name::new(name));
        let endpoint = endpoint.filter(|_| in_network(call, factory))?;
        Some(shown(call, world, factory, endpoint))
    })?;
    found.ok_or_else(|| not_found("managedPrivateEndpoints", name))
}

fn shown(
    call: &Call<'_>,
    world: &World,
    factory: &Factory,
    endpoint: &ManagedEndpoint,
) -> (Uuid, Value) {
    let name = &endpoint.name;
    let path = format!("/managedVirtualNetworks/default/managedPrivateEndpoints/{name}");
    let connection = &endpoint.connection;
    let properties = json!({
        "privateLinkResourceId": references::target_id(call, world, &connection.target),
        "groupId": connection.group_ids.first().map_or("", String::as_str),
        "fqdns": endpoint.fqdns,
        "isReserved": false,
        "provisioningState": endpoint.provisioning_state(world),
        // The state is the provider's, and there is no delay between the two sides (guess).
        "connectionState": {
            "status": connection.status.text(),
            "description": connection.description,
            "actionsRequired": "None",
        },
    });
    let value = child(
        id(call, factory, &path),
        name,
        &TYPE,
        endpoint.etag,
        properties,
    );
    (endpoint.etag, value)
}
