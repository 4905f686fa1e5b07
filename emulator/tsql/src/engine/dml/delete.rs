//! DELETE.

use milink_core::store::Op;
use milink_core::value::Row;

use super::check;
use super::output::Output;
use super::position::Position;
use super::target::TargetPlan;
use super::update::{bind_rows, matching_rows, row_id};
use super::{Outcome, Work};
use crate::ast::DeleteStatement;
use crate::engine::stop::Stop;

/// DELETE.
pub(crate) fn delete(
    work: &mut Work<'_>,
    delete: &DeleteStatement,
    position: Option<&Position>,
) -> Result<Outcome, Stop> {
    let mut binder = work.binder();
    binder.hints(&delete.hints)?;
    binder.with(delete.with.as_ref())?;
    let matched = bind_rows(
        &mut binder,
        &delete.target,
        &delete.from,
        delete.filter.as_ref(),
        position,
    )?;
    let limit = binder.limit(delete.top.as_ref(), None, None)?;
    drop(binder);
    let mut output = Output::bind(
        work,
        delete.output.as_ref(),
        &matched.table,
        &matched.names,
        false,
    )?;
    let place = matched.table.place;
    let plan = TargetPlan::new(work, matched.table.clone())?;
    let table = plan.table.definition().object;
    let width = plan.columns().len();
    let mut ops = Vec::new();
    {
        let mut runtime = work.runtime();
        let rows = matching_rows(&mut runtime, &matched, limit.top.as_ref(), limit.percent)?;
        for row in &rows {
            let before: Row = row[matched.offset..matched.offset + width].into();
            if let Some(output) = &mut output {
                output.note(&mut runtime, Some(&before), None, row)?;
            }
            ops.push(Op::Delete {
                table,
                id: row_id(row, matched.row_id),
                before,
            });
        }
    }
    let mut outcome = Outcome {
        rows: Some(ops.len() as u64),
        ..Outcome::default()
    };
    if matched.positioned.is_some() {
        let deleted = ops.iter().filter_map(|op| match op {
            Op::Delete { id, .. } => Some((*id, None)),
            _ => None,
        });
        outcome.positioned = deleted.collect();
    }
    let content = work.content(place);
    check::check(&plan, &content, &mut ops, "DELETE")?;
    outcome.changes.add(place, ops);
    if let Some(output) = output {
        output.finish(work, &mut outcome)?;
    }
    Ok(outcome)
}
