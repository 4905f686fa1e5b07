//! Names for texts that steps refer to as `${name}`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The variables of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

/// A value as a file writes it: text, a number, true or false.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct Scalar(pub String);

/// How deep the value of a variable may refer to others: one that refers to itself stays as it is after so many turns.
const DEPTH: usize = 8;

impl TryFrom<toml::Value> for Scalar {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) => Ok(Self(text)),
            toml::Value::Integer(number) => Ok(Self(number.to_string())),
            toml::Value::Float(number) => Ok(Self(number.to_string())),
            toml::Value::Boolean(truth) => Ok(Self(truth.to_string())),
            other => Err(format!(
                "a text, a number, true or false is wanted here, not {}",
                other.type_str()
            )),
        }
    }
}

impl Variables {
    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a variable that has no value yet.
    pub fn set_if_absent(&mut self, name: &str, value: &str) {
        self.0
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Puts the variables in the place of every `${name}`, also in what they bring along; a name that is not known
    /// stays, so that it is seen.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = self.fill_once(text);
        for _ in 1..DEPTH {
            if !filled.contains("${") {
                break;
            }
            let again = self.fill_once(&filled);
            if again == filled {
                break;
            }
            filled = again;
        }
        filled
    }

    fn fill_once(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let known = after
                .split_once('}')
                .and_then(|(name, tail)| Some((self.get(name)?, tail)));
            match known {
                Some((value, tail)) => {
                    filled.push_str(value);
                    rest = tail;
                }
                None => {
                    filled.push_str("${");
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// Fills every text in a JSON value.
    pub fn fill_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.fill_json(item)).collect())
            }
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, item)| (name.clone(), self.fill_json(item)))
                    .collect(),
            ),
            other => other.clone(),
        }
    }
}

impl FromIterator<(String, String)> for Variables {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_filled_and_others_stay() {
        let mut variables = Variables::default();
        variables.set("a", "1");
        variables.set("path", "/${a}/${b}");
        variables.set("self", "${self}");
        let cases = [
            ("${a}${a}", "11"),
            ("x${b}y", "x${b}y"),
            ("${a", "${a"),
            ("$a {a}", "$a {a}"),
            ("${path}", "/1/${b}"),
            ("${self}", "${self}"),
        ];
        for (text, filled) in cases {
            assert_eq!(variables.fill(text), filled);
        }
    }
}
