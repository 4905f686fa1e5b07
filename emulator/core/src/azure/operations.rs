//! Canceling an operation on a managed instance.

use super::Pending;
use crate::command::Request;
use crate::ids::OperationId;
use crate::operation::OperationState;
use crate::refusal::{AzureRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::{Timer, World};

/// POST cancel.
#[derive(Clone, Debug)]
pub struct CancelOperation {
    /// The operation.
    pub operation: OperationId,
}

impl World {
    /// Whether an operation can be canceled: while an instance is being created or changed (documented).
    pub fn is_cancellable(&self, operation: OperationId) -> bool {
        matches!(
            self.azure.pending.get(&operation),
            Some(Pending::CreateInstance(_) | Pending::UpdateInstance(..))
        )
    }

    /// When a running operation on an ARM resource will be over, if time alone ends it.
    pub fn operation_due(&self, operation: OperationId) -> Option<Timestamp> {
        let due = self.timers.due(&Timer::Operation(operation));
        due.filter(|due| *due != Timestamp::NEVER)
    }
}

impl Request for CancelOperation {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let id = self.operation.to_string();
        let Some(operation) = world.operation(self.operation) else {
            return Err(AzureRefusal::OperationNotFound { id }.into());
        };
        if operation.state != OperationState::InProgress || !world.is_cancellable(self.operation) {
            return Err(AzureRefusal::OperationNotCancellable { id }.into());
        }
        if let Some(Pending::CreateInstance(name)) = world.azure.pending.remove(&self.operation) {
            world.azure.creating.remove(&name);
        }
        world.timers.cancel(&Timer::Operation(self.operation));
        world.cancel_operation(self.operation);
        Ok(())
    }
}
