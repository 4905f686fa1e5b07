//! The verb `check`: several places are looked at together, each with what must come there.

use milink_client::Error;
use serde::Deserialize;

use super::{Act, ArmRequest, Came, Expectation, OneOrMany, SqlAct};
use crate::runner::Runner;
use crate::variables::Variables;

/// Looks at several places.
#[derive(Clone, Debug)]
pub struct CheckAct {
    /// The looks, in order.
    pub looks: Vec<Look>,
}

/// A look at one place, or at the same of several.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "LookText")]
pub struct Look {
    /// What is done to look.
    pub act: Box<Act>,
    /// What must come.
    pub expect: Expectation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LookText {
    #[serde(default)]
    sql: Option<String>,
    #[serde(default)]
    on: Option<OneOrMany>,
    #[serde(default)]
    database: Option<String>,
    #[serde(default)]
    arm: Option<ArmRequest>,
    #[serde(default)]
    expect: Expectation,
}

impl TryFrom<LookText> for Look {
    type Error = String;

    fn try_from(text: LookText) -> Result<Self, String> {
        let act = match (text.sql, text.arm) {
            (Some(sql), None) => Act::Sql(SqlAct {
                sql,
                on: text
                    .on
                    .map_or_else(|| vec![super::SQL_SERVER.to_owned()], OneOrMany::into_vec),
                database: text.database,
                session: None,
                later: false,
            }),
            (None, Some(request)) if text.on.is_none() && text.database.is_none() => {
                Act::Arm(request)
            }
            _ => {
                return Err("a check needs either sql, with on and database, or arm".to_owned());
            }
        };
        Ok(Self {
            act: Box::new(act),
            expect: text.expect,
        })
    }
}

impl CheckAct {
    pub(super) fn text(&self, runner: &Runner) -> String {
        let texts: Vec<String> = self
            .looks
            .iter()
            .map(|look| format!("{}: {}", look.act.place(runner), look.act.text(runner)))
            .collect();
        texts.join("\n")
    }

    pub(super) fn place(&self, runner: &Runner) -> String {
        let mut places: Vec<String> = self
            .looks
            .iter()
            .map(|look| look.act.place(runner))
            .collect();
        places.dedup();
        places.join(", ")
    }

    pub(super) async fn run(&self, runner: &mut Runner) -> Result<Came, Error> {
        let mut places = Vec::new();
        for look in &self.looks {
            let place = look.act.place(runner);
            // A look is SQL or ARM, never a check again, so this does not go deeper.
            let came = match &*look.act {
                Act::Sql(act) => act.run(runner).await?,
                Act::Arm(act) => act.run(runner).await?,
                _ => Came::Nothing,
            };
            places.push((place, came));
        }
        Ok(Came::Several(places))
    }

    /// Compares what came with what each look expects.
    pub(crate) fn judge(&self, came: &Came, variables: &Variables) -> Result<(), String> {
        let Came::Several(places) = came else {
            return Ok(());
        };
        let mut wrong = Vec::new();
        for (look, (place, came)) in self.looks.iter().zip(places) {
            if let Err(what) = look.expect.check(came, variables) {
                wrong.push(format!("{place}: {what}"));
            }
        }
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong.join("\n")),
        }
    }
}
