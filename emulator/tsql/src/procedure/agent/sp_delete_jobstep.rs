//! `sp_delete_jobstep`.

use milink_core::agent::DeleteStep;
use milink_core::sql_type::SqlType;

use super::{Body, Call, Procedure, optional, required};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_delete_jobstep",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        required("@step_id", SqlType::Int),
    ],
    body: Body::Native(run),
};

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job(0, 1)?.id;
    // 0 is all of them (documented).
    let step = match call.number(2).unwrap_or_default() {
        0 => None,
        number => Some(u32::try_from(number).unwrap_or(u32::MAX)),
    };
    let instance = call.context.instance;
    call.context.apply(DeleteStep {
        instance,
        job,
        step,
    })?;
    Ok(0)
}
