//! Load balancers and their parts as JSON.

use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{
    Frontend, FrontendPlace, LoadBalancer, NatRule, NatRuleId, Probe, Question, Rule, nat_target,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::NAME;
use crate::arm::call::Call;
use crate::arm::resources::{network, network_interfaces, public_ip_addresses};

/// A load balancer, while one of its parts is shown.
pub(super) struct Shown<'a> {
    call: &'a Call<'a>,
    world: &'a World,
    balancer: &'a LoadBalancer,
    id: String,
}

/// A load balancer.
pub(super) fn whole(call: &Call<'_>, world: &World, balancer: &LoadBalancer) -> Value {
    let shown = Shown::new(call, world, balancer);
    let properties = json!({
        "provisioningState": shown.state(),
        "resourceGuid": balancer.header.guid,
        "frontendIPConfigurations": shown.frontends(),
        "backendAddressPools": shown.pools(),
        "loadBalancingRules": shown.rules(),
        "probes": shown.probes(),
        "inboundNatRules": shown.nat_rules(),
        "outboundRules": [],
        "inboundNatPools": [],
    });
    let mut value = network::tracked(&balancer.header, &shown.id, NAME, properties);
    value["sku"] = json!({ "name": balancer.sku.text(), "tier": "Regional" });
    value
}

/// The id of a load balancer.
pub(super) fn id_of(call: &Call<'_>, key: &ResourceKey) -> String {
    call.id_in_group(key.group.as_str(), &format!("{NAME}/{}", key.name))
}

impl<'a> Shown<'a> {
    pub(super) fn new(call: &'a Call<'_>, world: &'a World, balancer: &'a LoadBalancer) -> Self {
        Self {
            call,
            world,
            balancer,
            id: id_of(call, &balancer.header.key()),
        }
    }

    fn state(&self) -> &'static str {
        network::provisioning_state(self.world, self.balancer.header.operation)
    }

    fn part(&self, collection: &str, name: &Name, mut properties: Value) -> Value {
        properties["provisioningState"] = json!(self.state());
        json!({
            "name": name.as_str(),
            "id": format!("{}/{collection}/{name}", self.id),
            "etag": network::etag(self.balancer.header.etag),
            "type": format!("{NAME}/{collection}"),
            "properties": properties,
        })
    }

    /// References to the rules that a part is in.
    fn rules_with(&self, uses: impl Fn(&Rule) -> bool) -> Option<Value> {
        let rules = self.balancer.rules.iter().filter(|(_, rule)| uses(rule));
        let ids = rules
            .map(|(name, _)| network::reference(&format!("{}/loadBalancingRules/{name}", self.id)));
        let ids: Vec<Value> = ids.collect();
        (!ids.is_empty()).then(|| json!(ids))
    }

    pub(super) fn frontends(&self) -> Vec<Value> {
        let all = self.balancer.frontends.iter();
        all.map(|(name, frontend)| self.frontend(name, frontend))
            .collect()
    }

    fn frontend(&self, name: &Name, frontend: &Frontend) -> Value {
        let mut properties = match &frontend.place {
            FrontendPlace::Inside {
                subnet,
                address,
                is_static,
            } => json!({
                "privateIPAddress": address.to_string(),
                "privateIPAllocationMethod": network::method(*is_static),
                "privateIPAddressVersion": "IPv4",
                "subnet": { "id": subnet.to_arm_id(self.call.subscription) },
            }),
            FrontendPlace::Public(key) => json!({
                "privateIPAllocationMethod": "Dynamic",
                "publicIPAddress": { "id": public_ip_addresses::id_of(self.call, key) },
            }),
        };
        if let Some(rules) = self.rules_with(|rule| rule.frontend == *name) {
            properties["loadBalancingRules"] = rules;
        }
        let nat_rules = self.balancer.nat_rules.iter();
        let nat_rules = nat_rules.filter(|(_, rule)| rule.frontend == *name);
        let nat_rules = nat_rules
            .map(|(rule, _)| network::reference(&format!("{}/inboundNatRules/{rule}", self.id)));
        let nat_rules: Vec<Value> = nat_rules.collect();
        if !nat_rules.is_empty() {
            properties["inboundNatRules"] = json!(nat_rules);
        }
        let mut part = self.part("frontendIPConfigurations", name, properties);
        if !frontend.zones.is_empty() {
            part["zones"] = json!(frontend.zones);
        }
        part
    }

    pub(super) fn pools(&self) -> Vec<Value> {
        let key = self.balancer.header.key();
        let all = self.balancer.pools.iter();
        all.map(|name| {
            let interfaces = self.world.azure.fabric.interfaces.values();
            let members = interfaces.filter(|interface| {
                let mut pools = interface.pools.iter();
                pools.any(|pool| pool.balancer == key && pool.name == *name)
            });
            let members = members.map(|interface| {
                let header = &interface.header;
                let id = network_interfaces::id_of(self.call, &header.group, &header.name);
                json!({ "id": format!("{id}/ipConfigurations/{}", interface.configuration) })
            });
            let members: Vec<Value> = members.collect();
            let mut properties = json!({});
            if !members.is_empty() {
                properties["backendIPConfigurations"] = json!(members);
            }
            if let Some(rules) = self.rules_with(|rule| rule.pool.as_ref() == Some(name)) {
                properties["loadBalancingRules"] = rules;
            }
            self.part("backendAddressPools", name, properties)
        })
        .collect()
    }

    pub(super) fn probes(&self) -> Vec<Value> {
        let all = self.balancer.probes.iter();
        all.map(|(name, probe)| self.probe(name, probe)).collect()
    }

    fn probe(&self, name: &Name, probe: &Probe) -> Value {
        let (protocol, path) = match &probe.question {
            Question::Tcp => ("Tcp", None),
            Question::Web { tls: false, path } => ("Http", Some(path)),
            Question::Web { tls: true, path } => ("Https", Some(path)),
        };
        let mut properties = json!({
            "protocol": protocol,
            "port": probe.port,
            "intervalInSeconds": probe.interval_seconds,
        });
        if let Some(path) = path {
            properties["requestPath"] = json!(path);
        }
        // Only what was said: a number that the service filled in would count when the whole is written back.
        if let Some(number) = probe.number {
            properties["numberOfProbes"] = json!(number);
        }
        if let Some(threshold) = probe.threshold {
            properties["probeThreshold"] = json!(threshold);
        }
        if let Some(rules) = self.rules_with(|rule| rule.probe.as_ref() == Some(name)) {
            properties["loadBalancingRules"] = rules;
        }
        self.part("probes", name, properties)
    }

    pub(super) fn nat_rules(&self) -> Vec<Value> {
        let all = self.balancer.nat_rules.iter();
        all.map(|(name, rule)| self.nat_rule(name, rule)).collect()
    }

    fn nat_rule(&self, name: &Name, rule: &NatRule) -> Value {
        let frontend = format!("{}/frontendIPConfigurations/{}", self.id, rule.frontend);
        let mut properties = json!({
            "frontendIPConfiguration": network::reference(&frontend),
            "frontendPort": rule.frontend_port,
            "backendPort": rule.backend_port,
            "protocol": rule.protocol.text(),
            "idleTimeoutInMinutes": rule.idle_timeout_minutes,
            "enableFloatingIP": false,
            "enableTcpReset": rule.tcp_reset,
        });
        let id = NatRuleId {
            balancer: self.balancer.header.key(),
            name: name.clone(),
        };
        let target = nat_target(self.world, &id);
        if let Some(target) = target.and_then(|key| self.world.azure.fabric.interfaces.get(key)) {
            let header = &target.header;
            let id = network_interfaces::id_of(self.call, &header.group, &header.name);
            let id = format!("{id}/ipConfigurations/{}", target.configuration);
            properties["backendIPConfiguration"] = network::reference(&id);
        }
        self.part("inboundNatRules", name, properties)
    }

    pub(super) fn rules(&self) -> Vec<Value> {
        let all = self.balancer.rules.iter();
        all.map(|(name, rule)| self.rule(name, rule)).collect()
    }

    fn rule(&self, name: &Name, rule: &Rule) -> Value {
        let part = |collection: &str, name: &Name| {
            network::reference(&format!("{}/{collection}/{name}", self.id))
        };
        let mut properties = json!({
            "frontendIPConfiguration": part("frontendIPConfigurations", &rule.frontend),
            "frontendPort": rule.frontend_port,
            "backendPort": rule.backend_port,
            "protocol": rule.protocol.text(),
            "loadDistribution": rule.distribution,
            "idleTimeoutInMinutes": rule.idle_timeout_minutes,
            "enableFloatingIP": false,
            "enableTcpReset": rule.tcp_reset,
            "disableOutboundSnat": rule.no_outbound,
        });
        if let Some(pool) = &rule.pool {
            let pool = part("backendAddressPools", pool);
            properties["backendAddressPools"] = json!([pool]);
            properties["backendAddressPool"] = pool;
        }
        if let Some(probe) = &rule.probe {
            properties["probe"] = part("probes", probe);
        }
        self.part("loadBalancingRules", name, properties)
    }
}
