//! The managed instance that a child resource belongs to.

use axum::http::{Method, StatusCode};
use milink_core::World;
use milink_core::ids::InstanceId;

use crate::arm::call::Call;
use crate::arm::error::ArmError;

pub(super) const TYPE: &str = "Microsoft.Sql/managedInstances";

/// A managed instance with an engine.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) id: InstanceId,
    pub(super) location: String,
    /// Its ARM id.
    pub(super) arm_id: String,
}

/// The instance that the path names, for a request to one of its children.
pub(super) fn parent(call: &Call<'_>) -> Result<Parent, ArmError> {
    let name = call.path.name(0);
    let found = call.read(|world| {
        let view = world.managed_instance_view(name)?;
        view.properties
            .resource_group
            .is(call.path.group_name())
            .then(|| {
                let tail = format!("{TYPE}/{}", view.name);
                let parent = Parent {
                    id: view.engine.map_or(InstanceId(0), |engine| engine.id),
                    location: view.properties.location.clone(),
                    arm_id: call.id_in_group(view.properties.resource_group.as_str(), &tail),
                };
                (view.engine.is_some(), parent)
            })
    });
    match found {
        None => Err(missing(call, TYPE)),
        Some((true, parent)) => Ok(parent),
        Some((false, _)) => Err(ArmError::service(
            StatusCode::CONFLICT,
            "ConflictingManagedInstanceOperation",
            format!(
                "Managed instance '{name}' is being created. Wait until that is over and try again."
            ),
        )),
    }
}

/// Reads something of the instance's engine.
pub(super) fn read<T>(
    call: &Call<'_>,
    parent: &Parent,
    read: impl FnOnce(&World) -> Option<T>,
) -> Result<T, ArmError> {
    let found = call.read(|world| world.instance(parent.id).and_then(|_| read(world)));
    found.ok_or_else(|| {
        let depth = call.path.pairs.len().saturating_sub(1);
        let kind = format!("Microsoft.Sql/{}", canonical(&call.path.type_name()));
        ArmError::child_not_found(&kind, call.path.name(depth))
    })
}

/// The error of a request to a child of a resource of type `kind` that is not there.
pub(super) fn missing(call: &Call<'_>, kind: &str) -> ArmError {
    let (name, group) = (call.path.name(0), call.path.group_name());
    // Actions on a child were seen to name the instance instead.
    if call.method == Method::POST {
        return ArmError::resource_not_found(kind, name, group);
    }
    let verb = match call.method {
        Method::GET | Method::HEAD => "read",
        Method::DELETE => "delete",
        _ => "write",
    };
    let child = match &call.path.tail {
        Some(tail) => format!("{}/{tail}", call.path.type_name()),
        None => call.path.type_name(),
    };
    let id = call.id_in_group(group, &format!("{kind}/{name}"));
    ArmError::gateway(
        StatusCode::NOT_FOUND,
        "ParentResourceNotFound",
        format!(
            "Failed to perform '{verb}' on resource(s) of type '{}', because the parent resource '{id}' could not be found.",
            canonical(&child)
        ),
    )
}

/// A type's name in its own case.
fn canonical(name: &str) -> String {
    let known = crate::arm::registry::TYPES.iter().map(|kind| kind.name);
    known
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
        .map_or_else(|| name.to_owned(), str::to_owned)
}
