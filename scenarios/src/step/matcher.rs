//! What a value must be: itself, or something about it.

use serde::Deserialize;

use crate::variables::{Scalar, Variables};

/// What a value must be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum Matcher {
    /// This text, number, or true or false, which SQL writes 1 and 0.
    Is(Scalar),
    /// All of these.
    All(Vec<Condition>),
}

/// Something about a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// `{ not = "NULL" }`
    Not(Scalar),
    /// `{ contains = "part" }`
    Contains(String),
    /// `{ starts-with = "part" }`
    StartsWith(String),
    /// `{ one-of = ["a", "b"] }`
    OneOf(Vec<Scalar>),
    /// `{ above = 1 }`
    Above(Scalar),
    /// `{ at-least = 1 }`
    AtLeast(Scalar),
    /// `{ below = 1 }`
    Below(Scalar),
    /// `{ at-most = 1 }`
    AtMost(Scalar),
}

const WORDS: &str = "not, contains, starts-with, one-of, above, at-least, below and at-most";

impl TryFrom<toml::Value> for Matcher {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let toml::Value::Table(table) = value else {
            return Scalar::try_from(value).map(Self::Is);
        };
        if table.is_empty() {
            return Err(format!("a condition is one of {WORDS}"));
        }
        table
            .into_iter()
            .map(|(word, value)| Condition::of(&word, value))
            .collect::<Result<_, _>>()
            .map(Self::All)
    }
}

impl Condition {
    fn of(word: &str, value: toml::Value) -> Result<Self, String> {
        if word == "one-of" {
            let toml::Value::Array(items) = value else {
                return Err("one-of wants a list".to_owned());
            };
            let items = items.into_iter().map(Scalar::try_from);
            return items.collect::<Result<_, _>>().map(Self::OneOf);
        }
        let value = Scalar::try_from(value)?;
        Ok(match word {
            "not" => Self::Not(value),
            "contains" => Self::Contains(value.0),
            "starts-with" => Self::StartsWith(value.0),
            "above" => Self::Above(value),
            "at-least" => Self::AtLeast(value),
            "below" => Self::Below(value),
            "at-most" => Self::AtMost(value),
            other => {
                return Err(format!(
                    "there is no condition '{other}'; there are {WORDS}"
                ));
            }
        })
    }

    fn matches(&self, found: Option<&str>, variables: &Variables) -> bool {
        let number = |bound: &Scalar| {
            let bound: f64 = variables.fill(&bound.0).parse().ok()?;
            // Percentages are compared as numbers.
            let found: f64 = found?.trim_end_matches('%').parse().ok()?;
            Some((found, bound))
        };
        match self {
            Self::Not(value) => found != Some(&variables.fill(&value.0)),
            Self::Contains(part) => found.is_some_and(|text| text.contains(&variables.fill(part))),
            Self::StartsWith(part) => {
                found.is_some_and(|text| text.starts_with(&variables.fill(part)))
            }
            Self::OneOf(values) => values
                .iter()
                .any(|value| found == Some(&variables.fill(&value.0))),
            Self::Above(bound) => number(bound).is_some_and(|(found, bound)| found > bound),
            Self::AtLeast(bound) => number(bound).is_some_and(|(found, bound)| found >= bound),
            Self::Below(bound) => number(bound).is_some_and(|(found, bound)| found < bound),
            Self::AtMost(bound) => number(bound).is_some_and(|(found, bound)| found <= bound),
        }
    }

    fn describe(&self, variables: &Variables) -> String {
        let fill = |value: &Scalar| variables.fill(&value.0);
        match self {
            Self::Not(value) => format!("not {}", fill(value)),
            Self::Contains(part) => format!("with '{}' in it", variables.fill(part)),
            Self::StartsWith(part) => format!("beginning with '{}'", variables.fill(part)),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(fill).collect();
                format!("one of {}", values.join(", "))
            }
            Self::Above(bound) => format!("above {}", fill(bound)),
            Self::AtLeast(bound) => format!("at least {}", fill(bound)),
            Self::Below(bound) => format!("below {}", fill(bound)),
            Self::AtMost(bound) => format!("at most {}", fill(bound)),
        }
    }
}

impl Matcher {
    /// Whether the value is what it must be; none is a value that is not there.
    pub(crate) fn matches(&self, found: Option<&str>, variables: &Variables) -> bool {
        match self {
            Self::Is(value) => {
                let wanted = variables.fill(&value.0);
                found.is_some_and(|found| {
                    found == wanted
                        || matches!((wanted.as_str(), found), ("true", "1") | ("false", "0"))
                })
            }
            Self::All(conditions) => conditions
                .iter()
                .all(|condition| condition.matches(found, variables)),
        }
    }

    /// What it must be, for people.
    pub(crate) fn describe(&self, variables: &Variables) -> String {
        match self {
            Self::Is(value) => variables.fill(&value.0),
            Self::All(conditions) => {
                let texts: Vec<String> = conditions
                    .iter()
                    .map(|condition| condition.describe(variables))
                    .collect();
                texts.join(" and ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Matcher, String> {
        let table: toml::Table = toml::from_str(&format!("a = {text}")).unwrap();
        Matcher::try_from(table["a"].clone())
    }

    #[test]
    fn values_and_conditions_match_what_they_say() {
        let mut variables = Variables::default();
        variables.set("name", "db1");
        let cases: [(&str, &[&str], &[&str]); 12] = [
            ("'${name}'", &["db1"], &["db2", ""]),
            ("3", &["3"], &["3.5", "three"]),
            ("true", &["true", "1"], &["false", "0", "yes"]),
            ("false", &["0"], &["1"]),
            ("{ not = 'NULL' }", &["x"], &["NULL"]),
            (
                "{ contains = '${name}' }",
                &["AG_db1", "db1"],
                &["AG", "DB1"],
            ),
            ("{ starts-with = '80' }", &["80%"], &["180"]),
            ("{ one-of = [1, 'b'] }", &["1", "b"], &["2"]),
            (
                "{ above = 0, below = 100 }",
                &["42%", "1"],
                &["0", "100%", "x"],
            ),
            ("{ at-least = 2 }", &["2", "2.5"], &["1.99"]),
            ("{ at-most = 2 }", &["2", "-1"], &["2.01"]),
            ("1.5", &["1.5"], &["1"]),
        ];
        for (text, good, bad) in cases {
            let matcher = read(text).unwrap();
            for value in good {
                assert!(matcher.matches(Some(value), &variables), "{text} {value}");
            }
            for value in bad {
                assert!(!matcher.matches(Some(value), &variables), "{text} {value}");
            }
        }
    }

    #[test]
    fn only_not_is_satisfied_by_what_is_not_there() {
        let variables = Variables::default();
        for (text, matches) in [
            ("''", false),
            ("{ contains = '' }", false),
            ("{ below = 1 }", false),
            ("{ not = 'x' }", true),
        ] {
            assert_eq!(
                read(text).unwrap().matches(None, &variables),
                matches,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_condition_is_named() {
        for (text, word) in [
            ("{ abve = 1 }", "abve"),
            ("{ one-of = 1 }", "list"),
            ("[1]", "array"),
            ("{}", "contains"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
