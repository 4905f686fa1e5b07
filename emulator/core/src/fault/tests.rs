//! Faults as data: what is read, what is refused, and how rules are asked.

use super::*;
use crate::time::Timestamp;
use crate::world::World;

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn world() -> World {
    World::new(7, uuid::Uuid::nil(), START)
}

fn bites(world: &mut World, times: usize) -> Vec<bool> {
    let about = |_: &World| About::nothing().with(Field::Method, "PUT");
    (0..times)
        .map(|_| world.fault_at(&arm::THROTTLED, about).is_some())
        .collect()
}

#[test]
fn every_point_is_named_described_and_unlike_the_others() {
    let names: Vec<&str> = points().map(|point| point.name).collect();
    let unique: std::collections::BTreeSet<&&str> = names.iter().collect();
    assert_eq!(names.len(), unique.len());
    assert!(names.len() >= 40, "{}", names.len());
    for point in points() {
        assert!(point.name.contains('.'), "{}", point.name);
        assert!(!point.symptoms.is_empty(), "{}", point.name);
        assert!(!point.recovery.is_empty(), "{}", point.name);
        assert!(
            point.verdicts.contains(&point.verdict.kind()),
            "{}",
            point.name
        );
        let fault = Fault::at(point);
        assert_eq!(fault.check(), Ok(()), "{}", point.name);
        let text = serde_json::to_string(&fault).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(&text).unwrap(), fault);
    }
}

#[test]
fn words_and_json_say_the_same() {
    let cases = [
        (
            "arm.throttled method=PUT path=*/managedInstances/* times=2 retry-after=5",
            r#"{"point":"arm.throttled","match":{"method":"PUT","path":"*/managedInstances/*"},"when":{"times":2},"verdict":{"failAs":{"retryAfter":5}}}"#,
        ),
        (
            "network.partition instance=sqlmi1 for=5min",
            r#"{"point":"network.partition","match":{"instance":"sqlmi1"},"when":{"for":"5m"}}"#,
        ),
        (
            "arm.slow delay=250ms probability=0.5 nth=3",
            r#"{"point":"arm.slow","when":{"nth":3,"probability":0.5},"verdict":{"delay":"250ms"}}"#,
        ),
        (
            "seeding.stalled percent=80",
            r#"{"point":"seeding.stalled","verdict":{"hold":{"percent":80}}}"#,
        ),
        (
            "arm.closed verdict=commit-then-fail",
            r#"{"point":"arm.closed","verdict":{"commitThenFail":{}}}"#,
        ),
        (
            "tds.cut bytes=10 until=2030-01-01T00:00:00Z",
            r#"{"point":"tds.cut","when":{"until":"2030-01-01T00:00:00Z"},"verdict":{"cut":{"bytes":10}}}"#,
        ),
        (
            "dns.wrong-server to=sqlserver2",
            r#"{"point":"dns.wrong-server","verdict":{"redirect":{"to":"sqlserver2"}}}"#,
        ),
    ];
    for (words, json) in cases {
        let mut parts = words.split(' ');
        let fault = Fault::of_words(parts.next().unwrap(), parts).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(json).unwrap(), fault);
        assert_eq!(serde_json::to_string(&fault).unwrap(), json);
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_says_what_does() {
    let cases = [
        ("network.partitoin", "network.partition"),
        ("network.partition method=PUT", "it matches by instance"),
        ("network.partition times=2", "say 'for' or 'until'"),
        (
            "network.partition verdict=commit-then-fail",
            "it can drop, failAs",
        ),
        ("arm.throttled delay=1s", "it can failAs"),
        ("arm.throttled instnace=x", "instance, link, database"),
        ("arm.throttled times=0", "count from 1"),
        ("arm.throttled probability=2", "0 to 1"),
        ("arm.throttled status=200", "400 to 599"),
        ("arm.throttled times=many", "'many' is no value of 'times'"),
        ("arm.throttled verdict=explode", "commit-then-fail"),
        ("arm.throttled for=soon", "5min"),
        ("seeding.stalled percent=100", "at most 99"),
        ("arm.throttled oops", "no key=value"),
        (
            "arm.throttled method=PUTT",
            "DELETE, GET, HEAD, PATCH, POST, PUT",
        ),
        ("arm.throttled method=*x*", "nothing has the method '*x*'"),
    ];
    for (words, says) in cases {
        let mut parts = words.split(' ');
        let refused = Fault::of_words(parts.next().unwrap(), parts).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains(says), "{words}: {text}");
    }
    for json in [
        r#"{"point":"no.such"}"#,
        r#"{"point":"arm.slow","match":{"colour":"red"}}"#,
        r#"{"point":"arm.slow","when":{"often":2}}"#,
        r#"{"point":"arm.slow","verdict":"explode"}"#,
        r#"{"point":"arm.slow","sometimes":true}"#,
    ] {
        let text = serde_json::from_str::<Fault>(json).unwrap_err().to_string();
        assert!(
            text.contains("there are") || text.contains("expected"),
            "{text}"
        );
    }
}

#[test]
fn rules_are_asked_in_order_and_counted() {
    let mut world = world();
    let nth = Fault::at(&arm::THROTTLED).from_nth(2).times(2);
    let nth = world.install_fault(START, nth).unwrap();
    assert_eq!(bites(&mut world, 4), [false, true, true, false]);
    let rule = world.faults().get(nth).unwrap();
    assert_eq!((rule.matched, rule.bitten, rule.is_spent()), (4, 2, true));

    // To pass is to count and to ask the next.
    let seen = Fault::at(&arm::THROTTLED).verdict(Verdict::Pass);
    let seen = world.install_fault(START, seen).unwrap();
    world
        .install_fault(START, Fault::at(&arm::THROTTLED))
        .unwrap();
    assert_eq!(bites(&mut world, 1), [true]);
    assert_eq!(world.faults().get(seen).unwrap().bitten, 1);

    let other = Fault::at(&arm::INTERNAL_ERROR).matching(Field::Path, "/x");
    world.install_fault(START, other).unwrap();
    let about = |_: &World| About::nothing().with(Field::Method, "PUT");
    let path = world.fault_at(&arm::INTERNAL_ERROR, about);
    assert_eq!(path, None, "a field that is not there matches nothing");

    world.clear_faults(START);
    assert!(world.faults().is_empty());
    assert_eq!(bites(&mut world, 1), [false]);
    let gone = world.remove_fault(START, nth).unwrap_err();
    assert_eq!(gone.to_string(), "there is no fault 1; there are none");
}

#[test]
fn chances_are_drawn_from_the_seed() {
    let draw = |seed| {
        let mut world = World::new(seed, uuid::Uuid::nil(), START);
        let fault = Fault::at(&arm::THROTTLED).with_probability(0.5);
        world.install_fault(START, fault).unwrap();
        bites(&mut world, 100)
    };
    assert_eq!(draw(1), draw(1), "the same calls bite at the same places");
    assert_ne!(draw(1), draw(2));
    let often = draw(3).into_iter().filter(|bite| *bite).count();
    assert!((30..70).contains(&often), "{often}");
}

#[test]
fn a_fault_goes_when_its_time_is_over_and_every_bite_is_told() {
    let mut world = world();
    let fault = Fault::at(&arm::THROTTLED).lasting(crate::time::Span::seconds(10));
    world.install_fault(START, fault).unwrap();
    let mut fork = world.clone();
    assert_eq!(fork, world, "faults are part of the value");
    assert_eq!(bites(&mut world, 1), [true]);
    world.advance_to(START + crate::time::Span::seconds(10));
    assert_eq!(bites(&mut world, 1), [false]);
    let told: Vec<String> = world
        .events_after(0)
        .map(|event| serde_json::to_value(&event.kind).unwrap().to_string())
        .collect();
    assert_eq!(
        told,
        [
            r#"{"event":"faultInstalled","fault":1,"point":"arm.throttled"}"#,
            r#"{"about":"method=PUT","event":"faultBit","fault":1,"point":"arm.throttled"}"#,
            r#"{"event":"faultRemoved","fault":1,"point":"arm.throttled"}"#,
        ]
    );
    assert_eq!(bites(&mut fork, 1), [true], "the fork has its own");
}

#[test]
fn stale_reads_see_what_was_and_not_before_the_fault() {
    let mut world = world();
    let span = crate::time::Span::seconds;
    world.note("before".into());
    world
        .install_fault(START, Fault::at(&arm::STALE_READ))
        .unwrap();
    let request = crate::command::DrawSerial;
    for second in 1..=100 {
        world.apply(START + span(second), request).unwrap();
    }
    let at = |world: &World, by| world.earlier(span(by)).now().since(START).as_seconds();
    assert_eq!(at(&world, 30), 70);
    assert_eq!(at(&world, 1_000), 100 - 63, "as far back as is kept");
    world.clear_faults(world.now());
    assert_eq!(at(&world, 30), 100);
}
