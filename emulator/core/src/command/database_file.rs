//! The files of CREATE DATABASE, and ALTER DATABASE … ADD LOG FILE and REMOVE FILE.

use std::sync::Arc;

use super::security::change;
use super::{CreateDatabase, Request};
use crate::database::Database;
use crate::ids::{DatabaseId, InstanceId};
use crate::instance::Instance;
use crate::names::Name;
use crate::refusal::{DatabaseRefusal, Refusal};
use crate::store::{DatabaseFile, FileSize, Op};
use crate::world::World;

/// How many files a database has at most (documented).
const MOST: i32 = 32_767;

/// A file to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its logical name.
    pub name: Name,
    /// Where it is to be.
    pub path: Arc<str>,
    /// How large.
    pub size: FileSize,
}

/// CREATE DATABASE with ON or LOG ON.
#[derive(Clone, Debug)]
pub struct CreateDatabaseWithFiles {
    /// The database.
    pub create: CreateDatabase,
    /// The data file.
    pub data: Option<NewFile>,
    /// The log files.
    pub log: Vec<NewFile>,
}

impl Request for CreateDatabaseWithFiles {
    type Reply = DatabaseId;

    fn apply(self, world: &mut World) -> Result<DatabaseId, Refusal> {
        let instance = self.create.instance;
        let id = self.create.apply(world)?;
        let server = instance_of(world, instance);
        if server.is_managed_instance() {
            return Err(DatabaseRefusal::FilesOfInstance.into());
        }
        let database = database_of(server, id);
        let mut files = database.content.files.to_vec();
        let asked = (DatabaseFile::DATA..).zip(self.data);
        let asked = asked.chain((DatabaseFile::LOG..).zip(self.log));
        for (id, asked) in asked {
            // The first file of its kind takes the place of the one that goes without saying.
            files.retain(|file| file.id != id);
            let file = made(server, &files, id, asked)?;
            files.push(file);
        }
        files.sort_by_key(|file| file.id);
        let database = world.instance_mut(instance).database_mut(id);
        database.expect("made a moment ago").content.files = files.into();
        Ok(id)
    }
}

pub(super) fn add(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    asked: NewFile,
) -> Result<(), Refusal> {
    let found = target(world, instance, database)?;
    let files = &found.content.files;
    let free = (DatabaseFile::LOG + 1..=MOST).find(|id| files.iter().all(|file| file.id != *id));
    let Some(id) = free else {
        let (name, option) = (found.name.to_string(), "ADD LOG FILE".to_owned());
        return Err(DatabaseRefusal::OptionNotAllowed { name, option }.into());
    };
    let file = made(instance_of(world, instance), files, id, asked)?;
    let files = files.iter().cloned().chain([file]).collect();
    change(world, instance, database, vec![Op::SetFiles(files)]);
    Ok(())
}

pub(super) fn remove(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    name: &Name,
) -> Result<(), Refusal> {
    let found = target(world, instance, database)?;
    let files = &found.content.files;
    let file = || name.to_string();
    let Some(gone) = files.iter().find(|file| file.name == *name) else {
        return Err(DatabaseRefusal::NoSuchFile { file: file() }.into());
    };
    if !gone.is_added() {
        return Err(DatabaseRefusal::FirstFile { file: file() }.into());
    }
    let left = files.iter().filter(|file| file.id != gone.id);
    let left = left.cloned().collect();
    change(world, instance, database, vec![Op::SetFiles(left)]);
    Ok(())
}

/// A file as it is made: its name is new in the database, and its path on the server.
fn made(
    server: &Instance,
    others: &[DatabaseFile],
    id: i32,
    asked: NewFile,
) -> Result<DatabaseFile, DatabaseRefusal> {
    if others.iter().any(|there| there.name == asked.name) {
        let file = asked.name.to_string();
        return Err(DatabaseRefusal::FileNameTaken { file });
    }
    let is_there = |file: &DatabaseFile| {
        let path = file.path.as_ref();
        path.is_some_and(|path| path.eq_ignore_ascii_case(&asked.path))
    };
    if others.iter().any(is_there) || using(server, &asked.path).is_some() {
        let path = asked.path.to_string();
        return Err(DatabaseRefusal::FilePathTaken { path });
    }
    Ok(DatabaseFile {
        id,
        name: asked.name,
        path: Some(asked.path),
        size: asked.size,
    })
}

/// The database of a server that has a file at this path.
pub(super) fn using<'a>(server: &'a Instance, path: &str) -> Option<&'a Database> {
    let has = |database: &&Arc<Database>| {
        let paths = database.content.files.iter();
        let mut paths = paths.filter_map(|file| file.path.as_ref());
        paths.any(|there| there.eq_ignore_ascii_case(path))
    };
    server.databases.values().find(has).map(AsRef::as_ref)
}

/// A database whose files can be changed. A managed instance has one log file for each database, and says so in words that are
/// a guess.
fn target(world: &World, instance: InstanceId, database: DatabaseId) -> Result<&Database, Refusal> {
    let server = instance_of(world, instance);
    let found = database_of(server, database);
    if server.is_managed_instance() || found.is_system() {
        let (name, option) = (found.name.to_string(), "LOG FILE".to_owned());
        return Err(DatabaseRefusal::OptionNotAllowed { name, option }.into());
    }
    server.check_writable(found)?;
    Ok(found)
}

fn instance_of(world: &World, instance: InstanceId) -> &Instance {
    let server = world.instance(instance);
    server.expect("instance ids come from the world")
}

fn database_of(server: &Instance, database: DatabaseId) -> &Database {
    let found = server.databases.get(&database);
    found.expect("found a moment ago")
}
