//! `sys.server_principals`, `sys.sql_logins` and `sys.server_role_members`.

use milink_core::instance::Instance;
use milink_core::principal::{Login, LoginKind};
use milink_core::value::{Row, Value};

use crate::catalog::column::{
    BIT, DATETIME, DESC, GUID, INT, NAME, SID, ViewColumn, character, col, req, varbinary,
};
use crate::catalog::{Scope, Since, View, row};

pub(super) const VIEW: View = View::sys("server_principals", COLUMNS, rows);

pub(super) const SQL_LOGINS: View = View::sys(
    "sql_logins",
    &[
        req("name", NAME),
        req("principal_id", INT),
        col("sid", SID),
        req("type", character(1)),
        col("type_desc", DESC),
        col("is_disabled", BIT),
        req("create_date", DATETIME),
        req("modify_date", DATETIME),
        col("default_database_name", NAME),
        col("default_language_name", NAME),
        col("credential_id", INT),
        col("is_policy_checked", BIT),
        col("is_expiration_checked", BIT),
        col("password_hash", varbinary(256)),
    ],
    sql_logins,
);

pub(super) const ROLE_MEMBERS: View = View::sys(
    "server_role_members",
    &[
        req("role_principal_id", INT),
        req("member_principal_id", INT),
    ],
    role_members,
);

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    req("principal_id", INT),
    col("sid", SID),
    req("type", character(1)),
    col("type_desc", DESC),
    col("is_disabled", BIT),
    req("create_date", DATETIME),
    req("modify_date", DATETIME),
    col("default_database_name", NAME),
    col("default_language_name", NAME),
    col("credential_id", INT),
    col("owning_principal_id", INT),
    req("is_fixed_role", BIT),
    col("tenant_id", GUID).since(Since::SQL_2022),
];

/// `principal_id` of sysadmin.
const SYSADMIN: i32 = 3;

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let row = |login: &Login| {
        let kind = kind(login);
        let is_role = login.kind == LoginKind::Role;
        row![
            &login.name,
            login.id,
            &login.sid,
            kind.0,
            kind.1,
            login.disabled,
            login.created,
            login.modified,
            (!is_role).then_some(&login.default_database),
            (!is_role).then_some("us_english"),
            Value::Null,
            is_role.then_some(1),
            is_role && login.id.0 != 2,
            Value::Null,
        ]
    };
    let logins = scope.instance.logins.values();
    logins.map(|login| row(login)).collect()
}

fn sql_logins(scope: &Scope<'_>) -> Vec<Row> {
    let logins = scope.instance.logins.values();
    let sql = logins.filter(|login| matches!(login.kind, LoginKind::Sql { .. }));
    sql.map(|login| {
        row![
            &login.name,
            login.id,
            &login.sid,
            "S",
            "SQL_LOGIN",
            login.disabled,
            login.created,
            login.modified,
            &login.default_database,
            "us_english",
            Value::Null,
            true,
            false,
            // No hash is kept; what is shown has the form of one.
            [2_u8, 0].as_slice(),
        ]
    })
    .collect()
}

fn role_members(scope: &Scope<'_>) -> Vec<Row> {
    let logins = scope.instance.logins.values();
    let members = logins.filter(|login| login.sysadmin);
    members.map(|login| row![SYSADMIN, login.id]).collect()
}

fn kind(login: &Login) -> (&'static str, &'static str) {
    match login.kind {
        LoginKind::Sql { .. } => ("S", "SQL_LOGIN"),
        LoginKind::External => ("E", "EXTERNAL_LOGIN"),
        LoginKind::Certificate => ("C", "CERTIFICATE_MAPPED_LOGIN"),
        LoginKind::Role => ("R", "SERVER_ROLE"),
    }
}

/// Whether the login of this name is a member of sysadmin.
pub(crate) fn is_sysadmin(instance: &Instance, login: &str) -> bool {
    instance.login(login).is_some_and(|login| login.sysadmin)
}
