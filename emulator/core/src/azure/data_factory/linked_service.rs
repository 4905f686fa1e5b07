//! Linked services: how a factory connects to something, kept under a name.

use std::sync::Arc;

use uuid::Uuid;

use super::connection_string::SqlConnection;
use super::{AUTO_RESOLVE, Factory, Precondition, path, writable};
use crate::azure::{ResourceKey, check_name};
use crate::command::Request;
use crate::event::EventKind;
use crate::names::Name;
use crate::refusal::{FactoryRefusal, Refusal};
use crate::world::World;

/// A linked service.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedService {
    /// Its name.
    pub name: Name,
    /// Changes with each write.
    pub etag: Uuid,
    /// To what.
    pub kind: LinkedServiceKind,
    /// `connectVia`.
    pub runtime: Option<Name>,
    /// `properties` as they are shown, without secrets.
    pub shown: Arc<str>,
    /// How it connects; or what is wrong with its connection string.
    pub connection: Result<SqlConnection, String>,
    /// Stands for its password where that is not shown.
    pub credential: Uuid,
}

/// Kinds of linked services that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are ARM's words")]
pub enum LinkedServiceKind {
    AzureSqlMI,
    SqlServer,
}

/// PUT.
#[derive(Clone, Debug)]
pub struct WriteLinkedService {
    /// Its factory.
    pub factory: ResourceKey,
    /// Its name.
    pub name: Name,
    /// To what.
    pub kind: LinkedServiceKind,
    /// `connectVia`.
    pub runtime: Option<Name>,
    /// `properties` as they are shown, without secrets.
    pub shown: Arc<str>,
    /// How it connects; or what is wrong with its connection string.
    pub connection: Result<SqlConnection, String>,
    /// `encryptedCredential`, if that is given instead of a password.
    pub credential: Option<Uuid>,
    /// `If-Match`.
    pub condition: Precondition,
}

/// DELETE. Answers whether it was there.
#[derive(Clone, Debug)]
pub struct DeleteLinkedService {
    /// Its factory.
    pub factory: ResourceKey,
    /// Its name.
    pub name: Name,
}

const KIND: &str = "Microsoft.DataFactory/factories/linkedservices";

impl LinkedServiceKind {
    /// As ARM writes it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::AzureSqlMI => "AzureSqlMI",
            Self::SqlServer => "SqlServer",
        }
    }

    /// What ARM calls so.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::AzureSqlMI, Self::SqlServer];
        all.into_iter()
            .find(|kind| kind.text().eq_ignore_ascii_case(text))
    }
}

impl Request for WriteLinkedService {
    type Reply = ();

    fn apply(mut self, world: &mut World) -> Result<(), Refusal> {
        let factory = writable(world, &self.factory)?;
        let found = factory.linked_services.get(&self.name).cloned();
        self.condition
            .check(&self.name, found.as_ref().map(|found| found.etag))?;
        if found.is_none() {
            check_name(KIND, self.name.as_str())?;
        }
        let runtime = known_runtime(factory, self.runtime.as_ref())?;
        // Whoever writes back what was read sends the credential instead of what was secret.
        if let Some(found) = &found
            && self.credential == Some(found.credential)
            && let Ok(connection) = &mut self.connection
        {
            connection.complete(&found.connection);
        }
        let service = LinkedService {
            name: found.as_ref().map_or(self.name, |found| found.name.clone()),
            etag: world.ids.next_guid(),
            kind: self.kind,
            runtime,
            shown: self.shown,
            connection: self.connection,
            credential: world.ids.next_guid(),
        };
        let resource = path(&self.factory, "linkedservices", &service.name);
        let factory = world.factory_mut(&self.factory);
        factory
            .linked_services
            .insert(service.name.clone(), service);
        world.record(EventKind::ResourceWritten { resource });
        Ok(())
    }
}

impl Request for DeleteLinkedService {
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        writable(world, &self.factory)?;
        let factory = world.factory_mut(&self.factory);
        if factory.linked_services.remove(&self.name).is_none() {
            return Ok(false);
        }
        let resource = path(&self.factory, "linkedservices", &self.name);
        world.record(EventKind::ResourceDeleted { resource });
        Ok(true)
    }
}

/// The runtime that is referred to, which must be there.
pub(super) fn known_runtime(
    factory: &Factory,
    name: Option<&Name>,
) -> Result<Option<Name>, FactoryRefusal> {
    let Some(name) = name else {
        return Ok(None);
    };
    match factory.runtime_name(name) {
        Some(found) if factory.runtimes.contains_key(&found) || found.is(AUTO_RESOLVE) => {
            Ok(Some(found))
        }
        _ => Err(FactoryRefusal::InvalidReference {
            name: name.to_string(),
        }),
    }
}
