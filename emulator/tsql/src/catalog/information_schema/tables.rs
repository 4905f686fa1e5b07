//! `TABLES`, `VIEWS`, `SCHEMATA`, `ROUTINES` and `PARAMETERS`.

use milink_core::value::{Row, Value};

use super::{TABLE, view};
use crate::catalog::column::{
    DATETIME, INT, NAME, SMALLINT, ViewColumn, col, join, nvarchar, req, varchar,
};
use crate::catalog::{Scope, View, row};

pub(super) const TABLES: View = view(
    "TABLES",
    &join::<3, 1, 4>(TABLE, [col("TABLE_TYPE", varchar(10))]),
    |scope| {
        let content = scope.content();
        let database = &scope.database.name;
        let row = |table: &milink_core::store::TableDefinition| {
            row![database, &table.schema, &table.name, "BASE TABLE"]
        };
        content
            .tables
            .values()
            .map(|table| row(&table.definition))
            .collect()
    },
);

pub(super) const VIEWS: View = view(
    "VIEWS",
    &join::<3, 3, 6>(
        TABLE,
        [
            col("VIEW_DEFINITION", nvarchar(4000)),
            col("CHECK_OPTION", varchar(7)),
            req("IS_UPDATABLE", varchar(2)),
        ],
    ),
    |_| Vec::new(),
);

pub(super) const SCHEMATA: View = view(
    "SCHEMATA",
    &[
        col("CATALOG_NAME", NAME),
        req("SCHEMA_NAME", NAME),
        col("SCHEMA_OWNER", NAME),
        col("DEFAULT_CHARACTER_SET_CATALOG", varchar(6)),
        col("DEFAULT_CHARACTER_SET_SCHEMA", varchar(3)),
        col("DEFAULT_CHARACTER_SET_NAME", NAME),
    ],
    schemata,
);

pub(super) const ROUTINES: View = view("ROUTINES", ROUTINE_COLUMNS, |_| Vec::new());

const ROUTINE_COLUMNS: &[ViewColumn] = &[
    col("SPECIFIC_CATALOG", NAME),
    col("SPECIFIC_SCHEMA", NAME),
    req("SPECIFIC_NAME", NAME),
    col("ROUTINE_CATALOG", NAME),
    col("ROUTINE_SCHEMA", NAME),
    req("ROUTINE_NAME", NAME),
    col("ROUTINE_TYPE", nvarchar(20)),
    col("DATA_TYPE", NAME),
    col("CHARACTER_MAXIMUM_LENGTH", INT),
    col("ROUTINE_BODY", nvarchar(30)),
    col("ROUTINE_DEFINITION", nvarchar(4000)),
    col("CREATED", DATETIME),
    col("LAST_ALTERED", DATETIME),
];

pub(super) const PARAMETERS: View = view(
    "PARAMETERS",
    &[
        col("SPECIFIC_CATALOG", NAME),
        col("SPECIFIC_SCHEMA", NAME),
        req("SPECIFIC_NAME", NAME),
        req("ORDINAL_POSITION", INT),
        col("PARAMETER_MODE", nvarchar(10)),
        col("IS_RESULT", nvarchar(10)),
        col("PARAMETER_NAME", NAME),
        col("DATA_TYPE", NAME),
        col("CHARACTER_MAXIMUM_LENGTH", INT),
        col("NUMERIC_PRECISION", SMALLINT),
        col("NUMERIC_SCALE", INT),
    ],
    |_| Vec::new(),
);

fn schemata(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut schemas: Vec<_> = content.schemas.iter().collect();
    schemas.sort_by_key(|(_, schema)| schema.id);
    schemas
        .into_iter()
        .map(|(name, schema)| {
            let owner = content.users.get(&schema.owner);
            row![
                &scope.database.name,
                name,
                owner.map(|owner| &owner.name),
                Value::Null,
                Value::Null,
                "iso_1",
            ]
        })
        .collect()
}
