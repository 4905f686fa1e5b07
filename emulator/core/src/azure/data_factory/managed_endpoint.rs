//! Managed private endpoints: a factory's way to one resource, once that resource's owner has approved it.
//!
//! The endpoint is the service's, so nobody is asked whether who makes it may approve it: it always begins as pending.

use std::net::Ipv4Addr;

use uuid::Uuid;

use super::managed_network::DEFAULT_NETWORK;
use super::{Factory, Precondition, path, writable};
use crate::azure::fabric::{Asked, Connection, INSTANCE_GROUP, Target, tell};
use crate::azure::{Pending, ResourceKey, check_name};
use crate::command::Request;
use crate::durations::Transition;
use crate::event::EventKind;
use crate::ids::OperationId;
use crate::names::Name;
use crate::operation::{OperationState, ResourceRef};
use crate::refusal::{AzureRefusal, FabricRefusal, FactoryRefusal, Refusal};
use crate::world::World;

/// A managed private endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedEndpoint {
    /// Its name.
    pub name: Name,
    /// Changes with each write.
    pub etag: Uuid,
    /// Its address in the managed network, which Azure does not show.
    pub address: Ipv4Addr,
    /// The names that lead to it there.
    pub fqdns: Vec<String>,
    /// Its connection.
    pub connection: Connection,
    /// The operation that makes it.
    pub operation: OperationId,
}

/// PUT.
#[derive(Clone, Debug)]
pub struct WriteManagedEndpoint {
    /// Its factory.
    pub factory: ResourceKey,
    /// Its managed network.
    pub network: Name,
    /// Its name.
    pub name: Name,
    /// `privateLinkResourceId`.
    pub target: Target,
    /// `groupId`; empty for a private link service.
    pub group_id: String,
    /// `fqdns`.
    pub fqdns: Vec<String>,
    /// `If-Match`.
    pub condition: Precondition,
}

/// DELETE. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct DeleteManagedEndpoint {
    /// Its factory.
    pub factory: ResourceKey,
    /// Its managed network.
    pub network: Name,
    /// Its name.
    pub name: Name,
}

const KIND: &str = "Microsoft.DataFactory/factories/managedVirtualNetworks/managedPrivateEndpoints";
const PATH: &str = "managedVirtualNetworks/default/managedPrivateEndpoints";
/// How many a factory has at most (documented, "Azure Data Factory limits").
const MOST_ENDPOINTS: usize = 1_000;
/// How many names one has at most: the emulator's bound.
const MOST_NAMES: usize = 50;
/// The first address of a managed network (guess: its addresses are not shown anywhere).
const FIRST_ADDRESS: u32 = u32::from_be_bytes([10, 252, 0, 4]);

impl ManagedEndpoint {
    /// The name of the service's own private endpoint: `FACTORY.ENDPOINT` (observed).
    pub fn full_name(&self, factory: &Name) -> String {
        format!("{factory}.{}", self.name)
    }

    /// Whether a host name leads to it.
    pub(crate) fn answers_to(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        let mut names = self.fqdns.iter();
        names.any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(host))
    }

    /// `provisioningState`.
    pub fn provisioning_state(&self, world: &World) -> &'static str {
        match world.operation(self.operation).map(|found| &found.state) {
            Some(OperationState::InProgress) => "Provisioning",
            _ => "Succeeded",
        }
    }
}

impl Request for WriteManagedEndpoint {
    type Reply = ();

    fn apply(mut self, world: &mut World) -> Result<(), Refusal> {
        let factory = writable(world, &self.factory)?;
        in_network(factory, &self.network)?;
        let found = factory.endpoints.get(&self.name).cloned();
        self.condition
            .check(&self.name, found.as_ref().map(|found| found.etag))?;
        if self.fqdns.len() > MOST_NAMES || self.fqdns.iter().any(|name| name.is_empty()) {
            return Err(AzureRefusal::InvalidParameter {
                parameter: "fqdns".to_owned(),
                value: self.fqdns.len().to_string(),
            }
            .into());
        }
        if let Some(mut found) = found {
            let same = found.connection.target == self.target
                && found.connection.group_ids == groups(&self.group_id);
            if !same {
                let endpoint = self.name.to_string();
                return Err(FactoryRefusal::EndpointFixed { endpoint }.into());
            }
            found.fqdns = self.names(world);
            found.etag = world.ids.next_guid();
            let factory = world.factory_mut(&self.factory);
            factory.endpoints.insert(self.name, found);
            return Ok(());
        }
        check_name(KIND, self.name.as_str())?;
        let address = free_address(factory)?;
        let location = factory.location.clone();
        self.check_target(world)?;
        self.fqdns = self.names(world);
        let resource = path(&self.factory, PATH, &self.name);
        let operation = world.start_operation(
            "PutManagedPrivateEndpoint",
            "managedPrivateEndpoints",
            ResourceRef {
                resource_group: self.factory.group.to_string(),
                location,
                path: resource.clone(),
            },
        );
        let settle = Pending::Settle(Transition::NetworkWrite);
        world.when_over(operation, Transition::NetworkWrite, settle);
        let asked = Asked {
            manual: true,
            by_alias: false,
            approved: false,
            // What a provider reads who has to approve it (observed in the portal).
            message: format!("Requested by DataFactory {}", self.factory.name),
            group_ids: groups(&self.group_id),
        };
        let name = self.name.clone();
        let guid = world.ids.next_guid();
        let full = format!("{}.{name}", self.factory.name);
        let endpoint = ManagedEndpoint {
            etag: world.ids.next_guid(),
            address,
            fqdns: self.fqdns,
            connection: Connection::new(&full, guid, name.clone(), self.target, asked),
            operation,
            name: name.clone(),
        };
        world.record(EventKind::ResourceWritten { resource });
        tell(world, full, &endpoint.connection);
        let factory = world.factory_mut(&self.factory);
        factory.endpoints.insert(name, endpoint);
        Ok(())
    }
}

impl WriteManagedEndpoint {
    /// The names that lead to it: an instance's own is filled in (guess).
    fn names(&self, world: &World) -> Vec<String> {
        match &self.target {
            Target::Instance(name) if self.fqdns.is_empty() => {
                let view = world.managed_instance_view(name.as_str());
                view.map(|view| view.fqdn()).into_iter().collect()
            }
            _ => self.fqdns.clone(),
        }
    }

    fn check_target(&self, world: &World) -> Result<(), Refusal> {
        let (is_there, group, target) = match &self.target {
            Target::Instance(name) => (
                world.managed_instance(name.as_str()).is_some(),
                INSTANCE_GROUP,
                format!("Microsoft.Sql/managedInstances/{name}"),
            ),
            Target::Service(key) => (
                world.azure.fabric.private_link_services.contains_key(key),
                "",
                format!("Microsoft.Network/privateLinkServices/{}", key.name),
            ),
        };
        if !is_there {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: target,
                by: format!("{KIND}/{}", self.name),
            }
            .into());
        }
        if !self.group_id.eq_ignore_ascii_case(group) {
            return Err(FabricRefusal::GroupIdsDoNotFit {
                endpoint: self.name.to_string(),
                target,
                groups: self.group_id.clone(),
            }
            .into());
        }
        Ok(())
    }
}

impl Request for DeleteManagedEndpoint {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let factory = writable(world, &self.factory)?;
        in_network(factory, &self.network)?;
        let factory = world.factory_mut(&self.factory);
        if factory.endpoints.remove(&self.name).is_none() {
            return Ok(false);
        }
        let resource = path(&self.factory, PATH, &self.name);
        world.record(EventKind::ResourceDeleted { resource });
        Ok(true)
    }
}

/// The factory has this managed network.
fn in_network(factory: &Factory, network: &Name) -> Result<(), FactoryRefusal> {
    match factory.network.is_some() && network.is(DEFAULT_NETWORK) {
        true => Ok(()),
        false => Err(FactoryRefusal::NoManagedNetwork {
            factory: factory.key.name.to_string(),
            network: network.to_string(),
        }),
    }
}

fn groups(group_id: &str) -> Vec<String> {
    let named = Some(group_id).filter(|group| !group.is_empty());
    named.map(str::to_owned).into_iter().collect()
}

fn free_address(factory: &Factory) -> Result<Ipv4Addr, FactoryRefusal> {
    let is_free = |address: &Ipv4Addr| {
        let mut endpoints = factory.endpoints.values();
        endpoints.all(|endpoint| endpoint.address != *address)
    };
    if factory.endpoints.len() >= MOST_ENDPOINTS {
        return Err(FactoryRefusal::TooManyEndpoints {
            factory: factory.key.name.to_string(),
            most: MOST_ENDPOINTS,
        });
    }
    let mut addresses = (FIRST_ADDRESS..).map(Ipv4Addr::from);
    Ok(addresses
        .find(is_free)
        .expect("there are more addresses than endpoints"))
}
