//! `milink demo`: the whole life of a link, performed over real HTTPS and TDS and told step by step.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use milink_core::durations::{Durations, Profile};
use milink_scenarios::{Runner, SQL_SERVER_PRIMARY, Scenario, Summary};

use super::narrator::Narrator;
use crate::clock::ClockMode;
use crate::config::KeyStore;
use crate::emulator::Emulator;

/// How the demonstration is told.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct DemoArguments {
    /// Print one JSON object about the run instead of telling it
    #[arg(long)]
    json: bool,
    /// Leave out the T-SQL and the requests that are sent
    #[arg(long, short)]
    quiet: bool,
}

/// Performs the demonstration: success only if every step came to what it must.
///
/// # Errors
///
/// The emulator cannot be started.
pub(super) async fn demo(arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    let emulator = Emulator::builder()
        .clock(ClockMode::Auto)
        .durations(Durations::of(Profile::Azure))
        .keys(KeyStore::Cache)
        .start()
        .await?;
    let scenario = Scenario::parse(SQL_SERVER_PRIMARY)?;
    let mut runner = Runner::new(emulator.ready())?;
    let summary = if arguments.json {
        let summary = runner.run(&scenario, &mut milink_scenarios::Silent).await;
        writeln!(io::stdout().lock(), "{}", as_json(&summary))?;
        summary
    } else {
        let mut narrator = Narrator::new(io::stdout().is_terminal(), arguments.quiet);
        narrator.opening(&scenario);
        let summary = runner.run(&scenario, &mut narrator).await;
        narrator.closing(&summary);
        summary
    };
    Ok(match summary.failure() {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    })
}

fn as_json(summary: &Summary) -> serde_json::Value {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let steps: Vec<_> = summary
        .steps
        .iter()
        .map(|step| {
            serde_json::json!({
                "title": step.title,
                "ok": step.failure.is_none(),
                "failure": step.failure,
                "tookMs": milliseconds(step.took),
                "simulatedSeconds": step.simulated_seconds,
            })
        })
        .collect();
    serde_json::json!({
        "ok": summary.failure().is_none(),
        "steps": steps,
        "tookMs": milliseconds(summary.took),
        "simulatedMs": milliseconds(summary.simulated),
    })
}
