//! The verb `server`: what somebody does to a server from outside, such as `server = { rotate-certificate = "sqlmi1" }`.

use std::collections::BTreeMap;

use milink_client::Error;
use serde::Deserialize;
use serde_json::Value;

use super::Came;
use crate::runner::Runner;

/// Something that is done to a server.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct ServerAct {
    /// What: a word of the control API's `/servers/{name}/…`.
    pub what: String,
    /// To whom: as `on` of `sql`.
    pub server: String,
}

impl TryFrom<BTreeMap<String, String>> for ServerAct {
    type Error = String;

    fn try_from(mut table: BTreeMap<String, String>) -> Result<Self, String> {
        match (table.pop_first(), table.is_empty()) {
            (Some((what, server)), true) => Ok(Self { what, server }),
            _ => Err("server is { what = \"name\" }, with one thing to do".to_owned()),
        }
    }
}

impl ServerAct {
    pub(super) fn text(&self) -> String {
        self.what.replace('-', " ")
    }

    pub(super) fn place(&self, runner: &Runner) -> String {
        runner.server_name(&self.server)
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let path = format!("servers/{}/{}", runner.server_name(&self.server), self.what);
        control(runner, &path, &Value::Null).await
    }
}

/// Posts to the control API, about this world; its errors are something that a step can expect.
pub(super) async fn control(runner: &Runner, path: &str, body: &Value) -> Result<Came, Error> {
    match runner.control().post(&runner.about(path), body).await {
        Ok(body) => Ok(Came::Body { status: 200, body }),
        Err(error) => super::arm::refused(error),
    }
}
