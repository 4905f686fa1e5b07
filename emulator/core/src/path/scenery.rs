//! Everything that the evaluator looks at, for whoever has to know whether its answers may have changed.

use std::net::Ipv4Addr;
use std::sync::Arc;

use imbl::OrdMap;

use crate::azure::data_factory::Factory;
use crate::azure::fabric::Fabric;
use crate::azure::{
    ManagedInstanceProperties, NetworkKind, NetworkResource, ResourceKey, VirtualNetwork,
};
use crate::instance::{InstanceKind, ServiceState};
use crate::listener::Listener;
use crate::names::Name;
use crate::world::World;

/// What answers depend on, time aside. Two that are equal give the same answers, and comparing costs little: maps that are
/// shared are not looked into.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenery {
    networks: OrdMap<ResourceKey, Arc<VirtualNetwork>>,
    resources: OrdMap<(NetworkKind, ResourceKey), Arc<NetworkResource>>,
    fabric: Fabric,
    factories: OrdMap<ResourceKey, Arc<Factory>>,
    hosts: Vec<Host>,
}

/// An instance, as the network sees it.
#[derive(Clone, Debug, PartialEq)]
enum Host {
    Server {
        name: Name,
        service: ServiceState,
        address: Ipv4Addr,
        names: Vec<String>,
        mirroring: Option<u16>,
        listeners: Vec<Listener>,
    },
    Managed {
        name: Name,
        stopped: bool,
        zone: String,
        properties: Arc<ManagedInstanceProperties>,
    },
}

impl Scenery {
    /// That of a world.
    pub fn of(world: &World) -> Self {
        let hosts = world.instances.values().map(|instance| {
            let name = instance.name.clone();
            match &instance.kind {
                InstanceKind::SqlServer(server) => Host::Server {
                    name,
                    service: instance.service,
                    address: server.address,
                    names: server.host_names.clone(),
                    mirroring: instance.endpoint.as_ref().map(|endpoint| endpoint.port),
                    listeners: instance.listeners().cloned().collect(),
                },
                InstanceKind::ManagedInstance(managed) => Host::Managed {
                    name,
                    stopped: instance.service == ServiceState::Stopped,
                    zone: managed.dns_zone.clone(),
                    properties: Arc::clone(&managed.properties),
                },
            }
        });
        Self {
            networks: world.azure.virtual_networks.clone(),
            resources: world.azure.network_resources.clone(),
            fabric: world.azure.fabric.clone(),
            factories: world.azure.data_factories.clone(),
            hosts: hosts.collect(),
        }
    }

    /// Whether answers may change by time alone: the probes of load balancers notice things late.
    pub fn depends_on_time(&self) -> bool {
        !self.fabric.load_balancers.is_empty()
    }
}
