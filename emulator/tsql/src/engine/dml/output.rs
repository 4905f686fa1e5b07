//! OUTPUT: rows about changed rows, for the client or for a table.

use std::sync::Arc;

use milink_core::store::Op;
use milink_core::value::{Row, Value};

use super::target::{Assigned, TargetPlan};
use super::{Outcome, Work, check, insert};
use crate::ast::OutputClause;
use crate::engine::bind::{Scope, ScopeColumn, ScopeSource, TableRef};
use crate::engine::bound::Expr;
use crate::engine::exec::{Env, Runtime};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::session::event::ResultColumn;
use crate::types::ExprType;

/// A bound OUTPUT clause. Its rows are: deleted, inserted, then the statement's own sources.
pub(super) struct Output {
    lists: Vec<List>,
    width: usize,
}

struct List {
    items: Vec<Expr>,
    columns: Arc<[ResultColumn]>,
    into: Option<(TableRef, Vec<usize>)>,
    rows: Vec<Row>,
}

impl Output {
    /// Binds a clause for a statement over a table; `more` are the sources of its FROM clause. In MERGE a row may lack
    /// its deleted or its inserted side.
    pub(super) fn bind(
        work: &Work<'_>,
        clause: Option<&OutputClause>,
        table: &TableRef,
        more: &[ScopeSource],
        either_may_lack: bool,
    ) -> Result<Option<Self>, SqlError> {
        let Some(clause) = clause else {
            return Ok(None);
        };
        let nullable = |nullable: bool| -> Vec<ScopeColumn> {
            let mut columns = table.scope_columns();
            columns
                .iter_mut()
                .for_each(|column| column.ty.nullable |= nullable);
            columns
        };
        let mut sources = vec![
            ScopeSource::aliased("deleted", nullable(either_may_lack)),
            ScopeSource::aliased("inserted", nullable(either_may_lack)),
        ];
        sources.extend(more.iter().cloned());
        let scope = Scope::rows(&sources, None);
        let mut lists = Vec::new();
        let into = match &clause.into {
            None => None,
            Some(into) => {
                let binder = work.binder();
                let table = binder.target_table(&into.target)?;
                let positions = insert::target_columns(work, &table, &into.columns)?;
                Some((table, positions))
            }
        };
        for (items, into) in [(&clause.items, into), (&clause.returned, None)] {
            if items.is_empty() {
                continue;
            }
            let (items, columns) = work.binder().output_items(items, &scope)?;
            if let Some((_, positions)) = &into
                && positions.len() != items.len()
            {
                return Err(SqlError::new(
                    213,
                    16,
                    "Column name or number of supplied values does not match table definition.",
                )
                .aborting(crate::error::Abort::Batch));
            }
            lists.push(List {
                items,
                columns: columns.into(),
                into,
                rows: Vec::new(),
            });
        }
        Ok(Some(Self {
            lists,
            width: table.definition().columns.len(),
        }))
    }

    /// Takes down one changed row.
    pub(super) fn note(
        &mut self,
        runtime: &mut Runtime<'_>,
        deleted: Option<&[Value]>,
        inserted: Option<&[Value]>,
        more: &[Value],
    ) -> Result<(), Stop> {
        let mut row = Vec::with_capacity(self.width * 2 + more.len());
        for side in [deleted, inserted] {
            match side {
                Some(values) => row.extend_from_slice(values),
                None => row.resize(row.len() + self.width, Value::Null),
            }
        }
        row.extend_from_slice(more);
        for list in &mut self.lists {
            let values = runtime.eval_all(&list.items, &Env::of(&row, None))?;
            list.rows.push(values.into());
        }
        Ok(())
    }

    /// Sends the rows where they go.
    pub(super) fn finish(self, work: &mut Work<'_>, outcome: &mut Outcome) -> Result<(), Stop> {
        for list in self.lists {
            let Some((table, positions)) = list.into else {
                outcome.output = Some((list.columns, list.rows));
                continue;
            };
            let place = table.place;
            let mut plan = TargetPlan::new(work, table)?;
            let types: Vec<ExprType> = list.items.iter().map(|item| item.ty).collect();
            let mut ops: Vec<Op> = Vec::with_capacity(list.rows.len());
            {
                let mut runtime = work.runtime();
                for row in &list.rows {
                    let mut assigned = vec![None; plan.columns().len()];
                    for ((at, value), ty) in positions.iter().zip(row.iter()).zip(&types) {
                        assigned[*at] = Some(Assigned::Value(value.clone(), *ty));
                    }
                    let row = plan.new_row(&mut runtime, assigned)?;
                    ops.push(plan.insert_op(row.into()));
                }
            }
            let content = work.content(place);
            check::check(&plan, &content, &mut ops, "INSERT")?;
            ops.extend(plan.identity_op());
            outcome.changes.add(place, ops);
        }
        Ok(())
    }
}
