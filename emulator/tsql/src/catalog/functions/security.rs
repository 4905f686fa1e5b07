//! Who is asking, who somebody is, and what they may do.

use std::sync::Arc;

use milink_core::names::Name;
use milink_core::principal::{Login, LoginKind, PermissionState, Securable};
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::argument::{number, text};
use super::object::find_object;
use super::{MetadataFunction, function};
use crate::catalog::cell::variant;
use crate::catalog::column::{INT, NAME, SID, VARIANT};
use crate::catalog::security::is_sysadmin;
use crate::catalog::{Cell, Scope};
use crate::error::SqlError;

pub(super) const FUNCTIONS: &[MetadataFunction] = &[
    function("suser_name", (0, 1), NAME, |scope, args| {
        if args.is_empty() {
            return Ok(scope.login_name().cell());
        }
        let id = number(args, 0)?;
        let mut logins = scope.instance.logins.values();
        let found = logins.find(|login| Some(i64::from(login.id.0)) == id);
        Ok(found.map(|login| &login.name).cell())
    }),
    function("suser_sname", (0, 1), NAME, suser_sname),
    function("suser_id", (0, 1), INT, |scope, args| {
        Ok(login_named(scope, args).map(|login| login.id).cell())
    }),
    function("suser_sid", (0, 2), SID, |scope, args| {
        Ok(login_named(scope, args).map(|login| &login.sid).cell())
    }),
    function("user_name", (0, 1), NAME, user_name),
    function("user_id", (0, 1), INT, user_id),
    function("database_principal_id", (0, 1), INT, user_id),
    not_null("current_user", current_user_name),
    not_null("session_user", current_user_name),
    not_null("user", current_user_name),
    not_null("system_user", |scope, _| Ok(scope.login_name().cell())),
    not_null("original_login", |scope, _| Ok(scope.login_name().cell())),
    function("is_srvrolemember", (1, 2), INT, is_srvrolemember),
    function("is_member", (1, 1), INT, is_member),
    function("is_rolemember", (1, 2), INT, is_member),
    function("has_perms_by_name", (3, 5), INT, has_perms_by_name),
    function("loginproperty", (2, 2), VARIANT, loginproperty),
    function("permissions", (0, 2), INT, |scope, _| {
        let all = is_sysadmin(scope.instance, &scope.login_name());
        Ok(if all { 0x1FFF_FFFF } else { 0 }.cell())
    }),
];

const fn not_null(
    name: &'static str,
    eval: fn(&Scope<'_>, &[Value]) -> Result<Value, SqlError>,
) -> MetadataFunction {
    MetadataFunction {
        nullable: false,
        ..function(name, (0, 0), NAME, eval)
    }
}

/// The login that the first argument names, or that asks.
fn login_named<'a>(scope: &Scope<'a>, args: &[Value]) -> Option<&'a Arc<Login>> {
    if args.is_empty() {
        return scope.instance.login(&scope.login_name());
    }
    scope.instance.login(&text(args, 0)?)
}

fn suser_sname(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let sid = match args.first() {
        None => return Ok(scope.login_name().cell()),
        Some(Value::Bytes(sid)) => sid,
        // A number becomes binary(4), which is nobody's identifier but that of 1.
        Some(Value::Int(1)) => return Ok("sa".cell()),
        Some(_) => return Ok(Value::Null),
    };
    let mut logins = scope.instance.logins.values();
    let found = logins.find(|login| login.sid == *sid);
    Ok(found.map(|login| &login.name).cell())
}

/// The database user that the session's login stands for: `dbo` for members of sysadmin.
fn current_user(scope: &Scope<'_>) -> (i32, Arc<str>) {
    let login = scope.login_name();
    if is_sysadmin(scope.instance, &login) {
        return (1, "dbo".into());
    }
    let content = scope.content();
    let login = Name::new(&login);
    let mut users = content.users.values();
    let own = users.find(|user| user.login.as_ref() == Some(&login));
    own.map_or((2, "guest".into()), |user| (user.id.0, user.name.shared()))
}

fn current_user_name(scope: &Scope<'_>, _: &[Value]) -> Result<Value, SqlError> {
    Ok(current_user(scope).1.cell())
}

fn user_name(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    if args.is_empty() {
        return current_user_name(scope, args);
    }
    let id = number(args, 0)?;
    let content = scope.content();
    let mut users = content.users.values();
    let found = users.find(|user| Some(i64::from(user.id.0)) == id);
    Ok(found.map(|user| &user.name).cell())
}

fn user_id(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    if args.is_empty() {
        return Ok(current_user(scope).0.cell());
    }
    let content = scope.content();
    let found = text(args, 0).and_then(|name| content.user(&name).map(|user| user.id));
    Ok(found.cell())
}

/// NULL if there is no such role, or no such login.
fn is_srvrolemember(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let role = text(args, 0).and_then(|role| scope.instance.login(&role));
    let login = match args.len() {
        1 => scope.instance.login(&scope.login_name()),
        _ => text(args, 1).and_then(|name| scope.instance.login(&name)),
    };
    let (Some(role), Some(login)) = (role.filter(|role| role.kind == LoginKind::Role), login)
    else {
        return Ok(Value::Null);
    };
    // A member of sysadmin counts as a member of every role.
    let member = login.sysadmin || role.name.is("public");
    Ok(i32::from(member).cell())
}

fn is_member(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let content = scope.content();
    let Some(role) = text(args, 0).and_then(|role| content.user(&role).cloned()) else {
        return Ok(Value::Null);
    };
    if !role.is_role {
        return Ok(Value::Null);
    }
    let user = match args.len() {
        1 => current_user(scope).1,
        _ => match text(args, 1).and_then(|name| content.user(&name).cloned()) {
            Some(user) => user.name.shared(),
            None => return Ok(Value::Null),
        },
    };
    let member =
        role.name.is("public") || *user == *"dbo" && !role.name.as_str().starts_with("db_deny");
    Ok(i32::from(member).cell())
}

fn has_perms_by_name(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let (securable, class) = (text(args, 0), text(args, 1));
    let Some(permission) = text(args, 2) else {
        return Ok(Value::Null);
    };
    let class = class.map(|class| class.to_uppercase());
    let exists = match (class.as_deref(), &securable) {
        (None | Some("SERVER"), _) => true,
        (Some("DATABASE"), Some(name)) => {
            let name = super::object::split_name(name).and_then(|mut parts| parts.pop());
            name.is_some_and(|name| scope.instance.database(&name).is_some())
        }
        (Some("OBJECT"), Some(name)) => find_object(scope, name).is_some(),
        (Some("ENDPOINT"), Some(name)) => scope
            .instance
            .endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.name.is(name)),
        (Some("LOGIN"), Some(name)) => scope.instance.login(name).is_some(),
        (Some("AVAILABILITY GROUP"), Some(name)) => scope.instance.group(name).is_some(),
        _ => true,
    };
    if !exists {
        return Ok(Value::Null);
    }
    let login = scope.login_name();
    if is_sysadmin(scope.instance, &login) {
        return Ok(1.cell());
    }
    Ok(i32::from(is_granted(scope, &login, class.as_deref(), &permission)).cell())
}

/// What somebody who is no sysadmin has: what everybody has, and what was granted.
fn is_granted(scope: &Scope<'_>, login: &str, class: Option<&str>, permission: &str) -> bool {
    let permission = permission.to_uppercase();
    let of_all = ["ANY", "CONNECT", "CONNECT SQL", "VIEW ANY DATABASE"];
    if of_all.contains(&permission.as_str()) {
        return true;
    }
    let Some(login) = scope.instance.login(login) else {
        return false;
    };
    scope.instance.permissions.iter().any(|held| {
        let fits = match class {
            None | Some("SERVER") => held.securable == Securable::Server,
            Some("ENDPOINT") => matches!(held.securable, Securable::Endpoint(_)),
            Some("LOGIN") => matches!(held.securable, Securable::Login(_)),
            Some("AVAILABILITY GROUP") => held.securable == Securable::AvailabilityGroup,
            _ => false,
        };
        fits && held.grantee == login.id
            && held.state != PermissionState::Deny
            && held.permission.eq_ignore_ascii_case(&permission)
    })
}

fn loginproperty(scope: &Scope<'_>, args: &[Value]) -> Result<Value, SqlError> {
    let login = text(args, 0).and_then(|name| scope.instance.login(&name));
    let (Some(login), Some(property)) = (login, text(args, 1)) else {
        return Ok(Value::Null);
    };
    Ok(match property.to_lowercase().as_str() {
        "defaultdatabase" => variant(SqlType::nvarchar(128), &login.default_database),
        "defaultlanguage" => variant(SqlType::nvarchar(128), "us_english"),
        "badpasswordcount"
        | "daysuntilexpiration"
        | "historylength"
        | "isexpired"
        | "islocked"
        | "ismustchange" => variant(SqlType::Int, 0),
        "passwordlastsettime" => variant(SqlType::DateTime, login.modified),
        _ => Value::Null,
    })
}
