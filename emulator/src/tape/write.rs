//! Writing a log: one JSON object a line.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;

use super::{Entry, Start};

/// Where a log is written.
pub(crate) struct Writer {
    to: Option<Box<dyn Write + Send>>,
    /// A session's steps that may become more.
    steps: Option<(u64, u64)>,
    /// What went wrong first.
    failed: Option<io::Error>,
}

impl Writer {
    /// A log in a file that only its owner can read: it holds passwords.
    pub(crate) fn create(file: &Path, start: Start) -> anyhow::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let opened = options
            .open(file)
            .with_context(|| format!("cannot write the input log {}", file.display()))?;
        let mut writer = Self {
            to: Some(Box::new(BufWriter::new(opened))),
            steps: None,
            failed: None,
        };
        writer.line(&Entry::Start(Box::new(start)));
        Ok(writer)
    }

    /// Writes an entry; nothing once the log has ended.
    pub(super) fn write(&mut self, entry: Entry) {
        match (&mut self.steps, entry) {
            (Some((session, times)), Entry::Step { session: next, .. }) if *session == next => {
                *times += 1;
            }
            (_, Entry::Step { session, times }) => {
                self.flush_steps();
                self.steps = Some((session, times));
            }
            (_, entry) => {
                self.flush_steps();
                self.line(&entry);
            }
        }
    }

    /// Ends the log; says what went wrong with it.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.flush_steps();
        let flushed = self.to.take().map_or(Ok(()), |mut to| to.flush());
        match self.failed.take() {
            Some(error) => Err(error),
            None => flushed,
        }
    }

    /// What follows may belong to the last of the steps, so that it stands for itself.
    fn flush_steps(&mut self) {
        let Some((session, times)) = self.steps.take() else {
            return;
        };
        if times > 1 {
            let times = times - 1;
            self.line(&Entry::Step { session, times });
        }
        self.line(&Entry::Step { session, times: 1 });
    }

    fn line(&mut self, entry: &Entry) {
        let Some(to) = &mut self.to else {
            return;
        };
        let written = serde_json::to_writer(&mut *to, entry)
            .map_err(io::Error::from)
            .and_then(|()| to.write_all(b"\n"));
        if let Err(error) = written {
            tracing::error!(%error, "the input log cannot be written; it ends here");
            self.failed = Some(error);
            self.to = None;
        }
    }
}
