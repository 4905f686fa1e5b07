//! `Microsoft.Authorization/roleDefinitions`: those that are built in, and the subscription's own.

use axum::http::StatusCode;
use milink_core::azure::authorization::{
    BUILT_IN, BuiltInRole, DefineRole, Permission, RemoveDefinition, RoleDefinition, Scope,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::role_assignments::{scope, scope_id};
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
    ..ResourceType::new(
        "Microsoft.Authorization",
        "roleDefinitions",
        Versions::Authorization,
    )
};

const NAME: &str = "Microsoft.Authorization/roleDefinitions";
fn bad<T>(code: &str, text: String) -> Result<T, ArmError> {
    Err(ArmError::service(StatusCode::BAD_REQUEST, code, text))
}

/// When the built-in roles were made, as far as anybody is told (guess).
const SINCE: &str = "2015-02-02T21:55:09.8806423Z";

/// The id of a role, as assignments name it.
pub(super) fn id(call: &Call<'_>, role: Uuid) -> String {
    format!(
        "/subscriptions/{}/providers/{NAME}/{role}",
        call.subscription
    )
}

/// The role that an id names, which may be no more than its GUID.
pub(super) fn id_of(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text.trim_end_matches('/').rsplit('/').next()?).ok()
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let (mut name, mut kind) = (None, None);
    for part in call.query("$filter").unwrap_or_default().split(" and ") {
        let (part, folded) = (part.trim(), part.trim().to_ascii_lowercase());
        let value = |at: usize| Some(part[at..].trim().trim_matches('\'').replace("''", "'"));
        if folded.starts_with("rolename eq ") {
            name = value("rolename eq ".len());
        } else if folded.starts_with("type eq ") {
            kind = value("type eq ".len());
        } else if !matches!(folded.as_str(), "" | "atscope()" | "atscopeandbelow()") {
            return Err(ArmError::gateway(
                StatusCode::BAD_REQUEST,
                "UnsupportedQuery",
                format!("The filter '{part}' is not supported for role definitions."),
            ));
        }
    }
    let at = scope(call);
    let mut rows: Vec<Value> = BUILT_IN.iter().map(|role| built_in(call, role)).collect();
    rows.extend(call.read(|world| {
        let own = world.azure.authorization.definitions.values();
        let own = own.filter(|role| {
            let mut scopes = role.assignable.iter();
            scopes.any(|one| one.holds(at.as_str()) || at.holds(one.as_str()))
        });
        own.map(|role| shown(call, role)).collect::<Vec<_>>()
    }));
    let wanted = |row: &Value, member: &str, wanted: &Option<String>| {
        let found = row["properties"][member].as_str().unwrap_or_default();
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(found))
    };
    rows.retain(|row| wanted(row, "roleName", &name) && wanted(row, "type", &kind));
    let key = |row: &Value| row["name"].as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<(String, Value)> = rows.into_iter().map(|row| (key(&row), row)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let text = leaf(call);
    let found = id_of(text).and_then(|id| {
        let known = BUILT_IN.iter().find(|role| id_of(role.id) == Some(id));
        if let Some(role) = known {
            return Some(built_in(call, role));
        }
        call.read(|world| {
            let role = world.azure.authorization.definitions.get(&id)?;
            Some(shown(call, role))
        })
    });
    found.map(|row| Answer::ok(&row)).ok_or_else(|| {
        ArmError::service(
            StatusCode::NOT_FOUND,
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{text}' does not exist."),
        )
    })
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let Some(id) = id_of(leaf(call)) else {
        return bad(
            "InvalidRoleDefinitionId",
            format!(
                "The role definition ID '{}' is not valid. The role definition ID must be a GUID.",
                leaf(call)
            ),
        );
    };
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&[
            "type",
            "createdOn",
            "updatedOn",
            "createdBy",
            "updatedBy",
        ]);
        let name = properties.string("roleName")?.unwrap_or_default();
        if name.is_empty() {
            return bad("RoleDefinitionNameEmpty", "The role definition name is empty.".to_owned());
        }
        let permissions = properties.objects("permissions")?.unwrap_or_default();
        let permissions: Vec<Permission> =
            permissions.iter().map(permission).collect::<Result<_, _>>()?;
        if permissions.is_empty() {
            return bad(
                "RoleDefinitionPermissionsEmpty",
                format!("The role definition '{name}' has no permissions."),
            );
        }
        let scopes = properties.strings("assignableScopes")?.unwrap_or_default();
        let assignable = scopes.iter().map(|one| Some(Scope::new(call.relative(one)?)));
        let assignable: Option<Vec<Scope>> = assignable.collect();
        let Some(assignable) = assignable.filter(|all| !all.is_empty()) else {
            return bad(
                "InvalidAssignableScopes",
                format!("The assignable scopes '{}' of the role definition '{name}' are not scopes of the subscription.", scopes.join(", ")),
            );
        };
        Ok(DefineRole {
            id,
            name,
            description: properties.string("description")?.unwrap_or_default(),
            permissions,
            assignable,
        })
    })?;
    call.submit(request)?;
    let made = call.read(|world| {
        let role = world.azure.authorization.definitions.get(&id)?;
        Some(shown(call, role))
    });
    Ok(Answer::json(StatusCode::CREATED, &made))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let Some(id) = id_of(leaf(call)) else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    let found = call.read(|world| {
        let role = world.azure.authorization.definitions.get(&id)?;
        Some(shown(call, role))
    });
    match (call.submit(RemoveDefinition { id })?, found) {
        (true, Some(found)) => Ok(Answer::ok(&found)),
        _ => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

fn permission(written: &Object<'_>) -> Result<Permission, ArmError> {
    written.ignore(&["condition", "conditionVersion"]);
    let list = |name| Ok::<_, ArmError>(written.strings(name)?.unwrap_or_default());
    let permission = Permission {
        actions: list("actions")?,
        not_actions: list("notActions")?,
        data_actions: list("dataActions")?,
        not_data_actions: list("notDataActions")?,
    };
    for action in permission.actions.iter().chain(&permission.not_actions) {
        let fits = action == "*" || action.contains('/');
        if !fits || action.chars().any(char::is_whitespace) {
            return Err(ArmError::service(
                StatusCode::BAD_REQUEST,
                "InvalidActionOrNotAction",
                format!("'{action}' does not match any of the actions supported by the providers."),
            ));
        }
    }
    Ok(permission)
}

fn leaf<'a>(call: &'a Call<'_>) -> &'a str {
    call.path.pairs.last().map_or("", |(_, name)| name.as_str())
}

fn built_in(call: &Call<'_>, role: &BuiltInRole) -> Value {
    json!({
        "id": format!("/subscriptions/{}/providers/{NAME}/{}", call.subscription, role.id),
        "name": role.id,
        "type": NAME,
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole",
            "description": role.description,
            "assignableScopes": ["/"],
            "permissions": [{
                "actions": role.actions,
                "notActions": role.not_actions,
                "dataActions": [],
                "notDataActions": [],
            }],
            "createdOn": SINCE,
            "updatedOn": SINCE,
            "createdBy": null,
            "updatedBy": null,
        },
    })
}

fn shown(call: &Call<'_>, role: &RoleDefinition) -> Value {
    let permissions = role.permissions.iter().map(|one| {
        json!({
            "actions": one.actions,
            "notActions": one.not_actions,
            "dataActions": one.data_actions,
            "notDataActions": one.not_data_actions,
        })
    });
    let scopes = role.assignable.iter().map(|one| scope_id(call, one));
    json!({
        "id": id(call, role.id),
        "name": role.id,
        "type": NAME,
        "properties": {
            "roleName": role.name,
            "type": "CustomRole",
            "description": role.description,
            "assignableScopes": scopes.collect::<Vec<_>>(),
            "permissions": permissions.collect::<Vec<_>>(),
            "createdOn": role.created.to_string(),
            "updatedOn": role.changed.to_string(),
            "createdBy": null,
            "updatedBy": null,
        },
    })
}
