//! `milink replay`: the same again, from an input log.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::print;
use crate::tape::{self, Log, LogError};

/// The flags of `milink replay`.
#[derive(Args, Debug)]
pub(super) struct ReplayArguments {
    /// The file that `milink up --record` has written
    file: PathBuf,
}

/// Replays; fails where the replay goes another way than the log.
pub(super) async fn replay(arguments: ReplayArguments) -> anyhow::Result<ExitCode> {
    let file = arguments.file.display();
    let bytes = std::fs::read(&arguments.file)
        .with_context(|| format!("cannot read the input log {file}"))?;
    let log = Log::parse(&bytes).with_context(|| format!("the input log {file}"))?;
    match tape::replay(log).await {
        Ok(outcome) => {
            let worlds = outcome.worlds.join(", ");
            let entries = outcome.entries;
            print(&format!(
                "{entries} entries replayed; equal worlds: {worlds}\n"
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.is::<LogError>() => {
            print(&format!("{file}: {error}\n"))?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error),
    }
}
