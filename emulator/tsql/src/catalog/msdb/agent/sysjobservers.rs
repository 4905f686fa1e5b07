//! `sysjobservers`: where jobs run, and how they came out there.

use std::sync::Arc;

use milink_core::agent::{Job, RunStatus, Stage};
use milink_core::time::{Span, Timestamp};

use super::{UNKNOWN, day, duration, time};
use crate::catalog::column::{GUID, INT, TINYINT, col, nvarchar, req};
use crate::catalog::{View, row};

pub(super) const VIEW: View = View::sys(
    "sysjobservers",
    &[
        req("job_id", GUID),
        req("server_id", INT),
        req("last_run_outcome", TINYINT),
        col("last_outcome_message", nvarchar(4000)),
        req("last_run_date", INT),
        req("last_run_time", INT),
        req("last_run_duration", INT),
    ],
    |scope| {
        let jobs = scope.instance.agent.jobs.values();
        let targeted = jobs.filter(|job| job.targeted);
        targeted
            .map(|job| match last(job) {
                None => row![job.id.0, 0, UNKNOWN, Option::<i32>::None, 0, 0, 0],
                Some(last) => row![
                    job.id.0,
                    0,
                    last.status.code(),
                    last.message,
                    day(last.begun),
                    time(last.begun),
                    duration(last.took),
                ],
            })
            .collect()
    },
)
.in_schema(Some("msdb"), "dbo");

/// How a job came out last.
pub(crate) struct Last<'a> {
    pub(crate) status: RunStatus,
    pub(crate) message: &'a Arc<str>,
    pub(crate) begun: Timestamp,
    pub(crate) took: Span,
}

/// How a job came out last, unless it runs now or never has (guess: while it runs, the product still shows the one before).
pub(crate) fn last(job: &Job) -> Option<Last<'_>> {
    let run = job.run.as_ref()?;
    match &run.stage {
        Stage::Running(_) => None,
        Stage::Over {
            ended,
            status,
            message,
            ..
        } => Some(Last {
            status: *status,
            message,
            begun: run.requested,
            took: ended.since(run.requested),
        }),
    }
}
