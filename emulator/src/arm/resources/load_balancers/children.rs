//! The parts of a load balancer as resources of their own. Only pools and inbound NAT rules are written that way.

use axum::http::StatusCode;
use milink_core::azure::fabric::{
    DeleteNatRule, DeletePool, LoadBalancer, NatRuleId, WriteNatRule, WritePool,
};
use milink_core::names::Name;
use serde_json::Value;

use super::show::{Shown, id_of};
use super::{NAME, nat_rule, pool};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::{network, network_interfaces};
use crate::arm::version::Versions;

pub(in crate::arm) const FRONTENDS: ResourceType = part("loadBalancers/frontendIPConfigurations");
pub(in crate::arm) const PROBES: ResourceType = part("loadBalancers/probes");
pub(in crate::arm) const RULES: ResourceType = part("loadBalancers/loadBalancingRules");
pub(in crate::arm) const POOLS: ResourceType = ResourceType {
    put: Some(put_pool),
    delete: Some(delete_pool),
    ..part("loadBalancers/backendAddressPools")
};
pub(in crate::arm) const NAT_RULES: ResourceType = ResourceType {
    put: Some(put_nat_rule),
    delete: Some(delete_nat_rule),
    ..part("loadBalancers/inboundNatRules")
};
/// The interfaces in its pools.
pub(in crate::arm) const INTERFACES: ResourceType = ResourceType {
    list: Some(list_interfaces),
    ..ResourceType::new(
        "Microsoft.Network",
        "loadBalancers/networkInterfaces",
        Versions::Network,
    )
};

const fn part(name: &'static str) -> ResourceType {
    ResourceType {
        list: Some(list),
        get: Some(get),
        ..ResourceType::new("Microsoft.Network", name, Versions::Network)
    }
}

/// The word in the path that says which parts are meant.
fn collection<'a>(call: &'a Call<'_>) -> &'a str {
    let second = call.path.pairs.get(1).map(|(word, _)| word.as_str());
    second.or(call.path.tail.as_deref()).unwrap_or_default()
}

/// All parts of the collection in the path, by name.
fn parts(call: &Call<'_>) -> Result<Vec<(String, Value)>, ArmError> {
    let parts = find(call, |shown, _| {
        match collection(call).to_ascii_lowercase().as_str() {
            "frontendipconfigurations" => shown.frontends(),
            "backendaddresspools" => shown.pools(),
            "probes" => shown.probes(),
            "inboundnatrules" => shown.nat_rules(),
            _ => shown.rules(),
        }
    })?;
    let named = parts.into_iter().map(|part| {
        let name = part["name"].as_str().unwrap_or_default();
        (Name::new(name).folded().to_owned(), part)
    });
    Ok(named.collect())
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    paging::page(call, parts(call)?)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    let name = call.path.name(1);
    let wanted = Name::new(name);
    let parts = parts(call)?;
    let found = parts.into_iter().find(|(key, _)| key == wanted.folded());
    found.map(|(_, part)| part).ok_or_else(|| {
        let path = format!("{}/{}/{name}", call.path.name(0), collection(call));
        ArmError::resource_not_found(NAME, &path, call.path.group_name())
    })
}

fn put_pool(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    call.body(|body| pool(&body.object_or_empty("properties")?))?;
    let written = call.submit(WritePool {
        balancer: network::key(call),
        name: Name::new(call.path.name(1)),
    })?;
    network::written(call, written, &read(call)?)
}

fn delete_pool(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let gone = call.submit(DeletePool {
        balancer: network::key(call),
        name: Name::new(call.path.name(1)),
    })?;
    network::deleted(call, gone)
}

fn nat_rule_id(call: &Call<'_>) -> NatRuleId {
    NatRuleId {
        balancer: network::key(call),
        name: Name::new(call.path.name(1)),
    }
}

fn put_nat_rule(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let rule = call.body(|body| nat_rule(call, &body.object_or_empty("properties")?))?;
    let id = nat_rule_id(call);
    let written = call.submit(WriteNatRule { id, rule })?;
    network::written(call, written, &read(call)?)
}

fn delete_nat_rule(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let id = nat_rule_id(call);
    network::deleted(call, call.submit(DeleteNatRule { id })?)
}

fn list_interfaces(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |_, _| ())?;
    let key = network::key(call);
    let rows: Vec<_> = call.read(|world| {
        let interfaces = world.azure.fabric.interfaces.values();
        let members =
            interfaces.filter(|interface| interface.pools.iter().any(|pool| pool.balancer == key));
        members
            .map(|interface| {
                let shown = network_interfaces::shown(call, world, interface);
                (interface.header.name.folded().to_owned(), shown)
            })
            .collect()
    });
    paging::page(call, rows)
}

/// The load balancer of the path.
fn find<T>(
    call: &Call<'_>,
    read: impl FnOnce(&Shown<'_>, &LoadBalancer) -> T,
) -> Result<T, ArmError> {
    let key = network::key(call);
    let found = call.read(|world| {
        let balancer = world.azure.fabric.load_balancers.get(&key)?;
        Some(read(&Shown::new(call, world, balancer), balancer))
    });
    found.ok_or_else(|| {
        ArmError::gateway(
            StatusCode::NOT_FOUND,
            "ParentResourceNotFound",
            format!(
                "Failed to perform '{}' on resource(s) of type 'loadBalancers/{}', because the parent resource '{}' could not be found.",
                network::verb(call),
                collection(call),
                id_of(call, &key)
            ),
        )
    })
}
