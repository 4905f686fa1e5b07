//! What becomes of something valid: a list of elements, bytes or pieces of text, with a few changes.

use proptest::prelude::*;
use proptest::sample::Index;

/// How many elements a mutant has at most.
const LONGEST: usize = 1 << 14;

/// Numbers that lengths, counts and signs go wrong at.
pub(crate) const NUMBERS: &[u64] = &[
    0,
    1,
    2,
    3,
    7,
    8,
    0x7F,
    0x80,
    0xFE,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFE,
    0xFFFF,
    0x1_0000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0xFFFF_FFFF_FFFF_FFFE,
    0xFFFF_FFFF_FFFF_FFFF,
];

/// Signs that most languages give a meaning to, and characters that are no letters of one byte.
pub(crate) const SIGNS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "'",
    "\"",
    "`",
    ",",
    ";",
    ":",
    ".",
    "/",
    "\\",
    "|",
    "=",
    "+",
    "-",
    "*",
    "%",
    "&",
    "#",
    "@",
    "!",
    "?",
    "$",
    "^",
    "~",
    "_",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{7F}",
    "\u{A0}",
    "\u{130}",
    "\u{DF}",
    "\u{301}",
    "\u{200B}",
    "\u{202E}",
    "\u{2028}",
    "\u{D7FF}",
    "\u{E000}",
    "\u{FEFF}",
    "\u{FFFD}",
    "\u{FFFF}",
    "\u{1F980}",
    "\u{10FFFF}",
    "--",
    "/*",
    "*/",
    "//",
    "..",
    "''",
    "%00",
    "%2F",
    "%C3%28",
    "0x",
    "1e999",
];

/// One change.
#[derive(Clone, Debug)]
enum Change<T> {
    /// Something else is written over what is there.
    Overwrite { at: Index, with: Vec<T> },
    /// Something is written between what is there.
    Insert { at: Index, what: Vec<T> },
    /// A part goes.
    Remove { at: Index, length: usize },
    /// Everything from here goes.
    Truncate { at: Index },
    /// A part comes again and again: nested, where it opens something.
    Repeat {
        at: Index,
        length: usize,
        times: usize,
    },
    /// A part of something else that is valid comes in between.
    Splice {
        at: Index,
        from: Index,
        length: usize,
    },
    /// Two parts change places.
    Exchange { at: Index, with: Index },
}

fn change<T: Clone + std::fmt::Debug + 'static>(
    alien: BoxedStrategy<Vec<T>>,
) -> impl Strategy<Value = Change<T>> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), alien.clone()).prop_map(|(at, with)| Change::Overwrite { at, with }),
        3 => (at(), alien).prop_map(|(at, what)| Change::Insert { at, what }),
        2 => (at(), 1..16_usize).prop_map(|(at, length)| Change::Remove { at, length }),
        1 => at().prop_map(|at| Change::Truncate { at }),
        1 => (at(), 1..16_usize, prop_oneof![2..8_usize, 100..2_000_usize])
            .prop_map(|(at, length, times)| Change::Repeat { at, length, times }),
        2 => (at(), at(), 1..64_usize).prop_map(|(at, from, length)| Change::Splice { at, from, length }),
        1 => (at(), at()).prop_map(|(at, with)| Change::Exchange { at, with }),
    ]
}

impl<T: Clone> Change<T> {
    fn apply(&self, input: &mut Vec<T>, donor: &[T]) {
        let place = |at: &Index| at.index(input.len() + 1);
        match self {
            Self::Overwrite { at, with } => {
                let from = place(at);
                let end = (from + with.len()).min(input.len());
                input.splice(from..end, with.iter().cloned());
            }
            Self::Insert { at, what } => {
                let at = place(at);
                input.splice(at..at, what.iter().cloned());
            }
            Self::Remove { at, length } => {
                let from = place(at);
                let end = (from + length).min(input.len());
                input.drain(from..end);
            }
            Self::Truncate { at } => input.truncate(place(at)),
            Self::Repeat { at, length, times } => {
                let from = place(at);
                let part = input[from..(from + length).min(input.len())].to_vec();
                let again = part.iter().cloned().cycle().take(part.len() * times);
                input.splice(from..from, again);
            }
            Self::Splice { at, from, length } => {
                let at = place(at);
                let from = from.index(donor.len() + 1);
                let end = (from + length).min(donor.len());
                input.splice(at..at, donor[from..end].iter().cloned());
            }
            Self::Exchange { at, with } => {
                if !input.is_empty() {
                    let (at, with) = (at.index(input.len()), with.index(input.len()));
                    input.swap(at, with);
                }
            }
        }
        input.truncate(LONGEST);
    }
}

/// What is valid, and what becomes of it with a few changes.
pub(crate) fn mutants<T: Clone + std::fmt::Debug + 'static>(
    valid: BoxedStrategy<Vec<T>>,
    alien: BoxedStrategy<Vec<T>>,
) -> impl Strategy<Value = Vec<T>> {
    let changes = prop::collection::vec(change(alien), 0..6);
    (valid.clone(), valid, changes).prop_map(|(mut input, donor, changes)| {
        for change in &changes {
            change.apply(&mut input, &donor);
        }
        input
    })
}

/// A text as words, spaces and single signs.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before = None;
    for character in text.chars() {
        let kind = (
            character.is_alphanumeric() || character == '_',
            character == ' ',
        );
        match pieces.last_mut() {
            Some(piece) if before == Some(kind) && (kind.0 || kind.1) => piece.push(character),
            _ => pieces.push(character.into()),
        }
        before = Some(kind);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_apart_at_its_words() {
        let found = pieces("SELECT a_1, [b]  FROM('é')");
        let text = [
            "SELECT", " ", "a_1", ",", " ", "[", "b", "]", "  ", "FROM", "(", "'", "é", "'", ")",
        ];
        assert_eq!(found, text);
    }
}
