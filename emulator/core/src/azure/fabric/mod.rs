//! The network around managed instances, as ARM keeps it: what `path` walks through to say whether a client gets there.

mod address;
mod collect;
mod connection;
mod consumer;
mod gateway;
mod header;
mod interface;
mod load_balancer;
mod machine;
mod move_instance;
mod peering;
mod private_endpoint;
mod private_link_service;
mod private_zone;
mod public_address;
mod security;
mod tags;
mod zone_group;

use std::sync::Arc;

use imbl::OrdMap;

pub(crate) use address::allocate_for_instance;
pub use address::{Holder, holders};
pub(crate) use collect::laws;
pub(super) use collect::user_from_elsewhere;
pub(in crate::azure) use connection::Asked;
pub use connection::{Connection, ConnectionStatus, Review, Target};
pub(in crate::azure) use consumer::tell;
pub use consumer::{Consumer, DeleteConnection, ReviewConnection};
pub(super) use gateway::GATEWAY_SUBNET;
pub use gateway::{
    DeleteGateway, DeleteLocalGateway, DeleteSite, DeleteVpnConnection, ForwardNames, Gateway,
    GatewaySettings, LocalGateway, Site, VpnConnection, WriteGateway, WriteLocalGateway, WriteSite,
    WriteVnetGateway, WriteVpnConnection,
};
pub use header::{Header, Place};
pub use interface::{DeleteInterface, Interface, WriteInterface};
pub(crate) use load_balancer::members;
pub use load_balancer::{
    DeleteLoadBalancer, DeleteNatRule, DeletePool, Frontend, FrontendPlace, LoadBalancer, NatRule,
    NatRuleId, PoolId, Probe, Question, Rule, RuleProtocol, Sku, WantedFrontend, WantedPlace,
    WriteLoadBalancer, WriteNatRule, WritePool, nat_target,
};
pub use machine::{
    AddForwarding, DeleteMachine, Forwarding, KernelCommand, Machine, MachineProfile, Os, Position,
    Power, PowerMachine, Printed, Relay, RestartMachine, RunOnMachine, ShellCommand, StartMachine,
    WebServer, WriteMachine, WriteRelay, WriteWebServer,
};
pub use move_instance::MoveInstance;
pub(crate) use peering::other_half;
pub use peering::{DeletePeering, Peering, PeeringState, WritePeering};
pub(in crate::azure) use private_endpoint::INSTANCE_GROUP;
pub use private_endpoint::{
    DeletePrivateEndpoint, IpConfiguration, PrivateEndpoint, WritePrivateEndpoint,
};
pub use private_link_service::{
    DeletePrivateLinkService, PrivateLinkService, WritePrivateLinkService,
};
pub use private_zone::{
    DeleteRecordSet, DeleteZone, DeleteZoneLink, MailExchange, PrivateZone, REGISTERED_TTL_SECONDS,
    RecordKind, RecordSet, Records, ServiceLocation, StartOfAuthority, WriteAuthority,
    WriteRecordSet, WriteZone, WriteZoneLink, ZoneLink, registered,
};
pub use public_address::{
    DeletePublicAddress, PublicAddress, PublicAddressSettings, User, WritePublicAddress, user_of,
};
pub use security::{
    Access, Direction, Item, NextHop, Ports, Protocol, Route, SecurityRule, Source,
};
pub use tags::{TagResource, Tagged};
pub use zone_group::{DeleteZoneGroup, WriteZoneGroup, ZoneGroup};

use super::ResourceKey;
use crate::names::Name;

/// The resources of one type.
pub type Kept<T> = OrdMap<ResourceKey, Arc<T>>;

/// The resources of the fabric, by kind. Peerings are kept by their virtual networks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fabric {
    /// `Microsoft.Network/networkInterfaces`, but for those of private endpoints.
    pub interfaces: Kept<Interface>,
    /// `Microsoft.Compute/virtualMachines`.
    pub machines: Kept<Machine>,
    /// `Microsoft.Network/privateEndpoints`.
    pub private_endpoints: Kept<PrivateEndpoint>,
    /// `Microsoft.Network/privateDnsZones`.
    pub private_zones: Kept<PrivateZone>,
    /// `Microsoft.Network/loadBalancers`.
    pub load_balancers: Kept<LoadBalancer>,
    /// `Microsoft.Network/publicIPAddresses`.
    pub public_addresses: Kept<PublicAddress>,
    /// `Microsoft.Network/privateLinkServices`.
    pub private_link_services: Kept<PrivateLinkService>,
    /// Gateways of virtual networks to places outside Azure.
    pub gateways: Kept<Gateway>,
    /// Places outside Azure.
    pub sites: OrdMap<Name, Arc<Site>>,
    /// `Microsoft.Network/localNetworkGateways`: places that Resource Manager knows.
    pub local_gateways: Kept<LocalGateway>,
    /// `Microsoft.Network/connections`: gateways' connections to them.
    pub vpn_connections: Kept<VpnConnection>,
}

impl Fabric {
    /// Whether it keeps everything where the other one does: then nothing differs.
    pub(crate) fn shares_all(&self, other: &Self) -> bool {
        self.interfaces.ptr_eq(&other.interfaces)
            && self.machines.ptr_eq(&other.machines)
            && self.private_endpoints.ptr_eq(&other.private_endpoints)
            && self.private_zones.ptr_eq(&other.private_zones)
            && self.load_balancers.ptr_eq(&other.load_balancers)
            && self.public_addresses.ptr_eq(&other.public_addresses)
            && self
                .private_link_services
                .ptr_eq(&other.private_link_services)
            && self.gateways.ptr_eq(&other.gateways)
            && self.sites.ptr_eq(&other.sites)
            && self.local_gateways.ptr_eq(&other.local_gateways)
            && self.vpn_connections.ptr_eq(&other.vpn_connections)
    }

    /// The machine behind an interface.
    pub fn machine_at(&self, interface: &ResourceKey) -> Option<&Machine> {
        let mut machines = self.machines.values();
        machines
            .find(|machine| machine.interface == *interface)
            .map(|machine| &**machine)
    }
}
