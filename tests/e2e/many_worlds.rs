//! Many worlds in one process, each through the whole life of a link over real sockets at the same time; none sees another.
//!
//! A hundred here; `just bench` measures a thousand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use milink::Emulator;
use milink::clock::ClockMode;
use milink_client::model::ReadyFile;
use milink_client::{Control, Login, Sql};
use milink_core::durations::{Durations, Profile};
use milink_scenarios::{Runner, Scenario, Silent};
use milink_tests::{PASSWORD, Stage};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const PREPARED: &str = include_str!("../worlds/prepared.toml");
const LIFE: &str = include_str!("../worlds/life.toml");
const WORLDS: usize = 100;
/// Longer than they ever take, and short enough to be a bound.
const TIME: Duration = Duration::from_secs(120);
/// What a world may keep at most while its clients are connected, with their half of it.
const BYTES_EACH: u64 = 2_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_worlds_live_beside_each_other() {
    let stage = prepared().await;
    let control = Arc::new(stage.control());
    let before = resident();
    let begun = Instant::now();
    let mut lives = JoinSet::new();
    for number in 0..WORLDS {
        let control = Arc::clone(&control);
        lives.spawn(async move {
            let name = format!("w{number}");
            let ready = fork(&control, &name).await;
            // Kept to the end, so that all of them are there at the same time.
            let mut runner = Runner::new(ready).expect("a client");
            live(&mut runner, &name).await;
            runner
        });
    }
    let runners = tokio::time::timeout(TIME, lives.join_all()).await;
    let runners = runners.expect("they are done in time");
    let grown = resident().saturating_sub(before) / WORLDS as u64;
    assert!(begun.elapsed() < TIME);
    assert!(grown < BYTES_EACH, "{grown} bytes for each world");
    let worlds = stage.emulator().hub().worlds();
    assert_eq!(worlds.len(), WORLDS + 1);
    for world in worlds {
        let kept = milink_core::invariants::check(&world.snapshot());
        assert!(kept.is_ok(), "{}: {kept:?}", world.name());
    }
    drop(runners);
    for number in 0..WORLDS {
        let path = format!("worlds/w{number}");
        control.delete(&path).await.expect("it can go");
    }
    assert_eq!(stage.emulator().hub().worlds().len(), 1);
    stage.check_laws();
}

#[tokio::test]
async fn a_prepared_world_is_run_and_rewound() {
    let stage = prepared().await;
    let control = stage.control();
    let ready = fork(&control, "again").await;
    let keep = control.post("snapshot/begun?world=again", &Value::Null);
    keep.await.expect("it is kept");
    for _ in 0..3 {
        let mut runner = Runner::new(ready.clone()).expect("a client");
        live(&mut runner, "again").await;
        control
            .post("snapshot/begun/restore?world=again", &Value::Null)
            .await
            .expect("it goes back");
    }
    // Where another world begins as what this one has kept, it begins there as well.
    let body = json!({"name": "other", "from": "again", "snapshot": "begun", "ports": "shared"});
    let made = control.post("worlds", &body).await.expect("a copy");
    let ready: ReadyFile = serde_json::from_value(made).expect("a ready file");
    live(&mut Runner::new(ready).expect("a client"), "other").await;
}

#[tokio::test]
async fn a_login_at_a_shared_port_names_its_world() {
    let stage = Stage::start().await;
    let control = stage.control();
    let ready = fork(&control, "w1").await;
    let (here, there) = (&stage.ready().sql_servers[0], &ready.sql_servers[0]);
    assert_eq!(there.port, here.port);
    assert_eq!(there.user, "sa@sqlserver1.w1");
    let instance = &ready.managed_instances[0];
    assert_eq!(instance.port, stage.ready().managed_instances[0].port);
    assert_eq!(instance.user, "miadmin@sqlmi1.w1");

    // By the login's name, or by the server's; at either port.
    let create = "CREATE TABLE master.dbo.mine (a int)";
    let mut first = connect(&stage, here.port, "localhost", &there.user).await;
    first.batch(create).await.expect("a table");
    for (port, server, user) in [
        (here.port, "localhost", there.user.as_str()),
        (instance.port, "localhost", there.user.as_str()),
        (here.port, "sqlserver1.w1.localhost", "sa"),
    ] {
        let mut sql = connect(&stage, port, server, user).await;
        let read = sql.batch("SELECT a FROM master.dbo.mine").await;
        read.unwrap_or_else(|error| panic!("{server} {user}: {error}"));
    }
    let mut mine = stage.sql_server().await;
    let missing = mine.batch("SELECT a FROM master.dbo.mine").await;
    assert!(missing.is_err(), "the first world has no such table");

    // A name that is nobody's is a login's.
    for user in [
        "sa@sqlserver1.nowhere",
        "sa@nobody.w1",
        "sa@",
        "@sqlserver1.w1",
    ] {
        let refused = login(&stage, here.port, "localhost", user).await;
        assert!(refused.is_err(), "{user}");
    }
    control.delete("worlds/w1").await.expect("it can go");
    assert!(first.batch("SELECT 1").await.is_err(), "its sessions end");
    let refused = login(&stage, here.port, "localhost", &there.user).await;
    assert!(refused.is_err(), "it is gone");
}

/// The first world, ready for a link.
async fn prepared() -> Stage {
    let stage = Stage::start_with(
        Emulator::builder()
            .clock(ClockMode::Auto)
            .durations(Durations::of(Profile::Instant)),
    )
    .await;
    let scenario = Scenario::parse(PREPARED).expect("it is a scenario");
    let mut runner = Runner::new(stage.ready().clone()).expect("a client");
    let summary = runner.run(&scenario, &mut Silent).await;
    if let Some(failure) = summary.failure() {
        panic!("{failure}");
    }
    stage
}

async fn fork(control: &Control, name: &str) -> ReadyFile {
    let body = json!({"name": name, "from": "default", "ports": "shared"});
    let made = control.post("worlds", &body).await;
    let made = made.unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_value(made).expect("a ready file")
}

async fn live(runner: &mut Runner, name: &str) {
    let mut scenario = Scenario::parse(LIFE).expect("it is a scenario");
    scenario
        .variables
        .insert("World".to_owned(), name.to_owned());
    let summary = runner.run(&scenario, &mut Silent).await;
    if let Some(failure) = summary.failure() {
        panic!("{name}: {failure}");
    }
}

async fn connect(stage: &Stage, port: u16, server: &str, user: &str) -> Sql {
    let connected = login(stage, port, server, user).await;
    connected.unwrap_or_else(|error| panic!("{server} {user}: {error}"))
}

async fn login(
    stage: &Stage,
    port: u16,
    server: &str,
    user: &str,
) -> Result<Sql, milink_client::Error> {
    let login = Login::Password {
        user: user.to_owned(),
        password: PASSWORD.to_owned(),
    };
    Sql::connect(&stage.address("127.0.0.1", port, server), login, None).await
}

/// This process's resident set in bytes; 0 where there is no such file.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
