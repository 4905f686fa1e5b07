//! Replicas of a local group: joining, seeding, following, losing each other, and leaving.

mod lab;

use lab::replicas::*;
use lab::*;
use milink_core::availability_group::*;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::database::DatabaseState;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::ids::SessionId;
use milink_core::invariants;
use milink_core::link::SynchronizationState as S;
use milink_core::network::{Reach, SetReach};
use milink_core::refusal::{GroupRefusal, Refusal};
use milink_core::replica::FollowPhase;
use milink_core::time::Span;

#[test]
fn a_second_replica_is_seeded_and_follows() {
    for profile in [Profile::Instant, Profile::Fast, Profile::Azure] {
        let mut lab = Lab::replicated(profile);
        assert_eq!(lab.synchronization(SECOND), Some(S::Synchronized));
        assert_eq!(lab.role_in_group(SECOND), Some(Role::Secondary));
        let (ours, theirs) = (lab.db(lab.sql), lab.db(SECOND));
        assert_eq!(
            (ours.guid, ours.group.unwrap().1),
            (theirs.guid, theirs.group.unwrap().1)
        );
        for value in 1..=3 {
            let committed = lab.insert(lab.sql, value).unwrap();
            // A synchronous commit waits until the secondary has it.
            assert!(committed.hardened.is_some(), "{profile:?}");
        }
        lab.settle();
        assert_eq!(lab.rows(SECOND), 3);
        let refused = lab.insert(SECOND, 4);
        assert!(refused.is_err(), "{refused:?}");
    }
}

#[test]
fn a_replica_joins_when_nothing_keeps_it_from_its_primary() {
    for apart in [
        Apart::Hadr,
        Apart::Endpoint,
        Apart::CertificateOnSecond,
        Apart::CertificateOnFirst,
        Apart::Replica,
        Apart::Started,
        Apart::SameEncryption,
    ] {
        let mut lab = Lab::with_second(Profile::Fast, Some(apart));
        let before = lab.world.clone();
        let expected: Refusal = match apart {
            Apart::Hadr => GroupRefusal::HadrDisabled.into(),
            Apart::Endpoint => GroupRefusal::NoEndpoint.into(),
            _ => {
                let group = "AG_db1".to_owned();
                GroupRefusal::NoContactWithPrimary { group }.into()
            }
        };
        assert_eq!(lab.join(SECOND), Err(expected), "{apart:?}");
        invariants::check_refusal(&before, &lab.world).unwrap();
    }
    let mut lab = Lab::with_second(Profile::Fast, None);
    let join = |lab: &mut Lab, cluster| lab.alter_on(SECOND, GroupAction::Join { cluster });
    let group = "AG_db1".to_owned();
    let differs = GroupRefusal::ClusterTypeDiffers { group };
    assert_eq!(join(&mut lab, None), Err(differs.into()));
    join(&mut lab, Some(ClusterType::None)).unwrap();
    let name = "AG_db1".to_owned();
    assert_eq!(lab.join(SECOND), Err(GroupRefusal::Exists { name }.into()));
    // Without GRANT CREATE ANY DATABASE nothing is copied.
    lab.settle();
    let server = lab.world.instance(SECOND).unwrap();
    assert!(server.database("db1").is_none());
    assert_eq!(lab.synchronization(SECOND), Some(S::NotSynchronizing));
}

#[test]
fn the_configuration_of_the_primary_reaches_the_secondary() {
    let mut lab = Lab::replicated(Profile::Fast);
    let half = |lab: &Lab, instance| {
        let group = lab
            .world
            .instance(instance)
            .unwrap()
            .group("AG_db1")
            .unwrap();
        let local = group.as_local().unwrap();
        (local.replicas.clone(), group.sequence)
    };
    let change = ReplicaChange {
        availability_mode: Some(AvailabilityMode::AsynchronousCommit),
        ..ReplicaChange::default()
    };
    let first = lab.sql;
    lab.alter_on(
        first,
        GroupAction::ModifyReplica("sqlserver2".into(), change),
    )
    .unwrap();
    assert_eq!(half(&lab, first), half(&lab, SECOND));
    assert_eq!(lab.synchronization(SECOND), Some(S::Synchronizing));
    assert_eq!(lab.insert(first, 1).unwrap().hardened, None);
    // It changes on the primary only.
    let refused = lab.alter_on(SECOND, GroupAction::RemoveReplica("sqlserver2".into()));
    let group = "AG_db1".to_owned();
    assert_eq!(refused, Err(GroupRefusal::NotPrimary { group }.into()));
}

#[derive(Clone, Copy, Debug)]
enum Loss {
    Stopped,
    Endpoint,
    Silence,
}

#[test]
fn a_replica_that_was_away_catches_up() {
    for (loss, at_once) in [
        (Loss::Stopped, true),
        (Loss::Endpoint, true),
        (Loss::Silence, false),
    ] {
        for of in [SECOND, milink_core::ids::InstanceId(1)] {
            let mut lab = Lab::replicated(Profile::Fast);
            let first = lab.sql;
            lose(&mut lab, loss, of, true);
            let connected = |lab: &Lab| {
                let secondary = lab.set().unwrap().secondary(SECOND).unwrap();
                secondary.connection.connected_since.is_some()
            };
            assert_eq!(connected(&lab), !at_once, "{loss:?}");
            let stopped = matches!(loss, Loss::Stopped) && of == first;
            if !stopped {
                // The primary goes on alone; until it has given the other up, commits wait for that.
                let committed = lab.insert(first, 1).unwrap();
                assert_eq!(committed.hardened.is_some(), !at_once, "{loss:?}");
            }
            let now = lab.world.now();
            lab.world.advance_to(now + Span::seconds(11));
            invariants::check(&lab.world).unwrap();
            assert!(!connected(&lab), "{loss:?}");
            assert_eq!(lab.synchronization(SECOND), Some(S::NotSynchronizing));
            assert_eq!(lab.rows(SECOND), 0);
            lose(&mut lab, loss, of, false);
            lab.settle();
            assert_eq!(
                lab.synchronization(SECOND),
                Some(S::Synchronized),
                "{loss:?}"
            );
            assert_eq!(lab.rows(SECOND), lab.rows(first));
        }
    }
}

fn lose(lab: &mut Lab, loss: Loss, of: milink_core::ids::InstanceId, lost: bool) {
    match loss {
        Loss::Stopped if lost => lab.apply(StopServer { instance: of }),
        Loss::Stopped => lab.apply(StartServer { instance: of }),
        Loss::Endpoint => {
            let state = match lost {
                true => EndpointState::Stopped,
                false => EndpointState::Started,
            };
            lab.turn_endpoint_of(of, state);
        }
        Loss::Silence => lab.apply(SetReach {
            from: of,
            to: if of == SECOND { lab.sql } else { SECOND },
            reach: if lost { Reach::Silent } else { Reach::Open },
        }),
    }
}

#[test]
fn seeding_begins_anew_after_a_break() {
    let mut lab = Lab::with_second(Profile::Azure, None);
    lab.join(SECOND).unwrap();
    lab.alter_on(SECOND, GroupAction::CreateAnyDatabase(true))
        .unwrap();
    let phase = |lab: &Lab| {
        let secondary = lab.set().unwrap().secondary(SECOND).unwrap();
        secondary.databases.values().next().unwrap().phase
    };
    while phase(&lab) != FollowPhase::Seeding {
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    lab.apply(StopServer { instance: SECOND });
    assert_eq!(phase(&lab), FollowPhase::Absent);
    let server = lab.world.instance(SECOND).unwrap();
    assert!(server.database("db1").is_none());
    lab.apply(StartServer { instance: SECOND });
    lab.settle();
    assert_eq!(lab.synchronization(SECOND), Some(S::Synchronized));
    let secondary = lab.set().unwrap().secondary(SECOND).unwrap();
    let runs = &secondary.databases.values().next().unwrap().runs;
    assert_eq!(
        runs.iter().map(|run| run.attempt).collect::<Vec<_>>(),
        [1, 2]
    );
}

/// How a replica or its database goes, and what is left on the secondary.
#[test]
fn what_leaves_the_group_waits_for_a_restore() {
    type Leave = fn(&mut Lab);
    let cases: [(&str, Leave, Option<Role>); 5] = [
        (
            "REMOVE REPLICA",
            |lab| {
                let action = GroupAction::RemoveReplica("sqlserver2".into());
                lab.alter_on(lab.sql, action).unwrap();
            },
            None,
        ),
        (
            "DROP on the primary",
            |lab| {
                let (instance, name) = (lab.sql, "AG_db1".into());
                lab.apply(DropAvailabilityGroup { instance, name });
            },
            None,
        ),
        (
            "DROP on the secondary",
            |lab| {
                let (instance, name) = (SECOND, "AG_db1".into());
                lab.apply(DropAvailabilityGroup { instance, name });
            },
            None,
        ),
        (
            "REMOVE DATABASE",
            |lab| {
                let action = GroupAction::RemoveDatabases(vec!["db1".into()]);
                lab.alter_on(lab.sql, action).unwrap();
            },
            Some(Role::Secondary),
        ),
        (
            "SET HADR OFF",
            |lab| {
                lab.apply(AlterDatabase {
                    instance: SECOND,
                    name: "db1".into(),
                    changes: vec![DatabaseChange::HadrOff],
                });
            },
            Some(Role::Secondary),
        ),
    ];
    for (name, leave, role) in cases {
        let mut lab = Lab::replicated(Profile::Fast);
        leave(&mut lab);
        lab.settle();
        invariants::check(&lab.world).unwrap();
        let copy = lab.db(SECOND);
        assert_eq!(copy.state, DatabaseState::Restoring, "{name}");
        assert_eq!((copy.group, copy.copy.is_some()), (None, false), "{name}");
        assert_eq!(lab.role_in_group(SECOND), role, "{name}");
        assert_eq!(lab.set().is_some(), role.is_some(), "{name}");
        assert_eq!(lab.db(lab.sql).state, DatabaseState::Online, "{name}");
        lab.insert(lab.sql, 1).unwrap();
    }
}

#[test]
fn who_does_not_hear_that_it_was_removed_is_left_without_a_primary() {
    let mut lab = Lab::replicated(Profile::Fast);
    lab.apply(StopServer { instance: SECOND });
    let action = GroupAction::RemoveReplica("sqlserver2".into());
    lab.alter_on(lab.sql, action).unwrap();
    lab.apply(StartServer { instance: SECOND });
    lab.settle();
    assert_eq!(lab.role_in_group(SECOND), Some(Role::Resolving));
    lab.apply(DropAvailabilityGroup {
        instance: SECOND,
        name: "AG_db1".into(),
    });
    invariants::check(&lab.world).unwrap();
}

/// SEEDING_MODE = MANUAL: backups of the primary, restored WITH NORECOVERY, and SET HADR AVAILABILITY GROUP.
#[test]
fn a_database_that_was_restored_joins() {
    let mut lab = Lab::with_second(Profile::Fast, None);
    let join = |lab: &mut Lab| {
        let now = lab.world.now();
        let alter = AlterDatabase {
            instance: SECOND,
            name: "db1".into(),
            changes: vec![DatabaseChange::HadrJoin("AG_db1".into())],
        };
        lab.world.apply(now, alter)
    };
    lab.insert(lab.sql, 1).unwrap();
    let url = || BackupDevice::Url("https://store.test/b/db1.bak".into());
    let backup = |lab: &mut Lab, kind, device: BackupDevice| {
        lab.apply(Backup {
            instance: lab.sql,
            database: "db1".into(),
            kind,
            copy_only: false,
            devices: vec![device],
            name: None,
            description: None,
            compressed: false,
            checksums: false,
            user: "sa".into(),
        });
    };
    backup(&mut lab, BackupKind::Full, url());
    lab.insert(lab.sql, 2).unwrap();
    restore(&mut lab, false, url());
    let name = || "AG_db1".to_owned();
    assert_eq!(
        join(&mut lab),
        Err(GroupRefusal::NotFound { name: name() }.into())
    );
    lab.join(SECOND).unwrap();
    // What was committed and backed up since is gone from the primary's log.
    let log = || BackupDevice::Url("https://store.test/b/db1.trn".into());
    backup(&mut lab, BackupKind::Log, log());
    let database = || "db1".to_owned();
    let behind = GroupRefusal::NotRolledForward {
        database: database(),
    };
    assert_eq!(join(&mut lab), Err(behind.into()));
    restore(&mut lab, true, log());
    lab.insert(lab.sql, 3).unwrap();
    lab.apply(StopServer { instance: lab.sql });
    let away = GroupRefusal::PrimaryNotActive { group: name() };
    assert_eq!(join(&mut lab), Err(away.into()));
    lab.apply(StartServer { instance: lab.sql });
    lab.settle();
    join(&mut lab).unwrap();
    lab.settle();
    assert_eq!(lab.synchronization(SECOND), Some(S::Synchronized));
    assert_eq!(lab.rows(SECOND), 3);
    let joined = GroupRefusal::AlreadyJoined {
        database: database(),
    };
    assert_eq!(join(&mut lab), Err(joined.into()));
}

fn restore(lab: &mut Lab, log: bool, device: BackupDevice) {
    lab.apply(Restore {
        instance: SECOND,
        database: "db1".into(),
        log,
        devices: vec![device],
        file: 1,
        recovery: false,
        replace: false,
        moves: Vec::new(),
        session: SessionId(51),
    });
}

#[test]
fn required_secondaries_are_waited_for() {
    let mut lab = Lab::replicated(Profile::Fast);
    let required = GroupOptions {
        required_synchronized_secondaries: Some(1),
        ..GroupOptions::default()
    };
    lab.alter_on(lab.sql, GroupAction::Set(required)).unwrap();
    lab.insert(lab.sql, 1).unwrap();
    lab.apply(StopServer { instance: SECOND });
    assert!(lab.insert(lab.sql, 2).is_err());
    lab.apply(StartServer { instance: SECOND });
    lab.settle();
    lab.insert(lab.sql, 2).unwrap();
}

/// A link and a local replica follow one primary; when the link's other side takes over, the local replica follows what its
/// own primary gets from there.
#[test]
fn a_local_replica_follows_a_forwarder() {
    let mut lab = Lab::replicated(Profile::Fast);
    let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
    lab.create_dag(&url);
    lab.create_link();
    lab.settle();
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!((lab.rows(SECOND), lab.rows(lab.mi)), (1, 1));
    // Lost with the forced failover: the managed instance has not got it.
    lab.turn_endpoint(EndpointState::Stopped);
    lab.insert(lab.sql, 2).unwrap();
    lab.settle();
    lab.turn_endpoint(EndpointState::Started);
    lab.settle();
    lab.apply(SetReach {
        from: lab.sql,
        to: lab.mi,
        reach: Reach::Refused,
    });
    lab.insert(lab.sql, 3).unwrap();
    lab.settle();
    assert_eq!((lab.rows(SECOND), lab.rows(lab.mi)), (3, 2));
    lab.fail_over(milink_core::link::FailoverKind::ForcedAllowDataLoss)
        .unwrap();
    lab.insert(lab.mi, 4).unwrap();
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    lab.apply(SetReach {
        from: lab.sql,
        to: lab.mi,
        reach: Reach::Open,
    });
    lab.settle();
    lab.resume();
    lab.settle();
    assert_eq!(lab.rows(lab.sql), 3);
    assert_eq!(lab.rows(SECOND), 3);
    assert_eq!(lab.db(SECOND).content.tables, lab.db(lab.mi).content.tables);
}
