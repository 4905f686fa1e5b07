//! What a world was asked, in order, as text for people: a bounded log. Passwords are not shown.
//!
//! Not enough to replay a world: bodies of ARM requests and values of parameters are left out. What is enough is written by
//! [`tape`](crate::tape), if it is asked for.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use milink_core::time::Timestamp;

/// How many inputs are kept.
const MOST: usize = 1_000;
/// How many characters of one are kept.
const MOST_TEXT: usize = 2_000;
/// Words next to which literals can be secrets.
const SECRET_WORDS: [&str; 4] = ["password", "secret", "credential", "sp_addlogin"];

/// The inputs of a world.
#[derive(Debug, Default)]
pub struct Inputs {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    inputs: VecDeque<Input>,
    count: u64,
}

#[derive(Debug)]
struct Input {
    time: Timestamp,
    from: Arc<str>,
    text: String,
}

impl Inputs {
    /// Notes what was asked.
    pub fn add(&self, time: Timestamp, from: &str, text: &str) {
        let end = text.char_indices().nth(MOST_TEXT).map(|(end, _)| end);
        let text = match end {
            // A literal that is cut is not recognised as one any more: it goes before it is kept.
            Some(_) => {
                let shown = redacted(text);
                let end = shown
                    .char_indices()
                    .nth(MOST_TEXT)
                    .map_or(shown.len(), |(end, _)| end);
                format!("{}…", &shown[..end])
            }
            None => text.to_owned(),
        };
        let mut inner = self.lock();
        inner.count += 1;
        // A client asks again and again.
        let from = match inner.inputs.back() {
            Some(last) if *last.from == *from => Arc::clone(&last.from),
            _ => from.into(),
        };
        if inner.inputs.len() >= MOST {
            inner.inputs.pop_front();
        }
        inner.inputs.push_back(Input { time, from, text });
    }

    /// The log: one line of head for each input, its text below it.
    pub fn text(&self) -> String {
        let inner = self.lock();
        let first = inner.count - inner.inputs.len() as u64;
        let mut text = String::new();
        if first > 0 {
            let _ = writeln!(text, "(the first {first} are forgotten)");
        }
        for (number, input) in (first + 1..).zip(&inner.inputs) {
            let shown = redacted(&input.text).replace('\n', "\n    ");
            let _ = writeln!(
                text,
                "{number}  {}  {}\n    {shown}",
                input.time, input.from
            );
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is one step; a panic elsewhere leaves the log whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A statement without what could be a secret: where a word says that there may be one, every literal and every comment
/// is left out.
pub(crate) fn redacted(text: &str) -> String {
    let lower = text.to_lowercase();
    if !SECRET_WORDS.iter().any(|word| lower.contains(word)) {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (kept, length) = match c {
            '\'' | '"' => ("'***'", quoted(rest, c)),
            '-' if rest.starts_with("--") => ("", rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                ("", rest.find("*/").map_or(rest.len(), |end| end + 2))
            }
            '0' if rest.starts_with("0x") || rest.starts_with("0X") => {
                let digits = rest[2..].find(|c: char| !c.is_ascii_hexdigit());
                ("0x***", digits.map_or(rest.len(), |end| end + 2))
            }
            c => (&rest[..c.len_utf8()], c.len_utf8()),
        };
        shown.push_str(kept);
        rest = &rest[length..];
    }
    shown
}

/// How long a quoted text at the beginning is; all the rest if it does not end.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    chars.next();
                }
                _ => return at + 1,
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        let cases = [
            ("SELECT 'a', 0x01 -- b", "SELECT 'a', 0x01 -- b"),
            (
                "CREATE LOGIN x WITH PASSWORD = N'hunter2', DEFAULT_DATABASE = db1",
                "CREATE LOGIN x WITH PASSWORD = N'***', DEFAULT_DATABASE = db1",
            ),
            (
                "create master key encryption by password='it''s'",
                "create master key encryption by password='***'",
            ),
            (
                "EXEC('CREATE LOGIN x WITH PASSWORD = ''hunter2''')",
                "EXEC('***')",
            ),
            (
                "ALTER LOGIN x WITH PASSWORD = 0xAB HASHED -- hunter2",
                "ALTER LOGIN x WITH PASSWORD = 0x*** HASHED ",
            ),
            ("SET @password = 'hunter2", "SET @password = '***'"),
            (
                "/* hunter2 */ OPEN MASTER KEY DECRYPTION BY PASSWORD = \"hunter2\"",
                " OPEN MASTER KEY DECRYPTION BY PASSWORD = '***'",
            ),
        ];
        for (text, shown) in cases {
            assert_eq!(redacted(text), shown);
        }
        let inputs = Inputs::default();
        let long = format!("PASSWORD = '{}hunter2'", "x".repeat(MOST_TEXT - 20));
        for text in [long.as_str(), "PASSWORD = 'hunter2'"] {
            inputs.add(Timestamp::default(), "s1", text);
        }
        assert!(!inputs.text().contains("hunter"), "{}", inputs.text());
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let inputs = Inputs::default();
        for number in 0..MOST + 2 {
            inputs.add(Timestamp::default(), "ARM", &format!("GET /{number}"));
        }
        let text = inputs.text();
        assert!(
            text.starts_with("(the first 2 are forgotten)\n3  "),
            "{}",
            &text[..60]
        );
        assert!(text.ends_with(&format!("GET /{}\n", MOST + 1)));
    }
}
