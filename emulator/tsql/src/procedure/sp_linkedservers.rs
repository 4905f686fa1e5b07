//! `sp_linkedservers` and `sp_helpserver`: the server itself, and its linked servers.

use milink_core::value::Value;

use super::{Body, Call, Procedure, result_set};
use crate::catalog::column::{NAME, ViewColumn, col, nvarchar, req, varchar};
use crate::catalog::row;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_linkedservers",
    parameters: &[],
    body: Body::Native(linked),
};

pub(super) const HELP: Procedure = Procedure {
    name: "sp_helpserver",
    parameters: &[],
    body: Body::Native(help),
};

fn linked(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("SRV_NAME", NAME),
        col("SRV_PROVIDERNAME", nvarchar(128)),
        col("SRV_PRODUCT", nvarchar(128)),
        col("SRV_DATASOURCE", nvarchar(4000)),
        col("SRV_PROVIDERSTRING", nvarchar(4000)),
        col("SRV_LOCATION", nvarchar(4000)),
        col("SRV_CAT", NAME),
    ];
    let name = call.read(|scope, _| Ok(scope.instance.server_name()))?;
    let mut rows = vec![row![
        name.as_str(),
        "SQLNCLI",
        "SQL Server",
        name.as_str(),
        Value::Null,
        Value::Null,
        Value::Null,
    ]];
    for server in call.context.instance()?.linked_servers.values() {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::str);
        rows.push(row![
            &server.name,
            server.provider.as_str(),
            server.product.as_str(),
            server.data_source.as_str(),
            text(&server.provider_string),
            text(&server.location),
            text(&server.catalog),
        ]);
    }
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn help(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("name", NAME),
        req("network_name", NAME),
        req("status", varchar(150)),
        req("id", varchar(4)),
        col("collation_name", NAME),
        req("connect_timeout", crate::catalog::column::INT),
        req("query_timeout", crate::catalog::column::INT),
    ];
    let name = call.read(|scope, _| Ok(scope.instance.server_name()))?;
    let status = "rpc,rpc out,use remote collation";
    let mut rows = vec![row![
        name.as_str(),
        name.as_str(),
        status,
        "0   ",
        Value::Null,
        0,
        0
    ]];
    for server in call.context.instance()?.linked_servers.values() {
        let options = &server.options;
        let words = [
            ("rpc", options.rpc),
            ("rpc out", options.rpc_out),
            ("data access", options.data_access),
            ("use remote collation", options.use_remote_collation),
            ("collation compatible", options.collation_compatible),
        ];
        let status = words.iter().filter(|(_, on)| *on).map(|(word, _)| *word);
        let status = status.collect::<Vec<_>>().join(",");
        let collation = options.collation_name.as_deref();
        rows.push(row![
            &server.name,
            server.data_source.as_str(),
            status.as_str(),
            format!("{:<4}", server.id).as_str(),
            collation.map_or(Value::Null, Value::str),
            options.connect_timeout,
            options.query_timeout,
        ]);
    }
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}
