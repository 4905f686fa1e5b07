//! `sys.types`.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::type_facts::{ALL_TYPES, SYSNAME_ID, type_facts};
use crate::catalog::column::{BIT, INT, NAME, SMALLINT, TINYINT, ViewColumn, col, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("types", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    req("system_type_id", TINYINT),
    req("user_type_id", INT),
    req("schema_id", INT),
    col("principal_id", INT),
    req("max_length", SMALLINT),
    req("precision", TINYINT),
    req("scale", TINYINT),
    col("collation_name", NAME),
    col("is_nullable", BIT),
    req("is_user_defined", BIT),
    req("is_assembly_type", BIT),
    req("default_object_id", INT),
    req("rule_object_id", INT),
    req("is_table_type", BIT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let collation = scope.database.collation;
    let row = |name: &str, sql: SqlType, user_type: i32, nullable: bool| {
        let facts = type_facts(sql);
        row![
            name,
            facts.id,
            user_type,
            4,
            Value::Null,
            facts.max_length,
            facts.precision,
            facts.scale,
            sql.is_character().then_some(collation),
            nullable,
            false,
            false,
            0,
            0,
            false,
        ]
    };
    let types = ALL_TYPES.into_iter().map(|sql| {
        let nullable = sql != SqlType::RowVersion;
        row(sql.name(), sql, type_facts(sql).id.into(), nullable)
    });
    let sysname = row("sysname", SqlType::SYSNAME, SYSNAME_ID, false);
    types.chain([sysname]).collect()
}
