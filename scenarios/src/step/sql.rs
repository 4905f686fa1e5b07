//! The verb `sql`: T-SQL on one of the servers, or the same on several.

use milink_client::{Error, ResultSet, Sql};
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
    /// The step does not wait for the answer; `wait = { answer = "…" }` with the session's name gets it.
    pub later: bool,
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
        let batches = batches(&self.text(runner));
        let place = Place {
            server: runner.server_name(on),
            database: self
                .database
                .as_ref()
                .map(|database| runner.variables().fill(database)),
            session: self.session.clone(),
        };
        // A server ends sessions when a role changes; who asks next comes with a new one, as programs do. A session with
        // a name stays broken, for steps that want to see it; so does one that a fault breaks, which may have done its work.
        let mut may_be_stale = runner.may_be_stale(&place);
        let mut sql = match runner.take(&place).await {
            Ok(sql) => sql,
            Err(error) => return refused(error),
        };
        if let (true, Some(session)) = (self.later, &self.session) {
            let answer = tokio::spawn(async move {
                let answer = perform(&mut sql, &batches).await;
                (sql, answer)
            });
            runner.unanswered.insert(session.clone(), (place, answer));
            return Ok(Came::Nothing);
        }
        loop {
            match perform(&mut sql, &batches).await {
                Err(Error::Connection(_)) if may_be_stale => {
                    may_be_stale = false;
                    sql = match runner.take(&place).await {
                        Ok(sql) => sql,
                        Err(error) => return refused(error),
                    };
                }
                Err(error) => {
                    // A connection that broke is not used again, one that a named session has neither is replaced.
                    if place.session.is_some() {
                        runner.put_back(place, sql);
                    }
                    return refused(error);
                }
                Ok(came) => {
                    runner.put_back(place, sql);
                    return Ok(came);
                }
            }
        }
    }
}

/// The answer to a step that was not waited for.
pub(super) async fn answer(session: &str, runner: &mut Runner) -> Result<Came, Error> {
    let Some((place, answer)) = runner.unanswered.remove(session) else {
        return Err(Error::Unexpected(format!(
            "no step has sent anything in session '{session}' with later = true"
        )));
    };
    let (sql, answer) = runner.while_time_passes(answer).await?;
    runner.put_back(place, sql);
    answer.or_else(refused)
}

/// Runs batches up to the first that fails. Server errors are what came; others are errors.
async fn perform(sql: &mut Sql, batches: &[String]) -> Result<Came, Error> {
    let mut results: Vec<ResultSet> = Vec::new();
    for (number, batch) in batches.iter().enumerate() {
        match sql.batch(batch).await {
            Ok(sets) => results.extend(sets),
            Err(error @ Error::Sql(_)) => return refused(error),
            // What was done before must not be done again.
            Err(Error::Connection(text)) if number > 0 => return Ok(broken(text)),
            Err(error) => return Err(error),
        }
    }
    Ok(Came::Results(results))
}

fn broken(message: String) -> Came {
    Came::Refused(Refused {
        code: CONNECTION.to_owned(),
        message,
        ..Refused::default()
    })
}

/// Errors of the server and of the connection are something that a step can expect.
fn refused(error: Error) -> Result<Came, Error> {
    match error {
        Error::Sql(error) => Ok(Came::Refused(Refused {
            code: error.number.to_string(),
            message: error.message,
            severity: Some(error.class),
            state: Some(error.state),
            status: None,
        })),
        Error::Connection(message) => Ok(broken(message)),
        other => Err(other),
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
