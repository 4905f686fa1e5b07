//! What became of the connections that were accepted last: proof that sockets and evaluator agree.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use milink_core::path::{Hop, Reason, Symptom};
use serde::Serialize;

/// How many connections are remembered.
const REMEMBERED: usize = 1_000;

/// The last connections.
#[derive(Default)]
pub(super) struct Trace(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    next: u64,
    entries: VecDeque<Entry>,
}

/// One connection.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    /// Counts connections.
    pub(super) sequence: u64,
    /// The world's time.
    pub(super) time: String,
    pub(super) from: String,
    pub(super) host: String,
    pub(super) port: u16,
    /// The model's address.
    pub(super) address: Option<String>,
    /// What was done with it.
    pub(super) act: &'static str,
    /// The evaluator's reason, as far as the network goes.
    pub(super) reason: Option<Reason>,
    pub(super) symptom: Option<Symptom>,
    /// The client noticed something else than it would in Azure: it had been let in before the verdict fell.
    pub(super) approximate: bool,
    pub(super) path: Vec<Hop>,
    /// Its login, once there is one.
    pub(super) login: Option<Login>,
    /// How it ended, once it has.
    pub(super) ended: Option<&'static str>,
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    /// The server's name in it.
    pub(super) name: String,
    /// The instance it came to, by its whole name.
    pub(super) instance: Option<String>,
    /// The number of the error that refused it.
    pub(super) error: Option<i32>,
    /// Where the client was sent on to.
    pub(super) redirect: Option<String>,
}

impl Trace {
    /// Remembers a connection; its number is what it is called later.
    pub(super) fn add(&self, entry: Entry) -> u64 {
        let mut kept = self.lock();
        kept.next += 1;
        let sequence = kept.next;
        if kept.entries.len() >= REMEMBERED {
            kept.entries.pop_front();
        }
        kept.entries.push_back(Entry { sequence, ..entry });
        sequence
    }

    pub(super) fn note_login(&self, sequence: u64, login: Login) {
        self.change(sequence, |entry| entry.login = Some(login));
    }

    pub(super) fn note_end(&self, sequence: u64, how: &'static str) {
        self.change(sequence, |entry| entry.ended = Some(how));
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().cloned().collect()
    }

    fn change(&self, sequence: u64, change: impl FnOnce(&mut Entry)) {
        let mut kept = self.lock();
        // Numbers are in order; a forgotten one is not there.
        if let Ok(at) = kept
            .entries
            .binary_search_by_key(&sequence, |entry| entry.sequence)
        {
            change(&mut kept.entries[at]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
