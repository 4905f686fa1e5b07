//! `sys.database_recovery_status`: whether the log chain has begun, and the recovery fork.

use milink_core::value::{Row, Value};

use crate::catalog::column::{GUID, INT, LSN, ViewColumn, col, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("database_recovery_status", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("database_id", INT),
    col("database_guid", GUID),
    col("family_guid", GUID),
    col("last_log_backup_lsn", LSN),
    col("recovery_fork_guid", GUID),
    col("first_recovery_fork_guid", GUID),
    col("fork_point_lsn", LSN),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let databases = scope.instance.databases.values();
    databases
        .map(|database| {
            row![
                database.id,
                database.guid,
                database.guid,
                database.chain.last_log,
                database.recovery_fork,
                Value::Null,
                Value::Null,
            ]
        })
        .collect()
}
