//! The verb `advance`: time passes, such as `advance = "5min"`.

use milink_client::Error;
use serde::Deserialize;

use super::Came;
use crate::runner::Runner;

/// How much time passes.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct AdvanceAct {
    /// A span such as `90s` or `1h 30min`.
    by: String,
}

impl AdvanceAct {
    pub(super) fn text(&self) -> String {
        format!("{} pass", self.by)
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let by = runner.variables().fill(&self.by);
        runner.advance_by(&by).await?;
        Ok(Came::Nothing)
    }
}
