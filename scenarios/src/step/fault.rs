//! The verb `fault`: `{ point = "network.partition", match.instance = "sqlmi1" }` installs one, `{ remove = "network.partition" }`
//! removes those at a point, and `"clear"` removes all.

use milink_client::Error;
use serde::Deserialize;
use serde_json::Value;

use super::{Came, Refused};
use crate::runner::Runner;

/// What is done about faults on request.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum FaultAct {
    /// Installs one, as the control API takes it.
    Install(Value),
    /// Removes those at a point.
    Remove(String),
    /// Removes all.
    Clear,
}

impl TryFrom<toml::Value> for FaultAct {
    type Error = String;

    fn try_from(written: toml::Value) -> Result<Self, String> {
        let wrong = || {
            "fault is { point = \"…\", match, when, verdict }, { remove = \"point\" } or \"clear\""
                .to_owned()
        };
        let value = serde_json::to_value(written).map_err(|error| error.to_string())?;
        match &value {
            Value::String(word) if word == "clear" => Ok(Self::Clear),
            Value::Object(table) => match (table.get("remove"), table.len()) {
                (Some(Value::String(point)), 1) => Ok(Self::Remove(point.clone())),
                (None, _) if table.contains_key("point") => Ok(Self::Install(value)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

impl FaultAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        match self {
            Self::Install(fault) => runner.variables().fill_json(fault).to_string(),
            Self::Remove(point) => format!("remove {point}"),
            Self::Clear => "clear".to_owned(),
        }
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        match self {
            Self::Install(fault) => {
                let fault = runner.variables().fill_json(fault);
                super::server::control(runner, "faults", &fault).await
            }
            Self::Remove(point) => remove(runner, point).await,
            Self::Clear => {
                runner.control().delete(&runner.about("faults")).await?;
                Ok(Came::Nothing)
            }
        }
    }
}

async fn remove(runner: &Runner, point: &str) -> Result<Came, Error> {
    let there = runner.control().get(&runner.about("faults")).await?;
    let rules = there["value"].as_array().into_iter().flatten();
    let mut removed = 0;
    for rule in rules.filter(|rule| rule["point"] == point) {
        let path = format!("faults/{}", rule["id"]);
        runner.control().delete(&runner.about(&path)).await?;
        removed += 1;
    }
    Ok(match removed {
        0 => Came::Refused(Refused {
            code: "NotFound".to_owned(),
            message: format!("there is no fault at '{point}'"),
            ..Refused::default()
        }),
        _ => Came::Nothing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_fault_is_refused() {
        #[derive(Deserialize)]
        struct Step {
            #[expect(dead_code, reason = "only whether it is read counts")]
            fault: FaultAct,
        }
        let read = |text: &str| toml::from_str::<Step>(text).is_ok();
        assert!(read(r#"fault = "clear""#));
        assert!(read(r#"fault = { remove = "network.partition" }"#));
        assert!(read(
            r#"fault = { point = "arm.slow", match.method = "GET", verdict.delay = "1s" }"#
        ));
        assert!(!read(r#"fault = "all""#));
        assert!(!read(r#"fault = { remove = "x", point = "y" }"#));
        assert!(!read("fault = { when.times = 1 }"));
    }
}
