//! The model alone: transitions of links, and rows on their way to the secondary.

#[path = "../../core/tests/lab/mod.rs"]
mod lab;

use std::hint::black_box;
use std::time::{Duration, Instant};

use lab::Lab;
use milink_core::command::CreateDatabase;
use milink_core::durations::Profile;
use milink_core::invariants;

use crate::report::median_of;

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

/// Checking the laws of what one committed row has changed, in a world with so many further databases: as `milink up` does
/// it now and then, and all laws of everything.
pub(crate) fn law_checks(databases: usize) -> (Duration, Duration) {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    settle(&mut lab);
    for n in 0..databases {
        lab.apply(CreateDatabase {
            instance: lab.sql,
            name: format!("further{n}").as_str().into(),
            collation: None,
        });
    }
    let before = lab.world.clone();
    lab.insert(lab.sql, 1).expect("the primary takes rows");
    let after = &lab.world;
    let changed = median_of(1_000, || {
        black_box(invariants::check_since(&before, after)).expect("it is lawful");
    });
    let everything = median_of(200, || {
        black_box(invariants::check(after)).expect("it is lawful");
    });
    (changed, everything)
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
