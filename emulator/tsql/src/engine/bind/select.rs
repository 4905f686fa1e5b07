//! One SELECT: its list, grouping, sorting and limits.

use std::cell::RefCell;
use std::sync::Arc;

use milink_core::sql_type::SqlType;

use super::Binder;
use super::expr::coerce;
use super::query::BoundBody;
use super::scope::{Clause, Scope, ScopeSource, same_name};
use super::source::apply_filter;
use super::table::ROW_ID;
use crate::ast::{self, ExprKind, SelectItem};
use crate::engine::bound::{Body, Expr, Grouping, Limit, Node, Select, Sort, Source};
use crate::engine::pushdown;
use crate::error::{Abort, SqlError};
use crate::session::event::ResultColumn;
use crate::types::{ExprType, Literal};

impl Binder<'_> {
    pub(super) fn select(
        &mut self,
        spec: &ast::QuerySpec,
        order_by: &[ast::OrderByItem],
        offset: Option<&ast::OffsetFetch>,
        parent: Option<&Scope<'_>>,
    ) -> Result<BoundBody, SqlError> {
        if !spec.windows.is_empty() {
            return Err(SqlError::unsupported("the WINDOW clause"));
        }
        let asked = self.begin_cursor_tables(spec);
        let from = self.from(&spec.from, parent)?;
        let row_ids = self.end_cursor_tables(asked, &from.names);
        let mut correlated = from.correlated;
        let rows = Scope::rows(&from.names, parent);
        let filter = spec
            .filter
            .as_ref()
            .map(|filter| self.predicate(filter, &rows))
            .transpose()?;
        let (group, sets) = self.grouping(spec, order_by, &rows)?;
        correlated |= rows.correlated.get();
        let windows = RefCell::new(Vec::new());
        let in_clause = |clause: Clause| Scope {
            sources: &from.names,
            parent,
            group: group.as_ref(),
            windows: (clause != Clause::Having).then_some(&windows),
            clause,
            correlated: std::cell::Cell::new(false),
        };

        let list = in_clause(Clause::SelectList);
        let mut items = Vec::with_capacity(spec.items.len());
        let mut columns = Vec::with_capacity(spec.items.len());
        let mut assignments = Vec::new();
        for item in &spec.items {
            self.item(item, &list, &mut items, &mut columns, &mut assignments)?;
        }
        if !assignments.is_empty() && assignments.len() != items.len() {
            return Err(SqlError::new(
                141,
                15,
                "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.",
            ));
        }
        correlated |= list.correlated.get();
        let having_scope = in_clause(Clause::Having);
        let having = spec
            .having
            .as_ref()
            .map(|having| self.predicate(having, &having_scope))
            .transpose()?;
        correlated |= having_scope.correlated.get();
        if group.is_none() && assignments.is_empty() {
            items.extend(row_ids);
        }
        let visible = items.len();
        let order_scope = in_clause(Clause::OrderBy);
        let order = self.order(order_by, spec.distinct, &order_scope, &mut items, &columns)?;
        correlated |= order_scope.correlated.get();
        let limit = self.limit(spec.top.as_ref(), offset, parent)?;
        if offset.is_some() && spec.top.is_some() {
            return Err(SqlError::new(
                10741,
                15,
                "A TOP can not be used in the same query or sub-query as a OFFSET.",
            ));
        }
        if limit.ties && order.is_empty() {
            return Err(SqlError::new(
                1062,
                15,
                "The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.",
            ));
        }
        let grouping = group.map(|group| Grouping {
            scalar: spec.group_by.is_none(),
            keys: group.keys,
            sets,
            aggregates: group.aggregates.into_inner(),
        });
        let mut select = Select {
            source: from.source,
            filter: None,
            grouping,
            having,
            windows: windows.into_inner(),
            items,
            visible,
            distinct: spec.distinct,
            order,
            limit,
            assignments,
        };
        apply_filter(&mut select, filter);
        self.find_seeks(&mut select.source);
        Ok(BoundBody {
            body: Body::Select(Box::new(select)),
            columns,
            correlated,
        })
    }

    /// The items of an OUTPUT clause.
    pub(crate) fn output_items(
        &mut self,
        list: &[SelectItem],
        scope: &Scope<'_>,
    ) -> Result<(Vec<Expr>, Vec<ResultColumn>), SqlError> {
        let (mut items, mut columns, mut assignments) = (Vec::new(), Vec::new(), Vec::new());
        for item in list {
            self.item(item, scope, &mut items, &mut columns, &mut assignments)?;
        }
        if !assignments.is_empty() {
            return Err(SqlError::incorrect_syntax("="));
        }
        Ok((items, columns))
    }

    fn item(
        &mut self,
        item: &SelectItem,
        scope: &Scope<'_>,
        items: &mut Vec<Expr>,
        columns: &mut Vec<ResultColumn>,
        assignments: &mut Vec<usize>,
    ) -> Result<(), SqlError> {
        match item {
            SelectItem::Wildcard { table, span } => self
                .wildcard(table.as_ref(), scope, items, columns)
                .map_err(|error| error.at_line(span.line)),
            SelectItem::Expr { expr, alias } => {
                let bound = self.expr(expr, scope)?;
                columns.push(result_column(&bound, expr, alias.as_ref(), scope));
                items.push(bound);
                Ok(())
            }
            SelectItem::Assign {
                variable,
                op,
                value,
            } => {
                let target = self.variable(&variable.value)?;
                let value = self.assigned(target.clone(), *op, value, scope)?;
                let Node::Variable(slot) = target.node else {
                    return Err(SqlError::undeclared_variable(&variable.value));
                };
                assignments.push(slot);
                columns.push(unnamed(value.ty));
                items.push(value);
                Ok(())
            }
        }
    }

    /// The new value of a variable or column that is assigned to, of the target's type.
    pub(crate) fn assigned(
        &mut self,
        target: Expr,
        op: ast::AssignOp,
        value: &ast::Expr,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let ty = target.ty;
        let value = self.expr(value, scope)?;
        let value = match op {
            ast::AssignOp::Set => value,
            ast::AssignOp::Compound(op) => super::expr::binary(op, target, value)?,
        };
        variable_value(value, &ty)
    }

    fn wildcard(
        &mut self,
        table: Option<&ast::ObjectName>,
        scope: &Scope<'_>,
        items: &mut Vec<Expr>,
        columns: &mut Vec<ResultColumn>,
    ) -> Result<(), SqlError> {
        if scope.sources.is_empty() {
            return Err(
                SqlError::new(263, 16, "Must specify table to select from.").aborting(Abort::Batch)
            );
        }
        let mut at = 0;
        let mut any = false;
        for source in scope.sources {
            let wanted = table.is_none_or(|table| source.is_named(table));
            any |= wanted;
            for column in &source.columns {
                if wanted && &*column.name != ROW_ID {
                    let expr = match scope.group {
                        None => Self::plain(column, at),
                        Some(group) => {
                            let node = Node::Column {
                                depth: 0,
                                index: at,
                            };
                            let key = group.keys.iter().position(|key| key.node == node);
                            let key = key.ok_or_else(|| {
                                super::scope::not_grouped(
                                    scope.clause,
                                    &format!("{}.{}", source.shown, column.name),
                                )
                            })?;
                            Expr::column(key, group.keys[key].ty)
                        }
                    };
                    columns.push(ResultColumn {
                        name: Arc::clone(&column.name),
                        ty: expr.ty,
                        identity: column.identity,
                        updatable: column.updatable,
                        computed: false,
                    });
                    items.push(expr);
                }
                at += 1;
            }
        }
        match table {
            Some(table) if !any => Err(SqlError::new(
                107,
                15,
                format!(
                    "The column prefix '{table}' does not match with a table name or alias name used in the query."
                ),
            )),
            _ => Ok(()),
        }
    }

    fn order(
        &mut self,
        order_by: &[ast::OrderByItem],
        distinct: bool,
        scope: &Scope<'_>,
        items: &mut Vec<Expr>,
        columns: &[ResultColumn],
    ) -> Result<Vec<Sort>, SqlError> {
        let visible = columns.len();
        let mut order = Vec::with_capacity(order_by.len());
        for item in order_by {
            let index = match &item.expr.kind {
                ExprKind::Literal(ast::Literal::Integer(text)) => ordinal(text, visible)?,
                ExprKind::Literal(_) => {
                    return Err(SqlError::new(
                        408,
                        15,
                        format!(
                            "A constant expression was encountered in the ORDER BY list, position {}.",
                            order.len() + 1
                        ),
                    ));
                }
                ExprKind::Column(column) if column.table.is_none() => {
                    let named = |known: &ResultColumn| same_name(&known.name, &column.name.value);
                    match columns.iter().position(named) {
                        Some(at) => {
                            let ambiguous = columns[at + 1..]
                                .iter()
                                .zip(&items[at + 1..])
                                .any(|(other, expr)| named(other) && *expr != items[at]);
                            if ambiguous {
                                return Err(SqlError::ambiguous_column(&column.name.value));
                            }
                            at
                        }
                        None => self.order_expr(&item.expr, distinct, scope, items)?,
                    }
                }
                _ => self.order_expr(&item.expr, distinct, scope, items)?,
            };
            check_sortable(&items[index].ty)?;
            order.push(Sort {
                index,
                descending: item.descending,
                ty: items[index].ty,
            });
        }
        Ok(order)
    }

    fn order_expr(
        &mut self,
        expr: &ast::Expr,
        distinct: bool,
        scope: &Scope<'_>,
        items: &mut Vec<Expr>,
    ) -> Result<usize, SqlError> {
        let bound = self.expr(expr, scope)?;
        if let Some(at) = items.iter().position(|item| *item == bound) {
            return Ok(at);
        }
        if distinct {
            return Err(SqlError::new(
                145,
                15,
                "ORDER BY items must appear in the select list if SELECT DISTINCT is specified.",
            ));
        }
        items.push(bound);
        Ok(items.len() - 1)
    }

    pub(crate) fn limit(
        &mut self,
        top: Option<&ast::Top>,
        offset: Option<&ast::OffsetFetch>,
        parent: Option<&Scope<'_>>,
    ) -> Result<Limit, SqlError> {
        let scope = Scope::rows(&[], parent);
        let mut limit = Limit::default();
        if let Some(top) = top {
            let sql = if top.percent {
                SqlType::Float
            } else {
                SqlType::BigInt
            };
            let count = self.expr(&top.count, &scope)?;
            limit.top = Some(coerce(count, &ExprType::new(sql))?);
            limit.percent = top.percent;
            limit.ties = top.with_ties;
        }
        if let Some(offset) = offset {
            let big = ExprType::new(SqlType::BigInt);
            let skipped = self.expr(&offset.offset, &scope)?;
            limit.offset = Some(coerce(skipped, &big)?);
            if let Some(fetch) = &offset.fetch {
                let fetched = self.expr(fetch, &scope)?;
                limit.fetch = Some(coerce(fetched, &big)?);
            }
        }
        Ok(limit)
    }

    /// Lets scans seek where their conditions fix a key.
    pub(crate) fn find_seeks(&self, source: &mut Source) {
        match source {
            Source::Table(scan) => {
                if scan.seek.is_none()
                    && let Some(table) = self.content(scan.place).tables.get(&scan.table)
                {
                    scan.seek = pushdown::find_seek(&table.definition, scan.filter.as_ref());
                }
            }
            Source::Join(join) => {
                self.find_seeks(&mut join.left);
                self.find_seeks(&mut join.right);
            }
            Source::Apply { left, right, .. } => {
                self.find_seeks(left);
                self.find_seeks(right);
            }
            Source::Filter(inner, _) => self.find_seeks(inner),
            _ => {}
        }
    }
}

/// The value converted to a variable's type; a NULL constant stays what it is.
pub(crate) fn variable_value(value: Expr, ty: &ExprType) -> Result<Expr, SqlError> {
    coerce(value, ty)
}

/// A position in the select list, from 1, as an index (108).
pub(super) fn ordinal(text: &str, count: usize) -> Result<usize, SqlError> {
    text.parse::<usize>()
        .ok()
        .filter(|position| (1..=count).contains(position))
        .map(|position| position - 1)
        .ok_or_else(|| {
            SqlError::new(
                108,
                15,
                format!("The ORDER BY position number {text} is out of range of the number of items in the select list."),
            )
        })
}

fn check_sortable(ty: &ExprType) -> Result<(), SqlError> {
    match ty.sql {
        SqlType::Text | SqlType::NText | SqlType::Image => Err(SqlError::large_object_compared()),
        SqlType::Xml => Err(SqlError::xml_compared()),
        _ => Ok(()),
    }
}

/// What the client is told about one item.
fn result_column(
    bound: &Expr,
    expr: &ast::Expr,
    alias: Option<&ast::Ident>,
    scope: &Scope<'_>,
) -> ResultColumn {
    let own = match &bound.node {
        Node::Column { depth: 0, index } if scope.group.is_none() => {
            column_at(scope.sources, *index)
        }
        _ => None,
    };
    let name: Arc<str> = match (alias, &expr.kind) {
        (Some(alias), _) => alias.value.as_str().into(),
        (None, ExprKind::Column(column)) => own.map_or_else(
            || column.name.value.as_str().into(),
            |column| Arc::clone(&column.name),
        ),
        _ => "".into(),
    };
    ResultColumn {
        name,
        ty: ExprType {
            literal: match bound.ty.literal {
                Literal::Null => Literal::Null,
                _ => Literal::No,
            },
            ..bound.ty
        },
        identity: own.is_some_and(|column| column.identity),
        updatable: own.is_some_and(|column| column.updatable),
        computed: !matches!(expr.kind, ExprKind::Column(_)),
    }
}

fn column_at(sources: &[ScopeSource], index: usize) -> Option<&super::ScopeColumn> {
    sources.iter().flat_map(|source| &source.columns).nth(index)
}

fn unnamed(ty: ExprType) -> ResultColumn {
    ResultColumn {
        name: "".into(),
        ty,
        identity: false,
        updatable: false,
        computed: true,
    }
}
