//! `Microsoft.DataFactory`: what its resources have in common. All of it is done at once, and PUT answers 200 also for what
//! is new (`arm-contract.md` section 18).

pub(in crate::arm) mod factories;
pub(in crate::arm) mod integration_runtimes;
pub(in crate::arm) mod linked_services;
pub(in crate::arm) mod managed_private_endpoints;
pub(in crate::arm) mod managed_virtual_networks;
mod sql_properties;
mod test_connectivity;

use axum::http::StatusCode;
use milink_core::World;
use milink_core::azure::data_factory::{Factory, KIND, Precondition};
use milink_core::names::Name;
use milink_core::refusal::{FactoryRefusal, Refusal};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{instance, network};
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

/// A type of the namespace that nothing can be done with yet.
const fn resource_type(name: &'static str) -> ResourceType {
    ResourceType::new("Microsoft.DataFactory", name, Versions::DataFactory)
}

/// `If-Match`.
fn condition(call: &Call<'_>) -> Precondition {
    Precondition::parse(call.incoming.header("if-match"))
}

/// Answers what was read, or that the client has it already.
fn answer(call: &Call<'_>, (etag, value): (Uuid, Value)) -> Answer {
    let known = call.incoming.header("if-none-match");
    match known.is_some_and(|known| Precondition::is_same(known, etag)) {
        true => Answer::empty(StatusCode::NOT_MODIFIED),
        false => Answer::ok(&value),
    }
}

/// As Data Factory quotes it.
fn etag(etag: Uuid) -> String {
    format!("\"{etag}\"")
}

/// 200 if something was there, 204 if not.
fn deleted(was_there: bool) -> Answer {
    Answer::empty(match was_there {
        true => StatusCode::OK,
        false => StatusCode::NO_CONTENT,
    })
}

/// The factory that the path names must be there before anything is asked of what is in it.
fn parent(call: &Call<'_>) -> Result<(), ArmError> {
    let found = call.read(|world| world.data_factory(&network::key(call)).is_some());
    match found {
        true => Ok(()),
        false => Err(instance::missing(call, KIND)),
    }
}

/// Reads something of the factory.
fn of_factory<T>(call: &Call<'_>, read: impl FnOnce(&World, &Factory) -> T) -> Result<T, ArmError> {
    let found = call.read(|world| {
        let factory = world.data_factory(&network::key(call))?;
        Some(read(world, factory))
    });
    found.ok_or_else(|| instance::missing(call, KIND))
}

/// The id of a factory, or of something in it.
fn id(call: &Call<'_>, factory: &Factory, child: &str) -> String {
    let (group, name) = (factory.key.group.as_str(), &factory.key.name);
    call.id_in_group(group, &format!("{KIND}/{name}{child}"))
}

/// A resource in a factory.
fn child(id: String, name: &Name, kind: &ResourceType, tag: Uuid, properties: Value) -> Value {
    json!({
        "id": id,
        "name": name.as_str(),
        "type": kind.full_name(),
        "etag": etag(tag),
        "properties": properties,
    })
}

/// Something in a factory that is not there.
fn not_found(kind: &'static str, name: &str) -> ArmError {
    let name = name.to_owned();
    Refusal::from(FactoryRefusal::EntityNotFound { kind, name }).into()
}
