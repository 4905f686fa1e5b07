//! A thousand worlds in one process, each through the life of a link over real sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use milink_client::Control;
use milink_model::ReadyFile;
use milink_scenarios::{Runner, Scenario, Silent};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::process::Started;
use crate::report::{Report, resident};

const PREPARED: &str = include_str!("../../../tests/worlds/prepared.toml");
const LIFE: &str = include_str!("../../../tests/worlds/life.toml");
const WORLDS: usize = 1_000;
/// How many worlds are in the middle of something at once. More would wait for the processors, and in the end for longer
/// than a login may take.
const BUSY: usize = 100;

pub(crate) async fn measure(report: &mut Report) {
    milink::limits::raise_descriptors();
    let directory = TempDir::new().expect("a directory");
    let started = Started::with(directory.path(), &["--durations", "instant"]);
    let ready: ReadyFile = serde_json::from_value(started.ready.clone()).expect("a ready file");
    let ca = std::fs::read(&ready.ca_file).expect("the authority");
    let control = Control::new(&ready.control_url, Some(&ca)).expect("a client");
    let control = Arc::new(control);
    let mut first = Runner::new(ready).expect("a client");
    run(&mut first, Scenario::parse(PREPARED).expect("a scenario")).await;
    drop(first);
    let life = Arc::new(Scenario::parse(LIFE).expect("a scenario"));
    let turns = Arc::new(Semaphore::new(BUSY));
    let before = resident(started.id());
    let begun = Instant::now();
    let mut lives = JoinSet::new();
    for number in 0..WORLDS {
        let (control, life) = (Arc::clone(&control), Arc::clone(&life));
        let turns = Arc::clone(&turns);
        lives.spawn(async move {
            let _turn = turns.acquire().await.expect("it is not closed");
            let name = format!("w{number}");
            let body = json!({"name": name, "from": "default", "ports": "shared"});
            let made = control.post("worlds", &body).await.expect("a world");
            let ready = serde_json::from_value(made).expect("a ready file");
            let mut life = Scenario::clone(&life);
            life.variables.insert("World".to_owned(), name);
            let mut runner = Runner::new(ready).expect("a client");
            run(&mut runner, life).await;
            // With its connections, so that all worlds and all sessions are there in the end.
            runner
        });
    }
    let runners = lives.join_all().await;
    let took = begun.elapsed();
    let grown = resident(started.id()).saturating_sub(before);
    drop(runners);
    report.time(
        "1,000 worlds in one process, a link's life in each over HTTPS and TDS",
        took,
        Duration::from_secs(30),
    );
    report.bytes(
        "memory of each of them, with its sessions still open",
        grown / WORLDS as u64,
        1_000_000,
    );
}

async fn run(runner: &mut Runner, scenario: Scenario) {
    let summary = runner.run(&scenario, &mut Silent).await;
    if let Some(failure) = summary.failure() {
        panic!("{failure}");
    }
}
