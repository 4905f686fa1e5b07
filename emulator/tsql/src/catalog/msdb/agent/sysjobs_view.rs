//! `sysjobs_view`: the jobs that one may see, with the name of their server.

use super::sysjobs::owner_sid;
use crate::catalog::column::{DATETIME, GUID, INT, NAME, SID, TINYINT, col, nvarchar, req};
use crate::catalog::{View, row};

pub(super) const VIEW: View = View::sys(
    "sysjobs_view",
    &[
        req("job_id", GUID),
        req("originating_server", NAME),
        req("name", NAME),
        req("enabled", TINYINT),
        col("description", nvarchar(512)),
        req("start_step_id", INT),
        req("category_id", INT),
        req("owner_sid", SID),
        req("notify_level_eventlog", INT),
        req("notify_level_email", INT),
        req("notify_level_netsend", INT),
        req("notify_level_page", INT),
        req("notify_email_operator_id", INT),
        req("notify_netsend_operator_id", INT),
        req("notify_page_operator_id", INT),
        req("delete_level", INT),
        req("date_created", DATETIME),
        req("date_modified", DATETIME),
        req("version_number", INT),
        req("originating_server_id", INT),
        req("master_server", INT),
    ],
    |scope| {
        let jobs = scope.instance.agent.jobs.values();
        jobs.map(|job| {
            let settings = &job.settings;
            row![
                job.id.0,
                scope.instance.server_name(),
                &settings.name,
                settings.enabled as u8,
                settings.description.as_deref(),
                settings.start_step,
                settings.category,
                owner_sid(scope.instance, job),
                settings.notify_eventlog.code(),
                0,
                0,
                0,
                0,
                0,
                0,
                settings.delete.code(),
                job.created,
                job.modified,
                job.version,
                0,
                0,
            ]
        })
        .collect()
    },
)
.in_schema(Some("msdb"), "dbo");
