//! Worlds are kept, restored, reset and copied while a job's step runs: its session is lost with the life of the world that it was
//! in, so the step ends there and says so; nothing of it is done twice, or left out.

use milink_client::Sql;
use milink_client::model::ReadyFile;
use milink_tests::Stage;
use serde_json::{Value, json};

/// A step that tells three times where it is, ten seconds apart.
const TELLS: &str = "INSERT master.dbo.told VALUES (1); WAITFOR DELAY '00:00:10'; \
     INSERT master.dbo.told VALUES (2); WAITFOR DELAY '00:00:10'; INSERT master.dbo.told VALUES (3)";

/// One that has something open meanwhile.
const HOLDS: &str =
    "BEGIN TRANSACTION; INSERT master.dbo.told VALUES (1); WAITFOR DELAY '00:00:10'; COMMIT";

/// What a step says whose session is lost.
const LOST: &str = "its session has ended";

#[tokio::test]
async fn a_step_that_runs_ends_where_its_world_goes_back() {
    let stage = Stage::start().await;
    let mut sql = stage.sql_server().await;
    define(&mut sql, TELLS).await;
    start(&mut sql).await;
    pass(&stage, "5s").await;
    assert_eq!(told(&mut sql).await, "1");
    post(&stage, "snapshot/one").await;
    pass(&stage, "10s").await;
    assert_eq!(told(&mut sql).await, "1,2");

    // The batch is at its second wait; the world goes back to its first one, and is not gone on with from there.
    for _ in 0..2 {
        post(&stage, "snapshot/one/restore").await;
        let mut sql = stage.sql_server().await;
        assert_eq!(told(&mut sql).await, "1");
        pass(&stage, "1min").await;
        assert_eq!(told(&mut sql).await, "1");
        let history = history(&mut sql).await;
        assert!(history.contains(LOST), "{history}");
        assert!(history.starts_with("0 "), "it has failed: {history}");
        stage.check_laws();
    }

    // It can be started again.
    let mut sql = stage.sql_server().await;
    start(&mut sql).await;
    pass(&stage, "1min").await;
    assert_eq!(told(&mut sql).await, "1,1,2,3");
    let history = history(&mut sql).await;
    assert!(history.starts_with("1 "), "it has gone well: {history}");
}

#[tokio::test]
async fn what_a_step_has_open_is_undone_where_its_world_goes_back() {
    let stage = Stage::start().await;
    let mut sql = stage.sql_server().await;
    define(&mut sql, HOLDS).await;
    start(&mut sql).await;
    pass(&stage, "5s").await;
    post(&stage, "snapshot/one").await;
    pass(&stage, "10s").await;
    assert_eq!(told(&mut sql).await, "1", "it has committed");
    post(&stage, "snapshot/one/restore").await;
    let mut sql = stage.sql_server().await;
    assert_eq!(told(&mut sql).await, "", "and nobody is waited for");
    let open = "SELECT CAST(COUNT(*) AS varchar(9)) AS n FROM sys.dm_exec_sessions WHERE program_name LIKE N'SQLAgent%'";
    assert_eq!(one(&mut sql, open).await, "0");
    pass(&stage, "1min").await;
    assert_eq!(told(&mut sql).await, "");
    stage.check_laws();
}

#[tokio::test]
async fn a_step_that_was_about_to_begin_begins() {
    let stage = Stage::start().await;
    let mut sql = stage.sql_server().await;
    define(&mut sql, TELLS).await;
    post(&stage, "snapshot/before").await;
    start(&mut sql).await;
    post(&stage, "snapshot/asked").await;
    pass(&stage, "1min").await;
    assert_eq!(told(&mut sql).await, "1,2,3");
    post(&stage, "snapshot/asked/restore").await;
    pass(&stage, "1min").await;
    let mut sql = stage.sql_server().await;
    assert_eq!(told(&mut sql).await, "1,2,3");
    let went = history(&mut sql).await;
    assert!(went.starts_with("1 "), "it has gone well: {went}");

    // Where it was not asked for, nothing comes of it.
    post(&stage, "snapshot/asked/restore").await;
    pass(&stage, "5s").await;
    post(&stage, "snapshot/before/restore").await;
    pass(&stage, "1min").await;
    let mut sql = stage.sql_server().await;
    assert_eq!(told(&mut sql).await, "");
    assert_eq!(history(&mut sql).await, "");

    // Nor where there is no such job.
    start(&mut sql).await;
    pass(&stage, "5s").await;
    post(&stage, "reset").await;
    pass(&stage, "1min").await;
    let mut sql = stage.sql_server().await;
    assert_eq!(history(&mut sql).await, "");
    stage.check_laws();
}

#[tokio::test]
async fn a_copy_of_a_world_ends_the_step_that_goes_on_in_the_other() {
    let stage = Stage::start().await;
    let mut sql = stage.sql_server().await;
    define(&mut sql, TELLS).await;
    start(&mut sql).await;
    pass(&stage, "5s").await;
    post(&stage, "snapshot/one").await;
    let now = copy(&stage, json!({"name": "now", "from": "default"})).await;
    pass(&stage, "10s").await;
    let kept = json!({"name": "kept", "from": "default", "snapshot": "one"});
    let kept = copy(&stage, kept).await;
    for ready in [&now, &kept] {
        let mut there = stage.sql_server_of(ready).await;
        assert_eq!(told(&mut there).await, "1", "{}", ready.world);
        let history = history(&mut there).await;
        assert!(history.contains(LOST), "{}: {history}", ready.world);
        stage.check_laws_of(&ready.world).expect("the laws hold");
    }
    pass(&stage, "1min").await;
    assert_eq!(told(&mut sql).await, "1,2,3", "here it has gone on");
    let history = history(&mut sql).await;
    assert!(history.starts_with("1 "), "and has gone well: {history}");
    stage.check_laws();
}

/// A job of one step.
async fn define(sql: &mut Sql, command: &str) {
    let quoted = command.replace('\'', "''");
    let text = format!(
        "CREATE TABLE master.dbo.told (at int)
         EXEC msdb.dbo.sp_add_job @job_name = N'tells', @owner_login_name = N'sa'
         EXEC msdb.dbo.sp_add_jobstep @job_name = N'tells', @step_name = N'one', @command = N'{quoted}'
         EXEC msdb.dbo.sp_add_jobserver @job_name = N'tells'"
    );
    sql.batch(&text).await.expect("the job is made");
}

async fn start(sql: &mut Sql) {
    let started = sql.batch("EXEC msdb.dbo.sp_start_job N'tells'").await;
    started.expect("it starts");
}

/// The rows that the step has written and committed.
async fn told(sql: &mut Sql) -> String {
    let text = "SELECT ISNULL(STRING_AGG(CAST(at AS varchar(9)), ',') WITHIN GROUP (ORDER BY at), '') AS told FROM master.dbo.told";
    one(sql, text).await
}

/// How the last run of the step came out, and what it said.
async fn history(sql: &mut Sql) -> String {
    let text = "SELECT ISNULL((SELECT TOP 1 CAST(run_status AS varchar(9)) + ' ' + message FROM msdb.dbo.sysjobhistory \
         WHERE step_id = 1 ORDER BY instance_id DESC), '') AS went";
    one(sql, text).await
}

async fn one(sql: &mut Sql, text: &str) -> String {
    let answer = sql.batch(text).await.expect(text);
    answer[0].rows[0][0].to_string()
}

async fn copy(stage: &Stage, request: Value) -> ReadyFile {
    let made = stage.control().post("worlds", &request).await;
    serde_json::from_value(made.expect("the copy is made")).expect("it is a ready file")
}

async fn post(stage: &Stage, path: &str) {
    let control = stage.control();
    control.post(path, &Value::Null).await.expect(path);
}

async fn pass(stage: &Stage, by: &str) {
    let control = stage.control();
    let passed = control.post("clock/advance", &json!({"by": by})).await;
    passed.expect("the time passes");
}
