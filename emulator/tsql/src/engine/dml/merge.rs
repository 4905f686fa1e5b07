//! MERGE.

use std::collections::BTreeSet;

use milink_core::ids::RowId;
use milink_core::store::Op;
use milink_core::value::{Row, Value};

use super::check;
use super::output::Output;
use super::target::{Assigned, TargetPlan};
use super::update::{Assignment, bind_assignments, changed_row, row_id, update_ops};
use super::{Outcome, Work, insert};
use crate::ast::{self, ExprKind, MergeAction, MergeStatement, MergeWhen};
use crate::engine::bind::{Scope, ScopeColumn, ScopeSource, Target};
use crate::engine::bound::{Expr, Locking, Predicate};
use crate::engine::exec::{Env, Runtime};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::types::ExprType;

struct Clause {
    when: MergeWhen,
    condition: Option<Predicate>,
    action: Action,
}

enum Action {
    Update(Vec<Assignment>),
    Delete,
    Insert(Vec<usize>, Vec<Option<Expr>>),
}

/// What becomes of the rows so far.
#[derive(Default)]
struct Effects {
    updates: Vec<(RowId, Row, Row)>,
    deletes: Vec<(RowId, Row)>,
    inserts: Vec<Row>,
    variables: Vec<(usize, Value)>,
}

/// MERGE.
pub(crate) fn merge(work: &mut Work<'_>, merge: &MergeStatement) -> Result<Outcome, Stop> {
    if merge.top.is_some() {
        return Err(SqlError::unsupported("MERGE TOP").into());
    }
    let mut binder = work.binder();
    binder.hints(&merge.hints)?;
    binder.with(merge.with.as_ref())?;
    let table = binder.target_table(&merge.target)?;
    let written = match &merge.target {
        ast::DmlTarget::Object { name, .. } => name.to_string(),
        ast::DmlTarget::Variable(name) => name.value.clone(),
        ast::DmlTarget::OpenQuery(_) => "OPENQUERY".to_owned(),
    };
    binder.target = Some(Target {
        table: table.clone(),
        alias: String::new(),
    });
    let mut target = binder.table_scan(table.clone(), None, Locking::Wait, &written)?;
    binder.target = None;
    if let Some(alias) = &merge.alias {
        let columns = std::mem::take(&mut target.names[0].columns);
        target.names[0] = ScopeSource::aliased(&alias.value, columns);
    }
    let source = binder.from(std::slice::from_ref(&merge.source), None)?;
    let mut names = target.names.clone();
    names.extend(source.names.iter().cloned());
    let scope = Scope::rows(&names, None);
    let on = binder.predicate(&merge.on, &scope)?;
    let clauses = bind_clauses(work, merge, &table, &scope)?;
    drop(binder);
    let action = ScopeColumn {
        name: "$action".into(),
        ty: ExprType::new(milink_core::sql_type::SqlType::nvarchar(10)).not_null(),
        identity: false,
        updatable: false,
    };
    let mut more = source.names.clone();
    more.push(ScopeSource::aliased("", vec![action]));
    let mut output = Output::bind(work, merge.output.as_ref(), &table, &more, true)?;
    let place = table.place;
    let mut plan = TargetPlan::new(work, table)?;
    let width = plan.columns().len();
    let source_width: usize = source.names.iter().map(|name| name.columns.len()).sum();
    let mut effects = Effects::default();
    {
        let mut runtime = work.runtime();
        let targets = runtime.source(&target.source, None)?;
        let sources = runtime.source(&source.source, None)?;
        let mut matched_targets = BTreeSet::new();
        let mut changed = BTreeSet::new();
        for source_row in &sources {
            let mut found = false;
            for (at, target_row) in targets.iter().enumerate() {
                runtime.tick()?;
                let both: Row = target_row
                    .iter()
                    .chain(source_row.iter())
                    .cloned()
                    .collect();
                if !runtime.holds(&on, &Env::of(&both, None))? {
                    continue;
                }
                found = true;
                matched_targets.insert(at);
                let did = act(
                    &mut runtime,
                    &mut plan,
                    &clauses,
                    MergeWhen::Matched,
                    &both,
                    width,
                    source_row,
                    &mut effects,
                    output.as_mut(),
                )?;
                if did && !changed.insert(at) {
                    return Err(SqlError::new(
                        8672,
                        16,
                        "The MERGE statement attempted to UPDATE or DELETE the same row more than once. This happens when a target row matches more than one source row. A MERGE statement cannot UPDATE/DELETE the same row of the target table multiple times. Refine the ON clause to ensure a target row matches at most one source row, or use the GROUP BY clause to group the source rows.",
                    )
                    .into());
                }
            }
            if !found {
                let mut both = vec![Value::Null; width + 1];
                both.extend(source_row.iter().cloned());
                act(
                    &mut runtime,
                    &mut plan,
                    &clauses,
                    MergeWhen::NotMatchedByTarget,
                    &both,
                    width,
                    source_row,
                    &mut effects,
                    output.as_mut(),
                )?;
            }
        }
        let nothing = vec![Value::Null; source_width];
        for (at, target_row) in targets.iter().enumerate() {
            if matched_targets.contains(&at) {
                continue;
            }
            let both: Row = target_row.iter().chain(&nothing).cloned().collect();
            act(
                &mut runtime,
                &mut plan,
                &clauses,
                MergeWhen::NotMatchedBySource,
                &both,
                width,
                &nothing,
                &mut effects,
                output.as_mut(),
            )?;
        }
    }
    let table = plan.table.definition().object;
    let count = effects.updates.len() + effects.deletes.len() + effects.inserts.len();
    let mut ops: Vec<Op> = effects
        .deletes
        .into_iter()
        .map(|(id, before)| Op::Delete { table, id, before })
        .collect();
    ops.extend(update_ops(&plan, effects.updates));
    for row in effects.inserts {
        ops.push(plan.insert_op(row));
    }
    let mut outcome = Outcome {
        rows: Some(count as u64),
        identity: plan.last_identity(),
        variables: effects.variables,
        ..Outcome::default()
    };
    let content = work.content(place);
    check::check(&plan, &content, &mut ops, "MERGE")?;
    ops.extend(plan.identity_op());
    outcome.changes.add(place, ops);
    if let Some(output) = output {
        output.finish(work, &mut outcome)?;
    }
    Ok(outcome)
}

fn bind_clauses(
    work: &Work<'_>,
    merge: &MergeStatement,
    table: &crate::engine::bind::TableRef,
    scope: &Scope<'_>,
) -> Result<Vec<Clause>, SqlError> {
    let mut binder = work.binder();
    binder.with(merge.with.as_ref())?;
    let mut clauses = Vec::with_capacity(merge.clauses.len());
    for clause in &merge.clauses {
        let condition = clause
            .condition
            .as_ref()
            .map(|condition| binder.predicate(condition, scope))
            .transpose()?;
        let action = match &clause.action {
            MergeAction::Delete => Action::Delete,
            MergeAction::Update(set) => {
                Action::Update(bind_assignments(&mut binder, set, table, 0, scope)?)
            }
            MergeAction::InsertDefaultValues => Action::Insert(Vec::new(), Vec::new()),
            MergeAction::Insert { columns, values } => {
                let positions = insert::target_columns(work, table, columns)?;
                if positions.len() != values.len() {
                    return Err(insert::wrong_values_width(values.len() < positions.len()));
                }
                let values = values
                    .iter()
                    .map(|value| match value.kind {
                        ExprKind::Default => Ok(None),
                        _ => binder.expr(value, scope).map(Some),
                    })
                    .collect::<Result<_, _>>()?;
                Action::Insert(positions, values)
            }
        };
        clauses.push(Clause {
            when: clause.when,
            condition,
            action,
        });
    }
    Ok(clauses)
}

/// Does what the first fitting clause says about a row; says whether it changed the target's row.
#[expect(clippy::too_many_arguments, reason = "one call site per kind of match")]
fn act(
    runtime: &mut Runtime<'_>,
    plan: &mut TargetPlan,
    clauses: &[Clause],
    when: MergeWhen,
    both: &[Value],
    width: usize,
    source: &[Value],
    effects: &mut Effects,
    output: Option<&mut Output>,
) -> Result<bool, Stop> {
    let env = Env::of(both, None);
    for clause in clauses {
        if clause.when != when {
            continue;
        }
        if let Some(condition) = &clause.condition
            && !runtime.holds(condition, &env)?
        {
            continue;
        }
        let before: Row = both[..width].into();
        let (deleted, inserted, word) = match &clause.action {
            Action::Update(assignments) => {
                let after: Row = changed_row(
                    runtime,
                    plan,
                    assignments,
                    both,
                    &before,
                    &mut effects.variables,
                )?
                .into();
                effects
                    .updates
                    .push((row_id(both, width), before.clone(), after.clone()));
                (Some(before), Some(after), "UPDATE")
            }
            Action::Delete => {
                effects.deletes.push((row_id(both, width), before.clone()));
                (Some(before), None, "DELETE")
            }
            Action::Insert(positions, values) => {
                let mut assigned = vec![None; width];
                for (at, value) in positions.iter().zip(values) {
                    assigned[*at] = Some(match value {
                        None => Assigned::Default,
                        Some(expr) => Assigned::Value(runtime.eval(expr, &env)?, expr.ty),
                    });
                }
                let row: Row = plan.new_row(runtime, assigned)?.into();
                effects.inserts.push(row.clone());
                (None, Some(row), "INSERT")
            }
        };
        if let Some(output) = output {
            let mut more = source.to_vec();
            more.push(Value::str(word));
            output.note(runtime, deleted.as_deref(), inserted.as_deref(), &more)?;
        }
        return Ok(word != "INSERT");
    }
    Ok(false)
}
