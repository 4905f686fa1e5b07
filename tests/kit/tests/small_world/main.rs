//! Every way through a small world: one SQL Server, one managed instance, one database, and everything that people and the
//! network can do to their link, breadth first, up to a depth.
//!
//! The bounded run is part of `cargo test`; `just explore-model` runs the deep one. `MILINK_DEPTH` says how deep.

mod fingerprint;
mod search;

use std::cell::Cell;
use std::time::Instant;

use milink_core::World;
use milink_core::invariants::{LAWS, STEP_LAWS};
use milink_proptest::action::{Action, BackupKind, Certificate, Pair, Place, Trouble, preparation};
use milink_proptest::figures::keep;
use milink_proptest::machine::Story;
use milink_proptest::run::Runner;
use milink_proptest::topology::{Pace, Plan};

use search::{Means, Reached, Space, search};

const PAIR: Pair = Pair::FIRST;
const SERVER: Place = Place::Server(0);
const INSTANCE: Place = Place::Instance(0);

/// At most so many rows are written on a way: more of them tell nothing new.
const ROWS: i64 = 2;

/// No depth is kept whole that would make it more worlds than these; each is about 20 kB.
const KEPT: usize = 80_000;

/// What can happen.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// Somebody does something.
    Do(Action),
    /// The time passes up to the next thing that happens by itself.
    Wait,
}

/// Commands about the link and its roles, those that take its ground away, and what goes wrong: of every kind of trouble one.
const MOVES: [Move; 38] = [
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

/// Everything else that people do to a server, an instance or a database with a link, and the rest of what goes wrong.
const MORE: [Move; 22] = [
    Move::Do(Action::CommitMode(PAIR, false)),
    Move::Do(Action::CreateDatabase(SERVER, 0)),
    Move::Do(Action::CreateDatabase(INSTANCE, 0)),
    Move::Do(Action::Backup(0, BackupKind::Full)),
    Move::Do(Action::Backup(0, BackupKind::CopyOnly)),
    Move::Do(Action::Recovery(0, true)),
    Move::Do(Action::Recovery(0, false)),
    Move::Do(Action::CreateCertificate(0, Certificate::First)),
    Move::Do(Action::DropCertificate(0, Certificate::First)),
    Move::Do(Action::ImportCertificate(PAIR)),
    Move::Do(Action::TrustRoot(0)),
    Move::Do(Action::UploadCertificate(PAIR, Certificate::First)),
    Move::Do(Action::CreateEndpoint(0)),
    Move::Do(Action::DropEndpoint(0)),
    Move::Do(Action::GrantCreate(0)),
    Move::Do(Action::AddDatabase(0)),
    Move::Do(Action::Fault(0, Trouble::ToInstance)),
    Move::Do(Action::Fault(0, Trouble::ToServer)),
    Move::Do(Action::Fault(0, Trouble::Only5022)),
    Move::Do(Action::Fault(0, Trouble::CertificateExpired)),
    Move::Do(Action::Fault(0, Trouble::SendLag)),
    Move::Do(Action::Fault(0, Trouble::RedoLag)),
];

fn is_well(runner: &Runner) -> bool {
    runner.world().faults().is_empty()
}

/// The small world.
struct SmallWorld {
    beginnings: Vec<Vec<Action>>,
    moves: Vec<Move>,
}

impl SmallWorld {
    /// Everything prepared for a link either way, and a link in step either way.
    fn new(moves: &[Move]) -> Self {
        let mut beginnings = Vec::new();
        for from_instance in [false, true] {
            let mut steps = preparation(PAIR, from_instance);
            steps.push(Action::Advance(60));
            beginnings.push(steps.clone());
            steps.push(Action::CreateLink(PAIR, from_instance));
            steps.extend([Action::Advance(400), Action::Advance(400)]);
            beginnings.push(steps);
        }
        Self {
            beginnings,
            moves: moves.to_vec(),
        }
    }
}

/// A planned failover has gone through.
const PLANNED: u32 = 1;
/// A forced failover has lost something.
const LOSSY: u32 = 2;

impl Space for SmallWorld {
    type State = Runner;

    fn beginnings(&self) -> Vec<Reached<Runner>> {
        let begin = |beginning: &Vec<Action>| {
            let story = Story {
                plan: Plan::usual(Pace::Azure),
                beginning: Vec::new(),
            };
            let mut runner = Runner::new(&story);
            for action in beginning {
                runner.step(action, &[]).expect("the beginnings are good");
            }
            (fingerprint::of(runner.world()), runner)
        };
        self.beginnings.iter().map(begin).collect()
    }

    fn moves(&self) -> u8 {
        u8::try_from(self.moves.len()).expect("there are few")
    }

    fn go(
        &self,
        from: &Runner,
        step: u8,
        known: impl Fn(u128) -> bool,
    ) -> Option<Result<Reached<Runner>, String>> {
        let step = self.moves[usize::from(step)];
        match step {
            Move::Do(Action::Insert(..)) if from.values_written() >= ROWS => return None,
            // One trouble at a time, and nothing is healed that is well.
            Move::Do(Action::Fault(..)) if !is_well(from) => return None,
            Move::Do(Action::Heal) if is_well(from) => return None,
            Move::Do(_) | Move::Wait => {}
        }
        let fingerprint = Cell::new(0);
        let known = |world: &World| {
            fingerprint.set(fingerprint::of(world));
            known(fingerprint.get())
        };
        // A refusal leads nowhere.
        let (next, checked) = match step {
            Move::Do(action) => from.after(&action, &[], known)?,
            Move::Wait => from.waited(&[], known)?,
        };
        Some(match checked {
            Ok(()) => Ok((fingerprint.get(), next)),
            Err(violation) => Err(violation.what),
        })
    }

    fn marks(&self, runner: &Runner) -> u32 {
        let links = runner.world().links.values();
        let mut changes = links.flat_map(|link| &link.role_changes);
        let lossy = changes.any(|change| !change.lost.is_empty());
        let planned = runner.tally().planned > 0;
        (u32::from(planned) * PLANNED) | (u32::from(lossy) * LOSSY)
    }
}

fn explore(moves: &[Move], depth: usize) -> String {
    let begun = Instant::now();
    let threads = number("MILINK_THREADS");
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let threads = threads.unwrap_or(1);
    let space = SmallWorld::new(moves);
    let found = search(
        &space,
        depth,
        Means {
            threads,
            kept: KEPT,
        },
        |found| {
            let (depth, new) = (found.depths.len() - 1, found.depths.last());
            eprintln!(
                "{depth} moves deep: {} worlds more, {} visited, {} things wrong, {:.0?}",
                new.copied().unwrap_or_default(),
                found.visited,
                found.wrong.len(),
                begun.elapsed()
            );
        },
    );
    let laws = LAWS.iter().map(|(name, _)| *name);
    let laws: Vec<&str> = laws
        .chain(STEP_LAWS.iter().map(|(name, _)| *name))
        .collect();
    let unique: usize = found.depths.iter().sum();
    let figures = format!(
        "{unique} unique states of {} visited, {depth} moves deep, by {} moves from {} beginnings, on {threads} threads in \
         {:.0?}; checked in each: the reference model, refusals, and {} laws",
        found.visited,
        moves.len(),
        space.beginnings.len(),
        begun.elapsed(),
        laws.len()
    );
    eprintln!("{figures}:");
    for law in laws {
        eprintln!("  - {law}");
    }
    for (what, (beginning, way)) in &found.wrong {
        let way = way.iter().map(|step| moves[usize::from(*step)]);
        eprintln!("{what}");
        for action in &space.beginnings[*beginning] {
            eprintln!("    {action:?}");
        }
        for step in way {
            eprintln!("    {step:?}");
        }
    }
    assert!(
        found.wrong.is_empty(),
        "{} things are wrong",
        found.wrong.len()
    );
    // A search that never gets anywhere finds nothing.
    assert!(unique > 100);
    // The shortest of what has to be found.
    if depth >= 3 {
        assert_eq!(found.marks, PLANNED | LOSSY);
    }
    figures
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_short_way_breaks_a_law() {
    explore(&MOVES, number("MILINK_DEPTH").unwrap_or(3));
}

#[test]
fn no_short_way_breaks_a_law_whatever_else_is_done() {
    let all = [MOVES.as_slice(), MORE.as_slice()].concat();
    explore(&all, number("MILINK_DEPTH").unwrap_or(2));
}

/// Minutes: `just explore-model`.
#[test]
#[ignore = "takes minutes"]
fn no_way_breaks_a_law() {
    let all = [MOVES.as_slice(), MORE.as_slice()].concat();
    let depth = number("MILINK_DEPTH").unwrap_or(8);
    let wide = explore(&all, depth.saturating_sub(2));
    let deep = explore(&MOVES, depth);
    keep("explore-model", &[deep, wide]);
}

/// Ways on which something was wrong once.
#[test]
fn ways_that_were_wrong_are_right() {
    use Action as A;
    use Move::{Do, Wait};
    // Failed over, and the log backed up before what came after was sent.
    let behind = [
        Do(A::Failover(PAIR)),
        Wait,
        Do(A::Insert(INSTANCE, 0)),
        Wait,
        Do(A::Insert(INSTANCE, 0)),
        Do(A::Backup(0, BackupKind::Log)),
        Wait,
    ];
    let ways: [(usize, Vec<Move>); 4] = [
        (
            1,
            vec![
                Do(A::Failover(PAIR)),
                Wait,
                Do(A::DeleteLink(PAIR)),
                Wait,
                Do(A::CreateLink(PAIR, true)),
                Do(A::SetRole(PAIR, false, true)),
                Do(A::HadrOff(0)),
                Do(A::CreateLink(PAIR, true)),
            ],
        ),
        (1, [&behind[..], &[Do(A::ForceFailover(PAIR))]].concat()),
        (1, [&behind[..], &[Wait]].concat()),
        (
            3,
            vec![
                Do(A::DeleteLink(PAIR)),
                Wait,
                Do(A::ForceFailover(PAIR)),
                Do(A::DropDatabase(INSTANCE, 0)),
                Do(A::CreateLink(PAIR, false)),
                Wait,
                Do(A::HadrOff(0)),
                Wait,
            ],
        ),
    ];
    let moves: Vec<Move> = MOVES.into_iter().chain(MORE).collect();
    let beginnings = SmallWorld::new(&moves).beginnings();
    for (beginning, way) in ways {
        let mut runner = beginnings[beginning].1.clone();
        for step in &way {
            let next = match step {
                Do(action) => runner.after(action, &[], |_| false),
                Wait => runner.waited(&[], |_| false),
            };
            // What is refused changes nothing.
            if let Some((next, checked)) = next {
                assert_eq!(checked, Ok(()), "{way:?}");
                runner = next;
            }
        }
    }
}
