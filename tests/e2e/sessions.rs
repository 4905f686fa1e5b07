//! Sessions whose connections are cut: their clients hear nothing from the server, the connection just breaks.

use std::time::Duration;

use milink_client::Sql;
use milink_tests::Stage;

#[tokio::test]
async fn a_session_that_is_killed_hears_nothing() {
    let stage = Stage::start().await;
    let (mut first, mut second) = (stage.sql_server().await, stage.sql_server().await);
    let open = "CREATE TABLE master.dbo.kept (a int); BEGIN TRANSACTION; INSERT master.dbo.kept VALUES (1)";
    second.batch(open).await.expect("it runs");
    let spid = one(&mut second, "SELECT CAST(@@SPID AS varchar(9)) AS n").await;
    let kill = format!("KILL {spid}");
    first.batch(&kill).await.expect("it is killed");
    let broken = second.batch("SELECT 1").await.expect_err("it is over");
    assert_eq!(broken.sql_number(), None, "{broken}");
    let rows = "SELECT CAST(COUNT(*) AS varchar(9)) AS n FROM master.dbo.kept";
    assert_eq!(one(&mut first, rows).await, "0", "what was open is undone");
    let again = first.batch(&kill).await.expect_err("it is gone");
    assert_eq!(again.sql_number(), Some(6106));
    stage.check_laws();
}

#[tokio::test]
async fn a_statement_that_runs_ends_without_an_answer() {
    let stage = Stage::start().await;
    let (mut first, mut second) = (stage.sql_server().await, stage.sql_server().await);
    first
        .batch("CREATE DATABASE alone")
        .await
        .expect("it is made");
    second.batch("USE alone").await.expect("it is there");
    let running = tokio::spawn(async move { second.batch("WAITFOR DELAY '01:00:00'").await });
    let waits = "SELECT CAST(COUNT(*) AS varchar(9)) AS n FROM sys.dm_exec_requests WHERE session_id > 50 AND session_id <> @@SPID";
    let begun = async {
        while one(&mut first, waits).await == "0" {
            tokio::task::yield_now().await;
        }
    };
    let begun = tokio::time::timeout(Duration::from_secs(20), begun).await;
    begun.expect("the statement begins");
    let alone = "ALTER DATABASE alone SET SINGLE_USER WITH ROLLBACK IMMEDIATE";
    first.batch(alone).await.expect("the other one has to go");
    let ended = tokio::time::timeout(Duration::from_secs(20), running).await;
    let ended = ended.expect("it does not wait for an hour");
    let broken = ended.expect("no panic").expect_err("its connection is cut");
    assert_eq!(broken.sql_number(), None, "{broken}");
    stage.check_laws();
}

async fn one(sql: &mut Sql, text: &str) -> String {
    let results = sql.batch(text).await;
    let results = results.unwrap_or_else(|error| panic!("{text}: {error}"));
    results[0].rows[0][0].to_string()
}
