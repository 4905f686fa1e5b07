//! Aggregates, and expressions of a grouped query.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::Binder;
use super::scope::Scope;
use crate::ast::{self, ExprKind, FunctionArgs};
use crate::engine::bound::{AggregateCall, AggregateKind, ByName, Expr, Node};
use crate::engine::walk;
use crate::error::{Abort, SqlError};
use crate::functions::find_aggregate;
use crate::types::ExprType;

/// Whether a name, in lower case, is an aggregate's.
pub(crate) fn is_aggregate(name: &str) -> bool {
    find_aggregate(name).is_some() || matches!(name, "grouping" | "grouping_id")
}

/// Whether an expression contains an aggregate of its own query block.
pub(super) fn contains_aggregate(expr: &ast::Expr) -> bool {
    walk::any(expr, &|part| match &part.kind {
        ExprKind::Function(call) => {
            call.over.is_none()
                && call.name.is_one_part()
                && is_aggregate(&call.name.object.value.to_ascii_lowercase())
        }
        _ => false,
    })
}

impl Binder<'_> {
    /// In a grouped block: the expression as a key of the group, if it is one.
    pub(super) fn group_key(
        &mut self,
        expr: &ast::Expr,
        scope: &Scope<'_>,
    ) -> Result<Option<Expr>, SqlError> {
        let Some(group) = scope.group else {
            return Ok(None);
        };
        let may_be = !group.keys.is_empty()
            && !matches!(
                expr.kind,
                ExprKind::Literal(_)
                    | ExprKind::Column(_)
                    | ExprKind::Variable(_)
                    | ExprKind::GlobalVariable(_)
                    | ExprKind::Subquery(_)
            )
            && !expr.is_condition()
            && group
                .keys
                .iter()
                .any(|key| !matches!(key.node, Node::Column { .. }))
            && !contains_aggregate(expr);
        if !may_be {
            return Ok(None);
        }
        let Ok(bound) = self.expr(expr, &scope.ungrouped()) else {
            return Ok(None);
        };
        let key = group.keys.iter().position(|key| key.node == bound.node);
        Ok(key.map(|key| Expr::column(key, group.keys[key].ty)))
    }

    pub(super) fn aggregate(
        &mut self,
        call: &ast::FunctionCall,
        name: &str,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let Some(group) = scope.group else {
            return Err(misplaced());
        };
        let bound = if matches!(name, "grouping" | "grouping_id") {
            self.grouping_id(call, name, scope)?
        } else {
            self.aggregate_call(call, name, scope)?
        };
        let ty = bound.ty;
        let mut aggregates = group.aggregates.borrow_mut();
        let at = aggregates
            .iter()
            .position(|known| *known == bound)
            .unwrap_or_else(|| {
                aggregates.push(bound);
                aggregates.len() - 1
            });
        Ok(Expr::column(group.keys.len() + at, ty))
    }

    /// An aggregate with its arguments, which are bound to the rows before grouping.
    pub(super) fn aggregate_call(
        &mut self,
        call: &ast::FunctionCall,
        name: &str,
        scope: &Scope<'_>,
    ) -> Result<AggregateCall, SqlError> {
        let aggregate = find_aggregate(name).ok_or_else(|| SqlError::unknown_function(name))?;
        let rows = scope.ungrouped();
        let args = match &call.args {
            FunctionArgs::Star if matches!(name, "count" | "count_big") => {
                vec![Expr::constant(
                    Value::Int(1),
                    ExprType::new(SqlType::Int).not_null(),
                )]
            }
            FunctionArgs::Star => return Err(SqlError::incorrect_syntax("*")),
            FunctionArgs::List(args) => {
                if args.iter().any(contains_aggregate) {
                    return Err(SqlError::new(
                        130,
                        15,
                        "Cannot perform an aggregate function on an expression containing an aggregate or a subquery.",
                    ));
                }
                self.exprs(args, &rows)?
            }
        };
        let mut order = Vec::with_capacity(call.within_group.len());
        for item in &call.within_group {
            order.push((self.expr(&item.expr, &rows)?, item.descending));
        }
        let types: Vec<ExprType> = args.iter().map(|arg| arg.ty).collect();
        let ty = aggregate.result(&types)?;
        scope
            .correlated
            .set(scope.correlated.get() | rows.correlated.get());
        Ok(AggregateCall {
            kind: AggregateKind::Function {
                aggregate: ByName(aggregate),
                args,
                distinct: call.distinct,
                order,
            },
            ty,
        })
    }

    fn grouping_id(
        &mut self,
        call: &ast::FunctionCall,
        name: &str,
        scope: &Scope<'_>,
    ) -> Result<AggregateCall, SqlError> {
        let group = scope.group.expect("the caller is in a grouped block");
        let FunctionArgs::List(args) = &call.args else {
            return Err(SqlError::incorrect_syntax("*"));
        };
        let mut keys = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let bound = self.expr(arg, &scope.ungrouped())?;
            let key = group.keys.iter().position(|key| key.node == bound.node);
            keys.push(key.ok_or_else(|| {
                SqlError::new(
                    8161,
                    16,
                    format!("Argument {} of the {} function does not match any of the expressions in the GROUP BY clause.", at + 1, name.to_uppercase()),
                )
                .aborting(Abort::Batch)
            })?);
        }
        let sql = if name == "grouping" {
            if keys.len() != 1 {
                return Err(SqlError::function_requires("grouping", 1));
            }
            SqlType::TinyInt
        } else {
            SqlType::Int
        };
        Ok(AggregateCall {
            kind: AggregateKind::GroupingId(keys),
            ty: ExprType::new(sql).not_null(),
        })
    }
}

/// An aggregate where none may be (147).
fn misplaced() -> SqlError {
    SqlError::new(
        147,
        15,
        "An aggregate may not appear in the WHERE clause unless it is in a subquery contained in a HAVING clause or a select list, and the column being aggregated is an outer reference.",
    )
}
