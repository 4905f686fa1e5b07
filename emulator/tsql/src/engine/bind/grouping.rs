//! GROUP BY: keys and grouping sets.

use std::cell::RefCell;

use super::Binder;
use super::aggregate::contains_aggregate;
use super::scope::{Group, Scope};
use crate::ast::{self, ExprKind, GroupByItem, SelectItem};
use crate::engine::bound::Expr;
use crate::error::SqlError;

/// How many grouping sets a query may have (documentation of GROUP BY).
const MAX_GROUPING_SETS: usize = 4096;

impl Binder<'_> {
    /// GROUP BY, if the block is grouped: by the clause, or by having aggregates.
    pub(super) fn grouping(
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
