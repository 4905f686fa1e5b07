//! `sp_delete_job`.

use milink_core::agent::DeleteJob;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{Body, Call, Procedure, defaulting, optional};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_delete_job",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        optional("@originating_server", SqlType::SYSNAME),
        defaulting("@delete_history", SqlType::Bit, Value::Bit(true)),
        // There are no schedules.
        defaulting("@delete_unused_schedule", SqlType::Bit, Value::Bit(true)),
    ],
    body: Body::Native(run),
};

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    if call.given_text(2).is_some() {
        return Err(SqlError::unsupported("multiserver jobs"));
    }
    let job = call.job_or_none(0, 1)?.ok_or_else(|| {
        SqlError::new(
            14279,
            16,
            "Supply either @job_name, @job_id or @originating_server.",
        )
    })?;
    let (instance, job) = (call.context.instance, job.id);
    let history = call.values[3] != Value::Bit(false);
    call.context.apply(DeleteJob {
        instance,
        job,
        history,
    })?;
    Ok(0)
}
