//! Laws about encrypted databases.

use super::Protector;
use crate::link::is_offered;
use crate::world::World;

/// No system database has an encryption key, and none that can be written on a SQL Server depends on a key that the
/// service keeps.
pub(crate) fn keys_are_where_they_can_be(world: &World) -> Option<String> {
    let now = world.now();
    world.instances.values().find_map(|instance| {
        instance.databases.values().find_map(|database| {
            let key = database.content.encryption_key.as_ref()?;
            let of_service =
                key.protector == Protector::ServiceManaged && database.is_encrypted(now);
            let elsewhere = of_service && !instance.is_managed_instance();
            let name = &database.name;
            (database.is_system() || elsewhere)
                .then(|| format!("{name} on {} has an encryption key", instance.name))
        })
    })
}

/// What a link takes from a managed instance is not encrypted by the service's own key.
pub(crate) fn offered_databases_can_leave(world: &World) -> Option<String> {
    let now = world.now();
    world.instances.values().find_map(|instance| {
        let mut databases = instance.databases.values();
        let stuck = databases.find(|database| {
            database.needs_service_key(now) && is_offered(world, instance.id, &database.name)
        })?;
        Some(format!("{} on {}", stuck.name, instance.name))
    })
}
