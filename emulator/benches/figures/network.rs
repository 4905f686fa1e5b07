//! Two thousand ports that stand for places of the model's network, and one change that all of them follow.

use std::time::{Duration, Instant};

use milink_client::Control;
use milink_model::ReadyFile;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Started;
use crate::report::{Report, resident};

const PORTS: u64 = 2_000;
/// More than the ports of the model that an instance answers at, so that all kinds of sockets are there.
const FIRST: u64 = 1_000;

pub(crate) async fn measure(report: &mut Report) {
    milink::limits::raise_descriptors();
    let directory = TempDir::new().expect("a directory");
    let started = Started::with(directory.path(), &["--durations", "instant"]);
    let ready: ReadyFile = serde_json::from_value(started.ready.clone()).expect("a ready file");
    let ca = std::fs::read(&ready.ca_file).expect("the authority");
    let control = Control::new(&ready.control_url, Some(&ca)).expect("a client");
    let fqdn = &ready.managed_instances[0].fqdn;
    let dial = |port: u64| {
        let path =
            format!("net/dial?from=subnet:milink-vnet/ManagedInstance&host={fqdn}&port={port}");
        let control = &control;
        async move { control.get(&path).await.expect("a port") }
    };
    dial(1).await;
    let before = resident(started.id());
    for port in FIRST..FIRST + PORTS {
        dial(port).await;
    }
    let grown = resident(started.id()).saturating_sub(before);
    let begun = Instant::now();
    let path = format!("net/mi/{}/change-ip", ready.managed_instances[0].name);
    control.post(&path, &Value::Null).await.expect("it moves");
    let took = begun.elapsed();
    report.bytes(
        "memory of each of 2,000 ports into the model's network",
        grown / PORTS,
        10_000,
    );
    report.time(
        "all of them held against a change of the network",
        took,
        Duration::from_millis(500),
    );
}
