//! `Microsoft.Network/virtualNetworks/virtualNetworkPeerings`.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::VirtualNetwork;
use milink_core::azure::fabric::{DeletePeering, Peering, WritePeering};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::network;
use super::references::{Id, missing, reference};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;
use crate::arm::{operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Network",
        "virtualNetworks/virtualNetworkPeerings",
        Versions::Network,
    )
};

const PARENT: &str = "Microsoft.Network/virtualNetworks";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows: Option<Vec<_>> = call.read(|world| {
        let found = world.azure.virtual_networks.get(&network::key(call))?;
        let rows = found.peerings.values();
        Some(
            rows.map(|peering| {
                (
                    peering.name.folded().to_owned(),
                    shown(call, world, found, peering),
                )
            })
            .collect(),
        )
    });
    paging::page(call, rows.ok_or_else(|| no_network(call))?)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let name = Name::new(call.path.name(1));
    let peering = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        let id = reference(&properties, "remoteVirtualNetwork")?;
        let id = id.ok_or_else(|| missing("remoteVirtualNetwork"))?;
        call.linked("Microsoft.Network/virtualNetworks/peer/action", &id)?;
        let flag =
            |name, default| Ok::<bool, ArmError>(properties.boolean(name)?.unwrap_or(default));
        let peering = Peering {
            name,
            remote: Id::parse(call, &id)?.key_of(PARENT)?,
            allow_access: flag("allowVirtualNetworkAccess", true)?,
            allow_forwarded: flag("allowForwardedTraffic", false)?,
            allow_gateway_transit: flag("allowGatewayTransit", false)?,
            use_remote_gateways: flag("useRemoteGateways", false)?,
            was_connected: false,
        };
        properties.ignore_all();
        Ok(peering)
    })?;
    let written = call.submit(WritePeering {
        network: network::key(call),
        peering,
    })?;
    network::written(call, written, &read(call)?)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = DeletePeering {
        network: network::key(call),
        name: Name::new(call.path.name(1)),
    };
    match call.submit(request)? {
        Some(operation) => {
            operations::network(call, Answer::empty(StatusCode::ACCEPTED), operation)
        }
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    let name = Name::new(call.path.name(1));
    let found = call.read(|world| {
        let found = world.azure.virtual_networks.get(&network::key(call))?;
        let peering = found.peerings.get(&name);
        Some(peering.map(|peering| shown(call, world, found, peering)))
    });
    found.ok_or_else(|| no_network(call))?.ok_or_else(|| {
        let path = format!("{}/virtualNetworkPeerings/{name}", call.path.name(0));
        ArmError::resource_not_found(PARENT, &path, call.path.group_name())
    })
}

fn no_network(call: &Call<'_>) -> ArmError {
    ArmError::resource_not_found(PARENT, call.path.name(0), call.path.group_name())
}

/// A peering as its network has it.
pub(super) fn shown(
    call: &Call<'_>,
    world: &World,
    found: &VirtualNetwork,
    peering: &Peering,
) -> Value {
    let id =
        |group: &Name, name: &Name| call.id_in_group(group.as_str(), &format!("{PARENT}/{name}"));
    let own = milink_core::azure::ResourceKey {
        group: found.group.clone(),
        name: found.name.clone(),
    };
    let remote = world.azure.virtual_networks.get(&peering.remote);
    let prefixes: Vec<String> = remote.map_or_else(Vec::new, |remote| {
        remote.prefixes.iter().map(ToString::to_string).collect()
    });
    json!({
        "name": peering.name.as_str(),
        "id": format!("{}/virtualNetworkPeerings/{}", id(&found.group, &found.name), peering.name),
        "etag": network::etag(found.etag),
        "type": TYPE.full_name(),
        "properties": {
            "provisioningState": "Succeeded",
            "peeringState": peering.state(world, &own).text(),
            "peeringSyncLevel": "FullyInSync",
            "remoteVirtualNetwork": { "id": id(&peering.remote.group, &peering.remote.name) },
            "allowVirtualNetworkAccess": peering.allow_access,
            "allowForwardedTraffic": peering.allow_forwarded,
            "allowGatewayTransit": peering.allow_gateway_transit,
            "useRemoteGateways": peering.use_remote_gateways,
            "remoteAddressSpace": { "addressPrefixes": prefixes },
            "doNotVerifyRemoteGateways": false,
        },
    })
}
