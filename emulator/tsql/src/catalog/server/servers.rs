//! `sys.servers`: the instance itself; there are no linked servers.

use milink_core::value::{Row, Value};

use crate::catalog::column::{BIT, DATETIME, INT, NAME, ViewColumn, col, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("servers", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("server_id", INT),
    req("name", NAME),
    req("product", NAME),
    req("provider", NAME),
    col("data_source", nvarchar(4000)),
    col("location", nvarchar(4000)),
    col("provider_string", nvarchar(4000)),
    col("catalog", NAME),
    col("connect_timeout", INT),
    col("query_timeout", INT),
    req("is_linked", BIT),
    req("is_remote_login_enabled", BIT),
    req("is_rpc_out_enabled", BIT),
    req("is_data_access_enabled", BIT),
    req("is_collation_compatible", BIT),
    req("uses_remote_collation", BIT),
    col("collation_name", NAME),
    req("lazy_schema_validation", BIT),
    req("is_system", BIT),
    req("is_publisher", BIT),
    col("is_subscriber", BIT),
    col("is_distributor", BIT),
    col("is_nonsql_subscriber", BIT),
    col("is_remote_proc_transaction_promotion_enabled", BIT),
    req("modify_date", DATETIME),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let name = scope.instance.server_name();
    vec![row![
        0,
        name.as_str(),
        "SQL Server",
        "SQLNCLI",
        name.as_str(),
        Value::Null,
        Value::Null,
        Value::Null,
        0,
        0,
        false,
        true,
        true,
        false,
        false,
        true,
        Value::Null,
        false,
        false,
        false,
        false,
        false,
        false,
        true,
        scope.instance.started,
    ]]
}
