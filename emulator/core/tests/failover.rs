//! The roles of a link: planned and forced failover, two primaries and the way back together, through either door.

mod lab;

use std::sync::Arc;

use lab::Lab;
use milink_core::availability_group::Role;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::database::{DatabaseState, SuspendReason};
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::ids::{InstanceId, SessionId};
use milink_core::instance::InstanceKind;
use milink_core::link::*;
use milink_core::operation::{OperationError, OperationState};
use milink_core::refusal::*;
use milink_core::store::Op;
use milink_core::time::Span;
use milink_core::value::Value;
use milink_core::version::{Build, UpdatePolicy};

const ON_SQL: (Role, Role) = (Role::Primary, Role::Secondary);
const ON_INSTANCE: (Role, Role) = (Role::Secondary, Role::Primary);

fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> FailoverRefusal {
    match answer {
        Err(Refusal::Failover(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Sets the build of SQL Server and the policy of the instance.
#[derive(Clone)]
struct SetVersions(InstanceId, Build, InstanceId, UpdatePolicy);

impl Request for SetVersions {
    type Reply = ();

    fn apply(self, world: &mut milink_core::World) -> Result<(), Refusal> {
        let server = Arc::make_mut(world.instances.get_mut(&self.0).unwrap());
        let InstanceKind::SqlServer(sql) = &mut server.kind else {
            panic!("not a SQL Server")
        };
        sql.build = self.1;
        let instance = Arc::make_mut(world.instances.get_mut(&self.2).unwrap());
        instance.as_managed_instance_mut().unwrap().update_policy = self.3;
        Ok(())
    }
}

#[test]
fn planned_failover_swaps_the_roles_and_loses_nothing() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    let written = lab.db(lab.sql).log.end();
    let over = lab.alter_dag(GroupAction::Failover).unwrap().unwrap();
    assert!(over > lab.world.now(), "it takes time");
    assert_eq!(lab.status().replica_state, "LinkFailoverInProgress");
    assert_eq!(lab.roles(), (Role::Resolving, Role::Secondary));
    let closed = lab.insert(lab.sql, 2);
    assert!(
        matches!(
            closed,
            Err(Refusal::Database(DatabaseRefusal::RoleChanging { .. }))
        ),
        "{closed:?}"
    );
    lab.settle();
    assert_eq!(lab.world.now(), over);
    assert_eq!(lab.roles(), ON_INSTANCE);
    assert_eq!(lab.status().instance_role, LinkRole::Primary);
    let change = &lab.link().role_changes[0];
    assert_eq!((change.common, change.end), (written, written));
    assert_eq!(
        lab.db(lab.mi).log.end(),
        written,
        "the log goes on where it was"
    );

    lab.insert(lab.mi, 3).unwrap();
    assert!(lab.insert(lab.sql, 4).is_err(), "SQL Server follows now");
    lab.settle();
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (2, 2));
    assert_eq!(lab.status().health, Health::Healthy);
}

#[test]
fn the_instance_hands_back_and_its_operation_ends_with_the_failover() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    lab.insert(lab.mi, 1).unwrap();
    let operation = lab.fail_over(FailoverKind::Planned).unwrap();
    assert_eq!(*lab.outcome(operation), OperationState::InProgress);
    lab.settle();
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded {
            has_result: true,
            ..
        }
    ));
    assert_eq!(lab.roles(), ON_SQL);
    lab.insert(lab.sql, 2).unwrap();
    lab.settle();
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (2, 2));
    assert_eq!(lab.link().role_changes.len(), 2);
}

#[test]
fn an_instance_that_was_the_initial_primary_fails_over_and_back() {
    let mut lab = Lab::linked_from_instance(Profile::Fast);
    assert_eq!(lab.roles(), ON_INSTANCE);
    lab.insert(lab.mi, 1).unwrap();
    lab.fail_over(FailoverKind::Planned).unwrap();
    lab.settle();
    assert_eq!(lab.roles(), ON_SQL);
    lab.insert(lab.sql, 2).unwrap();
    lab.set_role(LinkRole::Secondary, false)
        .expect_err("it is secondary already");
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    assert_eq!(lab.roles(), ON_INSTANCE);
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (2, 2));
    assert_eq!(
        lab.link().spec.instance_role,
        LinkRole::Primary,
        "that is what was asked for"
    );
}

#[test]
fn a_planned_failover_without_the_partner_is_called_off() {
    let mut lab = Lab::linked_from_instance(Profile::Azure);
    let operation = lab.fail_over(FailoverKind::Planned).unwrap();
    lab.turn_endpoint(EndpointState::Stopped);
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Failed {
            error: OperationError::Link(LinkError::FailoverFailed),
            ..
        }
    ));
    assert_eq!(lab.roles(), ON_INSTANCE);
    lab.insert(lab.mi, 1).expect("the roles are as they were");
    assert_eq!(
        refused(lab.fail_over(FailoverKind::Planned)),
        FailoverRefusal::NotSynchronizing {
            group: "DAG_db1".into()
        }
    );
    lab.turn_endpoint(EndpointState::Started);
    lab.settle();
    lab.fail_over(FailoverKind::Planned).unwrap();
    lab.settle();
    assert_eq!(lab.roles(), ON_SQL);
}

#[test]
fn each_wrong_way_to_ask_has_its_own_refusal() {
    let group = || "DAG_db1".to_owned();
    let mut lab = Lab::linked(Profile::Azure);
    assert_eq!(
        refused(lab.fail_over(FailoverKind::Planned)),
        FailoverRefusal::NotPrimary { group: group() }
    );
    assert_eq!(
        refused(lab.set_role(LinkRole::Primary, false)),
        FailoverRefusal::PlannedToPrimary { group: group() }
    );
    assert_eq!(
        refused(lab.set_role(LinkRole::Secondary, true)),
        FailoverRefusal::AlreadyInRole { group: group() }
    );
    let forced = lab.alter_dag(GroupAction::ForceFailover);
    assert!(
        matches!(
            forced,
            Err(Refusal::Group(GroupRefusal::AlreadyPrimary { .. }))
        ),
        "{forced:?}"
    );
    lab.alter_dag(GroupAction::Failover).unwrap();
    let running = FailoverRefusal::InProgress { group: group() };
    assert_eq!(refused(lab.alter_dag(GroupAction::Failover)), running);
    assert_eq!(
        refused(lab.alter_dag(GroupAction::SetRoleSecondary)),
        running
    );
    assert_eq!(
        refused(lab.fail_over(FailoverKind::ForcedAllowDataLoss)),
        running
    );
    lab.settle();
    assert_eq!(
        refused(lab.alter_dag(GroupAction::Failover)),
        FailoverRefusal::NotPrimary { group: group() }
    );
    assert_eq!(
        refused(lab.alter_dag(GroupAction::SetRoleSecondary)),
        FailoverRefusal::AlreadyInRole { group: group() }
    );
}

#[test]
fn versions_decide_which_failovers_there_are() {
    type Ask = fn(&mut Lab) -> Result<(), Refusal>;
    let planned: Ask = |lab| lab.alter_dag(GroupAction::Failover).map(drop);
    let forced: Ask = |lab| lab.fail_over(FailoverKind::ForcedAllowDataLoss).map(drop);
    let group = || "DAG_db1".to_owned();
    let cases: [(Build, UpdatePolicy, Ask, Option<FailoverRefusal>); 7] = [
        (
            Build::SQL_2019,
            UpdatePolicy::SqlServer2022,
            planned,
            Some(FailoverRefusal::PlannedNotInVersion { group: group() }),
        ),
        (
            Build::SQL_2022_CU10,
            UpdatePolicy::SqlServer2022,
            planned,
            Some(FailoverRefusal::PlannedNotInVersion { group: group() }),
        ),
        (
            Build::SQL_2022_CU13,
            UpdatePolicy::AlwaysUpToDate,
            planned,
            Some(FailoverRefusal::FormatsDiffer {
                build: Build::SQL_2022_CU13.to_string(),
            }),
        ),
        (Build::SQL_2025, UpdatePolicy::SqlServer2025, planned, None),
        (
            Build::SQL_2019,
            UpdatePolicy::SqlServer2022,
            forced,
            Some(FailoverRefusal::OneWay { group: group() }),
        ),
        (
            Build::SQL_2025,
            UpdatePolicy::AlwaysUpToDate,
            forced,
            Some(FailoverRefusal::OneWay { group: group() }),
        ),
        (
            Build::SQL_2022_CU10,
            UpdatePolicy::SqlServer2022,
            forced,
            None,
        ),
    ];
    for (build, policy, ask, expected) in cases {
        let mut lab = Lab::linked(Profile::Fast);
        lab.apply(SetVersions(lab.sql, build, lab.mi, policy));
        match (ask(&mut lab), expected) {
            (Ok(()), None) => {}
            (answer, Some(expected)) => assert_eq!(refused(answer), expected, "{build} {policy:?}"),
            (answer, None) => panic!("{build} {policy:?}: {answer:?}"),
        }
    }
}

#[test]
fn a_group_that_is_no_link_does_not_fail_over() {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(Some(lab::Step::CreateDag));
    lab.create_dag("tcp://elsewhere:5022");
    assert_eq!(
        refused(lab.alter_dag(GroupAction::Failover)),
        FailoverRefusal::NotALink {
            group: "DAG_db1".into()
        }
    );
    let now = lab.world.now();
    let local = AlterAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
        action: GroupAction::ForceFailover,
    };
    assert!(matches!(
        lab.world.apply(now, local),
        Err(Refusal::Group(GroupRefusal::AlreadyPrimary { .. }))
    ));
}

#[test]
fn a_forced_failover_loses_exactly_what_was_not_hardened() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    lab.turn_endpoint(EndpointState::Stopped);
    let common = lab.db(lab.sql).log.end();
    for value in 2..=4 {
        lab.insert(lab.sql, value).unwrap();
    }
    let fork = lab.db(lab.mi).recovery_fork;
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    let change = lab.link().role_changes[0].clone();
    assert_eq!(change.common, common);
    assert_eq!(change.lost.len(), 3);
    assert!(change.lost.iter().all(|lost| lost.lsn > common));
    assert_eq!(lab.rows(lab.mi), 1);
    assert_ne!(lab.db(lab.mi).recovery_fork, fork, "a new recovery fork");
    assert_eq!(lab.roles(), (Role::Primary, Role::Primary));
    lab.insert(lab.mi, 20).unwrap();
    lab.insert(lab.sql, 5)
        .expect("the old primary does not know");
}

#[test]
fn after_a_split_the_side_that_gives_up_goes_back_and_follows() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    lab.turn_endpoint(EndpointState::Stopped);
    lab.insert(lab.sql, 2).unwrap();
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    lab.turn_endpoint(EndpointState::Started);
    lab.settle();
    assert!(!lab.status().connected, "two primaries do not connect");
    assert_eq!(lab.status().health, Health::NotHealthy);
    lab.insert(lab.sql, 3).unwrap();
    lab.insert(lab.mi, 20).unwrap();

    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    assert!(lab.insert(lab.sql, 4).is_err(), "it has given up");
    while !matches!(lab.link().phase, Phase::Reverting { .. }) {
        let due = lab.world.next_due().expect("it reconnects");
        lab.world.advance_to(due);
    }
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::Reverting
    );
    assert_eq!(lab.db(lab.sql).state, DatabaseState::Recovering);
    lab.settle();
    assert_eq!(
        lab.rows(lab.sql),
        1,
        "what it had committed alone is undone"
    );
    assert_eq!(lab.link().role_changes[0].discarded.len(), 2);
    assert_eq!(lab.db(lab.sql).suspended, Some(SuspendReason::Partner));
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::NotSynchronizing
    );
    assert_eq!(lab.db(lab.sql).recovery_fork, lab.db(lab.mi).recovery_fork);

    lab.resume();
    assert_eq!(lab.settle().last(), Some(&"LinkSynchronizing"));
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (2, 2));
    lab.fail_over(FailoverKind::Planned).unwrap();
    lab.settle();
    assert_eq!(lab.roles(), ON_SQL);
    lab.insert(lab.sql, 30).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 3);
}

#[test]
fn the_forced_side_may_be_the_one_that_gives_up() {
    let mut lab = Lab::linked(Profile::Fast);
    lab.turn_endpoint(EndpointState::Stopped);
    lab.insert(lab.sql, 1).unwrap();
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    lab.insert(lab.mi, 2).unwrap();
    lab.turn_endpoint(EndpointState::Started);
    lab.set_role(LinkRole::Secondary, true).unwrap();
    lab.settle();
    assert_eq!(lab.roles(), ON_SQL);
    assert_eq!(
        lab.db(lab.mi).suspended,
        None,
        "the service resumes by itself"
    );
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (1, 1));
    lab.insert(lab.sql, 3).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 2);
}

#[test]
fn sql_server_forces_when_the_instance_is_primary() {
    let mut lab = Lab::linked_from_instance(Profile::Fast);
    lab.turn_endpoint(EndpointState::Stopped);
    lab.insert(lab.mi, 1).unwrap();
    lab.alter_dag(GroupAction::ForceFailover).unwrap();
    assert_eq!(lab.link().role_changes[0].lost.len(), 1);
    assert_eq!(
        lab.status().instance_role,
        LinkRole::Primary,
        "it does not know"
    );
    lab.insert(lab.sql, 2).unwrap();
    lab.turn_endpoint(EndpointState::Started);
    lab.set_role(LinkRole::Secondary, true).unwrap();
    lab.settle();
    assert_eq!(lab.roles(), ON_SQL);
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (1, 1));
}

#[test]
fn giving_up_the_role_by_hand_and_forcing_the_other_side_loses_nothing() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    assert_eq!(lab.roles(), (Role::Secondary, Role::Secondary));
    for side in [lab.sql, lab.mi] {
        assert!(lab.insert(side, 2).is_err(), "nobody writes");
    }
    lab.settle();
    let hardened = lab.status().positions.unwrap().hardened;
    assert_eq!(
        hardened,
        lab.db(lab.sql).log.end(),
        "the recipe's equal LSNs"
    );
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    assert!(lab.link().role_changes[0].lost.is_empty());
    lab.settle();
    lab.resume();
    lab.settle();
    assert_eq!(lab.roles(), ON_INSTANCE);
    assert!(lab.link().role_changes[0].discarded.is_empty());
    lab.insert(lab.mi, 2).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.sql), 2);
}

#[test]
fn giving_up_the_role_is_undone_by_forcing_it_back() {
    let mut lab = Lab::linked(Profile::Fast);
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    lab.alter_dag(GroupAction::ForceFailover).unwrap();
    lab.settle();
    assert_eq!(lab.roles(), ON_SQL);
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows(lab.mi), 1);
    assert!(lab.link().role_changes.is_empty());
}

#[test]
fn without_the_log_back_to_the_common_point_the_link_has_to_be_made_anew() {
    let mut lab = Lab::linked(Profile::Fast);
    lab.turn_endpoint(EndpointState::Stopped);
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    // The link holds the log of both sides; only a database that is not in a group any more loses it.
    lab.insert(lab.sql, 1).unwrap();
    lab.apply(Backup {
        instance: lab.sql,
        database: "db1".into(),
        kind: BackupKind::Log,
        copy_only: false,
        devices: vec![BackupDevice::Disk("d".into())],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "sa".into(),
    });
    assert_eq!(
        lab.db(lab.sql)
            .log
            .from(lab.link().fork.as_ref().unwrap().common)
            .count(),
        2
    );
    let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
    for name in ["DAG_db1", "AG_db1"] {
        lab.apply(DropAvailabilityGroup {
            instance: lab.sql,
            name: name.into(),
        });
    }
    for model in [
        milink_core::database::RecoveryModel::Simple,
        milink_core::database::RecoveryModel::Full,
    ] {
        lab.apply(AlterDatabase {
            instance: lab.sql,
            name: "db1".into(),
            changes: vec![DatabaseChange::Recovery(model)],
        });
        lab.insert(lab.sql, 2 + model as i64).unwrap();
    }
    lab.apply(Backup {
        instance: lab.sql,
        database: "db1".into(),
        kind: BackupKind::Full,
        copy_only: false,
        devices: vec![BackupDevice::Disk("d".into())],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "sa".into(),
    });
    lab.create_group(vec!["db1".into()]);
    lab.create_dag(&url);
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    lab.turn_endpoint(EndpointState::Started);
    lab.settle();
    assert!(
        matches!(
            &lab.link().phase,
            Phase::Failed {
                error: LinkError::LogGone { .. },
                ..
            }
        ),
        "{:?}",
        lab.link().phase
    );
    lab.insert(lab.mi, 9).expect("the new primary goes on");
}

#[test]
fn a_role_change_ends_what_is_open() {
    let mut lab = Lab::linked(Profile::Fast);
    let (instance, db) = (lab.sql, lab.db(lab.sql).clone());
    let transaction = lab.apply(BeginTransaction { instance });
    let table = db.content.tables.values().next().unwrap();
    let write = Write {
        instance,
        database: db.id,
        session: SessionId(51),
        transaction: Some(transaction),
        ops: vec![Op::Insert {
            table: table.definition.object,
            id: table.next_row(),
            row: Arc::new([Value::Int(7)]),
        }],
    };
    lab.apply(write.clone());
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    let now = lab.world.now();
    let commit = Commit {
        instance,
        transaction,
    };
    for answer in [
        lab.world.apply(now, commit).map(drop),
        lab.world.apply(now, write).map(drop),
    ] {
        assert!(
            matches!(answer, Err(Refusal::Write(WriteRefusal::Killed { .. }))),
            "{answer:?}"
        );
    }
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (0, 0));
    lab.apply(Rollback {
        instance,
        transaction,
        savepoint: None,
    });
    lab.apply(commit);
}

#[test]
fn too_much_unsent_log_refuses_a_planned_failover() {
    let mut lab = Lab::linked(Profile::Azure);
    // Nothing is redone for an hour: what is committed piles up.
    lab.world.durations.overrides.insert(
        milink_core::durations::Transition::NetworkLatency,
        Span::minutes(60).into(),
    );
    let db = lab.db(lab.sql).clone();
    let table = db.content.tables.values().next().unwrap();
    let row = Arc::from([Value::Str("x".repeat(1 << 20).into())]);
    let delete = |_| Op::Delete {
        table: table.definition.object,
        id: table.next_row(),
        before: Arc::clone(&row),
    };
    lab.apply(Write {
        instance: lab.sql,
        database: db.id,
        session: SessionId(51),
        transaction: None,
        ops: (0..33).map(delete).collect(),
    });
    assert_eq!(
        refused(lab.alter_dag(GroupAction::Failover)),
        FailoverRefusal::SendQueueTooLarge {
            group: "DAG_db1".into()
        }
    );
}

#[test]
fn deleting_the_link_cuts_over_and_leaves_the_groups_on_sql_server_orphaned() {
    let mut lab = Lab::linked(Profile::Fast);
    lab.apply(SetVersions(
        lab.sql,
        Build::SQL_2019,
        lab.mi,
        UpdatePolicy::SqlServer2022,
    ));
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    lab.settle();
    lab.insert(lab.mi, 2).unwrap();
    lab.insert(lab.sql, 3).unwrap();
    let sql = lab.world.instance(lab.sql).unwrap();
    let orphan = sql.group("DAG_db1").unwrap().as_distributed().unwrap();
    assert_eq!(orphan.role, Role::Primary);
}

#[test]
fn a_link_deleted_after_the_failover_leaves_sql_server_a_copy_that_waits_for_a_restore() {
    let mut lab = Lab::linked(Profile::Fast);
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    lab.settle();
    lab.insert(lab.mi, 1).unwrap();
    assert!(lab.insert(lab.sql, 1).is_err());
    for name in ["DAG_db1", "AG_db1"] {
        lab.apply(DropAvailabilityGroup {
            instance: lab.sql,
            name: name.into(),
        });
    }
    assert_eq!(lab.db(lab.sql).state, DatabaseState::Restoring);
    lab.apply(DropDatabase {
        instance: lab.sql,
        name: "db1".into(),
        session: None,
    });
}

#[test]
fn a_link_deleted_while_it_fails_over_calls_the_failover_off() {
    let mut lab = Lab::linked(Profile::Azure);
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    assert!(lab.world.links.is_empty());
    lab.insert(lab.sql, 1).unwrap();
    lab.insert(lab.mi, 1).unwrap();
}
