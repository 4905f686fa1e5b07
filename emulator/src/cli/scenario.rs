//! `milink scenario …`: run scenario files, against a running emulator or one that is started for them.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use milink_scenarios::cli::{self, RunArguments};
use milink_scenarios::{Settings, Verdict, load, perform};

use super::narrator::Narrator;
use super::print;
use crate::config::{Config, KeyStore};
use crate::emulator::Emulator;

/// `milink scenario …`.
#[derive(Debug, Subcommand)]
pub(super) enum ScenarioVerb {
    /// Run scenario files, each in a world of its own
    Run(RunArguments),
    /// Run scenario files one after the other, and tell each step with what is sent and what comes
    Tell(TellArguments),
    /// Read scenario files, and say what is wrong with them
    Check {
        /// Scenario files, and folders of them
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

/// The flags of `milink scenario tell`.
#[derive(Args, Debug)]
pub(super) struct TellArguments {
    /// Scenario files, and folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How long things take where a file says nothing
    #[arg(long, default_value = "azure")]
    durations: String,
    /// Leave out what is sent
    #[arg(long, short)]
    quiet: bool,
}

/// Does a verb about scenarios.
pub(super) async fn scenario(verb: ScenarioVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ScenarioVerb::Run(arguments) => run(&arguments).await,
        ScenarioVerb::Tell(arguments) => tell(&arguments).await,
        ScenarioVerb::Check { paths } => {
            for trial in load(&paths)? {
                let (id, title) = (trial.id(), trial.title());
                let steps = trial.scenario.steps.len();
                print(&format!("{id}: {title}, {steps} steps\n"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let trials = cli::chosen(arguments)?;
    if arguments.list {
        cli::list(&trials);
        return Ok(ExitCode::SUCCESS);
    }
    let (ready, _emulator) = match &arguments.ready_file {
        Some(file) => (cli::read_ready(file)?, None),
        None => {
            let emulator = start().await?;
            (emulator.ready(), Some(emulator))
        }
    };
    Ok(cli::run(arguments, trials, &ready).await?)
}

async fn tell(arguments: &TellArguments) -> anyhow::Result<ExitCode> {
    let trials = load(&arguments.paths)?;
    let emulator = start().await?;
    let settings = Settings {
        durations: arguments.durations.clone(),
        ..Settings::default()
    };
    let reached = milink_scenarios::Emulator::reach(&emulator.ready(), settings).await?;
    let mut all_passed = true;
    for trial in &trials {
        let mut narrator = Narrator::new(std::io::stdout().is_terminal(), arguments.quiet);
        narrator.opening(&trial.scenario);
        let report = perform(&reached, trial, false, &mut narrator, &|_| Ok(())).await;
        match &report.verdict {
            Verdict::Broken(what) => print(&format!("✗ {what}\n"))?,
            Verdict::Passed | Verdict::Failed => narrator.closing(&report.summary),
        }
        all_passed &= report.verdict == Verdict::Passed;
    }
    Ok(match all_passed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

async fn start() -> anyhow::Result<Emulator> {
    let config = Config {
        keys: KeyStore::Cache,
        ..Config::default()
    };
    Emulator::builder().config(config).start().await
}
