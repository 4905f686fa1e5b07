//! `sp_update_jobstep`.

use milink_core::agent::ChangeStep;
use milink_core::refusal::AgentRefusal;
use milink_core::sql_type::SqlType;

use super::{
    Body, Call, Procedure, TEXT, optional, required, sql_error, step_settings, warn_of_missing,
};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_update_jobstep",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        required("@step_id", SqlType::Int),
        optional("@step_name", SqlType::SYSNAME),
        optional("@subsystem", SqlType::nvarchar(40)),
        optional("@command", TEXT),
        optional("@additional_parameters", TEXT),
        optional("@cmdexec_success_code", SqlType::Int),
        optional("@on_success_action", SqlType::TinyInt),
        optional("@on_success_step_id", SqlType::Int),
        optional("@on_fail_action", SqlType::TinyInt),
        optional("@on_fail_step_id", SqlType::Int),
        optional("@server", SqlType::SYSNAME),
        optional("@database_name", SqlType::SYSNAME),
        optional("@database_user_name", SqlType::SYSNAME),
        optional("@retry_attempts", SqlType::Int),
        optional("@retry_interval", SqlType::Int),
        optional("@os_run_priority", SqlType::Int),
        optional("@output_file_name", SqlType::nvarchar(200)),
        optional("@flags", SqlType::Int),
        optional("@proxy_id", SqlType::Int),
        optional("@proxy_name", SqlType::SYSNAME),
    ],
    body: Body::Native(run),
};

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job(0, 1)?;
    let number = call.number(2).unwrap_or_default();
    let step = u32::try_from(number).unwrap_or_default();
    let known = job.step(step).ok_or_else(|| {
        let step = number.to_string();
        sql_error(&AgentRefusal::NoStep { step }.into())
    })?;
    let settings = step_settings(call, known.settings.clone())?;
    let instance = call.context.instance;
    call.context.apply(ChangeStep {
        instance,
        job: job.id,
        step,
        settings: settings.clone(),
    })?;
    warn_of_missing(call, PROCEDURE.name, job.steps.len() as u32, &settings);
    Ok(0)
}
