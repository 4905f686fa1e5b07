//! Laws of data factories.

use std::collections::BTreeSet;

use super::{AUTO_RESOLVE, RuntimeKind};
use crate::world::World;

/// A factory is in a group that is there.
pub(crate) fn factories_have_groups(world: &World) -> Option<String> {
    let azure = &world.azure;
    let mut keys = azure.data_factories.keys();
    keys.find(|key| !azure.resource_groups.contains_key(&key.group))
        .map(|key| key.name.to_string())
}

/// What is in the managed network has one, and linked services have their runtimes.
pub(crate) fn factories_have_what_they_name(world: &World) -> Option<String> {
    world.azure.data_factories.values().find_map(|factory| {
        let mut runtimes = factory.runtimes.values();
        let inside = runtimes.any(|found| matches!(found.kind, RuntimeKind::InNetwork { .. }));
        let needs = inside || !factory.endpoints.is_empty();
        let mut services = factory.linked_services.values();
        let stray = services.find(|service| {
            let runtime = service.runtime.as_ref();
            runtime
                .is_some_and(|name| !factory.runtimes.contains_key(name) && !name.is(AUTO_RESOLVE))
        });
        (needs && factory.network.is_none())
            .then(|| format!("{} has no managed network", factory.key.name))
            .or_else(|| stray.map(|service| service.name.to_string()))
    })
}

/// An address of a managed network is one endpoint's.
pub(crate) fn managed_addresses_have_one_holder(world: &World) -> Option<String> {
    world.azure.data_factories.values().find_map(|factory| {
        let mut seen = BTreeSet::new();
        let mut endpoints = factory.endpoints.values();
        endpoints
            .find(|endpoint| !seen.insert(endpoint.address))
            .map(|endpoint| endpoint.full_name(&factory.key.name))
    })
}
