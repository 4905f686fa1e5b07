//! Linked servers and trust over the wire: a query, the refusal of a transaction, and why.

use milink_client::{Cell, Sql};
use milink_tests::Stage;
use serde_json::json;

#[tokio::test]
async fn a_linked_server_answers_and_a_transaction_with_it_is_refused_and_explained() {
    let stage = Stage::start_auto().await;
    let mut sql = stage.sql_server().await;
    let instance = &stage.ready().managed_instances[0];
    let setup = format!(
        "EXEC sp_addlinkedserver @server = N'MI', @srvproduct = N'', @provider = N'MSOLEDBSQL', @datasrc = N'{}'; \
         EXEC sp_addlinkedsrvlogin N'MI', 'false', NULL, N'{}', N'{}'",
        instance.fqdn, instance.user, instance.password
    );
    sql.batch(&setup).await.expect("it is set up");
    let name =
        "SELECT q.n FROM OPENQUERY(MI, 'SELECT CAST(@@SERVERNAME AS varchar(200)) AS n') AS q";
    assert_eq!(one(&mut sql, name).await, instance.fqdn);
    let sessions = "SELECT CAST(COUNT(*) AS varchar(9)) AS n FROM MI.master.sys.dm_exec_sessions WHERE program_name = N'Microsoft SQL Server'";
    assert_eq!(one(&mut sql, sessions).await, "1", "the one that asks");

    let work = "SET XACT_ABORT ON; BEGIN DISTRIBUTED TRANSACTION; SELECT name FROM MI.master.sys.databases; COMMIT";
    let refused = sql.batch(work).await.expect_err("no such pair");
    assert_eq!(refused.sql_number(), Some(7391), "{refused}");
    let latest = stage.control().get("explain?world=default&limit=1").await;
    let latest = latest.expect("it is remembered")["value"][0].clone();
    let facts = latest["facts"].to_string();
    assert!(facts.contains("stg.not_managed_instances"), "{latest}");
    stage.check_laws();
}

#[tokio::test]
async fn whether_trust_lingers_is_a_setting() {
    let stage = Stage::start().await;
    let control = stage.control();
    let shown = control.get("trust").await.expect("it is shown");
    assert_eq!(shown, json!({"lingering": true, "pairs": []}));
    let set = control.put("trust", &json!({"lingering": false})).await;
    assert_eq!(set.expect("it is set")["lingering"], false);
    let bad = control.put("trust", &json!({"lingers": true})).await;
    assert_eq!(
        bad.expect_err("no such setting").arm_code(),
        Some("BadRequest")
    );
}

/// The only value that a query shows.
async fn one(sql: &mut Sql, text: &str) -> String {
    let results = sql
        .batch(text)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let cell: &Cell = &results[0].rows[0][0];
    cell.to_string()
}
