//! `Microsoft.Network/networkInterfaces`: those that users make, and, to look at, those of private endpoints.

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{
    DeleteInterface, Interface, PrivateEndpoint, PrivateLinkService, Tagged, Target, WriteInterface,
};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::references::{Id, nat_rule, pool, reference, subnet};
use super::{network, private_endpoints, public_ip_addresses};
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
    ..ResourceType::new("Microsoft.Network", "networkInterfaces", Versions::Network)
};

const NAME: &str = "Microsoft.Network/networkInterfaces";

/// The id of an interface.
pub(super) fn id_of(call: &Call<'_>, group: &Name, name: &Name) -> String {
    call.id_in_group(group.as_str(), &format!("{NAME}/{name}"))
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = network::rows(call, |world| {
        let fabric = &world.azure.fabric;
        let own = fabric.interfaces.iter();
        let own = own.map(|(key, interface)| (key.clone(), shown(call, world, interface)));
        let endpoints = fabric.private_endpoints.values();
        let endpoints = endpoints.map(|endpoint| {
            let key = ResourceKey {
                group: endpoint.header.group.clone(),
                name: endpoint.interface.clone(),
            };
            (key, shown_of_endpoint(call, world, endpoint))
        });
        let services = fabric.private_link_services.values();
        let services = services.map(|service| {
            let key = ResourceKey {
                group: service.header.group.clone(),
                name: service.interface(),
            };
            (key, shown_of_service(call, service))
        });
        own.chain(endpoints).chain(services).collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    refuse_service_interfaces(call, &key, "changed")?;
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&[
            "provisioningState",
            "resourceGuid",
            "macAddress",
            "primary",
            "virtualMachine",
            "dnsSettings",
            "enableAcceleratedNetworking",
            "nicType",
            "hostedWorkloads",
            "tapConfigurations",
            "vnetEncryptionSupported",
            "disableTcpStateTracking",
            "auxiliaryMode",
            "auxiliarySku",
            "privateEndpoint",
            "allowPort25Out",
            "defaultOutboundConnectivityEnabled",
        ]);
        let configurations = properties.objects("ipConfigurations")?.unwrap_or_default();
        let [configuration] = configurations.as_slice() else {
            return Err(match configurations.is_empty() {
                true => super::references::missing("ipConfigurations"),
                false => {
                    ArmError::not_emulated("A network interface with several IP configurations")
                }
            });
        };
        write(call, body, &properties, configuration)
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

fn write(
    call: &Call<'_>,
    body: &Object<'_>,
    properties: &Object<'_>,
    configuration: &Object<'_>,
) -> Result<WriteInterface, ArmError> {
    configuration.ignore(&["id", "etag", "type"]);
    let inner = configuration.object_or_empty("properties")?;
    inner.ignore(&["provisioningState", "primary"]);
    network::refuse_version_6(&inner)?;
    for (member, what) in [
        (
            "applicationGatewayBackendAddressPools",
            "An application gateway",
        ),
        ("applicationSecurityGroups", "An application security group"),
    ] {
        if inner.objects(member)?.is_some_and(|list| !list.is_empty()) {
            return Err(ArmError::not_emulated(what));
        }
    }
    let public = reference(&inner, "publicIPAddress")?;
    let public =
        public.map(|id| Id::parse(call, &id)?.key_of("Microsoft.Network/publicIPAddresses"));
    let pools = inner
        .objects("loadBalancerBackendAddressPools")?
        .unwrap_or_default();
    let pools = pools.iter().map(|entry| {
        entry.ignore(&["name", "etag", "type", "properties"]);
        pool(call, &entry.string("id")?.unwrap_or_default())
    });
    let nat_rules = inner
        .objects("loadBalancerInboundNatRules")?
        .unwrap_or_default();
    let nat_rules = nat_rules.iter().map(|entry| {
        entry.ignore(&["name", "etag", "type", "properties"]);
        nat_rule(call, &entry.string("id")?.unwrap_or_default())
    });
    Ok(WriteInterface {
        place: network::place(call, NAME, body)?,
        configuration: Name::new(
            &configuration
                .string("name")?
                .unwrap_or_else(|| "ipconfig1".to_owned()),
        ),
        subnet: subnet(call, &inner)?,
        address: network::wanted_address(&inner)?,
        forwards: properties.boolean("enableIPForwarding")?.unwrap_or(false),
        network_security_group: reference(properties, "networkSecurityGroup")?,
        pools: pools.collect::<Result<_, _>>()?,
        nat_rules: nat_rules.collect::<Result<_, _>>()?,
        public: public.transpose()?,
    })
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    refuse_service_interfaces(call, &network::key(call), "changed")?;
    network::patch_tags(call, Tagged::Interface)?;
    get(call)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    refuse_service_interfaces(call, &key, "deleted")?;
    network::deleted(call, call.submit(DeleteInterface { key })?)
}

/// Interfaces of private endpoints and link services are the service's.
fn refuse_service_interfaces(
    call: &Call<'_>,
    key: &ResourceKey,
    done: &str,
) -> Result<(), ArmError> {
    let owner = call.read(|world| {
        let endpoint = endpoint_with(world, key).map(|_| "Endpoint");
        endpoint.or_else(|| service_with(world, key).map(|_| "LinkService"))
    });
    let (code, whose) = match owner {
        None => return Ok(()),
        Some("Endpoint") => ("NicInUseWithPrivateEndpoint", "a private endpoint"),
        Some(_) => ("NicInUseWithPrivateLinkService", "a private link service"),
    };
    let text = format!(
        "Network interface {} cannot be {done} because it belongs to {whose}.",
        key.name
    );
    Err(ArmError::service(StatusCode::BAD_REQUEST, code, text))
}

fn service_with<'w>(world: &'w World, key: &ResourceKey) -> Option<&'w PrivateLinkService> {
    let mut services = world.azure.fabric.private_link_services.values();
    services
        .find(|service| service.header.group == key.group && service.interface() == key.name)
        .map(|service| &**service)
}

fn endpoint_with<'w>(world: &'w World, key: &ResourceKey) -> Option<&'w PrivateEndpoint> {
    let mut endpoints = world.azure.fabric.private_endpoints.values();
    endpoints
        .find(|endpoint| endpoint.header.group == key.group && endpoint.interface == key.name)
        .map(|endpoint| &**endpoint)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    let key = network::key(call);
    let found = call.read(|world| {
        let own = world.azure.fabric.interfaces.get(&key);
        let own = own.map(|interface| shown(call, world, interface));
        own.or_else(|| Some(shown_of_endpoint(call, world, endpoint_with(world, &key)?)))
            .or_else(|| Some(shown_of_service(call, service_with(world, &key)?)))
    });
    found.ok_or_else(|| network::not_found(call, NAME))
}

pub(super) fn shown(call: &Call<'_>, world: &World, interface: &Interface) -> Value {
    let header = &interface.header;
    let id = id_of(call, &header.group, &header.name);
    let state = network::provisioning_state(world, header.operation);
    let pools: Vec<Value> = interface
        .pools
        .iter()
        .map(|pool| {
            let tail = format!(
                "Microsoft.Network/loadBalancers/{}/backendAddressPools/{}",
                pool.balancer.name, pool.name
            );
            json!({ "id": call.id_in_group(pool.balancer.group.as_str(), &tail) })
        })
        .collect();
    let nat_rules: Vec<Value> = interface
        .nat_rules
        .iter()
        .map(|rule| json!({ "id": call.id_in_group(rule.balancer.group.as_str(), &rule.path()) }))
        .collect();
    let mut configuration = json!({
        "provisioningState": state,
        "privateIPAddress": interface.address.to_string(),
        "privateIPAllocationMethod": network::method(interface.is_static),
        "privateIPAddressVersion": "IPv4",
        "primary": true,
        "subnet": { "id": interface.subnet.to_arm_id(call.subscription) },
    });
    if !pools.is_empty() {
        configuration["loadBalancerBackendAddressPools"] = json!(pools);
    }
    if !nat_rules.is_empty() {
        configuration["loadBalancerInboundNatRules"] = json!(nat_rules);
    }
    if let Some(public) = &interface.public {
        configuration["publicIPAddress"] =
            json!({ "id": public_ip_addresses::id_of(call, public) });
    }
    let mut properties = json!({
        "provisioningState": state,
        "resourceGuid": header.guid,
        "ipConfigurations": [{
            "name": interface.configuration.as_str(),
            "id": format!("{id}/ipConfigurations/{}", interface.configuration),
            "etag": network::etag(header.etag),
            "type": format!("{NAME}/ipConfigurations"),
            "properties": configuration,
        }],
        "enableIPForwarding": interface.forwards,
        "enableAcceleratedNetworking": false,
        "nicType": "Standard",
    });
    if let Some(group) = &interface.network_security_group {
        properties["networkSecurityGroup"] = network::reference(group);
    }
    let key = header.key();
    let machines = &world.azure.fabric.machines;
    if let Some((machine, _)) = machines
        .iter()
        .find(|(_, machine)| machine.interface == key)
    {
        let tail = format!("Microsoft.Compute/virtualMachines/{}", machine.name);
        properties["virtualMachine"] =
            json!({ "id": call.id_in_group(machine.group.as_str(), &tail) });
        properties["primary"] = json!(true);
    }
    network::tracked(header, &id, NAME, properties)
}

fn shown_of_endpoint(call: &Call<'_>, world: &World, endpoint: &PrivateEndpoint) -> Value {
    let header = &endpoint.header;
    let id = id_of(call, &header.group, &endpoint.interface);
    let (member, fqdns) = match &endpoint.connection.target {
        Target::Instance(name) => {
            let view = world.managed_instance_view(name.as_str());
            (
                "managedInstance",
                view.map(|view| vec![view.fqdn()]).unwrap_or_default(),
            )
        }
        Target::Service(_) => ("", Vec::new()),
    };
    let configuration = format!("privateEndpointIpConfig.{}", endpoint.connection.guid);
    let properties = json!({
        "provisioningState": "Succeeded",
        "resourceGuid": header.guid,
        "ipConfigurations": [{
            "name": configuration,
            "id": format!("{id}/ipConfigurations/{configuration}"),
            "etag": network::etag(header.etag),
            "type": format!("{NAME}/ipConfigurations"),
            "properties": {
                "provisioningState": "Succeeded",
                "privateIPAddress": endpoint.address.to_string(),
                "privateIPAllocationMethod": "Dynamic",
                "privateIPAddressVersion": "IPv4",
                "primary": true,
                "subnet": { "id": endpoint.subnet.to_arm_id(call.subscription) },
                "privateLinkConnectionProperties": { "groupId": member, "requiredMemberName": member, "fqdns": fqdns },
            },
        }],
        "enableIPForwarding": false,
        "enableAcceleratedNetworking": false,
        "privateEndpoint": { "id": private_endpoints::id_of(call, &header.key()) },
        "nicType": "Standard",
    });
    let mut shown = network::tracked(header, &id, NAME, properties);
    shown["name"] = json!(endpoint.interface.as_str());
    shown
}

fn shown_of_service(call: &Call<'_>, service: &PrivateLinkService) -> Value {
    let (header, name) = (&service.header, service.interface());
    let id = id_of(call, &header.group, &name);
    let tail = format!("Microsoft.Network/privateLinkServices/{}", header.name);
    let properties = json!({
        "provisioningState": "Succeeded",
        "resourceGuid": header.guid,
        "ipConfigurations": [{
            "name": service.configuration.as_str(),
            "id": format!("{id}/ipConfigurations/{}", service.configuration),
            "etag": network::etag(header.etag),
            "type": format!("{NAME}/ipConfigurations"),
            "properties": {
                "provisioningState": "Succeeded",
                "privateIPAddress": service.address.to_string(),
                "privateIPAllocationMethod": network::method(service.is_static),
                "privateIPAddressVersion": "IPv4",
                "primary": true,
                "subnet": { "id": service.subnet.to_arm_id(call.subscription) },
            },
        }],
        "enableIPForwarding": false,
        "enableAcceleratedNetworking": false,
        "privateLinkService": { "id": call.id_in_group(header.group.as_str(), &tail) },
        "nicType": "Standard",
    });
    let mut shown = network::tracked(header, &id, NAME, properties);
    shown["name"] = json!(name.as_str());
    shown
}
