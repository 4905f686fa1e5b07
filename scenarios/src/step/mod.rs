//! What a step can do: one file per verb.

mod arm;
mod expect;
mod sql;
mod until;

use milink_client::ResultSet;
use serde_json::Value;

pub use arm::ArmRequest;
pub use expect::Expectation;
pub use sql::SqlAct;
pub use until::Until;

use crate::runner::Runner;

/// What is done.
#[derive(Clone, Debug)]
pub enum Act {
    /// T-SQL, in batches separated by GO.
    Sql(SqlAct),
    /// A request to ARM, followed to the end of its operation.
    Arm(ArmRequest),
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
    Refused {
        /// SQL's number or ARM's code.
        code: String,
        /// The text.
        message: String,
    },
}

impl Act {
    /// What is sent, for people: variables filled in.
    pub fn text(&self, runner: &Runner) -> String {
        match self {
            Self::Sql(act) => act.text(runner),
            Self::Arm(act) => act.text(runner),
        }
    }

    /// Where it is sent, for people.
    pub fn place(&self, runner: &Runner) -> String {
        match self {
            Self::Sql(act) => act.place(runner),
            Self::Arm(_) => "Azure Resource Manager".to_owned(),
        }
    }

    pub(crate) async fn run(&self, runner: &mut Runner) -> Result<Came, milink_client::Error> {
        match self {
            Self::Sql(act) => act.run(runner).await,
            Self::Arm(act) => act.run(runner).await,
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
            Self::Refused { .. } => None,
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
