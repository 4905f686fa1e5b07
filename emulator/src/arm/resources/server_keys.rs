//! `Microsoft.Sql/managedInstances/keys`: the service's own key, and keys of vaults that an instance may use.
//!
//! No vault is played: a key's URI is taken as it is, and every key works.

use axum::http::StatusCode;
use milink_core::encryption::{
    DeleteServerKey, SERVICE_MANAGED, ServerKey, VaultKey, WriteServerKey,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::instance::{self, Parent};
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
        "Microsoft.Sql",
        "managedInstances/keys",
        Versions::Sql("2017-10-01-preview"),
    )
};

/// ARM's word for keys of vaults.
pub(super) const VAULT: &str = "AzureKeyVault";

const BAD: StatusCode = StatusCode::BAD_REQUEST;

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let keys: Vec<(Name, ServerKey)> = instance::read(call, &parent, |world| {
        let managed = world.instance(parent.id)?.as_managed_instance()?;
        let keys = managed.encryption.keys.iter();
        Some(
            keys.map(|(name, key)| (name.clone(), key.clone()))
                .collect(),
        )
    })?;
    let vault = keys
        .iter()
        .map(|(name, key)| (name.folded().to_owned(), shown(&parent, name.as_str(), key)));
    let all = [("servicemanaged".to_owned(), of_service(&parent))].into_iter();
    paging::page(call, all.chain(vault).collect::<Vec<_>>())
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let name = call.path.name(1);
    if is_of_service(name) {
        return Ok(Answer::ok(&of_service(&parent)));
    }
    Ok(Answer::ok(&read(call, &parent, name)?))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let name = call.path.name(1);
    let (kind, uri, auto_rotation) = call.body(|body| {
        body.ignore(&["kind", "location"]);
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["thumbprint", "creationDate"]);
        Ok((
            properties.string("serverKeyType")?,
            properties.string("uri")?,
            properties.boolean("autoRotationEnabled")?,
        ))
    })?;
    let kind = kind.ok_or_else(|| {
        ArmError::service(
            BAD,
            "InvalidKeyUpsertRequest",
            "The create server key request does not exist or has no properties object.",
        )
    })?;
    if is_of_service(&kind) {
        return Err(service_is_fixed());
    }
    if !kind.eq_ignore_ascii_case(VAULT) {
        return Err(ArmError::service(
            BAD,
            "InvalidKeyType",
            "The create server key type is not supported.",
        ));
    }
    let uri = uri.filter(|uri| !uri.trim().is_empty()).ok_or_else(|| {
        ArmError::service(
            BAD,
            "SecurityAzureKeyVaultUrlNullOrEmpty",
            "The operation could not be completed because the Azure Key Vault Uri is null or empty.",
        )
    })?;
    let expected = name_of(&uri).ok_or_else(|| {
        ArmError::service(
            BAD,
            "AzureKeyVaultMalformedVaultUri",
            "The provided Key Vault uri is not valid.",
        )
    })?;
    if !expected.eq_ignore_ascii_case(name) {
        return Err(ArmError::service(
            BAD,
            "SecurityAzureKeyVaultInvalidKeyName",
            format!(
                "The operation could not be completed because of an invalid Server Key name. The name of this key is '{expected}'."
            ),
        ));
    }
    let is_new = read(call, &parent, name).is_err();
    call.submit_to(
        parent.id,
        WriteServerKey {
            instance: parent.id,
            name: Name::new(name),
            key: VaultKey { uri: uri.into() },
            auto_rotation: auto_rotation.unwrap_or(false),
        },
    )?;
    Ok(Answer::written(is_new, &read(call, &parent, name)?))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let name = call.path.name(1);
    if is_of_service(name) {
        return Err(service_is_fixed());
    }
    let request = DeleteServerKey {
        instance: parent.id,
        name: Name::new(name),
    };
    let status = match call.submit_to(parent.id, request)? {
        true => StatusCode::OK,
        false => StatusCode::NO_CONTENT,
    };
    Ok(Answer::empty(status))
}

/// The name that ARM wants for the key of a URI: vault, key and version with underscores; az makes the same.
pub(super) fn name_of(uri: &str) -> Option<String> {
    let rest = uri.trim().strip_prefix("https://")?;
    let mut parts = rest.trim_end_matches('/').split('/');
    let vault = parts.next()?.split_once('.')?.0;
    let key = parts.next().filter(|word| *word == "keys");
    let key = key.and_then(|_| parts.next())?;
    let name = match (parts.next(), parts.next()) {
        (Some(version), None) => format!("{vault}_{key}_{version}"),
        // Without a version it is the newest one, whichever that is.
        (None, _) => format!("{vault}_{key}"),
        (Some(_), Some(_)) => return None,
    };
    (!vault.is_empty() && !key.is_empty() && name.len() <= 512).then_some(name)
}

pub(super) fn is_of_service(word: &str) -> bool {
    word.eq_ignore_ascii_case(SERVICE_MANAGED)
}

fn service_is_fixed() -> ArmError {
    ArmError::service(
        BAD,
        "InvalidUpsertKeyType",
        "Service-managed TDE keys are managed by the service. Service-managed TDE keys don't support Create or Update by the user.",
    )
}

fn read(call: &Call<'_>, parent: &Parent, name: &str) -> Result<Value, ArmError> {
    instance::read(call, parent, |world| {
        let managed = world.instance(parent.id)?.as_managed_instance()?;
        let (name, key) = managed.encryption.keys.get_key_value(&Name::new(name))?;
        Some(shown(parent, name.as_str(), key))
    })
}

fn shown(parent: &Parent, name: &str, key: &ServerKey) -> Value {
    let properties = json!({
        "serverKeyType": VAULT,
        "uri": key.key.uri,
        "thumbprint": data_encoding::HEXUPPER.encode(&key.key.thumbprint()),
        "creationDate": key.created.to_arm_text(),
        "autoRotationEnabled": key.auto_rotation,
    });
    resource(parent, name, "azurekeyvault", &properties)
}

fn of_service(parent: &Parent) -> Value {
    let properties = json!({ "serverKeyType": SERVICE_MANAGED });
    resource(parent, SERVICE_MANAGED, "servicemanaged", &properties)
}

fn resource(parent: &Parent, name: &str, kind: &str, properties: &Value) -> Value {
    json!({
        "kind": kind,
        "properties": properties,
        "id": format!("{}/keys/{name}", parent.arm_id),
        "name": name,
        "type": TYPE.full_name(),
    })
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn keys_have_the_names_of_their_uris() {
        for (uri, name) in [
            ("https://v.vault.azure.net/keys/k/01", Some("v_k_01")),
            ("https://v.vault.azure.net/keys/k", Some("v_k")),
            ("https://v.vault.azure.net/keys/k/01/2", None),
            ("https://v.vault.azure.net/secrets/k/01", None),
            ("http://v.vault.azure.net/keys/k/01", None),
            ("https:///keys/k/01", None),
            ("https://.a/keys//", None),
            ("", None),
        ] {
            assert_eq!(name_of(uri).as_deref(), name, "{uri}");
        }
    }
}
