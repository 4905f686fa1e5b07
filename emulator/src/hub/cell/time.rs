//! How the time of a world passes, and who waits for it.

use std::sync::Arc;
use std::time::Duration;

use milink_core::World;
use milink_core::time::{Span, Timestamp};
use tokio::sync::watch;

use super::{State, WorldCell};
use crate::clock::ClockMode;
use crate::tape::Entry;

/// How long another client may take to release what one waits for before the time jumps: real
/// programs release locks in real time.
const GRACE: Duration = Duration::from_millis(50);
/// How many due moments one jump to quiet passes at most.
const QUIET_STEPS: usize = 100_000;

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

    /// Whether the time stands still until somebody lets it pass.
    pub(crate) fn is_clock_manual(&self) -> bool {
        self.lock().clock.mode() == ClockMode::Manual
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

    /// Lets the time pass up to `to`; it does not go back. What is being deployed, and jobs, go on at the
    /// moments when they can.
    pub fn advance_to(self: &Arc<Self>, to: Timestamp) {
        let _turn = self.tape.turn(|| {
            let world = self.name.clone();
            Some(Entry::Advance { world, to })
        });
        for _ in 0..QUIET_STEPS {
            match self.next_step_of_others() {
                Some(due) if due < to => self.pass_to(due),
                _ => break,
            }
        }
        self.pass_to(to);
    }

    /// When something next happens that a deployment or a job may wait for: what it does then is not due before.
    fn next_step_of_others(&self) -> Option<Timestamp> {
        let state = self.lock();
        let deploys = !state.world.azure.deployments.is_quiet();
        let works = deploys || state.world.has_running_jobs();
        works.then(|| state.world.next_due()).flatten()
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
            let due = self.read(World::next_due);
            let due = due.or_else(|| self.next_due_of_deployments());
            match due {
                Some(due) if due <= end => self.advance_to(due),
                _ => return,
            }
        }
    }

    /// When something is next due after deployments have gone on: whoever lets them may be at it just now.
    fn next_due_of_deployments(self: &Arc<Self>) -> Option<Timestamp> {
        if self.read(|world| world.azure.deployments.is_quiet()) {
            return None;
        }
        self.watch.deploy_and_wait(self.subscription);
        self.read(World::next_due)
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

    /// The clock was set: whoever waits for a moment looks again.
    pub(super) fn leapt(&self) {
        self.leaps.send_modify(|leaps| *leaps += 1);
    }

    pub(super) fn dismiss_driver(&self, state: &mut State) {
        state.driven = None;
        state.driver += 1;
        self.wake_driver.notify_waiters();
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
