//! Record sets of private zones: written ones, and those of machines that are registered.

use std::net::Ipv4Addr;

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::fabric::{
    DeleteRecordSet, PrivateZone, REGISTERED_TTL_SECONDS, RecordKind, RecordSet, Records,
    WriteRecordSet, registered,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::{NAME, VERSIONS, authority, child_not_found, find, id_of, wire};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::network;
use crate::arm::resources::references::invalid;

pub(in crate::arm) const A: ResourceType = records("privateDnsZones/A");
pub(in crate::arm) const AAAA: ResourceType = records("privateDnsZones/AAAA");
pub(in crate::arm) const CNAME: ResourceType = records("privateDnsZones/CNAME");
pub(in crate::arm) const MX: ResourceType = records("privateDnsZones/MX");
pub(in crate::arm) const PTR: ResourceType = records("privateDnsZones/PTR");
pub(in crate::arm) const SRV: ResourceType = records("privateDnsZones/SRV");
pub(in crate::arm) const TXT: ResourceType = records("privateDnsZones/TXT");
pub(in crate::arm) const ALL: ResourceType = ResourceType {
    list: Some(list),
    ..ResourceType::new("Microsoft.Network", "privateDnsZones/ALL", VERSIONS)
};

const fn records(name: &'static str) -> ResourceType {
    ResourceType {
        list: Some(list),
        get: Some(get),
        put: Some(put),
        patch: Some(patch),
        delete: Some(delete),
        ..ResourceType::new("Microsoft.Network", name, VERSIONS)
    }
}

/// The kind of record in the path; none for all of them.
fn kind(call: &Call<'_>) -> Option<RecordKind> {
    let word = call.path.pairs.get(1).map(|(word, _)| word.as_str());
    let word = word.or(call.path.tail.as_deref()).unwrap_or_default();
    RecordKind::parse(word)
}

/// The kind and name of the record set in the path.
fn key(call: &Call<'_>) -> (RecordKind, Name) {
    let kind = kind(call).unwrap_or(RecordKind::A);
    (kind, Name::new(call.path.name(1)))
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let kind = kind(call);
    let rows = find(call, |world, zone| {
        let is_wanted = |of: RecordKind| kind.is_none_or(|kind| kind == of);
        let sets = zone.records.iter().filter(|((of, _), _)| is_wanted(*of));
        let mut rows: Vec<_> = sets
            .map(|((of, name), set)| {
                let key = format!("{}/{}", name.folded(), of.text());
                (key, shown(call, zone, set))
            })
            .collect();
        if is_wanted(RecordKind::A) {
            rows.extend(registered(world, zone).into_iter().map(|(name, all)| {
                let key = format!("{}/A", name.folded());
                (key, shown_machine(call, zone, &name, all))
            }));
        }
        if kind.is_none() {
            rows.push(("@/SOA".to_owned(), authority::shown(call, zone)));
        }
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows
    })?;
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    write(call, None)
}

/// What the request leaves out stays as it is.
fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = key(call);
    let found = find(call, |_, zone| zone.records.get(&key).cloned())?;
    let found = found.ok_or_else(|| child_not_found(call, key.0.text()))?;
    write(call, Some(found))
}

fn write(call: &Call<'_>, old: Option<RecordSet>) -> Result<Answer, ArmError> {
    let (kind, name) = key(call);
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["fqdn", "isAutoRegistered", "provisioningState"]);
        let metadata = properties.texts("metadata")?;
        let ttl = properties.integer("ttl")?;
        let ttl = ttl.map(|ttl| u32::try_from(ttl).map_err(|_| invalid("ttl", &ttl.to_string())));
        let (ttl, records) = (ttl.transpose()?, wire::read(kind, &properties)?);
        let was = |read: fn(&RecordSet) -> u32| old.as_ref().map(read);
        Ok(WriteRecordSet {
            zone: network::key(call),
            name,
            ttl_seconds: ttl.or(was(|old| old.ttl_seconds)).unwrap_or(3600),
            metadata: metadata
                .or_else(|| old.as_ref().map(|old| old.metadata.clone()))
                .unwrap_or_default(),
            records: records
                .or_else(|| old.as_ref().map(|old| old.records.clone()))
                .unwrap_or_else(|| Records::none(kind)),
        })
    })?;
    let new = call.submit(request)?;
    Ok(Answer::written(new, &read(call)?))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let (kind, name) = key(call);
    let gone = call.submit(DeleteRecordSet {
        zone: network::key(call),
        kind,
        name,
    })?;
    Ok(Answer::empty(match gone {
        true => StatusCode::OK,
        false => StatusCode::NO_CONTENT,
    }))
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    let key = key(call);
    let found = find(call, |world, zone| match zone.records.get(&key) {
        Some(set) => Some(shown(call, zone, set)),
        None => of_machine(call, world, zone, &key),
    })?;
    found.ok_or_else(|| child_not_found(call, key.0.text()))
}

fn of_machine(
    call: &Call<'_>,
    world: &World,
    zone: &PrivateZone,
    (kind, name): &(RecordKind, Name),
) -> Option<Value> {
    let all = (*kind == RecordKind::A).then(|| registered(world, zone).remove(name))??;
    Some(shown_machine(call, zone, name, all))
}

fn shown_machine(
    call: &Call<'_>,
    zone: &PrivateZone,
    name: &Name,
    addresses: Vec<Ipv4Addr>,
) -> Value {
    let set = RecordSet {
        name: name.clone(),
        ttl_seconds: REGISTERED_TTL_SECONDS,
        etag: zone.header.etag,
        metadata: Default::default(),
        records: Records::A(addresses),
    };
    let mut shown = shown(call, zone, &set);
    shown["properties"]["isAutoRegistered"] = json!(true);
    shown
}

fn shown(call: &Call<'_>, zone: &PrivateZone, set: &RecordSet) -> Value {
    let kind = set.records.kind().text();
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
    wire::show(&set.records, &mut properties);
    json!({
        "id": format!("{}/{kind}/{}", id_of(call, zone), set.name),
        "name": set.name.as_str(),
        "type": format!("{NAME}/{kind}"),
        "etag": set.etag,
        "properties": properties,
    })
}
