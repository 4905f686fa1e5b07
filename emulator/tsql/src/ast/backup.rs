//! BACKUP and RESTORE.

use super::{NameOrVariable, OptionEntry, TextOrVariable};

/// BACKUP DATABASE | LOG.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupStatement {
    /// DATABASE or LOG.
    pub kind: BackupKind,
    /// Which database.
    pub database: NameOrVariable,
    /// FILE = …, FILEGROUP = …, READ_WRITE_FILEGROUPS.
    pub files: Vec<OptionEntry>,
    /// TO.
    pub devices: Vec<BackupDevice>,
    /// WITH, validated against the options BACKUP has. Flags (COPY_ONLY, DIFFERENTIAL, FORMAT, INIT …) have no value.
    pub options: Vec<OptionEntry>,
}

/// What is backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupKind {
    /// BACKUP DATABASE
    Database,
    /// BACKUP LOG
    Log,
}

/// A backup device.
#[derive(Debug, Clone, PartialEq)]
pub enum BackupDevice {
    /// A device registered by name.
    Logical(NameOrVariable),
    /// DISK = '…'; the path may be `NUL`.
    Disk(TextOrVariable),
    /// URL = '…'
    Url(TextOrVariable),
    /// TAPE = '…'
    Tape(TextOrVariable),
}

/// RESTORE in all its forms.
#[derive(Debug, Clone, PartialEq)]
pub struct RestoreStatement {
    /// Which form.
    pub kind: RestoreKind,
    /// The database; only for DATABASE and LOG.
    pub database: Option<NameOrVariable>,
    /// FILE = …, FILEGROUP = …, PAGE = ….
    pub files: Vec<OptionEntry>,
    /// FROM; empty for `RESTORE DATABASE d WITH RECOVERY`.
    pub devices: Vec<BackupDevice>,
    /// WITH MOVE 'logical' TO 'path'.
    pub moves: Vec<(TextOrVariable, TextOrVariable)>,
    /// The other options, validated against what RESTORE has.
    pub options: Vec<OptionEntry>,
}

/// The forms of RESTORE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreKind {
    /// RESTORE DATABASE
    Database,
    /// RESTORE LOG
    Log,
    /// RESTORE HEADERONLY
    HeaderOnly,
    /// RESTORE FILELISTONLY
    FileListOnly,
    /// RESTORE LABELONLY
    LabelOnly,
    /// RESTORE VERIFYONLY
    VerifyOnly,
}
