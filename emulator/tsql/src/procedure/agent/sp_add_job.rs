//! `sp_add_job`.

use milink_core::agent::{AddJob, JobSettings, When};
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{
    Body, Call, JobPlaces, Parameter, Procedure, defaulting, job_settings, not_from, optional,
    required,
};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_add_job",
    parameters: &[
        required("@job_name", SqlType::SYSNAME),
        defaulting("@enabled", SqlType::TinyInt, Value::Int(1)),
        optional("@description", SqlType::nvarchar(512)),
        defaulting("@start_step_id", SqlType::Int, Value::Int(1)),
        optional("@category_name", SqlType::SYSNAME),
        optional("@category_id", SqlType::Int),
        optional("@owner_login_name", SqlType::SYSNAME),
        defaulting("@notify_level_eventlog", SqlType::Int, Value::Int(2)),
        defaulting("@notify_level_email", SqlType::Int, Value::Int(0)),
        defaulting("@notify_level_netsend", SqlType::Int, Value::Int(0)),
        defaulting("@notify_level_page", SqlType::Int, Value::Int(0)),
        optional("@notify_email_operator_name", SqlType::SYSNAME),
        optional("@notify_netsend_operator_name", SqlType::SYSNAME),
        optional("@notify_page_operator_name", SqlType::SYSNAME),
        defaulting("@delete_level", SqlType::Int, Value::Int(0)),
        Parameter {
            name: "@job_id",
            sql_type: SqlType::UniqueIdentifier,
            default: Some(Value::Null),
            output: true,
        },
        optional("@originating_server", SqlType::SYSNAME),
    ],
    body: Body::Native(run),
};

const PLACES: JobPlaces = JobPlaces {
    name: 0,
    enabled: 1,
    description: 2,
    start_step: 3,
    category: 4,
    owner: 6,
    eventlog: 7,
    notify: [8, 9, 10],
    operators: [11, 12, 13],
    delete: 14,
};
const CATEGORY_ID: usize = 5;
const JOB_ID: usize = 15;

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    if !call.values[JOB_ID].is_null() {
        return Err(SqlError::new(
            14284,
            16,
            "Cannot specify a job ID for a new job. An ID will be assigned by the procedure.",
        ));
    }
    let settings = JobSettings {
        name: Name::new(""),
        enabled: true,
        description: Some("No description available.".to_owned()),
        start_step: 1,
        category: 0,
        owner: call.context.login.clone(),
        notify_eventlog: When::Failure,
        delete: When::Never,
    };
    let mut settings = job_settings(call, &PLACES, settings)?;
    if let Some(category) = call.number(CATEGORY_ID)
        && call.given_text(PLACES.category).is_none()
    {
        let category = i32::try_from(category).ok();
        settings.category = category.ok_or_else(|| not_from("@category_id", "sp_help_category"))?;
    }
    let instance = call.context.instance;
    let id = call.context.apply(AddJob { instance, settings })?;
    call.values[JOB_ID] = Value::Guid(id.0);
    Ok(0)
}
