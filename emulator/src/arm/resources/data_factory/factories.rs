//! `Microsoft.DataFactory/factories`.

use axum::http::StatusCode;
use milink_core::azure::data_factory::{DeleteFactory, Factory, KIND, UpdateFactory, WriteFactory};
use milink_core::azure::fabric::Place;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{answer, condition, deleted, etag, id, resource_type, test_connectivity};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::{network, references};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    patch: Some(patch),
    delete: Some(delete),
    actions: &[("testConnectivity", test_connectivity::test)],
    ..resource_type("factories")
};

/// What a factory can have in Azure, and not here.
const NOT_HERE: [&str; 4] = [
    "repoConfiguration",
    "globalParameters",
    "encryption",
    "purviewConfiguration",
];

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = network::rows(call, |world| {
        let factories = world.azure.data_factories.values();
        factories
            .map(|factory| (factory.key.clone(), shown(call, factory).1))
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|found| answer(call, found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        body.ignore(&["eTag"]);
        let location = call.required_region(KIND, body)?;
        Ok(WriteFactory {
            place: Place {
                key: network::key(call),
                location,
                tags: body.tags()?.unwrap_or_default(),
            },
            public_network_access: public_network_access(body)?.unwrap_or(true),
            identity: identity(body)?.unwrap_or(false),
            condition: condition(call),
        })
    })?;
    call.submit(request)?;
    read(call).map(|(_, value)| Answer::ok(&value))
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call)?;
    let request = call.body(|body| {
        Ok(UpdateFactory {
            key: network::key(call),
            tags: body.tags()?,
            public_network_access: public_network_access(body)?,
            identity: identity(body)?,
        })
    })?;
    call.submit(request)?;
    read(call).map(|(_, value)| Answer::ok(&value))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    call.submit(DeleteFactory { key }).map(deleted)
}

fn public_network_access(body: &Object<'_>) -> Result<Option<bool>, ArmError> {
    let properties = body.object_or_empty("properties")?;
    properties.ignore(&["provisioningState", "createTime", "version"]);
    for name in NOT_HERE {
        if properties
            .object(name)?
            .is_some_and(|object| !object.is_empty())
        {
            return Err(ArmError::not_emulated(&format!(
                "'{name}' of a data factory"
            )));
        }
    }
    let name = "publicNetworkAccess";
    match properties.string(name)?.as_deref() {
        None => Ok(None),
        Some(text) if text.eq_ignore_ascii_case("Enabled") => Ok(Some(true)),
        Some(text) if text.eq_ignore_ascii_case("Disabled") => Ok(Some(false)),
        Some(other) => Err(references::invalid(name, other)),
    }
}

fn identity(body: &Object<'_>) -> Result<Option<bool>, ArmError> {
    let Some(identity) = body.object("identity")? else {
        return Ok(None);
    };
    identity.ignore(&["principalId", "tenantId"]);
    match identity.string("type")?.as_deref() {
        None => Err(references::missing("identity.type")),
        Some(kind) if kind.eq_ignore_ascii_case("SystemAssigned") => Ok(Some(true)),
        Some(kind) if kind.eq_ignore_ascii_case("None") => Ok(Some(false)),
        Some(kind) if kind.to_ascii_lowercase().contains("userassigned") => Err(
            ArmError::not_emulated("A user-assigned identity of a data factory"),
        ),
        Some(other) => Err(references::invalid("identity.type", other)),
    }
}

fn read(call: &Call<'_>) -> Result<(Uuid, Value), ArmError> {
    let found = call.read(|world| {
        let factory = world.data_factory(&network::key(call))?;
        Some(shown(call, factory))
    });
    found.ok_or_else(|| {
        ArmError::resource_not_found(KIND, call.path.name(0), call.path.group_name())
    })
}

fn shown(call: &Call<'_>, factory: &Factory) -> (Uuid, Value) {
    let access = match factory.public_network_access {
        true => "Enabled",
        false => "Disabled",
    };
    let mut shown = json!({
        "name": factory.key.name.as_str(),
        "id": id(call, factory, ""),
        "type": KIND,
        "location": factory.location,
        "tags": factory.tags,
        "eTag": etag(factory.etag),
        "properties": {
            "provisioningState": "Succeeded",
            "createTime": factory.created.to_string(),
            "version": "2018-06-01",
            "publicNetworkAccess": access,
        },
    });
    if let Some(principal) = factory.identity {
        shown["identity"] = json!({
            "type": "SystemAssigned",
            "principalId": principal,
            "tenantId": call.arm.config.tenant,
        });
    }
    (factory.etag, shown)
}

/// A request that Data Factory cannot read.
pub(super) fn bad_request(text: impl Into<String>) -> ArmError {
    ArmError::service(StatusCode::BAD_REQUEST, "BadRequest", text)
}
