//! Logs that nobody has written: each is refused at a line, or replayed to where it parts; none hangs or panics.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use milink_core::time::Timestamp;
use proptest::strategy::Just;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{Log, replay};
use crate::clock::ClockMode;
use crate::topology::{SqlServerSpec, Topology};
use crate::{Emulator, control};

/// How long a replay of a few lines may take: plenty for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A log of a few requests, and of a client whose answers are not in it.
async fn recorded() -> Vec<Value> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("log");
    let emulator = Emulator::builder()
        .clock(ClockMode::Manual)
        .topology(Topology {
            sql_servers: vec![SqlServerSpec::named("sqlserver1")],
            ..Topology::empty()
        })
        .password("Correct-Horse-7-Battery")
        .record(file.clone())
        .start()
        .await
        .expect("it starts");
    let router = control::router(std::sync::Arc::clone(emulator.shared()));
    for (path, body) in [
        ("clock/advance", json!({"seconds": 90})),
        ("snapshot/s", Value::Null),
        (
            "worlds",
            json!({"name": "w", "empty": true, "ports": "shared"}),
        ),
        ("snapshot/s/restore", Value::Null),
        ("nothing", Value::Null),
    ] {
        let request = Request::post(format!("/_milink/{path}"));
        let request = request
            .body(Body::from(body.to_string()))
            .expect("a request");
        router.clone().oneshot(request).await.expect("an answer");
    }
    emulator.end_log().expect("it is written");
    let text = std::fs::read_to_string(file).expect("it is there");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line"));
    lines.collect()
}

fn written(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Where a log is refused or parts; nothing if it does neither.
async fn outcome(text: &str) -> Option<String> {
    let log = match Log::parse(text.as_bytes()) {
        Ok(log) => log,
        Err(error) => {
            assert!(
                (1..=1 + text.lines().count()).contains(&error.line),
                "{error}"
            );
            return Some(error.to_string());
        }
    };
    let replayed = tokio::time::timeout(PATIENCE, replay(log)).await;
    let replayed = replayed.expect("it comes to an end");
    replayed.err().map(|error| format!("{error:#}"))
}

#[test]
fn hostile_logs_are_read_or_refused() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let text = written(&runtime.block_on(recorded()));
    let words = [
        "null",
        "-1",
        "1e400",
        "{}",
        "[]",
        "\"\"",
        "\"end\"",
        "\"start\"",
        "\"given\"",
        "\\u0000",
        "18446744073709551616",
    ];
    milink_hostile::text("log", 300, Just(text), &words, |text| {
        if let Err(error) = Log::parse(text.as_bytes()) {
            assert!(
                (1..=1 + text.lines().count()).contains(&error.line),
                "{error}"
            );
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_logs_are_replayed_to_where_they_part() {
    let lines = recorded().await;
    assert_eq!(outcome(&written(&lines)).await, None, "as it was recorded");
    // A line too few, or one twice: whatever that line told is told apart, or made no difference.
    for at in 1..lines.len() - 1 {
        let mut fewer = lines.clone();
        fewer.remove(at);
        let mut more = lines.clone();
        more.insert(at, lines[at].clone());
        for text in [written(&fewer), written(&more)] {
            let _ = outcome(&text).await;
        }
    }
    let login = json!({"login": {
        "world": "default", "instance": "sqlserver1", "managed": false, "user": "sa", "password": "x", "serverName": "",
        "database": "", "host": "", "program": "", "library": "", "readOnly": false, "encrypted": false,
        "peer": "127.0.0.1:1", "local": "127.0.0.1:2",
    }});
    let nowhere = {
        let mut login = login.clone();
        login["login"]["world"] = json!("nowhere");
        login
    };
    let end = Timestamp::from_unix_seconds(253_402_300_799);
    let message = |hex: &str| json!({"request": {"session": 1, "message": {"kind": 3, "version": 0x7400_0004_u32, "says": "", "hex": hex}}});
    for line in [
        login,
        nowhere,
        json!({"step": {"session": 1, "times": u64::MAX}}),
        json!({"step": {"session": 999}}),
        json!({"cancel": {"session": 1}}),
        json!({"gone": {"session": 1}}),
        json!({"reset": {"session": 1, "keep": true}}),
        json!({"request": {"session": 1, "batch": "SELECT 1"}}),
        message("0"),
        message("zz"),
        message(&"00".repeat(100_000)),
        json!({"advance": {"world": "default", "to": end}}),
        json!({"due": {"world": "nowhere"}}),
        json!({"given": {"what": "the time", "hex": "+1"}}),
        json!({"lost": {"by": "somebody"}}),
        json!({"answer": {"says": []}}),
        json!({"struck": {"world": "default", "point": "none", "servers": ["x"], "instances": []}}),
        json!({"arm": {"method": " ", "target": "\u{0}", "tls": true, "headers": {"\n": "\n"}, "body": ""}}),
        json!({"control": {"method": "GET", "target": "//\u{0}?", "body": ""}}),
    ] {
        let mut told = lines.clone();
        told.insert(told.len() - 1, line.clone());
        let told = outcome(&written(&told)).await;
        assert!(told.is_some_and(|told| !told.is_empty()), "{line}");
    }
}
