//! `sp_fkeys`: foreign keys to a table, from a table, or between two (`SQLForeignKeys`).

use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::store::{ForeignKey, TableDefinition};
use milink_core::value::Row;

use super::Procedure;
use crate::catalog::column::{NAME, SMALLINT, ViewColumn, col, req};
use crate::catalog::{Scope, row};
use crate::error::SqlError;
use crate::procedure::{Body, Call, optional, result_set};

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_fkeys",
    parameters: &[
        optional("@pktable_name", SqlType::SYSNAME),
        optional("@pktable_owner", SqlType::SYSNAME),
        optional("@pktable_qualifier", SqlType::SYSNAME),
        optional("@fktable_name", SqlType::SYSNAME),
        optional("@fktable_owner", SqlType::SYSNAME),
        optional("@fktable_qualifier", SqlType::SYSNAME),
    ],
    body: Body::Native(run),
};

const COLUMNS: &[ViewColumn] = &[
    col("PKTABLE_QUALIFIER", NAME),
    col("PKTABLE_OWNER", NAME),
    req("PKTABLE_NAME", NAME),
    req("PKCOLUMN_NAME", NAME),
    col("FKTABLE_QUALIFIER", NAME),
    col("FKTABLE_OWNER", NAME),
    req("FKTABLE_NAME", NAME),
    req("FKCOLUMN_NAME", NAME),
    req("KEY_SEQ", SMALLINT),
    col("UPDATE_RULE", SMALLINT),
    col("DELETE_RULE", SMALLINT),
    col("FK_NAME", NAME),
    col("PK_NAME", NAME),
    col("DEFERRABILITY", SMALLINT),
];

/// NO ACTION, CASCADE and NOT DEFERRABLE as ODBC numbers them.
const NO_ACTION: i32 = 1;
const CASCADE: i32 = 0;
const NOT_DEFERRABLE: i32 = 7;

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    if call.text(0).is_none() && call.text(3).is_none() {
        return Err(SqlError::new(
            15252,
            16,
            "The primary or foreign key table name must be given.",
        ));
    }
    let rows = call.read(|scope, call| {
        super::check_qualifier(scope, call.text(2))?;
        super::check_qualifier(scope, call.text(5))?;
        let is = |argument: Option<&str>, name: &Name| argument.is_none_or(|text| name.is(text));
        let content = scope.content();
        let mut rows = Vec::new();
        for table in content.tables.values() {
            let own = &table.definition;
            if !is(call.text(3), &own.name) || !is(call.text(4), &own.schema) {
                continue;
            }
            for key in &own.foreign_keys {
                let Some(other) = content.tables.get(&key.references) else {
                    continue;
                };
                let other = &other.definition;
                if is(call.text(0), &other.name) && is(call.text(1), &other.schema) {
                    rows.extend(rows_of(scope, own, other, key));
                }
            }
        }
        Ok(rows)
    })?;
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

fn rows_of(
    scope: &Scope<'_>,
    own: &TableDefinition,
    other: &TableDefinition,
    key: &ForeignKey,
) -> Vec<Row> {
    let database = &scope.database.name;
    let unique = other.keys.iter().find(|unique| {
        let columns = unique.columns.iter().map(|column| column.0);
        columns.eq(key.referenced.iter().copied())
    });
    let pairs = key.columns.iter().zip(&key.referenced).zip(1..);
    pairs
        .filter_map(|((from, to), number)| {
            Some(row![
                database,
                &other.schema,
                &other.name,
                &other.columns.get(*to)?.name,
                database,
                &own.schema,
                &own.name,
                &own.columns.get(*from)?.name,
                number,
                NO_ACTION,
                if key.cascade_delete {
                    CASCADE
                } else {
                    NO_ACTION
                },
                &key.name,
                unique.map(|unique| &unique.name),
                NOT_DEFERRABLE,
            ])
        })
        .collect()
}
