//! CREATE INDEX and DROP INDEX.

use std::collections::BTreeSet;
use std::sync::Arc;

use milink_core::store::{Op, Table, TableDefinition};
use milink_core::value::Value;

use super::definition::Builder;
use crate::ast::{AlterIndexAction, AlterIndexStatement, CreateIndexStatement, DropIndexStatement};
use crate::engine::bind::TableRef;
use crate::engine::dml::{Outcome, Work};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::types::{ExprType, to_display};

/// CREATE INDEX.
pub(crate) fn create_index(
    work: &mut Work<'_>,
    create: &CreateIndexStatement,
) -> Result<Outcome, Stop> {
    if create.columnstore {
        return Err(SqlError::unsupported("columnstore indexes").into());
    }
    if create.filter.is_some() {
        return Err(SqlError::unsupported("filtered indexes").into());
    }
    let table = work.binder().user_table(&create.table).map_err(|error| {
        match error.number {
            208 => SqlError::new(
                1088,
                16,
                format!("Cannot find the object \"{}\" because it does not exist or you do not have permissions.", create.table),
            ),
            _ => error,
        }
    })?;
    let mut binder = work.binder();
    let mut builder = Builder {
        definition: (**table.definition()).clone(),
        text: work.text,
        content: work.content(table.place),
        objects: 0,
        declared_null: Vec::new(),
        binder: &mut binder,
    };
    let columns = builder.key_columns(&create.columns, None)?;
    let included = create
        .include
        .iter()
        .map(|column| builder.position(column))
        .collect::<Result<Vec<_>, _>>()?;
    let clustered = create.clustered.unwrap_or(false);
    builder.add_index(&create.name, create.unique, clustered, columns, included)?;
    let mut definition = builder.definition;
    drop(binder);
    definition.modified = work.now;
    if create.unique {
        check_unique(&table.table, &definition, definition.keys.len() - 1)?;
    }
    Ok(altered(&table, definition))
}

/// ALTER INDEX: there is nothing to rebuild or to reorganize, so that only the names have to be right.
pub(crate) fn alter_index(
    work: &mut Work<'_>,
    alter: &AlterIndexStatement,
) -> Result<Outcome, Stop> {
    match alter.action {
        AlterIndexAction::Rebuild | AlterIndexAction::Reorganize => {}
        AlterIndexAction::Disable => {
            return Err(SqlError::unsupported("ALTER INDEX … DISABLE").into());
        }
        AlterIndexAction::Set => return Err(SqlError::unsupported("ALTER INDEX … SET").into()),
    }
    let table = work.binder().user_table(&alter.table).map_err(|error| {
        match error.number {
            208 => SqlError::new(
                1088,
                16,
                format!("Cannot find the object \"{}\" because it does not exist or you do not have permissions.", alter.table),
            ),
            _ => error,
        }
    })?;
    let definition = table.definition();
    if let Some(index) = &alter.index {
        let known = definition.keys.iter().any(|key| key.name.is(&index.value))
            || definition
                .indexes
                .iter()
                .any(|known| known.name.is(&index.value));
        if !known {
            return Err(
                SqlError::new(2727, 11, format!("Cannot find index '{}'.", index.value)).into(),
            );
        }
    }
    Ok(Outcome::default())
}

/// DROP INDEX.
pub(crate) fn drop_index(work: &mut Work<'_>, drop: &DropIndexStatement) -> Result<Outcome, Stop> {
    let mut outcome = Outcome::default();
    for (index, name) in &drop.items {
        let missing = || {
            SqlError::new(
                3701,
                11,
                format!("Cannot drop the index '{name}.{}', because it does not exist or you do not have permission.", index.value),
            )
            .with_state(7)
        };
        let table = match work.binder().user_table(name) {
            Ok(table) => table,
            Err(error) if error.number == 208 && drop.if_exists => continue,
            Err(error) if error.number == 208 => return Err(missing().into()),
            Err(error) => return Err(error.into()),
        };
        let mut definition = (**table.definition()).clone();
        definition.modified = work.now;
        if let Some(at) = definition
            .indexes
            .iter()
            .position(|known| known.name.is(&index.value))
        {
            definition.indexes.remove(at);
        } else if let Some(at) = definition
            .keys
            .iter()
            .position(|known| known.name.is(&index.value))
        {
            if definition.keys[at].constraint {
                return Err(SqlError::new(
                    3723,
                    16,
                    format!(
                        "An explicit DROP INDEX is not allowed on index '{name}.{}'. It is being used for {} constraint enforcement.",
                        index.value,
                        if definition.keys[at].primary { "PRIMARY KEY" } else { "UNIQUE KEY" }
                    ),
                )
                .into());
            }
            definition.keys.remove(at);
        } else if drop.if_exists {
            continue;
        } else {
            return Err(missing().into());
        }
        let altered = altered(&table, definition);
        for (database, ops) in altered.changes.database {
            outcome
                .changes
                .database
                .entry(database)
                .or_default()
                .extend(ops);
        }
        outcome.changes.temporary.extend(altered.changes.temporary);
    }
    Ok(outcome)
}

/// A changed definition of a table whose rows stay as they are.
pub(super) fn altered(table: &TableRef, definition: TableDefinition) -> Outcome {
    let mut outcome = Outcome::default();
    let op = Op::AlterTable {
        definition: Arc::new(definition),
        rows: None,
    };
    outcome.changes.add(table.place, [op]);
    outcome
}

/// 1505: rows that a new key would not tell apart.
pub(super) fn check_unique(
    table: &Table,
    definition: &TableDefinition,
    key: usize,
) -> Result<(), SqlError> {
    let rows: Vec<_> = table.scan().map(|(_, row)| Arc::clone(row)).collect();
    check_unique_rows(&rows, definition, key)
}

pub(super) fn check_unique_rows(
    rows: &[milink_core::value::Row],
    definition: &TableDefinition,
    key: usize,
) -> Result<(), SqlError> {
    let shape = Table::new(Arc::new(definition.clone()));
    let mut seen = BTreeSet::new();
    for row in rows {
        if seen.insert(shape.key_of(key, row)) {
            continue;
        }
        let key = &definition.keys[key];
        let values: Vec<String> = key
            .columns
            .iter()
            .map(|part| match &row[part.0] {
                Value::Null => "<NULL>".to_owned(),
                value => to_display(value, &ExprType::new(definition.columns[part.0].sql_type)),
            })
            .collect();
        return Err(SqlError::new(
            1505,
            16,
            format!(
                "The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '{}.{}' and the index name '{}'. The duplicate key value is ({}).",
                definition.schema,
                definition.name,
                key.name,
                values.join(", ")
            ),
        ));
    }
    Ok(())
}
