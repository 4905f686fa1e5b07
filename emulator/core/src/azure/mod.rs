//! What Azure Resource Manager keeps: resource groups, virtual networks, and the ARM side of managed instances.

mod managed_instance;

pub use managed_instance::ManagedInstanceProperties;

/// The ARM resources of the world's subscription that are not instances.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Azure {}

use crate::ids::OperationId;
use crate::world::World;

/// Ends an operation on an ARM resource whose time has come.
pub(crate) fn complete(world: &mut World, id: OperationId) {
    world.succeed_operation(id, true);
}
