//! ALTER DATABASE … ADD LOG FILE and REMOVE FILE.

use std::sync::Arc;

use super::security::change;
use crate::database::Database;
use crate::ids::{DatabaseId, InstanceId};
use crate::names::Name;
use crate::refusal::{DatabaseRefusal, Refusal};
use crate::store::{FileSize, LogFile, Op};
use crate::world::World;

/// How many files a database has at most (documented).
const MOST: i32 = 32_767;

/// A log file to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLogFile {
    /// Its logical name.
    pub name: Name,
    /// Where it is to be.
    pub path: Arc<str>,
    /// How large.
    pub size: FileSize,
}

pub(super) fn add(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    file: NewLogFile,
) -> Result<(), Refusal> {
    let found = target(world, instance, database)?;
    let taken = |name: &Name| found.file_names().any(|taken| taken == *name);
    if taken(&file.name) {
        let file = file.name.to_string();
        return Err(DatabaseRefusal::FileNameTaken { file }.into());
    }
    let server = world.instance(instance);
    let mut everywhere = server.into_iter().flat_map(|server| {
        let all = server.databases.values();
        all.flat_map(|database| database.content.log_files.iter())
    });
    if everywhere.any(|there| there.path.eq_ignore_ascii_case(&file.path)) {
        let path = file.path.to_string();
        return Err(DatabaseRefusal::FilePathTaken { path }.into());
    }
    let files = &found.content.log_files;
    let free = (3..=MOST).find(|id| files.iter().all(|there| there.id != *id));
    let Some(id) = free else {
        let (name, option) = (found.name.to_string(), "ADD LOG FILE".to_owned());
        return Err(DatabaseRefusal::OptionNotAllowed { name, option }.into());
    };
    let NewLogFile { name, path, size } = file;
    let mut files = files.to_vec();
    files.push(LogFile {
        id,
        name,
        path,
        size,
    });
    change(
        world,
        instance,
        database,
        vec![Op::SetLogFiles(files.into())],
    );
    Ok(())
}

pub(super) fn remove(
    world: &mut World,
    instance: InstanceId,
    database: DatabaseId,
    name: &Name,
) -> Result<(), Refusal> {
    let found = target(world, instance, database)?;
    let files = &found.content.log_files;
    let left: Vec<LogFile> = files
        .iter()
        .filter(|file| file.name != *name)
        .cloned()
        .collect();
    if left.len() == files.len() {
        let file = name.to_string();
        return Err(match found.file_names().any(|first| first == *name) {
            true => DatabaseRefusal::FirstFile { file }.into(),
            false => DatabaseRefusal::NoSuchFile { file }.into(),
        });
    }
    change(
        world,
        instance,
        database,
        vec![Op::SetLogFiles(left.into())],
    );
    Ok(())
}

/// A database whose files can be changed. A managed instance has one log file for each database, and says so in words that are
/// a guess.
fn target(world: &World, instance: InstanceId, database: DatabaseId) -> Result<&Database, Refusal> {
    let server = world.instance(instance);
    let server = server.expect("instance ids come from the world");
    let found = server.databases.get(&database);
    let found = found.expect("found a moment ago");
    if server.is_managed_instance() || found.is_system() {
        let (name, option) = (found.name.to_string(), "LOG FILE".to_owned());
        return Err(DatabaseRefusal::OptionNotAllowed { name, option }.into());
    }
    server.check_writable(found)?;
    Ok(found)
}
