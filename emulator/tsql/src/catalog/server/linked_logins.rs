//! `sys.linked_logins`: who goes to a linked server as whom. The instance itself has one row, as in the product.

use milink_core::names::Name;
use milink_core::value::{Row, Value};

use crate::catalog::column::{BIT, DATETIME, INT, NAME, col, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys(
    "linked_logins",
    &[
        req("server_id", INT),
        col("local_principal_id", INT),
        req("uses_self_credential", BIT),
        col("remote_name", NAME),
        req("modify_date", DATETIME),
    ],
    rows,
);

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let instance = scope.instance;
    let principal = |local: &Option<Name>| match local {
        None => Some(0),
        Some(name) => instance
            .login(name.as_str())
            .map(|login| i64::from(login.id.0)),
    };
    let itself = row![0, 0, true, Value::Null, instance.started];
    let servers = instance.linked_servers.values();
    let logins = servers.flat_map(|server| {
        let logins = server.logins.iter();
        logins.filter_map(move |(local, login)| {
            let remote = login.remote.as_ref();
            let name = remote.map_or(Value::Null, |(name, _)| Value::str(name.as_str()));
            Some(row![
                server.id,
                principal(local)?,
                remote.is_none(),
                name,
                login.modified
            ])
        })
    });
    std::iter::once(itself).chain(logins).collect()
}
