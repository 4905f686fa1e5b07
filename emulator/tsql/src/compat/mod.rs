//! What is supported, as the session dispatches on it: the rows of COMPAT.md.
//!
//! A statement that the tables here call missing is refused with the name they give it; a test runs every sample, so
//! that the tables cannot claim what the engine does not do.

mod feature;
mod set_option;
mod statement;

pub use feature::FEATURES;
pub use set_option::{SET_SWITCHES, SET_VALUES, set_option, set_switch, set_value};
pub use statement::{DROPS, STATEMENTS, drop, statement};

/// How much of something there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All that the documentation of the tracked version says, as far as is known.
    Yes,
    /// Some; the note says what not.
    Partly,
    /// Nothing: it is refused by name.
    No,
}

/// A statement, option or clause.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is called, in COMPAT.md and when it is refused.
    pub name: &'static str,
    /// How much there is.
    pub support: Support,
    /// One use of it, in a database that has what [`SETUP`] makes.
    pub sample: &'static str,
    /// What is missing, or differs.
    pub note: &'static str,
}

/// What the samples find: run before each of them.
pub const SETUP: &[&str] = &[
    "CREATE DATABASE db1; ALTER DATABASE db1 SET RECOVERY FULL",
    "USE db1; CREATE TABLE dbo.t (a int NOT NULL CONSTRAINT pk PRIMARY KEY, b nvarchar(20) NULL); CREATE TABLE dbo.i (n int IDENTITY(1, 1), m int)",
    "INSERT dbo.t VALUES (1, N'one'), (2, N'two')",
];

/// A table of entries, and the function that finds the entry of a value by the same patterns. The compiler sees to it
/// that no value is without one.
macro_rules! registry {
    (
        $(#[$list_doc:meta])* $list:ident;
        $(#[$find_doc:meta])* $find:ident($kind:ty);
        $($name:literal $support:ident, $pattern:pat, $sample:literal, $note:literal;)*
    ) => {
        $(#[$list_doc])*
        pub const $list: &[$crate::compat::Entry] = &[$($crate::compat::Entry {
            name: $name,
            support: $crate::compat::Support::$support,
            sample: $sample,
            note: $note,
        }),*];

        $(#[$find_doc])*
        pub fn $find(value: &$kind) -> &'static $crate::compat::Entry {
            match value {
                $($pattern => const { &$crate::compat::Entry {
                    name: $name,
                    support: $crate::compat::Support::$support,
                    sample: $sample,
                    note: $note,
                } },)*
            }
        }
    };
}

use registry;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ast::{Statement, StatementKind};
    use crate::parser::{ParseOptions, parse_batch};

    fn statements(entry: &Entry) -> Vec<Statement> {
        let parsed = parse_batch(entry.sample, ParseOptions::default());
        parsed
            .unwrap_or_else(|error| panic!("{}: {error:?}", entry.sample))
            .statements
    }

    /// Whether a statement, or one in the body of a loop or block, is of this entry.
    fn is_of(at: &Statement, entry: &Entry) -> bool {
        let within = match &at.kind {
            StatementKind::While(loops) => is_of(&loops.body, entry),
            StatementKind::Block(body) => body.iter().any(|at| is_of(at, entry)),
            _ => false,
        };
        within || statement(&at.kind).name == entry.name
    }

    #[test]
    fn every_sample_is_of_its_own_entry() {
        for entry in STATEMENTS {
            let found = statements(entry).iter().any(|at| is_of(at, entry));
            assert!(found, "{}: {}", entry.name, entry.sample);
        }
        for entry in DROPS {
            let found = statements(entry).iter().any(
                |at| matches!(&at.kind, StatementKind::Drop(it) if drop(&it.kind).name == entry.name),
            );
            assert!(found, "{}: {}", entry.name, entry.sample);
        }
        for entry in SET_SWITCHES.iter().chain(SET_VALUES) {
            let statements = statements(entry);
            let StatementKind::SetOption(set) = &statements[0].kind else {
                panic!("{} is no SET", entry.sample);
            };
            let found = set_option(set).any(|found| found.name == entry.name);
            assert!(found || entry.name == "SET of switches", "{}", entry.sample);
        }
    }

    #[test]
    fn names_are_not_used_twice_and_what_is_partly_there_says_why() {
        let mut names = BTreeSet::new();
        for entry in [STATEMENTS, DROPS, SET_SWITCHES, SET_VALUES, FEATURES]
            .into_iter()
            .flatten()
        {
            assert!(names.insert(entry.name), "{} is there twice", entry.name);
            let explained = entry.support != Support::Partly || !entry.note.is_empty();
            assert!(explained, "{}", entry.name);
        }
    }
}
