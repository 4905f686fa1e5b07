//! Breadth first, one depth after the other, on all processors: what is found at a depth is what no way with fewer moves leads
//! to, so a search to a depth leaves nothing out, and the shortest way to what is wrong is found first.
//!
//! States are kept near the beginnings only. Of those further out, the fingerprint is kept, and from where and by which move
//! they were reached: to go there once more costs a few moves, and to keep them would cost gigabytes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What is searched.
pub(crate) trait Space: Sync {
    /// Where somebody can be.
    type State: Clone + Send + Sync;

    /// Where it begins, with fingerprints.
    fn beginnings(&self) -> Vec<Reached<Self::State>>;

    /// How many moves there are, numbered from 0.
    fn moves(&self) -> u8;

    /// Where a move leads, or what is wrong there; none if it leads nowhere. `known` says of a fingerprint whether a state with
    /// it has been looked at.
    fn go(
        &self,
        from: &Self::State,
        step: u8,
        known: impl Fn(u128) -> bool,
    ) -> Option<Result<Reached<Self::State>, String>>;

    /// What is worth knowing of a state: a bit for each thing.
    fn marks(&self, state: &Self::State) -> u32;
}

/// A state and its fingerprint: states with the same one go on alike.
pub(crate) type Reached<T> = (u128, T);

/// What a search has come to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// How many different states there are at each depth.
    pub(crate) depths: Vec<usize>,
    /// How many moves have led somewhere.
    pub(crate) visited: u64,
    /// The marks of all states together.
    pub(crate) marks: u32,
    /// What is wrong, each with a shortest way: the number of the beginning, and the moves.
    pub(crate) wrong: BTreeMap<String, (usize, Vec<u8>)>,
}

/// No more different things than these are told of.
const WRONG: usize = 30;
/// How many states somebody takes to work on at once.
const SHARE: usize = 64;

/// How much a search may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    /// How many threads work.
    pub(crate) threads: usize,
    /// No depth is kept that would make it more states than these.
    pub(crate) kept: usize,
}

/// Searches a space to a depth; `tell` hears of each depth that is done.
pub(crate) fn search<S: Space>(
    space: &S,
    depth: usize,
    means: Means,
    tell: impl Fn(&Found),
) -> Found {
    let mut found = Found::default();
    let mut chart = Chart::of(space, means.kept);
    let mut level = 0..chart.origins.len();
    found.depths.push(level.len());
    for _ in 0..depth {
        let last = found.depths.len() == depth;
        let next = Level::of(space, &chart, level.clone(), means.threads, last);
        found.visited += next.visited;
        found.marks |= next.marks;
        for (what, at) in next.wrong {
            found.wrong.entry(what).or_insert_with(|| chart.way_to(at));
        }
        found.depths.push(next.reached.len());
        level = chart.origins.len()..chart.origins.len() + next.reached.len();
        if !last {
            chart.add(next.reached);
        }
        tell(&found);
        if level.is_empty() || found.wrong.len() >= WRONG {
            break;
        }
    }
    found
}

/// From where and by which move something was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    /// Its number; a beginning has none.
    from: Option<u32>,
    step: u8,
}

/// The states that are known, numbered as they were found.
struct Chart<'a, S: Space> {
    space: &'a S,
    origins: Vec<Origin>,
    /// The first of them.
    kept: Vec<S::State>,
    most: usize,
    seen: HashSet<u128, BuildHasherDefault<Taken>>,
}

impl<'a, S: Space> Chart<'a, S> {
    fn of(space: &'a S, most: usize) -> Self {
        let (seen, kept): (_, Vec<_>) = space.beginnings().into_iter().unzip();
        let origins = vec![
            Origin {
                from: None,
                step: 0
            };
            kept.len()
        ];
        Self {
            space,
            origins,
            kept,
            most,
            seen,
        }
    }

    /// Adds what was reached, in the order of where it was reached from: so it does not matter who was faster.
    fn add(&mut self, reached: News<S::State>) {
        let mut reached: Vec<_> = reached.into_iter().collect();
        reached.sort_unstable_by_key(|(_, (origin, _))| *origin);
        let keep =
            self.kept.len() == self.origins.len() && self.kept.len() + reached.len() <= self.most;
        for (fingerprint, (origin, state)) in reached {
            self.seen.insert(fingerprint);
            self.origins.push(origin);
            let state = state.filter(|_| keep);
            self.kept.extend(state.map(|state| *state));
        }
    }

    /// The beginning and the moves that lead somewhere.
    fn way_to(&self, mut at: Origin) -> (usize, Vec<u8>) {
        let mut way = Vec::new();
        let mut beginning = 0;
        while let Some(from) = at.from {
            way.push(at.step);
            beginning = from as usize;
            at = self.origins[beginning];
        }
        way.reverse();
        (beginning, way)
    }
}

/// Goes to states that are not kept: the way to the last one is remembered, since the next one is near it.
struct Guide<'a, 'b, S: Space> {
    chart: &'a Chart<'b, S>,
    way: Vec<(usize, S::State)>,
}

impl<S: Space> Guide<'_, '_, S> {
    fn go_to(&mut self, number: usize) -> S::State {
        if let Some(state) = self.chart.kept.get(number) {
            return state.clone();
        }
        let Origin { from, step } = self.chart.origins[number];
        let from = from.expect("beginnings are kept") as usize;
        let known = self.way.iter().position(|(found, _)| *found == from);
        let before = match known {
            Some(place) => {
                self.way.truncate(place + 1);
                self.way[place].1.clone()
            }
            None => {
                let state = self.go_to(from);
                if self.chart.kept.get(from).is_none() {
                    self.way.push((from, state.clone()));
                }
                state
            }
        };
        let again = self.chart.space.go(&before, step, |_| true);
        let again = again.and_then(Result::ok);
        again.expect("a move leads where it has led before").1
    }
}

/// Few states are kept, so their places in the table are no larger than an address.
type News<T> = HashMap<u128, (Origin, Option<Box<T>>), BuildHasherDefault<Taken>>;

/// What is reached from the states of a depth.
struct Level<T> {
    reached: News<T>,
    visited: u64,
    marks: u32,
    wrong: BTreeMap<String, Origin>,
}

impl<T: Clone + Send + Sync> Level<T> {
    fn of<S: Space<State = T>>(
        space: &S,
        chart: &Chart<'_, S>,
        from: Range<usize>,
        threads: usize,
        last: bool,
    ) -> Self {
        let whole = Mutex::new(Self::empty());
        let next = AtomicUsize::new(from.start);
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    let way = Vec::new();
                    let mut guide = Guide { chart, way };
                    loop {
                        let start = next.fetch_add(SHARE, Ordering::Relaxed);
                        if start >= from.end {
                            break;
                        }
                        let mut part = Self::empty();
                        for number in start..from.end.min(start + SHARE) {
                            part.explore(space, &mut guide, number, last);
                        }
                        let mut whole = whole.lock().expect("nobody panics with it");
                        whole.take(part);
                    }
                });
            }
        });
        whole.into_inner().expect("nobody has panicked")
    }

    fn empty() -> Self {
        Self {
            reached: HashMap::default(),
            visited: 0,
            marks: 0,
            wrong: BTreeMap::new(),
        }
    }

    fn explore<S: Space<State = T>>(
        &mut self,
        space: &S,
        guide: &mut Guide<'_, '_, S>,
        number: usize,
        last: bool,
    ) {
        let state = guide.go_to(number);
        let from = u32::try_from(number).ok();
        // The last depth goes nowhere, and far out nothing is kept.
        let keep = !last && guide.chart.origins.len() <= guide.chart.most;
        for step in 0..space.moves() {
            let origin = Origin { from, step };
            let seen = &guide.chart.seen;
            match space.go(&state, step, |fingerprint| seen.contains(&fingerprint)) {
                None => {}
                Some(Err(what)) => {
                    self.visited += 1;
                    self.wrong.entry(what).or_insert(origin);
                }
                Some(Ok((fingerprint, next))) => {
                    self.visited += 1;
                    self.marks |= space.marks(&next);
                    if !seen.contains(&fingerprint) {
                        let next = keep.then(|| Box::new(next));
                        self.reached.entry(fingerprint).or_insert((origin, next));
                    }
                }
            }
        }
    }

    fn take(&mut self, other: Self) {
        self.visited += other.visited;
        self.marks |= other.marks;
        for (what, origin) in other.wrong {
            let first = self.wrong.entry(what).or_insert(origin);
            *first = origin.min(*first);
        }
        for (fingerprint, (origin, state)) in other.reached {
            let first = self.reached.entry(fingerprint);
            let first = first.or_insert((origin, None));
            if origin <= first.0 {
                *first = (origin, state);
            }
        }
    }
}

/// A fingerprint is its own hash.
#[derive(Default)]
pub(crate) struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are hashed");
    }

    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = fingerprint as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::{Means, Reached, Space, search};

    const MEANS: Means = Means {
        threads: 2,
        kept: 1_000,
    };

    /// Steps on a chessboard without an edge, from one field or two; a field may be wrong.
    struct Board {
        beginnings: Vec<(i64, i64)>,
        wrong: Option<(i64, i64)>,
    }

    impl Space for Board {
        type State = (i64, i64);

        fn beginnings(&self) -> Vec<Reached<(i64, i64)>> {
            let beginnings = self.beginnings.iter();
            beginnings.map(|at| (fingerprint(*at), *at)).collect()
        }

        fn moves(&self) -> u8 {
            5
        }

        fn go(
            &self,
            from: &(i64, i64),
            step: u8,
            _: impl Fn(u128) -> bool,
        ) -> Option<Result<Reached<(i64, i64)>, String>> {
            let (x, y) = *from;
            let to = match step {
                0 => (x + 1, y),
                1 => (x - 1, y),
                2 => (x, y + 1),
                3 => (x, y - 1),
                _ => return None,
            };
            match self.wrong == Some(to) {
                true => Some(Err("it is wrong".to_owned())),
                false => Some(Ok((fingerprint(to), to))),
            }
        }

        fn marks(&self, (x, _): &(i64, i64)) -> u32 {
            u32::from(*x > 5)
        }
    }

    fn fingerprint((x, y): (i64, i64)) -> u128 {
        (u128::from(x.cast_unsigned()) << 64) | u128::from(y.cast_unsigned())
    }

    #[test]
    fn every_state_is_found_at_its_depth() {
        let board = Board {
            beginnings: vec![(0, 0)],
            wrong: None,
        };
        // Far enough that not every state is kept.
        for (threads, kept) in [(1, 40), (3, 40), (3, 1_000)] {
            let found = search(&board, 10, Means { threads, kept }, |_| {});
            let depths: Vec<usize> = (0..=10).map(|n| if n == 0 { 1 } else { 4 * n }).collect();
            assert_eq!(found.depths, depths);
            let fields: usize = depths[..10].iter().sum();
            assert_eq!(found.visited, 4 * fields as u64);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_a_shortest_way_and_not_passed() {
        let board = Board {
            beginnings: vec![(0, 0), (5, 0)],
            wrong: Some((8, 0)),
        };
        let found = search(&board, 4, MEANS, |_| {});
        let way = found.wrong.get("it is wrong").expect("it is found");
        assert_eq!(*way, (1, vec![0, 0, 0]));
        assert_eq!(search(&board, 2, MEANS, |_| {}).wrong.len(), 0);
    }

    #[test]
    fn marks_are_gathered() {
        let board = Board {
            beginnings: vec![(0, 0)],
            wrong: None,
        };
        assert_eq!(search(&board, 5, MEANS, |_| {}).marks, 0);
        assert_eq!(search(&board, 6, MEANS, |_| {}).marks, 1);
    }
}
