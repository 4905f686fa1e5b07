//! Azure Data Factory, as far as it reaches out for SQL: factories, their managed virtual network and its private endpoints,
//! integration runtimes, and linked services whose connection can be tested.
//!
//! Moves no data: pipelines and datasets are not here.

mod connection_string;
mod factory;
pub(crate) mod laws;
mod linked_service;
mod managed_endpoint;
mod managed_network;
mod precondition;
mod runtime;
mod sign_in;
mod test_connection;

pub use connection_string::{Authentication, SqlConnection, without_password};
pub use factory::{DeleteFactory, UpdateFactory, WriteFactory};
pub use linked_service::{
    DeleteLinkedService, LinkedService, LinkedServiceKind, WriteLinkedService,
};
pub use managed_endpoint::{DeleteManagedEndpoint, ManagedEndpoint, WriteManagedEndpoint};
pub use managed_network::{DEFAULT_NETWORK, ManagedNetwork, WriteManagedNetwork};
pub use precondition::Precondition;
pub use runtime::{
    AuthenticationKey, DeleteRuntime, IntegrationRuntime, Interactive, InteractiveStatus,
    RegenerateKey, RuntimeKind, Seat, SwitchInteractive, WriteRuntime,
};
pub use test_connection::{ConnectionError, Subject, TestConnection, TestedConnection};

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use uuid::Uuid;

use super::{ResourceKey, Tags};
use crate::names::Name;
use crate::refusal::AzureRefusal;
use crate::time::Timestamp;
use crate::world::World;

/// A data factory.
#[derive(Clone, Debug, PartialEq)]
pub struct Factory {
    /// Its resource group and name.
    pub key: ResourceKey,
    /// Its region.
    pub location: String,
    /// Its tags.
    pub tags: Tags,
    /// Changes with each write of the factory itself.
    pub etag: Uuid,
    /// When it was created.
    pub created: Timestamp,
    /// `publicNetworkAccess`.
    pub public_network_access: bool,
    /// The object id of its system-assigned identity.
    pub identity: Option<Uuid>,
    /// Its managed virtual network.
    pub network: Option<ManagedNetwork>,
    /// Its integration runtimes; that named `AutoResolveIntegrationRuntime` is there without being listed.
    pub runtimes: BTreeMap<Name, IntegrationRuntime>,
    /// Its managed private endpoints.
    pub endpoints: BTreeMap<Name, ManagedEndpoint>,
    /// Its linked services.
    pub linked_services: BTreeMap<Name, LinkedService>,
}

/// The ARM type.
pub const KIND: &str = "Microsoft.DataFactory/factories";
/// The runtime that every factory has from the start, outside of any network (documented).
pub const AUTO_RESOLVE: &str = "AutoResolveIntegrationRuntime";
/// From where runtimes in a managed network connect (guess: its addresses are not shown anywhere).
pub(crate) const RUNTIME_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 252, 255, 4);

impl Factory {
    /// The name of a runtime as the factory writes it.
    pub(crate) fn runtime_name(&self, name: &Name) -> Option<Name> {
        match self.runtimes.get_key_value(name) {
            Some((found, _)) => Some(found.clone()),
            None => name.is(AUTO_RESOLVE).then(|| AUTO_RESOLVE.into()),
        }
    }

    /// Where a runtime runs, if Azure runs it.
    pub(crate) fn seat_of(&self, runtime: &Name) -> Option<Seat> {
        match self.runtimes.get(runtime) {
            Some(found) => found.seat(),
            None => runtime.is(AUTO_RESOLVE).then_some(Seat::Public),
        }
    }

    /// Whether a runtime connects for somebody who designs.
    pub(crate) fn tries(&self, world: &World, runtime: &Name) -> bool {
        let interactive = self
            .runtimes
            .get(runtime)
            .and_then(|found| found.interactive());
        interactive
            .is_none_or(|interactive| interactive.status(world) == InteractiveStatus::Enabled)
    }
}

impl World {
    /// The data factory of this group and name.
    pub fn data_factory(&self, key: &ResourceKey) -> Option<&Factory> {
        self.azure.data_factories.get(key).map(|found| &**found)
    }

    /// One that has been found a moment ago.
    pub(in crate::azure) fn factory_mut(&mut self, key: &ResourceKey) -> &mut Factory {
        let found = self.azure.data_factories.get_mut(key);
        Arc::make_mut(found.expect("found a moment ago"))
    }
}

/// The factory, if it may be written in.
fn writable<'a>(world: &'a World, key: &ResourceKey) -> Result<&'a Factory, AzureRefusal> {
    super::resource_group::writable_group(world, &key.group)?;
    world
        .data_factory(key)
        .ok_or_else(|| AzureRefusal::NotFound {
            kind: KIND,
            name: key.name.to_string(),
            resource_group: key.group.to_string(),
        })
}

/// What the journal calls something in a factory.
fn path(key: &ResourceKey, kind: &str, name: &Name) -> String {
    format!("{KIND}/{}/{kind}/{name}", key.name)
}
