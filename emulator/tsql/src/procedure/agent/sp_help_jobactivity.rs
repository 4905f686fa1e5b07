//! `sp_help_jobactivity`.

use milink_core::agent::Stage;
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, optional, result_set};
use crate::catalog::Cell;
use crate::catalog::column::{DATETIME, GUID, INT, NAME, ViewColumn, col, nvarchar, req};
use crate::catalog::msdb::agent::sysjobactivity;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_help_jobactivity",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        optional("@session_id", SqlType::Int),
    ],
    body: Body::Native(run),
};

/// `last_exectued_step_date` is spelled so (documented).
const COLUMNS: &[ViewColumn] = &[
    req("session_id", INT),
    req("job_id", GUID),
    req("job_name", NAME),
    col("run_requested_date", DATETIME),
    col("run_requested_source", NAME),
    col("queued_date", DATETIME),
    col("start_execution_date", DATETIME),
    col("last_executed_step_id", INT),
    col("last_exectued_step_date", DATETIME),
    col("stop_execution_date", DATETIME),
    col("next_scheduled_run_date", DATETIME),
    col("job_history_id", INT),
    col("message", nvarchar(1024)),
    col("run_status", INT),
    col("operator_id_emailed", INT),
    col("operator_id_netsent", INT),
    col("operator_id_paged", INT),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let wanted = call.job_or_none(0, 1)?.map(|job| job.id);
    let instance = call.context.instance()?;
    let session = call.number(2).unwrap_or(i64::from(instance.life) + 1);
    let mut rows: Vec<Row> = Vec::new();
    for job in instance.agent.jobs.values() {
        if wanted.is_some_and(|wanted| wanted != job.id) {
            continue;
        }
        for activity in sysjobactivity::rows(&instance, job) {
            if activity[0].as_int() != Some(session) {
                continue;
            }
            let over = match job.run.as_ref().map(|run| &run.stage) {
                Some(Stage::Over {
                    status, message, ..
                }) if !activity[9].is_null() => Some((message, status.code())),
                _ => None,
            };
            let (message, status) = over.unzip();
            let mut row = activity[..2].to_vec();
            row.push((&job.settings.name).cell());
            row.extend_from_slice(&activity[2..9]);
            row.extend([activity[10].clone(), activity[9].clone()]);
            row.extend([message.cell(), status.cell()]);
            row.extend([0, 0, 0].map(|nobody: i32| match status {
                Some(_) => nobody.cell(),
                None => Value::Null,
            }));
            rows.push(row.into());
        }
    }
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}
