//! Names of SQL objects and Azure resources: compared without case, shown as first written.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A name that keeps its spelling and compares without case, as the default collation and ARM do.
#[derive(Clone, Debug)]
pub struct Name {
    text: Arc<str>,
    folded: Arc<str>,
}

impl Name {
    /// A name with this spelling.
    pub fn new(text: &str) -> Self {
        let folded = text.to_lowercase();
        let text: Arc<str> = text.into();
        let folded = if *folded == *text {
            Arc::clone(&text)
        } else {
            folded.into()
        };
        Self { text, folded }
    }

    /// The spelling.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The spelling, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// The name in lower case, by which it compares.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether this is the same name as `other`, in any case.
    pub fn is(&self, other: &str) -> bool {
        match other.is_ascii() {
            true => self.folded.eq_ignore_ascii_case(other),
            false => *self.folded == *other.to_lowercase(),
        }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

/// Lets maps keyed by [`Name`] be asked with a folded `&str`.
impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.folded
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_any_case() {
        let kelvin = "\u{212A}elvin";
        for (name, other, same) in [
            ("Master", "mASTER", true),
            ("master", "masters", false),
            ("ÄRGER", "ärger", true),
            ("ärger", "Arger", false),
            (kelvin, "KELVIN", true),
            ("kelvin", kelvin, true),
            ("", "", true),
        ] {
            assert_eq!(Name::new(name).is(other), same, "{name} {other}");
            assert_eq!(Name::new(name) == Name::new(other), same, "{name} {other}");
        }
    }
}
