//! What a step must come to.

use std::collections::BTreeMap;

use milink_client::{Cell, ResultSet};
use serde::Deserialize;

use super::{Came, Matcher, Refused, plain};
use crate::variables::Variables;

/// What a step must come to. What is not said is not looked at, but an error that is not expected fails the step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// The error: SQL's number or ARM's code, or more about it.
    #[serde(default)]
    pub error: Option<ErrorExpectation>,
    /// ARM's first HTTP status.
    #[serde(default)]
    pub status: Option<u16>,
    /// Columns of the first row, or pointers into the body, and their values.
    #[serde(default)]
    pub values: BTreeMap<String, Matcher>,
    /// Which result set `rows`, `no-rows` and `count` look at, from 1; the last one where nothing is said.
    #[serde(default)]
    pub set: Option<usize>,
    /// How many result sets there must be.
    #[serde(default)]
    pub sets: Option<usize>,
    /// Rows that the result set must have: each row by some of its columns.
    #[serde(default)]
    pub rows: Vec<BTreeMap<String, Matcher>>,
    /// Rows that it must not have.
    #[serde(default)]
    pub no_rows: Vec<BTreeMap<String, Matcher>>,
    /// How many rows it must have.
    #[serde(default)]
    pub count: Option<Matcher>,
    /// Pointers into the body that must not be there.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Whether all places must have come to the same.
    #[serde(default)]
    pub same: bool,
    /// How many seconds of the server's time the step must have taken.
    #[serde(default)]
    pub seconds: Option<Matcher>,
}

/// What must be true of an error.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct ErrorExpectation {
    /// SQL's number, ARM's code, `connection` or `timeout`. A text that a case leaves empty expects no error.
    pub code: Option<String>,
    /// A part of the text.
    pub message: Option<String>,
    /// SQL's severity.
    pub severity: Option<u8>,
    /// SQL's state.
    pub state: Option<u8>,
    /// The HTTP status.
    pub status: Option<u16>,
}

impl TryFrom<toml::Value> for ErrorExpectation {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Text {
            number: Option<u32>,
            code: Option<String>,
            message: Option<String>,
            severity: Option<u8>,
            state: Option<u8>,
            status: Option<u16>,
        }
        let code = |code: String| Self {
            code: Some(code),
            ..Self::default()
        };
        match value {
            toml::Value::String(text) => Ok(code(text)),
            toml::Value::Integer(number) => Ok(code(number.to_string())),
            table @ toml::Value::Table(_) => {
                let text: Text = table
                    .try_into()
                    .map_err(|error: toml::de::Error| error.message().to_owned())?;
                Ok(Self {
                    code: text.number.map(|number| number.to_string()).or(text.code),
                    message: text.message,
                    severity: text.severity,
                    state: text.state,
                    status: text.status,
                })
            }
            _ => Err("an error is a number, a code, or { number, code, message, severity, state, status }".to_owned()),
        }
    }
}

impl ErrorExpectation {
    /// Whether an error is expected: a case may leave the code empty.
    fn is_none(&self, variables: &Variables) -> bool {
        self.code
            .as_ref()
            .is_some_and(|code| variables.fill(code).is_empty())
    }

    fn check(&self, refused: &Refused, variables: &Variables) -> Result<(), String> {
        let Refused {
            code,
            message,
            severity,
            state,
            status,
        } = refused;
        let mut wrong = Vec::new();
        if let Some(expected) = self.code.as_ref().map(|code| variables.fill(code))
            && expected != *code
        {
            return Err(format!("expected error {expected}, got {code}: {message}"));
        }
        if let Some(part) = self.message.as_ref().map(|part| variables.fill(part))
            && !message.contains(&part)
        {
            wrong.push(format!("'{part}' is not in its text"));
        }
        let mut number = |what: &str, expected: Option<u16>, found: Option<u16>| {
            if let Some(expected) = expected
                && found != Some(expected)
            {
                let found = found.map_or_else(|| "none".to_owned(), |found| found.to_string());
                wrong.push(format!("its {what} is {found}, expected {expected}"));
            }
        };
        number(
            "severity",
            self.severity.map(u16::from),
            severity.map(u16::from),
        );
        number("state", self.state.map(u16::from), state.map(u16::from));
        number("status", self.status, *status);
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(format!("{} ({code}: {message})", wrong.join(", "))),
        }
    }
}

impl Expectation {
    /// Compares what came with what must come; says what differs.
    pub(crate) fn check(&self, came: &Came, variables: &Variables) -> Result<(), String> {
        if let Came::Several(places) = came {
            return self.check_several(places, variables);
        }
        let error = self
            .error
            .as_ref()
            .filter(|error| !error.is_none(variables));
        match (came, error) {
            (Came::Refused(refused), None) => {
                return Err(format!("refused: {} {}", refused.code, refused.message));
            }
            (Came::Refused(refused), Some(expected)) => {
                self.check_status(refused.status)?;
                return expected.check(refused, variables);
            }
            (_, Some(expected)) => {
                let code = expected
                    .code
                    .as_ref()
                    .map_or_else(String::new, |code| format!(" {}", variables.fill(code)));
                return Err(format!("expected error{code}, and it succeeded"));
            }
            (_, None) => {}
        }
        for (name, expected) in &self.values {
            let name = variables.fill(name);
            let found = came.value(&name);
            if !expected.matches(found.as_deref(), variables) {
                return Err(format!(
                    "{name} is {}, expected {}",
                    found.as_deref().unwrap_or("absent"),
                    expected.describe(variables)
                ));
            }
        }
        if let Came::Results(results) = came {
            self.check_results(results, variables)?;
        }
        if let Came::Body { body, status } = came {
            self.check_status(Some(*status))?;
            if let Some((pointer, found)) = self
                .absent
                .iter()
                .find_map(|at| Some((at, body.pointer(at)?)))
            {
                return Err(format!("{pointer} is there: {}", plain(found)));
            }
        }
        Ok(())
    }

    /// Whether the step took as long as it must.
    pub(crate) fn check_seconds(&self, seconds: f64, variables: &Variables) -> Result<(), String> {
        match &self.seconds {
            Some(expected) if !expected.matches(Some(&seconds.to_string()), variables) => {
                Err(format!(
                    "it took {seconds} s of the server's time, expected {}",
                    expected.describe(variables)
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_several(
        &self,
        places: &[(String, Came)],
        variables: &Variables,
    ) -> Result<(), String> {
        for (place, came) in places {
            self.check(came, variables)
                .map_err(|what| format!("{place}: {what}"))?;
        }
        if !self.same {
            return Ok(());
        }
        let [(first, came), others @ ..] = places else {
            return Ok(());
        };
        let Some((other, differs)) = others.iter().find(|(_, other)| !same(came, other)) else {
            return Ok(());
        };
        Err(format!(
            "{first} and {other} differ: {} against {}",
            brief(came),
            brief(differs)
        ))
    }

    fn check_status(&self, status: Option<u16>) -> Result<(), String> {
        match self.status {
            Some(expected) if status != Some(expected) => {
                let found = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
                Err(format!("the status is {found}, expected {expected}"))
            }
            _ => Ok(()),
        }
    }

    fn check_results(&self, results: &[ResultSet], variables: &Variables) -> Result<(), String> {
        if let Some(sets) = self.sets
            && results.len() != sets
        {
            return Err(format!("{} result sets, expected {sets}", results.len()));
        }
        let none = ResultSet::default();
        let result = match self.set {
            None => results.last().unwrap_or(&none),
            Some(number) => number
                .checked_sub(1)
                .and_then(|at| results.get(at))
                .ok_or_else(|| format!("there is no result set {number}"))?,
        };
        self.check_rows(result, variables)
    }

    fn check_rows(&self, result: &ResultSet, variables: &Variables) -> Result<(), String> {
        if let Some(count) = &self.count {
            let found = result.rows.len().to_string();
            if !count.matches(Some(&found), variables) {
                return Err(format!(
                    "{found} rows, expected {}",
                    count.describe(variables)
                ));
            }
        }
        let has = |expected: &BTreeMap<String, Matcher>| {
            result.rows.iter().any(|row| {
                expected.iter().all(|(column, matcher)| {
                    let cell: Option<&Cell> = result
                        .position(&variables.fill(column))
                        .and_then(|at| row.get(at));
                    cell.is_some_and(|cell| matcher.matches(Some(&cell.to_string()), variables))
                })
            })
        };
        for expected in &self.rows {
            if !has(expected) {
                return Err(format!(
                    "no row has {}, of {}",
                    wanted(expected, variables),
                    rows(result)
                ));
            }
        }
        for unexpected in &self.no_rows {
            if has(unexpected) {
                return Err(format!("a row has {}", wanted(unexpected, variables)));
            }
        }
        Ok(())
    }
}

fn same(one: &Came, other: &Came) -> bool {
    match (one, other) {
        (Came::Results(one), Came::Results(other)) => one == other,
        (Came::Refused(one), Came::Refused(other)) => one.code == other.code,
        (Came::Body { body: one, .. }, Came::Body { body: other, .. }) => one == other,
        _ => false,
    }
}

/// How many rows a difference shows.
const MOST_ROWS: usize = 12;

fn brief(came: &Came) -> String {
    match came {
        Came::Results(results) => results.last().map_or_else(String::new, rows),
        Came::Body { body, .. } => body.to_string(),
        Came::Refused(refused) => format!("{} {}", refused.code, refused.message),
        Came::Several(_) | Came::Nothing => String::new(),
    }
}

fn rows(result: &ResultSet) -> String {
    let rows: Vec<String> = result
        .rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| {
            let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
            format!("({})", cells.join(", "))
        })
        .collect();
    format!(
        "{} rows of {}: {}",
        result.rows.len(),
        result.columns.join(", "),
        rows.join(" ")
    )
}

fn wanted(row: &BTreeMap<String, Matcher>, variables: &Variables) -> String {
    let parts: Vec<String> = row
        .iter()
        .map(|(column, matcher)| {
            format!(
                "{} = {}",
                variables.fill(column),
                matcher.describe(variables)
            )
        })
        .collect();
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expectation(text: &str) -> Expectation {
        toml::from_str(text).unwrap()
    }

    fn results() -> Came {
        let set = |columns: &[&str], rows: &[&[&str]]| ResultSet {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: rows
                .iter()
                .map(|row| {
                    row.iter()
                        .map(|cell| Cell::Text((*cell).to_owned()))
                        .collect()
                })
                .collect(),
        };
        Came::Results(vec![
            set(&["a"], &[&["1"]]),
            set(&["name", "role"], &[&["x", "PRIMARY"], &["y", "SECONDARY"]]),
        ])
    }

    fn refused() -> Came {
        Came::Refused(Refused {
            code: "1475".to_owned(),
            message: "no log backup chain".to_owned(),
            severity: Some(16),
            state: Some(1),
            status: None,
        })
    }

    fn body() -> Came {
        Came::Body {
            status: 202,
            body: json!({"properties": {"n": 3, "on": true}}),
        }
    }

    #[test]
    fn expectations_hold_or_say_what_differs() {
        let cases: [(&str, Came, Option<&str>); 20] = [
            ("", results(), None),
            ("", refused(), Some("refused: 1475")),
            ("error = 1475", refused(), None),
            ("error = ''", results(), None),
            ("error = ''", refused(), Some("refused: 1475")),
            ("error = '1476'", refused(), Some("expected error 1476")),
            ("error = 1475", results(), Some("succeeded")),
            (
                "error = { number = 1475, severity = 16, message = 'chain' }",
                refused(),
                None,
            ),
            ("error = { message = 'train' }", refused(), Some("'train'")),
            (
                "error = { severity = 15 }",
                refused(),
                Some("severity is 16"),
            ),
            ("values = { name = 'x', a = 1 }", results(), None),
            (
                "values = { role = 'SECONDARY' }",
                results(),
                Some("role is PRIMARY"),
            ),
            (
                "rows = [{ name = 'y', role = 'SECONDARY' }]\ncount = 2\nsets = 2",
                results(),
                None,
            ),
            (
                "rows = [{ name = 'y', role = 'PRIMARY' }]",
                results(),
                Some("no row has"),
            ),
            (
                "no-rows = [{ role = 'PRIMARY' }]",
                results(),
                Some("a row has"),
            ),
            ("set = 1\ncount = 2", results(), Some("1 rows")),
            ("count = { above = 2 }", results(), Some("above 2")),
            (
                "status = 202\n[values]\n'/properties/n' = 3\n'/properties/on' = true",
                body(),
                None,
            ),
            ("status = 200", body(), Some("status is 202")),
            (
                "absent = ['/properties/n']",
                body(),
                Some("/properties/n is there: 3"),
            ),
        ];
        let variables = Variables::default();
        for (text, came, wrong) in cases {
            let judged = expectation(text).check(&came, &variables);
            match wrong {
                None => assert_eq!(judged, Ok(()), "{text}"),
                Some(word) => {
                    let error = judged.expect_err(text);
                    assert!(error.contains(word), "{text}: {error}");
                }
            }
        }
    }

    #[test]
    fn several_places_are_each_looked_at_and_compared() {
        let variables = Variables::default();
        let alike = Came::Several(vec![("one".into(), results()), ("two".into(), results())]);
        let apart = Came::Several(vec![("one".into(), results()), ("two".into(), refused())]);
        assert_eq!(expectation("same = true").check(&alike, &variables), Ok(()));
        let error = expectation("same = true").check(&apart, &variables);
        assert!(error.unwrap_err().starts_with("two: refused"));
        let mut other = alike.clone();
        if let Came::Several(places) = &mut other {
            places[1].1 = Came::Results(Vec::new());
        }
        let error = expectation("same = true").check(&other, &variables);
        assert!(error.unwrap_err().contains("differ"));
    }
}
