//! `Microsoft.Network/privateLinkServices`: the provider's side of a private connection to a load balancer.

mod connections;
mod locations;

use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{
    DeletePrivateLinkService, PrivateLinkService, Target, WritePrivateLinkService,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::references::{missing, subnet};
use super::{load_balancers, network, network_interfaces};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) use connections::CONNECTIONS;
pub(in crate::arm) use locations::{AUTO_APPROVED, LOCATIONS};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Network",
        "privateLinkServices",
        Versions::Network,
    )
};

const NAME: &str = "Microsoft.Network/privateLinkServices";

/// The id of a private link service.
fn id_of(call: &Call<'_>, key: &ResourceKey) -> String {
    call.id_in_group(key.group.as_str(), &format!("{NAME}/{}", key.name))
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.private_link_services, shown)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, |world, service| shown(call, world, service)).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&[
            "provisioningState",
            "resourceGuid",
            "alias",
            "networkInterfaces",
            "privateEndpointConnections",
        ]);
        if let Some(address) = properties.string("destinationIPAddress")?
            && !address.is_empty()
        {
            return Err(ArmError::not_emulated(
                "A private link service without a load balancer",
            ));
        }
        let access = properties.string("accessMode")?.unwrap_or_default();
        if !access.is_empty() && !access.eq_ignore_ascii_case("Default") {
            return Err(ArmError::not_emulated(&format!(
                "The access mode '{access}' of a private link service"
            )));
        }
        write(call, body, &properties)
    })?;
    let written = call.submit(request)?;
    let value = find(call, |world, service| shown(call, world, service))?;
    network::written(call, written, &value)
}

fn write(
    call: &Call<'_>,
    body: &Object<'_>,
    properties: &Object<'_>,
) -> Result<WritePrivateLinkService, ArmError> {
    let frontends = properties.objects("loadBalancerFrontendIpConfigurations")?;
    let frontend = one(frontends, "loadBalancerFrontendIpConfigurations")?;
    frontend.ignore(&["name", "etag", "type", "zones", "properties"]);
    let id = frontend.string("id")?;
    let id = id.ok_or_else(|| missing("loadBalancerFrontendIpConfigurations.id"))?;
    let configuration = one(properties.objects("ipConfigurations")?, "ipConfigurations")?;
    configuration.ignore(&["id", "etag", "type"]);
    let inner = configuration.object_or_empty("properties")?;
    inner.ignore(&["provisioningState", "primary"]);
    network::refuse_version_6(&inner)?;
    let name = configuration.string("name")?;
    Ok(WritePrivateLinkService {
        place: network::place(call, NAME, body)?,
        frontend: load_balancers::frontend_of(call, &id)?,
        configuration: Name::new(&name.ok_or_else(|| missing("ipConfigurations.name"))?),
        subnet: subnet(call, &inner)?,
        address: network::wanted_address(&inner)?,
        proxy_protocol: properties.boolean("enableProxyProtocol")?.unwrap_or(false),
        visibility: subscriptions(properties, "visibility")?,
        auto_approval: subscriptions(properties, "autoApproval")?,
        fqdns: properties.strings("fqdns")?.unwrap_or_default(),
    })
}

/// The one that a list has to have: Azure takes several.
fn one<'a>(list: Option<Vec<Object<'a>>>, member: &str) -> Result<Object<'a>, ArmError> {
    let mut list = list.unwrap_or_default();
    match (list.pop(), list.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(missing(member)),
        (Some(_), false) => Err(ArmError::not_emulated(&format!(
            "A private link service with several {member}"
        ))),
    }
}

fn subscriptions(properties: &Object<'_>, member: &str) -> Result<Vec<String>, ArmError> {
    let object = properties.object_or_empty(member)?;
    Ok(object.strings("subscriptions")?.unwrap_or_default())
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeletePrivateLinkService { key })?)
}

fn find<T>(
    call: &Call<'_>,
    read: impl FnOnce(&World, &PrivateLinkService) -> T,
) -> Result<T, ArmError> {
    network::find(call, NAME, |fabric| &fabric.private_link_services, read)
}

fn shown(call: &Call<'_>, world: &World, service: &PrivateLinkService) -> Value {
    let key = service.header.key();
    let id = id_of(call, &key);
    let state = network::provisioning_state(world, service.header.operation);
    let (balancer, frontend) = &service.frontend;
    let frontend = format!(
        "Microsoft.Network/loadBalancers/{}/frontendIPConfigurations/{frontend}",
        balancer.name
    );
    let target = Target::Service(key);
    let connections: Vec<Value> = world
        .connections_to(&target)
        .map(|consumer| connections::shown(call, &id, consumer))
        .collect();
    let mut configuration = json!({
        "provisioningState": state,
        "privateIPAllocationMethod": network::method(service.is_static),
        "privateIPAddressVersion": "IPv4",
        "primary": true,
        "subnet": { "id": service.subnet.to_arm_id(call.subscription) },
    });
    if service.is_static {
        configuration["privateIPAddress"] = json!(service.address.to_string());
    }
    let interface = network_interfaces::id_of(call, &service.header.group, &service.interface());
    let properties = json!({
        "provisioningState": state,
        "resourceGuid": service.header.guid,
        "alias": service.alias,
        "fqdns": service.fqdns,
        "visibility": { "subscriptions": service.visibility },
        "autoApproval": { "subscriptions": service.auto_approval },
        "enableProxyProtocol": service.proxy_protocol,
        "loadBalancerFrontendIpConfigurations": [
            { "id": call.id_in_group(balancer.group.as_str(), &frontend) },
        ],
        "ipConfigurations": [{
            "name": service.configuration.as_str(),
            "id": format!("{id}/ipConfigurations/{}", service.configuration),
            "etag": network::etag(service.header.etag),
            "type": format!("{NAME}/ipConfigurations"),
            "properties": configuration,
        }],
        "privateEndpointConnections": connections,
        "networkInterfaces": [{ "id": interface }],
    });
    network::tracked(&service.header, &id, NAME, properties)
}
