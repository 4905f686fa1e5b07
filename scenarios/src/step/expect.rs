//! What a step must come to.

use std::collections::BTreeMap;

use milink_client::ResultSet;
use serde::Deserialize;

use super::{Came, plain};
use crate::variables::Variables;

/// What a step must come to. What is not said is not looked at, but an error that is not expected fails the step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The error: SQL's number or ARM's code.
    #[serde(default)]
    pub error: Option<String>,
    /// Columns of the first row, or pointers into the body, and their values.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Rows that the last result set must have: each row by some of its columns.
    #[serde(default)]
    pub rows: Vec<BTreeMap<String, String>>,
    /// How many rows the last result set must have.
    #[serde(default)]
    pub count: Option<usize>,
    /// Pointers into the body that must not be there.
    #[serde(default)]
    pub absent: Vec<String>,
}

impl Expectation {
    /// Compares what came with what must come; says what differs.
    pub(crate) fn check(&self, came: &Came, variables: &Variables) -> Result<(), String> {
        match (came, &self.error) {
            (Came::Refused { code, message }, None) => {
                return Err(format!("refused: {code} {message}"));
            }
            (Came::Refused { code, message }, Some(expected)) => {
                return if code == expected {
                    Ok(())
                } else {
                    Err(format!("expected error {expected}, got {code}: {message}"))
                };
            }
            (_, Some(expected)) => {
                return Err(format!("expected error {expected}, and it succeeded"));
            }
            (_, None) => {}
        }
        for (name, expected) in &self.values {
            let expected = variables.fill(expected);
            let found = came.value(name);
            if found.as_deref() != Some(expected.as_str()) {
                return Err(format!(
                    "{name} is {}, expected {expected}",
                    found.as_deref().unwrap_or("absent")
                ));
            }
        }
        if let Came::Results(results) = came {
            self.check_rows(results.last().unwrap_or(&ResultSet::default()), variables)?;
        }
        if let Came::Body { body, .. } = came
            && let Some((pointer, found)) = self
                .absent
                .iter()
                .find_map(|at| Some((at, body.pointer(at)?)))
        {
            return Err(format!("{pointer} is there: {}", plain(found)));
        }
        Ok(())
    }

    fn check_rows(&self, result: &ResultSet, variables: &Variables) -> Result<(), String> {
        if let Some(count) = self.count
            && result.rows.len() != count
        {
            return Err(format!("{} rows, expected {count}", result.rows.len()));
        }
        for expected in &self.rows {
            let matches = |row: &Vec<milink_client::Cell>| {
                expected.iter().all(|(column, value)| {
                    let cell = result.position(column).and_then(|at| row.get(at));
                    cell.is_some_and(|cell| cell.to_string() == variables.fill(value))
                })
            };
            if !result.rows.iter().any(matches) {
                return Err(format!("no row has {}", wanted(expected, variables)));
            }
        }
        Ok(())
    }
}

fn wanted(row: &BTreeMap<String, String>, variables: &Variables) -> String {
    let parts: Vec<String> = row
        .iter()
        .map(|(column, value)| format!("{column} = {}", variables.fill(value)))
        .collect();
    parts.join(" and ")
}
