//! The consumers of a target: private endpoints of networks and managed ones of data factories, and what the provider does
//! to their connections.

use std::sync::Arc;

use uuid::Uuid;

use super::connection::{Connection, Review, Target};
use super::private_endpoint::PrivateEndpoint;
use crate::azure::ResourceKey;
use crate::azure::data_factory::{Factory, ManagedEndpoint};
use crate::command::Request;
use crate::event::EventKind;
use crate::names::Name;
use crate::refusal::{FabricRefusal, Refusal};
use crate::world::World;

/// Whose connection it is on the consumer's side.
#[derive(Clone, Copy, Debug)]
pub enum Consumer<'a> {
    /// A private endpoint of a virtual network.
    Endpoint(&'a ResourceKey, &'a PrivateEndpoint),
    /// A managed private endpoint of a data factory.
    Managed(&'a Factory, &'a ManagedEndpoint),
}

/// The provider approves or rejects a connection.
#[derive(Clone, Debug)]
pub struct ReviewConnection {
    /// Whose connection it is.
    pub target: Target,
    /// Its name there.
    pub name: Name,
    /// What is said.
    pub review: Review,
    /// `description`.
    pub description: String,
}

/// The provider removes a connection.
#[derive(Clone, Debug)]
pub struct DeleteConnection {
    /// Whose connection it is.
    pub target: Target,
    /// Its name there.
    pub name: Name,
}

/// Where a consumer is kept.
enum At {
    Endpoint(ResourceKey),
    Managed(ResourceKey, Name),
}

impl<'a> Consumer<'a> {
    /// Its connection.
    pub fn connection(self) -> &'a Connection {
        match self {
            Self::Endpoint(_, endpoint) => &endpoint.connection,
            Self::Managed(_, endpoint) => &endpoint.connection,
        }
    }

    /// The name of the private endpoint.
    pub fn name(self) -> String {
        match self {
            Self::Endpoint(key, _) => key.name.to_string(),
            Self::Managed(factory, endpoint) => endpoint.full_name(&factory.key.name),
        }
    }

    /// Changes with each write of the endpoint.
    pub fn etag(self) -> Uuid {
        match self {
            Self::Endpoint(_, endpoint) => endpoint.header.etag,
            Self::Managed(_, endpoint) => endpoint.etag,
        }
    }

    /// The region of the endpoint.
    pub fn location(self) -> &'a str {
        match self {
            Self::Endpoint(_, endpoint) => &endpoint.header.location,
            Self::Managed(factory, _) => &factory.location,
        }
    }

    fn at(self) -> At {
        match self {
            Self::Endpoint(key, _) => At::Endpoint(key.clone()),
            Self::Managed(factory, endpoint) => {
                At::Managed(factory.key.clone(), endpoint.name.clone())
            }
        }
    }
}

impl World {
    /// Every consumer, whatever its connection leads to.
    pub fn consumers(&self) -> impl Iterator<Item = Consumer<'_>> {
        let endpoints = self.azure.fabric.private_endpoints.iter();
        let managed = self.azure.data_factories.values().flat_map(|factory| {
            let endpoints = factory.endpoints.values();
            endpoints.map(|endpoint| Consumer::Managed(factory, endpoint))
        });
        endpoints
            .map(|(key, endpoint)| Consumer::Endpoint(key, endpoint))
            .chain(managed)
    }

    /// The consumers whose connections a target lists.
    pub fn connections_to<'a>(
        &'a self,
        target: &'a Target,
    ) -> impl Iterator<Item = Consumer<'a>> + 'a {
        self.consumers().filter(move |consumer| {
            let connection = consumer.connection();
            connection.target == *target && connection.is_listed()
        })
    }

    /// The target of connections is gone: the endpoints stay, and lead nowhere.
    pub(in crate::azure) fn cut_connections(&mut self, target: &Target) {
        let listed: Vec<At> = self.connections_to(target).map(Consumer::at).collect();
        for at in listed {
            self.connection_mut(&at).cut();
        }
    }

    fn connection_named(&self, target: &Target, name: &Name) -> Option<At> {
        self.connections_to(target)
            .find(|consumer| consumer.connection().name == *name)
            .map(Consumer::at)
    }

    fn connection_mut(&mut self, at: &At) -> &mut Connection {
        let found = "found a moment ago";
        match at {
            At::Endpoint(key) => {
                let endpoint = self.azure.fabric.private_endpoints.get_mut(key);
                &mut Arc::make_mut(endpoint.expect(found)).connection
            }
            At::Managed(key, name) => {
                let endpoint = self.factory_mut(key).endpoints.get_mut(name);
                &mut endpoint.expect(found).connection
            }
        }
    }

    fn tell_of(&mut self, at: &At) {
        let endpoint = match at {
            At::Endpoint(key) => key.name.to_string(),
            At::Managed(key, name) => format!("{}.{name}", key.name),
        };
        let connection = self.connection_mut(at).clone();
        tell(self, endpoint, &connection);
    }
}

impl Request for ReviewConnection {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let at = world.connection_named(&self.target, &self.name);
        let at = at.ok_or_else(|| FabricRefusal::NoSuchConnection {
            name: self.name.to_string(),
        })?;
        let connection = world.connection_mut(&at);
        connection.review(self.review, self.description)?;
        world.tell_of(&at);
        Ok(())
    }
}

impl Request for DeleteConnection {
    /// Whether it was there.
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let Some(at) = world.connection_named(&self.target, &self.name) else {
            return Ok(false);
        };
        world.connection_mut(&at).cut();
        world.tell_of(&at);
        Ok(true)
    }
}

pub(in crate::azure) fn tell(world: &mut World, endpoint: String, connection: &Connection) {
    world.record(EventKind::ConnectionChanged {
        endpoint,
        connection: connection.name.to_string(),
        status: connection.status.text(),
    });
}
