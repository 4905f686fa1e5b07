//! INSERT.

use std::collections::BTreeSet;

use milink_core::sql_type::SqlType;
use milink_core::store::TableDefinition;
use milink_core::value::Row;

use super::check;
use super::output::Output;
use super::target::{Assigned, TargetPlan};
use super::{Outcome, Work};
use crate::ast::{self, ExprKind, Ident, InsertSource, InsertStatement};
use crate::engine::bind::{Scope, TableRef};
use crate::engine::bound::{Expr, Place};
use crate::engine::exec::Env;
use crate::engine::same_name;
use crate::engine::stop::Stop;
use crate::error::{Abort, SqlError};
use crate::types::{ExprType, check_implicit};

/// Where the rows come from.
enum Rows {
    Values(Vec<Vec<Option<Expr>>>),
    Query(Box<crate::engine::bound::Query>),
    Given(Vec<Row>, BTreeSet<(usize, usize)>),
}

/// Rows that were made elsewhere: those of EXECUTE, or those that another instance sends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    pub(crate) rows: Vec<Row>,
    /// Rows and columns of them that are to have what the table's definition says.
    pub(crate) defaults: BTreeSet<(usize, usize)>,
}

impl From<Vec<Row>> for Given {
    fn from(rows: Vec<Row>) -> Self {
        let defaults = BTreeSet::new();
        Self { rows, defaults }
    }
}

/// INSERT.
pub(crate) fn insert(
    work: &mut Work<'_>,
    insert: &InsertStatement,
    given: Option<&Given>,
) -> Result<Outcome, Stop> {
    let table = work.binder().target_table(&insert.target)?;
    let positions = target_columns(work, &table, &insert.columns)?;
    let (rows, types) = bind_source(work, insert, given, &positions, &table)?;
    let limit = work.binder().limit(insert.top.as_ref(), None, None)?;
    let mut output = Output::bind(work, insert.output.as_ref(), &table, &[], false)?;
    let place = table.place;
    let mut plan = TargetPlan::new(work, table)?;
    let mut ops = Vec::new();
    {
        let mut runtime = work.runtime();
        let mut assigned_rows: Vec<Vec<Option<Assigned>>> = Vec::new();
        let width = plan.columns().len();
        match rows {
            Rows::Values(rows) => {
                for row in rows {
                    let mut assigned = vec![None; width];
                    for (at, value) in positions.iter().zip(row) {
                        assigned[*at] = Some(match value {
                            Some(expr) => {
                                let value = runtime.eval(&expr, &Env::EMPTY)?;
                                Assigned::Value(value, expr.ty)
                            }
                            None => Assigned::Default,
                        });
                    }
                    assigned_rows.push(assigned);
                }
            }
            Rows::Query(query) => {
                let rows = runtime.query(&query, None)?;
                assigned_rows.extend(
                    rows.iter()
                        .map(|row| assign(&positions, row, &types, width)),
                );
            }
            Rows::Given(rows, defaults) => {
                for (number, row) in rows.iter().enumerate() {
                    if row.len() != positions.len() {
                        return Err(wrong_width().into());
                    }
                    let mut assigned = assign(&positions, row, &types, width);
                    for (_, at) in defaults.range((number, 0)..(number + 1, 0)) {
                        assigned[positions[*at]] = Some(Assigned::Default);
                    }
                    assigned_rows.push(assigned);
                }
            }
        }
        if let Some(top) = &limit.top {
            let count = runtime.top_count(top, limit.percent, assigned_rows.len(), &Env::EMPTY)?;
            assigned_rows.truncate(count);
        }
        for assigned in assigned_rows {
            let row: Row = plan.new_row(&mut runtime, assigned)?.into();
            if let Some(output) = &mut output {
                output.note(&mut runtime, None, Some(&row), &[])?;
            }
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
    if let Some(output) = output {
        output.finish(work, &mut outcome)?;
    }
    Ok(outcome)
}

fn assign(
    positions: &[usize],
    row: &Row,
    types: &[ExprType],
    width: usize,
) -> Vec<Option<Assigned>> {
    let mut assigned = vec![None; width];
    for ((at, value), ty) in positions.iter().zip(row.iter()).zip(types) {
        assigned[*at] = Some(Assigned::Value(value.clone(), *ty));
    }
    assigned
}

/// Binds the rows, with the types of their columns.
fn bind_source(
    work: &Work<'_>,
    insert: &InsertStatement,
    given: Option<&Given>,
    positions: &[usize],
    table: &TableRef,
) -> Result<(Rows, Vec<ExprType>), SqlError> {
    let mut binder = work.binder();
    binder.hints(&insert.hints)?;
    binder.with(insert.with.as_ref())?;
    let columns = &table.definition().columns;
    let target = |at: usize| columns[positions[at]].sql_type;
    let check = |at: usize, from: &ExprType| {
        if from.is_null_literal() {
            return Ok(());
        }
        check_implicit(from.sql, target(at))
    };
    Ok(match &insert.source {
        InsertSource::DefaultValues => (Rows::Values(vec![Vec::new()]), Vec::new()),
        InsertSource::Execute(_) => {
            // The rows have been sent by a procedure: their types are those of their values.
            let Given { rows, defaults } = given.cloned().unwrap_or_default();
            let types = (0..positions.len())
                .map(|at| {
                    let value = rows
                        .iter()
                        .filter_map(|row| row.get(at))
                        .find(|v| !v.is_null());
                    super::target::value_type(value, target(at))
                })
                .collect();
            (Rows::Given(rows, defaults), types)
        }
        InsertSource::Query(query) => {
            let query = binder.query(query, None)?;
            let types: Vec<ExprType> = query.columns.iter().map(|column| column.ty).collect();
            if types.len() != positions.len() {
                return Err(if insert.columns.is_empty() {
                    wrong_width()
                } else {
                    wrong_select_width(types.len() < positions.len())
                });
            }
            for (at, ty) in types.iter().enumerate() {
                check(at, ty)?;
            }
            (Rows::Query(Box::new(query)), types)
        }
        InsertSource::Values(rows) => {
            let scope = Scope::rows(&[], None);
            for row in rows {
                if row.len() != positions.len() {
                    return Err(if insert.columns.is_empty() {
                        wrong_width()
                    } else {
                        wrong_values_width(row.len() < positions.len())
                    });
                }
            }
            let has_default = |row: &Vec<ast::Expr>| {
                row.iter()
                    .any(|value| matches!(value.kind, ExprKind::Default))
            };
            let bound = if rows.len() > 1 && !rows.iter().any(has_default) {
                let (rows, _) = binder.value_rows(rows, &scope)?;
                rows.into_iter()
                    .map(|row| row.into_iter().map(Some).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            } else {
                let mut bound = Vec::with_capacity(rows.len());
                for row in rows {
                    let mut values = Vec::with_capacity(row.len());
                    for value in row {
                        values.push(match value.kind {
                            ExprKind::Default => None,
                            _ => Some(binder.expr(value, &scope)?),
                        });
                    }
                    bound.push(values);
                }
                bound
            };
            for row in &bound {
                for (at, value) in row.iter().enumerate() {
                    if let Some(value) = value {
                        check(at, &value.ty)?;
                    }
                }
            }
            (Rows::Values(bound), Vec::new())
        }
    })
}

/// The positions of the columns that rows are given for.
pub(super) fn target_columns(
    work: &Work<'_>,
    table: &TableRef,
    names: &[Ident],
) -> Result<Vec<usize>, SqlError> {
    let definition = table.definition();
    let explicit_identity = work.state.identity_insert.as_ref().is_some_and(|insert| {
        insert.table == definition.object
            && match table.place {
                Place::Database(id) => insert.database == Some(id),
                _ => insert.database.is_none(),
            }
    });
    if names.is_empty() {
        if explicit_identity {
            return Err(SqlError::new(
                8101,
                16,
                format!(
                    "An explicit value for the identity column in table '{}' can only be specified when a column list is used and IDENTITY_INSERT is ON.",
                    definition.name
                ),
            ));
        }
        let mut positions = Vec::with_capacity(definition.columns.len());
        for (at, column) in definition.columns.iter().enumerate() {
            if column.identity.is_none()
                && column.computed.is_none()
                && column.sql_type != SqlType::RowVersion
            {
                positions.push(at);
            }
        }
        return Ok(positions);
    }
    let positions = positions_of(definition, names, explicit_identity)?;
    let identity = definition
        .columns
        .iter()
        .position(|column| column.identity.is_some());
    if explicit_identity
        && let Some(identity) = identity
        && !positions.contains(&identity)
    {
        return Err(SqlError::new(
            545,
            16,
            format!(
                "Explicit value must be specified for identity column in table '{}' either when IDENTITY_INSERT is set to ON or when a replication user is inserting into a NOT FOR REPLICATION identity column.",
                definition.name
            ),
        ));
    }
    Ok(positions)
}

/// The positions of named columns; those that nobody may give a value for are refused, and so is the identity column
/// unless it takes one.
pub(super) fn positions_of(
    definition: &TableDefinition,
    names: &[Ident],
    explicit_identity: bool,
) -> Result<Vec<usize>, SqlError> {
    let mut positions = Vec::with_capacity(names.len());
    for name in names {
        let at = definition
            .columns
            .iter()
            .position(|column| same_name(column.name.as_str(), &name.value))
            .ok_or_else(|| SqlError::invalid_column(&name.value).at_line(name.span.line))?;
        let column = &definition.columns[at];
        if positions.contains(&at) {
            return Err(SqlError::new(
                264,
                16,
                format!("The column name '{}' is specified more than once in the SET clause or column list of an INSERT. A column cannot be assigned more than one value in the same clause. Modify the clause to make sure that a column is updated only once. If this statement updates or inserts columns into a view, column aliasing can conceal the duplication in your code.", column.name),
            )
            .aborting(Abort::Batch));
        }
        if column.computed.is_some() {
            return Err(cannot_modify(column.name.as_str()));
        }
        if column.sql_type == SqlType::RowVersion {
            return Err(SqlError::new(
                273,
                16,
                "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.",
            ));
        }
        if column.identity.is_some() && !explicit_identity {
            return Err(SqlError::new(
                544,
                16,
                format!(
                    "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
                    definition.name
                ),
            ));
        }
        positions.push(at);
    }
    Ok(positions)
}

/// 271.
pub(super) fn cannot_modify(column: &str) -> SqlError {
    SqlError::new(
        271,
        16,
        format!("The column \"{column}\" cannot be modified because it is either a computed column or is the result of a UNION operator."),
    )
    .aborting(Abort::Batch)
}

/// 213.
pub(super) fn wrong_width() -> SqlError {
    SqlError::new(
        213,
        16,
        "Column name or number of supplied values does not match table definition.",
    )
    .aborting(Abort::Batch)
}

/// 109, 110.
pub(super) fn wrong_values_width(fewer: bool) -> SqlError {
    if fewer {
        SqlError::new(
            109,
            15,
            "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        )
    } else {
        SqlError::new(
            110,
            15,
            "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        )
    }
}

/// 120, 121.
fn wrong_select_width(fewer: bool) -> SqlError {
    if fewer {
        SqlError::new(
            120,
            15,
            "The select list for the INSERT statement contains fewer items than the insert list. The number of SELECT values must match the number of INSERT columns.",
        )
    } else {
        SqlError::new(
            121,
            15,
            "The select list for the INSERT statement contains more items than the insert list. The number of SELECT values must match the number of INSERT columns.",
        )
    }
}
