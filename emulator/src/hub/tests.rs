use std::time::Duration;

use milink_core::durations::Profile;
use milink_core::time::Span;

use super::*;
use crate::clock::host_now;
use crate::config::CheckLaws;

fn spec(name: &str, number: u128, clock: ClockMode) -> WorldSpec {
    WorldSpec {
        name: name.to_owned(),
        subscription: Uuid::from_u128(number),
        seed: 1,
        clock,
        durations: Durations::of(Profile::Fast),
        start: host_now(),
    }
}

#[test]
fn worlds_are_found_by_name_and_subscription_until_they_are_deleted() {
    let hub = Hub::new();
    hub.create(spec("b", 1, ClockMode::Manual)).unwrap();
    hub.create(spec(DEFAULT_WORLD, 2, ClockMode::Manual))
        .unwrap();
    let names: Vec<_> = hub.worlds().iter().map(|w| w.name().to_owned()).collect();
    assert_eq!(names, [DEFAULT_WORLD, "b"]);
    assert_eq!(hub.of_subscription(Uuid::from_u128(1)).unwrap().name(), "b");

    let refusals = [
        (
            spec("b", 3, ClockMode::Manual),
            HubError::NameTaken("b".to_owned()),
        ),
        (
            spec("c", 1, ClockMode::Manual),
            HubError::SubscriptionTaken(Uuid::from_u128(1)),
        ),
        (
            spec("a b", 3, ClockMode::Manual),
            HubError::BadName("a b".to_owned()),
        ),
    ];
    for (spec, expected) in refusals {
        assert_eq!(hub.create(spec).err(), Some(expected));
    }
    assert_eq!(hub.delete(DEFAULT_WORLD), Err(HubError::Default));
    hub.delete("b").unwrap();
    assert!(hub.of_subscription(Uuid::from_u128(1)).is_none());
    assert_eq!(hub.delete("b"), Err(HubError::NoWorld("b".to_owned())));
}

#[test]
fn an_attempt_that_changes_nothing_wakes_nobody() {
    let hub = Hub::new();
    let cell = hub.create(spec("w", 1, ClockMode::Manual)).unwrap();
    let (epoch, seen) = (cell.epoch(), cell.version());
    assert_eq!(
        cell.attempt_in(epoch, |_, _| ("tried", false)),
        Some("tried")
    );
    assert_eq!(cell.version(), seen);
    assert_eq!(cell.attempt_in(epoch, |_, _| ("done", true)), Some("done"));
    assert_ne!(cell.version(), seen);
}

#[test]
fn a_restored_world_is_what_it_was_and_begins_a_new_life() {
    let hub = Hub::new();
    let cell = hub.create(spec("w", 1, ClockMode::Manual)).unwrap();
    let before = cell.snapshot();
    cell.keep("then").unwrap();
    cell.advance(Span::seconds(5));
    assert_ne!(cell.snapshot(), before);
    let epoch = cell.epoch();
    cell.restore("then").unwrap();
    assert_eq!(cell.snapshot(), before);
    assert!(cell.epoch() > epoch);
    assert!(cell.change_in(epoch, |_, _| ()).is_none());
    assert_eq!(cell.kept(), ["then"]);
    assert!(matches!(
        cell.restore("never"),
        Err(HubError::NoSnapshot { .. })
    ));
    cell.advance(Span::seconds(5));
    cell.reset();
    assert_eq!(cell.snapshot(), before);
}

#[test]
fn a_fork_goes_its_own_way() {
    let hub = Hub::new();
    let origin = hub.create(spec("w", 1, ClockMode::Manual)).unwrap();
    let fork = hub.fork("w", "f", Uuid::from_u128(2)).unwrap();
    fork.advance(Span::seconds(1));
    assert_eq!(
        fork.snapshot().now().since(origin.snapshot().now()),
        Span::seconds(1)
    );
    assert_eq!(fork.snapshot().subscription, Uuid::from_u128(2));
}

#[tokio::test]
async fn who_waits_for_a_moment_gets_there_by_jump_or_by_advance() {
    let hub = Hub::new();
    let auto = hub.create(spec("auto", 1, ClockMode::Auto)).unwrap();
    let at = auto.clock().now + Span::minutes(60);
    auto.wait_until(at).await;
    assert!(auto.clock().now >= at);

    let manual = hub.create(spec("manual", 2, ClockMode::Manual)).unwrap();
    let at = manual.clock().now + Span::minutes(60);
    let waiting = tokio::spawn({
        let manual = Arc::clone(&manual);
        async move { manual.wait_until(at).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    manual.advance(Span::minutes(60));
    waiting.await.unwrap();
    assert_eq!(manual.clock().now, at);
}

#[tokio::test]
async fn who_is_only_to_hear_of_a_moment_moves_no_clock() {
    let hub = Hub::new();
    for (number, mode) in [ClockMode::Manual, ClockMode::Auto, ClockMode::Real]
        .into_iter()
        .enumerate()
    {
        let name = format!("w{number}");
        let cell = hub.create(spec(&name, number as u128 + 1, mode)).unwrap();
        let at = cell.clock().now + Span::minutes(60);
        let waiting = tokio::spawn({
            let cell = Arc::clone(&cell);
            async move { cell.wait_passed(at).await }
        });
        // Changes are none of its business, nor is a leap that is too short.
        cell.change(|_, _| ());
        cell.advance(Span::minutes(30));
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!waiting.is_finished(), "{mode}");
        assert!(cell.clock().now < at, "{mode}: nobody needs the moment");
        cell.advance(Span::minutes(30));
        waiting.await.unwrap();
    }
    // A clock that runs comes to it by itself.
    let fast = hub.create(spec("fast", 9, ClockMode::Scaled(1e6))).unwrap();
    let at = fast.clock().now + Span::minutes(1);
    fast.wait_passed(at).await;
    assert!(fast.clock().now >= at);
}

#[tokio::test]
async fn who_waits_for_a_change_is_woken_by_it_or_by_the_time() {
    let hub = Hub::new();
    let cell = hub.create(spec("w", 1, ClockMode::Auto)).unwrap();
    let seen = cell.version();
    let waiting = tokio::spawn({
        let cell = Arc::clone(&cell);
        async move { cell.wait_change(seen, None).await }
    });
    tokio::task::yield_now().await;
    cell.change(|_, _| ());
    tokio::time::timeout(Duration::from_secs(10), waiting)
        .await
        .expect("the change wakes it")
        .unwrap();
    // A version that has passed does not wait at all.
    cell.wait_change(seen, None).await;

    let until = cell.clock().now + Span::minutes(60);
    cell.wait_change(cell.version(), Some(until)).await;
    assert!(
        cell.clock().now >= until,
        "the time jumps when nothing else happens"
    );
}

/// A world with a link that is being made, from the default topology.
fn linked(hub: &Hub, name: &str, number: u128, seed: u64) -> Arc<WorldCell> {
    use milink_core::link::{CreateLink, LinkFailoverMode, LinkRole, LinkSpec};

    let keys = crate::keys::Keys::in_memory().unwrap();
    let mut wanted = spec(name, number, ClockMode::Manual);
    wanted.seed = seed;
    wanted.start = milink_core::time::Timestamp::from_unix_seconds(1_770_000_000);
    wanted.durations = crate::durations::parse(
        "fast,link-connect=uniform(1s..90s),link-init-timeout=exponential(20s)",
    )
    .unwrap();
    let cell = hub.create(wanted).unwrap();
    let topology = crate::topology::Topology::default();
    let password = "Correct-Horse-7-Battery";
    cell.change(|world, _| topology.provision(world, &keys, password, password))
        .unwrap();
    let instance = cell.read(|world| world.managed_instance("sqlmi1").unwrap().id);
    let create = CreateLink {
        instance,
        name: "DAG_db1".into(),
        spec: LinkSpec {
            instance_group: "AG_db1_MI".into(),
            partner_group: "AG_db1".into(),
            partner_endpoint: "TCP://10.0.0.4:5022".into(),
            database: "db1".into(),
            instance_role: LinkRole::Secondary,
            failover_mode: LinkFailoverMode::None,
        },
    };
    cell.submit(create).unwrap();
    cell
}

#[test]
fn a_broken_law_is_told_at_once_unless_nobody_looks() {
    for (when, told) in [(CheckLaws::Always, true), (CheckLaws::Never, false)] {
        let hub = Hub::new();
        hub.watch().check_laws(when);
        let cell = linked(&hub, "w", 1, 1);
        assert_eq!(hub.watch().broken(), Default::default());
        let server = cell.read(|world| world.sql_server("sqlserver1").unwrap().id);
        // As a defect would: behind the back of every command.
        cell.change(|world, _| {
            let server = Arc::make_mut(world.instances.get_mut(&server).unwrap());
            server.databases.remove(&milink_core::ids::DatabaseId(2));
        });
        let broken = hub.watch().broken().remove("w");
        let expected = "every instance has its system databases: sqlserver1 has no tempdb";
        assert_eq!(broken.as_deref(), told.then_some(expected));
        let noted = cell.events_after(0).iter().any(|event| {
            let kind = format!("{:?}", event.kind);
            kind.contains("a law of the world is broken")
        });
        assert_eq!(noted, told);
    }
}

#[test]
fn time_that_passes_in_pieces_passes_as_in_one() {
    let hub = Hub::new();
    for seed in 0..8_u64 {
        let whole = linked(&hub, &format!("whole{seed}"), u128::from(seed) + 1, seed);
        for fault in [
            serde_json::json!({"point": "network.loss", "when": {"probability": 0.3}}),
            serde_json::json!({"point": "network.partition", "when": {"for": "25s"}}),
            serde_json::json!({"point": "seeding.stalled", "when": {"for": "40s"}}),
            serde_json::json!({"point": "crash.before-step", "when": {"nth": 2, "probability": 0.5}}),
        ] {
            let fault = serde_json::from_value(fault).unwrap();
            whole.install_fault(fault).unwrap();
        }
        let pieces = hub
            .fork(
                whole.name(),
                &format!("pieces{seed}"),
                Uuid::from_u128(1000 + u128::from(seed)),
            )
            .unwrap();
        let begun = whole.snapshot().event_count();
        let mut dice = milink_core::ids::IdSource::new(seed);
        let mut sum = Span::ZERO;
        for _ in 0..50 {
            let piece = Span((dice.next_u64() % 200_000_000) as i64);
            pieces.advance(piece);
            sum = sum + piece;
        }
        whole.advance(sum);
        let mut expected = whole.snapshot();
        expected.subscription = pieces.subscription();
        assert_eq!(pieces.snapshot(), expected, "seed {seed}");
        assert!(
            expected.event_count() > begun,
            "seed {seed}: nothing happened"
        );
    }
    assert_eq!(hub.watch().broken(), Default::default());
}
