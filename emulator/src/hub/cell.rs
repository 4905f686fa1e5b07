//! One world with its lock, its clock, its snapshots and those who wait for it.

mod lives;
mod time;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use milink_core::command::Request;
use milink_core::event::Event;
use milink_core::explain::Explanation;
use milink_core::time::Timestamp;
use milink_core::{Refusal, World};
use milink_tsql::memory::Memory;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{JobSeat, Watch};
use crate::calls::Calls;
use crate::clock::{Clock, ClockMode};
use crate::explanations::Refused;
use crate::inputs::Inputs;
use crate::tape::{Entry, Tape, Turn};

pub use self::time::ClockState;

/// A world that clients share.
///
/// The lock is a `std` one: it is held for microseconds, never across an `await`, and its order is
/// the order of everything that happens in the world.
pub struct WorldCell {
    name: String,
    subscription: Uuid,
    state: Mutex<State>,
    /// Counts changes; whoever waits watches it.
    version: watch::Sender<u64>,
    /// Counts the services that have stopped; whoever serves their clients watches it.
    stops: watch::Sender<u64>,
    /// Counts the leaps of the clock: whenever it shows something else than it would have by running on.
    leaps: watch::Sender<u64>,
    /// Which life of the world this is. Restoring and resetting begin a new one, and sessions of
    /// the old one are over.
    epoch: AtomicU64,
    calls: Arc<Calls>,
    inputs: Inputs,
    /// The T-SQL of jobs that runs.
    jobs: JobSeat,
    watch: Arc<Watch>,
    tape: Arc<Tape>,
    pub(super) wake_driver: Arc<Notify>,
    /// Whether the world has faults on request, for those who would have to take the lock to ask them.
    has_faults: AtomicBool,
}

pub(super) struct State {
    pub(super) world: World,
    pub(super) clock: Clock,
    /// The moment the driver sleeps for, if there is a driver.
    pub(super) driven: Option<Timestamp>,
    /// Which driver it is; an earlier one ends when it wakes.
    pub(super) driver: u64,
    initial: World,
    /// The world when its laws were checked last, and when that was.
    lawful: World,
    checked: Instant,
    snapshots: BTreeMap<String, World>,
    told: u64,
    /// Where there is an input log: the turn in which the clock was looked at last, and what it showed.
    shown: (u64, Timestamp),
}

impl WorldCell {
    pub(super) fn new(
        name: &str,
        world: World,
        mode: ClockMode,
        watch: Arc<Watch>,
        tape: Arc<Tape>,
    ) -> Arc<Self> {
        let told = world.event_count();
        Arc::new(Self {
            name: name.to_owned(),
            subscription: world.subscription,
            state: Mutex::new(State {
                clock: Clock::new(mode, world.now()),
                shown: (0, world.now()),
                initial: world.clone(),
                lawful: world.clone(),
                checked: Instant::now(),
                world,
                driven: None,
                driver: 0,
                snapshots: BTreeMap::new(),
                told,
            }),
            version: watch::Sender::new(0),
            stops: watch::Sender::new(0),
            leaps: watch::Sender::new(0),
            epoch: AtomicU64::new(0),
            calls: Arc::default(),
            inputs: Inputs::default(),
            jobs: JobSeat::default(),
            watch,
            tape,
            wake_driver: Arc::default(),
            has_faults: AtomicBool::new(false),
        })
    }

    /// Its time begins to pass. What is due at once may ask the hub for something, so nobody holds its lock now.
    pub(super) fn begin(self: &Arc<Self>) {
        self.change(|_, _| ());
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The subscription that selects it.
    pub fn subscription(&self) -> Uuid {
        self.subscription
    }

    /// What clients have asked of it, if that is recorded.
    pub fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }

    /// Whether the world has faults on request.
    pub fn has_faults(&self) -> bool {
        self.has_faults.load(Ordering::Acquire)
    }

    /// What it was asked.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Notes that somebody asks for something now.
    pub fn note_input(&self, from: &str, text: &str) {
        let now = self.lock().clock.now();
        self.inputs.add(now, from, text);
    }

    /// Remembers that something was refused, and why; says under which id.
    pub fn explain(
        self: &Arc<Self>,
        refused: Refused,
        why: impl FnOnce(&World) -> Explanation,
    ) -> String {
        let (time, explanation) = self.read(|world| (world.now(), why(world)));
        self.watch.explanations().add(Refused {
            world: Some(self.name.clone()),
            time: Some(time.to_string()),
            at: time,
            explanation,
            ..refused
        })
    }

    /// The T-SQL of jobs that runs.
    pub(crate) fn jobs(&self) -> &JobSeat {
        &self.jobs
    }

    /// The memory for the rows of statements, of this world and all others.
    pub(crate) fn memory(&self) -> &Memory {
        self.watch.memory()
    }

    /// The input log.
    pub(crate) fn tape(&self) -> &Arc<Tape> {
        &self.tape
    }

    /// What time it is. Where there is an input log, the time stands within a turn, and between turns.
    fn now(&self, state: &mut State) -> Timestamp {
        if !self.tape.is_on() {
            return state.clock.now();
        }
        let come_to = state.world.now();
        if let Some(turn) = self.tape.current()
            && state.shown.0 != turn
        {
            let clock = &state.clock;
            let at = self.tape.moment(&self.name, come_to, || clock.now());
            state.shown = (turn, at);
        }
        state.shown.1.max(come_to)
    }

    /// Whoever changes a world without a turn changes it behind the log's back.
    #[track_caller]
    fn turn(&self) -> Turn<'_> {
        let by = std::panic::Location::caller();
        self.tape.turn(|| Some(Entry::Lost { by: by.to_string() }))
    }

    /// Which life of the world this is.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Changes so far; to be handed to [`wait_change`](Self::wait_change).
    pub fn version(&self) -> u64 {
        *self.version.borrow()
    }

    /// Tells when services have stopped.
    pub fn stops(&self) -> watch::Receiver<u64> {
        self.stops.subscribe()
    }

    /// Reads the world as it is now.
    pub fn read<R>(self: &Arc<Self>, read: impl FnOnce(&World) -> R) -> R {
        let mut state = self.lock();
        let now = self.now(&mut state);
        let due = state.world.is_due(now);
        state.world.advance_to(now);
        let result = read(&state.world);
        if due {
            self.settle(state);
        }
        result
    }

    /// A copy of the world as it is now. Costs little: collections are shared.
    pub fn snapshot(self: &Arc<Self>) -> World {
        self.read(World::clone)
    }

    /// Changes the world, alone, at its clock's now.
    #[track_caller]
    pub fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        let _turn = self.turn();
        let mut state = self.lock();
        let now = self.now(&mut state);
        state.world.advance_to(now);
        let result = change(&mut state.world, now);
        self.settle(state);
        result
    }

    /// As [`change`](Self::change), unless the world is no longer in the life `epoch`.
    #[track_caller]
    pub fn change_in<R>(
        self: &Arc<Self>,
        epoch: u64,
        change: impl FnOnce(&mut World, Timestamp) -> R,
    ) -> Option<R> {
        self.attempt_in(epoch, |world, now| (change(world, now), true))
    }

    /// As [`change_in`](Self::change_in) for what may have to leave the world as it is, and says whether it has changed it:
    /// if not, nobody who waits for a change is woken.
    #[track_caller]
    pub fn attempt_in<R>(
        self: &Arc<Self>,
        epoch: u64,
        attempt: impl FnOnce(&mut World, Timestamp) -> (R, bool),
    ) -> Option<R> {
        let _turn = self.turn();
        let mut state = self.lock();
        // Epochs change under the lock.
        if self.epoch() != epoch {
            return None;
        }
        let now = self.now(&mut state);
        let due = state.world.is_due(now);
        state.world.advance_to(now);
        let (result, changed) = attempt(&mut state.world, now);
        if due || changed {
            self.settle(state);
        }
        Some(result)
    }

    /// Asks the world for something.
    ///
    /// # Errors
    ///
    /// The world refuses.
    #[track_caller]
    pub fn submit<R: Request>(self: &Arc<Self>, request: R) -> Result<R::Reply, Refusal> {
        self.change(|world, now| world.apply(now, request))
    }

    /// Events after the one numbered `after`.
    pub fn events_after(self: &Arc<Self>, after: u64) -> Vec<Arc<Event>> {
        self.read(|world| world.events_after(after).cloned().collect())
    }

    /// Takes the lock. The world is whole even after a panic under it: a command works on a draft.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After a change: wakes who waits, sees to the driver, writes the log.
    pub(super) fn settle(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let faults = !state.world.faults().is_empty();
        self.has_faults.store(faults, Ordering::Release);
        let State {
            world,
            lawful,
            checked,
            ..
        } = &mut *state;
        if self.watch.is_due(*checked) {
            self.watch.check(&self.name, lawful, world);
            *lawful = world.clone();
            *checked = Instant::now();
        }
        self.version.send_modify(|version| *version += 1);
        let stops = state.world.stops();
        self.stops.send_if_modified(|seen| {
            let changed = *seen != stops;
            *seen = stops;
            changed
        });
        super::driver::see_to(self, &mut state);
        let runs_jobs = state.world.has_jobs_in_hand() || self.jobs.is_taken();
        self.tell_news(state);
        if runs_jobs {
            self.watch.run_jobs(self);
        }
    }

    /// Tells what has happened, if anything has.
    fn tell_news(&self, mut state: MutexGuard<'_, State>) {
        let (after, count) = (state.told, state.world.event_count());
        if after == count {
            return;
        }
        state.told = count;
        let deploys = !state.world.azure.deployments.is_quiet();
        if !deploys && !tracing::enabled!(target: "milink::world", tracing::Level::INFO) {
            return;
        }
        let events: Vec<Arc<Event>> = state.world.events_after(after).cloned().collect();
        drop(state);
        tell(&self.name, events);
        if deploys {
            self.watch.deploy(self.subscription);
        }
    }
}

impl Drop for WorldCell {
    fn drop(&mut self) {
        self.wake_driver.notify_waiters();
    }
}

/// Writes to the log what has happened.
fn tell(world: &str, events: Vec<Arc<Event>>) {
    for event in events {
        tracing::info!(
            target: "milink::world",
            world,
            time = %event.time,
            sequence = event.sequence,
            event = ?event.kind
        );
    }
}
