//! `milink run`: a program that lives in the model's network, with the model's own addresses and names.
//!
//! The program gets a user, network and mount namespace of its own in which every address is local. A helper inside (`inside`)
//! listens at the ports that mean something, asks the emulator's proxy what becomes of each connection, and passes it on through a
//! Unix socket, since those lead from one network namespace to another. Names go the same way.

#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod outside;
#[cfg(target_os = "linux")]
mod routes;

use std::path::PathBuf;
#[cfg(not(target_os = "linux"))]
use std::process::ExitCode;

use clap::Args;

use super::remote::WorldTarget;

/// `milink run`.
#[derive(Args, Debug)]
pub(super) struct RunArguments {
    /// Where it is to be: vm:NAME, nic:NAME, subnet:NETWORK/SUBNET, mi:NAME, onprem:SITE or internet
    #[arg(long = "in", value_name = "VANTAGE")]
    vantage: String,
    #[command(flatten)]
    world: WorldTarget,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

/// What `milink run` tells the helper inside.
#[derive(Args, Debug)]
pub(super) struct InsideArguments {
    /// The socket that leads out
    #[arg(long)]
    door: PathBuf,
    /// What the proxy is told
    #[arg(long)]
    user: String,
    /// The ports to listen at
    #[arg(long, value_delimiter = ',')]
    ports: Vec<u16>,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

#[cfg(target_os = "linux")]
pub(super) use inside::inside;
#[cfg(target_os = "linux")]
pub(super) use outside::run;

/// Says that it cannot be.
#[cfg(not(target_os = "linux"))]
pub(super) async fn run(arguments: RunArguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!(
        "programs can be put into the model's network on Linux only; {}",
        otherwise(&arguments.vantage)
    )
}

/// Never started here.
#[cfg(not(target_os = "linux"))]
pub(super) async fn inside(_arguments: InsideArguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("there are no network namespaces here")
}

/// The ways in that need nothing.
fn otherwise(vantage: &str) -> String {
    format!(
        "`milink net dial --from {vantage} HOST` maps a port, and the SOCKS5 proxy of `milink up` takes '{vantage}' as the user name"
    )
}
