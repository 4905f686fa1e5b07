//! `sp_help_jobstep`.

use milink_core::agent::Job;
use milink_core::refusal::AgentRefusal;
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, TEXT, defaulting, optional, result_set, sql_error};
use crate::catalog::column::{INT, NAME, TINYINT, ViewColumn, col, nvarchar, req};
use crate::catalog::msdb::agent::sysjobsteps::{database, last};
use crate::catalog::row;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_help_jobstep",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        optional("@step_id", SqlType::Int),
        optional("@step_name", SqlType::SYSNAME),
        defaulting("@suffix", SqlType::Bit, Value::Bit(false)),
    ],
    body: Body::Native(run),
};

pub(super) const COLUMNS: &[ViewColumn] = &[
    req("step_id", INT),
    req("step_name", NAME),
    req("subsystem", nvarchar(40)),
    col("command", TEXT),
    req("flags", INT),
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
];

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job(0, 1)?;
    if call.values[4] == Value::Bit(true) {
        return Err(SqlError::unsupported("@suffix of sp_help_jobstep"));
    }
    let (number, name) = (call.number(2), call.given_text(3));
    if let Some(number) = number
        && !(1..=job.steps.len() as i64).contains(&number)
    {
        let step = number.to_string();
        return Err(sql_error(&AgentRefusal::NoStep { step }.into()));
    }
    let rows = rows(&job).into_iter().filter(|row| {
        number.is_none_or(|number| row[0].as_int() == Some(number))
            && name.as_deref().is_none_or(|name| {
                row[1]
                    .as_str()
                    .is_some_and(|own| own.eq_ignore_ascii_case(name))
            })
    });
    let rows = rows.collect();
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}

/// The steps of a job.
pub(super) fn rows(job: &Job) -> Vec<Row> {
    let steps = (1_u32..).zip(&job.steps);
    steps
        .map(|(number, step)| {
            let settings = &step.settings;
            let (success, failure) = (settings.on_success, settings.on_failure);
            let [outcome, took, retries, date, at] = last(step);
            row![
                number,
                settings.name.as_str(),
                settings.subsystem.name(),
                settings.command.as_str(),
                settings.flags.0,
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
            ]
        })
        .collect()
}
