//! `Microsoft.Network/privateDnsZones`, their records, and the networks that hear them.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::fabric::{
    DeleteRecordSet, DeleteZone, DeleteZoneLink, Place, PrivateZone, RecordKind, RecordSet,
    Records, WriteRecordSet, WriteZone, WriteZoneLink, ZoneLink,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::network;
use super::references::{Id, invalid, missing, reference};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

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

pub(in crate::arm) const A: ResourceType = records("privateDnsZones/A");
pub(in crate::arm) const CNAME: ResourceType = records("privateDnsZones/CNAME");
pub(in crate::arm) const TXT: ResourceType = records("privateDnsZones/TXT");
/// The zone's own, which it begins with; it cannot be changed here.
pub(in crate::arm) const SOA: ResourceType = ResourceType {
    list: Some(list_soa),
    get: Some(get_soa),
    ..ResourceType::new("Microsoft.Network", "privateDnsZones/SOA", VERSIONS)
};
pub(in crate::arm) const ALL: ResourceType = ResourceType {
    list: Some(list_records),
    ..ResourceType::new("Microsoft.Network", "privateDnsZones/ALL", VERSIONS)
};

const VERSIONS: Versions = Versions::PrivateDns;
const NAME: &str = "Microsoft.Network/privateDnsZones";

const fn records(name: &'static str) -> ResourceType {
    ResourceType {
        list: Some(list_records),
        get: Some(get_record),
        put: Some(put_record),
        patch: Some(patch_record),
        delete: Some(delete_record),
        ..ResourceType::new("Microsoft.Network", name, VERSIONS)
    }
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = network::rows(call, |world| {
        let zones = world.azure.fabric.private_zones.iter();
        zones
            .map(|(key, zone)| (key.clone(), shown(call, zone)))
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, zone| shown(call, zone)).map(|value| Answer::ok(&value))
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
    let zone = find(call, |_, zone| shown(call, zone))?;
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

/// The kind of record in the path; none for all of them.
fn kind(call: &Call<'_>) -> Option<RecordKind> {
    let word = call.path.pairs.get(1).map(|(word, _)| word.as_str());
    let word = word.or(call.path.tail.as_deref()).unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "A" => Some(RecordKind::A),
        "CNAME" => Some(RecordKind::Cname),
        "TXT" => Some(RecordKind::Txt),
        _ => None,
    }
}

fn list_records(call: &Call<'_>) -> Result<Answer, ArmError> {
    let kind = kind(call);
    let rows = find(call, |_, zone| {
        let sets = zone.records.iter();
        let sets = sets.filter(|((of, _), _)| kind.is_none_or(|kind| kind == *of));
        let mut rows: Vec<_> = sets
            .map(|((of, name), set)| {
                let key = format!("{}/{}", name.folded(), word(*of));
                (key, shown_record(call, zone, set))
            })
            .collect();
        if kind.is_none() {
            rows.push(("@/SOA".to_owned(), shown_soa(call, zone)));
            rows.sort_by(|one, other| one.0.cmp(&other.0));
        }
        rows
    })?;
    paging::page(call, rows)
}

fn list_soa(call: &Call<'_>) -> Result<Answer, ArmError> {
    let row = find(call, |_, zone| ("@".to_owned(), shown_soa(call, zone)))?;
    paging::page(call, vec![row])
}

fn get_soa(call: &Call<'_>) -> Result<Answer, ArmError> {
    let shown = find(call, |_, zone| shown_soa(call, zone))?;
    match call.path.name(1) {
        "@" => Ok(Answer::ok(&shown)),
        _ => Err(child_not_found(call, "SOA")),
    }
}

fn get_record(call: &Call<'_>) -> Result<Answer, ArmError> {
    read_record(call).map(|value| Answer::ok(&value))
}

fn put_record(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    write_record(call, None)
}

/// What the request leaves out stays as it is.
fn patch_record(call: &Call<'_>) -> Result<Answer, ArmError> {
    let kind = kind(call).unwrap_or(RecordKind::A);
    let key = (kind, Name::new(call.path.name(1)));
    let found = find(call, |_, zone| zone.records.get(&key).cloned())?;
    let found = found.ok_or_else(|| child_not_found(call, word(kind)))?;
    write_record(call, Some(found))
}

fn write_record(call: &Call<'_>, old: Option<RecordSet>) -> Result<Answer, ArmError> {
    let kind = kind(call).unwrap_or(RecordKind::A);
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["fqdn", "isAutoRegistered", "provisioningState"]);
        let metadata = properties.texts("metadata")?;
        let ttl = properties.integer("ttl")?;
        let ttl = ttl.map(|ttl| u32::try_from(ttl).map_err(|_| invalid("ttl", &ttl.to_string())));
        let (ttl, records) = (ttl.transpose()?, records_in(kind, &properties)?);
        let was = |read: fn(&RecordSet) -> u32| old.as_ref().map(read);
        Ok(WriteRecordSet {
            zone: network::key(call),
            name: Name::new(call.path.name(1)),
            ttl_seconds: ttl.or(was(|old| old.ttl_seconds)).unwrap_or(3600),
            metadata: metadata
                .or_else(|| old.as_ref().map(|old| old.metadata.clone()))
                .unwrap_or_default(),
            records: records
                .or_else(|| old.as_ref().map(|old| old.records.clone()))
                .unwrap_or_else(|| none(kind)),
        })
    })?;
    let new = call.submit(request)?;
    Ok(Answer::written(new, &read_record(call)?))
}

/// No records of a kind.
fn none(kind: RecordKind) -> Records {
    match kind {
        RecordKind::A => Records::A(Vec::new()),
        RecordKind::Cname => Records::Cname(None),
        RecordKind::Txt => Records::Txt(Vec::new()),
    }
}

/// The records in a request, if it speaks of them.
fn records_in(kind: RecordKind, properties: &Object<'_>) -> Result<Option<Records>, ArmError> {
    Ok(match kind {
        RecordKind::A => {
            let Some(records) = properties.objects("aRecords")? else {
                return Ok(None);
            };
            let addresses = records.iter().map(|record| {
                let text = record.string("ipv4Address")?.unwrap_or_default();
                text.parse().map_err(|_| invalid("ipv4Address", &text))
            });
            Some(Records::A(addresses.collect::<Result<_, _>>()?))
        }
        RecordKind::Cname => {
            let Some(record) = properties.object("cnameRecord")? else {
                return Ok(None);
            };
            let name = record.string("cname")?.filter(|name| !name.is_empty());
            Some(Records::Cname(name))
        }
        RecordKind::Txt => {
            let Some(records) = properties.objects("txtRecords")? else {
                return Ok(None);
            };
            let texts = records
                .iter()
                .map(|record| Ok(record.strings("value")?.unwrap_or_default()));
            Some(Records::Txt(texts.collect::<Result<_, ArmError>>()?))
        }
    })
}

fn delete_record(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let gone = call.submit(DeleteRecordSet {
        zone: network::key(call),
        kind: kind(call).unwrap_or(RecordKind::A),
        name: Name::new(call.path.name(1)),
    })?;
    Ok(Answer::empty(match gone {
        true => StatusCode::OK,
        false => StatusCode::NO_CONTENT,
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

fn read_record(call: &Call<'_>) -> Result<Value, ArmError> {
    let key = (
        kind(call).unwrap_or(RecordKind::A),
        Name::new(call.path.name(1)),
    );
    let found = find(call, |_, zone| {
        let set = zone.records.get(&key)?;
        Some(shown_record(call, zone, set))
    })?;
    found.ok_or_else(|| child_not_found(call, word(key.0)))
}

fn child_not_found(call: &Call<'_>, collection: &str) -> ArmError {
    let path = format!("{}/{collection}/{}", call.path.name(0), call.path.name(1));
    ArmError::resource_not_found(NAME, &path, call.path.group_name())
}

fn word(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::A => "A",
        RecordKind::Cname => "CNAME",
        RecordKind::Txt => "TXT",
    }
}

fn id_of(call: &Call<'_>, zone: &PrivateZone) -> String {
    call.id_in_group(
        zone.header.group.as_str(),
        &format!("{NAME}/{}", zone.header.name),
    )
}

fn shown(call: &Call<'_>, zone: &PrivateZone) -> Value {
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
            "numberOfRecordSets": zone.records.len() + 1,
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

fn shown_record(call: &Call<'_>, zone: &PrivateZone, set: &RecordSet) -> Value {
    let kind = word(set.records.kind());
    let fqdn = match set.name.as_str() {
        "@" => format!("{}.", zone.header.name),
        name => format!("{name}.{}.", zone.header.name),
    };
    let mut properties = json!({
        "fqdn": fqdn,
        "ttl": set.ttl_seconds,
        "isAutoRegistered": false,
    });
    if !set.metadata.is_empty() {
        properties["metadata"] = json!(set.metadata);
    }
    match &set.records {
        Records::A(addresses) => {
            let records: Vec<Value> = addresses
                .iter()
                .map(|address| json!({ "ipv4Address": address.to_string() }))
                .collect();
            properties["aRecords"] = json!(records);
        }
        Records::Cname(Some(name)) => properties["cnameRecord"] = json!({ "cname": name }),
        Records::Cname(None) => (),
        Records::Txt(texts) => {
            let records: Vec<Value> = texts.iter().map(|text| json!({ "value": text })).collect();
            properties["txtRecords"] = json!(records);
        }
    }
    json!({
        "id": format!("{}/{kind}/{}", id_of(call, zone), set.name),
        "name": set.name.as_str(),
        "type": format!("{NAME}/{kind}"),
        "etag": set.etag,
        "properties": properties,
    })
}

/// As a new zone has it (observed in Azure's own examples).
fn shown_soa(call: &Call<'_>, zone: &PrivateZone) -> Value {
    json!({
        "id": format!("{}/SOA/@", id_of(call, zone)),
        "name": "@",
        "type": SOA.full_name(),
        "etag": zone.header.etag,
        "properties": {
            "fqdn": format!("{}.", zone.header.name),
            "ttl": 3600,
            "isAutoRegistered": false,
            "soaRecord": {
                "host": "azureprivatedns.net",
                "email": "azureprivatedns-host.microsoft.com",
                "serialNumber": 1,
                "refreshTime": 3600,
                "retryTime": 300,
                "expireTime": 2_419_200,
                "minimumTtl": 10,
            },
        },
    })
}
