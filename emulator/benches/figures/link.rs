//! The model alone: transitions of links, and rows on their way to the secondary.

#[path = "../../core/tests/lab/mod.rs"]
mod lab;

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use lab::Lab;
use milink_core::azure::fabric::{Place, WriteInterface};
use milink_core::azure::{
    AddressPrefix, ResourceKey, SubnetId, SubnetSettings, Tags, WriteResourceGroup,
    WriteVirtualNetwork,
};
use milink_core::collation::Collation;
use milink_core::command::{CreateDatabase, CreateSqlServer};
use milink_core::durations::Profile;
use milink_core::instance::SqlServer;
use milink_core::invariants;
use milink_core::version::{Build, Edition};

use crate::report::median_of;

/// Due moments that are taken per second, while links are created, seeded and come into step.
pub(crate) fn transitions_per_second() -> f64 {
    let mut origin = Lab::new(Profile::Azure);
    origin.prepare(None);
    let mut taken = 0_u64;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) {
        let mut lab = Lab {
            world: origin.world.clone(),
            fqdn: origin.fqdn.clone(),
            ..origin
        };
        lab.create_link();
        taken += settle(&mut lab);
        black_box(&lab.world);
    }
    taken as f64 / begun.elapsed().as_secs_f64()
}

/// Transactions of one row each that are committed on the primary and redone on the secondary, per second.
pub(crate) fn writes_per_second() -> f64 {
    const ROWS: usize = 20_000;
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    settle(&mut lab);
    let begun = Instant::now();
    for value in 0..ROWS {
        let value = i64::try_from(value).expect("few rows");
        lab.insert(lab.sql, value).expect("the primary takes rows");
        settle(&mut lab);
    }
    let took = begun.elapsed();
    assert_eq!(lab.rows(lab.mi), ROWS, "every row was redone");
    ROWS as f64 / took.as_secs_f64()
}

/// What a world has besides a link.
#[derive(Clone, Copy, Default)]
pub(crate) struct Further {
    /// Databases on the link's SQL Server.
    pub(crate) databases: u16,
    /// SQL Servers.
    pub(crate) servers: u8,
    /// Network interfaces.
    pub(crate) interfaces: u16,
}

/// Checking the laws of what one committed row has changed, as `milink up` does it after every change, and all laws of
/// everything.
pub(crate) fn law_checks(further: Further) -> (Duration, Duration) {
    let mut lab = Lab::new(Profile::Fast);
    lab.prepare(None);
    lab.create_table();
    lab.create_link();
    settle(&mut lab);
    furnish(&mut lab, further);
    let before = lab.world.clone();
    lab.insert(lab.sql, 1).expect("the primary takes rows");
    let after = &lab.world;
    let changed = median_of(1_000, || {
        black_box(invariants::check_since(&before, after)).expect("it is lawful");
    });
    let everything = median_of(200, || {
        black_box(invariants::check(after)).expect("it is lawful");
    });
    (changed, everything)
}

fn furnish(lab: &mut Lab, further: Further) {
    for n in 0..further.databases {
        lab.apply(CreateDatabase {
            instance: lab.sql,
            name: format!("further{n}").as_str().into(),
            collation: None,
        });
    }
    for n in 0..further.servers {
        lab.apply(CreateSqlServer {
            name: format!("server{n}").as_str().into(),
            server: SqlServer {
                build: Build::SQL_2022_CU13,
                edition: Edition::Developer,
                hadr_enabled: true,
                multi_database_links: false,
                address: Ipv4Addr::new(10, 0, 1, n),
                host_names: Vec::new(),
                loopback: None,
            },
            collation: Collation::DEFAULT,
            sa_password: "x".into(),
        });
    }
    if further.interfaces > 0 {
        let place = |name: &str| Place {
            key: ResourceKey {
                group: "rg".into(),
                name: name.into(),
            },
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        };
        lab.apply(WriteResourceGroup {
            name: "rg".into(),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        });
        let prefix = AddressPrefix::parse("10.8.0.0/16").expect("a prefix");
        lab.apply(WriteVirtualNetwork {
            key: place("net").key,
            location: "westeurope".to_owned(),
            tags: Tags::new(),
            prefixes: vec!["10.8.0.0/16".to_owned()],
            dns_servers: Vec::new(),
            subnets: Some(vec![("all".into(), SubnetSettings::new(prefix))]),
        });
        for n in 0..further.interfaces {
            lab.apply(WriteInterface {
                place: place(&format!("nic{n}")),
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
    }
}

/// Takes every due moment, and counts them.
fn settle(lab: &mut Lab) -> u64 {
    let mut taken = 0;
    while let Some(due) = lab.world.next_due() {
        lab.world.advance_to(due);
        taken += 1;
    }
    taken
}
