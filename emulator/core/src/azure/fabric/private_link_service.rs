//! Private link services: a load balancer's frontend that private endpoints of others may lead to.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::header::{self, Header, Place};
use super::{ConnectionStatus, Target, address};
use crate::azure::{ResourceKey, SubnetId, network_exists};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// A private link service.
#[derive(Clone, Debug, PartialEq)]
pub struct PrivateLinkService {
    /// What every resource has.
    pub header: Header,
    /// The load balancer's frontend that it leads to.
    pub frontend: (ResourceKey, Name),
    /// The name of its IP configuration.
    pub configuration: Name,
    /// The subnet whose addresses the load balancer sees.
    pub subnet: SubnetId,
    /// Its address there.
    pub address: Ipv4Addr,
    /// `alias`.
    pub alias: String,
    /// `enableProxyProtocol`.
    pub proxy_protocol: bool,
    /// `visibility.subscriptions`.
    pub visibility: Vec<String>,
    /// `autoApproval.subscriptions`.
    pub auto_approval: Vec<String>,
}

/// PUT. Answers the operation and whether the service is new.
#[derive(Clone, Debug)]
pub struct WritePrivateLinkService {
    /// Where and what it is.
    pub place: Place,
    /// The load balancer's frontend.
    pub frontend: (ResourceKey, Name),
    /// The name of its IP configuration.
    pub configuration: Name,
    /// The subnet for its addresses.
    pub subnet: SubnetId,
    /// The address that is asked for.
    pub address: Option<Ipv4Addr>,
    /// `enableProxyProtocol`.
    pub proxy_protocol: bool,
    /// `visibility.subscriptions`.
    pub visibility: Vec<String>,
    /// `autoApproval.subscriptions`.
    pub auto_approval: Vec<String>,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeletePrivateLinkService {
    /// The service.
    pub key: ResourceKey,
}

pub(super) const KIND: &str = "Microsoft.Network/privateLinkServices";

impl Request for WritePrivateLinkService {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let fabric = &world.azure.fabric;
        let found = fabric.private_link_services.get(&key).cloned();
        header::check(
            world,
            KIND,
            &self.place,
            found.as_ref().map(|found| &found.header),
        )?;
        network_exists(world, &self.subnet, &self.place.location)?;
        let (balancer, frontend) = &self.frontend;
        let is_there = fabric
            .load_balancers
            .get(balancer)
            .and_then(|balancer| balancer.frontends.get(frontend))
            .is_some_and(|frontend| frontend.inside.is_some());
        if !is_there {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!(
                    "{}/{}/frontendIPConfigurations/{frontend}",
                    super::load_balancer::KIND,
                    balancer.name
                ),
                by: format!("{KIND}/{}", key.name),
            }
            .into());
        }
        let policies = world
            .azure
            .subnet(&self.subnet)
            .map(|subnet| &subnet.settings.private_link_service_policies);
        if policies.is_some_and(|policies| !policies.eq_ignore_ascii_case("Disabled")) {
            return Err(FabricRefusal::LinkServicePoliciesEnabled {
                service: key.name.to_string(),
                subnet: self.subnet.to_arm_id(world.subscription),
            }
            .into());
        }
        let other = fabric
            .private_link_services
            .iter()
            .find(|(other, service)| **other != key && service.frontend == self.frontend);
        if let Some((other, _)) = other {
            return Err(AzureRefusal::InUse {
                resource: format!("{}/{}", super::load_balancer::KIND, balancer.name),
                by: format!("{KIND}/{}", other.name),
            }
            .into());
        }
        let old = found.as_ref().map(|found| (&found.subnet, found.address));
        let address = address::keep_or_allocate(world, &self.subnet, self.address, old)?;
        let header = header::write(
            world,
            KIND,
            self.place,
            found.as_ref().map(|found| &found.header),
        );
        let operation = header.operation;
        let alias = format!(
            "{}.{}.{}.azure.privatelinkservice",
            header.name, header.guid, header.location
        );
        let service = PrivateLinkService {
            header,
            frontend: self.frontend,
            configuration: self.configuration,
            subnet: self.subnet,
            address,
            alias,
            proxy_protocol: self.proxy_protocol,
            visibility: self.visibility,
            auto_approval: self.auto_approval,
        };
        let services = &mut world.azure.fabric.private_link_services;
        services.insert(key, Arc::new(service));
        Ok((operation, found.is_none()))
    }
}

impl Request for DeletePrivateLinkService {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let fabric = &world.azure.fabric;
        let Some(found) = fabric.private_link_services.get(&self.key).cloned() else {
            return Ok(None);
        };
        let target = Target::Service(self.key.clone());
        let user = fabric.private_endpoints.values().find(|endpoint| {
            endpoint.connection.target == target
                && endpoint.connection.status != ConnectionStatus::Disconnected
        });
        if let Some(user) = user {
            return Err(FabricRefusal::LinkServiceHasConnections {
                service: self.key.name.to_string(),
                endpoint: user.header.name.to_string(),
            }
            .into());
        }
        let operation = header::start_deletion(world, KIND, &found.header);
        world.azure.fabric.private_link_services.remove(&self.key);
        Ok(Some(operation))
    }
}
