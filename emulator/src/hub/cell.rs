//! One world with its lock, its clock, its snapshots and those who wait for it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use milink_core::command::{CloseSession, Request};
use milink_core::event::Event;
use milink_core::explain::Explanation;
use milink_core::time::{Span, Timestamp};
use milink_core::{Refusal, World};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{HubError, Watch};
use crate::calls::Calls;
use crate::clock::{Clock, ClockMode, host_now};
use crate::explanations::Refused;
use crate::inputs::Inputs;
use crate::tape::{Entry, Tape, Turn};

/// How long another client may take to release what one waits for before the time jumps: real
/// programs release locks in real time.
const GRACE: Duration = Duration::from_millis(50);
/// How many named snapshots a world keeps.
const SNAPSHOTS: usize = 1_000;
/// How many due moments one jump to quiet passes at most.
const QUIET_STEPS: usize = 100_000;

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

/// A clock as the control API shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockState {
    /// Its mode.
    pub mode: ClockMode,
    /// The world's time.
    pub now: Timestamp,
    /// When something next happens by itself.
    pub next_due: Option<Timestamp>,
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

    /// Makes what the world is now what [`reset`](Self::reset) goes back to.
    pub fn mark_initial(&self) {
        let mut state = self.lock();
        state.initial = state.world.clone();
    }

    /// Keeps the world under a name, replacing what had that name.
    ///
    /// # Errors
    ///
    /// There are too many snapshots.
    pub fn keep(self: &Arc<Self>, snapshot: &str) -> Result<(), HubError> {
        let copy = self.snapshot();
        let mut state = self.lock();
        if state.snapshots.len() >= SNAPSHOTS && !state.snapshots.contains_key(snapshot) {
            return Err(HubError::TooMany);
        }
        state.snapshots.insert(snapshot.to_owned(), copy);
        Ok(())
    }

    /// What was kept under a name, for a world that begins with it.
    pub(super) fn kept_copy(&self, snapshot: &str) -> Result<(World, ClockMode), HubError> {
        let state = self.lock();
        let world = state.snapshots.get(snapshot).cloned();
        let mut world = world.ok_or_else(|| HubError::NoSnapshot {
            world: self.name.clone(),
            snapshot: snapshot.to_owned(),
        })?;
        let mode = state.clock.mode();
        drop(state);
        close_sessions(&mut world);
        Ok((world, mode))
    }

    /// The names of what was kept.
    pub fn kept(&self) -> Vec<String> {
        self.lock().snapshots.keys().cloned().collect()
    }

    /// Goes back to what was kept under a name, at that moment of its time. SQL sessions end.
    ///
    /// # Errors
    ///
    /// Nothing was kept under that name.
    pub fn restore(self: &Arc<Self>, snapshot: &str) -> Result<(), HubError> {
        let mut state = self.lock();
        let world = state.snapshots.get(snapshot).cloned();
        let world = world.ok_or_else(|| HubError::NoSnapshot {
            world: self.name.clone(),
            snapshot: snapshot.to_owned(),
        })?;
        let now = world.now();
        self.begin_life(&mut state, world, now);
        self.settle(state);
        Ok(())
    }

    /// Goes back to how the world began; a clock that runs shows the host's time again. SQL sessions end.
    pub fn reset(self: &Arc<Self>) {
        let mut state = self.lock();
        let world = state.initial.clone();
        let now = match state.clock.mode() {
            ClockMode::Manual => world.now(),
            _ => world.now().max(self.tape.host_time(host_now)),
        };
        self.begin_life(&mut state, world, now);
        self.settle(state);
    }

    /// Ends all sessions; the world is being dropped.
    pub(super) fn end(self: &Arc<Self>) {
        let mut state = self.lock();
        let empty = World::new(0, self.subscription, state.world.now());
        let now = empty.now();
        self.begin_life(&mut state, empty, now);
        self.settle(state);
    }

    /// How the clock stands.
    pub fn clock(self: &Arc<Self>) -> ClockState {
        let next_due = self.read(World::next_due);
        let state = self.lock();
        ClockState {
            mode: state.clock.mode(),
            now: state.world.now(),
            next_due,
        }
    }

    /// Changes how the time passes.
    pub fn set_clock_mode(self: &Arc<Self>, mode: ClockMode) {
        let mut state = self.lock();
        state.clock.set_mode(mode);
        self.leapt();
        self.dismiss_driver(&mut state);
        self.settle(state);
    }

    /// Lets time pass at once: everything due until then happens.
    pub fn advance(self: &Arc<Self>, span: Span) {
        let to = {
            let mut state = self.lock();
            self.now(&mut state) + span
        };
        self.advance_to(to);
    }

    /// Lets the time pass up to `to`; it does not go back. What is being deployed goes on at the moments when it can.
    pub fn advance_to(self: &Arc<Self>, to: Timestamp) {
        let _turn = self.tape.turn(|| {
            let world = self.name.clone();
            Some(Entry::Advance { world, to })
        });
        for _ in 0..QUIET_STEPS {
            match self.next_step_of_deployments() {
                Some(due) if due < to => self.pass_to(due),
                _ => break,
            }
        }
        self.pass_to(to);
    }

    /// When something next happens that a deployment may wait for: what it does then is not due before.
    fn next_step_of_deployments(&self) -> Option<Timestamp> {
        let state = self.lock();
        let deploys = !state.world.azure.deployments.is_quiet();
        deploys.then(|| state.world.next_due()).flatten()
    }

    fn pass_to(self: &Arc<Self>, to: Timestamp) {
        let mut state = self.lock();
        let shown = self.now(&mut state);
        state.clock.jump_to(to);
        self.leapt();
        let now = match self.tape.is_on() {
            true => shown.max(to),
            false => state.clock.now(),
        };
        state.world.advance_to(now);
        self.settle(state);
    }

    /// Goes from one due moment to the next until nothing more happens by itself, at most for
    /// `limit`.
    pub fn advance_until_quiet(self: &Arc<Self>, limit: Span) {
        let end = {
            let mut state = self.lock();
            self.now(&mut state) + limit
        };
        for _ in 0..QUIET_STEPS {
            match self.read(World::next_due) {
                Some(due) if due <= end => self.advance_to(due),
                _ => return,
            }
        }
    }

    /// A client polls: what ends after so many polls comes nearer to it, and a clock that jumps goes to the next due
    /// moment.
    pub fn poll_jump(self: &Arc<Self>) {
        let mut state = self.lock();
        let jumps = state.clock.mode().jumps();
        if !jumps && !state.world.is_held() {
            return;
        }
        let now = self.now(&mut state);
        state.world.poll(now);
        if let Some(due) = state.world.next_due().filter(|_| jumps) {
            state.clock.jump_to(due);
            self.leapt();
            state.world.advance_to(due);
        }
        self.settle(state);
    }

    /// A client looks at a link without waiting: what ends after so many polls comes nearer to it.
    pub fn look(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.world.is_held() {
            let now = self.now(&mut state);
            state.world.poll(now);
            self.settle(state);
        }
    }

    /// Whether the next poll makes the time jump to something.
    pub fn would_jump(self: &Arc<Self>) -> bool {
        let state = self.lock();
        state.clock.mode().jumps() && state.world.next_due().is_some()
    }

    /// Waits until the world's time is `at`. A clock that jumps, jumps there.
    pub async fn wait_until(self: &Arc<Self>, at: Timestamp) {
        let mut changes = self.version.subscribe();
        loop {
            let wait = {
                let state = self.lock();
                if state.clock.now() >= at {
                    break;
                }
                (!state.clock.mode().jumps()).then(|| state.clock.host_wait(at))
            };
            match wait {
                None => {
                    self.advance_to(at);
                    // Others get a turn, however often one client waits.
                    tokio::task::yield_now().await;
                }
                Some(wait) => sleep_or_change(wait, &mut changes).await,
            }
        }
    }

    /// Waits until the world's time is `at`, however it comes to that: nobody needs it to be then, so no clock jumps for it.
    pub async fn wait_passed(self: &Arc<Self>, at: Timestamp) {
        let mut leaps = self.leaps.subscribe();
        loop {
            let wait = {
                let state = self.lock();
                if state.clock.now() >= at {
                    return;
                }
                state.clock.host_wait(at)
            };
            sleep_or_change(wait, &mut leaps).await;
        }
    }

    /// Waits until the world has changed since `seen`, or its time is `until`.
    pub async fn wait_change(self: &Arc<Self>, seen: u64, until: Option<Timestamp>) {
        let mut changes = self.version.subscribe();
        if *changes.borrow_and_update() != seen {
            return;
        }
        let Some(until) = until else {
            // The sender lives in self.
            let _ = changes.changed().await;
            return;
        };
        let (jumps, wait) = {
            let state = self.lock();
            if state.clock.now() >= until {
                return;
            }
            let jumps = state.clock.mode().jumps();
            (jumps, state.clock.host_wait(until))
        };
        if !jumps {
            return sleep_or_change(wait, &mut changes).await;
        }
        let grace = wait.unwrap_or(GRACE).min(GRACE);
        if tokio::time::timeout(grace, changes.changed())
            .await
            .is_err()
        {
            let due = self.read(World::next_due);
            self.advance_to(due.map_or(until, |due| due.min(until)));
        }
    }

    /// Events after the one numbered `after`.
    pub fn events_after(self: &Arc<Self>, after: u64) -> Vec<Arc<Event>> {
        self.read(|world| world.events_after(after).cloned().collect())
    }

    /// The world without sessions, and its clock's mode, for a fork.
    pub(super) fn copy(self: &Arc<Self>) -> (World, ClockMode) {
        let mut world = self.snapshot();
        close_sessions(&mut world);
        (world, self.lock().clock.mode())
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

    fn begin_life(&self, state: &mut State, mut world: World, now: Timestamp) {
        close_sessions(&mut world);
        state.told = state.told.min(world.event_count());
        state.clock = Clock::new(state.clock.mode(), now);
        state.shown.1 = now;
        self.leapt();
        world.advance_to(now);
        state.world = world;
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.dismiss_driver(state);
    }

    /// The clock was set: whoever waits for a moment looks again.
    fn leapt(&self) {
        self.leaps.send_modify(|leaps| *leaps += 1);
    }

    fn dismiss_driver(&self, state: &mut State) {
        state.driven = None;
        state.driver += 1;
        self.wake_driver.notify_waiters();
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

async fn sleep_or_change(wait: Option<Duration>, changes: &mut watch::Receiver<u64>) {
    let changed = async {
        // An error would say that the world is gone; its owner is who waits.
        let _ = changes.changed().await;
    };
    match wait {
        Some(wait) => tokio::select! {
            () = tokio::time::sleep(wait) => (),
            () = changed => (),
        },
        None => changed.await,
    }
}

fn close_sessions(world: &mut World) {
    let open: Vec<CloseSession> = world
        .instances
        .values()
        .flat_map(|instance| {
            let id = instance.id;
            instance.sessions.keys().map(move |session| CloseSession {
                instance: id,
                session: *session,
            })
        })
        .collect();
    let now = world.now();
    for close in open {
        world
            .apply(now, close)
            .expect("closing a session is never refused");
    }
}
