//! The verb `transition`: a transition whose length is `stepped`, or any that is on its way, ends now.

use milink_client::Error;
use serde::Deserialize;
use serde_json::Value;

use super::Came;
use crate::runner::Runner;

/// A transition that is ended by hand, such as `transition = "link-connect"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct TransitionAct {
    name: String,
}

impl TransitionAct {
    pub(super) fn text(&self) -> String {
        format!("{} ends", self.name)
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let path = format!("transitions/{}/step", self.name);
        super::server::control(runner, &path, &Value::Null).await
    }
}
