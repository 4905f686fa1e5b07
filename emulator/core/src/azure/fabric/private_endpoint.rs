//! Private endpoints: an address in the consumer's network that leads to one managed instance or private link service.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::connection::{Asked, Connection, Target};
use super::header::{self, Header, Place};
use super::{ZoneGroup, address, zone_group};
use crate::azure::{ResourceKey, SubnetId, network_exists};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// A private endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivateEndpoint {
    /// What every resource has.
    pub header: Header,
    /// Its subnet.
    pub subnet: SubnetId,
    /// Its address there.
    pub address: Ipv4Addr,
    /// How the address was asked for, if it was.
    pub configuration: Option<IpConfiguration>,
    /// The name of its network interface.
    pub interface: Name,
    /// Whether the interface's name was asked for.
    pub names_interface: bool,
    /// Its one connection.
    pub connection: Connection,
    /// Its DNS zone group.
    pub zone_group: Option<ZoneGroup>,
}

/// An entry of `ipConfigurations`: an address for a member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpConfiguration {
    /// Its name.
    pub name: Name,
    /// `groupId`.
    pub group: String,
    /// `memberName`.
    pub member: String,
    /// `privateIPAddress`.
    pub address: Ipv4Addr,
}

/// PUT. Answers the operation and whether the endpoint is new.
#[derive(Clone, Debug)]
pub struct WritePrivateEndpoint {
    /// Where and what it is.
    pub place: Place,
    /// Its subnet.
    pub subnet: SubnetId,
    /// The address that is asked for; an endpoint that is there keeps its own without it.
    pub configuration: Option<IpConfiguration>,
    /// `customNetworkInterfaceName`.
    pub interface: Option<Name>,
    /// The name of its connection.
    pub connection: Name,
    /// What it leads to.
    pub target: Target,
    /// Whether a private link service is named by its alias.
    pub by_alias: bool,
    /// `groupIds`.
    pub group_ids: Vec<String>,
    /// Whether the connection waits for somebody's approval.
    pub manual: bool,
    /// `requestMessage`.
    pub message: String,
    /// Whether who asks may approve it: the role that ARM has looked up.
    pub may_approve: bool,
}

/// DELETE by the consumer.
#[derive(Clone, Debug)]
pub struct DeletePrivateEndpoint {
    /// The endpoint.
    pub key: ResourceKey,
}

pub(super) const KIND: &str = "Microsoft.Network/privateEndpoints";
/// The group of a managed instance's sub-resource.
pub(crate) const INSTANCE_GROUP: &str = "managedInstance";
/// The longest `requestMessage` (documented).
const LONGEST_MESSAGE: usize = 140;

impl World {
    fn endpoint_mut(&mut self, key: &ResourceKey) -> &mut PrivateEndpoint {
        let found = self.azure.fabric.private_endpoints.get_mut(key);
        Arc::make_mut(found.expect("found a moment ago"))
    }
}

impl Request for WritePrivateEndpoint {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.private_endpoints.get(&key).cloned();
        header::check(
            world,
            KIND,
            &self.place,
            found.as_ref().map(|found| &found.header),
        )?;
        network_exists(world, &self.subnet, &self.place.location)?;
        self.check_target(world)?;
        self.check_subnet(world)?;
        if self.message.chars().count() > LONGEST_MESSAGE {
            return Err(AzureRefusal::InvalidParameter {
                parameter: "requestMessage".to_owned(),
                value: self.message,
            }
            .into());
        }
        if let Some(found) = &found {
            // Another target, subnet or address is another endpoint; a repeated request changes the tags.
            let asked = self.configuration.as_ref();
            let moves = asked.is_some_and(|asked| asked.address != found.address);
            if found.connection.target != self.target || found.subnet != self.subnet || moves {
                return Err(FabricRefusal::EndpointFixed {
                    endpoint: key.name.to_string(),
                }
                .into());
            }
            let header = header::write(world, KIND, self.place, Some(&found.header));
            let operation = header.operation;
            world.endpoint_mut(&key).header = header;
            return Ok((operation, false));
        }
        let approves_itself = match &self.target {
            Target::Service(service) => {
                let services = &world.azure.fabric.private_link_services;
                let service = services.get(service);
                service.is_some_and(|service| service.approves(world.subscription))
            }
            Target::Instance(_) => false,
        };
        // An alias gives no right to approve anything (documented).
        if !self.manual && self.by_alias {
            return Err(FabricRefusal::AliasNeedsApproval {
                endpoint: key.name.to_string(),
            }
            .into());
        }
        if !self.manual && !self.may_approve && !approves_itself {
            return Err(FabricRefusal::MayNotApprove {
                endpoint: key.name.to_string(),
                target: self.target_name(),
            }
            .into());
        }
        let asked = self.configuration.as_ref().map(|asked| asked.address);
        let address = address::allocate(world, &self.subnet, asked)?;
        let header = header::write(world, KIND, self.place, None);
        let operation = header.operation;
        let guid = world.ids.next_guid();
        let asked = Asked {
            manual: self.manual,
            by_alias: self.by_alias,
            approved: !self.manual || approves_itself,
            message: self.message,
            group_ids: self.group_ids,
        };
        let connection = Connection::new(
            header.name.as_str(),
            guid,
            self.connection,
            self.target,
            asked,
        );
        let interface = self.interface.clone().unwrap_or_else(|| {
            Name::new(&format!("{}.nic.{}", header.name, world.ids.next_guid()))
        });
        let endpoint = PrivateEndpoint {
            header,
            subnet: self.subnet,
            address,
            configuration: self.configuration,
            interface,
            names_interface: self.interface.is_some(),
            connection,
            zone_group: None,
        };
        tell(world, &endpoint);
        world
            .azure
            .fabric
            .private_endpoints
            .insert(key, Arc::new(endpoint));
        Ok((operation, true))
    }
}

impl WritePrivateEndpoint {
    fn target_name(&self) -> String {
        match &self.target {
            Target::Instance(name) => format!("Microsoft.Sql/managedInstances/{name}"),
            Target::Service(key) => format!("{}/{}", super::private_link_service::KIND, key.name),
        }
    }

    fn check_target(&self, world: &World) -> Result<(), Refusal> {
        let (is_there, groups_fit) = match &self.target {
            Target::Instance(name) => (
                world.managed_instance(name.as_str()).is_some(),
                matches!(self.group_ids.as_slice(), [one] if one.eq_ignore_ascii_case(INSTANCE_GROUP)),
            ),
            Target::Service(key) => (
                world.azure.fabric.private_link_services.contains_key(key),
                self.group_ids.is_empty(),
            ),
        };
        if !is_there {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: self.target_name(),
                by: format!("{KIND}/{}", self.place.key.name),
            }
            .into());
        }
        if let Target::Service(key) = &self.target
            && let Some(service) = world.azure.fabric.private_link_services.get(key)
            && !service.is_visible_to(world.subscription)
        {
            return Err(FabricRefusal::LinkServiceNotVisible {
                service: key.name.to_string(),
                endpoint: self.place.key.name.to_string(),
            }
            .into());
        }
        if !groups_fit {
            return Err(FabricRefusal::GroupIdsDoNotFit {
                endpoint: self.place.key.name.to_string(),
                target: self.target_name(),
                groups: self.group_ids.join(", "),
            }
            .into());
        }
        Ok(())
    }

    fn check_subnet(&self, world: &World) -> Result<(), Refusal> {
        let subnet = world.azure.subnet(&self.subnet);
        let delegated = subnet.and_then(|subnet| subnet.settings.delegations.first());
        match delegated {
            None => Ok(()),
            Some((_, service)) => Err(FabricRefusal::SubnetDelegated {
                subnet: self.subnet.subnet.to_string(),
                service: service.clone(),
            }
            .into()),
        }
    }
}

impl Request for DeletePrivateEndpoint {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.private_endpoints.remove(&self.key) else {
            return Ok(None);
        };
        zone_group::forget(world, &found);
        Ok(Some(header::start_deletion(world, KIND, &found.header)))
    }
}

fn tell(world: &mut World, endpoint: &PrivateEndpoint) {
    super::consumer::tell(
        world,
        endpoint.header.name.to_string(),
        &endpoint.connection,
    );
}
