//! Where a fetch lands: arithmetic over places in a result, without any row.
//!
//! The rules are those of ODBC's SQLFetchScroll for block cursors ("Rules for each fetch orientation"), which the
//! server follows; a fetch of one row is a block of one.

/// Where a cursor is. Places count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Before the first row.
    Before,
    /// On the rows from `first` to `last`. If they are gone, `last` is the place before `first`.
    Rows { first: usize, last: usize },
    /// After the last row.
    After,
}

/// A way to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    First,
    Next,
    Prior,
    /// The rows before, fewer if there are no more.
    PriorNoAdjust,
    Last,
    Absolute(i64),
    Relative(i64),
    /// The same rows again.
    Refresh,
}

/// Where a move ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Landing {
    pub(crate) at: At,
    /// It would have gone before the first row, and stopped there.
    pub(crate) adjusted: bool,
}

/// Moves from `at` to a block of up to `block` rows, at least one, in a result of `count` rows.
pub(crate) fn land(at: At, movement: Move, block: usize, count: usize) -> Landing {
    let (last, size) = (to_i64(count), to_i64(block.max(1)));
    let from = |start: i64| Landing {
        at: block_at(start, size, last),
        adjusted: false,
    };
    let stopped = Landing {
        adjusted: true,
        ..from(1)
    };
    let before = Landing {
        at: At::Before,
        adjusted: false,
    };
    let after = Landing {
        at: At::After,
        adjusted: false,
    };
    match (movement, at) {
        (Move::First, _) => from(1),
        (Move::Last, _) => from((last - size + 1).max(1)),
        (Move::Next, At::Before) => from(1),
        (Move::Next, At::Rows { last, .. }) => from(to_i64(last) + 1),
        (Move::Next | Move::Refresh, At::After) => after,
        (Move::Refresh, At::Before) => before,
        (Move::Refresh, At::Rows { first, last }) => {
            let kept = to_i64(last) - to_i64(first) + 1;
            Landing {
                at: block_at(to_i64(first), kept.max(1), to_i64(count)),
                adjusted: false,
            }
        }
        (Move::Prior | Move::PriorNoAdjust, At::Before) => before,
        (Move::Prior, At::After) if last == 0 => before,
        (Move::Prior, At::After) if last < size => stopped,
        (Move::Prior, At::After) => from(last - size + 1),
        (Move::Prior, At::Rows { first, .. }) => match to_i64(first) {
            ..=1 => before,
            first if first <= size => stopped,
            first => from(first - size),
        },
        (Move::PriorNoAdjust, at) => {
            let end = match at {
                At::Rows { first, .. } => to_i64(first) - 1,
                _ => last,
            };
            match end {
                ..=0 => before,
                end => {
                    let start = (end - size + 1).max(1);
                    Landing {
                        at: block_at(start, end - start + 1, last),
                        adjusted: false,
                    }
                }
            }
        }
        (Move::Absolute(0), _) => before,
        (Move::Absolute(to), _) if to > 0 => from(to),
        (Move::Absolute(to), _) if to.saturating_neg() <= last => from(last + to + 1),
        (Move::Absolute(to), _) if to.saturating_neg() > size || last == 0 => before,
        (Move::Absolute(_), _) => stopped,
        (Move::Relative(by), At::Before) if by > 0 => {
            land(At::Before, Move::Absolute(by), block, count)
        }
        (Move::Relative(_), At::Before) => before,
        (Move::Relative(by), At::After) if by < 0 => {
            land(At::After, Move::Absolute(by), block, count)
        }
        (Move::Relative(_), At::After) => after,
        (Move::Relative(by), At::Rows { first, .. }) => {
            let first = to_i64(first);
            match first.saturating_add(by) {
                start @ 1.. => from(start),
                _ if first == 1 || by.saturating_neg() > size => before,
                _ => stopped,
            }
        }
    }
}

/// Moves a place over from one list of rows to a later one of the same query. `find` says where a row of the old list
/// is in the new one.
pub(crate) fn follow(
    at: At,
    old_count: usize,
    new_count: usize,
    find: impl Fn(usize) -> Option<usize>,
) -> At {
    let At::Rows { first, last } = at else {
        return at;
    };
    let next = |place: usize| {
        (place + 1..=old_count)
            .find_map(&find)
            .unwrap_or(new_count + 1)
    };
    let previous = |place: usize| (1..place).rev().find_map(&find).unwrap_or(0);
    // A row that has moved among the others leaves the cursor where it was.
    let stays =
        |place: usize| find(place).filter(|now| *now > previous(place) && *now < next(place));
    let new_last = stays(last).unwrap_or_else(|| next(last) - 1);
    let new_first = stays(first).unwrap_or_else(|| match first == last {
        true => new_last + 1,
        false => next(first),
    });
    At::Rows {
        first: new_first.min(new_last + 1).max(1),
        last: new_last,
    }
}

fn block_at(start: i64, size: i64, count: i64) -> At {
    if start > count {
        return At::After;
    }
    let end = start.saturating_add(size - 1).min(count);
    At::Rows {
        first: usize::try_from(start).unwrap_or(1),
        last: usize::try_from(end).unwrap_or(1),
    }
}

fn to_i64(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: fn(usize, usize) -> At = |first, last| At::Rows { first, last };

    #[test]
    fn moves_land_where_odbc_says() {
        use Move::{
            Absolute as A, First, Last, Next, Prior, PriorNoAdjust, Refresh, Relative as R,
        };
        let cases = [
            // (from, move, block, count, to, adjusted)
            (At::Before, Next, 1, 5, ON(1, 1), false),
            (At::Before, Next, 3, 2, ON(1, 2), false),
            (At::Before, Next, 3, 0, At::After, false),
            (ON(4, 5), Next, 2, 5, At::After, false),
            (At::After, Next, 2, 5, At::After, false),
            (At::Before, First, 2, 5, ON(1, 2), false),
            (At::Before, Last, 2, 5, ON(4, 5), false),
            (At::Before, Last, 9, 5, ON(1, 5), false),
            (At::Before, Prior, 2, 5, At::Before, false),
            (ON(1, 2), Prior, 2, 5, At::Before, false),
            (ON(2, 3), Prior, 2, 5, ON(1, 2), true),
            (ON(4, 4), Prior, 5, 6, ON(1, 5), true),
            (ON(4, 4), PriorNoAdjust, 5, 6, ON(1, 3), false),
            (ON(1, 1), PriorNoAdjust, 5, 6, At::Before, false),
            (ON(4, 5), Prior, 2, 5, ON(2, 3), false),
            (At::After, Prior, 2, 5, ON(4, 5), false),
            (At::After, Prior, 9, 5, ON(1, 5), true),
            (At::After, Prior, 1, 0, At::Before, false),
            (At::Before, A(3), 2, 5, ON(3, 4), false),
            (At::Before, A(0), 1, 5, At::Before, false),
            (At::Before, A(9), 1, 5, At::After, false),
            (At::Before, A(-2), 2, 5, ON(4, 5), false),
            (At::Before, A(-9), 1, 5, At::Before, false),
            (At::Before, A(-6), 9, 5, ON(1, 5), true),
            (At::Before, A(i64::MIN), 1, 5, At::Before, false),
            (At::Before, R(2), 1, 5, ON(2, 2), false),
            (At::Before, R(-2), 1, 5, At::Before, false),
            (At::After, R(-2), 1, 5, ON(4, 4), false),
            (At::After, R(2), 1, 5, At::After, false),
            (ON(3, 3), R(0), 1, 5, ON(3, 3), false),
            (ON(3, 3), R(i64::MAX), 1, 5, At::After, false),
            (ON(3, 4), R(-3), 2, 5, At::Before, false),
            (ON(3, 4), R(-2), 2, 5, ON(1, 2), false),
            (ON(2, 3), R(-2), 2, 5, ON(1, 2), true),
            (ON(3, 4), Refresh, 9, 5, ON(3, 4), false),
            (At::Before, Refresh, 9, 5, At::Before, false),
        ];
        for (from, movement, block, count, at, adjusted) in cases {
            assert_eq!(
                land(from, movement, block, count),
                Landing { at, adjusted },
                "{movement:?} from {from:?}, {block} of {count}"
            );
        }
    }

    #[test]
    fn places_follow_the_rows_they_are_on() {
        // (old rows, new rows, on, then on)
        let cases = [
            ("abc", "abc", ON(2, 2), ON(2, 2)),
            ("abc", "xabc", ON(2, 2), ON(3, 3)),
            ("abc", "ac", ON(2, 2), ON(2, 1)),
            ("abc", "ab", ON(3, 3), ON(3, 2)),
            ("abc", "", ON(2, 2), ON(1, 0)),
            // The row that the cursor is on has moved to the end, or to the start.
            ("abcd", "acdb", ON(2, 2), ON(2, 1)),
            ("abcd", "cabd", ON(3, 3), ON(4, 3)),
            ("abcd", "acd", ON(1, 2), ON(1, 1)),
            ("abcd", "bcd", ON(1, 2), ON(1, 1)),
            ("abc", "abc", At::Before, At::Before),
        ];
        for (old, new, at, expected) in cases {
            let find = |place: usize| {
                let row = old.as_bytes().get(place - 1)?;
                new.bytes().position(|it| it == *row).map(|at| at + 1)
            };
            assert_eq!(
                follow(at, old.len(), new.len(), find),
                expected,
                "{old} to {new}, on {at:?}"
            );
        }
    }
}
