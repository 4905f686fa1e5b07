//! Functions that yield rows.

use milink_core::collation::Collation;
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::TableFunction;
use super::argument::{number, text};
use crate::catalog::column::{
    BIGINT, BIT, DATETIME, DESC, GUID, INT, NAME, NVARCHAR_MAX, SMALLINT, VARIANT, ViewColumn, col,
    nvarchar, req, varbinary,
};
use crate::catalog::databases::{database_files, log_pages};
use crate::catalog::security::is_sysadmin;
use crate::catalog::{Scope, row};
use crate::error::SqlError;

pub(super) const FUNCTIONS: &[TableFunction] = &[
    function(
        "fn_helpcollations",
        (0, 0),
        &[req("name", NAME), req("description", nvarchar(1000))],
        |_, _| Ok(Collation::all().map(|c| row![c, describe(c)]).collect()),
    ),
    function(
        "fn_listextendedproperty",
        (0, 7),
        &[
            col("objtype", NAME),
            col("objname", NAME),
            col("name", NAME),
            col("value", VARIANT),
        ],
        |_, _| Ok(Vec::new()),
    ),
    function(
        "dm_exec_cursors",
        (1, 1),
        super::cursor::COLUMNS,
        super::cursor::cursors,
    ),
    // Texts of statements are not kept.
    function(
        "dm_exec_sql_text",
        (1, 1),
        &[
            col("dbid", SMALLINT),
            col("objectid", INT),
            col("number", SMALLINT),
            req("encrypted", BIT),
            col("text", NVARCHAR_MAX),
        ],
        |_, _| Ok(Vec::new()),
    ),
    function(
        "dm_exec_input_buffer",
        (2, 2),
        &[
            req("event_type", nvarchar(256)),
            req("parameters", SMALLINT),
            col("event_info", NVARCHAR_MAX),
        ],
        |_, _| Ok(Vec::new()),
    ),
    function(
        "fn_my_permissions",
        (2, 2),
        &[
            req("entity_name", NAME),
            req("subentity_name", NAME),
            col("permission_name", DESC),
        ],
        my_permissions,
    ),
    function(
        "fn_hadr_distributed_ag_replica",
        (2, 2),
        &[req("group_id", GUID)],
        distributed_replica,
    ),
    function(
        "fn_hadr_distributed_ag_database_replica",
        (2, 2),
        &[req("group_database_id", GUID)],
        distributed_database_replica,
    ),
    function(
        "dm_io_virtual_file_stats",
        (2, 2),
        &[
            req("database_id", SMALLINT),
            req("file_id", SMALLINT),
            req("sample_ms", BIGINT),
            req("num_of_reads", BIGINT),
            req("num_of_bytes_read", BIGINT),
            req("io_stall_read_ms", BIGINT),
            req("num_of_writes", BIGINT),
            req("num_of_bytes_written", BIGINT),
            req("io_stall_write_ms", BIGINT),
            req("io_stall", BIGINT),
            req("size_on_disk_bytes", BIGINT),
            req("file_handle", varbinary(8)),
        ],
        virtual_file_stats,
    ),
    function(
        "dm_db_log_stats",
        (1, 1),
        &[
            req("database_id", INT),
            req("recovery_model", DESC),
            req("log_min_lsn", nvarchar(24)),
            req("log_end_lsn", nvarchar(24)),
            req("total_vlf_count", BIGINT),
            req("total_log_size_mb", SqlType::Float),
            req("active_vlf_count", BIGINT),
            req("active_log_size_mb", SqlType::Float),
            req("log_truncation_holdup_reason", DESC),
            col("log_backup_time", DATETIME),
            col("log_backup_lsn", nvarchar(24)),
            req("log_since_last_log_backup_mb", SqlType::Float),
        ],
        log_stats,
    ),
];

const fn function(
    name: &'static str,
    arguments: (usize, usize),
    columns: &'static [ViewColumn],
    rows: fn(&Scope<'_>, &[Value]) -> Result<Vec<Row>, SqlError>,
) -> TableFunction {
    TableFunction {
        schema: "sys",
        name,
        columns,
        least: arguments.0,
        most: arguments.1,
        rows,
    }
}

/// No traffic is counted: sizes are true, the rest is zero.
fn virtual_file_stats(scope: &Scope<'_>, args: &[Value]) -> Result<Vec<Row>, SqlError> {
    let (database, file) = (number(args, 0)?, number(args, 1)?);
    let up = scope.now.since(scope.instance.started).as_milliseconds();
    let databases = scope.instance.databases.values();
    let wanted = databases.filter(|found| database.is_none_or(|id| id == i64::from(found.id.0)));
    let files = wanted.flat_map(|found| {
        let files = database_files(scope.instance, found).into_iter();
        files.map(move |file| (found.id, file))
    });
    let shown = files.filter(|(_, found)| file.is_none_or(|id| id == i64::from(found.id)));
    Ok(shown
        .map(|(database, file)| {
            let handle =
                (u64::from(database.0.unsigned_abs()) << 8) | u64::from(file.id.unsigned_abs());
            row![
                database,
                file.id,
                up,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                file.pages * (8 << 10),
                handle.to_be_bytes().as_slice(),
            ]
        })
        .collect())
}

fn log_stats(scope: &Scope<'_>, args: &[Value]) -> Result<Vec<Row>, SqlError> {
    let id = number(args, 0)?;
    let mut databases = scope.instance.databases.values();
    let found = match id {
        None | Some(0) => Some(scope.database),
        Some(id) => databases
            .find(|found| i64::from(found.id.0) == id)
            .map(|found| &**found),
    };
    let row = |database: &milink_core::database::Database| {
        let log = &database.log;
        let pages = log_pages(scope.instance, database);
        let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let first = log.first().map_or(log.end(), |entry| entry.first);
        let since = database.chain.last_log.map_or(log.used_bytes(), |from| {
            log.from(from).map(|entry| u64::from(entry.bytes)).sum()
        });
        row![
            database.id,
            database.recovery_model.desc(),
            first.to_string(),
            log.end().to_string(),
            4,
            megabytes(pages * (8 << 10)),
            1,
            megabytes(log.used_bytes()),
            database.log_reuse_wait_desc(),
            database.chain.last_log_time,
            database.chain.last_log.map(|lsn| lsn.to_string()),
            megabytes(since),
        ]
    };
    Ok(found.map(row).into_iter().collect())
}

/// As the product words it, from the parts of the name.
fn describe(collation: Collation) -> String {
    let name = collation.name();
    let mut text = name.split('_').next().unwrap_or(name).to_owned();
    if let Some(rest) = name.strip_prefix("SQL_") {
        text = rest.split('_').next().unwrap_or(rest).to_owned();
    }
    if name.contains("_100_") {
        text.push_str("-General-100");
    } else {
        text.push_str("-General");
    }
    if name.contains("BIN2") {
        text.push_str(", binary code point comparison sort");
    } else {
        text.push_str(if collation.is_case_sensitive() {
            ", case-sensitive"
        } else {
            ", case-insensitive"
        });
        text.push_str(", accent-sensitive, kanatype-insensitive, width-insensitive");
    }
    if collation.is_utf8() {
        text.push_str(", UTF8");
    }
    text
}

/// What a member of sysadmin has; everybody else has what is everybody's.
fn my_permissions(scope: &Scope<'_>, args: &[Value]) -> Result<Vec<Row>, SqlError> {
    let entity = text(args, 0).unwrap_or_else(|| "server".to_owned());
    let class = text(args, 1).unwrap_or_else(|| "SERVER".to_owned());
    let all = is_sysadmin(scope.instance, &scope.login_name());
    let permissions: &[&str] = match (class.to_uppercase().as_str(), all) {
        ("SERVER", true) => &[
            "CONNECT SQL",
            "SHUTDOWN",
            "CREATE ENDPOINT",
            "CREATE ANY DATABASE",
            "CREATE AVAILABILITY GROUP",
            "ALTER ANY LOGIN",
            "ALTER ANY CREDENTIAL",
            "ALTER ANY ENDPOINT",
            "ALTER ANY CONNECTION",
            "ALTER ANY DATABASE",
            "ALTER RESOURCES",
            "ALTER SETTINGS",
            "ALTER SERVER STATE",
            "ALTER ANY AVAILABILITY GROUP",
            "VIEW ANY DATABASE",
            "VIEW ANY DEFINITION",
            "VIEW SERVER STATE",
            "CONTROL SERVER",
        ],
        ("SERVER", false) => &["CONNECT SQL", "VIEW ANY DATABASE"],
        ("DATABASE", true) => &[
            "CREATE TABLE",
            "CREATE SCHEMA",
            "BACKUP DATABASE",
            "BACKUP LOG",
            "CONNECT",
            "SELECT",
            "INSERT",
            "UPDATE",
            "DELETE",
            "ALTER",
            "CONTROL",
            "VIEW DEFINITION",
            "VIEW DATABASE STATE",
        ],
        ("DATABASE", false) => &["CONNECT"],
        (_, true) => &["SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "CONTROL"],
        (_, false) => &[],
    };
    Ok(permissions
        .iter()
        .map(|permission| row![entity.as_str(), "", *permission])
        .collect())
}

/// The local group behind a replica of a distributed group.
fn distributed_replica(scope: &Scope<'_>, args: &[Value]) -> Result<Vec<Row>, SqlError> {
    let replica = guid(args, 1);
    let member = distributed(scope, args).map(|pair| pair.local());
    let group = member
        .filter(|member| Some(member.id.0) == replica)
        .and_then(|member| scope.instance.group(member.group.as_str()));
    Ok(group.map(|group| row![group.id]).into_iter().collect())
}

/// The id in the local group of a database of a distributed group: both know it by the same one.
fn distributed_database_replica(scope: &Scope<'_>, args: &[Value]) -> Result<Vec<Row>, SqlError> {
    let database = guid(args, 1);
    let member = distributed(scope, args).map(|pair| pair.local());
    let group = member.and_then(|member| scope.instance.group(member.group.as_str()));
    let group = group.and_then(|group| group.as_local());
    let found = group.and_then(|group| {
        let mut databases = group.databases.iter();
        databases.find(|joined| Some(joined.id.0) == database)
    });
    Ok(found.map(|joined| row![joined.id]).into_iter().collect())
}

fn distributed<'a>(
    scope: &Scope<'a>,
    args: &[Value],
) -> Option<&'a milink_core::availability_group::DistributedGroup> {
    let id = guid(args, 0)?;
    let mut groups = scope.instance.groups.values();
    groups.find(|group| group.id.0 == id)?.as_distributed()
}

fn guid(args: &[Value], at: usize) -> Option<uuid::Uuid> {
    match args.get(at)? {
        Value::Guid(guid) => Some(*guid),
        Value::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}
