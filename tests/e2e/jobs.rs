//! Jobs whose T-SQL computes without an end: others are served meanwhile, and whatever ends them leaves nothing behind.

use std::sync::Arc;

use milink::Emulator;
use milink::clock::ClockMode;
use milink::hub::WorldCell;
use milink_client::Sql;
use milink_core::World;
use milink_core::agent::Awaits;
use milink_core::time::Span;
use milink_tests::Stage;
use serde_json::json;

/// T-SQL without an end: statements one after the other, some that write, and one statement.
const ENDLESS: [&str; 3] = [
    "DECLARE @i bigint = 0; WHILE 1 = 1 SET @i = @i + 1",
    "WHILE 1 = 1 UPDATE master.dbo.counted SET n = n + 1",
    "SELECT COUNT(*) FROM sys.all_columns a WHERE EXISTS \
     (SELECT 1 FROM sys.all_columns b JOIN sys.all_columns c ON b.name + c.name = a.name + '!')",
];

/// Writes down now and then how far it has come.
const COUNTING: &str = "DECLARE @i bigint = 0; WHILE 1 = 1 BEGIN SET @i = @i + 1; \
     IF @i % 100 = 0 UPDATE master.dbo.counted SET n = @i END";

/// What ends a job.
#[derive(Clone, Copy, Debug)]
enum End {
    Stopped,
    Killed,
    ServerRestarted,
    Deleted,
    WorldReset,
}

/// Which of the texts, what ends it, and under which clock.
const CASES: [(usize, End, ClockMode); 11] = [
    (0, End::Stopped, ClockMode::Auto),
    (0, End::Killed, ClockMode::Auto),
    (0, End::ServerRestarted, ClockMode::Auto),
    (0, End::Deleted, ClockMode::Auto),
    (0, End::WorldReset, ClockMode::Auto),
    (1, End::Stopped, ClockMode::Auto),
    (1, End::ServerRestarted, ClockMode::Auto),
    (2, End::Stopped, ClockMode::Auto),
    (2, End::Killed, ClockMode::Auto),
    (0, End::Stopped, ClockMode::Manual),
    (2, End::Stopped, ClockMode::Manual),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_work_while_a_job_computes_and_its_end_leaves_nothing_behind() {
    for (text, end, clock) in CASES {
        let command = ENDLESS[text];
        let stage = Stage::start_with(Emulator::builder().clock(clock)).await;
        let world = stage.world();
        let mut sql = stage.sql_server().await;
        begin(&mut sql, command).await;
        take_up(&world, clock).await;
        for number in 0..50 {
            let answer = sql.batch(&format!("SELECT {number} AS it")).await;
            let answer = answer.expect("an answer");
            let it = answer[0].first("it").expect("it").to_string();
            assert_eq!(it, number.to_string());
        }
        assert!(world.read(is_at_it), "{command} has no end");
        bring_to_an_end(&stage, &mut sql, end).await;
        until(&world, |world| {
            !is_at_it(world) && sessions_of_jobs(world) == 0
        })
        .await;
        let mut sql = stage.sql_server().await;
        let write = "UPDATE master.dbo.counted SET n = -1";
        // The reset world does not have it.
        let written = sql.batch(write).await.is_ok();
        assert_ne!(written, matches!(end, End::WorldReset), "{end:?}");
        stage.check_laws();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emulator_ends_while_jobs_compute() {
    let stage = Stage::start_auto().await;
    let world = stage.world();
    let mut sql = stage.sql_server().await;
    for command in ENDLESS {
        begin(&mut sql, command).await;
    }
    until(&world, |world| sessions_of_jobs(world) == ENDLESS.len()).await;
    // Their threads end, or this test would not.
    drop(stage);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_far_a_loop_comes_is_the_matter_of_the_worlds_time_and_is_replayed() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let directory = tempfile::TempDir::new().expect("a directory");
        let file = directory.path().join("log");
        let builder = Emulator::builder().clock(ClockMode::Manual);
        let stage = match seen.is_empty() {
            true => Stage::start_with(builder).await,
            false => Stage::start_with(builder.record(file.clone())).await,
        };
        let mut sql = stage.sql_server().await;
        begin(&mut sql, COUNTING).await;
        let mut counts = Vec::new();
        for by in ["2s", "2s", "1min"] {
            let control = stage.control();
            let advanced = control.post("clock/advance", &json!({"by": by})).await;
            advanced.expect("the time passes");
            counts.push(counted(&mut sql).await);
        }
        assert!(counts.is_sorted_by(|a, b| a < b), "{counts:?}");
        assert!(
            counts[2] - counts[1] < 25 * (counts[1] - counts[0]),
            "a long time passes in few turns: {counts:?}"
        );
        let stop = "EXEC msdb.dbo.sp_stop_job N'endless0'";
        sql.batch(stop).await.expect("it stops");
        if !seen.is_empty() {
            let control = stage.control();
            let on = control.post("clock/advance", &json!({"by": "1s"})).await;
            on.expect("the time passes");
            let text = super::replay::ended(&stage, &file);
            super::replay::check_replays(&text).await;
        }
        seen.push(counts);
    }
    assert_eq!(seen[0], seen[1]);
}

/// Starts a job with this command.
async fn begin(sql: &mut Sql, command: &str) {
    let quoted = command.replace('\'', "''");
    let jobs = "SELECT COUNT(*) AS n FROM msdb.dbo.sysjobs";
    let number = sql.batch(jobs).await.expect("the jobs");
    let number = number[0].first("n").expect("n").to_string();
    let text = format!(
        "IF OBJECT_ID('master.dbo.counted') IS NULL
         BEGIN CREATE TABLE master.dbo.counted (n bigint); INSERT master.dbo.counted VALUES (0) END
         EXEC msdb.dbo.sp_add_job @job_name = N'endless{number}', @owner_login_name = N'sa'
         EXEC msdb.dbo.sp_add_jobstep @job_name = N'endless{number}', @step_name = N'loop', @command = N'{quoted}'
         EXEC msdb.dbo.sp_add_jobserver @job_name = N'endless{number}'
         EXEC msdb.dbo.sp_start_job N'endless{number}'"
    );
    sql.batch(&text).await.expect("it starts");
}

/// Waits until the job's batch runs.
async fn take_up(world: &Arc<WorldCell>, clock: ClockMode) {
    if clock == ClockMode::Manual {
        world.advance(Span::seconds(10));
    }
    until(world, is_at_it).await;
}

async fn bring_to_an_end(stage: &Stage, sql: &mut Sql, end: End) {
    let world = stage.world();
    let text = match end {
        End::Stopped => "EXEC msdb.dbo.sp_stop_job N'endless0'".to_owned(),
        End::Deleted => "EXEC msdb.dbo.sp_delete_job @job_name = N'endless0'".to_owned(),
        End::Killed => {
            let spid = world.read(|world| {
                let server = world.sql_server("sqlserver1").expect("the server");
                let mut sessions = server.sessions.values();
                let found = sessions.find(|session| session.program_name.contains("JobStep"));
                found.expect("the job's session").id
            });
            format!("KILL {spid}")
        }
        End::ServerRestarted => {
            let control = stage.control();
            let restarted = control.post("servers/sqlserver1/restart", &json!(null));
            restarted.await.expect("it restarts");
            return;
        }
        End::WorldReset => {
            world.reset();
            return;
        }
    };
    sql.batch(&text).await.expect("it ends");
}

async fn counted(sql: &mut Sql) -> i64 {
    let results = sql.batch("SELECT n FROM master.dbo.counted").await;
    let results = results.expect("an answer");
    let text = results[0].first("n").expect("n").to_string();
    text.parse().expect("a number")
}

/// Whether a job's batch runs.
fn is_at_it(world: &World) -> bool {
    let server = world.sql_server("sqlserver1").expect("the server");
    let mut turns = server.agent.jobs.values().filter_map(|job| job.turn());
    turns.any(|turn| turn.awaits == Awaits::Batch)
}

fn sessions_of_jobs(world: &World) -> usize {
    let server = world.sql_server("sqlserver1").expect("the server");
    let sessions = server.sessions.values();
    let of_jobs = sessions.filter(|session| session.program_name.contains("JobStep"));
    of_jobs.count()
}

async fn until(world: &Arc<WorldCell>, holds: impl Fn(&World) -> bool) {
    loop {
        let seen = world.version();
        if world.read(&holds) {
            return;
        }
        world.wait_change(seen, None).await;
    }
}
