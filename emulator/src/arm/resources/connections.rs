//! `Microsoft.Network/connections`: from a network's gateway to a place outside Azure.

use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{DeleteVpnConnection, VpnConnection, WriteVpnConnection};
use serde_json::{Value, json};

use super::network;
use super::references::{Id, invalid, missing};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new("Microsoft.Network", "connections", Versions::Network)
};

const NAME: &str = "Microsoft.Network/connections";
const GATEWAY: &str = "Microsoft.Network/virtualNetworkGateways";
const LOCAL: &str = "Microsoft.Network/localNetworkGateways";
/// `routingWeight` of one that says nothing (what az sends).
const WEIGHT: i64 = 10;

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.vpn_connections, shown)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&[
            "provisioningState",
            "resourceGuid",
            "connectionStatus",
            "sharedKey",
            "authorizationKey",
            "connectionProtocol",
            "usePolicyBasedTrafficSelectors",
            "useLocalAzureIpAddress",
            "egressBytesTransferred",
            "ingressBytesTransferred",
            "dpdTimeoutSeconds",
            "connectionMode",
        ]);
        let kind = properties.string("connectionType")?;
        let kind = kind.ok_or_else(|| missing("connectionType"))?;
        match kind.to_ascii_lowercase().as_str() {
            "ipsec" => {}
            "vnet2vnet" | "expressroute" | "vpnclient" => {
                return Err(ArmError::not_emulated(&format!(
                    "A connection of the type '{kind}'"
                )));
            }
            _ => return Err(invalid("connectionType", &kind)),
        }
        if properties.boolean("enableBgp")? == Some(true) {
            return Err(ArmError::not_emulated("BGP"));
        }
        let weight = properties.integer("routingWeight")?.unwrap_or(WEIGHT);
        Ok(WriteVpnConnection {
            place: network::place(call, NAME, body)?,
            gateway: end(call, &properties, "virtualNetworkGateway1", GATEWAY)?,
            to: end(call, &properties, "localNetworkGateway2", LOCAL)?,
            weight: u32::try_from(weight)
                .map_err(|_| invalid("routingWeight", &weight.to_string()))?,
        })
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

/// One of the two ends. Some clients write the whole resource there; its id is what counts.
fn end(
    call: &Call<'_>,
    properties: &Object<'_>,
    member: &str,
    kind: &'static str,
) -> Result<ResourceKey, ArmError> {
    let id = super::references::reference(properties, member)?;
    Id::parse(call, &id.ok_or_else(|| missing(member))?)?.key_of(kind)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeleteVpnConnection { key })?)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    network::find(
        call,
        NAME,
        |fabric| &fabric.vpn_connections,
        |world, connection| shown(call, world, connection),
    )
}

fn shown(call: &Call<'_>, world: &World, connection: &VpnConnection) -> Value {
    let header = &connection.header;
    let id = |kind: &str, key: &ResourceKey| {
        call.id_in_group(key.group.as_str(), &format!("{kind}/{}", key.name))
    };
    let properties = json!({
        "provisioningState": network::provisioning_state(world, header.operation),
        "resourceGuid": header.guid,
        "connectionType": "IPsec",
        "connectionProtocol": "IKEv2",
        "connectionStatus": "Connected",
        "routingWeight": connection.weight,
        "enableBgp": false,
        "virtualNetworkGateway1": { "id": id(GATEWAY, &connection.gateway) },
        "localNetworkGateway2": { "id": id(LOCAL, &connection.place) },
    });
    network::tracked(header, &id(NAME, &header.key()), NAME, properties)
}
