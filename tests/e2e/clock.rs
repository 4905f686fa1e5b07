//! The clock of a world, as the control API sets it and SQL tells it.

use std::time::{Duration, Instant};

use milink_client::Sql;
use milink_tests::Stage;
use serde_json::json;

#[tokio::test]
async fn a_manual_clock_stands_until_it_is_told() {
    let stage = Stage::start().await;
    let control = stage.control();
    let mut sql = stage.sql_server().await;
    let begun = milliseconds(&mut sql).await;
    assert_eq!(milliseconds(&mut sql).await, begun, "it stands");
    control
        .post("clock/advance", &json!({"seconds": 90}))
        .await
        .expect("90 s");
    assert_eq!(milliseconds(&mut sql).await - begun, 90_000);
    control
        .post("clock/advance", &json!({"by": "1h 30min"}))
        .await
        .expect("an hour and a half");
    assert_eq!(milliseconds(&mut sql).await - begun, 90_000 + 5_400_000);
    let clock = control.get("clock").await.expect("the clock");
    assert_eq!(clock["mode"], "manual");
    for bad in [
        json!({}),
        json!({"seconds": -1}),
        json!({"seconds": 1, "by": "1s"}),
        json!({"by": "soon"}),
        json!({"untilQuiet": false}),
    ] {
        let refused = control
            .post("clock/advance", &bad)
            .await
            .expect_err("it is refused");
        assert_eq!(refused.arm_code(), Some("BadRequest"), "{bad}: {refused}");
    }
}

#[tokio::test]
async fn a_manual_clock_lets_a_waiting_session_go_on_when_it_is_advanced() {
    let stage = Stage::start().await;
    let mut sql = stage.sql_server().await;
    let begun = milliseconds(&mut sql).await;
    let control = stage.control();
    let waiting = tokio::time::timeout(
        Duration::from_secs(60),
        sql.batch("WAITFOR DELAY '00:10:00'"),
    );
    let mut waiting = Box::pin(waiting);
    let waited = loop {
        let advance = async {
            let moved = control.post("clock/advance", &json!({"by": "5min"})).await;
            moved.expect("five minutes");
        };
        tokio::select! {
            biased;
            waited = &mut waiting => break waited.expect("the wait ends"),
            () = advance => {}
        }
    };
    drop(waiting);
    waited.expect("WAITFOR succeeds");
    assert!(milliseconds(&mut sql).await - begun >= 600_000);
}

#[tokio::test]
async fn an_automatic_clock_jumps_where_a_client_waits() {
    let stage = Stage::start_auto().await;
    let mut sql = stage.sql_server().await;
    let begun = milliseconds(&mut sql).await;
    let real = Instant::now();
    sql.batch("WAITFOR DELAY '02:00:00'")
        .await
        .expect("WAITFOR succeeds");
    let passed = milliseconds(&mut sql).await - begun;
    assert!(passed >= 7_200_000, "{passed}");
    assert!(real.elapsed() < Duration::from_secs(600), "it jumped");
}

#[tokio::test]
async fn a_scaled_clock_runs_faster_than_the_host() {
    let stage = Stage::start().await;
    let control = stage.control();
    control
        .put("clock", &json!({"mode": "scaled=10000"}))
        .await
        .expect("it is set");
    let mut sql = stage.sql_server().await;
    let begun = milliseconds(&mut sql).await;
    let real = Instant::now();
    // 100 s of the world are 10 ms of the host.
    sql.batch("WAITFOR DELAY '00:01:40'")
        .await
        .expect("WAITFOR succeeds");
    assert!(
        real.elapsed() >= Duration::from_millis(9),
        "{:?}",
        real.elapsed()
    );
    let passed = milliseconds(&mut sql).await - begun;
    assert!(passed >= 100_000, "{passed}");
    let clock = control.get("clock").await.expect("the clock");
    assert_eq!(clock["mode"], "scaled=10000");
    let bad = control
        .put("clock", &json!({"mode": "scaled=0"}))
        .await
        .expect_err("not a clock");
    assert_eq!(bad.arm_code(), Some("BadRequest"));
}

#[tokio::test]
async fn durations_are_set_by_name() {
    let stage = Stage::start().await;
    let control = stage.control();
    let set = json!({"profile": "azure", "durations": {"link-connect": "5s"}});
    let all = control
        .put("transitions", &set)
        .await
        .expect("they are set");
    assert_eq!(all["profile"], "azure");
    assert_eq!(
        all["durations"]["link-connect"],
        json!({"length": "5s", "seconds": 5.0, "overridden": true})
    );
    let unknown = json!({"durations": {"link-dance": "5s"}});
    let refused = control
        .put("transitions", &unknown)
        .await
        .expect_err("no such transition");
    assert!(refused.to_string().contains("link-dance"), "{refused}");
}

/// The server's time.
async fn milliseconds(sql: &mut Sql) -> i64 {
    let asked = "SELECT CAST(DATEDIFF_BIG(millisecond, '2000-01-01', SYSUTCDATETIME()) AS varchar(20)) AS ms";
    let results = sql.batch(asked).await.expect("the time");
    results[0].rows[0][0].to_string().parse().expect("a number")
}
