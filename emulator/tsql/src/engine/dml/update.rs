//! UPDATE.

use std::collections::BTreeSet;
use std::sync::Arc;

use milink_core::ids::RowId;
use milink_core::sql_type::SqlType;
use milink_core::store::Op;
use milink_core::value::{Row, Value};

use super::check;
use super::output::Output;
use super::position::{Position, Positioned};
use super::target::TargetPlan;
use super::{Outcome, Work, insert};
use crate::ast::{
    self, AssignOp, ColumnRef, DmlFilter, DmlTarget, ExprKind, SetClause, TableSource,
    UpdateStatement,
};
use crate::engine::bind::{Binder, Scope, ScopeSource, TableRef, Target};
use crate::engine::bound::{Expr, Locking, Node, Predicate, Source};
use crate::engine::exec::{Env, Runtime};
use crate::engine::stop::Stop;
use crate::engine::{pushdown, same_name};
use crate::error::{Abort, SqlError};

/// Rows to change: where they come from, and where the target's row and number are in them.
pub(super) struct Matched {
    pub(super) source: Source,
    /// The rows that a cursor is on.
    pub(super) positioned: Option<Positioned>,
    pub(super) filter: Option<Predicate>,
    pub(super) names: Vec<ScopeSource>,
    pub(super) offset: usize,
    pub(super) row_id: usize,
    pub(super) table: TableRef,
}

/// One assignment: to a column, to a variable, or to both.
pub(super) struct Assignment {
    pub(super) column: Option<usize>,
    pub(super) variable: Option<usize>,
    /// None is DEFAULT.
    pub(super) value: Option<Expr>,
}

/// UPDATE.
pub(crate) fn update(
    work: &mut Work<'_>,
    update: &UpdateStatement,
    position: Option<&Position>,
) -> Result<Outcome, Stop> {
    let mut binder = work.binder();
    binder.hints(&update.hints)?;
    binder.with(update.with.as_ref())?;
    let matched = bind_rows(
        &mut binder,
        &update.target,
        &update.from,
        update.filter.as_ref(),
        position,
    )?;
    let scope = Scope::rows(&matched.names, None);
    let assignments = bind_assignments(
        &mut binder,
        &update.set,
        &matched.table,
        matched.offset,
        &scope,
    )?;
    if let Some(positioned) = &matched.positioned {
        let columns = &matched.table.definition().columns;
        let assigned = assignments.iter().filter_map(|it| it.column);
        positioned.check_columns(assigned.map(|at| columns[at].name.as_str()))?;
    }
    let limit = binder.limit(update.top.as_ref(), None, None)?;
    drop(binder);
    let mut output = Output::bind(
        work,
        update.output.as_ref(),
        &matched.table,
        &matched.names,
        false,
    )?;
    let place = matched.table.place;
    let mut plan = TargetPlan::new(work, matched.table.clone())?;
    let width = plan.columns().len();
    let mut changes: Vec<(RowId, Row, Row)> = Vec::new();
    let mut variables: Vec<(usize, Value)> = Vec::new();
    {
        let mut runtime = work.runtime();
        let rows = matching_rows(&mut runtime, &matched, limit.top.as_ref(), limit.percent)?;
        for row in &rows {
            let id = row_id(row, matched.row_id);
            let before: Row = row[matched.offset..matched.offset + width].into();
            let after = changed_row(
                &mut runtime,
                &mut plan,
                &assignments,
                row,
                &before,
                &mut variables,
            )?;
            if let Some(output) = &mut output {
                output.note(&mut runtime, Some(&before), Some(&after), row)?;
            }
            changes.push((id, before, after.into()));
        }
    }
    let mut outcome = Outcome {
        rows: Some(changes.len() as u64),
        variables,
        ..Outcome::default()
    };
    if matched.positioned.is_some() {
        let now = changes.iter();
        outcome.positioned = now
            .map(|(id, _, after)| (*id, Some(Arc::clone(after))))
            .collect();
    }
    let mut ops = update_ops(&plan, changes);
    let content = work.content(place);
    check::check(&plan, &content, &mut ops, "UPDATE")?;
    outcome.changes.add(place, ops);
    if let Some(output) = output {
        output.finish(work, &mut outcome)?;
    }
    Ok(outcome)
}

/// The operations of updated rows. Keys that move between several rows at once are given up before they are taken.
pub(super) fn update_ops(plan: &TargetPlan, changes: Vec<(RowId, Row, Row)>) -> Vec<Op> {
    let definition = plan.table.definition();
    let table = definition.object;
    let moves_key = |before: &Row, after: &Row| {
        let mut columns = definition.keys.iter().flat_map(|key| &key.columns);
        columns.any(|part| before[part.0] != after[part.0])
    };
    if changes.len() < 2
        || !changes
            .iter()
            .any(|(_, before, after)| moves_key(before, after))
    {
        return changes
            .into_iter()
            .map(|(id, before, after)| Op::Update {
                table,
                id,
                before,
                after,
            })
            .collect();
    }
    let mut ops: Vec<Op> = changes
        .iter()
        .map(|(id, before, _)| Op::Delete {
            table,
            id: *id,
            before: Arc::clone(before),
        })
        .collect();
    ops.extend(
        changes
            .into_iter()
            .map(|(id, _, row)| Op::Insert { table, id, row }),
    );
    ops
}

/// A row after its assignments.
pub(super) fn changed_row(
    runtime: &mut Runtime<'_>,
    plan: &mut TargetPlan,
    assignments: &[Assignment],
    row: &[Value],
    before: &Row,
    variables: &mut Vec<(usize, Value)>,
) -> Result<Vec<Value>, Stop> {
    let mut after = before.to_vec();
    let env = Env::of(row, None);
    for assignment in assignments {
        let value = match (&assignment.value, assignment.column) {
            (Some(expr), _) => runtime.eval(expr, &env)?,
            (None, Some(at)) => plan.default(runtime, at)?,
            (None, None) => Value::Null,
        };
        if let Some(at) = assignment.column {
            after[at] = match &assignment.value {
                Some(expr) => plan.assign(runtime, at, &value, &expr.ty)?,
                None => value.clone(),
            };
        }
        if let Some(slot) = assignment.variable {
            // Rows that follow see it, as `@n = c = @n + 1` needs.
            let to = runtime.local.variables.get(slot).ty;
            let from = assignment.value.as_ref().map_or(to, |expr| expr.ty);
            let value =
                crate::types::convert_implicit(&value, &from, &to, &runtime.functions.dates)?;
            runtime.local.variables.set(slot, value.clone());
            variables.push((slot, value));
        }
    }
    plan.finish_row(runtime, &mut after, "UPDATE")?;
    Ok(after)
}

/// The rows to change, each row of the target once.
pub(super) fn matching_rows(
    runtime: &mut Runtime<'_>,
    matched: &Matched,
    top: Option<&Expr>,
    percent: bool,
) -> Result<Vec<Row>, Stop> {
    let rows = runtime.source(&matched.source, None)?;
    let mut rows = runtime.filtered(rows, matched.filter.as_ref(), None)?;
    let mut seen = BTreeSet::new();
    rows.retain(|row| match row[matched.row_id].as_int() {
        Some(id) => seen.insert(id),
        None => false,
    });
    if let Some(top) = top {
        let count = runtime.top_count(top, percent, rows.len(), &Env::EMPTY)?;
        rows.truncate(count);
    }
    let limit = usize::try_from(runtime.state.settings.row_count).unwrap_or(0);
    if limit > 0 {
        rows.truncate(limit);
    }
    if let Some(positioned) = &matched.positioned {
        let width = matched.row_id - matched.offset;
        let found = rows.iter().map(|row| {
            let own = &row[matched.offset..matched.offset + width];
            (row_id(row, matched.row_id), own)
        });
        positioned.check_rows(found)?;
    }
    Ok(rows)
}

pub(super) fn row_id(row: &[Value], at: usize) -> RowId {
    RowId(
        row[at]
            .as_int()
            .and_then(|id| u64::try_from(id).ok())
            .unwrap_or(0),
    )
}

/// Binds the target together with FROM and WHERE.
pub(super) fn bind_rows(
    binder: &mut Binder<'_>,
    target: &DmlTarget,
    from: &[TableSource],
    filter: Option<&DmlFilter>,
    position: Option<&Position>,
) -> Result<Matched, SqlError> {
    let alias = match target {
        DmlTarget::Object { name, .. } if name.is_one_part() => from
            .iter()
            .find_map(|source| aliased(source, &name.object.value)),
        _ => None,
    };
    let (table, alias) = match (alias, target) {
        (Some(named), DmlTarget::Object { name, .. }) => {
            (binder.user_table(&named.name)?, name.object.value.clone())
        }
        _ => (binder.target_table(target)?, String::new()),
    };
    binder.target = Some(Target {
        table: table.clone(),
        alias,
    });
    let mut bound = binder.from(from, None)?;
    let find_row_id = |names: &[ScopeSource]| {
        let mut offset = 0;
        for source in names {
            if source
                .columns
                .last()
                .is_some_and(|column| column.name.is_empty())
            {
                return Some((offset, offset + source.columns.len() - 1));
            }
            offset += source.columns.len();
        }
        None
    };
    if find_row_id(&bound.names).is_none() {
        let written = match target {
            DmlTarget::Object { name, .. } => name.to_string(),
            DmlTarget::Variable(name) => name.value.clone(),
            DmlTarget::OpenQuery(_) => "OPENQUERY".to_owned(),
        };
        let hints = match target {
            DmlTarget::Object { hints, .. } => hints.as_slice(),
            DmlTarget::Variable(_) | DmlTarget::OpenQuery(_) => &[],
        };
        let locking = match binder.locking(&table, hints)? {
            // A writer always waits for other writers.
            Locking::Dirty | Locking::Versioned => Locking::Wait,
            other => other,
        };
        if let Some(own) = &mut binder.target {
            own.alias.clear();
        }
        let scan = binder.table_scan(table.clone(), None, locking, &written)?;
        bound = match bound.source {
            Source::One => scan,
            _ => crate::engine::bind::cross(scan, bound),
        };
    }
    binder.target = None;
    let Some((offset, row_id)) = find_row_id(&bound.names) else {
        return Err(SqlError::new(
            8154,
            15,
            format!("The table '{}' is ambiguous.", table.definition().name),
        ));
    };
    let scope = Scope::rows(&bound.names, None);
    let mut rest = Vec::new();
    let mut positioned = None;
    match filter {
        None => {}
        Some(DmlFilter::CurrentOf(_)) => {
            let position = position.ok_or_else(|| SqlError::unsupported("WHERE CURRENT OF"))?;
            let rows = position.of_table(&table)?;
            match &mut bound.source {
                Source::Table(scan) => scan.only = Some(rows.ids()),
                _ => return Err(SqlError::unsupported("FROM beside WHERE CURRENT OF")),
            }
            positioned = Some(rows);
        }
        Some(DmlFilter::Condition(condition)) => {
            let condition = binder.predicate(condition, &scope)?;
            for conjunct in condition.conjuncts() {
                rest.extend(pushdown::push(&mut bound.source, conjunct));
            }
        }
    }
    binder.find_seeks(&mut bound.source);
    Ok(Matched {
        source: bound.source,
        positioned,
        filter: Predicate::all(rest),
        names: bound.names,
        offset,
        row_id,
        table,
    })
}

/// The table source that an alias stands for.
fn aliased<'s>(source: &'s TableSource, name: &str) -> Option<&'s ast::NamedTable> {
    match source {
        TableSource::Table(table) => {
            let own = table
                .alias
                .as_ref()
                .map_or(&table.name.object.value, |alias| &alias.name.value);
            same_name(own, name).then_some(&**table)
        }
        TableSource::Join(join) => aliased(&join.left, name).or_else(|| aliased(&join.right, name)),
        TableSource::Apply(apply) => {
            aliased(&apply.left, name).or_else(|| aliased(&apply.right, name))
        }
        _ => None,
    }
}

/// Binds SET.
pub(super) fn bind_assignments(
    binder: &mut Binder<'_>,
    set: &[SetClause],
    table: &TableRef,
    offset: usize,
    scope: &Scope<'_>,
) -> Result<Vec<Assignment>, SqlError> {
    let definition = table.definition();
    let mut assignments: Vec<Assignment> = Vec::with_capacity(set.len());
    let column_at = |column: &ColumnRef| -> Result<usize, SqlError> {
        let at = definition
            .columns
            .iter()
            .position(|known| same_name(known.name.as_str(), &column.name.value))
            .ok_or_else(|| SqlError::invalid_column(&column.name.value))?;
        let column = &definition.columns[at];
        if column.computed.is_some() {
            return Err(insert::cannot_modify(column.name.as_str()));
        }
        if column.identity.is_some() {
            return Err(SqlError::new(
                8102,
                16,
                format!("Cannot update identity column '{}'.", column.name),
            )
            .aborting(Abort::Batch));
        }
        if column.sql_type == SqlType::RowVersion {
            return Err(SqlError::new(272, 16, "Cannot update a timestamp column."));
        }
        Ok(at)
    };
    let slot_of = |binder: &Binder<'_>, name: &ast::Ident| -> Result<usize, SqlError> {
        match binder.variable(&name.value)?.node {
            Node::Variable(slot) => Ok(slot),
            _ => Err(SqlError::undeclared_variable(&name.value)),
        }
    };
    for clause in set {
        let (column, variable, op, value) = match clause {
            SetClause::Column { column, op, value } => (Some(column), None, *op, value),
            SetClause::Variable {
                variable,
                op,
                value,
            } => (None, Some(variable), *op, value),
            SetClause::VariableAndColumn {
                variable,
                column,
                op,
                value,
            } => (Some(column), Some(variable), *op, value),
            SetClause::Method { method, .. } => {
                return Err(SqlError::unsupported(format!(
                    "UPDATE … .{}()",
                    method.value
                )));
            }
        };
        let at = column.map(column_at).transpose()?;
        let slot = variable.map(|name| slot_of(binder, name)).transpose()?;
        let bound = match (&value.kind, op) {
            (ExprKind::Default, AssignOp::Set) => None,
            _ => {
                let value = binder.expr(value, scope)?;
                Some(match op {
                    AssignOp::Set => value,
                    AssignOp::Compound(op) => {
                        let old = match (at, variable) {
                            (Some(at), _) => Expr::column(
                                offset + at,
                                super::target::column_type(&definition.columns[at]),
                            ),
                            (None, Some(name)) => binder.variable(&name.value)?,
                            (None, None) => value.clone(),
                        };
                        crate::engine::bind::binary(op, old, value)?
                    }
                })
            }
        };
        if let (Some(at), Some(value)) = (at, &bound)
            && !value.ty.is_null_literal()
        {
            crate::types::check_implicit(value.ty.sql, definition.columns[at].sql_type)?;
        }
        if at.is_some() && assignments.iter().any(|other| other.column == at) {
            return Err(SqlError::new(
                264,
                16,
                format!("The column name '{}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code.", definition.columns[at.unwrap_or(0)].name),
            )
            .aborting(Abort::Batch));
        }
        assignments.push(Assignment {
            column: at,
            variable: slot,
            value: bound,
        });
    }
    Ok(assignments)
}
