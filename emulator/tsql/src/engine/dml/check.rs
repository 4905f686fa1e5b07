//! What changes have to satisfy between tables: foreign keys both ways, and unique keys of local tables.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::refusal::{DuplicateKind, WriteRefusal};
use milink_core::store::{Content, ForeignKey, Op, Table};
use milink_core::value::{Row, Value};

use super::target::TargetPlan;
use crate::engine::bound::Place;
use crate::engine::stop::Stop;
use crate::statement::refusal::sql_error;
use crate::types::{ExprType, compare};

/// Checks the operations on a target, and adds those that cascade.
pub(super) fn check(
    plan: &TargetPlan,
    content: &Content,
    ops: &mut Vec<Op>,
    statement: &str,
) -> Result<(), Stop> {
    let own = plan.table.definition();
    let referenced = content.tables.values().any(|table| {
        let mut keys = table.definition.foreign_keys.iter();
        keys.any(|key| key.references == own.object)
    });
    let is_local = !matches!(plan.table.place, Place::Database(_));
    if own.foreign_keys.is_empty() && !referenced && !is_local {
        return Ok(());
    }
    let mut after = content.clone();
    for op in ops.iter() {
        if is_local {
            check_unique(plan, &after, op)?;
        }
        after.apply(op);
    }
    for op in ops.iter() {
        let (Op::Insert { row, .. } | Op::Update { after: row, .. }) = op else {
            continue;
        };
        for key in own.foreign_keys.iter().filter(|_| plan.checks_parents) {
            check_parent(plan, &after, key, row, statement)?;
        }
    }
    if referenced {
        let mut at = 0;
        while at < ops.len() {
            let cascaded = check_children(plan, &after, &ops[at], statement)?;
            cascaded.iter().for_each(|op| after.apply(op));
            ops.extend(cascaded);
            at += 1;
        }
    }
    Ok(())
}

/// The unique keys of `#t` and `@t`, which the store does not check for us.
fn check_unique(plan: &TargetPlan, content: &Content, op: &Op) -> Result<(), Stop> {
    let (id, row, replacing) = match op {
        Op::Insert { table, row, .. } => (table, row, None),
        Op::Update {
            table, id, after, ..
        } => (table, after, Some(*id)),
        _ => return Ok(()),
    };
    let Some(violated) = content
        .tables
        .get(id)
        .and_then(|table| table.violated_key(row, replacing))
    else {
        return Ok(());
    };
    let key = &plan.table.definition().keys[violated.key];
    let refusal = WriteRefusal::DuplicateKey {
        constraint: key.name.to_string(),
        table: format!("dbo.{}", plan.table.definition().name),
        kind: match (key.primary, key.constraint) {
            (true, _) => DuplicateKind::PrimaryKey,
            (false, true) => DuplicateKind::UniqueConstraint,
            (false, false) => DuplicateKind::UniqueIndex,
        },
        values: violated.values,
    };
    Err(sql_error(&refusal.into()).into())
}

fn check_parent(
    plan: &TargetPlan,
    after: &Content,
    key: &ForeignKey,
    row: &Row,
    statement: &str,
) -> Result<(), Stop> {
    let values: Vec<&Value> = key.columns.iter().map(|at| &row[*at]).collect();
    if values.iter().any(|value| value.is_null()) {
        return Ok(());
    }
    let Some(parent) = after.tables.get(&key.references) else {
        return Ok(());
    };
    if find(parent, &key.referenced, &values).is_some() {
        return Ok(());
    }
    let own = plan.table.definition();
    let name = format!("{}.{}", parent.definition.schema, parent.definition.name);
    let column = match key.referenced.as_slice() {
        [one] => Some(parent.definition.columns[*one].name.to_string()),
        _ => None,
    };
    let kind = if key.references == own.object {
        "FOREIGN KEY SAME TABLE"
    } else {
        "FOREIGN KEY"
    };
    Err(plan
        .conflict(
            statement,
            kind,
            key.name.as_str(),
            Some(&name),
            column.as_deref(),
        )
        .into())
}

/// Rows that refer to what an operation takes away: refused, or deleted with it.
fn check_children(
    plan: &TargetPlan,
    after: &Content,
    op: &Op,
    statement: &str,
) -> Result<Vec<Op>, Stop> {
    let (table, before, is_delete) = match op {
        Op::Delete { table, before, .. } => (*table, before, true),
        Op::Update { table, before, .. } => (*table, before, false),
        _ => return Ok(Vec::new()),
    };
    let Some(parent) = after.tables.get(&table) else {
        return Ok(Vec::new());
    };
    let mut cascaded = Vec::new();
    for child in after.tables.values() {
        for key in &child.definition.foreign_keys {
            if key.references != table {
                continue;
            }
            let values: Vec<&Value> = key.referenced.iter().map(|at| &before[*at]).collect();
            if values.iter().any(|value| value.is_null())
                || find(parent, &key.referenced, &values).is_some()
            {
                continue;
            }
            for (id, row) in child.scan() {
                if !matches(child, &key.columns, row, &values) {
                    continue;
                }
                if is_delete && key.cascade_delete {
                    cascaded.push(Op::Delete {
                        table: child.definition.object,
                        id,
                        before: Arc::clone(row),
                    });
                    continue;
                }
                let name = format!("{}.{}", child.definition.schema, child.definition.name);
                let column = match key.columns.as_slice() {
                    [one] => Some(child.definition.columns[*one].name.to_string()),
                    _ => None,
                };
                let kind = if child.definition.object == table {
                    "SAME TABLE REFERENCE"
                } else {
                    "REFERENCE"
                };
                return Err(plan
                    .conflict(
                        statement,
                        kind,
                        key.name.as_str(),
                        Some(&name),
                        column.as_deref(),
                    )
                    .into());
            }
        }
    }
    Ok(cascaded)
}

/// A row with these values in these columns.
fn find<'t>(table: &'t Table, columns: &[usize], values: &[&Value]) -> Option<&'t Row> {
    let key = table.definition.keys.iter().position(|key| {
        key.columns.len() == columns.len()
            && key
                .columns
                .iter()
                .zip(columns)
                .all(|(part, at)| part.0 == *at)
    });
    match key {
        Some(key) => {
            let values: Vec<Value> = values.iter().map(|value| (*value).clone()).collect();
            table.seek(key, &values).map(|(_, row)| row)
        }
        None => table
            .scan()
            .map(|(_, row)| row)
            .find(|row| matches(table, columns, row, values)),
    }
}

fn matches(table: &Table, columns: &[usize], row: &Row, values: &[&Value]) -> bool {
    columns.iter().zip(values).all(|(at, value)| {
        let column = &table.definition.columns[*at];
        let ty = ExprType::column(
            column.sql_type,
            true,
            column.collation.unwrap_or(Collation::DEFAULT),
        );
        !row[*at].is_null() && compare(&row[*at], value, &ty).is_eq()
    })
}
