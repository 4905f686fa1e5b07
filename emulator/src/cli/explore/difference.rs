//! What two states have that the other has not.

use std::collections::BTreeMap;

use serde::Serialize;

/// The lines that make two states differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// Should be there and is not.
    pub(super) missing: Vec<String>,
    /// Is there and should not be.
    pub(super) extra: Vec<String>,
}

impl Difference {
    /// What has to be said of `found`, where `wanted` should be. A line counts as often as it is there.
    pub(super) fn between(wanted: &[String], found: &[String]) -> Self {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for line in wanted {
            *counts.entry(line).or_default() += 1;
        }
        for line in found {
            *counts.entry(line).or_default() -= 1;
        }
        let lines = |sign: i64| {
            counts
                .iter()
                .flat_map(move |(line, count)| {
                    let times = usize::try_from(count * sign).unwrap_or(0);
                    std::iter::repeat_n((*line).to_owned(), times)
                })
                .collect()
        };
        Self {
            missing: lines(1),
            extra: lines(-1),
        }
    }

    /// Whether the states are the same.
    pub(super) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_as_often_as_they_are_there() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let difference = Difference::between(&lines("a b b c"), &lines("b c c d a"));
        assert_eq!(difference.missing, ["b"]);
        assert_eq!(difference.extra, ["c", "d"]);
        assert!(Difference::between(&lines("a b"), &lines("b a")).is_empty());
    }
}
