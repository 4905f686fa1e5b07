//! JSON paths: `$`, `.key`, `."quoted key"`, `[3]`, with `lax` or `strict` before.

use super::reader::{Json, JsonKind};
use crate::error::SqlError;

/// A path into a JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonPath {
    /// Whether what is missing is an error, not NULL.
    pub strict: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl JsonPath {
    /// Reads a path (13607 if it is none).
    pub fn parse(text: &str) -> Result<Self, SqlError> {
        let mut rest = text.trim();
        let mut strict = false;
        for (word, means_strict) in [("lax", false), ("strict", true)] {
            if let Some(behind) = rest.strip_prefix(word)
                && behind.starts_with(char::is_whitespace)
            {
                strict = means_strict;
                rest = behind.trim_start();
            }
        }
        let unexpected = |rest: &str| {
            let position = text.chars().count() - rest.chars().count();
            SqlError::new(
                13607,
                16,
                format!(
                    "JSON path is not properly formatted. Unexpected character '{}' is found at position {position}.",
                    rest.chars().next().unwrap_or('.')
                ),
            )
            .with_state(4)
        };
        rest = rest.strip_prefix('$').ok_or_else(|| unexpected(rest))?;
        let mut steps = Vec::new();
        while let Some(mark) = rest.chars().next() {
            let behind = &rest[mark.len_utf8()..];
            match mark {
                '.' => {
                    if let Some(quoted) = behind.strip_prefix('"') {
                        let end = quoted.find('"').ok_or_else(|| unexpected(""))?;
                        steps.push(Step::Key(quoted[..end].to_owned()));
                        rest = &quoted[end + 1..];
                    } else {
                        let plain = |c: char| !(c.is_alphanumeric() || c == '_' || c == '$');
                        let end = behind.find(plain).unwrap_or(behind.len());
                        if end == 0 {
                            return Err(unexpected(behind));
                        }
                        steps.push(Step::Key(behind[..end].to_owned()));
                        rest = &behind[end..];
                    }
                }
                '[' => {
                    let end = behind.find(']').ok_or_else(|| unexpected(""))?;
                    let index = behind[..end]
                        .trim()
                        .parse()
                        .map_err(|_| unexpected(behind))?;
                    steps.push(Step::Index(index));
                    rest = &behind[end + 1..];
                }
                _ => return Err(unexpected(rest)),
            }
        }
        Ok(Self { strict, steps })
    }

    /// What stands at the path: `None` if nothing does and the path is lax, else 13608. Keys are case-sensitive, and
    /// the first of equal ones counts.
    pub fn find<'j, 'a>(&self, json: &'j Json<'a>) -> Result<Option<&'j Json<'a>>, SqlError> {
        let mut at = json;
        for step in &self.steps {
            let next = match (step, &at.kind) {
                (Step::Key(key), JsonKind::Object(properties)) => properties
                    .iter()
                    .find(|(name, _)| name == key)
                    .map(|(_, value)| value),
                (Step::Index(index), JsonKind::Array(items)) => items.get(*index),
                _ => None,
            };
            match next {
                Some(value) => at = value,
                None if self.strict => {
                    return Err(SqlError::new(
                        13608,
                        16,
                        "Property cannot be found on the specified JSON path.",
                    ));
                }
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}
