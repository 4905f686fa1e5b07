//! What a check looks at is bounded by what has changed, and not by what there is: counted, not timed.

use std::net::Ipv4Addr;

use super::super::tests::lab::Lab;
use super::{Changed, asked_of_everything, check, check_since};
use crate::azure::fabric::{Place, WriteInterface};
use crate::azure::{
    AddressPrefix, ResourceKey, SubnetId, SubnetSettings, Tags, WriteResourceGroup,
    WriteVirtualNetwork,
};
use crate::collation::Collation;
use crate::command::{CreateDatabase, CreateSqlServer, OpenSession, StopServer, TouchSession};
use crate::durations::Profile;
use crate::ids::{DatabaseId, PrincipalId, SessionId};
use crate::instance::SqlServer;
use crate::session::Session;
use crate::version::{Build, Edition};
use crate::world::World;

const INSTANCES: u8 = 100;
const INTERFACES: usize = 1_000;

/// What a check of the difference looks at.
#[derive(Debug, PartialEq)]
struct Looked {
    instances: usize,
    databases: usize,
    links: usize,
    everything: Vec<&'static str>,
}

#[test]
fn a_check_looks_at_what_has_changed() {
    type Step = fn(&mut Lab, SessionId);
    let mut lab = large();
    let session = begin(&mut lab);
    let overdue = "nothing is overdue";
    let steps: [(&str, Step, Looked); 6] = [
        (
            "nothing",
            |_, _| (),
            Looked {
                instances: 0,
                databases: 0,
                links: 0,
                everything: vec![overdue],
            },
        ),
        (
            "a request begins",
            |lab, session| {
                lab.apply(TouchSession {
                    instance: lab.sql,
                    session,
                    database: DatabaseId(1),
                    running: true,
                });
            },
            Looked {
                instances: 1,
                databases: 4,
                links: 0,
                everything: vec![overdue],
            },
        ),
        (
            "a row is committed, and on its way to the secondary",
            |lab, _| {
                lab.insert(lab.sql, 1).expect("the primary takes it");
            },
            Looked {
                instances: 2,
                databases: 10,
                links: 1,
                everything: vec![overdue],
            },
        ),
        (
            "a database comes",
            |lab, _| {
                lab.apply(CreateDatabase {
                    instance: lab.sql,
                    name: "one_more".into(),
                    collation: None,
                });
            },
            Looked {
                instances: 2,
                databases: 11,
                links: 1,
                everything: vec![
                    overdue,
                    "the links of a database copy it from one primary each",
                ],
            },
        ),
        (
            "a session begins",
            |lab, _| {
                begin(lab);
            },
            Looked {
                instances: 1,
                databases: 4,
                links: 0,
                everything: vec![
                    overdue,
                    "a part of a distributed transaction has a session",
                    "a session that serves one of another instance ends with it",
                    "a part in doubt will ask how its transaction has ended",
                ],
            },
        ),
        (
            "a service stops",
            |lab, _| {
                lab.apply(StopServer { instance: lab.sql });
            },
            Looked {
                instances: 2,
                databases: 11,
                links: 1,
                everything: vec![
                    overdue,
                    "a link's creation is running while the link is being made",
                    "a part of a distributed transaction has a session",
                    "a session that serves one of another instance ends with it",
                    "a part in doubt will ask how its transaction has ended",
                    "the links of a database copy it from one primary each",
                    "no instance has more links than it can have",
                    "seeding runs from one instance share its bandwidth",
                    "links with one database and with several never mix on a SQL Server",
                    "the members of a link with several databases agree",
                    "a planned failover is one of all databases of a link",
                    "a member of a failover group is in one, and has no links",
                    "an operation that runs will end",
                ],
            },
        ),
    ];
    for (what, step, expected) in steps {
        let before = lab.world.clone();
        step(&mut lab, session);
        check(&lab.world).unwrap_or_else(|broken| panic!("{what}: {broken}"));
        check_since(&before, &lab.world).unwrap_or_else(|broken| panic!("{what}: {broken}"));
        assert_eq!(looked(&before, &lab.world), expected, "{what}");
    }
}

#[test]
fn an_interface_asks_nothing_about_instances() {
    let mut lab = large();
    let before = lab.world.clone();
    interface(&mut lab, INTERFACES);
    let looked = looked(&before, &lab.world);
    assert_eq!((looked.instances, looked.links), (0, 0));
    let about = ["role", "deployment", "factory", "trust", "copy it from"];
    let strange = looked.everything.iter();
    let strange: Vec<_> = strange
        .filter(|law| about.iter().any(|word| law.contains(word)))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    check_since(&before, &lab.world).expect("it is lawful");
}

/// A link in step, and many things that have nothing to do with it.
fn large() -> Lab {
    let mut lab = Lab::linked(Profile::Azure);
    for number in 1..INSTANCES {
        let instance = lab.apply(CreateSqlServer {
            name: format!("further{number}").as_str().into(),
            server: SqlServer {
                build: Build::SQL_2022_CU13,
                edition: Edition::Developer,
                hadr_enabled: true,
                multi_database_links: false,
                address: Ipv4Addr::new(10, 0, 1, number),
                host_names: Vec::new(),
                loopback: None,
            },
            collation: Collation::DEFAULT,
            sa_password: "x".into(),
        });
        for name in ["a", "b", "c"] {
            lab.apply(CreateDatabase {
                instance,
                name: name.into(),
                collation: None,
            });
        }
    }
    lab.apply(WriteResourceGroup {
        name: "rg".into(),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    });
    let prefix = AddressPrefix::parse("10.8.0.0/16").expect("a prefix");
    lab.apply(WriteVirtualNetwork {
        key: named("net"),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
        prefixes: vec!["10.8.0.0/16".to_owned()],
        dns_servers: Vec::new(),
        subnets: Some(vec![("all".into(), SubnetSettings::new(prefix))]),
    });
    for number in 0..INTERFACES {
        interface(&mut lab, number);
    }
    lab
}

fn named(name: &str) -> ResourceKey {
    ResourceKey {
        group: "rg".into(),
        name: name.into(),
    }
}

fn interface(lab: &mut Lab, number: usize) {
    lab.apply(WriteInterface {
        place: Place {
            key: named(&format!("nic{number}")),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        },
        configuration: "c".into(),
        subnet: SubnetId {
            group: "rg".into(),
            network: "net".into(),
            subnet: "all".into(),
        },
        address: None,
        forwards: false,
        network_security_group: None,
        pools: Vec::new(),
        public: None,
        nat_rules: Vec::new(),
    });
}

fn begin(lab: &mut Lab) -> SessionId {
    lab.apply(OpenSession {
        instance: lab.sql,
        session: Session {
            id: SessionId(0),
            login: PrincipalId(1),
            login_name: "sa".into(),
            database: DatabaseId(1),
            host_name: String::new(),
            program_name: String::new(),
            client_interface: String::new(),
            client_address: None,
            local_port: 0,
            encrypted: false,
            login_time: lab.world.now(),
            last_request: lab.world.now(),
            running: false,
            cut: false,
        },
    })
}

fn looked(before: &World, world: &World) -> Looked {
    let changed = Changed::between(before, world).expect("no instance has come or gone");
    let excerpt = changed.excerpt();
    let databases = excerpt.instances.values().map(|it| it.databases.len());
    Looked {
        instances: excerpt.instances.len(),
        databases: databases.sum(),
        links: excerpt.links.len(),
        everything: asked_of_everything(&changed),
    }
}
