//! Laws of failover groups.

use crate::world::World;

/// A failover group replicates between its two instances, one of which is primary: what ARM says of it is what the instances do.
pub(crate) fn failover_groups_have_sets(world: &World) -> Option<String> {
    let groups = &world.azure.failover_groups;
    let stray = groups.values().find(|group| {
        let set = world.replica_sets.get(&group.id);
        set.is_none_or(|set| {
            let secondary = group.other(set.primary);
            !group.has(set.primary) || !set.secondaries.keys().eq([&secondary])
        })
    });
    let alone = || {
        world.replica_sets.values().find_map(|set| {
            let managed = world.instance(set.primary)?.is_managed_instance();
            let named = groups.values().any(|group| group.id == set.group);
            (managed && !named).then(|| set.name.to_string())
        })
    };
    stray.map(|group| group.name.to_string()).or_else(alone)
}

/// An instance is in one failover group, and then it has no links.
pub(crate) fn members_have_one_group_and_no_link(world: &World) -> Option<String> {
    let groups = world.azure.failover_groups.values();
    let mut members = groups.flat_map(|group| group.members.map(|member| (group, member)));
    members.find_map(|(group, member)| {
        let groups = world.azure.failover_groups.values();
        let twice = groups.filter(|other| other.has(member)).count() != 1;
        let mut links = world.links.keys().chain(world.link_groups.keys());
        let linked = links.any(|link| link.instance == member);
        (twice || linked).then(|| format!("{member} of {}", group.name))
    })
}
