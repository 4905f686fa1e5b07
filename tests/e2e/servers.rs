//! SQL Servers that are stopped, started and restarted, as their clients see it.

use std::time::Duration;

use milink_client::{Cell, Sql};
use milink_tests::Stage;
use serde_json::{Value, json};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_server_that_is_shut_down_ends_its_clients_and_refuses_new_ones() {
    let stage = Stage::start().await;
    let control = stage.control();
    let (mut first, mut second) = (stage.sql_server().await, stage.sql_server().await);
    let open = "CREATE TABLE master.dbo.kept (a int); CREATE TABLE #mine (a int); BEGIN TRANSACTION; INSERT master.dbo.kept VALUES (1)";
    second.batch(open).await.expect("it runs");

    let told = first.batch("SHUTDOWN WITH NOWAIT").await;
    assert_eq!(told.expect_err("it is told").sql_number(), Some(6005));
    assert!(
        first.batch("SELECT 1").await.is_err(),
        "its session is over"
    );
    assert!(second.batch("SELECT 1").await.is_err(), "so are others'");
    let server = &stage.ready().sql_servers[0];
    let address = (server.host.clone(), server.port);
    let refused = tokio::time::timeout(Duration::from_secs(10), async {
        while TcpStream::connect(address.clone()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    refused.await.expect("nobody listens");
    let servers = control.get("servers").await.expect("a list");
    assert_eq!(servers["value"][0]["state"], "stopped");
    assert_eq!(servers["value"][0]["sessions"], 0);
    stage.check_laws();

    let started = control.post("servers/sqlserver1/start", &Value::Null).await;
    assert_eq!(started.expect("it starts")["state"], "starting");
    let listens = tokio::time::timeout(Duration::from_secs(10), async {
        while TcpStream::connect(address.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    listens.await.expect("somebody listens");
    let mut third = stage.sql_server().await;
    let rows = "SELECT CAST(COUNT(*) AS varchar(9)) AS n FROM master.dbo.kept";
    assert_eq!(one(&mut third, rows).await, "0", "what was open is undone");
    let temporary = third.batch("SELECT * FROM #mine").await;
    assert_eq!(temporary.expect_err("it is gone").sql_number(), Some(208));
}

#[tokio::test]
async fn always_on_is_turned_off_and_on_by_a_restart() {
    let stage = Stage::start().await;
    let control = stage.control();
    let enabled = "SELECT CAST(SERVERPROPERTY('IsHadrEnabled') AS varchar(9)) AS n";
    for (hadr, expected) in [(false, "0"), (true, "1")] {
        let mut sql = stage.sql_server().await;
        let before = one(&mut sql, enabled).await;
        let set = control
            .put("servers/sqlserver1", &json!({ "hadr": hadr }))
            .await;
        let set = set.expect("it is set");
        assert_eq!(set["hadrFromNextStart"], hadr);
        assert_eq!(set["hadr"], !hadr);
        assert_eq!(
            one(&mut sql, enabled).await,
            before,
            "not before the restart"
        );
        let restart = control
            .post("servers/sqlserver1/restart", &Value::Null)
            .await;
        restart.expect("it restarts");
        assert!(sql.batch("SELECT 1").await.is_err(), "its session is over");
        let mut sql = stage.sql_server().await;
        assert_eq!(one(&mut sql, enabled).await, expected);
        let group = "CREATE AVAILABILITY GROUP ag FOR REPLICA ON N'sqlserver1' WITH (ENDPOINT_URL = N'TCP://10.0.0.4:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL)";
        let refused = sql
            .batch(group)
            .await
            .expect_err("no endpoint, or no Always On");
        assert_eq!(refused.sql_number() == Some(35221), !hadr, "{refused}");
    }
}

#[tokio::test]
async fn what_no_server_can_be_told_is_refused() {
    let stage = Stage::start().await;
    let control = stage.control();
    let cases = [
        ("servers/none/stop", "NotFound"),
        ("servers/sqlserver1/dance", "NotFound"),
        ("servers/sqlserver1/start", "Conflict"),
        ("servers/sqlmi1/stop", "Conflict"),
    ];
    for (path, code) in cases {
        let refused = control.post(path, &Value::Null).await.expect_err(path);
        assert_eq!(refused.arm_code(), Some(code), "{path}");
    }
    let bad = control
        .put("servers/sqlserver1", &json!({"dance": true}))
        .await;
    assert_eq!(
        bad.expect_err("no such setting").arm_code(),
        Some("BadRequest")
    );
    let mut instance = stage.managed_instance().await;
    let refused = instance.batch("SHUTDOWN").await.expect_err("not there");
    assert_eq!(refused.sql_number(), Some(40510));
}

async fn one(sql: &mut Sql, text: &str) -> String {
    let results = sql
        .batch(text)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let cell: &Cell = &results[0].rows[0][0];
    cell.to_string()
}
