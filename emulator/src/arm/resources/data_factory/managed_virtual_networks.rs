//! `Microsoft.DataFactory/factories/managedVirtualNetworks`: one, called `default`.

use milink_core::azure::data_factory::{DEFAULT_NETWORK, Factory, WriteManagedNetwork};
use milink_core::names::Name;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{answer, child, condition, id, not_found, of_factory, parent, resource_type};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::network;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    ..resource_type("factories/managedVirtualNetworks")
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let found = of_factory(call, |_, factory| shown(call, factory))?;
    let rows = found.map(|(_, value)| (DEFAULT_NETWORK.to_owned(), value));
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|found| answer(call, found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let prevents_exfiltration = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["vNetId", "alias"]);
        properties.boolean("preventDataExfiltration")
    })?;
    call.submit(WriteManagedNetwork {
        factory: network::key(call),
        name: Name::new(call.path.name(1)),
        prevents_exfiltration: prevents_exfiltration.unwrap_or(false),
        condition: condition(call),
    })?;
    read(call).map(|(_, value)| Answer::ok(&value))
}

fn read(call: &Call<'_>) -> Result<(Uuid, Value), ArmError> {
    let name = call.path.name(1);
    let found = of_factory(call, |_, factory| shown(call, factory))?;
    found
        .filter(|_| Name::new(DEFAULT_NETWORK).is(name))
        .ok_or_else(|| not_found("managedVirtualNetworks", name))
}

fn shown(call: &Call<'_>, factory: &Factory) -> Option<(Uuid, Value)> {
    let network = factory.network.as_ref()?;
    let id = id(call, factory, "/managedVirtualNetworks/default");
    let properties = json!({
        "vNetId": network.id,
        "preventDataExfiltration": network.prevents_exfiltration,
    });
    let value = child(id, &DEFAULT_NETWORK.into(), &TYPE, network.etag, properties);
    Some((network.etag, value))
}
