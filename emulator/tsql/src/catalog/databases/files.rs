//! `sys.master_files`, `sys.database_files` and the filegroups: every database has one data file, and one log file unless
//! others were added.

use milink_core::database::{Database, DatabaseState};
use milink_core::instance::{Instance, InstanceKind};
use milink_core::lsn::Lsn;
use milink_core::store::{DatabaseFile, FileSize, Growth};
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
            files
                .into_iter()
                .map(|file| make_row(database, &file, true))
        })
        .collect()
});

pub(super) const DATABASE_FILES: View = View::sys(
    "database_files",
    // `sys.master_files` without the first and the last column.
    split(MASTER_COLUMNS),
    |scope| {
        let files = database_files(scope.instance, scope.database);
        let files = files.iter();
        files
            .map(|file| make_row(scope.database, file, false))
            .collect()
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

/// A file of a database as it is shown.
pub(crate) struct ShownFile {
    pub(crate) id: i32,
    pub(crate) is_log: bool,
    pub(crate) name: String,
    pub(crate) path: String,
    /// In pages of 8 KiB.
    pub(crate) pages: u64,
    /// How large it was made, and how it grows.
    pub(crate) size: FileSize,
}

/// The files of a database: the data file, the log file, and log files that were added.
pub(crate) fn database_files(instance: &Instance, database: &Database) -> Vec<ShownFile> {
    let added = database.content.added_log_files().cloned();
    let all = database.first_files().into_iter().chain(added);
    all.map(|file| shown(instance, database, file)).collect()
}

/// The data file of a database.
pub(crate) fn data_file(instance: &Instance, database: &Database) -> ShownFile {
    let [data, _] = database.first_files();
    shown(instance, database, data)
}

/// The pages of all log files of a database.
pub(crate) fn log_pages(instance: &Instance, database: &Database) -> u64 {
    let files = database_files(instance, database).into_iter();
    files
        .filter(|file| file.is_log)
        .map(|file| file.pages)
        .sum()
}

fn shown(instance: &Instance, database: &Database, file: DatabaseFile) -> ShownFile {
    /// Bytes of a page.
    const PAGE: u64 = 8 << 10;
    let managed = instance.is_managed_instance() && !database.is_system();
    let path = match &file.path {
        Some(path) if !managed => path.to_string(),
        _ => {
            // The names of a database that was renamed or restored are those that it had.
            let [data, log] = DatabaseFile::first(database.id, &database.name);
            let (stem, extension) = match file.id {
                DatabaseFile::DATA => (data.name, "mdf"),
                DatabaseFile::LOG => (log.name, "ldf"),
                _ => (file.name.clone(), "ldf"),
            };
            let stem = match managed {
                true => format!("{}_{stem}", database.guid),
                false => stem.to_string(),
            };
            format!("{}{stem}.{extension}", default_directory(instance))
        }
    };
    let in_use = match file.id {
        DatabaseFile::DATA => database.data_file_bytes() / PAGE,
        DatabaseFile::LOG => database.log_file_bytes() / PAGE,
        _ => 0,
    };
    ShownFile {
        id: file.id,
        is_log: file.is_log(),
        name: file.name.to_string(),
        path,
        pages: in_use.max(file.size.pages.into()),
        size: file.size,
    }
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

fn make_row(database: &Database, file: &ShownFile, all_databases: bool) -> Row {
    let state = match database.state {
        DatabaseState::Emergency => (0, "ONLINE"),
        DatabaseState::Offline => (6, "OFFLINE"),
        state => super::state_code(state),
    };
    let kind = if file.is_log { (1, "LOG") } else { (0, "ROWS") };
    let base = (!file.is_log).then_some(database.chain.last_full).flatten();
    let redo = database.copy.as_ref().map(|copy| copy.redone);
    let max_size = match file.size.most_pages {
        FileSize::MOST_PAGES if !file.is_log => -1,
        most => i64::from(most),
    };
    let (growth, is_percent) = match file.size.growth {
        Growth::Pages(pages) => (pages, false),
        Growth::Percent(percent) => (percent, true),
    };
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
        i64::from(growth),
        false,
        false,
        false,
        is_percent,
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
