//! `Microsoft.Authorization/roleAssignments`, at any scope.

use axum::http::StatusCode;
use milink_core::azure::authorization::{AssignRole, RemoveAssignment, RoleAssignment, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

use super::role_definitions;
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::entra;
use crate::arm::error::ArmError;
use crate::arm::paging;
use crate::arm::registry::ResourceType;
use crate::arm::version::Versions;

pub(in crate::arm) const TYPE: ResourceType = ResourceType {
    list_all: Some(list),
    list: Some(list),
    get: Some(get),
    put: Some(put),
    delete: Some(delete),
    ..ResourceType::new(
        "Microsoft.Authorization",
        "roleAssignments",
        Versions::Authorization,
    )
};

const NAME: &str = "Microsoft.Authorization/roleAssignments";
/// The role of those who own everything; the name of the assignment that says so is of our making.
const OWNER: Uuid = Uuid::from_u128(0x8e3a_f657_a8ff_443c_a75c_2fe8_c4bc_b635);
/// What a principal may be (published definition).
const KINDS: [&str; 5] = [
    "User",
    "Group",
    "ServicePrincipal",
    "ForeignGroup",
    "Device",
];

/// The scope before `/providers/Microsoft.Authorization`, within the subscription.
pub(super) fn scope(call: &Call<'_>) -> Scope {
    let path = call.relative(&call.raw_path).unwrap_or("/");
    let lower = path.to_ascii_lowercase();
    let end = lower
        .rfind("/providers/microsoft.authorization")
        .unwrap_or(path.len());
    Scope::new(&path[..end])
}

/// The id of a scope.
pub(super) fn scope_id(call: &Call<'_>, scope: &Scope) -> String {
    let below = scope.as_str().trim_end_matches('/');
    format!("/subscriptions/{}{below}", call.subscription)
}

/// What a `$filter` lets through.
#[derive(Default)]
struct Wanted {
    principal: Option<String>,
    /// Nothing that is assigned further down.
    not_below: bool,
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, ArmError> {
        let bad = || {
            ArmError::gateway(
                StatusCode::BAD_REQUEST,
                "UnsupportedQuery",
                format!(
                    "The filter '{text}' is not supported. Supported filters are either 'atScope()' or 'principalId eq '{{value}}' or assignedTo('{{value}}')'."
                ),
            )
        };
        let mut wanted = Self::default();
        for part in text.split(" and ").map(str::trim) {
            let folded = part.to_ascii_lowercase();
            if folded == "atscope()" {
                wanted.not_below = true;
            } else if let Some(id) = folded.strip_prefix("principalid eq ") {
                wanted.principal = Some(id.trim_matches(['\'', ' ', '{', '}']).to_owned());
            } else if let Some(id) = folded
                .strip_prefix("assignedto(")
                .and_then(|rest| rest.strip_suffix(')'))
            {
                wanted.principal = Some(id.trim_matches(['\'', ' ', '{', '}']).to_owned());
            } else {
                return Err(bad());
            }
        }
        Ok(wanted)
    }
}

fn list(call: &Call<'_>) -> Result<Answer, ArmError> {
    let wanted = call
        .query("$filter")
        .map(Wanted::parse)
        .transpose()?
        .unwrap_or_default();
    let at = scope(call);
    let all = call.read(|world| {
        let all = world.azure.authorization.assignments.values();
        all.map(|one| RoleAssignment::clone(one))
            .collect::<Vec<_>>()
    });
    let rows = owners(call).into_iter().chain(all);
    let rows = rows.filter(|one| {
        let above = one.scope.holds(at.as_str());
        let below = !wanted.not_below && at.holds(one.scope.as_str());
        let principal = wanted.principal.as_ref();
        (above || below) && principal.is_none_or(|id| *id == one.principal.to_string())
    });
    let rows: Vec<(String, Value)> = rows
        .map(|one| (one.name.to_string(), shown(call, &one)))
        .collect();
    let mut rows = rows;
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    paging::page(call, rows)
}

fn get(call: &Call<'_>) -> Result<Answer, ArmError> {
    let found = find(call)?.or_else(|| {
        let name = name(call).ok()?;
        owners(call).into_iter().find(|one| one.name == name)
    });
    let found = found.ok_or_else(|| {
        let name = leaf(call);
        ArmError::service(
            StatusCode::NOT_FOUND,
            "RoleAssignmentNotFound",
            format!("The role assignment '{name}' is not found."),
        )
    })?;
    Ok(Answer::ok(&shown(call, &found)))
}

fn put(call: &Call<'_>) -> Result<Answer, ArmError> {
    let name = name(call)?;
    let bad = |code, text: String| Err(ArmError::service(StatusCode::BAD_REQUEST, code, text));
    let request = call.body(|body| {
        // Both shapes are spoken: members under `properties`, and without it.
        let properties = body.object_or_empty("properties")?;
        properties.ignore(&["scope", "createdOn", "updatedOn", "createdBy", "updatedBy"]);
        for member in ["condition", "delegatedManagedIdentityResourceId"] {
            if properties.value(member).is_some() {
                return Err(ArmError::not_emulated(&format!(
                    "'{member}' of a role assignment"
                )));
            }
        }
        properties.ignore(&["conditionVersion"]);
        let role = properties.string("roleDefinitionId")?.unwrap_or_default();
        let Some(role) = role_definitions::id_of(&role) else {
            return bad(
                "InvalidRoleDefinitionId",
                format!("The role definition ID '{role}' is not valid. The role definition ID must be a GUID."),
            );
        };
        let principal = properties.string("principalId")?.unwrap_or_default();
        let Ok(principal) = Uuid::parse_str(&principal) else {
            return bad(
                "InvalidPrincipalId",
                format!("A valid principal ID must be provided for role assignment, and '{principal}' is none."),
            );
        };
        let said = properties.string("principalType")?;
        let kind = match &said {
            None => None,
            Some(said) => match KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(said)) {
                Some(kind) => Some((*kind).to_owned()),
                None => {
                    return bad(
                        "InvalidPrincipalType",
                        format!("The principal type '{said}' is not valid."),
                    );
                }
            },
        };
        Ok(AssignRole {
            name: Some(name),
            scope: scope(call),
            principal,
            principal_type: known_kind(call, principal, kind)?,
            role,
            description: properties.string("description")?,
            by: call.caller.oid.clone(),
        })
    })?;
    if owners(call).iter().any(|one| {
        one.scope == request.scope && one.principal == request.principal && one.role == request.role
    }) {
        return Err(milink_core::Refusal::from(
            milink_core::refusal::AuthorizationRefusal::AssignmentExists,
        )
        .into());
    }
    call.submit(request)?;
    let made = find(call)?.map(|one| shown(call, &one));
    Ok(Answer::json(StatusCode::CREATED, &made))
}

fn delete(call: &Call<'_>) -> Result<Answer, ArmError> {
    let name = name(call)?;
    if owners(call).iter().any(|one| one.name == name) {
        return Err(ArmError::not_emulated(
            "Taking the subscription from whoever runs the emulator",
        ));
    }
    let Some(found) = find(call)? else {
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    };
    call.submit(RemoveAssignment { name })?;
    Ok(Answer::ok(&shown(call, &found)))
}

/// What a principal is: as said, or as the directory knows it.
fn known_kind(call: &Call<'_>, principal: Uuid, said: Option<String>) -> Result<String, ArmError> {
    if let Some(said) = said {
        return Ok(said);
    }
    let user = entra::user_id();
    let known = call.read(|world| {
        let principals = &world.azure.authorization.principals;
        principals.contains_key(&principal)
    });
    if principal == user {
        return Ok("User".to_owned());
    }
    if known || principal == call.arm.principal {
        return Ok("ServicePrincipal".to_owned());
    }
    Err(ArmError::service(
        StatusCode::BAD_REQUEST,
        "PrincipalNotFound",
        format!(
            "Principal {} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group. See https://aka.ms/docs-principaltype",
            principal.simple(),
            call.arm.config.tenant
        ),
    ))
}

/// The last name in the path: the assignment's.
fn leaf<'a>(call: &'a Call<'_>) -> &'a str {
    call.path.pairs.last().map_or("", |(_, name)| name.as_str())
}

fn name(call: &Call<'_>) -> Result<Uuid, ArmError> {
    let text = leaf(call);
    Uuid::parse_str(text).map_err(|_| {
        ArmError::service(
            StatusCode::BAD_REQUEST,
            "InvalidRoleAssignmentId",
            format!("The role assignment ID '{text}' is not valid. The role assignment ID must be a GUID."),
        )
    })
}

/// The assignment of that name, at the scope in the path.
fn find(call: &Call<'_>) -> Result<Option<RoleAssignment>, ArmError> {
    let (name, at) = (name(call)?, scope(call));
    let found = call.read(|world| {
        let assignments = &world.azure.authorization.assignments;
        assignments.get(&name).map(|one| RoleAssignment::clone(one))
    });
    Ok(found.filter(|one| one.scope == at))
}

/// What nobody has written down: who runs the emulator owns the subscription.
fn owners(call: &Call<'_>) -> Vec<RoleAssignment> {
    let scope = Scope::new("/");
    let all = [
        (call.arm.principal, "ServicePrincipal"),
        (entra::user_id(), "User"),
    ];
    let one = |(principal, kind): (Uuid, &str)| RoleAssignment {
        name: entra::object_id(&format!("owner {principal} of {}", call.subscription)),
        scope: scope.clone(),
        principal,
        principal_type: kind.to_owned(),
        role: OWNER,
        description: None,
        created_by: String::new(),
        created: milink_core::time::Timestamp::default(),
    };
    all.into_iter().map(one).collect()
}

fn shown(call: &Call<'_>, one: &RoleAssignment) -> Value {
    let scope = scope_id(call, &one.scope);
    let id = format!("{scope}/providers/{NAME}/{}", one.name);
    let moment = one.created.to_string();
    json!({
        "id": id,
        "name": one.name,
        "type": NAME,
        "properties": {
            "roleDefinitionId": role_definitions::id(call, one.role),
            "principalId": one.principal,
            "principalType": one.principal_type,
            "scope": scope,
            "condition": null,
            "conditionVersion": null,
            "description": one.description,
            "createdOn": moment,
            "updatedOn": moment,
            "createdBy": one.created_by,
            "updatedBy": one.created_by,
            "delegatedManagedIdentityResourceId": null,
        },
    })
}
