//! Transitions that take no fixed time, seen by an ARM client that polls.

use std::time::Duration;

use milink_client::{Operation, Outcome};
use milink_tests::Stage;
use serde_json::json;

/// Asks for a network, which takes `network-write`, and hands back what to poll.
async fn write_network(stage: &Stage) -> Operation {
    let ready = stage.ready();
    let path = format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/networkSecurityGroups/held",
        ready.subscription_id, ready.resource_group
    );
    let body = json!({"location": ready.location, "properties": {}});
    let answer = stage
        .arm()
        .send("PUT", &path, "2024-05-01", Some(&body))
        .await
        .expect("the request is accepted");
    answer.operation.expect("it takes time")
}

async fn set(stage: &Stage, length: &str) {
    let body = json!({"durations": {"network-write": length}});
    let control = stage.control();
    let set = control.put("transitions", &body).await;
    set.expect("the length is set");
}

#[tokio::test]
async fn an_operation_ends_with_its_third_poll_whatever_the_clock_says() {
    let stage = Stage::start().await;
    set(&stage, "polls(3)").await;
    let operation = write_network(&stage).await;
    let (control, day) = (stage.control(), json!({"by": "24h"}));
    control
        .post("clock/advance", &day)
        .await
        .expect("a day passes");
    let arm = stage.arm();
    for poll in 1..=3 {
        let (outcome, _) = operation.poll(&arm).await.expect("it is polled");
        assert_eq!(outcome.is_some(), poll == 3, "poll {poll}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_operation_ends_when_it_is_stepped() {
    let stage = Stage::start_auto().await;
    set(&stage, "stepped").await;
    let operation = write_network(&stage).await;
    let arm = stage.arm();
    for _ in 0..5 {
        let (outcome, pause) = operation.poll(&arm).await.expect("it is polled");
        assert_eq!(outcome, None);
        // Nothing that polling could bring nearer: the client waits as az does.
        assert_eq!(pause, Duration::from_secs(1));
    }
    let control = stage.control();
    let shown = control.get("transitions").await.expect("they are listed");
    assert_eq!(shown["underway"][0]["transition"], "network-write");
    let step = control
        .post("transitions/network-write/step", &json!({}))
        .await;
    assert_eq!(step.expect("it is stepped")["stepped"], 1);
    let (outcome, _) = operation.poll(&arm).await.expect("it is polled");
    assert_eq!(outcome, Some(Outcome::Succeeded));
}

#[tokio::test]
async fn a_clock_that_jumps_spares_the_client_the_pause() {
    let stage = Stage::start_auto().await;
    set(&stage, "30min").await;
    let operation = write_network(&stage).await;
    assert_eq!(operation.retry_after, Duration::from_millis(1));
    assert_eq!(
        operation.wait(&stage.arm()).await.expect("it is polled"),
        Outcome::Succeeded
    );
}
