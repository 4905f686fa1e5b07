//! Factories themselves. Everything about them is done at once (`arm-contract.md` section 2.7).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Factory, KIND, Precondition, writable};
use crate::azure::fabric::Place;
use crate::azure::resource_group::writable_group;
use crate::azure::{ResourceKey, Tags, check_name};
use crate::command::Request;
use crate::event::EventKind;
use crate::refusal::{AzureRefusal, FactoryRefusal, Refusal};
use crate::world::World;

/// PUT.
#[derive(Clone, Debug)]
pub struct WriteFactory {
    /// Where and what it is.
    pub place: Place,
    /// `publicNetworkAccess`.
    pub public_network_access: bool,
    /// Whether it is to have an identity.
    pub identity: bool,
    /// `If-Match`.
    pub condition: Precondition,
}

/// PATCH: none leaves what is there.
#[derive(Clone, Debug)]
pub struct UpdateFactory {
    /// The factory.
    pub key: ResourceKey,
    /// All its tags.
    pub tags: Option<Tags>,
    /// `publicNetworkAccess`.
    pub public_network_access: Option<bool>,
    /// Whether it is to have an identity.
    pub identity: Option<bool>,
}

/// DELETE, with all that is in it. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct DeleteFactory {
    /// The factory.
    pub key: ResourceKey,
}

impl Request for WriteFactory {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let key = self.place.key.clone();
        writable_group(world, &key.group)?;
        let found = world.data_factory(&key).cloned();
        self.condition
            .check(&key.name, found.as_ref().map(|found| found.etag))?;
        match &found {
            None => {
                check_name(KIND, key.name.as_str())?;
                let mut taken = world.azure.data_factories.keys();
                if taken.any(|other| other.name == key.name) {
                    let name = key.name.to_string();
                    return Err(FactoryRefusal::NameInUse { name }.into());
                }
            }
            Some(found) if !found.location.eq_ignore_ascii_case(&self.place.location) => {
                return Err(AzureRefusal::LocationChanged {
                    name: key.name.to_string(),
                    location: found.location.clone(),
                    resource_group: key.group.to_string(),
                    wanted: self.place.location,
                }
                .into());
            }
            Some(_) => {}
        }
        let etag = world.ids.next_guid();
        let created = found.as_ref().map_or(world.now(), |found| found.created);
        let identity = found.as_ref().and_then(|found| found.identity);
        let identity = match self.identity {
            true => Some(identity.unwrap_or_else(|| world.ids.next_guid())),
            false => None,
        };
        let kept = found.unwrap_or_else(|| Factory {
            key: key.clone(),
            location: self.place.location,
            tags: Tags::new(),
            etag,
            created,
            public_network_access: true,
            identity: None,
            network: None,
            runtimes: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            linked_services: BTreeMap::new(),
        });
        let factory = Factory {
            tags: self.place.tags,
            etag,
            public_network_access: self.public_network_access,
            identity,
            ..kept
        };
        let resource = format!("{KIND}/{}", factory.key.name);
        world.azure.data_factories.insert(key, Arc::new(factory));
        world.record(EventKind::ResourceWritten { resource });
        Ok(())
    }
}

impl Request for UpdateFactory {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        writable(world, &self.key)?;
        let (etag, identity) = (world.ids.next_guid(), world.ids.next_guid());
        let factory = world.factory_mut(&self.key);
        factory.etag = etag;
        if let Some(tags) = self.tags {
            factory.tags = tags;
        }
        if let Some(access) = self.public_network_access {
            factory.public_network_access = access;
        }
        match self.identity {
            None => {}
            Some(true) => factory.identity = factory.identity.or(Some(identity)),
            Some(false) => factory.identity = None,
        }
        let resource = format!("{KIND}/{}", self.key.name);
        world.record(EventKind::ResourceWritten { resource });
        Ok(())
    }
}

impl Request for DeleteFactory {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        writable_group(world, &self.key.group)?;
        if world.azure.data_factories.remove(&self.key).is_none() {
            return Ok(false);
        }
        let resource = format!("{KIND}/{}", self.key.name);
        world.record(EventKind::ResourceDeleted { resource });
        Ok(true)
    }
}
