//! The input log: what clients have asked is replayed into equal worlds, and where a log lies it is found out.

use milink::Emulator;
use milink::clock::ClockMode;
use milink::tape::{Log, replay};
use milink_client::model::ReadyFile;
use milink_scenarios::{Runner, SQL_SERVER_PRIMARY, Scenario, Silent};
use milink_tests::Stage;
use serde_json::{Value, json};
use tempfile::TempDir;

/// An emulator that writes a log, the directory it is in, and its path.
async fn recorded(clock: ClockMode) -> (Stage, TempDir, std::path::PathBuf) {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("log");
    let builder = Emulator::builder().clock(clock).record(file.clone());
    (Stage::start_with(builder).await, directory, file)
}

/// Ends the log and reads it.
fn ended(stage: &Stage, file: &std::path::Path) -> String {
    stage.emulator().end_log().expect("it is written");
    std::fs::read_to_string(file).expect("it is there")
}

async fn replayed(text: &str) -> Result<Vec<String>, String> {
    let log = Log::parse(text.as_bytes()).map_err(|error| error.to_string())?;
    let outcome = replay(log).await;
    outcome
        .map(|outcome| outcome.worlds)
        .map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_links_life_is_replayed_into_equal_worlds() {
    let (stage, _directory, file) = recorded(ClockMode::Auto).await;
    let control = stage.control();
    let post = async |path: &str, body: Value| {
        let answer = control.post(path, &body).await;
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    post(
        "faults",
        json!({"point": "network.latency", "match": {"instance": "sqlmi1"}, "verdict": {"delay": "200ms"}, "when": {"for": "1h"}}),
    )
    .await;
    post(
        "faults",
        json!({"point": "arm.slow", "match": {"method": "GET"}, "verdict": {"delay": "1ms"}, "when": {"times": 3, "probability": 0.5}}),
    )
    .await;
    let set = json!({"durations": {"link-connect": "uniform(1s..90s)", "redo": "20ms"}});
    control
        .put("transitions", &set)
        .await
        .expect("they are set");
    let scenario = Scenario::parse(SQL_SERVER_PRIMARY).expect("the article's walk");
    let mut runner = Runner::new(stage.ready().clone()).expect("the ready file is good");
    let summary = runner.run(&scenario, &mut Silent).await;
    assert!(summary.failure().is_none(), "{:?}", summary.failure());
    control.delete("faults").await.expect("they are gone");

    // Sessions that wait for each other, and for the time.
    let (mut one, mut other) = (stage.sql_server().await, stage.sql_server().await);
    let run = "CREATE TABLE master.dbo.t (id int PRIMARY KEY, at datetime2, what uniqueidentifier)";
    one.batch(run).await.expect("a table");
    let held = "BEGIN TRANSACTION; INSERT INTO master.dbo.t VALUES (1, SYSDATETIME(), NEWID())";
    one.batch(held).await.expect("a row");
    let (freed, blocked) = tokio::join!(
        one.batch("WAITFOR DELAY '00:00:05'; COMMIT"),
        other.batch("UPDATE master.dbo.t SET at = SYSDATETIME(), what = NEWID() WHERE id = 1"),
    );
    freed.expect("it commits");
    blocked.expect("it has waited");
    other.batch("SELECT 1/0").await.expect_err("an error");

    // Worlds of their own, kept states, and going back.
    let made = post("worlds", json!({"name": "copy", "from": "default"})).await;
    let copy: ReadyFile = serde_json::from_value(made).expect("a ready file");
    post("snapshot/then", Value::Null).await;
    let mut there = stage.sql_server_of(&copy).await;
    let write = "INSERT INTO master.dbo.t VALUES (2, SYSDATETIME(), NEWID())";
    there.batch(write).await.expect("a row");
    other.batch(write).await.expect("a row");
    post("snapshot/then/restore", Value::Null).await;
    let manual = json!({"mode": "manual"});
    control.put("clock?world=copy", &manual).await.expect("set");
    post("clock/advance?world=copy", json!({"by": "1h 30min"})).await;
    post("clock/advance?world=copy", json!({"untilQuiet": true})).await;
    post("servers/sqlserver1/restart?world=copy", Value::Null).await;
    post(
        "worlds",
        json!({"name": "fresh", "seed": 5, "clock": "manual"}),
    )
    .await;
    post("worlds", json!({"name": "short", "empty": true})).await;
    control.delete("worlds/short").await.expect("it goes");

    let text = ended(&stage, &file);
    drop(stage);
    let worlds = replayed(&text).await;
    assert_eq!(
        worlds.unwrap_or_else(|error| {
            let line = error.split([' ', ':']).nth(1).unwrap_or_default();
            let at: usize = line.parse().unwrap_or(1);
            let near: Vec<&str> = text.lines().skip(at.saturating_sub(8)).take(10).collect();
            panic!("{error}\n{}", near.join("\n"))
        }),
        ["copy", "default", "fresh"]
    );
    // Once more: a replay leaves nothing behind.
    assert!(replayed(&text).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lies_is_found_out_where_it_does() {
    let (stage, _directory, file) = recorded(ClockMode::Manual).await;
    let control = stage.control();
    let advance = json!({"by": "5min"});
    let moved = control.post("clock/advance", &advance).await;
    moved.expect("the time passes");
    let mut sql = stage.sql_server().await;
    sql.batch("SELECT 'told' AS word").await.expect("a row");
    sql.batch("SELECT 2 AS number").await.expect("a row");
    let text = ended(&stage, &file);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(replayed(&text).await, Ok(vec!["default".to_owned()]));

    let line_of = |words: &[&str]| {
        let found = lines
            .iter()
            .position(|line| words.iter().all(|word| line.contains(word)));
        found.unwrap_or_else(|| panic!("{words:?} is not in\n{text}")) + 1
    };
    let changed = |from: &str, to: &str| text.replace(from, to);
    let asked = line_of(&["\"batch\":\"SELECT 'told'"]);
    let answered = line_of(&["\"answer\"", "told"]);
    assert!(answered > asked);
    let cases = [
        // Another question: the answer differs, at the line of the answer.
        (
            changed("SELECT 'told' AS word", "SELECT 'lied' AS word"),
            format!("line {answered}: the answer differs"),
        ),
        // The clock is told something else.
        (
            changed("5min", "6min"),
            format!("line {}: ", line_of(&["\"answer\"", "nextDue"])),
        ),
        // A turn less.
        (
            {
                let cut = lines.iter().enumerate();
                let cut = cut.filter(|(at, _)| at + 1 != asked);
                cut.map(|(_, line)| format!("{line}\n")).collect()
            },
            format!("line {asked}: session 1 has nothing left to do here"),
        ),
        // Something that happened in no turn.
        (
            {
                let mut more = lines.clone();
                more.insert(asked, "{\"lost\":{\"by\":\"somewhere\"}}");
                more.join("\n")
            },
            format!("line {}: something changed a world", asked + 1),
        ),
        // Damaged.
        (
            changed("\"batch\":\"SELECT 2", "\"batch\":SELECT 2"),
            format!(
                "line {}: this is no line of a log",
                line_of(&["SELECT 2 AS number"])
            ),
        ),
        (
            lines[..lines.len() - 1].join("\n"),
            format!("line {}: the log breaks off here", lines.len() - 1),
        ),
        (
            lines[1..].join("\n"),
            "line 1: a log begins with what was started".to_owned(),
        ),
        (
            String::new(),
            "line 1: a log begins with what was started".to_owned(),
        ),
    ];
    for (text, expected) in cases {
        let error = replayed(&text).await.expect_err(&expected);
        assert!(error.starts_with(&expected), "{error}\nand not {expected}");
    }
}
