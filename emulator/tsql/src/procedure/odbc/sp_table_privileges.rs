//! `sp_table_privileges` and `sp_column_privileges`: what the owner may do, as nothing else is granted
//! (`SQLTablePrivileges`, `SQLColumnPrivileges`).

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Procedure, TABLE, Wanted, name, table};
use crate::catalog::column::{NAME, ViewColumn, join, req, varchar};
use crate::catalog::row;
use crate::error::SqlError;
use crate::procedure::{Body, Call, Parameter, defaulting, optional, required, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_table_privileges",
    parameters: PARAMETERS,
    body: Body::Native(of_tables),
};

pub(super) const OF_COLUMNS: Procedure = Procedure {
    name: "sp_column_privileges",
    parameters: &[
        required("@table_name", SqlType::SYSNAME),
        optional("@table_owner", SqlType::SYSNAME),
        optional("@table_qualifier", SqlType::SYSNAME),
        name("@column_name"),
    ],
    body: Body::Native(of_columns),
};

const PARAMETERS: &[Parameter] = &[
    name("@table_name"),
    name("@table_owner"),
    optional("@table_qualifier", SqlType::SYSNAME),
    defaulting("@fUsePattern", SqlType::Bit, Value::Bit(true)),
];

const PRIVILEGE: [ViewColumn; 4] = [
    req("GRANTOR", NAME),
    req("GRANTEE", NAME),
    req("PRIVILEGE", varchar(32)),
    req("IS_GRANTABLE", varchar(3)),
];
const COLUMNS: &[ViewColumn] = &join::<3, 4, 7>(TABLE, PRIVILEGE);
const OF_COLUMN: [ViewColumn; 4] = join::<3, 1, 4>(TABLE, [req("COLUMN_NAME", NAME)]);
const COLUMN_COLUMNS: &[ViewColumn] = &join::<4, 4, 8>(OF_COLUMN, PRIVILEGE);

fn of_tables(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(|scope, call| {
        super::check_qualifier(scope, call.text(2))?;
        let patterns = call.number(3) != Some(0);
        let names = Wanted::of(call.text(0), patterns)?;
        let owners = Wanted::of(call.text(1), patterns)?;
        let database = &scope.database.name;
        let content = scope.content();
        let mut rows = Vec::new();
        for table in content.tables.values() {
            let (schema, name) = (&table.definition.schema, &table.definition.name);
            if !names.has(name.as_str()) || !owners.has(schema.as_str()) {
                continue;
            }
            for privilege in ["DELETE", "INSERT", "REFERENCES", "SELECT", "UPDATE"] {
                rows.push(row![database, schema, name, "dbo", "dbo", privilege, "YES"]);
            }
        }
        Ok(rows)
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn of_columns(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows: Vec<Row> = call.read(|scope, call| {
        super::check_qualifier(scope, call.text(2))?;
        let names = Wanted::of(call.text(3), true)?;
        let Some(table) = table(&scope.content(), call.text(0), call.text(1)) else {
            return Ok(Vec::new());
        };
        let definition = &table.definition;
        let columns = definition
            .columns
            .iter()
            .filter(|column| names.has(column.name.as_str()));
        let rows = columns.flat_map(|column| {
            ["INSERT", "REFERENCES", "SELECT", "UPDATE"].map(|privilege| {
                row![
                    &scope.database.name,
                    &definition.schema,
                    &definition.name,
                    &column.name,
                    "dbo",
                    "dbo",
                    privilege,
                    "YES",
                ]
            })
        });
        Ok(rows.collect())
    })?;
    result_set::send(call.context, COLUMN_COLUMNS, rows);
    Ok(0)
}
