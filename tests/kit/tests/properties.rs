//! The core against the laws and the reference model, in cases that are drawn.
//!
//! `MILINK_STEPS`, `MILINK_SEED` and `MILINK_FAILURES` say how many steps, which cases, and where a failing one is written.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use milink_core::World;
use milink_core::link::{Link, Phase};
use milink_proptest::figures::keep;
use milink_proptest::hunt::{Hunt, hunt};
use milink_proptest::machine::LinkMachine;
use milink_proptest::run::Runner;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine as _;

fn bounded(steps: u64, folder: &str) -> Hunt {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    Hunt::from_env(steps, 20_261_121, &folder)
}

#[test]
fn the_core_agrees_with_the_reference_model() {
    let bounds = bounded(6_000, "failures");
    eprintln!("MILINK_SEED={} MILINK_STEPS={}", bounds.seed, bounds.steps);
    let begun = Instant::now();
    match hunt(&bounds, &[]) {
        Ok(tally) => {
            let (seed, took) = (bounds.seed, begun.elapsed());
            let figures = format!("{tally}, from seed {seed}, in {took:.0?}");
            eprintln!("{figures}");
            keep("nightly", &[figures]);
            // Cases that never get anywhere find nothing.
            assert!(
                tally.synchronized > 0 && tally.planned > 0 && tally.forced > 0,
                "{tally}"
            );
        }
        Err(failure) => panic!("{failure}"),
    }
}

/// A law that is not one: it breaks when a link has failed over by force.
fn nobody_is_forced(world: &World) -> Option<String> {
    let mut changes = world.links.values().flat_map(|link| &link.role_changes);
    let forced = changes.any(|change| change.forced);
    forced.then(|| "somebody was forced".to_owned())
}

#[test]
fn a_planted_violation_is_found_shrunk_and_written_as_a_scenario() {
    let bounds = Hunt {
        seed: 3,
        steps: 200_000,
        length: 30,
        shrinks: 250,
        ..bounded(0, "planted")
    };
    let failure = hunt(&bounds, &[&nobody_is_forced]).expect_err("somebody is forced");
    assert!(failure.violation.what.ends_with("somebody was forced"));
    // A link that is in step, and the failover.
    assert!(failure.actions.len() <= 2, "{failure}");
    let file = failure.file.as_ref().expect("it is written");
    let text = std::fs::read_to_string(file).expect("it is there");
    for words in [
        "somebody was forced",
        "CREATE ENDPOINT",
        "advance = ",
        "[topology]",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
}

/// Another one: it breaks when two databases of a SQL Server are in step with the same instance.
fn nobody_has_two_links(world: &World) -> Option<String> {
    let links = world.links.values();
    let alone = links.filter(|link| link.id.member.is_none());
    let mut in_step = alone.filter(|link| matches!(link.phase, Phase::Synchronizing { .. }));
    let first = in_step.next()?;
    let same =
        |link: &Arc<Link>| (link.partner, link.id.instance) == (first.partner, first.id.instance);
    in_step
        .any(same)
        .then(|| "two links are in step".to_owned())
}

#[test]
fn databases_with_a_link_each_are_drawn_and_written_as_a_scenario() {
    let bounds = Hunt {
        seed: 5,
        steps: 200_000,
        length: 30,
        shrinks: 250,
        ..bounded(0, "several")
    };
    let failure = hunt(&bounds, &[&nobody_has_two_links]).expect_err("two are in step");
    assert!(failure.violation.what.ends_with("two links are in step"));
    let file = failure.file.as_ref().expect("it is written");
    let text = std::fs::read_to_string(file).expect("it is there");
    let puts = text.split("method = \"PUT\"\n").skip(1);
    let path = |put: &str| put.lines().next().unwrap_or_default().to_owned();
    let links = puts.map(path).filter(|path| path.contains("/distributed"));
    assert!(links.count() >= 2, "{text}");
    let endpoints = text.matches("CREATE ENDPOINT").count();
    assert!(
        endpoints <= failure.story.plan.servers.len(),
        "they share it:\n{text}"
    );
}

/// The kinds of actions that were drawn, and those that were accepted.
fn kinds(steps: usize) -> (BTreeSet<String>, BTreeSet<String>) {
    let random = TestRng::from_seed(RngAlgorithm::XorShift, &[9; 16]);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = LinkMachine::sequential_strategy(1..80);
    let (mut drawn, mut accepted) = (BTreeSet::new(), BTreeSet::new());
    let mut done = 0;
    while done < steps {
        let tree = strategy.new_tree(&mut runner).expect("nothing is filtered");
        let (story, actions, _) = tree.current();
        let mut case = Runner::new(&story);
        for action in story.beginning.iter().chain(&actions) {
            let kind = format!("{action:?}");
            let kind = kind.split('(').next().unwrap_or_default().to_owned();
            case.step(action, &[]).expect("nothing is wrong");
            if case.outcomes().last() == Some(&true) {
                accepted.insert(kind.clone());
            }
            drawn.insert(kind);
        }
        done += case.outcomes().len();
    }
    (drawn, accepted)
}

#[test]
fn everything_that_is_drawn_is_accepted_at_some_time() {
    let (drawn, accepted) = kinds(8_000);
    assert_eq!(drawn, accepted);
    assert!(drawn.contains("DeleteResourceGroup"), "{drawn:?}");
}

/// Another one: it breaks when several databases of one link are in step.
fn no_link_has_several(world: &World) -> Option<String> {
    let links = world.links.values();
    let in_step = |link: &&Arc<Link>| matches!(link.phase, Phase::Synchronizing { .. });
    let members = links.filter(|link| link.id.member.is_some());
    let several = members.filter(in_step).count() > 1;
    several.then(|| "a link has several databases".to_owned())
}

#[test]
fn links_with_several_databases_are_drawn_and_written_as_a_scenario() {
    let bounds = Hunt {
        seed: 5,
        steps: 200_000,
        length: 30,
        shrinks: 250,
        ..bounded(0, "whole")
    };
    let failure = hunt(&bounds, &[&no_link_has_several]).expect_err("several are in step");
    assert!(failure.violation.what.ends_with("several databases"));
    let file = failure.file.as_ref().expect("it is written");
    let text = std::fs::read_to_string(file).expect("it is there");
    for words in [
        "multi_database_links = true",
        "linkMode = \"MultiDatabase\"",
        "api-version = \"2025-08-01-preview\"",
        "ADD DATABASE [db",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
}

/// Another one: it breaks when a replica of a group with a link has taken the primary role over, and the link has followed it.
fn no_link_follows(world: &World) -> Option<String> {
    let mut sets = world.replica_sets.values();
    let changed = sets.any(|set| !set.failovers.is_empty());
    let mut links = world.links.values();
    let second = world.sql_server("sqlserver2").map(|server| server.id);
    let follows =
        links.any(|link| link.partner == second && link.connection.connected_since.is_some());
    (changed && follows).then(|| "a link has followed the primary role".to_owned())
}

#[test]
fn failovers_between_replicas_are_drawn_and_written_as_a_scenario() {
    let bounds = Hunt {
        seed: 5,
        steps: 200_000,
        length: 30,
        shrinks: 250,
        ..bounded(0, "replicas")
    };
    let failure = hunt(&bounds, &[&no_link_follows]).expect_err("one follows");
    assert!(failure.violation.what.ends_with("the primary role"));
    let file = failure.file.as_ref().expect("it is written");
    let text = std::fs::read_to_string(file).expect("it is there");
    for words in [
        "ADD REPLICA ON N'sqlserver2'",
        "] JOIN",
        "ADD LISTENER N'listener",
        "TCP://listener",
        "FAILOVER",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
}

#[test]
fn the_same_seed_draws_the_same_cases() {
    let bounds = Hunt {
        steps: 500,
        ..bounded(0, "same")
    };
    let other = Hunt {
        seed: bounds.seed + 1,
        ..bounds.clone()
    };
    let draw = |bounds: &Hunt| hunt(bounds, &[]).expect("nothing is wrong");
    assert_eq!(draw(&bounds), draw(&bounds));
    assert_ne!(draw(&bounds), draw(&other));
}
