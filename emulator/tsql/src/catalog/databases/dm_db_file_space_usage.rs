//! `sys.dm_db_file_space_usage`: how full the current database's data file is.

use milink_core::value::Row;

use super::data_file;
use crate::catalog::column::{BIGINT, SMALLINT, ViewColumn, col, req};
use crate::catalog::objects::pages;
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_db_file_space_usage", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("database_id", SMALLINT),
    req("file_id", SMALLINT),
    req("filegroup_id", SMALLINT),
    col("total_page_count", BIGINT),
    col("allocated_extent_page_count", BIGINT),
    col("unallocated_extent_page_count", BIGINT),
    col("version_store_reserved_page_count", BIGINT),
    col("user_object_reserved_page_count", BIGINT),
    col("internal_object_reserved_page_count", BIGINT),
    col("mixed_extent_page_count", BIGINT),
    col("modified_extent_page_count", BIGINT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let data = data_file(scope.instance, scope.database);
    let content = scope.content();
    let used: u64 = content
        .tables
        .values()
        .map(|table| pages(table) as u64)
        .sum();
    let free = data.pages.saturating_sub(used);
    vec![row![
        scope.database.id,
        1,
        1,
        data.pages,
        used,
        free,
        0,
        used,
        0,
        0,
        used
    ]]
}
