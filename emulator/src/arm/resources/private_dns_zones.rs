//! `Microsoft.Network/privateDnsZones`, their records, and the networks that hear them.

mod authority;
mod record_sets;
mod wire;

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::fabric::{
    DeleteZone, DeleteZoneLink, Place, PrivateZone, WriteZone, WriteZoneLink, ZoneLink, registered,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::network;
use super::references::{Id, missing, reference};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) use authority::SOA;
pub(in crate::arm) use record_sets::{A, AAAA, ALL, CNAME, MX, PTR, SRV, TXT};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new("Microsoft.Network", "privateDnsZones", VERSIONS)
};

pub(in crate::arm) const LINKS: ResourceType = ResourceType {
    list: Some(list_links),
    get: Some(get_link),
    put: Some(put_link),
    delete: Some(delete_link),
    ..ResourceType::new(
        "Microsoft.Network",
        "privateDnsZones/virtualNetworkLinks",
        VERSIONS,
    )
};

const VERSIONS: Versions = Versions::PrivateDns;
const NAME: &str = "Microsoft.Network/privateDnsZones";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = network::rows(call, |world| {
        let zones = world.azure.fabric.private_zones.iter();
        zones
            .map(|(key, zone)| (key.clone(), shown(call, world, zone)))
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |world, zone| shown(call, world, zone)).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let place = call.body(|body| {
        body.object_or_empty("properties")?.ignore_all();
        let location = body.string("location")?.unwrap_or_default();
        if !location.eq_ignore_ascii_case("global") {
            return Err(ArmError::gateway(
                StatusCode::BAD_REQUEST,
                "LocationNotAvailableForResourceType",
                format!("The provided location '{location}' is not available for resource type '{NAME}'. List of available regions for the resource type is 'global'."),
            ));
        }
        Ok(Place {
            key: network::key(call),
            location: "global".to_owned(),
            tags: body.tags()?.unwrap_or_default(),
        })
    })?;
    let (_, new) = call.submit(WriteZone { place })?;
    let zone = find(call, |world, zone| shown(call, world, zone))?;
    Ok(Answer::written(new, &zone))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    Ok(Answer::empty(match call.submit(DeleteZone { key })? {
        Some(_) => StatusCode::OK,
        None => StatusCode::NO_CONTENT,
    }))
}

fn list_links(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = find(call, |_, zone| {
        let links = zone.links.values();
        links
            .map(|link| (link.name.folded().to_owned(), shown_link(call, zone, link)))
            .collect::<Vec<_>>()
    })?;
    paging::page(call, rows)
}

fn get_link(call: &Call<'_>) -> Result<Answer, ArmError> {
    read_link(call).map(|value| Answer::ok(&value))
}

fn put_link(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        let id = reference(&properties, "virtualNetwork")?;
        let id = id.ok_or_else(|| missing("virtualNetwork"))?;
        call.linked("Microsoft.Network/virtualNetworks/join/action", &id)?;
        let policy = properties.string("resolutionPolicy")?.unwrap_or_default();
        let request = WriteZoneLink {
            zone: network::key(call),
            name: Name::new(call.path.name(1)),
            network: Id::parse(call, &id)?.key_of("Microsoft.Network/virtualNetworks")?,
            registers: properties.boolean("registrationEnabled")?.unwrap_or(false),
            redirects: policy.eq_ignore_ascii_case("NxDomainRedirect"),
            tags: body.tags()?.unwrap_or_default(),
        };
        body.ignore(&["location"]);
        properties.ignore_all();
        Ok(request)
    })?;
    let (_, new) = call.submit(request)?;
    Ok(Answer::written(new, &read_link(call)?))
}

fn delete_link(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let request = DeleteZoneLink {
        zone: network::key(call),
        name: Name::new(call.path.name(1)),
    };
    Ok(Answer::empty(match call.submit(request)? {
        Some(_) => StatusCode::OK,
        None => StatusCode::NO_CONTENT,
    }))
}

fn find<T>(call: &Call<'_>, read: impl FnOnce(&World, &PrivateZone) -> T) -> Result<T, ArmError> {
    let found = call.read(|world| {
        let zone = world.azure.fabric.private_zones.get(&network::key(call))?;
        Some(read(world, zone))
    });
    found.ok_or_else(|| {
        let (name, group) = (call.path.name(0), call.path.group_name());
        if call.path.pairs.len() < 2 && call.path.tail.is_none() {
            return ArmError::resource_not_found(NAME, name, group);
        }
        let id = call.id_in_group(group, &format!("{NAME}/{name}"));
        ArmError::gateway(
            StatusCode::NOT_FOUND,
            "ParentResourceNotFound",
            format!(
                "Failed to perform '{}' on resource(s) of type '{}', because the parent resource '{id}' could not be found.",
                if call.method == axum::http::Method::GET { "read" } else { "write" },
                call.path.type_name()
            ),
        )
    })
}

fn read_link(call: &Call<'_>) -> Result<Value, ArmError> {
    let name = Name::new(call.path.name(1));
    let found = find(call, |_, zone| {
        let link = zone.links.get(&name)?;
        Some(shown_link(call, zone, link))
    })?;
    found.ok_or_else(|| child_not_found(call, "virtualNetworkLinks"))
}

fn child_not_found(call: &Call<'_>, collection: &str) -> ArmError {
    let path = format!("{}/{collection}/{}", call.path.name(0), call.path.name(1));
    ArmError::resource_not_found(NAME, &path, call.path.group_name())
}

fn id_of(call: &Call<'_>, zone: &PrivateZone) -> String {
    call.id_in_group(
        zone.header.group.as_str(),
        &format!("{NAME}/{}", zone.header.name),
    )
}

fn shown(call: &Call<'_>, world: &World, zone: &PrivateZone) -> Value {
    let registering = zone.links.values().filter(|link| link.registers).count();
    json!({
        "id": id_of(call, zone),
        "name": zone.header.name.as_str(),
        "type": NAME,
        "etag": zone.header.etag,
        "location": "global",
        "tags": zone.header.tags,
        "properties": {
            "maxNumberOfRecordSets": 25000,
            "maxNumberOfVirtualNetworkLinks": 1000,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
            // The zone's own SOA counts.
            "numberOfRecordSets": zone.records.len() + registered(world, zone).len() + 1,
            "numberOfVirtualNetworkLinks": zone.links.len(),
            "numberOfVirtualNetworkLinksWithRegistration": registering,
            "provisioningState": "Succeeded",
        },
    })
}

fn shown_link(call: &Call<'_>, zone: &PrivateZone, link: &ZoneLink) -> Value {
    let tail = format!("Microsoft.Network/virtualNetworks/{}", link.network.name);
    let mut properties = json!({
        "virtualNetwork": { "id": call.id_in_group(link.network.group.as_str(), &tail) },
        "registrationEnabled": link.registers,
        "virtualNetworkLinkState": "Completed",
        "provisioningState": "Succeeded",
    });
    if call.version.is_since("2024-06-01") {
        let policy = if link.redirects {
            "NxDomainRedirect"
        } else {
            "Default"
        };
        properties["resolutionPolicy"] = json!(policy);
    }
    json!({
        "id": format!("{}/virtualNetworkLinks/{}", id_of(call, zone), link.name),
        "name": link.name.as_str(),
        "type": LINKS.full_name(),
        "etag": link.etag,
        "location": "global",
        "tags": link.tags,
        "properties": properties,
    })
}
