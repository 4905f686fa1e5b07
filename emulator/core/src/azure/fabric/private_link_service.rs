//! Private link services: a load balancer's frontend that private endpoints of others may lead to.

use std::net::Ipv4Addr;
use std::sync::Arc;

use uuid::Uuid;

use super::header::{self, Header, Place};
use super::{Sku, Target, address};
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
    /// Whether the address was asked for.
    pub is_static: bool,
    /// `alias`.
    pub alias: String,
    /// `enableProxyProtocol`.
    pub proxy_protocol: bool,
    /// `visibility.subscriptions`.
    pub visibility: Vec<String>,
    /// `autoApproval.subscriptions`.
    pub auto_approval: Vec<String>,
    /// `fqdns`.
    pub fqdns: Vec<String>,
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
    /// `fqdns`.
    pub fqdns: Vec<String>,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeletePrivateLinkService {
    /// The service.
    pub key: ResourceKey,
}

pub(super) const KIND: &str = "Microsoft.Network/privateLinkServices";
/// Every subscription.
const EVERYBODY: &str = "*";

impl PrivateLinkService {
    /// The name of the interface that has its address.
    pub fn interface(&self) -> Name {
        Name::new(&format!("{}.nic.{}", self.header.name, self.header.guid))
    }

    /// Whether a subscription may ask for a connection. Nobody named is whoever has a role in the service's subscription,
    /// which is the only one there is.
    pub fn is_visible_to(&self, subscription: Uuid) -> bool {
        self.visibility.is_empty() || lists(&self.visibility, subscription)
    }

    /// Whether what a subscription asks for is approved at once (documented: whichever way it asks).
    pub fn approves(&self, subscription: Uuid) -> bool {
        lists(&self.auto_approval, subscription)
    }
}

fn lists(subscriptions: &[String], subscription: Uuid) -> bool {
    let own = subscription.to_string();
    subscriptions
        .iter()
        .any(|id| id == EVERYBODY || id.eq_ignore_ascii_case(&own))
}

impl World {
    /// The private link service of an alias.
    pub fn link_service_of_alias(&self, alias: &str) -> Option<&ResourceKey> {
        let services = self.azure.fabric.private_link_services.iter();
        services
            .into_iter()
            .find(|(_, service)| service.alias.eq_ignore_ascii_case(alias))
            .map(|(key, _)| key)
    }
}

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
        address::takes_resources(world, KIND, &self.subnet)?;
        let (balancer, frontend) = &self.frontend;
        let serving = fabric.load_balancers.get(balancer);
        let inside = serving
            .and_then(|balancer| balancer.frontends.get(frontend))
            .and_then(|frontend| frontend.inside());
        let Some((inside, _)) = inside else {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!(
                    "{}/{}/frontendIPConfigurations/{frontend}",
                    super::load_balancer::KIND,
                    balancer.name
                ),
                by: format!("{KIND}/{}", key.name),
            }
            .into());
        };
        if serving.is_some_and(|serving| serving.sku != Sku::Standard) {
            return Err(FabricRefusal::LinkServiceNeedsStandard {
                service: key.name.to_string(),
                balancer: balancer.name.to_string(),
            }
            .into());
        }
        if inside.network_key() != self.subnet.network_key() {
            return Err(FabricRefusal::LinkServiceOfOtherNetwork {
                service: key.name.to_string(),
                balancer: balancer.name.to_string(),
            }
            .into());
        }
        if let Some(stranger) = self.approved_unseen() {
            return Err(FabricRefusal::ApprovedButNotVisible {
                service: key.name.to_string(),
                subscription: stranger.clone(),
            }
            .into());
        }
        if found
            .as_ref()
            .is_some_and(|found| found.frontend != self.frontend)
        {
            return Err(FabricRefusal::LinkServiceFixed {
                service: key.name.to_string(),
            }
            .into());
        }
        let subnet = world.azure.subnet(&self.subnet);
        if subnet.is_some_and(|subnet| !subnet.settings.allows_link_services()) {
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
                resource: format!(
                    "{}/{}/frontendIPConfigurations/{frontend}",
                    super::load_balancer::KIND,
                    balancer.name
                ),
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
        let alias = match &found {
            Some(found) => found.alias.clone(),
            None => format!(
                "{}.{}.{}.azure.privatelinkservice",
                header.name, header.guid, header.location
            ),
        };
        let service = PrivateLinkService {
            header,
            frontend: self.frontend,
            configuration: self.configuration,
            subnet: self.subnet,
            address,
            is_static: self.address.is_some(),
            alias,
            proxy_protocol: self.proxy_protocol,
            visibility: self.visibility,
            auto_approval: self.auto_approval,
            fqdns: self.fqdns,
        };
        let services = &mut world.azure.fabric.private_link_services;
        services.insert(key, Arc::new(service));
        Ok((operation, found.is_none()))
    }
}

impl WritePrivateLinkService {
    /// A subscription that is approved at once without being allowed to ask.
    fn approved_unseen(&self) -> Option<&String> {
        let sees = |id: &String| {
            let mut seen = self.visibility.iter();
            self.visibility.is_empty()
                || seen.any(|seen| seen == EVERYBODY || seen.eq_ignore_ascii_case(id))
        };
        self.auto_approval.iter().find(|id| !sees(id))
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
        if let Some(user) = world.connections_to(&target).next() {
            return Err(FabricRefusal::LinkServiceHasConnections {
                service: self.key.name.to_string(),
                endpoint: user.name(),
            }
            .into());
        }
        let operation = header::start_deletion(world, KIND, &found.header);
        world.azure.fabric.private_link_services.remove(&self.key);
        Ok(Some(operation))
    }
}
