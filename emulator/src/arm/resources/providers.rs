//! Resource providers: what `az resource`, azapi and PowerShell pick api-versions from.

use axum::http::Method;
use serde_json::{Value, json};

use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::location::REGIONS;
use crate::arm::not_emulated;
use crate::arm::paging;
use crate::arm::registry::TYPES;
use crate::arm::version::Versions;

/// Answers about one provider.
type ProviderHandler = fn(&Call<'_>, &'static str) -> Result<Answer, ArmError>;

/// Who answers `…/providers/{namespace}[/register]`.
pub(in crate::arm) fn handler(method: &Method, tail: Option<&str>) -> Option<ProviderHandler> {
    match (method, tail) {
        (&Method::GET, None) => Some(get),
        // Everything is registered from the start and stays so.
        (&Method::POST, Some("register")) => Some(get),
        (&Method::POST, Some("unregister")) => Some(unregister),
        _ => None,
    }
}

/// `GET …/providers`.
pub(in crate::arm) fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let of_types = not_emulated::TYPES.iter().map(|(namespace, _)| *namespace);
    let namespaces = of_types.chain(not_emulated::NAMESPACES.iter().copied());
    let mut providers: Vec<_> = namespaces
        .map(|namespace| (namespace.to_owned(), provider(call, namespace)))
        .collect();
    providers.sort_by(|a, b| a.0.cmp(&b.0));
    paging::page(call, providers)
}

fn get(call: &Call<'_>, namespace: &'static str) -> Result<Answer, ArmError> {
    Ok(Answer::ok(&provider(call, namespace)))
}

fn unregister(_: &Call<'_>, _: &'static str) -> Result<Answer, ArmError> {
    Err(ArmError::not_emulated("Unregistering a resource provider"))
}

fn provider(call: &Call<'_>, namespace: &str) -> Value {
    let regions: Vec<&str> = REGIONS.iter().map(|region| region.display).collect();
    let entry = |name: &str, versions: Versions, locations: &[&str]| {
        let versions = versions.list();
        // `az resource` takes the newest stable one; the default is what other tools fall back to.
        let stable = versions
            .iter()
            .find(|version| !version.ends_with("-preview"));
        json!({
            "resourceType": name,
            "locations": locations,
            "apiVersions": versions,
            "defaultApiVersion": stable.or(versions.first()),
            "capabilities": "None",
        })
    };
    let mut types: Vec<Value> = TYPES
        .iter()
        .filter(|kind| kind.namespace == namespace)
        .map(|kind| entry(kind.name, kind.versions, &regions))
        .collect();
    if namespace == "Microsoft.Resources" {
        types.push(entry("resourceGroups", Versions::Resources, &regions));
        types.push(entry("subscriptions", Versions::Subscriptions, &[]));
        types.push(entry("resources", Versions::Resources, &[]));
    }
    json!({
        "id": format!("/subscriptions/{}/providers/{namespace}", call.subscription),
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": types,
    })
}
