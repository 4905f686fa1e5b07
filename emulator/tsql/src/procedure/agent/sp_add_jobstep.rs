//! `sp_add_jobstep`.

use milink_core::agent::{AddStep, OnEnd, StepFlags, StepSettings, Subsystem};
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{
    Body, Call, Parameter, Procedure, TEXT, defaulting, optional, required, step_settings,
    warn_of_missing,
};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_add_jobstep",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        optional("@step_id", SqlType::Int),
        required("@step_name", SqlType::SYSNAME),
        defaulting("@subsystem", SqlType::nvarchar(40), Value::Null),
        optional("@command", TEXT),
        optional("@additional_parameters", TEXT),
        defaulting("@cmdexec_success_code", SqlType::Int, Value::Int(0)),
        defaulting("@on_success_action", SqlType::TinyInt, Value::Int(1)),
        defaulting("@on_success_step_id", SqlType::Int, Value::Int(0)),
        defaulting("@on_fail_action", SqlType::TinyInt, Value::Int(2)),
        defaulting("@on_fail_step_id", SqlType::Int, Value::Int(0)),
        optional("@server", SqlType::SYSNAME),
        optional("@database_name", SqlType::SYSNAME),
        optional("@database_user_name", SqlType::SYSNAME),
        defaulting("@retry_attempts", SqlType::Int, Value::Int(0)),
        defaulting("@retry_interval", SqlType::Int, Value::Int(0)),
        defaulting("@os_run_priority", SqlType::Int, Value::Int(0)),
        optional("@output_file_name", SqlType::nvarchar(200)),
        defaulting("@flags", SqlType::Int, Value::Int(0)),
        optional("@proxy_id", SqlType::Int),
        optional("@proxy_name", SqlType::SYSNAME),
        Parameter {
            name: "@step_uid",
            sql_type: SqlType::UniqueIdentifier,
            default: Some(Value::Null),
            output: true,
        },
    ],
    body: Body::Native(run),
};

const STEP_UID: usize = 22;

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job(0, 1)?;
    // What is no number of a step is refused by the model.
    let step = call
        .number(2)
        .map(|step| u32::try_from(step).unwrap_or_default());
    let settings = StepSettings {
        name: String::new(),
        subsystem: Subsystem::Tsql,
        command: String::new(),
        on_success: OnEnd::QuitWithSuccess,
        on_failure: OnEnd::QuitWithFailure,
        success_code: 0,
        database: None,
        retry_attempts: 0,
        retry_minutes: 0,
        flags: StepFlags::default(),
    };
    let settings = step_settings(call, settings)?;
    let instance = call.context.instance;
    let uid = call.context.apply(AddStep {
        instance,
        job: job.id,
        step,
        settings: settings.clone(),
    })?;
    warn_of_missing(call, PROCEDURE.name, job.steps.len() as u32 + 1, &settings);
    call.values[STEP_UID] = Value::Guid(uid);
    Ok(0)
}
