//! `Microsoft.Sql/managedInstances/databases/transparentDataEncryption`: what SET ENCRYPTION does, by Resource Manager.

use axum::http::StatusCode;
use milink_core::encryption::SwitchEncryption;
use milink_core::ids::DatabaseId;
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
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/databases/transparentDataEncryption",
        Versions::Sql("2020-02-02-preview"),
    )
};

const DATABASE: &str = "Microsoft.Sql/managedInstances/databases";
/// The only name.
const CURRENT: &str = "current";

/// A database, as it is here.
struct Found {
    id: DatabaseId,
    name: String,
    on: bool,
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let database = found(call, &parent)?;
    paging::page(call, [(CURRENT.to_owned(), shown(&parent, &database))])
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = named(call)?;
    Ok(Answer::ok(&shown(&parent, &found(call, &parent)?)))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = named(call)?;
    let state = call.body(|body| body.object_or_empty("properties")?.string("state"))?;
    let on = match state.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("enabled") => true,
        Some("disabled") => false,
        _ => {
            return Err(ArmError::service(
                StatusCode::BAD_REQUEST,
                "InvalidParameterValue",
                "Invalid value given for parameter state. Specify a valid parameter value.",
            ));
        }
    };
    let database = found(call, &parent)?;
    // To ask for what is so changes nothing.
    if database.on != on {
        call.submit_to(
            parent.id,
            SwitchEncryption {
                instance: parent.id,
                database: database.id,
                on,
            },
        )?;
    }
    Ok(Answer::ok(&shown(&parent, &found(call, &parent)?)))
}

fn named(call: &Call<'_>) -> Result<Parent, ArmError> {
    let parent = instance::parent(call)?;
    let name = call.path.name(2);
    match name.eq_ignore_ascii_case(CURRENT) {
        true => Ok(parent),
        false => Err(ArmError::child_not_found(&TYPE.full_name(), name)),
    }
}

fn found(call: &Call<'_>, parent: &Parent) -> Result<Found, ArmError> {
    let wanted = call.path.name(1);
    let found = call.read(|world| {
        let found = world.instance(parent.id)?.database(wanted)?;
        let key = found.content.encryption_key.as_ref();
        (!found.is_system()).then(|| Found {
            id: found.id,
            name: found.name.to_string(),
            on: key.is_some_and(|key| key.on),
        })
    });
    found.ok_or_else(|| ArmError::child_not_found(DATABASE, wanted))
}

fn shown(parent: &Parent, database: &Found) -> Value {
    let state = if database.on { "Enabled" } else { "Disabled" };
    json!({
        "properties": { "state": state },
        "id": format!(
            "{}/databases/{}/transparentDataEncryption/{CURRENT}",
            parent.arm_id, database.name
        ),
        "name": CURRENT,
        "type": TYPE.full_name(),
    })
}
