//! `sys.dm_os_wait_stats`: the waits of availability groups, which nobody has waited in.

use milink_core::value::Row;

use crate::catalog::column::{BIGINT, ViewColumn, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_os_wait_stats", COLUMNS, rows);

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
