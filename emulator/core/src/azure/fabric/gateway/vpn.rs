//! Gateways as Resource Manager writes them: of a network, of a place outside, and the connection between the two.

use std::sync::Arc;

use super::{Gateway, KIND, Site};
use crate::azure::fabric::header::{self, Header, Place};
use crate::azure::fabric::{Fabric, User, public_address};
use crate::azure::{AddressPrefix, ResourceKey, SubnetId, network_exists};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// What is said of a gateway besides where it leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewaySettings {
    /// `sku.name`.
    pub sku: String,
    /// `vpnType`.
    pub vpn_type: String,
    /// `activeActive`.
    pub active_active: bool,
    /// Its IP configurations, with their public IP addresses.
    pub configurations: Vec<(Name, Option<ResourceKey>)>,
}

/// A place outside Azure as Resource Manager knows it; the place of the same name has its addresses.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalGateway {
    /// What every resource has.
    pub header: Header,
    /// `gatewayIpAddress` or `fqdn`: where its own gateway is.
    pub gateway: String,
}

/// A gateway's connection to a place outside Azure.
#[derive(Clone, Debug, PartialEq)]
pub struct VpnConnection {
    /// What every resource has.
    pub header: Header,
    /// The gateway.
    pub gateway: ResourceKey,
    /// The place.
    pub place: ResourceKey,
    /// `routingWeight`.
    pub weight: u32,
}

/// PUT of a gateway. Answers the operation and whether it is new.
#[derive(Clone, Debug)]
pub struct WriteVnetGateway {
    /// Where and what it is.
    pub place: Place,
    /// Its subnet.
    pub subnet: SubnetId,
    /// `Vpn` or `ExpressRoute`.
    pub kind: String,
    /// What is said of it besides.
    pub settings: GatewaySettings,
}

/// PUT of a place. Answers the operation and whether it is new.
#[derive(Clone, Debug)]
pub struct WriteLocalGateway {
    /// Where and what it is.
    pub place: Place,
    /// Its addresses.
    pub prefixes: Vec<AddressPrefix>,
    /// `gatewayIpAddress` or `fqdn`.
    pub gateway: String,
}

/// PUT of a connection. Answers the operation and whether it is new.
#[derive(Clone, Debug)]
pub struct WriteVpnConnection {
    /// Where and what it is.
    pub place: Place,
    /// The gateway.
    pub gateway: ResourceKey,
    /// The place that it leads to.
    pub to: ResourceKey,
    /// `routingWeight`.
    pub weight: u32,
}

/// DELETE of a place.
#[derive(Clone, Debug)]
pub struct DeleteLocalGateway {
    /// The place.
    pub key: ResourceKey,
}

/// DELETE of a connection.
#[derive(Clone, Debug)]
pub struct DeleteVpnConnection {
    /// The connection.
    pub key: ResourceKey,
}

pub(in crate::azure::fabric) const LOCAL_KIND: &str = "Microsoft.Network/localNetworkGateways";
pub(in crate::azure::fabric) const CONNECTION_KIND: &str = "Microsoft.Network/connections";
/// The one subnet that takes gateways (documented).
pub(crate) const GATEWAY_SUBNET: &str = "GatewaySubnet";

impl Fabric {
    /// The places that a gateway leads to.
    pub fn sites_of<'a>(&'a self, gateway: &'a Gateway) -> impl Iterator<Item = &'a Site> + 'a {
        let key = gateway.header.key();
        let connected = self.vpn_connections.values();
        let connected = connected
            .filter(move |connection| connection.gateway == key)
            .map(|connection| &connection.place.name);
        let names = gateway.sites.iter().chain(connected);
        names.filter_map(|name| self.sites.get(name).map(|site| &**site))
    }
}

/// What of another group needs a gateway or a place of this one.
pub(in crate::azure::fabric) fn user_from_elsewhere(world: &World, group: &Name) -> Option<String> {
    let fabric = &world.azure.fabric;
    let gateway = fabric
        .gateways
        .iter()
        .find(|(key, gateway)| key.group != *group && gateway.network.group == *group)
        .map(|(key, _)| format!("{KIND}/{}", key.name));
    gateway.or_else(|| {
        let mut connections = fabric.vpn_connections.iter();
        let needs = |(key, connection): &(&ResourceKey, &Arc<VpnConnection>)| {
            let ends = [&connection.gateway.group, &connection.place.group];
            key.group != *group && ends.contains(&group)
        };
        connections
            .find(needs)
            .map(|(key, _)| format!("{CONNECTION_KIND}/{}", key.name))
    })
}

impl Request for WriteVnetGateway {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.gateways.get(&key).cloned();
        let old = found.as_deref();
        header::check(world, KIND, &self.place, old.map(|old| &old.header))?;
        let by = format!("{KIND}/{}", key.name);
        network_exists(world, &self.subnet, &self.place.location)?;
        if !self.subnet.subnet.is(GATEWAY_SUBNET) {
            return Err(FabricRefusal::NotTheGatewaySubnet {
                gateway: key.name.to_string(),
                subnet: self.subnet.to_arm_id(world.subscription),
            }
            .into());
        }
        let network = self.subnet.network_key();
        let mut others = world.azure.fabric.gateways.iter();
        let twin = others.find(|(other, gateway)| {
            **other != key
                && gateway.network == network
                && gateway.kind.eq_ignore_ascii_case(&self.kind)
        });
        if let Some((twin, _)) = twin {
            return Err(FabricRefusal::SecondGateway {
                network: network.name.to_string(),
                gateway: twin.name.to_string(),
            }
            .into());
        }
        if old
            .is_some_and(|old| old.network != network || !old.kind.eq_ignore_ascii_case(&self.kind))
        {
            let what = "Moving a gateway to another network or type".to_owned();
            return Err(AzureRefusal::NotEmulated { what }.into());
        }
        let used = self.settings.configurations.iter();
        for public in used.filter_map(|(_, public)| public.as_ref()) {
            let user = User::Gateway(key.clone());
            public_address::is_free_for(world, public, &user, &by)?;
        }
        let header = header::write(world, KIND, self.place, old.map(|old| &old.header));
        let operation = header.operation;
        let gateway = Gateway {
            header,
            network,
            kind: self.kind,
            sites: old.map_or_else(Vec::new, |old| old.sites.clone()),
            settings: self.settings,
        };
        world.azure.fabric.gateways.insert(key, Arc::new(gateway));
        Ok((operation, found.is_none()))
    }
}

impl Request for WriteLocalGateway {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let fabric = &world.azure.fabric;
        let found = fabric.local_gateways.get(&key).cloned();
        let old = found.as_deref();
        header::check(world, LOCAL_KIND, &self.place, old.map(|old| &old.header))?;
        if self.prefixes.is_empty() {
            return Err(AzureRefusal::MissingParameter {
                parameter: "localNetworkAddressSpace".to_owned(),
            }
            .into());
        }
        let mut others = fabric.local_gateways.keys();
        if others.any(|other| *other != key && other.name == key.name) {
            let what = "A second local network gateway of the same name".to_owned();
            return Err(AzureRefusal::NotEmulated { what }.into());
        }
        let known = fabric.sites.get(&key.name);
        let site = Site {
            name: key.name.clone(),
            prefixes: self.prefixes,
            forwarders: known
                .map(|site| site.forwarders.clone())
                .unwrap_or_default(),
        };
        let header = header::write(world, LOCAL_KIND, self.place, old.map(|old| &old.header));
        let operation = header.operation;
        let local = LocalGateway {
            header,
            gateway: self.gateway,
        };
        let fabric = &mut world.azure.fabric;
        fabric.sites.insert(key.name.clone(), Arc::new(site));
        fabric.local_gateways.insert(key, Arc::new(local));
        Ok((operation, found.is_none()))
    }
}

impl Request for WriteVpnConnection {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let fabric = &world.azure.fabric;
        let found = fabric.vpn_connections.get(&key).cloned();
        let old = found.as_deref();
        let by = format!("{CONNECTION_KIND}/{}", key.name);
        header::check(
            world,
            CONNECTION_KIND,
            &self.place,
            old.map(|old| &old.header),
        )?;
        let missing = |kind: &str, key: &ResourceKey| AzureRefusal::ReferenceNotFound {
            resource: format!("{kind}/{}", key.name),
            by: by.clone(),
        };
        let gateway = fabric.gateways.get(&self.gateway);
        let gateway = gateway.filter(|found| found.kind.eq_ignore_ascii_case("Vpn"));
        if gateway.is_none() {
            return Err(missing(KIND, &self.gateway).into());
        }
        if !fabric.local_gateways.contains_key(&self.to) {
            return Err(missing(LOCAL_KIND, &self.to).into());
        }
        let header = header::write(
            world,
            CONNECTION_KIND,
            self.place,
            old.map(|old| &old.header),
        );
        let operation = header.operation;
        let connection = VpnConnection {
            header,
            gateway: self.gateway,
            place: self.to,
            weight: self.weight,
        };
        let connections = &mut world.azure.fabric.vpn_connections;
        connections.insert(key, Arc::new(connection));
        Ok((operation, found.is_none()))
    }
}

impl Request for DeleteLocalGateway {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let fabric = &world.azure.fabric;
        let Some(found) = fabric.local_gateways.get(&self.key).cloned() else {
            return Ok(None);
        };
        let name = &self.key.name;
        let connection = fabric
            .vpn_connections
            .values()
            .find(|connection| connection.place == self.key)
            .map(|connection| format!("{CONNECTION_KIND}/{}", connection.header.name));
        let gateway = || {
            let mut gateways = fabric.gateways.values();
            gateways
                .find(|gateway| gateway.sites.contains(name))
                .map(|gateway| format!("{KIND}/{}", gateway.header.name))
        };
        if let Some(by) = connection.or_else(gateway) {
            let resource = format!("{LOCAL_KIND}/{name}");
            return Err(AzureRefusal::InUse { resource, by }.into());
        }
        let operation = header::start_deletion(world, LOCAL_KIND, &found.header);
        let fabric = &mut world.azure.fabric;
        fabric.local_gateways.remove(&self.key);
        fabric.sites.remove(name);
        Ok(Some(operation))
    }
}

impl Request for DeleteVpnConnection {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.vpn_connections.remove(&self.key) else {
            return Ok(None);
        };
        let operation = header::start_deletion(world, CONNECTION_KIND, &found.header);
        Ok(Some(operation))
    }
}
