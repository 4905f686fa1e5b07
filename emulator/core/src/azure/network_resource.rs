//! Network security groups and route tables: their rules and routes as they are written, and what they mean.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::resource_group::writable_group;
use super::{Pending, ResourceKey, Tags, check_name, fabric};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::OperationId;
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{AzureRefusal, Refusal};
use crate::world::World;

/// Which kind of resource it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum NetworkKind {
    NetworkSecurityGroup,
    RouteTable,
}

/// A network security group or a route table.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkResource {
    /// Its kind.
    pub kind: NetworkKind,
    /// Its resource group.
    pub group: Name,
    /// Its name.
    pub name: Name,
    /// Its region.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// `resourceGuid`.
    pub guid: Uuid,
    /// Changes with each write.
    pub etag: Uuid,
    /// Its security rules or routes.
    pub items: BTreeMap<Name, NetworkItem>,
    /// The last write, which is running or over.
    pub operation: OperationId,
}

/// A security rule or a route.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkItem {
    /// Its name.
    pub name: Name,
    /// Its properties: the text of a JSON object, kept as it was written.
    pub properties: Arc<str>,
    /// What they mean.
    pub meaning: fabric::Item,
}

/// PUT. Answers the operation and whether the resource is new.
#[derive(Clone, Debug)]
pub struct WriteNetworkResource {
    /// Its kind.
    pub kind: NetworkKind,
    /// Its resource group and name.
    pub key: ResourceKey,
    /// Its region.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// All its rules or routes; none keeps those it has.
    pub items: Option<Vec<NetworkItem>>,
}

/// PUT or DELETE of one rule or route.
#[derive(Clone, Debug)]
pub struct WriteNetworkItem {
    /// The kind of its parent.
    pub kind: NetworkKind,
    /// The parent's resource group and name.
    pub key: ResourceKey,
    /// Its name.
    pub name: Name,
    /// Its properties and what they mean; none deletes it.
    pub written: Option<(Arc<str>, fabric::Item)>,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeleteNetworkResource {
    /// Its kind.
    pub kind: NetworkKind,
    /// Its resource group and name.
    pub key: ResourceKey,
}

impl NetworkKind {
    /// The ARM type.
    pub const fn arm_type(self) -> &'static str {
        match self {
            Self::NetworkSecurityGroup => "Microsoft.Network/networkSecurityGroups",
            Self::RouteTable => "Microsoft.Network/routeTables",
        }
    }
}

impl Request for WriteNetworkResource {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        writable_group(world, &self.key.group)?;
        let key = (self.kind, self.key);
        let found = world.azure.network_resources.get(&key).cloned();
        match &found {
            None => check_name(self.kind.arm_type(), key.1.name.as_str())?,
            Some(found) if found.location != self.location => {
                return Err(AzureRefusal::LocationChanged {
                    name: found.name.to_string(),
                    location: found.location.clone(),
                    resource_group: found.group.to_string(),
                    wanted: self.location,
                }
                .into());
            }
            Some(_) => {}
        }
        let items = match self.items {
            Some(items) => items
                .into_iter()
                .map(|item| (item.name.clone(), item))
                .collect(),
            None => found
                .as_ref()
                .map_or_else(BTreeMap::new, |found| found.items.clone()),
        };
        let name = found
            .as_ref()
            .map_or(&key.1.name, |found| &found.name)
            .clone();
        let operation = start(world, self.kind, &key.1.group, &name, &self.location);
        let resource = NetworkResource {
            kind: self.kind,
            group: key.1.group.clone(),
            name,
            location: self.location,
            tags: self.tags,
            guid: found
                .as_ref()
                .map_or_else(|| world.ids.next_guid(), |found| found.guid),
            etag: world.ids.next_guid(),
            items,
            operation,
        };
        world
            .azure
            .network_resources
            .insert(key, Arc::new(resource));
        Ok((operation, found.is_none()))
    }
}

impl Request for WriteNetworkItem {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        writable_group(world, &self.key.group)?;
        let key = (self.kind, self.key);
        let etag = world.ids.next_guid();
        let Some(found) = world.azure.network_resources.get(&key).cloned() else {
            return Err(AzureRefusal::NotFound {
                kind: self.kind.arm_type(),
                name: key.1.name.to_string(),
                resource_group: key.1.group.to_string(),
            }
            .into());
        };
        let operation = start(world, self.kind, &found.group, &found.name, &found.location);
        let mut changed = NetworkResource::clone(&found);
        changed.etag = etag;
        changed.operation = operation;
        let was_there = match self.written {
            None => changed.items.remove(&self.name),
            Some((properties, meaning)) => {
                check_name(
                    "Microsoft.Network/networkSecurityGroups/securityRules",
                    self.name.as_str(),
                )?;
                let name = self.name.clone();
                changed.items.insert(
                    self.name,
                    NetworkItem {
                        name,
                        properties,
                        meaning,
                    },
                )
            }
        };
        world.azure.network_resources.insert(key, Arc::new(changed));
        Ok((operation, was_there.is_none()))
    }
}

impl Request for DeleteNetworkResource {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let key = (self.kind, self.key);
        let Some(found) = world.azure.network_resources.get(&key).cloned() else {
            return Ok(None);
        };
        let tail = format!(
            "/resourceGroups/{}/providers/{}/{}",
            found.group,
            self.kind.arm_type(),
            found.name
        );
        let tail = tail.to_lowercase();
        let user = world.azure.virtual_networks.values().flat_map(|network| {
            let used = |id: &Option<String>| {
                id.as_ref()
                    .is_some_and(|id| id.to_lowercase().ends_with(&tail))
            };
            network
                .subnets
                .values()
                .filter(move |subnet| {
                    used(&subnet.settings.network_security_group)
                        || used(&subnet.settings.route_table)
                })
                .map(|subnet| subnet.name.to_string())
        });
        let interfaces = world.azure.fabric.interfaces.values().filter(|interface| {
            let group = interface.network_security_group.as_ref();
            group.is_some_and(|id| id.to_lowercase().ends_with(&tail))
        });
        let interfaces = interfaces.map(|interface| interface.header.name.to_string());
        if let Some(by) = user.into_iter().chain(interfaces).next() {
            let resource = format!("{}/{}", self.kind.arm_type(), found.name);
            return Err(AzureRefusal::InUse { resource, by }.into());
        }
        let operation = start(world, self.kind, &found.group, &found.name, &found.location);
        world.azure.network_resources.remove(&key);
        Ok(Some(operation))
    }
}

/// Whether an ARM id names a resource of this kind that is there.
pub(super) fn exists(world: &World, kind: NetworkKind, id: &str) -> bool {
    find(world, kind, id).is_some()
}

/// Whether an ARM id names a network security group that is there.
pub(crate) fn security_group_exists(world: &World, id: &str) -> bool {
    exists(world, NetworkKind::NetworkSecurityGroup, id)
}

/// The resource of this kind that an ARM id names.
pub(crate) fn find<'a>(
    world: &'a World,
    kind: NetworkKind,
    id: &str,
) -> Option<&'a NetworkResource> {
    let parts: Vec<&str> = id.split('/').filter(|part| !part.is_empty()).collect();
    let &[_, subscription, _, group, _, namespace, word, name] = parts.as_slice() else {
        return None;
    };
    let key = ResourceKey {
        group: Name::new(group),
        name: Name::new(name),
    };
    let is_named = subscription.eq_ignore_ascii_case(&world.subscription.to_string())
        && format!("{namespace}/{word}").eq_ignore_ascii_case(kind.arm_type());
    let found = world.azure.network_resources.get(&(kind, key));
    found.filter(|_| is_named).map(|found| &**found)
}

fn start(
    world: &mut World,
    kind: NetworkKind,
    group: &Name,
    name: &Name,
    location: &str,
) -> OperationId {
    let resource = ResourceRef {
        resource_group: group.to_string(),
        location: location.to_owned(),
        path: format!("{}/{name}", kind.arm_type()),
    };
    let written = resource.path.clone();
    let operation = world.start_operation("PutNetworkResource", "operations", resource);
    world.record(EventKind::ResourceWritten { resource: written });
    let settle = Pending::Settle(Transition::NetworkWrite);
    world.when_over(operation, Transition::NetworkWrite, settle);
    operation
}
