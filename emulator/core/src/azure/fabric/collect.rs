//! What goes when a resource group goes, what keeps it, and the laws of the fabric.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;

use super::{
    Fabric, Header, Target, gateway, interface, load_balancer, machine, private_endpoint,
    private_link_service, private_zone, public_address,
};
use crate::azure::{ResourceKey, SubnetId, retain};
use crate::names::Name;
use crate::world::World;

impl Fabric {
    /// Everything of a group goes.
    pub(in crate::azure) fn forget_group(&mut self, group: &Name) {
        retain(&mut self.machines, |key, _| key.group != *group);
        retain(&mut self.interfaces, |key, _| key.group != *group);
        retain(&mut self.private_endpoints, |key, _| key.group != *group);
        retain(&mut self.private_zones, |key, _| key.group != *group);
        retain(&mut self.private_link_services, |key, _| {
            key.group != *group
        });
        retain(&mut self.load_balancers, |key, _| key.group != *group);
        retain(&mut self.public_addresses, |key, _| key.group != *group);
        retain(&mut self.gateways, |key, _| key.group != *group);
        retain(&mut self.vpn_connections, |key, _| key.group != *group);
        let known = self.local_gateways.keys();
        let gone: BTreeSet<Name> = known
            .filter(|key| key.group == *group)
            .map(|key| key.name.clone())
            .collect();
        retain(&mut self.local_gateways, |key, _| key.group != *group);
        self.sites = std::mem::take(&mut self.sites)
            .into_iter()
            .filter(|(name, _)| !gone.contains(name))
            .collect();
    }

    /// Every resource, with its type.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &Header)> {
        fn of<'a, T: 'a>(
            kind: &'static str,
            found: &'a OrdMap<ResourceKey, Arc<T>>,
            header: fn(&T) -> &Header,
        ) -> impl Iterator<Item = (&'static str, &'a Header)> {
            found.values().map(move |found| (kind, header(found)))
        }
        of(machine::KIND, &self.machines, |found| &found.header)
            .chain(of(interface::KIND, &self.interfaces, |found| &found.header))
            .chain(of(
                private_endpoint::KIND,
                &self.private_endpoints,
                |found| &found.header,
            ))
            .chain(of(private_zone::KIND, &self.private_zones, |found| {
                &found.header
            }))
            .chain(of(load_balancer::KIND, &self.load_balancers, |found| {
                &found.header
            }))
            .chain(of(public_address::KIND, &self.public_addresses, |found| {
                &found.header
            }))
            .chain(of(
                private_link_service::KIND,
                &self.private_link_services,
                |found| &found.header,
            ))
            .chain(of(gateway::KIND, &self.gateways, |found| &found.header))
            .chain(of(gateway::LOCAL_KIND, &self.local_gateways, |found| {
                &found.header
            }))
            .chain(of(
                gateway::CONNECTION_KIND,
                &self.vpn_connections,
                |found| &found.header,
            ))
    }

    /// Every resource that is somewhere: its kind, its key and, if it has one, its subnet.
    fn placed(&self) -> impl Iterator<Item = (&'static str, &ResourceKey, Option<&SubnetId>)> {
        let machines = self
            .machines
            .keys()
            .map(|key| ("Microsoft.Compute/virtualMachines", key, None));
        let interfaces = self.interfaces.iter();
        let interfaces = interfaces.map(|(key, found)| {
            (
                "Microsoft.Network/networkInterfaces",
                key,
                Some(&found.subnet),
            )
        });
        let endpoints = self.private_endpoints.iter();
        let endpoints = endpoints.map(|(key, found)| {
            (
                "Microsoft.Network/privateEndpoints",
                key,
                Some(&found.subnet),
            )
        });
        let services = self.private_link_services.iter();
        let services = services.map(|(key, found)| {
            (
                "Microsoft.Network/privateLinkServices",
                key,
                Some(&found.subnet),
            )
        });
        let balancers = self.load_balancers.iter().flat_map(|(key, found)| {
            let frontends = found.frontends.values();
            let inside = frontends.filter_map(super::Frontend::inside);
            inside.map(move |(subnet, _)| ("Microsoft.Network/loadBalancers", key, Some(subnet)))
        });
        let zones = self
            .private_zones
            .keys()
            .map(|key| ("Microsoft.Network/privateDnsZones", key, None));
        let public = self.public_addresses.keys();
        let public = public.map(|key| ("Microsoft.Network/publicIPAddresses", key, None));
        let gateways = self.gateways.keys();
        let gateways = gateways.map(|key| (gateway::KIND, key, None));
        let local = self.local_gateways.keys();
        let local = local.map(|key| (gateway::LOCAL_KIND, key, None));
        let connections = self.vpn_connections.keys();
        let connections = connections.map(|key| (gateway::CONNECTION_KIND, key, None));
        machines
            .chain(interfaces)
            .chain(endpoints)
            .chain(services)
            .chain(balancers)
            .chain(zones)
            .chain(public)
            .chain(gateways)
            .chain(local)
            .chain(connections)
    }
}

impl World {
    /// Connections whose other side is gone.
    pub(in crate::azure) fn cut_dangling_connections(&mut self) {
        let targets: BTreeSet<Target> = self
            .consumers()
            .map(|consumer| consumer.connection().target.clone())
            .filter(|target| !is_there(self, target))
            .collect();
        for target in targets {
            self.cut_connections(&target);
        }
    }
}

fn is_there(world: &World, target: &Target) -> bool {
    match target {
        Target::Instance(name) => world.managed_instance(name.as_str()).is_some(),
        Target::Service(key) => world.azure.fabric.private_link_services.contains_key(key),
    }
}

/// What of another group needs something of this one.
pub(in crate::azure) fn user_from_elsewhere(world: &World, group: &Name) -> Option<String> {
    let fabric = &world.azure.fabric;
    let subnets = fabric.placed().find_map(|(kind, key, subnet)| {
        let needs = key.group != *group && subnet.is_some_and(|subnet| subnet.group == *group);
        needs.then(|| format!("{kind}/{}", key.name))
    });
    let machines = || {
        let mut machines = fabric.machines.iter();
        machines
            .find(|(key, machine)| key.group != *group && machine.interface.group == *group)
            .map(|(key, _)| format!("Microsoft.Compute/virtualMachines/{}", key.name))
    };
    let services = || {
        let mut services = fabric.private_link_services.iter();
        services
            .find(|(key, service)| key.group != *group && service.frontend.0.group == *group)
            .map(|(key, _)| format!("Microsoft.Network/privateLinkServices/{}", key.name))
    };
    let interfaces = || {
        let mut interfaces = fabric.interfaces.iter();
        let needs = |(key, interface): &(&ResourceKey, &std::sync::Arc<super::Interface>)| {
            let mut pools = interface.pools.iter().map(|pool| &pool.balancer);
            let mut rules = interface.nat_rules.iter().map(|rule| &rule.balancer);
            let is_here = |balancer: &ResourceKey| balancer.group == *group;
            key.group != *group && (pools.any(is_here) || rules.any(is_here))
        };
        interfaces
            .find(needs)
            .map(|(key, _)| format!("Microsoft.Network/networkInterfaces/{}", key.name))
    };
    let addresses = || {
        let mut uses = super::public_address::users(world);
        uses.find(|(used, user)| used.group == *group && user.group() != group)
            .map(|(_, user)| user.to_string())
    };
    subnets
        .or_else(machines)
        .or_else(services)
        .or_else(interfaces)
        .or_else(addresses)
        .or_else(|| gateway::user_from_elsewhere(world, group))
}

/// Laws of the fabric.
pub(crate) mod laws {
    use std::sync::Arc;

    use super::{World, is_there};
    use crate::azure::ResourceKey;
    use crate::azure::fabric::{
        Interface, LoadBalancer, NatRuleId, PrivateLinkService, Sku, members, nat_target,
        public_address,
    };
    use crate::names::Name;

    /// Whatever is somewhere has its group and its subnet.
    pub(crate) fn resources_have_their_places(world: &World) -> Option<String> {
        let azure = &world.azure;
        azure.fabric.placed().find_map(|(kind, key, subnet)| {
            let has_subnet = subnet.is_none_or(|subnet| azure.subnet(subnet).is_some());
            let has_group = azure.resource_groups.contains_key(&key.group);
            (!has_subnet || !has_group).then(|| format!("{kind}/{}", key.name))
        })
    }

    /// An address has one holder.
    pub(crate) fn addresses_have_one_holder(world: &World) -> Option<String> {
        let fabric = &world.azure.fabric;
        let views = world.managed_instance_views();
        let instances = views
            .iter()
            .filter_map(|view| Some((view.properties.address?, view.properties.subnet.as_ref()?)));
        let interfaces = fabric
            .interfaces
            .values()
            .map(|it| (it.address, &it.subnet));
        let endpoints = fabric.private_endpoints.values();
        let endpoints = endpoints.map(|it| (it.address, &it.subnet));
        let services = fabric.private_link_services.values();
        let services = services.map(|it| (it.address, &it.subnet));
        let balancers = fabric.load_balancers.values();
        let frontends = balancers
            .flat_map(|balancer| balancer.frontends.values())
            .filter_map(|frontend| frontend.inside())
            .map(|(subnet, address)| (address, subnet));
        let mut seen = std::collections::BTreeSet::new();
        instances
            .chain(interfaces)
            .chain(endpoints)
            .chain(services)
            .chain(frontends)
            .find(|held| !seen.insert(*held))
            .map(|(address, subnet)| format!("{address} in {}", subnet.subnet))
    }

    /// What a listed connection leads to is there.
    pub(crate) fn connections_lead_somewhere(world: &World) -> Option<String> {
        world
            .consumers()
            .filter(|consumer| consumer.connection().is_listed())
            .find(|consumer| !is_there(world, &consumer.connection().target))
            .map(|consumer| consumer.name())
    }

    /// A target can tell its connections apart.
    pub(crate) fn connections_have_names(world: &World) -> Option<String> {
        let mut seen = std::collections::BTreeSet::new();
        world
            .consumers()
            .map(|consumer| consumer.connection())
            .find(|connection| !seen.insert((&connection.target, &connection.name)))
            .map(|connection| connection.name.to_string())
    }

    /// A machine has an interface of its own, a link service a frontend, an interface pools and inbound NAT rules that are
    /// there, the latter for itself alone.
    pub(crate) fn references_are_kept(world: &World) -> Option<String> {
        let fabric = &world.azure.fabric;
        let machine = fabric
            .machines
            .values()
            .find(|machine| !fabric.interfaces.contains_key(&machine.interface))
            .map(|machine| machine.header.name.to_string());
        let service = || {
            let mut services = fabric.private_link_services.values();
            // Its frontend is that of a standard one in its own network.
            let kept = |service: &PrivateLinkService| {
                let (balancer, frontend) = &service.frontend;
                let balancer = fabric.load_balancers.get(balancer);
                let balancer = balancer.filter(|balancer| balancer.sku == Sku::Standard);
                let frontend = balancer.and_then(|balancer| balancer.frontends.get(frontend));
                let inside = frontend.and_then(|frontend| frontend.inside());
                inside
                    .is_some_and(|(subnet, _)| subnet.network_key() == service.subnet.network_key())
            };
            services
                .find(|service| !kept(service))
                .map(|service| service.header.name.to_string())
        };
        let interface = || {
            let mut interfaces = fabric.interfaces.values();
            interfaces
                .find(|interface| {
                    let no_pool = interface.pools.iter().any(|pool| {
                        let balancer = fabric.load_balancers.get(&pool.balancer);
                        !balancer.is_some_and(|found| found.pools.contains(&pool.name))
                    });
                    let no_rule = interface.nat_rules.iter().any(|rule| {
                        let balancer = fabric.load_balancers.get(&rule.balancer);
                        let first = nat_target(world, rule);
                        !balancer.is_some_and(|found| found.nat_rules.contains_key(&rule.name))
                            || first != Some(&interface.header.key())
                    });
                    no_pool || no_rule
                })
                .map(|interface| interface.header.name.to_string())
        };
        machine.or_else(service).or_else(interface)
    }

    /// A load balancer's rules have their parts, and its members are in its network.
    pub(crate) fn balancers_are_whole(world: &World) -> Option<String> {
        let mut balancers = world.azure.fabric.load_balancers.iter();
        let whole = |(key, balancer): &(&ResourceKey, &Arc<LoadBalancer>)| {
            let has_parts = balancer.rules.values().all(|rule| {
                let has = |pool: &Name| balancer.pools.contains(pool);
                let probed = |probe: &Name| balancer.probes.contains_key(probe);
                balancer.frontends.contains_key(&rule.frontend)
                    && rule.pool.as_ref().is_none_or(has)
                    && rule.probe.as_ref().is_none_or(probed)
            });
            let has_frontends = balancer
                .nat_rules
                .values()
                .all(|rule| balancer.frontends.contains_key(&rule.frontend));
            let network = balancer.network();
            let near = balancer.pools.iter().all(|pool| {
                members(world, key, pool).iter().all(|(_, member, _)| {
                    network
                        .as_ref()
                        .is_none_or(|network| member.subnet.network_key() == *network)
                })
            });
            let near_targets = balancer.nat_rules.keys().all(|name| {
                let (balancer, name) = ((*key).clone(), name.clone());
                let target = nat_target(world, &NatRuleId { balancer, name });
                let target = target.and_then(|target| world.azure.fabric.interfaces.get(target));
                let strange = |(target, network): (&Arc<Interface>, &ResourceKey)| {
                    target.subnet.network_key() != *network
                };
                !target.zip(network.as_ref()).is_some_and(strange)
            });
            has_parts && has_frontends && near && near_targets
        };
        balancers
            .find(|found| !whole(found))
            .map(|(key, _)| key.name.to_string())
    }

    /// A public IP address that is used is there, and has one user.
    pub(crate) fn public_addresses_have_one_user(world: &World) -> Option<String> {
        let there = &world.azure.fabric.public_addresses;
        let mut used = std::collections::BTreeSet::new();
        public_address::users(world)
            .find(|(key, _)| !there.contains_key(*key) || !used.insert(*key))
            .map(|(key, user)| format!("{} of {user}", key.name))
    }

    /// A gateway has its network, a connection its gateway and its place, a place of Resource Manager's is one.
    pub(crate) fn gateways_have_both_ends(world: &World) -> Option<String> {
        let fabric = &world.azure.fabric;
        let gateway = fabric
            .gateways
            .values()
            .find(|found| !world.azure.virtual_networks.contains_key(&found.network))
            .map(|found| found.header.name.to_string());
        let local = || {
            let mut local = fabric.local_gateways.keys();
            local
                .find(|key| !fabric.sites.contains_key(&key.name))
                .map(|key| key.name.to_string())
        };
        let connection = || {
            let mut connections = fabric.vpn_connections.values();
            connections
                .find(|found| {
                    !fabric.gateways.contains_key(&found.gateway)
                        || !fabric.local_gateways.contains_key(&found.place)
                })
                .map(|found| found.header.name.to_string())
        };
        gateway.or_else(local).or_else(connection)
    }

    /// A network hears at most one zone of a name.
    pub(crate) fn networks_hear_one_zone_of_a_name(world: &World) -> Option<String> {
        let zones = world.azure.fabric.private_zones.values();
        let mut heard = std::collections::BTreeSet::new();
        for zone in zones {
            for link in zone.links.values() {
                if !heard.insert((zone.header.name.clone(), link.network.clone())) {
                    return Some(format!("{} in {}", zone.header.name, link.network.name));
                }
            }
        }
        None
    }
}
