//! `Microsoft.Authorization/locks`, at any scope. What they forbid is asked by the dispatcher ([`check`]), for every
//! resource alike.

use axum::http::{Method, StatusCode};
use milink_core::azure::authorization::{Lock, LockLevel, Locked, RemoveLock, WriteLock};
use milink_core::names::Name;
use milink_core::refusal::{AuthorizationRefusal, Refusal};
use serde_json::{Value, json};

use super::role_assignments::{scope, scope_id};
use crate::arm::answer::Answer;
use crate::arm::body::Object;
use crate::arm::call::Call;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::route;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new("Microsoft.Authorization", "locks", Versions::Locks)
};

const NAME: &str = "Microsoft.Authorization/locks";

/// 409 if a lock forbids what the request is for: deleting, or, by a lock that lets things only be read, also writing and
/// every action (a POST counts as a write: observed with listing keys). Locks themselves are never locked.
pub(in crate::arm) fn check(call: &Call<'_>, scope: &str) -> Result<(), ArmError> {
    let what = match call.method {
        Method::GET | Method::HEAD => return Ok(()),
        Method::DELETE => Locked::Delete,
        _ => Locked::Write,
    };
    refuse(call, what, scope)
}

/// 409 if a lock lets something only be read that a request names and would do something to, such as joining it.
pub(in crate::arm) fn check_linked(call: &Call<'_>, scope: &str) -> Result<(), ArmError> {
    refuse(call, Locked::Write, scope)
}

fn refuse(call: &Call<'_>, what: Locked, scope: &str) -> Result<(), ArmError> {
    let relative = call.relative(scope).unwrap_or("/");
    let locked: Vec<String> = call.read(|world| {
        let locked = world.azure.authorization.locked(what, relative);
        locked.into_iter().map(|one| scope_id(call, one)).collect()
    });
    if locked.is_empty() {
        return Ok(());
    }
    Err(Refusal::from(AuthorizationRefusal::ScopeLocked {
        scope: scope.to_owned(),
        deletes: what == Locked::Delete,
        locked,
    })
    .into())
}

/// Those at the scope and below it (as az says of its list), or with `atScope()` at it and above.
fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let at = scope(call);
    let above = match call.query("$filter").map(str::trim) {
        None => false,
        Some(filter) if filter.eq_ignore_ascii_case("atScope()") => true,
        Some(filter) => {
            return Err(ArmError::gateway(
                StatusCode::BAD_REQUEST,
                "UnsupportedQuery",
                format!(
                    "The filter '{filter}' is not supported. Supported filters are 'atScope()'."
                ),
            ));
        }
    };
    let rows: Vec<(String, Value)> = call.read(|world| {
        let all = world.azure.authorization.locks.values();
        let wanted = all.filter(|lock| match above {
            true => lock.scope.holds(at.as_str()),
            false => at.holds(lock.scope.as_str()),
        });
        wanted
            .map(|lock| {
                let shown = shown(call, lock);
                (format!("{} {}", lock.scope, lock.name.folded()), shown)
            })
            .collect()
    });
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    match find(call) {
        Some(lock) => Ok(Answer::ok(&shown(call, &lock))),
        // The words are a guess.
        None => Err(ArmError::service(
            StatusCode::NOT_FOUND,
            "LockNotFound",
            format!("The lock '{}' could not be found.", name(call)),
        )),
    }
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    route::check_there(call, &parent(call))?;
    let lock = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        Ok(Lock {
            scope: scope(call),
            name: name(call),
            level: level(&properties)?,
            notes: properties
                .string("notes")?
                .filter(|notes| !notes.is_empty()),
            owners: owners(&properties)?,
        })
    })?;
    let new = call.submit(WriteLock { lock: lock.clone() })?;
    Ok(Answer::written(new, &shown(call, &lock)))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let (scope, name) = (scope(call), name(call));
    let there = call.submit(RemoveLock { scope, name })?;
    Ok(Answer::empty(match there {
        true => StatusCode::OK,
        false => StatusCode::NO_CONTENT,
    }))
}

fn level(properties: &Object<'_>) -> Result<LockLevel, ArmError> {
    let said = properties.string("level")?;
    // `NotSpecified` is a word of the published definition, with which nothing can be locked. The words are a guess.
    said.as_deref().and_then(LockLevel::parse).ok_or_else(|| {
        ArmError::service(
            StatusCode::BAD_REQUEST,
            "InvalidLockRequest",
            format!(
                "The lock level '{}' is not valid. Supported values are 'CanNotDelete' and 'ReadOnly'.",
                said.unwrap_or_default()
            ),
        )
    })
}

fn owners(properties: &Object<'_>) -> Result<Vec<String>, ArmError> {
    let owners = properties.objects("owners")?.unwrap_or_default();
    let ids = owners.iter().map(|owner| owner.string("applicationId"));
    Ok(ids
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// The id of what the lock is on.
fn parent(call: &Call<'_>) -> String {
    scope_id(call, &scope(call))
}

fn name(call: &Call<'_>) -> Name {
    Name::new(call.path.pairs.last().map_or("", |(_, name)| name))
}

fn find(call: &Call<'_>) -> Option<Lock> {
    let key = (scope(call), name(call));
    call.read(|world| {
        let found = world.azure.authorization.locks.get(&key);
        found.map(|lock| Lock::clone(lock))
    })
}

fn shown(call: &Call<'_>, lock: &Lock) -> Value {
    let mut properties = json!({ "level": lock.level.desc() });
    if let Some(notes) = &lock.notes {
        properties["notes"] = json!(notes);
    }
    if !lock.owners.is_empty() {
        let owner = |id: &String| json!({ "applicationId": id });
        properties["owners"] = lock.owners.iter().map(owner).collect();
    }
    json!({
        "properties": properties,
        "id": format!("{}/providers/{NAME}/{}", scope_id(call, &lock.scope), lock.name),
        "type": NAME,
        "name": lock.name.to_string(),
    })
}
