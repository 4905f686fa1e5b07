//! `Microsoft.Resources/resourceGroups`.

use axum::http::{Method, StatusCode};
use milink_core::azure::{
    DeleteResourceGroup, ResourceGroup, UpdateResourceGroup, WriteResourceGroup,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::{authorization, operations, paging};

const TYPE: &str = "Microsoft.Resources/resourceGroups";

/// `GET …/resourceGroups`, with `$filter=tagName eq 'x' [and tagValue eq 'y']`.
pub(in crate::arm) fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let filter = call
        .query("$filter")
        .map(super::generic::Filter::parse)
        .transpose()?;
    let mut groups: Vec<(String, Value)> = call.read(|world| {
        let all = world.azure.resource_groups.values();
        let wanted = all.filter(|group| {
            filter
                .as_ref()
                .is_none_or(|filter| filter.accepts_tags(&group.tags))
        });
        wanted
            .map(|group| (group.name.folded().to_owned(), shown(call, group)))
            .collect()
    });
    groups.retain(|(_, group)| {
        let id = group["id"].as_str().unwrap_or_default();
        authorization::sees(call, "Microsoft.Resources/subscriptions/resourceGroups", id)
    });
    paging::page(call, groups)
}

/// Everything about one group.
pub(in crate::arm) fn one(call: &Call<'_>) -> Result<Answer, ArmError> {
    match call.method {
        Method::GET => get(call).map(|value| Answer::ok(&value)),
        Method::HEAD => Ok(Answer::empty(if get(call).is_ok() {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::NOT_FOUND
        })),
        Method::PUT => put(call),
        Method::PATCH => patch(call),
        Method::DELETE => {
            let operation = call.submit(DeleteResourceGroup { name: name(call) })?;
            Ok(operations::group_deletion(call, operation))
        }
        _ => Err(ArmError::method_not_allowed(&[
            "GET", "HEAD", "PUT", "PATCH", "DELETE",
        ])),
    }
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        body.ignore(&["properties", "managedBy"]);
        Ok(WriteResourceGroup {
            name: name(call),
            location: call.required_region(TYPE, body)?,
            tags: body.tags()?.unwrap_or_default(),
        })
    })?;
    let new = call.submit(request)?;
    Ok(Answer::written(new, &get(call)?))
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        body.ignore(&["properties", "managedBy", "location"]);
        Ok(UpdateResourceGroup {
            name: name(call),
            tags: body.tags()?,
        })
    })?;
    call.submit(request)?;
    Ok(Answer::ok(&get(call)?))
}

fn get(call: &Call<'_>) -> Result<Value, ArmError> {
    let found = call.read(|world| {
        world
            .azure
            .resource_groups
            .get(&name(call))
            .map(|group| shown(call, group))
    });
    found.ok_or_else(|| ArmError::group_not_found(call.path.group_name()))
}

fn name(call: &Call<'_>) -> Name {
    Name::new(call.path.group_name())
}

fn shown(call: &Call<'_>, group: &ResourceGroup) -> Value {
    let state = if group.deletion.is_some() {
        "Deleting"
    } else {
        "Succeeded"
    };
    let mut shown = json!({
        "id": format!("/subscriptions/{}/resourceGroups/{}", call.subscription, group.name),
        "name": group.name.as_str(),
        "type": TYPE,
        "location": group.location,
        "properties": { "provisioningState": state },
    });
    if !group.tags.is_empty() {
        shown["tags"] = json!(group.tags);
    }
    shown
}
