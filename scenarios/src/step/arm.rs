//! The verb `arm`: a request to Azure Resource Manager.

use milink_client::{Error, Outcome};
use serde::Deserialize;
use serde_json::Value;

use super::Came;
use crate::runner::Runner;

/// A request to ARM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ArmRequest {
    /// GET, PUT, PATCH, POST or DELETE.
    pub method: String,
    /// The path; `${managedInstance}` is the first instance's id.
    pub path: String,
    /// The api-version.
    #[serde(default = "newest")]
    pub api_version: String,
    /// The body.
    #[serde(default)]
    pub body: Option<Value>,
}

/// The api-version that az uses for links.
fn newest() -> String {
    "2025-08-01-preview".to_owned()
}

impl ArmRequest {
    pub(super) fn text(&self, runner: &Runner) -> String {
        let request = self;
        let head = format!(
            "{} {}?api-version={}",
            request.method,
            runner.variables().fill(&request.path),
            request.api_version
        );
        match &request.body {
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
        let request = self;
        let path = runner.variables().fill(&request.path);
        let body = request
            .body
            .as_ref()
            .map(|body| runner.variables().fill_json(body));
        let arm = runner.arm();
        let answer = match arm
            .send(&request.method, &path, &request.api_version, body.as_ref())
            .await
        {
            Ok(answer) => answer,
            Err(Error::Arm { code, message, .. }) => return Ok(Came::Refused { code, message }),
            Err(error) => return Err(error),
        };
        let status = answer.status;
        let Some(operation) = answer.operation else {
            return Ok(Came::Body {
                status,
                body: answer.body,
            });
        };
        match operation.wait(arm).await? {
            Outcome::Failed { code, message } => Ok(Came::Refused { code, message }),
            Outcome::Succeeded if request.method.eq_ignore_ascii_case("DELETE") => Ok(Came::Body {
                status,
                body: Value::Null,
            }),
            Outcome::Succeeded => {
                // An action is posted to a path below its resource.
                let action = request.method.eq_ignore_ascii_case("POST");
                let resource = path.rsplit_once('/').filter(|_| action);
                let path = resource.map_or(path.as_str(), |(resource, _)| resource);
                let body = arm
                    .send("GET", path, &request.api_version, None)
                    .await?
                    .body;
                Ok(Came::Body { status, body })
            }
        }
    }
}
