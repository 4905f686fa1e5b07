//! One SELECT: its list, grouping, sorting and limits.

use std::cell::RefCell;
use std::sync::Arc;

use milink_core::sql_type::SqlType;

use super::Binder;
use super::aggregate::contains_aggregate;
use super::expr::coerce;
use super::query::BoundBody;
use super::scope::{Clause, Group, Scope, ScopeSource, same_name};
use super::source::apply_filter;
use super::table::ROW_ID;
use crate::ast::{self, ExprKind, GroupByItem, SelectItem};
use crate::engine::bound::{Body, Expr, Grouping, Limit, Node, Select, Sort, Source};
use crate::engine::pushdown;
use crate::error::{Abort, SqlError};
use crate::session::event::ResultColumn;
use crate::types::{ExprType, Literal};

/// How many grouping sets a query may have (documentation of GROUP BY).
const MAX_GROUPING_SETS: usize = 4096;

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

    /// GROUP BY, if the block is grouped: by the clause, or by having aggregates.
    fn grouping(
        &mut self,
        spec: &ast::QuerySpec,
        order_by: &[ast::OrderByItem],
        rows: &Scope<'_>,
    ) -> Result<(Option<Group>, Vec<Vec<bool>>), SqlError> {
        let Some(group_by) = &spec.group_by else {
            let grouped = spec.having.is_some()
                || order_by.iter().any(|item| contains_aggregate(&item.expr))
                || spec.items.iter().any(|item| match item {
                    SelectItem::Wildcard { .. } => false,
                    SelectItem::Expr { expr, .. } => contains_aggregate(expr),
                    SelectItem::Assign { value, .. } => contains_aggregate(value),
                });
            let group = grouped.then(|| Group {
                keys: Vec::new(),
                aggregates: RefCell::new(Vec::new()),
            });
            return Ok((group, vec![Vec::new()]));
        };
        if group_by.all {
            return Err(SqlError::unsupported("GROUP BY ALL"));
        }
        let mut keys: Vec<Expr> = Vec::new();
        // Each set lists the keys it has; items multiply.
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        for item in &group_by.items {
            let own = self.group_sets(item, rows, &mut keys)?;
            if sets.len() * own.len() > MAX_GROUPING_SETS {
                return Err(too_many_sets());
            }
            sets = sets
                .iter()
                .flat_map(|set| {
                    own.iter().map(move |more| {
                        let mut set = set.clone();
                        set.extend(more);
                        set
                    })
                })
                .collect();
        }
        match group_by.suffix {
            None => {}
            Some(ast::GroupBySuffix::Rollup) => {
                sets = (0..=keys.len()).rev().map(|n| (0..n).collect()).collect();
            }
            Some(ast::GroupBySuffix::Cube) => {
                let elements: Vec<Vec<usize>> = (0..keys.len()).map(|key| vec![key]).collect();
                sets = cube(&elements)?;
            }
        }
        let sets: Vec<Vec<bool>> = sets
            .into_iter()
            .map(|set| (0..keys.len()).map(|key| set.contains(&key)).collect())
            .collect();
        if sets.iter().any(|set| set.contains(&false)) {
            for key in &mut keys {
                key.ty.nullable = true;
            }
        }
        let group = Group {
            keys,
            aggregates: RefCell::new(Vec::new()),
        };
        Ok((Some(group), sets))
    }

    fn group_sets(
        &mut self,
        item: &GroupByItem,
        rows: &Scope<'_>,
        keys: &mut Vec<Expr>,
    ) -> Result<Vec<Vec<usize>>, SqlError> {
        Ok(match item {
            GroupByItem::Expr(expr) => vec![vec![self.group_expr(expr, rows, keys)?]],
            GroupByItem::Composite(exprs) => {
                let mut set = Vec::with_capacity(exprs.len());
                for expr in exprs {
                    set.push(self.group_expr(expr, rows, keys)?);
                }
                vec![set]
            }
            GroupByItem::Rollup(items) => {
                let elements = self.group_elements(items, rows, keys)?;
                (0..=elements.len())
                    .rev()
                    .map(|n| elements[..n].concat())
                    .collect()
            }
            GroupByItem::Cube(items) => cube(&self.group_elements(items, rows, keys)?)?,
            GroupByItem::GroupingSets(items) => {
                let mut sets = Vec::new();
                for item in items {
                    sets.extend(self.group_sets(item, rows, keys)?);
                }
                sets
            }
        })
    }

    fn group_elements(
        &mut self,
        items: &[GroupByItem],
        rows: &Scope<'_>,
        keys: &mut Vec<Expr>,
    ) -> Result<Vec<Vec<usize>>, SqlError> {
        let mut elements = Vec::with_capacity(items.len());
        for item in items {
            elements.push(self.group_sets(item, rows, keys)?.concat());
        }
        Ok(elements)
    }

    fn group_expr(
        &mut self,
        expr: &ast::Expr,
        rows: &Scope<'_>,
        keys: &mut Vec<Expr>,
    ) -> Result<usize, SqlError> {
        if contains_aggregate(expr) || matches!(expr.kind, ExprKind::Subquery(_)) {
            return Err(SqlError::new(
                144,
                15,
                "Cannot use an aggregate or a subquery in an expression used for the group by list of a GROUP BY clause.",
            ));
        }
        let bound = self.expr(expr, rows)?;
        let mut any = false;
        bound.columns(&mut |_| any = true);
        if !any {
            return Err(SqlError::new(
                164,
                15,
                "Each GROUP BY expression must contain at least one column that is not an outer reference.",
            ));
        }
        Ok(keys
            .iter()
            .position(|key| key.node == bound.node)
            .unwrap_or_else(|| {
                keys.push(bound);
                keys.len() - 1
            }))
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

fn cube(elements: &[Vec<usize>]) -> Result<Vec<Vec<usize>>, SqlError> {
    if elements.len() > 12 {
        return Err(too_many_sets());
    }
    Ok((0..1usize << elements.len())
        .rev()
        .map(|mask| {
            (0..elements.len())
                .filter(|at| mask >> (elements.len() - 1 - at) & 1 == 1)
                .flat_map(|at| elements[at].iter().copied())
                .collect()
        })
        .collect())
}

fn too_many_sets() -> SqlError {
    SqlError::new(
        10703,
        15,
        "Too many grouping sets. The maximum number is 4096.",
    )
}
