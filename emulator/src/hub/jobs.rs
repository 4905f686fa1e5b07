//! The seat of whoever runs the T-SQL of a world's jobs: one at a time, who looks again if something has happened meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};

use milink_tsql::jobs::Jobs;

/// What runs, and in which life of the world.
#[derive(Default)]
pub(crate) struct JobSeat {
    running: Mutex<(u64, Jobs)>,
    /// Something has happened that nobody has looked at.
    stirred: AtomicBool,
    /// Something runs, which may have been stopped.
    taken: AtomicBool,
}

impl JobSeat {
    /// Whether something runs.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// Lets `work` do what there is to do in the life `epoch`, unless somebody is at it: they look again when they are done.
    pub(crate) fn work(&self, epoch: impl Fn() -> u64, mut work: impl FnMut(&mut Jobs)) {
        self.stirred.store(true, Ordering::Release);
        while self.stirred.load(Ordering::Acquire) {
            let mut running = match self.running.try_lock() {
                Ok(running) => running,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            while self.stirred.swap(false, Ordering::AcqRel) {
                let now = epoch();
                if running.0 != now {
                    *running = (now, Jobs::default());
                }
                work(&mut running.1);
                self.taken.store(!running.1.is_empty(), Ordering::Release);
            }
        }
    }
}
