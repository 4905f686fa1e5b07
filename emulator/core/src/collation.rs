//! Collations: how text compares, and the five bytes by which the wire names them.

use std::cmp::Ordering;
use std::fmt;

/// One of the collations that databases, columns and expressions can have; the default is [`Collation::DEFAULT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Collation(u8);

struct Facts {
    name: &'static str,
    wire: [u8; 5],
    case_sensitive: bool,
    binary: bool,
    utf8: bool,
}

/// Wire words: LCID in 20 bits, flags, version, then the sort id (`tds.md` section 8).
const KNOWN: [Facts; 7] = [
    Facts {
        name: "SQL_Latin1_General_CP1_CI_AS",
        wire: [0x09, 0x04, 0xD0, 0x00, 0x34],
        case_sensitive: false,
        binary: false,
        utf8: false,
    },
    Facts {
        name: "SQL_Latin1_General_CP1_CS_AS",
        wire: [0x09, 0x04, 0xC0, 0x00, 0x33],
        case_sensitive: true,
        binary: false,
        utf8: false,
    },
    Facts {
        name: "Latin1_General_CI_AS",
        wire: [0x09, 0x04, 0xD0, 0x00, 0x00],
        case_sensitive: false,
        binary: false,
        utf8: false,
    },
    Facts {
        name: "Latin1_General_100_CI_AS_SC_UTF8",
        wire: [0x09, 0x04, 0xD0, 0x24, 0x00],
        case_sensitive: false,
        binary: false,
        utf8: true,
    },
    Facts {
        name: "Latin1_General_BIN2",
        wire: [0x09, 0x04, 0x00, 0x02, 0x00],
        case_sensitive: true,
        binary: true,
        utf8: false,
    },
    Facts {
        name: "Latin1_General_100_BIN2_UTF8",
        wire: [0x09, 0x04, 0x00, 0x26, 0x00],
        case_sensitive: true,
        binary: true,
        utf8: true,
    },
    Facts {
        name: "Latin1_General_100_CI_AS",
        wire: [0x09, 0x04, 0xD0, 0x20, 0x00],
        case_sensitive: false,
        binary: false,
        utf8: false,
    },
];

impl Collation {
    /// `SQL_Latin1_General_CP1_CI_AS`, the default of servers and instances.
    pub const DEFAULT: Self = Self(0);
    /// `Latin1_General_BIN2`.
    pub const BINARY: Self = Self(4);

    /// Finds a collation by its name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        KNOWN
            .iter()
            .position(|facts| facts.name.eq_ignore_ascii_case(name))
            .map(|at| Self(at as u8))
    }

    /// Every collation, for `fn_helpcollations` and messages.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..KNOWN.len()).map(|at| Self(at as u8))
    }

    /// The name, as `sys.databases` shows it.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The five bytes of the wire.
    pub fn wire(self) -> [u8; 5] {
        self.facts().wire
    }

    /// Whether `varchar` text is UTF-8 under this collation, else code page 1252.
    pub fn is_utf8(self) -> bool {
        self.facts().utf8
    }

    /// Whether letters of different case differ.
    pub fn is_case_sensitive(self) -> bool {
        self.facts().case_sensitive
    }

    /// Compares two texts as SQL does: trailing blanks do not count, and case only where the collation says.
    pub fn compare(self, left: &str, right: &str) -> Ordering {
        let (left, right) = (left.trim_end_matches(' '), right.trim_end_matches(' '));
        let facts = self.facts();
        if facts.binary {
            return left.encode_utf16().cmp(right.encode_utf16());
        }
        let folded = folded(left).cmp(folded(right));
        if facts.case_sensitive {
            folded.then_with(|| right.cmp(left))
        } else {
            folded
        }
    }

    /// Whether two texts are equal under the collation.
    pub fn equal(self, left: &str, right: &str) -> bool {
        self.compare(left, right).is_eq()
    }

    /// Bytes whose order is the collation's order, for index keys and hash tables.
    pub fn sort_key(self, text: &str, key: &mut Vec<u8>) {
        let text = text.trim_end_matches(' ');
        let facts = self.facts();
        if facts.binary {
            for unit in text.encode_utf16() {
                key.extend_from_slice(&unit.to_be_bytes());
            }
            return;
        }
        let mut buffer = [0; 4];
        for c in folded(text) {
            key.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        if facts.case_sensitive {
            key.push(0);
            key.extend(text.bytes().map(|byte| !byte));
        }
    }

    fn facts(self) -> &'static Facts {
        &KNOWN[usize::from(self.0)]
    }
}

impl fmt::Display for Collation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Letters as the case-insensitive order sees them. Accents stay: every collation here is accent-sensitive.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing_ignores_case_and_trailing_blanks_where_the_collation_does() {
        let ci = Collation::DEFAULT;
        let cs = Collation::named("sql_latin1_general_cp1_cs_as").unwrap();
        let cases = [
            (ci, "ABC", "abc  ", Ordering::Equal),
            (ci, " a", "a", Ordering::Less),
            (ci, "a", "b", Ordering::Less),
            (cs, "a", "A", Ordering::Less),
            (cs, "A", "b", Ordering::Less),
            (Collation::BINARY, "A", "a", Ordering::Less),
        ];
        for (collation, left, right, expected) in cases {
            assert_eq!(
                collation.compare(left, right),
                expected,
                "{collation}: {left:?} {right:?}"
            );
            let (mut l, mut r) = (Vec::new(), Vec::new());
            collation.sort_key(left, &mut l);
            collation.sort_key(right, &mut r);
            assert_eq!(
                l.cmp(&r),
                expected,
                "keys under {collation}: {left:?} {right:?}"
            );
        }
    }
}
