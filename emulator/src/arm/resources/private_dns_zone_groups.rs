//! `Microsoft.Network/privateEndpoints/privateDnsZoneGroups`.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::fabric::{
    DeleteZoneGroup, PrivateEndpoint, Target, WriteZoneGroup, ZoneGroup,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::references::{Id, missing};
use super::{network, private_endpoints};
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
        "Microsoft.Network",
        "privateEndpoints/privateDnsZoneGroups",
        Versions::Network,
    )
};

const ZONE: &str = "Microsoft.Network/privateDnsZones";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let row = find(call, |world, endpoint| {
        let group = endpoint.zone_group.as_ref()?;
        let key = group.name.folded().to_owned();
        Some((key, shown(call, world, endpoint, group)))
    })?;
    paging::page(call, row)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let of_instance = find(call, |_, endpoint| {
        matches!(endpoint.connection.target, Target::Instance(_))
    })?;
    let zones = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["provisioningState"]);
        let configurations = properties.objects("privateDnsZoneConfigs")?;
        let zones = configurations.unwrap_or_default();
        let zones = zones.iter().map(|configuration| {
            configuration.ignore(&["id", "etag", "type"]);
            let name = configuration.string("name")?;
            let inner = configuration.object_or_empty("properties")?;
            inner.ignore(&["recordSets"]);
            let id = inner.string("privateDnsZoneId")?;
            let id = id.ok_or_else(|| missing("privateDnsZoneId"))?;
            call.linked("Microsoft.Network/privateDnsZones/join/action", &id)?;
            let zone = Id::parse(call, &id)?.key_of(ZONE)?;
            let name = name.ok_or_else(|| missing("privateDnsZoneConfigs.name"))?;
            Ok((Name::new(&name), zone))
        });
        zones.collect::<Result<Vec<_>, ArmError>>()
    })?;
    let written = call.submit(WriteZoneGroup {
        endpoint: network::key(call),
        group: ZoneGroup {
            name: Name::new(call.path.name(1)),
            zones,
        },
    })?;
    if of_instance {
        let text = format!(
            "{}: a managed instance registers no names in a zone group's zones",
            call.raw_path
        );
        call.arm.worlds.note(call.subscription, text);
    }
    network::written(call, written, &read(call)?)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let gone = call.submit(DeleteZoneGroup {
        endpoint: network::key(call),
        name: Name::new(call.path.name(1)),
    })?;
    network::deleted(call, gone)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    let name = Name::new(call.path.name(1));
    let found = find(call, |world, endpoint| {
        let group = endpoint.zone_group.as_ref()?;
        (group.name == name).then(|| shown(call, world, endpoint, group))
    })?;
    found.ok_or_else(|| {
        let path = format!("{}/privateDnsZoneGroups/{name}", call.path.name(0));
        let group = call.path.group_name();
        ArmError::resource_not_found("Microsoft.Network/privateEndpoints", &path, group)
    })
}

fn find<T>(
    call: &Call<'_>,
    read: impl FnOnce(&World, &PrivateEndpoint) -> T,
) -> Result<T, ArmError> {
    let key = network::key(call);
    let found = call.read(|world| {
        let endpoint = world.azure.fabric.private_endpoints.get(&key)?;
        Some(read(world, endpoint))
    });
    found.ok_or_else(|| {
        ArmError::gateway(
            StatusCode::NOT_FOUND,
            "ParentResourceNotFound",
            format!(
                "Failed to perform '{}' on resource(s) of type 'privateEndpoints/privateDnsZoneGroups', because the parent resource '{}' could not be found.",
                network::verb(call),
                private_endpoints::id_of(call, &key)
            ),
        )
    })
}

fn shown(call: &Call<'_>, world: &World, endpoint: &PrivateEndpoint, group: &ZoneGroup) -> Value {
    let parent = private_endpoints::id_of(call, &endpoint.header.key());
    let id = format!("{parent}/privateDnsZoneGroups/{}", group.name);
    let state = network::provisioning_state(world, endpoint.header.operation);
    let configurations = group.zones.iter().map(|(name, zone)| {
        let records = endpoint
            .names_in(world, &zone.name)
            .into_iter()
            .map(|label| {
                json!({
                    "recordType": "A",
                    "recordSetName": label.as_str(),
                    "fqdn": format!("{label}.{}", zone.name),
                    "ttl": 10,
                    "ipAddresses": [endpoint.address.to_string()],
                    "provisioningState": "Succeeded",
                })
            });
        let tail = format!("{ZONE}/{}", zone.name);
        json!({
            "name": name.as_str(),
            "properties": {
                "privateDnsZoneId": call.id_in_group(zone.group.as_str(), &tail),
                "recordSets": records.collect::<Vec<_>>(),
            },
        })
    });
    json!({
        "name": group.name.as_str(),
        "id": id,
        "etag": network::etag(endpoint.header.etag),
        "properties": {
            "provisioningState": state,
            "privateDnsZoneConfigs": configurations.collect::<Vec<_>>(),
        },
    })
}
