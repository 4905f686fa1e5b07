//! Links with several databases: made, changed, failed over and dropped as one.

mod lab;

use lab::Lab;
use milink_core::availability_group::Role;
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::ids::InstanceId;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use milink_core::refusal::*;
use milink_core::time::Span;
use milink_core::version::{Build, UpdatePolicy};

const DATABASES: [&str; 3] = ["db1", "db2", "db3"];
const SYNCHRONIZING: &str = "LinkSynchronizing";

fn rows(lab: &Lab, instance: InstanceId) -> Vec<usize> {
    let rows = |database: &&str| lab.rows_in(instance, database);
    DATABASES.iter().map(rows).collect()
}

fn role(lab: &Lab, instance: InstanceId) -> Option<Role> {
    lab.member("db1").role_on(&lab.world, instance)
}

fn alter(action: fn(Vec<Name>) -> GroupAction, database: &str) -> GroupAction {
    action(vec![Name::new(database)])
}

#[test]
fn every_database_is_copied_with_its_own_cursor() {
    for profile in [Profile::Instant, Profile::Fast, Profile::Azure] {
        let mut lab = Lab::with_several(profile, &DATABASES);
        let (sql, mi) = (lab.sql, lab.mi);
        for (database, times) in DATABASES.iter().zip(1..) {
            for value in 0..times {
                lab.insert_into(sql, database, value).unwrap();
            }
        }
        lab.settle();
        assert_eq!(rows(&lab, mi), [1, 2, 3]);
        assert!(lab.insert_into(mi, "db2", 9).is_err(), "it follows");
        let suspend = |instance, change| AlterDatabase {
            instance,
            name: "db2".into(),
            changes: vec![change],
        };
        lab.apply(suspend(mi, DatabaseChange::HadrSuspend));
        for database in DATABASES {
            lab.insert_into(sql, database, 7).unwrap();
        }
        lab.settle();
        assert_eq!(rows(&lab, mi), [2, 2, 4], "one waits, the others do not");
        assert_eq!(lab.member_status("db2").health, Health::NotHealthy);
        assert_eq!(lab.member_status("db1").health, Health::Healthy);
        assert_eq!(lab.group().health(&lab.world), Health::NotHealthy);
        lab.apply(suspend(mi, DatabaseChange::HadrResume));
        lab.settle();
        assert_eq!(rows(&lab, mi), [2, 3, 4]);
        assert_eq!(lab.group().health(&lab.world), Health::Healthy);
    }
}

#[test]
fn the_operation_is_over_before_the_databases_show() {
    let mut lab = Lab::ready_for_several(Profile::Azure, &DATABASES);
    let operation = lab.create_several(&DATABASES).unwrap();
    while matches!(lab.outcome(operation), OperationState::InProgress) {
        assert!(lab.states().is_empty());
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded { .. }
    ));
    assert!(lab.states().is_empty(), "a read right after it has none");
    let due = lab.world.next_due().unwrap();
    lab.world.advance_to(due);
    let states: Vec<&str> = lab.states().into_iter().map(|state| state.1).collect();
    assert_eq!(states, ["InitiatingLink"; 3]);
    lab.settle();
    let states: Vec<&str> = lab.states().into_iter().map(|state| state.1).collect();
    assert_eq!(states, [SYNCHRONIZING; 3]);
    // Asked for again, it is there.
    let again = lab.create_several(&["db3", "db2", "db1"]).unwrap();
    assert!(matches!(
        lab.outcome(again),
        OperationState::Succeeded { .. }
    ));
    let other = lab.create_several(&["db1", "db2"]);
    let name = "DAG_db1".to_owned();
    assert_eq!(other, Err(LinkRefusal::OtherLinkExists { name }.into()));
}

#[test]
fn what_cannot_be_made_says_why() {
    /// What is spoilt, the databases that are asked for, and which of them says what.
    type Case = (
        fn(&mut Lab),
        &'static [&'static str],
        (&'static str, LinkError),
    );
    let cases: [Case; 3] = [
        // A subset of the group's databases.
        (
            |_| {},
            &["db1", "db3"],
            (
                "db1",
                LinkError::DatabaseOmitted {
                    database: "db2".into(),
                },
            ),
        ),
        // One that is not in the group: the others go on.
        (
            |lab| lab.add_database("db4"),
            &["db1", "db2", "db3", "db4"],
            (
                "db4",
                LinkError::DatabaseNotResponding {
                    database: "db4".into(),
                },
            ),
        ),
        // A build that knows no such links.
        (
            |lab| lab.set_versions(Build::SQL_2022_CU13, UpdatePolicy::SqlServer2022),
            &DATABASES,
            (
                "db2",
                LinkError::VersionNotSupported {
                    build: Build::SQL_2022_CU13.to_string(),
                },
            ),
        ),
    ];
    for (spoil, databases, (database, error)) in cases {
        let mut lab = Lab::ready_for_several(Profile::Azure, &DATABASES);
        spoil(&mut lab);
        lab.create_several(databases).unwrap();
        lab.settle();
        let link = lab.member(database);
        assert!(matches!(link.phase, Phase::Failed { .. }), "{database}");
        assert_eq!(link.last_error, Some(error), "{database}");
    }
}

#[test]
fn modes_do_not_mix() {
    // A link with one database from a server in multiple-database mode.
    let mut lab = Lab::ready_for_several(Profile::Azure, &["db1"]);
    lab.create_link();
    lab.settle();
    let server = "multiple-database";
    assert_eq!(
        lab.link().last_error,
        Some(LinkError::ModeMismatch { server })
    );
    // The mode cannot be changed while a link is there.
    let dag = "DAG_db1".to_owned();
    assert_eq!(
        lab.set_mode(false),
        Err(GroupRefusal::LinkModeInUse { dag }.into())
    );
    assert_eq!(lab.set_mode(true), Ok(()), "it is what it is");
    let name = "DAG_db1".to_owned();
    assert_eq!(
        lab.create_several(&["db1"]),
        Err(LinkRefusal::OtherLinkExists { name }.into())
    );
    // A link with several databases from a server that was not switched to that mode.
    let mut lab = Lab::new(Profile::Azure);
    lab.set_versions(Build::SQL_2022_CU27, UpdatePolicy::SqlServer2022);
    lab.prepare(None);
    lab.create_several(&["db1"]).unwrap();
    lab.settle();
    let server = "single-database";
    assert_eq!(
        lab.member("db1").last_error,
        Some(LinkError::ModeMismatch { server })
    );
    // Nor switched on where it does not exist.
    let mut lab = Lab::new(Profile::Azure);
    let what = "Multiple-database link mode";
    assert_eq!(
        lab.set_mode(true),
        Err(GroupRefusal::NotInThisVersion { what }.into())
    );
}

#[test]
fn a_planned_failover_takes_all_databases_and_comes_back() {
    for profile in [Profile::Instant, Profile::Fast, Profile::Azure] {
        let mut lab = Lab::with_several(profile, &DATABASES);
        let (sql, mi) = (lab.sql, lab.mi);
        for database in DATABASES {
            lab.insert_into(sql, database, 1).unwrap();
        }
        lab.alter_dag(GroupAction::Failover).unwrap();
        lab.settle();
        assert_eq!(role(&lab, mi), Some(Role::Primary));
        assert_eq!(role(&lab, sql), Some(Role::Secondary));
        assert_eq!(rows(&lab, mi), [1, 1, 1]);
        for database in DATABASES {
            lab.insert_into(mi, database, 2).unwrap();
            assert!(lab.insert_into(sql, database, 3).is_err());
            let changes = &lab.member(database).role_changes;
            assert!(matches!(changes.as_slice(), [one] if !one.forced && one.lost.is_empty()));
        }
        let operation = lab.fail_over(FailoverKind::Planned).unwrap();
        lab.settle();
        assert!(matches!(
            lab.outcome(operation),
            OperationState::Succeeded { .. }
        ));
        assert_eq!(role(&lab, sql), Some(Role::Primary));
        assert_eq!(rows(&lab, sql), [2, 2, 2]);
    }
}

#[test]
fn one_database_that_cannot_follow_holds_all_of_them_back() {
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    let instance = lab.mi;
    lab.apply(AlterDatabase {
        instance,
        name: "db2".into(),
        changes: vec![DatabaseChange::HadrSuspend],
    });
    let group = "DAG_db1".to_owned();
    assert_eq!(
        lab.alter_dag(GroupAction::Failover),
        Err(FailoverRefusal::NotSynchronizing { group }.into())
    );
    assert_eq!(role(&lab, lab.sql), Some(Role::Primary));
    lab.insert_into(lab.sql, "db1", 1).unwrap();
    // While it is on its way, a lost connection calls all of them off.
    lab.apply(AlterDatabase {
        instance,
        name: "db2".into(),
        changes: vec![DatabaseChange::HadrResume],
    });
    lab.settle();
    lab.alter_dag(GroupAction::Failover).unwrap();
    for database in DATABASES {
        assert!(matches!(
            lab.member(database).phase,
            Phase::FailingOver { .. }
        ));
    }
    lab.turn_endpoint(EndpointState::Stopped);
    for database in DATABASES {
        assert!(matches!(
            lab.member(database).phase,
            Phase::Synchronizing { .. }
        ));
        assert!(lab.member(database).called_off.is_some());
    }
    assert_eq!(role(&lab, lab.sql), Some(Role::Primary));
}

#[test]
fn a_forced_failover_splits_all_databases_and_each_counts_its_loss() {
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    let (sql, mi) = (lab.sql, lab.mi);
    lab.turn_endpoint(EndpointState::Stopped);
    lab.insert_into(sql, "db1", 1).unwrap();
    lab.insert_into(sql, "db3", 1).unwrap();
    lab.insert_into(sql, "db3", 2).unwrap();
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    let lost: Vec<usize> = DATABASES
        .iter()
        .map(|database| lab.member(database).role_changes[0].lost.len())
        .collect();
    assert_eq!(lost, [1, 0, 2]);
    for database in DATABASES {
        lab.insert_into(mi, database, 5).unwrap();
    }
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    lab.turn_endpoint(EndpointState::Started);
    lab.settle();
    for database in DATABASES {
        lab.apply(AlterDatabase {
            instance: sql,
            name: database.into(),
            changes: vec![DatabaseChange::HadrResume],
        });
    }
    lab.settle();
    assert_eq!(rows(&lab, sql), [1, 1, 1], "the winner's rows");
    let states: Vec<&str> = lab.states().into_iter().map(|state| state.1).collect();
    assert_eq!(states, [SYNCHRONIZING; 3]);
}

#[test]
fn a_database_added_on_the_primary_comes_by_itself() {
    let mut lab = Lab::with_several(Profile::Azure, &["db1", "db2"]);
    lab.add_database("db3");
    lab.create_table_in(lab.sql, "db3");
    lab.alter_group("AG_db1", alter(GroupAction::AddDatabases, "db3"))
        .unwrap();
    lab.settle();
    assert_eq!(lab.states().len(), 3);
    lab.insert_into(lab.sql, "db3", 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows_in(lab.mi, "db3"), 1);
    // One whose name the instance has cannot come, and is told so; the others go on.
    lab.add_database("db4");
    lab.apply(CreateDatabase {
        instance: lab.mi,
        name: "db4".into(),
        collation: None,
    });
    lab.alter_group("AG_db1", alter(GroupAction::AddDatabases, "db4"))
        .unwrap();
    lab.settle();
    let database = "db4".to_owned();
    assert_eq!(
        lab.member("db4").last_error,
        Some(LinkError::TargetDatabaseExists { database })
    );
    assert_eq!(lab.group().health(&lab.world), Health::NotHealthy);
    assert_eq!(lab.member_status("db1").health, Health::Healthy);
    // On the secondary side nothing can be added.
    lab.alter_group("AG_db1", alter(GroupAction::RemoveDatabases, "db4"))
        .unwrap();
    lab.set_databases(&["db1", "db2", "db3"]).unwrap();
    lab.settle();
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    let group = "AG_db1".to_owned();
    assert_eq!(
        lab.alter_group("AG_db1", alter(GroupAction::AddDatabases, "db4")),
        Err(GroupRefusal::NotPrimary { group }.into())
    );
    // With the instance as primary, its PATCH adds one.
    lab.apply(CreateDatabase {
        instance: lab.mi,
        name: "db5".into(),
        collation: None,
    });
    lab.create_table_in(lab.mi, "db5");
    lab.alter_group("AG_db1", GroupAction::CreateAnyDatabase(true))
        .unwrap();
    lab.set_databases(&["db1", "db2", "db3", "db5"]).unwrap();
    lab.settle();
    lab.insert_into(lab.mi, "db5", 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows_in(lab.sql, "db5"), 1);
}

#[test]
fn a_database_is_removed_on_both_sides() {
    // SQL Server first, as documented where it is primary: the copy stays until the link lets it go.
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    lab.alter_group("AG_db1", alter(GroupAction::RemoveDatabases, "db2"))
        .unwrap();
    assert!(matches!(lab.member("db2").phase, Phase::Failed { .. }));
    assert!(lab.insert_into(lab.mi, "db2", 1).is_err(), "still a copy");
    assert_eq!(lab.group().health(&lab.world), Health::NotHealthy);
    lab.set_databases(&["db1", "db3"]).unwrap();
    lab.settle();
    assert_eq!(lab.states().len(), 2);
    lab.insert_into(lab.mi, "db2", 1).unwrap();
    lab.insert_into(lab.sql, "db2", 1).unwrap();
    assert_eq!(lab.group().health(&lab.world), Health::Healthy);
    // The link first: the group is not healthy until the database has left it too.
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    lab.set_databases(&["db1", "db3"]).unwrap();
    lab.settle();
    assert_eq!(lab.states().len(), 2, "it does not come back by itself");
    assert_eq!(lab.group().health(&lab.world), Health::NotHealthy);
    lab.insert_into(lab.mi, "db2", 1).unwrap();
    lab.alter_group("AG_db1", alter(GroupAction::RemoveDatabases, "db2"))
        .unwrap();
    assert_eq!(lab.group().health(&lab.world), Health::Healthy);
    assert!(lab.group().left_out.is_empty());
    // With the instance as primary, SQL Server keeps its copy in the group until it is removed there.
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    lab.set_databases(&["db1", "db3"]).unwrap();
    lab.settle();
    assert_eq!(lab.group().health(&lab.world), Health::NotHealthy);
    lab.insert_into(lab.mi, "db2", 1).unwrap();
    assert!(lab.insert_into(lab.sql, "db2", 1).is_err());
    lab.alter_group("AG_db1", alter(GroupAction::RemoveDatabases, "db2"))
        .unwrap();
    assert_eq!(lab.group().health(&lab.world), Health::Healthy);
}

#[test]
fn a_patch_says_the_complete_set_or_a_mode() {
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    for bad in [&[][..], &["db1", "DB1"]] {
        assert_eq!(
            lab.set_databases(bad),
            Err(LinkRefusal::BadMembers.into()),
            "{bad:?}"
        );
    }
    let update = |replication_mode, databases| UpdateLink {
        instance: InstanceId(2),
        name: "DAG_db1".into(),
        replication_mode,
        databases,
    };
    let now = lab.world.now();
    let nothing = lab.world.apply(now, update(None, None));
    assert_eq!(nothing, Err(LinkRefusal::BadMembers.into()));
    let operation = lab.apply(update(Some(ReplicationMode::Sync), None));
    let name = "DAG_db1".to_owned();
    let busy: Refusal = LinkRefusal::Busy { name }.into();
    assert_eq!(lab.set_databases(&["db1"]), Err(busy.clone()));
    assert_eq!(lab.alter_dag(GroupAction::Failover), Err(busy.clone()));
    lab.settle();
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded { .. }
    ));
    for database in DATABASES {
        assert_eq!(lab.member(database).replication_mode, ReplicationMode::Sync);
    }
}

#[test]
fn a_link_that_is_deleted_lets_all_databases_go() {
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    let delete = DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    };
    let operation = lab.apply(delete.clone());
    lab.settle();
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded { .. }
    ));
    assert!(lab.world.links.is_empty() && lab.world.link_groups.is_empty());
    for database in DATABASES {
        lab.insert_into(lab.mi, database, 1).unwrap();
        lab.insert_into(lab.sql, database, 1).unwrap();
    }
    assert!(lab.world.instance(lab.mi).unwrap().groups.is_empty());
    // While it is being made, nothing of it stays.
    let mut lab = Lab::ready_for_several(Profile::Azure, &DATABASES);
    let created = lab.create_several(&DATABASES).unwrap();
    lab.apply(delete);
    let soon = lab.world.now() + Span::minutes(10);
    lab.world.advance_to(soon);
    milink_core::invariants::check(&lab.world).unwrap();
    assert!(!matches!(lab.outcome(created), OperationState::InProgress));
    assert!(lab.world.links.is_empty() && lab.world.link_groups.is_empty());
    assert!(lab.world.instance(lab.mi).unwrap().groups.is_empty());
}

#[test]
fn every_database_counts_towards_the_limit() {
    let mut lab = Lab::ready_for_several(Profile::Instant, &["db1", "db2"]);
    for number in 0..99 {
        lab.apply(CreateDatabase {
            instance: lab.mi,
            name: format!("other{number}").into(),
            collation: None,
        });
    }
    assert_eq!(
        lab.create_several(&["db1", "db2"]),
        Err(LinkRefusal::TooManyLinks.into())
    );
    lab.alter_group("AG_db1", alter(GroupAction::RemoveDatabases, "db2"))
        .unwrap();
    lab.create_several(&["db1"]).unwrap();
    lab.settle();
    // SQL Server does not know: adding succeeds there, and the replication fails.
    lab.alter_group("AG_db1", alter(GroupAction::AddDatabases, "db2"))
        .unwrap();
    lab.settle();
    let database = "db2".to_owned();
    assert_eq!(
        lab.member("db2").last_error,
        Some(LinkError::NoCapacity { database })
    );
    assert_eq!(lab.member_status("db1").replica_state, SYNCHRONIZING);
}

#[test]
fn a_managed_instance_can_be_the_first_primary_of_all_databases() {
    let mut lab = Lab::several_from_instance(Profile::Azure, &DATABASES);
    let (sql, mi) = (lab.sql, lab.mi);
    for database in DATABASES {
        lab.insert_into(mi, database, 1).unwrap();
        assert!(lab.insert_into(sql, database, 2).is_err());
    }
    lab.settle();
    assert_eq!(rows(&lab, sql), [1, 1, 1]);
    lab.fail_over(FailoverKind::Planned).unwrap();
    lab.settle();
    assert_eq!(role(&lab, sql), Some(Role::Primary));
    lab.insert_into(sql, "db2", 2).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, mi), [1, 2, 1]);
    // A database that is not there, or in another link, cannot be asked for.
    let mut lab = Lab::several_from_instance(Profile::Azure, &["db1", "db2"]);
    let database = "db9".to_owned();
    assert_eq!(
        lab.set_databases(&["db1", "db2", "db9"]),
        Err(LinkRefusal::DatabaseNotFound { database }.into())
    );
}

#[test]
fn a_database_that_is_tried_again_goes_the_way_of_the_others() {
    // Not while the roles change.
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    lab.alter_group("AG_db1", alter(GroupAction::RemoveDatabases, "db1"))
        .unwrap();
    lab.alter_dag(GroupAction::Failover).unwrap();
    let name = "DAG_db1".to_owned();
    assert_eq!(
        lab.create_several(&DATABASES),
        Err(LinkRefusal::Busy { name }.into())
    );
    // After a split, it turns with them.
    let mut lab = Lab::with_several(Profile::Azure, &DATABASES);
    lab.alter_group("AG_db1", alter(GroupAction::RemoveDatabases, "db1"))
        .unwrap();
    lab.set_role(LinkRole::Primary, true).unwrap();
    lab.create_several(&DATABASES).unwrap();
    lab.set_role(LinkRole::Secondary, true).unwrap();
    for database in DATABASES {
        assert_eq!(lab.member(database).role, LinkRole::Secondary, "{database}");
    }
    lab.settle();
}

#[test]
fn a_link_can_have_as_many_databases_as_an_instance() {
    let names: Vec<String> = (1..=100).map(|number| format!("db{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Lab::with_several(Profile::Instant, &names);
    lab.insert_into(lab.sql, "db77", 1).unwrap();
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    assert_eq!(role(&lab, lab.mi), Some(Role::Primary));
    assert_eq!(lab.rows_in(lab.mi, "db77"), 1);
    assert_eq!(lab.rows_in(lab.mi, "db78"), 0);
}
