//! `Microsoft.DataFactory/factories/linkedservices`: those for SQL.

use milink_core::azure::data_factory::{
    DeleteLinkedService, Factory, LinkedService, WriteLinkedService,
};
use milink_core::names::Name;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    answer, child, condition, deleted, id, not_found, of_factory, parent, resource_type,
    sql_properties,
};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::resources::{network, references};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..resource_type("factories/linkedservices")
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = of_factory(call, |_, factory| {
        let services = factory.linked_services.values();
        let rows = services.map(|service| {
            let (_, value) = shown(call, factory, service);
            (service.name.folded().to_owned(), value)
        });
        rows.collect::<Vec<_>>()
    })?;
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call).map(|found| answer(call, found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let request = call.body(|body| {
        let properties = body.object("properties")?;
        let properties = properties.ok_or_else(|| references::missing("properties"))?;
        let raw = body.value("properties").unwrap_or(&Value::Null);
        let read = sql_properties::read(&properties, raw)?;
        Ok(WriteLinkedService {
            factory: network::key(call),
            name: Name::new(call.path.name(1)),
            kind: read.kind,
            runtime: read.runtime,
            shown: read.shown.to_string().into(),
            connection: read.connection,
            credential: read.credential,
            condition: condition(call),
        })
    })?;
    call.submit(request)?;
    read(call).map(|(_, value)| Answer::ok(&value))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let request = DeleteLinkedService {
        factory: network::key(call),
        name: Name::new(call.path.name(1)),
    };
    call.submit(request).map(deleted)
}

fn read(call: &Call<'_>) -> Result<(Uuid, Value), ArmError> {
    let name = call.path.name(1);
    let found = of_factory(call, |_, factory| {
        let service = factory.linked_services.get(&Name::new(name))?;
        Some(shown(call, factory, service))
    })?;
    found.ok_or_else(|| not_found("linkedservices", name))
}

fn shown(call: &Call<'_>, factory: &Factory, service: &LinkedService) -> (Uuid, Value) {
    let mut properties = Value::Object(network::object(&service.shown));
    let connection = service.connection.as_ref().ok();
    if connection.is_some_and(|connection| connection.password.is_some()) {
        properties["typeProperties"]["encryptedCredential"] = json!(service.credential);
    }
    let id = id(call, factory, &format!("/linkedservices/{}", service.name));
    let value = child(id, &service.name, &TYPE, service.etag, properties);
    (service.etag, value)
}
