//! POST `testConnectivity`: undocumented; as tools that use it were seen to (`arm-contract.md` section 18).

use milink_core::azure::data_factory::{Subject, TestConnection};
use milink_core::names::Name;
use serde_json::{Value, json};

use super::{parent, sql_properties};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::resources::{network, references};

/// Tests a linked service by name, or one that is not kept.
pub(super) fn test(call: &Call<'_>) -> Result<Answer, ArmError> {
    parent(call)?;
    let subject = call.body(|body| {
        if let Some(service) = body.object("linkedService")? {
            let raw = body.value("linkedService").unwrap_or(&Value::Null);
            return given(&service, raw);
        }
        match body.string("linkedServiceName")? {
            Some(name) => Ok(Subject::Named(Name::new(&name))),
            None => Err(references::missing("linkedService")),
        }
    })?;
    let tested = call.submit(TestConnection {
        factory: network::key(call),
        subject,
    })?;
    let errors: Vec<Value> = tested
        .error
        .iter()
        .map(|error| json!({ "code": error.code, "message": error.message }))
        .collect();
    Ok(Answer::ok(&json!({
        "succeeded": tested.error.is_none(),
        "errors": errors,
        // Ours: what became of it on the way.
        "milink": { "from": call.read(|world| tested.from.text(world)), "verdict": tested.verdict },
    })))
}

/// A whole linked service, or just its properties.
fn given(service: &Object<'_>, raw: &Value) -> Result<Subject, ArmError> {
    service.ignore(&["id", "etag"]);
    let name = service.string("name")?;
    let read = match service.object("properties")? {
        Some(properties) => {
            service.ignore(&["type"]);
            let raw = service.value("properties").unwrap_or(&Value::Null);
            sql_properties::read(&properties, raw)?
        }
        None => sql_properties::read(service, raw)?,
    };
    Ok(Subject::Given {
        runtime: read.runtime,
        connection: read.connection,
        password_of: name
            .filter(|_| read.credential.is_some())
            .map(|name| Name::new(&name)),
    })
}
