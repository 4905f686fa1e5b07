//! `sys.master_files`, `sys.database_files` and the filegroups: every database has one data file and one log file.

use milink_core::database::{Database, DatabaseState};
use milink_core::instance::{Instance, InstanceKind};
use milink_core::lsn::Lsn;
use milink_core::value::{Row, Value};
use uuid::Uuid;

use crate::catalog::column::{
    BIT, DATETIME, DESC, GUID, INT, LSN, NAME, TINYINT, ViewColumn, character, col, nvarchar, req,
};
use crate::catalog::{View, row};

pub(super) const MASTER_FILES: View = View::sys("master_files", MASTER_COLUMNS, |scope| {
    let databases = scope.instance.databases.values();
    databases
        .flat_map(|database| {
            let files = database_files(scope.instance, database);
            files.map(|file| make_row(database, &file, true))
        })
        .collect()
});

pub(super) const DATABASE_FILES: View = View::sys(
    "database_files",
    // `sys.master_files` without the first and the last column.
    split(MASTER_COLUMNS),
    |scope| {
        let files = database_files(scope.instance, scope.database);
        files
            .map(|file| make_row(scope.database, &file, false))
            .to_vec()
    },
);

const DATA_SPACE_COLUMNS: [ViewColumn; 6] = [
    req("name", NAME),
    req("data_space_id", INT),
    req("type", character(2)),
    col("type_desc", DESC),
    req("is_default", BIT),
    col("is_system", BIT),
];

pub(super) const DATA_SPACES: View = View::sys("data_spaces", &DATA_SPACE_COLUMNS, |_| {
    vec![row!["PRIMARY", 1, "FG", "ROWS_FILEGROUP", true, false]]
});

pub(super) const FILEGROUPS: View = View::sys(
    "filegroups",
    &[
        DATA_SPACE_COLUMNS[0],
        DATA_SPACE_COLUMNS[1],
        DATA_SPACE_COLUMNS[2],
        DATA_SPACE_COLUMNS[3],
        DATA_SPACE_COLUMNS[4],
        DATA_SPACE_COLUMNS[5],
        col("filegroup_guid", GUID),
        col("log_filegroup_id", INT),
        req("is_read_only", BIT),
        req("is_autogrow_all_files", BIT),
    ],
    |_| {
        vec![row![
            "PRIMARY",
            1,
            "FG",
            "ROWS_FILEGROUP",
            true,
            false,
            Value::Null,
            Value::Null,
            false,
            false
        ]]
    },
);

const MASTER_COLUMNS: &[ViewColumn] = &[
    req("database_id", INT),
    req("file_id", INT),
    col("file_guid", GUID),
    req("type", TINYINT),
    col("type_desc", DESC),
    req("data_space_id", INT),
    req("name", NAME),
    req("physical_name", nvarchar(260)),
    col("state", TINYINT),
    col("state_desc", DESC),
    req("size", INT),
    req("max_size", INT),
    req("growth", INT),
    req("is_media_read_only", BIT),
    req("is_read_only", BIT),
    req("is_sparse", BIT),
    req("is_percent_growth", BIT),
    req("is_name_reserved", BIT),
    req("is_persistent_log_buffer", BIT),
    col("create_lsn", LSN),
    col("drop_lsn", LSN),
    col("read_only_lsn", LSN),
    col("read_write_lsn", LSN),
    col("differential_base_lsn", LSN),
    col("differential_base_guid", GUID),
    col("differential_base_time", DATETIME),
    col("redo_start_lsn", LSN),
    col("redo_start_fork_guid", GUID),
    col("redo_target_lsn", LSN),
    col("redo_target_fork_guid", GUID),
    col("backup_lsn", LSN),
    col("credential_id", INT),
];

const fn split(columns: &'static [ViewColumn]) -> &'static [ViewColumn] {
    let (_, tail) = columns.split_at(1);
    tail.split_at(tail.len() - 1).0
}

/// A file of a database.
pub(crate) struct DatabaseFile {
    pub(crate) id: i32,
    pub(crate) is_log: bool,
    pub(crate) name: String,
    pub(crate) path: String,
    /// In pages of 8 KiB.
    pub(crate) pages: u64,
}

/// The data file and the log file of a database.
pub(crate) fn database_files(instance: &Instance, database: &Database) -> [DatabaseFile; 2] {
    const PAGE: u64 = 8 << 10;
    let (data, log) = logical_names(database);
    let directory = default_directory(instance);
    let managed = instance.is_managed_instance();
    let path = |name: &str, extension: &str| {
        let stem = if managed && !database.is_system() {
            format!("{}_{name}", database.guid)
        } else {
            name.to_owned()
        };
        format!("{directory}{stem}.{extension}")
    };
    [
        DatabaseFile {
            id: 1,
            is_log: false,
            path: path(&data, "mdf"),
            name: data,
            pages: database.data_file_bytes() / PAGE,
        },
        DatabaseFile {
            id: 2,
            is_log: true,
            path: path(&log, "ldf"),
            name: log,
            pages: database.log_file_bytes() / PAGE,
        },
    ]
}

/// Where an instance puts new files, with the separator at the end.
pub(crate) fn default_directory(instance: &Instance) -> String {
    match &instance.kind {
        InstanceKind::SqlServer(server) => format!(
            "C:\\Program Files\\Microsoft SQL Server\\MSSQL{}.MSSQLSERVER\\MSSQL\\DATA\\",
            server.build.major
        ),
        InstanceKind::ManagedInstance(managed) => format!(
            "https://{}.blob.core.windows.net/managedserver-{}/data/",
            managed.node_name.to_lowercase(),
            instance.name
        ),
    }
}

/// The logical names of the files; the system databases have names of their own.
fn logical_names(database: &Database) -> (String, String) {
    match database.id.0 {
        1 => ("master".into(), "mastlog".into()),
        2 => ("tempdev".into(), "templog".into()),
        3 => ("modeldev".into(), "modellog".into()),
        4 => ("MSDBData".into(), "MSDBLog".into()),
        _ => (database.name.to_string(), format!("{}_log", database.name)),
    }
}

fn make_row(database: &Database, file: &DatabaseFile, all_databases: bool) -> Row {
    let state = match database.state {
        DatabaseState::Emergency => (0, "ONLINE"),
        DatabaseState::Offline => (6, "OFFLINE"),
        state => super::state_code(state),
    };
    let kind = if file.is_log { (1, "LOG") } else { (0, "ROWS") };
    let base = (!file.is_log).then_some(database.chain.last_full).flatten();
    let redo = database.copy.as_ref().map(|copy| copy.redone);
    // A log may grow to two terabytes, data without a limit.
    let max_size = if file.is_log { 268_435_456 } else { -1 };
    let guid = Uuid::from_u128(database.guid.as_u128() ^ file.id.unsigned_abs() as u128);
    let row = row![
        database.id,
        file.id,
        guid,
        kind.0,
        kind.1,
        i32::from(!file.is_log),
        file.name.as_str(),
        file.path.as_str(),
        state.0,
        state.1,
        file.pages.min(i32::MAX as u64),
        max_size,
        8192,
        false,
        false,
        false,
        false,
        false,
        false,
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
        base,
        base.map(|_| database.guid),
        base.and(database.chain.last_full_time),
        redo,
        redo.map(|_| database.recovery_fork),
        None::<Lsn>,
        Value::Null,
        base,
        Value::Null,
    ];
    if all_databases {
        return row;
    }
    row[1..row.len() - 1].into()
}
