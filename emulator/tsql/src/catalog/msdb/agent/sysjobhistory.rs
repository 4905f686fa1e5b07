//! `sysjobhistory`.

use super::{day, duration, time};
use crate::catalog::column::{GUID, INT, NAME, col, nvarchar, req};
use crate::catalog::{View, row};

pub(super) const VIEW: View = View::sys(
    "sysjobhistory",
    &[
        req("instance_id", INT),
        req("job_id", GUID),
        req("step_id", INT),
        req("step_name", NAME),
        req("sql_message_id", INT),
        req("sql_severity", INT),
        col("message", nvarchar(4000)),
        req("run_status", INT),
        req("run_date", INT),
        req("run_time", INT),
        req("run_duration", INT),
        req("operator_id_emailed", INT),
        req("operator_id_netsent", INT),
        req("operator_id_paged", INT),
        req("retries_attempted", INT),
        req("server", NAME),
    ],
    |scope| {
        let server = scope.instance.server_name();
        let history = scope.instance.agent.history.iter();
        history
            .map(|entry| {
                let (number, severity) = entry.error.unwrap_or_default();
                row![
                    entry.id,
                    entry.job.0,
                    entry.step,
                    &entry.name,
                    number,
                    severity,
                    &entry.message,
                    entry.status.code(),
                    day(entry.begun),
                    time(entry.begun),
                    duration(entry.took),
                    0,
                    0,
                    0,
                    entry.retries,
                    server.as_str(),
                ]
            })
            .collect()
    },
)
.in_schema(Some("msdb"), "dbo");
