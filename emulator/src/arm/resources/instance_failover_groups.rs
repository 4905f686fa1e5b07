//! `Microsoft.Sql/locations/instanceFailoverGroups`.
//!
//! Codes and texts are those of the published definition (`InstanceFailoverGroups.json`, 2021-11-01). Both regions of a group have the
//! resource, each with the role of its own instance.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::{
    DeleteFailoverGroup, FailOverGroup, FailoverGroupPlace, FailoverGroupSettings,
    FailoverGroupView, FailoverPolicy, GroupFailover, ResourceKey, SecondaryType,
    WriteFailoverGroup,
};
use milink_core::instance::Instance;
use milink_core::names::Name;
use serde_json::{Value, json};

use super::instance;
use super::references::Id;
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::arm::{location, operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    actions: &[
        ("failover", fail_over),
        ("forceFailoverAllowDataLoss", force_fail_over),
    ],
    ..ResourceType::new(
        "Microsoft.Sql",
        "locations/instanceFailoverGroups",
        Versions::Sql("2017-10-01-preview"),
    )
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let region = location::region_for(&TYPE.full_name(), call.path.name(0))?;
    let rows: Vec<_> = call.read(|world| {
        let here = |group: &FailoverGroupView<'_>| FailoverGroupPlace {
            location: region.clone(),
            resource_group: Name::new(call.path.group_name()),
            name: group.group.name.clone(),
        };
        let groups = world.failover_groups();
        let shown = groups.filter_map(|group| shown(call, world, &here(&group)));
        shown
            .map(|row| {
                let id = row["id"].as_str().unwrap_or_default().to_lowercase();
                (id, row)
            })
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let place = place(call)?;
    match call.read(|world| shown(call, world, &place)) {
        Some(found) => Ok(Answer::ok(&found)),
        None => Err(ArmError::child_not_found(
            &TYPE.full_name(),
            place.name.as_str(),
        )),
    }
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let place = place(call)?;
    let request = call.body(|body| read(call, body, place))?;
    let operation = call.submit(request)?;
    operations::accepted(call, operation)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let place = place(call)?;
    match call.submit(DeleteFailoverGroup { place })? {
        Some(operation) => operations::accepted(call, operation),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

fn fail_over(call: &Call<'_>) -> Result<Answer, ArmError> {
    change_primary(call, GroupFailover::Planned)
}

fn force_fail_over(call: &Call<'_>) -> Result<Answer, ArmError> {
    change_primary(call, GroupFailover::Forced)
}

fn change_primary(call: &Call<'_>, kind: GroupFailover) -> Result<Answer, ArmError> {
    let place = place(call)?;
    let operation = call.submit(FailOverGroup { place, kind })?;
    operations::accepted(call, operation)
}

fn place(call: &Call<'_>) -> Result<FailoverGroupPlace, ArmError> {
    Ok(FailoverGroupPlace {
        location: location::region_for(&TYPE.full_name(), call.path.name(0))?,
        resource_group: Name::new(call.path.group_name()),
        name: Name::new(call.path.name(1)),
    })
}

fn read(
    call: &Call<'_>,
    body: &Object<'_>,
    place: FailoverGroupPlace,
) -> Result<WriteFailoverGroup, ArmError> {
    let properties = body.object("properties")?;
    let properties = properties
        .filter(|found| !found.is_empty())
        .ok_or_else(|| {
            bad(
                "",
                "The create or update instance failover group request body is empty or invalid.",
            )
        })?;
    properties.ignore(&["replicationRole", "replicationState"]);
    let partner = || {
        bad(
            "InvalidPartner",
            "The given partners field in create or update instance failover group request body is empty or invalid.",
        )
    };
    let regions = properties.objects("partnerRegions")?.unwrap_or_default();
    let region = match regions.as_slice() {
        [] => return Err(partner()),
        [one] => one,
        _ => {
            return Err(bad(
                "UnsupportedPartnerCount",
                "Only one partner region is supported.",
            ));
        }
    };
    region.ignore(&["replicationRole"]);
    let region = region.string("location")?.filter(|it| !it.is_empty());
    let region = region.ok_or_else(|| {
        bad(
            "InvalidManagedInstanceRegion",
            "The provided partner managed instance region in the instance failover group request body is empty or invalid.",
        )
    })?;
    let pairs = properties.objects("managedInstancePairs")?;
    let pairs = pairs.unwrap_or_default();
    let pair = match pairs.as_slice() {
        [] => return Err(partner()),
        [one] => one,
        _ => {
            return Err(bad(
                "UnsupportedPairCount",
                "Only one managed instance pair is supported.",
            ));
        }
    };
    Ok(WriteFailoverGroup {
        place,
        primary: member(call, pair.string("primaryManagedInstanceId")?, || {
            bad(
                "InvalidPrimary",
                "The given primary field in create or update instance failover group request body is empty or invalid.",
            )
        })?,
        partner: member(call, pair.string("partnerManagedInstanceId")?, partner)?,
        partner_region: location::region_for(&TYPE.full_name(), &region)?,
        settings: FailoverGroupSettings {
            policy: policy(&properties)?,
            readers_follow: readers_follow(&properties)?,
            secondary_type: secondary_type(&properties)?,
        },
    })
}

fn member(
    call: &Call<'_>,
    id: Option<String>,
    refused: impl Fn() -> ArmError,
) -> Result<ResourceKey, ArmError> {
    let id = id.ok_or_else(&refused)?;
    call.linked("Microsoft.Sql/managedInstances/write", &id)?;
    let found = Id::parse(call, &id).map_err(|_| refused())?;
    match found.kind.eq_ignore_ascii_case(instance::TYPE) {
        true => Ok(found.key()),
        false => Err(refused()),
    }
}

fn policy(properties: &Object<'_>) -> Result<FailoverPolicy, ArmError> {
    const GRACE: &str = "failoverWithDataLossGracePeriodMinutes";
    let endpoint = properties.object("readWriteEndpoint")?;
    let endpoint = endpoint.ok_or_else(|| {
        bad(
            "InvalidReadWriteEndpoint",
            "The readWriteEndpoint field is required for create or update requests.",
        )
    })?;
    let grace = endpoint.integer(GRACE)?;
    if grace.is_some_and(|grace| grace < 0) {
        return Err(bad(
            "NegativeGracePeriodValues",
            "Grace period value for the read-write endpoint must be non-negative.",
        ));
    }
    let word = endpoint.string("failoverPolicy")?.unwrap_or_default();
    match (word.to_ascii_lowercase().as_str(), grace) {
        ("manual", None) => Ok(FailoverPolicy::Manual),
        ("manual", Some(_)) => Err(bad(
            "InvalidReadWriteEndpointFieldsForManualPolicy",
            "Grace period value should not be provided when failover policy Manual is selected for the read-write endpoint.",
        )),
        ("automatic", Some(grace)) => {
            let grace = u32::try_from(grace).unwrap_or(u32::MAX);
            Ok(FailoverPolicy::Automatic { grace })
        }
        ("automatic", None) => Err(bad(
            "InvalidReadWriteEndpointFields",
            "The property failoverWithDataLossGracePeriodMinutes must be provided when failover policy Automatic is selected for the read-write endpoint.",
        )),
        _ => Err(bad(
            "InvalidReadWriteFailoverPolicy",
            "The failoverPolicy field for the read-write endpoint is required for create or update requests.",
        )),
    }
}

/// `readOnlyEndpoint.failoverPolicy`; what is not said is Disabled, as in the published examples.
fn readers_follow(properties: &Object<'_>) -> Result<bool, ArmError> {
    let endpoint = properties.object_or_empty("readOnlyEndpoint")?;
    let word = endpoint.string("failoverPolicy")?.unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "" | "disabled" => Ok(false),
        "enabled" => Ok(true),
        _ => Err(bad(
            "",
            "The create or update instance failover group request body is empty or invalid.",
        )),
    }
}

fn secondary_type(properties: &Object<'_>) -> Result<SecondaryType, ArmError> {
    let word = properties.string("secondaryType")?.unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "" | "geo" => Ok(SecondaryType::Geo),
        "standby" => Ok(SecondaryType::Standby),
        _ => Err(bad(
            "",
            "The create or update instance failover group request body is empty or invalid.",
        )),
    }
}

fn bad(what: &str, text: &str) -> ArmError {
    let what = match what {
        "" => "Invalid",
        what => what,
    };
    let code = format!("InstanceFailoverGroupCreateOrUpdateRequest{what}");
    ArmError::service(StatusCode::BAD_REQUEST, &code, text)
}

/// The group as it is shown where one of its instances is.
fn shown(call: &Call<'_>, world: &World, place: &FailoverGroupPlace) -> Option<Value> {
    let found = world.failover_group_at(place)?;
    let location = |instance: &Instance| {
        let managed = instance.as_managed_instance();
        managed.map_or_else(String::new, |it| it.properties.location.clone())
    };
    let is_primary = location(found.primary) == place.location;
    let role = |primary| if primary { "Primary" } else { "Secondary" };
    let partner = match is_primary {
        true => found.secondary,
        false => found.primary,
    };
    let id = |instance: &Instance| {
        let managed = instance.as_managed_instance()?;
        let tail = format!("{}/{}", instance::TYPE, instance.name);
        Some(call.id_in_group(managed.properties.resource_group.as_str(), &tail))
    };
    let group = found.group;
    let read_write = match group.policy {
        FailoverPolicy::Manual => json!({"failoverPolicy": "Manual"}),
        FailoverPolicy::Automatic { grace } => json!({
            "failoverPolicy": "Automatic",
            "failoverWithDataLossGracePeriodMinutes": grace,
        }),
    };
    let tail = format!(
        "Microsoft.Sql/locations/{}/instanceFailoverGroups/{}",
        place.location, group.name
    );
    Some(json!({
        "properties": {
            "secondaryType": group.secondary_type.text(),
            "readWriteEndpoint": read_write,
            "readOnlyEndpoint": {
                "failoverPolicy": if group.readers_follow { "Enabled" } else { "Disabled" },
            },
            "replicationRole": role(is_primary),
            "replicationState": found.state,
            "partnerRegions": [{
                "location": location(partner),
                "replicationRole": role(!is_primary),
            }],
            "managedInstancePairs": [{
                "primaryManagedInstanceId": id(found.primary),
                "partnerManagedInstanceId": id(found.secondary),
            }],
        },
        "id": call.id_in_group(place.resource_group.as_str(), &tail),
        "name": group.name.as_str(),
        "type": TYPE.full_name(),
    }))
}
