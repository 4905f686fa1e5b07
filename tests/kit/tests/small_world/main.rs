//! Every way through a small world: one SQL Server, one managed instance, one database, and everything that people and the
//! network can do to their link, breadth first, up to a depth.
//!
//! The bounded run is part of `cargo test`; `just explore-model` runs the deep one. `MILINK_DEPTH` says how deep.

mod fingerprint;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::time::Instant;

use milink_core::invariants::{LAWS, STEP_LAWS};
use milink_proptest::action::{Action, BackupKind, Pair, Place, Trouble, preparation};
use milink_proptest::machine::Story;
use milink_proptest::run::Runner;
use milink_proptest::topology::{Pace, Plan};
use stateright::{Checker, Model, Property};

const PAIR: Pair = Pair::FIRST;
const SERVER: Place = Place::Server(0);
const INSTANCE: Place = Place::Instance(0);

/// At most so many rows are written on a way: more of them tell nothing new.
const ROWS: i64 = 2;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Move {
    /// Somebody does something.
    Do(Action),
    /// The time passes up to the next thing that happens by itself.
    Wait,
}

/// Commands about the link, its ground and its roles, and what goes wrong: of every kind of trouble one.
const MOVES: &[Move] = &[
    Move::Wait,
    Move::Do(Action::Insert(SERVER, 0)),
    Move::Do(Action::Insert(INSTANCE, 0)),
    Move::Do(Action::CreateLink(PAIR, false)),
    Move::Do(Action::CreateLink(PAIR, true)),
    Move::Do(Action::DeleteLink(PAIR)),
    Move::Do(Action::UpdateLink(PAIR, true)),
    Move::Do(Action::UpdateLink(PAIR, false)),
    Move::Do(Action::CommitMode(PAIR, true)),
    Move::Do(Action::Failover(PAIR)),
    Move::Do(Action::ForceFailover(PAIR)),
    Move::Do(Action::GiveUp(PAIR)),
    Move::Do(Action::LinkFailover(PAIR, false)),
    Move::Do(Action::LinkFailover(PAIR, true)),
    Move::Do(Action::SetRole(PAIR, true, false)),
    Move::Do(Action::SetRole(PAIR, true, true)),
    Move::Do(Action::SetRole(PAIR, false, false)),
    Move::Do(Action::SetRole(PAIR, false, true)),
    Move::Do(Action::Suspend(0, true)),
    Move::Do(Action::Suspend(0, false)),
    Move::Do(Action::HadrOff(0)),
    Move::Do(Action::TurnEndpoint(0, true)),
    Move::Do(Action::TurnEndpoint(0, false)),
    Move::Do(Action::DropDistributed(PAIR)),
    Move::Do(Action::CreateDistributed(PAIR, false)),
    Move::Do(Action::CreateDistributed(PAIR, true)),
    Move::Do(Action::DropGroup(0)),
    Move::Do(Action::CreateGroup(0, true)),
    Move::Do(Action::CreateGroup(0, false)),
    Move::Do(Action::RemoveDatabase(0)),
    Move::Do(Action::DropDatabase(SERVER, 0)),
    Move::Do(Action::DropDatabase(INSTANCE, 0)),
    Move::Do(Action::Backup(0, BackupKind::Log)),
    Move::Do(Action::Restart(0)),
    Move::Do(Action::Fault(0, Trouble::Partition)),
    Move::Do(Action::Fault(0, Trouble::CertificateUnknown)),
    Move::Do(Action::Fault(0, Trouble::RedoSuspended)),
    Move::Do(Action::Heal),
];

/// A world on some way, with the reference model that has come along.
#[derive(Clone)]
struct Node {
    /// None where the search ends: there are too many ends to keep their worlds.
    runner: Option<Box<Runner>>,
    depth: usize,
    fingerprint: (u64, u64),
    /// What is wrong, if anything is.
    broken: Option<String>,
    planned: bool,
    lossy: bool,
}

impl Node {
    fn new(runner: Runner, depth: usize, limit: usize, broken: Option<String>) -> Self {
        let mut links = runner.world().links.values();
        let lossy = links.any(|link| {
            let mut changes = link.role_changes.iter();
            changes.any(|change| !change.lost.is_empty())
        });
        Self {
            fingerprint: fingerprint::of(runner.world()),
            depth,
            broken,
            planned: runner.tally().planned > 0,
            lossy,
            runner: (depth < limit).then(|| Box::new(runner)),
        }
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.broken == other.broken
    }
}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint.hash(state);
        self.broken.is_some().hash(state);
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.broken, self.fingerprint)
    }
}

fn is_well(runner: &Runner) -> bool {
    runner.world().faults().is_empty()
}

/// The small world.
struct SmallWorld {
    beginnings: Vec<Vec<Action>>,
    depth: usize,
}

impl SmallWorld {
    /// Everything prepared for a link either way, and a link in step either way.
    fn new(depth: usize) -> Self {
        let mut beginnings = Vec::new();
        for from_instance in [false, true] {
            let mut steps = preparation(PAIR, from_instance);
            steps.push(Action::Advance(60));
            beginnings.push(steps.clone());
            steps.push(Action::CreateLink(PAIR, from_instance));
            steps.extend([Action::Advance(400), Action::Advance(400)]);
            beginnings.push(steps);
        }
        Self { beginnings, depth }
    }
}

impl Model for SmallWorld {
    type State = Node;
    type Action = Move;

    fn init_states(&self) -> Vec<Node> {
        let begin = |beginning: &Vec<Action>| {
            let story = Story {
                plan: Plan::usual(Pace::Azure),
                beginning: Vec::new(),
            };
            let mut runner = Runner::new(&story);
            for action in beginning {
                runner.step(action, &[]).expect("the beginnings are good");
            }
            Node::new(runner, 0, self.depth, None)
        };
        self.beginnings.iter().map(begin).collect()
    }

    fn actions(&self, node: &Node, moves: &mut Vec<Move>) {
        if node.broken.is_none() && node.runner.is_some() {
            moves.extend_from_slice(MOVES);
        }
    }

    fn next_state(&self, node: &Node, step: Move) -> Option<Node> {
        let mut runner = node.runner.as_deref()?.clone();
        let done = match step {
            Move::Do(Action::Insert(..)) if runner.values_written() >= ROWS => return None,
            // One trouble at a time, and nothing is healed that is well.
            Move::Do(Action::Fault(..)) if !is_well(&runner) => return None,
            Move::Do(Action::Heal) if is_well(&runner) => return None,
            Move::Do(action) => runner.step(&action, &[]),
            Move::Wait => runner.wait(&[])?,
        };
        let accepted = runner.outcomes().last().copied().unwrap_or(true);
        match done {
            // A refusal leads nowhere new.
            Ok(()) if !accepted => None,
            Ok(()) => Some(Node::new(runner, node.depth + 1, self.depth, None)),
            Err(violation) => {
                let broken = Some(violation.to_string());
                Some(Node::new(runner, node.depth + 1, self.depth, broken))
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no law is broken", |_, node: &Node| node.broken.is_none()),
            Property::sometimes("a planned failover goes through", |_, node: &Node| {
                node.planned
            }),
            Property::sometimes("a forced failover loses something", |_, node: &Node| {
                node.lossy
            }),
        ]
    }
}

fn explore(depth: usize) -> String {
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = SmallWorld::new(depth)
        .checker()
        .threads(threads)
        .spawn_bfs()
        .join();
    let laws = LAWS.iter().map(|(name, _)| *name);
    let laws: Vec<&str> = laws
        .chain(STEP_LAWS.iter().map(|(name, _)| *name))
        .collect();
    let figures = format!(
        "{} unique states of {} visited, {depth} moves deep, by {} moves from 4 beginnings, on {threads} threads in {:.0?}; \
         checked in each: the reference model, refusals, and {} laws",
        checker.unique_state_count(),
        checker.state_count(),
        MOVES.len(),
        begun.elapsed(),
        laws.len()
    );
    eprintln!("{figures}:");
    for law in laws {
        eprintln!("  - {law}");
    }
    if let Some(path) = checker.discovery("no law is broken") {
        let broken = path.last_state().broken.clone();
        panic!(
            "{}\nafter {:#?}",
            broken.unwrap_or_default(),
            path.into_actions()
        );
    }
    // A search that never gets anywhere finds nothing.
    assert!(checker.unique_state_count() > 100);
    if depth >= 3 {
        checker.assert_any_discovery("a planned failover goes through");
        checker.assert_any_discovery("a forced failover loses something");
    }
    figures
}

/// Writes the figures where `MILINK_FIGURES` says: a file of this package that has a place for them.
fn keep(figures: &str) {
    const PLACE: (&str, &str) = ("<!-- explore-model -->\n", "<!-- end -->");
    let Some(file) = std::env::var_os("MILINK_FIGURES") else {
        return;
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&file).expect("the file can be read");
    let (before, rest) = text.split_once(PLACE.0).expect("it has a place");
    let (_, after) = rest.split_once(PLACE.1).expect("the place ends");
    let text = format!("{before}{}{figures}.\n{}{after}", PLACE.0, PLACE.1);
    std::fs::write(file, text).expect("it can be written");
}

fn depth(otherwise: usize) -> usize {
    let depth = std::env::var("MILINK_DEPTH").ok();
    depth
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn no_short_way_breaks_a_law() {
    explore(depth(3));
}

/// Minutes: `just explore-model`.
#[test]
#[ignore = "takes minutes"]
fn no_way_breaks_a_law() {
    keep(&explore(depth(8)));
}
