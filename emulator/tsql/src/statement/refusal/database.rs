//! Databases and backups.

use milink_core::refusal::{BackupRefusal, DatabaseRefusal};

use super::refused;
use crate::error::SqlError;

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
        R::System { name } => refused(
            3708,
            format!("Cannot drop the database '{name}' because it is a system database."),
        )
        .with_state(4),
        R::InGroup { name } => refused(
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
        R::BadDevice { device } => refused(
            3201,
            format!(
                "Cannot open backup device '{device}'. Operating system error 3(The system cannot find the path specified.)."
            ),
        ),
    }
}
