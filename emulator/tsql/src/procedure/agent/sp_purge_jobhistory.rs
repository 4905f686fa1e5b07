//! `sp_purge_jobhistory`.

use milink_core::agent::PurgeHistory;
use milink_core::sql_type::SqlType;
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;

use super::{Body, Call, Procedure, optional};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_purge_jobhistory",
    parameters: &[
        optional("@job_name", SqlType::SYSNAME),
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@oldest_date", SqlType::DateTime),
    ],
    body: Body::Native(run),
};

/// From 1900-01-01 to 1970-01-01.
const DAYS_BEFORE_1970: i64 = 25_567;

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let job = call.job_or_none(1, 0)?.map(|job| job.id);
    let before = match &call.values[2] {
        Value::DateTime(date) => {
            let days = i64::from(date.days) - DAYS_BEFORE_1970;
            let midnight = Timestamp::from_unix_seconds(days * 86_400);
            Some(midnight + Span::milliseconds(i64::from(date.ticks) * 10 / 3))
        }
        _ => None,
    };
    let instance = call.context.instance;
    let gone = call.context.apply(PurgeHistory {
        instance,
        job,
        before,
    })?;
    call.tell(
        14226,
        PROCEDURE.name,
        format!("{gone} history entries purged."),
    );
    Ok(0)
}
