//! From a path to whoever answers it, with ARM's checks in ARM's order.
//!
//! Token, api-version, subscription, namespace, type and its api-version, resource group, and then the resource itself.

use axum::http::{Method, StatusCode};
use milink_core::names::Name;
use milink_core::refusal::{AzureRefusal, Refusal};
use uuid::Uuid;

use super::answer::Answer;
use super::authentication::authenticate;
use super::call::{Call, query};
use super::error::ArmError;
use super::not_emulated;
use super::path::{ResourcePath, form_pairs, segments};
use super::registry::{Handler, ResourceType, TYPES};
use super::resources::management_locks;
use super::token::Claims;
use super::version::{ApiVersion, Versions};
use super::{Arm, Incoming, authorization, entra, faults, graph, operations, resources};

/// Answers a request.
pub(super) fn answer(arm: &Arm, request: &Incoming) -> Result<Answer, ArmError> {
    let segments = segments(&request.path).ok_or_else(|| {
        ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidRequestUri",
            "The request URI is not well-formed.",
        )
    })?;
    if let Some(answer) = entra::answer(arm, request, &segments) {
        return Ok(answer);
    }
    if let Some(answer) = graph::answer(arm, request, &segments) {
        return answer;
    }
    let first = segments
        .first()
        .map(|word| word.to_ascii_lowercase())
        .unwrap_or_default();
    if !["subscriptions", "tenants", "providers"].contains(&first.as_str()) {
        return Err(ArmError::gateway(
            StatusCode::NOT_FOUND,
            "InvalidResourcePath",
            format!("There is nothing at '{}'.", request.path),
        ));
    }
    let caller = authenticate(arm, request)?;
    let queries = form_pairs(&request.query);
    let version = api_version(&queries)?;
    if segments.len() == 1 {
        return top_level(arm, request, &caller, &first, &version);
    }
    if first != "subscriptions" {
        return Err(ArmError::not_emulated(&format!("'{}'", request.path)));
    }
    let path = ResourcePath::parse(&segments[1..]).unwrap_or_default();
    let subscription = find_subscription(arm, &path.subscription)?;
    let mut call = Call {
        arm,
        incoming: request,
        base: request.base(),
        caller: &caller,
        method: request.method.clone(),
        raw_path: format!("/{}", segments.join("/")),
        path,
        queries: &queries,
        version,
        subscription,
        stale: None,
    };
    if !matches!(call.method, Method::GET | Method::HEAD) {
        arm.worlds
            .asked(subscription, &format!("{} {}", call.method, call.raw_path));
    }
    resources::deployments::go_on(arm, subscription);
    let answer = faults::answer(&mut call);
    if !matches!(call.method, Method::GET | Method::HEAD) {
        resources::deployments::go_on(arm, subscription);
    }
    answer
}

/// Answers a request to something in a subscription.
pub(super) fn resource(call: &Call<'_>) -> Result<Answer, ArmError> {
    match &call.path.namespace {
        None => subscription_child(call),
        Some(namespace) => in_namespace(call, namespace),
    }
}

fn top_level(
    arm: &Arm,
    request: &Incoming,
    caller: &Claims,
    first: &str,
    version: &ApiVersion,
) -> Result<Answer, ArmError> {
    check_version(
        arm,
        "Microsoft.Resources/subscriptions",
        Versions::Subscriptions,
        version,
    )?;
    if request.method != Method::GET {
        return Err(ArmError::method_not_allowed(&["GET"]));
    }
    match first {
        "subscriptions" => Ok(resources::subscriptions::list(arm, caller)),
        "tenants" => Ok(resources::subscriptions::tenants(arm)),
        _ => Err(ArmError::not_emulated(
            "Listing providers without a subscription",
        )),
    }
}

/// Paths without a provider: the subscription itself, resource groups, generic lists.
fn subscription_child(call: &Call<'_>) -> Result<Answer, ArmError> {
    let path = &call.path;
    let check = |kind, versions| check_version(call.arm, kind, versions, &call.version);
    let get_only = |handler: Handler| {
        if call.method == Method::GET {
            handler(call)
        } else {
            Err(ArmError::method_not_allowed(&["GET"]))
        }
    };
    let tail = path.tail.as_deref().map(str::to_ascii_lowercase);
    match (&path.group, path.pairs.as_slice(), tail.as_deref()) {
        (None, [], None) => {
            check("Microsoft.Resources/subscriptions", Versions::Subscriptions)?;
            authorization::check_any_role(call, "Microsoft.Resources/subscriptions")?;
            get_only(resources::subscriptions::get)
        }
        (None, [], Some("locations")) => {
            check("Microsoft.Resources/subscriptions", Versions::Subscriptions)?;
            authorization::check_any_role(call, "Microsoft.Resources/subscriptions/locations")?;
            get_only(resources::subscriptions::locations)
        }
        (None, [], Some("resourcegroups")) => {
            check("Microsoft.Resources/resourceGroups", Versions::Resources)?;
            get_only(resources::resource_groups::list)
        }
        (None, [], Some("providers")) => {
            check("Microsoft.Resources/providers", Versions::Resources)?;
            authorization::check_any_role(call, "Microsoft.Resources/subscriptions/providers")?;
            get_only(resources::providers::list)
        }
        (None, [], Some("resources")) => {
            check("Microsoft.Resources/resources", Versions::Resources)?;
            get_only(resources::generic::list)
        }
        (None, [(word, id)], None) if word.eq_ignore_ascii_case("operationresults") => {
            if call.method != Method::GET {
                return Err(ArmError::method_not_allowed(&["GET"]));
            }
            operations::poll_group_deletion(call, id)
        }
        (Some(_), [], None) => {
            check("Microsoft.Resources/resourceGroups", Versions::Resources)?;
            authorization::check_scope(call, "Microsoft.Resources/subscriptions/resourceGroups")?;
            management_locks::check(call, &call.raw_path)?;
            resources::resource_groups::one(call)
        }
        (Some(group), [], Some("resources")) => {
            check("Microsoft.Resources/resources", Versions::Resources)?;
            group_exists(call, group)?;
            get_only(resources::generic::list)
        }
        (Some(group), [], Some("exporttemplate")) => {
            check("Microsoft.Resources/resourceGroups", Versions::Resources)?;
            group_exists(call, group)?;
            match call.method {
                Method::POST => resources::export::export(call),
                _ => Err(ArmError::method_not_allowed(&["POST"])),
            }
        }
        // The operations of a deployment are asked for without a provider in the path.
        (_, [(word, _), ..], _) if word.eq_ignore_ascii_case("deployments") => {
            in_namespace(&of_resources(call), "Microsoft.Resources")
        }
        (_, [], Some("deployments")) => in_namespace(&of_resources(call), "Microsoft.Resources"),
        _ => Err(ArmError::not_emulated(&format!("'{}'", call.raw_path))),
    }
}

/// The same path, of Resource Manager's own provider.
fn of_resources<'a>(call: &'a Call<'_>) -> Call<'a> {
    let path = ResourcePath {
        namespace: Some("Microsoft.Resources".to_owned()),
        ..call.path.clone()
    };
    call.to(call.method.clone(), path, call.raw_path.clone())
}

/// Answers a request that a deployment makes, on behalf of whoever asked for the deployment.
pub(super) fn within(
    arm: &Arm,
    caller: &Claims,
    subscription: Uuid,
    request: &Incoming,
    version: &str,
) -> Result<Answer, ArmError> {
    let segments: Vec<String> = request
        .path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(str::to_owned)
        .collect();
    let path = segments.get(1..).and_then(ResourcePath::parse);
    let path = path.filter(|path| path.subscription == subscription.to_string());
    let Some(path) = path else {
        return Err(ArmError::not_emulated(&format!("'{}'", request.path)));
    };
    let queries = [("api-version".to_owned(), version.to_owned())];
    let call = Call {
        arm,
        incoming: request,
        base: request.base(),
        caller,
        method: request.method.clone(),
        path,
        raw_path: request.path.clone(),
        queries: &queries,
        version: api_version(&queries)?,
        subscription,
        stale: None,
    };
    resource(&call)
}

/// Whether there is such a type at such an api-version, said as a request for one would be answered.
pub(super) fn check_type(call: &Call<'_>, kind: &str, version: &str) -> Result<(), ArmError> {
    let Some((namespace, name)) = kind.split_once('/') else {
        return Err(unknown_namespace(kind));
    };
    let Some(namespace) = known_namespace(namespace) else {
        return Err(unknown_namespace(namespace));
    };
    let queries = [("api-version".to_owned(), version.to_owned())];
    let version = api_version(&queries)?;
    let groups = "resourceGroups";
    if namespace == "Microsoft.Resources" && name.eq_ignore_ascii_case(groups) {
        return check_version(call.arm, kind, Versions::Resources, &version);
    }
    match find_type(namespace, name) {
        Some(found) if found.put.is_some() => {
            check_version(call.arm, &found.full_name(), found.versions, &version)
        }
        Some(found) => Err(ArmError::not_emulated(&format!(
            "Writing '{}'",
            found.full_name()
        ))),
        None => Err(unknown_type(namespace, name, call)),
    }
}

/// Whether there is a resource, a group or a subscription of this id, said as a request for it would be answered.
pub(super) fn check_there(call: &Call<'_>, id: &str) -> Result<(), ArmError> {
    let segments: Vec<String> = id.split('/').skip(2).map(str::to_owned).collect();
    let path = ResourcePath::parse(&segments).unwrap_or_default();
    if let Some(group) = &path.group {
        group_exists(call, group)?;
    }
    let Some(namespace) = path.namespace.clone() else {
        return Ok(());
    };
    let named = path.type_name();
    let known = known_namespace(&namespace).ok_or_else(|| unknown_namespace(&namespace))?;
    let Some(kind) = find_type(known, &named) else {
        return Err(unknown_type(known, &named, call));
    };
    let asked = call.to(Method::GET, path, id.to_owned());
    dispatch(&asked, kind, &Tail::Resource).map(drop)
}

fn known_namespace(namespace: &str) -> Option<&'static str> {
    let known = TYPES.iter().map(|kind| kind.namespace);
    let mut known = known.chain(not_emulated::NAMESPACES.iter().copied());
    known.find(|known| known.eq_ignore_ascii_case(namespace))
}

fn unknown_namespace(namespace: &str) -> ArmError {
    ArmError::gateway(
        StatusCode::NOT_FOUND,
        "InvalidResourceNamespace",
        format!("The resource namespace '{namespace}' is invalid."),
    )
}

fn in_namespace(call: &Call<'_>, namespace: &str) -> Result<Answer, ArmError> {
    let path = &call.path;
    let Some(namespace) = known_namespace(namespace) else {
        return Err(unknown_namespace(namespace));
    };
    if path.group.is_none() && path.pairs.is_empty() {
        let tail = path.tail.as_deref().map(str::to_ascii_lowercase);
        if let Some(handler) = resources::providers::handler(&call.method, tail.as_deref()) {
            check_version(
                call.arm,
                "Microsoft.Resources/providers",
                Versions::Resources,
                &call.version,
            )?;
            match call.method {
                Method::GET => {
                    authorization::check_any_role(
                        call,
                        "Microsoft.Resources/subscriptions/providers",
                    )?;
                }
                _ => call.authorize(
                    &format!("{namespace}/register/action"),
                    &format!("/subscriptions/{}", call.subscription),
                )?,
            }
            management_locks::check(call, &format!("/subscriptions/{}", call.subscription))?;
            return handler(call, namespace);
        }
    }
    // Locks, tags, role assignments: resources that extend another one.
    if let Some(at) = path
        .pairs
        .iter()
        .position(|(word, _)| word.eq_ignore_ascii_case("providers"))
    {
        let extension = &path.pairs[at].1;
        if extension.eq_ignore_ascii_case("Microsoft.Authorization") {
            let extended = ResourcePath {
                namespace: Some(extension.clone()),
                pairs: path.pairs[at + 1..].to_vec(),
                ..path.clone()
            };
            let inner = call.to(call.method.clone(), extended, call.raw_path.clone());
            return in_namespace(&inner, "Microsoft.Authorization");
        }
        return Err(ArmError::not_emulated(&format!(
            "'{extension}' on a resource"
        )));
    }
    let named = path.type_name();
    if operations::is_poll(&named) && path.tail.is_none() {
        return operations::poll(call);
    }
    let whole = match &path.tail {
        Some(tail) if named.is_empty() => tail.clone(),
        Some(tail) => format!("{named}/{tail}"),
        None => named.clone(),
    };
    // A tail is the collection of a type, or else an action on the resource before it.
    let (kind, tail) = match (find_type(namespace, &whole), &path.tail) {
        (Some(kind), None) => (kind, Tail::Resource),
        (Some(kind), Some(_)) => (kind, Tail::Collection),
        (None, Some(action)) => match find_type(namespace, &named) {
            Some(kind) if !not_emulated::has(namespace, &whole) => (kind, Tail::Action(action)),
            _ => return Err(unknown_type(namespace, &whole, call)),
        },
        (None, None) => return Err(unknown_type(namespace, &whole, call)),
    };
    check_version(call.arm, &kind.full_name(), kind.versions, &call.version)?;
    let action = match &tail {
        Tail::Action(name) => kind
            .actions
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or(Some(*name), |(known, _)| Some(*known)),
        Tail::Resource | Tail::Collection => None,
    };
    if !operations::is_status(kind) {
        authorization::check(call, kind, action)?;
        // Nobody could take a lock away that forbids that, too.
        if kind.full_name() != "Microsoft.Authorization/locks" {
            management_locks::check(call, &authorization::scope_of(call))?;
        }
    }
    if let Some(group) = &path.group {
        group_exists(call, group)?;
    }
    dispatch(call, kind, &tail)
}

enum Tail<'a> {
    Resource,
    Collection,
    Action(&'a str),
}

fn dispatch(call: &Call<'_>, kind: &ResourceType, tail: &Tail<'_>) -> Result<Answer, ArmError> {
    let table: Vec<(&str, Option<Handler>)> = match tail {
        Tail::Collection if call.path.group.is_none() => vec![("GET", kind.list_all.or(kind.list))],
        Tail::Collection => vec![("GET", kind.list)],
        Tail::Resource => vec![
            ("GET", kind.get),
            ("HEAD", kind.get),
            ("PUT", kind.put),
            ("PATCH", kind.patch),
            ("DELETE", kind.delete),
        ],
        Tail::Action(action) => {
            let found = kind
                .actions
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(action));
            let Some((_, handler)) = found else {
                return Err(ArmError::not_emulated(&format!(
                    "'{action}' on '{}'",
                    kind.full_name()
                )));
            };
            vec![("POST", Some(*handler))]
        }
    };
    let method = call.method.as_str();
    let found = table
        .iter()
        .find(|(verb, handler)| *verb == method && handler.is_some());
    match found {
        // Whether it is there, without a body.
        Some(("HEAD", Some(handler))) => {
            handler(call).map(|_| Answer::empty(StatusCode::NO_CONTENT))
        }
        Some((_, Some(handler))) => handler(call),
        _ => {
            let allowed: Vec<&str> = table
                .iter()
                .filter(|(_, handler)| handler.is_some())
                .map(|(verb, _)| *verb)
                .collect();
            Err(ArmError::method_not_allowed(&allowed))
        }
    }
}

fn find_type(namespace: &str, name: &str) -> Option<&'static ResourceType> {
    TYPES
        .iter()
        .find(|kind| kind.namespace == namespace && kind.name.eq_ignore_ascii_case(name))
}

fn unknown_type(namespace: &str, name: &str, call: &Call<'_>) -> ArmError {
    if not_emulated::has(namespace, name) {
        return ArmError::not_emulated(&format!("'{namespace}/{name}'"));
    }
    let mut versions: Vec<&str> = TYPES
        .iter()
        .filter(|kind| kind.namespace == namespace)
        .flat_map(|kind| kind.versions.list())
        .collect();
    versions.sort_unstable();
    versions.dedup();
    versions.reverse();
    ArmError::gateway(
        StatusCode::NOT_FOUND,
        "InvalidResourceType",
        format!(
            "The resource type could not be found in the namespace '{namespace}' for api version '{}'. The supported api-versions are '{}'.",
            call.version.as_str(),
            versions.join(",")
        ),
    )
}

fn api_version(queries: &[(String, String)]) -> Result<ApiVersion, ArmError> {
    let Some(text) = query(queries, "api-version").filter(|text| !text.is_empty()) else {
        return Err(ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ));
    };
    ApiVersion::parse(text).ok_or_else(|| {
        ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{text}' is invalid. The supported versions are '{}'.",
                Versions::Resources.list().join(",")
            ),
        )
    })
}

fn check_version(
    arm: &Arm,
    kind: &str,
    versions: Versions,
    version: &ApiVersion,
) -> Result<(), ArmError> {
    if arm.config.loose || versions.contains(version) {
        return Ok(());
    }
    let (text, list) = (version.as_str(), versions.list().join(","));
    if versions.owned_by_arm() {
        return Err(ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidApiVersionParameter",
            format!("The api-version '{text}' is invalid. The supported versions are '{list}'."),
        ));
    }
    let name = kind.split_once('/').map_or(kind, |(_, name)| name);
    let regions: Vec<&str> = super::location::REGIONS
        .iter()
        .map(|region| region.name)
        .collect();
    Err(ArmError::gateway(
        StatusCode::BAD_REQUEST,
        "NoRegisteredProviderFound",
        format!(
            "No registered resource provider found for location '' and API version '{text}' for type '{name}'. The supported api-versions are '{list}'. The supported locations are '{}'.",
            regions.join(", ")
        ),
    ))
}

fn find_subscription(arm: &Arm, text: &str) -> Result<Uuid, ArmError> {
    let id = Uuid::parse_str(text).map_err(|_| {
        ArmError::gateway(
            StatusCode::BAD_REQUEST,
            "InvalidSubscriptionId",
            format!("The provided subscription identifier '{text}' is malformed or invalid."),
        )
    })?;
    if arm.worlds.read(id, &mut |_| {}) {
        return Ok(id);
    }
    Err(ArmError::subscription_not_found(id))
}

/// The group must be there, and nothing is written into one that is being deleted.
fn group_exists(call: &Call<'_>, group: &str) -> Result<(), ArmError> {
    let name = Name::new(group);
    let reads = matches!(call.method, Method::GET | Method::HEAD);
    let found = call.read(|world| {
        let found = world.azure.resource_groups.get(&name)?;
        Some(found.deletion.is_some())
    });
    match found {
        None => Err(ArmError::group_not_found(group)),
        Some(true) if !reads => {
            let name = group.to_owned();
            Err(Refusal::from(AzureRefusal::ResourceGroupBeingDeleted { name }).into())
        }
        Some(_) => Ok(()),
    }
}
