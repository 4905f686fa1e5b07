//! `sp_add_jobserver` and `sp_delete_jobserver`: a job's only target is the local server.

use milink_core::agent::TargetJob;
use milink_core::refusal::AgentRefusal;
use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::{Body, Call, Parameter, Procedure, defaulting, optional, sql_error};
use crate::error::SqlError;

pub(super) const ADD: Procedure = Procedure {
    name: "sp_add_jobserver",
    parameters: PARAMETERS,
    body: Body::Native(|call| target(call, true)),
};

pub(super) const DELETE: Procedure = Procedure {
    name: "sp_delete_jobserver",
    parameters: PARAMETERS,
    body: Body::Native(|call| target(call, false)),
};

const PARAMETERS: &[Parameter] = &[
    optional("@job_id", SqlType::UniqueIdentifier),
    optional("@job_name", SqlType::SYSNAME),
    optional("@server_name", SqlType::SYSNAME),
    // Reserved (documented).
    defaulting("@automatic_post", SqlType::Bit, Value::Bit(true)),
];

fn target(call: &mut Call<'_, '_>, targeted: bool) -> Result<i32, SqlError> {
    let job = call.job(0, 1)?.id;
    let own = call.context.instance()?.server_name();
    let server = call.given_text(2).unwrap_or_else(|| own.clone());
    if !server.eq_ignore_ascii_case("(local)") && !server.eq_ignore_ascii_case(&own) {
        let (what, name) = ("@server_name", server);
        return Err(sql_error(&AgentRefusal::NotFound { what, name }.into()));
    }
    let instance = call.context.instance;
    call.context.apply(TargetJob {
        instance,
        job,
        targeted,
    })?;
    Ok(0)
}
