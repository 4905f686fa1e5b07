//! Runs scenario files against an emulator that is up elsewhere, such as in a container.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use milink_scenarios::cli::{self, RunArguments};

/// Run scenario files against a running milink
#[derive(Debug, Parser)]
#[command(name = "milink-scenarios", version)]
struct Arguments {
    #[command(flatten)]
    run: RunArguments,
}

/// The exit status of a run that could not be.
const CANNOT_RUN: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse().run).await {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "milink-scenarios: {error}");
            ExitCode::from(CANNOT_RUN)
        }
    }
}

async fn run(arguments: &RunArguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let trials = cli::chosen(arguments)?;
    if arguments.list {
        cli::list(&trials);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(file) = &arguments.ready_file else {
        return Err("say where the emulator is: --ready-file FILE, or MILINK_READY_FILE".into());
    };
    Ok(cli::run(arguments, trials, &cli::read_ready(file)?).await?)
}
