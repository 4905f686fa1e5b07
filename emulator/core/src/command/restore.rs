//! RESTORE DATABASE and RESTORE LOG, from what backups of the same world have written.

use std::sync::Arc;

use super::database_file::using;
use super::{Backup, BackupReply, Request};
use crate::availability_group::Role;
use crate::backup::{BackupDevice, BackupKind};
use crate::database::{BackupChain, Database, DatabaseState, RecoveryModel};
use crate::event::EventKind;
use crate::ids::{DatabaseId, InstanceId, SessionId};
use crate::instance::Instance;
use crate::media::Image;
use crate::names::Name;
use crate::refusal::{BackupRefusal, DatabaseRefusal, Refusal};
use crate::store::{DatabaseFile, Log};
use crate::world::World;

/// BACKUP with what concerns the media and what becomes of the database.
#[derive(Clone, Debug)]
pub struct BackupTo {
    /// The backup.
    pub backup: Backup,
    /// INIT or FORMAT: what is on the devices goes.
    pub overwrite: bool,
    /// NORECOVERY: the database is restoring from then on, as before a switch to another copy.
    pub norecovery: bool,
    /// Who asks: only its own session may use the database meanwhile.
    pub session: SessionId,
}

/// RESTORE DATABASE or RESTORE LOG.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The instance.
    pub instance: InstanceId,
    /// The database to make, to write over or to go on with.
    pub database: Name,
    /// RESTORE LOG.
    pub log: bool,
    /// FROM; empty recovers what was restored before.
    pub devices: Vec<BackupDevice>,
    /// WITH FILE: which backup on the device, from 1.
    pub file: usize,
    /// RECOVERY (and not NORECOVERY).
    pub recovery: bool,
    /// REPLACE.
    pub replace: bool,
    /// MOVE: files by their logical names, and where they are put.
    pub moves: Vec<(Name, Arc<str>)>,
    /// Who asks.
    pub session: SessionId,
}

impl Request for BackupTo {
    type Reply = BackupReply;

    fn apply(self, world: &mut World) -> Result<BackupReply, Refusal> {
        let (instance, name) = (self.backup.instance, self.backup.database.clone());
        if self.overwrite {
            for device in &self.backup.devices {
                world.media.erase(instance, device);
            }
        }
        if self.norecovery {
            let found = world.instance(instance);
            let found = found.and_then(|found| Some((found, found.database(name.as_str())?)));
            if let Some((found, database)) = found {
                check_free(found, database, self.session)?;
            }
        }
        let reply = self.backup.apply(world)?;
        if self.norecovery {
            let server = world.instance_mut(instance);
            let id = server.database(name.as_str()).map(|database| database.id);
            if let Some(database) = id.and_then(|id| server.database_mut(id)) {
                database.state = DatabaseState::Restoring;
            }
        }
        Ok(reply)
    }
}

impl Request for Restore {
    /// What was restored; none if the database was only recovered.
    type Reply = Option<Arc<Image>>;

    fn apply(self, world: &mut World) -> Result<Self::Reply, Refusal> {
        let instance = world.instance(self.instance);
        let instance = instance.expect("instance ids come from the world");
        self.check_managed(instance)?;
        if crate::geo::is_secondary(world, self.instance) {
            let name = self.database.to_string();
            return Err(DatabaseRefusal::GeoSecondary { name }.into());
        }
        let image = if self.devices.is_empty() {
            None
        } else {
            Some(read_image(world, self.instance, &self.devices, self.file)?)
        };
        let old = instance.database(self.database.as_str()).cloned();
        if let Some(old) = &old {
            if old.is_system() {
                let what = "RESTORE of a system database";
                return Err(BackupRefusal::NotEmulated { what }.into());
            }
            check_free(instance, old, self.session)?;
        }
        let mut restored = match (&image, old) {
            (None, None) => {
                let name = self.database.to_string();
                return Err(DatabaseRefusal::NotFound { name }.into());
            }
            (None, Some(old)) => self.waiting(&old)?,
            (Some(image), old) if self.log => self.roll_forward(image, old.as_deref())?,
            (Some(image), old) => self.database(world, image, old.as_deref())?,
        };
        if self.recovery {
            restored.state = DatabaseState::Online;
            restored.recovery_fork = world.ids.next_guid();
        }
        let (name, now) = (restored.name.to_string(), world.now());
        let instance = world.instance_mut(self.instance);
        instance.databases.insert(restored.id, Arc::new(restored));
        let verb = if self.log { "Log" } else { "Database" };
        // Messages 18265 to 18268 of the error log, in short.
        instance.log(now, format!("{verb} was restored: Database: {name}."));
        let server = instance.name.to_string();
        world.record(EventKind::DatabaseRestored {
            instance: server,
            database: name,
            recovered: self.recovery,
        });
        Ok(image)
    }
}

/// The backup on a device that FILE means.
///
/// # Errors
///
/// There is no such device or backup, or devices of its media set are missing.
pub fn read_image(
    world: &World,
    instance: InstanceId,
    devices: &[BackupDevice],
    file: usize,
) -> Result<Arc<Image>, Refusal> {
    let mut found = None;
    for device in devices {
        let path = || device.path().to_owned();
        let images = world.media.read(instance, device);
        let images = images.ok_or_else(|| BackupRefusal::MediaMissing { device: path() })?;
        let image = file.checked_sub(1).and_then(|at| images.get(at));
        let image = image.ok_or_else(|| BackupRefusal::NoSuchBackup {
            device: path(),
            file,
        })?;
        found.get_or_insert(image);
    }
    let image = found.ok_or(BackupRefusal::MediaMissing {
        device: String::new(),
    })?;
    let families = image.set.devices.len();
    if families != devices.len() {
        let provided = devices.len();
        return Err(BackupRefusal::MissingFamilies { families, provided }.into());
    }
    Ok(Arc::clone(image))
}

/// Whether nobody but the session itself uses a database, and no availability group has it.
fn check_free(
    instance: &Instance,
    database: &Database,
    session: SessionId,
) -> Result<(), BackupRefusal> {
    let name = database.name.to_string();
    match (instance.role_of(database), database.group) {
        (Some(Role::Secondary), _) => return Err(BackupRefusal::Secondary { database: name }),
        (_, Some(_)) => return Err(BackupRefusal::Joined { database: name }),
        _ => {}
    }
    if database.is_secondary() {
        return Err(BackupRefusal::Secondary { database: name });
    }
    let mut sessions = instance.live_sessions();
    let used = sessions.any(|other| other.id != session && other.database == database.id);
    if used || !database.transactions.is_empty() {
        return Err(BackupRefusal::InUse { database: name });
    }
    Ok(())
}

impl Restore {
    fn check_managed(&self, instance: &Instance) -> Result<(), BackupRefusal> {
        if !instance.is_managed_instance() {
            return Ok(());
        }
        let of_url = |device: &BackupDevice| matches!(device, BackupDevice::Url(_));
        if self.log || self.devices.is_empty() || !self.devices.iter().all(of_url) {
            return Err(BackupRefusal::ManagedDevice);
        }
        if self.replace || !self.recovery || !self.moves.is_empty() {
            return Err(BackupRefusal::ManagedOptions);
        }
        Ok(())
    }

    /// RESTORE DATABASE … WITH RECOVERY alone.
    fn waiting(&self, old: &Database) -> Result<Database, BackupRefusal> {
        if old.state == DatabaseState::Restoring {
            return Ok(old.clone());
        }
        let database = old.name.to_string();
        Err(BackupRefusal::AlreadyRecovered { database })
    }

    /// A full or differential backup.
    fn database(
        &self,
        world: &World,
        image: &Image,
        old: Option<&Database>,
    ) -> Result<Database, Refusal> {
        let database = || self.database.to_string();
        let instance = world.instance(self.instance);
        let instance = instance.expect("the caller has it");
        check_version(instance, image)?;
        if instance.is_managed_instance() && image.database.content.has_several_log_files() {
            return Err(BackupRefusal::SeveralLogFiles.into());
        }
        check_encryption(instance, image)?;
        if image.set.kind == BackupKind::Log {
            return Err(BackupRefusal::NotADatabaseBackup.into());
        }
        let restoring = old.filter(|old| old.state == DatabaseState::Restoring);
        if image.set.kind == BackupKind::Differential {
            let base = restoring.and_then(|old| old.chain.last_full);
            if old.is_none() {
                return Err(BackupRefusal::CannotCreate {
                    database: database(),
                }
                .into());
            }
            if base != Some(image.set.database_backup_lsn) {
                return Err(BackupRefusal::OtherBase.into());
            }
        }
        if let Some(old) = old.filter(|_| restoring.is_none() && !self.replace) {
            if instance.is_managed_instance() {
                return Err(DatabaseRefusal::Exists { name: database() }.into());
            }
            if old.guid != image.database.guid {
                return Err(BackupRefusal::OtherDatabase {
                    database: database(),
                }
                .into());
            }
            if old.recovery_model != RecoveryModel::Simple {
                return Err(BackupRefusal::TailNotBackedUp {
                    database: database(),
                }
                .into());
            }
        }
        self.check_files(instance, image, old)?;
        let name = &self.database;
        if name.as_str().is_empty() || name.as_str().encode_utf16().count() > 128 {
            return Err(DatabaseRefusal::BadName { name: database() }.into());
        }
        let id = old.map_or_else(|| instance.free_database_id(), |old| old.id);
        Ok(self.made(instance, id, image, old))
    }

    /// The files as they will be: those of the backup, where MOVE puts them.
    fn files<'a>(&'a self, image: &'a Image) -> impl Iterator<Item = DatabaseFile> + 'a {
        image.database.content.files.iter().map(|file| {
            let mut file = file.clone();
            if let Some((_, path)) = self.moves.iter().find(|(name, _)| *name == file.name) {
                file.path = Some(Arc::clone(path));
            }
            file
        })
    }

    /// MOVE names files that are there, and no other database has a file where one was asked for.
    fn check_files(
        &self,
        instance: &Instance,
        image: &Image,
        old: Option<&Database>,
    ) -> Result<(), BackupRefusal> {
        let there = &image.database.content.files;
        let unknown = |(name, _): &&(Name, _)| there.iter().all(|file| file.name != *name);
        if let Some((file, _)) = self.moves.iter().find(unknown) {
            let (file, database) = (file.to_string(), self.database.to_string());
            return Err(BackupRefusal::NoSuchFile { file, database });
        }
        if instance.is_managed_instance() {
            return Ok(());
        }
        for file in self.files(image) {
            let Some(path) = file.path else { continue };
            let user = using(instance, &path);
            let user = user.filter(|user| old.is_none_or(|old| old.id != user.id));
            if let Some(user) = user {
                let (path, database) = (path.to_string(), user.name.to_string());
                return Err(BackupRefusal::FileInUse { path, database });
            }
        }
        Ok(())
    }

    fn made(
        &self,
        instance: &Instance,
        id: DatabaseId,
        image: &Image,
        old: Option<&Database>,
    ) -> Database {
        let (set, taken) = (&image.set, &image.database);
        let mut content = taken.content.clone();
        content.files = self.files(image).collect();
        // Another server's service master key does not open the database's master key.
        if image.server != instance.server_name()
            && let Some(key) = &mut content.master_key
        {
            Arc::make_mut(key).encrypted_by_server = false;
        }
        let base = match set.kind {
            BackupKind::Differential => set.database_backup_lsn,
            _ => set.checkpoint_lsn,
        };
        Database {
            id,
            name: old.map_or_else(|| self.database.clone(), |old| old.name.clone()),
            created: set.finished,
            state: DatabaseState::Restoring,
            content,
            version: old.map_or(0, |old| old.version + 1),
            log: Log::starting_at(set.last_lsn),
            transactions: imbl::OrdMap::new(),
            locks: imbl::OrdMap::new(),
            chain: BackupChain {
                last_full: Some(base),
                last_full_time: Some(set.finished),
                last_log: Some(set.last_lsn),
                last_log_time: None,
            },
            group: None,
            copy: None,
            suspended: None,
            ..(**taken).clone()
        }
    }

    /// A log backup: the changes from where the database stands.
    fn roll_forward(&self, image: &Image, old: Option<&Database>) -> Result<Database, Refusal> {
        let Some(old) = old else {
            let database = self.database.to_string();
            return Err(BackupRefusal::CannotCreate { database }.into());
        };
        if old.state != DatabaseState::Restoring || image.set.kind != BackupKind::Log {
            return Err(BackupRefusal::NotReadyToRollForward.into());
        }
        if old.guid != image.database.guid {
            let database = self.database.to_string();
            return Err(BackupRefusal::OtherDatabase { database }.into());
        }
        let at = old.log.end();
        if image.set.first_lsn > at {
            let from = image.set.first_lsn;
            return Err(BackupRefusal::LogTooRecent { from, at }.into());
        }
        if image.set.last_lsn < at {
            let until = image.set.last_lsn;
            return Err(BackupRefusal::LogTooEarly { until, at }.into());
        }
        let mut restored = old.clone();
        for entry in image.log().filter(|entry| entry.first >= at) {
            for op in entry.kind.ops() {
                restored.content.apply(op);
            }
            restored.log.receive(entry);
        }
        restored.version += 1;
        restored.chain.last_log = Some(image.set.last_lsn);
        Ok(restored)
    }
}

/// An encrypted backup is only for those who have what protects its key.
fn check_encryption(instance: &Instance, image: &Image) -> Result<(), BackupRefusal> {
    match instance.cannot_open(&image.database.content) {
        None => Ok(()),
        Some(key) => Err(BackupRefusal::ProtectorMissing {
            thumbprint: key.protector.thumbprint(instance),
            managed: instance.is_managed_instance(),
        }),
    }
}

/// A backup of a newer version is not for an older server.
fn check_version(instance: &Instance, image: &Image) -> Result<(), BackupRefusal> {
    if image.major <= instance.format_major() {
        return Ok(());
    }
    Err(BackupRefusal::NewerVersion {
        of: image.build.to_string(),
        here: instance.build().to_string(),
    })
}
