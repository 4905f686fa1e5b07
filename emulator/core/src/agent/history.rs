//! The history of runs, and the logs of steps.

use std::sync::Arc;

use super::{Agent, Entry, StepLog};
use crate::ids::JobId;
use crate::time::Timestamp;

/// How many rows of history are kept, and of one job (documentation: sp_set_sqlagent_properties, the defaults).
const ROWS: usize = 1_000;
const ROWS_OF_JOB: usize = 100;
/// The width of `sysjobhistory.message`.
const MESSAGE: usize = 4_000;
/// How much a step's log keeps: a bound, not a documented limit. What is older goes.
const LOG: usize = 64 << 10;

impl Agent {
    /// Adds a row; says its number.
    pub(super) fn tell(&mut self, entry: Entry) -> i32 {
        let job = entry.job;
        let same = |row: &Arc<Entry>| row.job == job;
        if self.history.iter().filter(|row| same(row)).count() >= ROWS_OF_JOB
            && let Some(oldest) = self.history.iter().position(same)
        {
            self.history.remove(oldest);
        }
        if self.history.len() >= ROWS {
            self.history.pop_front();
        }
        self.entries = self.entries.wrapping_add(1).max(1);
        let message = shortened(&entry.message, MESSAGE);
        self.history.push_back(Arc::new(Entry {
            id: self.entries,
            message,
            ..entry
        }));
        self.entries
    }

    /// Forgets what is about a job, of all jobs if none is given, and began before a moment.
    pub(super) fn forget(&mut self, job: Option<JobId>, before: Option<Timestamp>) -> usize {
        let count = self.history.len();
        self.history.retain(|row| {
            let about = job.is_none_or(|job| row.job == job);
            let old = before.is_none_or(|before| row.begun < before);
            !(about && old)
        });
        count - self.history.len()
    }

    /// What a step writes to its log.
    pub(super) fn log(
        &mut self,
        old: Option<StepLog>,
        text: &str,
        appends: bool,
        now: Timestamp,
    ) -> StepLog {
        let Some(old) = old else {
            self.logs = self.logs.wrapping_add(1).max(1);
            return StepLog {
                id: self.logs,
                text: latest(text),
                created: now,
                modified: now,
            };
        };
        StepLog {
            text: match appends {
                true => latest(&format!("{}{text}", old.text)),
                false => latest(text),
            },
            modified: now,
            ..old
        }
    }
}

fn shortened(text: &Arc<str>, most: usize) -> Arc<str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].into(),
        None => Arc::clone(text),
    }
}

/// The end of a text that is too long.
fn latest(text: &str) -> Arc<str> {
    let mut from = text.len().saturating_sub(LOG);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].into()
}
