//! The program itself: how soon it answers, how much it keeps, how large it is.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use milink_client::Control;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::report::{Report, percentile, resident};

const PROGRAM: &str = env!("CARGO_BIN_EXE_milink");
const STARTS: usize = 50;
const WORLDS: u64 = 200;

pub(crate) fn measure(report: &mut Report) {
    let directory = TempDir::new().expect("a directory");
    // The first start makes the keys.
    drop(Started::new(directory.path()));
    let mut times: Vec<Duration> = (0..STARTS)
        .map(|_| Started::new(directory.path()).took)
        .collect();
    report.time(
        "`milink up` to ready, p99 of 50 starts, keys cached",
        percentile(&mut times, 99),
        Duration::from_millis(25),
    );
    let started = Started::new(directory.path());
    let idle = resident(started.child.id());
    report.bytes("idle resident memory", idle, 15_000_000);
    let each = further_worlds(&started);
    report.bytes("each further empty world", each, 20_000);
    let size = fs::metadata(PROGRAM).map_or(0, |data| data.len());
    report.bytes("stripped release binary", size, 15_000_000);
}

/// The growth by a world, once there are some.
fn further_worlds(started: &Started) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let make = |from: u64, to: u64| {
        let ready = &started.ready;
        let base = ready["controlUrl"].as_str().expect("a URL");
        let ca = fs::read(ready["caFile"].as_str().expect("a path")).expect("the authority");
        let control = Control::new(base, Some(&ca)).expect("a client");
        runtime.block_on(async {
            for number in from..to {
                let body = json!({"name": format!("w{number}"), "empty": true});
                control.post("worlds", &body).await.expect("a world");
            }
        });
    };
    make(0, 20);
    let before = resident(started.child.id());
    make(20, 20 + WORLDS);
    resident(started.child.id()).saturating_sub(before) / WORLDS
}

/// A running `milink up`, ended when this is dropped.
pub(crate) struct Started {
    child: Child,
    pub(crate) ready: Value,
    took: Duration,
}

impl Started {
    /// Starts on free ports, with keys in `directory`.
    pub(crate) fn new(directory: &Path) -> Self {
        Self::with(directory, &[])
    }

    /// The same, with further flags.
    pub(crate) fn with(directory: &Path, flags: &[&str]) -> Self {
        let file = directory.join("ready.json");
        let begun = Instant::now();
        let child = Command::new(PROGRAM)
            .args(["up", "--ports", "auto", "--ready-file"])
            .arg(&file)
            .arg("--state-dir")
            .arg(directory)
            .args(["--sa-password", crate::sql::PASSWORD])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program is built");
        let text = loop {
            match fs::read_to_string(&file) {
                Ok(text) => break text,
                Err(_) => {
                    assert!(
                        begun.elapsed() < Duration::from_secs(60),
                        "it does not get ready"
                    );
                    std::thread::sleep(Duration::from_micros(200));
                }
            }
        };
        let took = begun.elapsed();
        fs::remove_file(&file).expect("it was there");
        let ready = serde_json::from_str(&text).expect("JSON");
        Self { child, ready, took }
    }
}

impl Started {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
