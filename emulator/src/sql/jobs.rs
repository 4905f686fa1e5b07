//! Running the T-SQL of SQL Server Agent's jobs: in whoever's turn something happens that lets it go on.

use std::sync::Arc;

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::time::Timestamp;
use milink_tsql::session::host::{CertificateRequest, Host};

use crate::hub::{Hub, WorldCell};
use crate::keys::Keys;

/// From now on the jobs of all worlds of a hub are run.
pub(crate) fn run_jobs(hub: &Hub, keys: &Arc<Keys>) {
    let keys = Arc::clone(keys);
    hub.watch().let_jobs_run(move |cell| {
        cell.jobs().work(
            || cell.epoch(),
            |jobs| jobs.go_on(&mut JobHost::new(cell, &keys)),
        );
    });
}

/// The world around the batches of jobs.
struct JobHost<'a> {
    cell: &'a Arc<WorldCell>,
    keys: &'a Keys,
    epoch: u64,
    /// What was seen last. When the world is taken from under a batch, the rest happens here and is forgotten.
    seen: World,
}

impl<'a> JobHost<'a> {
    fn new(cell: &'a Arc<WorldCell>, keys: &'a Keys) -> Self {
        Self {
            cell,
            keys,
            epoch: cell.epoch(),
            seen: cell.snapshot(),
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
        self.is_lost()
    }

    fn has_own_thread(&self) -> bool {
        true
    }
}
