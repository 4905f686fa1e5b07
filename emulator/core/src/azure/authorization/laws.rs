//! Laws of authorization.

use crate::world::World;

/// Whatever is assigned is a role that exists, and may be assigned there.
pub(crate) fn assigned_roles_exist(world: &World) -> Option<String> {
    let authorization = &world.azure.authorization;
    let mut all = authorization.assignments.values();
    all.find(|one| !authorization.has_role(one.role))
        .map(|one| one.name.to_string())
}

/// Nobody has the same role at the same scope twice.
pub(crate) fn assignments_are_single(world: &World) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut all = world.azure.authorization.assignments.values();
    all.find(|one| !seen.insert((one.scope.clone(), one.principal, one.role)))
        .map(|one| one.name.to_string())
}

/// Principals have applications of their own.
pub(crate) fn applications_are_single(world: &World) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut all = world.azure.authorization.principals.values();
    all.find(|one| !seen.insert(one.application))
        .map(|one| one.name.clone())
}
