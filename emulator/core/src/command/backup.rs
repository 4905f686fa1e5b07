//! BACKUP DATABASE and BACKUP LOG, and what they do to the log chain.

use std::sync::Arc;

use super::Request;
use crate::availability_group::Role;
use crate::backup::{BackupDevice, BackupKind, BackupSet};
use crate::database::RecoveryModel;
use crate::encryption::Protector;
use crate::event::EventKind;
use crate::ids::{InstanceId, TransactionId};
use crate::instance::Instance;
use crate::lsn::Lsn;
use crate::media::Image;
use crate::names::Name;
use crate::refusal::{BackupRefusal, DatabaseRefusal, Refusal};
use crate::store::LogKind;
use crate::time::Timestamp;
use crate::world::World;

/// BACKUP DATABASE or BACKUP LOG.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the statement's words")]
pub struct Backup {
    pub instance: InstanceId,
    pub database: Name,
    pub kind: BackupKind,
    pub copy_only: bool,
    pub devices: Vec<BackupDevice>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub compressed: bool,
    pub checksums: bool,
    /// Who asks.
    pub user: String,
}

/// What was backed up, for the messages.
#[derive(Clone, Debug, PartialEq)]
pub struct BackupReply {
    /// The history row.
    pub set: Arc<BackupSet>,
    /// Pages of 8 KiB of the data file.
    pub data_pages: u64,
    /// Pages of the log file.
    pub log_pages: u64,
}

impl Request for Backup {
    type Reply = BackupReply;

    fn apply(self, world: &mut World) -> Result<BackupReply, Refusal> {
        let now = world.now();
        let guid = world.ids.next_guid();
        let still_needed = self.still_needed(world);
        let instance = world.instance_mut(self.instance);
        let managed = instance.is_managed_instance();
        let found = instance.database(self.database.as_str());
        let id = found
            .ok_or_else(|| DatabaseRefusal::NotFound {
                name: self.database.to_string(),
            })?
            .id;
        let set_id = instance.next_backup;
        self.check(instance, &instance.databases[&id], managed, now)?;
        let is_secondary = instance.role_of(&instance.databases[&id]) == Some(Role::Secondary);
        let database = instance.database_mut(id).expect("found a moment ago");
        let first_lsn = match self.kind {
            BackupKind::Log => database.chain.last_log.unwrap_or(Lsn::ZERO),
            _ => database.log.end(),
        };
        // A secondary's log is its primary's: a backup writes nothing into it.
        let end = database.log.end();
        let (mark_first, mark_end) = if is_secondary {
            (end, end)
        } else {
            let mark = database.log.append(now, TransactionId(0), LogKind::Backup);
            (mark.first, mark.end)
        };
        let database_backup_lsn = database.chain.last_full.unwrap_or(Lsn::ZERO);
        let mut freed = None;
        match self.kind {
            BackupKind::Full if !self.copy_only => {
                database.chain.last_full = Some(mark_first);
                database.chain.last_full_time = Some(now);
                // The log chain starts here; a chain that runs already is not broken.
                database.chain.last_log.get_or_insert(mark_first);
            }
            BackupKind::Log if !self.copy_only => {
                database.chain.last_log = Some(mark_end);
                database.chain.last_log_time = Some(now);
                freed = Some(still_needed.map_or(mark_end, |needed| needed.min(mark_end)));
            }
            _ => {}
        }
        let log_pages = database.log.used_bytes().div_ceil(8192).max(1);
        let taken = database.clone();
        if let Some(before) = freed {
            database.log.truncate(before);
        }
        let data_pages = database.data_file_bytes() / 8192 / 16;
        let bytes = match self.kind {
            BackupKind::Log => log_pages * 8192,
            _ => (data_pages + log_pages) * 8192,
        };
        let set = Arc::new(BackupSet {
            id: set_id,
            guid,
            database: database.name.clone(),
            kind: self.kind,
            copy_only: self.copy_only,
            name: self.name,
            description: self.description,
            compressed: self.compressed,
            checksums: self.checksums,
            devices: self.devices,
            started: now,
            finished: now,
            first_lsn,
            last_lsn: mark_end,
            checkpoint_lsn: mark_first,
            database_backup_lsn,
            bytes,
            user: self.user,
        });
        let image = Arc::new(Image {
            set: Arc::clone(&set),
            server: instance.server_name(),
            build: instance.build(),
            major: instance.format_major(),
            database: Arc::new(taken),
        });
        instance.next_backup += 1;
        instance.backups.push_back(Arc::clone(&set));
        let event = EventKind::BackupTaken {
            instance: instance.name.to_string(),
            database: set.database.to_string(),
            kind: match set.kind {
                BackupKind::Full => "FULL",
                BackupKind::Differential => "DIFFERENTIAL",
                BackupKind::Log => "LOG",
            },
        };
        world.media.write(self.instance, &image);
        world.record(event);
        Ok(BackupReply {
            set,
            data_pages,
            log_pages,
        })
    }
}

impl Backup {
    /// How far back a replica still needs the log.
    /// From where on the log is needed by replicas, and by the database itself if it is a copy that has something to redo.
    fn still_needed(&self, world: &World) -> Option<Lsn> {
        let instance = world.instance(self.instance)?;
        let database = instance.database(self.database.as_str())?;
        let elsewhere = crate::link::log_needed_from(world, self.instance, database.id);
        let unredone = database.unredone().next().map(|entry| entry.first);
        elsewhere.into_iter().chain(unredone).min()
    }

    fn check(
        &self,
        instance: &Instance,
        database: &crate::database::Database,
        managed: bool,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let name = || database.name.to_string();
        if database.name.is("tempdb") {
            return Err(BackupRefusal::Tempdb.into());
        }
        if managed
            && !(self.kind == BackupKind::Full
                && self.copy_only
                && self
                    .devices
                    .iter()
                    .all(|device| matches!(device, BackupDevice::Url(_))))
        {
            return Err(BackupRefusal::ManagedInstance { database: name() }.into());
        }
        // Only a managed instance has keys of the service.
        let key = database.content.encryption_key.as_ref();
        if key.is_some_and(|key| key.protector == Protector::ServiceManaged) && managed {
            return Err(match database.needs_service_key(now) {
                true => BackupRefusal::ServiceManagedKey { database: name() },
                false => BackupRefusal::EncryptionKeyLeft { database: name() },
            }
            .into());
        }
        if instance.role_of(database) == Some(Role::Secondary) {
            let allowed = match self.kind {
                BackupKind::Full => self.copy_only,
                BackupKind::Differential => false,
                BackupKind::Log => true,
            };
            if !allowed {
                return Err(BackupRefusal::Secondary { database: name() }.into());
            }
        }
        instance.check_readable(database)?;
        if self.kind == BackupKind::Log {
            if database.recovery_model == RecoveryModel::Simple {
                return Err(BackupRefusal::SimpleRecovery { database: name() }.into());
            }
            if !database.chain.is_started() {
                return Err(BackupRefusal::NoFullBackup { database: name() }.into());
            }
        }
        if self.kind == BackupKind::Differential && !database.chain.is_started() {
            return Err(BackupRefusal::NoFullBackup { database: name() }.into());
        }
        Ok(())
    }
}
