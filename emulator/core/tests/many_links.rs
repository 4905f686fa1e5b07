//! Several links: of one database to several instances, of several databases on one pair, and as many as there can be.

mod lab;

use lab::Lab;
use milink_core::availability_group::Role;
use milink_core::command::*;
use milink_core::durations::{Profile, Transition};
use milink_core::endpoint::EndpointState;
use milink_core::ids::InstanceId;
use milink_core::link::*;
use milink_core::refusal::*;
use milink_core::time::Span;

/// db1 with a link to each of three managed instances, in step.
fn fanned_out(profile: Profile) -> (Lab, [InstanceId; 3]) {
    let mut lab = Lab::linked(profile);
    let mut instances = [lab.mi; 3];
    for (at, mark) in [(1, 12), (2, 13)] {
        let name = format!("sqlmi{}", at + 1);
        let instance = lab.add_instance(&name, mark);
        let dag = format!("DAG{}_db1", at + 1);
        lab.add_dag(&dag, "AG_db1", (instance, "AG_db1_MI"))
            .unwrap();
        lab.add_link(instance, &dag, ("AG_db1", "AG_db1_MI"), "db1")
            .unwrap();
        instances[at] = instance;
    }
    lab.settle();
    for name in ["DAG_db1", "DAG2_db1", "DAG3_db1"] {
        assert_eq!(lab.status_of(name).replica_state, "LinkSynchronizing");
    }
    (lab, instances)
}

fn rows(lab: &Lab, instances: &[InstanceId]) -> Vec<usize> {
    let rows = |instance: &InstanceId| lab.rows(*instance);
    instances.iter().map(rows).collect()
}

fn role(lab: &Lab, name: &str, instance: InstanceId) -> Option<Role> {
    lab.link_named(name).role_on(&lab.world, instance)
}

#[test]
fn one_database_is_copied_to_several_instances_each_with_its_own_cursor() {
    let (mut lab, [one, two, three]) = fanned_out(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, &[one, two, three]), [1, 1, 1]);
    // One of them stops: the others go on, and the log is kept for the one.
    let suspend = |instance, changes| AlterDatabase {
        instance,
        name: "db1".into(),
        changes,
    };
    lab.apply(suspend(two, vec![DatabaseChange::HadrSuspend]));
    lab.insert(lab.sql, 2).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, &[one, two, three]), [2, 1, 2]);
    let hardened = |lab: &Lab, name| lab.status_of(name).positions.unwrap().hardened;
    assert!(hardened(&lab, "DAG2_db1") < hardened(&lab, "DAG_db1"));
    lab.apply(suspend(two, vec![DatabaseChange::HadrResume]));
    lab.settle();
    assert_eq!(rows(&lab, &[one, two, three]), [2, 2, 2]);
    // One of them is dropped: it becomes a database of its own.
    lab.apply(DeleteLink {
        instance: three,
        name: "DAG3_db1".into(),
    });
    lab.settle();
    lab.insert(lab.sql, 3).unwrap();
    lab.insert(three, 30).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, &[one, two, three]), [3, 3, 3]);
    assert_eq!(lab.world.links.len(), 2);
}

#[test]
fn the_other_links_of_a_database_that_failed_over_go_on_through_the_old_primary() {
    for profile in [Profile::Instant, Profile::Fast, Profile::Azure] {
        let (mut lab, [one, two, three]) = fanned_out(profile);
        lab.insert(lab.sql, 1).unwrap();
        lab.alter_dag(GroupAction::Failover).unwrap();
        lab.settle();
        assert_eq!(role(&lab, "DAG_db1", one), Some(Role::Primary));
        assert_eq!(role(&lab, "DAG2_db1", lab.sql), Some(Role::Primary));
        lab.insert(one, 2).unwrap();
        assert!(lab.insert(lab.sql, 3).is_err(), "it follows");
        assert!(lab.insert(two, 3).is_err(), "it follows that one");
        lab.settle();
        assert_eq!(rows(&lab, &[lab.sql, one, two, three]), [2, 2, 2, 2]);
        for name in ["DAG_db1", "DAG2_db1", "DAG3_db1"] {
            assert_eq!(lab.status_of(name).health, Health::Healthy, "{name}");
        }
        // Only the link whose primary writes can fail over.
        for name in ["DAG2_db1", "DAG3_db1"] {
            let refused = lab.alter_group(name, GroupAction::Failover);
            let group = name.to_owned();
            assert_eq!(
                refused,
                Err(FailoverRefusal::NotPrimary {
                    group: group.clone()
                }
                .into())
            );
            let primary = "sqlmi1".to_owned();
            assert_eq!(
                lab.alter_group(name, GroupAction::SetRoleSecondary),
                Err(FailoverRefusal::FollowsAnother { group, primary }.into())
            );
        }
        lab.fail_over_link(one, "DAG_db1", FailoverKind::Planned)
            .unwrap();
        lab.settle();
        lab.insert(lab.sql, 4).unwrap();
        // Back where it began, another one may go.
        lab.alter_group("DAG2_db1", GroupAction::Failover).unwrap();
        lab.settle();
        lab.insert(two, 5).unwrap();
        lab.settle();
        assert_eq!(rows(&lab, &[lab.sql, one, two, three]), [4, 4, 4, 4]);
    }
}

#[test]
fn a_replica_on_the_way_keeps_the_log_for_those_behind_it() {
    let (mut lab, [one, two, three]) = fanned_out(Profile::Azure);
    let suspend = |instance, change| AlterDatabase {
        instance,
        name: "db1".into(),
        changes: vec![change],
    };
    lab.apply(suspend(two, DatabaseChange::HadrSuspend));
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    lab.alter_dag(GroupAction::Failover).unwrap();
    lab.settle();
    lab.insert(one, 2).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, &[lab.sql, one, two, three]), [2, 2, 0, 2]);
    lab.apply(suspend(two, DatabaseChange::HadrResume));
    lab.settle();
    assert_eq!(rows(&lab, &[lab.sql, one, two, three]), [2, 2, 2, 2]);
    // Every step of the way takes its time.
    lab.insert(one, 3).unwrap();
    let step = lab.world.durations.span(Transition::NetworkLatency)
        + lab.world.durations.span(Transition::Redo);
    let now = lab.world.now();
    lab.world.advance_to(now + step);
    assert_eq!(rows(&lab, &[lab.sql, two]), [3, 2]);
    lab.settle();
    assert_eq!(rows(&lab, &[lab.sql, two]), [3, 3]);
}

#[test]
fn what_followed_a_side_that_goes_back_goes_back_with_it() {
    let (mut lab, [one, two, three]) = fanned_out(Profile::Azure);
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    // The first instance hears nothing any more; the others do.
    let suspend = |instance, change| AlterDatabase {
        instance,
        name: "db1".into(),
        changes: vec![change],
    };
    lab.apply(suspend(one, DatabaseChange::HadrSuspend));
    lab.insert(lab.sql, 2).unwrap();
    lab.settle();
    lab.fail_over_link(one, "DAG_db1", FailoverKind::ForcedAllowDataLoss)
        .unwrap();
    lab.insert(one, 10).unwrap();
    assert_eq!(rows(&lab, &[lab.sql, one, two, three]), [2, 2, 2, 2]);
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    lab.settle();
    assert_eq!(rows(&lab, &[lab.sql, one, two, three]), [1, 2, 1, 1]);
    lab.resume();
    lab.settle();
    assert_eq!(rows(&lab, &[lab.sql, one, two, three]), [2, 2, 2, 2]);
    for name in ["DAG_db1", "DAG2_db1", "DAG3_db1"] {
        assert_eq!(lab.status_of(name).health, Health::Healthy, "{name}");
    }
}

#[test]
fn a_second_link_does_not_turn_while_the_first_does() {
    let (mut lab, [one, ..]) = fanned_out(Profile::Azure);
    lab.alter_dag(GroupAction::Failover).unwrap();
    let refused = lab.alter_group("DAG2_db1", GroupAction::Failover);
    let group = "DAG2_db1".to_owned();
    assert_eq!(refused, Err(FailoverRefusal::InProgress { group }.into()));
    lab.settle();
    assert_eq!(role(&lab, "DAG_db1", one), Some(Role::Primary));
}

/// Three databases on one pair of instances.
fn side_by_side(profile: Profile) -> Lab {
    let mut lab = Lab::new(profile);
    lab.prepare(None);
    lab.create_table();
    for n in [2, 3] {
        let (database, group) = (format!("db{n}"), format!("AG_db{n}"));
        let (dag, instance_group) = (format!("DAG_db{n}"), format!("AG_db{n}_MI"));
        lab.add_database(&database);
        lab.add_group(&group, &[&database]).unwrap();
        lab.add_dag(&dag, &group, (lab.mi, &instance_group))
            .unwrap();
    }
    lab
}

fn create_all(lab: &mut Lab) {
    lab.create_link();
    for n in [2, 3] {
        let (group, instance_group) = (format!("AG_db{n}"), format!("AG_db{n}_MI"));
        let (dag, database) = (format!("DAG_db{n}"), format!("db{n}"));
        lab.add_link(lab.mi, &dag, (&group, &instance_group), &database)
            .unwrap();
    }
}

#[test]
fn several_databases_have_a_link_each_and_fail_over_one_by_one() {
    let mut lab = side_by_side(Profile::Fast);
    create_all(&mut lab);
    lab.settle();
    lab.alter_group("DAG_db2", GroupAction::Failover).unwrap();
    lab.settle();
    let expected = [
        ("DAG_db1", Role::Primary),
        ("DAG_db2", Role::Secondary),
        ("DAG_db3", Role::Primary),
    ];
    for (name, of_sql) in expected {
        assert_eq!(role(&lab, name, lab.sql), Some(of_sql), "{name}");
        assert_eq!(lab.status_of(name).health, Health::Healthy, "{name}");
    }
    lab.insert(lab.sql, 1).unwrap();
    lab.settle();
    assert_eq!(lab.rows_in(lab.mi, "db1"), 1);
    lab.turn_endpoint(EndpointState::Stopped);
    lab.fail_over_link(lab.mi, "DAG_db3", FailoverKind::ForcedAllowDataLoss)
        .unwrap();
    assert_eq!(role(&lab, "DAG_db3", lab.mi), Some(Role::Primary));
    assert_eq!(role(&lab, "DAG_db1", lab.mi), Some(Role::Secondary));
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db1".into(),
    });
    lab.settle();
    assert_eq!(lab.world.links.len(), 2);
}

#[test]
fn databases_that_are_seeded_at_once_share_the_bandwidth() {
    // A megabyte a second, and a database of eight.
    let rate = |lab: &mut Lab| lab.world.durations.seeding_bytes_per_second = Some(1 << 20);
    let mut alone = side_by_side(Profile::Instant);
    rate(&mut alone);
    let began = alone.world.now();
    alone.create_link();
    alone.settle();
    let single = alone.world.now().since(began);
    let mut lab = side_by_side(Profile::Instant);
    rate(&mut lab);
    create_all(&mut lab);
    let now = lab.world.now();
    lab.world.advance_to(now);
    let shared: Vec<i64> = lab
        .world
        .links
        .values()
        .map(|link| link.seedings[0].pace.sharers)
        .collect();
    assert_eq!(shared, [3, 3, 3]);
    lab.world.advance_to(now + single);
    for name in ["DAG_db1", "DAG_db2", "DAG_db3"] {
        let percent = lab.status_of(name).seeding_percent;
        assert_eq!(percent, Some(33), "{name}");
    }
    // One of them goes: the others have more.
    lab.apply(DeleteLink {
        instance: lab.mi,
        name: "DAG_db3".into(),
    });
    lab.settle();
    let took = lab.world.now().since(now);
    let expected = Span(single.0 + (single.0 - single.0 / 3) * 2);
    assert!((took.0 - expected.0).abs() < 100, "{took:?} {expected:?}");
}

/// Sets what makes an instance Next-gen General Purpose.
#[derive(Clone)]
struct NextGen(InstanceId);

impl Request for NextGen {
    type Reply = ();

    fn apply(self, world: &mut milink_core::World) -> Result<(), Refusal> {
        let instance = std::sync::Arc::make_mut(world.instances.get_mut(&self.0).unwrap());
        let mi = instance.as_managed_instance_mut().unwrap();
        std::sync::Arc::make_mut(&mut mi.properties).next_gen = true;
        Ok(())
    }
}

#[test]
fn an_instance_has_as_many_links_as_databases() {
    for (next_gen, most) in [(false, 100), (true, 500)] {
        let mut lab = Lab::new(Profile::Azure);
        if next_gen {
            lab.apply(NextGen(lab.mi));
        }
        let add = |lab: &mut Lab, n: usize| {
            let groups = (format!("AG{n}"), format!("AG{n}_MI"));
            let groups = (groups.0.as_str(), groups.1.as_str());
            lab.add_link(lab.mi, &format!("DAG{n}"), groups, &format!("db{n}"))
        };
        for n in 0..most {
            add(&mut lab, n).unwrap();
        }
        assert_eq!(add(&mut lab, most), Err(LinkRefusal::TooManyLinks.into()));
        milink_core::invariants::check(&lab.world).unwrap();
    }
}

#[test]
fn names_that_are_taken_or_too_long_are_refused() {
    let long = "x".repeat(129);
    let (dag, group) = ("DAG_db1".to_owned(), "AG_db1_MI".to_owned());
    let named = |name: &str| LinkRefusal::NameTaken { name: name.into() };
    // Link, groups (SQL Server's and the instance's), database.
    let cases: [(&str, (&str, &str), &str, LinkRefusal); 7] = [
        (
            "other",
            ("AG_db1", "ag_DB1_mi"),
            "db2",
            LinkRefusal::InstanceGroupInUse {
                group: "ag_DB1_mi".into(),
            },
        ),
        (
            "other",
            ("AG_db1", "AG_x"),
            "db1",
            LinkRefusal::DatabaseExists {
                database: "db1".into(),
            },
        ),
        (
            "other",
            ("AG_db1", &long),
            "db2",
            LinkRefusal::NameTooLong { name: long.clone() },
        ),
        (
            "other",
            (&long, "AG_x"),
            "db2",
            LinkRefusal::NameTooLong { name: long.clone() },
        ),
        ("other", ("AG_db1", "OTHER"), "db2", named("other")),
        ("other", ("AG_db1", &dag), "db2", named("other")),
        (&group, ("AG_db1", "AG_x"), "db2", named(&group)),
    ];
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_link();
    for (name, groups, database, expected) in cases {
        let before = lab.world.clone();
        let refused = lab.add_link(lab.mi, name, groups, database);
        assert_eq!(refused, Err(expected.into()), "{name} {groups:?}");
        assert_eq!(lab.world, before);
    }
    // The same on SQL Server: a group's name is there once, a database is in one group.
    lab.add_database("db2");
    let exists = lab.add_group("DAG_db1", &["db2"]).unwrap_err();
    assert!(matches!(
        exists,
        Refusal::Group(GroupRefusal::Exists { .. })
    ));
    let joined = lab.add_group("AG_other", &["db1"]).unwrap_err();
    assert!(matches!(
        joined,
        Refusal::Group(GroupRefusal::DatabaseElsewhere { .. })
    ));
}

#[test]
fn no_second_link_starts_from_an_instances_database() {
    let mut lab = Lab::linked_from_instance(Profile::Fast);
    let spec = LinkSpec {
        instance_group: "AG_other".into(),
        instance_role: LinkRole::Primary,
        ..Lab::spec()
    };
    let create = CreateLink {
        instance: lab.mi,
        name: "other".into(),
        spec,
    };
    let refused = lab.world.apply(lab.world.now(), create);
    let database = "db1".to_owned();
    assert_eq!(
        refused,
        Err(LinkRefusal::DatabaseLinked { database }.into())
    );
}
