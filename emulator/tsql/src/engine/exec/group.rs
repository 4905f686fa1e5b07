//! GROUP BY and aggregates.

use std::collections::{BTreeMap, BTreeSet};

use milink_core::value::{Row, Value};

use super::{Env, Runtime};
use crate::engine::bound::{AggregateCall, AggregateKind, Expr, Grouping};
use crate::engine::stop::Stop;
use crate::functions::Accumulator;
use crate::types::{ExprType, compare, key_bytes};

/// A group while its rows come in.
struct Group {
    keys: Vec<Value>,
    states: Vec<AggregateState>,
}

/// One aggregate of one group.
struct AggregateState {
    accumulator: Option<Box<dyn Accumulator>>,
    seen: Option<BTreeSet<Vec<u8>>>,
    /// Arguments and sort keys that wait for their order (WITHIN GROUP).
    waiting: Vec<(Vec<Value>, Vec<Value>)>,
}

impl Runtime<'_> {
    /// The grouped rows: keys, then aggregates.
    pub(super) fn group(
        &mut self,
        grouping: &Grouping,
        rows: &[Row],
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Row>, Stop> {
        let mut grouped = Vec::new();
        for set in &grouping.sets {
            self.group_set(grouping, set, rows, outer, &mut grouped)?;
        }
        Ok(grouped)
    }

    fn group_set(
        &mut self,
        grouping: &Grouping,
        set: &[bool],
        rows: &[Row],
        outer: Option<&Env<'_>>,
        grouped: &mut Vec<Row>,
    ) -> Result<(), Stop> {
        let mut groups: Vec<Group> = Vec::new();
        let mut by_key: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let is_total = !set.contains(&true);
        if is_total && (grouping.scalar || !rows.is_empty() || grouping.keys.is_empty()) {
            by_key.insert(Vec::new(), 0);
            groups.push(self.new_group(grouping, vec![Value::Null; grouping.keys.len()]));
        }
        for row in rows {
            self.tick()?;
            let env = Env::of(row, outer);
            let at = if is_total {
                0
            } else {
                let mut keys = Vec::with_capacity(grouping.keys.len());
                let mut bytes = Vec::with_capacity(16);
                for (expr, wanted) in grouping.keys.iter().zip(set) {
                    if *wanted {
                        let value = self.eval(expr, &env)?;
                        key_bytes(&value, &expr.ty, &mut bytes);
                        keys.push(value);
                    } else {
                        keys.push(Value::Null);
                    }
                }
                match by_key.get(&bytes) {
                    Some(at) => *at,
                    None => {
                        groups.push(self.new_group(grouping, keys));
                        by_key.insert(bytes, groups.len() - 1);
                        groups.len() - 1
                    }
                }
            };
            for (call, state) in grouping.aggregates.iter().zip(&mut groups[at].states) {
                self.feed(call, state, &env)?;
            }
        }
        for group in groups {
            let mut row = group.keys;
            for (call, state) in grouping.aggregates.iter().zip(group.states) {
                row.push(self.finish(call, state, set)?);
            }
            grouped.push(row.into());
        }
        Ok(())
    }

    fn new_group(&self, grouping: &Grouping, keys: Vec<Value>) -> Group {
        let states = grouping
            .aggregates
            .iter()
            .map(|call| match &call.kind {
                AggregateKind::Function {
                    aggregate,
                    args,
                    distinct,
                    ..
                } => {
                    let types: Vec<ExprType> = args.iter().map(|arg| arg.ty).collect();
                    AggregateState {
                        accumulator: Some(aggregate.0.start(
                            &types,
                            &call.ty,
                            &self.functions.dates,
                        )),
                        seen: distinct.then(BTreeSet::new),
                        waiting: Vec::new(),
                    }
                }
                AggregateKind::GroupingId(_) => AggregateState {
                    accumulator: None,
                    seen: None,
                    waiting: Vec::new(),
                },
            })
            .collect();
        Group { keys, states }
    }

    fn feed(
        &mut self,
        call: &AggregateCall,
        state: &mut AggregateState,
        env: &Env<'_>,
    ) -> Result<(), Stop> {
        let AggregateKind::Function { args, order, .. } = &call.kind else {
            return Ok(());
        };
        let values = self.eval_all(args, env)?;
        if let Some(seen) = &mut state.seen {
            let mut bytes = Vec::with_capacity(16);
            for (value, arg) in values.iter().zip(args) {
                key_bytes(value, &arg.ty, &mut bytes);
            }
            if !seen.insert(bytes) {
                return Ok(());
            }
        }
        if !order.is_empty() {
            let keys = order
                .iter()
                .map(|(expr, _)| self.eval(expr, env))
                .collect::<Result<_, _>>()?;
            state.waiting.push((values, keys));
            return Ok(());
        }
        if let Some(accumulator) = &mut state.accumulator {
            accumulator.add(&values)?;
        }
        Ok(())
    }

    fn finish(
        &mut self,
        call: &AggregateCall,
        mut state: AggregateState,
        set: &[bool],
    ) -> Result<Value, Stop> {
        match &call.kind {
            AggregateKind::GroupingId(keys) => {
                let bits = keys
                    .iter()
                    .fold(0, |bits, key| bits << 1 | i64::from(!set[*key]));
                Ok(Value::Int(bits))
            }
            AggregateKind::Function { order, .. } => {
                let mut accumulator = state
                    .accumulator
                    .take()
                    .expect("an aggregate function has an accumulator");
                state
                    .waiting
                    .sort_by(|a, b| compare_keys(&a.1, &b.1, order));
                for (values, _) in &state.waiting {
                    accumulator.add(values)?;
                }
                self.null_eliminated |= accumulator.null_eliminated();
                Ok(accumulator.finish()?)
            }
        }
    }
}

/// The order of two rows by their sort keys.
pub(super) fn compare_keys(
    left: &[Value],
    right: &[Value],
    order: &[(Expr, bool)],
) -> std::cmp::Ordering {
    for ((l, r), (expr, descending)) in left.iter().zip(right).zip(order) {
        let ordering = compare(l, r, &expr.ty);
        let ordering = if *descending {
            ordering.reverse()
        } else {
            ordering
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    std::cmp::Ordering::Equal
}
