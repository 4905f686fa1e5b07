//! The life of a link in the model: every precondition, seeding, replication, and the ways it ends.

mod lab;

use lab::{Lab, START, Step};
use milink_core::availability_group::*;
use milink_core::command::*;
use milink_core::database::DatabaseState;
use milink_core::durations::Profile;
use milink_core::endpoint::*;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use milink_core::refusal::{LinkError, Refusal, WriteRefusal};
use milink_core::time::Span;

#[test]
fn a_link_seeds_and_then_every_commit_reaches_the_instance() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.insert(lab.sql, 1).unwrap();
    let operation = lab.create_link();
    assert_eq!(lab.status().replica_state, "CreatingLink");
    let states = lab.settle();
    assert_eq!(
        states,
        ["CreatingLink", "Seeding", "Catchup", "LinkSynchronizing"]
    );
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded {
            has_result: true,
            ..
        }
    ));
    assert_eq!(lab.status().health, Health::Healthy);
    assert_eq!(lab.rows(lab.mi), 1);

    lab.insert(lab.sql, 2).unwrap();
    assert_eq!(lab.rows(lab.mi), 1, "it is still on its way");
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 2);
    assert!(lab.insert(lab.mi, 3).is_err(), "the copy is read-only");
    assert_eq!(lab.status().send_lag, Span::ZERO);
}

#[test]
fn rows_committed_while_seeding_are_caught_up() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    while lab.link().phase != Phase::Seeding {
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    let copy = lab.world.instance(lab.mi).unwrap().database("db1").unwrap();
    assert_eq!(copy.state, DatabaseState::Restoring);
    lab.world.advance_to(lab.world.now() + Span::seconds(30));
    let percent = lab.status().seeding_percent.unwrap();
    assert!((1..100).contains(&percent), "{percent}");
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 1);
}

#[test]
fn every_missing_precondition_fails_the_operation_with_its_own_error() {
    type Expected = fn(&LinkError) -> bool;
    let cases: [(Step, Expected); 5] = [
        (Step::UploadCertificate, |e| {
            matches!(e, LinkError::CertificateNotOnInstance { .. })
        }),
        (Step::ImportCertificate, |e| {
            matches!(e, LinkError::CertificateNotOnSqlServer { .. })
        }),
        (Step::TrustRoots, |e| {
            matches!(e, LinkError::IssuerNotTrusted { .. })
        }),
        (
            Step::StartEndpoint,
            |e| matches!(e, LinkError::InitTimeout { minutes: 5, cause } if matches!(**cause, LinkError::EndpointNotStarted { .. })),
        ),
        (Step::CreateDag, |e| {
            matches!(e, LinkError::GroupNotResponding { .. })
        }),
    ];
    for (missing, expected) in cases {
        let mut lab = Lab::new(Profile::Azure);
        lab.prepare(Some(missing));
        let operation = lab.create_link();
        assert_eq!(lab.settle().last(), Some(&"LinkInitError"), "{missing:?}");
        let OperationState::Failed { error, .. } = lab.outcome(operation) else {
            panic!("{missing:?}: {:?}", lab.outcome(operation));
        };
        let milink_core::operation::OperationError::Link(error) = error else {
            panic!("{error:?}")
        };
        assert!(expected(error), "{missing:?}: {error:?}");
        assert!(
            lab.world
                .instance(lab.mi)
                .unwrap()
                .database("db1")
                .is_none()
        );
    }
}

#[test]
fn what_is_put_right_while_the_partners_try_lets_them_connect() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(Some(Step::StartEndpoint));
    lab.create_link();
    lab.world.advance_to(START + Span::minutes(2));
    lab.apply(AlterEndpoint {
        instance: lab.sql,
        name: "database_mirroring_endpoint".into(),
        state: Some(EndpointState::Started),
        port: None,
        listener_ip: None,
        role: None,
        authentication: None,
        encryption: None,
    });
    assert_eq!(lab.settle().last(), Some(&"LinkSynchronizing"));
}

#[test]
fn a_stopped_endpoint_parts_the_sides_and_starting_it_brings_them_together() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let turn = |lab: &mut Lab, state| {
        lab.apply(AlterEndpoint {
            instance: lab.sql,
            name: "database_mirroring_endpoint".into(),
            state: Some(state),
            port: None,
            listener_ip: None,
            role: None,
            authentication: None,
            encryption: None,
        });
    };
    turn(&mut lab, EndpointState::Stopped);
    assert!(!lab.status().connected);
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::NotSynchronizing
    );
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 0, "nothing crosses a broken connection");
    lab.world.advance_to(lab.world.now() + Span::seconds(9));
    assert_eq!(lab.status().send_lag, Span::seconds(9));
    turn(&mut lab, EndpointState::Started);
    lab.settle();
    assert!(lab.status().connected);
    assert_eq!(lab.rows(lab.mi), 1);
}

#[test]
fn synchronous_commit_needs_both_sides_and_then_waits() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let mode = Some(ReplicationMode::Sync);
    lab.apply(UpdateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        replication_mode: mode,
        databases: None,
    });
    lab.settle();
    assert_eq!(
        lab.insert(lab.sql, 1).unwrap().hardened,
        None,
        "SQL Server's half is asynchronous still"
    );
    let change = MemberChange {
        availability_mode: Some(AvailabilityMode::SynchronousCommit),
        ..MemberChange::default()
    };
    let changes = ["AG_db1", "AG_db1_MI"].map(|member| (Name::new(member), change.clone()));
    lab.apply(AlterAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
        action: GroupAction::ModifyMembers(changes.to_vec()),
    });
    lab.settle();
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::Synchronized
    );
    let now = lab.world.now();
    let hardened = lab
        .insert(lab.sql, 2)
        .unwrap()
        .hardened
        .expect("the commit waits");
    assert!(hardened > now);
}

#[test]
fn deleting_the_link_leaves_an_independent_database_and_an_orphaned_group() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    let operation = lab.apply(DeleteLink {
        instance: lab.mi,
        name: "dag_DB1".into(),
    });
    lab.settle();
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded {
            has_result: false,
            ..
        }
    ));
    assert!(lab.world.links.is_empty());
    lab.insert(lab.mi, 7)
        .expect("the instance's database is writable now");
    assert!(lab.world.instance(lab.mi).unwrap().groups.is_empty());
    let sql = lab.world.instance(lab.sql).unwrap();
    assert!(sql.group("DAG_db1").is_some());
    let refused = lab.world.apply(
        lab.world.now(),
        DropAvailabilityGroup {
            instance: lab.sql,
            name: "AG_db1".into(),
        },
    );
    assert!(refused.is_err(), "the distributed group still uses it");
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
    });
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
    });
    let missing = lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    assert!(matches!(
        lab.outcome(missing),
        OperationState::Failed { .. }
    ));
}

#[test]
fn dropping_the_group_on_sql_server_disconnects_the_instance() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_link();
    lab.settle();
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "DAG_db1".into(),
    });
    assert!(!lab.status().connected);
    assert!(
        lab.world
            .instance(lab.mi)
            .unwrap()
            .database("db1")
            .unwrap()
            .is_secondary()
    );
}

#[test]
fn an_instance_that_is_the_initial_primary_seeds_sql_server_once_that_is_granted() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(Some(Step::CreateDag));
    lab.apply(DropAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
    });
    lab.apply(DropDatabase {
        instance: lab.sql,
        name: "db1".into(),
        session: None,
    });
    lab.apply(CreateDatabase {
        instance: lab.mi,
        name: "db1".into(),
        collation: None,
    });
    lab.create_empty_group();
    let url = format!("tcp://{}:5022;Server=[sqlmi1];Database=[db1]", lab.fqdn);
    lab.create_dag(&url);
    let spec = LinkSpec {
        instance_role: LinkRole::Primary,
        ..Lab::spec()
    };
    lab.apply(CreateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        spec,
    });
    lab.settle();
    assert_eq!(
        lab.link().phase,
        Phase::Connected,
        "seeding is not permitted yet"
    );
    let action = GroupAction::CreateAnyDatabase(true);
    lab.apply(AlterAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
        action,
    });
    assert_eq!(lab.settle().last(), Some(&"LinkSynchronizing"));
    let copy = lab
        .world
        .instance(lab.sql)
        .unwrap()
        .database("db1")
        .unwrap();
    assert!(copy.is_secondary() && copy.group.is_some());
}

#[test]
fn a_refused_command_leaves_the_world_equal() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.insert(lab.sql, 1).unwrap();
    let before = lab.world.clone();
    let refused = lab.insert(lab.sql, 1);
    assert!(
        matches!(
            refused,
            Err(Refusal::Write(WriteRefusal::DuplicateKey { .. }))
        ),
        "{refused:?}"
    );
    assert_eq!(lab.world, before);
    let again = CreateDatabase {
        instance: lab.sql,
        name: "DB1".into(),
        collation: None,
    };
    assert!(lab.world.apply(lab.world.now(), again).is_err());
    assert_eq!(lab.world, before);
}

#[test]
fn advancing_in_two_steps_equals_advancing_in_one() {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    let end = lab.world.now() + Span::minutes(30);
    let mut whole = lab.world.clone();
    whole.advance_to(end);
    for minutes in 1..=30 {
        lab.world.advance_to(START + Span::minutes(minutes));
    }
    lab.world.advance_to(end);
    assert_eq!(lab.world, whole);
}

#[test]
fn a_database_made_anew_is_not_the_one_a_copy_followed() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    lab.settle();
    for group in ["DAG_db1", "AG_db1"] {
        let name = group.into();
        lab.apply(DropAvailabilityGroup {
            instance: lab.sql,
            name,
        });
    }
    lab.apply(DropDatabase {
        instance: lab.sql,
        name: "db1".into(),
        session: None,
    });
    lab.apply(CreateDatabase {
        instance: lab.sql,
        name: "db1".into(),
        collation: None,
    });
    let copy = lab.world.instance(lab.mi).unwrap().database("db1").unwrap();
    assert!(copy.is_secondary() && source_of(&lab.world, copy).is_none());
}

#[test]
fn what_is_rolled_back_is_sent_like_everything_else_in_the_log() {
    let mut lab = Lab::linked(Profile::Azure);
    let instance = lab.sql;
    let transaction = lab.apply(BeginTransaction { instance });
    lab.insert_in(instance, 1, Some(transaction)).unwrap();
    lab.apply(Rollback {
        instance,
        transaction,
        savepoint: None,
    });
    let queued = |lab: &Lab| lab.status().positions.unwrap().send_queue_bytes;
    assert!(queued(&lab) > 0, "it is on its way");
    lab.settle();
    assert_eq!(queued(&lab), 0);
    assert_eq!(lab.rows(lab.mi), 0);
}
