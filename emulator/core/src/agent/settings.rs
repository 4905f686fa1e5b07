//! What can be set of a job and of its steps.

use crate::names::Name;

/// What `sp_add_job` and `sp_update_job` set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// Its name.
    pub name: Name,
    /// Whether schedules start it; a request starts it all the same.
    pub enabled: bool,
    /// What it is for.
    pub description: Option<String>,
    /// The step that it begins with.
    pub start_step: u32,
    /// The number of its category.
    pub category: i32,
    /// Who owns it, and runs its T-SQL.
    pub owner: Name,
    /// When it writes to the event log, of which there is none: kept only.
    pub notify_eventlog: When,
    /// When it deletes itself.
    pub delete: When,
}

/// `@delete_level` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say it")]
pub enum When {
    Never,
    Success,
    Failure,
    Always,
}

/// What `sp_add_jobstep` and `sp_update_jobstep` set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSettings {
    /// Its name.
    pub name: String,
    /// Who understands its command.
    pub subsystem: Subsystem,
    /// Its command.
    pub command: String,
    /// What comes after success.
    pub on_success: OnEnd,
    /// What comes after failure.
    pub on_failure: OnEnd,
    /// `@cmdexec_success_code`.
    pub success_code: i32,
    /// The database of a T-SQL command; none is master.
    pub database: Option<Name>,
    /// How often a failure is tried again.
    pub retry_attempts: u32,
    /// How many minutes later.
    pub retry_minutes: u32,
    /// Where its output goes.
    pub flags: StepFlags,
}

/// Who understands a step's command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the subsystems")]
pub enum Subsystem {
    Tsql,
    PowerShell,
    CmdExec,
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnEnd {
    /// 1.
    QuitWithSuccess,
    /// 2.
    QuitWithFailure,
    /// 3.
    Next,
    /// 4, and the number of the step.
    GoTo(u32),
}

/// `@flags` of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepFlags(pub i32);

impl StepFlags {
    /// Writes T-SQL output to the history.
    pub const fn keeps_rows(self) -> bool {
        self.0 & 4 != 0
    }

    /// Writes the log to a table.
    pub const fn logs(self) -> bool {
        self.0 & (8 | 16) != 0
    }

    /// Adds to what is there.
    pub const fn appends(self) -> bool {
        self.0 & 16 != 0
    }
}

impl When {
    /// All of them: the number of each is its place.
    pub const ALL: [Self; 4] = [Self::Never, Self::Success, Self::Failure, Self::Always];

    /// Its number.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether this has come.
    pub const fn has_come(self, succeeded: bool) -> bool {
        match self {
            Self::Never => false,
            Self::Success => succeeded,
            Self::Failure => !succeeded,
            Self::Always => true,
        }
    }
}

impl Subsystem {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tsql, Self::PowerShell, Self::CmdExec];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tsql => "TSQL",
            Self::PowerShell => "PowerShell",
            Self::CmdExec => "CmdExec",
        }
    }

    /// Whether managed instances have it: there is no command shell (documentation: "T-SQL differences between SQL Server and
    /// Azure SQL Managed Instance").
    pub const fn is_managed(self) -> bool {
        !matches!(self, Self::CmdExec)
    }
}

impl OnEnd {
    /// `on_success_action` or `on_fail_action`.
    pub const fn code(self) -> u8 {
        match self {
            Self::QuitWithSuccess => 1,
            Self::QuitWithFailure => 2,
            Self::Next => 3,
            Self::GoTo(_) => 4,
        }
    }

    /// The step that it goes to, 0 if it names none.
    pub const fn step(self) -> u32 {
        match self {
            Self::GoTo(step) => step,
            Self::QuitWithSuccess | Self::QuitWithFailure | Self::Next => 0,
        }
    }
}
