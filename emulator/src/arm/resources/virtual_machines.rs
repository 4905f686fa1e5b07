//! `Microsoft.Compute/virtualMachines`: as much of a machine as forwards connections, and can be stopped, started and told to.

mod actions;
mod script;
mod show;

use milink_core::World;
use milink_core::azure::fabric::{
    DeleteMachine, Machine, MachineProfile, Os, Tagged, WriteMachine,
};
use serde_json::{Map, Value};

use super::network;
use super::references::{Id, missing};
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
    actions: actions::ACTIONS,
    ..ResourceType::new("Microsoft.Compute", "virtualMachines", Versions::Compute)
};

/// `GET …/instanceView`.
pub(in crate::arm) const INSTANCE_VIEW: ResourceType = ResourceType {
    list: Some(instance_view),
    ..ResourceType::new(
        "Microsoft.Compute",
        "virtualMachines/instanceView",
        Versions::Compute,
    )
};

const NAME: &str = "Microsoft.Compute/virtualMachines";
/// What of an operating system's profile is never shown.
const SECRETS: [&str; 3] = ["adminPassword", "customData", "secrets"];

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::list(call, |fabric| &fabric.machines, show::machine)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let value = find(call, |world, machine| {
        let mut shown = show::machine(call, world, machine);
        let expand = call.query("$expand").unwrap_or_default();
        if expand.to_ascii_lowercase().contains("instanceview") {
            shown["properties"]["instanceView"] = show::instance_view(world, machine);
        }
        shown
    })?;
    Ok(Answer::ok(&value))
}

fn instance_view(call: &Call<'_>) -> Result<Answer, ArmError> {
    find(call, show::instance_view).map(|value| Answer::ok(&value))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let request = call.body(|body| {
        body.ignore(&["plan", "resources", "etag", "managedBy"]);
        if let Some(identity) = body.object("identity")? {
            let kind = identity.string("type")?.unwrap_or_default();
            identity.ignore_all();
            if !kind.is_empty() && !kind.eq_ignore_ascii_case("None") {
                return Err(ArmError::not_emulated("A virtual machine's identity"));
            }
        }
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&[
            "provisioningState",
            "vmId",
            "timeCreated",
            "instanceView",
            "diagnosticsProfile",
            "securityProfile",
            "userData",
            "licenseType",
            "priority",
            "evictionPolicy",
        ]);
        for member in [
            "availabilitySet",
            "virtualMachineScaleSet",
            "host",
            "hostGroup",
        ] {
            if super::references::reference(&properties, member)?.is_some() {
                return Err(ArmError::not_emulated(&format!(
                    "'{member}' of a virtual machine"
                )));
            }
        }
        let hardware = properties.object_or_empty("hardwareProfile")?;
        hardware.ignore(&["vmSizeProperties"]);
        let size = hardware.string("vmSize")?.filter(|size| !size.is_empty());
        Ok(WriteMachine {
            place: network::place(call, NAME, body)?,
            interface: interface(call, &properties)?,
            size: size.ok_or_else(|| missing("hardwareProfile.vmSize"))?,
            profile: profile(body, &properties)?,
        })
    })?;
    let written = call.submit(request)?;
    let value = find(call, |world, machine| show::machine(call, world, machine))?;
    network::written(call, written, &value)
}

/// The interface that the machine is to have, which is one.
fn interface(
    call: &Call<'_>,
    properties: &Object<'_>,
) -> Result<milink_core::azure::ResourceKey, ArmError> {
    let profile = properties.object_or_empty("networkProfile")?;
    profile.ignore(&["networkApiVersion"]);
    let made = profile.objects("networkInterfaceConfigurations")?;
    if made.is_some_and(|made| !made.is_empty()) {
        return Err(ArmError::not_emulated(
            "A network interface in the body of its virtual machine",
        ));
    }
    let interfaces = profile.objects("networkInterfaces")?.unwrap_or_default();
    let [one] = interfaces.as_slice() else {
        return Err(match interfaces.is_empty() {
            true => missing("networkProfile.networkInterfaces"),
            false => ArmError::not_emulated("A virtual machine with several network interfaces"),
        });
    };
    one.object_or_empty("properties")?.ignore_all();
    let id = one.string("id")?;
    let id = id.ok_or_else(|| missing("networkProfile.networkInterfaces.id"))?;
    call.linked("Microsoft.Network/networkInterfaces/join/action", &id)?;
    Id::parse(call, &id)?.key_of("Microsoft.Network/networkInterfaces")
}

/// What is only kept to be shown, but for the operating system.
fn profile(body: &Object<'_>, properties: &Object<'_>) -> Result<MachineProfile, ArmError> {
    let kept = |name: &str| match properties.value(name) {
        None => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err(ArmError::invalid_content(&format!(
            "Path 'properties.{name}': an object is expected."
        ))),
    };
    let (storage, mut system) = (kept("storageProfile")?, kept("osProfile")?);
    system.retain(|name, _| {
        !SECRETS
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(name))
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_ascii_lowercase();
    let disk = storage.get("osDisk").map(|disk| text(&disk["osType"]));
    let image = storage.get("imageReference");
    let publisher = image.map(|image| text(&image["publisher"]));
    let is_windows = system.contains_key("windowsConfiguration")
        || disk.is_some_and(|os| os == "windows")
        || publisher.is_some_and(|publisher| publisher.contains("windows"));
    let mut whole = Map::new();
    whole.insert("storageProfile".to_owned(), Value::Object(storage));
    whole.insert("osProfile".to_owned(), Value::Object(system));
    Ok(MachineProfile {
        os: if is_windows { Os::Windows } else { Os::Linux },
        zones: body.strings("zones")?.unwrap_or_default(),
        text: Value::Object(whole).to_string().into(),
    })
}

fn patch(call: &Call<'_>) -> Result<Answer, ArmError> {
    network::patch_tags(call, Tagged::Machine)?;
    get(call)
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let key = network::key(call);
    network::deleted(call, call.submit(DeleteMachine { key })?)
}

fn find<T>(call: &Call<'_>, read: impl FnOnce(&World, &Machine) -> T) -> Result<T, ArmError> {
    network::find(call, NAME, |fabric| &fabric.machines, read)
}
