//! The twelve rules that matter most, each by its name.

use std::collections::BTreeSet;

use milink_core::azure::{TrustGroupKey, TrustScope, WriteTrustGroup};
use milink_core::path::{End, Symptom};

use super::*;

/// A private endpoint at 10.9.1.4 in `app-vnet`, approved, and its zone where the application hears it.
fn connected() -> Town {
    let mut town = Town::with_app();
    town.endpoint("pe-mi1", "app-vnet", instance());
    town.review("pe-mi1", Review::Approved);
    town.zone(PRIVATE_ZONE, &["app-vnet"], &[("mi1", "10.9.1.4")]);
    town
}

fn reason(town: &Town, from: &str, host: &str, port: u16) -> Option<&'static str> {
    town.ask(from, host, port)
        .reason
        .map(|reason| reason.code())
}

#[test]
fn rule_1_only_the_instances_own_endpoint_carries_more_than_sql() {
    let town = connected();
    for port in [1434, 4022, 5022, 5024, 11_000] {
        assert_eq!(reason(&town, "vm:vm-mi", F1, port), None, "{port}");
        assert_eq!(
            reason(&town, "vm:vm-app", F1, port),
            Some("pe.port_not_carried"),
            "{port}"
        );
    }
}

#[test]
fn rule_2_a_private_endpoint_carries_1433_inward_and_proxied() {
    let town = connected();
    let verdict = town.ask("vm:vm-app", F1, 1433);
    assert!(
        verdict.reachable && verdict.redirect.is_none(),
        "{verdict:?}"
    );
    assert_eq!(
        reason(&town, "mi:mi1", "10.9.0.4", 22),
        Some("net.no_route")
    );
}

#[test]
fn rule_3_only_an_approved_connection_carries_anything() {
    let mut town = Town::with_app();
    for (review, expected) in [
        (None, "pe.pending"),
        (Some(Review::Rejected), "pe.rejected"),
    ] {
        town.endpoint("pe", "app-vnet", instance());
        if let Some(review) = review {
            town.review("pe", review);
        }
        let verdict = town.ask("vm:vm-app", "10.9.1.4", 1433);
        assert_eq!(verdict.reason.map(|reason| reason.code()), Some(expected));
        assert_eq!(verdict.symptom, Some(Symptom::TcpTimeout));
        town.apply(DeletePrivateEndpoint { key: key("pe") });
    }
}

#[test]
fn rule_4_the_gateway_goes_by_the_name_in_the_login() {
    let town = connected();
    let from = Vantage::parse(&town.world, "vm:vm-app").expect("a vantage");
    for (name, expected) in [
        ("10.9.1.4", Some("tds.host_required")),
        ("[2001:db8::1]", Some("tds.host_required")),
        ("sql.contoso.com", Some("tds.host_mismatch")),
        ("localhost", Some("tds.host_mismatch")),
        ("mi1", None),
        ("tcp:MI1.privatelink.site,1433", None),
    ] {
        let ask = Ask {
            login_name: Some(name),
            ..Ask::new(&from, F1, 1433)
        };
        let verdict = evaluate(&town.world, &ask);
        assert_eq!(
            verdict.reason.map(|reason| reason.code()),
            expected,
            "{name}"
        );
    }
}

#[test]
fn rule_5_an_endpoint_changes_no_record_where_it_is() {
    let mut town = Town::with_app();
    let before = town
        .ask("vm:vm-app", F1, 1433)
        .resolved
        .addresses()
        .to_vec();
    town.endpoint("pe-mi1", "app-vnet", instance());
    town.review("pe-mi1", Review::Approved);
    let after = town
        .ask("vm:vm-app", F1, 1433)
        .resolved
        .addresses()
        .to_vec();
    assert_eq!(before, after);
}

#[test]
fn rule_6_separate_networks_keep_their_connection_strings() {
    let verdict = connected().ask("vm:vm-app", F1, 1433);
    assert!(
        verdict.reachable,
        "with the certificate checked: {verdict:?}"
    );
    assert!(matches!(verdict.end, Some(End::PrivateEndpoint { .. })));
}

#[test]
fn rule_7_in_the_same_network_the_name_is_another_and_the_certificate_does_not_fit() {
    let mut town = Town::new();
    let subnets = [
        ("mi", "10.1.1.0/24"),
        ("vms", "10.1.5.0/24"),
        ("pe", "10.1.6.0/24"),
    ];
    town.network("mi-vnet", "10.1.0.0/16", &subnets);
    town.endpoint("pe-mi1", "mi-vnet", instance());
    town.review("pe-mi1", Review::Approved);
    town.zone("privatelink.site", &["mi-vnet"], &[("mi1", "10.1.6.4")]);
    let host = "mi1.privatelink.site";
    assert_eq!(
        reason(&town, "vm:vm-mi", host, 1433),
        Some("tls.name_mismatch")
    );
    let from = Vantage::parse(&town.world, "vm:vm-mi").expect("a vantage");
    assert!(evaluate(&town.world, &Ask::new(&from, host, 1433).trusting()).reachable);
}

#[test]
fn rule_8_a_linked_zone_answers_for_all_instances_of_its_suffix() {
    let mut town = connected();
    town.instance("mi2", "mi-vnet", ZONE, "Default");
    town.endpoint("pe-mi2", "app-vnet", Target::Instance(Name::new("mi2")));
    town.review("pe-mi2", Review::Approved);
    let other = "mi2.6d710bcf372b.database.windows.net";
    assert_eq!(
        reason(&town, "vm:vm-app", other, 1433),
        Some("dns.nxdomain_private_zone")
    );
    assert_eq!(reason(&town, "vm:vm-mi", other, 1433), None);
}

#[test]
fn rule_9_what_is_blocked_is_dropped_and_no_firewall_speaks() {
    let town = Town::with_app();
    for (from, host) in [
        ("vm:vm-app", F1),
        ("internet", F1),
        ("vm:vm-app", "10.1.1.254"),
    ] {
        let verdict = town.ask(from, host, 1433);
        assert_eq!(verdict.symptom, Some(Symptom::TcpTimeout), "{verdict:?}");
    }
}

#[test]
fn rule_10_redirects_work_by_the_instances_own_endpoint_only() {
    let town = connected();
    assert!(town.ask("vm:vm-mi", F1, 1433).redirect.is_some());
    let mut chain = forwarding("Default");
    for machine in ["fwd1", "fwd2"] {
        forward(&mut chain, machine, 1433, F1);
    }
    assert_eq!(
        reason(&chain, "vm:vm-app", F1, 1433),
        Some("tds.redirect_unreachable")
    );
}

#[test]
fn rule_11_peerings_are_mutual_and_lead_no_further_and_endpoints_need_none() {
    let mut town = connected();
    assert_eq!(
        reason(&town, "vm:vm-app", F1, 1433),
        None,
        "without a peering"
    );
    town.network(
        "far",
        "10.1.0.0/16",
        &[("app", "10.1.0.0/24"), ("pe", "10.1.1.0/24")],
    );
    town.machine("vm-far", "far", "app");
    town.endpoint("pe-far", "far", instance());
    town.review("pe-far", Review::Approved);
    assert_eq!(
        town.ask("vm:vm-far", "10.1.1.4", 1433)
            .latent
            .first()
            .map(|reason| reason.code()),
        Some("tds.host_required"),
        "overlapping with the instance's network"
    );
    town.half("app-vnet", "mi-vnet");
    assert_eq!(
        reason(&town, "vm:vm-app", "10.1.5.4", 22),
        Some("net.peering_not_connected")
    );
}

#[test]
fn rule_12_trust_gives_no_way() {
    let mut town = Town::new();
    town.network("mi2-vnet", "10.2.0.0/16", &[("mi", "10.2.1.0/24")]);
    town.instance("mi2", "mi2-vnet", ZONE, "Default");
    let other = "mi2.6d710bcf372b.database.windows.net";
    assert_eq!(reason(&town, "mi:mi1", other, 5024), Some("net.no_route"));
    town.apply(WriteTrustGroup {
        key: TrustGroupKey {
            resource: key("trust"),
            location: "westeurope".to_owned(),
        },
        location: "westeurope".to_owned(),
        members: vec![key("mi1"), key("mi2")],
        scopes: BTreeSet::from([TrustScope::GlobalTransactions, TrustScope::ServiceBroker]),
    });
    assert_eq!(reason(&town, "mi:mi1", other, 5024), Some("net.no_route"));
    town.peer("mi-vnet", "mi2-vnet");
    assert_eq!(reason(&town, "mi:mi1", other, 5024), None);
}
