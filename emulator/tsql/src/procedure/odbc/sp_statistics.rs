//! `sp_statistics`: a table's size and its indexes (`SQLStatistics`).

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Procedure, TABLE, Wanted, table};
use crate::catalog::column::{INT, NAME, SMALLINT, ViewColumn, character, col, join, varchar};
use crate::catalog::objects::{indexes_of, pages};
use crate::catalog::{Scope, row};
use crate::error::SqlError;
use crate::procedure::{Body, Call, Parameter, optional, required, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_statistics",
    parameters: PARAMETERS,
    body: Body::Native(run),
};

pub(super) const PROCEDURE_100: Procedure = Procedure {
    name: "sp_statistics_100",
    ..PROCEDURE
};

const PARAMETERS: &[Parameter] = &[
    required("@table_name", SqlType::SYSNAME),
    optional("@table_owner", SqlType::SYSNAME),
    optional("@table_qualifier", SqlType::SYSNAME),
    optional("@index_name", SqlType::SYSNAME),
    optional("@is_unique", SqlType::Char(1)),
    optional("@accuracy", SqlType::Char(1)),
];

const COLUMNS: &[ViewColumn] = &join::<3, 10, 13>(
    TABLE,
    [
        col("NON_UNIQUE", SMALLINT),
        col("INDEX_QUALIFIER", NAME),
        col("INDEX_NAME", NAME),
        col("TYPE", SMALLINT),
        col("SEQ_IN_INDEX", SMALLINT),
        col("COLUMN_NAME", NAME),
        col("COLLATION", character(1)),
        col("CARDINALITY", INT),
        col("PAGES", INT),
        col("FILTER_CONDITION", varchar(128)),
    ],
);

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
    let wanted = Wanted::of(call.text(3), true)?;
    let only_unique = call
        .text(4)
        .is_some_and(|word| word.eq_ignore_ascii_case("Y"));
    let definition = &table.definition;
    let database = &scope.database.name;
    let size = i32::try_from(table.len()).unwrap_or(i32::MAX);
    let pages = i32::try_from(pages(&table)).unwrap_or(i32::MAX);
    // The first row is about the table itself: type 0.
    let mut rows = vec![row![
        database,
        &definition.schema,
        &definition.name,
        Value::Null,
        Value::Null,
        Value::Null,
        0,
        Value::Null,
        Value::Null,
        Value::Null,
        size,
        pages,
        Value::Null,
    ]];
    for index in indexes_of(definition) {
        let Some(name) = index.name else { continue };
        if !wanted.has(name.as_str()) || only_unique && !index.unique {
            continue;
        }
        for (&(at, descending), number) in index.columns.iter().zip(1..) {
            rows.push(row![
                database,
                &definition.schema,
                &definition.name,
                i32::from(!index.unique),
                &definition.name,
                name,
                // 1 is clustered, 3 any other.
                if index.id == 1 { 1 } else { 3 },
                number,
                definition.columns.get(at).map(|column| &column.name),
                if descending { "D" } else { "A" },
                size,
                pages,
                Value::Null,
            ]);
        }
    }
    Ok(rows)
}
