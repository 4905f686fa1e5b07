//! Managed databases, as ARM creates and deletes them.

use std::sync::Arc;

use super::managed_instance::{InstanceState, not_busy, start_on};
use super::{Pending, Tags, check_name};
use crate::collation::Collation;
use crate::command::{CreateDatabase, DropDatabase, Request};
use crate::database::{Database, DatabaseState};
use crate::durations::Transition;
use crate::ids::{DatabaseId, InstanceId, OperationId};
use crate::names::Name;
use crate::refusal::{AzureRefusal, DatabaseRefusal, InstanceRefusal, Refusal};
use crate::time::Timestamp;
use crate::world::World;

/// PUT of a managed database.
#[derive(Clone, Debug)]
pub struct WriteManagedDatabase {
    /// The managed instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
    /// `location`, normalised.
    pub location: Option<String>,
    /// Its collation, as written.
    pub collation: Option<String>,
    /// Its tags; none keeps those it has.
    pub tags: Option<Tags>,
}

/// PATCH of a managed database: its tags.
#[derive(Clone, Debug)]
pub struct UpdateManagedDatabase {
    /// The managed instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
    /// All its tags; none leaves them.
    pub tags: Option<Tags>,
}

/// DELETE of a managed database. Answers no operation if there was none.
#[derive(Clone, Debug)]
pub struct DeleteManagedDatabase {
    /// The managed instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
}

/// A database that is being created.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewDatabase {
    instance: InstanceId,
    name: Name,
    collation: Collation,
    tags: Tags,
}

impl NewDatabase {
    pub(super) fn instance(&self) -> InstanceId {
        self.instance
    }
}

/// A managed database as ARM shows it.
#[derive(Clone, Debug)]
pub struct ManagedDatabaseView {
    /// Its name.
    pub name: Name,
    /// Its collation.
    pub collation: Collation,
    /// `status`.
    pub status: &'static str,
    /// When it was created; not yet known while it is being created.
    pub created: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
}

/// Names that the service keeps to itself (`CannotUseReservedDatabaseName`).
const RESERVED: [&str; 8] = [
    "master",
    "tempdb",
    "model",
    "msdb",
    "mssqlsystemresource",
    "resource",
    "replicatedmaster",
    "managed_model",
];
const STEM: &str = "managedDatabase";

impl World {
    /// The user databases of a managed instance, in the order of their names.
    pub fn managed_databases(&self, instance: InstanceId) -> Vec<ManagedDatabaseView> {
        let Some(engine) = self.instance(instance) else {
            return Vec::new();
        };
        let users = engine
            .databases
            .values()
            .filter(|database| !database.is_system());
        let state = self.state_of(instance);
        let there = users.map(|database| ManagedDatabaseView {
            name: database.name.clone(),
            collation: database.collation,
            status: status(state, database),
            created: Some(database.created),
            tags: self.database_tags(instance, database.id),
        });
        let creating = self
            .azure
            .pending
            .values()
            .filter_map(|pending| match pending {
                Pending::CreateDatabase(new) if new.instance == instance => {
                    Some(ManagedDatabaseView {
                        name: new.name.clone(),
                        collation: new.collation,
                        status: "Creating",
                        created: None,
                        tags: new.tags.clone(),
                    })
                }
                _ => None,
            });
        let mut all: Vec<_> = there.chain(creating).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn database_tags(&self, instance: InstanceId, database: DatabaseId) -> Tags {
        let key = (instance, database);
        self.azure
            .database_tags
            .get(&key)
            .cloned()
            .unwrap_or_default()
    }
}

impl Request for WriteManagedDatabase {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let name = self.name.to_string();
        let (_, properties) = super::managed_instance::facts(world, self.instance);
        if let Some(wanted) = self
            .location
            .filter(|wanted| *wanted != properties.location)
        {
            return Err(AzureRefusal::LocationChanged {
                name,
                location: properties.location.clone(),
                resource_group: properties.resource_group.to_string(),
                wanted,
            }
            .into());
        }
        let engine = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let collation = match &self.collation {
            None => engine.collation,
            Some(text) => Collation::named(text)
                .ok_or_else(|| InstanceRefusal::InvalidCollation { name: text.clone() })?,
        };
        let tail = format!("/databases/{name}");
        if let Some(found) = engine.database(&name).filter(|found| !found.is_system()) {
            if self.collation.is_some() && found.collation != collation {
                return Err(AzureRefusal::InvalidParameter {
                    parameter: "collation".to_owned(),
                    value: collation.name().to_owned(),
                }
                .into());
            }
            let key = (self.instance, found.id);
            if let Some(tags) = self.tags {
                world.azure.database_tags.insert(key, tags);
            }
            let operation = start_on(world, ("UpdateManagedDatabase", STEM), self.instance, &tail);
            let settle = Pending::Settle(Transition::DatabaseCreate);
            world.when_over(operation, Transition::DatabaseCreate, settle);
            return Ok(operation);
        }
        check_database_name(&name)?;
        not_on_secondary(world, self.instance, &name)?;
        if in_link(world, self.instance, &name) || is_pending(world, self.instance, &self.name) {
            return Err(AzureRefusal::DatabaseInLink { name }.into());
        }
        let most = crate::link::most_databases(engine);
        if engine.databases.len() >= most + 4 {
            return Err(InstanceRefusal::TooManyDatabases { most }.into());
        }
        not_busy(world, self.instance)?;
        let operation = start_on(world, ("CreateManagedDatabase", STEM), self.instance, &tail);
        let new = NewDatabase {
            instance: self.instance,
            name: self.name,
            collation,
            tags: self.tags.unwrap_or_default(),
        };
        let pending = Pending::CreateDatabase(Arc::new(new));
        world.when_over(operation, Transition::DatabaseCreate, pending);
        Ok(operation)
    }
}

impl Request for UpdateManagedDatabase {
    type Reply = OperationId;

    fn apply(self, world: &mut World) -> Result<OperationId, Refusal> {
        let name = self.name.to_string();
        let engine = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let found = engine.database(&name).filter(|found| !found.is_system());
        let Some(found) = found else {
            let kind = "Microsoft.Sql/managedInstances/databases";
            return Err(AzureRefusal::ChildNotFound { kind, name }.into());
        };
        let key = (self.instance, found.id);
        if let Some(tags) = self.tags {
            world.azure.database_tags.insert(key, tags);
        }
        let tail = format!("/databases/{name}");
        let operation = start_on(world, ("UpdateManagedDatabase", STEM), self.instance, &tail);
        let settle = Pending::Settle(Transition::DatabaseCreate);
        world.when_over(operation, Transition::DatabaseCreate, settle);
        Ok(operation)
    }
}

impl Request for DeleteManagedDatabase {
    type Reply = Option<OperationId>;

    fn apply(self, world: &mut World) -> Result<Option<OperationId>, Refusal> {
        let name = self.name.to_string();
        let engine = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let found = engine.database(&name).filter(|found| !found.is_system());
        if found.is_none() {
            return Ok(None);
        }
        if in_link(world, self.instance, &name) {
            return Err(AzureRefusal::DatabaseReplicated { name }.into());
        }
        not_on_secondary(world, self.instance, &name)?;
        not_busy(world, self.instance)?;
        let tail = format!("/databases/{name}");
        let operation = start_on(world, ("DropManagedDatabase", STEM), self.instance, &tail);
        let pending = Pending::DropDatabase(self.instance, self.name);
        world.when_over(operation, Transition::DatabaseCreate, pending);
        Ok(Some(operation))
    }
}

/// The database is there.
pub(super) fn finish_creation(world: &mut World, new: &NewDatabase) -> Result<(), Refusal> {
    if world.instance(new.instance).is_none() {
        return Ok(());
    }
    let create = CreateDatabase {
        instance: new.instance,
        name: new.name.clone(),
        collation: Some(new.collation),
    };
    let id = create.apply(world)?;
    let key = (new.instance, id);
    world.azure.database_tags.insert(key, new.tags.clone());
    Ok(())
}

/// The database is gone; sessions that were in it find themselves in master.
pub(super) fn finish_deletion(
    world: &mut World,
    instance: InstanceId,
    name: &Name,
) -> Result<(), Refusal> {
    let Some(engine) = world.instance(instance) else {
        return Ok(());
    };
    let Some(id) = engine.database(name.as_str()).map(|found| found.id) else {
        return Ok(());
    };
    let sessions = &mut world.instance_mut(instance).sessions;
    let inside: Vec<_> = sessions
        .values()
        .filter(|s| s.database == id)
        .map(|s| s.id)
        .collect();
    for session in inside {
        if let Some(session) = sessions.get_mut(&session) {
            session.database = DatabaseId(1);
        }
    }
    let name = name.clone();
    DropDatabase {
        instance,
        name,
        session: None,
    }
    .apply(world)?;
    world.azure.database_tags.remove(&(instance, id));
    Ok(())
}

fn check_database_name(name: &str) -> Result<(), AzureRefusal> {
    if RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
    {
        return Err(AzureRefusal::BadDatabaseName {
            name: name.to_owned(),
        });
    }
    check_name("Microsoft.Sql/managedInstances/databases", name)
}

fn in_link(world: &World, instance: InstanceId, database: &str) -> bool {
    world
        .links
        .values()
        .any(|link| link.id.instance == instance && link.spec.database.is(database))
}

/// The databases of a failover group's secondary are those of its primary.
fn not_on_secondary(world: &World, instance: InstanceId, name: &str) -> Result<(), Refusal> {
    match crate::geo::is_secondary(world, instance) {
        false => Ok(()),
        true => {
            let name = name.to_owned();
            Err(DatabaseRefusal::GeoSecondary { name }.into())
        }
    }
}

fn is_pending(world: &World, instance: InstanceId, name: &Name) -> bool {
    world.azure.pending.values().any(|pending| {
        matches!(pending, Pending::CreateDatabase(new) if new.instance == instance && new.name == *name)
    })
}

/// `status`: that of the instance while it is stopped, on the way there or on the way back; a database that is being
/// seeded is restoring.
fn status(instance: InstanceState, database: &Database) -> &'static str {
    match instance {
        InstanceState::Stopping => return "Stopping",
        InstanceState::Stopped => return "Stopped",
        InstanceState::Starting => return "Starting",
        InstanceState::Creating
        | InstanceState::Ready
        | InstanceState::Updating
        | InstanceState::Deleting => {}
    }
    match database.state {
        DatabaseState::Restoring | DatabaseState::Recovering => "Restoring",
        DatabaseState::Offline => "Offline",
        DatabaseState::Online => "Online",
        DatabaseState::RecoveryPending | DatabaseState::Suspect | DatabaseState::Emergency => {
            "Inaccessible"
        }
    }
}
