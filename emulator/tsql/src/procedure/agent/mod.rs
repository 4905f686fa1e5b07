//! The procedures of SQL Server Agent in msdb (documentation: "SQL Server Agent stored procedures").

mod sp_add_category;
mod sp_add_job;
mod sp_add_jobserver;
mod sp_add_jobstep;
mod sp_delete_job;
mod sp_delete_jobstep;
mod sp_help_job;
mod sp_help_jobactivity;
mod sp_help_jobhistory;
mod sp_help_jobstep;
mod sp_purge_jobhistory;
mod sp_start_job;
mod sp_update_job;
mod sp_update_jobstep;

use std::sync::Arc;

use milink_core::agent::{Job, JobSettings, OnEnd, StepFlags, StepSettings, Subsystem, When};
use milink_core::ids::JobId;
use milink_core::names::Name;
use milink_core::refusal::AgentRefusal;
use milink_core::value::Value;

use super::{Body, Call, Parameter, Procedure, defaulting, optional, required, result_set};
use crate::error::SqlError;
use crate::session::event::Event;
use crate::statement::refusal::sql_error;

pub(super) const PROCEDURES: &[Procedure] = &[
    sp_add_category::PROCEDURE,
    sp_add_job::PROCEDURE,
    sp_add_jobserver::ADD,
    sp_add_jobserver::DELETE,
    sp_add_jobstep::PROCEDURE,
    sp_delete_job::PROCEDURE,
    sp_delete_jobstep::PROCEDURE,
    sp_help_job::PROCEDURE,
    sp_help_jobactivity::PROCEDURE,
    sp_help_jobhistory::PROCEDURE,
    sp_help_jobstep::PROCEDURE,
    sp_purge_jobhistory::PROCEDURE,
    sp_start_job::START,
    sp_start_job::STOP,
    sp_update_job::PROCEDURE,
    sp_update_jobstep::PROCEDURE,
];

/// `nvarchar(max)`.
const TEXT: milink_core::sql_type::SqlType = crate::catalog::column::NVARCHAR_MAX;

impl Call<'_, '_> {
    /// The job that the arguments at two places name: exactly one of them is given.
    fn job(&mut self, id: usize, name: usize) -> Result<Arc<Job>, SqlError> {
        match self.job_or_none(id, name)? {
            Some(job) => Ok(job),
            None => Err(unidentified()),
        }
    }

    /// The same where it may be left out.
    fn job_or_none(&mut self, id: usize, name: usize) -> Result<Option<Arc<Job>>, SqlError> {
        let id = match self.values.get(id) {
            Some(Value::Guid(id)) => Some(JobId(*id)),
            _ => None,
        };
        let name = self.text(name).map(str::trim_end).map(str::to_owned);
        let instance = self.context.instance()?;
        let jobs = &instance.agent;
        let missing = |what, name| sql_error(&AgentRefusal::NotFound { what, name }.into());
        match (id, name) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(unidentified()),
            (Some(id), None) => {
                let shown = id.to_string().to_uppercase();
                let found = jobs.jobs.get(&id).cloned();
                found.map(Some).ok_or_else(|| missing("@job_id", shown))
            }
            (None, Some(name)) => {
                let found = jobs.job(&name).cloned();
                found.map(Some).ok_or_else(|| missing("@job_name", name))
            }
        }
    }

    /// A message of the server's list that is no error.
    fn tell(&mut self, number: i32, procedure: &str, text: impl Into<String>) {
        let said = SqlError::new(number, 0, text).at_line(1);
        self.context
            .events
            .push(Event::Info(said.in_procedure(procedure)));
    }

    /// The argument at a place, if the caller gave it and it is not NULL.
    fn given_text(&self, at: usize) -> Option<String> {
        self.text(at).map(|text| text.trim_end().to_owned())
    }
}

fn unidentified() -> SqlError {
    SqlError::new(
        14294,
        16,
        "Supply either @job_id or @job_name to identify the job.",
    )
}

/// 14266.
fn not_among(what: &str, valid: &str) -> SqlError {
    SqlError::new(
        14266,
        16,
        format!("The specified '{what}' is invalid (valid values are: {valid})."),
    )
}

/// 14234.
fn not_from(what: &'static str, procedure: &'static str) -> SqlError {
    sql_error(&AgentRefusal::Invalid { what, procedure }.into())
}

fn when(what: &str, level: i64) -> Result<When, SqlError> {
    let found = When::ALL
        .into_iter()
        .find(|when| i64::from(when.code()) == level);
    found.ok_or_else(|| not_among(what, "0, 1, 2, 3"))
}

/// The arguments that set a job, by their places in the procedure's parameters.
struct JobPlaces {
    name: usize,
    enabled: usize,
    description: usize,
    start_step: usize,
    category: usize,
    owner: usize,
    eventlog: usize,
    /// The levels at which somebody is sent a message, and who.
    notify: [usize; 3],
    operators: [usize; 3],
    delete: usize,
}

/// What the arguments make of a job's settings.
fn job_settings(
    call: &mut Call<'_, '_>,
    places: &JobPlaces,
    mut settings: JobSettings,
) -> Result<JobSettings, SqlError> {
    const LEVELS: [&str; 3] = [
        "@notify_level_email",
        "@notify_level_netsend",
        "@notify_level_page",
    ];
    const OPERATORS: [&str; 3] = [
        "@notify_email_operator_name",
        "@notify_netsend_operator_name",
        "@notify_page_operator_name",
    ];
    if let Some(name) = call.given_text(places.name) {
        settings.name = Name::new(&name);
    }
    if settings.name.as_str().is_empty() {
        return Err(SqlError::unsupported("jobs without a name"));
    }
    if let Some(enabled) = call.number(places.enabled) {
        settings.enabled = match enabled {
            0 => false,
            1 => true,
            _ => return Err(not_among("@enabled", "0, 1")),
        };
    }
    if let Some(description) = call.given_text(places.description) {
        settings.description = Some(description);
    }
    if let Some(step) = call.number(places.start_step) {
        settings.start_step = u32::try_from(step)
            .ok()
            .filter(|step| *step > 0)
            .ok_or_else(|| {
                // The text for a number that has to be positive.
                not_among("@start_step_id", "greater than 0")
            })?;
    }
    if let Some(category) = call.given_text(places.category) {
        let instance = call.context.instance()?;
        let mut all = instance.agent.categories();
        let found = all.find(|(_, name)| name.eq_ignore_ascii_case(&category));
        let found = found.map(|(id, _)| id);
        settings.category = found.ok_or_else(|| not_from("@category_name", "sp_help_category"))?;
    }
    if let Some(owner) = call.given_text(places.owner) {
        settings.owner = Name::new(&owner);
    }
    if let Some(level) = call.number(places.eventlog) {
        settings.notify_eventlog = when("@notify_level_eventlog", level)?;
    }
    for (at, (level, operator)) in places.notify.into_iter().zip(places.operators).enumerate() {
        if call.given_text(operator).is_some() {
            return Err(not_from(OPERATORS[at], "sp_help_operator"));
        }
        if let Some(level) = call.number(level)
            && when(LEVELS[at], level)? != When::Never
        {
            return Err(SqlError::unsupported("operators of SQL Server Agent"));
        }
    }
    if let Some(level) = call.number(places.delete) {
        settings.delete = when("@delete_level", level)?;
    }
    Ok(settings)
}

/// The arguments that set a step, by their places. They are alike in both procedures, one after the other, from this one on.
const STEP_PARAMETERS: usize = 3;

/// What the arguments make of a step's settings.
fn step_settings(
    call: &mut Call<'_, '_>,
    mut settings: StepSettings,
) -> Result<StepSettings, SqlError> {
    let at = |offset: usize| STEP_PARAMETERS + offset;
    if let Some(name) = call.given_text(at(0)) {
        settings.name = name;
    }
    if settings.name.is_empty() {
        return Err(SqlError::unsupported("job steps without a name"));
    }
    if let Some(name) = call.given_text(at(1)) {
        settings.subsystem = subsystem(&name)?;
    }
    if let Some(command) = call.text(at(2)) {
        settings.command = command.to_owned();
    }
    if call.given_text(at(3)).is_some_and(|text| !text.is_empty()) {
        return Err(SqlError::unsupported("@additional_parameters of job steps"));
    }
    if let Some(code) = call.number(at(4)) {
        settings.success_code = i32::try_from(code).unwrap_or_default();
    }
    let ends = [
        ("@on_success_action", "@on_success_step_id", 5),
        ("@on_fail_action", "@on_fail_step_id", 7),
    ];
    for (action_name, step_name, offset) in ends {
        let end = match action_name {
            "@on_success_action" => &mut settings.on_success,
            _ => &mut settings.on_failure,
        };
        let step = call.number(at(offset + 1));
        let step = step.unwrap_or_else(|| end.step().into());
        *end = match call.number(at(offset)).unwrap_or_else(|| end.code().into()) {
            1 => OnEnd::QuitWithSuccess,
            2 => OnEnd::QuitWithFailure,
            3 => OnEnd::Next,
            4 => match u32::try_from(step).ok().filter(|step| *step > 0) {
                Some(step) => OnEnd::GoTo(step),
                None => return Err(not_among(step_name, "greater than 0")),
            },
            _ => return Err(not_among(action_name, "1, 2, 3, 4")),
        };
    }
    // `@server` is documented as reserved.
    if let Some(database) = call.given_text(at(10)) {
        settings.database = Some(Name::new(&database));
    }
    if call.given_text(at(11)).is_some_and(|user| !user.is_empty()) {
        return Err(SqlError::unsupported("@database_user_name of job steps"));
    }
    if let Some(attempts) = call.number(at(12)) {
        settings.retry_attempts = bounded("@retry_attempts", attempts)?;
    }
    if let Some(minutes) = call.number(at(13)) {
        settings.retry_minutes = bounded("@retry_interval", minutes)?;
    }
    if call
        .number(at(14))
        .is_some_and(|priority| ![-15, -1, 0, 1, 15].contains(&priority))
    {
        return Err(not_among("@os_run_priority", "-15, -1, 0, 1, 15"));
    }
    if call.given_text(at(15)).is_some_and(|file| !file.is_empty()) {
        return Err(SqlError::unsupported("@output_file_name of job steps"));
    }
    if let Some(flags) = call.number(at(16)) {
        settings.flags = StepFlags(i32::try_from(flags).unwrap_or_default());
    }
    if call.number(at(17)).is_some() || call.given_text(at(18)).is_some() {
        return Err(SqlError::unsupported("proxies of SQL Server Agent"));
    }
    Ok(settings)
}

/// How often and after how long a step may be tried again (guess: the product's bound is not documented).
fn bounded(what: &str, number: i64) -> Result<u32, SqlError> {
    const MOST: i64 = 9_999;
    match (0..=MOST).contains(&number) {
        true => Ok(number as u32),
        false => Err(not_among(what, "0..9999")),
    }
}

fn subsystem(name: &str) -> Result<Subsystem, SqlError> {
    const OTHERS: [&str; 8] = [
        "SSIS",
        "ANALYSISCOMMAND",
        "ANALYSISQUERY",
        "Distribution",
        "Snapshot",
        "LogReader",
        "QueueReader",
        "Merge",
    ];
    let mut all = Subsystem::ALL.into_iter();
    if let Some(found) = all.find(|known| known.name().eq_ignore_ascii_case(name)) {
        return Ok(found);
    }
    match OTHERS.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(known) => Err(SqlError::unsupported(format_args!(
            "job steps of the subsystem {known}"
        ))),
        None => Err(not_from("@subsystem", "sp_enum_sqlagent_subsystems")),
    }
}

/// Warns of steps that a step goes to and that are not there yet.
fn warn_of_missing(call: &mut Call<'_, '_>, procedure: &str, steps: u32, settings: &StepSettings) {
    let ends = [
        ("@on_success_step_id", settings.on_success),
        ("@on_fail_step_id", settings.on_failure),
    ];
    for (what, end) in ends {
        if end.step() > steps {
            let text = format!("Warning: Non-existent step referenced by {what}.");
            call.tell(14236, procedure, text);
        }
    }
}
