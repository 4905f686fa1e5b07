//! `Microsoft.Network/privateEndpoints`: the consumer's side of a private connection.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{
    Connection, Consumer, DeletePrivateEndpoint, IpConfiguration, PrivateEndpoint, Target,
    WritePrivateEndpoint,
};
use milink_core::names::Name;
use milink_core::refusal::{FabricRefusal, Refusal};
use serde_json::{Value, json};

use super::references::{invalid, missing, named_target, subnet, target_id};
use super::{network, network_interfaces};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::operations;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new("Microsoft.Network", "privateEndpoints", Versions::Network)
};

const NAME: &str = "Microsoft.Network/privateEndpoints";
/// In which the managed endpoints of data factories are.
const SERVICE_SUBSCRIPTION: &str = "0f5e1d4a-7b7c-4c55-9f3a-2f0f64c7a001";
const AUTOMATIC: &str = "privateLinkServiceConnections";
const MANUAL: &str = "manualPrivateLinkServiceConnections";

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.private_endpoints, shown)
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
            "networkInterfaces",
            "customDnsConfigs",
            "ipVersionType",
            "billingSku",
        ]);
        let groups = properties.objects("applicationSecurityGroups")?;
        if groups.is_some_and(|groups| !groups.is_empty()) {
            return Err(ArmError::not_emulated(
                "An application security group of a private endpoint",
            ));
        }
        let automatic = properties.objects(AUTOMATIC)?.unwrap_or_default();
        let manual = properties.objects(MANUAL)?.unwrap_or_default();
        let (connection, is_manual) = match (automatic.as_slice(), manual.as_slice()) {
            ([one], []) => (one, false),
            ([], [one]) => (one, true),
            _ => {
                return Err(ArmError::service(
                    StatusCode::BAD_REQUEST,
                    "PrivateEndpointInvalidNumberOfConnections",
                    format!("Private endpoint {} must have exactly one connection, either in {AUTOMATIC} or in {MANUAL}.", call.path.name(0)),
                ));
            }
        };
        write(call, body, &properties, connection, is_manual)
    })?;
    let (action, scope) = approval(call, &request.target);
    let submitted = call.submit(request);
    let written = submitted.map_err(|error| match error.code() {
        "LinkedAuthorizationFailed" => call.linked_refusal(action, &scope),
        _ => error,
    })?;
    network::written(call, written, &read(call)?)
}

fn write(
    call: &Call<'_>,
    body: &Object<'_>,
    properties: &Object<'_>,
    connection: &Object<'_>,
    manual: bool,
) -> Result<WritePrivateEndpoint, ArmError> {
    connection.ignore(&["id", "etag", "type"]);
    let asked = connection.object_or_empty("properties")?;
    asked.ignore(&["provisioningState", "privateLinkServiceConnectionState"]);
    let id = asked.string("privateLinkServiceId")?;
    let id = id.ok_or_else(|| missing("privateLinkServiceId"))?;
    let interface = properties.string("customNetworkInterfaceName")?;
    let (target, by_alias) = named_target(call, &id)?;
    let (action, scope) = approval(call, &target);
    let may_approve = call.may(action, &scope);
    Ok(WritePrivateEndpoint {
        place: network::place(call, NAME, body)?,
        subnet: subnet(call, properties)?,
        configuration: configuration(call, properties)?,
        interface: interface
            .filter(|name| !name.is_empty())
            .map(|name| Name::new(&name)),
        connection: Name::new(&connection.string("name")?.unwrap_or_default()),
        target,
        by_alias,
        group_ids: asked.strings("groupIds")?.unwrap_or_default(),
        manual,
        message: asked.string("requestMessage")?.unwrap_or_default(),
        may_approve,
    })
}

/// What is asked for in `ipConfigurations`. An endpoint that has one keeps it.
fn configuration(
    call: &Call<'_>,
    properties: &Object<'_>,
) -> Result<Option<IpConfiguration>, ArmError> {
    let Some(all) = properties.objects("ipConfigurations")? else {
        return Ok(None);
    };
    let one = match all.as_slice() {
        [] => {
            let has_one = call.read(|world| {
                let found = world
                    .azure
                    .fabric
                    .private_endpoints
                    .get(&network::key(call));
                found.is_some_and(|found| found.configuration.is_some())
            });
            return match has_one {
                true => Err(ArmError::from(&Refusal::from(
                    FabricRefusal::EndpointFixed {
                        endpoint: call.path.name(0).to_owned(),
                    },
                ))),
                false => Ok(None),
            };
        }
        [one] => one,
        _ => {
            return Err(ArmError::not_emulated(
                "A private endpoint with several addresses",
            ));
        }
    };
    one.ignore(&["id", "etag", "type"]);
    let inner = one.object_or_empty("properties")?;
    let text = inner.string("privateIPAddress")?;
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Err(missing("privateIPAddress"));
    };
    Ok(Some(IpConfiguration {
        name: Name::new(&one.string("name")?.unwrap_or_default()),
        group: inner.string("groupId")?.unwrap_or_default(),
        member: inner.string("memberName")?.unwrap_or_default(),
        address: text
            .parse()
            .map_err(|_| invalid("privateIPAddress", &text))?,
    }))
}

/// What it takes to approve the connection as it is made, and where (`network.md` section 4.4).
fn approval(call: &Call<'_>, target: &Target) -> (&'static str, String) {
    let action = match target {
        Target::Instance(_) => {
            "Microsoft.Sql/managedInstances/privateEndpointConnectionsApproval/action"
        }
        Target::Service(_) => {
            "Microsoft.Network/privateLinkServices/privateEndpointConnectionsApproval/action"
        }
    };
    (action, call.read(|world| target_id(call, world, target)))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    match call.submit(DeletePrivateEndpoint { key })? {
        Some(operation) => {
            operations::network(call, Answer::empty(StatusCode::ACCEPTED), operation)
        }
        None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
    }
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    network::find(
        call,
        NAME,
        |fabric| &fabric.private_endpoints,
        |world, endpoint| shown(call, world, endpoint),
    )
}

/// The id of an endpoint.
pub(super) fn id_of(call: &Call<'_>, key: &ResourceKey) -> String {
    call.id_in_group(key.group.as_str(), &format!("{NAME}/{}", key.name))
}

/// The id of whoever has a connection. A data factory's endpoint is the service's own, in a subscription of the service's
/// (documented); the ids there are guesses.
pub(super) fn id_of_consumer(call: &Call<'_>, consumer: Consumer<'_>) -> String {
    match consumer {
        Consumer::Endpoint(key, _) => id_of(call, key),
        Consumer::Managed(factory, endpoint) => {
            let network = factory.network.as_ref().map(|network| network.id);
            let network = network.unwrap_or_default().simple().to_string();
            format!(
                "/subscriptions/{SERVICE_SUBSCRIPTION}/resourceGroups/vnet-{}-{}-rg/providers/{NAME}/{}",
                &network[..8],
                factory.location,
                endpoint.full_name(&factory.key.name),
            )
        }
    }
}

fn shown(call: &Call<'_>, world: &World, endpoint: &PrivateEndpoint) -> Value {
    let id = id_of(call, &endpoint.header.key());
    let etag = network::etag(endpoint.header.etag);
    let connection = &endpoint.connection;
    let (list, other) = match connection.manual {
        true => (MANUAL, AUTOMATIC),
        false => (AUTOMATIC, MANUAL),
    };
    let mut inner = json!({
        "provisioningState": "Succeeded",
        "privateLinkServiceId": named_id(call, world, connection),
        "groupIds": connection.group_ids,
        "privateLinkServiceConnectionState": {
            "status": connection.status.text(),
            "description": connection.description,
            "actionsRequired": "None",
        },
    });
    if !connection.request_message.is_empty() {
        inner["requestMessage"] = json!(connection.request_message);
    }
    let shown = json!([{
        "name": connection.consumer_name.as_str(),
        "id": format!("{id}/{list}/{}", connection.consumer_name),
        "etag": etag,
        "type": format!("{NAME}/{list}"),
        "properties": inner,
    }]);
    let nic = network_interfaces::id_of(call, &endpoint.header.group, &endpoint.interface);
    let mut properties = json!({
        "provisioningState": network::provisioning_state(world, endpoint.header.operation),
        "resourceGuid": endpoint.header.guid,
        "subnet": { "id": endpoint.subnet.to_arm_id(call.subscription) },
        "networkInterfaces": [{ "id": nic }],
        "customDnsConfigs": dns_configs(world, endpoint),
        "ipConfigurations": [],
    });
    properties[list] = shown;
    properties[other] = json!([]);
    if let Some(asked) = &endpoint.configuration {
        properties["ipConfigurations"] = json!([{
            "name": asked.name.as_str(),
            "id": format!("{id}/ipConfigurations/{}", asked.name),
            "etag": etag,
            "type": format!("{NAME}/ipConfigurations"),
            "properties": {
                "provisioningState": "Succeeded",
                "groupId": asked.group,
                "memberName": asked.member,
                "privateIPAddress": asked.address.to_string(),
            },
        }]);
    }
    if endpoint.names_interface {
        properties["customNetworkInterfaceName"] = json!(endpoint.interface.as_str());
    }
    network::tracked(&endpoint.header, &id, NAME, properties)
}

/// What the connection leads to, as the consumer named it.
fn named_id(call: &Call<'_>, world: &World, connection: &Connection) -> String {
    let alias = match &connection.target {
        Target::Service(key) if connection.by_alias => {
            let services = &world.azure.fabric.private_link_services;
            services.get(key).map(|service| service.alias.clone())
        }
        Target::Service(_) | Target::Instance(_) => None,
    };
    alias.unwrap_or_else(|| target_id(call, world, &connection.target))
}

/// The names that a record for the endpoint should have.
fn dns_configs(world: &World, endpoint: &PrivateEndpoint) -> Value {
    let Target::Instance(name) = &endpoint.connection.target else {
        return json!([]);
    };
    let Some(view) = world.managed_instance_view(name.as_str()) else {
        return json!([]);
    };
    json!([{ "fqdn": view.fqdn(), "ipAddresses": [endpoint.address.to_string()] }])
}
