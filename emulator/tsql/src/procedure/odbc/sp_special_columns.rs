//! `sp_special_columns`: the columns that identify a row, or that change whenever it does (`SQLSpecialColumns`).

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::odbc_type::{odbc_type, type_name};
use super::{Procedure, table};
use crate::catalog::column::{INT, NAME, SMALLINT, ViewColumn, col, req};
use crate::catalog::{Scope, row};
use crate::error::SqlError;
use crate::procedure::{Body, Call, Parameter, defaulting, optional, required, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_special_columns",
    parameters: PARAMETERS,
    body: Body::Native(run),
};

pub(super) const PROCEDURE_100: Procedure = Procedure {
    name: "sp_special_columns_100",
    ..PROCEDURE
};

const PARAMETERS: &[Parameter] = &[
    required("@table_name", SqlType::SYSNAME),
    optional("@table_owner", SqlType::SYSNAME),
    optional("@table_qualifier", SqlType::SYSNAME),
    optional("@col_type", SqlType::Char(1)),
    optional("@scope", SqlType::Char(1)),
    optional("@nullable", SqlType::Char(1)),
    defaulting("@ODBCVer", SqlType::Int, Value::Int(2)),
];

const COLUMNS: &[ViewColumn] = &[
    col("SCOPE", SMALLINT),
    req("COLUMN_NAME", NAME),
    req("DATA_TYPE", SMALLINT),
    req("TYPE_NAME", NAME),
    col("PRECISION", INT),
    col("LENGTH", INT),
    col("SCALE", SMALLINT),
    col("PSEUDO_COLUMN", SMALLINT),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let rows = call.read(rows)?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn rows(scope: &Scope<'_>, call: &Call<'_, '_>) -> Result<Vec<Row>, SqlError> {
    super::check_qualifier(scope, call.text(2))?;
    let Some(table) = table(&scope.content(), call.text(0), call.text(1)) else {
        return Ok(Vec::new());
    };
    let definition = &table.definition;
    let changing = call
        .text(3)
        .is_some_and(|word| word.eq_ignore_ascii_case("V"));
    let not_null = call
        .text(5)
        .is_some_and(|word| word.eq_ignore_ascii_case("O"));
    let columns: Vec<usize> = if changing {
        let columns = definition.columns.iter().enumerate();
        columns
            .filter(|(_, column)| column.sql_type == SqlType::RowVersion)
            .map(|(at, _)| at)
            .collect()
    } else {
        // The primary key, else a unique key, whose columns take NULL only if the caller does.
        let usable = |key: &&milink_core::store::Key| {
            let mut columns = key
                .columns
                .iter()
                .filter_map(|c| definition.columns.get(c.0));
            !not_null || columns.all(|column| !column.nullable)
        };
        let keys = &definition.keys;
        let primary = keys.iter().find(|key| key.primary);
        let key = primary.or_else(|| keys.iter().find(usable));
        key.map_or_else(Vec::new, |key| {
            key.columns.iter().map(|column| column.0).collect()
        })
    };
    let odbc3 = call.number(6) >= Some(3);
    let columns = columns
        .into_iter()
        .filter_map(|at| definition.columns.get(at));
    Ok(columns
        .map(|column| {
            let ty = odbc_type(column.sql_type, odbc3);
            row![
                (!changing).then_some(0),
                &column.name,
                ty.code,
                type_name(column.sql_type, column.identity.is_some()),
                ty.precision,
                ty.length,
                ty.scale,
                1,
            ]
        })
        .collect())
}
