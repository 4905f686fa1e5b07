//! `Microsoft.Sql/managedInstances/databases`.

use axum::http::StatusCode;
use milink_core::azure::{
    DeleteManagedDatabase, ManagedDatabaseView, UpdateManagedDatabase, WriteManagedDatabase,
};
use milink_core::names::Name;
use milink_model::{ManagedDatabaseProperties, TrackedResource};

use super::instance::{self, Parent};
use super::refused_action;
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
    patch: Some(patch),
    delete: Some(delete),
    actions: &[
        ("completeRestore", refused_action),
        ("startMove", refused_action),
        ("cancelMove", refused_action),
        ("completeMove", refused_action),
    ],
    ..ResourceType::new(
        "Microsoft.Sql",
        NAME_IN_PROVIDER,
        Versions::Sql("2017-03-01-preview"),
    )
};

const NAME_IN_PROVIDER: &str = "managedInstances/databases";
const NAME: &str = "Microsoft.Sql/managedInstances/databases";

const READ_ONLY: [&str; 7] = [
    "status",
    "creationDate",
    "earliestRestorePoint",
    "defaultSecondaryLocation",
    "failoverGroupId",
    "catalogCollation",
    "extendedAccessibilityInfo",
];

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let rows: Vec<_> = call.read(|world| {
        let databases = world.managed_databases(parent.id).into_iter();
        databases
            .map(|view| (view.name.folded().to_owned(), shown(&parent, view)))
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let found = instance::read(call, &parent, |world| {
        let mut databases = world.managed_databases(parent.id).into_iter();
        databases.find(|view| view.name.is(call.path.name(1)))
    })?;
    Ok(Answer::ok(&shown(&parent, found)))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&READ_ONLY);
        refuse_restores(&properties)?;
        Ok(WriteManagedDatabase {
            instance: parent.id,
            name: Name::new(call.path.name(1)),
            location: Some(call.required_region(NAME, body)?),
            collation: properties.string("collation")?,
            tags: body.tags()?,
        })
    })?;
    let operation = call.submit_to(parent.id, request)?;
    operations::accepted(call, operation)
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let request = call.body(|body| {
        body.ignore(&["location", "properties"]);
        Ok(UpdateManagedDatabase {
            instance: parent.id,
            name: Name::new(call.path.name(1)),
            tags: body.tags()?,
        })
    })?;
    let operation = call.submit_to(parent.id, request)?;
    operations::accepted(call, operation)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let name = Name::new(call.path.name(1));
    match call.submit_to(
        parent.id,
        DeleteManagedDatabase {
            instance: parent.id,
            name,
        },
    )? {
        Some(operation) => operations::accepted(call, operation),
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

fn refuse_restores(properties: &Object<'_>) -> Result<(), ArmError> {
    if properties.boolean("isLedgerOn")?.unwrap_or(false) {
        return Err(ArmError::not_emulated("A ledger database"));
    }
    match properties.string("createMode")? {
        Some(mode) if !mode.eq_ignore_ascii_case("Default") => Err(ArmError::not_emulated(
            &format!("createMode '{mode}' of a managed database"),
        )),
        _ => Ok(()),
    }
}

fn shown(parent: &Parent, view: ManagedDatabaseView) -> TrackedResource<ManagedDatabaseProperties> {
    let created = view.created.map(|created| created.to_arm_text());
    let online = view.status == "Online";
    TrackedResource {
        location: parent.location.clone(),
        tags: view.tags,
        sku: None,
        identity: None,
        properties: ManagedDatabaseProperties {
            collation: Some(view.collation.name().to_owned()),
            status: Some(view.status.to_owned()),
            // The first backup is taken when a database is created (guess: at that very moment).
            earliest_restore_point: created.clone().filter(|_| online),
            creation_date: created,
            default_secondary_location: location::paired(&parent.location).map(str::to_owned),
        },
        id: format!("{}/databases/{}", parent.arm_id, view.name),
        name: view.name.to_string(),
        kind: NAME.to_owned(),
    }
}
