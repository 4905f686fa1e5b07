//! `sysjobsteps`.

use milink_core::agent::{Step, Subsystem};
use milink_core::value::Value;

use super::{UNKNOWN, day, duration, time};
use crate::catalog::column::{GUID, INT, NAME, NVARCHAR_MAX, TINYINT, col, nvarchar, req};
use crate::catalog::{Cell, View, row};

pub(super) const VIEW: View = View::sys(
    "sysjobsteps",
    &[
        req("job_id", GUID),
        req("step_id", INT),
        req("step_name", NAME),
        req("subsystem", nvarchar(40)),
        col("command", NVARCHAR_MAX),
        req("flags", INT),
        col("additional_parameters", NVARCHAR_MAX),
        req("cmdexec_success_code", INT),
        req("on_success_action", TINYINT),
        req("on_success_step_id", INT),
        req("on_fail_action", TINYINT),
        req("on_fail_step_id", INT),
        col("server", NAME),
        col("database_name", NAME),
        col("database_user_name", NAME),
        req("retry_attempts", INT),
        req("retry_interval", INT),
        req("os_run_priority", INT),
        col("output_file_name", nvarchar(200)),
        req("last_run_outcome", INT),
        req("last_run_duration", INT),
        req("last_run_retries", INT),
        req("last_run_date", INT),
        req("last_run_time", INT),
        col("proxy_id", INT),
        col("step_uid", GUID),
    ],
    |scope| {
        let mut rows = Vec::new();
        for job in scope.instance.agent.jobs.values() {
            for (number, step) in (1_u32..).zip(&job.steps) {
                let settings = &step.settings;
                let (success, failure) = (settings.on_success, settings.on_failure);
                let [outcome, took, retries, date, at] = last(step);
                rows.push(row![
                    job.id.0,
                    number,
                    settings.name.as_str(),
                    settings.subsystem.name(),
                    settings.command.as_str(),
                    settings.flags.0,
                    Value::Null,
                    settings.success_code,
                    success.code(),
                    success.step(),
                    failure.code(),
                    failure.step(),
                    Value::Null,
                    database(step),
                    Value::Null,
                    settings.retry_attempts,
                    settings.retry_minutes,
                    0,
                    Value::Null,
                    outcome,
                    took,
                    retries,
                    date,
                    at,
                    Value::Null,
                    step.uid,
                ]);
            }
        }
        rows
    },
)
.in_schema(Some("msdb"), "dbo");

/// The database of a step; T-SQL runs in master unless it says something else.
pub(crate) fn database(step: &Step) -> Value {
    match (&step.settings.database, step.settings.subsystem) {
        (Some(database), _) => database.cell(),
        (None, Subsystem::Tsql) => "master".cell(),
        (None, Subsystem::PowerShell | Subsystem::CmdExec) => Value::Null,
    }
}

/// Outcome, duration, retries, date and time of a step's last run.
pub(crate) fn last(step: &Step) -> [i64; 5] {
    match &step.last {
        None => [UNKNOWN.into(), 0, 0, 0, 0],
        Some(last) => [
            last.status.code().into(),
            duration(last.took),
            last.retries.into(),
            day(last.begun).into(),
            time(last.begun).into(),
        ],
    }
}
