//! Reading a log.

use super::{Entry, Start};

/// A log that was read.
#[derive(Debug)]
pub struct Log {
    pub(super) start: Start,
    /// What follows, with the numbers of the lines.
    pub(super) entries: Vec<(usize, Entry)>,
}

/// What is wrong with a log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct LogError {
    /// Where.
    pub line: usize,
    /// What.
    pub what: String,
}

impl Log {
    /// Reads the bytes of a log.
    ///
    /// # Errors
    ///
    /// Names the first line that is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        let wrong = |line: usize, what: String| LogError { line, what };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let good = &bytes[..error.valid_up_to()];
            let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
            wrong(line, "this is no text".to_owned())
        })?;
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let read = |(number, line): (usize, &str)| {
            let entry: Entry = serde_json::from_str(line)
                .map_err(|error| wrong(number, format!("this is no line of a log: {error}")))?;
            Ok::<_, LogError>((number, entry))
        };
        let start = match lines.next().map(read).transpose()? {
            Some((_, Entry::Start(start))) => *start,
            _ => {
                let what = "a log begins with what was started";
                return Err(wrong(1, what.to_owned()));
            }
        };
        let entries: Vec<(usize, Entry)> = lines.map(read).collect::<Result<_, _>>()?;
        let whole = matches!(entries.last(), Some((_, Entry::End(_))));
        if !whole {
            let line = text.lines().count();
            let what = "the log breaks off here: an emulator ends it when it is told to stop";
            return Err(wrong(line, what.to_owned()));
        }
        let early = entries[..entries.len() - 1]
            .iter()
            .find(|(_, entry)| matches!(entry, Entry::End(_) | Entry::Start(_)));
        match early {
            Some((line, _)) => Err(wrong(*line, "something follows the end".to_owned())),
            None => Ok(Self { start, entries }),
        }
    }
}
