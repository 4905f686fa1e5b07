//! Replaying a log: the same turns in the same order, with what the host gave then, and the answers compared.

mod sql;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use anyhow::Context as _;
use data_encoding::HEXLOWER_PERMISSIVE;
use milink_core::time::Timestamp;

use super::{Answer, End, Entry, InTurn, Log, LogError, Tape};
use crate::clock::ClockMode;
use crate::config::Config;
use crate::control;
use crate::emulator::{Emulator, Shared};
use crate::sql::strike_again;
use sql::Clients;

/// What a replay has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many entries the log has.
    pub entries: usize,
    /// The worlds, all of them equal to the recorded ones.
    pub worlds: Vec<String>,
}

/// The entries of a log, as far as they have been replayed.
pub(crate) struct Script {
    entries: Vec<(usize, Entry)>,
    place: Mutex<Place>,
    turns: AtomicU64,
    sessions: AtomicU64,
    /// Whether a session may take its next step.
    permit: AtomicBool,
}

#[derive(Default)]
struct Place {
    next: usize,
    /// The line of the entry that is being replayed.
    line: usize,
    parted: Option<LogError>,
}

/// Replays a log in an emulator of its own, which is gone in the end.
///
/// # Errors
///
/// The first place where the replay goes another way than the log.
pub async fn replay(log: Log) -> anyhow::Result<Outcome> {
    let Log { start, entries } = log;
    let count = entries.len();
    let tape = Tape::replaying(Script {
        entries,
        place: Mutex::default(),
        turns: AtomicU64::new(1),
        sessions: AtomicU64::new(1),
        permit: AtomicBool::new(false),
    });
    let script = tape.script().context("a replay has a script")?;
    let clock: ClockMode = start.clock.parse().map_err(anyhow::Error::msg)?;
    let config = Config {
        topology: start.topology,
        clock,
        durations: Some(start.durations),
        seed: start.seed,
        sa_password: Some(start.sa_password),
        administrator_password: Some(start.administrator_password),
        loose: start.loose,
        ..Config::default()
    };
    let emulator = Emulator::builder()
        .config(config)
        .with_tape(Arc::clone(&tape))
        .start()
        .await
        .context("what was recorded cannot be started again")?;
    let shared = emulator.shared();
    let mut clients = Clients::default();
    let mut worlds = Vec::new();
    while let Some((line, entry)) = script.next() {
        if let Some(parted) = script.parted() {
            return Err(parted.into());
        }
        match entry {
            Entry::End(end) => worlds = compare(shared, line, end)?,
            entry => perform(&tape, script, shared, &mut clients, line, entry).await?,
        }
    }
    if let Some(parted) = script.parted() {
        return Err(parted.into());
    }
    drop(clients);
    Ok(Outcome {
        entries: count,
        worlds,
    })
}

async fn perform(
    tape: &Arc<Tape>,
    script: &Script,
    shared: &Arc<Shared>,
    clients: &mut Clients,
    line: usize,
    entry: Entry,
) -> anyhow::Result<()> {
    let wrong = |what: String| LogError { line, what };
    let named = |world: &str| {
        let found = shared.hub.named(world);
        found.map_err(|it| wrong(it.to_string()))
    };
    match entry {
        Entry::Arm(request) => {
            shared.arm.again(&request).map_err(wrong)?;
        }
        Entry::Control(request) => {
            let asked = control::again(shared, &request).map_err(wrong)?;
            InTurn::new(Arc::clone(tape), None, asked).await;
        }
        Entry::Struck {
            world,
            point,
            servers,
            instances,
        } => {
            let cell = named(&world)?;
            let _turn = tape.turn(|| None);
            strike_again(&cell, &point, &servers, &instances).map_err(wrong)?;
        }
        Entry::Login(login) => clients.log_in(shared, &login).map_err(wrong)?,
        Entry::Request(request) => clients.ask(request).map_err(wrong)?,
        Entry::Reset { session, keep } => clients.reset(session, keep).map_err(wrong)?,
        Entry::Step { session, times } => {
            for _ in 0..times {
                clients.step(session, script).map_err(wrong)?;
            }
        }
        Entry::Cancel { session } => clients.cancel(session).map_err(wrong)?,
        Entry::Gone { session } => clients.end(session).map_err(wrong)?,
        Entry::Advance { world, to } => {
            let cell = named(&world)?;
            let _turn = tape.turn(|| None);
            cell.advance_to(to);
        }
        Entry::Due { world } => {
            let cell = named(&world)?;
            let _turn = tape.turn(|| None);
            cell.read(|_| ());
        }
        Entry::Time { world, .. } => {
            let cell = named(&world)?;
            script.back();
            let _turn = tape.turn(|| None);
            cell.read(|_| ());
        }
        Entry::Given { what, .. } => {
            let what = format!("the replay does not ask for '{what}' here");
            return Err(wrong(what).into());
        }
        Entry::Answer(answer) => {
            let what = format!("the replay has no answer here; expected {}", shown(&answer));
            return Err(wrong(what).into());
        }
        Entry::Lost { by } => {
            let what = format!("something changed a world here that is not in the log, at {by}");
            return Err(wrong(what).into());
        }
        Entry::Start(_) | Entry::End(_) => {}
    }
    match script.parted() {
        Some(parted) => Err(parted.into()),
        None => Ok(()),
    }
}

/// Holds the worlds against those of the recording.
fn compare(shared: &Shared, line: usize, end: End) -> anyhow::Result<Vec<String>> {
    let now: BTreeMap<String, String> = shared.fingerprints();
    let differs = |what: String| LogError { line, what };
    for (name, expected) in &end.worlds {
        match now.get(name) {
            None => return Err(differs(format!("there is no world '{name}' in the end")).into()),
            Some(found) if found != expected => {
                let what = format!("the world '{name}' has come to something else than recorded");
                return Err(differs(what).into());
            }
            Some(_) => {}
        }
    }
    if let Some(name) = now.keys().find(|name| !end.worlds.contains_key(*name)) {
        return Err(differs(format!("the world '{name}' was not there in the end")).into());
    }
    Ok(end.worlds.into_keys().collect())
}

impl Script {
    pub(super) fn next_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether a session may go on: once for each permit, or because its request has been given up.
    pub(super) fn poll_step(&self, given_up: &impl Fn() -> bool) -> Poll<bool> {
        if given_up() {
            return Poll::Ready(false);
        }
        match self.permit.swap(false, Ordering::Relaxed) {
            true => Poll::Ready(true),
            false => Poll::Pending,
        }
    }

    /// Lets a session take a step.
    fn permit(&self) {
        self.permit.store(true, Ordering::Relaxed);
    }

    /// Whether the permit was taken; it is gone either way.
    fn was_taken(&self) -> bool {
        !self.permit.swap(false, Ordering::Relaxed)
    }

    fn next(&self) -> Option<(usize, Entry)> {
        let mut place = self.lock();
        let (line, entry) = self.entries.get(place.next)?;
        place.next += 1;
        place.line = *line;
        Some((*line, entry.clone()))
    }

    /// The last entry is still to be replayed.
    fn back(&self) {
        self.lock().next -= 1;
    }

    /// Takes the next entry if it is one of those.
    fn take<T>(&self, wanted: impl Fn(&Entry) -> Option<T>) -> Option<T> {
        let mut place = self.lock();
        let (line, entry) = self.entries.get(place.next)?;
        let taken = wanted(entry)?;
        place.next += 1;
        place.line = *line;
        Some(taken)
    }

    pub(super) fn moment(&self, of: &str) -> Option<Timestamp> {
        self.take(|entry| match entry {
            Entry::Time { world, at } if world == of => Some(*at),
            _ => None,
        })
    }

    pub(super) fn given(&self, wanted: &str) -> Option<Vec<u8>> {
        let found = self.take(|entry| match entry {
            Entry::Given { what, hex } if what == wanted => {
                Some(HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok())
            }
            _ => None,
        });
        match found {
            Some(Some(bytes)) => Some(bytes),
            Some(None) => {
                self.part("these are no bytes".to_owned());
                None
            }
            None => {
                self.part(format!(
                    "the replay asks for '{wanted}' here, which is not in the log"
                ));
                None
            }
        }
    }

    pub(super) fn answer(&self, answer: Answer) {
        let expected = self.take(|entry| match entry {
            Entry::Answer(expected) => Some(expected.clone()),
            _ => None,
        });
        match expected {
            Some(expected) if expected == answer => {}
            Some(expected) => self.part(difference(&expected, &answer)),
            None => self.part(format!(
                "the replay answers here already: {}",
                shown(&answer)
            )),
        }
    }

    /// Notes that the replay goes another way; the first time counts.
    fn part(&self, what: String) {
        let mut place = self.lock();
        let line = place.line;
        place.parted.get_or_insert(LogError { line, what });
    }

    fn parted(&self) -> Option<LogError> {
        self.lock().parted.take()
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first line in which two answers differ.
fn difference(expected: &Answer, found: &Answer) -> String {
    if expected.status != found.status {
        return format!(
            "the log has {}, the replay {}",
            shown(expected),
            shown(found)
        );
    }
    let says = |answer: &Answer, at: usize| answer.says.get(at).cloned();
    let most = expected.says.len().max(found.says.len());
    let at = (0..most).find(|at| says(expected, *at) != says(found, *at));
    let word = |line: Option<String>| line.unwrap_or_else(|| "nothing more".to_owned());
    match at {
        Some(at) => format!(
            "the answer differs: the log has {}, the replay {}",
            word(says(expected, at)),
            word(says(found, at))
        ),
        None => format!(
            "the log has {}, the replay {}",
            shown(expected),
            shown(found)
        ),
    }
}

fn shown(answer: &Answer) -> String {
    let status = answer.status.map(|status| format!("{status} "));
    let first = answer.says.first().map_or("(no words)", String::as_str);
    format!("{}{first}", status.unwrap_or_default())
}
