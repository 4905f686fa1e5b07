//! A SQL Server that is stopped, started and restarted, with and without a link.

mod lab;

use expect_test::expect;
use lab::*;
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::event::EventKind;
use milink_core::ids::*;
use milink_core::instance::ServiceState;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::refusal::{DatabaseRefusal, GroupRefusal, Refusal, ServerRefusal};
use milink_core::session::Session;
use milink_core::time::Span;

fn advance(lab: &mut Lab, span: Span) {
    let to = lab.world.now() + span;
    while let Some(due) = lab.world.next_due().filter(|due| *due <= to) {
        lab.world.advance_to(due);
        invariants::check(&lab.world).unwrap();
    }
    lab.world.advance_to(to);
    invariants::check(&lab.world).unwrap();
}

fn log_in(lab: &mut Lab) -> Result<SessionId, Refusal> {
    let now = lab.world.now();
    let session = Session {
        id: SessionId(0),
        login: PrincipalId(1),
        login_name: Name::new("sa"),
        database: MASTER,
        host_name: String::new(),
        program_name: String::new(),
        client_interface: String::new(),
        client_address: None,
        local_port: 1433,
        encrypted: false,
        login_time: now,
        last_request: now,
        running: false,
        cut: false,
    };
    let instance = lab.sql;
    lab.world.apply(now, OpenSession { instance, session })
}

#[test]
fn stopping_ends_sessions_and_undoes_what_is_open() {
    let mut lab = Lab::linked(Profile::Azure);
    let instance = lab.sql;
    let before = lab.world.instance(instance).unwrap().clone();
    let session = log_in(&mut lab).unwrap();
    let transaction = lab.apply(BeginTransaction { instance });
    let now = lab.world.now();
    assert_eq!(lab.rows(instance), 0);
    lab.insert_in(instance, 1, Some(transaction)).unwrap();
    lab.apply(SetTraceFlags {
        instance,
        flags: vec![1800],
        on: true,
    });
    lab.apply(StopServer { instance });
    invariants::check(&lab.world).unwrap();
    let stopped = lab.world.instance(instance).unwrap();
    assert_eq!(stopped.service, ServiceState::Stopped);
    assert!(stopped.sessions.is_empty() && stopped.killed.is_empty());
    assert_eq!(
        stopped.life,
        before.life + 1,
        "{session} belongs to an earlier life"
    );
    assert_eq!(lab.rows(instance), 0, "the transaction is undone");
    let refused = log_in(&mut lab).unwrap_err();
    let name = "sqlserver1".to_owned();
    assert_eq!(
        refused,
        ServerRefusal::Stopped { name: name.clone() }.into()
    );
    let again = lab.world.apply(now, StopServer { instance }).unwrap_err();
    assert_eq!(again, ServerRefusal::Stopped { name: name.clone() }.into());
    advance(&mut lab, Span::seconds(60));
    lab.apply(StartServer { instance });
    let started = lab.world.instance(instance).unwrap();
    assert_eq!(started.started, lab.world.now());
    assert!(started.trace_flags.is_empty());
    let (old, new) = (
        &before.databases[&DatabaseId(2)],
        &started.databases[&DatabaseId(2)],
    );
    assert_ne!(old.guid, new.guid, "tempdb is another one");
    assert_eq!(new.created, lab.world.now());
    log_in(&mut lab).unwrap();
    let now = lab.world.now();
    let again = lab.world.apply(now, StartServer { instance }).unwrap_err();
    assert_eq!(again, ServerRefusal::Running { name }.into());
    let managed = lab.mi;
    let of_instance = lab.world.apply(now, StopServer { instance: managed });
    assert!(matches!(
        of_instance,
        Err(Refusal::Server(ServerRefusal::Managed { .. }))
    ));
}

#[test]
fn the_groups_of_a_restarted_server_go_through_resolving_and_the_link_comes_back() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    advance(&mut lab, Span::seconds(5));
    let first = lab.world.event_count();
    let instance = lab.sql;
    lab.apply(RestartServer { instance });
    let server = lab.world.instance(instance).unwrap();
    assert_eq!(server.service, ServiceState::Starting);
    assert!(
        !lab.status().connected,
        "a server that goes is noticed at once"
    );
    let name = "db1".to_owned();
    assert_eq!(
        server.check_readable(lab.db(instance)),
        Err(DatabaseRefusal::RoleChanging { name })
    );
    assert!(server.check_readable(server.master()).is_ok());
    advance(&mut lab, Span::seconds(15));
    lab.insert(instance, 2).unwrap();
    advance(&mut lab, Span::seconds(15));
    assert!(lab.status().connected);
    assert_eq!(lab.rows(lab.mi), 2);
    let events = lab.world.events_after(first).map(|event| {
        let at = event
            .time
            .since(lab.world.now() - Span::seconds(30))
            .as_seconds();
        match &event.kind {
            EventKind::LinkDisconnected { reason, .. } => format!("{at} s: disconnected: {reason}"),
            other => {
                let text = format!("{other:?}");
                let word = text.split([' ', '{']).next().unwrap_or_default().to_owned();
                format!("{at} s: {word}")
            }
        }
    });
    let events: Vec<String> = events.collect();
    expect![[r#"
        0 s: InstanceStopped
        0 s: InstanceStarted
        0 s: disconnected: the network between the partners is interrupted
        25 s: LinkConnected"#]]
    .assert_eq(&events.join("\n"));
}

#[test]
fn every_phase_of_a_link_survives_a_restart_of_sql_server() {
    for phase in [
        "Initiating",
        "Connected",
        "Seeding",
        "Recovering",
        "CatchUp",
        "Synchronizing",
    ] {
        let mut lab = Lab::new(Profile::Azure);
        lab.prepare(None);
        lab.create_table();
        lab.insert(lab.sql, 1).unwrap();
        lab.create_link();
        while !format!("{:?}", lab.link().phase).starts_with(phase) {
            let due = lab.world.next_due().expect(phase);
            lab.world.advance_to(due);
        }
        let instance = lab.sql;
        lab.apply(StopServer { instance });
        invariants::check(&lab.world).unwrap();
        advance(&mut lab, Span::seconds(30));
        lab.apply(StartServer { instance });
        lab.settle();
        assert!(lab.status().connected, "{phase}");
        assert!(
            matches!(lab.link().phase, Phase::Synchronizing { .. }),
            "{phase}"
        );
        assert_eq!(lab.rows(lab.mi), 1, "{phase}");
        let attempts = lab.link().seedings.len();
        let again = ["Seeding", "Recovering"].contains(&phase);
        assert_eq!(attempts, 1 + usize::from(again), "{phase}");
    }
}

#[test]
fn a_planned_failover_is_called_off_when_a_side_goes_down() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.alter_dag(GroupAction::Failover).unwrap();
    let instance = lab.sql;
    lab.apply(RestartServer { instance });
    lab.settle();
    assert_eq!(format!("{:?}", lab.roles()), "(Primary, Secondary)");
    assert!(lab.status().connected);
    lab.insert(instance, 1).unwrap();
}

#[test]
fn availability_groups_are_enabled_by_a_restart() {
    let mut lab = Lab::linked(Profile::Azure);
    let instance = lab.sql;
    let group = |lab: &mut Lab| {
        let now = lab.world.now();
        let alter = AlterAvailabilityGroup {
            instance,
            name: "AG_db1".into(),
            action: GroupAction::CreateAnyDatabase(true),
        };
        lab.world.apply(now, alter)
    };
    let enabled = |lab: &Lab| lab.world.instance(instance).unwrap().is_hadr_enabled();
    lab.apply(SetHadr {
        instance,
        enabled: false,
    });
    assert!(enabled(&lab), "not before the restart");
    group(&mut lab).unwrap();
    lab.apply(RestartServer { instance });
    lab.settle();
    assert!(!enabled(&lab));
    assert_eq!(group(&mut lab), Err(GroupRefusal::HadrDisabled.into()));
    assert!(!lab.status().connected, "its groups are not online");
    lab.apply(SetHadr {
        instance,
        enabled: true,
    });
    lab.apply(RestartServer { instance });
    lab.settle();
    group(&mut lab).unwrap();
    assert!(lab.status().connected);
}
