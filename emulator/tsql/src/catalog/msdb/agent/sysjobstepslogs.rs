//! `sysjobstepslogs`: what steps have written whose flags say so.

use crate::catalog::column::{BIGINT, DATETIME, GUID, INT, NVARCHAR_MAX, req};
use crate::catalog::{View, row};

pub(super) const VIEW: View = View::sys(
    "sysjobstepslogs",
    &[
        req("log_id", INT),
        req("log", NVARCHAR_MAX),
        req("date_created", DATETIME),
        req("date_modified", DATETIME),
        req("log_size", BIGINT),
        req("step_uid", GUID),
    ],
    |scope| {
        let jobs = scope.instance.agent.jobs.values();
        let steps = jobs.flat_map(|job| &job.steps);
        steps
            .filter_map(|step| {
                let log = step.log.as_ref()?;
                Some(row![
                    log.id,
                    &log.text,
                    log.created,
                    log.modified,
                    log.text.encode_utf16().count() * 2,
                    step.uid,
                ])
            })
            .collect()
    },
)
.in_schema(Some("msdb"), "dbo");
