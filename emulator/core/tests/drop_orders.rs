//! Taking a link apart in every order, right and wrong: what refuses, what is left, and that everything can be cleaned up
//! and made anew under the same names.

mod lab;

use std::collections::BTreeMap;

use expect_test::expect;
use lab::*;
use milink_core::Refusal;
use milink_core::azure::DeleteManagedDatabase;
use milink_core::backup::{BackupDevice, BackupKind};
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::*;
use milink_core::ids::PrincipalId;
use milink_core::invariants;
use milink_core::link::*;

/// A part of a link that somebody takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// `DROP AVAILABILITY GROUP` of the distributed group.
    Dag,
    /// `DROP AVAILABILITY GROUP` of the group.
    Group,
    /// `DROP DATABASE` on SQL Server.
    Database,
    /// `DROP ENDPOINT`.
    Endpoint,
    /// DELETE of the link.
    Link,
    /// `DROP DATABASE` on the managed instance.
    Copy,
    /// DELETE of the managed database.
    ManagedDatabase,
}

const PARTS: [Part; 7] = [
    Part::Dag,
    Part::Group,
    Part::Database,
    Part::Endpoint,
    Part::Link,
    Part::Copy,
    Part::ManagedDatabase,
];

/// Where the link is when it is taken apart.
#[derive(Clone, Copy, Debug)]
enum From {
    Initiating,
    Seeding,
    InStep,
    FailedOver,
}

fn take_away(lab: &mut Lab, part: Part) -> Result<&'static str, Refusal> {
    let (now, before) = (lab.world.now(), lab.world.clone());
    let (sql, mi) = (lab.sql, lab.mi);
    let drop_group = |name: &str| DropAvailabilityGroup {
        instance: sql,
        name: name.into(),
    };
    let drop_database = |instance| DropDatabase {
        instance,
        name: "db1".into(),
        session: None,
    };
    let world = &mut lab.world;
    let answer = match part {
        Part::Dag => world.apply(now, drop_group("DAG_db1")).map(|()| "gone"),
        Part::Group => world.apply(now, drop_group("AG_db1")).map(|()| "gone"),
        Part::Database => world.apply(now, drop_database(sql)).map(|()| "gone"),
        Part::Copy => world.apply(now, drop_database(mi)).map(|()| "gone"),
        Part::Endpoint => {
            let drop = DropEndpoint {
                instance: sql,
                name: "database_mirroring_endpoint".into(),
            };
            world.apply(now, drop).map(|()| "gone")
        }
        Part::Link => {
            let there = !world.links.is_empty();
            let delete = DeleteLink {
                instance: mi,
                name: "DAG_db1".into(),
            };
            let accepted = world.apply(now, delete);
            accepted.map(|_| if there { "gone" } else { "the operation fails" })
        }
        Part::ManagedDatabase => {
            let delete = DeleteManagedDatabase {
                instance: mi,
                name: "db1".into(),
            };
            let accepted = world.apply(now, delete);
            accepted.map(|operation| operation.map_or("204", |_| "gone"))
        }
    };
    if answer.is_err() {
        assert_eq!(lab.world, before, "a refusal changes nothing");
    }
    invariants::check(&lab.world).unwrap();
    answer
}

fn stage(from: From) -> Lab {
    let mut lab = Lab::new(Profile::Azure);
    lab.prepare(None);
    lab.create_table();
    lab.insert(lab.sql, 1).unwrap();
    lab.create_link();
    let there = |lab: &Lab| match from {
        From::Initiating => lab.link().phase == Phase::Initiating,
        From::Seeding => lab.link().phase == Phase::Seeding,
        From::InStep | From::FailedOver => matches!(lab.link().phase, Phase::Synchronizing { .. }),
    };
    while !there(&lab) {
        let due = lab.world.next_due().unwrap();
        lab.world.advance_to(due);
    }
    if matches!(from, From::FailedOver) {
        lab.alter_dag(GroupAction::Failover).unwrap();
        lab.settle();
        assert_eq!(format!("{:?}", lab.roles()), "(Secondary, Primary)");
    }
    lab
}

/// Every order of these parts.
fn orders(parts: &[Part]) -> Vec<Vec<Part>> {
    if parts.is_empty() {
        return vec![Vec::new()];
    }
    let first = |part: &Part| {
        let rest: Vec<Part> = parts
            .iter()
            .copied()
            .filter(|other| other != part)
            .collect();
        let rest = orders(&rest).into_iter();
        let part = *part;
        rest.map(move |rest| [vec![part], rest].concat())
            .collect::<Vec<_>>()
    };
    parts.iter().flat_map(first).collect()
}

/// Takes away what is left, in the order that works.
fn clean_up(lab: &mut Lab) {
    for part in [
        Part::Link,
        Part::Dag,
        Part::Group,
        Part::Endpoint,
        Part::Database,
        Part::Copy,
    ] {
        let _ = take_away(lab, part);
        lab.settle();
    }
}

fn is_clean(lab: &Lab) -> bool {
    let (sql, mi) = (
        lab.world.instance(lab.sql).unwrap(),
        lab.world.instance(lab.mi).unwrap(),
    );
    lab.world.links.is_empty()
        && sql.groups.is_empty()
        && mi.groups.is_empty()
        && sql.endpoint.is_none()
        && sql.database("db1").is_none()
        && mi.database("db1").is_none()
}

fn make_anew(lab: &mut Lab) {
    let instance = lab.sql;
    lab.apply(CreateDatabase {
        instance,
        name: "db1".into(),
        collation: None,
    });
    lab.apply(Backup {
        instance,
        database: "db1".into(),
        kind: BackupKind::Full,
        copy_only: false,
        devices: vec![BackupDevice::Disk("/var/opt/mssql/db1.bak".into())],
        name: None,
        description: None,
        compressed: false,
        checksums: false,
        user: "sa".into(),
    });
    lab.apply(CreateEndpoint {
        instance,
        name: "database_mirroring_endpoint".into(),
        owner: PrincipalId(1),
        state: EndpointState::Started,
        port: 5022,
        listener_ip: None,
        role: EndpointRole::All,
        authentication: AuthenticationSpec {
            windows: None,
            certificate: Some("Cert_sqlserver1_endpoint".into()),
            windows_first: false,
        },
        encryption: EndpointEncryption::Required(EncryptionAlgorithm::Aes),
    });
    lab.create_group(vec!["db1".into()]);
    let url = format!("tcp://{}:5022;Server=[sqlmi1]", lab.fqdn);
    lab.create_dag(&url);
    lab.create_table();
    lab.create_link();
    lab.settle();
    lab.insert(instance, 1).unwrap();
    lab.settle();
}

#[test]
fn whatever_the_order_everything_can_be_cleaned_up_and_made_anew() {
    for from in [
        From::Initiating,
        From::Seeding,
        From::InStep,
        From::FailedOver,
    ] {
        let begin = stage(from);
        // All of them take half a minute; which ones are left out differs from stage to stage.
        let skipped = orders(&PARTS[..6]).into_iter().skip(from as usize);
        for (number, order) in skipped.step_by(5).enumerate() {
            let mut lab = Lab {
                world: begin.world.clone(),
                sql: begin.sql,
                mi: begin.mi,
                fqdn: begin.fqdn.clone(),
            };
            for part in &order {
                let _ = take_away(&mut lab, *part);
                // Every other order leaves no time between the steps.
                if number % 2 == 0 {
                    lab.settle();
                }
            }
            lab.settle();
            clean_up(&mut lab);
            assert!(is_clean(&lab), "{from:?}, {order:?}");
            // Costs the most, and depends on the order the least.
            if number % 24 == 0 {
                make_anew(&mut lab);
                assert!(lab.status().connected, "{from:?}, {order:?}");
                assert_eq!(lab.rows(lab.mi), 1, "{from:?}, {order:?}");
            }
        }
    }
}

#[test]
fn what_each_first_and_second_step_is_told() {
    let mut table = Vec::new();
    for from in [
        From::Initiating,
        From::Seeding,
        From::InStep,
        From::FailedOver,
    ] {
        let begin = stage(from);
        for first in PARTS {
            let mut lab = Lab {
                world: begin.world.clone(),
                sql: begin.sql,
                mi: begin.mi,
                fqdn: begin.fqdn.clone(),
            };
            let told = |answer: Result<&'static str, Refusal>| match answer {
                Ok(text) => text.to_owned(),
                Err(refusal) => format!("refused: {refusal}"),
            };
            let answer = take_away(&mut lab, first);
            let went = answer == Ok("gone");
            table.push(format!("{from:?}: {first:?}: {}", told(answer)));
            if !went {
                continue;
            }
            lab.settle();
            let mut then: BTreeMap<String, Vec<Part>> = BTreeMap::new();
            for second in PARTS.into_iter().filter(|second| *second != first) {
                let mut lab = Lab {
                    world: lab.world.clone(),
                    sql: lab.sql,
                    mi: lab.mi,
                    fqdn: lab.fqdn.clone(),
                };
                let answer = told(take_away(&mut lab, second));
                then.entry(answer).or_default().push(second);
            }
            for (answer, parts) in then {
                table.push(format!("    then {parts:?}: {answer}"));
            }
        }
    }
    expect![[r#"
        Initiating: Dag: gone
            then [ManagedDatabase]: 204
            then [Group, Endpoint, Link]: gone
            then [Copy]: refused: database 'db1' does not exist
            then [Database]: refused: database 'db1' is in an availability group
        Initiating: Group: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
        Initiating: Database: refused: database 'db1' is in an availability group
        Initiating: Endpoint: gone
            then [ManagedDatabase]: 204
            then [Dag, Link]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Copy]: refused: database 'db1' does not exist
            then [Database]: refused: database 'db1' is in an availability group
        Initiating: Link: gone
            then [ManagedDatabase]: 204
            then [Dag, Endpoint]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Copy]: refused: database 'db1' does not exist
            then [Database]: refused: database 'db1' is in an availability group
        Initiating: Copy: refused: database 'db1' does not exist
        Initiating: ManagedDatabase: 204
        Seeding: Dag: gone
            then [ManagedDatabase]: 204
            then [Group, Endpoint, Link]: gone
            then [Copy]: refused: database 'db1' does not exist
            then [Database]: refused: database 'db1' is in an availability group
        Seeding: Group: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
        Seeding: Database: refused: database 'db1' is in an availability group
        Seeding: Endpoint: gone
            then [ManagedDatabase]: 204
            then [Dag, Link]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Copy]: refused: database 'db1' does not exist
            then [Database]: refused: database 'db1' is in an availability group
        Seeding: Link: gone
            then [ManagedDatabase]: 204
            then [Dag, Endpoint]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Copy]: refused: database 'db1' does not exist
            then [Database]: refused: database 'db1' is in an availability group
        Seeding: Copy: refused: database 'db1' is in an availability group
        Seeding: ManagedDatabase: refused: database 'db1' is replicated by a link
        InStep: Dag: gone
            then [Group, Endpoint, Link]: gone
            then [Database, Copy]: refused: database 'db1' is in an availability group
            then [ManagedDatabase]: refused: database 'db1' is replicated by a link
        InStep: Group: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
        InStep: Database: refused: database 'db1' is in an availability group
        InStep: Endpoint: gone
            then [Dag, Link]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Database, Copy]: refused: database 'db1' is in an availability group
            then [ManagedDatabase]: refused: database 'db1' is replicated by a link
        InStep: Link: gone
            then [Dag, Endpoint, Copy, ManagedDatabase]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Database]: refused: database 'db1' is in an availability group
        InStep: Copy: refused: database 'db1' is in an availability group
        InStep: ManagedDatabase: refused: database 'db1' is replicated by a link
        FailedOver: Dag: gone
            then [Group, Endpoint, Link]: gone
            then [Database, Copy]: refused: database 'db1' is in an availability group
            then [ManagedDatabase]: refused: database 'db1' is replicated by a link
        FailedOver: Group: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
        FailedOver: Database: refused: database 'db1' is in an availability group
        FailedOver: Endpoint: gone
            then [Dag, Link]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Database, Copy]: refused: database 'db1' is in an availability group
            then [ManagedDatabase]: refused: database 'db1' is replicated by a link
        FailedOver: Link: gone
            then [Dag, Endpoint, Copy, ManagedDatabase]: gone
            then [Group]: refused: 'AG_db1' is used by the distributed group 'DAG_db1'
            then [Database]: refused: database 'db1' is in an availability group
        FailedOver: Copy: refused: database 'db1' is in an availability group
        FailedOver: ManagedDatabase: refused: database 'db1' is replicated by a link"#]]
    .assert_eq(&table.join("\n"));
}

#[test]
fn what_is_left_on_each_side_is_an_orphan_that_says_so() {
    // Dropped on SQL Server only: the instance keeps a copy that nothing comes to, and the link says why.
    let mut lab = stage(From::InStep);
    take_away(&mut lab, Part::Dag).unwrap();
    assert!(!lab.status().connected);
    assert_eq!(
        lab.link().last_error,
        Some(milink_core::refusal::LinkError::PartnerDropped)
    );
    assert!(lab.insert(lab.mi, 2).is_err(), "it is a secondary still");
    lab.insert(lab.sql, 2).unwrap();
    // Deleted on the instance only: SQL Server's half stands, and holds the log no more than any group does.
    let mut lab = stage(From::InStep);
    take_away(&mut lab, Part::Link).unwrap();
    lab.settle();
    lab.insert(lab.mi, 2).unwrap();
    lab.insert(lab.sql, 2).unwrap();
    let sql = lab.world.instance(lab.sql).unwrap();
    assert!(sql.group("DAG_db1").is_some() && sql.group("AG_db1").is_some());
}
