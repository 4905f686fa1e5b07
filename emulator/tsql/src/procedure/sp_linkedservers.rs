//! `sp_linkedservers` and `sp_helpserver`: the server itself; there are no others.

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
    let row = row![
        name.as_str(),
        "SQLNCLI",
        "SQL Server",
        name.as_str(),
        Value::Null,
        Value::Null,
        Value::Null,
    ];
    result_set::send(call.context, COLUMNS, vec![row]);
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
    let row = row![
        name.as_str(),
        name.as_str(),
        status,
        "0   ",
        Value::Null,
        0,
        0
    ];
    result_set::send(call.context, COLUMNS, vec![row]);
    Ok(0)
}
