//! Balanced trees for long chains of one associative operator (`a OR b OR …`, `… UNION ALL …`), so that thousands of
//! terms do not make a tree thousands deep. Order from left to right is kept.

use super::{Parsed, Parser};

impl Parser<'_> {
    /// Joins `items` (at least one) with `join`; the caller's height grows by the depth of the result.
    pub(super) fn balanced<T>(
        &mut self,
        items: Vec<T>,
        join: &mut impl FnMut(T, T) -> T,
    ) -> Parsed<Option<T>> {
        let mut level = items;
        while level.len() > 1 {
            self.grow()?;
            let mut next = Vec::with_capacity(level.len().div_ceil(2));
            let mut rest = level.into_iter();
            while let Some(left) = rest.next() {
                next.push(match rest.next() {
                    Some(right) => join(left, right),
                    None => left,
                });
            }
            level = next;
        }
        Ok(level.pop())
    }
}
