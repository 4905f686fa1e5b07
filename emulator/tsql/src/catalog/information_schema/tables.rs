//! `TABLES`, `VIEWS` and `SCHEMATA`.

use milink_core::store::{Module, ModuleKind};
use milink_core::value::{Row, Value};

use super::{TABLE, modules, shortened, view};
use crate::catalog::column::{NAME, col, join, nvarchar, req, varchar};
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
        let tables = content.tables.values();
        let tables = tables.map(|table| row(&table.definition));
        let views = modules(&content, ModuleKind::View);
        let views = views.map(|view| row![database, &view.schema, &view.name, "VIEW"]);
        tables.chain(views).collect()
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
    |scope| {
        let content = scope.content();
        let row = |view: &Module| {
            row![
                &scope.database.name,
                &view.schema,
                &view.name,
                shortened(&view.text),
                "NONE",
                "NO",
            ]
        };
        modules(&content, ModuleKind::View).map(row).collect()
    },
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
