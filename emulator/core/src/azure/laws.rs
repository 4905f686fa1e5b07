//! Laws of the ARM side of the world.

use std::collections::BTreeSet;

use super::Pending;
pub(crate) use super::deployment::laws::{
    deployments_have_groups, ended_ones_rest as ended_deployments_rest,
    running_ones_are_listed as running_deployments_are_listed, steps_follow_each_other,
};
use crate::operation::OperationState;
use crate::world::{Timer, World};

/// What runs has a timer that ends it, and the other way round.
pub(crate) fn pending_operations_end(world: &World) -> Option<String> {
    world.azure.pending.keys().find_map(|id| {
        let running = world
            .operation(*id)
            .is_some_and(|operation| operation.state == OperationState::InProgress);
        let armed = world.timers.due(&Timer::Operation(*id)).is_some();
        (!running || !armed).then(|| format!("operation {id}: running {running}, armed {armed}"))
    })
}

/// An instance that is being created has an operation that makes it.
pub(crate) fn new_instances_are_made(world: &World) -> Option<String> {
    let pending = world.azure.pending.values();
    let made: BTreeSet<_> = pending
        .filter_map(|pending| match pending {
            Pending::CreateInstance(name) => Some(name),
            _ => None,
        })
        .collect();
    let mut names = world.azure.creating.keys();
    names
        .find(|name| !made.contains(name))
        .map(ToString::to_string)
}

/// The subnet of an instance is there, with its network and its group.
pub(crate) fn instances_have_subnets(world: &World) -> Option<String> {
    world.managed_instance_views().iter().find_map(|view| {
        let subnet = view.properties.subnet.as_ref()?;
        let azure = &world.azure;
        let network = azure.virtual_networks.get(&subnet.network_key());
        let found = network.is_some_and(|network| network.subnets.contains_key(&subnet.subnet));
        let group = azure.resource_groups.contains_key(&subnet.group);
        (!found || !group).then(|| view.name.to_string())
    })
}

/// Every network is in a group that is there.
pub(crate) fn networks_have_groups(world: &World) -> Option<String> {
    let azure = &world.azure;
    let networks = azure.virtual_networks.keys();
    let others = azure.network_resources.keys().map(|(_, key)| key);
    let mut keys = networks.chain(others);
    keys.find(|key| !azure.resource_groups.contains_key(&key.group))
        .map(|key| key.name.to_string())
}
