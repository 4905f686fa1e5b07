//! Search conditions.

use std::sync::Arc;

use super::Binder;
use super::expr::{coerce, compare, one_column_expected};
use super::scope::Scope;
use crate::ast::{self, ExprKind};
use crate::engine::bound::{Expr, Predicate, Query};
use crate::error::SqlError;
use crate::types::{self, BoundComparison, CompareOp, ExprType, Family, family};

impl Binder<'_> {
    /// Binds a condition.
    pub(crate) fn predicate(
        &mut self,
        expr: &ast::Expr,
        scope: &Scope<'_>,
    ) -> Result<Predicate, SqlError> {
        self.predicate_here(expr, scope)
            .map_err(|error| error.at_line(expr.span.line))
    }

    fn predicate_here(
        &mut self,
        expr: &ast::Expr,
        scope: &Scope<'_>,
    ) -> Result<Predicate, SqlError> {
        let negate = |negated: bool, predicate: Predicate| {
            if negated {
                Predicate::Not(Box::new(predicate))
            } else {
                predicate
            }
        };
        Ok(match &expr.kind {
            ExprKind::And(left, right) => {
                let mut parts = self.predicate(left, scope)?.conjuncts();
                parts.extend(self.predicate(right, scope)?.conjuncts());
                Predicate::And(parts)
            }
            ExprKind::Or(left, right) => {
                let mut parts = Vec::new();
                for side in [left, right] {
                    match self.predicate(side, scope)? {
                        Predicate::Or(inner) => parts.extend(inner),
                        other => parts.push(other),
                    }
                }
                Predicate::Or(parts)
            }
            ExprKind::Not(inner) => Predicate::Not(Box::new(self.predicate(inner, scope)?)),
            ExprKind::Compare { op, left, right } => {
                let left = self.expr(left, scope)?;
                let right = self.expr(right, scope)?;
                compare(compare_op(*op), left, right)?
            }
            ExprKind::IsNull { operand, negated } => {
                let operand = self.expr(operand, scope)?;
                negate(*negated, Predicate::IsNull(Box::new(operand)))
            }
            ExprKind::IsDistinctFrom {
                left,
                right,
                negated,
            } => {
                let left = self.expr(left, scope)?;
                let right = self.expr(right, scope)?;
                let comparison = BoundComparison::bind(CompareOp::Eq, &left.ty, &right.ty)?;
                negate(
                    !negated,
                    Predicate::Same(comparison, Box::new((left, right))),
                )
            }
            ExprKind::Between {
                operand,
                low,
                high,
                negated,
            } => {
                let operand = self.expr(operand, scope)?;
                let low = self.expr(low, scope)?;
                let high = self.expr(high, scope)?;
                let both = Predicate::And(vec![
                    compare(CompareOp::Ge, operand.clone(), low)?,
                    compare(CompareOp::Le, operand, high)?,
                ]);
                negate(*negated, both)
            }
            ExprKind::InList {
                operand,
                list,
                negated,
            } => {
                let operand = self.expr(operand, scope)?;
                let mut bound = Vec::with_capacity(list.len());
                for item in list {
                    let item = self.expr(item, scope)?;
                    let comparison = BoundComparison::bind(CompareOp::Eq, &operand.ty, &item.ty)?;
                    bound.push((comparison, item));
                }
                negate(*negated, Predicate::InList(Box::new(operand), bound))
            }
            ExprKind::InQuery {
                operand,
                query,
                negated,
            } => {
                let operand = self.expr(operand, scope)?;
                let (query, comparison) =
                    self.compared_query(query, CompareOp::Eq, &operand, scope)?;
                let predicate = Predicate::InQuery {
                    operand: Box::new(operand),
                    comparison,
                    query,
                };
                negate(*negated, predicate)
            }
            ExprKind::Quantified {
                op,
                quantifier,
                left,
                query,
            } => {
                let operand = self.expr(left, scope)?;
                let (query, comparison) =
                    self.compared_query(query, compare_op(*op), &operand, scope)?;
                Predicate::Quantified {
                    operand: Box::new(operand),
                    comparison,
                    all: *quantifier == ast::Quantifier::All,
                    query,
                }
            }
            ExprKind::Like {
                operand,
                pattern,
                escape,
                negated,
            } => {
                let operand = self.text_operand(operand, 1, scope)?;
                let pattern = self.text_operand(pattern, 2, scope)?;
                let escape = match escape {
                    Some(escape) => Some(Box::new(self.text_operand(escape, 3, scope)?)),
                    None => None,
                };
                let predicate = Predicate::Like {
                    operand: Box::new(operand),
                    pattern: Box::new(pattern),
                    escape,
                };
                negate(*negated, predicate)
            }
            ExprKind::Exists(query) => Predicate::Exists(Arc::new(self.query(query, Some(scope))?)),
            ExprKind::UpdatedColumn(_) => {
                return Err(SqlError::unsupported("UPDATE() outside of a trigger"));
            }
            _ => {
                return Err(SqlError::new(
                    4145,
                    15,
                    "An expression of non-boolean type specified in a context where a condition is expected.",
                ));
            }
        })
    }

    /// A subquery of one column that a value is compared with.
    fn compared_query(
        &mut self,
        query: &ast::Query,
        op: CompareOp,
        operand: &Expr,
        scope: &Scope<'_>,
    ) -> Result<(Arc<Query>, BoundComparison), SqlError> {
        let query = self.query(query, Some(scope))?;
        let [column] = query.columns.as_slice() else {
            return Err(one_column_expected());
        };
        let comparison = BoundComparison::bind(op, &operand.ty, &column.ty)?;
        Ok((Arc::new(query), comparison))
    }

    /// An operand of LIKE: anything that has a text.
    fn text_operand(
        &mut self,
        expr: &ast::Expr,
        position: usize,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let bound = self.expr(expr, scope)?;
        match family(bound.ty.sql) {
            Family::Text | Family::LargeText | Family::Xml => Ok(bound),
            Family::Binary | Family::Variant => Err(SqlError::invalid_argument_type(
                bound.ty.sql.name(),
                position,
                "like",
            )),
            _ => {
                let to = ExprType::variable(
                    milink_core::sql_type::SqlType::nvarchar(4000),
                    self.collation(),
                );
                coerce(bound, &to)
            }
        }
    }
}

pub(super) fn compare_op(op: ast::CompareOp) -> types::CompareOp {
    match op {
        ast::CompareOp::Equal => CompareOp::Eq,
        ast::CompareOp::NotEqual => CompareOp::Ne,
        ast::CompareOp::Less => CompareOp::Lt,
        ast::CompareOp::LessOrEqual => CompareOp::Le,
        ast::CompareOp::Greater => CompareOp::Gt,
        ast::CompareOp::GreaterOrEqual => CompareOp::Ge,
    }
}
