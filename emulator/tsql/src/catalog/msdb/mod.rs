//! Tables of msdb: the history of backups and restores, and jobs.

pub(crate) mod agent;

use std::sync::Arc;

use milink_core::backup::{BackupDevice, BackupKind, BackupSet, service_backups};
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};
use uuid::Uuid;

use super::column::{
    BIT, DATETIME, GUID, INT, NAME, TINYINT, character, col, nvarchar, req, varbinary,
};
use super::{Scope, View, row};

/// The views of this family.
pub(super) const VIEWS: &[View] = &[
    View::sys("backupset", BACKUPSET, backupset).in_schema(Some("msdb"), "dbo"),
    View::sys("backupmediafamily", BACKUPMEDIAFAMILY, backupmediafamily)
        .in_schema(Some("msdb"), "dbo"),
    View::sys("backupmediaset", BACKUPMEDIASET, backupmediaset).in_schema(Some("msdb"), "dbo"),
    View::sys("restorehistory", RESTOREHISTORY, |_| Vec::new()).in_schema(Some("msdb"), "dbo"),
];

const LSN: SqlType = super::column::LSN;
const SIZE: SqlType = SqlType::numeric(20, 0);

const BACKUPSET: &[super::ViewColumn] = &[
    req("backup_set_id", INT),
    req("media_set_id", INT),
    col("position", INT),
    col("user_name", NAME),
    col("first_lsn", LSN),
    col("last_lsn", LSN),
    col("checkpoint_lsn", LSN),
    col("database_backup_lsn", LSN),
    col("backup_start_date", DATETIME),
    col("backup_finish_date", DATETIME),
    col("type", character(1)),
    col("compatibility_level", TINYINT),
    col("database_version", INT),
    col("backup_size", SIZE),
    col("compressed_backup_size", SIZE),
    col("database_name", NAME),
    col("server_name", NAME),
    col("machine_name", NAME),
    col("recovery_model", nvarchar(60)),
    col("is_copy_only", BIT),
    col("is_damaged", BIT),
    col("has_backup_checksums", BIT),
    req("backup_set_uuid", GUID),
    // The product has the rest too; these are the ones that backup scripts read. Their place is a guess.
    col("name", NAME),
    col("description", nvarchar(255)),
    col("key_algorithm", nvarchar(32)),
    col("encryptor_thumbprint", varbinary(20)),
    col("encryptor_type", nvarchar(32)),
];

const BACKUPMEDIAFAMILY: &[super::ViewColumn] = &[
    req("media_set_id", INT),
    req("family_sequence_number", TINYINT),
    col("media_family_id", GUID),
    col("physical_device_name", nvarchar(260)),
    col("device_type", TINYINT),
    col("physical_block_size", INT),
    req("mirror", TINYINT),
];

const BACKUPMEDIASET: &[super::ViewColumn] = &[
    req("media_set_id", INT),
    col("media_uuid", GUID),
    col("media_family_count", TINYINT),
    col("name", NAME),
    col("description", nvarchar(255)),
    col("software_name", NAME),
];

const RESTOREHISTORY: &[super::ViewColumn] = &[
    req("restore_history_id", INT),
    col("restore_date", DATETIME),
    col("destination_database_name", NAME),
    col("user_name", NAME),
    req("backup_set_id", INT),
    col("restore_type", character(1)),
    col("replace", BIT),
    col("recovery", BIT),
    col("restart", BIT),
    col("stop_at", DATETIME),
    col("device_count", TINYINT),
    col("stop_at_mark_name", NAME),
    col("stop_before", BIT),
];

/// Users' backups, and those that the service takes.
fn sets(scope: &Scope<'_>) -> impl Iterator<Item = Arc<BackupSet>> {
    let service = service_backups(scope.instance, scope.now);
    let users = scope.instance.backups.clone().into_iter();
    users.chain(service.into_iter().map(Arc::new))
}

fn backupset(scope: &Scope<'_>) -> Vec<Row> {
    sets(scope).map(|set| backupset_row(scope, &set)).collect()
}

fn backupset_row(scope: &Scope<'_>, set: &BackupSet) -> Row {
    let kind = match set.kind {
        BackupKind::Full => "D",
        BackupKind::Differential => "I",
        BackupKind::Log => "L",
    };
    let database = scope.instance.database(set.database.as_str());
    // A database keeps its model while it is in a group; after that the last one is shown.
    let recovery = database.map_or("FULL", |database| database.recovery_model.desc());
    let size = |bytes: u64| {
        Value::Decimal(milink_core::value::Decimal {
            units: bytes.into(),
            scale: 0,
        })
    };
    let compressed = if set.compressed {
        set.bytes / 4
    } else {
        set.bytes
    };
    let server = scope.instance.server_name();
    row![
        set.id,
        set.id,
        1,
        set.user.as_str(),
        set.first_lsn,
        set.last_lsn,
        set.checkpoint_lsn,
        set.database_backup_lsn,
        set.started,
        set.finished,
        kind,
        database.map(|database| database.compatibility_level),
        database_version(scope),
        size(set.bytes),
        size(compressed),
        &set.database,
        server.as_str(),
        scope.instance.name.as_str(),
        recovery,
        set.copy_only,
        false,
        set.checksums,
        set.guid,
        set.name.as_deref(),
        set.description.as_deref(),
        Value::Null,
        Value::Null,
        Value::Null,
    ]
}

fn backupmediafamily(scope: &Scope<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for set in sets(scope) {
        rows.extend(set.devices.iter().zip(1_u8..).map(|(device, number)| {
            let kind = match device {
                BackupDevice::Disk(_) => 2,
                BackupDevice::Url(_) => 9,
                BackupDevice::Logical(_) => 102,
            };
            let row: Row = row![
                set.id,
                number,
                Uuid::from_u128(set.guid.as_u128() ^ u128::from(number)),
                device.path(),
                kind,
                512,
                0,
            ];
            row
        }));
    }
    rows
}

fn backupmediaset(scope: &Scope<'_>) -> Vec<Row> {
    let sets = sets(scope);
    sets.map(|set| {
        row![
            set.id,
            set.guid,
            set.devices.len().min(255),
            Value::Null,
            Value::Null,
            "Microsoft SQL Server",
        ]
    })
    .collect()
}

/// The internal version of the instance's databases (that of SQL Server 2025 is a guess).
fn database_version(scope: &Scope<'_>) -> i32 {
    match scope.instance.default_compatibility_level() {
        130 => 852,
        140 => 869,
        150 => 904,
        160 => 957,
        _ => 998,
    }
}
