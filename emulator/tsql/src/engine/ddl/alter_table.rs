//! ALTER TABLE.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::ids::RowId;
use milink_core::store::{Op, TableDefinition};
use milink_core::value::{Row, Value};

use super::create_index::{altered, check_unique_rows};
use super::definition::Builder;
use crate::ast::{
    AlterColumn, AlterTableAction, AlterTableDrop, AlterTableStatement, DataType, Ident,
    TableElement,
};
use crate::engine::bind::{Scope, ScopeSource, TableRef, Unsized, sql_type};
use crate::engine::dml::{Outcome, Work};
use crate::engine::exec::Env;
use crate::engine::same_name;
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::parser::{ParseOptions, parse_condition, parse_expression};
use crate::types::{ExprType, Target, assign_column};

/// ALTER TABLE.
pub(crate) fn alter_table(
    work: &mut Work<'_>,
    alter: &AlterTableStatement,
) -> Result<Outcome, Stop> {
    let table = work.binder().user_table(&alter.table).map_err(|error| {
        match error.number {
            208 => SqlError::new(
                4902,
                16,
                format!("Cannot find the object \"{}\" because it does not exist or you do not have permissions.", alter.table),
            ),
            _ => error,
        }
    })?;
    match &alter.action {
        AlterTableAction::Add {
            elements,
            with_check,
        } => add(work, &table, elements, *with_check != Some(false)),
        AlterTableAction::AlterColumn { name, change } => match change {
            AlterColumn::Type {
                data_type,
                collation,
                nullable,
            } => alter_column(work, &table, name, data_type, collation.as_ref(), *nullable),
            AlterColumn::Property { name, .. } => {
                Err(SqlError::unsupported(format!("ALTER COLUMN … {name}")).into())
            }
        },
        AlterTableAction::Drop(items) => drop_items(work, &table, items),
        // There is nothing to rebuild.
        AlterTableAction::Rebuild(_) => Ok(Outcome::default()),
        AlterTableAction::Constraint { .. } => {
            Err(SqlError::unsupported("ALTER TABLE … CHECK and NOCHECK CONSTRAINT").into())
        }
        AlterTableAction::Trigger { .. } => Err(SqlError::unsupported("triggers").into()),
        AlterTableAction::Set(_) => Err(SqlError::unsupported("ALTER TABLE … SET").into()),
        AlterTableAction::ChangeTracking { .. } => {
            Err(SqlError::unsupported("change tracking").into())
        }
        AlterTableAction::SwitchTo(_) => Err(SqlError::unsupported("ALTER TABLE … SWITCH").into()),
    }
}

fn add(
    work: &mut Work<'_>,
    table: &TableRef,
    elements: &[TableElement],
    checked: bool,
) -> Result<Outcome, Stop> {
    let old = Arc::clone(table.definition());
    let mut binder = work.binder();
    let mut builder = Builder {
        definition: (*old).clone(),
        text: work.text,
        content: work.content(table.place),
        objects: 0,
        declared_null: old
            .columns
            .iter()
            .filter(|column| column.nullable)
            .map(|column| column.name.clone())
            .collect(),
        binder: &mut binder,
    };
    builder.add(elements)?;
    let mut definition = builder.definition;
    drop(binder);
    definition.modified = work.now;
    let rows = new_rows(work, table, &definition, elements)?;
    let changed = definition.columns.len() > old.columns.len();
    for key in old.keys.len()..definition.keys.len() {
        let only: Vec<Row> = rows.iter().map(|(_, row)| Arc::clone(row)).collect();
        check_unique_rows(&only, &definition, key)?;
    }
    if checked {
        check_rows(work, table, &definition, &rows, old.checks.len())?;
        check_parents(work, table, &definition, &rows, old.foreign_keys.len())?;
    }
    let mut outcome = Outcome::default();
    let last_identity = identity_after(&old, &definition, rows.len());
    let object = definition.object;
    let op = Op::AlterTable {
        definition: Arc::new(definition),
        rows: changed.then(|| rows.into()),
    };
    outcome.changes.add(table.place, [op]);
    if last_identity.is_some() {
        let op = Op::SetIdentity {
            table: object,
            last: last_identity,
        };
        outcome.changes.add(table.place, [op]);
    }
    Ok(outcome)
}

/// The identity value of the last row, if the column is new.
fn identity_after(old: &TableDefinition, new: &TableDefinition, rows: usize) -> Option<i64> {
    let had = old.columns.iter().any(|column| column.identity.is_some());
    let identity = new.columns.iter().find_map(|column| column.identity)?;
    let steps = i64::try_from(rows)
        .ok()?
        .checked_sub(1)
        .filter(|steps| *steps >= 0)?;
    (!had).then_some(identity.seed + identity.increment * steps)
}

/// The old rows in the new shape.
fn new_rows(
    work: &mut Work<'_>,
    table: &TableRef,
    definition: &TableDefinition,
    elements: &[TableElement],
) -> Result<Vec<(RowId, Row)>, Stop> {
    let old = table.definition();
    let old_rows: Vec<(RowId, Row)> = table
        .table
        .scan()
        .map(|(id, row)| (id, Arc::clone(row)))
        .collect();
    let added = &definition.columns[old.columns.len()..];
    if added.is_empty() {
        return Ok(old_rows);
    }
    let with_values = |name: &str| {
        elements.iter().any(|element| {
            matches!(element, TableElement::Column(column)
                if same_name(&column.name.value, name)
                    && column.default.as_ref().is_some_and(|default| default.with_values))
        })
    };
    let mut fillers = Vec::with_capacity(added.len());
    for column in added {
        let fills = !column.nullable || with_values(column.name.as_str());
        let text = column.computed.as_ref().or(column
            .default
            .as_ref()
            .filter(|_| fills)
            .map(|(_, text)| text));
        if text.is_none() && !column.nullable && column.identity.is_none() && !old_rows.is_empty() {
            return Err(SqlError::new(
                4901,
                16,
                format!("ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified, or the column being added is an identity or timestamp column, or alternatively if none of the previous conditions are satisfied the table must be empty to allow addition of this column. Column '{}' cannot be added to non-empty table '{}' because it does not satisfy these conditions.", column.name, definition.name),
            )
            .into());
        }
        fillers.push(match text {
            None => None,
            Some(text) => {
                let expr = parse_expression(text, ParseOptions::default())
                    .map_err(|error| SqlError::new(error.number, error.severity, error.message))?;
                let source = [ScopeSource::aliased(
                    old.name.as_str(),
                    table.scope_columns(),
                )];
                Some(work.binder().expr(&expr, &Scope::rows(&source, None))?)
            }
        });
    }
    let full_name = table.full_name();
    let mut runtime = work.runtime();
    let mut rows = Vec::with_capacity(old_rows.len());
    for (nth, (id, row)) in old_rows.into_iter().enumerate() {
        let mut values = row.to_vec();
        for (column, filler) in added.iter().zip(&fillers) {
            values.push(match (filler, column.identity) {
                (Some(expr), _) => {
                    let value = runtime.eval(expr, &Env::of(&row, None))?;
                    let to = ExprType::new(column.sql_type);
                    let target = Target {
                        table: &full_name,
                        column: column.name.as_str(),
                    };
                    assign_column(&value, &expr.ty, &to, target, &runtime.functions.dates)?
                }
                (None, Some(identity)) => {
                    Value::Int(identity.seed + identity.increment * nth as i64)
                }
                (None, None) => Value::Null,
            });
        }
        rows.push((id, values.into()));
    }
    Ok(rows)
}

fn check_rows(
    work: &mut Work<'_>,
    table: &TableRef,
    definition: &TableDefinition,
    rows: &[(RowId, Row)],
    first: usize,
) -> Result<(), Stop> {
    let new_table = TableRef {
        table: Arc::new(milink_core::store::Table::new(Arc::new(definition.clone()))),
        ..table.clone()
    };
    for check in &definition.checks[first..] {
        let condition = parse_condition(&check.text, ParseOptions::default())
            .map_err(|error| SqlError::new(error.number, error.severity, error.message))?;
        let source = [ScopeSource::aliased(
            definition.name.as_str(),
            new_table.scope_columns(),
        )];
        let predicate = work
            .binder()
            .predicate(&condition, &Scope::rows(&source, None))?;
        let mut runtime = work.runtime();
        for (_, row) in rows {
            if runtime.test(&predicate, &Env::of(row, None))? == Some(false) {
                return Err(conflict(table, definition, "CHECK", check.name.as_str()).into());
            }
        }
    }
    Ok(())
}

fn check_parents(
    work: &Work<'_>,
    table: &TableRef,
    definition: &TableDefinition,
    rows: &[(RowId, Row)],
    first: usize,
) -> Result<(), SqlError> {
    let content = work.content(table.place);
    for key in &definition.foreign_keys[first..] {
        let Some(parent) = content.tables.get(&key.references) else {
            continue;
        };
        for (_, row) in rows {
            let values: Vec<&Value> = key.columns.iter().map(|at| &row[*at]).collect();
            let has_parent = values.iter().any(|value| value.is_null())
                || parent.scan().any(|(_, other)| {
                    key.referenced.iter().zip(&values).all(|(at, value)| {
                        let column = &parent.definition.columns[*at];
                        let ty = ExprType::column(
                            column.sql_type,
                            true,
                            column.collation.unwrap_or(Collation::DEFAULT),
                        );
                        crate::types::compare(&other[*at], value, &ty).is_eq()
                    })
                });
            if !has_parent {
                return Err(conflict(
                    table,
                    &parent.definition,
                    "FOREIGN KEY",
                    key.name.as_str(),
                ));
            }
        }
    }
    Ok(())
}

/// 547.
fn conflict(
    table: &TableRef,
    definition: &TableDefinition,
    kind: &str,
    constraint: &str,
) -> SqlError {
    SqlError::new(
        547,
        16,
        format!(
            "The ALTER TABLE statement conflicted with the {kind} constraint \"{constraint}\". The conflict occurred in database \"{}\", table \"{}.{}\".",
            table.database, definition.schema, definition.name
        ),
    )
    .with_state(0)
}

fn alter_column(
    work: &mut Work<'_>,
    table: &TableRef,
    name: &Ident,
    data_type: &DataType,
    collation: Option<&Ident>,
    nullable: Option<bool>,
) -> Result<Outcome, Stop> {
    let mut definition = (**table.definition()).clone();
    let at = definition
        .columns
        .iter()
        .position(|column| same_name(column.name.as_str(), &name.value))
        .ok_or_else(|| {
            SqlError::new(
                4924,
                16,
                format!("ALTER TABLE ALTER COLUMN failed because column '{}' does not exist in table '{}'.", name.value, definition.name),
            )
        })?;
    let is_key = definition
        .keys
        .iter()
        .find(|key| key.columns.iter().any(|part| part.0 == at));
    let sql = sql_type(data_type, Unsized::One)?;
    let old = definition.columns[at].clone();
    if let Some(key) = is_key
        && old.sql_type.name() != sql.name()
    {
        return Err(SqlError::new(
            5074,
            16,
            format!(
                "The object '{}' is dependent on column '{}'.",
                key.name, old.name
            ),
        )
        .into());
    }
    let in_primary = definition
        .keys
        .iter()
        .any(|key| key.primary && key.columns.iter().any(|part| part.0 == at));
    let nullable = nullable.unwrap_or(!in_primary);
    let new_collation = {
        let mut binder = work.binder();
        let builder = Builder {
            definition: definition.clone(),
            text: work.text,
            content: work.content(table.place),
            objects: 0,
            declared_null: Vec::new(),
            binder: &mut binder,
        };
        builder.collation(sql, collation)?
    };
    let to = ExprType::column(sql, nullable, new_collation.unwrap_or(Collation::DEFAULT));
    let from = ExprType::column(
        old.sql_type,
        old.nullable,
        old.collation.unwrap_or(Collation::DEFAULT),
    );
    crate::types::check_implicit(from.sql, to.sql)?;
    let full_name = table.full_name();
    let mut rows = Vec::with_capacity(table.table.len());
    for (id, row) in table.table.scan() {
        if row[at].is_null() && !nullable {
            return Err(
                SqlError::null_into_column(old.name.as_str(), &full_name, "UPDATE")
                    .with_state(2)
                    .into(),
            );
        }
        let mut values = row.to_vec();
        let target = Target {
            table: &full_name,
            column: old.name.as_str(),
        };
        values[at] = assign_column(&row[at], &from, &to, target, &work.state.dates)?;
        rows.push((id, Row::from(values)));
    }
    let column = &mut definition.columns[at];
    column.sql_type = sql;
    column.nullable = nullable;
    column.collation = new_collation;
    definition.modified = work.now;
    let mut outcome = Outcome::default();
    let op = Op::AlterTable {
        definition: Arc::new(definition),
        rows: Some(rows.into()),
    };
    outcome.changes.add(table.place, [op]);
    Ok(outcome)
}

fn drop_items(
    work: &mut Work<'_>,
    table: &TableRef,
    items: &[AlterTableDrop],
) -> Result<Outcome, Stop> {
    let mut definition = (**table.definition()).clone();
    let mut rows: Vec<(RowId, Row)> = table
        .table
        .scan()
        .map(|(id, row)| (id, Arc::clone(row)))
        .collect();
    let mut dropped_columns = false;
    for item in items {
        if item.column {
            let at = definition
                .columns
                .iter()
                .position(|column| same_name(column.name.as_str(), &item.name.value));
            let Some(at) = at else {
                if item.if_exists {
                    continue;
                }
                return Err(SqlError::new(
                    4924,
                    16,
                    format!("ALTER TABLE DROP COLUMN failed because column '{}' does not exist in table '{}'.", item.name.value, definition.name),
                )
                .into());
            };
            drop_column(&mut definition, at)?;
            dropped_columns = true;
            for (_, row) in &mut rows {
                let mut values = row.to_vec();
                values.remove(at);
                *row = values.into();
            }
        } else if !drop_constraint(work, table, &mut definition, &item.name)? && !item.if_exists {
            return Err(SqlError::new(
                3728,
                16,
                format!("'{}' is not a constraint.", item.name.value),
            )
            .into());
        }
    }
    definition.modified = work.now;
    if !dropped_columns {
        return Ok(altered(table, definition));
    }
    let mut outcome = Outcome::default();
    let op = Op::AlterTable {
        definition: Arc::new(definition),
        rows: Some(rows.into()),
    };
    outcome.changes.add(table.place, [op]);
    Ok(outcome)
}

fn drop_column(definition: &mut TableDefinition, at: usize) -> Result<(), SqlError> {
    let name = definition.columns[at].name.clone();
    let in_key = definition
        .keys
        .iter()
        .find(|key| key.columns.iter().any(|part| part.0 == at))
        .map(|key| &key.name);
    let in_index = definition
        .indexes
        .iter()
        .find(|index| index.columns.iter().any(|part| part.0 == at) || index.included.contains(&at))
        .map(|index| &index.name);
    let in_foreign_key = definition
        .foreign_keys
        .iter()
        .find(|key| key.columns.contains(&at))
        .map(|key| &key.name);
    let by_default = definition.columns[at]
        .default
        .as_ref()
        .map(|(name, _)| name);
    let dependent = in_key.or(in_index).or(in_foreign_key).or(by_default);
    if let Some(dependent) = dependent {
        return Err(SqlError::new(
            5074,
            16,
            format!("The object '{dependent}' is dependent on column '{name}'."),
        ));
    }
    if definition.columns.len() == 1 {
        return Err(SqlError::new(
            4923,
            16,
            format!(
                "ALTER TABLE DROP COLUMN failed because '{name}' is the only data column in table '{}'. A table must have at least one data column.",
                definition.name
            ),
        ));
    }
    definition.columns.remove(at);
    let moved = |position: &mut usize| {
        if *position > at {
            *position -= 1;
        }
    };
    for key in &mut definition.keys {
        key.columns.iter_mut().for_each(|part| moved(&mut part.0));
    }
    for index in &mut definition.indexes {
        index.columns.iter_mut().for_each(|part| moved(&mut part.0));
        index.included.iter_mut().for_each(moved);
    }
    for key in &mut definition.foreign_keys {
        key.columns.iter_mut().for_each(moved);
    }
    Ok(())
}

/// Drops a constraint by its name; says whether there was one.
fn drop_constraint(
    work: &Work<'_>,
    table: &TableRef,
    definition: &mut TableDefinition,
    name: &Ident,
) -> Result<bool, SqlError> {
    let wanted = &name.value;
    if let Some(at) = definition
        .keys
        .iter()
        .position(|key| key.constraint && key.name.is(wanted))
    {
        let columns: Vec<usize> = definition.keys[at]
            .columns
            .iter()
            .map(|part| part.0)
            .collect();
        let content = work.content(table.place);
        let user = content.tables.values().find_map(|other| {
            other
                .definition
                .foreign_keys
                .iter()
                .find(|key| key.references == definition.object && key.referenced == columns)
                .map(|key| (other.definition.name.to_string(), key.name.to_string()))
        });
        if let Some((other, key)) = user {
            return Err(SqlError::new(
                3725,
                16,
                format!(
                    "The constraint '{wanted}' is being referenced by table '{other}', foreign key constraint '{key}'."
                ),
            ));
        }
        definition.keys.remove(at);
        return Ok(true);
    }
    let before = definition.checks.len() + definition.foreign_keys.len();
    definition.checks.retain(|check| !check.name.is(wanted));
    definition.foreign_keys.retain(|key| !key.name.is(wanted));
    if definition.checks.len() + definition.foreign_keys.len() < before {
        return Ok(true);
    }
    for column in &mut definition.columns {
        if column
            .default
            .as_ref()
            .is_some_and(|(own, _)| own.is(wanted))
        {
            column.default = None;
            return Ok(true);
        }
    }
    Ok(false)
}
