//! Moving conditions down to the sources they are about, and finding the keys that they fix.

use std::sync::Arc;

use milink_core::store::TableDefinition;

use super::bound::{Expr, Join, Node, Predicate, Source};
use crate::types::{CompareOp, Family, family};

/// Gives a condition to a source; hands it back if it belongs above.
pub(crate) fn push(source: &mut Source, condition: Predicate) -> Option<Predicate> {
    let mut lowest = usize::MAX;
    let mut highest = 0;
    let mut any = false;
    let listed = condition.columns(&mut |column| {
        lowest = lowest.min(column);
        highest = highest.max(column);
        any = true;
    });
    if !listed || !any {
        return Some(condition);
    }
    push_listed(source, condition, lowest, highest)
}

fn push_listed(
    source: &mut Source,
    mut condition: Predicate,
    lowest: usize,
    highest: usize,
) -> Option<Predicate> {
    match source {
        Source::Join(join) => {
            let split = join.left_width;
            if highest < split {
                if join.keep_right {
                    return Some(condition);
                }
                if let Some(back) = push_listed(&mut join.left, condition, lowest, highest) {
                    wrap(&mut join.left, back);
                }
                return None;
            }
            if lowest >= split {
                if join.keep_left {
                    return Some(condition);
                }
                condition.shift(split);
                let back = push_listed(&mut join.right, condition, lowest - split, highest - split);
                if let Some(back) = back {
                    wrap(&mut join.right, back);
                }
                return None;
            }
            if join.keep_left || join.keep_right {
                return Some(condition);
            }
            add_condition(join, condition);
            None
        }
        Source::Table(scan) => {
            add(&mut scan.filter, condition);
            None
        }
        Source::View { filter, .. } => {
            add(filter, condition);
            None
        }
        _ => Some(condition),
    }
}

fn wrap(source: &mut Source, condition: Predicate) {
    match source {
        Source::Filter(_, filter) => {
            let old = std::mem::replace(filter, Predicate::And(Vec::new()));
            let mut parts = old.conjuncts();
            parts.push(condition);
            *filter = Predicate::And(parts);
        }
        _ => {
            let inner = std::mem::replace(source, Source::One);
            *source = Source::Filter(Box::new(inner), condition);
        }
    }
}

fn add(filter: &mut Option<Predicate>, condition: Predicate) {
    let mut parts = filter.take().map_or_else(Vec::new, Predicate::conjuncts);
    parts.push(condition);
    *filter = Predicate::all(parts);
}

/// Gives ON, or a condition about both sides, to a join: equalities between the sides become its keys.
pub(crate) fn add_condition(join: &mut Join, condition: Predicate) {
    for conjunct in condition.conjuncts() {
        match as_key(join.left_width, conjunct) {
            Ok(key) => join.keys.push(key),
            Err(other) => add(&mut join.residual, other),
        }
    }
}

type Key = (crate::types::BoundComparison, Expr, Expr);

fn as_key(split: usize, condition: Predicate) -> Result<Key, Predicate> {
    let Predicate::Compare(comparison, sides) = condition else {
        return Err(condition);
    };
    let side = |expr: &Expr| {
        let (mut left, mut right) = (false, false);
        let listed = expr.columns(&mut |column| {
            if column < split {
                left = true;
            } else {
                right = true;
            }
        });
        (listed && (left || right)).then_some((left, right))
    };
    if comparison.op != CompareOp::Eq {
        return Err(Predicate::Compare(comparison, sides));
    }
    match (side(&sides.0), side(&sides.1)) {
        (Some((true, false)), Some((false, true))) => {
            let (left, mut right) = *sides;
            right.shift(split);
            Ok((comparison, left, right))
        }
        (Some((false, true)), Some((true, false))) => {
            let (mut right, left) = *sides;
            let Ok(comparison) =
                crate::types::BoundComparison::bind(CompareOp::Eq, &left.ty, &right.ty)
            else {
                return Err(Predicate::Compare(comparison, Box::new((right, left))));
            };
            right.shift(split);
            Ok((comparison, left, right))
        }
        _ => Err(Predicate::Compare(comparison, sides)),
    }
}

/// The first key of a table whose columns a condition all fixes to one value, with those values.
pub(crate) fn find_seek(
    definition: &Arc<TableDefinition>,
    filter: Option<&Predicate>,
) -> Option<(usize, Vec<Expr>)> {
    let conjuncts: Vec<&Predicate> = match filter? {
        Predicate::And(parts) => parts.iter().collect(),
        other => vec![other],
    };
    let fixed = |column: usize| {
        conjuncts.iter().find_map(|conjunct| {
            let Predicate::Compare(comparison, sides) = conjunct else {
                return None;
            };
            let (own, value) = match (&sides.0.node, &sides.1.node) {
                (Node::Column { depth: 0, index }, _) if *index == column => (&sides.0, &sides.1),
                (_, Node::Column { depth: 0, index }) if *index == column => (&sides.1, &sides.0),
                _ => return None,
            };
            let mut depends = false;
            let listed = value.columns(&mut |_| depends = true);
            let comparable = own.ty.sql == comparison.common.sql
                || (family(own.ty.sql) == Family::Text
                    && family(comparison.common.sql) == Family::Text)
                || (family(own.ty.sql) == Family::Integer
                    && family(comparison.common.sql) == Family::Integer);
            let same_collation = own.ty.collation == comparison.common.collation;
            (comparison.op == CompareOp::Eq && listed && !depends && comparable && same_collation)
                .then(|| Expr {
                    ty: comparison.common,
                    node: Node::Convert {
                        operand: Box::new(value.clone()),
                        style: None,
                        is_try: false,
                    },
                })
        })
    };
    definition.keys.iter().enumerate().find_map(|(at, key)| {
        let values: Option<Vec<Expr>> = key.columns.iter().map(|part| fixed(part.0)).collect();
        Some((at, values?))
    })
}
