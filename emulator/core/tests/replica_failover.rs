//! Another replica of a local group becomes primary: as planned and by force, there and back, and with a link over it.

mod lab;

use lab::replicas::*;
use lab::*;
use milink_core::availability_group::*;
use milink_core::command::*;
use milink_core::doctor::{Wish, examine};
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::ids::InstanceId;
use milink_core::invariants;
use milink_core::link::{FailoverKind, LinkRole, SynchronizationState as S};
use milink_core::refusal::{GroupRefusal, Refusal};

fn roles(lab: &Lab) -> [Option<Role>; 2] {
    [lab.sql, SECOND].map(|instance| lab.role_in_group(instance))
}

#[test]
fn a_cluster_fails_over_as_planned_and_back() {
    let mut lab = Lab::clustered(Profile::Fast);
    let first = lab.sql;
    for (round, (from, to)) in [(first, SECOND), (SECOND, first)].into_iter().enumerate() {
        lab.insert(from, 2 * round as i64).unwrap();
        let group = || "AG_db1".to_owned();
        let refused = lab.alter_on(from, GroupAction::Failover);
        assert_eq!(
            refused,
            Err(GroupRefusal::AlreadyPrimary { group: group() }.into())
        );
        lab.alter_on(to, GroupAction::Failover).unwrap();
        invariants::check(&lab.world).unwrap();
        assert_eq!(lab.role_in_group(to), Some(Role::Primary));
        assert_eq!(lab.role_in_group(from), Some(Role::Secondary));
        lab.insert(to, 2 * round as i64 + 1).unwrap();
        assert!(lab.insert(from, 99).is_err());
        lab.settle();
        assert_eq!(lab.synchronization(from), Some(S::Synchronized));
        assert_eq!(
            (lab.rows(from), lab.rows(to)),
            (2 * round + 2, 2 * round + 2)
        );
    }
}

#[test]
fn a_replica_that_is_not_synchronized_takes_no_role_over_as_planned() {
    let group = || "AG_db1".to_owned();
    let asynchronous: fn(&mut Lab) = |lab| {
        let change = ReplicaChange {
            availability_mode: Some(AvailabilityMode::AsynchronousCommit),
            ..ReplicaChange::default()
        };
        let action = GroupAction::ModifyReplica("sqlserver2".into(), change);
        lab.alter_on(lab.sql, action).unwrap();
    };
    let away: fn(&mut Lab) = |lab| lab.apply(StopServer { instance: lab.sql });
    let suspended: fn(&mut Lab) = |lab| {
        lab.apply(AlterDatabase {
            instance: SECOND,
            name: "db1".into(),
            changes: vec![DatabaseChange::HadrSuspend],
        });
    };
    for before in [asynchronous, away, suspended] {
        let mut lab = Lab::clustered(Profile::Fast);
        before(&mut lab);
        let world = lab.world.clone();
        let refused = lab.alter_on(SECOND, GroupAction::Failover);
        assert_eq!(
            refused,
            Err(GroupRefusal::NotSynchronized { group: group() }.into())
        );
        invariants::check_refusal(&world, &lab.world).unwrap();
    }
    // Without a cluster there is no planned one.
    let mut lab = Lab::replicated(Profile::Fast);
    assert!(matches!(
        lab.alter_on(SECOND, GroupAction::Failover),
        Err(Refusal::Failover(_))
    ));
}

/// The old primary may be there or not; what it has committed alone is lost when it comes back.
#[test]
fn a_forced_failover_goes_on_with_what_is_there() {
    for cluster in [false, true] {
        let mut lab = match cluster {
            true => Lab::clustered(Profile::Fast),
            false => Lab::replicated(Profile::Fast),
        };
        let first = lab.sql;
        lab.insert(first, 1).unwrap();
        lab.settle();
        lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
        lab.insert(first, 2).unwrap();
        lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
        invariants::check(&lab.world).unwrap();
        lab.insert(SECOND, 3).unwrap();
        let set = lab.set().unwrap();
        assert_eq!(
            set.failovers.last().map(|it| (it.forced, it.lost())),
            Some((true, 1))
        );
        // A cluster tells the old primary; without one it goes on.
        assert_eq!(lab.insert(first, 4).is_ok(), !cluster);
        if !cluster {
            assert_eq!(roles(&lab), [Some(Role::Primary), Some(Role::Primary)]);
            lab.alter_on(first, GroupAction::SetRoleSecondary).unwrap();
        }
        assert_eq!(roles(&lab), [Some(Role::Secondary), Some(Role::Primary)]);
        lab.turn_endpoint_of(SECOND, EndpointState::Started);
        lab.settle();
        // It waits for a person.
        assert_eq!(lab.synchronization(first), Some(S::NotSynchronizing));
        lab.apply(AlterDatabase {
            instance: first,
            name: "db1".into(),
            changes: vec![DatabaseChange::HadrResume],
        });
        lab.settle();
        assert_eq!(lab.synchronization(first), Some(S::Synchronized));
        assert_eq!(lab.db(first).content.tables, lab.db(SECOND).content.tables);
        assert_eq!(lab.rows(SECOND), 2);
    }
}

/// The documented way without a cluster that loses nothing: OFFLINE, force, SET (ROLE = SECONDARY), RESUME.
#[test]
fn a_primary_that_steps_down_first_loses_nothing() {
    for by in [GroupAction::Offline, GroupAction::SetRoleSecondary] {
        let mut lab = Lab::replicated(Profile::Azure);
        let first = lab.sql;
        lab.insert(first, 1).unwrap();
        lab.alter_on(first, by.clone()).unwrap();
        assert!(lab.insert(first, 2).is_err());
        lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
        assert_eq!(
            lab.set().unwrap().failovers.last().map(|it| it.lost()),
            Some(0)
        );
        lab.insert(SECOND, 3).unwrap();
        if by == GroupAction::Offline {
            lab.alter_on(first, GroupAction::SetRoleSecondary).unwrap();
        }
        lab.apply(AlterDatabase {
            instance: first,
            name: "db1".into(),
            changes: vec![DatabaseChange::HadrResume],
        });
        lab.settle();
        assert_eq!(lab.synchronization(first), Some(S::Synchronized));
        assert_eq!((lab.rows(first), lab.rows(SECOND)), (2, 2));
    }
    // Who has stepped down takes the role back.
    let mut lab = Lab::replicated(Profile::Fast);
    let first = lab.sql;
    lab.alter_on(first, GroupAction::Offline).unwrap();
    lab.alter_on(first, GroupAction::ForceFailover).unwrap();
    lab.settle();
    lab.insert(first, 1).unwrap();
    lab.settle();
    assert_eq!(lab.synchronization(SECOND), Some(S::Synchronized));
}

/// A replica that is forced back before the other one has been given up for good takes its own history up again.
#[test]
fn a_forced_failover_is_undone_by_force() {
    let mut lab = Lab::replicated(Profile::Fast);
    let first = lab.sql;
    lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
    lab.insert(first, 1).unwrap();
    lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
    lab.insert(SECOND, 2).unwrap();
    lab.insert(SECOND, 3).unwrap();
    lab.alter_on(first, GroupAction::SetRoleSecondary).unwrap();
    lab.alter_on(first, GroupAction::ForceFailover).unwrap();
    invariants::check(&lab.world).unwrap();
    assert_eq!(roles(&lab), [Some(Role::Primary), Some(Role::Primary)]);
    let losses: Vec<usize> = lab
        .set()
        .unwrap()
        .failovers
        .iter()
        .map(|it| it.lost())
        .collect();
    assert_eq!(losses, [1, 2]);
    lab.turn_endpoint_of(SECOND, EndpointState::Started);
    lab.alter_on(SECOND, GroupAction::SetRoleSecondary).unwrap();
    resume_on(&mut lab, SECOND);
    lab.settle();
    assert_eq!(lab.synchronization(SECOND), Some(S::Synchronized));
    assert_eq!((lab.rows(first), lab.rows(SECOND)), (1, 1));
    let discarded = lab.set().unwrap().failovers.last().unwrap();
    assert_eq!(discarded.changes[0].1.discarded.len(), 2);
}

/// Whose primary has dropped the group goes on alone.
#[test]
fn a_replica_without_a_primary_stands_alone() {
    let mut lab = Lab::replicated(Profile::Fast);
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    lab.apply(StopServer { instance: SECOND });
    let (instance, name) = (lab.sql, "AG_db1".into());
    lab.apply(DropAvailabilityGroup { instance, name });
    lab.apply(StartServer { instance: SECOND });
    lab.settle();
    assert_eq!(lab.role_in_group(SECOND), Some(Role::Resolving));
    lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
    invariants::check(&lab.world).unwrap();
    lab.insert(SECOND, 2).unwrap();
    assert_eq!(lab.rows(SECOND), 2);
}

/// A cluster that would fail over by itself is not emulated, and says so.
#[test]
fn automatic_failover_is_refused_by_its_name() {
    let mut lab = Lab::clustered(Profile::Fast);
    let automatic = |lab: &mut Lab, server: &str| {
        let change = ReplicaChange {
            failover_mode: Some(FailoverMode::Automatic),
            ..ReplicaChange::default()
        };
        lab.alter_on(lab.sql, GroupAction::ModifyReplica(server.into(), change))
    };
    // It takes both of them.
    automatic(&mut lab, "sqlserver2").unwrap();
    let before = lab.world.clone();
    let refused = automatic(&mut lab, "sqlserver1");
    let what = "automatic failover between the replicas of an availability group";
    assert_eq!(refused, Err(GroupRefusal::NotEmulated { what }.into()));
    invariants::check_refusal(&before, &lab.world).unwrap();
}

/// A third replica follows whoever is primary, and goes back with a new one that has less.
#[test]
fn a_third_replica_goes_along() {
    let mut lab = Lab::replicated(Profile::Fast);
    let first = lab.sql;
    lab.add_third();
    lab.insert(first, 1).unwrap();
    lab.settle();
    assert_eq!(lab.synchronization(THIRD), Some(S::Synchronized));
    lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
    lab.insert(first, 2).unwrap();
    lab.settle();
    assert_eq!([first, SECOND, THIRD].map(|id| lab.rows(id)), [2, 1, 2]);
    lab.apply(StopServer { instance: first });
    lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
    invariants::check(&lab.world).unwrap();
    lab.turn_endpoint_of(SECOND, EndpointState::Started);
    lab.insert(SECOND, 3).unwrap();
    lab.settle();
    assert_eq!(lab.synchronization(THIRD), Some(S::Synchronized));
    assert_eq!(lab.db(SECOND).content.tables, lab.db(THIRD).content.tables);
    // The first one comes back, and the third takes over meanwhile.
    lab.apply(StartServer { instance: first });
    change(&mut lab, By::StepDown, SECOND, THIRD);
    for old in [first, SECOND] {
        lab.alter_on(old, GroupAction::SetRoleSecondary).unwrap();
        resume_on(&mut lab, old);
    }
    lab.insert(THIRD, 4).unwrap();
    lab.settle();
    for id in [first, SECOND] {
        assert_eq!(lab.synchronization(id), Some(S::Synchronized));
        assert_eq!(lab.db(id).content.tables, lab.db(THIRD).content.tables);
    }
    assert_eq!(lab.rows(THIRD), 3);
}

/// How SQL Server's side changes its primary.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Plan,
    Force,
    StepDown,
}

fn change(lab: &mut Lab, by: By, from: InstanceId, to: InstanceId) {
    match by {
        By::Plan => lab.alter_on(to, GroupAction::Failover).unwrap(),
        By::Force => lab.alter_on(to, GroupAction::ForceFailover).unwrap(),
        By::StepDown => {
            lab.alter_on(from, GroupAction::SetRoleSecondary).unwrap();
            lab.alter_on(to, GroupAction::ForceFailover).unwrap()
        }
    };
    invariants::check(&lab.world).unwrap();
}

const WAYS: [(bool, By); 4] = [
    (true, By::Plan),
    (true, By::Force),
    (false, By::Force),
    (false, By::StepDown),
];

/// The address is the listener's: the link finds the new primary, whichever way the data flows.
#[test]
fn a_link_follows_the_listener() {
    for (cluster, by) in WAYS {
        for role in [LinkRole::Secondary, LinkRole::Primary] {
            let case = format!("{by:?} with {role:?}, cluster {cluster}");
            let mut lab = Lab::linked_replicas(cluster, Profile::Fast, LISTENER);
            let (first, mi) = (lab.sql, lab.mi);
            lab.insert(first, 1).unwrap();
            lab.settle();
            if role == LinkRole::Primary {
                lab.alter_dag(GroupAction::Failover).unwrap();
                lab.settle();
                lab.insert(mi, 2).unwrap();
                lab.settle();
            }
            change(&mut lab, by, first, SECOND);
            lab.settle();
            assert_eq!(lab.link().partner, Some(SECOND), "{case}");
            assert!(
                lab.status().connected,
                "{case}: {:?}",
                lab.link().last_error
            );
            assert_eq!(lab.status().synchronization, S::Synchronizing, "{case}");
            assert_eq!(lab.status().instance_role, role, "{case}");
            let writer = if role == LinkRole::Primary {
                mi
            } else {
                SECOND
            };
            lab.insert(writer, 3).unwrap();
            lab.settle();
            assert_eq!(
                lab.db(SECOND).content.tables,
                lab.db(mi).content.tables,
                "{case}"
            );
            let dags = [first, SECOND]
                .map(|id| lab.world.instance(id).unwrap().group("DAG_db1").is_some());
            assert_eq!(dags, [by == By::Force && !cluster, true], "{case}");
            // And back.
            if by != By::Plan {
                lab.alter_on(first, GroupAction::SetRoleSecondary).ok();
                resume_on(&mut lab, first);
            }
            lab.settle();
            assert_eq!(lab.synchronization(first), Some(S::Synchronized), "{case}");
            assert_eq!(
                lab.db(first).content.tables,
                lab.db(mi).content.tables,
                "{case}"
            );
            change(&mut lab, by, SECOND, first);
            lab.settle();
            assert_eq!(lab.link().partner, Some(first), "{case}");
            let writer = if role == LinkRole::Primary { mi } else { first };
            lab.insert(writer, 4).unwrap();
            lab.settle();
            assert_eq!(
                lab.db(first).content.tables,
                lab.db(mi).content.tables,
                "{case}"
            );
        }
    }
}

/// The distributed group was dropped on the old primary, and is made anew on the new one: the link's database was in the group all
/// the time.
#[test]
fn a_link_whose_half_was_dropped_goes_along() {
    for (cluster, by) in WAYS {
        for role in [LinkRole::Secondary, LinkRole::Primary] {
            let case = format!("{by:?} with {role:?}, cluster {cluster}");
            let mut lab = Lab::linked_replicas(cluster, Profile::Fast, LISTENER);
            let (first, mi) = (lab.sql, lab.mi);
            lab.insert(first, 1).unwrap();
            lab.settle();
            if role == LinkRole::Primary {
                lab.alter_dag(GroupAction::Failover).unwrap();
                lab.settle();
            }
            lab.apply(DropAvailabilityGroup {
                instance: first,
                name: "DAG_db1".into(),
            });
            lab.settle();
            change(&mut lab, by, first, SECOND);
            lab.settle();
            if role == LinkRole::Primary {
                continue;
            }
            lab.sql = SECOND;
            let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
            lab.create_dag_at(LISTENER, &url);
            lab.settle();
            assert!(
                lab.status().connected,
                "{case}: {:?}",
                lab.link().last_error
            );
            assert_eq!(lab.link().partner, Some(SECOND), "{case}");
            lab.insert(SECOND, 2).unwrap();
            lab.settle();
            assert_eq!(lab.rows(mi), 2, "{case}");
            assert_eq!(
                lab.db(SECOND).content.tables,
                lab.db(mi).content.tables,
                "{case}"
            );
        }
    }
}

/// The address is a machine's: the link has lost its partner, until it is told another one.
#[test]
fn a_link_to_a_machine_has_to_be_told() {
    for (cluster, by) in WAYS {
        let case = format!("{by:?}, cluster {cluster}");
        let mut lab = Lab::linked_replicas(cluster, Profile::Fast, "TCP://10.0.0.4:5022");
        let (first, mi) = (lab.sql, lab.mi);
        lab.insert(first, 1).unwrap();
        lab.settle();
        change(&mut lab, by, first, SECOND);
        lab.settle();
        lab.insert(SECOND, 2).unwrap();
        lab.settle();
        // Without a cluster nobody tells the old primary, and the link stays with it.
        let stays = by == By::Force && !cluster;
        assert_eq!(lab.status().connected, stays, "{case}");
        assert_eq!(lab.rows(mi), 1, "{case}");
        if stays {
            lab.insert(first, 7).unwrap();
            lab.settle();
            assert_eq!(lab.rows(mi), 2, "{case}");
        }
        if !stays {
            let reports = examine(&lab.world, &Wish::default()).unwrap();
            let checks = reports.iter().flat_map(|report| &report.checks);
            let mut remedies = checks.flat_map(|check| &check.remedy);
            let told =
                remedies.any(|remedy| remedy.contains("(LISTENER_URL = 'TCP://10.0.0.5:5022')"));
            assert!(told, "{case}: {reports:?}");
        }
        let url = MemberChange {
            listener_url: Some("TCP://10.0.0.5:5022".into()),
            ..MemberChange::default()
        };
        let now = lab.world.now();
        let tell = AlterAvailabilityGroup {
            instance: SECOND,
            name: "DAG_db1".into(),
            action: GroupAction::ModifyMembers(vec![("AG_db1".into(), url)]),
        };
        lab.world.apply(now, tell).unwrap();
        invariants::check(&lab.world).unwrap();
        lab.settle();
        assert!(
            lab.status().connected,
            "{case}: {:?}",
            lab.link().last_error
        );
        // What only the old primary and the managed instance had is gone.
        assert_eq!(
            lab.db(SECOND).content.tables,
            lab.db(mi).content.tables,
            "{case}"
        );
        assert_eq!(lab.rows(mi), 2, "{case}");
    }
}

/// The managed instance is further than the replica that becomes primary by force.
#[test]
fn a_link_that_is_further_goes_back() {
    let mut lab = Lab::linked_replicas(false, Profile::Azure, LISTENER);
    let (first, mi) = (lab.sql, lab.mi);
    lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
    lab.insert(first, 1).unwrap();
    lab.settle();
    assert_eq!((lab.rows(mi), lab.rows(SECOND)), (1, 0));
    lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
    invariants::check(&lab.world).unwrap();
    lab.turn_endpoint_of(SECOND, EndpointState::Started);
    lab.insert(SECOND, 2).unwrap();
    lab.settle();
    assert!(lab.status().connected, "{:?}", lab.link().last_error);
    assert_eq!(lab.rows(mi), 1);
    assert_eq!(lab.db(SECOND).content.tables, lab.db(mi).content.tables);
}

/// A failover over the link, after one between the replicas: the other replica goes with it.
#[test]
fn a_link_fails_over_to_the_new_primary() {
    let mut lab = Lab::linked_replicas(true, Profile::Fast, LISTENER);
    let (first, mi) = (lab.sql, lab.mi);
    change(&mut lab, By::Plan, first, SECOND);
    lab.settle();
    let alter = |lab: &mut Lab, instance, action| {
        let name = "DAG_db1".into();
        let now = lab.world.now();
        let alter = AlterAvailabilityGroup {
            instance,
            name,
            action,
        };
        lab.world.apply(now, alter)
    };
    // Who is no primary of its own group has no half of the link.
    let refused = alter(&mut lab, first, GroupAction::Failover);
    let name = "DAG_db1".to_owned();
    assert_eq!(refused, Err(GroupRefusal::NotFound { name }.into()));
    alter(&mut lab, SECOND, GroupAction::Failover).unwrap();
    lab.settle();
    lab.insert(mi, 1).unwrap();
    lab.settle();
    assert_eq!([first, SECOND].map(|id| lab.rows(id)), [1, 1]);
    lab.fail_over(FailoverKind::Planned).unwrap();
    lab.settle();
    lab.insert(SECOND, 2).unwrap();
    lab.settle();
    assert_eq!([first, SECOND, mi].map(|id| lab.rows(id)), [2, 2, 2]);
    // By force, and the new primary gives in.
    lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
    lab.insert(SECOND, 3).unwrap();
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    lab.insert(mi, 4).unwrap();
    invariants::check(&lab.world).unwrap();
    lab.turn_endpoint_of(SECOND, EndpointState::Started);
    alter(&mut lab, SECOND, GroupAction::SetRoleSecondary).unwrap();
    lab.settle();
    resume_on(&mut lab, SECOND);
    lab.settle();
    assert_eq!([first, SECOND, mi].map(|id| lab.rows(id)), [3, 3, 3]);
    assert_eq!(lab.db(first).content.tables, lab.db(mi).content.tables);
    // And between the replicas while the managed instance is primary.
    change(&mut lab, By::Plan, SECOND, first);
    lab.settle();
    lab.insert(mi, 5).unwrap();
    lab.settle();
    assert_eq!([first, SECOND, mi].map(|id| lab.rows(id)), [4, 4, 4]);
}

fn resume_on(lab: &mut Lab, instance: InstanceId) {
    lab.apply(AlterDatabase {
        instance,
        name: "db1".into(),
        changes: vec![DatabaseChange::HadrResume],
    });
}
