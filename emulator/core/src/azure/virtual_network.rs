//! Virtual networks: their address ranges, and who uses them.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::fabric::Peering;
use super::resource_group::writable_group;
use super::subnet::{
    Subnet, SubnetId, SubnetSettings, overlapping, put_subnet, references_exist, subnet_is_free,
};
use super::{AddressPrefix, Pending, ResourceKey, Tags, check_name};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::OperationId;
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// A virtual network.
#[derive(Clone, Debug, PartialEq)]
pub struct VirtualNetwork {
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
    /// `addressSpace.addressPrefixes`.
    pub prefixes: Vec<AddressPrefix>,
    /// `dhcpOptions.dnsServers`.
    pub dns_servers: Vec<String>,
    /// Its subnets.
    pub subnets: BTreeMap<Name, Subnet>,
    /// Its halves of peerings.
    pub peerings: BTreeMap<Name, Peering>,
    /// The last write, which is running or over.
    pub operation: OperationId,
}

/// PUT of a virtual network.
#[derive(Clone, Debug)]
pub struct WriteVirtualNetwork {
    /// Its resource group and name.
    pub key: ResourceKey,
    /// Its region.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// Its address prefixes, as written.
    pub prefixes: Vec<String>,
    /// Its DNS servers.
    pub dns_servers: Vec<String>,
    /// All its subnets; none keeps those it has.
    pub subnets: Option<Vec<(Name, SubnetSettings)>>,
}

/// PATCH of a virtual network: its tags.
#[derive(Clone, Debug)]
pub struct TagNetwork {
    /// Its resource group and name.
    pub key: ResourceKey,
    /// All its tags.
    pub tags: Tags,
}

/// DELETE of a virtual network.
#[derive(Clone, Debug)]
pub struct DeleteVirtualNetwork {
    /// Its resource group and name.
    pub key: ResourceKey,
}

pub(super) const KIND: &str = "Microsoft.Network/virtualNetworks";

impl VirtualNetwork {
    pub(super) fn resource(&self) -> ResourceRef {
        ResourceRef {
            resource_group: self.group.to_string(),
            location: self.location.clone(),
            path: format!("{KIND}/{}", self.name),
        }
    }
}

impl Request for WriteVirtualNetwork {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        writable_group(world, &self.key.group)?;
        let found = world.azure.virtual_networks.get(&self.key).cloned();
        match &found {
            None => check_name(KIND, self.key.name.as_str())?,
            Some(found) => same_location(found, &self.location)?,
        }
        if self.prefixes.is_empty() {
            let parameter = "addressSpace".to_owned();
            return Err(AzureRefusal::MissingParameter { parameter }.into());
        }
        let mut prefixes: Vec<AddressPrefix> = Vec::new();
        for text in &self.prefixes {
            let prefix = AddressPrefix::parse(text).ok_or_else(|| AzureRefusal::InvalidPrefix {
                prefix: text.clone(),
            })?;
            if let Some(other) = prefixes.iter().find(|other| other.overlaps(prefix)) {
                return Err(overlapping(&prefix, other).into());
            }
            prefixes.push(prefix);
        }
        for peering in found.iter().flat_map(|found| found.peerings.values()) {
            let remote = world.azure.virtual_networks.get(&peering.remote);
            let theirs = remote.map_or(&[][..], |remote| &remote.prefixes);
            let meets = |own: &AddressPrefix| theirs.iter().any(|other| own.overlaps(*other));
            if prefixes.iter().any(meets) {
                return Err(FabricRefusal::PeeringOverlaps {
                    network: self.key.name.to_string(),
                    remote: peering.remote.name.to_string(),
                }
                .into());
            }
        }
        let old = found
            .as_ref()
            .map_or_else(BTreeMap::new, |found| found.subnets.clone());
        let wanted = self.subnets.unwrap_or_else(|| {
            let kept = old.values().map(|s| (s.name.clone(), s.settings.clone()));
            kept.collect()
        });
        for gone in old
            .keys()
            .filter(|name| !wanted.iter().any(|(kept, _)| kept == *name))
        {
            subnet_is_free(world, &self.key, gone)?;
        }
        let name = found
            .as_ref()
            .map_or(&self.key.name, |found| &found.name)
            .clone();
        let resource = ResourceRef {
            resource_group: self.key.group.to_string(),
            location: self.location.clone(),
            path: format!("{KIND}/{name}"),
        };
        let path = resource.path.clone();
        let operation = world.start_operation("PutVirtualNetwork", "operations", resource);
        let mut ids = world.ids.clone();
        let mut network = VirtualNetwork {
            guid: found
                .as_ref()
                .map_or_else(|| ids.next_guid(), |found| found.guid),
            group: self.key.group.clone(),
            name,
            location: self.location,
            tags: self.tags,
            etag: ids.next_guid(),
            prefixes,
            dns_servers: self.dns_servers,
            subnets: BTreeMap::new(),
            peerings: found
                .as_ref()
                .map_or_else(BTreeMap::new, |found| found.peerings.clone()),
            operation,
        };
        for (name, settings) in wanted {
            references_exist(world, &self.key, &name, &settings)?;
            if let Some(found) = old.get(&name) {
                found.check_change(world, &self.key, &settings)?;
            }
            let kept = old
                .get(&name)
                .filter(|old| old.settings == settings)
                .cloned();
            put_subnet(&mut network, name, settings, operation, &mut ids, kept)?;
        }
        world.ids = ids;
        world
            .azure
            .virtual_networks
            .insert(self.key, Arc::new(network));
        world.record(EventKind::ResourceWritten { resource: path });
        let settle = Pending::Settle(Transition::NetworkWrite);
        world.when_over(operation, Transition::NetworkWrite, settle);
        Ok((operation, found.is_none()))
    }
}

impl Request for TagNetwork {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        writable_group(world, &self.key.group)?;
        let etag = world.ids.next_guid();
        let network = network_mut(world, &self.key)?;
        network.tags = self.tags;
        network.etag = etag;
        Ok(())
    }
}

impl Request for DeleteVirtualNetwork {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(network) = world.azure.virtual_networks.get(&self.key).cloned() else {
            return Ok(None);
        };
        network_is_free(world, &network)?;
        let resource = network.resource();
        let operation = world.start_operation("DeleteVirtualNetwork", "operations", resource);
        let pending = Pending::DeleteVirtualNetwork(self.key);
        world.when_over(operation, Transition::NetworkWrite, pending);
        Ok(Some(operation))
    }
}

/// The resource of another group that uses a subnet of this group.
pub(super) fn user_from_elsewhere(world: &World, group: &Name) -> Option<String> {
    let properties = world
        .instances
        .values()
        .filter_map(|instance| instance.as_managed_instance())
        .map(|managed| &*managed.properties);
    let creating = world.azure.creating.values().map(|new| new.properties());
    properties
        .chain(creating)
        .filter(|properties| properties.resource_group != *group)
        .filter_map(|properties| properties.subnet.as_ref())
        .find(|subnet| subnet.group == *group)
        .map(|subnet| format!("{KIND}/{}", subnet.network))
}

/// Takes a virtual network away, unless an instance has come to it meanwhile.
pub(super) fn finish_network_deletion(world: &mut World, key: &ResourceKey) -> Result<(), Refusal> {
    let Some(network) = world.azure.virtual_networks.get(key).cloned() else {
        return Ok(());
    };
    network_is_free(world, &network)?;
    world.azure.virtual_networks.remove(key);
    let resource = format!("{KIND}/{}", network.name);
    world.record(EventKind::ResourceDeleted { resource });
    Ok(())
}

pub(super) fn network<'a>(
    world: &'a World,
    key: &ResourceKey,
) -> Result<&'a VirtualNetwork, AzureRefusal> {
    let found = world.azure.virtual_networks.get(key);
    found
        .map(|network| &**network)
        .ok_or_else(|| not_found(key))
}

pub(super) fn network_mut<'a>(
    world: &'a mut World,
    key: &ResourceKey,
) -> Result<&'a mut VirtualNetwork, AzureRefusal> {
    let found = world.azure.virtual_networks.get_mut(key);
    found.map(Arc::make_mut).ok_or_else(|| not_found(key))
}

pub(super) fn not_found(key: &ResourceKey) -> AzureRefusal {
    AzureRefusal::NotFound {
        kind: KIND,
        name: key.name.to_string(),
        resource_group: key.group.to_string(),
    }
}

pub(super) fn same_location(found: &VirtualNetwork, wanted: &str) -> Result<(), AzureRefusal> {
    if found.location == wanted {
        return Ok(());
    }
    Err(AzureRefusal::LocationChanged {
        name: found.name.to_string(),
        location: found.location.clone(),
        resource_group: found.group.to_string(),
        wanted: wanted.to_owned(),
    })
}

/// The gateway of a network.
pub(super) fn gateway_of(world: &World, network: &ResourceKey) -> Option<String> {
    let mut gateways = world.azure.fabric.gateways.iter();
    gateways
        .find(|(_, gateway)| gateway.network == *network)
        .map(|(key, _)| format!("Microsoft.Network/virtualNetworkGateways/{}", key.name))
}

/// Nothing is left in any of its subnets, and no gateway.
fn network_is_free(world: &World, network: &VirtualNetwork) -> Result<(), AzureRefusal> {
    let key = ResourceKey {
        group: network.group.clone(),
        name: network.name.clone(),
    };
    for subnet in network.subnets.keys() {
        subnet_is_free(world, &key, subnet)?;
    }
    match gateway_of(world, &key) {
        None => Ok(()),
        Some(by) => Err(AzureRefusal::InUse {
            resource: format!("{KIND}/{}", network.name),
            by,
        }),
    }
}

/// A resource of this region can be put into a subnet.
pub(super) fn network_exists(
    world: &World,
    subnet: &SubnetId,
    location: &str,
) -> Result<(), AzureRefusal> {
    let missing = || AzureRefusal::ReferenceNotFound {
        resource: subnet.to_arm_id(world.subscription),
        by: "the request".to_owned(),
    };
    let network = world.azure.virtual_networks.get(&subnet.network_key());
    let network = network.ok_or_else(missing)?;
    if !network.subnets.contains_key(&subnet.subnet) {
        return Err(missing());
    }
    if !network.location.eq_ignore_ascii_case(location) {
        return Err(AzureRefusal::ReferenceNotFound {
            resource: format!("{} in {location}", subnet.to_arm_id(world.subscription)),
            by: "the request".to_owned(),
        });
    }
    Ok(())
}
