//! Databases and backups.

use milink_core::refusal::{BackupRefusal, DatabaseRefusal};

use super::refused;
use crate::error::SqlError;

/// RESTORE … WITH FILE = n beyond the last one: the number and the text are guesses.
const NO_SUCH_BACKUP: i32 = 3_207;

pub(super) fn error(refusal: &DatabaseRefusal) -> SqlError {
    use DatabaseRefusal as R;
    match refusal {
        R::NotFound { name } => refused(
            911,
            format!(
                "Database '{name}' does not exist. Make sure that the name is entered correctly."
            ),
        ),
        R::Exists { name } => refused(
            1801,
            format!("Database '{name}' already exists. Choose a different database name."),
        )
        .with_state(3),
        R::BadName { name } => {
            let start: String = name.chars().take(128).collect();
            SqlError::new(
                103,
                15,
                format!(
                    "The identifier that starts with '{start}' is too long. Maximum length is 128."
                ),
            )
        }
        R::Restoring { name } => SqlError::new(
            927,
            14,
            format!("Database '{name}' cannot be opened. It is in the middle of a restore."),
        )
        .with_state(2),
        R::Recovering { name } => SqlError::new(
            922,
            14,
            format!("Database '{name}' is being recovered. Waiting until recovery is finished."),
        ),
        R::Offline { name } => SqlError::new(
            942,
            14,
            format!("Database '{name}' cannot be opened because it is offline."),
        )
        .with_state(4),
        R::ReadOnly { name } => refused(
            3906,
            format!("Failed to update database \"{name}\" because the database is read-only."),
        )
        .with_state(2),
        R::InUse { name } => refused(
            3702,
            format!("Cannot drop database \"{name}\" because it is currently in use."),
        )
        .with_state(3),
        R::OthersConnected { name } => refused(
            5070,
            format!(
                "Database state cannot be changed while other users are using the database '{name}'"
            ),
        )
        .with_state(2),
        R::SingleUser { name } => refused(
            5064,
            format!(
                "Changes to the state or options of database '{name}' cannot be made at this time. The database is in single-user mode, and a user is currently connected to it."
            ),
        ),
        R::OneUser { name } => SqlError::new(
            924,
            14,
            format!("Database '{name}' is already open and can only have one user at a time."),
        ),
        R::System { name } => refused(
            3708,
            format!("Cannot drop the database '{name}' because it is a system database."),
        )
        .with_state(4),
        // Which message CREATE DATABASE and RESTORE get there is not published (guess: the one of a database in a group).
        R::InGroup { name } | R::GeoSecondary { name } => refused(
            1468,
            format!(
                "The operation cannot be performed on database \"{name}\" because it is involved in a database mirroring session or an availability group. Some operations are not allowed on a database that is participating in a database mirroring session or in an availability group."
            ),
        ),
        R::SecondaryNotReadable { name } => SqlError::new(
            976,
            14,
            format!(
                "The target database, '{name}', is participating in an availability group and is currently not accessible for queries. Either data movement is suspended or the availability replica is not enabled for read access. To allow read-only access to this and other databases in the availability group, enable read access to one or more secondary availability replicas in the group.  For more information, see the ALTER AVAILABILITY GROUP statement in SQL Server Books Online."
            ),
        ),
        R::ReadIntentNeeded { name } => SqlError::new(
            978,
            14,
            format!(
                "The target database ('{name}') is in an availability group and is currently accessible for connections when the application intent is set to read only. For more information about application intent, see SQL Server Books Online."
            ),
        ),
        R::ReadIntentRefused { name } => SqlError::new(
            979,
            14,
            format!(
                "The target database ('{name}') is in an availability group and currently does not allow read only connections. For more information about application intent, see SQL Server Books Online."
            ),
        ),
        R::NoReadableReplica { name } => SqlError::new(
            982,
            14,
            format!(
                "Unable to access the '{name}' database because no online secondary replicas are enabled for read-only access. Check the availability group configuration to verify that at least one secondary replica is configured for read-only access. Wait for an enabled replica to come online, and retry your read-only operation."
            ),
        ),
        R::QuorumLost { name } => SqlError::new(
            988,
            14,
            format!(
                "Unable to access database '{name}' because it lacks a quorum of nodes for high availability. Try the operation again later."
            ),
        ),
        R::RoleChanging { name } => SqlError::new(
            983,
            14,
            format!(
                "Unable to access availability database '{name}' because the database replica is not in the PRIMARY or SECONDARY role. Connections to an availability database is permitted only when the database replica is in the PRIMARY or SECONDARY role. Try the operation again later."
            ),
        ),
        R::InLink { name } => in_group_drop(name),
        R::OptionNotAllowed { name, option } => refused(
            5058,
            format!("Option '{option}' cannot be set in database '{name}'."),
        ),
        R::FileNameTaken { file } => refused(
            1828,
            format!("The logical file name \"{file}\" is already in use. Choose a different name."),
        ),
        R::FilePathTaken { path } => refused(
            5170,
            format!(
                "Cannot create file '{path}' because it already exists. Change the file path or the file name, and retry the operation."
            ),
        ),
        R::FilesOfInstance => refused(
            41918,
            "Specifying files and filegroups in CREATE DATABASE statement is not supported on SQL Database Managed Instance.",
        ),
        R::NoSuchFile { .. } => refused(
            5009,
            "One or more files listed in the statement could not be found or could not be initialized.",
        ),
        R::FirstFile { .. } => refused(
            5020,
            "The primary data or log file cannot be removed from a database.",
        ),
    }
}

/// What DROP DATABASE says of a database in an availability group.
pub(in crate::statement) fn in_group_drop(name: &str) -> SqlError {
    refused(
        3752,
        format!(
            "The database '{name}' is currently joined to an availability group.  Before you can drop the database, you need to remove it from the availability group."
        ),
    )
}

pub(super) fn backup_error(refusal: &BackupRefusal) -> SqlError {
    use BackupRefusal as R;
    match refusal {
        R::ServiceManagedKey { .. } => refused(
            41922,
            "The backup operation for a database with service-managed transparent data encryption is not supported on SQL Database Managed Instance.",
        ),
        R::EncryptionKeyLeft { database } => refused(
            41938,
            format!(
                "BACKUP WITH COPY_ONLY cannot be performed since database encryption key for the database '{database}' still exists. Retry command after you drop database encryption key."
            ),
        ),
        R::ProtectorMissing {
            thumbprint,
            managed: true,
        } => super::encryption::missing_on_managed(thumbprint),
        R::ProtectorMissing { thumbprint, .. } => super::encryption::missing(thumbprint),
        R::SimpleRecovery { .. } => refused(
            4208,
            "The statement BACKUP LOG is not allowed while the recovery model is SIMPLE. Use BACKUP DATABASE or change the recovery model using ALTER DATABASE.",
        ),
        R::NoFullBackup { .. } => refused(
            4214,
            "BACKUP LOG cannot be performed because there is no current database backup.",
        ),
        R::Tempdb => refused(
            3147,
            "Backup and restore operations are not allowed on database tempdb.",
        ),
        R::Secondary { .. } => refused(
            3059,
            "This BACKUP or RESTORE command is not supported on a database mirror or secondary replica.",
        ),
        R::SecondaryNotSynchronizing { database } => refused(
            3062,
            format!(
                "Cannot backup from a HADRON secondary because it is not in Synchronizing or Synchronized state (database '{database}')."
            ),
        ),
        R::ManagedInstance { .. } => refused(
            41904,
            "BACKUP DATABASE failed. SQL Database Managed Instance supports only COPY_ONLY full database backups which are initiated by user.",
        ),
        R::MediaMissing { device } => refused(
            3201,
            format!(
                "Cannot open backup device '{device}'. Operating system error 2(The system cannot find the file specified.)."
            ),
        ),
        R::NoSuchBackup { device, file } => refused(
            NO_SUCH_BACKUP,
            format!("Cannot find backup set number {file} on device '{device}'."),
        ),
        R::MissingFamilies { families, provided } => refused(
            3132,
            format!(
                "The media set has {families} media families but only {provided} are provided. All members must be provided."
            ),
        ),
        R::Joined { database } => refused(
            3104,
            format!(
                "RESTORE cannot operate on database '{database}' because it is configured for database mirroring or has joined an availability group. If you intend to restore the database, use ALTER DATABASE to remove mirroring or to remove the database from its availability group."
            ),
        ),
        R::InUse { .. } => refused(
            3101,
            "Exclusive access could not be obtained because the database is in use.",
        ),
        R::TailNotBackedUp { database } => refused(
            3159,
            format!(
                "The tail of the log for the database \"{database}\" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup the log if it contains work you do not want to lose. Use the WITH REPLACE or WITH STOPAT clause of the RESTORE statement to just overwrite the contents of the log."
            ),
        ),
        R::OtherDatabase { database } => refused(
            3154,
            format!(
                "The backup set holds a backup of a database other than the existing '{database}' database."
            ),
        ),
        R::NewerVersion { of, here } => refused(
            3169,
            format!(
                "The database was backed up on a server running version {of}. That version is incompatible with this server, which is running version {here}. Either restore the database on a server that supports the backup, or use a backup that is compatible with this server."
            ),
        ),
        R::NoSuchFile { file, database } => refused(
            3234,
            format!(
                "Logical file '{file}' is not part of database '{database}'. Use RESTORE FILELISTONLY to list the logical file names."
            ),
        ),
        R::FileInUse { path, database } => refused(
            1834,
            format!(
                "The file '{path}' cannot be overwritten.  It is being used by database '{database}'."
            ),
        ),
        R::SeveralLogFiles => refused(
            41921,
            "Restore statement failed: the database has several log files, and SQL Managed Instance supports one. Remove the others on the source, and take the backup again.",
        ),
        R::NotADatabaseBackup => refused(
            3122,
            "File initialization failed. RESTORE cannot continue: the backup set is not a backup of a database.",
        ),
        R::CannotCreate { database } => refused(
            3118,
            format!(
                "The database \"{database}\" does not exist. RESTORE can only create a database when restoring either a full backup or a file backup of the primary file."
            ),
        ),
        R::OtherBase => refused(
            3136,
            "This differential backup cannot be restored because the database has not been restored to the correct earlier state.",
        ),
        R::NotReadyToRollForward => refused(
            3117,
            "The log or differential backup cannot be restored because no files are ready to rollforward.",
        ),
        R::LogTooRecent { from, at } => refused(
            4305,
            format!(
                "The log in this backup set begins at LSN {}, which is too recent to apply to the database. An earlier log backup that includes LSN {} can be restored.",
                from.to_numeric(),
                at.to_numeric()
            ),
        ),
        R::LogTooEarly { until, at } => refused(
            4326,
            format!(
                "The log in this backup set terminates at LSN {}, which is too early to apply to the database. A more recent log backup that includes LSN {} can be restored.",
                until.to_numeric(),
                at.to_numeric()
            ),
        ),
        R::AlreadyRecovered { .. } => refused(3153, "The database is already fully recovered."),
        R::ManagedDevice => refused(
            41902,
            "Unsupported device type. SQL Database Managed Instance supports database restore from URI backup device only.",
        ),
        R::ManagedOptions => refused(
            41901,
            "One or more of the options are not supported for this statement in SQL Database Managed Instance. Review the documentation for supported options.",
        ),
        R::NotEmulated { what } => SqlError::unsupported(what),
        R::BadDevice { device } => refused(
            3201,
            format!(
                "Cannot open backup device '{device}'. Operating system error 3(The system cannot find the path specified.)."
            ),
        ),
    }
}
