//! PATCH of the tags of a resource, which changes nothing else.

use std::sync::Arc;

use super::{Header, header, interface, load_balancer, machine, public_address};
use crate::azure::resource_group::writable_group;
use crate::azure::{ResourceKey, Tags};
use crate::command::Request;
use crate::refusal::Refusal;
use crate::world::World;

/// PATCH of the tags of a resource.
#[derive(Clone, Debug)]
pub struct TagResource {
    /// Of which type it is.
    pub kind: Tagged,
    /// The resource.
    pub key: ResourceKey,
    /// All its tags.
    pub tags: Tags,
}

/// The types of resources whose tags can be changed alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the types")]
pub enum Tagged {
    Interface,
    LoadBalancer,
    Machine,
    PublicAddress,
}

impl Tagged {
    const fn arm_type(self) -> &'static str {
        match self {
            Self::Interface => interface::KIND,
            Self::LoadBalancer => load_balancer::KIND,
            Self::Machine => machine::KIND,
            Self::PublicAddress => public_address::KIND,
        }
    }
}

impl Request for TagResource {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        writable_group(world, &self.key.group)?;
        let etag = world.ids.next_guid();
        let header = header_mut(world, self.kind, &self.key);
        let header = header.ok_or_else(|| header::not_found(self.kind.arm_type(), &self.key))?;
        header.tags = self.tags;
        header.etag = etag;
        Ok(())
    }
}

fn header_mut<'a>(world: &'a mut World, kind: Tagged, key: &ResourceKey) -> Option<&'a mut Header> {
    let fabric = &mut world.azure.fabric;
    Some(match kind {
        Tagged::Interface => &mut Arc::make_mut(fabric.interfaces.get_mut(key)?).header,
        Tagged::LoadBalancer => &mut Arc::make_mut(fabric.load_balancers.get_mut(key)?).header,
        Tagged::Machine => &mut Arc::make_mut(fabric.machines.get_mut(key)?).header,
        Tagged::PublicAddress => &mut Arc::make_mut(fabric.public_addresses.get_mut(key)?).header,
    })
}
