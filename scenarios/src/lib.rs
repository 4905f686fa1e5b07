//! Scenario files: what is done, over HTTPS and TDS, and what must come of it; and their runner.
//!
//! Knows an emulator only by its ready file, so a scenario runs against any emulator that can be reached.

pub mod cli;
mod emulator;
mod file;
mod library;
mod load;
mod performance;
pub mod report;
mod runner;
pub mod step;
mod variables;

pub use emulator::{Emulator, Settings, Stage};
pub use file::{Case, Scenario, ScenarioError, Step};
pub use load::{LoadError, Trial, load};
pub use performance::{Ended, TrialReport, Verdict, perform, perform_all};
pub use report::{Happening, Reporter, Silent, StepReport};
pub use runner::{Failure, Runner, Summary};
pub use variables::{Scalar, Variables};

/// The configure-link article with SQL Server as the initial primary, from its first command to its last.
pub const SQL_SERVER_PRIMARY: &str = include_str!("../suites/create/sql-server-primary.toml");
