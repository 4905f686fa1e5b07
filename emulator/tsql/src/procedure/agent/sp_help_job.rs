//! `sp_help_job`.

use milink_core::agent::{Job, Turn};
use milink_core::instance::Instance;
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, not_among, optional, result_set, sp_help_jobstep};
use crate::catalog::column::{
    BIT, DATETIME, GUID, INT, NAME, TINYINT, ViewColumn, col, nvarchar, req,
};
use crate::catalog::msdb::agent::sysjobservers::last;
use crate::catalog::msdb::agent::{UNKNOWN, day, duration, time};
use crate::catalog::row;
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_help_job",
    parameters: &[
        optional("@job_id", SqlType::UniqueIdentifier),
        optional("@job_name", SqlType::SYSNAME),
        optional("@job_aspect", SqlType::varchar(9)),
        optional("@job_type", SqlType::varchar(12)),
        optional("@owner_login_name", SqlType::SYSNAME),
        optional("@subsystem", SqlType::nvarchar(40)),
        optional("@category_name", SqlType::SYSNAME),
        optional("@enabled", SqlType::TinyInt),
        optional("@execution_status", SqlType::Int),
        optional("@date_comparator", SqlType::Char(1)),
        optional("@date_created", SqlType::DateTime),
        optional("@date_last_modified", SqlType::DateTime),
        optional("@description", SqlType::nvarchar(512)),
    ],
    body: Body::Native(run),
};

const COLUMNS: &[ViewColumn] = &[
    req("job_id", GUID),
    req("originating_server", nvarchar(30)),
    req("name", NAME),
    req("enabled", TINYINT),
    col("description", nvarchar(512)),
    req("start_step_id", INT),
    req("category", NAME),
    req("owner", NAME),
    req("notify_level_eventlog", INT),
    req("notify_level_email", INT),
    req("notify_level_netsend", INT),
    req("notify_level_page", INT),
    req("notify_email_operator", NAME),
    req("notify_netsend_operator", NAME),
    req("notify_page_operator", NAME),
    req("delete_level", INT),
    req("date_created", DATETIME),
    req("date_modified", DATETIME),
    req("version_number", INT),
    req("last_run_date", INT),
    req("last_run_time", INT),
    req("last_run_outcome", INT),
    req("next_run_date", INT),
    req("next_run_time", INT),
    req("next_run_schedule_id", INT),
    req("current_execution_status", INT),
    req("current_execution_step", NAME),
    req("current_retry_attempt", INT),
    req("has_step", INT),
    req("has_schedule", INT),
    req("has_target", INT),
    req("type", INT),
];

const TARGETS: &[ViewColumn] = &[
    req("server_id", INT),
    req("server_name", nvarchar(30)),
    req("enlist_date", DATETIME),
    req("last_poll_date", DATETIME),
    req("last_run_date", INT),
    req("last_run_time", INT),
    req("last_run_duration", INT),
    req("last_run_outcome", TINYINT),
    col("last_outcome_message", nvarchar(1024)),
];

const SCHEDULES: &[ViewColumn] = &[
    req("schedule_id", INT),
    req("schedule_name", NAME),
    req("enabled", BIT),
    req("freq_type", INT),
    req("freq_interval", INT),
    req("freq_subday_type", INT),
    req("freq_subday_interval", INT),
    req("freq_relative_interval", INT),
    req("freq_recurrence_factor", INT),
    req("active_start_date", INT),
    req("active_end_date", INT),
    req("active_start_time", INT),
    req("active_end_time", INT),
    req("date_created", DATETIME),
    col("schedule_description", nvarchar(4000)),
    req("next_run_date", INT),
    req("next_run_time", INT),
];

const EXECUTING: i64 = 1;
const BETWEEN_RETRIES: i64 = 3;
const IDLE: i64 = 4;

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let wanted = call.job_or_none(0, 1)?;
    if (9..=11).any(|at| !call.values[at].is_null()) {
        return Err(SqlError::unsupported("filters of sp_help_job by date"));
    }
    let aspect = call.given_text(2).map(|text| text.to_ascii_uppercase());
    let instance = call.context.instance()?;
    let now = call.context.world().now();
    let Some(job) = wanted else {
        if aspect.is_some() {
            return Err(SqlError::new(
                14280,
                16,
                "Supply either a job name (and job aspect), or one or more job filter parameters.",
            ));
        }
        let jobs = instance.agent.jobs.values();
        let found = jobs.filter(|job| is_meant(call, &instance, job));
        let rows = found.map(|job| row_of(&instance, job, now)).collect();
        result_set::send(call.context, COLUMNS, rows);
        return Ok(0);
    };
    let aspect = aspect.as_deref().unwrap_or("ALL");
    const ASPECTS: [&str; 5] = ["ALL", "JOB", "STEPS", "SCHEDULES", "TARGETS"];
    if !ASPECTS.contains(&aspect) {
        return Err(not_among(
            "@job_aspect",
            "ALL, JOB, STEPS, SCHEDULES, TARGETS",
        ));
    }
    let shows = |what| aspect == "ALL" || aspect == what;
    if shows("JOB") {
        let rows = vec![row_of(&instance, &job, now)];
        result_set::send(call.context, COLUMNS, rows);
    }
    if shows("STEPS") {
        let rows = sp_help_jobstep::rows(&job);
        result_set::send(call.context, sp_help_jobstep::COLUMNS, rows);
    }
    if shows("SCHEDULES") {
        result_set::send(call.context, SCHEDULES, Vec::new());
    }
    if shows("TARGETS") {
        let rows = targets(&instance, &job);
        result_set::send(call.context, TARGETS, rows);
    }
    Ok(0)
}

/// Whether the filters of a call leave a job.
fn is_meant(call: &Call<'_, '_>, instance: &Instance, job: &Job) -> bool {
    let same = |at: usize, own: &str| {
        let wanted = call.given_text(at);
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(own))
    };
    let category = instance.agent.category(job.settings.category);
    let subsystem = call.given_text(5).is_none_or(|wanted| {
        let mut steps = job.steps.iter();
        steps.any(|step| step.settings.subsystem.name().eq_ignore_ascii_case(&wanted))
    });
    let enabled = i64::from(job.settings.enabled);
    let status = status(job.turn(), None);
    same(3, "LOCAL")
        && same(4, job.settings.owner.as_str())
        && subsystem
        && same(6, category.unwrap_or_default())
        && call.number(7).is_none_or(|wanted| wanted == enabled)
        // 0 is everything that is not idle or suspended (documented).
        && call.number(8).is_none_or(|wanted| match wanted {
            0 => status != IDLE,
            wanted => wanted == status,
        })
        && same(12, job.settings.description.as_deref().unwrap_or_default())
}

fn status(turn: Option<&Turn>, now: Option<milink_core::time::Timestamp>) -> i64 {
    match turn {
        None => IDLE,
        Some(turn) if now.is_some_and(|now| turn.begun > now) => BETWEEN_RETRIES,
        Some(_) => EXECUTING,
    }
}

fn row_of(instance: &Instance, job: &Job, now: milink_core::time::Timestamp) -> Row {
    let settings = &job.settings;
    let last = last(job);
    let last = last.as_ref();
    let step = job.turn().map(|turn| (turn, job.step(turn.step)));
    let step = step.map_or_else(
        || "0 (unknown)".to_owned(),
        |(turn, step)| {
            let name = step.map_or("unknown", |step| step.settings.name.as_str());
            format!("{} ({name})", turn.step)
        },
    );
    row![
        job.id.0,
        server_of(instance),
        &settings.name,
        u8::from(settings.enabled),
        settings.description.as_deref(),
        settings.start_step,
        instance.agent.category(settings.category),
        &settings.owner,
        settings.notify_eventlog.code(),
        0,
        0,
        0,
        "(unknown)",
        "(unknown)",
        "(unknown)",
        settings.delete.code(),
        job.created,
        job.modified,
        job.version,
        last.map_or(0, |last| day(last.begun)),
        last.map_or(0, |last| time(last.begun)),
        last.map_or(UNKNOWN, |last| last.status.code().into()),
        0,
        0,
        0,
        status(job.turn(), Some(now)),
        step,
        job.turn().map_or(0, |turn| turn.retries),
        job.steps.len(),
        0,
        usize::from(job.targeted),
        usize::from(job.targeted),
    ]
}

/// The server's name, as far as the columns take it.
fn server_of(instance: &Instance) -> String {
    const LENGTH: usize = 30;
    instance.server_name().chars().take(LENGTH).collect()
}

fn targets(instance: &Instance, job: &Job) -> Vec<Row> {
    if !job.targeted {
        return Vec::new();
    }
    let last = last(job);
    let last = last.as_ref();
    vec![row![
        0,
        server_of(instance),
        job.created,
        job.created,
        last.map_or(0, |last| day(last.begun)),
        last.map_or(0, |last| time(last.begun)),
        last.map_or(0, |last| duration(last.took)),
        last.map_or(UNKNOWN, |last| last.status.code().into()),
        last.map_or(Value::Null, |last| Value::Str(last.message.clone())),
    ]]
}
