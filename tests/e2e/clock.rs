//! The clock of a world, as the control API sets it and SQL tells it.

use std::time::{Duration, Instant};

use milink::Emulator;
use milink::clock::ClockMode;
use milink_client::Sql;
use milink_scenarios::{Runner, SQL_SERVER_PRIMARY, Scenario, Silent};
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
async fn a_real_clock_runs_with_the_host_and_never_jumps() {
    let stage = Stage::start_with(Emulator::builder().clock(ClockMode::Real)).await;
    let control = stage.control();
    let mut sql = stage.sql_server().await;
    let real = Instant::now();
    let begun = milliseconds(&mut sql).await;
    let inner = Instant::now();
    sql.batch("WAITFOR DELAY '00:00:00.250'")
        .await
        .expect("WAITFOR succeeds");
    let waited = inner.elapsed();
    assert!(waited >= Duration::from_millis(250), "{waited:?}");
    let passed = milliseconds(&mut sql).await - begun;
    let most = i64::try_from(real.elapsed().as_millis()).expect("not that long") + 1;
    assert!((250..=most).contains(&passed), "{passed} of {most}");

    // It is put forward when it is told, and is there when another mode goes on from it.
    let advance = json!({"by": "1h"});
    let moved = control.post("clock/advance", &advance).await;
    moved.expect("an hour");
    assert!(milliseconds(&mut sql).await - begun >= 3_600_000);
    for mode in ["manual", "scaled=2", "auto", "real"] {
        let before = milliseconds(&mut sql).await;
        let set = json!({ "mode": mode });
        let clock = control.put("clock", &set).await.expect("it is set");
        assert_eq!(clock["mode"], mode);
        assert_eq!(control.get("clock").await.expect("the clock")["mode"], mode);
        let after = milliseconds(&mut sql).await;
        assert!(after >= before, "{mode}");
        let stands = milliseconds(&mut sql).await == after;
        assert!(mode != "manual" || stands);
    }
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

/// What shows moments of its own: a name, the server, a batch.
const SHOWS: [(&str, bool, &str); 13] = [
    (
        "GETDATE",
        true,
        "SELECT GETDATE(), SYSDATETIME(), SYSUTCDATETIME(), CURRENT_TIMESTAMP",
    ),
    (
        "backups",
        true,
        "SELECT backup_start_date, backup_finish_date FROM msdb.dbo.backupset",
    ),
    ("error log", true, "EXEC xp_readerrorlog 0, 1, N'listening'"),
    (
        "endpoint's group",
        true,
        "SELECT create_date, modify_date FROM sys.availability_replicas",
    ),
    (
        "replicas",
        true,
        "SELECT last_hardened_time, last_commit_time, last_sent_time FROM sys.dm_hadr_database_replica_states",
    ),
    (
        "seeding",
        true,
        "SELECT start_time, completion_time FROM sys.dm_hadr_automatic_seeding",
    ),
    (
        "seeding statistics",
        true,
        "SELECT start_time_utc, end_time_utc FROM sys.dm_hadr_physical_seeding_stats",
    ),
    (
        "certificates",
        true,
        "SELECT start_date FROM master.sys.certificates WHERE name LIKE 'Cert%'",
    ),
    (
        "sessions",
        true,
        "SELECT login_time, last_request_start_time FROM sys.dm_exec_sessions WHERE session_id = @@SPID",
    ),
    (
        "keys",
        true,
        "SELECT create_date, modify_date FROM master.sys.symmetric_keys WHERE symmetric_key_id = 101",
    ),
    ("the instance's GETDATE", false, "SELECT GETDATE()"),
    (
        "the instance's copy",
        false,
        "SELECT create_date FROM sys.databases WHERE database_id > 4",
    ),
    (
        "the instance's replicas",
        false,
        "SELECT last_hardened_time, last_redone_time FROM sys.dm_hadr_database_replica_states WHERE is_local = 1",
    ),
];

#[tokio::test]
async fn every_moment_that_is_shown_is_the_worlds() {
    let stage = Stage::start_auto().await;
    let control = stage.control();
    // The end of a February, just before midnight; the certificates of the service are still valid then.
    let moved = json!({"to": "2027-02-28T23:58:59.5Z"});
    let clock = control.post("clock/advance", &moved).await;
    clock.expect("the clock is put forward");
    let before = control.get("journal").await.expect("the journal")["last"].clone();
    let mut scenario = Scenario::parse(SQL_SERVER_PRIMARY).expect("the article's walk");
    let delete = scenario
        .steps
        .iter()
        .position(|step| step.title.starts_with("Delete the link"));
    scenario
        .steps
        .truncate(delete.expect("the walk deletes the link in the end"));
    let mut runner = Runner::new(stage.ready().clone()).expect("the ready file is good");
    let summary = runner.run(&scenario, &mut Silent).await;
    assert!(summary.failure().is_none(), "{:?}", summary.failure());

    let (mut server, mut instance) = (stage.sql_server().await, stage.managed_instance().await);
    for (name, on_server, batch) in SHOWS {
        let sql = if on_server {
            &mut server
        } else {
            &mut instance
        };
        let results = sql
            .batch(batch)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let rows = &results[0].rows;
        let cells: Vec<String> = rows.iter().flatten().map(ToString::to_string).collect();
        assert_of_the_world(name, &cells.join("\n"));
    }
    let path = format!("{}/distributedAvailabilityGroups", stage.instance_id());
    let links = stage
        .arm()
        .send("GET", &path, "2024-05-01-preview", None)
        .await;
    assert_of_the_world("ARM", &links.expect("the links").body.to_string());
    let copy = format!("{}/databases/db1", stage.instance_id());
    let copy = stage.arm().send("GET", &copy, "2023-08-01", None).await;
    assert_of_the_world(
        "ARM's database",
        &copy.expect("it is there").body.to_string(),
    );
    let journal = control.get(&format!("journal?after={before}")).await;
    assert_of_the_world("journal", &journal.expect("the journal").to_string());
    let doctor = control
        .get("worlds/default/doctor")
        .await
        .expect("the doctor");
    assert_of_the_world("doctor", &doctor["now"].to_string());
    let log = control.get_text("worlds/default/log").await;
    assert_of_the_world("what was asked", last_lines(&log.expect("the log")));

    // Clients judge tokens and the header of the date by their own clocks, which are the host's.
    let ca = reqwest::Certificate::from_pem(stage.emulator().ca_pem().as_bytes());
    let http = reqwest::Client::builder()
        .tls_certs_only([ca.expect("the authority is good")])
        .build()
        .expect("a client");
    let ready = stage.ready();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource=https%3A%2F%2Fmanagement.azure.com%2F",
        ready.client_id, ready.client_secret
    );
    let url = format!("{}/{}/oauth2/token", ready.entra_url, ready.tenant_id);
    let asked = http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let granted = asked.send().await.expect("an answer");
    let date = granted.headers()["date"].to_str().expect("text").to_owned();
    assert!(!date.contains("2027"), "{date}");
    let granted: serde_json::Value = granted.json().await.expect("JSON");
    let token = granted["access_token"].as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("claims");
    let claims: serde_json::Value =
        serde_json::from_slice(&base64url(claims)).expect("they are JSON");
    let now = milink::clock::host_now().unix_seconds();
    let (granted, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert!(granted.is_some_and(|at| (now - 600..=now).contains(&at)));
    assert!(expires.is_some_and(|at| (now + 82_800..=now + 90_000).contains(&at)));
}

/// What base64 for URLs, without padding, stands for.
fn base64url(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in text.chars() {
        let six = DIGITS.find(digit).expect("a digit of base64");
        bits = bits << 6 | u32::try_from(six).expect("less than 64");
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xFF) as u8);
        }
    }
    bytes
}

/// The end of a log, which the world's new time is in.
fn last_lines(text: &str) -> &str {
    let at = text.len().saturating_sub(2_000);
    let at = (at..text.len()).find(|at| text.is_char_boundary(*at));
    &text[at.unwrap_or(0)..]
}

/// There is a moment, and it is not the host's.
fn assert_of_the_world(name: &str, text: &str) {
    let host = milink::clock::host_now().to_string();
    let today = &host[..10];
    assert!(text.contains("2027-0"), "{name} shows no moment: {text}");
    assert!(!text.contains(today), "{name} shows the host's day: {text}");
}
