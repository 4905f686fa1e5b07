//! `sys.database_principals` and `sys.database_role_members`.

use milink_core::principal::User;
use milink_core::value::{Row, Value};

use crate::catalog::column::{
    BIT, DATETIME, DESC, INT, NAME, SID, ViewColumn, character, col, req,
};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("database_principals", COLUMNS, rows);

/// `dbo` is the only member of a role: memberships are not kept.
pub(super) const ROLE_MEMBERS: View = View::sys(
    "database_role_members",
    &[
        req("role_principal_id", INT),
        req("member_principal_id", INT),
    ],
    |_| vec![row![16_384, 1]],
);

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    req("principal_id", INT),
    req("type", character(1)),
    col("type_desc", DESC),
    col("default_schema_name", NAME),
    req("create_date", DATETIME),
    req("modify_date", DATETIME),
    col("owning_principal_id", INT),
    col("sid", SID),
    req("is_fixed_role", BIT),
    req("authentication_type", INT),
    col("authentication_type_desc", DESC),
    col("default_language_name", NAME),
    col("default_language_lcid", INT),
    req("allow_encrypted_value_modifications", BIT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    content
        .users
        .values()
        .map(|user| make_row(scope, user))
        .collect()
}

fn make_row(scope: &Scope<'_>, user: &User) -> Row {
    let kind = if user.is_role {
        ("R", "DATABASE_ROLE")
    } else {
        ("S", "SQL_USER")
    };
    let authentication = if user.login.is_some() || user.id.0 == 1 {
        (1, "INSTANCE")
    } else {
        (0, "NONE")
    };
    let schema = match (user.is_role, user.is_fixed) {
        (true, _) => None,
        (false, true) => (user.id.0 <= 2).then(|| user.name.shared()),
        (false, false) => Some("dbo".into()),
    };
    row![
        &user.name,
        user.id,
        kind.0,
        kind.1,
        schema,
        user.created,
        user.created,
        user.is_role.then_some(1),
        sid(scope, user),
        user.is_role && user.is_fixed && user.id.0 != 0,
        authentication.0,
        authentication.1,
        Value::Null,
        Value::Null,
        false,
    ]
}

/// A user has its login's identifier; `dbo` has that of the database's owner, who is `sa`.
fn sid(scope: &Scope<'_>, user: &User) -> Option<Vec<u8>> {
    match (user.id.0, &user.login) {
        (1, _) => Some(vec![1]),
        (2, _) => Some(vec![0]),
        (_, Some(login)) => {
            let login = scope.instance.login(login.as_str())?;
            Some(login.sid.to_vec())
        }
        (0, None) => Some([1, 5, 0, 0, 0, 0, 0, 9, 4, 0, 0, 0].to_vec()),
        _ => None,
    }
}
