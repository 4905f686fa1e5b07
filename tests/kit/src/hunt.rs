//! Draws cases until one fails or enough steps were taken; a failing one is shrunk and written as a scenario file.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use crate::action::Action;
use crate::machine::{LinkMachine, Story};
use crate::run::{Law, Tally, Violation, run};
use crate::scenario;

/// What to draw, and how much.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// With the same seed, the same cases are drawn.
    pub seed: u64,
    /// So many actions are done, in whole cases.
    pub steps: u64,
    /// The most actions of a case, those of its beginning not counted.
    pub length: usize,
    /// How often a failing case is tried smaller.
    pub shrinks: u32,
    /// Where the scenario file of a failing case is written.
    pub failures: PathBuf,
}

/// A case that fails, as small as it could be made.
#[derive(Debug)]
pub struct Failure {
    /// The seed that drew it.
    pub seed: u64,
    /// What is wrong.
    pub violation: Violation,
    /// What the case begins with.
    pub story: Story,
    /// What is done in it.
    pub actions: Vec<Action>,
    /// The scenario file, or why it could not be written.
    pub file: Result<PathBuf, std::io::Error>,
}

/// Draws cases and runs them against the core.
///
/// # Errors
///
/// A case in which something is wrong.
pub fn hunt(hunt: &Hunt, laws: &[Law<'_>]) -> Result<Tally, Box<Failure>> {
    let total = RefCell::new(Tally::default());
    let config = Config {
        cases: u32::MAX,
        failure_persistence: None,
        max_shrink_iters: hunt.shrinks,
        // The last case is given up when there were enough steps, and this is how that is told.
        max_global_rejects: 0,
        ..Config::default()
    };
    let mut seed = [0x5a; 16];
    seed[..8].copy_from_slice(&hunt.seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::XorShift, &seed);
    let mut runner = TestRunner::new_with_rng(config, random);
    let strategy = LinkMachine::sequential_strategy(1..hunt.length.max(2));
    let outcome = runner.run(&strategy, |(story, actions, seen)| {
        if total.borrow().steps >= hunt.steps {
            return Err(TestCaseError::reject("there were enough steps"));
        }
        match run(&story, &actions, laws) {
            Ok((_, tally)) => {
                total.borrow_mut().add(&tally);
                Ok(())
            }
            Err(violation) => {
                // What comes after the violation is left out at once.
                if let Some(seen) = seen {
                    let done = violation.after.saturating_sub(story.beginning.len());
                    seen.store(done, Ordering::SeqCst);
                }
                Err(TestCaseError::fail(violation.to_string()))
            }
        }
    });
    match outcome {
        Err(TestError::Fail(_, (story, actions, _))) => {
            Err(Box::new(failure(hunt, laws, story, actions)))
        }
        Ok(()) | Err(TestError::Abort(_)) => Ok(total.into_inner()),
    }
}

fn failure(hunt: &Hunt, laws: &[Law<'_>], story: Story, actions: Vec<Action>) -> Failure {
    let (text, violation) = scenario::text(&story, &actions, laws, &hunt.seed.to_string());
    let violation = violation.expect("a case fails again as it has failed");
    let file = write(&hunt.failures, &text);
    Failure {
        seed: hunt.seed,
        violation,
        story,
        actions,
        file,
    }
}

/// Writes a scenario under a name that its text makes: the same case has the same name.
fn write(folder: &Path, text: &str) -> Result<PathBuf, std::io::Error> {
    // FNV-1a: names have to be short and to stay the same, no more.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    std::fs::create_dir_all(folder)?;
    let file = folder.join(format!("case-{hash:016x}.toml"));
    std::fs::write(&file, text)?;
    Ok(file)
}

impl Hunt {
    /// As the environment says: `MILINK_STEPS`, `MILINK_SEED` and `MILINK_FAILURES` (a folder); otherwise as given.
    pub fn from_env(steps: u64, seed: u64, failures: &Path) -> Self {
        let number = |name: &str| std::env::var(name).ok()?.replace('_', "").parse().ok();
        let folder = std::env::var_os("MILINK_FAILURES").map(PathBuf::from);
        Self {
            seed: number("MILINK_SEED").unwrap_or(seed),
            steps: number("MILINK_STEPS").unwrap_or(steps),
            length: 80,
            shrinks: 4_000,
            failures: folder.unwrap_or_else(|| failures.to_owned()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        writeln!(f, "{:?}", self.story)?;
        for action in &self.actions {
            writeln!(f, "    {action:?}")?;
        }
        match &self.file {
            Ok(file) => write!(f, "replay it: milink scenario run {}", file.display()),
            Err(error) => write!(f, "it could not be written as a scenario: {error}"),
        }
    }
}
