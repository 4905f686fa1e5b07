//! A link's whole life over real HTTPS and TDS, from the first statement of the article to its last.

use std::time::Duration;

use milink::Emulator;
use milink::clock::ClockMode;
use milink::config::KeyStore;
use milink_core::durations::{Durations, Profile};
use milink_scenarios::{Runner, SQL_SERVER_PRIMARY, Scenario, Silent};
use tempfile::TempDir;

use crate::report::{Report, median};

const RUNS: usize = 7;

pub(crate) async fn measure(report: &mut Report) {
    let directory = TempDir::new().expect("a directory");
    let scenario = Scenario::parse(SQL_SERVER_PRIMARY).expect("the article's walk");
    let mut taken = Vec::new();
    for _ in 0..RUNS {
        // Without waits: clients sleep for whole seconds between two polls, whatever the server does.
        let emulator = Emulator::builder()
            .clock(ClockMode::Auto)
            .durations(Durations::of(Profile::Instant))
            .keys(KeyStore::Directory(directory.path().to_owned()))
            .start()
            .await
            .expect("the emulator starts");
        let mut runner = Runner::new(emulator.ready()).expect("a client");
        let summary = runner.run(&scenario, &mut Silent).await;
        if let Some(failure) = summary.failure() {
            panic!("{failure}");
        }
        taken.push(summary.took);
    }
    report.time(
        "whole link life over real HTTPS and TDS, 27 steps, `auto` clock",
        median(&mut taken),
        Duration::from_millis(100),
    );
}
