//! Drives a world whose clock runs: wakes when something is due and lets it happen.
//!
//! A world has a driver only while something is due, so idle worlds cost no task.

use std::sync::{Arc, Weak};

use super::cell::{State, WorldCell};
use crate::tape::Entry;

/// Starts or wakes the driver if something is due earlier than it knows.
pub(super) fn see_to(cell: &Arc<WorldCell>, state: &mut State) {
    let Some(due) = state.world.next_due() else {
        return;
    };
    if cell.tape().is_replaying() {
        // What comes due by itself is in the log.
        return;
    }
    if state.clock.host_wait(due).is_none() {
        return;
    }
    match state.driven {
        Some(known) if known <= due => (),
        Some(_) => {
            state.driven = Some(due);
            cell.wake_driver.notify_waiters();
        }
        None => {
            // Without a runtime there are no clients either: whoever reads advances the world.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                state.driven = Some(due);
                runtime.spawn(drive(Arc::downgrade(cell), state.driver));
            }
        }
    }
}

async fn drive(cell: Weak<WorldCell>, driver: u64) {
    loop {
        let Some(world) = cell.upgrade() else {
            return;
        };
        let wake = Arc::clone(&world.wake_driver);
        // Listens before it looks, so that no wake is missed in between.
        let woken = wake.notified();
        let wait = {
            let mut state = world.lock();
            if state.driver != driver {
                // A new life or clock; it has its own driver if it needs one.
                return;
            }
            let now = state.clock.now();
            let due = state.world.next_due();
            if due.is_some_and(|due| due <= now) && world.tape().is_on() {
                drop(state);
                let _turn = world.tape().turn(|| {
                    let world = world.name().to_owned();
                    Some(Entry::Due { world })
                });
                world.read(|_| ());
                continue;
            }
            if due.is_some_and(|due| due <= now) {
                state.world.advance_to(now);
                world.settle(state);
                continue;
            }
            let wait = due.and_then(|due| state.clock.host_wait(due));
            state.driven = wait.and(due);
            match wait {
                Some(wait) => wait,
                None => return,
            }
        };
        drop(world);
        tokio::select! {
            () = tokio::time::sleep(wait) => (),
            () = woken => (),
        }
    }
}
