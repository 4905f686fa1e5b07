//! Faults on request over real HTTPS and TDS: what ARM, Entra and SQL clients see, and that it is over when it is removed.

use std::time::Duration;

use milink_client::{Error, Login, Sql};
use milink_core::event::EventKind;
use milink_core::fault::{Fault, points};
use milink_tests::{PASSWORD, Stage};
use serde_json::{Value, json};

const VERSION: &str = "2023-08-01";

fn fault(words: &str) -> Fault {
    let mut parts = words.split(' ');
    let point = parts.next().unwrap_or_default();
    Fault::of_words(point, parts).expect("the fault makes sense")
}

/// How ARM answers to a GET of the instance.
async fn status(stage: &Stage) -> String {
    match stage.arm().get::<Value>(stage.instance_id(), VERSION).await {
        Ok(_) => "200".to_owned(),
        Err(Error::Arm { status, code, .. }) => format!("{status} {code}"),
        Err(Error::Token { status, .. }) => format!("token {status}"),
        Err(Error::Http(_)) => "broken".to_owned(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn arm_and_entra_fail_as_they_are_told() {
    let stage = Stage::start().await;
    let cases = [
        ("arm.throttled", "429 TooManyRequests"),
        ("arm.internal-error", "500 InternalServerError"),
        ("arm.unavailable", "503 ServerUnavailable"),
        ("arm.gateway-timeout", "504 GatewayTimeout"),
        ("arm.refused", "409 ManagedInstanceIsBusy"),
        ("arm.refused status=400 code=Odd", "400 Odd"),
        ("arm.closed", "broken"),
        ("arm.commit-then-fail", "500 InternalServerError"),
        ("arm.token-expired", "401 ExpiredAuthenticationToken"),
        ("entra.down", "token 503"),
        ("entra.expired-token", "401 ExpiredAuthenticationToken"),
        (
            "entra.wrong-token",
            "401 InvalidAuthenticationTokenAudience",
        ),
        ("arm.throttled method=PUT", "200"),
        ("arm.throttled path=*/nothing/*", "200"),
    ];
    for (words, expected) in cases {
        let guard = stage.world().fault(fault(words)).expect("installed");
        assert_eq!(status(&stage).await, expected, "{words}");
        let bites = guard.bites().expect("it is there");
        assert_eq!(bites > 0, expected != "200", "{words}");
        drop(guard);
        assert_eq!(status(&stage).await, "200", "after {words}");
    }
    assert!(stage.world().read(|world| world.faults().is_empty()));
}

#[tokio::test]
async fn throttling_says_when_to_come_back_and_ends_by_itself() {
    let stage = Stage::start().await;
    let _guard = stage
        .world()
        .fault(fault("arm.throttled times=2 retry-after=7"));
    let arm = stage.arm();
    for turn in 0..3 {
        let answer = arm.send("GET", stage.instance_id(), VERSION, None).await;
        match (turn, answer) {
            (0 | 1, Err(Error::Arm { status: 429, .. })) | (2, Ok(_)) => {}
            (_, other) => panic!("{turn}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_slow_answer_is_late_and_a_stale_one_is_old() {
    let stage = Stage::start().await;
    let arm = stage.arm();
    let guard = stage
        .world()
        .fault(fault("arm.slow delay=300ms"))
        .expect("installed");
    let began = std::time::Instant::now();
    assert_eq!(status(&stage).await, "200");
    assert!(began.elapsed() >= Duration::from_millis(300));
    drop(guard);

    let groups = format!(
        "/subscriptions/{}/resourceGroups",
        stage.ready().subscription_id
    );
    let guard = stage
        .world()
        .fault(fault("arm.stale-read delay=1h"))
        .expect("installed");
    let body = json!({"location": "westeurope"});
    let group = format!("{groups}/new");
    arm.send("PUT", &group, "2021-04-01", Some(&body))
        .await
        .expect("written");
    let read = arm.get::<Value>(&group, "2021-04-01").await;
    assert!(
        matches!(read, Err(Error::Arm { status: 404, .. })),
        "{read:?}"
    );
    drop(guard);
    arm.get::<Value>(&group, "2021-04-01")
        .await
        .expect("it is there");
}

#[tokio::test]
async fn a_request_is_done_though_it_fails() {
    let stage = Stage::start().await;
    let arm = stage.arm();
    let groups = format!(
        "/subscriptions/{}/resourceGroups",
        stage.ready().subscription_id
    );
    let body = json!({"location": "westeurope"});
    for (name, words) in [
        ("one", "arm.commit-then-fail method=PUT"),
        ("two", "arm.closed method=PUT verdict=commit-then-fail"),
    ] {
        let group = format!("{groups}/{name}");
        let guard = stage.world().fault(fault(words)).expect("installed");
        let answer = arm.send("PUT", &group, "2021-04-01", Some(&body)).await;
        assert!(answer.is_err(), "{words}");
        drop(guard);
        arm.get::<Value>(&group, "2021-04-01")
            .await
            .expect("it is there");
    }
    // Without being done, it is not there.
    let group = format!("{groups}/three");
    let guard = stage
        .world()
        .fault(fault("arm.closed method=PUT"))
        .expect("installed");
    let answer = arm.send("PUT", &group, "2021-04-01", Some(&body)).await;
    assert!(answer.is_err());
    drop(guard);
    assert!(arm.get::<Value>(&group, "2021-04-01").await.is_err());
}

#[tokio::test]
async fn operations_get_lost_and_never_end() {
    let stage = Stage::start_auto().await;
    let arm = stage.arm();
    let database = format!("{}/databases/db9", stage.instance_id());
    let body = json!({"location": "westeurope"});
    let answer = arm
        .send("PUT", &database, VERSION, Some(&body))
        .await
        .expect("accepted");
    let operation = answer.operation.expect("an operation");
    let guard = stage
        .world()
        .fault(fault("operation.lost"))
        .expect("installed");
    let lost = operation.poll(&arm).await;
    assert_eq!(
        lost.expect_err("lost").arm_code(),
        Some("OperationIdNotFound")
    );
    drop(guard);
    let guard = stage
        .world()
        .fault(fault("operation.never-ends"))
        .expect("installed");
    for _ in 0..5 {
        let (outcome, _) = operation.poll(&arm).await.expect("a poll");
        assert!(outcome.is_none());
    }
    drop(guard);
    operation.wait(&arm).await.expect("it has ended long since");
    arm.get::<Value>(&database, VERSION)
        .await
        .expect("it is there");
}

async fn log_in(stage: &Stage) -> Result<Sql, Error> {
    let server = &stage.ready().sql_servers[0];
    let address = stage.address(&server.host, server.port, "localhost");
    let login = Login::Password {
        user: server.user.clone(),
        password: PASSWORD.to_owned(),
    };
    Sql::connect(&address, login, None).await
}

#[tokio::test]
async fn logins_are_refused_with_documented_numbers() {
    let stage = Stage::start().await;
    let logins = points().filter(|point| point.family() == "login");
    for point in logins {
        let number: u32 = match point.name {
            "login.failed" => 18_456,
            _ => point
                .summary
                .split(':')
                .next()
                .unwrap_or_default()
                .parse()
                .expect("a number"),
        };
        let guard = stage.world().fault(Fault::at(point)).expect("installed");
        let refused = log_in(&stage).await.expect_err("refused");
        assert_eq!(refused.sql_number(), Some(number), "{}", point.name);
        drop(guard);
        log_in(&stage).await.expect("accepted");
    }
    for words in ["tds.closed", "tds.tls-fails instance=sqlserver1"] {
        let guard = stage.world().fault(fault(words)).expect("installed");
        assert!(log_in(&stage).await.is_err(), "{words}");
        assert_eq!(guard.bites(), Some(1), "{words}");
        drop(guard);
        log_in(&stage).await.expect("accepted");
    }
}

#[tokio::test]
async fn connections_break_before_and_after_the_work_is_done() {
    let stage = Stage::start().await;
    let mut sql = log_in(&stage).await.expect("accepted");
    sql.batch("CREATE TABLE t (a int)").await.expect("made");
    let cases = [
        ("tds.reset-before-commit statement=insert*", false, true),
        ("tds.reset-after-commit statement=insert*", true, true),
        ("tds.cut bytes=3 statement=*insert*", true, false),
    ];
    for (number, (words, done, reset)) in cases.into_iter().enumerate() {
        let guard = stage.world().fault(fault(words)).expect("installed");
        let mut client = log_in(&stage).await.expect("accepted");
        let broken = client.batch(&format!("INSERT t VALUES ({number})")).await;
        let Err(Error::Connection(how)) = &broken else {
            panic!("{words}: {broken:?}");
        };
        assert_eq!(how.contains("reset by peer"), reset, "{words}: {how}");
        drop(guard);
        let rows = sql
            .batch(&format!("SELECT a FROM t WHERE a = {number}"))
            .await
            .expect("rows");
        assert_eq!(!rows[0].rows.is_empty(), done, "{words}");
    }
    let guard = stage
        .world()
        .fault(fault("tds.refused number=1204 times=1"))
        .expect("installed");
    let refused = sql.batch("SELECT 1 AS a").await.expect_err("refused");
    assert_eq!(refused.sql_number(), Some(1204));
    sql.batch("SELECT 1 AS a")
        .await
        .expect("the connection stays");
    drop(guard);
    let guard = stage
        .world()
        .fault(fault("tds.stalled delay=300ms"))
        .expect("installed");
    let began = std::time::Instant::now();
    sql.batch("SELECT 1 AS a").await.expect("late");
    assert!(began.elapsed() >= Duration::from_millis(300));
    drop(guard);
}

#[tokio::test]
async fn the_control_api_installs_lists_and_removes() {
    let stage = Stage::start().await;
    let control = stage.control();
    let body = json!({
        "point": "arm.throttled",
        "match": {"path": "*/managedInstances/*"},
        "when": {"times": 1},
    });
    let made = control.post("faults", &body).await.expect("installed");
    assert_eq!((&made["id"], &made["bitten"]), (&json!(1), &json!(0)));
    assert_eq!(status(&stage).await, "429 TooManyRequests");
    let one = control.get("faults/1").await.expect("it is there");
    assert_eq!((&one["bitten"], &one["spent"]), (&json!(1), &json!(true)));
    control.delete("faults/1").await.expect("removed");
    let empty = control.get("faults").await.expect("a list");
    assert_eq!(empty, json!({"value": []}));

    let registry = control.get("faults/points").await.expect("the registry");
    let listed = registry["value"].as_array().expect("a list").len();
    assert_eq!(listed, points().count());
    for (body, says) in [
        (json!({"point": "no.such"}), "arm.throttled"),
        (
            json!({"point": "arm.slow", "match": {"colour": "red"}}),
            "expected one of",
        ),
        (
            json!({"point": "network.partition", "match": {"path": "x"}}),
            "matches by instance",
        ),
    ] {
        let refused = control
            .post("faults", &body)
            .await
            .expect_err("refused")
            .to_string();
        assert!(
            refused.starts_with("400") && refused.contains(says),
            "{refused}"
        );
    }
    for path in ["faults/7", "faults/x"] {
        assert!(control.delete(path).await.is_err(), "{path}");
    }
    control
        .post("faults?world=default", &json!({"point": "arm.slow"}))
        .await
        .expect("installed");
    control
        .post("snapshot/with", &Value::Null)
        .await
        .expect("kept");
    control.delete("faults").await.expect("cleared");
    control
        .post("snapshot/with/restore", &Value::Null)
        .await
        .expect("restored");
    let back = control.get("faults").await.expect("a list");
    assert_eq!(
        back["value"][0]["point"], "arm.slow",
        "a kept state has its faults"
    );
    let told = stage.world().read(|world| {
        let mut events = world.events_after(0);
        events.any(|event| matches!(event.kind, EventKind::FaultBit { .. }))
    });
    assert!(told, "bites are in the journal");
}

/// What this file says of the shell's points is all of them.
#[test]
fn every_point_of_the_shell_is_tested() {
    let text = include_str!("faults.rs");
    for point in points() {
        let here = ["arm", "entra", "tds"].contains(&point.family());
        assert!(
            !here || text.contains(&format!("\"{}", point.name)),
            "{}",
            point.name
        );
    }
}
