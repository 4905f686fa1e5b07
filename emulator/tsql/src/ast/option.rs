//! Generic options: `name = value`, `name (list)`, bare words. HA, security and backup statements read these first and
//! validate them afterwards, so an unknown option is an error and never skipped.

use super::{Ident, Span, Text};

/// One option.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionEntry {
    /// The name in upper case; several words are joined by one blank (`ALLOW_CONNECTIONS`, `PRIVATE KEY`).
    pub name: String,
    /// Its value.
    pub value: OptionValue,
    /// Where.
    pub span: Span,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// The option is only a word.
    None,
    /// One or more words, as written: `ALL`, `WINDOWS NEGOTIATE CERTIFICATE [c]`.
    Words(Vec<Ident>),
    /// A string.
    Text(Text),
    /// A number as written, sign and unit included: `5`, `-1`, `8MB`, `10%`, `60 SECONDS`.
    Number(String),
    /// `0x…`, the hex digits.
    Binary(String),
    /// A variable, with its `@`.
    Variable(Ident),
    /// `( … )`: nested options. `ON (…)` and `OFF (…)` put that word first, as an option without a value.
    List(Vec<OptionEntry>),
}

impl OptionEntry {
    /// The value as one upper-case word, if it is one.
    #[must_use]
    pub fn word(&self) -> Option<String> {
        match &self.value {
            OptionValue::Words(words) if words.len() == 1 => {
                Some(words[0].value.to_ascii_uppercase())
            }
            _ => None,
        }
    }

    /// The value as a whole number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match &self.value {
            OptionValue::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The value as a string, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            OptionValue::Text(text) => Some(&text.value),
            _ => None,
        }
    }
}

/// A string or a variable, where a statement takes either (device names, passwords of some statements).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOrVariable {
    /// `'…'`
    Text(Text),
    /// `@v`
    Variable(Ident),
}

/// A name or a variable, where a statement takes either (`BACKUP DATABASE @db`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOrVariable {
    /// `name`
    Name(Ident),
    /// `@v`
    Variable(Ident),
}
