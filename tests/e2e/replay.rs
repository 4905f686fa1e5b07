//! The input log: what clients have asked is replayed into equal worlds, and where a log lies it is found out.

use milink::Emulator;
use milink::clock::ClockMode;
use milink::tape::{Log, replay};
use milink_client::model::ReadyFile;
use milink_scenarios::{Runner, SQL_SERVER_PRIMARY, Scenario, Silent};
use milink_tests::Stage;
use serde_json::{Value, json};
use tempfile::TempDir;
use tiberius::{AuthMethod, Client, Config, IntoRow as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::hostile_tds::{ATTENTION, BATCH, login, packet};

/// An emulator that writes a log, the directory it is in, and its path.
async fn recorded(clock: ClockMode) -> (Stage, TempDir, std::path::PathBuf) {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("log");
    let builder = Emulator::builder().clock(clock).record(file.clone());
    (Stage::start_with(builder).await, directory, file)
}

/// Ends the log and reads it.
pub(super) fn ended(stage: &Stage, file: &std::path::Path) -> String {
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

/// What has been recorded is replayed into an equal world.
pub(super) async fn check_replays(text: &str) {
    let worlds = replayed(text).await;
    let worlds = worlds.unwrap_or_else(|error| {
        let line = error.split([' ', ':']).nth(1).unwrap_or_default();
        let at: usize = line.parse().unwrap_or(1);
        let near: Vec<&str> = text.lines().skip(at.saturating_sub(8)).take(10).collect();
        panic!("{error}\n{}", near.join("\n"))
    });
    assert_eq!(worlds, ["default"]);
}

/// A driver that calls procedures and loads rows.
async fn driver(stage: &Stage) -> Client<Compat<TcpStream>> {
    let server = &stage.ready().sql_servers[0];
    let mut config = Config::new();
    config.host(&server.host);
    config.port(server.port);
    config.authentication(AuthMethod::sql_server("sa", milink_tests::PASSWORD));
    config.trust_cert();
    let socket = TcpStream::connect(config.get_addr()).await;
    let socket = socket.expect("the port is open").compat_write();
    Client::connect(config, socket).await.expect("it is let in")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_procedures_and_loads_of_rows_are_replayed() {
    let (stage, _directory, file) = recorded(ClockMode::Manual).await;
    let mut driver = driver(&stage).await;
    let table = "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, name nvarchar(60) NULL)";
    driver.execute(table, &[]).await.expect("a table");
    let insert = "INSERT INTO dbo.t VALUES (@P1, CONCAT(@P2, N' at ', SYSDATETIME()))";
    for (id, name) in [(1_i32, Some("one")), (2, None)] {
        let done = driver.execute(insert, &[&id, &name]).await;
        assert_eq!(done.expect("a row").total(), 1);
    }
    let twice = driver.execute(insert, &[&1_i32, &"again"]).await;
    assert!(twice.is_err(), "the key is taken");
    let mut load = driver.bulk_insert("dbo.t").await.expect("a load");
    for id in 10..200_i32 {
        let row = (id, Some(format!("row {id}")));
        load.send(row.into_row()).await.expect("it is sent");
    }
    assert_eq!(load.finalize().await.expect("they are there").total(), 190);
    let select = "SELECT COUNT(*), MAX(name) FROM dbo.t WHERE id >= @P1";
    let rows = driver.query(select, &[&2_i32]).await.expect("an answer");
    let row = rows.into_row().await.expect("a row").expect("one");
    assert_eq!(row.get::<i32, _>(0), Some(191));
    drop(driver);

    let text = ended(&stage, &file);
    for words in ["sp_executesql", "insert bulk", "bulk load of 190 rows"] {
        assert!(
            text.to_lowercase().contains(words),
            "{words} is not in the log"
        );
    }
    check_replays(&text).await;
}

/// Waits until so many sessions of the first SQL Server run something.
async fn until_at_work(stage: &Stage, count: usize) {
    let world = stage.world();
    loop {
        let seen = world.version();
        let at_work = world.read(|world| {
            let server = world.sql_server("sqlserver1").expect("the server");
            let sessions = server.sessions.values();
            sessions.filter(|session| session.running).count()
        });
        if at_work == count {
            return;
        }
        world.wait_change(seen, None).await;
    }
}

/// A batch outside any transaction.
fn batch(text: &str) -> Vec<u8> {
    let mut body = vec![22, 0, 0, 0, 18, 0, 0, 0, 2, 0];
    body.extend([0; 8]);
    body.extend([1, 0, 0, 0]);
    body.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    packet(BATCH, &body)
}

/// Reads messages until one ends with this status of DONE.
async fn read_done(stream: &mut TcpStream, status: u16) {
    let mut read = Vec::new();
    // DONE: 0xFD, status, command, row count.
    let is_done = |read: &[u8]| {
        let done = read.len().checked_sub(13).map(|at| &read[at..]);
        done.is_some_and(|done| done[0] == 0xFD && done[1..3] == status.to_le_bytes())
    };
    while !is_done(&read) {
        let more = stream.read_buf(&mut read).await.expect("it answers");
        assert_ne!(more, 0, "it has hung up after {read:02x?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_given_up_where_it_was() {
    const DONE_COUNT: u16 = 0x10;
    const DONE_ATTENTION: u16 = 0x20;
    let (stage, _directory, file) = recorded(ClockMode::Manual).await;
    let mut sql = stage.sql_server().await;
    let table = "CREATE TABLE master.dbo.t (id int PRIMARY KEY)";
    sql.batch(table).await.expect("a table");
    let mut stream = login(&stage).await;
    // One waits for the time, one for another session, with something done before and something that never comes.
    let held = "BEGIN TRANSACTION; INSERT INTO master.dbo.t VALUES (7)";
    sql.batch(held).await.expect("a row");
    for (id, waits) in [
        (1, "WAITFOR DELAY '01:00:00'"),
        (2, "UPDATE master.dbo.t SET id = 8 WHERE id = 7"),
    ] {
        let asked = format!(
            "INSERT INTO master.dbo.t VALUES ({id}); {waits}; INSERT INTO master.dbo.t VALUES ({id} + 100)"
        );
        let sent = stream.write_all(&batch(&asked)).await;
        sent.expect("it is sent");
        until_at_work(&stage, 1).await;
        let sent = stream.write_all(&packet(ATTENTION, &[])).await;
        sent.expect("it is sent");
        read_done(&mut stream, DONE_ATTENTION).await;
        until_at_work(&stage, 0).await;
    }
    // An attention that comes too late stops nothing.
    let late = [batch("PRINT 'over'"), packet(ATTENTION, &[])].concat();
    stream.write_all(&late).await.expect("it is sent");
    read_done(&mut stream, DONE_ATTENTION).await;
    stream
        .write_all(&batch("INSERT INTO master.dbo.t VALUES (3)"))
        .await
        .expect("it is sent");
    read_done(&mut stream, DONE_COUNT).await;
    sql.batch("COMMIT").await.expect("it commits");
    let never = "SELECT COUNT(*) AS n FROM master.dbo.t WHERE id > 100 OR id = 8";
    let never = sql.batch(never).await.expect("an answer");
    assert_eq!(never[0].first("n").expect("n").to_string(), "0");
    let text = ended(&stage, &file);
    assert!(text.matches("{\"cancel\":").count() >= 2, "{text}");
    check_replays(&text).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_were_struck_are_struck_again() {
    let (stage, _directory, file) = recorded(ClockMode::Manual).await;
    let control = stage.control();
    const CALLS: &str = "worlds/default/calls";
    const INSERT: &str = "INSERT INTO master.dbo.t VALUES (SYSDATETIME())";
    let record = async |strike: Value| {
        let body = json!({"record": true, "strike": strike});
        control.put(CALLS, &body).await.expect("it records")
    };
    let mut sql = stage.sql_server().await;
    let table = "CREATE TABLE master.dbo.t (at datetime2)";
    sql.batch(table).await.expect("a table");
    record(Value::Null).await;
    sql.batch(INSERT).await.expect("a row");
    let (arm, path) = (stage.arm(), stage.instance_id().to_owned());
    let get = async || arm.send("GET", &path, "2023-08-01", None).await;
    get().await.expect("it is there");
    let shown = control.get(CALLS).await.expect("the calls");
    let call = |server: &str| {
        let calls = shown["calls"].as_array().expect("calls");
        let call = calls.iter().find(|call| call["server"] == server);
        call.unwrap_or_else(|| panic!("{server} is not in {shown}"))["id"].clone()
    };
    let (sent, asked) = (call("sqlserver1"), call("ARM"));
    for (when, blow) in [
        ("before", json!("drop")),
        ("after", json!("drop")),
        ("before", json!({"error": 701})),
    ] {
        record(json!({"call": sent, "when": when, "blow": blow})).await;
        sql.batch(INSERT).await.expect_err("it is struck");
        sql = stage.sql_server().await;
        // The same again is the next of its kind, and goes through.
        sql.batch(INSERT).await.expect("a row");
    }
    record(json!({"call": asked, "when": "after", "blow": {"status": 404}})).await;
    get().await.expect_err("it is struck");
    get().await.expect("it is there");
    let shown = control.get(CALLS).await.expect("the calls");
    assert_eq!(shown["struck"], true);
    let rows = sql.batch("SELECT COUNT(*) AS n FROM master.dbo.t").await;
    let rows = rows.expect("an answer")[0]
        .first("n")
        .map(ToString::to_string);
    // Once before, three times after a blow, and where the blow came after.
    assert_eq!(rows.as_deref(), Some("5"));
    check_replays(&ended(&stage, &file)).await;
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
