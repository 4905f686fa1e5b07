//! `Microsoft.Sql/managedInstances/operations`: what has been done to an instance, and canceling it.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::{CancelOperation, ManagedInstanceView};
use milink_core::ids::OperationId;
use milink_core::operation::{Operation, OperationState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::instance;
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::{ArmError, of_operation};
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    actions: &[("cancel", cancel)],
    ..ResourceType::new(
        "Microsoft.Sql",
        "managedInstances/operations",
        Versions::Sql("2018-06-01-preview"),
    )
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = of_instance(call)?;
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let wanted = call.path.name(1).to_ascii_lowercase();
    let found = of_instance(call)?
        .into_iter()
        .find(|(_, value)| value["name"] == wanted);
    match found {
        Some((_, value)) => Ok(Answer::ok(&value)),
        None => Err(not_found(call.path.name(1))),
    }
}

fn cancel(call: &Call<'_>) -> Result<Answer, ArmError> {
    let wanted = call.path.name(1).to_ascii_lowercase();
    if !of_instance(call)?
        .iter()
        .any(|(_, value)| value["name"] == wanted)
    {
        return Err(not_found(call.path.name(1)));
    }
    let id = Uuid::parse_str(&wanted).map_err(|_| not_found(call.path.name(1)))?;
    call.submit(CancelOperation {
        operation: OperationId(id),
    })?;
    Ok(Answer::empty(StatusCode::OK))
}

/// The operations on the instance of the path, oldest first. An instance that is being created has one already.
fn of_instance(call: &Call<'_>) -> Result<Vec<(String, Value)>, ArmError> {
    let name = call.path.name(0);
    let rows = call.read(|world| {
        let view = world.managed_instance_view(name)?;
        if !view.properties.resource_group.is(call.path.group_name()) {
            return None;
        }
        let path = format!("{}/{}", instance::TYPE, view.name);
        let mut all: Vec<&Operation> = world
            .operations
            .values()
            .map(|operation| &**operation)
            .filter(|operation| {
                operation.stem == "managedInstance" && operation.resource.path == path
            })
            .collect();
        all.sort_by_key(|operation| (operation.started, operation.id));
        let rows = all.iter().map(|operation| {
            let key = format!("{:020}{}", operation.started.0, operation.id);
            (key, shown(call, world, &view, operation))
        });
        Some(rows.collect())
    });
    match rows {
        Some(rows) => Ok(rows),
        None => Err(instance::parent(call)
            .err()
            .unwrap_or_else(|| not_found(name))),
    }
}

fn shown(
    call: &Call<'_>,
    world: &World,
    view: &ManagedInstanceView<'_>,
    operation: &Operation,
) -> Value {
    let now = world.now();
    let due = world.operation_due(operation.id);
    let percent = match (&operation.state, due) {
        (OperationState::InProgress, Some(due)) => {
            let whole = due.since(operation.started).0.max(1);
            now.since(operation.started).0 * 100 / whole
        }
        (OperationState::InProgress, None) => 0,
        _ => 100,
    };
    let state = match &operation.state {
        OperationState::InProgress => "InProgress",
        OperationState::Succeeded { .. } => "Succeeded",
        OperationState::Failed { .. } => "Failed",
        OperationState::Canceled { .. } => "Cancelled",
    };
    let friendly = match operation.word {
        "DropManagedServer" => "DELETE MANAGED INSTANCE",
        _ if view.properties.created == operation.started => "CREATE MANAGED INSTANCE",
        _ => "UPDATE MANAGED INSTANCE",
    };
    let id = call.id_in_group(
        view.properties.resource_group.as_str(),
        &format!(
            "{}/{}/operations/{}",
            instance::TYPE,
            view.name,
            operation.id
        ),
    );
    let mut properties = json!({
        "managedInstanceName": view.name.as_str(),
        "operation": operation.word,
        "operationFriendlyName": friendly,
        "percentComplete": percent,
        "startTime": operation.started.to_arm_text(),
        "state": state,
        "isCancellable": world.is_cancellable(operation.id),
    });
    if let Some(due) = due {
        properties["estimatedCompletionTime"] = json!(due.to_arm_text());
    }
    if let OperationState::Failed { error, .. } = &operation.state {
        let error = of_operation(error);
        properties["errorDescription"] = json!(error.detail().message);
        properties["isUserError"] = json!(true);
    }
    json!({ "properties": properties, "id": id, "name": operation.id.to_string(), "type": TYPE.full_name() })
}

fn not_found(id: &str) -> ArmError {
    ArmError::service(
        StatusCode::NOT_FOUND,
        "OperationIdNotFound",
        format!("The operation with Id: '{id}' does not exist."),
    )
}
