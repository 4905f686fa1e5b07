//! What a planned failover waits for, how long, and what refuses it; and what a synchronous commit waits for.

mod lab;

use std::sync::Arc;

use lab::Lab;
use milink_core::World;
use milink_core::availability_group::{AvailabilityMode, Role};
use milink_core::command::*;
use milink_core::database::DatabaseState;
use milink_core::durations::{Profile, Transition};
use milink_core::endpoint::EndpointState;
use milink_core::ids::{InstanceId, SessionId};
use milink_core::link::*;
use milink_core::lsn::Lsn;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use milink_core::refusal::*;
use milink_core::store::Op;
use milink_core::time::{Span, Timestamp};
use milink_core::value::Value;

const ON_SQL: (Role, Role) = (Role::Primary, Role::Secondary);
const ON_INSTANCE: (Role, Role) = (Role::Secondary, Role::Primary);

fn group() -> String {
    "DAG_db1".to_owned()
}

fn slow(lab: &mut Lab, transition: Transition, span: Span) {
    lab.world
        .durations
        .overrides
        .insert(transition, span.into());
}

fn suspend(lab: &mut Lab, instance: InstanceId, change: DatabaseChange) {
    lab.apply(AlterDatabase {
        instance,
        name: "db1".into(),
        changes: vec![change],
    });
}

/// 33 MB of log that say nothing.
fn write_much(lab: &mut Lab) {
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
}

fn outcome(lab: &Lab, began: Timestamp) -> FailoverOutcome {
    FailoverOutcome::of(&lab.world, lab.sql, &Name::new("DAG_db1"), began)
}

#[test]
fn a_secondary_that_does_not_catch_up_in_time_calls_the_failover_off() {
    let mut lab = Lab::linked(Profile::Azure);
    slow(&mut lab, Transition::NetworkLatency, Span::minutes(60));
    lab.insert(lab.sql, 1).unwrap();
    let began = lab.world.now();
    let over = lab.alter_dag(GroupAction::Failover).unwrap().unwrap();
    assert_eq!(over, began + Span::minutes(5), "the limit");
    assert_eq!(outcome(&lab, began), FailoverOutcome::Running(Some(over)));
    lab.world.advance_to(over);
    let reason = FailoverRefusal::CannotCatchUp { group: group() };
    assert_eq!(
        outcome(&lab, began),
        FailoverOutcome::CalledOff(reason.clone())
    );
    assert_eq!(lab.link().called_off, Some((began, reason)));
    assert_eq!(lab.roles(), ON_SQL);
    lab.insert(lab.sql, 2).expect("the primary writes again");
}

#[test]
fn what_arrives_in_time_completes_the_failover() {
    let mut lab = Lab::linked(Profile::Azure);
    let began = lab.world.now();
    lab.insert(lab.sql, 1).unwrap();
    lab.alter_dag(GroupAction::Failover).unwrap();
    // A person stops the redo meanwhile, and lets it go on after a minute.
    let mi = lab.mi;
    suspend(&mut lab, mi, DatabaseChange::HadrSuspend);
    lab.world.advance_to(began + Span::minutes(1));
    assert!(matches!(outcome(&lab, began), FailoverOutcome::Running(_)));
    let mi = lab.mi;
    suspend(&mut lab, mi, DatabaseChange::HadrResume);
    lab.settle();
    assert_eq!(outcome(&lab, began), FailoverOutcome::Done);
    assert_eq!(lab.world.now(), began + Span::minutes(1));
    assert_eq!(lab.roles(), ON_INSTANCE);
    assert_eq!(lab.rows(lab.mi), 1);
}

#[test]
fn a_lost_partner_calls_the_failover_off_at_once() {
    let mut lab = Lab::linked(Profile::Azure);
    let began = lab.world.now();
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.turn_endpoint(EndpointState::Stopped);
    let reason = FailoverRefusal::NotSynchronizing { group: group() };
    assert_eq!(
        outcome(&lab, began),
        FailoverOutcome::CalledOff(reason.clone())
    );
    assert_eq!(lab.link().called_off, Some((began, reason)));
    assert_eq!(lab.roles(), ON_SQL);
    lab.turn_endpoint(EndpointState::Started);
    lab.settle();
    let began = lab.world.now();
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    lab.settle();
    assert!(matches!(
        outcome(&lab, began),
        FailoverOutcome::Done | FailoverOutcome::CalledOff(_)
    ));
}

#[test]
fn an_operation_ends_when_its_failover_is_called_off() {
    let mut lab = Lab::linked_from_instance(Profile::Azure);
    slow(&mut lab, Transition::NetworkLatency, Span::minutes(60));
    lab.insert(lab.mi, 1).unwrap();
    let operation = lab.fail_over(FailoverKind::Planned).unwrap();
    lab.world.advance_to(lab.world.now() + Span::minutes(5));
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Failed { .. }
    ));
    assert_eq!(lab.roles(), ON_INSTANCE);
}

/// Sets the state of the linked database of an instance.
#[derive(Clone)]
struct SetState(InstanceId, DatabaseState);

impl Request for SetState {
    type Reply = ();

    fn apply(self, world: &mut World) -> Result<(), Refusal> {
        let instance = Arc::make_mut(world.instances.get_mut(&self.0).unwrap());
        let id = instance.database("db1").unwrap().id;
        let database = instance.databases.get_mut(&id).unwrap();
        Arc::make_mut(database).state = self.1;
        Ok(())
    }
}

#[test]
fn each_state_of_the_secondary_has_its_own_refusal() {
    type Make = fn(&mut Lab);
    let cases: [(&str, Make, FailoverRefusal); 5] = [
        (
            "nothing is sent",
            |lab| {
                slow(lab, Transition::NetworkLatency, Span::minutes(60));
                write_much(lab);
            },
            FailoverRefusal::SendQueueTooLarge { group: group() },
        ),
        (
            "nothing is redone",
            |lab| {
                slow(lab, Transition::Redo, Span::minutes(60));
                write_much(lab);
                let soon = lab.world.now() + Span::seconds(1);
                lab.world.advance_to(soon);
                let positions = lab.status().positions.unwrap();
                assert_eq!(positions.send_queue_bytes, 0);
                assert_eq!(lab.status().redo_lag, Span::seconds(1));
            },
            FailoverRefusal::RedoQueueTooLarge { group: group() },
        ),
        (
            "the instance's database is not there",
            |lab| lab.apply(SetState(lab.mi, DatabaseState::Suspect)),
            FailoverRefusal::DatabaseInaccessible { group: group() },
        ),
        (
            "suspended",
            |lab| suspend(lab, lab.mi, DatabaseChange::HadrSuspend),
            FailoverRefusal::NotSynchronizing { group: group() },
        ),
        (
            "away",
            |lab| lab.turn_endpoint(EndpointState::Stopped),
            FailoverRefusal::NotSynchronizing { group: group() },
        ),
    ];
    for (what, make, expected) in cases {
        let mut lab = Lab::linked(Profile::Azure);
        make(&mut lab);
        let before = lab.world.clone();
        let refused = lab.alter_dag(GroupAction::Failover);
        assert_eq!(refused, Err(expected.into()), "{what}");
        assert_eq!(lab.world, before, "{what}");
    }
}

#[test]
fn a_forced_failover_redoes_what_was_hardened() {
    let mut lab = Lab::linked(Profile::Azure);
    slow(&mut lab, Transition::Redo, Span::minutes(60));
    lab.insert(lab.sql, 1).unwrap();
    lab.world.advance_to(lab.world.now() + Span::seconds(1));
    assert_eq!(lab.rows(lab.mi), 0, "hardened, and not redone yet");
    lab.turn_endpoint(EndpointState::Stopped);
    lab.insert(lab.sql, 2).unwrap();
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    assert_eq!(lab.rows(lab.mi), 1);
    assert_eq!(lab.link().role_changes[0].lost.len(), 1);
}

fn set_mode(lab: &mut Lab, mode: AvailabilityMode, members: &[&str]) {
    let change = MemberChange {
        availability_mode: Some(mode),
        ..MemberChange::default()
    };
    let changes = members.iter().map(|name| (Name::new(name), change.clone()));
    lab.alter_dag(GroupAction::ModifyMembers(changes.collect()))
        .unwrap();
}

fn patch(lab: &mut Lab, mode: ReplicationMode) -> milink_core::ids::OperationId {
    lab.apply(UpdateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        replication_mode: Some(mode),
        databases: None,
    })
}

/// Both sides of a link in synchronous commit.
fn synchronous(profile: Profile) -> Lab {
    let mut lab = Lab::linked(profile);
    set_mode(
        &mut lab,
        AvailabilityMode::SynchronousCommit,
        &["AG_db1", "AG_db1_MI"],
    );
    patch(&mut lab, ReplicationMode::Sync);
    lab.settle();
    lab
}

#[test]
fn commits_wait_only_while_everything_says_so() {
    type Change = fn(&mut Lab);
    const SYNC: AvailabilityMode = AvailabilityMode::SynchronousCommit;
    const BOTH: [&str; 2] = ["AG_db1", "AG_db1_MI"];
    let cases: [(&str, Change, bool); 7] = [
        ("asynchronous", |_| {}, false),
        (
            "ARM alone",
            |lab| {
                patch(lab, ReplicationMode::Sync);
            },
            false,
        ),
        ("SQL Server alone", |lab| set_mode(lab, SYNC, &BOTH), false),
        (
            "one member only",
            |lab| {
                patch(lab, ReplicationMode::Sync);
                set_mode(lab, SYNC, &["AG_db1_MI"]);
            },
            false,
        ),
        ("both", |lab| *lab = synchronous(Profile::Azure), true),
        (
            "both, and the partner is gone: it counts as failed",
            |lab| {
                *lab = synchronous(Profile::Azure);
                lab.turn_endpoint(EndpointState::Stopped);
            },
            false,
        ),
        (
            "both, and the partner is back",
            |lab| {
                *lab = synchronous(Profile::Azure);
                lab.turn_endpoint(EndpointState::Stopped);
                lab.turn_endpoint(EndpointState::Started);
            },
            true,
        ),
    ];
    for (what, change, waits) in cases {
        let mut lab = Lab::linked(Profile::Azure);
        change(&mut lab);
        lab.settle();
        let hardened = lab.insert(lab.sql, 1).unwrap().hardened;
        assert_eq!(hardened.is_some(), waits, "{what}");
        if let Some(hardened) = hardened {
            lab.world.advance_to(hardened);
            let position = lab.status().positions.unwrap().hardened;
            assert_eq!(position, lab.db(lab.sql).log.end(), "{what}");
        }
    }
}

#[test]
fn health_says_whether_a_synchronous_secondary_is_behind() {
    let mut lab = synchronous(Profile::Azure);
    assert_eq!(lab.status().health, Health::Healthy);
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::Synchronized
    );
    slow(&mut lab, Transition::NetworkLatency, Span::seconds(10));
    lab.insert(lab.sql, 1).unwrap();
    assert_eq!(lab.status().health, Health::PartiallyHealthy);
    lab.settle();
    assert_eq!(lab.status().health, Health::Healthy);
    // And back again.
    let operation = patch(&mut lab, ReplicationMode::Async);
    lab.settle();
    assert!(matches!(
        lab.outcome(operation),
        OperationState::Succeeded { .. }
    ));
    assert_eq!(
        lab.status().synchronization,
        SynchronizationState::Synchronizing
    );
    assert_eq!(lab.insert(lab.sql, 2).unwrap().hardened, None);
}

#[test]
fn the_documented_recipe_finds_equal_positions_that_do_not_change() {
    // Stop the workload, go synchronous, wait for SYNCHRONIZED and equal, unchanging positions, and swap by hand.
    let mut lab = Lab::linked(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    set_mode(
        &mut lab,
        AvailabilityMode::SynchronousCommit,
        &["AG_db1", "AG_db1_MI"],
    );
    patch(&mut lab, ReplicationMode::Sync);
    let mut seen: Vec<(SynchronizationState, Lsn, Lsn)> = Vec::new();
    for _ in 0..20 {
        lab.world.advance_to(lab.world.now() + Span::seconds(5));
        let status = lab.status();
        let at = status.positions.unwrap();
        seen.push((status.synchronization, at.end_of_log, at.hardened));
    }
    let last = *seen.last().unwrap();
    assert_eq!(last.0, SynchronizationState::Synchronized);
    assert_eq!(last.1, last.2, "equal");
    assert!(
        seen.iter().rev().take(10).all(|at| *at == last),
        "unchanging"
    );
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    lab.set_role(LinkRole::Primary, true).unwrap();
    assert!(lab.link().role_changes[0].lost.is_empty());
    assert_eq!(lab.roles(), ON_INSTANCE);
}

#[test]
fn a_required_secondary_that_is_not_there_stops_the_primary() {
    let mut lab = synchronous(Profile::Azure);
    let require = |lab: &mut Lab, count| {
        let options = GroupOptions {
            required_synchronized_secondaries: Some(count),
            ..GroupOptions::default()
        };
        lab.alter_dag(GroupAction::Set(options))
    };
    let group = group();
    assert_eq!(
        require(&mut lab, 2),
        Err(GroupRefusal::TooManyRequiredSecondaries { group, count: 2 }.into())
    );
    require(&mut lab, 1).unwrap();
    lab.insert(lab.sql, 1).expect("the secondary is there");
    lab.settle();
    lab.turn_endpoint(EndpointState::Stopped);
    let refused = lab.insert(lab.sql, 2);
    let name = "db1".to_owned();
    assert_eq!(
        refused,
        Err(DatabaseRefusal::QuorumLost { name }.into()),
        "nobody else has it"
    );
    require(&mut lab, 0).unwrap();
    lab.insert(lab.sql, 2).expect("nobody is required");
}
