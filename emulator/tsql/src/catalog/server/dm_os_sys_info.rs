//! `sys.dm_os_sys_info`: processors, memory and when the instance started.

use milink_core::value::Row;

use crate::catalog::column::{BIGINT, DATETIME, INT, ViewColumn, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_os_sys_info", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("cpu_ticks", BIGINT),
    req("ms_ticks", BIGINT),
    req("cpu_count", INT),
    req("hyperthread_ratio", INT),
    req("physical_memory_kb", BIGINT),
    req("virtual_memory_kb", BIGINT),
    req("committed_kb", BIGINT),
    req("committed_target_kb", BIGINT),
    req("max_workers_count", INT),
    req("scheduler_count", INT),
    req("sqlserver_start_time_ms_ticks", BIGINT),
    req("sqlserver_start_time", DATETIME),
    req("affinity_type", INT),
    req("affinity_type_desc", nvarchar(60)),
    req("virtual_machine_type", INT),
    req("virtual_machine_type_desc", nvarchar(60)),
    req("softnuma_configuration", INT),
    req("softnuma_configuration_desc", nvarchar(60)),
    req("sql_memory_model", INT),
    req("sql_memory_model_desc", nvarchar(120)),
    req("container_type", INT),
    req("container_type_desc", nvarchar(60)),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    const MEMORY_KB: i64 = 16 << 20;
    let up = scope.now.since(scope.instance.started).as_milliseconds();
    vec![row![
        up.saturating_mul(2_500_000),
        up,
        4,
        2,
        MEMORY_KB,
        137_438_953_344_i64,
        MEMORY_KB / 4,
        MEMORY_KB / 2,
        512,
        4,
        0,
        scope.instance.started,
        2,
        "AUTO",
        1,
        "HYPERVISOR",
        0,
        "OFF",
        1,
        "CONVENTIONAL",
        0,
        "NONE",
    ]]
}
