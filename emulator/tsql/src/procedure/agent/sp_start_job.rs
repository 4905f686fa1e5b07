//! `sp_start_job` and `sp_stop_job`: both return at once.

use milink_core::agent::{StartJob, StopJob};
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{Body, Call, Procedure, defaulting, optional};
use crate::error::SqlError;

pub(super) const START: Procedure = Procedure {
    name: "sp_start_job",
    parameters: &[
        optional("@job_name", SqlType::SYSNAME),
        optional("@job_id", SqlType::UniqueIdentifier),
        // Reserved (documented).
        defaulting("@error_flag", SqlType::Int, Value::Int(1)),
        optional("@server_name", SqlType::SYSNAME),
        optional("@step_name", SqlType::SYSNAME),
        defaulting("@output_flag", SqlType::Int, Value::Int(1)),
    ],
    body: Body::Native(start),
};

pub(super) const STOP: Procedure = Procedure {
    name: "sp_stop_job",
    parameters: &[
        optional("@job_name", SqlType::SYSNAME),
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@originating_server", SqlType::SYSNAME),
        optional("@server_name", SqlType::SYSNAME),
    ],
    body: Body::Native(stop),
};

fn start(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job(1, 0)?;
    here(call, 3)?;
    let (instance, by) = (call.context.instance, call.context.login.clone());
    let step = call.given_text(4);
    call.context.apply(StartJob {
        instance,
        job: job.id,
        step,
        by,
    })?;
    if call.number(5) != Some(0) {
        let text = format!("Job '{}' started successfully.", job.settings.name);
        call.tell(14243, START.name, text);
    }
    Ok(0)
}

fn stop(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job(1, 0)?;
    here(call, 2)?;
    here(call, 3)?;
    let (instance, by) = (call.context.instance, call.context.login.clone());
    call.context.apply(StopJob {
        instance,
        job: job.id,
        by,
    })?;
    let text = format!("Job '{}' stopped successfully.", job.settings.name);
    call.tell(14254, STOP.name, text);
    Ok(0)
}

/// A server that is named has to be this one.
fn here(call: &mut Call<'_, '_>, at: usize) -> Result<(), SqlError> {
    let Some(server) = call.given_text(at) else {
        return Ok(());
    };
    let own = call.context.instance()?.server_name();
    match server.eq_ignore_ascii_case("(local)") || server.eq_ignore_ascii_case(&own) {
        true => Ok(()),
        false => Err(SqlError::unsupported("multiserver jobs")),
    }
}
