//! Ports that stand for places of the model: stable, strict where asked, redirecting, and public.

use serde_json::json;

use milink::topology::{DialSpec, NameCheckSpec, Topology};

use super::{How, Town};

const INSIDE: &str = "subnet:milink-vnet/vms";
/// Of the default topology.
const NEAR: &str = "subnet:milink-vnet/ManagedInstance";
const APP: &str = "subnet:app-vnet/app";

#[tokio::test]
async fn names_in_logins_are_held_against_the_port() {
    let town = Town::with_app().await;
    town.peer("app-vnet", "milink-vnet").await;
    let (fqdn, zone) = (town.fqdn(), town.zone());
    let strict = How::new(APP, &fqdn, 1433).named("localhost").trusting();
    // As a client would that dials the port's address, where the host must be named.
    let refused = town.dial(strict).await.met;
    assert_eq!(refused.symptom(), "login40532");
    for (name, symptom) in [
        (fqdn.as_str(), "connected"),
        ("sqlmi1", "connected"),
        ("SQLMI1.anything.else", "connected"),
        ("other.example.org", "login40532"),
        ("10.1.0.254", "login40532"),
        // Listeners of a failover group that there is not.
        (&format!("fog.{zone}"), "login40532"),
        (&format!("fog.secondary.{zone}"), "login40532"),
    ] {
        let met = town
            .dial(How::new(APP, &fqdn, 1433).named(name).trusting())
            .await
            .met;
        assert_eq!(met.symptom(), symptom, "{name}: {met:?}");
        assert_eq!(town.last_traced().await["login"]["name"], name);
    }
}

#[tokio::test]
async fn a_gateway_of_several_instances_says_how_to_name_one() {
    let mut topology = Topology::default();
    let mut second = topology.managed_instances[0].clone();
    second.name = "sqlmi2".to_owned();
    topology.managed_instances.push(second);
    let town = Town::start_with(topology).await;
    let fqdn = town.fqdn();
    let shared = &town.stage.ready().managed_instances[0];
    let here = json!({"host": shared.host, "port": shared.port});
    // As a driver does that is given 127.0.0.1 and a port.
    let unnamed = How::new(NEAR, &fqdn, 1433).trusting();
    let refused = town.dial_at(unnamed, &here).await.met;
    assert_eq!(refused.symptom(), "login40532", "{refused:?}");
    let told = town
        .stage
        .control()
        .get("explain?world=default&limit=1")
        .await;
    let told = told.expect("it is remembered")["value"][0].clone();
    assert_eq!(
        (&told["code"], &told["server"]),
        (&json!("40532"), &json!("gateway"))
    );
    let all = told.to_string();
    for word in ["sqlmi1", "sqlmi2", "milink net dial", "hosts file"] {
        assert!(all.contains(word), "{word}: {told:#}");
    }
    // Both remedies work.
    for how in [
        How::new(NEAR, &fqdn, 1433),
        How::new(NEAR, &fqdn, 1433).named(&fqdn),
    ] {
        town.session(how).await;
    }
}

#[tokio::test]
async fn a_port_is_the_same_whenever_it_is_asked_for() {
    let town = Town::with_app().await;
    let fqdn = town.fqdn();
    let how = How::new(APP, &fqdn, 1433);
    let first = town.port(how).await;
    assert_eq!(
        (&first["mode"], &first["approximate"]),
        (&json!("hole"), &json!(false))
    );
    town.peer("app-vnet", "milink-vnet").await;
    let second = town.port(how).await;
    assert_eq!(
        (&second["port"], &second["mode"]),
        (&first["port"], &json!("open"))
    );
    let other = town.port(How { port: 5022, ..how }).await;
    assert_ne!(other["port"], first["port"]);
    let nobody = town.port(How::new(APP, "nobody.example.org", 1433)).await;
    assert_eq!(nobody["mode"], "closed");
    let met = town
        .dial(How::new(APP, "nobody.example.org", 1433))
        .await
        .met;
    assert_eq!(met.symptom(), "tcp_refused");
}

#[tokio::test]
async fn a_pinned_port_waits_for_its_vantage() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = free.local_addr().expect("an address").port();
    drop(free);
    let mut topology = Topology::default();
    topology.dial.push(DialSpec {
        from: APP.to_owned(),
        host: "sqlserver1.contoso.local".to_owned(),
        port: 1433,
        listen,
        keep_alive_seconds: None,
        name_check: NameCheckSpec::Listener,
    });
    let town = Town::start_with(topology).await;
    let how = How::new(APP, "sqlserver1.contoso.local", 1433);
    let here = serde_json::json!({"host": "127.0.0.1", "port": listen});
    let met = town.dial_at(how, &here).await.met;
    assert_eq!(met.symptom(), "tcp_timeout", "there is no such network yet");
    town.network("app-vnet", "10.9.0.0/16", &[("app", "10.9.0.0/24")])
        .await;
    assert_eq!(town.port(how).await["port"], listen);
}

#[tokio::test]
async fn redirected_clients_come_to_the_node_if_they_are_let_through() {
    let town = Town::with_app().await;
    town.peer("app-vnet", "milink-vnet").await;
    let fqdn = town.fqdn();
    let how = How::new(APP, &fqdn, 1433);
    let proxied = town.dial(how).await;
    assert_eq!(
        (proxied.met.symptom(), proxied.redirect),
        ("connected", None)
    );

    town.patch_instance(json!({"proxyOverride": "Redirect"}))
        .await;
    let redirected = town.dial(how).await;
    assert_eq!(redirected.met.symptom(), "connected", "{redirected:?}");
    let (host, port) = redirected.redirect.expect("a redirect");
    let node = town.port(How { port: 11000, ..how }).await;
    assert_eq!(
        (json!(host), json!(port)),
        (node["host"].clone(), node["port"].clone())
    );
    // Who names the host is sent to the host.
    let named = town.dial(how.named(&fqdn)).await;
    assert_eq!(named.redirect, Some((fqdn.clone(), 11000)));

    // 1433 is let through and the node is not: the second connection hangs.
    let rules = json!({"location": "westeurope", "properties": {"securityRules": [
        {"name": "sql", "properties": {"priority": 100, "direction": "Inbound", "access": "Allow",
            "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "1433"}},
        {"name": "rest", "properties": {"priority": 200, "direction": "Inbound", "access": "Deny",
            "protocol": "*", "sourceAddressPrefix": "*", "sourcePortRange": "*",
            "destinationAddressPrefix": "*", "destinationPortRange": "*"}}]}});
    let group = "Microsoft.Network/networkSecurityGroups/nsg-mi";
    town.arm("PUT", group, super::NETWORK, Some(rules)).await;
    let subnet = format!("{}/subnets/ManagedInstance", super::network("milink-vnet"));
    let mut body = town.arm("GET", &subnet, super::NETWORK, None).await;
    body["properties"]["networkSecurityGroup"] = json!({"id": town.id(group)});
    town.arm("PUT", &subnet, super::NETWORK, Some(body)).await;
    let stuck = town.dial(how).await;
    assert_eq!(stuck.met.symptom(), "tcp_timeout", "{stuck:?}");
    assert!(stuck.redirect.is_some());
    assert_eq!(
        town.port(how).await["verdict"]["reason"],
        "tds.redirect_unreachable"
    );
}

#[tokio::test]
async fn the_public_endpoint_is_reached_while_it_is_enabled() {
    let town = Town::start().await;
    let public = town.fqdn().replacen('.', ".public.", 1);
    let how = How::new("internet", &public, 3342);
    assert_eq!(town.meet(how).await, "dns.nxdomain: tcp_refused");
    town.patch_instance(json!({"publicDataEndpointEnabled": true, "proxyOverride": "Redirect"}))
        .await;
    let met = town.dial(how).await;
    assert_eq!(
        (met.met.symptom(), &met.redirect),
        ("connected", &None),
        "{met:?}"
    );
    assert_eq!(town.meet(how.named(&public)).await, "ok: connected");
    let usual = How { port: 1433, ..how };
    assert_eq!(town.meet(usual).await, "mi.public_disabled: tcp_timeout");
    town.patch_instance(json!({"publicDataEndpointEnabled": false}))
        .await;
    assert_eq!(town.meet(how).await, "dns.nxdomain: tcp_refused");
}

#[tokio::test]
async fn a_stopped_instance_answers_nobody() {
    let town = Town::start().await;
    let fqdn = town.fqdn();
    let how = How::new(INSIDE, &fqdn, 1433);
    let path = format!("{}/subnets/vms", super::network("milink-vnet"));
    let body = json!({"properties": {"addressPrefix": "10.1.5.0/24"}});
    town.arm("PUT", &path, super::NETWORK, Some(body)).await;
    let mut session = town.session(how).await;
    let port = town.port(how).await;
    town.arm(
        "POST",
        "Microsoft.Sql/managedInstances/sqlmi1/stop",
        super::SQL,
        None,
    )
    .await;
    session
        .batch("SELECT 1")
        .await
        .expect_err("its service has stopped");
    assert_eq!(town.dial_at(how, &port).await.met.symptom(), "tcp_timeout");
    assert_eq!(town.meet(how).await, "mi.stopped: tcp_timeout");
    town.arm(
        "POST",
        "Microsoft.Sql/managedInstances/sqlmi1/start",
        super::SQL,
        None,
    )
    .await;
    assert_eq!(town.dial_at(how, &port).await.met.symptom(), "connected");
}
