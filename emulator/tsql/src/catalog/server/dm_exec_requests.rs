//! `sys.dm_exec_requests`: what runs now: requests of clients, and the seeding of a link.

use milink_core::link::SeedingOutcome;
use milink_core::value::{Row, Value};

use crate::catalog::column::{
    DATETIME, INT, REAL, SMALLINT, ViewColumn, col, nvarchar, req, varbinary,
};
use crate::catalog::{Scope, View, row};

pub(super) const VIEW: View = View::sys("dm_exec_requests", COLUMNS, rows);

const COLUMNS: &[ViewColumn] = &[
    req("session_id", SMALLINT),
    req("request_id", INT),
    req("start_time", DATETIME),
    req("status", nvarchar(30)),
    req("command", nvarchar(32)),
    col("sql_handle", varbinary(64)),
    col("statement_start_offset", INT),
    col("statement_end_offset", INT),
    col("plan_handle", varbinary(64)),
    req("database_id", SMALLINT),
    req("user_id", INT),
    col("blocking_session_id", SMALLINT),
    col("wait_type", nvarchar(60)),
    req("wait_time", INT),
    req("last_wait_type", nvarchar(60)),
    req("wait_resource", nvarchar(256)),
    req("open_transaction_count", INT),
    req("percent_complete", REAL),
    req("cpu_time", INT),
    req("total_elapsed_time", INT),
];

/// Where the ids of the system's own sessions begin that milink shows.
const FIRST_SYSTEM_SESSION: i64 = 30;

fn rows(scope: &Scope<'_>) -> Vec<Row> {
    let request = |session: Value,
                   start: Value,
                   status: &str,
                   command: &str,
                   database: Value,
                   percent: f64,
                   elapsed: i64| {
        row![
            session,
            0,
            start,
            status,
            command,
            Value::Null,
            0,
            -1,
            Value::Null,
            database,
            1,
            0,
            Value::Null,
            0,
            "MISCELLANEOUS",
            "",
            0,
            percent,
            0,
            elapsed.min(i32::MAX.into()),
        ]
    };
    use crate::catalog::Cell;
    let sessions = scope.instance.live_sessions();
    let clients = sessions
        .filter(|session| session.running || session.id == scope.session)
        .map(|session| {
            let elapsed = scope.now.since(session.last_request).as_milliseconds();
            request(
                session.id.cell(),
                session.last_request.cell(),
                "running",
                "SELECT",
                session.database.cell(),
                0.0,
                elapsed,
            )
        });
    let here = scope.instance.id;
    let seedings = scope
        .world
        .links
        .values()
        .flat_map(|link| link.seedings.iter());
    let seedings = seedings
        .filter(|run| run.outcome == SeedingOutcome::Running)
        .filter_map(|run| {
            let database = [run.source, run.target]
                .into_iter()
                .find(|side| side.0 == here)?;
            Some((run, database.1))
        })
        .zip(FIRST_SYSTEM_SESSION..)
        .map(|((run, database), session)| {
            request(
                session.cell(),
                run.started.cell(),
                "background",
                "VDI_CLIENT_WORKER",
                database.cell(),
                f64::from(run.percent(scope.now)),
                scope.now.since(run.started).as_milliseconds(),
            )
        });
    clients.chain(seedings).collect()
}
