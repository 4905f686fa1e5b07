//! The model alone: transitions of links, and rows on their way to the secondary.

#[path = "../../core/tests/lab/mod.rs"]
mod lab;

use std::hint::black_box;
use std::time::{Duration, Instant};

use lab::Lab;
use milink_core::durations::Profile;

/// Due moments that are taken per second, while links are created, seeded and come into step.
pub(crate) fn transitions_per_second() -> f64 {
    let mut origin = Lab::new(Profile::Azure);
    origin.prepare(None);
    let mut taken = 0_u64;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) {
        let mut lab = Lab {
            world: origin.world.clone(),
            fqdn: origin.fqdn.clone(),
            ..origin
        };
        lab.create_link();
        taken += settle(&mut lab);
        black_box(&lab.world);
    }
    taken as f64 / begun.elapsed().as_secs_f64()
}

/// Transactions of one row each that are committed on the primary and redone on the secondary, per second.
pub(crate) fn writes_per_second() -> f64 {
    const ROWS: usize = 20_000;
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    settle(&mut lab);
    let begun = Instant::now();
    for value in 0..ROWS {
        let value = i64::try_from(value).expect("few rows");
        lab.insert(lab.sql, value).expect("the primary takes rows");
        settle(&mut lab);
    }
    let took = begun.elapsed();
    assert_eq!(lab.rows(lab.mi), ROWS, "every row was redone");
    ROWS as f64 / took.as_secs_f64()
}

/// Takes every due moment, and counts them.
fn settle(lab: &mut Lab) -> u64 {
    let mut taken = 0;
    while let Some(due) = lab.world.next_due() {
        lab.world.advance_to(due);
        taken += 1;
    }
    taken
}
