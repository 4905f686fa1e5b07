//! Resource groups: what holds every other resource, and takes it along when it goes.

use std::sync::Arc;

use super::pending::abandon;
use super::{Pending, Tags, check_name, retain};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{InstanceId, OperationId};
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{AzureRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::World;

/// A resource group.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceGroup {
    /// Its name.
    pub name: Name,
    /// Its region.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// When it was created.
    pub created: Timestamp,
    /// The operation that deletes it.
    pub deletion: Option<OperationId>,
}

/// PUT of a resource group. Answers whether it is new.
#[derive(Clone, Debug)]
pub struct WriteResourceGroup {
    /// Its name.
    pub name: Name,
    /// Its region, in any spelling.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
}

/// PATCH of a resource group.
#[derive(Clone, Debug)]
pub struct UpdateResourceGroup {
    /// Its name.
    pub name: Name,
    /// The tags it is to have; none leaves them.
    pub tags: Option<Tags>,
}

/// DELETE of a resource group with everything in it.
#[derive(Clone, Debug)]
pub struct DeleteResourceGroup {
    /// Its name.
    pub name: Name,
}

impl Request for WriteResourceGroup {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let created = world.now();
        if let Some(found) = world.azure.resource_groups.get(&self.name) {
            not_being_deleted(found)?;
            if found.location != self.location {
                return Err(AzureRefusal::LocationChanged {
                    name: self.name.to_string(),
                    location: found.location.clone(),
                    resource_group: self.name.to_string(),
                    wanted: self.location,
                }
                .into());
            }
            Arc::make_mut(
                world
                    .azure
                    .resource_groups
                    .get_mut(&self.name)
                    .expect("found a moment ago"),
            )
            .tags = self.tags;
            return Ok(false);
        }
        check_name("Microsoft.Resources/resourceGroups", self.name.as_str())?;
        let resource = self.name.to_string();
        let group = ResourceGroup {
            name: self.name.clone(),
            location: self.location,
            tags: self.tags,
            created,
            deletion: None,
        };
        world
            .azure
            .resource_groups
            .insert(self.name, Arc::new(group));
        world.record(EventKind::ResourceWritten { resource });
        Ok(true)
    }
}

impl Request for UpdateResourceGroup {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        writable_group(world, &self.name)?;
        let group = world
            .azure
            .resource_groups
            .get_mut(&self.name)
            .expect("found a moment ago");
        if let Some(tags) = self.tags {
            Arc::make_mut(group).tags = tags;
        }
        Ok(())
    }
}

impl Request for DeleteResourceGroup {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let Some(group) = world.azure.resource_groups.get(&self.name) else {
            let name = self.name.to_string();
            return Err(AzureRefusal::ResourceGroupNotFound { name }.into());
        };
        if let Some(running) = group.deletion {
            return Ok(running);
        }
        let resource = ResourceRef {
            resource_group: group.name.to_string(),
            location: group.location.clone(),
            path: String::new(),
        };
        let operation = world.start_operation("DeleteResourceGroup", "resourceGroups", resource);
        let group = world
            .azure
            .resource_groups
            .get_mut(&self.name)
            .expect("found a moment ago");
        Arc::make_mut(group).deletion = Some(operation);
        // What is being created in the group never comes to be; managed instances take as long as they take.
        let transition = if instances_in(world, &self.name).is_empty() {
            Transition::GroupDelete
        } else {
            Transition::InstanceDelete
        };
        world.when_over(operation, transition, Pending::DeleteGroup(self.name));
        Ok(operation)
    }
}

/// The group, if resources may be written in it.
pub(crate) fn writable_group<'a>(
    world: &'a World,
    name: &Name,
) -> Result<&'a ResourceGroup, AzureRefusal> {
    let group = world.azure.resource_groups.get(name);
    let group = group.ok_or_else(|| AzureRefusal::ResourceGroupNotFound {
        name: name.to_string(),
    })?;
    not_being_deleted(group)?;
    Ok(group)
}

/// Takes the group away with all that is in it; what is in use stays, and so does the group.
pub(super) fn finish_deletion(world: &mut World, name: &Name) -> Result<(), Refusal> {
    let instances = instances_in(world, name);
    let linked = world
        .links
        .keys()
        .chain(world.link_groups.keys())
        .find(|link| instances.contains(&link.instance));
    let elsewhere = super::virtual_network::user_from_elsewhere(world, name);
    let blocked = linked
        .and_then(|link| world.instance(link.instance))
        .map(|instance| format!("Microsoft.Sql/managedInstances/{}", instance.name))
        .or(elsewhere)
        .or_else(|| super::fabric::user_from_elsewhere(world, name));
    if let Some(resource) = blocked {
        return Err(AzureRefusal::GroupNotEmptied {
            name: name.to_string(),
            resource,
        }
        .into());
    }
    for instance in instances {
        super::managed_instance::remove(world, instance);
    }
    let scope = super::authorization::group_scope(name);
    let azure = &mut world.azure;
    let is_here = |new: &super::managed_instance::NewInstance| new.group() == name;
    let creating: Vec<Name> = azure
        .creating
        .iter()
        .filter(|(_, new)| is_here(new))
        .map(|(instance, _)| instance.clone())
        .collect();
    retain(&mut azure.creating, |_, new| !is_here(new));
    retain(&mut azure.virtual_networks, |key, _| key.group != *name);
    azure.fabric.forget_group(name);
    azure.trust.forget_group(name);
    azure.deployments.forget_group(name);
    azure.authorization.forget_scope(&scope);
    retain(&mut azure.data_factories, |key, _| key.group != *name);
    retain(&mut azure.network_resources, |(_, key), _| {
        key.group != *name
    });
    azure.resource_groups.remove(name);
    world.cut_dangling_connections();
    abandon(world, |pending| match pending {
        Pending::CreateInstance(instance) => creating.contains(instance),
        other => other
            .trust_group()
            .is_some_and(|key| key.resource.group == *name),
    });
    world.record(EventKind::ResourceDeleted {
        resource: name.to_string(),
    });
    Ok(())
}

/// The group stays.
pub(super) fn give_up_deletion(world: &mut World, name: &Name) {
    if let Some(group) = world.azure.resource_groups.get_mut(name) {
        Arc::make_mut(group).deletion = None;
    }
}

fn instances_in(world: &World, group: &Name) -> Vec<InstanceId> {
    let in_group = |instance: &&Arc<crate::instance::Instance>| {
        let managed = instance.as_managed_instance();
        managed.is_some_and(|managed| managed.properties.resource_group == *group)
    };
    world
        .instances
        .values()
        .filter(in_group)
        .map(|instance| instance.id)
        .collect()
}

fn not_being_deleted(group: &ResourceGroup) -> Result<(), AzureRefusal> {
    match group.deletion {
        None => Ok(()),
        Some(_) => Err(AzureRefusal::ResourceGroupBeingDeleted {
            name: group.name.to_string(),
        }),
    }
}
