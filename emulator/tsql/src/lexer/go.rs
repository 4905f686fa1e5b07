//! `GO [count]` as sqlcmd reads it: a word on a line of its own, outside strings and comments, that ends a batch.
//! The server never sees it.

/// One batch of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptBatch<'a> {
    /// The batch's text, without its GO line.
    pub text: &'a str,
    /// Line of the script the text starts on, counted from 1.
    pub line: u32,
    /// How often to send it: the number after GO, else 1.
    pub count: u32,
}

/// Splits a script at its GO lines. Batches that hold nothing but white space are left out.
#[must_use]
pub fn split_batches(script: &str) -> Vec<ScriptBatch<'_>> {
    let mut batches = Vec::new();
    let mut state = State::Plain;
    let (mut start, mut start_line, mut line) = (0, 1, 1);
    let mut offset = 0;
    for text in script.split_inclusive('\n') {
        let end = offset + text.len();
        if state == State::Plain
            && let Some(count) = go_count(text)
        {
            push(&mut batches, &script[start..offset], start_line, count);
            (start, start_line) = (end, line + 1);
        } else {
            state = state.after(text);
        }
        offset = end;
        line += 1;
    }
    push(&mut batches, &script[start..], start_line, 1);
    batches
}

fn push<'a>(batches: &mut Vec<ScriptBatch<'a>>, text: &'a str, line: u32, count: u32) {
    if !text.trim().is_empty() && count > 0 {
        batches.push(ScriptBatch { text, line, count });
    }
}

/// The count of a GO line, or none if this is no GO line.
fn go_count(line: &str) -> Option<u32> {
    let line = line.split_once("--").map_or(line, |(code, _)| code).trim();
    let (word, rest) = line.split_at_checked(2)?;
    if !word.eq_ignore_ascii_case("go") {
        return None;
    }
    if rest.is_empty() {
        return Some(1);
    }
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    rest.trim().parse().ok()
}

/// What a line starts inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plain,
    /// Up to this closing quote.
    Quoted(u8),
    /// This many comments deep.
    Comment(u32),
}

impl State {
    /// The state at the end of `line`.
    fn after(mut self, line: &str) -> Self {
        let bytes = line.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let next = bytes.get(at + 1).copied();
            at += 1;
            self = match (self, byte, next) {
                (Self::Plain, b'-', Some(b'-')) => return Self::Plain,
                (Self::Plain, b'/', Some(b'*')) => {
                    at += 1;
                    Self::Comment(1)
                }
                (Self::Plain, b'\'' | b'"', _) => Self::Quoted(byte),
                (Self::Plain, b'[', _) => Self::Quoted(b']'),
                (Self::Comment(depth), b'/', Some(b'*')) => {
                    at += 1;
                    Self::Comment(depth + 1)
                }
                (Self::Comment(depth), b'*', Some(b'/')) => {
                    at += 1;
                    if depth == 1 {
                        Self::Plain
                    } else {
                        Self::Comment(depth - 1)
                    }
                }
                // A doubled quote closes and opens again, which comes to the same.
                (Self::Quoted(close), _, _) if byte == close => Self::Plain,
                (state, _, _) => state,
            };
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(script: &str) -> Vec<(&str, u32, u32)> {
        split_batches(script)
            .into_iter()
            .map(|batch| (batch.text, batch.line, batch.count))
            .collect()
    }

    #[test]
    fn go_lines_end_batches() {
        assert_eq!(
            parts("SELECT 1\nGO\nSELECT 2\n go 3 \nSELECT 3"),
            [
                ("SELECT 1\n", 1, 1),
                ("SELECT 2\n", 3, 3),
                ("SELECT 3", 5, 1)
            ]
        );
        assert_eq!(
            parts("GO\n\nGO\r\nPRINT 1\r\nGO -- done\r\n"),
            [("PRINT 1\r\n", 4, 1)]
        );
        assert_eq!(parts("SELECT 1\nGO 0\n"), []);
    }

    #[test]
    fn go_inside_strings_names_and_comments_is_text() {
        for script in [
            "SELECT 'a\nGO\nb'",
            "/* a\nGO\n/* b */\nGO\n*/ SELECT 1",
            "SELECT 1 AS [a\nGO\n]",
            "SELECT \"a''\nGO\n\"",
            "GOTO x",
            "SELECT 1 AS go",
            "GO;",
            "GO x",
        ] {
            assert_eq!(parts(script), [(script, 1, 1)]);
        }
        assert_eq!(parts("SELECT 'it''s'\nGO\n-- don't\nGO\nx").len(), 3);
    }
}
