//! The whole stack agrees with the core: a case that is drawn ends over HTTPS and TDS as it does in commands, and ARM and the
//! views tell of it alike.

use milink_core::{World, invariants};
use milink_proptest::lab::observe;
use milink_proptest::machine::LinkMachine;
use milink_proptest::run::run;
use milink_proptest::scenario;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine as _;

const SEED: u64 = 20_261_121;

/// How many cases; `MILINK_CASES` says otherwise.
fn cases() -> usize {
    let cases = std::env::var("MILINK_CASES").ok();
    cases.and_then(|text| text.parse().ok()).unwrap_or(8)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_ends_alike_in_commands_and_over_sockets() {
    let mut seed = [0x5a; 16];
    seed[..8].copy_from_slice(&SEED.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::XorShift, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = LinkMachine::sequential_strategy(1..40);
    let first = std::env::var("MILINK_CASE")
        .ok()
        .and_then(|text| text.parse().ok());
    for number in 0..cases() {
        let tree = strategy.new_tree(&mut runner).expect("nothing is filtered");
        let (story, actions, _) = tree.current();
        if first.is_some_and(|first: usize| number < first) {
            continue;
        }
        let (lab, _) = run(&story, &actions, &[]).unwrap_or_else(|broken| panic!("{broken}"));
        let expected = observe(&lab.world, &story.plan);
        let (text, _) = scenario::text(&story, &actions, &[], &format!("{SEED}, case {number}"));
        // A statement whose answer takes time is on its way while the next one is sent: which of them is first is open.
        if text.contains("later = true") {
            continue;
        }
        let same = |world: &World| {
            invariants::check(world)?;
            match observe(world, &story.plan) {
                found if found == expected => Ok(()),
                found => Err(format!("{found:#?}\nand in commands\n{expected:#?}")),
            }
        };
        let outcome = super::replay(&text, same).await;
        outcome
            .unwrap_or_else(|what| panic!("case {number}: {what}\n{story:?}\n{actions:?}\n{text}"));
    }
}
