//! `sys.dm_os_wait_stats`, with the waits of availability groups, which nobody has waited in, and
//! `sys.dm_os_waiting_tasks`: no task is seen to wait.

use milink_core::value::Row;

use crate::catalog::column::{BIGINT, INT, SMALLINT, ViewColumn, col, nvarchar, req, varbinary};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_os_wait_stats", COLUMNS, rows);

pub(super) const WAITING_TASKS: View = View::sys(
    "dm_os_waiting_tasks",
    &[
        req("waiting_task_address", varbinary(8)),
        col("session_id", SMALLINT),
        col("exec_context_id", INT),
        col("wait_duration_ms", BIGINT),
        col("wait_type", nvarchar(60)),
        col("resource_address", varbinary(8)),
        col("blocking_session_id", SMALLINT),
        col("resource_description", nvarchar(3072)),
    ],
    |_| Vec::new(),
);

const COLUMNS: &[ViewColumn] = &[
    req("wait_type", nvarchar(60)),
    req("waiting_tasks_count", BIGINT),
    req("wait_time_ms", BIGINT),
    req("max_wait_time_ms", BIGINT),
    req("signal_wait_time_ms", BIGINT),
];

const WAITS: [&str; 12] = [
    "HADR_SYNC_COMMIT",
    "HADR_LOGCAPTURE_WAIT",
    "HADR_LOGCAPTURE_SYNC",
    "HADR_WORK_QUEUE",
    "HADR_TIMER_TASK",
    "HADR_CLUSAPI_CALL",
    "HADR_NOTIFICATION_DEQUEUE",
    "HADR_FILESTREAM_IOMGR_IOCOMPLETION",
    "HADR_DATABASE_FLOW_CONTROL",
    "HADR_TRANSPORT_FLOW_CONTROL",
    "HADR_SEEDING_WAIT_FOR_COMPLETION",
    "WRITELOG",
];

fn rows(_: &Scope<'_>) -> Vec<Row> {
    WAITS
        .into_iter()
        .map(|wait| row![wait, 0, 0, 0, 0])
        .collect()
}
