//! Transitions that take no fixed time: stepped by hand, ended by polls, drawn from a distribution.

mod lab;

use lab::Lab;
use milink_core::World;
use milink_core::durations::{Durations, Length, Profile, Transition};
use milink_core::invariants;
use milink_core::link::{LinkStatus, Phase};
use milink_core::time::Span;
use milink_core::transitions::{SetDurations, StepTransition};

/// The transitions of a link's creation, in order.
const CREATION: [Transition; 5] = [
    Transition::LinkConnect,
    Transition::SeedingStart,
    Transition::SeedingMinimum,
    Transition::Recovery,
    Transition::CatchUp,
];

fn lab(lengths: &[(Transition, &str)]) -> Lab {
    let mut lab = Lab::new(Profile::Instant);
    lab.prepare(None);
    let mut durations = Durations::of(Profile::Fast);
    for (transition, length) in lengths {
        durations
            .overrides
            .insert(*transition, length.parse().unwrap());
    }
    lab.apply(SetDurations { durations });
    lab
}

fn all_of_creation(length: &'static str) -> Vec<(Transition, &'static str)> {
    CREATION.map(|transition| (transition, length)).to_vec()
}

fn state(world: &World) -> &'static str {
    let link = world.links.values().next().unwrap();
    LinkStatus::of(world, link).replica_state
}

#[test]
fn a_stepped_link_goes_on_only_when_it_is_told() {
    let mut lab = lab(&all_of_creation("stepped"));
    lab.create_link();
    for transition in CREATION {
        let before = lab.link().phase.clone();
        lab.world.advance_to(lab.world.now() + Span::minutes(60));
        assert_eq!(lab.link().phase, before, "an hour changes nothing");
        assert_eq!(lab.world.next_due(), None, "nothing is due by itself");
        let underway = lab.world.underway();
        assert!(
            underway
                .iter()
                .any(|it| it.transition == transition && it.due.is_none())
        );
        assert_eq!(lab.apply(StepTransition { transition }), 1);
        assert_ne!(lab.link().phase, before);
        assert_eq!(lab.apply(StepTransition { transition }), 0);
        invariants::check(&lab.world).unwrap();
    }
    assert!(matches!(lab.link().phase, Phase::Synchronizing { .. }));
}

#[test]
fn a_polled_link_goes_on_with_every_third_look() {
    let mut lab = lab(&all_of_creation("polls(3)"));
    lab.create_link();
    for _ in CREATION {
        for _ in 0..2 {
            let before = lab.link().phase.clone();
            lab.world.poll(lab.world.now());
            assert_eq!(lab.link().phase, before);
        }
        let before = lab.link().phase.clone();
        lab.world.poll(lab.world.now());
        assert_ne!(lab.link().phase, before);
        invariants::check(&lab.world).unwrap();
    }
    assert_eq!(state(&lab.world), "LinkSynchronizing");
    let before = lab.world.clone();
    lab.world.poll(lab.world.now());
    assert_eq!(lab.world, before, "looking changes nothing else");
}

#[test]
fn what_is_held_takes_its_new_length_from_now() {
    let mut lab = lab(&[(Transition::LinkConnect, "stepped")]);
    lab.create_link();
    lab.world.advance_to(lab.world.now() + Span::minutes(9));
    let durations = Durations::of(Profile::Fast);
    let connect = durations.span(Transition::LinkConnect);
    lab.apply(SetDurations { durations });
    assert_eq!(lab.world.next_due(), Some(lab.world.now() + connect));
    lab.settle();
    assert_eq!(state(&lab.world), "LinkSynchronizing");
}

#[test]
fn a_step_ends_what_time_would_end_later() {
    let mut lab = lab(&[(Transition::LinkConnect, "1h")]);
    lab.create_link();
    let step = StepTransition {
        transition: Transition::LinkConnect,
    };
    assert_eq!(lab.apply(step), 1);
    assert_eq!(lab.link().phase, Phase::Connected);
}

#[test]
fn draws_are_the_worlds_own_and_the_same_however_the_time_passes() {
    let lengths = all_of_creation("uniform(1s..60s)");
    let run = |pieces: i64| {
        let mut lab = lab(&lengths);
        lab.create_link();
        for _ in 0..pieces {
            lab.world
                .advance_to(lab.world.now() + Span(Span::minutes(10).0 / pieces));
        }
        lab.world
    };
    let whole = run(1);
    assert_eq!(whole, run(8), "advance(a), advance(b) is advance(a + b)");
    assert_eq!(state(&whole), "LinkSynchronizing");
    let times: Vec<_> = whole.events_after(0).map(|event| event.time).collect();
    let gaps: std::collections::BTreeSet<_> = times
        .windows(2)
        .map(|pair| pair[1].since(pair[0]))
        .collect();
    assert!(gaps.len() > 3, "each draw is another one: {gaps:?}");
}

#[test]
fn lengths_are_kept_as_text() {
    let mut durations = Durations::of(Profile::Azure);
    durations
        .overrides
        .insert(Transition::Failover, Length::Stepped);
    let text = serde_json::to_string(&durations).unwrap();
    assert!(text.contains(r#""failover":"stepped""#), "{text}");
    assert_eq!(serde_json::from_str::<Durations>(&text).unwrap(), durations);
}
