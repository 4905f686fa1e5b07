//! `sys.dm_db_log_space_usage`: how full the current database's log is.

use milink_core::value::Row;

use super::log_pages;
use crate::catalog::column::{BIGINT, REAL, SMALLINT, ViewColumn, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_db_log_space_usage", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("database_id", SMALLINT),
    req("total_log_size_in_bytes", BIGINT),
    req("used_log_space_in_bytes", BIGINT),
    req("used_log_space_in_percent", REAL),
    req("log_space_in_bytes_since_last_backup", BIGINT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let database = scope.database;
    let total = log_pages(scope.instance, database) * (8 << 10);
    let used = database.log.used_bytes();
    let percent = used as f64 * 100.0 / total.max(1) as f64;
    let since = database.chain.last_log.map_or(used, |from| {
        let entries = database.log.from(from);
        entries.map(|entry| u64::from(entry.bytes)).sum()
    });
    vec![row![
        database.id,
        total,
        used,
        f64::from(percent as f32),
        since
    ]]
}
