//! `failover` and `setRole` of a link (`arm-contract.md` sections 5.6 and 5.7).

use axum::http::StatusCode;
use milink_core::World;
use milink_core::link::{FailOverLink, FailoverKind, LinkId, LinkRole, SetLinkRole};

use super::{TYPE, instance, link_id};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::operations;

pub(super) fn failover(call: &Call<'_>) -> Result<Answer, ArmError> {
    let LinkId { instance, name, .. } = found(call, "2023-08-01")?;
    let kind = call.body(|body| {
        one_of(
            body,
            "failoverType",
            "InvalidDistributedAvailabilityGroupFailoverRequest",
            &[
                ("Planned", FailoverKind::Planned),
                ("ForcedAllowDataLoss", FailoverKind::ForcedAllowDataLoss),
            ],
        )
    })?;
    let operation = call.submit_to(
        instance,
        FailOverLink {
            instance,
            name,
            kind,
        },
    )?;
    operations::accepted(call, operation)
}

pub(super) fn set_role(call: &Call<'_>) -> Result<Answer, ArmError> {
    // No list has a code for a body of this action that says too little: it is named after failover's (guess).
    const REQUEST: &str = "InvalidDistributedAvailabilityGroupSetRoleRequest";
    let LinkId { instance, name, .. } = found(call, "2022-05-01")?;
    let (role, forced) = call.body(|body| {
        let roles = [
            ("Primary", LinkRole::Primary),
            ("Secondary", LinkRole::Secondary),
        ];
        let role = one_of(body, "instanceRole", REQUEST, &roles)?;
        let kinds = [("Planned", false), ("Forced", true)];
        Ok((role, one_of(body, "roleChangeType", REQUEST, &kinds)?))
    })?;
    let operation = call.submit_to(
        instance,
        SetLinkRole {
            instance,
            name,
            role,
            forced,
        },
    )?;
    operations::accepted(call, operation)
}

/// The link, in an api-version that has the action.
fn found(call: &Call<'_>, since: &str) -> Result<LinkId, ArmError> {
    let parent = instance::parent(call)?;
    let id = link_id(call, &parent);
    let there =
        |world: &World| world.links.contains_key(&id) || world.link_groups.contains_key(&id);
    if !call.read(there) {
        return Err(ArmError::child_not_found(
            &TYPE.full_name(),
            id.name.as_str(),
        ));
    }
    if !call.version.is_since(since) {
        return Err(ArmError::gateway(
            StatusCode::NOT_FOUND,
            "InvalidResourceType",
            format!(
                "The resource type could not be found in the namespace 'Microsoft.Sql' for api version '{}'.",
                call.version.as_str()
            ),
        ));
    }
    Ok(id)
}

/// A required member that has one of a few values, in any case.
fn one_of<T: Copy>(
    body: &Object<'_>,
    member: &str,
    code: &str,
    values: &[(&str, T)],
) -> Result<T, ArmError> {
    let said = body.string(member)?.unwrap_or_default();
    let found = values
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(&said));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
        let text = format!(
            "The value '{said}' of {member} is not valid. It is one of: {}.",
            words.join(", ")
        );
        ArmError::service(StatusCode::BAD_REQUEST, code, text)
    })
}
