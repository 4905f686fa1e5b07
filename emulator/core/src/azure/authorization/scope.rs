//! Scopes: ids of which each holds those below it. They begin below the subscription, so that a copy of a world has them
//! in its own.

use std::fmt;

use crate::names::Name;

/// A scope: `/` for the subscription, or a group or resource in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(Name);

impl Scope {
    /// The scope of this id.
    pub fn new(id: &str) -> Self {
        let id = id.trim_matches('/');
        Self(Name::new(&format!("/{id}")))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether an id is this one, or below it.
    pub fn holds(&self, id: &str) -> bool {
        let own = self.0.folded();
        if own == "/" {
            return true;
        }
        let id = id.trim_end_matches('/').as_bytes();
        let own = own.as_bytes();
        // Group names may have letters beyond ASCII, which are folded in full below; ids mostly are ASCII.
        if id.is_ascii() && own.is_ascii() {
            return id.len() >= own.len()
                && id[..own.len()].eq_ignore_ascii_case(own)
                && matches!(id.get(own.len()), None | Some(b'/'));
        }
        let id = String::from_utf8_lossy(id).to_lowercase();
        let rest = id.strip_prefix(self.0.folded());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_holds_what_is_below_it() {
        for (scope, id, holds) in [
            ("/", "/resourceGroups/rg", true),
            ("/", "/", true),
            (
                "/subscriptions/s/",
                "/Subscriptions/S/resourceGroups/rg",
                true,
            ),
            (
                "/subscriptions/s/resourceGroups/rg",
                "/subscriptions/s",
                false,
            ),
            (
                "/subscriptions/s/resourceGroups/rg",
                "/subscriptions/s/resourcegroups/RG",
                true,
            ),
            (
                "/subscriptions/s/resourceGroups/rg",
                "/subscriptions/s/resourceGroups/rg2",
                false,
            ),
            (
                "/subscriptions/s/resourceGroups/GRÜN",
                "/subscriptions/s/resourceGroups/grün/x",
                true,
            ),
        ] {
            assert_eq!(Scope::new(scope).holds(id), holds, "{scope} {id}");
        }
    }
}
