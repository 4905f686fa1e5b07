//! `sys.servers`: the instance itself, and its linked servers.

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
    let itself = row![
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
    ];
    let mut servers: Vec<_> = scope.instance.linked_servers.values().collect();
    servers.sort_by_key(|server| server.id);
    let linked = servers.into_iter().map(|server| {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::str);
        let options = &server.options;
        row![
            server.id,
            &server.name,
            server.product.as_str(),
            server.provider.as_str(),
            server.data_source.as_str(),
            text(&server.location),
            text(&server.provider_string),
            text(&server.catalog),
            options.connect_timeout,
            options.query_timeout,
            true,
            options.rpc,
            options.rpc_out,
            options.data_access,
            options.collation_compatible,
            options.use_remote_collation,
            text(&options.collation_name),
            options.lazy_schema_validation,
            false,
            options.publisher,
            options.subscriber,
            options.distributor,
            false,
            options.promotes_calls,
            server.modified,
        ]
    });
    std::iter::once(itself).chain(linked).collect()
}
