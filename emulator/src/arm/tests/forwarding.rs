//! Machines that forward: the article's chain from a consumer's private endpoint to the instance, and how it breaks.

use axum::http::StatusCode;
use milink_core::path::{Ask, Vantage, evaluate};
use milink_core::time::Span;
use serde_json::{Value, json};

use super::load_balancers::{
    MANUAL, REGION, balancer, endpoint, id, interface, made, network, service, stage,
};
use super::support::{Fixture, in_group};

const COMPUTE: &str = "2024-07-01";

fn machine_path(name: &str, tail: &str) -> String {
    in_group(
        &format!("Microsoft.Compute/virtualMachines/{name}{tail}"),
        COMPUTE,
    )
}

fn machine(nic: &str) -> Value {
    json!({"location": REGION, "zones": ["1"], "properties": {
        "hardwareProfile": {"vmSize": "Standard_B1s"},
        "storageProfile": {"imageReference": {"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS", "version": "latest"}},
        "osProfile": {"computerName": "fwd", "adminUsername": "me", "adminPassword": "Long-Pass-Word-1!", "customData": "c2VjcmV0"},
        "networkProfile": {"networkInterfaces": [{"id": id(&format!("networkInterfaces/{nic}"))}]},
    }})
}

async fn make_machine(fixture: &Fixture, name: &str) {
    let nic = format!("{name}-nic");
    made(
        fixture,
        &format!("networkInterfaces/{nic}"),
        interface("be", Some("pool")),
    )
    .await;
    let reply = fixture.put(&machine_path(name, ""), machine(&nic)).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    fixture.advance(Span::seconds(1));
}

async fn post(
    fixture: &Fixture,
    name: &str,
    action: &str,
    body: Option<Value>,
) -> super::support::Reply {
    let path = machine_path(name, &format!("/{action}"));
    let reply = fixture
        .send("POST", &path, body.map(|body| body.to_string()))
        .await;
    fixture.advance(Span::seconds(1));
    reply
}

async fn run(fixture: &Fixture, name: &str, lines: &[&str]) -> super::support::Reply {
    let body = json!({"commandId": "RunShellScript", "script": lines});
    post(fixture, name, "runCommand", Some(body)).await
}

/// What comes of a connection from the consumer to the instance's name.
fn verdict(fixture: &Fixture, host: &str, port: u16) -> (bool, String) {
    fixture.world(|world, now| {
        world.advance_to(now);
        let from = Vantage::parse(world, "subnet:app/app").expect("a vantage");
        let ask = Ask {
            from: &from,
            host,
            port,
            validates: true,
            follows: true,
            login_name: None,
            silent: Span::ZERO,
        };
        let verdict = json!(evaluate(world, &ask));
        let reason = verdict["reason"].as_str().unwrap_or("ok").to_owned();
        (verdict["reachable"] == true, reason)
    })
}

/// Everything but the machines, and the instance's name.
async fn chain() -> (Fixture, String) {
    let fixture = stage().await;
    let instance = in_group("Microsoft.Sql/managedInstances/mi", "2021-11-01");
    let shown = fixture.get(&instance).await.body;
    let name = shown["properties"]["fullyQualifiedDomainName"]
        .as_str()
        .expect("a name")
        .to_owned();
    for (network, remote) in [("net", "vnet"), ("vnet", "net")] {
        let body = json!({"properties": {"remoteVirtualNetwork": {"id": id(&format!("virtualNetworks/{remote}"))}}});
        made(
            &fixture,
            &format!("virtualNetworks/{network}/virtualNetworkPeerings/p"),
            body,
        )
        .await;
    }
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let mut pls = service();
    pls["properties"]["fqdns"] = json!([name]);
    made(&fixture, "privateLinkServices/pls", pls).await;
    made(
        &fixture,
        "privateEndpoints/pe",
        endpoint(&id("privateLinkServices/pls"), MANUAL),
    )
    .await;
    // The consumer's own zone leads the instance's name to the endpoint.
    let zone = name.split_once('.').expect("a zone").1;
    let path = |tail: &str| {
        in_group(
            &format!("Microsoft.Network/privateDnsZones/{zone}{tail}"),
            "2024-06-01",
        )
    };
    let reply = fixture.put(&path(""), json!({"location": "global"})).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    let link = json!({"location": "global", "properties": {"virtualNetwork": {"id": id("virtualNetworks/app")}, "registrationEnabled": false}});
    let reply = fixture.put(&path("/virtualNetworkLinks/app"), link).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    let group = json!({"properties": {"privateDnsZoneConfigs": [{"name": "sql", "properties": {
        "privateDnsZoneId": id(&format!("privateDnsZones/{zone}")),
    }}]}});
    let reply = made(
        &fixture,
        "privateEndpoints/pe/privateDnsZoneGroups/default",
        group,
    )
    .await;
    let records = &reply.body["properties"]["privateDnsZoneConfigs"][0]["properties"]["recordSets"];
    assert_eq!(records[0]["recordSetName"], "mi", "{}", reply.text);
    assert_eq!(records[0]["ipAddresses"], json!(["10.50.1.4"]));
    (fixture, name)
}

async fn approve(fixture: &Fixture) {
    let listed = fixture
        .get(&network(
            "privateLinkServices/pls/privateEndpointConnections",
        ))
        .await
        .body;
    let name = listed["value"][0]["name"].as_str().expect("a connection");
    let path = network(&format!(
        "privateLinkServices/pls/privateEndpointConnections/{name}"
    ));
    let said = json!({"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "fine"}}});
    let reply = fixture.put(&path, said).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
}

#[tokio::test]
async fn the_articles_chain_carries_and_breaks() {
    let (fixture, name) = chain().await;
    let script = format!("sudo ./ip_fwd.sh -i eth0 -f 1433 -a {name} -b 1433");
    let asked = |port| verdict(&fixture, &name, port);
    assert_eq!(asked(1433), (false, "pe.pending".to_owned()));
    approve(&fixture).await;
    assert_eq!(asked(1433), (false, "lb.empty_pool".to_owned()));
    make_machine(&fixture, "fwd1").await;
    make_machine(&fixture, "fwd2").await;
    assert_eq!(asked(1433), (false, "fwd.no_rule".to_owned()));
    let reply = run(&fixture, "fwd1", &["#!/bin/bash", &script]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let printed = reply.body["value"][0]["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    assert!(
        printed.contains("Forwarding port 1433 to 10.0.1."),
        "{printed}"
    );
    // One of two machines forwards: some connections fail, so it is not reachable.
    assert_eq!(asked(1433), (false, "fwd.no_rule".to_owned()));
    run(&fixture, "fwd2", &[&script]).await;
    assert_eq!(asked(1433), (true, "ok".to_owned()));
    assert_eq!(asked(1434), (false, "lb.no_rule".to_owned()));
    let listed = run(
        &fixture,
        "fwd2",
        &["iptables -t nat -v -L PREROUTING -n --line-number"],
    )
    .await;
    let printed = listed.body["value"][0]["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    assert!(printed.contains("tcp dpt:1433 to:10.0.1."), "{printed}");
    // After a reboot the probe is green, and nothing forwards.
    let reply = post(&fixture, "fwd1", "restart", None).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    fixture.advance(Span::minutes(2));
    assert_eq!(asked(1433), (false, "fwd.no_rule".to_owned()));
    // What the script does, by hand and in parts.
    let reply = run(&fixture, "fwd1", &["iptables -t nat -A PREROUTING -p tcp -i eth0 --dport 1433 -j DNAT --to-destination 10.0.1.254:1433"]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(asked(1433), (false, "fwd.forwarding_off".to_owned()));
    run(&fixture, "fwd1", &["sysctl -w net.ipv4.ip_forward=1"]).await;
    assert_eq!(asked(1433), (false, "fwd.target_unreachable".to_owned()));
    run(
        &fixture,
        "fwd1",
        &["iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"],
    )
    .await;
    assert_eq!(asked(1433), (true, "ok".to_owned()));
    // Rules carry what they say: a rule for datagrams is none for connections, and one for everything is one for all ports.
    for (protocol, port, expected) in [
        ("Udp", 1433, (false, "lb.no_rule")),
        ("All", 0, (true, "ok")),
        ("Tcp", 1433, (true, "ok")),
    ] {
        let mut changed = balancer();
        let rule = &mut changed["properties"]["loadBalancingRules"][0]["properties"];
        rule["protocol"] = json!(protocol);
        rule["frontendPort"] = json!(port);
        rule["backendPort"] = json!(port);
        made(&fixture, "loadBalancers/lb", changed).await;
        assert_eq!(
            asked(1433),
            (expected.0, expected.1.to_owned()),
            "{protocol}"
        );
    }
    // A second target on the same port is never taken.
    for machine in ["fwd1", "fwd2"] {
        run(
            &fixture,
            machine,
            &["./ip_fwd.sh -i eth0 -f 1433 -a 10.9.9.9 -b 1433"],
        )
        .await;
    }
    let (reason, latent) = fixture.world(|world, now| {
        world.advance_to(now);
        let from = Vantage::parse(world, "subnet:app/app").expect("a vantage");
        let ask = Ask {
            login_name: Some("mi2.other.test"),
            ..Ask::new(&from, &name, 1433)
        };
        let verdict = json!(evaluate(world, &ask));
        (verdict["reason"].clone(), verdict["latent"].clone())
    });
    assert_eq!(reason, "tds.host_mismatch");
    assert_eq!(latent, json!(["fwd.shadowed_rule"]));
    // A machine that is off is taken out once its probes have failed.
    for name in ["fwd1", "fwd2"] {
        post(&fixture, name, "deallocate", None).await;
    }
    fixture.advance(Span::minutes(2));
    assert_eq!(asked(1433), (false, "lb.no_healthy_backend".to_owned()));
    // The endpoint goes, and its record with it.
    let gone = fixture.delete(&network("privateEndpoints/pe")).await;
    assert_eq!(gone.status, StatusCode::ACCEPTED, "{}", gone.text);
    assert_eq!(asked(1433).1, "dns.nxdomain_private_zone");
}

#[tokio::test]
async fn a_machine_lives_and_what_it_is_told_is_understood_or_named() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    make_machine(&fixture, "vm").await;
    let path = machine_path("vm", "");
    let shown = fixture.get(&path).await;
    assert!(
        !shown.text.contains("Long-Pass-Word-1!") && !shown.text.contains("c2VjcmV0"),
        "{}",
        shown.text
    );
    assert_eq!(
        shown.body["properties"]["storageProfile"]["osDisk"]["osType"],
        "Linux"
    );
    assert_eq!(shown.body["zones"], json!(["1"]));
    let again = fixture.put(&path, shown.body.clone()).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    fixture.advance(Span::seconds(1));
    let power = |body: &Value| body["statuses"][1]["code"].clone();
    let view = machine_path("vm", "/instanceView");
    assert_eq!(power(&fixture.get(&view).await.body), "PowerState/running");
    let expanded = fixture
        .get(&format!("{path}&$expand=instanceView"))
        .await
        .body;
    assert_eq!(
        power(&expanded["properties"]["instanceView"]),
        "PowerState/running"
    );
    let nic = fixture.get(&network("networkInterfaces/vm-nic")).await.body;
    assert!(
        nic["properties"]["virtualMachine"]["id"]
            .as_str()
            .is_some_and(|id| id.ends_with("/virtualMachines/vm"))
    );
    assert_eq!(
        fixture
            .delete(&network("networkInterfaces/vm-nic"))
            .await
            .code(),
        "NicInUse"
    );
    for (what, nic, code) in [
        ("a second machine on an interface", "vm-nic", "NicInUse"),
        ("no such interface", "none", "InvalidResourceReference"),
    ] {
        let reply = fixture.put(&machine_path("other", ""), machine(nic)).await;
        assert_eq!(reply.code(), code, "{what}: {}", reply.text);
    }
    let mut bare = machine("vm-nic");
    bare["properties"]["networkProfile"] = json!({});
    assert_eq!(
        fixture.put(&machine_path("other", ""), bare).await.code(),
        "MissingRequiredParameter"
    );
    for (lines, said) in [
        (&["apt-get install -y socat"][..], "apt-get install"),
        (&["sysctl -w net.ipv4.ip_forward=1", "reboot"][..], "reboot"),
    ] {
        let reply = run(&fixture, "vm", lines).await;
        assert_eq!(
            reply.code(),
            "OperationNotSupportedByMilink",
            "{}",
            reply.text
        );
        assert!(reply.message().contains(said), "{}", reply.text);
    }
    let asked = run(&fixture, "vm", &["sysctl net.ipv4.ip_forward"]).await;
    let printed = asked.body["value"][0]["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    assert!(
        printed.contains("net.ipv4.ip_forward = 0"),
        "nothing of a refused script is run: {printed}"
    );
    let lost = run(
        &fixture,
        "vm",
        &["./ip_fwd.sh -i eth0 -f 1433 -a nobody.test -b 1433"],
    )
    .await;
    let printed = lost.body["value"][0]["message"]
        .as_str()
        .expect("a message")
        .to_owned();
    assert!(
        printed.contains("[stderr]\nHost nobody.test not found"),
        "{printed}"
    );
    let power_shell = post(
        &fixture,
        "vm",
        "runCommand",
        Some(json!({"commandId": "RunPowerShellScript", "script": ["dir"]})),
    )
    .await;
    assert_eq!(power_shell.code(), "OperationNotSupportedByMilink");
    for (action, state) in [
        ("powerOff", "PowerState/stopped"),
        ("start", "PowerState/running"),
        ("start", "PowerState/running"),
        ("deallocate", "PowerState/deallocated"),
    ] {
        let reply = post(&fixture, "vm", action, None).await;
        assert_eq!(
            reply.status,
            StatusCode::ACCEPTED,
            "{action}: {}",
            reply.text
        );
        let polled = fixture.finish(&reply).await;
        assert_eq!(polled.body["status"], "Succeeded", "{}", polled.text);
        assert_eq!(power(&fixture.get(&view).await.body), state, "{action}");
    }
    assert_eq!(
        post(&fixture, "vm", "restart", None).await.code(),
        "OperationNotAllowed"
    );
    assert_eq!(
        run(&fixture, "vm", &["sysctl net.ipv4.ip_forward"])
            .await
            .code(),
        "OperationNotAllowed"
    );
    assert_eq!(fixture.delete(&path).await.status, StatusCode::ACCEPTED);
    fixture.advance(Span::seconds(1));
    assert_eq!(fixture.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        post(&fixture, "vm", "start", None).await.code(),
        "ResourceNotFound"
    );
    assert_eq!(
        fixture
            .delete(&network("networkInterfaces/vm-nic"))
            .await
            .status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn zone_groups_are_kept_and_record_nothing_for_an_instance() {
    let fixture = stage().await;
    let target = in_group("Microsoft.Sql/managedInstances/mi", "2021-11-01");
    let target = target
        .split('?')
        .next()
        .expect("a path")
        .replace("/S/", &format!("/{}/", super::support::SUBSCRIPTION));
    let mut body = endpoint(&target, MANUAL);
    body["properties"][MANUAL][0]["properties"]["groupIds"] = json!(["managedInstance"]);
    made(&fixture, "privateEndpoints/pe", body).await;
    let group = network("privateEndpoints/pe/privateDnsZoneGroups/default");
    let with = |zones: &[&str]| {
        let zones = zones.iter().enumerate().map(|(at, zone)| json!({"name": format!("z{at}"), "properties": {"privateDnsZoneId": id(&format!("privateDnsZones/{zone}"))}}));
        json!({"properties": {"privateDnsZoneConfigs": zones.collect::<Vec<_>>()}})
    };
    let zone = in_group("Microsoft.Network/privateDnsZones/z.test", "2024-06-01");
    fixture.put(&zone, json!({"location": "global"})).await;
    for (body, code) in [
        (with(&[]), "InvalidParameterValue"),
        (with(&["none.test"]), "InvalidResourceReference"),
        (with(&["z.test", "z.test"]), "DuplicateResourceName"),
    ] {
        let reply = fixture.put(&group, body).await;
        assert_eq!(reply.code(), code, "{}", reply.text);
    }
    let reply = fixture.put(&group, with(&["z.test"])).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let sets = &reply.body["properties"]["privateDnsZoneConfigs"][0]["properties"]["recordSets"];
    assert_eq!(*sets, json!([]));
    assert!(
        fixture
            .notes()
            .iter()
            .any(|note| note.contains("registers no names"))
    );
    let second = network("privateEndpoints/pe/privateDnsZoneGroups/other");
    let refused = fixture.put(&second, with(&["z.test"])).await;
    assert_eq!(
        refused.code(),
        "PrivateEndpointCannotHaveMultiplePrivateDnsZoneGroups"
    );
    let listed = fixture
        .get(&network("privateEndpoints/pe/privateDnsZoneGroups"))
        .await;
    assert_eq!(
        listed.body["value"][0]["name"], "default",
        "{}",
        listed.text
    );
    assert_eq!(fixture.get(&second).await.status, StatusCode::NOT_FOUND);
    assert_eq!(fixture.delete(&group).await.status, StatusCode::ACCEPTED);
    assert_eq!(fixture.delete(&group).await.status, StatusCode::NO_CONTENT);
    let orphan = network("privateEndpoints/none/privateDnsZoneGroups/default");
    assert_eq!(
        fixture.put(&orphan, with(&["z.test"])).await.code(),
        "ParentResourceNotFound"
    );
}

#[tokio::test]
async fn gateways_lead_to_places_outside() {
    let fixture = stage().await;
    let subnet = json!({"properties": {"addressPrefix": "10.50.9.0/27"}});
    made(
        &fixture,
        "virtualNetworks/app/subnets/GatewaySubnet",
        subnet,
    )
    .await;
    let address = json!({"location": REGION, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}});
    made(&fixture, "publicIPAddresses/pip", address).await;
    let gateway = |inside: &str| {
        json!({"location": REGION, "properties": {
            "gatewayType": "Vpn", "vpnType": "RouteBased", "sku": {"name": "VpnGw1", "tier": "VpnGw1"},
            "ipConfigurations": [{"name": "c", "properties": {
                "subnet": {"id": id(&format!("virtualNetworks/app/subnets/{inside}"))},
                "publicIPAddress": {"id": id("publicIPAddresses/pip")},
            }}],
        }})
    };
    let path = network("virtualNetworkGateways/gw");
    assert_eq!(
        fixture.put(&path, gateway("app")).await.code(),
        "InvalidGatewaySubnet"
    );
    made(
        &fixture,
        "virtualNetworkGateways/gw",
        gateway("GatewaySubnet"),
    )
    .await;
    let second = fixture
        .put(
            &network("virtualNetworkGateways/gw2"),
            gateway("GatewaySubnet"),
        )
        .await;
    assert_eq!(
        second.code(),
        "OnlyOneVirtualNetworkGatewayOfATypeAllowed",
        "{}",
        second.text
    );
    let connection = json!({"location": REGION, "properties": {
        "connectionType": "IPsec", "sharedKey": "secret",
        "virtualNetworkGateway1": {"id": id("virtualNetworkGateways/gw")},
        "localNetworkGateway2": {"id": id("localNetworkGateways/office")},
    }});
    let early = fixture
        .put(&network("connections/c"), connection.clone())
        .await;
    assert_eq!(early.code(), "InvalidResourceReference", "{}", early.text);
    let office = json!({"location": REGION, "properties": {
        "gatewayIpAddress": "198.51.100.1", "localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/16"]},
    }});
    made(&fixture, "localNetworkGateways/office", office).await;
    let reaches = |fixture: &Fixture| {
        fixture.world(|world, now| {
            world.advance_to(now);
            let from = Vantage::parse(world, "onprem:office").expect("a place");
            let ask = Ask {
                from: &from,
                host: "10.50.2.4",
                port: 22,
                validates: false,
                follows: true,
                login_name: None,
                silent: Span::ZERO,
            };
            json!(evaluate(world, &ask))["reason"].clone()
        })
    };
    assert_eq!(reaches(&fixture), "net.no_route");
    let reply = made(&fixture, "connections/c", connection).await;
    assert!(!reply.text.contains("secret"), "{}", reply.text);
    assert_eq!(reaches(&fixture), "net.nothing_at_ip");
    for (tail, code) in [
        ("virtualNetworkGateways/gw", "ResourceInUse"),
        ("localNetworkGateways/office", "ResourceInUse"),
        ("publicIPAddresses/pip", "PublicIPAddressInUse"),
        (
            "virtualNetworks/app/subnets/GatewaySubnet",
            "InUseSubnetCannotBeDeleted",
        ),
    ] {
        let reply = fixture.delete(&network(tail)).await;
        assert_eq!(reply.code(), code, "{tail}: {}", reply.text);
    }
    for tail in [
        "connections/c",
        "virtualNetworkGateways/gw",
        "localNetworkGateways/office",
        "publicIPAddresses/pip",
        "virtualNetworks/app",
    ] {
        let reply = fixture.delete(&network(tail)).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{tail}: {}", reply.text);
        fixture.advance(Span::seconds(1));
    }
}

#[tokio::test]
async fn a_standard_public_address_is_closed_until_a_group_opens_it() {
    let fixture = stage().await;
    let address = json!({"location": REGION, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}});
    made(&fixture, "publicIPAddresses/pip", address).await;
    let mut nic = interface("be", None);
    nic["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
        json!({"id": id("publicIPAddresses/pip")});
    made(&fixture, "networkInterfaces/vm-nic", nic.clone()).await;
    fixture
        .put(&machine_path("vm", ""), machine("vm-nic"))
        .await;
    let asked = |port| {
        fixture.world(|world, now| {
            world.advance_to(now);
            let from = Vantage::Internet;
            let ask = Ask::new(&from, "52.174.0.4", port);
            let verdict = json!(evaluate(world, &ask));
            verdict["reason"].as_str().unwrap_or("ok").to_owned()
        })
    };
    assert_eq!(asked(22), "net.nsg_in_deny");
    let group = json!({"location": REGION, "properties": {"securityRules": [{"name": "ssh", "properties": {
        "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefix": "Internet", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "22",
    }}]}});
    made(&fixture, "networkSecurityGroups/nsg", group).await;
    nic["properties"]["networkSecurityGroup"] = json!({"id": id("networkSecurityGroups/nsg")});
    made(&fixture, "networkInterfaces/vm-nic", nic).await;
    assert_eq!(asked(22), "ok");
    assert_eq!(asked(1433), "net.nsg_in_deny");
    let used = fixture.delete(&network("networkSecurityGroups/nsg")).await;
    assert_eq!(used.code(), "InUseNetworkSecurityGroupCannotBeDeleted");
}

#[tokio::test]
async fn a_network_does_not_grow_into_its_peers() {
    let fixture = stage().await;
    for (near, far) in [("net", "app"), ("app", "net")] {
        let body = json!({"properties": {"remoteVirtualNetwork": {"id": id(&format!("virtualNetworks/{far}"))}}});
        made(
            &fixture,
            &format!("virtualNetworks/{near}/virtualNetworkPeerings/p"),
            body,
        )
        .await;
    }
    let grown = |prefixes: &[&str]| json!({"location": REGION, "properties": {"addressSpace": {"addressPrefixes": prefixes}}});
    for (prefixes, code) in [
        (
            &["10.30.0.0/16", "10.50.128.0/17"][..],
            "VnetAddressSpacesOverlap",
        ),
        (&["10.31.0.0/16"][..], "NetcfgInvalidSubnet"),
        (&["10.30.0.0/16", "10.31.0.0/16"][..], ""),
    ] {
        let reply = fixture
            .put(&network("virtualNetworks/net"), grown(prefixes))
            .await;
        assert_eq!(reply.code(), code, "{prefixes:?}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_group_takes_the_whole_chain_along() {
    let (fixture, _) = chain().await;
    make_machine(&fixture, "fwd1").await;
    let lawful = |fixture: &Fixture| {
        fixture.world(|world, now| {
            world.advance_to(now);
            milink_core::invariants::check(world)
        })
    };
    assert_eq!(lawful(&fixture), Ok(()));
    let group = "/subscriptions/S/resourcegroups/rg?api-version=2024-11-01";
    let reply = fixture.delete(group).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    fixture.advance(Span::minutes(24 * 60));
    assert_eq!(lawful(&fixture), Ok(()));
    assert_eq!(fixture.get(group).await.status, StatusCode::NOT_FOUND);
    let left = fixture.world(|world, _| world.azure.fabric.headers().count());
    assert_eq!(left, 0);
}
