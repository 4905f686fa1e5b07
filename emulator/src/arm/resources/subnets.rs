//! `Microsoft.Network/virtualNetworks/subnets`.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::{AddressPrefix, DeleteSubnet, Subnet, SubnetSettings, WriteSubnet};
use milink_core::names::Name;
use milink_core::refusal::{AzureRefusal, Refusal};
use serde_json::{Value, json};

use super::network;
use crate::arm::answer::Answer;
use crate::arm::body::Object;
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
        "virtualNetworks/subnets",
        Versions::Network,
    )
};

const PARENT: &str = "Microsoft.Network/virtualNetworks";
const NAME: &str = "Microsoft.Network/virtualNetworks/subnets";

/// What a body says of a subnet.
pub(super) fn settings(
    call: &Call<'_>,
    properties: &Object<'_>,
    name: &str,
) -> Result<SubnetSettings, ArmError> {
    properties.ignore(&[
        "provisioningState",
        "ipConfigurations",
        "privateEndpoints",
        "purpose",
        "resourceNavigationLinks",
        "serviceAssociationLinks",
        "ipAllocations",
        "applicationGatewayIPConfigurations",
    ]);
    let several = properties.strings("addressPrefixes")?.unwrap_or_default();
    let one = properties.string("addressPrefix")?;
    let text = match (one, several.as_slice()) {
        (Some(one), [] | [_]) => one,
        (None, [one]) => one.clone(),
        (_, [_, _, ..]) => {
            return Err(ArmError::not_emulated(
                "A subnet with several address prefixes",
            ));
        }
        (None, []) => {
            let parameter = format!("addressPrefix of subnet '{name}'");
            return Err(Refusal::from(AzureRefusal::MissingParameter { parameter }).into());
        }
    };
    let prefix = AddressPrefix::parse(&text)
        .ok_or_else(|| Refusal::from(AzureRefusal::InvalidPrefix { prefix: text }))?;
    let delegations = properties.objects("delegations")?.unwrap_or_default();
    let delegations = delegations.iter().map(|delegation| {
        delegation.ignore(&["id", "etag", "type"]);
        let name = delegation.string("name")?.unwrap_or_default();
        let of = delegation.object_or_empty("properties")?;
        of.ignore(&["actions", "provisioningState"]);
        let service = of
            .string("serviceName")?
            .or(delegation.string("serviceName")?);
        Ok((name, service.unwrap_or_default()))
    });
    let endpoints = properties.objects("serviceEndpoints")?.unwrap_or_default();
    let endpoints = endpoints.iter().map(|endpoint| {
        endpoint.ignore(&["locations", "provisioningState"]);
        Ok(endpoint.string("service")?.unwrap_or_default())
    });
    let reference = |name| -> Result<Option<String>, ArmError> {
        let Some(object): Option<Object<'_>> = properties.object(name)? else {
            return Ok(None);
        };
        let id = object.string("id")?;
        object.ignore_all();
        Ok(id)
    };
    let mut settings = SubnetSettings::new(prefix);
    settings.delegations = delegations.collect::<Result<_, ArmError>>()?;
    settings.service_endpoints = endpoints.collect::<Result<_, ArmError>>()?;
    settings.network_security_group = reference("networkSecurityGroup")?;
    settings.route_table = reference("routeTable")?;
    for (id, action) in [
        (
            &settings.network_security_group,
            "Microsoft.Network/networkSecurityGroups/join/action",
        ),
        (
            &settings.route_table,
            "Microsoft.Network/routeTables/join/action",
        ),
    ] {
        if let Some(id) = id {
            call.linked(action, id)?;
        }
    }
    settings.default_outbound_access = properties.boolean("defaultOutboundAccess")?;
    if reference("natGateway")?.is_some() {
        return Err(ArmError::not_emulated("A NAT gateway"));
    }
    if let Some(policies) = properties.string("privateEndpointNetworkPolicies")? {
        settings.private_endpoint_policies = policies;
    }
    if let Some(policies) = properties.string("privateLinkServiceNetworkPolicies")? {
        settings.private_link_service_policies = policies;
    }
    Ok(settings)
}

/// A subnet of the network with this id.
pub(super) fn shown(world: &World, network_id: &str, subnet: &Subnet) -> Value {
    let settings = &subnet.settings;
    let id = format!("{network_id}/subnets/{}", subnet.name);
    let etag = network::etag(subnet.etag);
    let state = network::provisioning_state(world, subnet.operation);
    let delegations: Vec<Value> = settings
        .delegations
        .iter()
        .map(|(name, service)| {
            json!({
                "name": name,
                "id": format!("{id}/delegations/{name}"),
                "etag": etag,
                "type": "Microsoft.Network/virtualNetworks/subnets/delegations",
                "properties": {
                    "provisioningState": state,
                    "serviceName": service,
                    "actions": delegated_actions(service),
                },
            })
        })
        .collect();
    let mut properties = json!({
        "provisioningState": state,
        "addressPrefix": settings.prefix.to_string(),
        "delegations": delegations,
        "privateEndpointNetworkPolicies": settings.private_endpoint_policies,
        "privateLinkServiceNetworkPolicies": settings.private_link_service_policies,
    });
    if let Some(id) = &settings.network_security_group {
        properties["networkSecurityGroup"] = network::reference(id);
    }
    if let Some(id) = &settings.route_table {
        properties["routeTable"] = network::reference(id);
    }
    if let Some(access) = settings.default_outbound_access {
        properties["defaultOutboundAccess"] = json!(access);
    }
    if !settings.service_endpoints.is_empty() {
        let endpoints = settings.service_endpoints.iter().map(
            |service| json!({ "provisioningState": state, "service": service, "locations": ["*"] }),
        );
        properties["serviceEndpoints"] = endpoints.collect();
    }
    json!({ "name": subnet.name.as_str(), "id": id, "etag": etag, "type": NAME, "properties": properties })
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows: Option<Vec<_>> = call.read(|world| {
        let network = world.azure.virtual_networks.get(&network::key(call))?;
        let id = network_id(call, network.group.as_str(), network.name.as_str());
        let subnets = network.subnets.values();
        let rows =
            subnets.map(|subnet| (subnet.name.folded().to_owned(), shown(world, &id, subnet)));
        Some(rows.collect())
    });
    paging::page(call, rows.ok_or_else(|| no_network(call))?)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    if !call.read(|world| {
        world
            .azure
            .virtual_networks
            .contains_key(&network::key(call))
    }) {
        return Err(no_network(call));
    }
    let name = call.path.name(1);
    let settings = call.body(|body| settings(call, &body.object_or_empty("properties")?, name))?;
    let written = call.submit(WriteSubnet {
        network: network::key(call),
        name: Name::new(name),
        settings,
    })?;
    network::written(call, written, &read(call)?)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    if !call.read(|world| {
        world
            .azure
            .virtual_networks
            .contains_key(&network::key(call))
    }) {
        return Err(no_network(call));
    }
    let request = DeleteSubnet {
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
    let found = call.read(|world| {
        let network = world.azure.virtual_networks.get(&network::key(call))?;
        let id = network_id(call, network.group.as_str(), network.name.as_str());
        let subnet = network.subnets.get(&Name::new(call.path.name(1)));
        Some(subnet.map(|subnet| shown(world, &id, subnet)))
    });
    let subnet = found.ok_or_else(|| no_network(call))?;
    subnet.ok_or_else(|| {
        let name = format!("{}/subnets/{}", call.path.name(0), call.path.name(1));
        ArmError::resource_not_found(PARENT, &name, call.path.group_name())
    })
}

fn network_id(call: &Call<'_>, group: &str, network: &str) -> String {
    call.id_in_group(group, &format!("{PARENT}/{network}"))
}

fn no_network(call: &Call<'_>) -> ArmError {
    ArmError::resource_not_found(PARENT, call.path.name(0), call.path.group_name())
}

fn delegated_actions(service: &str) -> &'static [&'static str] {
    if service.eq_ignore_ascii_case("Microsoft.Sql/managedInstances") {
        &[
            "Microsoft.Network/virtualNetworks/subnets/join/action",
            "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action",
            "Microsoft.Network/virtualNetworks/subnets/unprepareNetworkPolicies/action",
        ]
    } else {
        &["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
}
