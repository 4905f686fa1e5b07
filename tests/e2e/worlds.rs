//! Worlds by the control API: copies, kept states, and that they never see each other.

use milink_client::model::ReadyFile;
use milink_client::{Cell, Sql};
use milink_tests::Stage;
use serde_json::{Value, json};

#[tokio::test]
async fn a_copy_begins_alike_and_goes_its_own_way() {
    let stage = Stage::start().await;
    let control = stage.control();
    let mut here = stage.sql_server().await;
    run(&mut here, "CREATE TABLE master.dbo.shared (a int)").await;
    let made = control
        .post("worlds", &json!({"name": "copy", "from": "default"}))
        .await;
    let copy: ReadyFile =
        serde_json::from_value(made.expect("the copy is made")).expect("it is a ready file");
    assert_eq!(copy.world, "copy");
    assert_ne!(copy.subscription_id, stage.ready().subscription_id);
    assert_ne!(copy.sql_servers[0].port, stage.ready().sql_servers[0].port);

    let mut there = stage.sql_server_of(&copy).await;
    run(&mut there, "CREATE TABLE master.dbo.only_there (a int)").await;
    run(&mut here, "CREATE TABLE master.dbo.only_here (a int)").await;
    let names = "SELECT STRING_AGG(name, ',') WITHIN GROUP (ORDER BY name) AS n FROM master.sys.tables WHERE name NOT LIKE 'spt%'";
    assert_eq!(one(&mut here, names).await, "only_here,shared");
    assert_eq!(one(&mut there, names).await, "only_there,shared");

    // The subscription selects the world for ARM: each sees its own instance under the same name, the other's is not its.
    let arm = stage.arm();
    for (ready, name) in [(stage.ready(), "default"), (&copy, "copy")] {
        let id = &ready.managed_instances[0].resource_id;
        let instance: Value = arm.get(id, "2023-08-01").await.expect(name);
        assert_eq!(instance["name"], "sqlmi1");
        assert!(id.contains(&ready.subscription_id), "{id}");
    }

    control.delete("worlds/copy").await.expect("it can go");
    let gone = arm
        .get::<Value>(&copy.managed_instances[0].resource_id, "2023-08-01")
        .await;
    assert_eq!(
        gone.expect_err("its world is gone").arm_code(),
        Some("SubscriptionNotFound")
    );
    assert!(there.batch("SELECT 1").await.is_err(), "its sessions ended");
    assert_eq!(one(&mut here, names).await, "only_here,shared");
    let kept = control.delete("worlds/default").await;
    assert_eq!(
        kept.expect_err("the first one stays").arm_code(),
        Some("Conflict")
    );
}

#[tokio::test]
async fn a_kept_state_comes_back_and_reset_goes_to_the_beginning() {
    let stage = Stage::start().await;
    let control = stage.control();
    let count =
        "SELECT CAST(COUNT(*) AS varchar(9)) AS n FROM master.sys.tables WHERE name LIKE 't[0-9]'";
    let mut sql = stage.sql_server().await;
    run(&mut sql, "CREATE TABLE master.dbo.t1 (a int)").await;
    control
        .post("snapshot/one", &Value::Null)
        .await
        .expect("kept");
    run(&mut sql, "CREATE TABLE master.dbo.t2 (a int)").await;
    assert_eq!(one(&mut sql, count).await, "2");
    assert_eq!(
        control.get("snapshot").await.expect("a list")["value"],
        json!(["one"])
    );

    control
        .post("snapshot/one/restore", &Value::Null)
        .await
        .expect("restored");
    assert!(
        sql.batch("SELECT 1").await.is_err(),
        "sessions of the old state end"
    );
    let mut sql = stage.sql_server().await;
    assert_eq!(one(&mut sql, count).await, "1");

    control.post("reset", &Value::Null).await.expect("reset");
    let mut sql = stage.sql_server().await;
    assert_eq!(one(&mut sql, count).await, "0");
    let missing = control.post("snapshot/two/restore", &Value::Null).await;
    assert_eq!(
        missing.expect_err("never kept").arm_code(),
        Some("NotFound")
    );
    stage.check_laws();
}

#[tokio::test]
async fn the_journal_tells_what_happened_in_order() {
    let stage = Stage::start().await;
    let control = stage.control();
    let before = control
        .get("journal?limit=100000")
        .await
        .expect("a journal");
    let last = before["last"].as_u64().expect("a number");
    let mut sql = stage.sql_server().await;
    run(&mut sql, "CREATE DATABASE told").await;
    let after = control
        .get(&format!("journal?after={last}"))
        .await
        .expect("a journal");
    let events = after["events"].as_array().expect("events");
    assert!(after.to_string().contains("told"), "{after}");
    let sequences: Vec<u64> = events
        .iter()
        .filter_map(|event| event["sequence"].as_u64())
        .collect();
    assert!(
        sequences.windows(2).all(|pair| pair[0] < pair[1]),
        "{sequences:?}"
    );
    assert!(sequences.iter().all(|sequence| *sequence > last));
}

#[tokio::test]
async fn worlds_that_cannot_be_made_say_why() {
    let stage = Stage::start().await;
    let control = stage.control();
    for (body, code) in [
        (json!({"name": "default"}), "Conflict"),
        (json!({"name": "no good"}), "BadRequest"),
        (json!({"name": "a", "from": "nowhere"}), "NotFound"),
        (
            json!({"name": "a", "from": "default", "empty": true}),
            "BadRequest",
        ),
        (
            json!({"name": "a", "topology": "nonsense = 1"}),
            "BadRequest",
        ),
        (json!({"name": "a", "clock": "backwards"}), "BadRequest"),
        (json!({"name": "a", "durations": "slow"}), "BadRequest"),
        (
            json!({"name": "a", "subscriptionId": stage.ready().subscription_id}),
            "Conflict",
        ),
    ] {
        let refused = control
            .post("worlds", &body)
            .await
            .expect_err("it is refused");
        assert_eq!(refused.arm_code(), Some(code), "{body}: {refused}");
    }
    let worlds = control.get("worlds").await.expect("a list");
    assert_eq!(
        worlds["value"].as_array().map(Vec::len),
        Some(1),
        "nothing is left behind: {worlds}"
    );
}

async fn run(sql: &mut Sql, text: &str) {
    sql.batch(text)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
}

async fn one(sql: &mut Sql, text: &str) -> String {
    let results = sql
        .batch(text)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let cell: &Cell = &results[0].rows[0][0];
    cell.to_string()
}
