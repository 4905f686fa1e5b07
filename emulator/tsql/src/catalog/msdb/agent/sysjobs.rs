//! `sysjobs`.

use milink_core::agent::{Job, is_cloud_owner};
use milink_core::instance::Instance;
use milink_core::value::Value;

use crate::catalog::column::{DATETIME, GUID, INT, NAME, SID, TINYINT, col, nvarchar, req};
use crate::catalog::{Cell, View, row};

pub(super) const VIEW: View = View::sys(
    "sysjobs",
    &[
        req("job_id", GUID),
        req("originating_server_id", INT),
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
    ],
    |scope| {
        let jobs = scope.instance.agent.jobs.values();
        jobs.map(|job| {
            let settings = &job.settings;
            row![
                job.id.0,
                0,
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
            ]
        })
        .collect()
    },
)
.in_schema(Some("msdb"), "dbo");

/// The identifier of a job's owner; that of a login that was dropped is gone with it.
pub(super) fn owner_sid(instance: &Instance, job: &Job) -> Value {
    let owner = job.settings.owner.as_str();
    match instance.login(owner) {
        Some(login) => (&login.sid).cell(),
        None if is_cloud_owner(owner) => owner.to_lowercase().into_bytes().cell(),
        None => [0].as_slice().cell(),
    }
}
