//! Backups and their history in msdb.

mod service;

use crate::lsn::Lsn;
use crate::names::Name;
use crate::time::Timestamp;

pub use service::service_backups;

/// A row of `msdb.dbo.backupset`.
#[derive(Clone, Debug, PartialEq)]
pub struct BackupSet {
    /// `backup_set_id` and `media_set_id`.
    pub id: i32,
    /// The set's GUID.
    pub guid: uuid::Uuid,
    /// The database.
    pub database: Name,
    /// Full, differential or log.
    pub kind: BackupKind,
    /// WITH COPY_ONLY.
    pub copy_only: bool,
    /// WITH NAME.
    pub name: Option<String>,
    /// WITH DESCRIPTION.
    pub description: Option<String>,
    /// WITH COMPRESSION.
    pub compressed: bool,
    /// WITH CHECKSUM.
    pub checksums: bool,
    /// Where it went, one per device.
    pub devices: Vec<BackupDevice>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// The first LSN in the backup.
    pub first_lsn: Lsn,
    /// The LSN after the last in the backup.
    pub last_lsn: Lsn,
    /// The checkpoint's LSN.
    pub checkpoint_lsn: Lsn,
    /// The LSN of the full backup it builds on.
    pub database_backup_lsn: Lsn,
    /// The size.
    pub bytes: u64,
    /// Who took it.
    pub user: String,
}

/// What was backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupKind {
    /// `D`.
    Full,
    /// `I`.
    Differential,
    /// `L`.
    Log,
}

/// Where a backup goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupDevice {
    /// TO DISK.
    Disk(String),
    /// TO URL.
    Url(String),
    /// TO a logical device.
    Logical(String),
}

impl BackupDevice {
    /// The path, URL or name.
    pub fn path(&self) -> &str {
        match self {
            Self::Disk(path) | Self::Url(path) | Self::Logical(path) => path,
        }
    }
}
