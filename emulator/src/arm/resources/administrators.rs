//! `Microsoft.Sql/managedInstances/administrators` and `azureADOnlyAuthentications`.

use axum::http::StatusCode;
use milink_core::azure::{
    DeleteAdministrator, EntraAdministrator, SetEntraOnly, WriteAdministrator,
};
use milink_model::{Administrator, ProxyResource};
use serde_json::json;
use uuid::Uuid;

use super::instance::{self, Parent};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::arm::{operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/administrators",
        Versions::Sql("2017-03-01-preview"),
    )
};

pub(in crate::arm) const ENTRA_ONLY: ResourceType = ResourceType {
    list: Some(list_entra_only),
    get: Some(get_entra_only),
    put: Some(put_entra_only),
    delete: Some(delete_entra_only),
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/azureADOnlyAuthentications",
        Versions::Sql("2020-02-02-preview"),
    )
};

/// The administrator that an object names; an empty object names none.
pub(super) fn administrator(
    object: &Object<'_>,
    call: &Call<'_>,
) -> Result<Option<EntraAdministrator>, ArmError> {
    object.ignore(&["administratorType"]);
    if object.is_empty() {
        return Ok(None);
    }
    let guid = |name| -> Result<Option<Uuid>, ArmError> {
        let text: Option<String> = object.string(name)?;
        text.map(|text| {
            Uuid::parse_str(&text).map_err(|_| {
                ArmError::invalid_content(&format!(
                    "Error converting value \"{text}\" to a GUID. Path '{name}'."
                ))
            })
        })
        .transpose()
    };
    let Some(sid) = guid("sid")? else {
        return Err(ArmError::service(
            StatusCode::BAD_REQUEST,
            "InvalidExternalAdministratorSid",
            "Invalid or missing external administrator SID.",
        ));
    };
    Ok(Some(EntraAdministrator {
        login: object.string("login")?.unwrap_or_default(),
        sid,
        tenant: guid("tenantId")?.or(Some(call.arm.config.tenant)),
        principal_type: object.string("principalType")?,
        entra_only: object
            .boolean("azureADOnlyAuthentication")?
            .unwrap_or(false),
    }))
}

/// The administrator as the instance shows it.
pub(super) fn nested(call: &Call<'_>, administrator: &EntraAdministrator) -> Administrator {
    Administrator {
        principal_type: administrator.principal_type.clone(),
        azure_ad_only_authentication: Some(administrator.entra_only),
        ..shown(call, administrator)
    }
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let rows = found(call, &parent)
        .into_iter()
        .map(|row| ("activedirectory".to_owned(), row));
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = named(call)?;
    match found(call, &parent) {
        Some(resource) => Ok(Answer::ok(&resource)),
        None => Err(ArmError::child_not_found(
            &TYPE.full_name(),
            call.path.name(1),
        )),
    }
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = named(call)?;
    let administrator =
        call.body(|body| administrator(&body.object_or_empty("properties")?, call))?;
    let administrator = administrator.ok_or_else(|| {
        ArmError::service(
            StatusCode::BAD_REQUEST,
            "InvalidExternalAdministratorLogin",
            "Invalid or missing external administrator login name.",
        )
    })?;
    let operation = call.submit_to(
        parent.id,
        WriteAdministrator {
            instance: parent.id,
            administrator,
        },
    )?;
    operations::accepted(call, operation)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = named(call)?;
    match call.submit_to(
        parent.id,
        DeleteAdministrator {
            instance: parent.id,
        },
    )? {
        Some(operation) => operations::accepted(call, operation),
        // 200 and 202 are all that the published definition knows, and all that az takes.
        None => Ok(Answer::empty(StatusCode::OK)),
    }
}

fn list_entra_only(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    paging::page(call, [("default".to_owned(), entra_only(call, &parent))])
}

fn get_entra_only(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    Ok(Answer::ok(&entra_only(call, &parent)))
}

fn put_entra_only(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let wanted = call.body(|body| {
        body.object_or_empty("properties")?
            .boolean("azureADOnlyAuthentication")
    })?;
    let entra_only = wanted.ok_or_else(|| {
        ArmError::service(
            StatusCode::BAD_REQUEST,
            "InvalidManagedServerAADOnlyAuthPropertyName",
            "The property azureADOnlyAuthentication is missing.",
        )
    })?;
    set_entra_only(call, &parent, entra_only)
}

fn delete_entra_only(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    set_entra_only(call, &parent, false)
}

fn set_entra_only(call: &Call<'_>, parent: &Parent, entra_only: bool) -> Result<Answer, ArmError> {
    let operation = call.submit_to(
        parent.id,
        SetEntraOnly {
            instance: parent.id,
            entra_only,
        },
    )?;
    operations::accepted(call, operation)
}

fn named(call: &Call<'_>) -> Result<Parent, ArmError> {
    let parent = instance::parent(call)?;
    if call.path.name(1).eq_ignore_ascii_case("ActiveDirectory") {
        return Ok(parent);
    }
    Err(ArmError::child_not_found(
        &TYPE.full_name(),
        call.path.name(1),
    ))
}

fn stored(call: &Call<'_>, parent: &Parent) -> Option<EntraAdministrator> {
    call.read(|world| {
        let managed = world.instance(parent.id)?.as_managed_instance()?;
        managed.properties.administrator.clone()
    })
}

fn found(call: &Call<'_>, parent: &Parent) -> Option<ProxyResource<Administrator>> {
    let administrator = stored(call, parent)?;
    Some(ProxyResource {
        properties: shown(call, &administrator),
        id: format!("{}/administrators/ActiveDirectory", parent.arm_id),
        name: "ActiveDirectory".to_owned(),
        kind: TYPE.full_name(),
    })
}

fn shown(call: &Call<'_>, administrator: &EntraAdministrator) -> Administrator {
    let tenant = administrator.tenant.unwrap_or(call.arm.config.tenant);
    let typed = call.version.is_since("2025-08-01");
    Administrator {
        administrator_type: Some("ActiveDirectory".to_owned()),
        principal_type: administrator.principal_type.clone().filter(|_| typed),
        login: Some(administrator.login.clone()),
        sid: Some(administrator.sid.to_string()),
        tenant_id: Some(tenant.to_string()),
        azure_ad_only_authentication: None,
    }
}

fn entra_only(call: &Call<'_>, parent: &Parent) -> ProxyResource<serde_json::Value> {
    let only = stored(call, parent).is_some_and(|administrator| administrator.entra_only);
    ProxyResource {
        properties: json!({ "azureADOnlyAuthentication": only }),
        id: format!("{}/azureADOnlyAuthentications/Default", parent.arm_id),
        name: "Default".to_owned(),
        kind: ENTRA_ONLY.full_name(),
    }
}
