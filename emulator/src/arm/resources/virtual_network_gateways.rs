//! `Microsoft.Network/virtualNetworkGateways`: as much of a gateway as leads somewhere.

use milink_core::World;
use milink_core::azure::SubnetId;
use milink_core::azure::fabric::{DeleteGateway, Gateway, GatewaySettings, WriteVnetGateway};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::references::{Id, invalid, missing, reference, subnet};
use super::{network, public_ip_addresses};
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
    ..ResourceType::new(
        "Microsoft.Network",
        "virtualNetworkGateways",
        Versions::Network,
    )
};

const NAME: &str = "Microsoft.Network/virtualNetworkGateways";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.gateways, shown)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["provisioningState", "resourceGuid", "vpnGatewayGeneration"]);
        for member in ["enableBgp", "enablePrivateIpAddress"] {
            if properties.boolean(member)? == Some(true) {
                return Err(ArmError::not_emulated(&format!("'{member}' of a gateway")));
            }
        }
        for member in ["vpnClientConfiguration", "bgpSettings", "customRoutes"] {
            if let Some(found) = properties.object(member)?.filter(|found| !found.is_empty()) {
                found.ignore_all();
                return Err(ArmError::not_emulated(&format!("'{member}' of a gateway")));
            }
        }
        let kind = properties.string("gatewayType")?;
        let kind = kind.ok_or_else(|| missing("gatewayType"))?;
        let kind = match kind.to_ascii_lowercase().as_str() {
            "vpn" => "Vpn",
            "expressroute" => "ExpressRoute",
            "localgateway" => return Err(ArmError::not_emulated("A gateway of a local zone")),
            _ => return Err(invalid("gatewayType", &kind)),
        };
        let (subnet, configurations) = configurations(call, &properties)?;
        let sku = properties.object_or_empty("sku")?;
        sku.ignore(&["tier", "capacity"]);
        Ok(WriteVnetGateway {
            place: network::place(call, NAME, body)?,
            subnet,
            kind: kind.to_owned(),
            settings: GatewaySettings {
                sku: sku.string("name")?.unwrap_or_else(|| "VpnGw1".to_owned()),
                vpn_type: properties
                    .string("vpnType")?
                    .unwrap_or_else(|| "RouteBased".to_owned()),
                active_active: properties.boolean("activeActive")?.unwrap_or(false),
                configurations,
            },
        })
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

type Configurations = Vec<(Name, Option<milink_core::azure::ResourceKey>)>;

/// The IP configurations, which are all in one subnet.
fn configurations(
    call: &Call<'_>,
    properties: &Object<'_>,
) -> Result<(SubnetId, Configurations), ArmError> {
    let list = properties.objects("ipConfigurations")?.unwrap_or_default();
    let mut found: Option<SubnetId> = None;
    let mut configurations = Vec::new();
    for (at, configuration) in list.iter().enumerate() {
        configuration.ignore(&["id", "etag", "type"]);
        let inner = configuration.object_or_empty("properties")?;
        inner.ignore(&[
            "provisioningState",
            "privateIPAllocationMethod",
            "privateIPAddress",
        ]);
        let subnet = subnet(call, &inner)?;
        if found.as_ref().is_some_and(|found| *found != subnet) {
            return Err(invalid("ipConfigurations.subnet", "another subnet"));
        }
        found = Some(subnet);
        let public = reference(&inner, "publicIPAddress")?;
        let public = public
            .map(|id| Id::parse(call, &id)?.key_of("Microsoft.Network/publicIPAddresses"))
            .transpose()?;
        let name = configuration.string("name")?;
        let name = name.unwrap_or_else(|| format!("vnetGatewayConfig{at}"));
        configurations.push((Name::new(&name), public));
    }
    match found {
        Some(subnet) => Ok((subnet, configurations)),
        None => Err(missing("ipConfigurations")),
    }
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeleteGateway { key })?)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    network::find(
        call,
        NAME,
        |fabric| &fabric.gateways,
        |world, gateway| shown(call, world, gateway),
    )
}

fn shown(call: &Call<'_>, world: &World, gateway: &Gateway) -> Value {
    let (header, settings) = (&gateway.header, &gateway.settings);
    let id = call.id_in_group(header.group.as_str(), &format!("{NAME}/{}", header.name));
    let state = network::provisioning_state(world, header.operation);
    let subnet = SubnetId {
        group: gateway.network.group.clone(),
        network: gateway.network.name.clone(),
        subnet: Name::new("GatewaySubnet"),
    };
    let configurations = settings.configurations.iter().map(|(name, public)| {
        let mut inner = json!({
            "provisioningState": state,
            "privateIPAllocationMethod": "Dynamic",
            "subnet": { "id": subnet.to_arm_id(call.subscription) },
        });
        if let Some(public) = public {
            inner["publicIPAddress"] = json!({ "id": public_ip_addresses::id_of(call, public) });
        }
        json!({
            "name": name.as_str(),
            "id": format!("{id}/ipConfigurations/{name}"),
            "etag": network::etag(header.etag),
            "type": format!("{NAME}/ipConfigurations"),
            "properties": inner,
        })
    });
    let properties = json!({
        "provisioningState": state,
        "resourceGuid": header.guid,
        "gatewayType": gateway.kind,
        "vpnType": settings.vpn_type,
        "sku": { "name": settings.sku, "tier": settings.sku },
        "activeActive": settings.active_active,
        "enableBgp": false,
        "ipConfigurations": configurations.collect::<Vec<_>>(),
    });
    network::tracked(header, &id, NAME, properties)
}
