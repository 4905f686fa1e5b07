//! What a step's T-SQL has said, as the history and the log show it.

use std::sync::Arc;

use milink_core::agent::{EndStep, StepSettings};
use milink_core::ids::{InstanceId, JobId};
use milink_core::names::Name;
use milink_core::time::Timestamp;
use milink_core::value::Row;

use crate::error::SqlError;
use crate::session::event::{Event, ResultColumn};
use crate::types::to_display;

/// How much is kept: a bound. The history shows 4000 characters.
const MOST: usize = 256 << 10;

/// What was said so far.
pub(super) struct Report {
    /// Where the log begins.
    head: String,
    /// Messages, for the history.
    messages: String,
    /// Messages and rows, for the log.
    log: String,
    error: Option<(i32, u8)>,
    failed: bool,
    keeps_rows: bool,
    columns: Arc<[ResultColumn]>,
}

impl Report {
    pub(super) fn new(job: &str, step: u32, settings: &StepSettings, now: Timestamp) -> Self {
        let began = now.to_jiff().strftime("%Y-%m-%d %H:%M:%S");
        let name = &settings.name;
        Self {
            head: format!("Job '{job}' : Step {step}, '{name}' : Began Executing {began}\r\n\r\n"),
            messages: String::new(),
            log: String::new(),
            error: None,
            failed: false,
            keeps_rows: settings.flags.keeps_rows(),
            columns: Vec::new().into(),
        }
    }

    /// Of a step whose session is lost.
    pub(super) fn interrupted() -> Self {
        let report = Self {
            head: String::new(),
            messages: String::new(),
            log: String::new(),
            error: None,
            failed: false,
            keeps_rows: false,
            columns: Vec::new().into(),
        };
        report.cut()
    }

    pub(super) fn cut(mut self) -> Self {
        self.failed = true;
        self.say("The step was interrupted: its session has ended");
        self
    }

    pub(super) fn with_owner(mut self, owner: &Name, settings: &StepSettings) -> Self {
        let database = settings.database.as_ref().map_or("master", Name::as_str);
        self.error(&SqlError::new(14255, 16, format!("The owner ('{owner}') of this job is either an invalid login, or is not a valid user of database '{database}'.")));
        self
    }

    pub(super) fn without_database(mut self, database: &str) -> Self {
        self.error(&SqlError::new(
            4060,
            11,
            format!(
                "Cannot open database \"{database}\" requested by the login. The login failed."
            ),
        ));
        self
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    pub(super) fn error(&mut self, error: &SqlError) {
        self.failed = true;
        self.error = Some((error.number, error.severity));
        let (text, number) = (&error.message, error.number);
        self.say(&format!("{text} [SQLSTATE 42000] (Error {number})"));
    }

    pub(super) fn hear(&mut self, event: Event) {
        match event {
            Event::Error(error) => self.error(&error),
            Event::Info(info) => {
                let (text, number) = (&info.message, info.number);
                self.say(&format!("{text} [SQLSTATE 01000] (Message {number})"));
            }
            Event::Columns(columns) => {
                let names: Vec<&str> = columns.iter().map(|column| &*column.name).collect();
                let rules: Vec<String> = names.iter().map(|name| "-".repeat(name.len())).collect();
                self.write(&format!("{}\r\n{}\r\n", names.join(" "), rules.join(" ")));
                self.columns = columns;
            }
            Event::Row(row) => self.row(&row),
            Event::Done(_)
            | Event::Sources(_)
            | Event::Environment(_)
            | Event::ReturnStatus(_)
            | Event::Output(_) => {}
        }
    }

    fn row(&mut self, row: &Row) {
        let values = row.iter().zip(&*self.columns);
        let values = values.map(|(value, column)| match value.is_null() {
            true => "NULL".to_owned(),
            false => to_display(value, &column.ty),
        });
        let values: Vec<String> = values.collect();
        self.write(&format!("{}\r\n", values.join(" ")));
    }

    fn say(&mut self, text: &str) {
        if self.messages.len() < MOST {
            if !self.messages.is_empty() {
                self.messages.push_str("  ");
            }
            self.messages.push_str(text);
        }
        self.write(&format!("{text}\r\n"));
    }

    fn write(&mut self, text: &str) {
        if self.log.len() < MOST {
            self.log.push_str(text);
        }
    }

    pub(super) fn ended(self, instance: InstanceId, job: JobId) -> EndStep {
        // With its flag, the history has the rows too.
        let output = match self.keeps_rows {
            true => self.log.clone(),
            false if self.messages.is_empty() => String::new(),
            false => format!("{}.", self.messages),
        };
        EndStep {
            instance,
            job,
            succeeded: !self.failed,
            output,
            log: format!("{}{}", self.head, self.log),
            error: self.error,
        }
    }
}
