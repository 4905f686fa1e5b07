//! `sys.server_permissions`.

use milink_core::principal::{LoginKind, PermissionState, Securable, ServerPermission};
use milink_core::value::Row;

use crate::catalog::column::{DESC, INT, NAME, TINYINT, ViewColumn, character, col, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("server_permissions", COLUMNS, rows);

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

/// Every login may connect; what else has been granted follows.
fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let logins = scope.instance.logins.values();
    let connect = logins
        .filter(|login| login.kind != LoginKind::Role)
        .map(|login| {
            row![
                100,
                "SERVER",
                0,
                0,
                login.id,
                1,
                "COSQ",
                "CONNECT SQL",
                "G",
                "GRANT"
            ]
        });
    let granted = scope.instance.permissions.iter().map(make_row);
    connect.chain(granted).collect()
}

fn make_row(permission: &ServerPermission) -> Row {
    let (class, class_desc, major) = match permission.securable {
        Securable::Server => (100, "SERVER", 0),
        Securable::Login(id) => (101, "SERVER_PRINCIPAL", id.0),
        Securable::Endpoint(id) => (105, "ENDPOINT", id.0),
        Securable::AvailabilityGroup => (108, "AVAILABILITY_GROUP", 65_537),
    };
    let state = match permission.state {
        PermissionState::Grant => ("G", "GRANT"),
        PermissionState::GrantWithGrant => ("W", "GRANT_WITH_GRANT_OPTION"),
        PermissionState::Deny => ("D", "DENY"),
    };
    let name = permission.permission.to_uppercase();
    row![
        class,
        class_desc,
        major,
        0,
        permission.grantee,
        permission.grantor,
        code(&name),
        name.as_str(),
        state.0,
        state.1,
    ]
}

/// The catalog's code of a permission, four characters wide (documentation: "sys.server_permissions").
fn code(name: &str) -> &'static str {
    const CODES: &[(&str, &str)] = &[
        ("ADMINISTER BULK OPERATIONS", "ADBO"),
        ("ALTER", "AL  "),
        ("ALTER ANY AVAILABILITY GROUP", "ALAG"),
        ("ALTER ANY CONNECTION", "ALCO"),
        ("ALTER ANY DATABASE", "ALDB"),
        ("ALTER ANY ENDPOINT", "ALHE"),
        ("ALTER ANY LOGIN", "ALLG"),
        ("ALTER SERVER STATE", "ALSS"),
        ("ALTER SETTINGS", "ALST"),
        ("AUTHENTICATE SERVER", "AUTH"),
        ("CONNECT", "CO  "),
        ("CONNECT ANY DATABASE", "CADB"),
        ("CONNECT SQL", "COSQ"),
        ("CONTROL", "CL  "),
        ("CONTROL SERVER", "CL  "),
        ("CREATE ANY DATABASE", "CRDB"),
        ("CREATE AVAILABILITY GROUP", "CRAC"),
        ("CREATE ENDPOINT", "CRHE"),
        ("IMPERSONATE", "IM  "),
        ("SHUTDOWN", "SHDN"),
        ("TAKE OWNERSHIP", "TO  "),
        ("VIEW ANY DATABASE", "VWDB"),
        ("VIEW ANY DEFINITION", "VWAD"),
        ("VIEW DEFINITION", "VW  "),
        ("VIEW SERVER STATE", "VWSS"),
    ];
    CODES
        .iter()
        .find(|code| code.0 == name)
        .map_or("XX  ", |code| code.1)
}
