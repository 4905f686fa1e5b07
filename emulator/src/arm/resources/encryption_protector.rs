//! `Microsoft.Sql/managedInstances/encryptionProtector`: what protects the databases that an instance encrypts.

use axum::http::StatusCode;
use milink_core::encryption::{ProtectorChoice, SERVICE_MANAGED, SetProtector};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::instance::{self, Parent};
use super::server_keys::{VAULT, is_of_service};
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
    actions: &[("revalidate", revalidate)],
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/encryptionProtector",
        Versions::Sql("2017-10-01-preview"),
    )
};

/// The only name.
const CURRENT: &str = "current";
const BAD: StatusCode = StatusCode::BAD_REQUEST;

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    paging::page(call, [(CURRENT.to_owned(), shown(call, &parent)?)])
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = named(call)?;
    Ok(Answer::ok(&shown(call, &parent)?))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = named(call)?;
    let (kind, name, auto_rotation) = call.body(|body| {
        body.ignore(&["kind", "location"]);
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["uri", "thumbprint"]);
        Ok((
            properties.string("serverKeyType")?,
            properties.string("serverKeyName")?,
            properties.boolean("autoRotationEnabled")?,
        ))
    })?;
    let protector = match (kind.as_deref().unwrap_or_default(), name) {
        (kind, None) if is_of_service(kind) => ProtectorChoice::Service,
        (kind, Some(name)) if is_of_service(kind) && is_of_service(&name) => {
            ProtectorChoice::Service
        }
        (kind, Some(name)) if kind.eq_ignore_ascii_case(VAULT) => {
            ProtectorChoice::Vault(Name::new(&name))
        }
        (kind, _) if is_of_service(kind) || kind.eq_ignore_ascii_case(VAULT) => {
            return Err(ArmError::service(
                BAD,
                "InvalidKeyName",
                "An invalid value was given for the server key name.",
            ));
        }
        _ => {
            return Err(ArmError::service(
                BAD,
                "InvalidKeyType",
                "The create server key type is not supported.",
            ));
        }
    };
    call.submit_to(
        parent.id,
        SetProtector {
            instance: parent.id,
            protector,
            auto_rotation: auto_rotation.unwrap_or(false),
        },
    )?;
    Ok(Answer::ok(&shown(call, &parent)?))
}

/// Nothing can have become of a key's vault.
fn revalidate(call: &Call<'_>) -> Result<Answer, ArmError> {
    named(call)?;
    Ok(Answer::empty(StatusCode::OK))
}

fn named(call: &Call<'_>) -> Result<Parent, ArmError> {
    let parent = instance::parent(call)?;
    match call.path.name(1).eq_ignore_ascii_case(CURRENT) {
        true => Ok(parent),
        false => Err(ArmError::service(
            BAD,
            "InvalidEncryptionProtectorName",
            "The encryption protector key name is not supported.",
        )),
    }
}

fn shown(call: &Call<'_>, parent: &Parent) -> Result<Value, ArmError> {
    let (kind, properties) = instance::read(call, parent, |world| {
        let instance = world.instance(parent.id)?;
        let encryption = &instance.as_managed_instance()?.encryption;
        let key = encryption.vault_key.as_ref();
        let key = key.and_then(|name| encryption.keys.get_key_value(name));
        let thumbprint = encryption.protector().thumbprint(instance);
        let thumbprint = data_encoding::HEXUPPER.encode(&thumbprint);
        Some(match key {
            None => (
                "servicemanaged",
                json!({
                    "serverKeyName": SERVICE_MANAGED,
                    "serverKeyType": SERVICE_MANAGED,
                    "autoRotationEnabled": encryption.auto_rotation,
                }),
            ),
            Some((name, key)) => (
                "azurekeyvault",
                json!({
                    "serverKeyName": name.as_str(),
                    "serverKeyType": VAULT,
                    "uri": key.key.uri,
                    "thumbprint": thumbprint,
                    "autoRotationEnabled": encryption.auto_rotation,
                }),
            ),
        })
    })?;
    Ok(json!({
        "kind": kind,
        "properties": properties,
        "id": format!("{}/encryptionProtector/{CURRENT}", parent.arm_id),
        "name": CURRENT,
        "type": TYPE.full_name(),
    }))
}
