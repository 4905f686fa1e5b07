//! Worlds in process: a new one, and a copy of a full one.

use std::time::Duration;

use milink::clock::ClockMode;
use milink::hub::{DEFAULT_WORLD, Hub, WorldSpec};
use milink_core::azure::WriteResourceGroup;
use milink_core::durations::Durations;
use milink_core::names::Name;
use milink_core::time::Timestamp;
use uuid::Uuid;

use crate::report::{Report, median_of};

pub(crate) fn measure(report: &mut Report) {
    let hub = Hub::new();
    let spec = |name: &str, subscription: u128| WorldSpec {
        name: name.to_owned(),
        subscription: Uuid::from_u128(subscription),
        seed: 1,
        clock: ClockMode::Manual,
        durations: Durations::default(),
        start: Timestamp::default(),
    };
    let mut number = 0_u128;
    let made = median_of(1_000, || {
        number += 1;
        hub.create(spec(&format!("w{number}"), number))
            .expect("a world");
    });
    report.time("new world, in process", made, Duration::from_micros(50));
    let full = hub.create(spec(DEFAULT_WORLD, 0)).expect("a world");
    for resource in 0..1_000 {
        full.submit(WriteResourceGroup {
            name: Name::new(&format!("group{resource}")),
            location: "westeurope".to_owned(),
            tags: Default::default(),
        })
        .expect("a resource group");
    }
    let forked = median_of(1_000, || {
        number += 1;
        hub.fork(
            DEFAULT_WORLD,
            &format!("w{number}"),
            Uuid::from_u128(number),
        )
        .expect("a copy");
    });
    report.time(
        "fork of a world with 1,000 resources, in process",
        forked,
        Duration::from_micros(100),
    );
    let kept = median_of(1_000, || full.keep("kept").expect("a snapshot"));
    report.time(
        "snapshot of it, in process",
        kept,
        Duration::from_micros(100),
    );
    let restored = median_of(1_000, || full.restore("kept").expect("it goes back"));
    report.time(
        "restore of that, in process",
        restored,
        Duration::from_micros(100),
    );
}
