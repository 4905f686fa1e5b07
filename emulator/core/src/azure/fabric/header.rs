//! What every resource of the fabric has: a place, a name, tags, and the operation of its last write.

use uuid::Uuid;

use crate::azure::resource_group::writable_group;
use crate::azure::{Pending, ResourceKey, Tags, check_name};
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::OperationId;
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{AzureRefusal, Refusal};
use crate::world::World;

/// What every resource of the fabric has.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Its resource group.
    pub group: Name,
    /// Its name.
    pub name: Name,
    /// Its region; `global` for private DNS zones.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// `resourceGuid`.
    pub guid: Uuid,
    /// Changes with each write.
    pub etag: Uuid,
    /// The last write, which is running or over.
    pub operation: OperationId,
}

/// What a PUT says about the resource itself.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its resource group and name.
    pub key: ResourceKey,
    /// Its region.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
}

impl Header {
    /// Where it is kept.
    pub fn key(&self) -> ResourceKey {
        ResourceKey {
            group: self.group.clone(),
            name: self.name.clone(),
        }
    }
}

/// Checks what every PUT has to observe: the group takes resources, the name is one, the region stays.
pub(super) fn check(
    world: &World,
    kind: &'static str,
    place: &Place,
    found: Option<&Header>,
) -> Result<(), AzureRefusal> {
    writable_group(world, &place.key.group)?;
    match found {
        None => check_name(kind, place.key.name.as_str()),
        Some(found) if !found.location.eq_ignore_ascii_case(&place.location) => {
            Err(AzureRefusal::LocationChanged {
                name: found.name.to_string(),
                location: found.location.clone(),
                resource_group: found.group.to_string(),
                wanted: place.location.clone(),
            })
        }
        Some(_) => Ok(()),
    }
}

/// The header of what is written, and its operation, which only has to come to its end.
pub(super) fn write(
    world: &mut World,
    kind: &'static str,
    place: Place,
    found: Option<&Header>,
) -> Header {
    let name = found.map_or(&place.key.name, |found| &found.name).clone();
    let operation = start(world, kind, &place.key.group, &name, &place.location);
    Header {
        group: place.key.group,
        name,
        location: place.location,
        tags: place.tags,
        guid: found.map_or_else(|| world.ids.next_guid(), |found| found.guid),
        etag: world.ids.next_guid(),
        operation,
    }
}

/// An operation about a resource that is already as it is to be.
pub(super) fn start(
    world: &mut World,
    kind: &str,
    group: &Name,
    name: &Name,
    location: &str,
) -> OperationId {
    let resource = ResourceRef {
        resource_group: group.to_string(),
        location: location.to_owned(),
        path: format!("{kind}/{name}"),
    };
    let resource_path = resource.path.clone();
    let operation = world.start_operation("PutNetworkResource", "operations", resource);
    world.record(EventKind::ResourceWritten {
        resource: resource_path,
    });
    let settle = Pending::Settle(Transition::NetworkWrite);
    world.when_over(operation, Transition::NetworkWrite, settle);
    operation
}

/// The same for one that has just gone.
pub(super) fn start_deletion(world: &mut World, kind: &str, header: &Header) -> OperationId {
    let resource = ResourceRef {
        resource_group: header.group.to_string(),
        location: header.location.clone(),
        path: format!("{kind}/{}", header.name),
    };
    let path = resource.path.clone();
    let operation = world.start_operation("DeleteNetworkResource", "operations", resource);
    world.record(EventKind::ResourceDeleted { resource: path });
    let settle = Pending::Settle(Transition::NetworkWrite);
    world.when_over(operation, Transition::NetworkWrite, settle);
    operation
}

/// What a request about a resource that is not there hears.
pub(super) fn not_found(kind: &'static str, key: &ResourceKey) -> Refusal {
    AzureRefusal::NotFound {
        kind,
        name: key.name.to_string(),
        resource_group: key.group.to_string(),
    }
    .into()
}
