//! Inbound NAT rules from both sides, and probes that ask a web server.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::load_balancers::{balancer, id, interface, made, network, stage};

const RULE: &str = "loadBalancers/lb/inboundNatRules/ssh1";

fn rule(frontend_port: u16) -> Value {
    json!({"properties": {
        "protocol": "Tcp", "frontendPort": frontend_port, "backendPort": 22,
        "frontendIPConfiguration": {"id": id("loadBalancers/lb/frontendIPConfigurations/fe")},
        "enableTcpReset": true,
    }})
}

fn with_rule(inside: &str) -> Value {
    let mut body = interface(inside, None);
    body["properties"]["ipConfigurations"][0]["properties"]["loadBalancerInboundNatRules"] =
        json!([{"id": id(RULE)}]);
    body
}

#[tokio::test]
async fn a_rule_leads_to_the_interface_that_has_it() {
    let fixture = stage().await;
    let orphan = fixture.put(&network(RULE), rule(5001)).await;
    assert_eq!(orphan.code(), "ParentResourceNotFound");
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let nic1 = network("networkInterfaces/nic1");
    let early = fixture.put(&nic1, with_rule("be")).await;
    assert_eq!(early.code(), "InvalidResourceReference");
    made(&fixture, RULE, rule(5001)).await;
    made(&fixture, "networkInterfaces/nic1", with_rule("be")).await;
    let shown = fixture.get(&network(RULE)).await.body;
    let properties = &shown["properties"];
    assert_eq!(
        (
            &properties["frontendPort"],
            &properties["idleTimeoutInMinutes"]
        ),
        (&json!(5001), &json!(4))
    );
    let configuration = id("networkInterfaces/nic1/ipConfigurations/c");
    assert_eq!(properties["backendIPConfiguration"]["id"], configuration);
    let nic = fixture.get(&network("networkInterfaces/nic1")).await.body;
    assert_eq!(
        nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerInboundNatRules"],
        json!([{"id": id(RULE)}])
    );
    let whole = fixture.get(&network("loadBalancers/lb")).await.body;
    assert_eq!(whole["properties"]["inboundNatRules"], json!([shown]));
    let frontend = &whole["properties"]["frontendIPConfigurations"][0]["properties"];
    assert_eq!(frontend["inboundNatRules"], json!([{"id": id(RULE)}]));
    let again = fixture
        .put(&network("loadBalancers/lb"), whole.clone())
        .await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    let listed = fixture
        .get(&network("loadBalancers/lb/inboundNatRules"))
        .await;
    assert_eq!(listed.body["value"].as_array().map(Vec::len), Some(1));
    // One interface has it, and while it has it the rule stays, whoever wants to be rid of it.
    let nic2 = network("networkInterfaces/nic2");
    let other = fixture.put(&nic2, with_rule("be")).await;
    assert_eq!(other.code(), "ResourceInUse");
    let far = fixture.put(&nic1, with_rule("none")).await;
    assert_eq!(far.code(), "InvalidResourceReference");
    assert_eq!(fixture.delete(&network(RULE)).await.code(), "ResourceInUse");
    let without = fixture.put(&network("loadBalancers/lb"), balancer()).await;
    assert_eq!(without.code(), "ResourceInUse", "{}", without.text);
    let gone = fixture.delete(&network("loadBalancers/lb")).await;
    assert_eq!(gone.code(), "ResourceInUse", "{}", gone.text);
    made(&fixture, "networkInterfaces/nic1", interface("be", None)).await;
    let deleted = fixture.delete(&network(RULE)).await;
    assert_eq!(deleted.status, StatusCode::ACCEPTED, "{}", deleted.text);
    let twice = fixture.delete(&network(RULE)).await;
    assert_eq!(twice.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_said() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    made(&fixture, RULE, rule(5001)).await;
    let other = network("loadBalancers/lb/inboundNatRules/other");
    let changed = |member: &str, value: Value| {
        let mut body = rule(5002);
        body["properties"][member] = value;
        body
    };
    let none = json!({"id": id("loadBalancers/lb/frontendIPConfigurations/none")});
    let pool = json!({"id": id("loadBalancers/lb/backendAddressPools/pool")});
    for (body, code, said) in [
        (
            rule(5001),
            "RulesUseSameFrontendPortProtocolAndIPConfig",
            "ssh1",
        ),
        (
            rule(1433),
            "RulesUseSameFrontendPortProtocolAndIPConfig",
            "sql",
        ),
        (
            changed("frontendIPConfiguration", none),
            "InvalidResourceReference",
            "inboundNatRules/other",
        ),
        (
            changed("frontendPort", json!(0)),
            "InvalidParameterValue",
            "",
        ),
        (
            changed("backendPort", Value::Null),
            "MissingRequiredParameter",
            "",
        ),
        (
            changed("idleTimeoutInMinutes", json!(1)),
            "InvalidParameterValue",
            "",
        ),
        (
            changed("protocol", json!("Icmp")),
            "InvalidParameterValue",
            "",
        ),
        (
            changed("enableFloatingIP", json!(true)),
            "OperationNotSupportedByMilink",
            "floating IP",
        ),
        (
            changed("backendAddressPool", pool),
            "OperationNotSupportedByMilink",
            "for a pool",
        ),
        (
            changed("frontendPortRangeStart", json!(500)),
            "OperationNotSupportedByMilink",
            "range of ports",
        ),
    ] {
        let refused = fixture.put(&other, body.clone()).await;
        assert_eq!(refused.code(), code, "{body}: {}", refused.text);
        assert!(refused.text.contains(said), "{body}: {}", refused.text);
    }
    // Whose reference leads nowhere is named, not only where it is kept.
    let mut dangling = balancer();
    dangling["properties"]["probes"] = json!([]);
    let refused = fixture.put(&network("loadBalancers/lb"), dangling).await;
    let by = "referenced by resource Microsoft.Network/loadBalancers/lb/loadBalancingRules/sql";
    assert!(refused.text.contains(by), "{}", refused.text);
}

#[tokio::test]
async fn a_probe_asks_a_web_server_for_a_path() {
    let fixture = stage().await;
    let with = |sku: &str, protocol: &str, path: Value| {
        let mut body = balancer();
        body["sku"]["name"] = json!(sku);
        body["properties"]["probes"][0]["properties"] =
            json!({"protocol": protocol, "port": 80, "requestPath": path});
        body
    };
    for (sku, protocol, path, code) in [
        ("Standard", "Tcp", json!("/"), "InvalidParameterValue"),
        ("Standard", "Http", Value::Null, "MissingRequiredParameter"),
        ("Standard", "Https", json!("page"), "InvalidParameterValue"),
        (
            "Basic",
            "Https",
            json!("/"),
            "LoadBalancerProbeHttpsNotSupportedByBasicSku",
        ),
    ] {
        let body = with(sku, protocol, path);
        let refused = fixture.put(&network("loadBalancers/lb"), body).await;
        assert_eq!(refused.code(), code, "{}", refused.text);
    }
    for protocol in ["Http", "Https"] {
        let body = with("Standard", protocol, json!("/well"));
        made(&fixture, "loadBalancers/lb", body).await;
        let shown = fixture
            .get(&network("loadBalancers/lb/probes/ssh"))
            .await
            .body;
        assert_eq!(shown["properties"]["protocol"], protocol);
        assert_eq!(shown["properties"]["requestPath"], "/well");
    }
}
