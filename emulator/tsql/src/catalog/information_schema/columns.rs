//! `INFORMATION_SCHEMA.COLUMNS`.

use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::store::{Column, ModuleKind};
use milink_core::value::{Row, Value};

use super::{TABLE, modules, shortened, view};
use crate::catalog::column::{
    INT, NAME, SMALLINT, TINYINT, ViewColumn, col, join, nvarchar, varchar,
};
use crate::catalog::objects::{columns_of, type_facts};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = view("COLUMNS", &join::<3, 20, 23>(TABLE, COLUMNS), rows);

const COLUMNS: [ViewColumn; 20] = [
    col("COLUMN_NAME", NAME),
    col("ORDINAL_POSITION", INT),
    col("COLUMN_DEFAULT", nvarchar(4000)),
    col("IS_NULLABLE", varchar(3)),
    col("DATA_TYPE", NAME),
    col("CHARACTER_MAXIMUM_LENGTH", INT),
    col("CHARACTER_OCTET_LENGTH", INT),
    col("NUMERIC_PRECISION", TINYINT),
    col("NUMERIC_PRECISION_RADIX", SMALLINT),
    col("NUMERIC_SCALE", INT),
    col("DATETIME_PRECISION", SMALLINT),
    col("CHARACTER_SET_CATALOG", NAME),
    col("CHARACTER_SET_SCHEMA", NAME),
    col("CHARACTER_SET_NAME", NAME),
    col("COLLATION_CATALOG", NAME),
    col("COLLATION_SCHEMA", NAME),
    col("COLLATION_NAME", NAME),
    col("DOMAIN_CATALOG", NAME),
    col("DOMAIN_SCHEMA", NAME),
    col("DOMAIN_NAME", NAME),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for table in content.tables.values() {
        let definition = &table.definition;
        for (column, position) in definition.columns.iter().zip(1..) {
            let table = (&definition.schema, &definition.name);
            rows.push(make_row(scope, table, column, position));
        }
    }
    for view in modules(&content, ModuleKind::View) {
        for column in columns_of(scope, view) {
            let name = (&view.schema, &view.name);
            rows.push(make_row(scope, name, &column, column.id));
        }
    }
    rows
}

fn make_row(scope: &Scope<'_>, table: (&Name, &Name), column: &Column, position: i32) -> Row {
    let facts = type_facts(column.sql_type);
    let (characters, octets) = lengths(column.sql_type, facts.max_length);
    let numeric = numeric(column.sql_type);
    let character_set = match column.sql_type {
        SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::NText => Some("UNICODE"),
        SqlType::Char(_) | SqlType::VarChar(_) | SqlType::Text => Some("iso_1"),
        _ => None,
    };
    let fraction = match column.sql_type {
        SqlType::Date | SqlType::SmallDateTime => Some(0),
        SqlType::DateTime => Some(3),
        SqlType::Time(scale) | SqlType::DateTime2(scale) | SqlType::DateTimeOffset(scale) => {
            Some(scale)
        }
        _ => None,
    };
    row![
        &scope.database.name,
        table.0,
        table.1,
        &column.name,
        position,
        column.default.as_ref().map(|(_, text)| shortened(text)),
        if column.nullable { "YES" } else { "NO" },
        column.sql_type.name(),
        characters,
        octets,
        numeric.map(|_| facts.precision),
        numeric,
        numeric.filter(|radix| *radix == 10).map(|_| facts.scale),
        fraction,
        Value::Null,
        Value::Null,
        character_set,
        Value::Null,
        Value::Null,
        column.collation,
        Value::Null,
        Value::Null,
        Value::Null,
    ]
}

/// Lengths in characters and bytes; -1 is `(max)`.
pub(super) fn lengths(sql: SqlType, max_length: i16) -> (Option<i32>, Option<i32>) {
    let bytes = i32::from(max_length);
    match sql {
        SqlType::Text | SqlType::Image => (Some(i32::MAX), Some(i32::MAX)),
        SqlType::NText => (Some(i32::MAX / 2), Some(i32::MAX - 1)),
        SqlType::NChar(_) | SqlType::NVarChar(_) if bytes > 0 => (Some(bytes / 2), Some(bytes)),
        SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Binary(_)
        | SqlType::VarBinary(_)
        | SqlType::Xml => (Some(bytes), Some(bytes)),
        SqlType::SqlVariant => (Some(0), Some(0)),
        _ => (None, None),
    }
}

/// The radix of a number type's precision.
pub(super) fn numeric(sql: SqlType) -> Option<i16> {
    match sql {
        SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt
        | SqlType::Decimal { .. }
        | SqlType::Money
        | SqlType::SmallMoney => Some(10),
        SqlType::Real | SqlType::Float => Some(2),
        _ => None,
    }
}
