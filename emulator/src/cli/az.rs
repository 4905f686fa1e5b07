//! `milink az …`: the real az, with a configuration of its own, registered and logged in when it is not yet.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use milink_model::ReadyFile;
use tokio::process::Command;

use super::env::{az_directory, az_variables};
use super::remote::WorldTarget;

/// The flags of `milink az`; they come before az's own words.
#[derive(Args, Debug)]
pub(super) struct AzArguments {
    #[command(flatten)]
    world: WorldTarget,
    /// What az is told
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "WORDS"
    )]
    words: Vec<String>,
}

/// Where what az was set up for is noted.
const MARK: &str = "milink-setup";

/// Runs az, and ends as it ends.
pub(super) async fn az(arguments: AzArguments) -> anyhow::Result<ExitCode> {
    let ready = arguments
        .world
        .target()
        .ready(arguments.world.world())
        .await?;
    if ready.ca_file.is_empty() {
        bail!(
            "this emulator keeps its CA in memory only, and az needs a file: start it with --state-dir"
        );
    }
    set_up(&ready).await?;
    let status = command(&ready)
        .args(&arguments.words)
        .status()
        .await
        .with_context(no_az)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// Registers the cloud and logs in, unless that was done for the same emulator before.
pub(super) async fn set_up(ready: &ReadyFile) -> anyhow::Result<()> {
    let directory = az_directory(ready);
    let mark = directory.join(MARK);
    let purpose = format!(
        "{}\n{}\n{}\n{}\n{}\n",
        ready.arm_url, ready.tenant_id, ready.client_id, ready.client_secret, ready.subscription_id
    );
    if fs::read_to_string(&mark).is_ok_and(|done| done == purpose) {
        return Ok(());
    }
    if directory.exists() {
        fs::remove_dir_all(&directory)
            .with_context(|| format!("cannot clear {}", directory.display()))?;
    }
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let steps: [&[&str]; 4] = [
        &[
            "cloud",
            "register",
            "--name",
            "milink",
            "--endpoint-resource-manager",
            &ready.arm_url,
        ],
        &["cloud", "set", "--name", "milink"],
        &[
            "login",
            "--service-principal",
            "-u",
            &ready.client_id,
            "-p",
            &ready.client_secret,
            "--tenant",
            &ready.tenant_id,
        ],
        &["account", "set", "--subscription", &ready.subscription_id],
    ];
    for words in steps {
        let output = command(ready)
            .args(words)
            .output()
            .await
            .with_context(no_az)?;
        if !output.status.success() {
            bail!(
                "az {} failed:\n{}",
                words[..2].join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    fs::write(&mark, purpose).with_context(|| format!("cannot write {}", mark.display()))
}

fn command(ready: &ReadyFile) -> Command {
    let program = std::env::var_os("MILINK_AZ").unwrap_or_else(|| "az".into());
    let mut command = Command::new(program);
    command.envs(az_variables(ready));
    command
}

fn no_az() -> &'static str {
    "cannot run az; install the Azure CLI, or name it in MILINK_AZ"
}
