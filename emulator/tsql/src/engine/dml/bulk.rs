//! Rows after INSERT BULK. Unlike INSERT they may bring values for the identity column, are checked against constraints
//! only on request, and a NULL takes the column's default unless NULLs are kept (documentation: "bcp utility").

use milink_core::value::Row;

use super::insert::positions_of;
use super::target::{Assigned, TargetPlan};
use super::{Outcome, Work, check};
use crate::ast::{Ident, InsertBulkStatement};
use crate::engine::bind::TableRef;
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::types::{ExprType, check_implicit};

/// Whether the table and its columns are there; changes nothing.
pub(crate) fn announce_bulk(
    work: &mut Work<'_>,
    bulk: &InsertBulkStatement,
) -> Result<Outcome, Stop> {
    bulk_columns(work, bulk)?;
    Ok(Outcome::default())
}

/// Inserts the rows, whose values have these types.
pub(crate) fn insert_bulk(
    work: &mut Work<'_>,
    bulk: &InsertBulkStatement,
    types: &[ExprType],
    rows: &[Row],
) -> Result<Outcome, Stop> {
    let (table, positions) = bulk_columns(work, bulk)?;
    for at in 0..positions.len().max(types.len()) {
        let column = positions.get(at).map(|at| &table.definition().columns[*at]);
        let fits = column
            .zip(types.get(at))
            .is_some_and(|(column, from)| check_implicit(from.sql, column.sql_type).is_ok());
        if !fits {
            return Err(invalid_column_type(at + 1).into());
        }
    }
    let place = table.place;
    let mut plan = TargetPlan::new(work, table)?;
    if !bulk.check_constraints {
        plan.check_no_constraints();
    }
    let width = plan.columns().len();
    let mut ops = Vec::with_capacity(rows.len() + 1);
    {
        let mut runtime = work.runtime();
        for row in rows {
            let mut assigned = vec![None; width];
            for ((at, value), from) in positions.iter().zip(row.iter()).zip(types) {
                let takes_default =
                    value.is_null() && !bulk.keep_nulls && plan.defaults[*at].is_some();
                assigned[*at] = Some(match takes_default {
                    true => Assigned::Default,
                    false => Assigned::Value(value.clone(), *from),
                });
            }
            let row: Row = plan.new_row(&mut runtime, assigned)?.into();
            ops.push(plan.insert_op(row));
        }
    }
    let mut outcome = Outcome {
        rows: Some(ops.len() as u64),
        identity: plan.last_identity(),
        ..Outcome::default()
    };
    let content = work.content(place);
    check::check(&plan, &content, &mut ops, "INSERT")?;
    ops.extend(plan.identity_op());
    outcome.changes.add(place, ops);
    Ok(outcome)
}

/// The table, and the positions of its columns that values come for.
fn bulk_columns(
    work: &Work<'_>,
    bulk: &InsertBulkStatement,
) -> Result<(TableRef, Vec<usize>), SqlError> {
    let table = work.binder().target_table(&bulk.target)?;
    let names: Vec<Ident> = bulk.columns.iter().map(|it| it.name.clone()).collect();
    let definition = table.definition();
    let positions = match names.is_empty() {
        true => (0..definition.columns.len())
            .filter(|at| definition.columns[*at].computed.is_none())
            .collect(),
        false => positions_of(definition, &names, true)?,
    };
    Ok((table, positions))
}

/// 4816.
fn invalid_column_type(column: usize) -> SqlError {
    SqlError::new(
        4816,
        16,
        format!("Invalid column type from bcp client for colid {column}."),
    )
}
