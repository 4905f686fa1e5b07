//! `sys.dm_hadr_automatic_seeding`: every run of automatic seeding that this instance took part in.

use milink_core::link::SeedingOutcome;
use milink_core::value::Row;

use super::dm_hadr_physical_seeding_stats::{Run, runs};
use crate::catalog::column::{BIT, DATETIME, DESC, GUID, INT, ViewColumn, col, nvarchar, req};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_hadr_automatic_seeding", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("start_time", DATETIME),
    col("completion_time", DATETIME),
    req("ag_id", GUID),
    req("ag_db_id", GUID),
    req("ag_remote_replica_id", GUID),
    req("operation_id", GUID),
    req("is_source", BIT),
    req("current_state", DESC),
    col("performed_seeding", BIT),
    col("failure_state", INT),
    col("failure_state_desc", nvarchar(120)),
    col("error_code", INT),
    req("number_of_attempts", INT),
];

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    runs(scope).iter().map(|run| make_row(scope, run)).collect()
}

fn make_row(scope: &Scope<'_>, of: &Run<'_>) -> Row {
    let run = of.seeding;
    let completed = match &run.outcome {
        SeedingOutcome::Running => None,
        SeedingOutcome::Completed(at) | SeedingOutcome::Failed(at, _) => Some(*at),
    };
    let waiting = run.bytes_done(scope.now) >= run.bytes || of.waits;
    let state = match run.outcome {
        SeedingOutcome::Running if waiting => "WAITING_FOR_RESTORE_TO_START",
        SeedingOutcome::Running => "SEEDING",
        SeedingOutcome::Completed(_) => "COMPLETED",
        SeedingOutcome::Failed(..) => "FAILED",
    };
    let failed = matches!(run.outcome, SeedingOutcome::Failed(..));
    row![
        run.started,
        completed,
        of.group,
        group_database(scope, of),
        of.remote,
        run.id,
        of.is_source,
        state,
        matches!(run.outcome, SeedingOutcome::Completed(_)),
        failed.then_some(2),
        failed.then_some("SQL Error"),
        failed.then_some(0),
        run.attempt,
    ]
}

/// The database's id in its group on the source; the run's own id once the database is gone.
fn group_database(scope: &Scope<'_>, of: &Run<'_>) -> uuid::Uuid {
    let run = of.seeding;
    let found = [run.source, run.target]
        .into_iter()
        .find_map(|(instance, database)| {
            let database = scope.world.instance(instance)?.databases.get(&database)?;
            (database.name == *of.database).then_some(database.group?.1.0)
        });
    found.unwrap_or(run.id)
}
