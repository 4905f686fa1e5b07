//! The program around an engine's session: the world in its cell, the keys, the client's wish to cancel.

use std::sync::Arc;

use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::time::Timestamp;
use milink_tsql::session::host::{CertificateRequest, Host};

use crate::hub::WorldCell;
use crate::keys::Keys;
use crate::tds::Cancel;

pub(super) struct SessionHost<'a> {
    pub(super) cell: &'a Arc<WorldCell>,
    pub(super) keys: &'a Keys,
    pub(super) cancel: &'a Cancel,
}

impl Host for SessionHost<'_> {
    fn snapshot(&mut self) -> World {
        self.cell.snapshot()
    }

    fn update(&mut self, change: &mut dyn FnMut(&mut World, Timestamp)) {
        self.cell.change(change);
    }

    fn make_certificate(&mut self, request: &CertificateRequest) -> CertificateFacts {
        self.keys.make_certificate(request)
    }

    fn read_certificate(&mut self, der: &[u8]) -> Result<CertificateFacts, String> {
        self.keys.read_certificate(der)
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}
