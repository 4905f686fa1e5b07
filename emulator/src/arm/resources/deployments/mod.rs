//! `Microsoft.Resources/deployments`: templates, at resource groups and at the subscription.
//!
//! What has ended lets the next begin: a deployment goes on when something happens in its world ([`stir`]), and at the
//! latest when Resource Manager is asked something ([`go_on`]).

mod cleanup;
mod contents;
mod copy;
mod prepare;
mod read;
mod run;
mod what_if;

use axum::http::StatusCode;
use milink_core::azure::deployment::{
    CancelDeployment, DeleteDeployment, Deployment, DeploymentKey, DeploymentState,
};
use milink_core::names::Name;
use milink_core::refusal::Refusal;
use serde_json::{Value, json};

use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::arm::{operations, paging};

pub(in crate::arm) use run::{go_on, stir};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    actions: &[
        ("validate", validate),
        ("whatIf", what_if::what_if),
        ("exportTemplate", export),
        ("cancel", cancel),
    ],
    ..ResourceType::new("Microsoft.Resources", "deployments", Versions::Resources)
};

pub(in crate::arm) const OPERATIONS: ResourceType = ResourceType {
    list_all: Some(list_operations),
    list: Some(list_operations),
    get: Some(get_operation),
    ..ResourceType::new(
        "Microsoft.Resources",
        "deployments/operations",
        Versions::Resources,
    )
};

pub(in crate::arm) const STATUSES: ResourceType = ResourceType {
    get: Some(get_status),
    ..ResourceType::new(
        "Microsoft.Resources",
        "deployments/operationStatuses",
        Versions::Resources,
    )
};

const NAME: &str = "Microsoft.Resources/deployments";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let state = call.query("$filter").map(state_filter).transpose()?;
    let group = call.path.group.as_deref().map(Name::new);
    let rows: Vec<(String, Value)> = call.read(|world| {
        let all = world.azure.deployments.of(group.as_ref());
        let rows = all.map(|found| {
            let key = found.key.name.folded().to_owned();
            (key, read::shown(call, found))
        });
        rows.filter(|(_, row)| {
            let found = row["properties"]["provisioningState"].as_str();
            state
                .as_deref()
                .is_none_or(|state| found.is_some_and(|found| found.eq_ignore_ascii_case(state)))
        })
        .collect()
    });
    paging::page(call, rows)
}

/// `provisioningState eq 'Failed'`: what az sends for `deployment group list --filter`.
fn state_filter(filter: &str) -> Result<String, ArmError> {
    let state = filter
        .trim()
        .strip_prefix("provisioningState eq '")
        .and_then(|rest| rest.strip_suffix('\''));
    state.map(str::to_owned).ok_or_else(|| {
        ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidFilterInQueryString",
            format!("Invalid $filter '{filter}' specified in the query string."),
        )
    })
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    Ok(Answer::ok(&read::shown(call, &find(call)?)))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    // What may not begin is not looked into.
    let admit = |steps: usize| {
        let admitted = call.read(|world| world.azure.deployments.admit(&key(call), steps));
        admitted.map_err(|refusal| ArmError::from(&Refusal::from(refusal)))
    };
    if call.read(|world| world.azure.deployments.running().count()) > 0 {
        admit(1)?;
    }
    let prepared = prepare::read(call)?;
    admit(prepared.request.steps.len())?;
    prepare::preflight(call, &prepared)?;
    let new = call.submit(prepared.request)?;
    let deployment = find(call)?;
    let mut shown = read::shown(call, &deployment);
    shown["properties"]["provisioningState"] = json!("Accepted");
    let status = format!(
        "{}{}/operationStatuses/{}?api-version={}",
        call.base,
        read::id(call, &deployment.key),
        read::status_id(&deployment),
        call.version.as_str()
    );
    let answer = Answer::written(new, &shown).with_header("azure-asyncoperation", status);
    Ok(operations::with_pause(call, answer))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    call.submit(DeleteDeployment { key: key(call) })?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn validate(call: &Call<'_>) -> Result<Answer, ArmError> {
    let prepared = prepare::read(call)?;
    prepare::preflight(call, &prepared)?;
    Ok(Answer::ok(&read::validated(call, &prepared)))
}

fn export(call: &Call<'_>) -> Result<Answer, ArmError> {
    let deployment = find(call)?;
    Ok(Answer::ok(
        &json!({ "template": read::json(&deployment.template) }),
    ))
}

fn cancel(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call)?;
    call.submit(CancelDeployment { key: key(call) })?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn list_operations(call: &Call<'_>) -> Result<Answer, ArmError> {
    let deployment = find(call)?;
    let rows = deployment.steps.iter().enumerate();
    let rows = rows.filter_map(|(at, step)| {
        Some((
            format!("{at:06}"),
            read::operation(call, &deployment, step)?,
        ))
    });
    paging::page(call, rows.collect::<Vec<_>>())
}

fn get_operation(call: &Call<'_>) -> Result<Answer, ArmError> {
    let deployment = find(call)?;
    let wanted = call.path.name(1);
    let rows = deployment.steps.iter();
    let mut rows = rows.filter_map(|step| read::operation(call, &deployment, step));
    let found = rows.find(|row| row["operationId"].as_str() == Some(wanted));
    found.map(|row| Answer::ok(&row)).ok_or_else(|| {
        ArmError::gateway(
            StatusCode::NOT_FOUND,
            "DeploymentOperationNotFound",
            format!("The deployment operation '{wanted}' could not be found."),
        )
    })
}

/// What clients poll. Whoever polls waits: a clock that jumps goes to the next due moment.
fn get_status(call: &Call<'_>) -> Result<Answer, ArmError> {
    let mut deployment = find(call)?;
    if !deployment.is_over() {
        call.arm.worlds.poll_jump(call.subscription);
        go_on(call.arm, call.subscription);
        deployment = find(call)?;
    }
    if call.path.name(1) != read::status_id(&deployment) {
        let id = call.path.name(1);
        return Err(ArmError::gateway(
            StatusCode::NOT_FOUND,
            "DeploymentOperationStatusNotFound",
            format!("The deployment operation status '{id}' could not be found."),
        ));
    }
    let mut status = json!({ "status": read::state_word(&deployment.state) });
    match &deployment.state {
        DeploymentState::Running => {
            return Ok(operations::with_pause(call, Answer::ok(&status)));
        }
        DeploymentState::Failed { error } => status["error"] = read::json(error),
        DeploymentState::Canceled => {
            status["error"] = json!({
                "code": "DeploymentCanceled",
                "message": "The deployment was canceled.",
            });
        }
        DeploymentState::Succeeded { .. } => {}
    }
    Ok(Answer::ok(&status))
}

fn key(call: &Call<'_>) -> DeploymentKey {
    DeploymentKey {
        group: call.path.group.as_deref().map(Name::new),
        name: Name::new(call.path.name(0)),
    }
}

fn find(call: &Call<'_>) -> Result<Deployment, ArmError> {
    let found = call.read(|world| world.azure.deployments.get(&key(call)).cloned());
    found.ok_or_else(|| {
        let name = call.path.name(0);
        ArmError::gateway(
            StatusCode::NOT_FOUND,
            "DeploymentNotFound",
            format!("Deployment '{name}' could not be found."),
        )
    })
}
