//! `Microsoft.DataFactory/factories/integrationRuntimes`, and switching their interactive authoring.

use milink_core::World;
use milink_core::azure::data_factory::{
    AuthenticationKey, DeleteRuntime, Factory, IntegrationRuntime, RegenerateKey, RuntimeKind,
    SwitchInteractive, WriteRuntime,
};
use milink_core::names::Name;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{answer, child, condition, deleted, id, not_found, of_factory, parent, resource_type};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::registry::ResourceType;
use crate::arm::resources::{network, references};
use crate::arm::{operations, paging};

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list: Some(list),
    get: Some(get),
    put: Some(put),
    patch: Some(patch),
    delete: Some(delete),
    actions: &[
        ("getStatus", status),
        ("enableInteractiveQuery", enable_interactive),
        ("disableInteractiveQuery", disable_interactive),
        ("listAuthKeys", list_keys),
        ("regenerateAuthKey", regenerate_key),
        ("start", start_or_stop),
        ("stop", start_or_stop),
    ],
    ..resource_type("factories/integrationRuntimes")
};

/// What the operations of a runtime came to.
pub(in crate::arm) const OPERATIONS: ResourceType = ResourceType {
    get: Some(operation),
    ..resource_type("factories/integrationRuntimes/operationResults")
};

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let rows = of_factory(call, |world, factory| {
        let runtimes = factory.runtimes.values();
        let rows = runtimes.map(|runtime| {
            let (_, value) = shown(call, world, factory, runtime);
            (runtime.name.folded().to_owned(), value)
        });
        rows.collect::<Vec<_>>()
    })?;
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call, shown).map(|found| answer(call, found))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let request = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["state"]);
        let kind = properties.string("type")?;
        let kind = kind.ok_or_else(|| references::missing("properties.type"))?;
        let managed = match kind.to_ascii_lowercase().as_str() {
            "managed" => Some(settings(&properties)?.into()),
            "selfhosted" => {
                let settings = properties.object_or_empty("typeProperties")?;
                settings.ignore(&["selfContainedInteractiveAuthoringEnabled"]);
                if settings.object("linkedInfo")?.is_some() {
                    return Err(ArmError::not_emulated("A linked integration runtime"));
                }
                None
            }
            other => return Err(references::invalid("properties.type", other)),
        };
        Ok(WriteRuntime {
            factory: network::key(call),
            name: Name::new(call.path.name(1)),
            description: properties.string("description")?,
            network: managed_network(&properties, managed.is_some())?,
            managed,
            condition: condition(call),
        })
    })?;
    call.submit(request)?;
    read(call, shown).map(|(_, value)| Answer::ok(&value))
}

/// Only says how nodes of a self-hosted runtime are updated, and there are none.
fn patch(_: &Call<'_>) -> Result<Answer, ArmError> {
    Err(ArmError::not_emulated(
        "Updating the nodes of an integration runtime",
    ))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let request = DeleteRuntime {
        factory: network::key(call),
        name: Name::new(call.path.name(1)),
    };
    call.submit(request).map(deleted)
}

fn status(call: &Call<'_>) -> Result<Answer, ArmError> {
    let status = read(call, |_, _, factory, runtime| {
        let created = runtime.created.to_string();
        let (kind, state, inner) = match &runtime.kind {
            RuntimeKind::Public { .. } | RuntimeKind::InNetwork { .. } => (
                "Managed",
                "Online",
                json!({ "createTime": created, "nodes": [], "otherErrors": [] }),
            ),
            RuntimeKind::SelfHosted { .. } => (
                "SelfHosted",
                "NeedRegistration",
                json!({ "createTime": created, "nodes": [], "links": [], "autoUpdate": "Off" }),
            ),
        };
        json!({
            "name": runtime.name.as_str(),
            "properties": {
                "type": kind,
                "dataFactoryName": factory.key.name.as_str(),
                "state": state,
                "typeProperties": inner,
            },
        })
    })?;
    Ok(Answer::ok(&status))
}

fn enable_interactive(call: &Call<'_>) -> Result<Answer, ArmError> {
    let minutes = call.body(|body| body.integer("autoTerminationMinutes"))?;
    switch(call, true, minutes)
}

fn disable_interactive(call: &Call<'_>) -> Result<Answer, ArmError> {
    switch(call, false, None)
}

fn switch(call: &Call<'_>, on: bool, minutes: Option<i64>) -> Result<Answer, ArmError> {
    parent(call)?;
    let operation = call.submit(SwitchInteractive {
        factory: network::key(call),
        name: Name::new(call.path.name(1)),
        on,
        minutes,
    })?;
    let answer = operations::of_data_factory(call, operation);
    Ok(answer)
}

/// Polls a switching: 202 while it runs, then the runtime.
fn operation(call: &Call<'_>) -> Result<Answer, ArmError> {
    match operations::running_in_data_factory(call, call.path.name(2))? {
        Some(answer) => Ok(answer),
        None => read(call, shown).map(|(_, value)| Answer::ok(&value)),
    }
}

fn list_keys(call: &Call<'_>) -> Result<Answer, ArmError> {
    let keys = read(call, |call, _, factory, runtime| match &runtime.kind {
        RuntimeKind::SelfHosted { keys } => Some(shown_keys(call, factory, *keys)),
        RuntimeKind::Public { .. } | RuntimeKind::InNetwork { .. } => None,
    })?;
    let name = call.path.name(1);
    let keys = keys.ok_or_else(|| {
        super::factories::bad_request(format!(
            "Integration runtime '{name}' is not self-hosted: it has no authentication keys."
        ))
    })?;
    Ok(Answer::ok(&keys))
}

fn regenerate_key(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let key = call.body(|body| {
        let name = body.string("keyName")?.unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "authkey1" => Ok(AuthenticationKey::AuthKey1),
            "authkey2" => Ok(AuthenticationKey::AuthKey2),
            other => Err(references::invalid("keyName", other)),
        }
    })?;
    call.submit(RegenerateKey {
        factory: network::key(call),
        name: Name::new(call.path.name(1)),
        key,
    })?;
    list_keys(call)
}

/// Only dedicated runtimes (SSIS) are started and stopped (published definition: "ManagedReserved type").
fn start_or_stop(call: &Call<'_>) -> Result<Answer, ArmError> {
    read(call, shown)?;
    Err(ArmError::not_emulated(
        "Starting and stopping an integration runtime of SQL Server Integration Services",
    ))
}

fn shown_keys(call: &Call<'_>, factory: &Factory, keys: [Uuid; 2]) -> Value {
    // The form of real keys: a prefix, the runtime's id, the factory, the region, a secret.
    let key = |key: Uuid| {
        let (name, region) = (&factory.key.name, &factory.location);
        format!(
            "IR@{}@{name}@ServiceEndpoint={region}.localhost@{}",
            call.subscription,
            key.simple()
        )
    };
    json!({ "authKey1": key(keys[0]), "authKey2": key(keys[1]) })
}

/// `typeProperties` of a managed runtime, kept as they are.
fn settings(properties: &Object<'_>) -> Result<String, ArmError> {
    let settings = properties.object_or_empty("typeProperties")?;
    settings.ignore(&["interactiveQuery"]);
    for name in ["ssisProperties", "customerVirtualNetwork"] {
        if settings
            .object(name)?
            .is_some_and(|object| !object.is_empty())
        {
            return Err(ArmError::not_emulated(&format!(
                "'{name}' of an integration runtime"
            )));
        }
    }
    let compute = settings.value("computeProperties").cloned();
    let kept = match compute {
        Some(compute) => json!({ "computeProperties": compute }),
        None => json!({ "computeProperties": { "location": "AutoResolve" } }),
    };
    Ok(kept.to_string())
}

fn managed_network(properties: &Object<'_>, is_managed: bool) -> Result<Option<Name>, ArmError> {
    let Some(reference) = properties.object("managedVirtualNetwork")? else {
        return Ok(None);
    };
    reference.ignore(&["type", "id"]);
    let name = reference.string("referenceName")?;
    let name = name.ok_or_else(|| references::missing("managedVirtualNetwork.referenceName"))?;
    match is_managed {
        true => Ok(Some(Name::new(&name))),
        false => Err(references::invalid("managedVirtualNetwork", &name)),
    }
}

fn read<T>(
    call: &Call<'_>,
    read: impl FnOnce(&Call<'_>, &World, &Factory, &IntegrationRuntime) -> T,
) -> Result<T, ArmError> {
    let name = call.path.name(1);
    let found = of_factory(call, |world, factory| {
        let runtime = factory.runtimes.get(&Name::new(name))?;
        Some(read(call, world, factory, runtime))
    })?;
    found.ok_or_else(|| not_found("integrationRuntimes", name))
}

fn shown(
    call: &Call<'_>,
    world: &World,
    factory: &Factory,
    runtime: &IntegrationRuntime,
) -> (Uuid, Value) {
    let kept = |text: &str| Value::Object(network::object(text));
    let mut properties = match &runtime.kind {
        RuntimeKind::Public { settings } => {
            json!({ "type": "Managed", "typeProperties": kept(settings) })
        }
        RuntimeKind::InNetwork {
            settings,
            interactive,
        } => {
            let mut inner = kept(settings);
            inner["interactiveQuery"] = json!({
                "status": interactive.status(world).text(),
                "autoTerminationMinutes": interactive.minutes,
            });
            json!({
                "type": "Managed",
                "typeProperties": inner,
                "managedVirtualNetwork": {
                    "type": "ManagedVirtualNetworkReference",
                    "referenceName": "default",
                },
            })
        }
        RuntimeKind::SelfHosted { .. } => json!({ "type": "SelfHosted" }),
    };
    if let Some(description) = &runtime.description {
        properties["description"] = json!(description);
    }
    let id = id(
        call,
        factory,
        &format!("/integrationruntimes/{}", runtime.name),
    );
    let value = child(id, &runtime.name, &TYPE, runtime.etag, properties);
    (runtime.etag, value)
}
