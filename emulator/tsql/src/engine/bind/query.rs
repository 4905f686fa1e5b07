//! Queries: set operations, common table expressions, FOR clauses.

use std::sync::Arc;

use super::scope::{Scope, ScopeColumn, same_name};
use super::source::query_columns;
use super::{Binder, Cte, CteRows};
use crate::ast::{self, QueryBody, SetOperator};
use crate::engine::bound::{Body, Limit, Query, Recursive, SetOp, Sort};
use crate::error::{Abort, SqlError};
use crate::session::event::ResultColumn;
use crate::types::{self, ExprType};

/// A bound body with what is known of its columns.
pub(super) struct BoundBody {
    pub(super) body: Body,
    pub(super) columns: Vec<ResultColumn>,
    pub(super) correlated: bool,
}

impl Binder<'_> {
    /// Binds a query. `parent` is the block around a subquery.
    pub(crate) fn query(
        &mut self,
        query: &ast::Query,
        parent: Option<&Scope<'_>>,
    ) -> Result<Query, SqlError> {
        if parent.is_some() {
            check_order_by(query)?;
        }
        let (mut body, order, limit) = match &query.body {
            QueryBody::Select(spec) => {
                let body = self.select(spec, &query.order_by, query.offset.as_ref(), parent)?;
                (body, Vec::new(), Limit::default())
            }
            QueryBody::SetOperation { .. } => {
                let body = self.body(&query.body, parent)?;
                let order = self.set_order(&query.order_by, &query.body, &body.columns)?;
                let limit = self.limit(None, query.offset.as_ref(), parent)?;
                (body, order, limit)
            }
        };
        let format = match &query.for_clause {
            None | Some(ast::ForClause::Browse) => None,
            Some(clause) => {
                let (format, columns) =
                    crate::engine::format::bind(clause, &body.columns, one_source(&query.body))?;
                body.columns = columns;
                Some(format)
            }
        };
        let id = self.query_id();
        Ok(Query {
            id,
            columns: body.columns,
            body: body.body,
            order,
            limit,
            correlated: body.correlated,
            format,
        })
    }

    /// A derived table or CTE: like a subquery, but seeing only what is around the query it is in.
    pub(super) fn nested_query(
        &mut self,
        query: &ast::Query,
        parent: Option<&Scope<'_>>,
    ) -> Result<Query, SqlError> {
        check_order_by(query)?;
        self.query(query, parent)
    }

    fn body(
        &mut self,
        body: &QueryBody,
        parent: Option<&Scope<'_>>,
    ) -> Result<BoundBody, SqlError> {
        let (op, all, left, right) = match body {
            QueryBody::Select(spec) => return self.select(spec, &[], None, parent),
            QueryBody::SetOperation {
                op,
                all,
                left,
                right,
            } => (*op, *all, left, right),
        };
        let left = self.body(left, parent)?;
        let right = self.body(right, parent)?;
        combine(op, all, left, right)
    }

    fn set_order(
        &mut self,
        order_by: &[ast::OrderByItem],
        body: &QueryBody,
        columns: &[ResultColumn],
    ) -> Result<Vec<Sort>, SqlError> {
        order_by
            .iter()
            .map(|item| {
                let index = match &item.expr.kind {
                    ast::ExprKind::Literal(ast::Literal::Integer(text)) => {
                        super::select::ordinal(text, columns.len())?
                    }
                    ast::ExprKind::Column(column) if column.table.is_none() => columns
                        .iter()
                        .position(|known| same_name(&known.name, &column.name.value))
                        .ok_or_else(|| SqlError::invalid_column(&column.name.value))?,
                    ast::ExprKind::Column(column) => {
                        listed_at(body, column).ok_or_else(not_in_union)?
                    }
                    _ => return Err(not_in_union()),
                };
                Ok(Sort {
                    index,
                    descending: item.descending,
                    ty: columns[index].ty,
                })
            })
            .collect()
    }

    /// Brings common table expressions into sight.
    pub(crate) fn with(&mut self, with: Option<&ast::With>) -> Result<(), SqlError> {
        let Some(with) = with else {
            return Ok(());
        };
        if !with.namespaces.is_empty() {
            return Err(SqlError::unsupported("WITH XMLNAMESPACES"));
        }
        for cte in &with.ctes {
            let bound = self.cte(cte)?;
            self.ctes.push(bound);
        }
        Ok(())
    }

    fn cte(&mut self, cte: &ast::Cte) -> Result<Cte, SqlError> {
        if let QueryBody::SetOperation {
            op: SetOperator::Union,
            all: true,
            left,
            right,
        } = &cte.query.body
            && mentions(right, &cte.name.value)
        {
            return self.recursive(cte, left, right);
        }
        let query = self.nested_query(&cte.query, None)?;
        let columns = cte_columns(cte, &query)?;
        Ok(Cte {
            name: cte.name.value.clone(),
            columns,
            rows: CteRows::Query(Arc::new(query)),
        })
    }

    fn recursive(
        &mut self,
        cte: &ast::Cte,
        anchor: &QueryBody,
        step: &QueryBody,
    ) -> Result<Cte, SqlError> {
        let anchor = self.body(anchor, None)?;
        let anchor = self.plain_query(anchor);
        let columns = cte_columns(cte, &anchor)?;
        let id = self.query_id();
        self.ctes.push(Cte {
            name: cte.name.value.clone(),
            columns: columns
                .iter()
                .map(|column| ScopeColumn {
                    ty: column.ty.with_nullable(true),
                    ..column.clone()
                })
                .collect(),
            rows: CteRows::WorkTable(id),
        });
        let step = self.body(step, None);
        self.ctes.pop();
        let step = step?;
        if step.columns.len() != columns.len() {
            return Err(SqlError::set_operator_width());
        }
        for (ours, theirs) in columns.iter().zip(&step.columns) {
            let same = ours.ty.sql == theirs.ty.sql || theirs.ty.is_null_literal();
            if !same {
                return Err(SqlError::new(
                    240,
                    16,
                    format!(
                        "Types don't match between the anchor and the recursive part in column \"{}\" of recursive query \"{}\".",
                        ours.name, cte.name.value
                    ),
                )
                .aborting(Abort::Batch));
            }
        }
        let step = self.plain_query(step);
        let recursive = Recursive {
            id,
            anchor,
            step,
            max_rounds: self.max_recursion,
        };
        Ok(Cte {
            name: cte.name.value.clone(),
            columns: columns
                .into_iter()
                .map(|column| ScopeColumn {
                    ty: column.ty.with_nullable(true),
                    ..column
                })
                .collect(),
            rows: CteRows::Recursive(Arc::new(recursive)),
        })
    }

    fn plain_query(&mut self, body: BoundBody) -> Query {
        Query {
            id: self.query_id(),
            columns: body.columns,
            body: body.body,
            order: Vec::new(),
            limit: Limit::default(),
            correlated: body.correlated,
            format: None,
        }
    }
}

/// 104.
fn not_in_union() -> SqlError {
    SqlError::new(
        104,
        16,
        "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.",
    )
    .aborting(Abort::Batch)
}

/// Where the first SELECT of a set operation lists a qualified column.
fn listed_at(body: &QueryBody, column: &ast::ColumnRef) -> Option<usize> {
    let spec = match body {
        QueryBody::Select(spec) => spec,
        QueryBody::SetOperation { left, .. } => return listed_at(left, column),
    };
    let table = |column: &ast::ColumnRef| column.table.as_ref().map(ToString::to_string);
    let wanted = table(column)?;
    for (at, item) in spec.items.iter().enumerate() {
        match item {
            // The columns behind it cannot be counted here.
            ast::SelectItem::Wildcard { .. } => return None,
            ast::SelectItem::Expr { expr, .. } => {
                if let ast::ExprKind::Column(own) = &expr.kind
                    && same_name(&own.name.value, &column.name.value)
                    && table(own).is_some_and(|own| same_name(&own, &wanted))
                {
                    return Some(at);
                }
            }
            ast::SelectItem::Assign { .. } => {}
        }
    }
    None
}

/// Two sides of a set operation as one.
fn combine(
    op: SetOperator,
    all: bool,
    left: BoundBody,
    right: BoundBody,
) -> Result<BoundBody, SqlError> {
    if left.columns.len() != right.columns.len() {
        return Err(SqlError::set_operator_width());
    }
    let left_types: Vec<ExprType> = left.columns.iter().map(|column| column.ty).collect();
    let right_types: Vec<ExprType> = right.columns.iter().map(|column| column.ty).collect();
    let mut types = Vec::with_capacity(left_types.len());
    for (l, r) in left_types.iter().zip(&right_types) {
        types.push(types::common_type(&[*l, *r])?);
    }
    let op = match (op, all) {
        (SetOperator::Union, true) => SetOp::UnionAll,
        (SetOperator::Union, false) => SetOp::Union,
        (SetOperator::Except, _) => SetOp::Except,
        (SetOperator::Intersect, _) => SetOp::Intersect,
    };
    let columns = left
        .columns
        .into_iter()
        .zip(&types)
        .map(|(column, ty)| ResultColumn {
            ty: *ty,
            identity: false,
            updatable: false,
            computed: true,
            ..column
        })
        .collect();
    Ok(BoundBody {
        columns,
        correlated: left.correlated || right.correlated,
        body: Body::Set {
            op,
            left: Box::new(left.body),
            right: Box::new(right.body),
            types,
            left_types,
            right_types,
        },
    })
}

/// Whether there is nothing but one table or none in FROM.
fn one_source(body: &QueryBody) -> bool {
    match body {
        QueryBody::Select(spec) => match spec.from.as_slice() {
            [] => true,
            [one] => !matches!(one, ast::TableSource::Join(_) | ast::TableSource::Apply(_)),
            _ => false,
        },
        QueryBody::SetOperation { .. } => false,
    }
}

/// 1033.
pub(crate) fn check_order_by(query: &ast::Query) -> Result<(), SqlError> {
    let has_top = matches!(&query.body, QueryBody::Select(spec) if spec.top.is_some());
    if query.order_by.is_empty() || has_top || query.offset.is_some() || query.for_clause.is_some()
    {
        return Ok(());
    }
    Err(SqlError::new(
        1033,
        15,
        "The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.",
    ))
}

fn cte_columns(cte: &ast::Cte, query: &Query) -> Result<Vec<ScopeColumn>, SqlError> {
    let mut columns = query_columns(query);
    if !cte.columns.is_empty() {
        if cte.columns.len() != columns.len() {
            let (number, which) = if columns.len() > cte.columns.len() {
                (8158, "more")
            } else {
                (8159, "fewer")
            };
            return Err(SqlError::new(
                number,
                16,
                format!(
                    "'{}' has {which} columns than were specified in the column list.",
                    cte.name.value
                ),
            )
            .aborting(Abort::Batch));
        }
        for (column, name) in columns.iter_mut().zip(&cte.columns) {
            column.name = name.value.as_str().into();
        }
    }
    if let Some(at) = columns.iter().position(|column| column.name.is_empty()) {
        return Err(SqlError::new(
            8155,
            16,
            format!(
                "No column name was specified for column {} of '{}'.",
                at + 1,
                cte.name.value
            ),
        )
        .aborting(Abort::Batch));
    }
    Ok(columns)
}

/// Whether a FROM clause of the body names a table so.
fn mentions(body: &QueryBody, name: &str) -> bool {
    match body {
        QueryBody::Select(spec) => spec.from.iter().any(|source| names(source, name)),
        QueryBody::SetOperation { left, right, .. } => {
            mentions(left, name) || mentions(right, name)
        }
    }
}

fn names(source: &ast::TableSource, name: &str) -> bool {
    match source {
        ast::TableSource::Table(table) => {
            table.name.is_one_part() && same_name(&table.name.object.value, name)
        }
        ast::TableSource::Join(join) => names(&join.left, name) || names(&join.right, name),
        ast::TableSource::Apply(apply) => names(&apply.left, name) || names(&apply.right, name),
        ast::TableSource::Derived(derived) => mentions(&derived.query.body, name),
        ast::TableSource::Pivot(pivot) => names(&pivot.source, name),
        ast::TableSource::Unpivot(unpivot) => names(&unpivot.source, name),
        _ => false,
    }
}
