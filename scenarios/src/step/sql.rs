//! The verb `sql`: T-SQL on one of the servers, or the same on several.

use milink_client::{Error, ResultSet};
use serde::Deserialize;

use super::{CONNECTION, Came, Refused};
use crate::runner::{Place, Runner};

/// T-SQL on servers.
#[derive(Clone, Debug)]
pub struct SqlAct {
    /// The batches, separated by lines that say GO.
    pub sql: String,
    /// The servers: `sql-server` or `managed-instance` (the first of its kind), or a name.
    pub on: Vec<String>,
    /// The database the session starts in.
    pub database: Option<String>,
    /// A session of this name, which stays the same from step to step and is not made anew when it breaks.
    pub session: Option<String>,
}

/// One name, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl TryFrom<toml::Value> for OneOrMany {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        const WHAT: &str = "a name or a list of names is wanted here";
        match value {
            toml::Value::String(name) => Ok(Self::One(name)),
            toml::Value::Array(items) if !items.is_empty() => items
                .into_iter()
                .map(|item| match item {
                    toml::Value::String(name) => Ok(name),
                    _ => Err(WHAT.to_owned()),
                })
                .collect::<Result<_, _>>()
                .map(Self::Many),
            _ => Err(WHAT.to_owned()),
        }
    }
}

impl OneOrMany {
    /// All of them.
    pub fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Many(names) => names,
        }
    }
}

impl SqlAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        runner.variables().fill(self.sql.trim_end())
    }

    pub(super) fn place(&self, runner: &Runner) -> String {
        let names: Vec<String> = self.on.iter().map(|on| runner.server_name(on)).collect();
        names.join(", ")
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        if let [on] = self.on.as_slice() {
            return self.run_on(on, runner).await;
        }
        let mut places = Vec::new();
        for on in &self.on {
            let came = self.run_on(on, runner).await?;
            places.push((runner.server_name(on), came));
        }
        Ok(Came::Several(places))
    }

    async fn run_on(&self, on: &str, runner: &mut Runner) -> Result<Came, Error> {
        let text = self.text(runner);
        let place = Place {
            server: runner.server_name(on),
            database: self
                .database
                .as_ref()
                .map(|database| runner.variables().fill(database)),
            session: self.session.clone(),
        };
        // A server ends sessions when a role changes; who asks next comes with a new one, as programs do. A session with
        // a name stays broken, for steps that want to see it.
        let mut may_be_stale = place.session.is_none() && runner.is_connected(&place);
        let mut results: Vec<ResultSet> = Vec::new();
        for batch in batches(&text) {
            let answer = match runner.batch(&place, &batch).await {
                Err(Error::Connection(_)) if may_be_stale => runner.batch(&place, &batch).await,
                other => other,
            };
            may_be_stale = false;
            match answer {
                Ok(sets) => results.extend(sets),
                Err(Error::Sql(error)) => {
                    return Ok(Came::Refused(Refused {
                        code: error.number.to_string(),
                        message: error.message,
                        severity: Some(error.class),
                        state: Some(error.state),
                        status: None,
                    }));
                }
                Err(Error::Connection(message)) => {
                    return Ok(Came::Refused(Refused {
                        code: CONNECTION.to_owned(),
                        message,
                        ..Refused::default()
                    }));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Came::Results(results))
    }
}

/// Splits a script at lines that consist of GO, as sqlcmd does.
fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.lines() {
        if line.trim().eq_ignore_ascii_case("go") {
            batches.push(String::new());
        } else {
            let batch = batches.last_mut().expect("there is always one");
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_split_at_lines_that_say_go() {
        assert_eq!(
            batches("USE master\nGO\n go \nSELECT 'go'\nGO"),
            ["USE master\n", "SELECT 'go'\n"]
        );
    }
}
