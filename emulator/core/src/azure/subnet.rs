//! Subnets of virtual networks.

use uuid::Uuid;

use super::fabric;
use super::resource_group::writable_group;
use super::virtual_network::{KIND, VirtualNetwork, gateway_of, network, network_mut};
use super::{AddressPrefix, NetworkKind, Pending, ResourceKey, check_name};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::{IdSource, OperationId};
use crate::names::Name;
use crate::operation::ResourceRef;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

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
    pub(super) fn check_change(
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

pub(super) fn put_subnet(
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
pub(super) fn references_exist(
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

pub(super) fn subnet_is_free(
    world: &World,
    key: &ResourceKey,
    subnet: &Name,
) -> Result<(), AzureRefusal> {
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

pub(super) fn overlapping(prefix: &AddressPrefix, other: &AddressPrefix) -> AzureRefusal {
    AzureRefusal::OverlappingPrefix {
        prefix: prefix.to_string(),
        other: other.to_string(),
    }
}
