//! `Microsoft.Network/publicIPAddresses`.

use milink_core::World;
use milink_core::azure::ResourceKey;
use milink_core::azure::fabric::{
    DeletePublicAddress, PublicAddress, PublicAddressSettings, Sku, Tagged, User,
    WritePublicAddress, user_of,
};
use serde_json::{Value, json};

use super::references::{invalid, reference};
use super::{load_balancers, network, network_interfaces};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    patch: Some(patch),
    delete: Some(delete),
    ..ResourceType::new("Microsoft.Network", "publicIPAddresses", Versions::Network)
};

const NAME: &str = "Microsoft.Network/publicIPAddresses";
/// `idleTimeoutInMinutes` of one that says nothing (the schema).
const IDLE_MINUTES: i64 = 4;

/// The id of a public IP address.
pub(super) fn id_of(call: &Call<'_>, key: &ResourceKey) -> String {
    call.id_in_group(key.group.as_str(), &format!("{NAME}/{}", key.name))
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.public_addresses, shown)
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
            "ipAddress",
            "ipConfiguration",
            "ddosSettings",
            "ipTags",
            "deleteOption",
        ]);
        Ok(WritePublicAddress {
            place: network::place(call, NAME, body)?,
            settings: settings(body, &properties)?,
        })
    })?;
    let written = call.submit(request)?;
    network::written(call, written, &read(call)?)
}

fn settings(body: &Object<'_>, properties: &Object<'_>) -> Result<PublicAddressSettings, ArmError> {
    let version = properties.string("publicIPAddressVersion")?;
    if version.is_some_and(|version| version.eq_ignore_ascii_case("IPv6")) {
        return Err(ArmError::not_emulated("IPv6"));
    }
    if let Some(dns) = properties.object("dnsSettings")? {
        dns.ignore_all();
        return Err(ArmError::not_emulated("A DNS name of a public IP address"));
    }
    for (member, what) in [
        ("publicIPPrefix", "A public IP prefix"),
        ("natGateway", "A NAT gateway"),
        ("linkedPublicIPAddress", "A linked public IP address"),
    ] {
        if reference(properties, member)?.is_some() {
            return Err(ArmError::not_emulated(what));
        }
    }
    let method = properties.string("publicIPAllocationMethod")?;
    let method = method.unwrap_or_else(|| "Dynamic".to_owned());
    let is_static = match method.to_ascii_lowercase().as_str() {
        "static" => true,
        "dynamic" => false,
        _ => return Err(invalid("publicIPAllocationMethod", &method)),
    };
    let minutes = properties.integer("idleTimeoutInMinutes")?;
    let minutes = minutes.unwrap_or(IDLE_MINUTES);
    Ok(PublicAddressSettings {
        sku: load_balancers::sku(body)?.unwrap_or(Sku::Basic),
        is_static,
        idle_timeout_minutes: u32::try_from(minutes)
            .map_err(|_| invalid("idleTimeoutInMinutes", &minutes.to_string()))?,
        zones: body.strings("zones")?.unwrap_or_default(),
    })
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::patch_tags(call, Tagged::PublicAddress)?;
    get(call)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeletePublicAddress { key })?)
}

fn read(call: &Call<'_>) -> Result<Value, ArmError> {
    network::find(
        call,
        NAME,
        |fabric| &fabric.public_addresses,
        |world, public| shown(call, world, public),
    )
}

fn shown(call: &Call<'_>, world: &World, public: &PublicAddress) -> Value {
    let (header, settings) = (&public.header, &public.settings);
    let user = user_of(world, &header.key());
    let mut properties = json!({
        "provisioningState": network::provisioning_state(world, header.operation),
        "resourceGuid": header.guid,
        "publicIPAddressVersion": "IPv4",
        "publicIPAllocationMethod": network::method(settings.is_static),
        "idleTimeoutInMinutes": settings.idle_timeout_minutes,
        "ipTags": [],
    });
    // A dynamic one has an address as long as somebody uses it.
    if settings.is_static || user.is_some() {
        properties["ipAddress"] = json!(public.address.to_string());
    }
    if let Some(id) = user.and_then(|user| configuration(call, world, &user)) {
        properties["ipConfiguration"] = network::reference(&id);
    }
    let id = id_of(call, &header.key());
    let mut shown = network::tracked(header, &id, NAME, properties);
    shown["sku"] = json!({ "name": settings.sku.text(), "tier": "Regional" });
    if !settings.zones.is_empty() {
        shown["zones"] = json!(settings.zones);
    }
    shown
}

/// The id of the IP configuration that has the address.
fn configuration(call: &Call<'_>, world: &World, user: &User) -> Option<String> {
    match user {
        User::Interface(key) => {
            let interface = world.azure.fabric.interfaces.get(key)?;
            let id = network_interfaces::id_of(call, &key.group, &key.name);
            Some(format!("{id}/ipConfigurations/{}", interface.configuration))
        }
        User::Frontend(key, name) => {
            let tail = format!(
                "Microsoft.Network/loadBalancers/{}/frontendIPConfigurations/{name}",
                key.name
            );
            Some(call.id_in_group(key.group.as_str(), &tail))
        }
        User::Gateway(key) => {
            let tail = format!(
                "Microsoft.Network/virtualNetworkGateways/{}/ipConfigurations/default",
                key.name
            );
            Some(call.id_in_group(key.group.as_str(), &tail))
        }
    }
}
