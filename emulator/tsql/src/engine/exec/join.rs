//! Joins and APPLY.

use std::collections::BTreeMap;

use milink_core::value::{Row, Value};

use super::{Env, Runtime};
use crate::engine::bound::{Expr, Join, Source};
use crate::engine::stop::Stop;
use crate::memory::rows_of;
use crate::types::{BoundComparison, convert_implicit, key_bytes};

/// Positions of rows by the bytes of their join keys.
type RowsByKey = BTreeMap<Vec<u8>, Vec<usize>>;

impl Runtime<'_> {
    /// By hashing where there are equalities between the sides, else every row with every row.
    pub(super) fn join(&mut self, join: &Join, outer: Option<&Env<'_>>) -> Result<Vec<Row>, Stop> {
        // Rows of the right side that nothing matches come last, so that all pairs have to be looked at.
        let enough = self.row_goal.take().filter(|_| !join.keep_right);
        let held = self.held();
        if join.keys.is_empty() && join.residual.is_none() {
            // Every row of the left side comes out at least once, unless nothing does.
            self.row_goal = enough;
        }
        let left = self.source(&join.left, outer)?;
        if left.is_empty() && !join.keep_right {
            return Ok(Vec::new());
        }
        let right = self.source(&join.right, outer)?;
        let mut right_used = vec![false; if join.keep_right { right.len() } else { 0 }];
        let table = self.hash(join, &right, outer)?;
        let everything: Vec<usize> = if table.is_some() {
            Vec::new()
        } else {
            (0..right.len()).collect()
        };
        let width = join.left_width + join.right_width;
        let mut joined = Vec::new();
        let no_matches = Vec::new();
        for row in &left {
            let candidates = match &table {
                None => &everything,
                Some(table) => {
                    let key = self.join_key(
                        join.keys
                            .iter()
                            .map(|(comparison, left, _)| (comparison, left)),
                        row,
                        outer,
                    )?;
                    key.and_then(|key| table.get(&key)).unwrap_or(&no_matches)
                }
            };
            let mut matched = false;
            for &at in candidates {
                self.tick()?;
                let both: Row = concat(row, &right[at]);
                if let Some(residual) = &join.residual
                    && !self.holds(residual, &Env::of(&both, outer))?
                {
                    continue;
                }
                matched = true;
                if join.keep_right {
                    right_used[at] = true;
                }
                self.hold(rows_of(1, width))?;
                joined.push(both);
            }
            if !matched && join.keep_left {
                self.hold(rows_of(1, width))?;
                joined.push(padded_right(row, join.right_width));
            }
            self.check_size(joined.len())?;
            if enough.is_some_and(|enough| joined.len() >= enough) {
                break;
            }
        }
        for (at, used) in right_used.into_iter().enumerate() {
            if !used {
                self.hold(rows_of(1, width))?;
                joined.push(padded_left(&right[at], join.left_width));
            }
        }
        self.keep(held, rows_of(joined.len(), width));
        Ok(joined)
    }

    fn hash(
        &mut self,
        join: &Join,
        right: &[Row],
        outer: Option<&Env<'_>>,
    ) -> Result<Option<RowsByKey>, Stop> {
        if join.keys.is_empty() {
            return Ok(None);
        }
        let mut table = RowsByKey::new();
        for (at, row) in right.iter().enumerate() {
            let keys = join
                .keys
                .iter()
                .map(|(comparison, _, right)| (comparison, right));
            if let Some(key) = self.join_key(keys, row, outer)? {
                table.entry(key).or_default().push(at);
            }
        }
        Ok(Some(table))
    }

    /// The key of a row; none if a part is NULL, which equals nothing.
    fn join_key<'k>(
        &mut self,
        keys: impl Iterator<Item = (&'k BoundComparison, &'k Expr)>,
        row: &Row,
        outer: Option<&Env<'_>>,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let env = Env::of(row, outer);
        let mut key = Vec::with_capacity(20);
        for (comparison, expr) in keys {
            let value = self.eval(expr, &env)?;
            if value.is_null() {
                return Ok(None);
            }
            let value =
                convert_implicit(&value, &expr.ty, &comparison.common, &self.functions.dates)?;
            key_bytes(&value, &comparison.common, &mut key);
        }
        Ok(Some(key))
    }

    pub(super) fn apply(
        &mut self,
        left: &Source,
        right: &Source,
        keep_left: bool,
        right_width: usize,
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Row>, Stop> {
        let mut joined = Vec::new();
        for row in self.source(left, outer)? {
            self.tick()?;
            let held = self.held();
            let env = Env::of(&row, outer);
            let matches = self.source(right, Some(&env))?;
            self.keep(held, 0);
            self.hold(rows_of(matches.len().max(1), row.len() + right_width))?;
            if matches.is_empty() && keep_left {
                joined.push(padded_right(&row, right_width));
            }
            joined.extend(matches.iter().map(|other| concat(&row, other)));
            self.check_size(joined.len())?;
        }
        Ok(joined)
    }
}

fn concat(left: &[Value], right: &[Value]) -> Row {
    if right.is_empty() {
        return left.into();
    }
    let mut both = Vec::with_capacity(left.len() + right.len());
    both.extend_from_slice(left);
    both.extend_from_slice(right);
    both.into()
}

fn padded_right(left: &[Value], width: usize) -> Row {
    let mut both = left.to_vec();
    both.resize(left.len() + width, Value::Null);
    both.into()
}

fn padded_left(right: &[Value], width: usize) -> Row {
    let mut both = vec![Value::Null; width];
    both.extend_from_slice(right);
    both.into()
}
