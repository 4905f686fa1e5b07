//! The views of constraints and their columns.

use milink_core::names::Name;
use milink_core::store::TableDefinition;
use milink_core::value::Row;

use super::{CONSTRAINT, TABLE, view};
use crate::catalog::column::{INT, NAME, col, join, nvarchar, req, varchar};
use crate::catalog::{Scope, View, row};

pub(super) const TABLE_CONSTRAINTS: View = view(
    "TABLE_CONSTRAINTS",
    &join::<6, 3, 9>(
        join::<3, 3, 6>(CONSTRAINT, TABLE),
        [
            col("CONSTRAINT_TYPE", varchar(11)),
            req("IS_DEFERRABLE", varchar(2)),
            req("INITIALLY_DEFERRED", varchar(2)),
        ],
    ),
    |scope| {
        per_constraint(scope, |database, table, constraint| {
            vec![row![
                database,
                &table.schema,
                constraint.name,
                database,
                &table.schema,
                &table.name,
                constraint.kind,
                "NO",
                "NO",
            ]]
        })
    },
);

pub(super) const KEY_COLUMN_USAGE: View = view(
    "KEY_COLUMN_USAGE",
    &join::<6, 2, 8>(
        join::<3, 3, 6>(CONSTRAINT, TABLE),
        [col("COLUMN_NAME", NAME), req("ORDINAL_POSITION", INT)],
    ),
    |scope| {
        per_constraint(scope, |database, table, constraint| {
            let columns = constraint.columns.iter().zip(1..);
            columns
                .filter_map(|(at, position)| {
                    Some(row![
                        database,
                        &table.schema,
                        constraint.name,
                        database,
                        &table.schema,
                        &table.name,
                        &table.columns.get(*at)?.name,
                        position,
                    ])
                })
                .collect()
        })
    },
);

pub(super) const CONSTRAINT_COLUMN_USAGE: View = view(
    "CONSTRAINT_COLUMN_USAGE",
    &join::<4, 3, 7>(
        join::<3, 1, 4>(TABLE, [col("COLUMN_NAME", NAME)]),
        CONSTRAINT,
    ),
    |scope| {
        per_constraint(scope, |database, table, constraint| {
            let columns = constraint.columns.iter();
            columns
                .filter_map(|at| {
                    Some(row![
                        database,
                        &table.schema,
                        &table.name,
                        &table.columns.get(*at)?.name,
                        database,
                        &table.schema,
                        constraint.name,
                    ])
                })
                .collect()
        })
    },
);

pub(super) const CONSTRAINT_TABLE_USAGE: View = view(
    "CONSTRAINT_TABLE_USAGE",
    &join::<3, 3, 6>(TABLE, CONSTRAINT),
    |scope| {
        per_constraint(scope, |database, table, constraint| {
            vec![row![
                database,
                &table.schema,
                &table.name,
                database,
                &table.schema,
                constraint.name,
            ]]
        })
    },
);

pub(super) const REFERENTIAL_CONSTRAINTS: View = view(
    "REFERENTIAL_CONSTRAINTS",
    &join::<3, 6, 9>(
        CONSTRAINT,
        [
            col("UNIQUE_CONSTRAINT_CATALOG", NAME),
            col("UNIQUE_CONSTRAINT_SCHEMA", NAME),
            col("UNIQUE_CONSTRAINT_NAME", NAME),
            col("MATCH_OPTION", varchar(7)),
            col("UPDATE_RULE", varchar(11)),
            col("DELETE_RULE", varchar(11)),
        ],
    ),
    referential_constraints,
);

pub(super) const CHECK_CONSTRAINTS: View = view(
    "CHECK_CONSTRAINTS",
    &join::<3, 1, 4>(CONSTRAINT, [col("CHECK_CLAUSE", nvarchar(4000))]),
    |scope| {
        let content = scope.content();
        let mut rows = Vec::new();
        for table in content.tables.values() {
            let table = &table.definition;
            for check in &table.checks {
                let text: String = check.text.chars().take(4000).collect();
                rows.push(row![&scope.database.name, &table.schema, &check.name, text,]);
            }
        }
        rows
    },
);

/// A constraint that the standard knows, with the positions of its columns.
struct Constraint<'a> {
    name: &'a Name,
    kind: &'static str,
    columns: Vec<usize>,
}

fn constraints_of(table: &TableDefinition) -> Vec<Constraint<'_>> {
    let keys = table
        .keys
        .iter()
        .filter(|key| key.constraint)
        .map(|key| Constraint {
            name: &key.name,
            kind: if key.primary { "PRIMARY KEY" } else { "UNIQUE" },
            columns: key.columns.iter().map(|column| column.0).collect(),
        });
    let foreign = table.foreign_keys.iter().map(|key| Constraint {
        name: &key.name,
        kind: "FOREIGN KEY",
        columns: key.columns.clone(),
    });
    let checks = table.checks.iter().map(|check| Constraint {
        name: &check.name,
        kind: "CHECK",
        columns: Vec::new(),
    });
    keys.chain(foreign).chain(checks).collect()
}

fn per_constraint(
    scope: &Scope<'_>,
    rows_of: impl Fn(&Name, &TableDefinition, &Constraint<'_>) -> Vec<Row>,
) -> Vec<Row> {
    let content = scope.content();
    let mut rows = Vec::new();
    for table in content.tables.values() {
        for constraint in constraints_of(&table.definition) {
            rows.extend(rows_of(
                &scope.database.name,
                &table.definition,
                &constraint,
            ));
        }
    }
    rows
}

fn referential_constraints(scope: &Scope<'_>) -> Vec<Row> {
    let content = scope.content();
    let database = &scope.database.name;
    let mut rows = Vec::new();
    for table in content.tables.values() {
        for key in &table.definition.foreign_keys {
            let other = content
                .tables
                .get(&key.references)
                .map(|table| &table.definition);
            let unique = other.and_then(|other| {
                let mut keys = other.keys.iter();
                keys.find(|unique| {
                    let columns = unique.columns.iter().map(|column| column.0);
                    columns.eq(key.referenced.iter().copied())
                })
            });
            rows.push(row![
                database,
                &table.definition.schema,
                &key.name,
                unique.map(|_| database),
                unique.and(other).map(|other| &other.schema),
                unique.map(|unique| &unique.name),
                "SIMPLE",
                "NO ACTION",
                if key.cascade_delete {
                    "CASCADE"
                } else {
                    "NO ACTION"
                },
            ]);
        }
    }
    rows
}
