//! Gateways: how places outside Azure reach a virtual network, and it reaches them.

mod vpn;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::header::{self, Header, Place};
use crate::azure::{AddressPrefix, ResourceKey};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, Refusal};
use crate::world::World;

pub(in crate::azure) use vpn::GATEWAY_SUBNET;
pub(super) use vpn::{CONNECTION_KIND, LOCAL_KIND, user_from_elsewhere};
pub use vpn::{
    DeleteLocalGateway, DeleteVpnConnection, GatewaySettings, LocalGateway, VpnConnection,
    WriteLocalGateway, WriteVnetGateway, WriteVpnConnection,
};

/// A gateway of a virtual network.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// What every resource has.
    pub header: Header,
    /// Its network.
    pub network: ResourceKey,
    /// `Vpn` or `ExpressRoute`, as written.
    pub kind: String,
    /// The places it is connected to without a connection of Resource Manager's.
    pub sites: Vec<Name>,
    /// What is said of it besides.
    pub settings: GatewaySettings,
}

/// A place outside Azure.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Its name.
    pub name: Name,
    /// Its addresses.
    pub prefixes: Vec<AddressPrefix>,
    /// Its DNS: domains that it asks a virtual network's resolver for; the longest that fits counts.
    pub forwarders: BTreeMap<Name, ResourceKey>,
}

/// PUT of a gateway. Answers the operation and whether it is new.
#[derive(Clone, Debug)]
pub struct WriteGateway {
    /// Where and what it is.
    pub place: Place,
    /// Its network.
    pub network: ResourceKey,
    /// `Vpn` or `ExpressRoute`.
    pub kind: String,
    /// The places it is connected to.
    pub sites: Vec<Name>,
}

/// DELETE of a gateway.
#[derive(Clone, Debug)]
pub struct DeleteGateway {
    /// The gateway.
    pub key: ResourceKey,
}

/// Makes or changes a place outside Azure.
#[derive(Clone, Debug)]
pub struct WriteSite {
    /// What it is to be.
    pub site: Site,
}

/// Has the DNS server of a place outside Azure ask a network's resolver for a domain (a conditional forwarder).
#[derive(Clone, Debug)]
pub struct ForwardNames {
    /// The place.
    pub site: Name,
    /// The domain.
    pub domain: Name,
    /// The network whose resolver is asked.
    pub network: ResourceKey,
}

/// Forgets a place outside Azure.
#[derive(Clone, Debug)]
pub struct DeleteSite {
    /// The place.
    pub name: Name,
}

pub(super) const KIND: &str = "Microsoft.Network/virtualNetworkGateways";

impl Site {
    /// An address of it, which its clients have.
    pub fn address(&self) -> Option<Ipv4Addr> {
        let (first, last) = self.prefixes.first()?.ends();
        Some(Ipv4Addr::from(
            u32::from(first).saturating_add(10).min(last.into()),
        ))
    }

    /// Whether an address is of this place.
    pub fn has(&self, address: Ipv4Addr) -> bool {
        self.prefixes.iter().any(|prefix| prefix.has(address))
    }
}

impl Request for WriteGateway {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.gateways.get(&key).cloned();
        header::check(
            world,
            KIND,
            &self.place,
            found.as_ref().map(|found| &found.header),
        )?;
        let by = format!("{KIND}/{}", key.name);
        if !world.azure.virtual_networks.contains_key(&self.network) {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!("Microsoft.Network/virtualNetworks/{}", self.network.name),
                by,
            }
            .into());
        }
        let known = &world.azure.fabric.sites;
        if let Some(site) = self.sites.iter().find(|site| !known.contains_key(*site)) {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: format!("Microsoft.Network/localNetworkGateways/{site}"),
                by,
            }
            .into());
        }
        let header = header::write(
            world,
            KIND,
            self.place,
            found.as_ref().map(|found| &found.header),
        );
        let operation = header.operation;
        let gateway = Gateway {
            header,
            network: self.network,
            kind: self.kind,
            sites: self.sites,
            settings: found
                .as_ref()
                .map_or_else(GatewaySettings::default, |found| found.settings.clone()),
        };
        world.azure.fabric.gateways.insert(key, Arc::new(gateway));
        Ok((operation, found.is_none()))
    }
}

impl Request for DeleteGateway {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.gateways.get(&self.key).cloned() else {
            return Ok(None);
        };
        let connections = &world.azure.fabric.vpn_connections;
        let mut connections = connections.values();
        if let Some(user) = connections.find(|connection| connection.gateway == self.key) {
            return Err(AzureRefusal::InUse {
                resource: format!("{KIND}/{}", self.key.name),
                by: format!("{}/{}", vpn::CONNECTION_KIND, user.header.name),
            }
            .into());
        }
        world.azure.fabric.gateways.remove(&self.key);
        Ok(Some(header::start_deletion(world, KIND, &found.header)))
    }
}

impl Request for WriteSite {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        if self.site.prefixes.is_empty() {
            return Err(AzureRefusal::MissingParameter {
                parameter: "prefixes".to_owned(),
            }
            .into());
        }
        let name = self.site.name.clone();
        world.azure.fabric.sites.insert(name, Arc::new(self.site));
        Ok(())
    }
}

impl Request for ForwardNames {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let missing = |kind: &str, name: &Name| AzureRefusal::ReferenceNotFound {
            resource: format!("{kind}/{name}"),
            by: format!("the DNS server of {}", self.site),
        };
        if !world.azure.virtual_networks.contains_key(&self.network) {
            let kind = "Microsoft.Network/virtualNetworks";
            return Err(missing(kind, &self.network.name).into());
        }
        match world.azure.fabric.sites.get_mut(&self.site) {
            Some(site) => {
                let site = Arc::make_mut(site);
                site.forwarders.insert(self.domain, self.network);
                Ok(())
            }
            None => Err(missing(vpn::LOCAL_KIND, &self.site).into()),
        }
    }
}

impl Request for DeleteSite {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let mut gateways = world.azure.fabric.gateways.values();
        let user = gateways.find(|gateway| gateway.sites.contains(&self.name));
        if let Some(user) = user {
            return Err(AzureRefusal::InUse {
                resource: format!("{}/{}", vpn::LOCAL_KIND, self.name),
                by: format!("{KIND}/{}", user.header.name),
            }
            .into());
        }
        let mut local = world.azure.fabric.local_gateways.keys();
        if let Some(local) = local.find(|key| key.name == self.name) {
            return Err(AzureRefusal::InUse {
                resource: format!("{}/{}", vpn::LOCAL_KIND, self.name),
                by: format!("resource group {}", local.group),
            }
            .into());
        }
        world.azure.fabric.sites.remove(&self.name);
        Ok(())
    }
}
