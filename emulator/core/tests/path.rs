//! The worked topologies of private endpoints, DNS, peerings and forwarding machines: who gets where, and why not.

#[path = "path/ground_rules.rs"]
mod ground_rules;
#[path = "path/laws.rs"]
mod laws;

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use expect_test::{Expect, expect};
use milink_core::World;
use milink_core::azure::fabric::{
    AddForwarding, DeleteConnection, DeletePeering, DeletePrivateEndpoint, Holder, MachineProfile,
    Peering, Place, PoolId, Power, PowerMachine, Probe, Records, Review, ReviewConnection, Rule,
    RuleProtocol, Site, Sku, Target, WantedFrontend, WriteGateway, WriteInterface,
    WriteLoadBalancer, WriteMachine, WritePeering, WritePrivateEndpoint, WritePrivateLinkService,
    WriteRecordSet, WriteSite, WriteZone, WriteZoneLink, holders,
};
use milink_core::azure::{
    AddressPrefix, ManagedInstanceProperties, ResourceKey, SubnetId, SubnetSettings, Tags,
    WriteResourceGroup, WriteVirtualNetwork,
};
use milink_core::certificate::CertificateFacts;
use milink_core::collation::Collation;
use milink_core::command::{CreateManagedInstance, Request};
use milink_core::names::Name;
use milink_core::path::{Ask, Vantage, Verdict, evaluate};
use milink_core::time::{Span, Timestamp};
use milink_core::version::UpdatePolicy;
use milink_core::{Refusal, invariants};
use uuid::Uuid;

const ZONE: &str = "6d710bcf372b";
const F1: &str = "mi1.6d710bcf372b.database.windows.net";
const PRIVATE_ZONE: &str = "privatelink.6d710bcf372b.database.windows.net";

struct Town {
    world: World,
}

impl Town {
    /// Instance `mi1` (Redirect) in `mi-vnet` 10.1.0.0/16, subnet 10.1.1.0/24, with a machine `mi` beside it.
    fn new() -> Self {
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
    fn with_app() -> Self {
        let mut town = Self::new();
        town.network(
            "app-vnet",
            "10.9.0.0/16",
            &[("app", "10.9.0.0/24"), ("pe", "10.9.1.0/24")],
        );
        town.machine("vm-app", "app-vnet", "app");
        town
    }

    fn try_apply<R: Request>(&mut self, request: R) -> Result<R::Reply, Refusal> {
        let (now, before) = (self.world.now(), self.world.clone());
        let result = self.world.apply(now, request);
        if result.is_err() {
            assert_eq!(self.world, before, "a refused request changes nothing");
        }
        assert_eq!(invariants::check(&self.world), Ok(()));
        result
    }

    fn apply<R: Request>(&mut self, request: R) -> R::Reply {
        let result = self.try_apply(request);
        result.unwrap_or_else(|refusal| panic!("refused: {refusal}"))
    }

    fn network(&mut self, name: &str, prefix: &str, subnets: &[(&str, &str)]) {
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

    fn instance(&mut self, name: &str, network: &str, zone: &str, policy: &str) {
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

    fn machine(&mut self, name: &str, network: &str, inside: &str) {
        self.machine_in_pool(name, network, inside, &[]);
    }

    fn machine_in_pool(&mut self, name: &str, network: &str, inside: &str, pools: &[&str]) {
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
        });
        self.apply(WriteMachine {
            place: place(name),
            interface: key(&nic),
            size: "Standard_B1s".to_owned(),
            profile: MachineProfile::default(),
        });
    }

    fn endpoint(&mut self, name: &str, network: &str, target: Target) {
        let group_ids = match target {
            Target::Instance(_) => vec!["managedInstance".to_owned()],
            Target::Service(_) => Vec::new(),
        };
        self.apply(WritePrivateEndpoint {
            place: place(name),
            subnet: subnet(network, "pe"),
            address: None,
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

    fn connection(&self, endpoint: &str) -> (Target, Name) {
        let found = &self.world.azure.fabric.private_endpoints[&key(endpoint)];
        (
            found.connection.target.clone(),
            found.connection.name.clone(),
        )
    }

    fn review(&mut self, endpoint: &str, review: Review) {
        let (target, name) = self.connection(endpoint);
        self.apply(ReviewConnection {
            target,
            name,
            review,
            description: "said by the owner".to_owned(),
        });
    }

    fn zone(&mut self, name: &str, links: &[&str], records: &[(&str, &str)]) {
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
                records: Records::A(vec![address.parse().expect("an address")]),
            });
        }
    }

    fn half(&mut self, network: &str, remote: &str) {
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

    fn peer(&mut self, one: &str, other: &str) {
        self.half(one, other);
        self.half(other, one);
    }

    fn ask(&self, from: &str, host: &str, port: u16) -> Verdict {
        let from = Vantage::parse(&self.world, from).expect("a vantage");
        evaluate(&self.world, &Ask::new(&from, host, port))
    }

    /// What a table of `from host port` comes to, one line each.
    fn check(&self, asked: &[(&str, &str, u16)], expected: &Expect) {
        let mut text = String::new();
        for (from, host, port) in asked {
            let verdict = self.ask(from, host, *port);
            line(&mut text, from, host, *port, &verdict);
        }
        expected.assert_eq(&text);
    }
}

fn line(text: &mut String, from: &str, host: &str, port: u16, verdict: &Verdict) {
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

fn key(name: &str) -> ResourceKey {
    ResourceKey {
        group: Name::new("rg"),
        name: Name::new(name),
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

fn instance() -> Target {
    Target::Instance(Name::new("mi1"))
}

#[test]
fn a_private_endpoint_in_another_network() {
    let mut town = Town::with_app();
    let asked: &[(&str, &str, u16)] = &[("vm:vm-app", F1, 1433), ("vm:vm-app", "10.9.1.4", 1433)];
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: net.no_route TcpTimeout
        vm:vm-app -> 10.9.1.4:1433: net.nothing_at_ip TcpTimeout
    "#]],
    );
    town.endpoint("pe-mi1", "app-vnet", instance());
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: net.no_route TcpTimeout
        vm:vm-app -> 10.9.1.4:1433: pe.pending TcpTimeout [pe pe-mi1 Pending]
    "#]],
    );
    town.review("pe-mi1", Review::Approved);
    town.zone(PRIVATE_ZONE, &[], &[("mi1", "10.9.1.4")]);
    town.check(asked, &expect![[r#"
        vm:vm-app -> mi1.Z:1433: net.no_route TcpTimeout
        vm:vm-app -> 10.9.1.4:1433: tls.name_mismatch Tls [pe pe-mi1 Approved > mi mi1] then tds.host_required
    "#]]);
    town.apply(WriteZoneLink {
        zone: key(PRIVATE_ZONE),
        name: Name::new("app"),
        network: key("app-vnet"),
        registers: false,
        redirects: false,
        tags: Tags::new(),
    });
    town.check(
        &[
            ("vm:vm-app", F1, 1433),
            ("vm:vm-app", F1, 5022),
            ("vm:vm-app", F1, 3342),
            ("vm:vm-app", "10.9.1.4", 1433),
            ("vm:vm-app", "mi2.6d710bcf372b.database.windows.net", 1433),
            ("vm:vm-mi", F1, 1433),
            ("vm:vm-mi", F1, 5022),
            ("mi:mi1", "10.9.0.4", 1433),
            ("internet", F1, 1433),
        ],
        &expect![[r#"
            vm:vm-app -> mi1.Z:1433: ok [pe pe-mi1 Approved > mi mi1]
            vm:vm-app -> mi1.Z:5022: pe.port_not_carried TcpTimeout [pe pe-mi1 Approved]
            vm:vm-app -> mi1.Z:3342: pe.port_not_carried TcpTimeout [pe pe-mi1 Approved]
            vm:vm-app -> 10.9.1.4:1433: tls.name_mismatch Tls [pe pe-mi1 Approved > mi mi1] then tds.host_required
            vm:vm-app -> mi2.Z:1433: dns.nxdomain Dns
            vm:vm-mi -> mi1.Z:1433: ok [mi mi1] redirect :11000
            vm:vm-mi -> mi1.Z:5022: ok [mi mi1]
            mi:mi1 -> 10.9.0.4:1433: net.no_route TcpTimeout
            internet -> mi1.Z:1433: net.no_route TcpTimeout
        "#]],
    );
}

#[test]
fn a_connection_that_ends_carries_nothing() {
    let mut town = Town::with_app();
    town.zone(PRIVATE_ZONE, &["app-vnet"], &[("mi1", "10.9.1.4")]);
    let asked: &[(&str, &str, u16)] = &[("vm:vm-app", F1, 1433)];
    town.endpoint("pe-mi1", "app-vnet", instance());
    town.review("pe-mi1", Review::Rejected);
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: net.no_route TcpTimeout
    "#]],
    );
    let (target, name) = town.connection("pe-mi1");
    let again = town.try_apply(ReviewConnection {
        target: target.clone(),
        name: name.clone(),
        review: Review::Approved,
        description: String::new(),
    });
    assert!(
        again
            .expect_err("refused")
            .to_string()
            .contains("not pending")
    );
    town.apply(DeletePrivateEndpoint { key: key("pe-mi1") });
    town.endpoint("pe-mi1", "app-vnet", instance());
    town.review("pe-mi1", Review::Approved);
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: ok [pe pe-mi1 Approved > mi mi1]
    "#]],
    );
    let (target, name) = town.connection("pe-mi1");
    assert!(town.apply(DeleteConnection {
        target: target.clone(),
        name
    }));
    town.check(
        asked,
        &expect![[r#"
            vm:vm-app -> mi1.Z:1433: pe.disconnected TcpTimeout [pe pe-mi1 Disconnected]
        "#]],
    );
    assert_eq!(town.world.connections_to(&target).count(), 0);
    town.apply(DeletePrivateEndpoint { key: key("pe-mi1") });
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: net.no_route TcpTimeout
    "#]],
    );
}

#[test]
fn a_private_endpoint_in_the_instances_own_network() {
    let mut town = Town::new();
    town.network(
        "mi-vnet",
        "10.1.0.0/16",
        &[
            ("mi", "10.1.1.0/24"),
            ("vms", "10.1.5.0/24"),
            ("pe", "10.1.6.0/24"),
        ],
    );
    town.endpoint("pe-mi1", "mi-vnet", instance());
    town.review("pe-mi1", Review::Approved);
    town.zone("privatelink.site", &["mi-vnet"], &[("mi1", "10.1.6.4")]);
    town.check(
        &[
            ("vm:vm-mi", "mi1.privatelink.site", 1433),
            ("vm:vm-mi", F1, 1433),
        ],
        &expect![[r#"
            vm:vm-mi -> mi1.privatelink.site:1433: tls.name_mismatch Tls [pe pe-mi1 Approved > mi mi1]
            vm:vm-mi -> mi1.Z:1433: ok [mi mi1] redirect :11000
        "#]],
    );
    let from = Vantage::parse(&town.world, "vm:vm-mi").expect("a vantage");
    let verdict = evaluate(
        &town.world,
        &Ask::new(&from, "mi1.privatelink.site", 1433).trusting(),
    );
    assert!(verdict.reachable, "{verdict:?}");
    // The forbidden zone works for clients, and takes the instance's own name over.
    town.zone(PRIVATE_ZONE, &["mi-vnet"], &[("mi1", "10.1.6.4")]);
    town.check(
        &[("vm:vm-mi", F1, 1433)],
        &expect![[r#"
        vm:vm-mi -> mi1.Z:1433: ok [pe pe-mi1 Approved > mi mi1] (DnsHijacked)
    "#]],
    );
}

#[test]
fn peered_networks() {
    let mut town = Town::with_app();
    let asked: &[(&str, &str, u16)] = &[("vm:vm-app", F1, 1433), ("vm:vm-mi", "10.9.0.4", 22)];
    town.half("app-vnet", "mi-vnet");
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: net.peering_not_connected TcpTimeout
        vm:vm-mi -> 10.9.0.4:22: net.peering_not_connected TcpTimeout
    "#]],
    );
    town.half("mi-vnet", "app-vnet");
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: ok [peering to-mi-vnet > mi mi1] redirect :11000
        vm:vm-mi -> 10.9.0.4:22: ok [peering to-app-vnet > vm vm-app running]
    "#]],
    );
    town.endpoint("pe-mi1", "app-vnet", instance());
    town.review("pe-mi1", Review::Approved);
    town.zone(PRIVATE_ZONE, &["app-vnet"], &[("mi1", "10.9.1.4")]);
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: ok [pe pe-mi1 Approved > mi mi1] (PrivateZoneOnPeer)
        vm:vm-mi -> 10.9.0.4:22: ok [peering to-app-vnet > vm vm-app running]
    "#]],
    );
    town.apply(DeletePeering {
        network: key("mi-vnet"),
        name: Name::new("to-app-vnet"),
    });
    town.check(
        asked,
        &expect![[r#"
        vm:vm-app -> mi1.Z:1433: ok [pe pe-mi1 Approved > mi mi1]
        vm:vm-mi -> 10.9.0.4:22: net.peering_not_connected TcpTimeout
    "#]],
    );
    let state = |town: &Town| {
        let network = &town.world.azure.virtual_networks[&key("app-vnet")];
        network.peerings[&Name::new("to-mi-vnet")]
            .state(&town.world, &key("app-vnet"))
            .text()
    };
    assert_eq!(state(&town), "Disconnected");
}

#[test]
fn peerings_do_not_lead_further() {
    let mut town = Town::with_app();
    town.network("hub", "10.20.0.0/16", &[("vms", "10.20.0.0/24")]);
    town.machine("vm-hub", "hub", "vms");
    town.peer("app-vnet", "hub");
    town.peer("hub", "mi-vnet");
    town.check(
        &[
            ("vm:vm-app", F1, 1433),
            ("vm:vm-hub", F1, 1433),
            ("vm:vm-app", "10.20.0.4", 22),
        ],
        &expect![[r#"
            vm:vm-app -> mi1.Z:1433: net.nontransitive TcpTimeout
            vm:vm-hub -> mi1.Z:1433: ok [peering to-mi-vnet > mi mi1] redirect :11000
            vm:vm-app -> 10.20.0.4:22: ok [peering to-hub > vm vm-hub running]
        "#]],
    );
    let overlapping = town.try_apply(WriteVirtualNetwork {
        key: key("twin"),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
        prefixes: vec!["10.9.0.0/16".to_owned()],
        dns_servers: Vec::new(),
        subnets: None,
    });
    assert!(
        overlapping.is_ok(),
        "networks may overlap until they are to be peered"
    );
    let refused = town.try_apply(WritePeering {
        network: key("twin"),
        peering: Peering {
            name: Name::new("p"),
            remote: key("app-vnet"),
            allow_access: true,
            allow_forwarded: false,
            allow_gateway_transit: false,
            use_remote_gateways: false,
            was_connected: false,
        },
    });
    assert!(refused.is_err());
}

#[test]
fn a_place_outside_azure() {
    let mut town = Town::new();
    town.network(
        "air-vnet",
        "10.20.0.0/16",
        &[("vms", "10.20.0.0/24"), ("pe", "10.20.1.0/24")],
    );
    town.machine("jump", "air-vnet", "vms");
    town.endpoint("pe-air", "air-vnet", instance());
    town.review("pe-air", Review::Approved);
    town.zone(PRIVATE_ZONE, &["air-vnet"], &[("mi1", "10.20.1.4")]);
    let mut site = Site {
        name: Name::new("office"),
        prefixes: vec![AddressPrefix::parse("192.168.0.0/16").expect("a prefix")],
        forwarders: Default::default(),
    };
    town.apply(WriteSite { site: site.clone() });
    town.apply(WriteGateway {
        place: place("er"),
        network: key("air-vnet"),
        kind: "ExpressRoute".to_owned(),
        sites: vec![Name::new("office")],
    });
    let asked: &[(&str, &str, u16)] = &[
        ("onprem:office", F1, 1433),
        ("onprem:office", "10.20.1.4", 1433),
        ("vm:jump", F1, 1433),
        ("vm:jump", "10.1.5.4", 22),
        ("mi:mi1", "192.168.0.10", 445),
    ];
    town.check(asked, &expect![[r#"
        onprem:office -> mi1.Z:1433: net.no_route TcpTimeout
        onprem:office -> 10.20.1.4:1433: tls.name_mismatch Tls [gateway air-vnet > pe pe-air Approved > mi mi1] then tds.host_required
        vm:jump -> mi1.Z:1433: ok [pe pe-air Approved > mi mi1]
        vm:jump -> 10.1.5.4:22: net.no_route TcpTimeout
        mi:mi1 -> 192.168.0.10:445: net.no_route TcpTimeout
    "#]]);
    let zone = Name::new("6d710bcf372b.database.windows.net");
    site.forwarders.insert(zone, key("air-vnet"));
    town.apply(WriteSite { site });
    town.check(
        &asked[..1],
        &expect![[r#"
        onprem:office -> mi1.Z:1433: ok [gateway air-vnet > pe pe-air Approved > mi mi1]
    "#]],
    );
}

/// Subnets, load balancer, probe, rules, private link service and two forwarding machines, peered with the instances.
fn forwarding(policy: &str) -> Town {
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

fn forward(town: &mut Town, machine: &str, port: u16, host: &str) {
    town.apply(AddForwarding {
        key: key(machine),
        port,
        host: host.to_owned(),
        to_port: 1433,
    });
}

#[test]
fn load_balancer_link_service_and_forwarding_machines() {
    let mut town = forwarding("Default");
    let f2 = "mi2.46e7afd5bc81.database.windows.net";
    let asked: &[(&str, &str, u16)] = &[
        ("vm:vm-app", f2, 1433),
        ("vm:vm-app", f2, 1434),
        ("vm:vm-app", F1, 1433),
        ("vm:vm-app", F1, 1435),
    ];
    town.check(asked, &expect![[r#"
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1433: fwd.no_rule TcpRefused [pe pe-pls Approved > pls pls > lb lb fe:1433 > vm fwd1 running]
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1434: fwd.no_rule TcpRefused [pe pe-pls Approved > pls pls > lb lb fe:1434 > vm fwd1 running]
        vm:vm-app -> mi1.Z:1433: fwd.no_rule TcpRefused [pe pe-pls Approved > pls pls > lb lb fe:1433 > vm fwd1 running]
        vm:vm-app -> mi1.Z:1435: lb.no_rule TcpTimeout [pe pe-pls Approved > pls pls > lb lb fe:1435]
    "#]]);
    for machine in ["fwd1", "fwd2"] {
        forward(&mut town, machine, 1433, F1);
    }
    forward(&mut town, "fwd1", 1434, f2);
    town.check(asked, &expect![[r#"
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1433: tls.name_mismatch Tls [pe pe-pls Approved > pls pls > lb lb fe:1433 > vm fwd1 running > dnat 10.1.1.254:1433 > peering to-mi-vnet > mi mi1] then tds.host_mismatch
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1434: fwd.no_rule TcpRefused [pe pe-pls Approved > pls pls > lb lb fe:1434 > vm fwd2 running] {fwd1-nic: ok} {fwd2-nic: fwd.no_rule}
        vm:vm-app -> mi1.Z:1433: tds.redirect_unreachable TcpTimeout [pe pe-pls Approved > pls pls > lb lb fe:1433 > vm fwd1 running > dnat 10.1.1.254:1433 > peering to-mi-vnet > mi mi1]
        vm:vm-app -> mi1.Z:1435: lb.no_rule TcpTimeout [pe pe-pls Approved > pls pls > lb lb fe:1435]
    "#]]);
    forward(&mut town, "fwd2", 1434, f2);
    town.check(asked, &expect![[r#"
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1433: tls.name_mismatch Tls [pe pe-pls Approved > pls pls > lb lb fe:1433 > vm fwd1 running > dnat 10.1.1.254:1433 > peering to-mi-vnet > mi mi1] then tds.host_mismatch
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1434: ok [pe pe-pls Approved > pls pls > lb lb fe:1434 > vm fwd1 running > dnat 10.2.1.254:1433 > peering to-mi2-vnet > mi mi2]
        vm:vm-app -> mi1.Z:1433: tds.redirect_unreachable TcpTimeout [pe pe-pls Approved > pls pls > lb lb fe:1433 > vm fwd1 running > dnat 10.1.1.254:1433 > peering to-mi-vnet > mi mi1]
        vm:vm-app -> mi1.Z:1435: lb.no_rule TcpTimeout [pe pe-pls Approved > pls pls > lb lb fe:1435]
    "#]]);
    // After a reboot the probe lies: sshd answers, nothing forwards.
    for machine in ["fwd1", "fwd2"] {
        town.apply(PowerMachine {
            key: key(machine),
            power: Power::Running,
        });
    }
    town.check(&asked[1..2], &expect![[r#"
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1434: fwd.no_rule TcpRefused [pe pe-pls Approved > pls pls > lb lb fe:1434 > vm fwd1 running]
    "#]]);
    // A machine that is stopped is found out by its probe, after two failures.
    for machine in ["fwd1", "fwd2"] {
        town.apply(PowerMachine {
            key: key(machine),
            power: Power::Stopped,
        });
    }
    town.check(&asked[1..2], &expect![[r#"
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1434: net.nothing_at_ip TcpTimeout [pe pe-pls Approved > pls pls > lb lb fe:1434 > vm fwd1 stopped]
    "#]]);
    let later = town.world.now() + Span::seconds(30);
    town.world.advance_to(later);
    town.check(&asked[1..2], &expect![[r#"
        vm:vm-app -> mi2.46e7afd5bc81.database.windows.net:1434: lb.no_healthy_backend TcpTimeout [pe pe-pls Approved > pls pls > lb lb fe:1434]
    "#]]);
}

#[test]
fn addresses_are_taken_once_and_given_back() {
    let mut town = Town::with_app();
    town.endpoint("pe-1", "app-vnet", instance());
    town.endpoint("pe-2", "app-vnet", instance());
    let held = |town: &Town| holders(&town.world, &subnet("app-vnet", "pe"));
    let second = Ipv4Addr::new(10, 9, 1, 5);
    assert_eq!(held(&town)[&second], Holder::PrivateEndpoint(key("pe-2")));
    town.apply(DeletePrivateEndpoint { key: key("pe-1") });
    town.endpoint("pe-3", "app-vnet", instance());
    assert_eq!(
        held(&town)[&Ipv4Addr::new(10, 9, 1, 4)],
        Holder::PrivateEndpoint(key("pe-3"))
    );
    for (address, why) in [
        ("10.9.1.5", "in use"),
        ("10.9.1.1", "not usable"),
        ("10.9.1.255", "not usable"),
        ("10.9.0.9", "not usable"),
    ] {
        let refused = town.try_apply(WriteInterface {
            place: place("nic"),
            configuration: Name::new("c"),
            subnet: subnet("app-vnet", "pe"),
            address: Some(address.parse().expect("an address")),
            forwards: false,
            network_security_group: None,
            pools: Vec::new(),
            public: None,
        });
        let text = refused.expect_err(address).to_string();
        assert!(text.contains(why), "{address}: {text}");
    }
}
