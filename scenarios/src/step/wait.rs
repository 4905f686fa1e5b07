//! The verb `wait`: until nothing more happens by itself, until an operation is over, or until something has happened.

use std::collections::BTreeMap;

use milink_client::{Error, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Came, Matcher, Refused};
use crate::runner::Runner;

/// What is waited for.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum WaitAct {
    /// `wait = "quiet"`: nothing more happens by itself.
    Quiet,
    /// `wait = "operation"`: the last operation that was started with `wait = false` is over.
    Operation,
    /// `wait = { answer = "program" }`: what was sent in that session with `later = true` is answered.
    Answer(String),
    /// `wait = { event = "linkSynchronized", within = "1h" }`: the journal has such an event, after the one that was
    /// waited for before.
    Event {
        /// How long, at most.
        within: String,
        /// What the event must have, by member; `event` is its kind.
        members: BTreeMap<String, Matcher>,
    },
}

/// How long an event is waited for where the file does not say.
const WITHIN: &str = "1h";

impl TryFrom<toml::Value> for WaitAct {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        const WHAT: &str = "wait is \"quiet\", \"operation\", { answer = \"session\" } or { event = \"…\", within = \"1h\" }";
        match value {
            toml::Value::String(text) => match text.as_str() {
                "quiet" => Ok(Self::Quiet),
                "operation" => Ok(Self::Operation),
                other => Err(format!("{WHAT}, not '{other}'")),
            },
            toml::Value::Table(table) if table.len() == 1 && table.contains_key("answer") => {
                let session = table["answer"].as_str().ok_or_else(|| WHAT.to_owned())?;
                Ok(Self::Answer(session.to_owned()))
            }
            toml::Value::Table(mut table) => {
                let within = match table.remove("within") {
                    None => WITHIN.to_owned(),
                    Some(toml::Value::String(text)) => text,
                    Some(_) => return Err("within is a text such as \"5min\"".to_owned()),
                };
                if !table.contains_key("event") {
                    return Err(WHAT.to_owned());
                }
                let members = table
                    .into_iter()
                    .map(|(name, value)| Ok((name, Matcher::try_from(value)?)))
                    .collect::<Result<_, String>>()?;
                Ok(Self::Event { within, members })
            }
            _ => Err(WHAT.to_owned()),
        }
    }
}

impl WaitAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        match self {
            Self::Quiet => "until nothing more happens by itself".to_owned(),
            Self::Operation => "until the operation is over".to_owned(),
            Self::Answer(session) => format!("until session {session} has its answer"),
            Self::Event { within, members } => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, matcher)| {
                        format!("{name} {}", matcher.describe(runner.variables()))
                    })
                    .collect();
                format!(
                    "until an event with {}, within {within}",
                    members.join(", ")
                )
            }
        }
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        match self {
            Self::Quiet => {
                runner.advance_until_quiet().await?;
                Ok(Came::Nothing)
            }
            Self::Operation => {
                let operation = runner.operation.take().ok_or_else(|| {
                    Error::Unexpected(
                        "no step has started an operation with wait = false".to_owned(),
                    )
                })?;
                match runner.follow(&operation).await {
                    Ok(Outcome::Succeeded) => Ok(Came::Body {
                        status: 200,
                        body: Value::Null,
                    }),
                    Ok(Outcome::Failed { code, message }) => Ok(Came::Refused(Refused {
                        code,
                        message,
                        ..Refused::default()
                    })),
                    Err(error) => super::arm::refused(error),
                }
            }
            Self::Answer(session) => super::sql::answer(session, runner).await,
            Self::Event { within, members } => event(runner, within, members).await,
        }
    }
}

async fn event(
    runner: &mut Runner,
    within: &str,
    members: &BTreeMap<String, Matcher>,
) -> Result<Came, Error> {
    let until = runner.moment_after(within).await?;
    loop {
        for event in runner.events().await? {
            let has = |(name, matcher): (&String, &Matcher)| {
                let found = event.get(name).map(super::plain);
                matcher.matches(found.as_deref(), runner.variables())
            };
            if members.iter().all(has) {
                runner.seen_event(event["sequence"].as_u64().unwrap_or_default());
                return Ok(Came::Body {
                    status: 200,
                    body: event,
                });
            }
        }
        if !runner.go_on(until).await? {
            return Ok(Came::Refused(Refused {
                code: "timeout".to_owned(),
                message: format!(
                    "no such event came within {within}: {}",
                    json!(kinds(runner).await?)
                ),
                ..Refused::default()
            }));
        }
    }
}

/// What did come, for people who wonder.
async fn kinds(runner: &mut Runner) -> Result<Vec<String>, Error> {
    let events = runner.events().await?;
    Ok(events
        .iter()
        .map(|event| super::plain(&event["event"]))
        .collect())
}
