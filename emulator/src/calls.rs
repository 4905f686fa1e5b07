//! What clients ask of a world, in order: a bounded log, and one blow that strikes one of the calls.
//!
//! Kept only for a world that is told to; the others pay one look at a flag for each request. Knows neither HTTP nor TDS:
//! whoever serves a call describes it, and does what the blow says.

mod shape;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

pub(crate) use shape::shape;

/// How many calls are kept; the first ones are the ones that matter to who reruns a program.
const MOST_CALLS: usize = 10_000;
/// How many characters of a call's text are kept.
const MOST_TEXT: usize = 4_000;

/// The calls of a world.
#[derive(Default)]
pub struct Calls {
    recording: AtomicBool,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    calls: Vec<Call>,
    /// How many calls came after there was no more room.
    lost: u64,
    /// How often each shape has come.
    seen: BTreeMap<String, u32>,
    strike: Option<Strike>,
    struck: bool,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Counts from 1, in the order of arrival.
    pub number: u64,
    /// What it is, wherever it comes.
    pub id: CallId,
    /// `ARM`, or the name of the server.
    pub server: String,
    /// What it does.
    pub kind: CallKind,
    /// Without what differs from run to run: ids, keys, moments.
    pub text: String,
    /// How it ended; none while it runs, or if its client was dropped.
    pub outcome: Option<String>,
}

/// What a call is, wherever it comes in the order: a digest of its shape, and how often that had come before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId {
    digest: String,
    nth: u32,
}

/// What a call does, as far as it can be told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallKind {
    /// An ARM request that reads.
    Read,
    /// An ARM request that writes.
    Write,
    /// An ARM request that asks how an operation stands.
    Poll,
    /// Anything a SQL client asks.
    Sql,
}

/// One call to strike, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strike {
    /// Which call.
    pub call: CallId,
    /// When.
    pub when: When,
    /// How.
    pub blow: Blow,
}

/// Before the call is handled, or once it has been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Nothing has happened yet.
    Before,
    /// Everything has, but for the answer.
    After,
}

/// What the client gets instead of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blow {
    /// The connection ends.
    Drop,
    /// Nothing, until it leaves.
    Hold,
    /// This HTTP status.
    Status(u16),
    /// This SQL error.
    Error(i32),
}

/// A call as its server describes it.
pub struct Described {
    /// `ARM`, or the name of the server.
    pub server: String,
    /// What it does.
    pub kind: CallKind,
    /// Its text, as it came.
    pub text: String,
}

/// A call that is being served.
pub struct Arrived {
    calls: Arc<Calls>,
    /// Its place in the log, if it has one.
    at: Option<usize>,
    strike: Option<(When, Blow)>,
}

/// What the control API shows.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Whether calls are recorded.
    pub recording: bool,
    /// Whether the strike has found its call.
    pub struck: bool,
    /// How many calls came after there was no more room.
    pub lost: u64,
    /// The calls.
    pub calls: Vec<Call>,
}

impl Calls {
    /// Begins a new log, or ends it. `strike` is struck once.
    pub fn record(&self, on: bool, strike: Option<Strike>) {
        let mut log = self.lock();
        *log = Log {
            strike,
            ..Log::default()
        };
        self.recording.store(on, Ordering::Release);
    }

    /// What is known.
    pub fn show(&self) -> Shown {
        let log = self.lock();
        Shown {
            recording: self.recording.load(Ordering::Acquire),
            struck: log.struck,
            lost: log.lost,
            calls: log.calls.clone(),
        }
    }

    /// Enters a call, if calls are recorded.
    pub fn arrive(self: &Arc<Self>, describe: impl FnOnce() -> Described) -> Option<Arrived> {
        if !self.recording.load(Ordering::Acquire) {
            return None;
        }
        let described = describe();
        let text = shape(&described.text);
        let digest = digest(&described.server, &text);
        let mut log = self.lock();
        if log.seen.len() >= MOST_CALLS && !log.seen.contains_key(&digest) {
            log.lost += 1;
            return None;
        }
        let seen = log.seen.entry(digest.clone()).or_default();
        *seen += 1;
        let id = CallId { digest, nth: *seen };
        let strike = log.strike.take_if(|strike| strike.call == id);
        log.struck |= strike.is_some();
        let at = if log.calls.len() < MOST_CALLS {
            let number = log.calls.len() as u64 + 1;
            log.calls.push(Call {
                number,
                id,
                server: described.server,
                kind: described.kind,
                text: shortened(text),
                outcome: None,
            });
            Some(log.calls.len() - 1)
        } else {
            log.lost += 1;
            None
        };
        Some(Arrived {
            calls: Arc::clone(self),
            at,
            strike: strike.map(|strike| (strike.when, strike.blow)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        // Every change is one step; a panic elsewhere leaves the log whole.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrived {
    /// What strikes the call at that moment.
    pub fn blow(&self, when: When) -> Option<Blow> {
        self.strike
            .filter(|(struck, _)| *struck == when)
            .map(|(_, blow)| blow)
    }

    /// Notes how the call ended.
    pub fn end(&self, outcome: impl Into<String>) {
        let mut log = self.calls.lock();
        // A log that has begun anew meanwhile has other calls, or none, at this place; theirs have not ended.
        if let Some(call) = self.at.and_then(|at| log.calls.get_mut(at)) {
            call.outcome.get_or_insert_with(|| outcome.into());
        }
    }
}

impl CallId {
    /// Whether it is the first call of its shape.
    pub fn is_first(&self) -> bool {
        self.nth == 1
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.digest, self.nth)
    }
}

impl FromStr for CallId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(digest, nth)| {
            Some(Self {
                digest: digest.to_owned(),
                nth: nth.parse().ok()?,
            })
        });
        parsed.ok_or_else(|| format!("'{text}' is no call: it looks like 0123456789ab/1"))
    }
}

impl Serialize for CallId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

fn digest(server: &str, text: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(server.as_bytes());
    hash.update([0]);
    hash.update(text.as_bytes());
    let digest = hash.finalize();
    HEXLOWER.encode(&digest[..6])
}

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MOST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(text: &str) -> Described {
        Described {
            server: "s1".to_owned(),
            kind: CallKind::Sql,
            text: text.to_owned(),
        }
    }

    #[test]
    fn nothing_is_kept_unless_it_is_asked_for() {
        let calls = Arc::new(Calls::default());
        let describe = || panic!("not even described");
        assert!(calls.arrive(describe).is_none());
        assert_eq!(calls.show().calls, []);
    }

    #[test]
    fn a_call_is_known_again_in_another_order() {
        let calls = Arc::new(Calls::default());
        let ids = |texts: &[&str]| {
            calls.record(true, None);
            for text in texts {
                let arrived = calls.arrive(|| sql(text)).expect("it is recorded");
                arrived.end("ok");
            }
            let shown = calls.show();
            shown
                .calls
                .into_iter()
                .map(|call| call.id)
                .collect::<Vec<_>>()
        };
        let first = ids(&["a", "b", "a"]);
        let second = ids(&["b", "a", "a"]);
        assert_eq!(first[0], second[1]);
        assert_eq!(first[1], second[0]);
        assert_eq!(first[2], second[2]);
        assert_ne!(first[0], first[2]);
        assert_eq!(first[0].to_string().parse(), Ok(first[0].clone()));
    }

    #[test]
    fn a_strike_finds_its_call_once() {
        let calls = Arc::new(Calls::default());
        calls.record(true, None);
        calls.arrive(|| sql("a"));
        calls.arrive(|| sql("a"));
        let strike = Strike {
            call: calls.show().calls[1].id.clone(),
            when: When::After,
            blow: Blow::Drop,
        };
        calls.record(true, Some(strike));
        let arrive = || calls.arrive(|| sql("a")).expect("it is recorded");
        assert_eq!(arrive().blow(When::After), None);
        assert!(!calls.show().struck);
        let struck = arrive();
        assert_eq!(struck.blow(When::After), Some(Blow::Drop));
        assert_eq!(struck.blow(When::Before), None);
        assert!(calls.show().struck);
        assert_eq!(arrive().blow(When::After), None);
    }

    #[test]
    fn the_log_is_bounded() {
        let calls = Arc::new(Calls::default());
        calls.record(true, None);
        for _ in 0..MOST_CALLS + 5 {
            calls.arrive(|| sql("a"));
        }
        let shown = calls.show();
        assert_eq!(shown.calls.len(), MOST_CALLS);
        assert_eq!(shown.lost, 5);
        calls.record(true, None);
        calls.arrive(|| sql(&"x".repeat(3 * MOST_TEXT)));
        assert_eq!(calls.show().calls[0].text.chars().count(), MOST_TEXT + 1);
    }
}
