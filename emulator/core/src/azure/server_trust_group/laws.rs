//! Laws of trust.

use crate::world::World;

/// The members of a group are managed instances that are there, none of them twice, in a resource group that is there.
pub(crate) fn members_are_there(world: &World) -> Option<String> {
    world.azure.trust.groups.iter().find_map(|(key, group)| {
        let strange = group.members.iter().enumerate().any(|(index, member)| {
            let there = world
                .instance(*member)
                .is_some_and(|found| found.is_managed_instance());
            !there || group.members[..index].contains(member)
        });
        let homeless = !world
            .azure
            .resource_groups
            .contains_key(&key.resource.group);
        (strange || homeless || group.scopes.is_empty()).then(|| group.name.to_string())
    })
}

/// What lingers is between instances that are there, that no group has together, and only where trust lingers at all.
pub(crate) fn what_lingers_is_over(world: &World) -> Option<String> {
    let trust = &world.azure.trust;
    trust.lingering.iter().find_map(|(one, other, scope)| {
        let gone = world.instance(*one).is_none() || world.instance(*other).is_none();
        let wrong = gone || !trust.lingers || trust.are_members(*one, *other, *scope);
        wrong.then(|| format!("{one} and {other}: {}", scope.text()))
    })
}
