//! `Microsoft.Network/localNetworkGateways`: places outside Azure, by their addresses.

use milink_core::World;
use milink_core::azure::AddressPrefix;
use milink_core::azure::fabric::{DeleteLocalGateway, LocalGateway, WriteLocalGateway};
use serde_json::{Value, json};

use super::network;
use super::references::{invalid, missing};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Network",
        "localNetworkGateways",
        Versions::Network,
    )
};

const NAME: &str = "Microsoft.Network/localNetworkGateways";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.local_gateways, shown)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["provisioningState", "resourceGuid"]);
        if let Some(bgp) = properties
            .object("bgpSettings")?
            .filter(|bgp| !bgp.is_empty())
        {
            bgp.ignore_all();
            return Err(ArmError::not_emulated("BGP"));
        }
        let space = properties.object_or_empty("localNetworkAddressSpace")?;
        let prefixes = space.strings("addressPrefixes")?.unwrap_or_default();
        let prefixes = prefixes
            .iter()
            .map(|text| AddressPrefix::parse(text).ok_or_else(|| invalid("addressPrefixes", text)));
        let (address, name) = (
            properties.string("gatewayIpAddress")?,
            properties.string("fqdn")?,
        );
        if let Some(text) = &address
            && text.parse::<std::net::Ipv4Addr>().is_err()
        {
            return Err(invalid("gatewayIpAddress", text));
        }
        Ok(WriteLocalGateway {
            place: network::place(call, NAME, body)?,
            prefixes: prefixes.collect::<Result<_, _>>()?,
            gateway: address
                .or(name)
                .ok_or_else(|| missing("gatewayIpAddress"))?,
        })
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeleteLocalGateway { key })?)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    network::find(
        call,
        NAME,
        |fabric| &fabric.local_gateways,
        |world, local| shown(call, world, local),
    )
}

fn shown(call: &Call<'_>, world: &World, local: &LocalGateway) -> Value {
    let header = &local.header;
    let id = call.id_in_group(header.group.as_str(), &format!("{NAME}/{}", header.name));
    let site = world.azure.fabric.sites.get(&header.name);
    let prefixes = site.map(|site| site.prefixes.iter().map(ToString::to_string).collect());
    let prefixes: Vec<String> = prefixes.unwrap_or_default();
    let member = match local.gateway.parse::<std::net::Ipv4Addr>() {
        Ok(_) => "gatewayIpAddress",
        Err(_) => "fqdn",
    };
    let mut properties = json!({
        "provisioningState": network::provisioning_state(world, header.operation),
        "resourceGuid": header.guid,
        "localNetworkAddressSpace": { "addressPrefixes": prefixes },
    });
    properties[member] = json!(local.gateway);
    network::tracked(header, &id, NAME, properties)
}
