//! The seat of whoever runs the T-SQL of a world's jobs: one at a time, who looks again if something has happened meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};

use milink_tsql::jobs::{Back, Jobs};

/// What runs, and in which life of the world.
#[derive(Default)]
pub(crate) struct JobSeat {
    running: Mutex<(u64, Jobs)>,
    /// What comes from threads of their own, and from which life.
    back: Mutex<Vec<(u64, Back)>>,
    /// Something has happened that nobody has looked at.
    stirred: AtomicBool,
    /// Something runs, which may have been stopped.
    taken: AtomicBool,
    /// Nobody gets a thread any more.
    closed: AtomicBool,
}

impl JobSeat {
    /// Whether something runs.
    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// Lets `work` do what there is to do in the life `epoch`, unless somebody is at it: they look again when they are done.
    /// It is told the life, since another one may begin meanwhile.
    pub(crate) fn work(
        &self,
        epoch: impl Fn() -> u64,
        mut work: impl FnMut(&mut Jobs, Vec<Back>, u64),
    ) {
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
                let back = std::mem::take(&mut *self.lock_back());
                let back = back.into_iter().filter(|(epoch, _)| *epoch == now);
                work(&mut running.1, back.map(|(_, back)| back).collect(), now);
                self.taken.store(!running.1.is_empty(), Ordering::Release);
            }
        }
    }

    /// Something comes from a thread of its own, to be looked at with the next work.
    pub(crate) fn bring_back(&self, epoch: u64, back: Back) {
        self.lock_back().push((epoch, back));
    }

    /// Whether threads of their own are over.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends all that runs: the program around the world ends.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.1 = Jobs::default();
    }

    fn lock_back(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Back)>> {
        self.back.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
