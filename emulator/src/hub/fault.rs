//! Faults of a world, for Rust programs: installed with a guard that removes them.

use std::sync::Arc;

use milink_core::fault::{Fault, FaultError, FaultId};

use super::WorldCell;

/// A fault that is there as long as this is, in the life of the world that it was installed in.
#[derive(Debug)]
#[must_use = "the fault is removed when this is dropped"]
pub struct FaultGuard {
    cell: Arc<WorldCell>,
    id: FaultId,
    epoch: u64,
    keeps: bool,
}

impl WorldCell {
    /// Installs a fault that is removed when the guard is dropped.
    ///
    /// # Errors
    ///
    /// It says something that its point does not know.
    pub fn fault(self: &Arc<Self>, fault: Fault) -> Result<FaultGuard, FaultError> {
        let epoch = self.epoch();
        let id = self.install_fault(fault)?;
        Ok(FaultGuard {
            cell: Arc::clone(self),
            id,
            epoch,
            keeps: false,
        })
    }

    /// Installs a fault that stays until it is removed.
    ///
    /// # Errors
    ///
    /// It says something that its point does not know.
    pub fn install_fault(self: &Arc<Self>, fault: Fault) -> Result<FaultId, FaultError> {
        self.change(|world, now| world.install_fault(now, fault))
    }

    /// Removes a fault.
    ///
    /// # Errors
    ///
    /// It is not there.
    pub fn remove_fault(self: &Arc<Self>, id: FaultId) -> Result<(), FaultError> {
        self.change(|world, now| world.remove_fault(now, id))
    }

    /// Removes every fault.
    pub fn clear_faults(self: &Arc<Self>) {
        self.change(|world, now| world.clear_faults(now));
    }
}

impl FaultGuard {
    /// The fault's id.
    pub fn id(&self) -> FaultId {
        self.id
    }

    /// How often it has bitten; none if it is no longer there.
    pub fn bites(&self) -> Option<u64> {
        self.cell
            .read(|world| world.faults().get(self.id).map(|rule| rule.bitten))
    }

    /// Leaves the fault where it is.
    pub fn keep(mut self) -> FaultId {
        self.keeps = true;
        self.id
    }
}

impl Drop for FaultGuard {
    fn drop(&mut self) {
        if !self.keeps {
            // Its time may be over, or its world's life.
            let _ = self
                .cell
                .change_in(self.epoch, |world, now| world.remove_fault(now, self.id));
        }
    }
}

impl std::fmt::Debug for WorldCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("WorldCell").field(&self.name()).finish()
    }
}
