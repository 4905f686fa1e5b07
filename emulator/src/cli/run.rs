//! `milink run`: a program that lives in the model's network, with the model's own addresses and names.
//!
//! The program gets a user, network and mount namespace of its own. A helper inside (`inside`) makes the addresses local at which the
//! model answers, and has sockets there that follow it (`watch`): what is let in is passed on through a Unix socket, since those
//! lead from one network namespace to another, to the emulator's proxy, which says what becomes of it. Packets for any other
//! address, and for ports at which nothing answers, are dropped. Names go the same way.

#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod outside;
#[cfg(target_os = "linux")]
mod routes;
#[cfg(target_os = "linux")]
mod watch;

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
    /// The program sends TCP keepalives, every so many seconds
    #[arg(long, value_name = "SECONDS")]
    keep_alive: Option<u32>,
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
