//! What a fault is about, and what comes past a point.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::InstanceId;
use crate::link::Link;
use crate::world::World;

/// What can be told of something that comes past a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// The short name of a SQL Server or managed instance; for what is between two, either of them.
    Instance,
    /// The name of a link.
    Link,
    /// The name of a database.
    Database,
    /// A step of a link's life: `connect`, `seeding`, `seeded`, `recovery`, `catchUp`, `failover`, `revert`.
    Step,
    /// An HTTP method.
    Method,
    /// The path of a URL.
    Path,
    /// The word of a long-running operation, such as `DistributedAvailabilityGroupsLinkCreate`.
    Operation,
    /// A login or an application.
    User,
    /// The program that a SQL client says it is.
    Program,
    /// The text of a batch, or the name of a procedure.
    Statement,
    /// A host name.
    Host,
}

/// What a fault is about: patterns by field, in which `*` stands for anything; letters match in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Match(BTreeMap<Field, String>);

/// What comes past a point. A field may have several values, and one that is not there matches nothing.
#[derive(Clone, Debug, Default)]
pub struct About<'a>(Vec<(Field, Cow<'a, str>)>);

/// What a request for Resource Manager can be.
const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
/// The steps of a link's life.
const STEPS: [&str; 7] = [
    "connect", "seeding", "seeded", "recovery", "catchUp", "failover", "revert",
];

impl Field {
    /// Every field.
    pub const ALL: [Self; 11] = [
        Self::Instance,
        Self::Link,
        Self::Database,
        Self::Step,
        Self::Method,
        Self::Path,
        Self::Operation,
        Self::User,
        Self::Program,
        Self::Statement,
        Self::Host,
    ];
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "instance",
            Self::Link => "link",
            Self::Database => "database",
            Self::Step => "step",
            Self::Method => "method",
            Self::Path => "path",
            Self::Operation => "operation",
            Self::User => "user",
            Self::Program => "program",
            Self::Statement => "statement",
            Self::Host => "host",
        })
    }
}

impl Match {
    /// Whether it matches everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a pattern.
    pub fn set(&mut self, field: Field, pattern: &str) {
        self.0.insert(field, pattern.to_owned());
    }

    /// What it looks at.
    pub fn fields(&self) -> impl Iterator<Item = Field> + '_ {
        self.0.keys().copied()
    }

    /// Whether there can be anything that it is about, as far as that is known of a field beforehand.
    pub(super) fn check(&self) -> Result<(), String> {
        for (field, pattern) in &self.0 {
            let known: &[&str] = match field {
                Field::Method => &METHODS,
                Field::Step => &STEPS,
                _ => continue,
            };
            if !known.iter().any(|word| is_like(word, pattern)) {
                return Err(format!(
                    "nothing has the {field} '{pattern}'; there are {}",
                    known.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Whether it may be about what lies between these servers: it names no other one, and no other link or database.
    pub(crate) fn may_be_about<'a>(
        &self,
        mut servers: impl Iterator<Item = &'a str>,
        link: Option<&Link>,
    ) -> bool {
        self.0.iter().all(|(field, pattern)| match (field, link) {
            (Field::Instance, _) => servers.any(|name| is_like(name, pattern)),
            (Field::Link, Some(link)) => is_like(link.id.name.as_str(), pattern),
            (Field::Database, Some(link)) => is_like(link.spec.database.as_str(), pattern),
            _ => true,
        })
    }

    pub(super) fn is_met(&self, about: &About<'_>) -> bool {
        self.0.iter().all(|(field, pattern)| {
            let mut values = about.0.iter().filter(|(of, _)| of == field);
            values.any(|(_, value)| is_like(value, pattern))
        })
    }
}

impl<'a> About<'a> {
    /// Nothing is known of it.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// With a value.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<Cow<'a, str>>) -> Self {
        self.0.push((field, value.into()));
        self
    }

    /// With the name of an instance of the world, if it is there.
    #[must_use]
    pub fn at(self, world: &World, instance: InstanceId) -> Self {
        match world.instance(instance) {
            Some(found) => self.with(Field::Instance, found.name.to_string()),
            None => self,
        }
    }

    /// What is known of a link: its name, its database, and both its instances.
    pub fn link(world: &World, link: &Link) -> Self {
        let about = Self::nothing()
            .with(Field::Link, link.id.name.to_string())
            .with(Field::Database, link.spec.database.to_string())
            .at(world, link.id.instance);
        match crate::link::partner_of(world, link) {
            Some(partner) => about.at(world, partner),
            None => about,
        }
    }
}

/// For the journal: `link=DAG1 instance=sqlmi1`.
impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// As much of a statement as a journal needs.
        const MOST: usize = 200;
        for (at, (field, value)) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            let short: String = value.chars().take(MOST).collect();
            write!(f, "{space}{field}={short}")?;
        }
        Ok(())
    }
}

/// Whether `text` is like `pattern`, in which `*` stands for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn patterns_match() {
        let cases = [
            ("sqlmi1", "sqlmi1", true),
            ("sqlmi1", "SQLMI1", true),
            ("sqlmi1", "sqlmi", false),
            ("sqlmi1", "sql*", true),
            ("sqlmi1", "*mi*", true),
            ("sqlmi1", "*", true),
            ("", "*", true),
            ("", "", true),
            ("a", "", false),
            (
                "/a/managedInstances/b/databases/c",
                "*/managedinstances/*/databases/*",
                true,
            ),
            ("aba", "a*ba*a", false),
            ("abab", "*ab", true),
        ];
        for (text, pattern, like) in cases {
            assert_eq!(is_like(text, pattern), like, "{text} like {pattern}");
        }
    }
}
