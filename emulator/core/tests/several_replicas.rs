//! One link for several databases, over a group that has replicas of its own: whoever becomes primary takes all of them along.

mod lab;

use lab::Lab;
use lab::replicas::*;
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::ids::InstanceId;
use milink_core::invariants;
use milink_core::link::*;
use milink_core::names::Name;
use milink_core::refusal::{GroupRefusal, LinkError, Refusal};
use milink_core::store::Content;

const DATABASES: [&str; 3] = ["db1", "db2", "db3"];

/// How SQL Server's side changes its primary.
#[derive(Clone, Copy, Debug, PartialEq)]
enum By {
    Plan,
    Force,
    StepDown,
}

const WAYS: [(bool, By); 4] = [
    (true, By::Plan),
    (true, By::Force),
    (false, By::Force),
    (false, By::StepDown),
];

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

/// The old primary follows again, where it has to be told so.
fn come_back(lab: &mut Lab, by: By, old: InstanceId) {
    if by != By::Plan {
        lab.alter_on(old, GroupAction::SetRoleSecondary).ok();
        resume_on(lab, old);
    }
    lab.settle();
}

fn resume_on(lab: &mut Lab, instance: InstanceId) {
    for database in DATABASES {
        lab.apply(AlterDatabase {
            instance,
            name: database.into(),
            changes: vec![DatabaseChange::HadrResume],
        });
    }
}

/// Different numbers of rows in the databases, so that none is taken for another.
fn write(lab: &mut Lab, instance: InstanceId, value: i64) {
    for (database, times) in DATABASES.iter().zip(1..) {
        for more in 0..times {
            let written = lab.insert_into(instance, database, 100 * value + more);
            written.unwrap_or_else(|refusal| panic!("{database}: {refusal}"));
        }
    }
}

fn content<'a>(lab: &'a Lab, instance: InstanceId, database: &str) -> &'a Content {
    let server = lab.world.instance(instance).unwrap();
    &server.database(database).unwrap().content
}

fn rows(lab: &Lab, instance: InstanceId) -> [usize; 3] {
    DATABASES.map(|database| {
        let table = content(lab, instance, database).table(&Name::new("dbo"), &Name::new("t"));
        table.map_or(0, |table| table.len())
    })
}

/// How many of `write` there are.
const fn times(written: usize) -> [usize; 3] {
    [written, 2 * written, 3 * written]
}

fn assert_alike(lab: &Lab, one: InstanceId, other: InstanceId, case: &str) {
    for database in DATABASES {
        assert_eq!(
            content(lab, one, database).tables,
            content(lab, other, database).tables,
            "{case}: {database}"
        );
    }
}

fn assert_in_step(lab: &Lab, partner: InstanceId, role: LinkRole, case: &str) {
    for database in DATABASES {
        let (link, status) = (lab.member(database), lab.member_status(database));
        assert_eq!(link.partner, Some(partner), "{case}: {database}");
        assert!(
            status.connected,
            "{case}: {database}: {:?}",
            link.last_error
        );
        assert_eq!(
            status.replica_state, "LinkSynchronizing",
            "{case}: {database}"
        );
        assert_eq!(status.instance_role, role, "{case}: {database}");
    }
    assert_eq!(lab.group().health(&lab.world), Health::Healthy, "{case}");
}

/// `ALTER AVAILABILITY GROUP` on the distributed group of a server.
fn alter_dag(lab: &mut Lab, instance: InstanceId, action: GroupAction) -> Result<(), Refusal> {
    let now = lab.world.now();
    let name = "DAG_db1".into();
    let alter = AlterAvailabilityGroup {
        instance,
        name,
        action,
    };
    lab.world.apply(now, alter).map(drop)
}

/// The address is the listener's: the link finds the new primary with all databases, whichever way the data flows, and the
/// old one when that is primary again.
#[test]
fn all_databases_follow_the_listener_there_and_back() {
    for profile in [Profile::Fast, Profile::Azure] {
        for (cluster, by) in WAYS {
            for role in [LinkRole::Secondary, LinkRole::Primary] {
                let case = format!("{by:?} with {role:?}, cluster {cluster}, {profile:?}");
                let mut lab = Lab::several_replicas(cluster, profile, LISTENER, &DATABASES);
                let (first, mi) = (lab.sql, lab.mi);
                write(&mut lab, first, 1);
                lab.settle();
                if role == LinkRole::Primary {
                    lab.alter_dag(GroupAction::Failover).unwrap();
                    lab.settle();
                }
                let writer = |sql| if role == LinkRole::Primary { mi } else { sql };
                write(&mut lab, writer(first), 2);
                lab.settle();
                change(&mut lab, by, first, SECOND);
                lab.settle();
                assert_in_step(&lab, SECOND, role, &case);
                write(&mut lab, writer(SECOND), 3);
                lab.settle();
                assert_eq!(rows(&lab, mi), times(3), "{case}");
                assert_alike(&lab, SECOND, mi, &case);
                come_back(&mut lab, by, first);
                assert_alike(&lab, first, mi, &case);
                change(&mut lab, by, SECOND, first);
                lab.settle();
                assert_in_step(&lab, first, role, &case);
                write(&mut lab, writer(first), 4);
                lab.settle();
                assert_eq!(rows(&lab, mi), times(4), "{case}");
                assert_alike(&lab, first, mi, &case);
                let halves = [first, SECOND]
                    .map(|id| lab.world.instance(id).unwrap().group("DAG_db1").is_some());
                assert_eq!(halves, [true, by == By::Force && !cluster], "{case}");
            }
        }
    }
}

/// The address is a machine's: all databases have lost their partner together, until the link is told another one.
#[test]
fn a_link_to_a_machine_has_to_be_told_once_for_all_databases() {
    for (cluster, by) in WAYS {
        let case = format!("{by:?}, cluster {cluster}");
        let own = "TCP://10.0.0.4:5022";
        let mut lab = Lab::several_replicas(cluster, Profile::Fast, own, &DATABASES);
        let (first, mi) = (lab.sql, lab.mi);
        write(&mut lab, first, 1);
        lab.settle();
        change(&mut lab, by, first, SECOND);
        write(&mut lab, SECOND, 2);
        lab.settle();
        let stays = by == By::Force && !cluster;
        for database in DATABASES {
            assert_eq!(lab.member_status(database).connected, stays, "{case}");
        }
        assert_eq!(rows(&lab, mi), times(1), "{case}");
        if stays {
            write(&mut lab, first, 7);
            write(&mut lab, first, 8);
            lab.settle();
            assert_eq!(rows(&lab, mi), times(3), "{case}");
        }
        let url = MemberChange {
            listener_url: Some("TCP://10.0.0.5:5022".into()),
            ..MemberChange::default()
        };
        let tell = GroupAction::ModifyMembers(vec![("AG_db1".into(), url)]);
        alter_dag(&mut lab, SECOND, tell).unwrap();
        invariants::check(&lab.world).unwrap();
        lab.settle();
        assert_in_step(&lab, SECOND, LinkRole::Secondary, &case);
        // What only the old primary and the managed instance had is gone.
        assert_eq!(rows(&lab, mi), times(2), "{case}");
        assert_alike(&lab, SECOND, mi, &case);
    }
}

/// Each database of the managed instance that is further than the new primary's goes back by itself.
#[test]
fn each_database_goes_back_as_far_as_it_has_to() {
    let mut lab = Lab::several_replicas(false, Profile::Azure, LISTENER, &DATABASES);
    let (first, mi) = (lab.sql, lab.mi);
    write(&mut lab, first, 1);
    lab.settle();
    lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
    lab.insert_into(first, "db1", 1).unwrap();
    lab.insert_into(first, "db3", 1).unwrap();
    lab.insert_into(first, "db3", 2).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, mi), [2, 2, 5]);
    lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
    invariants::check(&lab.world).unwrap();
    let failover = lab.set().unwrap().failovers.last().unwrap();
    let lost = failover.changes.iter();
    let lost: Vec<_> = lost
        .map(|(name, it)| (name.as_str(), it.lost.len()))
        .collect();
    assert_eq!(lost, [("db1", 1), ("db2", 0), ("db3", 2)]);
    lab.turn_endpoint_of(SECOND, EndpointState::Started);
    lab.settle();
    assert_in_step(&lab, SECOND, LinkRole::Secondary, "back");
    assert_eq!(rows(&lab, mi), times(1));
    write(&mut lab, SECOND, 2);
    lab.settle();
    assert_eq!(rows(&lab, mi), times(2));
    assert_alike(&lab, SECOND, mi, "back");
}

/// One database that is not synchronized keeps the whole group from a planned failover; a database that is not there at all
/// keeps it from a forced one.
#[test]
fn one_database_holds_all_of_them_back() {
    let mut lab = Lab::several_replicas(true, Profile::Fast, LISTENER, &DATABASES);
    let first = lab.sql;
    let suspend = |change| AlterDatabase {
        instance: SECOND,
        name: "db2".into(),
        changes: vec![change],
    };
    lab.apply(suspend(DatabaseChange::HadrSuspend));
    lab.settle();
    let before = lab.before();
    let group = || "AG_db1".to_owned();
    let refused = lab.alter_on(SECOND, GroupAction::Failover);
    let expected = GroupRefusal::NotSynchronized { group: group() };
    assert_eq!(refused, Err(expected.into()));
    invariants::check_refusal(&before, &lab.world).unwrap();
    lab.apply(suspend(DatabaseChange::HadrResume));
    lab.settle();
    lab.apply(suspend(DatabaseChange::HadrOff));
    lab.settle();
    for action in [GroupAction::Failover, GroupAction::ForceFailover] {
        let before = lab.before();
        assert!(lab.alter_on(SECOND, action).is_err());
        invariants::check_refusal(&before, &lab.world).unwrap();
    }
    assert_in_step(&lab, first, LinkRole::Secondary, "nothing has happened");
}

/// A failover over the link after one between the replicas, planned and forced: all databases of both replicas go along.
#[test]
fn a_link_fails_over_to_the_new_primary_with_all_databases() {
    let mut lab = Lab::several_replicas(true, Profile::Fast, LISTENER, &DATABASES);
    let (first, mi) = (lab.sql, lab.mi);
    change(&mut lab, By::Plan, first, SECOND);
    lab.settle();
    let refused = alter_dag(&mut lab, first, GroupAction::Failover);
    let name = "DAG_db1".to_owned();
    assert_eq!(refused, Err(GroupRefusal::NotFound { name }.into()));
    alter_dag(&mut lab, SECOND, GroupAction::Failover).unwrap();
    lab.settle();
    write(&mut lab, mi, 1);
    lab.settle();
    assert_eq!([first, SECOND].map(|id| rows(&lab, id)), [times(1); 2]);
    lab.fail_over(FailoverKind::Planned).unwrap();
    lab.settle();
    write(&mut lab, SECOND, 2);
    lab.settle();
    assert_eq!([first, mi].map(|id| rows(&lab, id)), [times(2); 2]);
    lab.turn_endpoint_of(SECOND, EndpointState::Stopped);
    write(&mut lab, SECOND, 3);
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    write(&mut lab, mi, 4);
    invariants::check(&lab.world).unwrap();
    lab.turn_endpoint_of(SECOND, EndpointState::Started);
    alter_dag(&mut lab, SECOND, GroupAction::SetRoleSecondary).unwrap();
    lab.settle();
    resume_on(&mut lab, SECOND);
    lab.settle();
    assert_eq!([first, SECOND, mi].map(|id| rows(&lab, id)), [times(3); 3]);
    change(&mut lab, By::Plan, SECOND, first);
    lab.settle();
    write(&mut lab, mi, 5);
    lab.settle();
    assert_eq!([first, SECOND, mi].map(|id| rows(&lab, id)), [times(4); 3]);
    assert_in_step(&lab, first, LinkRole::Primary, "at the end");
}

/// Another replica becomes primary while the link itself fails over: that is called off for all databases at once.
#[test]
fn a_failover_of_the_link_is_called_off_as_a_whole() {
    for role in [LinkRole::Secondary, LinkRole::Primary] {
        let mut lab = Lab::several_replicas(true, Profile::Azure, LISTENER, &DATABASES);
        let (first, mi) = (lab.sql, lab.mi);
        if role == LinkRole::Primary {
            lab.alter_dag(GroupAction::Failover).unwrap();
            lab.settle();
        }
        let writer = |sql| if role == LinkRole::Primary { mi } else { sql };
        write(&mut lab, writer(first), 1);
        lab.settle();
        match role {
            LinkRole::Secondary => lab.alter_dag(GroupAction::Failover).map(drop).unwrap(),
            LinkRole::Primary => lab.fail_over(FailoverKind::Planned).map(drop).unwrap(),
        }
        let busy = lab.set_databases(&["db1"]);
        assert!(busy.is_err(), "it fails over");
        lab.alter_on(SECOND, GroupAction::ForceFailover).unwrap();
        invariants::check(&lab.world).unwrap();
        lab.settle();
        let case = format!("{role:?}");
        assert_in_step(&lab, SECOND, role, &case);
        write(&mut lab, writer(SECOND), 2);
        lab.settle();
        assert_eq!(rows(&lab, mi), times(2), "{case}");
        assert_alike(&lab, SECOND, mi, &case);
        let links = lab.group().members(&lab.world);
        let called_off: Vec<bool> = links.map(|link| link.called_off.is_some()).collect();
        assert_eq!(called_off, [true; 3], "{case}");
    }
}

/// A database that was taken out of the link stays out, whichever replica is primary, and one that is added comes.
#[test]
fn who_belongs_to_the_link_is_remembered() {
    let mut lab = Lab::several_replicas(true, Profile::Fast, LISTENER, &DATABASES);
    let (first, mi) = (lab.sql, lab.mi);
    lab.set_databases(&["db1", "db3"]).unwrap();
    lab.settle();
    change(&mut lab, By::Plan, first, SECOND);
    lab.settle();
    let names = |lab: &Lab| {
        let members = lab.group().members(&lab.world);
        let names = members.map(|link| link.spec.database.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&lab), ["db1", "db3"]);
    assert_eq!(lab.group().health(&lab.world), Health::NotHealthy);
    let take_out = GroupAction::RemoveDatabases(vec!["db2".into()]);
    lab.alter_on(SECOND, take_out).unwrap();
    lab.settle();
    assert_eq!(lab.group().health(&lab.world), Health::Healthy);
    lab.insert_into(SECOND, "db3", 1).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, mi), [0, 0, 1]);
}

/// The mode is a server's own: a replica that is in the other one keeps the link from going on, and says so.
#[test]
fn a_replica_in_the_other_mode_is_told_so() {
    let mut lab = Lab::several_replicas(true, Profile::Fast, LISTENER, &DATABASES);
    let first = lab.sql;
    let mode = |several| SetMultiDatabaseLinks {
        instance: SECOND,
        several,
    };
    lab.apply(mode(false));
    change(&mut lab, By::Plan, first, SECOND);
    lab.settle();
    for database in DATABASES {
        assert!(!lab.member_status(database).connected);
        let error = lab.member(database).last_error.clone();
        let server = "single-database";
        assert_eq!(error, Some(LinkError::ModeMismatch { server }));
    }
    // It cannot be changed where the link is, so that has to go back first.
    change(&mut lab, By::Plan, SECOND, first);
    lab.settle();
    assert_in_step(&lab, first, LinkRole::Secondary, "back");
    lab.apply(mode(true));
    change(&mut lab, By::Plan, first, SECOND);
    lab.settle();
    assert_in_step(&lab, SECOND, LinkRole::Secondary, "in the mode again");
}
