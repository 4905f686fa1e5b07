//! `sys.dm_database_encryption_keys`: who has a key, what protects it, and how far the pages are.

use milink_core::database::Database;
use milink_core::encryption::{EncryptionKey, EncryptionState};
use milink_core::ids::DatabaseId;
use milink_core::value::{Row, Value};

use crate::catalog::column::{DATETIME, INT, REAL, ViewColumn, col, nvarchar, req, varbinary};
use crate::catalog::{Scope, Since, View, row};

pub(super) const VIEW: View = View::sys("dm_database_encryption_keys", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("database_id", INT),
    req("encryption_state", INT),
    col("create_date", DATETIME),
    col("regenerate_date", DATETIME),
    col("modify_date", DATETIME),
    col("set_date", DATETIME),
    col("opened_date", DATETIME),
    col("key_algorithm", nvarchar(32)),
    col("key_length", INT),
    req("encryptor_thumbprint", varbinary(20)),
    col("encryptor_type", nvarchar(32)),
    col("percent_complete", REAL),
    col("encryption_state_desc", nvarchar(32)).since(Since::SQL_2019),
    col("encryption_scan_state", INT).since(Since::SQL_2019),
    col("encryption_scan_state_desc", nvarchar(32)).since(Since::SQL_2019),
    col("encryption_scan_modify_date", DATETIME).since(Since::SQL_2019),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let databases = scope.instance.databases.values();
    let with_key = databases.filter_map(|database| {
        let key = database.content.encryption_key.as_ref()?;
        Some((database, key))
    });
    let mut rows: Vec<Row> = with_key
        .map(|(database, key)| make_row(scope, database, key))
        .collect();
    let now = scope.world.now();
    let mut databases = scope.instance.databases.values();
    if databases.any(|database| database.is_encrypted(now)) {
        rows.insert(0, of_tempdb(scope));
    }
    rows
}

fn make_row(scope: &Scope<'_>, database: &Database, key: &EncryptionKey) -> Row {
    let now = scope.world.now();
    let (code, name) = key.state(now).code();
    let scan = match &key.scan {
        None => (0, "NONE"),
        Some(scan) if now < scan.until => (1, "RUNNING"),
        Some(_) => (4, "COMPLETE"),
    };
    row![
        database.id,
        code,
        key.created,
        key.regenerated,
        key.modified,
        key.switched,
        scope.instance.started.max(key.created),
        "AES",
        key.algorithm.bits(),
        key.protector.thumbprint(scope.instance).as_slice(),
        key.protector.kind(),
        f64::from(key.percent_complete(now)),
        name,
        scan.0,
        scan.1,
        key.scan.map(|scan| scan.until.min(now)),
    ]
}

/// tempdb is encrypted as soon as any database of the instance is; its key is protected by nothing one could name.
fn of_tempdb(scope: &Scope<'_>) -> Row {
    let started = scope.instance.started;
    let (code, name) = EncryptionState::Encrypted.code();
    row![
        DatabaseId(2),
        code,
        started,
        started,
        started,
        started,
        started,
        "AES",
        256,
        [0_u8; 0].as_slice(),
        "ASYMMETRIC KEY",
        0.0_f64,
        name,
        4,
        "COMPLETE",
        Value::Null,
    ]
}
