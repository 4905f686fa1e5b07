//! `sys.schemas`.

use milink_core::value::Row;

use crate::catalog::column::{INT, NAME, ViewColumn, col, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("schemas", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("name", NAME),
    req("schema_id", INT),
    col("principal_id", INT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let mut schemas: Vec<_> = content.schemas.iter().collect();
    schemas.sort_by_key(|(_, schema)| schema.id);
    let row = |(name, schema): (&milink_core::names::Name, &milink_core::store::Schema)| {
        row![name, schema.id, schema.owner]
    };
    schemas.into_iter().map(row).collect()
}
