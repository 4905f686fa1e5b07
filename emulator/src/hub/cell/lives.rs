//! The lives of a world: what was kept of it, and the way back there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use milink_core::World;
use milink_core::command::CloseSession;
use milink_core::time::Timestamp;

use super::{State, WorldCell};
use crate::clock::{Clock, ClockMode, host_now};
use crate::hub::HubError;

/// How many named snapshots a world keeps.
const SNAPSHOTS: usize = 1_000;

impl WorldCell {
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
    pub(in crate::hub) fn kept_copy(&self, snapshot: &str) -> Result<(World, ClockMode), HubError> {
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
    pub(in crate::hub) fn end(self: &Arc<Self>) {
        let mut state = self.lock();
        let empty = World::new(0, self.subscription, state.world.now());
        let now = empty.now();
        self.begin_life(&mut state, empty, now);
        self.settle(state);
    }

    /// The world without sessions, and its clock's mode, for a fork.
    pub(in crate::hub) fn copy(self: &Arc<Self>) -> (World, ClockMode) {
        let mut world = self.snapshot();
        close_sessions(&mut world);
        (world, self.lock().clock.mode())
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
