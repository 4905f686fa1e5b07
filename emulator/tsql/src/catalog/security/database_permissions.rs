//! `sys.database_permissions`: every user may connect; nothing else is kept.

use milink_core::value::Row;

use crate::catalog::column::{DESC, INT, NAME, TINYINT, ViewColumn, character, col, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("database_permissions", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("class", TINYINT),
    col("class_desc", DESC),
    req("major_id", INT),
    req("minor_id", INT),
    req("grantee_principal_id", INT),
    req("grantor_principal_id", INT),
    req("type", character(4)),
    col("permission_name", NAME),
    req("state", character(1)),
    col("state_desc", DESC),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let users = content.users.values();
    let connecting = users.filter(|user| !user.is_role && (user.id.0 == 1 || !user.is_fixed));
    connecting
        .map(|user| {
            row![
                0, "DATABASE", 0, 0, user.id, 1, "CO  ", "CONNECT", "G", "GRANT"
            ]
        })
        .collect()
}
