//! Deployments move on with the time of their world, and nobody has to ask Resource Manager for it.

use std::time::Duration;

use milink::Emulator;
use milink::clock::ClockMode;
use milink_client::Sql;
use milink_tests::Stage;
use serde_json::{Value, json};

/// Databases of the instance, each after the one before it: only a database that is ready lets the next begin.
fn chain(stage: &Stage) -> Value {
    let name = &stage.ready().managed_instances[0].name;
    let database = |at: usize| {
        let after: Vec<String> = (at > 0)
            .then(|| {
                format!(
                    "[resourceId('Microsoft.Sql/managedInstances/databases', '{name}', 'd{}')]",
                    at - 1
                )
            })
            .into_iter()
            .collect();
        json!({
            "type": "Microsoft.Sql/managedInstances/databases",
            "apiVersion": "2024-11-01-preview",
            "name": format!("{name}/d{at}"),
            "location": stage.ready().location,
            "dependsOn": after,
            "properties": {},
        })
    };
    json!({"properties": {"mode": "Incremental", "template": {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": (0..3).map(database).collect::<Vec<_>>(),
    }}})
}

async fn start(stage: &Stage) {
    let path = format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Resources/deployments/chain",
        stage.ready().subscription_id,
        stage.ready().resource_group
    );
    let arm = stage.arm();
    let body = chain(stage);
    let answer = arm.send("PUT", &path, "2025-04-01", Some(&body)).await;
    answer.expect("it is accepted");
}

async fn databases(sql: &mut Sql) -> i64 {
    let asked = "SELECT CAST(COUNT(*) AS varchar(9)) AS n FROM sys.databases WHERE name LIKE 'd[0-2]' AND state = 0";
    let found = sql.batch(asked).await.expect("a count");
    found[0].rows[0][0].to_string().parse().expect("a number")
}

async fn stage(clock: ClockMode) -> Stage {
    let stage = Stage::start_with(Emulator::builder().clock(clock)).await;
    let slow = json!({"durations": {"database-create": "10min"}});
    let set = stage.control().put("transitions", &slow).await;
    set.expect("creating a database takes ten minutes");
    stage
}

/// One wait of an hour: the second database begins when the first is there, and not when the hour is over.
#[tokio::test]
async fn they_go_on_while_a_session_waits() {
    let stage = stage(ClockMode::Auto).await;
    start(&stage).await;
    let mut sql = stage.managed_instance().await;
    assert_eq!(databases(&mut sql).await, 0);
    sql.batch("WAITFOR DELAY '00:25:00'")
        .await
        .expect("it waits");
    assert_eq!(databases(&mut sql).await, 2);
    sql.batch("WAITFOR DELAY '00:10:00'")
        .await
        .expect("it waits");
    assert_eq!(databases(&mut sql).await, 3);
    stage.check_laws();
}

/// A clock that runs: SQL looks, and at some time all is there.
#[tokio::test]
async fn they_go_on_with_the_hosts_clock() {
    let stage = stage(ClockMode::Scaled(10_000.0)).await;
    start(&stage).await;
    let mut sql = stage.managed_instance().await;
    let all = async { while databases(&mut sql).await < 3 {} };
    let all = tokio::time::timeout(Duration::from_secs(60), all).await;
    all.expect("half an hour is three seconds");
    stage.check_laws();
}
