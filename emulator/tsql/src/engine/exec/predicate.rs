//! Truth of conditions.

use std::sync::Arc;

use milink_core::collation::Collation;
use milink_core::value::{Row, Value};

use super::{Env, KeySet, Runtime};
use crate::engine::bound::{Expr, Predicate, Query};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::types::{
    BoundComparison, ExprType, LikePattern, convert_implicit, is_national, key_bytes, to_display,
};

impl Runtime<'_> {
    /// Whether a condition holds for a row; none is unknown.
    pub(crate) fn test(
        &mut self,
        predicate: &Predicate,
        env: &Env<'_>,
    ) -> Result<Option<bool>, Stop> {
        match predicate {
            Predicate::And(parts) => {
                let mut result = Some(true);
                for part in parts {
                    match self.test(part, env)? {
                        Some(false) => return Ok(Some(false)),
                        Some(true) => {}
                        None => result = None,
                    }
                }
                Ok(result)
            }
            Predicate::Or(parts) => {
                let mut result = Some(false);
                for part in parts {
                    match self.test(part, env)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => result = None,
                    }
                }
                Ok(result)
            }
            Predicate::Not(inner) => Ok(self.test(inner, env)?.map(|holds| !holds)),
            Predicate::Compare(comparison, sides) => {
                let left = self.eval(&sides.0, env)?;
                let right = self.eval(&sides.1, env)?;
                Ok(comparison.eval(&left, &right, &self.functions.dates)?)
            }
            Predicate::IsNull(operand) => Ok(Some(self.eval(operand, env)?.is_null())),
            Predicate::Same(comparison, sides) => {
                let left = self.eval(&sides.0, env)?;
                let right = self.eval(&sides.1, env)?;
                Ok(Some(match (left.is_null(), right.is_null()) {
                    (true, true) => true,
                    (false, false) => {
                        comparison.eval(&left, &right, &self.functions.dates)? == Some(true)
                    }
                    _ => false,
                }))
            }
            Predicate::InList(operand, list) => {
                let value = self.eval(operand, env)?;
                let mut result = Some(false);
                for (comparison, item) in list {
                    let item = self.eval(item, env)?;
                    match comparison.eval(&value, &item, &self.functions.dates)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => result = None,
                    }
                }
                Ok(result)
            }
            Predicate::InQuery {
                operand,
                comparison,
                query,
            } => self.in_query(operand, comparison, query, env),
            Predicate::Quantified {
                operand,
                comparison,
                all,
                query,
            } => {
                let value = self.eval(operand, env)?;
                let rows = self.subquery_rows(query, env)?;
                let mut result = Some(*all);
                for row in rows.iter() {
                    match comparison.eval(&value, &row[0], &self.functions.dates)? {
                        Some(holds) if holds != *all => return Ok(Some(holds)),
                        Some(_) => {}
                        None => result = None,
                    }
                }
                Ok(result)
            }
            Predicate::Like {
                operand,
                pattern,
                escape,
            } => self.like(operand, pattern, escape.as_deref(), env),
            Predicate::Exists(query) => Ok(Some(!self.subquery_rows(query, env)?.is_empty())),
        }
    }

    /// Whether a condition holds; unknown is no.
    pub(crate) fn holds(&mut self, predicate: &Predicate, env: &Env<'_>) -> Result<bool, Stop> {
        Ok(self.test(predicate, env)? == Some(true))
    }

    fn like(
        &mut self,
        operand: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        env: &Env<'_>,
    ) -> Result<Option<bool>, Stop> {
        let value = self.eval(operand, env)?;
        let wanted = self.eval(pattern, env)?;
        let escape = match escape {
            Some(escape) => {
                let escape = self.eval(escape, env)?;
                match escape.as_str() {
                    Some(text) => Some(text.to_owned()),
                    None => return Ok(None),
                }
            }
            None => None,
        };
        if value.is_null() || wanted.is_null() {
            return Ok(None);
        }
        let text = |value: &Value, ty: &ExprType| match value {
            Value::Str(text) => Arc::clone(text),
            other => to_display(other, ty).into(),
        };
        let collation = operand
            .ty
            .collation
            .or(pattern.ty.collation)
            .unwrap_or(Collation::DEFAULT);
        let pattern = LikePattern::new(
            &text(&wanted, &pattern.ty),
            escape.as_deref(),
            collation,
            is_national(operand.ty.sql) || is_national(pattern.ty.sql),
        )?;
        Ok(Some(pattern.matches(&text(&value, &operand.ty))))
    }

    fn in_query(
        &mut self,
        operand: &Expr,
        comparison: &BoundComparison,
        query: &Arc<Query>,
        env: &Env<'_>,
    ) -> Result<Option<bool>, Stop> {
        let value = self.eval(operand, env)?;
        let element = query.columns[0].ty;
        if query.correlated {
            let rows = self.subquery_rows(query, env)?;
            let mut result = Some(false);
            for row in rows.iter() {
                match comparison.eval(&value, &row[0], &self.functions.dates)? {
                    Some(true) => return Ok(Some(true)),
                    Some(false) => {}
                    None => result = None,
                }
            }
            return Ok(result);
        }
        let set = self.key_set(query, &element, &comparison.common, env)?;
        if set.keys.is_empty() && !set.has_null {
            return Ok(Some(false));
        }
        if value.is_null() {
            return Ok(None);
        }
        let key = self.key(&value, &operand.ty, &comparison.common)?;
        if set.keys.contains(&key) {
            return Ok(Some(true));
        }
        Ok(if set.has_null { None } else { Some(false) })
    }

    fn key_set(
        &mut self,
        query: &Arc<Query>,
        element: &ExprType,
        common: &ExprType,
        env: &Env<'_>,
    ) -> Result<Arc<KeySet>, Stop> {
        if let Some(set) = self.sets.get(&query.id) {
            return Ok(Arc::clone(set));
        }
        let rows = self.subquery_rows(query, env)?;
        let mut set = KeySet {
            keys: std::collections::BTreeSet::new(),
            has_null: false,
        };
        for row in rows.iter() {
            if row[0].is_null() {
                set.has_null = true;
            } else {
                set.keys.insert(self.key(&row[0], element, common)?);
            }
        }
        let set = Arc::new(set);
        self.sets.insert(query.id, Arc::clone(&set));
        Ok(set)
    }

    /// A value as bytes that are equal where the values are, as the type that both sides of a comparison share.
    pub(crate) fn key(
        &mut self,
        value: &Value,
        from: &ExprType,
        common: &ExprType,
    ) -> Result<Vec<u8>, SqlError> {
        let mut key = Vec::with_capacity(16);
        let value = convert_implicit(value, from, common, &self.functions.dates)?;
        key_bytes(&value, common, &mut key);
        Ok(key)
    }

    /// The rows of a subquery; those that depend on no outer row are computed once.
    pub(crate) fn subquery_rows(
        &mut self,
        query: &Arc<Query>,
        env: &Env<'_>,
    ) -> Result<Arc<Vec<Row>>, Stop> {
        if query.correlated {
            let held = self.held();
            let rows = self.query(query, Some(env))?;
            // Whoever asks looks at them and drops them.
            self.keep(held, 0);
            return Ok(Arc::new(rows));
        }
        if let Some(rows) = self.results.get(&query.id) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(self.query(query, None)?);
        self.results.insert(query.id, Arc::clone(&rows));
        Ok(rows)
    }
}
