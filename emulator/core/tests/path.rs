//! The worked topologies of private endpoints, DNS, peerings and forwarding machines: who gets where, and why not.

#[path = "path/chain.rs"]
mod chain;
#[path = "path/ground_rules.rs"]
mod ground_rules;
#[path = "path/laws.rs"]
mod laws;
#[path = "path/mutants.rs"]
mod mutants;
mod town;

use town::*;

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
            mi:mi1 -> 10.9.0.4:1433: net.no_route TcpTimeout then pe.wrong_direction
            internet -> mi1.Z:1433: net.no_route TcpTimeout
        "#]],
    );
}

#[test]
fn machines_have_names_where_their_network_registers_them() {
    let mut town = Town::with_app();
    let zone = "corp.example";
    town.zone(zone, &[], &[("written", "10.9.0.99"), ("*", "10.9.0.98")]);
    let link = |network: &str, registers: bool| WriteZoneLink {
        zone: key(zone),
        name: Name::new(network),
        network: key(network),
        registers,
        redirects: false,
        tags: Tags::new(),
    };
    let asked = [
        ("vm:vm-app", "vm-app.corp.example"),
        ("vm:vm-mi", "vm-app.corp.example"),
        ("vm:vm-app", "vm-mi.corp.example"),
    ];
    let resolved = |town: &Town| {
        let lines = asked.map(|(from, name)| {
            let from = Vantage::parse(&town.world, from).expect("a vantage");
            let resolved = resolve_from(&town.world, &from, name);
            format!("{:?}\n", resolved.answer)
        });
        lines.concat()
    };
    town.apply(link("app-vnet", false));
    town.apply(link("mi-vnet", false));
    expect![[r#"
        Addresses([10.9.0.98])
        Addresses([10.9.0.98])
        Addresses([10.9.0.98])
    "#]]
    .assert_eq(&resolved(&town));
    town.apply(link("app-vnet", true));
    expect![[r#"
        Addresses([10.9.0.4])
        Addresses([10.9.0.4])
        Addresses([10.9.0.98])
    "#]]
    .assert_eq(&resolved(&town));
    // What somebody wrote comes first.
    town.apply(WriteRecordSet {
        zone: key(zone),
        name: Name::new("VM-app"),
        ttl_seconds: 1,
        metadata: Tags::new(),
        records: Records::A(vec![[10, 9, 0, 97].into()]),
    });
    expect![[r#"
        Addresses([10.9.0.97])
        Addresses([10.9.0.97])
        Addresses([10.9.0.98])
    "#]]
    .assert_eq(&resolved(&town));
    town.zone("other.example", &[], &[]);
    let mut other = link("app-vnet", true);
    other.zone = key("other.example");
    let refused = town.try_apply(other).expect_err("one zone only");
    assert!(refused.to_string().contains("already"), "{refused}");
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
            nat_rules: Vec::new(),
        });
        let text = refused.expect_err(address).to_string();
        assert!(text.contains(why), "{address}: {text}");
    }
}

fn alias(town: &mut Town, zone: &str, name: &str, target: &str) {
    town.apply(milink_core::azure::fabric::WriteRecordSet {
        zone: key(zone),
        name: Name::new(name),
        ttl_seconds: 300,
        metadata: Default::default(),
        records: Records::Cname(Some(target.to_owned())),
    });
}

#[test]
fn names_that_lead_in_a_circle_come_to_nothing() {
    let mut town = Town::with_app();
    town.zone("site.example", &["app-vnet"], &[("end", "10.9.0.4")]);
    alias(&mut town, "site.example", "self", "self.site.example");
    alias(&mut town, "site.example", "hen", "egg.site.example.");
    alias(&mut town, "site.example", "egg", "HEN.site.example");
    for step in 0..20 {
        let next = format!("step{}.site.example", step + 1);
        alias(&mut town, "site.example", &format!("step{step}"), &next);
    }
    alias(&mut town, "site.example", "step20", "end.site.example");
    for (host, expected) in [
        ("self.site.example", Some("dns.cname_loop")),
        ("hen.site.example", Some("dns.cname_loop")),
        // So many aliases are followed, and no more.
        ("step0.site.example", Some("dns.cname_loop")),
        ("step8.site.example", None),
    ] {
        let verdict = town.ask("vm:vm-app", host, 22);
        let reason = verdict.reason.map(|reason| reason.code());
        assert_eq!(reason, expected, "{host}: {verdict:?}");
        assert!(verdict.resolved.chain.len() <= 17, "{host}");
    }
}

#[test]
fn names_in_several_groups_are_named_with_them() {
    let mut town = Town::with_app();
    let short = Vantage::parse(&town.world, "vm:vm-app").expect("the only one");
    assert_eq!(short.text(&town.world), "vm:vm-app");
    assert_eq!(short.exact(&town.world), "vm:rg/vm-app");
    assert!(Vantage::all(&town.world).contains(&short));
    town.apply(WriteResourceGroup {
        name: Name::new("other"),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    });
    let twin = |name: &str| ResourceKey {
        group: Name::new("other"),
        name: Name::new(name),
    };
    let placed = |name: &str| Place {
        key: twin(name),
        ..place(name)
    };
    town.apply(WriteInterface {
        place: placed("vm-app-nic"),
        configuration: Name::new("c"),
        subnet: subnet("app-vnet", "app"),
        address: None,
        forwards: false,
        network_security_group: None,
        pools: Vec::new(),
        public: None,
        nat_rules: Vec::new(),
    });
    town.apply(WriteMachine {
        place: placed("vm-app"),
        interface: twin("vm-app-nic"),
        size: "Standard_B1s".to_owned(),
        profile: MachineProfile::default(),
    });
    let told = |text: &str| match Vantage::parse(&town.world, text) {
        Ok(found) => found.text(&town.world),
        Err(error) => error.to_string(),
    };
    let cases = [
        "vm:vm-app",
        "VM:RG/vm-app",
        "vm:other/vm-app",
        "vm:nobody/vm-app",
        "nic:vm-app-nic",
        "nic:other/vm-app-nic",
        "subnet:app-vnet/app",
        "subnet:rg/app-vnet/app",
        "subnet:other/app-vnet/app",
        "subnet:app",
        "vm:",
        "onprem:nowhere",
    ];
    let text: String = cases
        .iter()
        .map(|case| format!("{case}: {}\n", told(case)))
        .collect();
    expect![[r#"
        vm:vm-app: there is more than one virtual machine 'vm-app': say which, vm:other/vm-app or vm:rg/vm-app
        VM:RG/vm-app: vm:rg/vm-app
        vm:other/vm-app: vm:other/vm-app
        vm:nobody/vm-app: there is no virtual machine 'nobody/vm-app'
        nic:vm-app-nic: there is more than one network interface 'vm-app-nic': say which, nic:other/vm-app-nic or nic:rg/vm-app-nic
        nic:other/vm-app-nic: vm:other/vm-app
        subnet:app-vnet/app: subnet:app-vnet/app
        subnet:rg/app-vnet/app: subnet:app-vnet/app
        subnet:other/app-vnet/app: there is no subnet 'other/app-vnet/app'
        subnet:app: 'subnet:app' is no vantage: write vm:NAME, nic:NAME, subnet:NETWORK/SUBNET, mi:NAME, adf:FACTORY/RUNTIME, onprem:SITE or internet; where a name is in several resource groups, write vm:GROUP/NAME and the like
        vm:: there is no virtual machine ''
        onprem:nowhere: there is no site 'nowhere'
    "#]].assert_eq(&text);
    assert_eq!(short.text(&town.world), "vm:rg/vm-app", "no longer alone");
}
