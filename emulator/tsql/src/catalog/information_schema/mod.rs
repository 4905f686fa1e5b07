//! `INFORMATION_SCHEMA`: the standard's views of tables, columns and constraints.

mod columns;
mod constraints;
mod routines;
mod tables;

use super::column::{NAME, ViewColumn, col, req};
use super::{Scope, View};
use milink_core::store::{Content, Module, ModuleKind};
use milink_core::value::Row;

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    tables::TABLES,
    tables::VIEWS,
    tables::SCHEMATA,
    routines::ROUTINES,
    routines::PARAMETERS,
    columns::VIEW,
    constraints::TABLE_CONSTRAINTS,
    constraints::KEY_COLUMN_USAGE,
    constraints::CONSTRAINT_COLUMN_USAGE,
    constraints::CONSTRAINT_TABLE_USAGE,
    constraints::REFERENTIAL_CONSTRAINTS,
    constraints::CHECK_CONSTRAINTS,
];

/// The three columns that name a table.
const TABLE: [ViewColumn; 3] = [
    col("TABLE_CATALOG", NAME),
    col("TABLE_SCHEMA", NAME),
    req("TABLE_NAME", NAME),
];
/// The three columns that name a constraint.
const CONSTRAINT: [ViewColumn; 3] = [
    col("CONSTRAINT_CATALOG", NAME),
    col("CONSTRAINT_SCHEMA", NAME),
    req("CONSTRAINT_NAME", NAME),
];

const fn view(
    name: &'static str,
    columns: &'static [ViewColumn],
    rows: fn(&Scope<'_>) -> Vec<Row>,
) -> View {
    View::sys(name, columns, rows).in_schema(None, "INFORMATION_SCHEMA")
}

/// The procedures or the views of users.
fn modules(content: &Content, kind: ModuleKind) -> impl Iterator<Item = &Module> {
    let all = content.modules.values().map(|module| &**module);
    all.filter(move |module| module.kind == kind)
}

/// A text as long as these views show it.
fn shortened(text: &str) -> String {
    text.chars().take(4000).collect()
}
