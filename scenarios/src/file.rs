//! The scenario file: TOML, read strictly.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::step::{Act, ArmRequest, Expectation, SqlAct, Until};

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// Names for texts that steps refer to as `${name}`.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The steps, in order.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// A step: one thing that is done, and what must come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "StepText")]
pub struct Step {
    /// What it is for.
    pub title: String,
    /// The chapter it opens, if it opens one.
    pub chapter: Option<String>,
    /// What is done.
    pub act: Act,
    /// What must come of it; without it, that it succeeds.
    pub expect: Expectation,
    /// Done again until what is expected comes.
    pub until: Option<Until>,
    /// Variables to fill: from a column of the first row, or from a pointer into the answer's body.
    pub capture: BTreeMap<String, String>,
    /// Columns, or pointers into the body, that are worth showing.
    pub show: Vec<String>,
}

/// A step as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    title: String,
    #[serde(default)]
    chapter: Option<String>,
    #[serde(default)]
    sql: Option<String>,
    #[serde(default)]
    on: Option<String>,
    #[serde(default)]
    database: Option<String>,
    #[serde(default)]
    arm: Option<ArmRequest>,
    #[serde(default)]
    expect: Expectation,
    #[serde(default)]
    until: Option<Until>,
    #[serde(default)]
    capture: BTreeMap<String, String>,
    #[serde(default)]
    show: Vec<String>,
}

impl TryFrom<StepText> for Step {
    type Error = String;

    fn try_from(text: StepText) -> Result<Self, String> {
        let act = match (text.sql, text.arm) {
            (Some(sql), None) => {
                let on = text.on.unwrap_or_else(|| "sql-server".to_owned());
                Act::Sql(SqlAct {
                    sql,
                    on,
                    database: text.database,
                })
            }
            (None, Some(request)) if text.on.is_none() && text.database.is_none() => {
                Act::Arm(request)
            }
            _ => {
                return Err(format!(
                    "step '{}' needs either sql, with on and database, or arm",
                    text.title
                ));
            }
        };
        Ok(Self {
            title: text.title,
            chapter: text.chapter,
            act,
            expect: text.expect,
            until: text.until,
            capture: text.capture,
            show: text.show,
        })
    }
}

/// A scenario file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("not a scenario: {0}")]
pub struct ScenarioError(#[from] toml::de::Error);

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    ///
    /// It is not TOML, or has a member that no scenario has.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        Ok(toml::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_of_the_article_is_a_scenario() {
        let scenario = Scenario::parse(crate::SQL_SERVER_PRIMARY).unwrap();
        assert!(scenario.steps.len() > 20);
    }

    #[test]
    fn what_no_scenario_has_is_refused_by_name() {
        let cases = [
            ("name = 'a'\n[[step]]\ntitle = 'b'\nsqk = 'c'", "sqk"),
            ("name = 'a'\n[[step]]\ntitle = 'b'", "either sql"),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nsql = 'c'\nexpect.eror = '1'",
                "eror",
            ),
        ];
        for (text, word) in cases {
            let error = Scenario::parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
