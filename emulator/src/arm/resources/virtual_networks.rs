//! `Microsoft.Network/virtualNetworks`.

use milink_core::World;
use milink_core::azure::{
    DeleteVirtualNetwork, SubnetSettings, TagNetwork, VirtualNetwork, WriteVirtualNetwork,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::{network, subnets, virtual_network_peerings};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    patch: Some(patch),
    delete: Some(delete),
    ..ResourceType::new("Microsoft.Network", "virtualNetworks", Versions::Network)
};

const NAME: &str = "Microsoft.Network/virtualNetworks";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows: Vec<_> = call.read(|world| {
        let networks = world.azure.virtual_networks.values();
        let wanted = networks.filter(|network| {
            call.path
                .group
                .as_deref()
                .is_none_or(|group| network.group.is(group))
        });
        let rows = wanted.map(|network| {
            let key = format!("{}/{}", network.group.folded(), network.name.folded());
            (key, shown(call, world, network))
        });
        rows.collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        refuse_what_is_missing(&properties)?;
        properties.ignore(&[
            "provisioningState",
            "resourceGuid",
            "enableDdosProtection",
            "enableVmProtection",
            "privateEndpointVNetPolicies",
        ]);
        let space = properties.object_or_empty("addressSpace")?;
        let dhcp = properties.object_or_empty("dhcpOptions")?;
        Ok(WriteVirtualNetwork {
            key: network::key(call),
            location: call.required_region(NAME, body)?,
            tags: body.tags()?.unwrap_or_default(),
            prefixes: space.strings("addressPrefixes")?.unwrap_or_default(),
            dns_servers: dhcp.strings("dnsServers")?.unwrap_or_default(),
            subnets: inline_subnets(call, &properties)?,
        })
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    let tags = call.body(|body| body.tags())?;
    if let Some(tags) = tags {
        let key = network::key(call);
        call.submit(TagNetwork { key, tags })?;
    }
    get(call)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeleteVirtualNetwork { key })?)
}

fn refuse_what_is_missing(properties: &Object<'_>) -> Result<(), ArmError> {
    // Those that a read has shown are written back with the network; new ones are resources of their own.
    for peering in properties
        .objects("virtualNetworkPeerings")?
        .unwrap_or_default()
    {
        let is_shown = peering.string("id")?.is_some();
        peering.ignore_all();
        if !is_shown {
            return Err(ArmError::not_emulated(
                "A peering in the body of its network",
            ));
        }
    }
    Ok(())
}

/// Subnets in the body; none keeps those there are.
fn inline_subnets(
    call: &Call<'_>,
    properties: &Object<'_>,
) -> Result<Option<Vec<(Name, SubnetSettings)>>, ArmError> {
    let Some(entries) = properties.objects("subnets")? else {
        return Ok(None);
    };
    let subnets = entries.iter().map(|entry| {
        entry.ignore(&["id", "etag", "type"]);
        let name = entry.string("name")?.unwrap_or_default();
        let settings = subnets::settings(call, &entry.object_or_empty("properties")?, &name)?;
        Ok((Name::new(&name), settings))
    });
    subnets.collect::<Result<_, ArmError>>().map(Some)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    let found = call.read(|world| {
        let network = world.azure.virtual_networks.get(&network::key(call))?;
        Some(shown(call, world, network))
    });
    found.ok_or_else(|| network::not_found(call, NAME))
}

fn shown(call: &Call<'_>, world: &World, network: &VirtualNetwork) -> Value {
    let id = call.id_in_group(network.group.as_str(), &format!("{NAME}/{}", network.name));
    let prefixes: Vec<String> = network.prefixes.iter().map(ToString::to_string).collect();
    let subnets: Vec<Value> = network
        .subnets
        .values()
        .map(|subnet| subnets::shown(world, &id, subnet))
        .collect();
    let peerings: Vec<Value> = network
        .peerings
        .values()
        .map(|peering| virtual_network_peerings::shown(call, world, network, peering))
        .collect();
    let mut properties = json!({
        "provisioningState": network::provisioning_state(world, network.operation),
        "resourceGuid": network.guid,
        "addressSpace": { "addressPrefixes": prefixes },
        "subnets": subnets,
        "virtualNetworkPeerings": peerings,
        "enableDdosProtection": false,
    });
    if call.version.is_since("2024-03-01") {
        properties["privateEndpointVNetPolicies"] = json!("Disabled");
    }
    if !network.dns_servers.is_empty() {
        properties["dhcpOptions"] = json!({ "dnsServers": network.dns_servers });
    }
    json!({
        "name": network.name.as_str(),
        "id": id,
        "etag": network::etag(network.etag),
        "type": NAME,
        "location": network.location,
        "tags": network.tags,
        "properties": properties,
    })
}
