//! `Microsoft.Sql/locations/serverTrustGroups`, and the groups that an instance is in.
//!
//! Codes and texts are those of the published definition (`ServerTrustGroups.json`, 2023-08-01-preview).

use std::collections::BTreeSet;

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::{
    DeleteTrustGroup, ResourceKey, TrustGroup, TrustGroupKey, TrustScope, WriteTrustGroup,
};
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
    ..ResourceType::new("Microsoft.Sql", "locations/serverTrustGroups", VERSIONS)
};

pub(in crate::arm) const OF_INSTANCE: ResourceType = ResourceType {
    list: Some(list_of_instance),
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/serverTrustGroups",
        VERSIONS,
    )
};

const VERSIONS: Versions = Versions::Sql("2020-02-02-preview");
/// Since when there is a scope for Service Broker.
const BROKER_SINCE: &str = "2020-11-01";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let location = region(call)?;
    let group = Name::new(call.path.group_name());
    let rows: Vec<_> = call.read(|world| {
        let groups = world.azure.trust.groups.iter();
        groups
            .filter(|(key, _)| key.location == location && key.resource.group == group)
            .map(|(_, group)| row(call, world, group))
            .collect()
    });
    paging::page(call, rows)
}

fn list_of_instance(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let rows: Vec<_> = call.read(|world| {
        let groups = world.trust_groups_of(parent.id);
        groups.map(|(_, group)| row(call, world, group)).collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = key(call)?;
    let found = call.read(|world| {
        let group = world.azure.trust.groups.get(&key)?;
        Some(shown(call, world, group))
    });
    match found {
        Some(found) => Ok(Answer::ok(&found)),
        None => Err(ArmError::service(
            StatusCode::NOT_FOUND,
            "ServerTrustGroupNotFound",
            format!(
                "Server trust group with name '{}' does not exist.",
                key.resource.name
            ),
        )),
    }
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = key(call)?;
    let (members, scopes) = call.body(|body| {
        let properties = properties(body)?;
        Ok((members(call, &properties)?, scopes(call, &properties)?))
    })?;
    let operation = call.submit(WriteTrustGroup {
        key,
        location: call.path.name(0).to_owned(),
        members,
        scopes,
    })?;
    operations::accepted(call, operation)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = key(call)?;
    match call.submit(DeleteTrustGroup { key })? {
        Some(operation) => operations::accepted(call, operation),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

fn region(call: &Call<'_>) -> Result<String, ArmError> {
    location::region_for(&TYPE.full_name(), call.path.name(0))
}

fn key(call: &Call<'_>) -> Result<TrustGroupKey, ArmError> {
    Ok(TrustGroupKey {
        location: region(call)?,
        resource: ResourceKey {
            group: Name::new(call.path.group_name()),
            name: Name::new(call.path.name(1)),
        },
    })
}

fn properties<'a>(body: &Object<'a>) -> Result<Object<'a>, ArmError> {
    let found = body.object("properties").ok().flatten();
    found.filter(|found| !found.is_empty()).ok_or_else(|| {
        bad(
            "",
            "The resource or resource properties in the request body is empty or invalid.",
        )
    })
}

fn members(call: &Call<'_>, properties: &Object<'_>) -> Result<Vec<ResourceKey>, ArmError> {
    let listed = properties.objects("groupMembers").ok().flatten();
    let listed = listed.ok_or_else(|| {
        bad(
            "InvalidGroupMembers",
            "The group members property in the request body is empty or invalid.",
        )
    })?;
    let members = listed.iter().map(|member| {
        let id = member.string("serverId").ok().flatten();
        if let Some(id) = &id {
            call.linked("Microsoft.Sql/managedInstances/write", id)?;
        }
        let id = id.and_then(|id| Id::parse(call, &id).ok());
        let id = id.filter(|id| id.kind.eq_ignore_ascii_case(instance::TYPE));
        id.map(|id| id.key()).ok_or_else(|| {
            bad(
                "InvalidServer",
                "The given serverId field in create server trust group request body is empty or invalid.",
            )
        })
    });
    members.collect()
}

fn scopes(call: &Call<'_>, properties: &Object<'_>) -> Result<BTreeSet<TrustScope>, ArmError> {
    let listed = properties.strings("trustScopes").ok().flatten();
    let listed = listed.ok_or_else(|| {
        bad(
            "InvalidTrustScopes",
            "The trust scope property in the request body is empty or invalid.",
        )
    })?;
    let scopes = listed.iter().map(|word| {
        let scope = TrustScope::parse(word);
        let known = scope.filter(|scope| {
            *scope != TrustScope::ServiceBroker || call.version.is_since(BROKER_SINCE)
        });
        known.ok_or_else(|| {
            bad(
                "InvalidTrustScopesValue",
                "The trust scope property in the request body has an invalid value.",
            )
        })
    });
    scopes.collect()
}

fn bad(what: &str, text: &str) -> ArmError {
    let code = format!(
        "ServerTrustGroupCreateRequest{}",
        match what {
            "" => "Invalid",
            what => what,
        }
    );
    ArmError::service(StatusCode::BAD_REQUEST, &code, text)
}

fn row(call: &Call<'_>, world: &World, group: &TrustGroup) -> (String, Value) {
    let shown = shown(call, world, group);
    (
        shown["id"].as_str().unwrap_or_default().to_lowercase(),
        shown,
    )
}

fn shown(call: &Call<'_>, world: &World, group: &TrustGroup) -> Value {
    let members = group.members.iter().filter_map(|id| {
        let found = world.instance(*id)?;
        let managed = found.as_managed_instance()?;
        let tail = format!("{}/{}", instance::TYPE, found.name);
        let id = call.id_in_group(managed.properties.resource_group.as_str(), &tail);
        Some(json!({ "serverId": id }))
    });
    let scopes = group.scopes.iter();
    // A client of a version that knows one scope is told of that one.
    let scopes = scopes.filter(|scope| {
        **scope != TrustScope::ServiceBroker || call.version.is_since(BROKER_SINCE)
    });
    let tail = format!(
        "Microsoft.Sql/locations/{}/serverTrustGroups/{}",
        group.location, group.name
    );
    json!({
        "properties": {
            "groupMembers": members.collect::<Vec<_>>(),
            "trustScopes": scopes.map(|scope| scope.text()).collect::<Vec<_>>(),
        },
        "id": call.id_in_group(group.group.as_str(), &tail),
        "name": group.name.as_str(),
        "type": TYPE.full_name(),
    })
}
