//! Network interfaces: an address in a subnet, for a virtual machine.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::header::{self, Header, Place};
use super::{NatRuleId, PoolId, User, address, nat_target, public_address};
use crate::azure::ResourceKey;
use crate::azure::{SubnetId, network_exists};
use crate::command::Request;
use crate::ids::OperationId;
use crate::names::Name;
use crate::refusal::{AzureRefusal, FabricRefusal, Refusal};
use crate::world::World;

/// A network interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// What every resource has.
    pub header: Header,
    /// The name of its one IP configuration.
    pub configuration: Name,
    /// Its subnet.
    pub subnet: SubnetId,
    /// Its address there.
    pub address: Ipv4Addr,
    /// Whether the address was asked for.
    pub is_static: bool,
    /// `enableIPForwarding`.
    pub forwards: bool,
    /// The id of its network security group.
    pub network_security_group: Option<String>,
    /// The load balancers' pools it is in.
    pub pools: Vec<PoolId>,
    /// The inbound NAT rules that lead to it.
    pub nat_rules: Vec<NatRuleId>,
    /// Its public IP address.
    pub public: Option<ResourceKey>,
}

/// PUT. Answers the operation and whether the interface is new.
#[derive(Clone, Debug)]
pub struct WriteInterface {
    /// Where and what it is.
    pub place: Place,
    /// The name of its IP configuration.
    pub configuration: Name,
    /// Its subnet.
    pub subnet: SubnetId,
    /// The address that is asked for.
    pub address: Option<Ipv4Addr>,
    /// `enableIPForwarding`.
    pub forwards: bool,
    /// The id of its network security group.
    pub network_security_group: Option<String>,
    /// The load balancers' pools it is in.
    pub pools: Vec<PoolId>,
    /// The inbound NAT rules that lead to it.
    pub nat_rules: Vec<NatRuleId>,
    /// Its public IP address.
    pub public: Option<ResourceKey>,
}

/// DELETE.
#[derive(Clone, Debug)]
pub struct DeleteInterface {
    /// The interface.
    pub key: ResourceKey,
}

pub(super) const KIND: &str = "Microsoft.Network/networkInterfaces";

impl Request for WriteInterface {
    type Reply = (OperationId, bool);

    fn apply(self, world: &mut World) -> Result<(OperationId, bool), Refusal> {
        let key = self.place.key.clone();
        let found = world.azure.fabric.interfaces.get(&key).cloned();
        header::check(
            world,
            KIND,
            &self.place,
            found.as_ref().map(|found| &found.header),
        )?;
        network_exists(world, &self.subnet, &self.place.location)?;
        address::takes_resources(world, KIND, &self.subnet)?;
        if let Some(group) = &self.network_security_group
            && !crate::azure::security_group_exists(world, group)
        {
            return Err(AzureRefusal::ReferenceNotFound {
                resource: group.clone(),
                by: format!("{KIND}/{}", key.name),
            }
            .into());
        }
        for pool in &self.pools {
            let balancer = world.azure.fabric.load_balancers.get(&pool.balancer);
            if !balancer.is_some_and(|balancer| balancer.pools.contains(&pool.name)) {
                return Err(AzureRefusal::ReferenceNotFound {
                    resource: format!(
                        "Microsoft.Network/loadBalancers/{}/backendAddressPools/{}",
                        pool.balancer.name, pool.name
                    ),
                    by: format!("{KIND}/{}", key.name),
                }
                .into());
            }
            self.is_near(world, &pool.balancer)?;
        }
        for rule in &self.nat_rules {
            let balancer = world.azure.fabric.load_balancers.get(&rule.balancer);
            if !balancer.is_some_and(|balancer| balancer.nat_rules.contains_key(&rule.name)) {
                return Err(AzureRefusal::ReferenceNotFound {
                    resource: rule.path(),
                    by: format!("{KIND}/{}", key.name),
                }
                .into());
            }
            self.is_near(world, &rule.balancer)?;
            if let Some(other) = nat_target(world, rule).filter(|other| **other != key) {
                return Err(AzureRefusal::InUse {
                    resource: rule.path(),
                    by: format!("{KIND}/{}", other.name),
                }
                .into());
            }
        }
        if let Some(public) = &self.public {
            let (user, by) = (User::Interface(key.clone()), format!("{KIND}/{}", key.name));
            public_address::is_free_for(world, public, &user, &by)?;
        }
        if let Some((found, machine)) = found.as_ref().zip(world.azure.fabric.machine_at(&key))
            && found.subnet.network_key() != self.subnet.network_key()
        {
            return Err(FabricRefusal::InterfaceInUse {
                interface: key.name.to_string(),
                machine: machine.header.name.to_string(),
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
        let interface = Interface {
            header,
            configuration: self.configuration,
            subnet: self.subnet,
            address,
            is_static: self.address.is_some(),
            forwards: self.forwards,
            network_security_group: self.network_security_group,
            pools: self.pools,
            nat_rules: self.nat_rules,
            public: self.public,
        };
        world
            .azure
            .fabric
            .interfaces
            .insert(key, Arc::new(interface));
        Ok((operation, found.is_none()))
    }
}

impl WriteInterface {
    /// Whether it is in the network of a load balancer, if that is in one.
    fn is_near(&self, world: &World, balancer: &ResourceKey) -> Result<(), Refusal> {
        let found = world.azure.fabric.load_balancers.get(balancer);
        let network = found.and_then(|balancer| balancer.network());
        if network.is_some_and(|network| network != self.subnet.network_key()) {
            return Err(FabricRefusal::MemberOfOtherNetwork {
                interface: self.place.key.name.to_string(),
                balancer: balancer.name.to_string(),
            }
            .into());
        }
        Ok(())
    }
}

impl Request for DeleteInterface {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let Some(found) = world.azure.fabric.interfaces.get(&self.key).cloned() else {
            return Ok(None);
        };
        if let Some(machine) = world.azure.fabric.machine_at(&self.key) {
            return Err(FabricRefusal::InterfaceInUse {
                interface: self.key.name.to_string(),
                machine: machine.header.name.to_string(),
            }
            .into());
        }
        let operation = header::start_deletion(world, KIND, &found.header);
        world.azure.fabric.interfaces.remove(&self.key);
        Ok(Some(operation))
    }
}
