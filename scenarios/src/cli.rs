//! The command line of the runner, for `milink scenario run` and for the program of this package.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use milink_model::ReadyFile;

use crate::emulator::{Emulator, Settings};
use crate::load::{Trial, load};
use crate::performance::{Ended, TrialReport, Verdict, perform_all};
use crate::report::{Style, Tree, json, junit, span};

/// What to run, where, and what to write about it.
#[derive(Args, Clone, Debug)]
pub struct RunArguments {
    /// Scenario files, and folders of them
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The ready file of a running emulator
    #[arg(long, env = "MILINK_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Only scenarios whose name, file or case has this in it; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub filter: Vec<String>,
    /// Name the scenarios and run none
    #[arg(long)]
    pub list: bool,
    /// How many run at a time [default: as many as there are processors]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Show all steps; twice, also what is sent
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Write JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write JSON, to standard output instead of the tree if no file is named
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub json: Option<Option<PathBuf>>,
    /// The clock where a file says nothing
    #[arg(long, default_value = "auto")]
    pub clock: String,
    /// How long things take where a file says nothing
    #[arg(long, default_value = "fast")]
    pub durations: String,
    /// Leave the worlds of failed scenarios in a running emulator, to look at
    #[arg(long, requires = "ready_file")]
    pub keep_failed: bool,
}

/// A run that cannot be: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotRun(String);

/// The files read, and those chosen that are meant.
///
/// # Errors
///
/// A file is wrong, or no scenario is meant.
pub fn chosen(arguments: &RunArguments) -> Result<Vec<Trial>, CannotRun> {
    let all = load(&arguments.paths).map_err(|error| CannotRun(error.to_string()))?;
    let count = all.len();
    let chosen: Vec<Trial> = all
        .into_iter()
        .filter(|trial| trial.is_meant(&arguments.filter))
        .collect();
    match chosen.is_empty() {
        true => Err(CannotRun(format!(
            "none of {count} scenarios has {} in its name, file or case",
            arguments.filter.join(" or ")
        ))),
        false => Ok(chosen),
    }
}

/// Names the scenarios, one a line.
pub fn list(trials: &[Trial]) {
    for trial in trials {
        say(&format!("{}\t{}\n", trial.id(), trial.title()));
    }
}

/// Reads a ready file.
///
/// # Errors
///
/// It cannot be read, or is none.
pub fn read_ready(path: &Path) -> Result<ReadyFile, CannotRun> {
    let cannot = |what: &dyn std::fmt::Display| {
        CannotRun(format!(
            "cannot read the ready file {}: {what}",
            path.display()
        ))
    };
    let text = fs::read_to_string(path).map_err(|error| cannot(&error))?;
    serde_json::from_str(&text).map_err(|error| cannot(&error))
}

/// Runs the chosen scenarios in the emulator that `ready` describes. Exit status 0 says that all passed, 1 that not all
/// did.
///
/// # Errors
///
/// The emulator does not answer, or a report cannot be written.
pub async fn run(
    arguments: &RunArguments,
    trials: Vec<Trial>,
    ready: &ReadyFile,
) -> Result<ExitCode, CannotRun> {
    let settings = Settings {
        clock: arguments.clock.clone(),
        durations: arguments.durations.clone(),
        ..Settings::default()
    };
    let emulator = Emulator::reach(ready, settings)
        .await
        .map_err(|error| CannotRun(format!("the emulator does not answer: {error}")))?;
    let emulator = Arc::new(emulator);
    let (begun, clock) = (jiff::Timestamp::now(), Instant::now());
    let jobs = arguments.jobs.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
    });
    let mut watcher = Watcher::new(arguments, &trials);
    let performing = async {
        perform_all(
            &emulator,
            trials,
            jobs,
            arguments.keep_failed,
            &mut |ended| watcher.ended(ended),
        )
        .await
    };
    let reports = tokio::select! {
        reports = performing => Some(reports),
        _ = tokio::signal::ctrl_c() => None,
    };
    emulator.close().await;
    let Some(reports) = reports else {
        return Err(CannotRun("interrupted".to_owned()));
    };
    let took = clock.elapsed();
    watcher.closing(took);
    write_reports(arguments, &reports, begun, took)?;
    Ok(
        match reports
            .iter()
            .all(|report| report.verdict == Verdict::Passed)
        {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
    )
}

fn write_reports(
    arguments: &RunArguments,
    reports: &[TrialReport],
    begun: jiff::Timestamp,
    took: Duration,
) -> Result<(), CannotRun> {
    if let Some(path) = &arguments.junit {
        write(path, &junit(reports, begun))?;
    }
    match &arguments.json {
        None => {}
        Some(file) => {
            let text = format!("{:#}\n", json(reports, took));
            match file {
                Some(path) => write(path, &text)?,
                None => say(&text),
            }
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), CannotRun> {
    fs::write(path, text)
        .map_err(|error| CannotRun(format!("cannot write {}: {error}", path.display())))
}

/// Shows a run while it goes on: a tree on standard output, and a bar on a terminal.
struct Watcher {
    tree: Option<Tree>,
    bar: ProgressBar,
}

impl Watcher {
    fn new(arguments: &RunArguments, trials: &[Trial]) -> Self {
        let style = Style {
            // The convention of no-color.org.
            colour: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            detail: arguments.verbose,
        };
        let only_json = matches!(arguments.json, Some(None));
        let bar = ProgressBar::with_draw_target(
            Some(trials.len() as u64),
            match io::stderr().is_terminal() {
                true => ProgressDrawTarget::stderr(),
                false => ProgressDrawTarget::hidden(),
            },
        );
        if let Ok(look) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(look);
        }
        Self {
            tree: (!only_json).then(|| Tree::new(style, trials)),
            bar,
        }
    }

    fn ended(&mut self, ended: Ended<'_>) {
        match ended {
            Ended::Begins(trial) => self.bar.set_message(trial.title()),
            Ended::Ends(report) => {
                let text = self.tree.as_mut().map(|tree| tree.add(report));
                self.bar.inc(1);
                if let Some(text) = text {
                    self.bar.suspend(|| say(&text));
                }
            }
        }
    }

    fn closing(&self, took: Duration) {
        self.bar.finish_and_clear();
        match &self.tree {
            Some(tree) => say(&tree.closing(took)),
            None => tell(&format!("done in {}\n", span(took))),
        }
    }
}

/// Writes to standard output; a reader that has gone away ends nothing.
fn say(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Writes to standard error.
fn tell(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
