//! The network of these tests: `mi1` and `mi2` in one, `mi3` in another that is not peered with it.

use expect_test::Expect;
use milink_core::azure::fabric::{
    Place, Records, Target, WritePrivateEndpoint, WriteRecordSet, WriteZone, WriteZoneLink,
};
use milink_core::azure::{
    AddressPrefix, FailOverManagedInstance, ManagedInstanceProperties, ResourceKey, SubnetId,
    SubnetSettings, Tags, TrustGroupKey, TrustScope, WriteResourceGroup, WriteTrustGroup,
    WriteVirtualNetwork,
};
use milink_core::certificate::CertificateFacts;
use milink_core::collation::Collation;
use milink_core::command::{CreateDatabase, CreateManagedInstance, Request as Ask};
use milink_core::fault::{Fault, FaultId, Point};
use milink_core::ids::InstanceId;
use milink_core::invariants;
use milink_core::names::Name;
use milink_core::time::{Span, Timestamp};
use milink_core::version::UpdatePolicy;
use milink_tsql::session::Request;

use crate::support::{Lab, Talk};

const ZONE: &str = "6d710bcf372b";
const FAR_ZONE: &str = "0a0b0c0d0e0f";

/// The three instances, each with a database `db1` and a table `t` of two rows.
pub(crate) struct Town {
    pub(crate) lab: Lab,
    pub(crate) ids: [InstanceId; 3],
}

impl Town {
    pub(crate) fn new() -> Self {
        let mut town = Self {
            lab: Lab::new(),
            ids: [InstanceId(0); 3],
        };
        town.apply(WriteResourceGroup {
            name: Name::new("rg"),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        });
        town.network(
            "near",
            "10.1.0.0/16",
            &[("mi", "10.1.1.0/24"), ("pe", "10.1.2.0/24")],
        );
        town.network("far", "10.2.0.0/16", &[("mi", "10.2.1.0/24")]);
        for (at, (name, network, zone)) in [
            ("mi1", "near", ZONE),
            ("mi2", "near", ZONE),
            ("mi3", "far", FAR_ZONE),
        ]
        .into_iter()
        .enumerate()
        {
            town.ids[at] = town.instance(name, network, zone);
        }
        for id in town.ids {
            let mut talk = town.talk(id);
            town.say(&mut talk, "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, v nvarchar(20)); INSERT dbo.t VALUES (1, N'one'), (2, N'two')");
        }
        town
    }

    pub(crate) fn apply<R: Ask>(&mut self, request: R) -> R::Reply {
        let now = self.lab.world.now();
        let result = self.lab.world.apply(now, request);
        assert_eq!(invariants::check(&self.lab.world), Ok(()));
        result.unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    fn network(&mut self, name: &str, prefix: &str, subnets: &[(&str, &str)]) {
        let subnets = subnets.iter().map(|(name, prefix)| {
            let prefix = AddressPrefix::parse(prefix).expect("a prefix");
            let settings = SubnetSettings::new(prefix);
            let settings = match *name {
                "mi" => settings.delegated_to_managed_instances(),
                _ => settings,
            };
            (Name::new(name), settings)
        });
        self.apply(WriteVirtualNetwork {
            key: key(name),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
            prefixes: vec![prefix.to_owned()],
            dns_servers: Vec::new(),
            subnets: Some(subnets.collect()),
        });
    }

    fn instance(&mut self, name: &str, network: &str, zone: &str) -> InstanceId {
        let mut properties = ManagedInstanceProperties::new(Name::new("rg"), "westeurope");
        properties.subnet = Some(subnet(network, "mi"));
        let id = self.apply(CreateManagedInstance {
            name: Name::new(name),
            dns_zone: zone.to_owned(),
            update_policy: UpdatePolicy::SqlServer2022,
            endpoint_certificate: facts(),
            collation: Collation::DEFAULT,
            administrator: Name::new("sa"),
            password: "secret".into(),
            properties,
        });
        self.apply(CreateDatabase {
            instance: id,
            name: Name::new("db1"),
            collation: None,
        });
        id
    }

    /// A private endpoint of `mi3` in `near`, with the name that leads to it.
    pub(crate) fn endpoint(&mut self) {
        self.apply(WritePrivateEndpoint {
            place: place("pe3"),
            subnet: subnet("near", "pe"),
            configuration: None,
            interface: None,
            connection: Name::new("pe3"),
            target: Target::Instance(Name::new("mi3")),
            group_ids: vec!["managedInstance".to_owned()],
            manual: false,
            message: String::new(),
            may_approve: true,
            by_alias: false,
        });
        let endpoints = &self.lab.world.azure.fabric.private_endpoints;
        let endpoint = endpoints.get(&key("pe3")).expect("it was made");
        let address = endpoint.address;
        let zone = format!("privatelink.{FAR_ZONE}.database.windows.net");
        self.apply(WriteZone {
            place: Place {
                location: "global".to_owned(),
                ..place(&zone)
            },
        });
        self.apply(WriteRecordSet {
            zone: key(&zone),
            name: Name::new("mi3"),
            ttl_seconds: 10,
            metadata: Default::default(),
            records: Records::A(vec![address]),
        });
        self.apply(WriteZoneLink {
            zone: key(&zone),
            name: Name::new("near"),
            network: key("near"),
            registers: false,
            redirects: false,
            tags: Tags::new(),
        });
    }

    pub(crate) fn trust(&mut self, members: &[&str]) {
        self.apply(WriteTrustGroup {
            key: group(),
            location: "westeurope".to_owned(),
            members: members.iter().map(|name| key(name)).collect(),
            scopes: TrustScope::ALL.into_iter().collect(),
        });
        self.pass();
    }

    /// Lets what has been asked for happen.
    pub(crate) fn pass(&mut self) {
        let now = self.lab.world.now() + Span::minutes(5);
        self.lab.world.advance_to(now);
    }

    /// Moves an instance to another node, and lets that happen.
    pub(crate) fn fail_over(&mut self, at: usize) {
        self.apply(FailOverManagedInstance {
            instance: self.ids[at],
            readable_secondary: false,
        });
        self.pass();
    }

    /// Installs a fault.
    pub(crate) fn fault(&mut self, point: &'static Point) -> FaultId {
        let now = self.lab.world.now();
        let fault = Fault::at(point);
        self.lab.world.install_fault(now, fault).expect("a fault")
    }

    /// Takes it away again.
    pub(crate) fn without(&mut self, fault: FaultId) {
        let now = self.lab.world.now();
        let removed = self.lab.world.remove_fault(now, fault);
        removed.expect("it is there");
    }

    pub(crate) fn talk(&mut self, instance: InstanceId) -> Talk {
        self.lab.instance = instance;
        let found = self.lab.world.instance(instance).expect("an instance");
        self.lab.database = found.database("db1").expect("it was made").id;
        Talk::new(&mut self.lab)
    }

    pub(crate) fn say(&mut self, talk: &mut Talk, text: &str) -> String {
        talk.start(Request::Batch {
            text: text.to_owned(),
        });
        let mut said = String::new();
        loop {
            let part = talk.run(&mut self.lab);
            assert_eq!(invariants::check(&self.lab.world), Ok(()));
            said += &part;
            if !part
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("waits "))
            {
                return said;
            }
            // A wait that time ends.
            let now = self.lab.world.now() + Span::seconds(60);
            self.lab.world.advance_to(now);
        }
    }

    /// Says `text` and compares.
    pub(crate) fn check(&mut self, talk: &mut Talk, text: &str, expected: &Expect) {
        let said = self.say(talk, text);
        expected.assert_eq(&said);
    }

    /// A session on `mi1`, with linked servers `two` and `three`.
    pub(crate) fn linked(&mut self) -> Talk {
        let mut talk = self.talk(self.ids[0]);
        for (name, host) in [
            ("two", format!("mi2.{ZONE}.database.windows.net")),
            ("three", format!("mi3.{FAR_ZONE}.database.windows.net")),
        ] {
            self.say(&mut talk, &format!(
                "EXEC sp_addlinkedserver @server = N'{name}', @srvproduct = N'', @provider = N'MSOLEDBSQL', @datasrc = N'{host}', @catalog = N'db1';
                 EXEC sp_addlinkedsrvlogin N'{name}', 'false', NULL, N'sa', N'secret';
                 EXEC sp_serveroption N'{name}', 'rpc out', 'true'"
            ));
        }
        talk
    }
}

fn key(name: &str) -> ResourceKey {
    ResourceKey {
        group: Name::new("rg"),
        name: Name::new(name),
    }
}

pub(crate) fn group() -> TrustGroupKey {
    TrustGroupKey {
        location: "westeurope".to_owned(),
        resource: key("stg"),
    }
}

fn place(name: &str) -> Place {
    Place {
        key: key(name),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    }
}

fn subnet(network: &str, name: &str) -> SubnetId {
    SubnetId {
        group: Name::new("rg"),
        network: Name::new(network),
        subnet: Name::new(name),
    }
}

fn facts() -> CertificateFacts {
    CertificateFacts {
        der: vec![1; 8].into(),
        thumbprint: [1; 20],
        subject: "c".to_owned(),
        issuer: "c".to_owned(),
        serial: "01".to_owned(),
        not_before: Timestamp::from_unix_seconds(1_700_000_000),
        not_after: Timestamp::from_unix_seconds(1_900_000_000),
        key_bits: 2048,
    }
}
