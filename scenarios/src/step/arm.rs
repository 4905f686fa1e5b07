//! The verb `arm`: a request to Azure Resource Manager.

use milink_client::{Error, Outcome};
use serde::Deserialize;
use serde_json::Value;

use super::{Came, Refused};
use crate::runner::Runner;

/// Where it is sent, for people.
pub(super) const PLACE: &str = "Azure Resource Manager";

/// A request to ARM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArmRequest {
    /// GET, PUT, PATCH, POST, DELETE or HEAD.
    pub method: String,
    /// The path; `${managedInstance}` is the first instance's id.
    pub path: String,
    /// A service principal that a step before added; the one that owns everything if it is not said.
    #[serde(default, rename = "as")]
    pub who: Option<String>,
    /// The api-version.
    #[serde(default = "newest")]
    pub api_version: String,
    /// The body.
    #[serde(default)]
    pub body: Option<Value>,
    /// Whether the operation that it starts is followed to its end, and the resource is what came of it; without that,
    /// the first answer is.
    #[serde(default = "yes")]
    pub wait: bool,
}

/// The api-version that az uses for links.
fn newest() -> String {
    "2025-08-01-preview".to_owned()
}

const fn yes() -> bool {
    true
}

impl ArmRequest {
    pub(super) fn place(&self) -> String {
        match &self.who {
            None => PLACE.to_owned(),
            Some(who) => format!("{PLACE}, as {who}"),
        }
    }

    pub(super) fn text(&self, runner: &Runner) -> String {
        let head = format!(
            "{} {}?api-version={}",
            self.method,
            runner.variables().fill(&self.path),
            self.api_version
        );
        match &self.body {
            None => head,
            Some(body) => {
                let body = runner.variables().fill_json(body);
                format!(
                    "{head}\n{}",
                    serde_json::to_string_pretty(&body).unwrap_or_default()
                )
            }
        }
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let path = runner.variables().fill(&self.path);
        let body = self
            .body
            .as_ref()
            .map(|body| runner.variables().fill_json(body));
        let sent = runner
            .arm_of(self.who.as_deref())?
            .send(&self.method, &path, &self.api_version, body.as_ref())
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => return refused(error),
        };
        let status = answer.status;
        let first = Came::Body {
            status,
            body: answer.body,
        };
        let Some(operation) = answer.operation else {
            return Ok(first);
        };
        if !self.wait {
            runner.operation = Some(operation);
            return Ok(first);
        }
        let outcome = match runner.follow(&operation).await {
            Ok(outcome) => outcome,
            Err(error) => return refused(error),
        };
        match outcome {
            Outcome::Failed { code, message } => Ok(Came::Refused(Refused {
                code,
                message,
                ..Refused::default()
            })),
            Outcome::Succeeded if self.method.eq_ignore_ascii_case("DELETE") => Ok(Came::Body {
                status,
                body: Value::Null,
            }),
            Outcome::Succeeded => {
                // An action is posted to a path below its resource.
                let action = self.method.eq_ignore_ascii_case("POST");
                let resource = path.rsplit_once('/').filter(|_| action);
                let path = resource.map_or(path.as_str(), |(resource, _)| resource);
                let body = runner
                    .arm_of(self.who.as_deref())?
                    .send("GET", path, &self.api_version, None)
                    .await?
                    .body;
                Ok(Came::Body { status, body })
            }
        }
    }
}

/// ARM's errors are something that a step can expect, also those of polls.
pub(super) fn refused(error: Error) -> Result<Came, Error> {
    match error {
        Error::Arm {
            status,
            code,
            message,
        } => Ok(Came::Refused(Refused {
            code,
            message,
            status: Some(status),
            ..Refused::default()
        })),
        other => Err(other),
    }
}
