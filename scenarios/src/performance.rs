//! Performs trials, several at a time, each in a world of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::emulator::Emulator;
use crate::load::Trial;
use crate::report::{Reporter, Silent};
use crate::runner::Summary;

/// How a trial ended.
#[derive(Clone, Debug)]
pub struct TrialReport {
    /// The trial.
    pub trial: Trial,
    /// Whether all its steps came to what they must.
    pub verdict: Verdict,
    /// What its steps came to.
    pub summary: Summary,
    /// How long it took, with making its world.
    pub took: Duration,
    /// The name of its world, if that was kept.
    pub kept: Option<String>,
}

/// Whether a trial did what it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Passed,
    /// A step came to something else.
    Failed,
    /// It could not begin.
    Broken(String),
}

/// What is told of a run of several trials.
#[derive(Debug)]
pub enum Ended<'a> {
    /// This one begins.
    Begins(&'a Trial),
    /// This one is over.
    Ends(&'a TrialReport),
}

impl TrialReport {
    /// Why it did not pass, in one text.
    pub fn failure(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Passed => None,
            Verdict::Broken(what) => Some(what.clone()),
            Verdict::Failed => self.summary.failure().map(|failure| failure.to_string()),
        }
    }
}

/// Performs one trial. `after` sees its world before that is dropped; what it finds wrong fails the trial.
pub async fn perform(
    emulator: &Emulator,
    trial: &Trial,
    keep_failed: bool,
    reporter: &mut dyn Reporter,
    after: &(dyn Fn(&str) -> Result<(), String> + Send + Sync),
) -> TrialReport {
    let begun = Instant::now();
    let mut report = TrialReport {
        trial: trial.clone(),
        verdict: Verdict::Passed,
        summary: Summary::default(),
        took: Duration::ZERO,
        kept: None,
    };
    match emulator.stage(trial).await {
        Err(what) => report.verdict = Verdict::Broken(what),
        Ok(mut stage) => {
            report.summary = stage.runner.run(&trial.scenario, reporter).await;
            report.verdict = match (report.summary.failure(), after(&stage.world)) {
                (Some(_), _) => Verdict::Failed,
                (None, Err(what)) => Verdict::Broken(what),
                (None, Ok(())) => Verdict::Passed,
            };
            let world = stage.world.clone();
            // Its connections close before its sockets do.
            drop(stage);
            if keep_failed && report.verdict != Verdict::Passed {
                emulator.keep_world(&world);
                report.kept = Some(world);
            } else {
                emulator.drop_world(&world).await;
            }
        }
    }
    report.took = begun.elapsed();
    report
}

/// Performs all trials, `jobs` at a time; the reports come in the order of the trials.
pub async fn perform_all(
    emulator: &Arc<Emulator>,
    trials: Vec<Trial>,
    jobs: usize,
    keep_failed: bool,
    tell: &mut (dyn FnMut(Ended<'_>) + Send),
) -> Vec<TrialReport> {
    let mut waiting = trials.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut reports: Vec<(usize, TrialReport)> = Vec::new();
    loop {
        while running.len() < jobs.max(1)
            && let Some((number, trial)) = waiting.next()
        {
            tell(Ended::Begins(&trial));
            let emulator = Arc::clone(emulator);
            running.spawn(async move {
                let report =
                    perform(&emulator, &trial, keep_failed, &mut Silent, &|_| Ok(())).await;
                (number, report)
            });
        }
        match running.join_next().await {
            None => break,
            Some(Ok((number, report))) => {
                tell(Ended::Ends(&report));
                reports.push((number, report));
            }
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    reports.sort_by_key(|(number, _)| *number);
    reports.into_iter().map(|(_, report)| report).collect()
}
