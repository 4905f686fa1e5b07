//! `milink explore`: run a program against an emulator, then run it again once for every call it makes and every way in
//! which that call can go wrong, and see whether a second, undisturbed run repairs what the first has left behind.
//!
//! Every rerun has a copy of the world for itself, so they run beside each other.

mod case;
mod difference;
mod program;
mod report;
mod stage;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use milink_core::durations::Durations;
use milink_model::ReadyFile;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::print;
use super::signals::Signals;
use crate::calls::{Blow, Call};
use crate::clock::ClockMode;
use crate::config::{Config, KeyStore};
use crate::durations;
use crate::emulator::Emulator;
use crate::topology::Topology;
use case::Case;
use difference::Difference;
use program::Program;
use report::{Outcome, Report, Verdict};
use stage::{Stage, World};

/// The flags of `milink explore`.
#[derive(Args, Debug)]
pub(super) struct ExploreArguments {
    /// The ready file of a running emulator; without it, one is started
    #[arg(long, env = "MILINK_READY_FILE", value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// What every run begins with: a topology file for an emulator that is started, WORLD or WORLD@SNAPSHOT of a running one
    #[arg(long, value_name = "START")]
    from: Option<String>,
    /// A shell command that prepares the world in which every run begins
    #[arg(long, value_name = "COMMAND")]
    prepare: Option<String>,
    /// Log the real az in beforehand, for a program that runs az by itself
    #[arg(long)]
    az: bool,
    /// How the time passes in an emulator that is started
    #[arg(long, default_value_t = ClockMode::Auto)]
    clock: ClockMode,
    /// How long things take in an emulator that is started
    #[arg(long, default_value = "fast", value_parser = durations::parse)]
    durations: Durations,
    /// How many runs go on at once [default: as many as there are processors]
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
    /// At most so many reruns, spread over all calls
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only reruns whose description contains this, in any case; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Disturb ARM requests that only read, too
    #[arg(long)]
    reads: bool,
    /// How long one run may take [default: ten times as long as the undisturbed one, 30s at least]
    #[arg(long, value_parser = span, value_name = "SPAN")]
    timeout: Option<Duration>,
    /// Record the calls, list the reruns, and do none
    #[arg(long)]
    list: bool,
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// The program and its arguments, or a script
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    command: Vec<String>,
}

/// How long the preparation and the undisturbed run may take, unless something else is asked for.
const UNDISTURBED_LIMIT: Duration = Duration::from_secs(600);
/// How many times longer than the undisturbed run a disturbed one may take: it retries, and others run beside it.
const PATIENCE: u32 = 10;
/// How long any run may take: clients wait before they try again, azure-core longer each time.
const LEAST_LIMIT: Duration = Duration::from_secs(30);

/// Explores, and says what it found: status 1 if a second run does not repair everything.
pub(super) async fn explore(arguments: ExploreArguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    tokio::select! {
        // Leaving drops everything that runs, and that ends the programs.
        () = signals.arrived() => bail!("interrupted"),
        done = explored(arguments) => done,
    }
}

async fn explored(arguments: ExploreArguments) -> anyhow::Result<ExitCode> {
    let program = Program::new(&arguments.command)?;
    let (ready, from, _emulator) = start(&arguments).await?;
    let stage = Arc::new(Stage::open(ready, from, arguments.az).await?);
    let report = observe(&arguments, &program, &stage).await;
    stage.close().await;
    let report = report?;
    print(&match arguments.json {
        true => format!("{:#}\n", serde_json::to_value(&report)?),
        false => report.text(),
    })?;
    Ok(match report.is_repairable() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn observe(
    arguments: &ExploreArguments,
    program: &Arc<Program>,
    stage: &Arc<Stage>,
) -> anyhow::Result<Report> {
    if let Some(command) = &arguments.prepare {
        let ended = Program::shell(command)
            .run(
                &stage.base,
                "prepare",
                arguments.undisturbed_limit(),
                never(),
            )
            .await?;
        if !ended.is_good() {
            bail!("the preparation {}:\n{}", ended.how(), ended.tail);
        }
    }
    let Undisturbed {
        calls,
        goal,
        again,
        took,
    } = undisturbed(program, stage, arguments.undisturbed_limit()).await?;
    let limit = arguments
        .timeout
        .unwrap_or_else(|| LEAST_LIMIT.max(took * PATIENCE));
    let all = case::cases(&calls, arguments.reads);
    let wanted = case::chosen(&all, &arguments.only, arguments.limit);
    let mut report = Report::new(&calls, all.len(), wanted.len());
    if arguments.list {
        report.list(wanted);
        return Ok(report);
    }
    report.add(again);
    let told = Told::new(wanted.len(), arguments.json);
    let jobs = arguments
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let turns = Arc::new(Semaphore::new(jobs.max(1)));
    let goal = Arc::new(goal);
    let mut runs = JoinSet::new();
    for (number, case) in wanted.into_iter().enumerate() {
        let (program, stage) = (Arc::clone(program), Arc::clone(stage));
        let (turns, goal) = (Arc::clone(&turns), Arc::clone(&goal));
        runs.spawn(async move {
            let _turn = turns.acquire().await?;
            let outcome = rerun(&program, &stage, &goal, &case, limit).await;
            let outcome = outcome.with_context(|| case.to_string())?;
            Ok::<_, anyhow::Error>((number, outcome))
        });
    }
    let mut outcomes = Vec::new();
    while let Some(ended) = runs.join_next().await {
        let (number, outcome) = ended??;
        told.done(&outcome);
        outcomes.push((number, outcome));
    }
    told.end();
    outcomes.sort_by_key(|(number, _)| *number);
    for (_, outcome) in outcomes {
        report.add(outcome);
    }
    Ok(report)
}

/// The program without faults.
struct Undisturbed {
    calls: Vec<Call>,
    /// The state it leads to.
    goal: Vec<String>,
    /// Whether a second run keeps that.
    again: Outcome,
    /// How long the first run took.
    took: Duration,
}

/// Runs the program twice and undisturbed.
async fn undisturbed(
    program: &Program,
    stage: &Stage,
    limit: Duration,
) -> anyhow::Result<Undisturbed> {
    let world = stage.fork().await?;
    world.record(None).await?;
    let began = Instant::now();
    let first = program.run(&world, "recorded", limit, never()).await?;
    let took = began.elapsed();
    if !first.is_good() {
        world.drop_it().await;
        bail!(
            "the program {} even undisturbed:\n{}",
            first.how(),
            first.tail
        );
    }
    let shown = world.calls().await?;
    if shown.lost > 0 {
        bail!(
            "the program makes too many calls: {} more than are kept",
            shown.lost
        );
    }
    if shown.calls.is_empty() {
        world.drop_it().await;
        bail!(
            "the program asks nothing of its world: it has to take the addresses from its environment (MILINK_READY_FILE, or what milink env exports)"
        );
    }
    world.record_no_longer().await?;
    let goal = world.state().await?;
    let second = program.run(&world, "again", limit, never()).await?;
    let state = world.state().await?;
    world.drop_it().await;
    let difference = Difference::between(&goal, &state);
    let again = Outcome::judge(None, true, first, Difference::default(), second, difference);
    Ok(Undisturbed {
        calls: shown.calls,
        goal,
        again,
        took,
    })
}

/// One rerun: disturbed at one place, then once more undisturbed.
async fn rerun(
    program: &Program,
    stage: &Stage,
    goal: &[String],
    case: &Case,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    let world = stage.fork().await?;
    let judged = rerun_in(&world, program, goal, case, limit).await;
    world.drop_it().await;
    judged
}

async fn rerun_in(
    world: &World,
    program: &Program,
    goal: &[String],
    case: &Case,
    limit: Duration,
) -> anyhow::Result<Outcome> {
    world.record(Some(case.strike())).await?;
    let first = match case.blow {
        Blow::Hold => {
            program
                .run(world, "disturbed", limit, world.struck())
                .await?
        }
        _ => program.run(world, "disturbed", limit, never()).await?,
    };
    let reached = world.calls().await?.struck;
    world.record_no_longer().await?;
    let left = Difference::between(goal, &world.state().await?);
    let second = program.run(world, "again", limit, never()).await?;
    let difference = Difference::between(goal, &world.state().await?);
    let case = Some(case.clone());
    Ok(Outcome::judge(
        case, reached, first, left, second, difference,
    ))
}

/// Nobody ends the program early.
async fn never() {
    std::future::pending().await
}

/// The emulator, and the world and snapshot in it that every run begins with.
async fn start(
    arguments: &ExploreArguments,
) -> anyhow::Result<(ReadyFile, Option<String>, Option<Emulator>)> {
    if let Some(file) = &arguments.ready_file {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the ready file {}", file.display()))?;
        return Ok((serde_json::from_str(&text)?, arguments.from.clone(), None));
    }
    let topology = match &arguments.from {
        None => Topology::default(),
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the topology {file}"))?;
            Topology::parse(&text).with_context(|| format!("the topology {file}"))?
        }
    };
    let emulator = Emulator::builder()
        .config(Config {
            topology,
            clock: arguments.clock,
            durations: Some(arguments.durations.clone()),
            keys: KeyStore::Cache,
            ..Config::default()
        })
        .start()
        .await?;
    Ok((emulator.ready(), None, Some(emulator)))
}

/// What is told while it goes on: a bar on a terminal, elsewhere a line for each rerun that is not repaired.
struct Told {
    bar: ProgressBar,
    is_lines: bool,
}

impl Told {
    fn new(reruns: usize, quiet: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let target = match is_terminal && !quiet {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:40} {pos} of {len} reruns, {eta} to go")
            .expect("the template is right");
        let told = Self {
            bar: ProgressBar::with_draw_target(Some(reruns as u64), target).with_style(style),
            is_lines: !is_terminal && !quiet,
        };
        told.line(&format!("{reruns} reruns"));
        told
    }

    fn done(&self, outcome: &Outcome) {
        self.bar.inc(1);
        if outcome.verdict != Verdict::Unrepairable {
            return;
        }
        let line = format!("✗ {}", outcome.title());
        self.line(&line);
        self.bar.println(line);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, line: &str) {
        if self.is_lines {
            // Nobody who listens is no reason to stop.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
}

impl ExploreArguments {
    fn undisturbed_limit(&self) -> Duration {
        self.timeout.unwrap_or(UNDISTURBED_LIMIT)
    }
}

fn span(text: &str) -> Result<Duration, String> {
    let span = durations::parse_span(text)?.to_std();
    match span.is_zero() {
        true => Err("a run takes longer than nothing".to_owned()),
        false => Ok(span),
    }
}
