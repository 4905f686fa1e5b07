//! `sys.database_mirroring`: a row per database, without values, since nothing is mirrored outside of groups.

use milink_core::value::{Row, Value};

use crate::catalog::column::{DESC, GUID, INT, LSN, NAME, TINYINT, ViewColumn, col, req};
use crate::catalog::{Cell, Scope, View};

pub(super) const VIEW: View = View::sys("database_mirroring", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("database_id", INT),
    col("mirroring_guid", GUID),
    col("mirroring_state", TINYINT),
    col("mirroring_state_desc", DESC),
    col("mirroring_role", TINYINT),
    col("mirroring_role_desc", DESC),
    col("mirroring_role_sequence", INT),
    col("mirroring_safety_level", TINYINT),
    col("mirroring_safety_level_desc", DESC),
    col("mirroring_safety_sequence", INT),
    col("mirroring_partner_name", NAME),
    col("mirroring_partner_instance", NAME),
    col("mirroring_witness_name", NAME),
    col("mirroring_witness_state", TINYINT),
    col("mirroring_witness_state_desc", DESC),
    col("mirroring_failover_lsn", LSN),
    col("mirroring_connection_timeout", INT),
    col("mirroring_redo_queue", INT),
    col("mirroring_redo_queue_type", DESC),
    col("mirroring_end_of_log_lsn", LSN),
    col("mirroring_replication_lsn", LSN),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let row = |id: &milink_core::ids::DatabaseId| {
        let mut values = vec![Value::Null; COLUMNS.len()];
        values[0] = id.cell();
        Row::from(values)
    };
    scope.instance.databases.keys().map(row).collect()
}
