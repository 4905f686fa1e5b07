//! The platform moves a managed instance's own endpoint to another address: documented as possible at any time.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::address;
use crate::command::Request;
use crate::ids::InstanceId;
use crate::refusal::{AzureRefusal, Refusal};
use crate::world::World;

/// Gives a managed instance another address of its subnet. Names follow at once; whoever has kept the address does not.
#[derive(Clone, Copy, Debug)]
pub struct MoveInstance {
    /// The instance.
    pub instance: InstanceId,
}

impl Request for MoveInstance {
    type Reply = Ipv4Addr;

    fn apply(self, world: &mut World) -> Result<Ipv4Addr, Refusal> {
        let subnet = world
            .instance(self.instance)
            .and_then(|instance| instance.as_managed_instance())
            .and_then(|managed| managed.properties.subnet.clone());
        let Some(subnet) = subnet else {
            let what = "Another address of an instance without a subnet".to_owned();
            return Err(AzureRefusal::NotEmulated { what }.into());
        };
        let address = address::allocate_for_instance(world, &subnet)?;
        let instance = world.instance_mut(self.instance);
        if let Some(managed) = instance.as_managed_instance_mut() {
            Arc::make_mut(&mut managed.properties).address = Some(address);
        }
        Ok(address)
    }
}
