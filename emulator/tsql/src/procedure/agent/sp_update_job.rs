//! `sp_update_job`.

use milink_core::agent::ChangeJob;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{Body, Call, JobPlaces, Procedure, defaulting, job_settings, optional};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_update_job",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        optional("@new_name", SqlType::SYSNAME),
        optional("@enabled", SqlType::TinyInt),
        optional("@description", SqlType::nvarchar(512)),
        optional("@start_step_id", SqlType::Int),
        optional("@category_name", SqlType::SYSNAME),
        optional("@owner_login_name", SqlType::SYSNAME),
        optional("@notify_level_eventlog", SqlType::Int),
        optional("@notify_level_email", SqlType::Int),
        optional("@notify_level_netsend", SqlType::Int),
        optional("@notify_level_page", SqlType::Int),
        optional("@notify_email_operator_name", SqlType::SYSNAME),
        optional("@notify_netsend_operator_name", SqlType::SYSNAME),
        optional("@notify_page_operator_name", SqlType::SYSNAME),
        optional("@delete_level", SqlType::Int),
        // Reserved (documented).
        defaulting("@automatic_post", SqlType::Bit, Value::Bit(true)),
    ],
    body: Body::Native(run),
};

const PLACES: JobPlaces = JobPlaces {
    name: 2,
    enabled: 3,
    description: 4,
    start_step: 5,
    category: 6,
    owner: 7,
    eventlog: 8,
    notify: [9, 10, 11],
    operators: [12, 13, 14],
    delete: 15,
};

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job(0, 1)?;
    let settings = job_settings(call, &PLACES, job.settings.clone())?;
    let (instance, job) = (call.context.instance, job.id);
    call.context.apply(ChangeJob {
        instance,
        job,
        settings,
    })?;
    Ok(0)
}
