//! LIKE and PATINDEX patterns: `%`, `_`, `[a-z]`, `[^x]` and an escape character.
//!
//! Between two `%` every element takes exactly one character, so a pattern is a list of fixed-length segments and
//! matching needs no backtracking.

use milink_core::collation::Collation;

use crate::error::SqlError;

/// A pattern made ready to match.
#[derive(Clone, Debug, PartialEq)]
pub struct LikePattern {
    /// What stands between the `%`s: the first is anchored at the start of the text, the last at its end.
    /// `None` if the pattern is malformed and matches nothing.
    segments: Option<Vec<Vec<Element>>>,
    folding: bool,
    /// Whether trailing blanks of the text may be left over, as for non-Unicode text.
    blanks: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Element {
    Any,
    One(char),
    Set {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl LikePattern {
    /// Reads a pattern. `unicode` says that a side of LIKE is `nchar` or `nvarchar`, where trailing blanks of the text
    /// count. An escape that is not one character is refused (506).
    pub fn new(
        pattern: &str,
        escape: Option<&str>,
        collation: Collation,
        unicode: bool,
    ) -> Result<Self, SqlError> {
        let escape = match escape {
            None => None,
            Some(text) => {
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Some(c),
                    _ => return Err(SqlError::invalid_escape(text)),
                }
            }
        };
        let folding = !collation.is_case_sensitive();
        Ok(Self {
            segments: Reader {
                chars: pattern.chars().collect(),
                at: 0,
                escape,
                folding,
            }
            .segments(),
            folding,
            blanks: !unicode,
        })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let Some(segments) = &self.segments else {
            return false;
        };
        let text = self.characters(text);
        let (first, rest) = match segments.as_slice() {
            [] => return false,
            [only] => {
                return self.ends().any_end(&text, 0, |end| {
                    end == only.len() && fits(only, &text[..end])
                });
            }
            [first, rest @ ..] => (first, rest),
        };
        text.len() >= first.len()
            && fits(first, &text[..first.len()])
            && self.rest_matches(rest, &text, first.len())
    }

    /// The 0-based character where the first match begins, as PATINDEX looks for it: a leading `%` is what lets the
    /// match begin later.
    pub fn find(&self, text: &str) -> Option<usize> {
        let segments = self.segments.as_ref()?;
        match segments.as_slice() {
            [first, segment, rest @ ..] if first.is_empty() => {
                if segment.is_empty() && rest.is_empty() {
                    return Some(0);
                }
                let text = self.characters(text);
                if rest.is_empty() {
                    // Nothing follows, so the segment has to reach the end.
                    return self.ends().last_start(&text, segment, 0);
                }
                let start = position(segment, &text, 0)?;
                // If the rest is not found behind the first match, it is not found behind a later one.
                self.rest_matches(rest, &text, start + segment.len())
                    .then_some(start)
            }
            _ => self.matches(text).then_some(0),
        }
    }

    /// Whether the segments are found one after another from `at` on, and the last one at the end.
    fn rest_matches(&self, rest: &[Vec<Element>], text: &[char], mut at: usize) -> bool {
        let Some((last, middle)) = rest.split_last() else {
            return true;
        };
        for segment in middle {
            match position(segment, text, at) {
                Some(found) => at = found + segment.len(),
                None => return false,
            }
        }
        last.is_empty() || self.ends().last_start(text, last, at).is_some()
    }

    fn ends(&self) -> Ends {
        Ends {
            blanks: self.blanks,
        }
    }

    fn characters(&self, text: &str) -> Vec<char> {
        if self.folding {
            text.chars().map(folded).collect()
        } else {
            text.chars().collect()
        }
    }
}

/// Where a text may be taken to end.
struct Ends {
    blanks: bool,
}

impl Ends {
    /// Whether one of the possible ends, from the earliest, satisfies the test.
    fn any_end(&self, text: &[char], least: usize, mut test: impl FnMut(usize) -> bool) -> bool {
        let earliest = if self.blanks {
            text.iter().rposition(|c| *c != ' ').map_or(0, |at| at + 1)
        } else {
            text.len()
        };
        (earliest.max(least).min(text.len())..=text.len()).any(&mut test)
    }

    /// Where the segment starts if it reaches an end and begins at `least` or later.
    fn last_start(&self, text: &[char], segment: &[Element], least: usize) -> Option<usize> {
        let mut found = None;
        self.any_end(text, least, |end| {
            if let Some(start) = end.checked_sub(segment.len())
                && start >= least
                && fits(segment, &text[start..end])
            {
                found = Some(start);
            }
            found.is_some()
        });
        found
    }
}

fn position(segment: &[Element], text: &[char], from: usize) -> Option<usize> {
    let last = text.len().checked_sub(segment.len())?;
    (from..=last).find(|start| fits(segment, &text[*start..*start + segment.len()]))
}

fn fits(segment: &[Element], text: &[char]) -> bool {
    segment.iter().zip(text).all(|(element, c)| match element {
        Element::Any => true,
        Element::One(expected) => expected == c,
        Element::Set { negated, ranges } => {
            ranges.iter().any(|(low, high)| (low..=high).contains(&c)) != *negated
        }
    })
}

/// The letter as the case-insensitive collations see it; what has no single lower-case letter stays.
fn folded(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    escape: Option<char>,
    folding: bool,
}

impl Reader {
    fn segments(mut self) -> Option<Vec<Vec<Element>>> {
        let mut segments = vec![Vec::new()];
        while let Some(c) = self.next() {
            let element = match c {
                c if Some(c) == self.escape => {
                    let literal = self.next()?;
                    Element::One(self.fold(literal))
                }
                '%' => {
                    segments.push(Vec::new());
                    continue;
                }
                '_' => Element::Any,
                '[' => self.set()?,
                literal => Element::One(self.fold(literal)),
            };
            if let Some(segment) = segments.last_mut() {
                segment.push(element);
            }
        }
        // Several % in a row are one.
        let last = segments.len() - 1;
        let mut index = 0;
        segments.retain(|segment| {
            let keep = index == 0 || index == last || !segment.is_empty();
            index += 1;
            keep
        });
        Some(segments)
    }

    fn set(&mut self) -> Option<Element> {
        let negated = self.chars.get(self.at) == Some(&'^');
        if negated {
            self.at += 1;
        }
        let mut ranges = Vec::new();
        loop {
            let mut c = self.next()?;
            if c == ']' {
                return Some(Element::Set { negated, ranges });
            }
            if Some(c) == self.escape {
                c = self.next()?;
            }
            let low = self.fold(c);
            let mut high = low;
            if self.chars.get(self.at) == Some(&'-')
                && self.chars.get(self.at + 1).is_some_and(|c| *c != ']')
            {
                self.at += 1;
                let mut end = self.next()?;
                if Some(end) == self.escape {
                    end = self.next()?;
                }
                high = self.fold(end);
            }
            ranges.push((low, high));
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn fold(&self, c: char) -> char {
        if self.folding { folded(c) } else { c }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str, escape: Option<&str>, unicode: bool) -> LikePattern {
        LikePattern::new(text, escape, Collation::DEFAULT, unicode).unwrap()
    }

    #[test]
    fn patterns_match_as_documented() {
        let cases = [
            ("abc", "ABC", true),
            ("abc", "ab", false),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("%", "", true),
            ("%%", "x", true),
            ("", "", true),
            ("", "x", false),
            ("a_c", "abc", true),
            ("a_c", "ac", false),
            ("[a-c]x", "Bx", true),
            ("[^a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[abc-]", "-", true),
            ("[]", "x", false),
            ("[abc", "a", false),
            ("[[]x]", "[x]", true),
            ("[%]", "%", true),
            ("[_]", "a", false),
            ("a%b%c", "a-b-b-c", true),
            ("a%b%c", "a-c-b", false),
            ("%a%a%", "a", false),
            ("%ab", "aab", true),
            ("é", "É", true),
            ("abc ", "abc", false),
            ("%x_", "xx", true),
        ];
        for (like, text, expected) in cases {
            assert_eq!(
                pattern(like, None, true).matches(text),
                expected,
                "{text:?} LIKE {like:?}"
            );
        }
    }

    #[test]
    fn trailing_blanks_of_plain_text_are_left_over() {
        let cases = [
            ("abc", "abc  ", false, true),
            ("abc", "abc  ", true, false),
            ("abc ", "abc  ", false, true),
            ("%c", "abc  ", false, true),
            ("%c", "abc  ", true, false),
            ("abc", "abc x", false, false),
        ];
        for (like, text, unicode, expected) in cases {
            assert_eq!(
                pattern(like, None, unicode).matches(text),
                expected,
                "{text:?} LIKE {like:?}"
            );
        }
    }

    #[test]
    fn an_escape_takes_the_meaning_away() {
        let cases = [
            ("10!%", "10%", true),
            ("10!%", "105", false),
            ("a!!b", "a!b", true),
            ("a!_b", "axb", false),
            ("[!]]", "]", true),
            ("abc!", "abc!", false),
        ];
        for (like, text, expected) in cases {
            assert_eq!(
                pattern(like, Some("!"), true).matches(text),
                expected,
                "{text:?} LIKE {like:?}"
            );
        }
        for escape in ["", "!!"] {
            let error = LikePattern::new("a", Some(escape), Collation::DEFAULT, true).unwrap_err();
            assert_eq!(error.number, 506);
        }
    }

    #[test]
    fn case_counts_where_the_collation_says() {
        let like = LikePattern::new("A%", None, Collation::BINARY, true).unwrap();
        assert!(like.matches("Ab"));
        assert!(!like.matches("ab"));
    }

    #[test]
    fn the_first_match_is_found() {
        let cases = [
            ("%b%", "abcb", Some(1)),
            ("b%", "abc", None),
            ("a%", "abc", Some(0)),
            ("%c", "abc", Some(2)),
            ("%b", "abc", None),
            ("%[0-9]%", "ab1c2", Some(2)),
            ("%b%d%", "abcbd", Some(1)),
            ("%", "abc", Some(0)),
            ("%x%", "abc", None),
        ];
        for (like, text, expected) in cases {
            assert_eq!(
                pattern(like, None, true).find(text),
                expected,
                "{like} in {text}"
            );
        }
    }

    #[test]
    fn many_wildcards_over_a_long_text_take_no_time() {
        let text = "a".repeat(100_000);
        assert!(!pattern(&"%a".repeat(50), None, true).matches(&format!("{text}b")));
    }

    /// The definition by recursion, to judge the segments by.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            ['_', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn segments_agree_with_the_definition(like in "[ab%_]{0,8}", text in "[ab]{0,10}") {
            let expected = naive(
                &like.chars().collect::<Vec<_>>(),
                &text.chars().collect::<Vec<_>>(),
            );
            prop_assert_eq!(pattern(&like, None, true).matches(&text), expected);
        }

        #[test]
        fn no_pattern_makes_it_panic(like in "[ab%_\\[\\]^!-]{0,12}", text in "[ab ]{0,8}") {
            let like = pattern(&like, Some("!"), false);
            let _ = (like.matches(&text), like.find(&text));
        }
    }
}
