//! What becomes of a link whose partners lose each other, and find each other again.

mod lab;

use expect_test::expect;
use lab::*;
use milink_core::availability_group::Role;
use milink_core::azure::authorization::{Lock, LockLevel, Scope, WriteLock};
use milink_core::command::{DropAvailabilityGroup, GroupAction};
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::event::EventKind;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::network::{Reach, SetReach};
use milink_core::refusal::LinkError;
use milink_core::time::Span;

/// Blocks or opens the way from SQL Server to the instance, and the way back.
fn cut(lab: &mut Lab, out: Reach, back: Reach) {
    let (sql, mi) = (lab.sql, lab.mi);
    for (from, to, reach) in [(sql, mi, out), (mi, sql, back)] {
        lab.apply(SetReach { from, to, reach });
    }
}

fn advance(lab: &mut Lab, span: Span) {
    let to = lab.world.now() + span;
    while let Some(due) = lab.world.next_due().filter(|due| *due <= to) {
        lab.world.advance_to(due);
        invariants::check(&lab.world).unwrap();
    }
    lab.world.advance_to(to);
    invariants::check(&lab.world).unwrap();
}

/// How the link stands, in a line.
fn line(lab: &Lab) -> String {
    let (link, status) = (lab.link(), lab.status());
    let phase = format!("{:?}", link.phase);
    let phase = phase.split([' ', '{', '(']).next().unwrap_or_default();
    let lag = lab.db(lab.sql).log.used_bytes() / 100;
    format!(
        "{phase}, {}, {}, attempt {}, log {lag}, rows {}, {}",
        if status.connected {
            "CONNECTED"
        } else {
            "DISCONNECTED"
        },
        status.synchronization.desc(),
        link.seedings.last().map_or(0, |run| run.attempt),
        lab.world
            .instance(lab.mi)
            .unwrap()
            .database("db1")
            .map_or(0, |_| lab.rows(lab.mi)),
        link.last_error
            .as_ref()
            .map_or("no error".to_owned(), ToString::to_string),
    )
}

#[test]
fn a_silent_partner_is_given_up_after_the_session_timeout() {
    // out, back, seconds apart; and how it stands then, and when the network has been whole again for a minute.
    let cases = [
        (Reach::Silent, Reach::Silent, 19, "CONNECTED"),
        (Reach::Silent, Reach::Silent, 20, "DISCONNECTED"),
        (Reach::Silent, Reach::Open, 20, "DISCONNECTED"),
        (Reach::Open, Reach::Silent, 20, "DISCONNECTED"),
        (Reach::GatewayOnly, Reach::Open, 20, "DISCONNECTED"),
        (Reach::Open, Reach::GatewayOnly, 60, "CONNECTED"),
        (Reach::Refused, Reach::Open, 0, "DISCONNECTED"),
        (Reach::Open, Reach::Open, 60, "CONNECTED"),
    ];
    for (out, back, seconds, expected) in cases {
        let mut lab = Lab::linked(Profile::Azure);
        cut(&mut lab, out, back);
        lab.insert(lab.sql, 1).unwrap();
        advance(&mut lab, Span::seconds(seconds));
        let connected = if lab.status().connected {
            "CONNECTED"
        } else {
            "DISCONNECTED"
        };
        let case = format!("{out:?} {back:?} {seconds} s");
        assert_eq!(connected, expected, "{case}");
        let whole = out == Reach::Open && back != Reach::Silent;
        assert_eq!(
            lab.rows(lab.mi),
            usize::from(whole),
            "{case}: nothing is sent"
        );
        cut(&mut lab, Reach::Open, Reach::Open);
        advance(&mut lab, Span::seconds(60));
        assert!(lab.status().connected, "{case}");
        assert_eq!(lab.rows(lab.mi), 1, "{case}: it goes on by itself");
        assert_eq!(lab.link().last_error, None, "{case}");
    }
}

#[test]
fn the_story_of_an_outage() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    advance(&mut lab, Span::seconds(1));
    let first = lab.world.event_count();
    let mut story = vec![format!("in step: {}", line(&lab))];
    cut(&mut lab, Reach::Silent, Reach::Silent);
    lab.insert(lab.sql, 2).unwrap();
    story.push(format!("cut: {}", line(&lab)));
    advance(&mut lab, Span::seconds(20));
    story.push(format!("20 s later: {}", line(&lab)));
    lab.insert(lab.sql, 3).unwrap();
    advance(&mut lab, Span::minutes(60));
    story.push(format!("an hour later: {}", line(&lab)));
    cut(&mut lab, Reach::Open, Reach::Open);
    advance(&mut lab, Span::seconds(9));
    story.push(format!("mended: {}", line(&lab)));
    advance(&mut lab, Span::seconds(2));
    story.push(format!("reconnected: {}", line(&lab)));
    let events = lab
        .world
        .events_after(first)
        .map(|event| match &event.kind {
            EventKind::LinkDisconnected { reason, .. } => format!("event: disconnected: {reason}"),
            EventKind::LinkConnected { .. } => "event: connected".to_owned(),
            other => format!("event: {other:?}"),
        });
    story.extend(events);
    expect![[r#"
        in step: Synchronizing, CONNECTED, SYNCHRONIZING, attempt 1, log 10, rows 1, no error
        cut: Synchronizing, CONNECTED, SYNCHRONIZING, attempt 1, log 13, rows 1, no error
        20 s later: Synchronizing, DISCONNECTED, NOT SYNCHRONIZING, attempt 1, log 13, rows 1, the network between the partners is interrupted
        an hour later: Synchronizing, DISCONNECTED, NOT SYNCHRONIZING, attempt 1, log 16, rows 1, the network between the partners is interrupted
        mended: Synchronizing, DISCONNECTED, NOT SYNCHRONIZING, attempt 1, log 16, rows 1, the network between the partners is interrupted
        reconnected: Synchronizing, CONNECTED, SYNCHRONIZING, attempt 1, log 16, rows 3, no error
        event: disconnected: the network between the partners is interrupted
        event: connected"#]].assert_eq(&story.join("\n"));
}

#[test]
fn a_synchronous_commit_waits_until_the_partner_is_given_up() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.make_synchronous();
    let before = lab.insert(lab.sql, 1).unwrap().hardened.unwrap();
    assert!(before < lab.world.now() + Span::seconds(1));
    advance(&mut lab, Span::seconds(1));
    cut(&mut lab, Reach::Silent, Reach::Silent);
    let given_up = lab.world.now() + Span::seconds(20);
    assert_eq!(lab.insert(lab.sql, 2).unwrap().hardened, Some(given_up));
    advance(&mut lab, Span::seconds(20));
    assert_eq!(
        lab.insert(lab.sql, 3).unwrap().hardened,
        None,
        "nobody to wait for"
    );
    assert_eq!(lab.rows(lab.mi), 1);
}

#[test]
fn an_endpoint_that_stops_closes_the_connection_at_once() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.turn_endpoint(EndpointState::Stopped);
    assert!(!lab.status().connected);
    assert!(matches!(
        lab.link().last_error,
        Some(LinkError::EndpointNotStarted { .. })
    ));
}

/// The database that is made next is another one.
#[test]
fn a_half_made_copy_takes_its_locks_along() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_link();
    while lab.link().phase != Phase::Seeding {
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    let managed = lab.world.instance(lab.mi).unwrap();
    let group = &managed.as_managed_instance().unwrap().properties;
    let scope = format!(
        "/resourceGroups/{}/providers/Microsoft.Sql/managedInstances/{}/databases/db1",
        group.resource_group, managed.name
    );
    let lock = Lock {
        scope: Scope::new(&scope),
        name: Name::new("keep"),
        level: LockLevel::CanNotDelete,
        notes: None,
        owners: Vec::new(),
    };
    lab.apply(WriteLock { lock });
    assert_eq!(lab.world.azure.authorization.locks.len(), 1);
    cut(&mut lab, Reach::Silent, Reach::Silent);
    advance(&mut lab, Span::seconds(60));
    assert_eq!(lab.world.azure.authorization.locks.len(), 0);
}

#[test]
fn seeding_starts_again_after_the_partner_was_lost() {
    // For how long the network is cut while the database is copied; the attempt that succeeds.
    for (seconds, attempt) in [(5, 1), (19, 1), (20, 2), (600, 2)] {
        let mut lab = Lab::new(Profile::Azure);
        lab.prepare(None);
        lab.create_table();
        lab.create_link();
        while lab.link().phase != Phase::Seeding {
            let due = lab.world.next_due().unwrap();
            lab.world.advance_to(due);
        }
        advance(&mut lab, Span::seconds(30));
        let percent = lab.status().seeding_percent;
        assert_eq!(percent, Some(25));
        cut(&mut lab, Reach::Silent, Reach::Silent);
        advance(&mut lab, Span::seconds(seconds));
        let half_made = lab
            .world
            .instance(lab.mi)
            .unwrap()
            .database("db1")
            .is_some();
        assert_eq!(half_made, attempt == 1, "{seconds} s");
        if attempt == 1 {
            assert_eq!(
                lab.status().seeding_percent,
                percent,
                "nothing is copied meanwhile"
            );
        }
        cut(&mut lab, Reach::Open, Reach::Open);
        lab.settle();
        assert!(
            matches!(lab.link().phase, Phase::Synchronizing { .. }),
            "{seconds} s"
        );
        let runs = &lab.link().seedings;
        assert_eq!(runs.last().unwrap().attempt, attempt, "{seconds} s");
        assert_eq!(runs.len() as i32, attempt, "{seconds} s");
        assert!(lab.has_table(lab.mi), "{seconds} s");
    }
}

/// Drops SQL Server's half of the link and makes it anew, as primary or secondary.
fn make_half_anew(lab: &mut Lab, primary: bool) {
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
    });
    let suffix = if primary { "" } else { ";Database=[db1]" };
    let url = format!("tcp://{}:5022;Server=[sqlmi1]{suffix}", lab.fqdn);
    lab.create_dag(&url);
}

fn role_on_server(lab: &Lab) -> Option<Role> {
    lab.link().role_on(&lab.world, lab.sql)
}

#[test]
fn a_half_made_anew_keeps_its_role_when_the_failover_of_the_old_one_is_called_off() {
    for primary in [true, false] {
        for heals in [true, false] {
            let mut lab = Lab::linked(Profile::Azure);
            lab.alter_dag(GroupAction::Failover).unwrap();
            // Nobody tells the instance that the group was dropped.
            cut(&mut lab, Reach::Silent, Reach::Silent);
            make_half_anew(&mut lab, primary);
            let role = role_on_server(&lab);
            if heals {
                cut(&mut lab, Reach::Open, Reach::Open);
            }
            advance(&mut lab, Span::minutes(5));
            assert_eq!(role_on_server(&lab), role, "{primary}, {heals}");
            let status = lab.status();
            assert_eq!(status.connected, primary && heals, "{primary}, {heals}");
        }
    }
}

#[test]
fn both_sides_know_a_half_made_anew_by_its_new_id() {
    let mut lab = Lab::linked(Profile::Azure);
    let old = lab.link().group;
    make_half_anew(&mut lab, true);
    lab.settle();
    let group = lab.link().group;
    assert_ne!(group, old);
    for instance in [lab.sql, lab.mi] {
        let found = lab.world.instance(instance).unwrap().group("DAG_db1");
        assert_eq!(found.unwrap().id, group);
    }
}
