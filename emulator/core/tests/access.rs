//! Connections to databases of availability groups: by role, ALLOW_CONNECTIONS and the client's intent; and a link
//! through a listener.

mod lab;

use lab::*;
use milink_core::availability_group::{Role, SecondaryConnections};
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::invariants;
use milink_core::link::{CreateLink, FailoverKind, LinkSpec, LinkStatus};
use milink_core::listener::ListenerAddress;
use milink_core::refusal::DatabaseRefusal as R;

fn allow(lab: &mut Lab, change: ReplicaChange) {
    lab.apply(AlterAvailabilityGroup {
        instance: lab.sql,
        name: "AG_db1".into(),
        action: GroupAction::ModifyReplica("sqlserver1".into(), change),
    });
}

/// Every role of SQL Server, every setting, and both intents.
#[test]
fn a_role_lets_in_whom_its_setting_allows() {
    use SecondaryConnections::{All, No, ReadOnly};
    let name = || "db1".to_owned();
    let not_readable = || Err(R::SecondaryNotReadable { name: name() });
    let needed = || Err(R::ReadIntentNeeded { name: name() });
    let refused = || Err(R::ReadIntentRefused { name: name() });
    let cases = [
        (Role::Primary, false, No, [Ok(()), Ok(())]),
        (Role::Primary, true, No, [Ok(()), refused()]),
        (Role::Primary, true, All, [Ok(()), refused()]),
        (Role::Secondary, false, No, [not_readable(), not_readable()]),
        (Role::Secondary, false, ReadOnly, [needed(), Ok(())]),
        (Role::Secondary, true, ReadOnly, [needed(), Ok(())]),
        (Role::Secondary, false, All, [Ok(()), Ok(())]),
    ];
    for role in [Role::Primary, Role::Secondary] {
        let mut lab = Lab::linked(Profile::Fast);
        if role == Role::Secondary {
            lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
            lab.settle();
            lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
            lab.settle();
        }
        for (of, read_write_only, secondary, expected) in &cases {
            if *of != role {
                continue;
            }
            let change = ReplicaChange {
                primary_read_write_only: Some(*read_write_only),
                secondary_connections: Some(*secondary),
                ..ReplicaChange::default()
            };
            allow(&mut lab, change);
            let sql = lab.world.instance(lab.sql).unwrap();
            let database = sql.database("db1").unwrap();
            assert_eq!(sql.role_of(database), Some(role));
            for (intent, expected) in [false, true].into_iter().zip(expected) {
                assert_eq!(
                    sql.check_connection(database, intent),
                    *expected,
                    "{role:?} {read_write_only} {secondary:?} {intent}"
                );
            }
        }
        // The service's replicas let everybody in.
        let mi = lab.world.instance(lab.mi).unwrap();
        let database = mi.database("db1").unwrap();
        for intent in [false, true] {
            assert_eq!(mi.check_connection(database, intent), Ok(()));
        }
    }
}

#[test]
fn a_reader_that_comes_by_the_listener_is_sent_on() {
    let mut lab = Lab::linked(Profile::Fast);
    let routed = |lab: &Lab, host: &str| {
        let sql = lab.world.instance(lab.sql).unwrap();
        let route = lab
            .world
            .route_reader(sql, sql.database("db1").unwrap(), host);
        route.map(|to| to.map(|url| (url.host, url.port)))
    };
    let own = || Ok(Some(("sqlserver1".to_owned(), 1433)));
    let alter = |lab: &mut Lab, action| {
        let (instance, name) = (lab.sql, "AG_db1".into());
        lab.apply(AlterAvailabilityGroup {
            instance,
            name,
            action,
        });
    };
    alter(&mut lab, GroupAction::AddListener(listener(None)));
    assert_eq!(routed(&lab, "aglistener"), Ok(None));
    let change = ReplicaChange {
        read_only_routing_url: Some(Some("TCP://sqlserver1:1433".into())),
        ..ReplicaChange::default()
    };
    allow(&mut lab, change);
    let to = |servers: &[&str]| Routing {
        read_only_list: Some(vec![servers.iter().map(|name| (*name).into()).collect()]),
        read_write_url: None,
    };
    let set = |servers: &[&str]| GroupAction::SetRouting("sqlserver1".into(), to(servers));
    alter(&mut lab, set(&["sqlserver1"]));
    assert_eq!(routed(&lab, "aglistener"), own());
    assert_eq!(routed(&lab, "10.0.0.9"), own());
    assert_eq!(routed(&lab, "sqlserver1"), Ok(None));
    alter(
        &mut lab,
        GroupAction::AddReplica(ReplicaSpec {
            server_name: "sqlserver2".into(),
            endpoint_url: "TCP://10.0.0.5:5022".into(),
            availability_mode:
                milink_core::availability_group::AvailabilityMode::AsynchronousCommit,
            failover_mode: milink_core::availability_group::FailoverMode::Manual,
            seeding_mode: milink_core::availability_group::SeedingMode::Automatic,
            session_timeout: DEFAULT_SESSION_TIMEOUT,
            backup_priority: 50,
            primary_read_write_only: false,
            secondary_connections: SecondaryConnections::All,
            read_only_routing_url: Some("TCP://sqlserver2:1433".into()),
        }),
    );
    alter(&mut lab, set(&["sqlserver2"]));
    let nobody = || {
        let name = "db1".to_owned();
        Err(R::NoReadableReplica { name })
    };
    assert_eq!(routed(&lab, "aglistener.contoso.local"), nobody());
    assert_eq!(routed(&lab, "sqlserver1"), Ok(None));
    // Replicas elsewhere are passed over; a primary for writers only is no target.
    alter(&mut lab, set(&["sqlserver2", "sqlserver1"]));
    assert_eq!(routed(&lab, "aglistener"), own());
    let read_write_only = |only| ReplicaChange {
        primary_read_write_only: Some(only),
        ..ReplicaChange::default()
    };
    allow(&mut lab, read_write_only(true));
    assert_eq!(routed(&lab, "aglistener"), nobody());
    allow(&mut lab, read_write_only(false));
    // On the secondary side of the link nobody is sent on.
    lab.fail_over(FailoverKind::ForcedAllowDataLoss).unwrap();
    lab.settle();
    lab.alter_dag(GroupAction::SetRoleSecondary).unwrap();
    lab.settle();
    assert_eq!(routed(&lab, "aglistener"), Ok(None));
    invariants::check(&lab.world).unwrap();
}

fn listener(port: Option<u16>) -> ListenerSpec {
    ListenerSpec {
        dns_name: "aglistener".into(),
        addresses: ListenerSource::Static(vec![ListenerAddress {
            ip: std::net::Ipv4Addr::new(10, 0, 0, 9).into(),
            mask: Some(std::net::Ipv4Addr::new(255, 255, 255, 0)),
        }]),
        port,
    }
}

/// The article's existing group: the link's partner endpoint is the listener, with the mirroring port.
#[test]
fn a_link_goes_through_the_listener() {
    for host in ["aglistener", "AGLISTENER.contoso.local", "10.0.0.9"] {
        let mut lab = Lab::new(Profile::Fast);
        lab.prepare(None);
        lab.apply(AlterAvailabilityGroup {
            instance: lab.sql,
            name: "AG_db1".into(),
            action: GroupAction::AddListener(listener(Some(1433))),
        });
        let spec = LinkSpec {
            partner_endpoint: format!("TCP://{host}:5022").into(),
            ..Lab::spec()
        };
        lab.apply(CreateLink {
            instance: lab.mi,
            name: "DAG_db1".into(),
            spec,
        });
        assert_eq!(lab.settle().last(), Some(&"LinkSynchronizing"), "{host}");
        // Without the listener nobody finds the way, and with it they find it again.
        lab.apply(AlterAvailabilityGroup {
            instance: lab.sql,
            name: "AG_db1".into(),
            action: GroupAction::RemoveListener("aglistener".into()),
        });
        lab.settle();
        assert!(!LinkStatus::of(&lab.world, lab.link()).connected);
        lab.apply(AlterAvailabilityGroup {
            instance: lab.sql,
            name: "AG_db1".into(),
            action: GroupAction::AddListener(listener(None)),
        });
        lab.settle();
        assert!(LinkStatus::of(&lab.world, lab.link()).connected);
    }
}
