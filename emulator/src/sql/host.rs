//! The program around an engine's session: the world in its cell, the keys, the client's wish to cancel.

use std::sync::Arc;

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::ids::{InstanceId, SessionId};
use milink_core::time::Timestamp;
use milink_tsql::memory::Memory;
use milink_tsql::session::host::{CertificateRequest, Host};

use crate::hub::WorldCell;
use crate::keys::Keys;
use crate::tds::Cancel;

/// Where and when a session lives: in one life of its world, and in one of its instance's service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) instance: InstanceId,
    pub(super) epoch: u64,
    pub(super) service: u32,
    pub(super) session: SessionId,
}

impl Life {
    /// Whether it is over: where it lived is gone, or its connection was cut.
    pub(super) fn is_over(self, cell: &WorldCell, world: &World) -> bool {
        self.is_gone(cell, world) || self.is_cut(world)
    }

    /// Whether where it lived is gone: the world was reset or restored, the instance deleted, or its service stopped.
    pub(super) fn is_gone(self, cell: &WorldCell, world: &World) -> bool {
        let service = world.instance(self.instance).map(|found| found.life);
        cell.epoch() != self.epoch || service != Some(self.service)
    }

    fn is_cut(self, world: &World) -> bool {
        let sessions = world.instance(self.instance).map(|found| &found.sessions);
        let session = sessions.and_then(|sessions| sessions.get(&self.session));
        session.is_none_or(|session| session.cut)
    }
}

pub(super) struct SessionHost<'a> {
    cell: &'a Arc<WorldCell>,
    keys: &'a Keys,
    cancel: &'a Cancel,
    life: Life,
    /// What the session saw last. When the world is taken from under it (reset, restored, the instance deleted), the rest
    /// of the statement happens here and is forgotten.
    seen: World,
    lost: bool,
    has_own_thread: bool,
}

impl<'a> SessionHost<'a> {
    /// A host for a session.
    pub(super) fn new(
        cell: &'a Arc<WorldCell>,
        keys: &'a Keys,
        cancel: &'a Cancel,
        life: Life,
    ) -> Self {
        let seen = cell.snapshot();
        Self {
            cell,
            keys,
            cancel,
            life,
            lost: life.is_over(cell, &seen),
            seen,
            has_own_thread: false,
        }
    }

    /// The same, for a step that nobody else waits for.
    pub(super) fn on_own_thread(self) -> Self {
        Self {
            has_own_thread: true,
            ..self
        }
    }

    /// Whether the world has gone on without the session.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }
}

impl Host for SessionHost<'_> {
    fn snapshot(&mut self) -> World {
        if !self.lost {
            let world = self.cell.snapshot();
            if self.life.is_over(self.cell, &world) {
                self.lost = true;
            } else {
                self.seen = world;
            }
        }
        self.seen.clone()
    }

    fn attempt(&mut self, change: &mut dyn FnMut(&mut World, Timestamp) -> bool) {
        if !self.lost {
            let (cell, life) = (self.cell, self.life);
            let done = cell.attempt_in(life.epoch, |world, now| {
                let there = !life.is_over(cell, world);
                (there, there && change(world, now))
            });
            if done == Some(true) {
                return;
            }
            self.lost = true;
        }
        let now = self.seen.now();
        change(&mut self.seen, now);
    }

    fn make_certificate(&mut self, request: &CertificateRequest) -> CertificateFacts {
        self.keys.make_certificate(request)
    }

    fn read_certificate(&mut self, der: &[u8]) -> Result<CertificateFacts, String> {
        self.keys.read_certificate(der)
    }

    fn is_cancelled(&self) -> bool {
        self.lost || self.cancel.is_cancelled()
    }

    fn memory(&self) -> Memory {
        self.cell.memory().clone()
    }

    fn has_own_thread(&self) -> bool {
        self.has_own_thread
    }
}
