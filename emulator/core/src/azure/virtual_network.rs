//! Virtual networks and their subnets: address ranges, delegations, and who uses a subnet.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::fabric::{self, Peering};
use super::resource_group::writable_group;
use super::{AddressPrefix, NetworkKind, Pending, ResourceKey, Tags, check_name};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{IdSource, OperationId};
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

/// A subnet.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// Its name.
    pub name: Name,
    /// Changes with each write.
    pub etag: Uuid,
    /// What was asked for.
    pub settings: SubnetSettings,
    /// The last write.
    pub operation: OperationId,
}

/// What a subnet is asked to be.
#[derive(Clone, Debug, PartialEq)]
pub struct SubnetSettings {
    /// Its address range.
    pub prefix: AddressPrefix,
    /// Services it is delegated to: the delegation's name and the service, such as `Microsoft.Sql/managedInstances`.
    pub delegations: Vec<(String, String)>,
    /// The id of its network security group.
    pub network_security_group: Option<String>,
    /// The id of its route table.
    pub route_table: Option<String>,
    /// Service endpoints, such as `Microsoft.Storage`.
    pub service_endpoints: Vec<String>,
    /// `privateEndpointNetworkPolicies`.
    pub private_endpoint_policies: String,
    /// `privateLinkServiceNetworkPolicies`.
    pub private_link_service_policies: String,
    /// `defaultOutboundAccess`.
    pub default_outbound_access: Option<bool>,
}

/// Where a subnet is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubnetId {
    /// The resource group of its network.
    pub group: Name,
    /// Its virtual network.
    pub network: Name,
    /// Its name.
    pub subnet: Name,
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

/// PUT of a subnet. Answers the operation and whether the subnet is new.
#[derive(Clone, Debug)]
pub struct WriteSubnet {
    /// The virtual network's group and name.
    pub network: ResourceKey,
    /// The subnet's name.
    pub name: Name,
    /// What it is to be.
    pub settings: SubnetSettings,
}

/// DELETE of a subnet.
#[derive(Clone, Debug)]
pub struct DeleteSubnet {
    /// The virtual network's group and name.
    pub network: ResourceKey,
    /// The subnet's name.
    pub name: Name,
}

/// The service that managed instances' subnets are delegated to.
pub(super) const MANAGED_INSTANCE_SERVICE: &str = "Microsoft.Sql/managedInstances";

const KIND: &str = "Microsoft.Network/virtualNetworks";
const SUBNET_KIND: &str = "Microsoft.Network/virtualNetworks/subnets";

impl SubnetSettings {
    /// A subnet of this range with Azure's defaults.
    pub fn new(prefix: AddressPrefix) -> Self {
        Self {
            prefix,
            delegations: Vec::new(),
            network_security_group: None,
            route_table: None,
            service_endpoints: Vec::new(),
            private_endpoint_policies: "Disabled".to_owned(),
            private_link_service_policies: "Enabled".to_owned(),
            default_outbound_access: None,
        }
    }

    /// Whether private link services can have addresses in it.
    pub fn allows_link_services(&self) -> bool {
        let policies = &self.private_link_service_policies;
        policies.eq_ignore_ascii_case("Disabled")
    }

    /// The same, delegated to managed instances.
    pub fn delegated_to_managed_instances(mut self) -> Self {
        let service = MANAGED_INSTANCE_SERVICE.to_owned();
        self.delegations.push(("0".to_owned(), service));
        self
    }
}

impl SubnetId {
    /// The subnet that an ARM id names: its subscription, and where it is there.
    pub fn parse(id: &str) -> Option<(&str, Self)> {
        let parts: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
        let &[s, subscription, g, group, p, ns, n, network, t, subnet] = parts.as_slice() else {
            return None;
        };
        let statics = [
            (s, "subscriptions"),
            (g, "resourceGroups"),
            (p, "providers"),
            (ns, "Microsoft.Network"),
            (n, "virtualNetworks"),
            (t, "subnets"),
        ];
        let matches = statics
            .iter()
            .all(|(have, want)| have.eq_ignore_ascii_case(want));
        let named = ![group, network, subnet].contains(&"");
        (matches && named).then(|| {
            let id = Self {
                group: Name::new(group),
                network: Name::new(network),
                subnet: Name::new(subnet),
            };
            (subscription, id)
        })
    }

    /// Its network.
    pub fn network_key(&self) -> ResourceKey {
        ResourceKey {
            group: self.group.clone(),
            name: self.network.clone(),
        }
    }

    /// Its id in ARM.
    pub fn to_arm_id(&self, subscription: Uuid) -> String {
        let (group, network, subnet) = (&self.group, &self.network, &self.subnet);
        format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{network}/subnets/{subnet}"
        )
    }
}

impl Subnet {
    /// What is in use stays: the range, a delegation to managed instances, and what a private link service needs.
    fn check_change(
        &self,
        world: &World,
        network: &ResourceKey,
        wanted: &SubnetSettings,
    ) -> Result<(), AzureRefusal> {
        let delegated = |settings: &SubnetSettings| {
            let mut services = settings.delegations.iter();
            services.any(|(_, service)| service.eq_ignore_ascii_case(MANAGED_INSTANCE_SERVICE))
        };
        if self.settings.prefix != wanted.prefix || delegated(&self.settings) != delegated(wanted) {
            subnet_is_free(world, network, &self.name)?;
        }
        if wanted.allows_link_services() || !self.settings.allows_link_services() {
            return Ok(());
        }
        let id = SubnetId {
            group: network.group.clone(),
            network: network.name.clone(),
            subnet: self.name.clone(),
        };
        let mut services = world.azure.fabric.private_link_services.values();
        match services.find(|service| service.subnet == id) {
            None => Ok(()),
            Some(user) => Err(FabricRefusal::LinkServicePoliciesEnabled {
                service: user.header.name.to_string(),
                subnet: id.to_arm_id(world.subscription),
            }
            .into()),
        }
    }
}

impl VirtualNetwork {
    fn resource(&self) -> ResourceRef {
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

impl Request for WriteSubnet {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        writable_group(world, &self.network.group)?;
        let resource = network(world, &self.network)?.resource();
        references_exist(world, &self.network, &self.name, &self.settings)?;
        let found = network(world, &self.network)?
            .subnets
            .get(&self.name)
            .cloned();
        match &found {
            None => check_name(SUBNET_KIND, self.name.as_str())?,
            Some(found) => found.check_change(world, &self.network, &self.settings)?,
        }
        let resource = ResourceRef {
            path: format!("{}/subnets/{}", resource.path, self.name),
            ..resource
        };
        let path = resource.path.clone();
        let operation = world.start_operation("PutSubnet", "operations", resource);
        let mut ids = world.ids.clone();
        let network = network_mut(world, &self.network)?;
        network.etag = ids.next_guid();
        network.subnets.remove(&self.name);
        put_subnet(network, self.name, self.settings, operation, &mut ids, None)?;
        world.ids = ids;
        world.record(EventKind::ResourceWritten { resource: path });
        let settle = Pending::Settle(Transition::NetworkWrite);
        world.when_over(operation, Transition::NetworkWrite, settle);
        Ok((operation, found.is_none()))
    }
}

impl Request for DeleteSubnet {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let network = network(world, &self.network)?;
        if !network.subnets.contains_key(&self.name) {
            return Ok(None);
        }
        let resource = network.resource();
        subnet_is_free(world, &self.network, &self.name)?;
        let resource = ResourceRef {
            path: format!("{}/subnets/{}", resource.path, self.name),
            ..resource
        };
        let operation = world.start_operation("DeleteSubnet", "operations", resource);
        let pending = Pending::DeleteSubnet(self.network, self.name);
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

/// Takes a subnet away, unless an instance has come to it meanwhile.
pub(super) fn finish_subnet_deletion(
    world: &mut World,
    key: &ResourceKey,
    name: &Name,
) -> Result<(), Refusal> {
    subnet_is_free(world, key, name)?;
    if let Ok(network) = network_mut(world, key) {
        network.subnets.remove(name);
        let resource = format!("{KIND}/{}/subnets/{name}", key.name);
        world.record(EventKind::ResourceDeleted { resource });
    }
    Ok(())
}

fn network<'a>(world: &'a World, key: &ResourceKey) -> Result<&'a VirtualNetwork, AzureRefusal> {
    let found = world.azure.virtual_networks.get(key);
    found
        .map(|network| &**network)
        .ok_or_else(|| not_found(key))
}

fn network_mut<'a>(
    world: &'a mut World,
    key: &ResourceKey,
) -> Result<&'a mut VirtualNetwork, AzureRefusal> {
    let found = world.azure.virtual_networks.get_mut(key);
    found.map(Arc::make_mut).ok_or_else(|| not_found(key))
}

fn not_found(key: &ResourceKey) -> AzureRefusal {
    AzureRefusal::NotFound {
        kind: KIND,
        name: key.name.to_string(),
        resource_group: key.group.to_string(),
    }
}

fn put_subnet(
    network: &mut VirtualNetwork,
    name: Name,
    settings: SubnetSettings,
    operation: OperationId,
    ids: &mut IdSource,
    kept: Option<Subnet>,
) -> Result<(), AzureRefusal> {
    check_name(SUBNET_KIND, name.as_str())?;
    let prefix = settings.prefix;
    if !network.prefixes.iter().any(|space| space.contains(prefix)) {
        return Err(AzureRefusal::SubnetOutside {
            subnet: name.to_string(),
            prefix: prefix.to_string(),
            network: network.name.to_string(),
        });
    }
    let others = network.subnets.values();
    if let Some(other) = others
        .into_iter()
        .find(|s| s.settings.prefix.overlaps(prefix))
    {
        return Err(AzureRefusal::SubnetsOverlap {
            subnet: name.to_string(),
            other: other.name.to_string(),
        });
    }
    let subnet = kept.unwrap_or_else(|| Subnet {
        name: name.clone(),
        etag: ids.next_guid(),
        settings,
        operation,
    });
    network.subnets.insert(name, subnet);
    Ok(())
}

/// The security group and the route table that a subnet names must be there.
fn references_exist(
    world: &World,
    network: &ResourceKey,
    subnet: &Name,
    settings: &SubnetSettings,
) -> Result<(), AzureRefusal> {
    let references = [
        (
            NetworkKind::NetworkSecurityGroup,
            &settings.network_security_group,
        ),
        (NetworkKind::RouteTable, &settings.route_table),
    ];
    for (kind, reference) in references {
        let Some(reference) = reference else {
            continue;
        };
        if !super::network_resource::exists(world, kind, reference) {
            let id = SubnetId {
                group: network.group.clone(),
                network: network.name.clone(),
                subnet: subnet.clone(),
            };
            return Err(AzureRefusal::ReferenceNotFound {
                resource: reference.clone(),
                by: id.to_arm_id(world.subscription),
            });
        }
    }
    Ok(())
}

fn same_location(found: &VirtualNetwork, wanted: &str) -> Result<(), AzureRefusal> {
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

fn overlapping(prefix: &AddressPrefix, other: &AddressPrefix) -> AzureRefusal {
    AzureRefusal::OverlappingPrefix {
        prefix: prefix.to_string(),
        other: other.to_string(),
    }
}

fn subnet_is_free(world: &World, key: &ResourceKey, subnet: &Name) -> Result<(), AzureRefusal> {
    let id = SubnetId {
        group: key.group.clone(),
        network: key.name.clone(),
        subnet: subnet.clone(),
    };
    let running = world.instances.values().filter_map(|instance| {
        let managed = instance.as_managed_instance()?;
        (managed.properties.subnet.as_ref() == Some(&id)).then_some(&instance.name)
    });
    let creating =
        world.azure.creating.iter().filter_map(|(name, new)| {
            (new.properties().subnet.as_ref() == Some(&id)).then_some(name)
        });
    let instance = running.chain(creating).next().map(ToString::to_string);
    let by = instance.or_else(|| {
        let held = fabric::holders(world, &id);
        held.into_values().next().map(|holder| holder.to_string())
    });
    let by = by.or_else(|| {
        let gateway = gateway_of(world, key)?;
        subnet.is(fabric::GATEWAY_SUBNET).then_some(gateway)
    });
    match by {
        None => Ok(()),
        Some(by) => Err(AzureRefusal::InUse {
            resource: id.to_arm_id(world.subscription),
            by,
        }),
    }
}

/// The gateway of a network.
fn gateway_of(world: &World, network: &ResourceKey) -> Option<String> {
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
