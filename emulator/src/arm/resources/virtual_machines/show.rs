//! Virtual machines as JSON, and how they are doing.

use milink_core::World;
use milink_core::azure::fabric::{Machine, Os};
use serde_json::{Value, json};

use super::NAME;
use crate::arm::call::Call;
use crate::arm::resources::{network, network_interfaces};

/// A machine.
pub(super) fn machine(call: &Call<'_>, world: &World, machine: &Machine) -> Value {
    let header = &machine.header;
    let id = call.id_in_group(header.group.as_str(), &format!("{NAME}/{}", header.name));
    let mut profile = network::object(&machine.profile.text);
    let mut part = |name: &str| profile.remove(name).unwrap_or_else(|| json!({}));
    let (mut storage, mut system) = (part("storageProfile"), part("osProfile"));
    storage["osDisk"]["osType"] = json!(os(machine));
    if storage["osDisk"]["name"].is_null() {
        storage["osDisk"]["name"] = json!(format!("{}_OsDisk_1", header.name));
    }
    if storage["osDisk"]["createOption"].is_null() {
        storage["osDisk"]["createOption"] = json!("FromImage");
    }
    if storage["dataDisks"].is_null() {
        storage["dataDisks"] = json!([]);
    }
    if system["computerName"].is_null() {
        system["computerName"] = json!(header.name.as_str());
    }
    system["allowExtensionOperations"] = json!(true);
    let interface = &machine.interface;
    let properties = json!({
        "vmId": header.guid,
        "hardwareProfile": { "vmSize": machine.size },
        "storageProfile": storage,
        "osProfile": system,
        "networkProfile": { "networkInterfaces": [{
            "id": network_interfaces::id_of(call, &interface.group, &interface.name),
            "properties": { "primary": true },
        }] },
        "provisioningState": network::provisioning_state(world, header.operation),
    });
    let mut shown = network::tracked(header, &id, NAME, properties);
    if !machine.profile.zones.is_empty() {
        shown["zones"] = json!(machine.profile.zones);
    }
    shown
}

/// How it is doing.
pub(super) fn instance_view(world: &World, machine: &Machine) -> Value {
    let state = network::provisioning_state(world, machine.header.operation);
    let power = machine.power.text();
    json!({
        "computerName": machine.header.name.as_str(),
        "osName": os(machine),
        "disks": [],
        "statuses": [
            {
                "code": format!("ProvisioningState/{}", state.to_ascii_lowercase()),
                "level": "Info",
                "displayStatus": match state {
                    "Succeeded" => "Provisioning succeeded",
                    _ => "Updating",
                },
            },
            {
                "code": format!("PowerState/{power}"),
                "level": "Info",
                "displayStatus": format!("VM {power}"),
            },
        ],
    })
}

fn os(machine: &Machine) -> &'static str {
    match machine.profile.os {
        Os::Linux => "Linux",
        Os::Windows => "Windows",
    }
}
