//! SELECT blocks and set operations.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use milink_core::value::{Row, Value};

use super::{Env, Runtime};
use crate::engine::bound::{
    Body, Expr, Limit, Node, Query, Select, SetOp, Sort, WindowCall, WindowFunction,
};
use crate::engine::format;
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::memory::{computed, rows_of};
use crate::types::{ExprType, compare, convert_implicit, key_bytes};

impl Runtime<'_> {
    /// The rows of a query.
    pub(crate) fn query(
        &mut self,
        query: &Query,
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Row>, Stop> {
        let mut rows = self.body(&query.body, outer)?;
        sort(&mut rows, &query.order);
        let rows = self.limited(rows, &query.limit, &query.order, outer)?;
        match &query.format {
            None => Ok(rows),
            Some(format) => Ok(format::render(format, &rows, &query_types(query))),
        }
    }

    fn body(&mut self, body: &Body, outer: Option<&Env<'_>>) -> Result<Vec<Row>, Stop> {
        let (op, left, right, types, left_types, right_types) = match body {
            Body::Select(select) => return self.select(select, outer),
            Body::Set {
                op,
                left,
                right,
                types,
                left_types,
                right_types,
            } => (*op, left, right, types, left_types, right_types),
        };
        let left = self.body(left, outer)?;
        let left = self.converted(left, left_types, types)?;
        let right = self.body(right, outer)?;
        let right = self.converted(right, right_types, types)?;
        self.check_size(left.len() + right.len())?;
        let key = |row: &Row| row_key(row, types);
        Ok(match op {
            SetOp::UnionAll => left.into_iter().chain(right).collect(),
            SetOp::Union => {
                let mut seen = BTreeSet::new();
                let all = left.into_iter().chain(right);
                all.filter(|row| seen.insert(key(row))).collect()
            }
            SetOp::Except => {
                let mut seen: BTreeSet<Vec<u8>> = right.iter().map(key).collect();
                left.into_iter()
                    .filter(|row| seen.insert(key(row)))
                    .collect()
            }
            SetOp::Intersect => {
                let mut wanted: BTreeSet<Vec<u8>> = right.iter().map(key).collect();
                left.into_iter()
                    .filter(|row| wanted.remove(&key(row)))
                    .collect()
            }
        })
    }

    fn converted(
        &mut self,
        rows: Vec<Row>,
        from: &[ExprType],
        to: &[ExprType],
    ) -> Result<Vec<Row>, Stop> {
        if from.iter().zip(to).all(|(from, to)| from.sql == to.sql) {
            return Ok(rows);
        }
        rows.iter()
            .map(|row| {
                row.iter()
                    .zip(from.iter().zip(to))
                    .map(|(value, (from, to))| {
                        Ok(convert_implicit(value, from, to, &self.functions.dates)?)
                    })
                    .collect()
            })
            .collect()
    }

    /// The rows that a SELECT's items are computed from: joined, filtered, grouped; with window results.
    fn base(
        &mut self,
        select: &Select,
        outer: Option<&Env<'_>>,
    ) -> Result<(Vec<Row>, Vec<Vec<Value>>), Stop> {
        self.row_goal = self.enough(select, outer)?;
        let rows = self.source(&select.source, outer)?;
        let mut rows = self.filtered(rows, select.filter.as_ref(), outer)?;
        if let Some(grouping) = &select.grouping {
            rows = self.group(grouping, &rows, outer)?;
            self.hold(rows_of(rows.len(), rows.first().map_or(0, |row| row.len())))?;
        }
        let rows = self.filtered(rows, select.having.as_ref(), outer)?;
        let windows = if select.windows.is_empty() {
            Vec::new()
        } else {
            self.hold(rows_of(rows.len(), select.windows.len()))?;
            self.windows(&select.windows, &rows, outer)?
        };
        Ok((rows, windows))
    }

    /// How many output rows are needed: without sorting, TOP needs no more than it asks for.
    fn most(&mut self, select: &Select, outer: Option<&Env<'_>>) -> Result<usize, Stop> {
        match (&select.limit.top, select.limit.percent) {
            (Some(top), false) if select.order.is_empty() && !select.distinct => {
                let count = self.eval_count(top, &Env::of(&[], outer))?.unwrap_or(0);
                Ok(usize::try_from(count).unwrap_or(0))
            }
            _ => Ok(usize::MAX),
        }
    }

    /// How many rows of its source a block needs, if the first ones are enough. Numbering rows in no particular order,
    /// as generators of numbers do, needs no others.
    fn enough(&mut self, select: &Select, outer: Option<&Env<'_>>) -> Result<Option<usize>, Stop> {
        let takes_rows_as_they_come = select.filter.is_none()
            && select.grouping.is_none()
            && select.having.is_none()
            && select.windows.iter().all(numbers_in_any_order);
        let most = if takes_rows_as_they_come {
            self.most(select, outer)?
        } else {
            usize::MAX
        };
        Ok((most < usize::MAX).then_some(most))
    }

    fn select(&mut self, select: &Select, outer: Option<&Env<'_>>) -> Result<Vec<Row>, Stop> {
        let held = self.held();
        let (base, windows) = self.base(select, outer)?;
        let most = self.most(select, outer)?;
        let mut made = 0;
        let mut rows = match plain_columns(&select.items) {
            Some(columns) => self.projected(base, most, &columns)?,
            None => {
                let mut rows: Vec<Row> = Vec::with_capacity(base.len().min(most));
                for (at, row) in base.iter().enumerate().take(most) {
                    self.tick()?;
                    let env = Env {
                        row,
                        windows: windows.get(at).map_or(&[], Vec::as_slice),
                        outer,
                    };
                    let values = self.eval_all(&select.items, &env)?;
                    let takes = computed(&values);
                    self.hold(takes)?;
                    made += takes;
                    rows.push(values.into());
                }
                drop(base);
                self.keep(held, made);
                rows
            }
        };
        if select.distinct {
            let types: Vec<ExprType> = select.items.iter().map(|item| item.ty).collect();
            let mut seen = BTreeSet::new();
            rows.retain(|row| seen.insert(row_key(row, &types)));
        }
        sort(&mut rows, &select.order);
        let mut rows = self.limited(rows, &select.limit, &select.order, outer)?;
        if select.items.len() > select.visible {
            for row in &mut rows {
                *row = row[..select.visible].into();
            }
        }
        Ok(rows)
    }

    /// Some columns of the first rows. Rows that are wanted whole are not copied.
    fn projected(
        &mut self,
        mut base: Vec<Row>,
        most: usize,
        columns: &[usize],
    ) -> Result<Vec<Row>, Stop> {
        base.truncate(most);
        let is_whole = |row: &Row| {
            row.len() == columns.len() && columns.iter().enumerate().all(|(at, index)| at == *index)
        };
        if base.first().is_none_or(is_whole) {
            return Ok(base);
        }
        for row in &mut base {
            self.tick()?;
            self.hold(rows_of(1, columns.len()))?;
            *row = columns
                .iter()
                .map(|index| row.get(*index).cloned().unwrap_or(Value::Null))
                .collect();
        }
        Ok(base)
    }

    /// Runs a SELECT that assigns to variables; gives the number of rows.
    pub(crate) fn assign(&mut self, query: &Query) -> Result<usize, Stop> {
        let Body::Select(select) = &query.body else {
            return Ok(0);
        };
        if select.distinct || select.limit != Limit::default() {
            let rows = self.select(select, None)?;
            for row in &rows {
                for (slot, value) in select.assignments.iter().zip(row.iter()) {
                    self.local.variables.set(*slot, value.clone());
                }
            }
            return Ok(rows.len());
        }
        // Row by row, so that `@s = @s + c` sees what the row before made of it.
        let (base, windows) = self.base(select, None)?;
        let env = |at: usize| Env {
            row: &base[at],
            windows: windows.get(at).map_or(&[], Vec::as_slice),
            outer: None,
        };
        let mut order: Vec<usize> = (0..base.len()).collect();
        if !select.order.is_empty() {
            let mut keys = Vec::with_capacity(base.len());
            for at in 0..base.len() {
                let mut key = Vec::with_capacity(select.order.len());
                for sort in &select.order {
                    key.push(self.eval(&select.items[sort.index], &env(at))?);
                }
                keys.push(key);
            }
            order.sort_by(|a, b| compare_keys(&keys[*a], &keys[*b], &select.order));
        }
        let before: Vec<Value> = select
            .assignments
            .iter()
            .map(|slot| self.local.variables.get(*slot).value.clone())
            .collect();
        for at in order {
            let env = env(at);
            for (slot, item) in select.assignments.iter().zip(&select.items) {
                match self.eval(item, &env) {
                    Ok(value) => self.local.variables.set(*slot, value),
                    Err(stop) => {
                        if stop.is_tried_again() {
                            for (slot, value) in select.assignments.iter().zip(before) {
                                self.local.variables.set(*slot, value);
                            }
                        }
                        return Err(stop);
                    }
                }
            }
        }
        Ok(base.len())
    }

    /// What TOP, OFFSET and FETCH leave.
    pub(crate) fn limited(
        &mut self,
        mut rows: Vec<Row>,
        limit: &Limit,
        order: &[Sort],
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Row>, Stop> {
        let env = Env::of(&[], outer);
        if let Some(top) = &limit.top {
            let count = self.top_count(top, limit.percent, rows.len(), &env)?;
            let mut end = count.min(rows.len());
            if limit.ties && end > 0 {
                while end < rows.len() && compare_rows(&rows[end - 1], &rows[end], order).is_eq() {
                    end += 1;
                }
            }
            rows.truncate(end);
        }
        if let Some(offset) = &limit.offset {
            let skipped = self.eval_count(offset, &env)?.unwrap_or(0);
            if skipped < 0 {
                return Err(bad_offset("offset", 10742).into());
            }
            let skipped = usize::try_from(skipped)
                .unwrap_or(usize::MAX)
                .min(rows.len());
            rows.drain(..skipped);
        }
        if let Some(fetch) = &limit.fetch {
            let fetched = self.eval_count(fetch, &env)?.unwrap_or(0);
            if fetched < 1 {
                return Err(bad_offset("fetch", 10744).into());
            }
            rows.truncate(usize::try_from(fetched).unwrap_or(usize::MAX));
        }
        Ok(rows)
    }

    pub(crate) fn top_count(
        &mut self,
        top: &crate::engine::bound::Expr,
        percent: bool,
        rows: usize,
        env: &Env<'_>,
    ) -> Result<usize, Stop> {
        if percent {
            let share = match self.eval(top, env)? {
                Value::Float(share) if (0.0..=100.0).contains(&share) => share,
                _ => {
                    return Err(SqlError::new(
                        1031,
                        15,
                        "Percent values must be between 0 and 100.",
                    )
                    .into());
                }
            };
            return Ok((rows as f64 * share / 100.0).ceil() as usize);
        }
        let count = self.eval_count(top, env)?;
        match count {
            Some(count) if count >= 0 => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
            _ => Err(SqlError::new(
                1060,
                15,
                "The number of rows provided for a TOP or FETCH clauses row count parameter must be an integer.",
            )
            .into()),
        }
    }
}

/// The columns of the row itself that the items are, if they are nothing else.
fn plain_columns(items: &[Expr]) -> Option<Vec<usize>> {
    let column = |item: &Expr| match item.node {
        Node::Column { depth: 0, index } => Some(index),
        _ => None,
    };
    items.iter().map(column).collect()
}

/// Whether a window function only counts rows, in an order that is the same for all of them.
fn numbers_in_any_order(window: &WindowCall) -> bool {
    let is_constant = |expr: &Expr| match &expr.node {
        Node::Constant(_) | Node::Variable(_) => true,
        Node::Subquery(query) => !query.correlated,
        _ => false,
    };
    matches!(window.function, WindowFunction::RowNumber)
        && window.partition.is_empty()
        && window.order.iter().all(|(expr, _)| is_constant(expr))
}

/// 10742, 10744.
fn bad_offset(clause: &str, number: i32) -> SqlError {
    let text = if clause == "offset" {
        "The offset specified in a OFFSET clause may not be negative."
    } else {
        "The number of rows provided for a FETCH clause must be greater then zero."
    };
    SqlError::new(number, 15, text)
}

/// Sorts rows by some of their values; equal rows keep their order.
pub(crate) fn sort(rows: &mut [Row], order: &[Sort]) {
    if !order.is_empty() {
        rows.sort_by(|a, b| compare_rows(a, b, order));
    }
}

/// Compares rows by their sort values, which stand in the order of the sorting.
fn compare_keys(left: &[Value], right: &[Value], order: &[Sort]) -> Ordering {
    for ((l, r), sort) in left.iter().zip(right).zip(order) {
        let ordering = compare(l, r, &sort.ty);
        let ordering = if sort.descending {
            ordering.reverse()
        } else {
            ordering
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

fn compare_rows(left: &Row, right: &Row, order: &[Sort]) -> Ordering {
    for sort in order {
        let ordering = compare(&left[sort.index], &right[sort.index], &sort.ty);
        let ordering = if sort.descending {
            ordering.reverse()
        } else {
            ordering
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

fn row_key(row: &Row, types: &[ExprType]) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    for (value, ty) in row.iter().zip(types) {
        key_bytes(value, ty, &mut key);
    }
    key
}

/// The types of a query's rows before FOR JSON or FOR XML made a text of them.
fn query_types(query: &Query) -> Vec<ExprType> {
    match &query.body {
        Body::Select(select) => select.items[..select.visible]
            .iter()
            .map(|item| item.ty)
            .collect(),
        Body::Set { types, .. } => types.clone(),
    }
}
