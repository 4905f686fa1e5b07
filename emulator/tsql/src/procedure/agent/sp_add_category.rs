//! `sp_add_category`, for jobs.

use milink_core::agent::AddCategory;
use milink_core::names::Name;
use milink_core::sql_type::SqlType;

use super::{Body, Call, Procedure, not_among, optional, required};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_add_category",
    parameters: &[
        optional("@class", SqlType::varchar(8)),
        optional("@type", SqlType::varchar(12)),
        required("@name", SqlType::SYSNAME),
    ],
    body: Body::Native(run),
};

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let class = call.given_text(0).unwrap_or_else(|| "JOB".to_owned());
    match class.to_ascii_uppercase().as_str() {
        "JOB" => {}
        "ALERT" | "OPERATOR" => {
            return Err(SqlError::unsupported("categories of alerts and operators"));
        }
        _ => return Err(not_among("@class", "JOB, ALERT, OPERATOR")),
    }
    let kind = call.given_text(1).unwrap_or_else(|| "LOCAL".to_owned());
    match kind.to_ascii_uppercase().as_str() {
        "LOCAL" => {}
        "MULTI-SERVER" => return Err(SqlError::unsupported("multiserver jobs")),
        _ => return Err(not_among("@type", "LOCAL, MULTI-SERVER")),
    }
    let name = Name::new(&call.given_text(2).unwrap_or_default());
    let instance = call.context.instance;
    call.context.apply(AddCategory { instance, name })?;
    Ok(0)
}
