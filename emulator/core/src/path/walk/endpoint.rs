//! Private endpoints on the way, and the managed ones of data factories: to an instance, or to a private link service.

use std::net::Ipv4Addr;

use super::super::passage::{Idle, ProxyHeader};
use super::super::vantage::Origin;
use super::super::verdict::{End, Hop, Reason};
use super::{SQL_PORT, Walk, Walker};
use crate::azure::fabric::{Connection, ConnectionStatus, Target};
use crate::azure::{ResourceKey, SubnetId};
use crate::names::Name;
use crate::world::World;

impl Walker<'_> {
    pub(super) fn at_endpoint(
        &mut self,
        origin: &Origin<'_>,
        subnet: &SubnetId,
        key: &ResourceKey,
        (address, port): (Ipv4Addr, u16),
        walk: Walk,
        turn: usize,
    ) {
        let Some(endpoint) = self.world.azure.fabric.private_endpoints.get(key).cloned() else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        if security_applies(self.world, subnet)
            && let Err(rule) = self.enters(origin.address, (address, port), subnet, None)
        {
            return self.end(walk.by(Hop::new("nsg", rule)), Err(Reason::DeniedIn));
        }
        let ends = (origin.address, (address, port));
        self.lead(&endpoint.connection, key.name.as_str(), ends, walk, turn);
    }

    pub(super) fn at_managed_endpoint(
        &mut self,
        origin: &Origin<'_>,
        factory: &ResourceKey,
        name: &Name,
        to: (Ipv4Addr, u16),
        walk: Walk,
        turn: usize,
    ) {
        let world = self.world;
        let factory = world.azure.data_factories.get(factory);
        let Some(endpoint) = factory.and_then(|factory| factory.endpoints.get(name)) else {
            return self.end(walk, Err(Reason::NothingThere));
        };
        let name = factory.map(|factory| endpoint.full_name(&factory.key.name));
        let name = name.unwrap_or_default();
        let ends = (origin.address, to);
        self.lead(&endpoint.connection, &name, ends, walk, turn);
    }

    /// What a private endpoint leads to, if its connection is approved.
    fn lead(
        &mut self,
        connection: &Connection,
        endpoint: &str,
        (source, to): (Ipv4Addr, (Ipv4Addr, u16)),
        walk: Walk,
        turn: usize,
    ) {
        let (_, port) = to;
        let hop = Hop::new("pe", endpoint).with_state(connection.status.text());
        let walk = walk.by(hop).through(connection);
        let refused = match connection.status {
            ConnectionStatus::Approved => None,
            ConnectionStatus::Pending => Some(Reason::EndpointPending),
            ConnectionStatus::Rejected => Some(Reason::EndpointRejected),
            ConnectionStatus::Disconnected => Some(Reason::EndpointDisconnected),
        };
        if let Some(reason) = refused {
            return self.end(walk, Err(reason));
        }
        match &connection.target {
            Target::Instance(_) if port != SQL_PORT => {
                self.end(walk, Err(Reason::PortNotCarried));
            }
            Target::Instance(name) => {
                let walk = walk.by(Hop::new("mi", name));
                let end = End::PrivateEndpoint {
                    instance: name.to_string(),
                    endpoint: endpoint.to_owned(),
                };
                let end = self.runs(name).then_some(end);
                self.end(walk, end.ok_or(Reason::InstanceStopped));
            }
            Target::Service(key) => {
                let services = &self.world.azure.fabric.private_link_services;
                let Some(service) = services.get(key).cloned() else {
                    return self.end(walk, Err(Reason::EndpointDisconnected));
                };
                let hop = Hop::new("pls", &key.name);
                let mut walk = walk.forgotten(Idle::of_service(&hop));
                walk.header = match service.proxy_protocol {
                    true => Some(ProxyHeader::of(connection, source, to)),
                    false => walk.header,
                };
                let walk = walk.by(hop);
                let (balancer, frontend) = &service.frontend;
                self.at_frontend(service.address, balancer, frontend, port, walk, turn);
            }
        }
    }
}

/// Security groups apply to a private endpoint only where its subnet says so.
fn security_applies(world: &World, subnet: &SubnetId) -> bool {
    world.azure.subnet(subnet).is_some_and(|found| {
        let policies = &found.settings.private_endpoint_policies;
        ["Enabled", "NetworkSecurityGroupEnabled"]
            .iter()
            .any(|on| policies.eq_ignore_ascii_case(on))
    })
}
