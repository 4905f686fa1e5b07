//! The chain of link service, load balancer and forwarding machine: each of its hops is needed, and what the whole does to a
//! connection that works.

use milink_core::azure::StopManagedInstance;
use milink_core::path::{ProxyHeader, SERVICE_REMEMBERS, evaluate_flow};

use super::*;

const F2: &str = "mi2.46e7afd5bc81.database.windows.net";

/// A way from the consumer to `mi2` by port 1434 that works.
fn chain() -> Town {
    let mut town = forwarding("Default");
    for machine in ["fwd1", "fwd2"] {
        forward(&mut town, machine, 1434, F2);
    }
    assert!(town.ask("vm:vm-app", F2, 1434).reachable);
    town
}

fn power(town: &mut Town, power: Power) {
    for name in ["fwd1", "fwd2"] {
        town.apply(PowerMachine {
            key: key(name),
            power,
        });
    }
}

fn service(town: &mut Town, proxy_protocol: bool) {
    town.apply(WritePrivateLinkService {
        place: place("pls"),
        frontend: (key("lb"), Name::new("fe")),
        configuration: Name::new("c"),
        subnet: subnet("net-vnet", "pls"),
        address: None,
        proxy_protocol,
        visibility: Vec::new(),
        auto_approval: Vec::new(),
        fqdns: Vec::new(),
    });
}

/// Writes the load balancer with one rule, for port 1434, and the number of minutes for which it remembers.
fn balancer(town: &mut Town, port: u16, minutes: u32, resets: bool) {
    let found = town.world.azure.fabric.load_balancers[&key("lb")].clone();
    let rules = found.rules.iter().map(|(name, rule)| {
        let rule = Rule {
            frontend_port: if rule.frontend_port == 1434 {
                port
            } else {
                rule.frontend_port
            },
            idle_timeout_minutes: minutes,
            tcp_reset: resets,
            ..rule.clone()
        };
        (name.clone(), rule)
    });
    let rules = rules.collect();
    town.apply(WriteLoadBalancer {
        place: place("lb"),
        sku: Some(Sku::Standard),
        frontends: vec![(
            Name::new("fe"),
            WantedFrontend::inside(subnet("net-vnet", "fe"), None),
        )],
        pools: vec![Name::new("pool")],
        probes: found
            .probes
            .iter()
            .map(|(name, probe)| (name.clone(), probe.clone()))
            .collect(),
        rules,
        nat_rules: Vec::new(),
    });
}

/// What is done to a town.
type Act = fn(&mut Town);

#[test]
fn every_hop_is_needed() {
    let removals: [(&str, Act, &str); 8] = [
        (
            "pe",
            |town| {
                let (target, name) = town.connection("pe-pls");
                town.apply(DeleteConnection { target, name });
            },
            "pe.disconnected",
        ),
        (
            "pls",
            |town| town.review("pe-pls", Review::Rejected),
            "pe.rejected",
        ),
        ("lb", |town| balancer(town, 1435, 15, false), "lb.no_rule"),
        (
            "vm",
            |town| power(town, Power::Stopped),
            "net.nothing_at_ip",
        ),
        ("dnat", |town| power(town, Power::Running), "fwd.no_rule"),
        (
            "peering",
            |town| {
                town.apply(DeletePeering {
                    network: key("net-vnet"),
                    name: Name::new("to-mi2-vnet"),
                });
            },
            "net.peering_not_connected",
        ),
        (
            "mi",
            |town| {
                let instance = town.world.managed_instance("mi2").expect("it is there").id;
                town.apply(StopManagedInstance { instance });
                let later = town.world.now() + Span::minutes(60 * 24);
                town.world.advance_to(later);
            },
            "mi.stopped",
        ),
        (
            "the name",
            |town| {
                town.zone(
                    "46e7afd5bc81.database.windows.net",
                    &["app-vnet"],
                    &[("mi2", "10.9.1.99")],
                )
            },
            "net.nothing_at_ip",
        ),
    ];
    let whole = chain();
    let kinds: Vec<&str> = whole
        .ask("vm:vm-app", F2, 1434)
        .path
        .iter()
        .map(|hop| hop.hop)
        .collect();
    assert_eq!(kinds, ["pe", "pls", "lb", "vm", "dnat", "peering", "mi"]);
    for (hop, remove, expected) in removals {
        let mut town = Town {
            world: whole.world.clone(),
        };
        remove(&mut town);
        let verdict = town.ask("vm:vm-app", F2, 1434);
        let reason = verdict.reason.map(|reason| reason.code());
        assert_eq!(reason, Some(expected), "without {hop}: {verdict:?}");
        assert!(verdict.hint.is_some(), "without {hop}");
    }
}

#[test]
fn a_nat_rule_leads_to_its_machine_well_or_not() {
    let mut town = chain();
    let id = NatRuleId {
        balancer: key("lb"),
        name: Name::new("to-fwd1"),
    };
    let rule = NatRule {
        protocol: RuleProtocol::Tcp,
        frontend: Name::new("fe"),
        frontend_port: 5001,
        backend_port: 1434,
        idle_timeout_minutes: 4,
        tcp_reset: false,
    };
    town.apply(WriteNatRule {
        id: id.clone(),
        rule,
    });
    let reason = |town: &Town, port| {
        let verdict = town.ask("vm:vm-app", F2, port);
        verdict.reason.map(|reason| reason.code())
    };
    assert_eq!(reason(&town, 5001), Some("lb.nat_unused"));
    let found = town.world.azure.fabric.interfaces[&key("fwd1-nic")].clone();
    town.apply(WriteInterface {
        place: place("fwd1-nic"),
        configuration: found.configuration.clone(),
        subnet: found.subnet.clone(),
        address: None,
        forwards: found.forwards,
        network_security_group: None,
        pools: found.pools.clone(),
        nat_rules: vec![id],
        public: None,
    });
    let hops = town.ask("vm:vm-app", F2, 5001).path;
    let hops: Vec<&str> = hops.iter().map(|hop| hop.hop).collect();
    assert_eq!(
        hops,
        ["pe", "pls", "lb", "nat", "vm", "dnat", "peering", "mi"]
    );
    power(&mut town, Power::Deallocated);
    assert_eq!(reason(&town, 5001), Some("net.nothing_at_ip"));
}

/// What comes of a client that sends nothing for so long.
fn silent(
    town: &Town,
    from: &str,
    host: &str,
    seconds: i64,
) -> Option<(&'static str, &'static str)> {
    let from = Vantage::parse(&town.world, from).expect("a vantage");
    let ask = Ask {
        silent: Span::seconds(seconds),
        login_name: Some(F2),
        ..Ask::new(&from, host, 1434).trusting()
    };
    let verdict = evaluate(&town.world, &ask);
    let of_flow = evaluate_flow(&town.world, &ask, 1);
    assert_eq!(of_flow.reason, verdict.reason, "every way forgets alike");
    let hint = verdict.hint.unwrap_or_default();
    let advice = match hint.contains("keepalives") {
        true => "keepalives",
        false => "other",
    };
    verdict.reason.map(|reason| (reason.code(), advice))
}

#[test]
fn whatever_forgets_first_is_told() {
    let mut town = chain();
    assert_eq!(SERVICE_REMEMBERS, Span::seconds(270));
    let by_service = Some(("pls.idle_timeout", "keepalives"));
    for (seconds, expected) in [
        (0, None),
        (269, None),
        (270, by_service),
        (9_000, by_service),
    ] {
        assert_eq!(
            silent(&town, "vm:vm-app", F2, seconds),
            expected,
            "{seconds}"
        );
    }
    // Whoever comes to the load balancer itself has only its own time.
    let frontend = "10.30.1.4";
    assert_eq!(silent(&town, "vm:fwd1", frontend, 899), None);
    let by_balancer = Some(("lb.idle_timeout", "keepalives"));
    assert_eq!(silent(&town, "vm:fwd1", frontend, 900), by_balancer);
    // A load balancer that forgets sooner than the service, with a word and without.
    for (resets, code) in [(false, "lb.idle_timeout"), (true, "lb.idle_reset")] {
        balancer(&mut town, 1434, 4, resets);
        assert_eq!(silent(&town, "vm:vm-app", F2, 239), None);
        let told = silent(&town, "vm:vm-app", F2, 240);
        assert_eq!(told, Some((code, "keepalives")));
    }
    // Nothing forgets where nothing is between.
    assert_eq!(town.ask("vm:vm-mi", F1, 1433).idle, None);
}

#[test]
fn a_program_that_reads_the_header_passes_the_rest_on() {
    let mut town = chain();
    power(&mut town, Power::Running);
    let told = |town: &Town| {
        let verdict = town.ask("vm:vm-app", F2, 1434);
        (verdict.reason.map(|reason| reason.code()), verdict.hint)
    };
    let mismatch = Some("pls.proxy_protocol_mismatch");
    for (reads, sends, expected, words) in [
        (true, true, None, ""),
        (false, false, None, ""),
        (true, false, mismatch, "waits for the header"),
        (false, true, mismatch, "turn the proxy protocol"),
    ] {
        for machine in ["fwd1", "fwd2"] {
            let relay = Relay {
                host: F2.to_owned(),
                to_port: 1433,
                accepts_proxy_protocol: reads,
            };
            let (key, port) = (key(machine), 1434);
            town.apply(WriteRelay { key, port, relay });
        }
        service(&mut town, sends);
        let (reason, hint) = told(&town);
        assert_eq!(reason, expected, "reads {reads}, sent {sends}");
        assert!(hint.unwrap_or_default().contains(words), "{words}");
    }
    // A service starts with its machine, unlike the kernel's rules, which come first where there are some.
    service(&mut town, false);
    power(&mut town, Power::Running);
    let relay = |accepts_proxy_protocol| Relay {
        host: F2.to_owned(),
        to_port: 1433,
        accepts_proxy_protocol,
    };
    for machine in ["fwd1", "fwd2"] {
        let (key, port, relay) = (key(machine), 1434, relay(false));
        town.apply(WriteRelay { key, port, relay });
    }
    power(&mut town, Power::Running);
    assert_eq!(told(&town).0, None);
    for machine in ["fwd1", "fwd2"] {
        let (key, port, relay) = (key(machine), 1434, relay(true));
        town.apply(WriteRelay { key, port, relay });
        forward(&mut town, machine, 1434, F2);
    }
    assert_eq!(told(&town).0, None);
    // Its name is asked for where the machine is.
    power(&mut town, Power::Running);
    for machine in ["fwd1", "fwd2"] {
        let relay = Relay {
            host: "nobody.example".to_owned(),
            ..relay(false)
        };
        let (key, port) = (key(machine), 1434);
        town.apply(WriteRelay { key, port, relay });
    }
    assert_eq!(told(&town).0, Some("fwd.target_unreachable"));
}

#[test]
fn a_link_service_puts_a_header_before_what_it_passes_on() {
    let mut town = chain();
    assert_eq!(town.ask("vm:vm-app", F2, 1434).proxy_header, None);
    service(&mut town, true);
    let verdict = town.ask("vm:vm-app", F2, 1434);
    let (target, name) = town.connection("pe-pls");
    let listed = {
        let mut all = town.world.connections_to(&target);
        let found = all.find(|consumer| consumer.connection().name == name);
        found.map(|consumer| consumer.connection().link_identifier())
    };
    let expected = ProxyHeader {
        source: Ipv4Addr::new(10, 9, 0, 4),
        destination: Ipv4Addr::new(10, 9, 1, 4),
        port: 1434,
        link_identifier: listed.expect("it is listed"),
    };
    assert_eq!(verdict.proxy_header, Some(expected));
    assert_eq!(
        verdict
            .reason
            .map(|reason| (reason.code(), reason.is_met_later())),
        Some(("pls.proxy_protocol_mismatch", true)),
        "the connection comes about, and the login does not"
    );
    assert_eq!(verdict.path.last().map(|hop| hop.hop), Some("mi"));
    // What is wrong before is met before.
    power(&mut town, Power::Running);
    let before = town.ask("vm:vm-app", F2, 1434).reason;
    assert_eq!(before.map(|reason| reason.code()), Some("fwd.no_rule"));
    service(&mut town, false);
    for machine in ["fwd1", "fwd2"] {
        forward(&mut town, machine, 1434, F2);
    }
    assert!(town.ask("vm:vm-app", F2, 1434).reachable);
}
