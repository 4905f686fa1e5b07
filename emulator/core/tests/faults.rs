//! Every fault that bites in the world: installed, seen, removed, recovered from. The laws hold after every step.

mod lab;

use lab::{Lab, Step};
use milink_core::availability_group::Role;
use milink_core::command::*;
use milink_core::database::SuspendReason;
use milink_core::distributed::{Branch, CommitDistributed, Ending, Enlist, IN_DOUBT};
use milink_core::durations::Profile;
use milink_core::event::EventKind;
use milink_core::fault::{Fault, points};
use milink_core::ids::{DatabaseId, InstanceId, PrincipalId, SessionId};
use milink_core::invariants;
use milink_core::link::*;
use milink_core::operation::OperationState;
use milink_core::refusal::*;
use milink_core::time::Span;
use uuid::Uuid;

/// A fault's whole life.
struct Case {
    /// Point and words.
    fault: &'static str,
    /// Where it begins.
    start: fn() -> Lab,
    /// What is done while it is there; panics unless it shows.
    during: fn(&mut Lab),
    /// What is done when it has been removed; panics unless all is well.
    after: fn(&mut Lab),
}

/// Goes from one due moment to the next, for this long; the laws hold at each.
fn pass(lab: &mut Lab, span: Span) {
    let end = lab.world.now() + span;
    while let Some(due) = lab.world.next_due().filter(|due| *due <= end) {
        lab.world.advance_to(due);
        invariants::check(&lab.world).unwrap();
    }
    lab.world.advance_to(end);
    invariants::check(&lab.world).unwrap();
}

fn minutes(lab: &mut Lab, count: i64) {
    pass(lab, Span::minutes(count));
}

fn linked() -> Lab {
    Lab::linked(Profile::Azure)
}

fn synchronous() -> Lab {
    let mut lab = linked();
    lab.apply(UpdateLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
        replication_mode: Some(ReplicationMode::Sync),
        databases: None,
    });
    minutes(&mut lab, 1);
    lab::synchronous_on_sql_server(&mut lab);
    minutes(&mut lab, 1);
    assert!(lab.status().synchronous, "it is synchronous");
    lab
}

fn prepared() -> Lab {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab
}

fn prepared_by_name() -> Lab {
    prepared()
}

fn connected(lab: &Lab) -> bool {
    lab.link().connection.connected_since.is_some()
}

fn in_step(lab: &mut Lab) {
    minutes(lab, 20);
    let status = lab.status();
    assert_eq!(status.replica_state, "LinkSynchronizing");
    assert_eq!(status.health, Health::Healthy);
    assert_eq!(lab.rows(lab.sql), lab.rows(lab.mi));
}

fn lost(lab: &mut Lab) {
    minutes(lab, 1);
    assert!(!connected(lab));
    assert_eq!(lab.status().health, Health::NotHealthy);
    lab.insert(lab.sql, 1).unwrap();
    minutes(lab, 1);
    assert_eq!((lab.rows(lab.sql), lab.rows(lab.mi)), (1, 0));
}

fn never_connects(lab: &mut Lab) {
    lab.create_link();
    minutes(lab, 6);
    assert_eq!(lab.status().replica_state, "LinkInitError");
}

fn made_again(lab: &mut Lab) {
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    minutes(lab, 5);
    lab.create_link();
    in_step(lab);
}

fn seeding_again(lab: &mut Lab) {
    lab.create_link();
    minutes(lab, 5);
    let runs = &lab.link().seedings;
    assert!(runs.len() > 1, "{runs:?}");
    assert!(matches!(runs[0].outcome, SeedingOutcome::Failed(..)));
}

fn creation_fails(lab: &mut Lab) {
    lab.create_link();
    minutes(lab, 10);
    assert_eq!(lab.status().replica_state, "LinkCreationError");
}

fn suspended(lab: &mut Lab, reason: SuspendReason) {
    lab.insert(lab.sql, 1).unwrap();
    minutes(lab, 1);
    assert_eq!(lab.db(lab.mi).suspended, Some(reason));
    assert!(connected(lab));
    assert_eq!(lab.status().health, Health::NotHealthy);
    lab.insert(lab.sql, 2).unwrap();
    minutes(lab, 1);
    assert!(lab.rows(lab.mi) < lab.rows(lab.sql), "nothing moves");
    let log = &lab.world.instance(lab.mi).unwrap().error_log;
    assert!(log.iter().any(|line| line.text.contains("suspended")));
}

fn planned(lab: &mut Lab) {
    lab.alter_dag(GroupAction::Failover).unwrap();
}

fn fails_over(lab: &mut Lab) {
    planned(lab);
    minutes(lab, 5);
    assert_eq!(lab.roles(), (Role::Secondary, Role::Primary));
}

fn restarted(lab: &Lab) -> bool {
    let mut events = lab.world.events_after(0);
    events.any(|event| matches!(event.kind, EventKind::InstanceRestarted { .. }))
}

const NOTHING: fn(&mut Lab) = |_| {};

const CASES: &[Case] = &[
    Case {
        fault: "network.partition",
        start: linked,
        during: lost,
        after: in_step,
    },
    Case {
        fault: "network.partition verdict=fail instance=sqlmi1",
        start: linked,
        during: lost,
        after: in_step,
    },
    Case {
        fault: "network.partition",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "network.one-way-to-instance",
        start: linked,
        during: lost,
        after: in_step,
    },
    Case {
        fault: "network.one-way-to-sql-server",
        start: linked,
        during: lost,
        after: in_step,
    },
    Case {
        fault: "network.only-5022-open",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "network.latency delay=5s",
        start: linked,
        during: |lab| {
            lab.insert(lab.sql, 1).unwrap();
            pass(lab, Span::seconds(4));
            assert_eq!(lab.rows(lab.mi), 0);
            assert!(lab.status().send_lag >= Span::seconds(3));
            pass(lab, Span::seconds(2));
            assert_eq!(lab.rows(lab.mi), 1);
        },
        after: in_step,
    },
    Case {
        fault: "network.loss delay=5s times=1",
        start: linked,
        during: |lab| {
            lab.insert(lab.sql, 1).unwrap();
            lab.insert(lab.sql, 2).unwrap();
            pass(lab, Span::seconds(4));
            assert_eq!(lab.rows(lab.mi), 0);
            pass(lab, Span::seconds(2));
            assert_eq!(lab.rows(lab.mi), 2, "they come in a burst");
        },
        after: in_step,
    },
    Case {
        fault: "dns.unresolved host=sqlserver1.contoso.local",
        start: prepared_by_name,
        during: |lab| {
            lab::create_link_at(lab, "TCP://sqlserver1.contoso.local:5022");
            minutes(lab, 6);
            assert_eq!(lab.status().replica_state, "LinkInitError");
        },
        after: made_again,
    },
    Case {
        fault: "dns.wrong-server to=10.9.9.9",
        start: prepared_by_name,
        during: |lab| {
            lab::create_link_at(lab, "TCP://sqlserver1.contoso.local:5022");
            minutes(lab, 6);
            assert_eq!(lab.status().replica_state, "LinkInitError");
        },
        after: made_again,
    },
    Case {
        fault: "endpoint.stopped instance=sqlserver1",
        start: linked,
        during: lost,
        after: in_step,
    },
    Case {
        fault: "endpoint.port-busy",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "certificate.expired",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "certificate.not-yet-valid",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "certificate.unknown",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "certificate.renamed",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "certificate.issuer-untrusted",
        start: prepared,
        during: never_connects,
        after: made_again,
    },
    Case {
        fault: "certificate.expired",
        start: linked,
        during: |lab| {
            minutes(lab, 5);
            assert!(connected(lab), "a connection that is there survives");
            lab.turn_endpoint(milink_core::endpoint::EndpointState::Stopped);
            minutes(lab, 1);
            lab.turn_endpoint(milink_core::endpoint::EndpointState::Started);
            minutes(lab, 5);
            assert!(!connected(lab), "the next handshake fails");
            assert!(matches!(
                lab.link().last_error,
                Some(LinkError::PartnerCertificateInvalid { .. })
            ));
        },
        after: in_step,
    },
    Case {
        fault: "log.full database=db1",
        start: linked,
        during: |lab| {
            let refused = lab.insert(lab.sql, 1).unwrap_err();
            assert!(matches!(
                refused,
                Refusal::Write(WriteRefusal::LogFull { .. })
            ));
            assert_eq!(lab.rows(lab.sql), 0);
        },
        after: |lab| {
            lab.insert(lab.sql, 1).unwrap();
            in_step(lab);
        },
    },
    Case {
        fault: "log.truncated-while-seeding",
        start: prepared,
        during: creation_fails,
        after: made_again,
    },
    Case {
        fault: "log.disk-full-while-seeding times=1",
        start: prepared,
        during: seeding_again,
        after: in_step,
    },
    Case {
        fault: "seeding.stalled percent=40",
        start: prepared,
        during: |lab| {
            lab.create_link();
            minutes(lab, 60);
            let status = lab.status();
            assert_eq!(status.replica_state, "Seeding");
            assert!(
                (38..=40).contains(&status.seeding_percent.unwrap()),
                "{status:?}"
            );
        },
        after: |lab| {
            pass(lab, Span::seconds(20));
            assert!(lab.status().seeding_percent.unwrap() > 40, "it goes on");
            in_step(lab);
        },
    },
    Case {
        fault: "seeding.slow delay=1h",
        start: prepared,
        during: |lab| {
            lab.create_link();
            minutes(lab, 50);
            assert_eq!(lab.status().replica_state, "Seeding");
        },
        after: in_step,
    },
    Case {
        fault: "seeding.fails times=1",
        start: prepared,
        during: seeding_again,
        after: in_step,
    },
    Case {
        fault: "seeding.cancelled",
        start: prepared,
        during: creation_fails,
        after: made_again,
    },
    Case {
        fault: "replication.send-lag delay=30s",
        start: linked,
        during: |lab| {
            lab.insert(lab.sql, 1).unwrap();
            pass(lab, Span::seconds(25));
            assert_eq!(lab.rows(lab.mi), 0);
            assert!(lab.status().send_lag >= Span::seconds(25));
        },
        after: in_step,
    },
    Case {
        fault: "replication.redo-lag delay=30s",
        start: linked,
        during: |lab| {
            lab.insert(lab.sql, 1).unwrap();
            pass(lab, Span::seconds(25));
            let positions = lab.status().positions.expect("it replicates");
            assert!(positions.redo_queue_bytes > 0, "hardened, and not redone");
            assert_eq!(positions.send_queue_bytes, 0);
            assert_eq!(lab.rows(lab.mi), 0);
        },
        after: in_step,
    },
    Case {
        fault: "replication.unacknowledged delay=10s times=1",
        start: synchronous,
        during: |lab| {
            let now = lab.world.now();
            let hardened = lab.insert(lab.sql, 1).unwrap().hardened.unwrap();
            assert!(hardened >= now + Span::seconds(10));
            let hardened = lab.insert(lab.sql, 2).unwrap().hardened.unwrap();
            assert!(hardened < now + Span::seconds(1));
        },
        after: in_step,
    },
    Case {
        fault: "replication.suspended-user",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::User),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-partner",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Partner),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-redo",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Redo),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-capture",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Capture),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-apply",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Apply),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-restart",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Restart),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-undo",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Undo),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-revalidation",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Revalidation),
        after: in_step,
    },
    Case {
        fault: "replication.suspended-xrf-update",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::XrfUpdate),
        after: in_step,
    },
    Case {
        fault: "replication.disk-full",
        start: linked,
        during: |lab| suspended(lab, SuspendReason::Redo),
        after: in_step,
    },
    Case {
        fault: "crash.before-step step=connect times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.before-step step=seeding times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.before-step step=seeded instance=sqlmi1 times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.before-step step=recovery times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.before-step step=catchUp times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.after-step step=connect times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.after-step step=seeding times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.after-step step=seeded times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.after-step step=recovery instance=sqlmi1 times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.after-step step=catchUp times=1",
        start: prepared,
        during: crashes_on_the_way,
        after: NOTHING,
    },
    Case {
        fault: "crash.before-step step=failover times=1",
        start: linked,
        during: |lab| {
            planned(lab);
            minutes(lab, 5);
            assert!(restarted(lab));
            assert_eq!(
                lab.roles(),
                (Role::Primary, Role::Secondary),
                "it was called off"
            );
        },
        after: fails_over,
    },
    Case {
        fault: "crash.after-step step=failover times=1",
        start: linked,
        during: |lab| {
            planned(lab);
            minutes(lab, 5);
            assert!(restarted(lab));
            assert_eq!(lab.roles(), (Role::Secondary, Role::Primary), "it was done");
        },
        after: |lab| {
            lab.insert(lab.mi, 1).unwrap();
            in_step(lab);
        },
    },
    Case {
        fault: "failover.cannot-catch-up times=1",
        start: linked,
        during: |lab| {
            planned(lab);
            minutes(lab, 5);
            assert_eq!(lab.roles(), (Role::Primary, Role::Secondary));
            lab.insert(lab.sql, 1).unwrap();
        },
        after: fails_over,
    },
    Case {
        fault: "failover.stuck",
        start: linked,
        during: |lab| {
            planned(lab);
            minutes(lab, 30);
            assert_eq!(lab.status().replica_state, "LinkFailoverInProgress");
            assert!(lab.insert(lab.sql, 1).is_err());
        },
        after: |lab| {
            minutes(lab, 2);
            assert_eq!(lab.roles(), (Role::Secondary, Role::Primary));
        },
    },
    Case {
        fault: "failover.cut-in-half",
        start: linked,
        during: |lab| {
            lab.insert(lab.sql, 1).unwrap();
            planned(lab);
            minutes(lab, 5);
            assert_eq!(lab.roles(), (Role::Secondary, Role::Secondary));
            assert!(lab.insert(lab.sql, 2).is_err());
            assert!(lab.insert(lab.mi, 2).is_err());
        },
        after: |lab| {
            lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
            minutes(lab, 1);
            assert_eq!(lab.rows(lab.mi), 1);
            assert!(
                lab.link().role_changes.last().unwrap().lost.is_empty(),
                "nothing is lost"
            );
            lab.insert(lab.mi, 2).unwrap();
        },
    },
    Case {
        fault: "instance.in-failover-group instance=sqlmi1",
        start: prepared,
        during: |lab| {
            let create = CreateLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
                spec: Lab::spec(),
            };
            let now = lab.world.now();
            let refused = lab.world.apply(now, create).unwrap_err();
            let instance = "sqlmi1".to_owned();
            assert_eq!(refused, LinkRefusal::InFailoverGroup { instance }.into());
        },
        after: |lab| {
            lab.create_link();
            in_step(lab);
        },
    },
    Case {
        fault: "failover.send-queue-too-large times=1",
        start: linked,
        during: |lab| {
            let refused = lab.alter_dag(GroupAction::Failover).unwrap_err();
            assert!(matches!(
                refused,
                Refusal::Failover(FailoverRefusal::SendQueueTooLarge { .. })
            ));
        },
        after: fails_over,
    },
    Case {
        fault: "failover.redo-queue-too-large link=DAG_*",
        start: linked,
        during: |lab| {
            let refused = lab.alter_dag(GroupAction::Failover).unwrap_err();
            assert!(matches!(
                refused,
                Refusal::Failover(FailoverRefusal::RedoQueueTooLarge { .. })
            ));
        },
        after: fails_over,
    },
    Case {
        fault: "operation.fails-late operation=DistributedAvailabilityGroupsDropLink code=OperationTimedOut",
        start: linked,
        during: |lab| {
            let drop = lab.apply(DeleteLink {
                instance: lab.mi,
                name: "DAG_db1".into(),
            });
            minutes(lab, 5);
            assert!(matches!(lab.outcome(drop), OperationState::Failed { .. }));
            assert!(lab.world.links.is_empty(), "it is done all the same");
        },
        after: NOTHING,
    },
    Case {
        fault: "distributed.vote-lost instance=sqlmi1",
        start: linked,
        during: |lab| {
            let ending = commit_both(lab);
            assert!(matches!(ending, Ending::Cancelled(_)), "{ending:?}");
            assert_eq!(doubtful(lab, lab.sql) + doubtful(lab, lab.mi), 1);
        },
        after: doubt_ends,
    },
    Case {
        fault: "distributed.coordinator-undecided instance=sqlserver1",
        start: linked,
        during: |lab| {
            assert_eq!(commit_both(lab), Ending::CoordinatorDown);
            assert_eq!(doubtful(lab, lab.mi), 1);
            assert!(restarted(lab));
        },
        after: doubt_ends,
    },
    Case {
        fault: "distributed.coordinator-decided",
        start: linked,
        during: |lab| {
            assert_eq!(commit_both(lab), Ending::CoordinatorDown);
            assert_eq!(doubtful(lab, lab.mi), 1);
            assert!(restarted(lab));
        },
        after: doubt_ends,
    },
    Case {
        fault: "distributed.participant-down",
        start: linked,
        during: |lab| {
            assert!(matches!(commit_both(lab), Ending::Committed(_)));
            assert_eq!(doubtful(lab, lab.mi), 1);
            assert!(restarted(lab));
        },
        after: doubt_ends,
    },
    Case {
        fault: "distributed.decision-lost instance=sqlmi1",
        start: linked,
        during: |lab| {
            assert!(matches!(commit_both(lab), Ending::Committed(_)));
            let parts = &lab.world.instance(lab.mi).unwrap().distributed;
            let part = parts.values().next().expect("there is one");
            assert_eq!((part.session, part.recovered), (IN_DOUBT, false));
        },
        after: doubt_ends,
    },
];

/// Commits a distributed transaction of both sides that began on SQL Server.
fn commit_both(lab: &mut Lab) -> Ending {
    let (coordinator, unit) = part(lab, lab.sql, None);
    let (branch, _) = part(lab, lab.mi, Some(unit));
    let ending = lab.apply(CommitDistributed {
        coordinator,
        branches: vec![branch],
    });
    invariants::check(&lab.world).unwrap();
    ending
}

/// How many parts an instance has in doubt.
fn doubtful(lab: &Lab, instance: InstanceId) -> usize {
    let parts = lab.world.instance(instance).unwrap().distributed.values();
    parts.filter(|part| part.in_doubt.is_some()).count()
}

fn doubt_ends(lab: &mut Lab) {
    minutes(lab, 5);
    invariants::check(&lab.world).unwrap();
    let parts = [lab.sql, lab.mi].map(|id| lab.world.instance(id).unwrap().distributed.len());
    assert_eq!(parts, [0, 0], "it asks until it hears");
}

/// A part of a distributed transaction, in a session of its own.
fn part(lab: &mut Lab, instance: InstanceId, unit: Option<Uuid>) -> (Branch, Uuid) {
    let now = lab.world.now();
    let session = milink_core::session::Session {
        id: SessionId(0),
        login: PrincipalId(1),
        login_name: "sa".into(),
        database: DatabaseId(1),
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
    let session = lab.apply(OpenSession { instance, session });
    let branch = Branch {
        instance,
        session,
        transaction: lab.apply(BeginTransaction { instance }),
    };
    let unit = lab.apply(Enlist { branch, unit });
    (branch, unit)
}

fn crashes_on_the_way(lab: &mut Lab) {
    lab.create_link();
    minutes(lab, 30);
    assert!(restarted(lab));
    in_step(lab);
}

#[test]
fn every_fault_of_the_world_bites_shows_and_is_recovered_from() {
    for case in CASES {
        let mut words = case.fault.split(' ');
        let fault = Fault::of_words(words.next().unwrap(), words).unwrap();
        let mut lab = (case.start)();
        let now = lab.world.now();
        let id = lab.world.install_fault(now, fault).unwrap();
        invariants::check(&lab.world).unwrap();
        (case.during)(&mut lab);
        let rule = lab.world.faults().get(id).unwrap();
        assert!(rule.bitten > 0, "{} has not bitten", case.fault);
        let mut events = lab.world.events_after(0);
        assert!(events.any(|event| matches!(event.kind, EventKind::FaultBit { .. })));
        drop(events);
        let now = lab.world.now();
        lab.world.remove_fault(now, id).unwrap();
        invariants::check(&lab.world).unwrap();
        (case.after)(&mut lab);
    }
}

/// Points that only the shell asks are tested with it.
#[test]
fn every_point_of_the_world_is_tested() {
    let shell = ["arm", "entra", "tds", "login"];
    let polls = ["operation.lost", "operation.never-ends"];
    for point in points() {
        let tested = CASES
            .iter()
            .any(|case| case.fault.split(' ').next() == Some(point.name));
        let elsewhere = shell.contains(&point.family()) || polls.contains(&point.name);
        assert!(tested || elsewhere, "{}", point.name);
    }
}

#[test]
fn the_same_world_bites_alike() {
    let run = || {
        let mut lab = linked();
        for words in [
            "network.loss probability=0.5 delay=2s",
            "log.full probability=0.3",
        ] {
            let mut words = words.split(' ');
            let fault = Fault::of_words(words.next().unwrap(), words).unwrap();
            let now = lab.world.now();
            lab.world.install_fault(now, fault).unwrap();
        }
        for value in 0..50 {
            let _ = lab.insert(lab.sql, value);
            pass(&mut lab, Span::seconds(1));
        }
        lab.world
    };
    assert_eq!(run(), run());
}

#[test]
fn faults_leave_the_preparation_alone() {
    let mut lab = Lab::new(Profile::Fast);
    let now = lab.world.now();
    lab.world
        .install_fault(now, Fault::named("network.partition").unwrap())
        .unwrap();
    lab.prepare(Some(Step::CreateDag));
    invariants::check(&lab.world).unwrap();
}
