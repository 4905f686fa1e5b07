//! The verb `principal`: one more service principal, whom roles are for and requests are made as.

use milink_client::Error;
use serde::Deserialize;
use serde_json::json;

use super::{Came, plain};
use crate::runner::Runner;

/// A service principal that is added to the world: `principal = { add = "ci", role = "Reader" }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalAct {
    /// Its name, which `arm` has in `as`.
    pub add: String,
    /// A role to begin with.
    #[serde(default)]
    pub role: Option<String>,
    /// Where it has the role; everywhere if it is not said.
    #[serde(default)]
    pub scope: Option<String>,
}

impl PrincipalAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        let fill = |text: &Option<String>| text.as_ref().map(|text| runner.variables().fill(text));
        match (fill(&self.role), fill(&self.scope)) {
            (None, _) => format!("add {}", self.add),
            (Some(role), None) => format!("add {} as {role}", self.add),
            (Some(role), Some(scope)) => format!("add {} as {role} at {scope}", self.add),
        }
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let fill = |text: &String| runner.variables().fill(text);
        let mut body = json!({});
        if let Some(role) = &self.role {
            body["role"] = json!(fill(role));
        }
        if let Some(scope) = &self.scope {
            body["scope"] = json!(fill(scope));
        }
        let path = runner.about(&format!("principals/{}", self.add));
        let body = match runner.control().put(&path, &body).await {
            Ok(body) => body,
            Err(error) => return super::arm::refused(error),
        };
        runner.log_in(
            &self.add,
            &plain(&body["clientId"]),
            &plain(&body["secret"]),
        )?;
        let variables = runner.variables_mut();
        variables.set(&format!("{}.object-id", self.add), plain(&body["objectId"]));
        variables.set(&format!("{}.client-id", self.add), plain(&body["clientId"]));
        Ok(Came::Body { status: 200, body })
    }
}
