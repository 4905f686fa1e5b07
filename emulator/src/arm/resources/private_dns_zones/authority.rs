//! A private zone's own record, its start of authority: there from the beginning, and only changed.

use milink_core::azure::fabric::{PrivateZone, StartOfAuthority, WriteAuthority};
use serde_json::{Value, json};

use super::{VERSIONS, child_not_found, find, id_of};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::network;
use crate::arm::resources::references::invalid;

pub(in crate::arm) const SOA: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(write),
    patch: Some(write),
    ..ResourceType::new("Microsoft.Network", "privateDnsZones/SOA", VERSIONS)
};

/// Azure's, of every zone (observed in Azure's own examples).
const HOST: &str = "azureprivatedns.net";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let row = find(call, |_, zone| ("@".to_owned(), shown(call, zone)))?;
    paging::page(call, vec![row])
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let shown = find(call, |_, zone| shown(call, zone))?;
    match call.path.name(1) {
        "@" => Ok(Answer::ok(&shown)),
        _ => Err(child_not_found(call, "SOA")),
    }
}

/// PUT and PATCH do the same: what is left out stays (guess of the former).
fn write(call: &Call<'_>) -> Result<Answer, ArmError> {
    let old = find(call, |_, zone| zone.authority.clone())?;
    if call.path.name(1) != "@" {
        return Err(child_not_found(call, "SOA"));
    }
    let authority = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["fqdn", "isAutoRegistered", "provisioningState", "metadata"]);
        let own = properties.object_or_empty("soaRecord")?;
        if let Some(host) = own.string("host")?
            && !host.trim_end_matches('.').eq_ignore_ascii_case(HOST)
        {
            return Err(invalid("host", &host));
        }
        Ok(StartOfAuthority {
            ttl_seconds: number(&properties, "ttl", old.ttl_seconds)?,
            email: own.string("email")?.unwrap_or(old.email),
            serial: number(&own, "serialNumber", old.serial)?,
            refresh_seconds: number(&own, "refreshTime", old.refresh_seconds)?,
            retry_seconds: number(&own, "retryTime", old.retry_seconds)?,
            expire_seconds: number(&own, "expireTime", old.expire_seconds)?,
            minimum_ttl_seconds: number(&own, "minimumTtl", old.minimum_ttl_seconds)?,
        })
    })?;
    call.submit(WriteAuthority {
        zone: network::key(call),
        authority,
    })?;
    get(call)
}

fn number(object: &Object<'_>, member: &str, otherwise: u32) -> Result<u32, ArmError> {
    let Some(value) = object.integer(member)? else {
        return Ok(otherwise);
    };
    u32::try_from(value).map_err(|_| invalid(member, &value.to_string()))
}

pub(super) fn shown(call: &Call<'_>, zone: &PrivateZone) -> Value {
    let own = &zone.authority;
    json!({
        "id": format!("{}/SOA/@", id_of(call, zone)),
        "name": "@",
        "type": SOA.full_name(),
        "etag": zone.header.etag,
        "properties": {
            "fqdn": format!("{}.", zone.header.name),
            "ttl": own.ttl_seconds,
            "isAutoRegistered": false,
            "soaRecord": {
                "host": HOST,
                "email": own.email,
                "serialNumber": own.serial,
                "refreshTime": own.refresh_seconds,
                "retryTime": own.retry_seconds,
                "expireTime": own.expire_seconds,
                "minimumTtl": own.minimum_ttl_seconds,
            },
        },
    })
}
