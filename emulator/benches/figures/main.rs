//! The numbers of milink, measured on this machine and printed as one table: `just bench`.
//!
//! Each figure is the median of several runs unless it says otherwise. Everything is bounded in count and time, and stays
//! on the loopback.

mod http;
mod life;
mod link;
mod network;
mod process;
mod report;
mod sql;
mod world;
mod worlds;

use std::time::Duration;

use report::Report;

fn main() {
    // `cargo test` builds and starts benches as well; there is nothing to check.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut report = Report::begin();
    process::measure(&mut report);
    world::measure(&mut report);
    runtime.block_on(http::measure(&mut report));
    runtime.block_on(sql::measure(&mut report));
    report.rate(
        "committed single-row inserts through to the secondary's redo, in process",
        link::writes_per_second(),
        50_000.0,
    );
    report.rate(
        "model transitions, one core",
        link::transitions_per_second(),
        100_000.0,
    );
    let alone = link::Further::default();
    for (further, what) in [
        (alone, "in the default world"),
        (
            link::Further {
                databases: 100,
                ..alone
            },
            "with 100 databases more",
        ),
        (
            link::Further {
                servers: 100,
                interfaces: 1_000,
                ..alone
            },
            "with 100 servers and 1,000 interfaces more",
        ),
    ] {
        let (changed, everything) = link::law_checks(further);
        report.time(
            &format!("the laws of what one committed row has changed, {what}"),
            changed,
            Duration::from_micros(25),
        );
        report.time(
            &format!("all laws of everything, {what}"),
            everything,
            Duration::from_millis(1),
        );
    }
    runtime.block_on(life::measure(&mut report));
    runtime.block_on(network::measure(&mut report));
    runtime.block_on(worlds::measure(&mut report));
    report.end();
}
