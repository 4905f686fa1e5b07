//! The managed virtual network of a factory: the service's own, in which its runtimes and private endpoints are.

use uuid::Uuid;

use super::{Precondition, path, writable};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::event::EventKind;
use crate::names::Name;
use crate::refusal::{FactoryRefusal, Refusal};
use crate::world::World;

/// A managed virtual network.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedNetwork {
    /// Changes with each write.
    pub etag: Uuid,
    /// `vNetId`.
    pub id: Uuid,
    /// `preventDataExfiltration`.
    pub prevents_exfiltration: bool,
}

/// PUT. There is no DELETE (published definition).
#[derive(Clone, Debug)]
pub struct WriteManagedNetwork {
    /// Its factory.
    pub factory: ResourceKey,
    /// Its name.
    pub name: Name,
    /// `preventDataExfiltration`.
    pub prevents_exfiltration: bool,
    /// `If-Match`.
    pub condition: Precondition,
}

/// The one name that such a network has (`arm-contract.md` section 1).
pub const DEFAULT_NETWORK: &str = "default";

impl Request for WriteManagedNetwork {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let factory = writable(world, &self.factory)?;
        if !self.name.is(DEFAULT_NETWORK) {
            let name = self.name.to_string();
            return Err(FactoryRefusal::OnlyDefaultNetwork { name }.into());
        }
        let found = factory.network.as_ref();
        self.condition
            .check(&self.name, found.map(|found| found.etag))?;
        let id = found.map(|found| found.id);
        let network = ManagedNetwork {
            etag: world.ids.next_guid(),
            id: id.unwrap_or_else(|| world.ids.next_guid()),
            prevents_exfiltration: self.prevents_exfiltration,
        };
        world.factory_mut(&self.factory).network = Some(network);
        let resource = path(&self.factory, "managedVirtualNetworks", &self.name);
        world.record(EventKind::ResourceWritten { resource });
        Ok(())
    }
}
