//! What a step can do: one file per verb.

mod advance;
mod arm;
mod check;
mod dial;
mod expect;
mod fault;
mod matcher;
mod principal;
mod server;
mod sql;
mod transition;
mod until;
mod wait;

use milink_client::ResultSet;
use serde_json::Value;

pub use advance::AdvanceAct;
pub use arm::ArmRequest;
pub use check::{CheckAct, Look};
pub(crate) use dial::login;
pub use dial::{DialAct, NetAct};
pub use expect::{ErrorExpectation, Expectation};
pub use fault::FaultAct;
pub use matcher::Matcher;
pub use principal::PrincipalAct;
pub use server::ServerAct;
pub use sql::{OneOrMany, SqlAct};
pub use transition::TransitionAct;
pub use until::Until;
pub use wait::WaitAct;

use crate::runner::Runner;

/// The first SQL Server, in `on`.
pub const SQL_SERVER: &str = "sql-server";
/// The first managed instance, in `on`.
pub const MANAGED_INSTANCE: &str = "managed-instance";

/// The code of a connection that cannot be made or broke, in `expect.error`.
pub const CONNECTION: &str = "connection";

/// What is done.
#[derive(Clone, Debug)]
pub enum Act {
    /// T-SQL, in batches separated by GO.
    Sql(SqlAct),
    /// A request to ARM, followed to the end of its operation.
    Arm(ArmRequest),
    /// Time passes.
    Advance(AdvanceAct),
    /// Time passes until something has come.
    Wait(WaitAct),
    /// Several places are looked at together.
    Check(CheckAct),
    /// Somebody does something to a server from outside.
    Server(ServerAct),
    /// A transition ends by hand.
    Transition(TransitionAct),
    /// Faults on request are installed or removed.
    Fault(FaultAct),
    /// A client connects from somewhere in the model's network.
    Dial(DialAct),
    /// Something is done to the network by hand.
    Net(NetAct),
    /// One more service principal is added.
    Principal(PrincipalAct),
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Came {
    /// Result sets of all batches, in order.
    Results(Vec<ResultSet>),
    /// ARM's answer; after an operation, the resource.
    Body {
        /// The HTTP status of the first answer.
        status: u16,
        /// The body.
        body: Value,
    },
    /// An error of the server.
    Refused(Refused),
    /// What came from several places, each with its name.
    Several(Vec<(String, Self)>),
    /// Nothing but time passed.
    Nothing,
}

/// An error of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// SQL's number, ARM's code, or `connection`.
    pub code: String,
    /// The text.
    pub message: String,
    /// SQL's severity.
    pub severity: Option<u8>,
    /// SQL's state.
    pub state: Option<u8>,
    /// The HTTP status.
    pub status: Option<u16>,
}

impl Act {
    /// What is sent, for people: variables filled in.
    pub fn text(&self, runner: &Runner) -> String {
        match self {
            Self::Sql(act) => act.text(runner),
            Self::Arm(act) => act.text(runner),
            Self::Advance(act) => act.text(),
            Self::Wait(act) => act.text(runner),
            Self::Check(act) => act.text(runner),
            Self::Server(act) => act.text(),
            Self::Transition(act) => act.text(),
            Self::Fault(act) => act.text(runner),
            Self::Dial(act) => act.text(runner),
            Self::Net(act) => act.text(runner),
            Self::Principal(act) => act.text(runner),
        }
    }

    /// Where it is sent, for people.
    pub fn place(&self, runner: &Runner) -> String {
        match self {
            Self::Sql(act) => act.place(runner),
            Self::Arm(act) => act.place(),
            Self::Advance(_) | Self::Wait(_) | Self::Transition(_) => "the clock".to_owned(),
            Self::Check(act) => act.place(runner),
            Self::Server(act) => act.place(runner),
            Self::Fault(_) => "faults".to_owned(),
            Self::Dial(act) => act.place(runner),
            Self::Net(_) => "the network".to_owned(),
            Self::Principal(_) => "the directory".to_owned(),
        }
    }

    pub(crate) const fn waits_for_event(&self) -> bool {
        matches!(self, Self::Wait(WaitAct::Event { .. }))
    }

    pub(crate) async fn run(&self, runner: &mut Runner) -> Result<Came, milink_client::Error> {
        match self {
            Self::Sql(act) => act.run(runner).await,
            Self::Arm(act) => act.run(runner).await,
            Self::Advance(act) => act.run(runner).await,
            Self::Wait(act) => act.run(runner).await,
            Self::Check(act) => act.run(runner).await,
            Self::Server(act) => act.run(runner).await,
            Self::Transition(act) => act.run(runner).await,
            Self::Fault(act) => act.run(runner).await,
            Self::Dial(act) => act.run(runner).await,
            Self::Net(act) => act.run(runner).await,
            Self::Principal(act) => act.run(runner).await,
        }
    }
}

impl Came {
    /// A value by its name: a column of the last result set that has it, or a pointer into the body.
    pub fn value(&self, name: &str) -> Option<String> {
        match self {
            Self::Results(results) => {
                let cell = results.iter().rev().find_map(|result| result.first(name))?;
                Some(cell.to_string())
            }
            Self::Body { body, .. } => body.pointer(name).map(plain),
            Self::Several(places) => places.iter().find_map(|(_, came)| came.value(name)),
            Self::Refused(_) | Self::Nothing => None,
        }
    }
}

/// JSON text without its quotes; anything else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
