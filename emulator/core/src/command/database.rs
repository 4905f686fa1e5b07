//! Creating, changing and dropping databases.

use std::sync::Arc;

use imbl::OrdMap;

use super::database_file::{self, NewFile};
use super::{Request, end_use};
use crate::collation::Collation;
use crate::database::{
    BackupChain, Database, DatabaseOptions, DatabaseState, RecoveryModel, SuspendReason, UserAccess,
};
use crate::encryption::{self, SwitchEncryption};
use crate::event::EventKind;
use crate::ids::{DatabaseId, IdSource, InstanceId, SessionId};
use crate::names::Name;
use crate::refusal::{DatabaseRefusal, GroupRefusal, Refusal};
use crate::store::{Content, DatabaseFile, Log};
use crate::time::Timestamp;
use crate::world::World;

/// CREATE DATABASE.
#[derive(Clone, Debug)]
pub struct CreateDatabase {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
    /// COLLATE; none takes the server's.
    pub collation: Option<Collation>,
}

/// DROP DATABASE.
#[derive(Clone, Debug)]
pub struct DropDatabase {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
    /// The session that asks: its own use of the database is found out too.
    pub session: Option<SessionId>,
}

/// ALTER DATABASE … SET, MODIFY NAME and COLLATE.
#[derive(Clone, Debug)]
pub struct AlterDatabase {
    /// The instance.
    pub instance: InstanceId,
    /// Its name.
    pub name: Name,
    /// The changes, in order; all or none.
    pub changes: Vec<DatabaseChange>,
}

/// ALTER DATABASE by a session: what it changes may need the database for itself alone.
#[derive(Clone, Debug)]
pub struct AlterDatabaseAs {
    /// What it changes.
    pub alter: AlterDatabase,
    /// The session.
    pub session: SessionId,
    /// What becomes of others that use the database, where that matters.
    pub others: Others,
}

/// What becomes of the other users of a database that somebody needs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They stay, and the change is refused.
    Stay,
    /// They go: WITH ROLLBACK.
    Go,
}

/// One change of ALTER DATABASE.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are the statement's words")]
pub enum DatabaseChange {
    Recovery(RecoveryModel),
    Offline,
    Online,
    Emergency,
    ReadOnly,
    ReadWrite,
    UserAccess(UserAccess),
    CompatibilityLevel(u8),
    Options(DatabaseOptions),
    /// SET ENCRYPTION.
    Encryption(bool),
    Rename(Name),
    Collation(Collation),
    /// ADD LOG FILE.
    AddLogFile(NewFile),
    /// REMOVE FILE.
    RemoveFile(Name),
    /// SET HADR SUSPEND.
    HadrSuspend,
    /// SET HADR RESUME.
    HadrResume,
    /// SET HADR OFF.
    HadrOff,
    /// SET HADR AVAILABILITY GROUP = name.
    HadrJoin(Name),
}

impl Request for CreateDatabase {
    type Reply = DatabaseId;

    fn apply(self, world: &mut World) -> Result<DatabaseId, Refusal> {
        let now = world.now();
        let instance = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        if instance.database(self.name.as_str()).is_some() {
            return Err(DatabaseRefusal::Exists {
                name: self.name.to_string(),
            }
            .into());
        }
        if self.name.as_str().is_empty() || self.name.as_str().encode_utf16().count() > 128 {
            return Err(DatabaseRefusal::BadName {
                name: self.name.to_string(),
            }
            .into());
        }
        if crate::geo::is_secondary(world, self.instance) {
            let name = self.name.to_string();
            return Err(DatabaseRefusal::GeoSecondary { name }.into());
        }
        let collation = self.collation.unwrap_or(instance.collation);
        let level = instance.default_compatibility_level();
        let managed = instance.is_managed_instance();
        let id = instance.free_database_id();
        let server = instance.name.to_string();
        let key = encryption::encrypt_new(world, instance, &self.name);
        let mut database = Database::create(&mut world.ids, id, self.name, collation, level, now);
        database.content.encryption_key = key.map(Arc::new);
        if managed {
            // The service takes a full backup of a new database by itself.
            database.chain = BackupChain {
                last_full: Some(database.log.end()),
                last_full_time: Some(now),
                last_log: Some(database.log.end()),
                last_log_time: None,
            };
        }
        let name = database.name.to_string();
        world
            .instance_mut(self.instance)
            .databases
            .insert(id, Arc::new(database));
        world.record(EventKind::DatabaseCreated {
            instance: server,
            database: name,
        });
        Ok(id)
    }
}

impl Request for DropDatabase {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let geo = |group| {
            crate::geo::is_geo(world, group) && !crate::geo::is_secondary(world, self.instance)
        };
        let instance = world
            .instance(self.instance)
            .expect("instance ids come from the world");
        let name = || self.name.to_string();
        let database = instance
            .database(self.name.as_str())
            .ok_or_else(|| DatabaseRefusal::NotFound { name: name() })?;
        if database.is_system() {
            return Err(DatabaseRefusal::System { name: name() }.into());
        }
        // What a failover group replicates goes on both sides.
        let replicated = database.group.map(|(group, _)| group);
        if replicated.is_some_and(|group| !geo(group)) {
            return Err(DatabaseRefusal::InGroup { name: name() }.into());
        }
        if database.copy.is_some() {
            return Err(DatabaseRefusal::InLink { name: name() }.into());
        }
        let id = database.id;
        if instance
            .live_sessions()
            .any(|session| session.database == id)
        {
            return Err(DatabaseRefusal::InUse { name: name() }.into());
        }
        if let Some(group) = replicated {
            crate::geo::retire(world, self.instance, group, id);
        }
        let instance = world.instance_mut(self.instance);
        instance.databases.remove(&id);
        instance.forget_open_keys(id);
        let server = instance.name.to_string();
        crate::azure::authorization::forget_database(world, self.instance, &self.name);
        world.record(EventKind::DatabaseDropped {
            instance: server,
            database: name(),
        });
        Ok(())
    }
}

impl Request for AlterDatabase {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = world.instance_mut(self.instance);
        let found = instance.database(self.name.as_str());
        let id = found
            .ok_or_else(|| DatabaseRefusal::NotFound {
                name: self.name.to_string(),
            })?
            .id;
        for change in self.changes {
            let instance = world.instance_mut(self.instance);
            if let DatabaseChange::Rename(new) = &change
                && instance
                    .database(new.as_str())
                    .is_some_and(|other| other.id != id)
            {
                return Err(DatabaseRefusal::Exists {
                    name: new.to_string(),
                }
                .into());
            }
            match change {
                DatabaseChange::HadrJoin(ref group) => {
                    crate::replica::join_database(world, self.instance, id, group)?;
                    continue;
                }
                DatabaseChange::AddLogFile(file) => {
                    database_file::add(world, self.instance, id, file)?;
                    continue;
                }
                DatabaseChange::RemoveFile(ref name) => {
                    database_file::remove(world, self.instance, id, name)?;
                    continue;
                }
                DatabaseChange::Encryption(on) => {
                    let (instance, database) = (self.instance, id);
                    SwitchEncryption {
                        instance,
                        database,
                        on,
                    }
                    .apply(world)?;
                    continue;
                }
                _ => {}
            }
            let managed = instance.is_managed_instance();
            let database = instance.database_mut(id).expect("found a moment ago");
            let group = database.group;
            let renamed = matches!(change, DatabaseChange::Rename(_));
            alter(database, change, managed)?;
            let left = group.filter(|_| instance.databases[&id].group.is_none());
            if let Some((group, member)) = left
                && let Some(group) = instance.groups.get_mut(&group)
                && let Some(local) = Arc::make_mut(group).as_local_mut()
            {
                local.databases.retain(|joined| joined.id != member);
            }
            if renamed {
                crate::azure::authorization::forget_database(world, self.instance, &self.name);
            }
        }
        Ok(())
    }
}

impl Request for AlterDatabaseAs {
    /// Whether others had to go.
    type Reply = bool;

    fn apply(self, world: &mut World) -> Result<bool, Refusal> {
        let Self {
            alter,
            session,
            others,
        } = self;
        let (instance, name) = (alter.instance, alter.name.clone());
        let found = world.instance_mut(instance);
        let before = found.database(name.as_str()).cloned();
        let before = before.ok_or_else(|| DatabaseRefusal::NotFound {
            name: name.to_string(),
        })?;
        let name = || name.to_string();
        let mut users = super::session::users(found, before.id, Some(session));
        if before.user_access == UserAccess::SingleUser && !users.is_empty() {
            return Err(DatabaseRefusal::SingleUser { name: name() }.into());
        }
        let needs = alter.changes.iter();
        let needs = needs.map(|change| Needs::of(change, &before));
        let needs = needs.max().unwrap_or(Needs::Nothing);
        if needs == Needs::NoUsers {
            let administers = |id: &SessionId| {
                let login = found.sessions.get(id).map(|session| session.login);
                let login = login.and_then(|login| found.logins.get(&login));
                login.is_some_and(|login| login.sysadmin)
            };
            users.retain(|user| !administers(user));
        }
        // What is refused for itself is refused at once, and not after a wait for the others.
        alter.apply(world)?;
        match others {
            _ if needs == Needs::Nothing || users.is_empty() => Ok(false),
            Others::Stay => Err(DatabaseRefusal::OthersConnected { name: name() }.into()),
            Others::Go => Ok(end_use(world, instance, before.id, Some(session))),
        }
    }
}

/// Who may not be in a database for a change of it (`ALTER DATABASE SET options`, WITH termination).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    /// Nobody but administrators.
    NoUsers,
    /// Nobody.
    Nobody,
}

impl Needs {
    fn of(change: &DatabaseChange, before: &Database) -> Self {
        match change {
            DatabaseChange::Offline | DatabaseChange::UserAccess(UserAccess::SingleUser) => {
                Self::Nobody
            }
            DatabaseChange::ReadOnly if !before.read_only => Self::Nobody,
            DatabaseChange::ReadWrite if before.read_only => Self::Nobody,
            DatabaseChange::UserAccess(UserAccess::RestrictedUser) => Self::NoUsers,
            _ => Self::Nothing,
        }
    }
}

fn alter(database: &mut Database, change: DatabaseChange, managed: bool) -> Result<(), Refusal> {
    let name = || database.name.to_string();
    let joined = database.group.is_some() || database.copy.is_some();
    let refuse_if = |refused: bool, option: &str| {
        if refused {
            Err(DatabaseRefusal::OptionNotAllowed {
                name: name(),
                option: option.to_owned(),
            })
        } else {
            Ok(())
        }
    };
    let in_group = || -> Result<(), Refusal> {
        if joined {
            Err(DatabaseRefusal::InGroup { name: name() }.into())
        } else {
            Ok(())
        }
    };
    match change {
        DatabaseChange::Recovery(model) => {
            if model != RecoveryModel::Full {
                in_group()?;
                refuse_if(managed && !database.is_system(), "RECOVERY")?;
                database.chain = BackupChain::default();
            }
            database.recovery_model = model;
        }
        DatabaseChange::Offline => {
            in_group()?;
            refuse_if(database.is_system() || managed, "OFFLINE")?;
            database.state = DatabaseState::Offline;
        }
        DatabaseChange::Online => {
            if database.state == DatabaseState::Restoring {
                return Err(DatabaseRefusal::Restoring { name: name() }.into());
            }
            database.state = DatabaseState::Online;
        }
        DatabaseChange::Emergency => {
            in_group()?;
            refuse_if(database.is_system() || managed, "EMERGENCY")?;
            database.state = DatabaseState::Emergency;
        }
        DatabaseChange::ReadOnly => {
            in_group()?;
            refuse_if(database.is_system(), "READ_ONLY")?;
            database.read_only = true;
        }
        DatabaseChange::ReadWrite => database.read_only = false,
        DatabaseChange::UserAccess(access) => {
            if access != UserAccess::MultiUser {
                in_group()?;
                refuse_if(managed, "SINGLE_USER")?;
            }
            database.user_access = access;
        }
        DatabaseChange::CompatibilityLevel(level) => database.compatibility_level = level,
        DatabaseChange::Options(options) => {
            if options.auto_close {
                in_group()?;
            }
            database.options = options;
        }
        DatabaseChange::Rename(new) => {
            in_group()?;
            refuse_if(database.is_system(), "MODIFY NAME")?;
            database.name = new;
        }
        DatabaseChange::Collation(collation) => database.collation = collation,
        DatabaseChange::HadrSuspend if joined => database.suspended = Some(SuspendReason::User),
        DatabaseChange::HadrResume if joined => database.suspended = None,
        DatabaseChange::HadrSuspend | DatabaseChange::HadrResume | DatabaseChange::HadrOff
            if !joined =>
        {
            return Err(GroupRefusal::NotJoined { database: name() }.into());
        }
        DatabaseChange::HadrSuspend | DatabaseChange::HadrResume => {}
        DatabaseChange::HadrOff => {
            // Its groups belong to the service.
            refuse_if(managed, "HADR")?;
            if database.copy.is_none() {
                return Err(GroupRefusal::OnPrimary { database: name() }.into());
            }
            database.copy = None;
            database.group = None;
            database.state = DatabaseState::Restoring;
        }
        // They concern more than the database.
        DatabaseChange::HadrJoin(_)
        | DatabaseChange::AddLogFile(_)
        | DatabaseChange::RemoveFile(_)
        | DatabaseChange::Encryption(_) => {}
    }
    Ok(())
}

impl Database {
    /// A new, empty database.
    pub(crate) fn create(
        ids: &mut IdSource,
        id: DatabaseId,
        name: Name,
        collation: Collation,
        compatibility_level: u8,
        now: Timestamp,
    ) -> Self {
        let mut content = Content::default();
        content.files = DatabaseFile::first(id, &name).into();
        Self {
            id,
            name,
            guid: ids.next_guid(),
            recovery_fork: ids.next_guid(),
            broker_guid: ids.next_guid(),
            created: now,
            collation,
            compatibility_level,
            recovery_model: RecoveryModel::Full,
            state: DatabaseState::Online,
            user_access: UserAccess::MultiUser,
            read_only: false,
            options: DatabaseOptions::default(),
            content,
            version: 0,
            log: Log::default(),
            transactions: OrdMap::new(),
            locks: OrdMap::new(),
            chain: BackupChain::default(),
            group: None,
            copy: None,
            suspended: None,
        }
    }

    /// The data file and the log file that every database has.
    pub fn first_files(&self) -> [DatabaseFile; 2] {
        let unsaid = DatabaseFile::first(self.id, &self.name);
        unsaid.map(|unsaid| {
            let mut files = self.content.files.iter();
            let said = files.find(|file| file.id == unsaid.id);
            said.cloned().unwrap_or(unsaid)
        })
    }

    /// `log_reuse_wait_desc`: what keeps the log from being truncated.
    pub fn log_reuse_wait_desc(&self) -> &'static str {
        if !self.transactions.is_empty() {
            "ACTIVE_TRANSACTION"
        } else if self.group.is_some()
            && self.log.first().is_some()
            && self.chain.last_log.is_some_and(|lsn| lsn >= self.log.end())
        {
            "AVAILABILITY_REPLICA"
        } else if self.chain.is_started()
            && self.recovery_model != RecoveryModel::Simple
            && self.log.last().is_some()
        {
            "LOG_BACKUP"
        } else {
            "NOTHING"
        }
    }
}

impl crate::instance::Instance {
    /// The id the next database gets: the lowest free one from 5 up.
    pub(crate) fn free_database_id(&self) -> DatabaseId {
        (5..)
            .map(DatabaseId)
            .find(|id| !self.databases.contains_key(id))
            .expect("there are fewer than two thousand million databases")
    }
}
