//! `sysjobactivity`: what each job does, or did last, in each session of the agent.

use milink_core::agent::{Job, Run, Stage};
use milink_core::instance::Instance;
use milink_core::value::{Row, Value};

use crate::catalog::column::{DATETIME, GUID, INT, NAME, col, req};
use crate::catalog::{Cell, View};

pub(super) const VIEW: View = View::sys(
    "sysjobactivity",
    &[
        req("session_id", INT),
        req("job_id", GUID),
        col("run_requested_date", DATETIME),
        col("run_requested_source", NAME),
        col("queued_date", DATETIME),
        col("start_execution_date", DATETIME),
        col("last_executed_step_id", INT),
        col("last_executed_step_date", DATETIME),
        col("stop_execution_date", DATETIME),
        col("job_history_id", INT),
        col("next_scheduled_run_date", DATETIME),
    ],
    |scope| {
        let jobs = scope.instance.agent.jobs.values();
        jobs.flat_map(|job| rows(scope.instance, job))
            .map(Row::from)
            .collect()
    },
)
.in_schema(Some("msdb"), "dbo");

/// Who asked: a user (4 of `run_requested_source`).
const USER: &str = "4";

/// A job's rows: of its last run, and of the agent's present session if that began later.
pub(crate) fn rows(instance: &Instance, job: &Job) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    if let Some(run) = &job.run {
        rows.push(of_run(job, run));
    }
    let life = job.run.as_ref().map(|run| run.life);
    if job.targeted && life != Some(instance.life) {
        let mut row = vec![session(instance.life), job.id.0.cell()];
        row.resize(COLUMNS, Value::Null);
        rows.push(row);
    }
    rows
}

const COLUMNS: usize = 11;

fn of_run(job: &Job, run: &Run) -> Vec<Value> {
    let (step, since) = run.last_step.unzip();
    let (ended, entry) = match &run.stage {
        Stage::Running(_) => (None, None),
        Stage::Over { ended, entry, .. } => (Some(*ended), Some(*entry)),
    };
    vec![
        session(run.life),
        job.id.0.cell(),
        run.requested.cell(),
        USER.cell(),
        Value::Null,
        run.requested.cell(),
        step.cell(),
        since.cell(),
        ended.cell(),
        entry.cell(),
        Value::Null,
    ]
}

fn session(life: u32) -> Value {
    (i64::from(life) + 1).cell()
}
