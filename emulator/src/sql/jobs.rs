//! Running the T-SQL of SQL Server Agent's jobs: a turn of it in whoever's turn something happens that lets it go on, what
//! takes longer on threads of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::time::Timestamp;
use milink_tsql::jobs::{Apart, Back, Pace};
use milink_tsql::memory::Memory;
use milink_tsql::session::host::{CertificateRequest, Host};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::hub::{Hub, WorldCell};
use crate::keys::Keys;

/// How many threads all jobs of all worlds have together; who finds none tries again after a rest.
const THREADS: usize = 16;

/// From now on the jobs of all worlds of a hub are run.
pub(crate) fn run_jobs(hub: &Hub, keys: &Arc<Keys>) {
    let runner = Runner {
        keys: Arc::clone(keys),
        threads: Arc::new(Semaphore::new(THREADS)),
    };
    hub.watch().let_jobs_run(move |cell| runner.work(cell));
}

/// Who runs them.
#[derive(Clone)]
struct Runner {
    keys: Arc<Keys>,
    threads: Arc<Semaphore>,
}

/// A batch on a thread of its own: brought back when this is dropped, whatever became of it.
struct Lent {
    runner: Runner,
    cell: Arc<WorldCell>,
    epoch: u64,
    back: Option<Back>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Runner {
    fn work(&self, cell: &Arc<WorldCell>) {
        let pace = pace(cell);
        cell.jobs().work(
            || cell.epoch(),
            |jobs, back, epoch| {
                let mut host = JobHost::new(cell, &self.keys, epoch);
                host.has_own_thread = pace == Pace::InTurns;
                for back in back {
                    jobs.take_back(back, &mut host);
                }
                jobs.go_on(pace, &mut host);
                if pace == Pace::InTurns || cell.jobs().is_closed() {
                    return;
                }
                let mut permits = Vec::new();
                let leaving = jobs.leave(|| {
                    let permit = Arc::clone(&self.threads).try_acquire_owned();
                    permit.map(|permit| permits.push(permit)).is_ok()
                });
                for (apart, permit) in leaving.into_iter().zip(permits) {
                    self.lend(cell, epoch, pace, apart, permit);
                }
            },
        );
    }

    /// Gives a batch a thread.
    fn lend(
        &self,
        cell: &Arc<WorldCell>,
        epoch: u64,
        pace: Pace,
        apart: Apart,
        permit: OwnedSemaphorePermit,
    ) {
        let mut lent = Lent {
            runner: self.clone(),
            cell: Arc::clone(cell),
            epoch,
            back: Some(apart.lost()),
            permit: Some(permit),
        };
        tokio::task::spawn_blocking(move || lent.run(pace, apart));
    }
}

impl Lent {
    fn run(&mut self, pace: Pace, apart: Apart) {
        let mut host = JobHost::new(&self.cell, &self.runner.keys, self.epoch);
        host.has_own_thread = true;
        host.wish = Some(apart.wish());
        self.back = Some(apart.run(pace, &mut host));
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.permit = None;
        if let Some(back) = self.back.take() {
            self.cell.jobs().bring_back(self.epoch, back);
            self.runner.work(&self.cell);
        }
    }
}

/// How those go on that take long.
fn pace(cell: &WorldCell) -> Pace {
    if cell.tape().is_on() || Handle::try_current().is_err() {
        // With an input log, nobody else goes on meanwhile.
        Pace::InTurns
    } else if cell.is_clock_manual() {
        Pace::WithRests
    } else {
        Pace::Free
    }
}

/// The world around the batches of jobs.
struct JobHost<'a> {
    cell: &'a Arc<WorldCell>,
    keys: &'a Keys,
    epoch: u64,
    /// What was seen last. When the world is taken from under a batch, the rest happens here and is forgotten.
    seen: World,
    has_own_thread: bool,
    /// Set when nobody wants it any more.
    wish: Option<Arc<AtomicBool>>,
}

impl<'a> JobHost<'a> {
    /// For a batch of this life of the world. If it is another one by now, everything happens to what is forgotten.
    fn new(cell: &'a Arc<WorldCell>, keys: &'a Keys, epoch: u64) -> Self {
        Self {
            cell,
            keys,
            epoch,
            seen: cell.snapshot(),
            has_own_thread: false,
            wish: None,
        }
    }

    fn is_lost(&self) -> bool {
        self.cell.epoch() != self.epoch
    }
}

impl Host for JobHost<'_> {
    fn snapshot(&mut self) -> World {
        if !self.is_lost() {
            self.seen = self.cell.snapshot();
        }
        self.seen.clone()
    }

    fn attempt(&mut self, change: &mut dyn FnMut(&mut World, Timestamp) -> bool) {
        let done = self
            .cell
            .attempt_in(self.epoch, |world, now| ((), change(world, now)));
        if done.is_none() {
            let now = self.seen.now();
            change(&mut self.seen, now);
        }
    }

    fn make_certificate(&mut self, request: &CertificateRequest) -> CertificateFacts {
        self.keys.make_certificate(request)
    }

    fn read_certificate(&mut self, der: &[u8]) -> Result<CertificateFacts, String> {
        self.keys.read_certificate(der)
    }

    fn is_cancelled(&self) -> bool {
        let unwanted = |wish: &Arc<AtomicBool>| wish.load(Ordering::Acquire);
        self.is_lost() || self.wish.as_ref().is_some_and(unwanted)
    }

    fn memory(&self) -> Memory {
        self.cell.memory().clone()
    }

    fn has_own_thread(&self) -> bool {
        self.has_own_thread
    }
}
