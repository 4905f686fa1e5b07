//! Window functions.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::group::compare_keys;
use super::{Env, Runtime};
use crate::engine::bound::{Bound, WindowCall, WindowFunction};
use crate::engine::stop::Stop;
use crate::error::SqlError;
use crate::types::{ExprType, convert_implicit, key_bytes};

/// A row of a partition: where it is among all rows, its sort keys and its arguments.
struct Member {
    at: usize,
    keys: Vec<Value>,
    args: Vec<Value>,
}

impl Runtime<'_> {
    /// The results of all window functions, one list per row.
    pub(super) fn windows(
        &mut self,
        calls: &[WindowCall],
        rows: &[Row],
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Vec<Value>>, Stop> {
        let mut results = vec![Vec::with_capacity(calls.len()); rows.len()];
        for call in calls {
            let mut column = vec![Value::Null; rows.len()];
            for partition in self.partitions(call, rows, outer)? {
                self.window(call, &partition, &mut column)?;
            }
            for (result, value) in results.iter_mut().zip(column) {
                result.push(value);
            }
        }
        Ok(results)
    }

    fn partitions(
        &mut self,
        call: &WindowCall,
        rows: &[Row],
        outer: Option<&Env<'_>>,
    ) -> Result<Vec<Vec<Member>>, Stop> {
        let mut partitions: Vec<Vec<Member>> = Vec::new();
        let mut by_key: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            self.tick()?;
            let env = Env::of(row, outer);
            let mut bytes = Vec::new();
            for expr in &call.partition {
                let value = self.eval(expr, &env)?;
                key_bytes(&value, &expr.ty, &mut bytes);
            }
            let member = Member {
                at,
                keys: call
                    .order
                    .iter()
                    .map(|(expr, _)| self.eval(expr, &env))
                    .collect::<Result<_, _>>()?,
                args: self.eval_all(&call.args, &env)?,
            };
            match by_key.get(&bytes) {
                Some(partition) => partitions[*partition].push(member),
                None => {
                    by_key.insert(bytes, partitions.len());
                    partitions.push(vec![member]);
                }
            }
        }
        for partition in &mut partitions {
            partition.sort_by(|a, b| compare_keys(&a.keys, &b.keys, &call.order));
        }
        Ok(partitions)
    }

    fn window(
        &mut self,
        call: &WindowCall,
        members: &[Member],
        column: &mut [Value],
    ) -> Result<(), Stop> {
        let count = members.len();
        let same = |a: usize, b: usize| {
            compare_keys(&members[a].keys, &members[b].keys, &call.order) == Ordering::Equal
        };
        // The first member of each member's peers.
        let mut first_peer = vec![0; count];
        for at in 1..count {
            first_peer[at] = if same(at - 1, at) {
                first_peer[at - 1]
            } else {
                at
            };
        }
        let mut past_peers = vec![count; count];
        for at in (0..count.saturating_sub(1)).rev() {
            past_peers[at] = if first_peer[at] == first_peer[at + 1] {
                past_peers[at + 1]
            } else {
                at + 1
            };
        }
        match &call.function {
            WindowFunction::RowNumber => {
                for (at, member) in members.iter().enumerate() {
                    column[member.at] = Value::Int(at as i64 + 1);
                }
            }
            WindowFunction::Rank => {
                for (at, member) in members.iter().enumerate() {
                    column[member.at] = Value::Int(first_peer[at] as i64 + 1);
                }
            }
            WindowFunction::DenseRank => {
                let mut rank = 0;
                for (at, member) in members.iter().enumerate() {
                    rank += i64::from(first_peer[at] == at);
                    column[member.at] = Value::Int(rank);
                }
            }
            WindowFunction::PercentRank => {
                for (at, member) in members.iter().enumerate() {
                    let rank = if count > 1 {
                        first_peer[at] as f64 / (count - 1) as f64
                    } else {
                        0.0
                    };
                    column[member.at] = Value::Float(rank);
                }
            }
            WindowFunction::CumeDist => {
                for (at, member) in members.iter().enumerate() {
                    column[member.at] = Value::Float(past_peers[at] as f64 / count as f64);
                }
            }
            WindowFunction::Ntile => ntile(members, column)?,
            WindowFunction::Lag | WindowFunction::Lead => {
                self.offset_value(call, members, column)?;
            }
            WindowFunction::FirstValue | WindowFunction::LastValue => {
                for (at, member) in members.iter().enumerate() {
                    let (start, end) = self.frame(call, at, count, &first_peer, &past_peers)?;
                    let mut inside = members[start.min(end)..end].iter();
                    let wanted = |member: &&Member| !call.ignore_nulls || !member.args[0].is_null();
                    let found = if call.function == WindowFunction::FirstValue {
                        inside.find(wanted)
                    } else {
                        inside.rfind(wanted)
                    };
                    column[member.at] = found.map_or(Value::Null, |found| found.args[0].clone());
                }
            }
            WindowFunction::Aggregate(aggregate) => {
                let types: Vec<ExprType> = call.args.iter().map(|arg| arg.ty).collect();
                let dates = self.functions.dates;
                let mut accumulator = aggregate.0.start(&types, &call.ty, &dates);
                let mut taken = 0;
                let mut last: Option<(usize, usize, Value)> = None;
                for (at, member) in members.iter().enumerate() {
                    let (start, end) = self.frame(call, at, count, &first_peer, &past_peers)?;
                    let end = end.max(start);
                    if let Some((s, e, value)) = &last
                        && (*s, *e) == (start, end)
                    {
                        column[member.at] = value.clone();
                        continue;
                    }
                    // A frame that only grows at its end goes on with the same accumulator.
                    if last
                        .as_ref()
                        .is_some_and(|(s, e, _)| *s != start || *e > end)
                    {
                        accumulator = aggregate.0.start(&types, &call.ty, &dates);
                        taken = 0;
                    }
                    if taken == 0 {
                        taken = start;
                    }
                    for inside in &members[taken..end] {
                        self.tick()?;
                        accumulator.add(&inside.args)?;
                    }
                    taken = end;
                    let value = accumulator.finish()?;
                    column[member.at] = value.clone();
                    last = Some((start, end, value));
                }
                self.null_eliminated |= accumulator.null_eliminated();
            }
        }
        Ok(())
    }

    fn offset_value(
        &mut self,
        call: &WindowCall,
        members: &[Member],
        column: &mut [Value],
    ) -> Result<(), Stop> {
        let big = ExprType::new(SqlType::BigInt);
        for (at, member) in members.iter().enumerate() {
            let offset = match member.args.get(1) {
                None => 1,
                Some(offset) => {
                    let offset =
                        convert_implicit(offset, &call.args[1].ty, &big, &self.functions.dates)?;
                    match offset.as_int() {
                        Some(offset) if offset >= 0 => offset,
                        _ => {
                            return Err(SqlError::new(
                                8730,
                                16,
                                "Offset parameter for Lag and Lead functions cannot be a negative value.",
                            )
                            .into());
                        }
                    }
                }
            };
            let step = usize::try_from(offset).unwrap_or(usize::MAX);
            let found = if call.function == WindowFunction::Lag {
                at.checked_sub(step)
            } else {
                at.checked_add(step).filter(|at| *at < members.len())
            };
            column[member.at] = match found {
                Some(found) => members[found].args[0].clone(),
                None => member.args.get(2).cloned().unwrap_or(Value::Null),
            };
        }
        Ok(())
    }

    /// The frame of a member: from, and past its end.
    fn frame(
        &mut self,
        call: &WindowCall,
        at: usize,
        count: usize,
        first_peer: &[usize],
        past_peers: &[usize],
    ) -> Result<(usize, usize), Stop> {
        let mut distance = |bound: &crate::engine::bound::Expr| -> Result<usize, Stop> {
            let rows = self.eval_count(bound, &Env::EMPTY)?.unwrap_or(0).max(0);
            Ok(usize::try_from(rows).unwrap_or(usize::MAX))
        };
        let start = match &call.frame.start {
            Bound::UnboundedPreceding => 0,
            Bound::Preceding(rows) => at.saturating_sub(distance(rows)?),
            Bound::CurrentRow if call.frame.range => first_peer[at],
            Bound::CurrentRow => at,
            Bound::Following(rows) => at.saturating_add(distance(rows)?).min(count),
            Bound::UnboundedFollowing => count,
        };
        let end = match &call.frame.end {
            Bound::UnboundedPreceding => 0,
            Bound::Preceding(rows) => (at + 1).saturating_sub(distance(rows)?),
            Bound::CurrentRow if call.frame.range => past_peers[at],
            Bound::CurrentRow => at + 1,
            Bound::Following(rows) => (at + 1).saturating_add(distance(rows)?).min(count),
            Bound::UnboundedFollowing => count,
        };
        Ok((start, end))
    }
}

fn ntile(members: &[Member], column: &mut [Value]) -> Result<(), Stop> {
    let tiles = members.first().and_then(|member| member.args[0].as_int());
    let Some(tiles) = tiles.filter(|tiles| *tiles > 0) else {
        return Err(SqlError::new(
            4819,
            16,
            "The function 'NTILE' takes only a positive int or bigint expression as its input.",
        )
        .into());
    };
    let tiles = usize::try_from(tiles).unwrap_or(usize::MAX);
    let (size, larger) = (members.len() / tiles, members.len() % tiles);
    for (at, member) in members.iter().enumerate() {
        let in_larger = larger * (size + 1);
        let tile = if at < in_larger {
            at / (size + 1)
        } else {
            larger + (at - in_larger) / size.max(1)
        };
        column[member.at] = Value::Int(tile as i64 + 1);
    }
    Ok(())
}
