//! Resources and the scopes they are in.

use serde_json::{Value, json};

use super::{Call, Function};
use crate::arm::template::error::{Stop, wrong};
use crate::arm::template::resources::{interleave, is_id, properties_of};
use crate::arm::template::scope::Scope;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("subscription", |scope, call| {
        call.count(0, 0)?;
        let facts = scope.facts;
        Ok(json!({
            "id": format!("/subscriptions/{}", facts.subscription),
            "subscriptionId": facts.subscription,
            "tenantId": facts.tenant,
            "displayName": facts.subscription_name,
        }))
    }),
    ("tenant", |scope, call| {
        call.count(0, 0)?;
        let tenant = &scope.facts.tenant;
        Ok(json!({ "tenantId": tenant, "id": format!("/tenants/{tenant}") }))
    }),
    ("resourcegroup", |scope, call| {
        call.count(0, 0)?;
        let Some((name, location, tags)) = &scope.facts.group else {
            return wrong(
                "The template function 'resourceGroup' is not expected at this location: a deployment at subscription scope has none. Please see https://aka.ms/arm-functions for usage details.",
            );
        };
        Ok(json!({
            "id": format!("/subscriptions/{}/resourceGroups/{name}", scope.facts.subscription),
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
            "tags": tags,
            "properties": { "provisioningState": "Succeeded" },
        }))
    }),
    ("environment", |scope, call| {
        call.count(0, 0)?;
        Ok(json!({
            "name": "milink",
            "resourceManager": scope.facts.base,
            "authentication": { "loginEndpoint": scope.facts.base, "tenant": scope.facts.tenant },
            "suffixes": { "sqlServerHostname": ".database.windows.net" },
        }))
    }),
    ("resourceid", resource_id),
    ("subscriptionresourceid", |scope, call| {
        let words = words(call)?;
        let (subscription, words) = match words.split_first() {
            Some((first, rest)) if is_guid(first) => (first.as_str(), rest),
            _ => (scope.facts.subscription.as_str(), words.as_slice()),
        };
        let tail = typed(call, words)?;
        Ok(Value::String(format!(
            "/subscriptions/{subscription}/providers/{tail}"
        )))
    }),
    ("tenantresourceid", |_, call| {
        let tail = typed(call, &words(call)?)?;
        Ok(Value::String(format!("/providers/{tail}")))
    }),
    ("extensionresourceid", |_, call| {
        let words = words(call)?;
        let Some((scope, rest)) = words.split_first() else {
            return wrong("The template function 'extensionResourceId' needs a resource.");
        };
        let tail = typed(call, rest)?;
        Ok(Value::String(format!("{scope}/providers/{tail}")))
    }),
    ("reference", reference),
    ("references", references),
    ("resourceinfo", resource_info),
];

/// `resourceId([subscription], [group], type, name…)`.
fn resource_id(scope: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    let words = words(call)?;
    let at = words.iter().position(|word| word.contains('/'));
    let facts = scope.facts;
    let (subscription, group, rest) = match at {
        Some(0) => (facts.subscription.as_str(), None, &words[..]),
        Some(1) if is_guid(&words[0]) => (words[0].as_str(), None, &words[1..]),
        Some(1) => (
            facts.subscription.as_str(),
            Some(words[0].as_str()),
            &words[1..],
        ),
        Some(2) if is_guid(&words[0]) => (words[0].as_str(), Some(words[1].as_str()), &words[2..]),
        _ => return bad(call),
    };
    let tail = typed(call, rest)?;
    let group = group.or(facts.group.as_ref().map(|(name, ..)| name.as_str()));
    if let Some(name) = tail
        .to_ascii_lowercase()
        .strip_prefix("microsoft.resources/resourcegroups/")
        .map(|name| &tail[tail.len() - name.len()..])
    {
        return Ok(Value::String(format!(
            "/subscriptions/{subscription}/resourceGroups/{name}"
        )));
    }
    Ok(Value::String(match group {
        Some(group) => {
            format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{tail}")
        }
        None => format!("/subscriptions/{subscription}/providers/{tail}"),
    }))
}

/// `reference(nameOrId, [api-version], ['Full'])`.
fn reference(scope: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(1, 3)?;
    let target = call.text(0)?;
    let version = match call.arguments.get(1) {
        Some(Value::String(version)) if !version.is_empty() => Some(version.as_str()),
        _ => None,
    };
    let full = match call.arguments.get(2) {
        None => false,
        Some(Value::String(word)) if word.eq_ignore_ascii_case("full") => true,
        Some(other) => return call.mismatch(2, "'Full'", other),
    };
    scope.wanted.borrow_mut().push(target.to_owned());
    let Some(runtime) = scope.runtime else {
        return Err(Stop::Later);
    };
    let named = scope.named.iter().find(|named| named.is(target));
    if named.is_none() && !is_id(target) {
        return wrong(format!(
            "The template function 'reference' is not valid: the resource '{target}' is not defined in the template. Please see https://aka.ms/arm-functions for usage details."
        ));
    }
    if let Some(named) = named.filter(|named| !named.enabled) {
        return wrong(format!(
            "The resource '{}' is not defined in the template: its condition is false.",
            named.id
        ));
    }
    let version = match (version, named) {
        (Some(version), _) => version.to_owned(),
        (None, Some(named)) => named.api_version.clone(),
        (None, None) => {
            return wrong(format!(
                "The resource '{target}' is not defined in the template, and the template function 'reference' names no api-version. Please see https://aka.ms/arm-functions for usage details."
            ));
        }
    };
    let id = named.map_or(target, |named| named.id.as_str());
    let shown = runtime.resource(id, &version).map_err(Stop::Wrong)?;
    match full {
        true => Ok(shown),
        false => Ok(properties_of(shown)),
    }
}

/// `references(loop, ['Full'])`: of all turns of a loop with a symbolic name.
fn references(scope: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(1, 2)?;
    let target = call.text(0)?;
    let full = match call.arguments.get(1) {
        None => false,
        Some(Value::String(word)) if word.eq_ignore_ascii_case("full") => true,
        Some(other) => return call.mismatch(1, "'Full'", other),
    };
    scope.wanted.borrow_mut().push(target.to_owned());
    let Some(runtime) = scope.runtime else {
        return Err(Stop::Later);
    };
    let turns = scope.named.iter();
    let turns = turns.filter(|named| named.is_turn_of(target) && named.enabled);
    let mut all = Vec::new();
    for named in turns {
        let shown = runtime.resource(&named.id, &named.api_version);
        let shown = shown.map_err(Stop::Wrong)?;
        scope.spend(&shown)?;
        all.push(if full { shown } else { properties_of(shown) });
    }
    Ok(Value::Array(all))
}

/// `resourceInfo(symbol)`: what the template itself says of a resource.
fn resource_info(scope: &Scope<'_>, call: &Call<'_>) -> Result<Value, Stop> {
    call.count(1, 1)?;
    let target = call.text(0)?;
    let Some(named) = scope.named.iter().find(|named| named.is(target)) else {
        return wrong(format!(
            "The template function 'resourceInfo' is not valid: the resource '{target}' is not defined in the template. Please see https://aka.ms/arm-functions for usage details."
        ));
    };
    Ok(json!({
        "id": named.id,
        "name": named.name,
        "type": named.kind,
        "apiVersion": named.api_version,
    }))
}

fn words(call: &Call<'_>) -> Result<Vec<String>, Stop> {
    let texts = (0..call.arguments.len()).map(|at| call.text(at).map(str::to_owned));
    texts.collect()
}

/// The type and its names, one after the other.
fn typed(call: &Call<'_>, words: &[String]) -> Result<String, Stop> {
    let Some((kind, names)) = words.split_first() else {
        return bad(call);
    };
    let segments = kind.split('/').count();
    if segments != names.len() + 1 || names.iter().any(String::is_empty) {
        return bad(call);
    }
    Ok(interleave(kind, &names.join("/")))
}

fn bad<T>(call: &Call<'_>) -> Result<T, Stop> {
    wrong(format!(
        "Unable to evaluate template language function '{}': the type '{}' requires as many resource names as it has segments after its namespace. Please see https://aka.ms/arm-functions for usage details.",
        call.name,
        call.arguments
            .iter()
            .map(super::shown)
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok()
}
