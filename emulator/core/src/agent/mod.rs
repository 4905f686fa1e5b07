//! SQL Server Agent: the jobs of an instance, what their steps are, and what has become of their runs.
//!
//! A job's steps are taken by a timer. What a PowerShell or CmdExec step asks of the network is answered by the evaluator;
//! a T-SQL step waits for whoever speaks SQL ([`World::jobs_in_hand`](crate::World::jobs_in_hand)).

mod define;
mod history;
pub(crate) mod laws;
mod probe;
mod run;
mod script;
mod settings;

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use uuid::Uuid;

use crate::ids::{InstanceId, JobId};
use crate::instance::Instance;
use crate::names::Name;
use crate::time::{Span, Timestamp};

pub use define::{
    AddCategory, AddJob, AddStep, ChangeJob, ChangeStep, DeleteJob, DeleteStep, PurgeHistory,
    TargetJob,
};
pub use run::{BeginStep, EndStep, HoldStep, StartJob, StopJob};
pub(crate) use run::{stop_all, wake};
pub use settings::{JobSettings, OnEnd, StepFlags, StepSettings, Subsystem, When};

/// A login of every managed instance that no view shows (the article's script makes it the owner of a job).
pub const CLOUD_OWNER: &str = "cloudSA";

/// What SQL Server Agent of an instance keeps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    /// Its jobs.
    pub jobs: OrdMap<JobId, Arc<Job>>,
    /// What runs have come to, oldest first; bounded.
    pub history: Vector<Arc<Entry>>,
    /// The categories that users have added: from 100 on.
    pub categories: OrdMap<i32, Name>,
    entries: i32,
    logs: i32,
}

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What can be set.
    pub settings: JobSettings,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// Counts the changes.
    pub version: i32,
    /// Its steps: the first is number 1.
    pub steps: Vec<Step>,
    /// Whether it is to run on this server: the only target that there is.
    pub targeted: bool,
    /// Its last run.
    pub run: Option<Run>,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// `step_uid`.
    pub uid: Uuid,
    /// What can be set.
    pub settings: StepSettings,
    /// How it came out last.
    pub last: Option<StepOutcome>,
    /// What it has written to its log table (`sysjobstepslogs`).
    pub log: Option<StepLog>,
}

/// How a step came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepOutcome {
    /// Well or not.
    pub status: RunStatus,
    /// When it began.
    pub begun: Timestamp,
    /// How long it took.
    pub took: Span,
    /// How often it was tried again.
    pub retries: u32,
}

/// A row of `sysjobstepslogs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLog {
    /// `log_id`.
    pub id: i32,
    /// What was written.
    pub text: Arc<str>,
    /// When the row came.
    pub created: Timestamp,
    /// When it was written last.
    pub modified: Timestamp,
}

/// A run of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The life of the service in which it is: `session_id` of the agent.
    pub life: u32,
    /// Who asked for it.
    pub by: Name,
    /// When.
    pub requested: Timestamp,
    /// The last step that ended, and when it began.
    pub last_step: Option<(u32, Timestamp)>,
    /// Where it is.
    pub stage: Stage,
}

/// Where a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// At a step.
    Running(Turn),
    /// Over.
    Over {
        /// When.
        ended: Timestamp,
        /// How it came out.
        status: RunStatus,
        /// What it says of itself.
        message: Arc<str>,
        /// The row of the history that says so.
        entry: i32,
    },
}

/// A step's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The number of the step.
    pub step: u32,
    /// How often it was tried before.
    pub retries: u32,
    /// Since when.
    pub begun: Timestamp,
    /// How many turns there were before: a bound on jobs that go in circles.
    turns: u32,
    /// What it waits for.
    pub awaits: Awaits,
}

/// What a step's turn waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaits {
    /// Its time.
    Time,
    /// That somebody who speaks SQL takes it.
    Taker,
    /// The end of a batch that runs.
    Batch,
}

/// How a step or job came out: `run_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// Badly.
    Failed,
    /// Well.
    Succeeded,
    /// Badly, and it is tried again.
    Retry,
    /// Somebody stopped it.
    Canceled,
}

/// A row of `sysjobhistory`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `instance_id`.
    pub id: i32,
    /// The job.
    pub job: JobId,
    /// The number of the step; 0 is the job as a whole.
    pub step: u32,
    /// The step's name, or `(Job outcome)`.
    pub name: Arc<str>,
    /// What is said about it.
    pub message: Arc<str>,
    /// The number and severity of the last SQL error.
    pub error: Option<(i32, u8)>,
    /// How it came out.
    pub status: RunStatus,
    /// When it began.
    pub begun: Timestamp,
    /// How long it took.
    pub took: Span,
    /// How often it was tried again.
    pub retries: u32,
}

impl RunStatus {
    /// `run_status`.
    pub const fn code(self) -> u8 {
        match self {
            Self::Failed => 0,
            Self::Succeeded => 1,
            Self::Retry => 2,
            Self::Canceled => 3,
        }
    }

    /// How history messages say it.
    const fn word(self) -> &'static str {
        match self {
            Self::Failed | Self::Retry => "failed",
            Self::Succeeded => "succeeded",
            Self::Canceled => "was cancelled",
        }
    }
}

impl Run {
    /// The step that is running.
    pub fn turn(&self) -> Option<&Turn> {
        match &self.stage {
            Stage::Running(turn) => Some(turn),
            Stage::Over { .. } => None,
        }
    }
}

impl Job {
    /// Whether it is running.
    pub fn is_running(&self) -> bool {
        self.turn().is_some()
    }

    /// How its last run came out, if it is over.
    pub fn outcome(&self) -> Option<RunStatus> {
        match &self.run.as_ref()?.stage {
            Stage::Running(_) => None,
            Stage::Over { status, .. } => Some(*status),
        }
    }

    /// The step that is running.
    pub fn turn(&self) -> Option<&Turn> {
        self.run.as_ref().and_then(Run::turn)
    }

    /// The step of this number.
    pub fn step(&self, number: u32) -> Option<&Step> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.steps.get(index)
    }

    fn step_mut(&mut self, number: u32) -> Option<&mut Step> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        self.steps.get_mut(index)
    }

    /// The step's turn that has come to its command: whose it is, where, and what.
    pub fn batch(&self) -> Option<&StepSettings> {
        let turn = self
            .turn()
            .filter(|turn| !matches!(turn.awaits, Awaits::Time))?;
        Some(&self.step(turn.step)?.settings)
    }
}

impl Agent {
    /// The job of this name.
    pub fn job(&self, name: &str) -> Option<&Arc<Job>> {
        self.jobs.values().find(|job| job.settings.name.is(name))
    }

    /// The category of this number.
    pub fn category(&self, id: i32) -> Option<&str> {
        let built_in = CATEGORIES.iter().find(|(known, _)| *known == id);
        let added = || self.categories.get(&id).map(Name::as_str);
        built_in.map(|(_, name)| *name).or_else(added)
    }

    /// All categories of jobs.
    pub fn categories(&self) -> impl Iterator<Item = (i32, &str)> {
        let added = self
            .categories
            .iter()
            .map(|(id, name)| (*id, name.as_str()));
        CATEGORIES.iter().copied().chain(added)
    }
}

impl Instance {
    fn agent_mut(&mut self) -> &mut Agent {
        Arc::make_mut(&mut self.agent)
    }

    /// The login that a job's owner is.
    pub fn is_job_owner(&self, name: &str) -> bool {
        self.login(name).is_some() || self.is_managed_instance() && is_cloud_owner(name)
    }
}

/// Whether this is the login that every managed instance has.
pub fn is_cloud_owner(name: &str) -> bool {
    name.eq_ignore_ascii_case(CLOUD_OWNER)
}

/// A job of an instance.
pub type JobKey = (InstanceId, JobId);

/// The categories of jobs that are there from the start (documentation: dbo.syscategories; of those for replication only the
/// first).
const CATEGORIES: &[(i32, &str)] = &[
    (0, "[Uncategorized (Local)]"),
    (1, "Jobs from MSX"),
    (2, "[Uncategorized (Multi-Server)]"),
    (3, "Database Maintenance"),
    (5, "Full-Text"),
    (6, "Log Shipping"),
    (7, "Database Engine Tuning Advisor"),
    (8, "Data Collector"),
    (10, "REPL-Distribution"),
];
