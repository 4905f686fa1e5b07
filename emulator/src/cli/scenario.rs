//! `milink scenario …`: run scenario files, against a running emulator or one started for each of them.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use milink_core::durations::Durations;
use milink_scenarios::{Runner, Scenario};

use super::narrator::Narrator;
use super::print;
use crate::clock::ClockMode;
use crate::config::{Config, KeyStore};
use crate::durations;
use crate::emulator::Emulator;

/// `milink scenario …`.
#[derive(Debug, Subcommand)]
pub(super) enum ScenarioVerb {
    /// Run scenario files
    Run(RunArguments),
    /// Read scenario files, and say what is wrong with them
    Check {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// The flags of `milink scenario run`.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The ready file of a running emulator; without it, one is started for each file
    #[arg(long, env = "MILINK_READY_FILE")]
    ready_file: Option<PathBuf>,
    /// How the time passes in an emulator that is started
    #[arg(long, default_value_t = ClockMode::Auto)]
    clock: ClockMode,
    /// How long things take in an emulator that is started
    #[arg(long, default_value = "azure", value_parser = durations::parse)]
    durations: Durations,
    /// Leave out what is sent
    #[arg(long, short)]
    quiet: bool,
}

/// Does a verb about scenarios.
pub(super) async fn scenario(verb: ScenarioVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ScenarioVerb::Run(arguments) => run(&arguments).await,
        ScenarioVerb::Check { files } => {
            for file in files {
                let scenario = read(&file)?;
                print(&format!(
                    "{}: {} steps\n",
                    file.display(),
                    scenario.steps.len()
                ))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn run(arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let scenarios = arguments
        .files
        .iter()
        .map(read)
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut failed = false;
    for scenario in &scenarios {
        let (ready, _emulator) = match &arguments.ready_file {
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read the ready file {}", file.display()))?;
                (serde_json::from_str(&text)?, None)
            }
            None => {
                let emulator = Emulator::builder()
                    .config(Config {
                        clock: arguments.clock,
                        durations: arguments.durations.clone(),
                        keys: KeyStore::Cache,
                        ..Config::default()
                    })
                    .start()
                    .await?;
                (emulator.ready(), Some(emulator))
            }
        };
        let mut runner = Runner::new(ready)?;
        let mut narrator = Narrator::new(std::io::stdout().is_terminal(), arguments.quiet);
        narrator.opening(scenario);
        let summary = runner.run(scenario, &mut narrator).await;
        narrator.closing(&summary);
        failed |= summary.failure().is_some();
    }
    Ok(match failed {
        false => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
    })
}

fn read(file: &PathBuf) -> anyhow::Result<Scenario> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Scenario::parse(&text).with_context(|| file.display().to_string())
}
