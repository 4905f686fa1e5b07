//! What is watched in all worlds of the process: what is refused and why, and whether the laws of the world hold.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use milink_core::{World, invariants};
use milink_tsql::memory::Memory;
use uuid::Uuid;

use super::WorldCell;
use crate::config::CheckLaws;
use crate::explanations::Explanations;

/// How often the laws of a world are checked at most where that is seldom.
const SELDOM: Duration = Duration::from_millis(10);

/// Lets what is being deployed to a subscription go on.
type GoOn = Box<dyn Fn(Uuid, WhoIsAtIt) + Send + Sync>;

/// What is done if somebody lets deployments go on at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhoIsAtIt {
    /// They look again when they are done.
    LooksAgain,
    /// They are waited for.
    IsWaitedFor,
}

/// Who is asked for it.
#[derive(Default)]
struct Deploying(OnceLock<GoOn>);

impl fmt::Debug for Deploying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deploying")
    }
}

/// Lets the T-SQL of a world's jobs go on.
type Work = Box<dyn Fn(&Arc<WorldCell>) + Send + Sync>;

/// Who is asked for it.
#[derive(Default)]
struct Working(OnceLock<Work>);

impl fmt::Debug for Working {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Working")
    }
}

/// The memory for the rows of statements.
#[derive(Debug)]
struct Rows(Memory);

/// How many bytes the rows of all sessions' statements may take together, as they are reckoned (guess: SQL Server's own bound
/// is the machine's memory).
const MOST_OF_ROWS: usize = 1 << 30;

impl Default for Rows {
    fn default() -> Self {
        Self(Memory::of(MOST_OF_ROWS))
    }
}

/// Shared by all worlds.
#[derive(Debug, Default)]
pub struct Watch {
    rows: Rows,
    explanations: Explanations,
    deploying: Deploying,
    working: Working,
    /// When laws are checked, once it is said.
    checks: OnceLock<CheckLaws>,
    /// By world: the last law that was found broken, and what broke it.
    broken: Mutex<BTreeMap<String, String>>,
}

impl Watch {
    /// What was refused lately.
    pub fn explanations(&self) -> &Explanations {
        &self.explanations
    }

    /// The memory for the rows of statements.
    pub fn memory(&self) -> &Memory {
        &self.rows.0
    }

    /// From now on `go_on` is asked whenever something has happened in a world in which something is being deployed.
    /// It is asked without the world's lock, may be asked by itself, and is asked by one only.
    pub fn let_deployments_go_on(&self, go_on: impl Fn(Uuid, WhoIsAtIt) + Send + Sync + 'static) {
        let _ = self.deploying.0.set(Box::new(go_on));
    }

    /// From now on `work` is asked whenever something has happened in a world in which T-SQL of jobs is to be run, or runs.
    /// It is asked without the world's lock, and may be asked by itself.
    pub fn let_jobs_run(&self, work: impl Fn(&Arc<WorldCell>) + Send + Sync + 'static) {
        let _ = self.working.0.set(Box::new(work));
    }

    /// Something has happened while there is such T-SQL.
    pub(super) fn run_jobs(&self, cell: &Arc<WorldCell>) {
        if let Some(work) = self.working.0.get() {
            work(cell);
        }
    }

    /// Something has happened while something is being deployed.
    pub(super) fn deploy(&self, subscription: Uuid) {
        if let Some(go_on) = self.deploying.0.get() {
            go_on(subscription, WhoIsAtIt::LooksAgain);
        }
    }

    /// The same, by somebody who wants to know when nothing can go on any more.
    pub(super) fn deploy_and_wait(&self, subscription: Uuid) {
        if let Some(go_on) = self.deploying.0.get() {
            go_on(subscription, WhoIsAtIt::IsWaitedFor);
        }
    }

    /// Says when laws are checked, before there are worlds; after every change unless it is said.
    pub fn check_laws(&self, when: CheckLaws) {
        // Who comes second finds it said.
        let _ = self.checks.set(when);
    }

    /// Whether the laws of a world are checked that has changed, and was checked last then.
    pub(super) fn is_due(&self, checked: Instant) -> bool {
        match self.checks.get().copied().unwrap_or_default() {
            CheckLaws::Always => true,
            CheckLaws::Seldom => checked.elapsed() >= SELDOM,
            CheckLaws::Never => false,
        }
    }

    /// The worlds that have broken a law, and how.
    pub fn broken(&self) -> BTreeMap<String, String> {
        let broken = self.broken.lock();
        broken.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Checks a world that was `before` what it is now. A law that is broken is told once, loudly; the change stands,
    /// since it was answered already.
    pub(super) fn check(&self, name: &str, before: &World, now: &mut World) {
        let Err(what) = invariants::check_since(before, now) else {
            return;
        };
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.get(name) == Some(&what) {
            return;
        }
        tracing::error!(
            world = name,
            law = what,
            "a law of the world is broken: this is a defect of milink"
        );
        now.note(format!("a law of the world is broken: {what}"));
        broken.insert(name.to_owned(), what);
    }
}
