//! How many links a managed instance can have, and which names a new one may not have.

use super::{LinkId, LinkRole, LinkSpec, several};
use crate::ids::InstanceId;
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::LinkRefusal;
use crate::world::World;

/// Databases of a managed instance, and so links: General Purpose and Business Critical.
const MOST: usize = 100;
/// The same of Next-gen General Purpose.
const MOST_NEXT_GEN: usize = 500;
/// master, tempdb, model and msdb.
const SYSTEM_DATABASES: usize = 4;
/// The longest name of an availability group.
const GROUP_NAME: usize = 128;

/// How many databases a managed instance can have, which is how many links it can have.
pub(crate) fn most_databases(instance: &Instance) -> usize {
    let next_gen = instance
        .as_managed_instance()
        .is_some_and(|mi| mi.properties.next_gen);
    if next_gen { MOST_NEXT_GEN } else { MOST }
}

/// Whether an instance may have one link more, of this name, with these groups and for so many databases.
pub(super) fn check(
    world: &World,
    id: &LinkId,
    spec: &LinkSpec,
    databases: usize,
) -> Result<(), LinkRefusal> {
    for name in [&spec.instance_group, &spec.partner_group] {
        if name.as_str().encode_utf16().count() > GROUP_NAME {
            let name = name.to_string();
            return Err(LinkRefusal::NameTooLong { name });
        }
    }
    let instance = world
        .instance(id.instance)
        .expect("instance ids come from the world");
    let links = || {
        let links = world.links.values();
        links.filter(|link| link.id.instance == id.instance)
    };
    let more = databases + several::expected(world, id.instance);
    check_count(world, id.instance, more)?;
    if links().any(|link| link.spec.instance_group == spec.instance_group) {
        let group = spec.instance_group.to_string();
        return Err(LinkRefusal::InstanceGroupInUse { group });
    }
    // The two groups that the instance gets stand side by side with those of its other links.
    let taken = |name: &Name| instance.group(name.as_str()).is_some();
    if id.name == spec.instance_group || taken(&id.name) || taken(&spec.instance_group) {
        let name = id.name.to_string();
        return Err(LinkRefusal::NameTaken { name });
    }
    Ok(())
}

/// Whether an instance may have so many links more: every database of a link with several counts as one.
pub(super) fn check_count(
    world: &World,
    instance: InstanceId,
    more: usize,
) -> Result<(), LinkRefusal> {
    let found = world
        .instance(instance)
        .expect("instance ids come from the world");
    let links = world.links.keys();
    let links = links.filter(|link| link.instance == instance).count();
    match links + more > most_databases(found) {
        true => Err(LinkRefusal::TooManyLinks),
        false => Ok(()),
    }
}

/// Whether an instance has room for so many databases more, if they are to come to it.
pub(super) fn check_room(
    world: &World,
    instance: InstanceId,
    role: LinkRole,
    more: usize,
) -> Result<(), LinkRefusal> {
    let found = world
        .instance(instance)
        .expect("instance ids come from the world");
    let most = most_databases(found) + SYSTEM_DATABASES;
    match role == LinkRole::Secondary && found.databases.len() + more > most {
        true => Err(LinkRefusal::TooManyLinks),
        false => Ok(()),
    }
}
