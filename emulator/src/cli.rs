//! The `milink` command: what it understands, and who does it.

mod az;
mod demo;
mod doctor;
mod env;
mod explore;
mod fault;
mod health;
mod narrator;
mod net;
mod principal;
mod remote;
mod replay;
mod run;
mod scenario;
mod server;
mod signals;
mod transition;
mod up;

use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

/// Azure SQL Managed Instance's link on your own machine: emulator and test double
#[derive(Debug, Parser)]
#[command(name = "milink", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start the emulator
    Up(Box<up::UpArguments>),
    /// Perform the whole life of a link, and tell it
    Demo(demo::DemoArguments),
    /// Print shell exports that point az and sqlcmd at a running emulator
    Env(env::EnvArguments),
    /// Say whether an emulator answers
    Health(remote::Target),
    /// Run the real az with a configuration of its own that points at a running emulator
    #[command(disable_help_flag = true, disable_version_flag = true)]
    Az(az::AzArguments),
    /// Run scenario files against an emulator
    #[command(subcommand)]
    Scenario(scenario::ScenarioVerb),
    /// Rerun a program with every call going wrong, and see whether a second run repairs what is left
    Explore(Box<explore::ExploreArguments>),
    /// Make, copy, keep, restore and drop worlds
    #[command(subcommand)]
    World(remote::WorldVerb),
    /// Read and move a world's clock
    #[command(subcommand)]
    Clock(remote::ClockVerb),
    /// Stop, start and restart SQL Servers
    #[command(subcommand)]
    Server(server::ServerVerb),
    /// Read and set how long things take in a world, and step what waits for it
    #[command(subcommand)]
    Transition(transition::TransitionVerb),
    /// Install, list and remove faults on request
    #[command(subcommand)]
    Fault(fault::FaultVerb),
    /// List, add and remove service principals to assign roles to
    #[command(subcommand)]
    Principal(principal::PrincipalVerb),
    /// Say what would stop a link, or ails one; fails if something does
    Doctor(doctor::DoctorArguments),
    /// Say why something was refused or failed, and what would put it right
    Explain(doctor::ExplainArguments),
    /// Ask who gets where in the model's network, and why not
    #[command(subcommand)]
    Net(net::NetVerb),
    /// Run a program in the model's network, with its names and addresses
    Run(run::RunArguments),
    /// The part of `run` that is in there
    #[command(hide = true)]
    Inside(run::InsideArguments),
    /// Replay an input log of `up --record` into equal worlds, and say where it goes another way
    Replay(replay::ReplayArguments),
    /// Read what has happened in a world
    Journal(remote::JournalArguments),
    /// Print the table of what is emulated, for COMPAT.md
    #[command(hide = true)]
    Compat,
}

/// The exit status of a start that could not be.
const CANNOT_START: u8 = 2;

/// Reads the arguments and does what they say.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    match perform(arguments.verb) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "milink: {error:#}");
            ExitCode::from(CANNOT_START)
        }
    }
}

/// Help and versions as clap prints them; what is wrong with the arguments in one line.
fn explain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
    } else {
        let text = error.to_string();
        let first: Vec<&str> = text
            .lines()
            .take_while(|line| !line.is_empty())
            .map(|line| line.trim().trim_start_matches("error: "))
            .collect();
        let _ = writeln!(std::io::stderr(), "milink: {}; try --help", first.join(" "));
    }
    match error.use_stderr() {
        true => ExitCode::from(CANNOT_START),
        false => ExitCode::SUCCESS,
    }
}

fn perform(verb: Verb) -> anyhow::Result<ExitCode> {
    if let Verb::Health(target) = verb {
        return Ok(health::health(&target));
    }
    if let Verb::Compat = verb {
        print(&crate::compat::table()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    crate::limits::raise_descriptors();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let code = runtime.block_on(async {
        match verb {
            Verb::Up(arguments) => up::up(*arguments).await,
            Verb::Demo(arguments) => demo::demo(arguments).await,
            Verb::Env(arguments) => env::env(arguments).await,
            Verb::Az(arguments) => az::az(arguments).await,
            Verb::Scenario(verb) => scenario::scenario(verb).await,
            Verb::Explore(arguments) => explore::explore(*arguments).await,
            Verb::World(verb) => remote::world(verb).await,
            Verb::Clock(verb) => remote::clock(verb).await,
            Verb::Server(verb) => server::server(verb).await,
            Verb::Transition(verb) => transition::transition(verb).await,
            Verb::Fault(verb) => fault::fault(verb).await,
            Verb::Principal(verb) => principal::principal(verb).await,
            Verb::Doctor(arguments) => doctor::doctor(arguments).await,
            Verb::Explain(arguments) => doctor::explain(arguments).await,
            Verb::Net(verb) => net::net(verb).await,
            Verb::Run(arguments) => run::run(arguments).await,
            Verb::Inside(arguments) => run::inside(arguments).await,
            Verb::Replay(arguments) => replay::replay(arguments).await,
            Verb::Journal(arguments) => remote::journal(arguments).await,
            Verb::Health(_) | Verb::Compat => unreachable!("done above"),
        }
    });
    // A thread that is still making keys must not hold up the exit.
    runtime.shutdown_background();
    code
}

/// Writes to standard output; a reader that has gone away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
