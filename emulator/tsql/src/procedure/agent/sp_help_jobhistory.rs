//! `sp_help_jobhistory`.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, defaulting, not_among, optional, result_set};
use crate::catalog::column::{GUID, INT, NAME, ViewColumn, col, nvarchar, req};
use crate::catalog::msdb::agent::{day, duration, time};
use crate::catalog::row;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_help_jobhistory",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        optional("@step_id", SqlType::Int),
        optional("@sql_message_id", SqlType::Int),
        optional("@sql_severity", SqlType::Int),
        optional("@start_run_date", SqlType::Int),
        optional("@end_run_date", SqlType::Int),
        optional("@start_run_time", SqlType::Int),
        optional("@end_run_time", SqlType::Int),
        optional("@minimum_run_duration", SqlType::Int),
        optional("@run_status", SqlType::Int),
        optional("@minimum_retries", SqlType::Int),
        defaulting("@oldest_first", SqlType::Int, Value::Int(0)),
        optional("@server", SqlType::SYSNAME),
        optional("@mode", SqlType::varchar(7)),
    ],
    body: Body::Native(run),
};

const FULL: &[ViewColumn] = &[
    req("instance_id", INT),
    req("job_id", GUID),
    req("job_name", NAME),
    req("step_id", INT),
    req("step_name", NAME),
    req("sql_message_id", INT),
    req("sql_severity", INT),
    col("message", nvarchar(4000)),
    req("run_status", INT),
    req("run_date", INT),
    req("run_time", INT),
    req("run_duration", INT),
    col("operator_emailed", NAME),
    col("operator_netsent", NAME),
    col("operator_paged", NAME),
    req("retries_attempted", INT),
    req("server", NAME),
];

/// Without the rows of steps (guess: the page says only that it is a summary).
const SUMMARY: &[ViewColumn] = &[
    req("job_id", GUID),
    req("job_name", NAME),
    req("run_status", INT),
    req("run_date", INT),
    req("run_time", INT),
    req("run_duration", INT),
    col("operator_emailed", NAME),
    col("operator_netsent", NAME),
    col("operator_paged", NAME),
    req("retries_attempted", INT),
    req("server", NAME),
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let wanted = call.job_or_none(0, 1)?.map(|job| job.id);
    let mode = call.given_text(14).unwrap_or_else(|| "SUMMARY".to_owned());
    let full = match mode.to_ascii_uppercase().as_str() {
        "FULL" => true,
        "SUMMARY" => false,
        _ => return Err(not_among("@mode", "SUMMARY, FULL")),
    };
    let instance = call.context.instance()?;
    let server = instance.server_name();
    let equal = |at: usize, value: i64| call.number(at).is_none_or(|wanted| wanted == value);
    let least = |at: usize, value: i64| call.number(at).is_none_or(|wanted| value >= wanted);
    let most = |at: usize, value: i64| call.number(at).is_none_or(|wanted| value <= wanted);
    let mut rows: Vec<Row> = Vec::new();
    for entry in &instance.agent.history {
        let Some(job) = instance.agent.jobs.get(&entry.job) else {
            continue;
        };
        let (number, severity) = entry.error.unwrap_or_default();
        let (date, at) = (day(entry.begun), time(entry.begun));
        let took = duration(entry.took);
        let kept = wanted.is_none_or(|wanted| wanted == entry.job)
            && (full || call.number(2).is_some() || entry.step == 0)
            && equal(2, entry.step.into())
            && equal(3, number.into())
            && equal(4, severity.into())
            && least(5, date.into())
            && most(6, date.into())
            && least(7, at.into())
            && most(8, at.into())
            && least(9, took)
            && equal(10, entry.status.code().into())
            && least(11, entry.retries.into());
        if !kept {
            continue;
        }
        let (name, nobody) = (&job.settings.name, || Value::Null);
        let status = entry.status.code();
        let retries = entry.retries;
        rows.push(match full {
            true => row![
                entry.id,
                entry.job.0,
                name,
                entry.step,
                &entry.name,
                number,
                severity,
                &entry.message,
                status,
                date,
                at,
                took,
                nobody(),
                nobody(),
                nobody(),
                retries,
                server.as_str(),
            ],
            false => row![
                entry.job.0,
                name,
                status,
                date,
                at,
                took,
                nobody(),
                nobody(),
                nobody(),
                retries,
                server.as_str(),
            ],
        });
    }
    // The newest come first unless somebody wants it otherwise (documented).
    if call.number(12) != Some(1) {
        rows.reverse();
    }
    let columns = if full { FULL } else { SUMMARY };
    result_set::send(call.context, columns, rows);
    Ok(0)
}
