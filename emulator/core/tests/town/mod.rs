//! A small town of networks, instances and machines, for tests that ask who gets where.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test program uses a part of it"
)]

pub use std::fmt::Write as _;
pub use std::net::Ipv4Addr;

pub use expect_test::{Expect, expect};
pub use milink_core::World;
pub use milink_core::azure::fabric::{
    AddForwarding, DeleteConnection, DeletePeering, DeletePrivateEndpoint, Holder, MachineProfile,
    NatRule, NatRuleId, Peering, Place, PoolId, Power, PowerMachine, Probe, Question, Records,
    Relay, Review, ReviewConnection, Rule, RuleProtocol, Site, Sku, Target, WantedFrontend,
    WriteGateway, WriteInterface, WriteLoadBalancer, WriteMachine, WriteNatRule, WritePeering,
    WritePrivateEndpoint, WritePrivateLinkService, WriteRecordSet, WriteRelay, WriteSite,
    WriteZone, WriteZoneLink, holders,
};
pub use milink_core::azure::{
    AddressPrefix, ManagedInstanceProperties, ResourceKey, SubnetId, SubnetSettings, Tags,
    WriteResourceGroup, WriteVirtualNetwork,
};
pub use milink_core::certificate::CertificateFacts;
pub use milink_core::collation::Collation;
pub use milink_core::command::{CreateManagedInstance, Request};
pub use milink_core::names::Name;
pub use milink_core::path::{Ask, Vantage, Verdict, evaluate, resolve_from};
pub use milink_core::time::{Span, Timestamp};
pub use milink_core::version::UpdatePolicy;
pub use milink_core::{Refusal, invariants};
pub use uuid::Uuid;

pub const ZONE: &str = "6d710bcf372b";
pub const F1: &str = "mi1.6d710bcf372b.database.windows.net";
pub const PRIVATE_ZONE: &str = "privatelink.6d710bcf372b.database.windows.net";

pub struct Town {
    pub world: World,
}

impl Town {
    /// Instance `mi1` (Redirect) in `mi-vnet` 10.1.0.0/16, subnet 10.1.1.0/24, with a machine `mi` beside it.
    pub fn new() -> Self {
        let now = Timestamp::from_unix_seconds(1_770_000_000);
        let mut town = Self {
            world: World::new(1, Uuid::from_u128(7), now),
        };
        town.apply(WriteResourceGroup {
            name: Name::new("rg"),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        });
        town.network(
            "mi-vnet",
            "10.1.0.0/16",
            &[("mi", "10.1.1.0/24"), ("vms", "10.1.5.0/24")],
        );
        town.instance("mi1", "mi-vnet", ZONE, "Redirect");
        town.machine("vm-mi", "mi-vnet", "vms");
        town
    }

    /// The same, and `app-vnet` 10.9.0.0/16 with a machine and a subnet for private endpoints.
    pub fn with_app() -> Self {
        let mut town = Self::new();
        town.network(
            "app-vnet",
            "10.9.0.0/16",
            &[("app", "10.9.0.0/24"), ("pe", "10.9.1.0/24")],
        );
        town.machine("vm-app", "app-vnet", "app");
        town
    }

    pub fn try_apply<R: Request>(&mut self, request: R) -> Result<R::Reply, Refusal> {
        let (now, before) = (self.world.now(), self.world.clone());
        let result = self.world.apply(now, request);
        if result.is_err() {
            assert_eq!(self.world, before, "a refused request changes nothing");
        }
        assert_eq!(invariants::check(&self.world), Ok(()));
        result
    }

    pub fn apply<R: Request>(&mut self, request: R) -> R::Reply {
        let result = self.try_apply(request);
        result.unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    pub fn network(&mut self, name: &str, prefix: &str, subnets: &[(&str, &str)]) {
        let subnets = subnets.iter().map(|(name, prefix)| {
            let prefix = AddressPrefix::parse(prefix).expect("a prefix");
            let mut settings = SubnetSettings::new(prefix);
            if *name == "mi" {
                settings = settings.delegated_to_managed_instances();
            }
            if *name == "pls" {
                settings.private_link_service_policies = "Disabled".to_owned();
            }
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

    pub fn instance(&mut self, name: &str, network: &str, zone: &str, policy: &str) {
        let mut properties = ManagedInstanceProperties::new(Name::new("rg"), "westeurope");
        properties.subnet = Some(subnet(network, "mi"));
        properties.proxy_override = policy.to_owned();
        self.apply(CreateManagedInstance {
            name: Name::new(name),
            dns_zone: zone.to_owned(),
            update_policy: UpdatePolicy::SqlServer2022,
            endpoint_certificate: facts(),
            collation: Collation::DEFAULT,
            administrator: Name::new("admin"),
            password: "x".into(),
            properties,
        });
    }

    pub fn machine(&mut self, name: &str, network: &str, inside: &str) {
        self.machine_in_pool(name, network, inside, &[]);
    }

    pub fn machine_in_pool(&mut self, name: &str, network: &str, inside: &str, pools: &[&str]) {
        let nic = format!("{name}-nic");
        let pools = pools.iter().map(|pool| PoolId {
            balancer: key("lb"),
            name: Name::new(pool),
        });
        self.apply(WriteInterface {
            place: place(&nic),
            configuration: Name::new("ipconfig1"),
            subnet: subnet(network, inside),
            address: None,
            forwards: false,
            network_security_group: None,
            pools: pools.collect(),
            public: None,
            nat_rules: Vec::new(),
        });
        self.apply(WriteMachine {
            place: place(name),
            interface: key(&nic),
            size: "Standard_B1s".to_owned(),
            profile: MachineProfile::default(),
        });
    }

    pub fn endpoint(&mut self, name: &str, network: &str, target: Target) {
        let group_ids = match target {
            Target::Instance(_) => vec!["managedInstance".to_owned()],
            Target::Service(_) => Vec::new(),
        };
        self.apply(WritePrivateEndpoint {
            place: place(name),
            subnet: subnet(network, "pe"),
            configuration: None,
            interface: None,
            connection: Name::new("c1"),
            target,
            by_alias: false,
            group_ids,
            manual: true,
            message: "please".to_owned(),
            may_approve: false,
        });
    }

    pub fn connection(&self, endpoint: &str) -> (Target, Name) {
        let found = &self.world.azure.fabric.private_endpoints[&key(endpoint)];
        (
            found.connection.target.clone(),
            found.connection.name.clone(),
        )
    }

    pub fn review(&mut self, endpoint: &str, review: Review) {
        let (target, name) = self.connection(endpoint);
        self.apply(ReviewConnection {
            target,
            name,
            review,
            description: "said by the owner".to_owned(),
        });
    }

    pub fn zone(&mut self, name: &str, links: &[&str], records: &[(&str, &str)]) {
        self.apply(WriteZone {
            place: Place {
                location: "global".to_owned(),
                ..place(name)
            },
        });
        for network in links {
            self.apply(WriteZoneLink {
                zone: key(name),
                name: Name::new(&format!("link-{network}")),
                network: key(network),
                registers: false,
                redirects: false,
                tags: Tags::new(),
            });
        }
        for (record, address) in records {
            self.apply(WriteRecordSet {
                zone: key(name),
                name: Name::new(record),
                ttl_seconds: 300,
                metadata: Tags::new(),
                records: Records::A(vec![address.parse().expect("an address")]),
            });
        }
    }

    pub fn half(&mut self, network: &str, remote: &str) {
        self.apply(WritePeering {
            network: key(network),
            peering: Peering {
                name: Name::new(&format!("to-{remote}")),
                remote: key(remote),
                allow_access: true,
                allow_forwarded: false,
                allow_gateway_transit: false,
                use_remote_gateways: false,
                was_connected: false,
            },
        });
    }

    pub fn peer(&mut self, one: &str, other: &str) {
        self.half(one, other);
        self.half(other, one);
    }

    pub fn ask(&self, from: &str, host: &str, port: u16) -> Verdict {
        let from = Vantage::parse(&self.world, from).expect("a vantage");
        evaluate(&self.world, &Ask::new(&from, host, port))
    }

    /// What a table of `from host port` comes to, one line each.
    pub fn check(&self, asked: &[(&str, &str, u16)], expected: &Expect) {
        let mut text = String::new();
        for (from, host, port) in asked {
            let verdict = self.ask(from, host, *port);
            line(&mut text, from, host, *port, &verdict);
        }
        expected.assert_eq(&text);
    }
}

pub fn line(text: &mut String, from: &str, host: &str, port: u16, verdict: &Verdict) {
    let host = host.replace(&format!("{ZONE}.database.windows.net"), "Z");
    let _ = write!(text, "{from} -> {host}:{port}: ");
    let _ = match (&verdict.reason, &verdict.symptom) {
        (Some(reason), Some(symptom)) => write!(text, "{} {symptom:?}", reason.code()),
        _ => write!(text, "ok"),
    };
    let hops: Vec<String> = verdict
        .path
        .iter()
        .map(|hop| match &hop.state {
            Some(state) => format!("{} {} {state}", hop.hop, hop.id),
            None => format!("{} {}", hop.hop, hop.id),
        })
        .collect();
    if !hops.is_empty() {
        let _ = write!(text, " [{}]", hops.join(" > "));
    }
    if let Some(redirect) = &verdict.redirect {
        let _ = write!(text, " redirect :{}", redirect.port);
    }
    for warning in &verdict.warnings {
        let _ = write!(text, " ({warning:?})");
    }
    for branch in &verdict.branches {
        let outcome = branch.reason.map_or("ok", |reason| reason.code());
        let _ = write!(text, " {{{}: {outcome}}}", branch.selector);
    }
    if !verdict.latent.is_empty() {
        let latent: Vec<&str> = verdict.latent.iter().map(|reason| reason.code()).collect();
        let _ = write!(text, " then {}", latent.join(", "));
    }
    text.push('\n');
}

pub fn key(name: &str) -> ResourceKey {
    ResourceKey {
        group: Name::new("rg"),
        name: Name::new(name),
    }
}

pub fn place(name: &str) -> Place {
    Place {
        key: key(name),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    }
}

pub fn subnet(network: &str, name: &str) -> SubnetId {
    SubnetId {
        group: Name::new("rg"),
        network: Name::new(network),
        subnet: Name::new(name),
    }
}

pub fn facts() -> CertificateFacts {
    CertificateFacts {
        der: vec![1].into(),
        thumbprint: [1; 20],
        subject: "CN=mi".to_owned(),
        issuer: "CN=mi".to_owned(),
        serial: "01".to_owned(),
        not_before: Timestamp::from_unix_seconds(0),
        not_after: Timestamp::from_unix_seconds(4_000_000_000),
        key_bits: 2048,
    }
}

pub fn instance() -> Target {
    Target::Instance(Name::new("mi1"))
}

/// Subnets, load balancer, probe, rules, private link service and two forwarding machines, peered with the instances.
pub fn forwarding(policy: &str) -> Town {
    let mut town = Town::with_app();
    town.network("mi2-vnet", "10.2.0.0/16", &[("mi", "10.2.1.0/24")]);
    town.instance("mi2", "mi2-vnet", "46e7afd5bc81", policy);
    town.instance("mi3", "mi-vnet", ZONE, policy);
    let subnets = [
        ("be", "10.30.2.0/24"),
        ("fe", "10.30.1.0/24"),
        ("pls", "10.30.3.0/24"),
    ];
    town.network("net-vnet", "10.30.0.0/16", &subnets);
    town.peer("net-vnet", "mi-vnet");
    town.peer("net-vnet", "mi2-vnet");
    let rule = |port: u16| {
        let rule = Rule {
            protocol: RuleProtocol::Tcp,
            frontend: Name::new("fe"),
            frontend_port: port,
            pool: Some(Name::new("pool")),
            backend_port: port,
            probe: Some(Name::new("ssh")),
            idle_timeout_minutes: 15,
            tcp_reset: false,
            distribution: "Default".to_owned(),
            no_outbound: false,
        };
        (Name::new(&format!("r{port}")), rule)
    };
    let probe = Probe {
        question: Question::Tcp,
        port: 22,
        interval_seconds: 15,
        number: Some(2),
        threshold: None,
    };
    town.apply(WriteLoadBalancer {
        place: place("lb"),
        sku: Some(Sku::Standard),
        frontends: vec![(
            Name::new("fe"),
            WantedFrontend::inside(subnet("net-vnet", "fe"), None),
        )],
        pools: vec![Name::new("pool")],
        probes: vec![(Name::new("ssh"), probe)],
        rules: vec![rule(1433), rule(1434)],
        nat_rules: Vec::new(),
    });
    town.apply(WritePrivateLinkService {
        place: place("pls"),
        frontend: (key("lb"), Name::new("fe")),
        configuration: Name::new("c"),
        subnet: subnet("net-vnet", "pls"),
        address: None,
        proxy_protocol: false,
        visibility: Vec::new(),
        auto_approval: Vec::new(),
        fqdns: Vec::new(),
    });
    for name in ["fwd1", "fwd2"] {
        town.machine_in_pool(name, "net-vnet", "be", &["pool"]);
    }
    town.endpoint("pe-pls", "app-vnet", Target::Service(key("pls")));
    town.review("pe-pls", Review::Approved);
    // Once for each zone, as the article's managed endpoint lists the names.
    for (zone, name) in [(ZONE, "mi1"), ("46e7afd5bc81", "mi2")] {
        let zone = format!("{zone}.database.windows.net");
        town.zone(&zone, &["app-vnet"], &[(name, "10.9.1.4")]);
    }
    town
}

pub fn forward(town: &mut Town, machine: &str, port: u16, host: &str) {
    town.apply(AddForwarding {
        key: key(machine),
        port,
        host: host.to_owned(),
        to_port: 1433,
    });
}
