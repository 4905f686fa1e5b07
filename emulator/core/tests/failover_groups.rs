//! Failover groups: two managed instances of two regions, of which one has the data of the other; there and back, with and without loss.

mod lab;

use lab::*;
use milink_core::azure::*;
use milink_core::collation::Collation;
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::ids::{InstanceId, OperationId};
use milink_core::invariants;
use milink_core::names::Name;
use milink_core::network::{Reach, SetReach};
use milink_core::operation::{OperationError, OperationState};
use milink_core::path::{Vantage, resolve_from};
use milink_core::refusal::{
    AzureRefusal, DatabaseRefusal, FailoverGroupRefusal as R, LinkRefusal, Refusal,
};
use milink_core::time::Span;
use milink_core::version::UpdatePolicy;

const ZONE: &str = "0123456789ab";

/// A second instance, in another region, with the first one's DNS zone unless `change` says otherwise.
fn second(
    lab: &mut Lab,
    name: &str,
    change: impl FnOnce(&mut CreateManagedInstance),
) -> InstanceId {
    let mut create = CreateManagedInstance {
        name: name.into(),
        dns_zone: ZONE.into(),
        update_policy: UpdatePolicy::SqlServer2022,
        endpoint_certificate: facts(3),
        collation: Collation::DEFAULT,
        administrator: "miadmin".into(),
        password: "x".into(),
        properties: ManagedInstanceProperties::new("dr".into(), "northeurope"),
    };
    change(&mut create);
    lab.apply(create)
}

fn lab(profile: Profile) -> (Lab, InstanceId) {
    let mut lab = Lab::new(profile);
    let first = lab.world.instance(lab.mi).unwrap();
    let properties = &first.as_managed_instance().unwrap().properties;
    let (group, location) = (
        properties.resource_group.clone(),
        properties.location.clone(),
    );
    for (name, location) in [(group, location.as_str()), ("dr".into(), "northeurope")] {
        lab.apply(WriteResourceGroup {
            name,
            location: location.to_owned(),
            tags: Tags::new(),
        });
    }
    let other = second(&mut lab, "sqlmi2", |_| {});
    (lab, other)
}

fn place_of(lab: &Lab, instance: InstanceId) -> FailoverGroupPlace {
    let found = lab.world.instance(instance).unwrap();
    let properties = &found.as_managed_instance().unwrap().properties;
    FailoverGroupPlace {
        location: properties.location.clone(),
        resource_group: properties.resource_group.clone(),
        name: "fog".into(),
    }
}

fn key_of(lab: &Lab, instance: InstanceId) -> ResourceKey {
    let found = lab.world.instance(instance).unwrap();
    let properties = &found.as_managed_instance().unwrap().properties;
    ResourceKey {
        group: properties.resource_group.clone(),
        name: found.name.clone(),
    }
}

fn wish(lab: &Lab, primary: InstanceId, partner: InstanceId) -> WriteFailoverGroup {
    WriteFailoverGroup {
        place: place_of(lab, primary),
        primary: key_of(lab, primary),
        partner: key_of(lab, partner),
        partner_region: place_of(lab, partner).location,
        settings: FailoverGroupSettings {
            policy: FailoverPolicy::Manual,
            readers_follow: false,
            secondary_type: SecondaryType::Geo,
        },
    }
}

/// Asks, and sees that nothing has changed if it is refused.
fn ask<Q: Request>(lab: &mut Lab, request: Q) -> Result<Q::Reply, Refusal> {
    let (now, before) = (lab.world.now(), lab.world.clone());
    let answer = lab.world.apply(now, request);
    if answer.is_err() {
        invariants::check_refusal(&before, &lab.world).unwrap();
    }
    invariants::check(&lab.world).unwrap();
    answer
}

/// Lets everything happen that is on its way, but not what is hours off.
fn settle(lab: &mut Lab) {
    let until = lab.world.now() + Span::minutes(20);
    while let Some(due) = lab.world.next_due().filter(|due| *due <= until) {
        let before = lab.world.clone();
        lab.world.advance_to(due);
        invariants::check(&lab.world).unwrap();
        invariants::check_step(&before, &lab.world).unwrap();
    }
}

/// A group with database db1, which has a table.
fn replicated(profile: Profile) -> (Lab, InstanceId) {
    let (mut lab, other) = lab(profile);
    let first = lab.mi;
    lab.apply(create("db1", first));
    lab.create_table_on(first);
    lab.insert(first, 1).unwrap();
    let request = wish(&lab, first, other);
    let operation = ask(&mut lab, request).unwrap();
    settle(&mut lab);
    assert!(succeeded(&lab, operation));
    (lab, other)
}

fn create(name: &str, instance: InstanceId) -> CreateDatabase {
    CreateDatabase {
        instance,
        name: name.into(),
        collation: None,
    }
}

fn succeeded(lab: &Lab, operation: OperationId) -> bool {
    matches!(lab.outcome(operation), OperationState::Succeeded { .. })
}

fn fail_over(lab: &mut Lab, to: InstanceId, kind: GroupFailover) -> Result<OperationId, Refusal> {
    let place = place_of(lab, to);
    ask(lab, FailOverGroup { place, kind })
}

fn rows(lab: &Lab, instance: InstanceId) -> usize {
    let database = lab
        .world
        .instance(instance)
        .unwrap()
        .database("db1")
        .unwrap();
    let table = database.content.table(&Name::new("dbo"), &Name::new("t"));
    table.map_or(0, |table| table.len())
}

fn primary(lab: &Lab) -> InstanceId {
    lab.world.failover_group(&"fog".into()).unwrap().primary.id
}

fn names(lab: &Lab, instance: InstanceId) -> Vec<String> {
    let databases = lab.world.instance(instance).unwrap().databases.values();
    let users = databases.filter(|database| !database.is_system());
    users.map(|database| database.name.to_string()).collect()
}

/// Cuts the two instances off from each other, or joins them again.
fn part(lab: &mut Lab, other: InstanceId, reach: Reach) {
    for (from, to) in [(lab.mi, other), (other, lab.mi)] {
        lab.apply(SetReach { from, to, reach });
    }
}

#[test]
fn databases_follow_that_were_there_and_that_come_later() {
    for profile in [Profile::Instant, Profile::Fast, Profile::Azure] {
        let (mut lab, other) = replicated(profile);
        let first = lab.mi;
        assert_eq!(rows(&lab, other), 1);
        lab.insert(first, 2).unwrap();
        lab.apply(create("later", first));
        settle(&mut lab);
        assert_eq!(rows(&lab, other), 2);
        assert_eq!(names(&lab, other), ["db1", "later"]);
        assert_eq!(
            lab.world.failover_groups().next().unwrap().state,
            "CATCH_UP"
        );
        // The secondary can be read, and nothing else.
        let read_only = Err(DatabaseRefusal::ReadOnly { name: "db1".into() });
        let secondary = lab.world.instance(other).unwrap().clone();
        let copy = secondary.database("db1").unwrap();
        assert_eq!(secondary.check_readable(copy), Ok(()));
        assert_eq!(secondary.check_writable(copy), read_only);
        let refused = ask(&mut lab, create("own", other));
        assert_eq!(
            refused.unwrap_err(),
            DatabaseRefusal::GeoSecondary { name: "own".into() }.into()
        );
        let drop = |instance, name: &str| DropDatabase {
            instance,
            name: name.into(),
            session: None,
        };
        assert!(ask(&mut lab, drop(other, "later")).is_err());
        lab.apply(drop(first, "later"));
        settle(&mut lab);
        assert_eq!(names(&lab, other), ["db1"]);
    }
}

#[test]
fn a_planned_failover_goes_there_and_back_and_loses_nothing() {
    let (mut lab, other) = replicated(Profile::Azure);
    let first = lab.mi;
    for (round, (from, to)) in [(first, other), (other, first)].into_iter().enumerate() {
        let refused = fail_over(&mut lab, from, GroupFailover::Planned);
        assert_eq!(refused.unwrap_err(), R::OnPrimary.into());
        let operation = fail_over(&mut lab, to, GroupFailover::Planned).unwrap();
        let busy = fail_over(&mut lab, to, GroupFailover::Planned).unwrap_err();
        assert_eq!(
            busy,
            R::Busy {
                group: "fog".into()
            }
            .into()
        );
        // What is committed while it is on its way is on both sides, too.
        lab.insert(from, 10 + round as i64).unwrap();
        settle(&mut lab);
        assert!(succeeded(&lab, operation), "{:?}", lab.outcome(operation));
        assert_eq!(primary(&lab), to);
        assert!(lab.insert(from, 99).is_err());
        lab.insert(to, 20 + round as i64).unwrap();
        settle(&mut lab);
        assert_eq!(
            (rows(&lab, from), rows(&lab, to)),
            (3 + 2 * round, 3 + 2 * round)
        );
    }
    let set = lab.world.replica_sets.values().next().unwrap();
    assert_eq!(set.failovers.iter().map(|it| it.lost()).sum::<usize>(), 0);
}

#[test]
fn a_forced_failover_loses_what_was_not_hardened_and_the_old_primary_goes_back() {
    let (mut lab, other) = replicated(Profile::Azure);
    let first = lab.mi;
    part(&mut lab, other, Reach::Refused);
    settle(&mut lab);
    lab.insert(first, 2).unwrap();
    lab.insert(first, 3).unwrap();
    settle(&mut lab);
    assert_eq!(rows(&lab, other), 1);
    assert_eq!(
        lab.world.failover_groups().next().unwrap().state,
        "SUSPENDED"
    );
    let refused = fail_over(&mut lab, other, GroupFailover::Planned).unwrap_err();
    assert_eq!(
        refused,
        R::NotSynchronized {
            group: "fog".into()
        }
        .into()
    );
    let operation = fail_over(&mut lab, other, GroupFailover::Forced).unwrap();
    settle(&mut lab);
    assert!(succeeded(&lab, operation));
    assert_eq!(primary(&lab), other);
    // The service has told the old one.
    assert!(lab.insert(first, 4).is_err());
    lab.insert(other, 5).unwrap();
    let lost = |lab: &Lab| {
        let set = lab.world.replica_sets.values().next().unwrap();
        let failover = set.failovers.last().unwrap().clone();
        (failover.forced, failover.lost())
    };
    assert_eq!(lost(&lab), (true, 2));
    assert_eq!((rows(&lab, first), rows(&lab, other)), (3, 2));
    part(&mut lab, other, Reach::Open);
    settle(&mut lab);
    assert_eq!((rows(&lab, first), rows(&lab, other)), (2, 2));
    let back = fail_over(&mut lab, first, GroupFailover::Planned).unwrap();
    settle(&mut lab);
    assert!(succeeded(&lab, back));
    lab.insert(first, 6).unwrap();
    settle(&mut lab);
    assert_eq!((rows(&lab, first), rows(&lab, other)), (3, 3));
}

#[test]
fn a_planned_failover_is_called_off_when_the_way_is_lost() {
    let (mut lab, other) = replicated(Profile::Azure);
    let operation = fail_over(&mut lab, other, GroupFailover::Planned).unwrap();
    part(&mut lab, other, Reach::Refused);
    settle(&mut lab);
    let refused = Refusal::from(R::NotSynchronized {
        group: "fog".into(),
    });
    let OperationState::Failed { error, .. } = lab.outcome(operation) else {
        panic!("{:?}", lab.outcome(operation));
    };
    assert_eq!(*error, OperationError::Refused(Box::new(refused)));
    assert_eq!(primary(&lab), lab.mi);
    lab.insert(lab.mi, 2).unwrap();
}

#[test]
fn an_automatic_group_fails_over_when_its_primary_was_down_for_the_grace_period() {
    let (mut lab, other) = replicated(Profile::Fast);
    let first = lab.mi;
    let mut request = wish(&lab, first, other);
    request.settings.policy = FailoverPolicy::Automatic { grace: 59 };
    let short = ask(&mut lab, request.clone()).unwrap_err();
    assert_eq!(short, R::GraceTooShort { least: 60 }.into());
    request.settings.policy = FailoverPolicy::Automatic { grace: 60 };
    ask(&mut lab, request).unwrap();
    settle(&mut lab);
    // An outage that is over in time does nothing.
    lab.apply(SetOutage {
        instance: first,
        lost: true,
    });
    let later = lab.world.now() + Span::minutes(59);
    lab.world.advance_to(later);
    lab.apply(SetOutage {
        instance: first,
        lost: false,
    });
    let later = lab.world.now() + Span::minutes(59);
    lab.world.advance_to(later);
    assert_eq!(primary(&lab), first);
    lab.insert(first, 2).unwrap();
    lab.apply(SetOutage {
        instance: first,
        lost: true,
    });
    let later = lab.world.now() + Span::minutes(61);
    lab.world.advance_to(later);
    invariants::check(&lab.world).unwrap();
    assert_eq!(primary(&lab), other);
    lab.insert(other, 3).unwrap();
    lab.apply(SetOutage {
        instance: first,
        lost: false,
    });
    settle(&mut lab);
    assert_eq!(rows(&lab, first), rows(&lab, other));
}

#[test]
fn without_their_group_both_instances_write() {
    for before in [false, true] {
        let (mut lab, other) = replicated(Profile::Fast);
        let first = lab.mi;
        if before {
            // Old primary, parted: it keeps what it has.
            part(&mut lab, other, Reach::Refused);
            settle(&mut lab);
            lab.insert(first, 2).unwrap();
            fail_over(&mut lab, other, GroupFailover::Forced).unwrap();
            settle(&mut lab);
        }
        let (at, away) = if before {
            (other, first)
        } else {
            (first, other)
        };
        let place = place_of(&lab, away);
        let refused = ask(&mut lab, DeleteFailoverGroup { place }).unwrap_err();
        assert_eq!(refused, R::OnSecondary.into());
        let place = place_of(&lab, at);
        let operation = ask(
            &mut lab,
            DeleteFailoverGroup {
                place: place.clone(),
            },
        );
        let operation = operation.unwrap().unwrap();
        settle(&mut lab);
        assert!(succeeded(&lab, operation));
        assert_eq!(ask(&mut lab, DeleteFailoverGroup { place }).unwrap(), None);
        for side in [first, other] {
            lab.insert(side, 7).unwrap();
            lab.apply(create("own", side));
        }
        settle(&mut lab);
        assert_eq!(rows(&lab, first), 2 + usize::from(before));
        assert_eq!(rows(&lab, other), 2);
        assert!(lab.world.replica_sets.is_empty());
    }
}

#[test]
fn links_and_failover_groups_exclude_each_other() {
    let (mut lab, other) = replicated(Profile::Fast);
    for (instance, name) in [(lab.mi, "sqlmi1"), (other, "sqlmi2")] {
        let refused = ask(
            &mut lab,
            milink_core::link::CreateLink {
                instance,
                name: "DAG_db1".into(),
                spec: milink_core::link::LinkSpec {
                    database: "db9".into(),
                    ..Lab::spec()
                },
            },
        );
        let instance = name.to_owned();
        assert_eq!(
            refused.unwrap_err(),
            LinkRefusal::InFailoverGroup { instance }.into()
        );
    }
    let (mut lab, other) = self::lab(Profile::Fast);
    lab.prepare(None);
    lab.create_link();
    let request = wish(&lab, lab.mi, other);
    let refused = ask(&mut lab, request).unwrap_err();
    assert_eq!(
        refused,
        R::HasLink {
            instance: "sqlmi1".into()
        }
        .into()
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    type Case = (fn(&mut Lab, InstanceId) -> WriteFailoverGroup, R);
    let cases: Vec<Case> = vec![
        (|lab, _| wish(lab, lab.mi, lab.mi), R::SameInstance),
        (
            |lab, other| WriteFailoverGroup {
                partner_region: "westus".into(),
                ..wish(lab, lab.mi, other)
            },
            R::WrongPartnerRegion,
        ),
        (
            |lab, other| WriteFailoverGroup {
                place: place_of(lab, other),
                ..wish(lab, lab.mi, other)
            },
            R::PrimaryElsewhere,
        ),
        (
            |lab, _| {
                let near = second(lab, "near", |it| {
                    it.properties.location = "westeurope".into()
                });
                wish(lab, lab.mi, near)
            },
            R::SameRegion,
        ),
        (
            |lab, _| {
                let strange = second(lab, "strange", |it| it.dns_zone = "ffffffffffff".into());
                wish(lab, lab.mi, strange)
            },
            R::Differs { what: "DNS zone" },
        ),
        (
            |lab, _| {
                let large = second(lab, "large", |it| it.properties.storage_gb = 64);
                wish(lab, lab.mi, large)
            },
            R::SizesDiffer,
        ),
        (
            |lab, _| {
                let new = second(lab, "new", |it| {
                    it.update_policy = UpdatePolicy::AlwaysUpToDate
                });
                wish(lab, lab.mi, new)
            },
            R::Differs {
                what: "update policy",
            },
        ),
        (
            |lab, other| {
                lab.apply(create("own", other));
                wish(lab, lab.mi, other)
            },
            R::SecondaryNotEmpty {
                database: "own".into(),
            },
        ),
        (
            |lab, other| {
                part(lab, other, Reach::Silent);
                wish(lab, lab.mi, other)
            },
            R::NoWay {
                reason: "'sqlmi1' does not reach 'sqlmi2' on ports 5022 and 11000-11999".into(),
            },
        ),
        (
            |lab, other| {
                let mut wish = wish(lab, lab.mi, other);
                wish.place.name = "Fog".into();
                wish
            },
            R::BadName {
                group: "Fog".into(),
            },
        ),
        (
            |lab, other| {
                let mut wish = wish(lab, lab.mi, other);
                wish.place.name = "sqlmi2".into();
                wish
            },
            R::NameInUse {
                group: "sqlmi2".into(),
            },
        ),
        (
            |lab, other| {
                let first = wish(lab, lab.mi, other);
                lab.apply(first);
                let third = second(lab, "third", |_| {});
                let mut wish = wish(lab, lab.mi, third);
                wish.place.name = "fog2".into();
                wish
            },
            R::Member {
                instance: "sqlmi1".into(),
            },
        ),
    ];
    for (before, expected) in cases {
        let (mut lab, other) = lab(Profile::Fast);
        let request = before(&mut lab, other);
        let refused = ask(&mut lab, request).unwrap_err();
        assert_eq!(refused, expected.into());
    }
}

#[test]
fn members_are_neither_stopped_nor_deleted_and_listeners_follow() {
    let (mut lab, other) = replicated(Profile::Fast);
    let group = "fog".to_owned();
    for instance in [lab.mi, other] {
        let refused = ask(&mut lab, StopManagedInstance { instance }).unwrap_err();
        assert_eq!(
            refused,
            R::InstanceIn {
                group: group.clone()
            }
            .into()
        );
        let refused = ask(&mut lab, DeleteManagedInstance { instance }).unwrap_err();
        assert_eq!(
            refused,
            R::InstanceIn {
                group: group.clone()
            }
            .into()
        );
    }
    let chain = |lab: &Lab, host: &str| {
        let host = format!("{host}.{ZONE}.database.windows.net");
        let mut chain = resolve_from(&lab.world, &Vantage::Internet, &host).chain;
        let first = chain.drain(..).next().unwrap_or_default();
        first.split('.').next().unwrap_or_default().to_owned()
    };
    assert_eq!(chain(&lab, "fog"), "sqlmi1");
    assert_eq!(chain(&lab, "fog.secondary"), "sqlmi2");
    fail_over(&mut lab, other, GroupFailover::Planned).unwrap();
    settle(&mut lab);
    assert_eq!(chain(&lab, "fog"), "sqlmi2");
    assert_eq!(chain(&lab, "fog.secondary"), "sqlmi1");
    assert_eq!(chain(&lab, "gof"), "");
}

#[test]
fn an_instance_is_not_named_like_a_group() {
    let (mut lab, _) = replicated(Profile::Azure);
    let request = WriteManagedInstance {
        group: key_of(&lab, lab.mi).group,
        name: "fog".into(),
        settings: InstanceSettings::default(),
        endpoint_certificate: None,
    };
    let name = "fog".to_owned();
    assert_eq!(
        ask(&mut lab, request),
        Err(AzureRefusal::ServerNameTaken { name }.into())
    );
}
