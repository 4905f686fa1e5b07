//! A managed instance that is stopped, started, failed over, scaled and deleted, with and without a link.

mod lab;

use expect_test::expect;
use lab::*;
use milink_core::Refusal;
use milink_core::azure::*;
use milink_core::command::{CreateDatabase, Request};
use milink_core::durations::Profile;
use milink_core::ids::OperationId;
use milink_core::instance::ServiceState;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::operation::OperationState;
use milink_core::refusal::{AzureRefusal, InstanceRefusal};
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

fn ask<R: Request>(lab: &mut Lab, request: R) -> Result<R::Reply, Refusal> {
    let (now, before) = (lab.world.now(), lab.world.clone());
    let answer = lab.world.apply(now, request);
    if answer.is_err() {
        assert_eq!(lab.world, before, "a refusal changes nothing");
    }
    answer
}

fn state(lab: &Lab) -> &'static str {
    lab.world
        .managed_instance_view("sqlmi1")
        .unwrap()
        .state
        .text()
}

fn succeeded(lab: &Lab, operation: OperationId) -> bool {
    matches!(lab.outcome(operation), OperationState::Succeeded { .. })
}

fn fail_over(lab: &mut Lab, readable_secondary: bool) -> Result<OperationId, Refusal> {
    let instance = lab.mi;
    ask(
        lab,
        FailOverManagedInstance {
            instance,
            readable_secondary,
        },
    )
}

fn scale(lab: &mut Lab, v_cores: i64) -> Result<OperationId, Refusal> {
    let (instance, settings) = (
        lab.mi,
        InstanceSettings {
            v_cores: Some(v_cores),
            ..InstanceSettings::default()
        },
    );
    ask(lab, UpdateManagedInstance { instance, settings })
}

#[test]
fn an_instance_is_stopped_and_started() {
    let mut lab = Lab::new(Profile::Azure);
    let instance = lab.mi;
    let name = "sqlmi1".to_owned();
    assert_eq!(
        ask(&mut lab, StartManagedInstance { instance }),
        Err(InstanceRefusal::NotStopped.into())
    );
    lab.apply(CreateDatabase {
        instance,
        name: "orders".into(),
        collation: None,
    });
    let database = |lab: &Lab| lab.world.managed_databases(instance)[0].status;
    assert_eq!(database(&lab), "Online");
    let stop = ask(&mut lab, StopManagedInstance { instance }).unwrap();
    assert_eq!((state(&lab), database(&lab)), ("Stopping", "Stopping"));
    let stopped: Refusal = AzureRefusal::InstanceStopped { name: name.clone() }.into();
    assert_eq!(scale(&mut lab, 8), Err(stopped.clone()));
    assert_eq!(
        ask(&mut lab, StopManagedInstance { instance }),
        Err(stopped.clone())
    );
    let cancel = CancelOperation { operation: stop };
    assert!(
        ask(&mut lab, cancel).is_err(),
        "documented: it cannot be canceled"
    );
    advance(&mut lab, Span::minutes(5));
    assert!(succeeded(&lab, stop));
    assert_eq!((state(&lab), database(&lab)), ("Stopped", "Stopped"));
    assert_eq!(
        lab.world.instance(instance).unwrap().service,
        ServiceState::Stopped
    );
    // While it is stopped nothing about it can be changed.
    assert_eq!(scale(&mut lab, 8), Err(stopped.clone()));
    assert_eq!(
        ask(&mut lab, StopManagedInstance { instance }),
        Err(stopped.clone())
    );
    assert_eq!(
        fail_over(&mut lab, false),
        Err(InstanceRefusal::NotInStateToFailOver.into())
    );
    let link = CreateLink {
        instance,
        name: "DAG_db1".into(),
        spec: Lab::spec(),
    };
    assert_eq!(ask(&mut lab, link), Err(stopped));
    let start = ask(&mut lab, StartManagedInstance { instance }).unwrap();
    assert_eq!((state(&lab), database(&lab)), ("Starting", "Starting"));
    let starting: Refusal = AzureRefusal::InstanceStarting { name }.into();
    assert_eq!(scale(&mut lab, 8), Err(starting));
    advance(&mut lab, Span::minutes(20));
    assert!(succeeded(&lab, start));
    advance(&mut lab, Span::minutes(1));
    assert_eq!((state(&lab), database(&lab)), ("Ready", "Online"));
    assert_eq!(
        lab.world.instance(instance).unwrap().service,
        ServiceState::Running
    );
    scale(&mut lab, 8).unwrap();
}

#[test]
fn what_cannot_be_stopped_says_why() {
    let mut lab = Lab::linked(Profile::Azure);
    let instance = lab.mi;
    let link = "DAG_db1".to_owned();
    assert_eq!(
        ask(&mut lab, StopManagedInstance { instance }),
        Err(InstanceRefusal::HasLink { link }.into())
    );
    let mut lab = Lab::new(Profile::Azure);
    let settings = InstanceSettings {
        sku_name: Some("BC_Gen5".to_owned()),
        ..InstanceSettings::default()
    };
    ask(&mut lab, UpdateManagedInstance { instance, settings }).unwrap();
    let busy = ask(&mut lab, StopManagedInstance { instance });
    assert!(matches!(
        busy,
        Err(Refusal::Azure(AzureRefusal::InstanceBusy { .. }))
    ));
    advance(&mut lab, Span::minutes(60));
    let critical = ask(&mut lab, StopManagedInstance { instance });
    assert!(matches!(
        critical,
        Err(Refusal::Azure(AzureRefusal::Instance(
            InstanceRefusal::CannotStop { .. }
        )))
    ));
    // What only Business Critical has: a readable secondary, whose failover disturbs nobody.
    let life = lab.world.instance(instance).unwrap().life;
    fail_over(&mut lab, true).unwrap();
    advance(&mut lab, Span::minutes(2));
    assert_eq!(lab.world.instance(instance).unwrap().life, life);
}

#[test]
fn a_failover_moves_the_instance_to_another_node_once_in_fifteen_minutes() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    advance(&mut lab, Span::seconds(5));
    let node = |lab: &Lab| {
        let managed = lab
            .world
            .instance(lab.mi)
            .unwrap()
            .as_managed_instance()
            .unwrap();
        (managed.node_name.clone(), managed.node_port())
    };
    let before = node(&lab);
    assert!((11_000..=11_999).contains(&before.1));
    assert_eq!(
        fail_over(&mut lab, true),
        Err(InstanceRefusal::NoReadableSecondary.into())
    );
    let operation = fail_over(&mut lab, false).unwrap();
    let mut story = Vec::new();
    for seconds in [0, 59, 1, 10, 5, 10, 10] {
        advance(&mut lab, Span::seconds(seconds));
        let instance = lab.world.instance(lab.mi).unwrap();
        story.push(format!(
            "+{seconds} s: {}, {:?}, {}, {:?}, link {}, {}",
            state(&lab),
            instance.service,
            match succeeded(&lab, operation) {
                true => "done",
                false => "running",
            },
            instance
                .check_readable(lab.db(lab.mi))
                .map_err(|refusal| refusal.to_string()),
            match lab.status().connected {
                true => "connected",
                false => "disconnected",
            },
            lab.link()
                .last_error
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
        ));
    }
    expect![[r#"
        +0 s: Updating, Running, running, Ok(()), link connected, 
        +59 s: Updating, Running, running, Ok(()), link connected, 
        +1 s: Ready, Starting, done, Err("database 'db1' is changing its role"), link disconnected, the network between the partners is interrupted
        +10 s: Ready, Starting, done, Err("database 'db1' is changing its role"), link disconnected, the network between the partners is interrupted
        +5 s: Ready, Running, done, Ok(()), link disconnected, the network between the partners is interrupted
        +10 s: Ready, Running, done, Ok(()), link connected, 
        +10 s: Ready, Running, done, Ok(()), link connected, "#]].assert_eq(&story.join("\n"));
    assert_ne!(node(&lab), before);
    assert_eq!(
        fail_over(&mut lab, false),
        Err(InstanceRefusal::FailoverThrottled.into())
    );
    lab.insert(lab.sql, 2).unwrap();
    advance(&mut lab, Span::minutes(15));
    assert_eq!(lab.rows(lab.mi), 2);
    fail_over(&mut lab, false).unwrap();
}

#[test]
fn every_phase_of_a_link_survives_a_failover_of_the_instance() {
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
        // The failover takes a minute; it is asked for before the link, to hit each phase.
        lab.create_link();
        lab.world.durations.overrides.insert(
            milink_core::durations::Transition::InstanceFailover,
            milink_core::durations::Length::Fixed(Span::ZERO),
        );
        while !format!("{:?}", lab.link().phase).starts_with(phase) {
            let due = lab.world.next_due().expect(phase);
            lab.world.advance_to(due);
        }
        let operation = fail_over(&mut lab, false).unwrap();
        lab.settle();
        assert!(succeeded(&lab, operation), "{phase}");
        assert!(lab.status().connected, "{phase}");
        assert!(
            matches!(lab.link().phase, Phase::Synchronizing { .. }),
            "{phase}"
        );
        assert_eq!(lab.rows(lab.mi), 1, "{phase}");
    }
}

#[test]
fn scaling_ends_with_a_failover_and_waits_for_no_seeding() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    let link = "DAG_db1".to_owned();
    assert_eq!(
        scale(&mut lab, 8),
        Err(InstanceRefusal::HasLink { link }.into()),
        "while the link is made"
    );
    lab.settle();
    let life = lab.world.instance(lab.mi).unwrap().life;
    scale(&mut lab, 8).unwrap();
    advance(&mut lab, Span::seconds(239));
    assert!(lab.status().connected);
    advance(&mut lab, Span::seconds(1));
    assert!(!lab.status().connected, "the last step moves it");
    lab.settle();
    assert!(lab.status().connected);
    assert_eq!(lab.world.instance(lab.mi).unwrap().life, life + 1);
    // More storage needs no other node.
    let (instance, settings) = (
        lab.mi,
        InstanceSettings {
            storage_gb: Some(64),
            ..InstanceSettings::default()
        },
    );
    ask(&mut lab, UpdateManagedInstance { instance, settings }).unwrap();
    lab.settle();
    assert_eq!(lab.world.instance(lab.mi).unwrap().life, life + 1);
}

#[test]
fn an_instance_with_a_link_is_not_deleted() {
    let mut lab = Lab::linked(Profile::Azure);
    let instance = lab.mi;
    let link = "DAG_db1".to_owned();
    let refused = ask(&mut lab, DeleteManagedInstance { instance });
    assert_eq!(refused, Err(InstanceRefusal::HasLink { link }.into()));
    lab.apply(DeleteLink {
        instance,
        name: "DAG_db1".into(),
    });
    lab.settle();
    ask(&mut lab, DeleteManagedInstance { instance }).unwrap();
    lab.settle();
    assert!(lab.world.instance(instance).is_none());
    // SQL Server keeps its half, which nothing answers to.
    assert!(
        lab.world
            .instance(lab.sql)
            .unwrap()
            .group("DAG_db1")
            .is_some()
    );
}
