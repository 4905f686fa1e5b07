//! The input log: everything that clients ask of an emulator's worlds, in one order and with the answers, so that it can be
//! replayed into equal worlds.
//!
//! While a log is kept, whoever touches a world takes a *turn*: one after the other, each without a wait inside. Within a
//! turn a world's time stands still, and what the turn gets from the host (the time, random numbers, keys) is written
//! down. A replay takes the same turns in the same order, gives back what the host gave, and compares the answers. An
//! emulator without a log pays for one look at an enum.

mod entry;
#[cfg(test)]
mod hostile;
mod read;
mod replay;
mod turn;
mod write;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use milink_core::time::Timestamp;

pub(crate) use entry::{
    Answer, ArmRequest, ControlRequest, End, Entry, Login, SqlMessage, SqlRequest, Start,
    fingerprint,
};
pub use read::{Log, LogError};
pub use replay::{Outcome, replay};
pub(crate) use turn::{InTurn, Turn};
pub(crate) use write::Writer;

use replay::Script;

/// The input log of an emulator, if there is one.
pub struct Tape(Kind);

/// What becomes of what is asked.
enum Kind {
    /// Nothing.
    Off,
    /// It is written down.
    Recording(Recorder),
    /// It comes from a log.
    Replaying(Script),
}

/// Writes a log.
struct Recorder {
    /// Held by whose turn it is.
    turn: Mutex<()>,
    writer: Mutex<Writer>,
    turns: AtomicU64,
    sessions: AtomicU64,
}

impl Tape {
    /// No log.
    pub(crate) fn off() -> Arc<Self> {
        Arc::new(Self(Kind::Off))
    }

    /// A log that is written from here on.
    pub(crate) fn recording(writer: Writer) -> Arc<Self> {
        Arc::new(Self(Kind::Recording(Recorder {
            turn: Mutex::default(),
            writer: Mutex::new(writer),
            turns: AtomicU64::new(1),
            sessions: AtomicU64::new(1),
        })))
    }

    /// A log that is replayed.
    fn replaying(script: Script) -> Arc<Self> {
        Arc::new(Self(Kind::Replaying(script)))
    }

    fn script(&self) -> Option<&Script> {
        match &self.0 {
            Kind::Replaying(script) => Some(script),
            Kind::Off | Kind::Recording(_) => None,
        }
    }

    /// Whether there is a log, to be written or to be replayed.
    pub(crate) fn is_on(&self) -> bool {
        !matches!(self.0, Kind::Off)
    }

    /// Whether a log is replayed.
    pub(crate) fn is_replaying(&self) -> bool {
        matches!(self.0, Kind::Replaying(_))
    }

    /// The turn that this thread has.
    pub(crate) fn current(&self) -> Option<u64> {
        match &self.0 {
            Kind::Off => None,
            Kind::Recording(_) | Kind::Replaying(_) => turn::current(),
        }
    }

    /// Takes a turn, until what is returned is dropped; `entry` is what begins it. Within a turn, nothing begins.
    pub(crate) fn turn(&self, entry: impl FnOnce() -> Option<Entry>) -> Turn<'_> {
        match &self.0 {
            Kind::Off => Turn::none(),
            _ if turn::current().is_some() => Turn::none(),
            Kind::Recording(recorder) => {
                let held = recorder.turn.lock().unwrap_or_else(PoisonError::into_inner);
                let turn = Turn::begin(recorder.next_turn(), Some(held));
                if let Some(entry) = entry() {
                    recorder.write(entry);
                }
                turn
            }
            Kind::Replaying(script) => Turn::begin(script.next_turn(), None),
        }
    }

    /// Takes the turn of a session's next step; none if its request has been given up by then.
    pub(crate) async fn step(&self, session: u64, given_up: impl Fn() -> bool) -> Option<Turn<'_>> {
        match &self.0 {
            Kind::Off => Some(Turn::none()),
            Kind::Recording(_) => {
                let mut wanted = true;
                let turn = self.turn(|| {
                    wanted = !given_up();
                    wanted.then_some(Entry::Step { session, times: 1 })
                });
                wanted.then_some(turn)
            }
            Kind::Replaying(script) => {
                let may = std::future::poll_fn(|_| script.poll_step(&given_up)).await;
                may.then(|| Turn::begin(script.next_turn(), None))
            }
        }
    }

    /// What a world's clock shows, asked for the first time in a turn: what the world has come to, or later.
    pub(crate) fn moment(
        &self,
        world: &str,
        come_to: Timestamp,
        clock: impl FnOnce() -> Timestamp,
    ) -> Timestamp {
        match &self.0 {
            Kind::Off => clock(),
            Kind::Recording(recorder) => {
                let at = clock();
                if at > come_to {
                    let world = world.to_owned();
                    recorder.write(Entry::Time { world, at });
                }
                at.max(come_to)
            }
            Kind::Replaying(script) => script.moment(world).unwrap_or(come_to),
        }
    }

    /// Something that the host makes up: random bytes, a certificate.
    pub(crate) fn given(&self, what: &str, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        match &self.0 {
            Kind::Off => make(),
            Kind::Recording(recorder) => {
                let made = make();
                recorder.write(Entry::Given {
                    what: what.to_owned(),
                    hex: HEXLOWER.encode(&made),
                });
                made
            }
            Kind::Replaying(script) => script.given(what).unwrap_or_else(make),
        }
    }

    /// The host's time, where a world begins or begins anew.
    pub(crate) fn host_time(&self, now: impl FnOnce() -> Timestamp) -> Timestamp {
        let bytes = self.given("time", || now().0.to_be_bytes().to_vec());
        <[u8; 8]>::try_from(bytes).map_or_else(
            |_| Timestamp::default(),
            |bytes| Timestamp(i64::from_be_bytes(bytes)),
        )
    }

    /// What is answered: written down, or held against what the log has.
    pub(crate) fn answer(&self, answer: impl FnOnce() -> Answer) {
        match &self.0 {
            Kind::Off => {}
            Kind::Recording(recorder) => recorder.write(Entry::Answer(answer())),
            Kind::Replaying(script) => script.answer(answer()),
        }
    }

    /// The number of a session that has begun.
    pub(crate) fn next_session(&self) -> u64 {
        match &self.0 {
            Kind::Off => 0,
            Kind::Recording(recorder) => recorder.sessions.fetch_add(1, Ordering::Relaxed),
            Kind::Replaying(script) => script.next_session(),
        }
    }

    /// Ends the log with what the worlds have come to.
    pub(crate) fn end(&self, end: impl FnOnce() -> End) -> std::io::Result<()> {
        let Kind::Recording(recorder) = &self.0 else {
            return Ok(());
        };
        let _turn = self.turn(|| None);
        let end = end();
        recorder.write(Entry::End(end));
        let mut writer = recorder.lock_writer();
        writer.close()
    }
}

impl Recorder {
    fn next_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    fn write(&self, entry: Entry) {
        self.lock_writer().write(entry);
    }

    fn lock_writer(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
