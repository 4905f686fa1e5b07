//! Load balancers, their parts, public addresses, and the link services behind which they stand.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, Reply, SUBSCRIPTION, in_group};

const VERSION: &str = "2024-05-01";
pub(super) const REGION: &str = "westeurope";

pub(super) fn network(tail: &str) -> String {
    in_group(&format!("Microsoft.Network/{tail}"), VERSION)
}

pub(super) fn id(tail: &str) -> String {
    let path = network(tail);
    let path = path.split('?').next().expect("a path");
    path.replace("/S/", &format!("/{SUBSCRIPTION}/"))
}

fn subnet(name: &str) -> Value {
    json!({ "id": id(&format!("virtualNetworks/net/subnets/{name}")) })
}

fn lb(tail: &str) -> Value {
    json!({ "id": id(&format!("loadBalancers/lb/{tail}")) })
}

/// A network with subnets for everything of the recipe, and another one beside it.
pub(super) async fn stage() -> Fixture {
    let fixture = Fixture::with_instance().await;
    for (name, space, subnets) in [
        ("net", "10.30", ["fe", "be", "pls"]),
        ("app", "10.50", ["pe", "app", "x"]),
    ] {
        let subnets = subnets.iter().enumerate().map(|(at, subnet)| {
            let policies = if *subnet == "pls" {
                "Disabled"
            } else {
                "Enabled"
            };
            json!({"name": subnet, "properties": {
                "addressPrefix": format!("{space}.{}.0/28", at + 1),
                "privateLinkServiceNetworkPolicies": policies,
            }})
        });
        let body = json!({"location": REGION, "properties": {
            "addressSpace": {"addressPrefixes": [format!("{space}.0.0/16")]},
            "subnets": subnets.collect::<Vec<_>>(),
        }});
        made(&fixture, &format!("virtualNetworks/{name}"), body).await;
    }
    fixture
}

/// PUT of something that is accepted and comes to its end.
pub(super) async fn made(fixture: &Fixture, tail: &str, body: Value) -> Reply {
    let reply = fixture.put(&network(tail), body).await;
    assert!(reply.status.is_success(), "{tail}: {}", reply.text);
    fixture.advance(Span::seconds(1));
    reply
}

/// The load balancer of the article.
pub(super) fn balancer() -> Value {
    json!({"location": REGION, "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"name": "fe", "properties": {
            "subnet": subnet("fe"), "privateIPAllocationMethod": "Dynamic",
        }}],
        "backendAddressPools": [{"name": "pool"}],
        "probes": [{"name": "ssh", "properties": {
            "protocol": "Tcp", "port": 22, "intervalInSeconds": 15, "probeThreshold": 2,
        }}],
        "loadBalancingRules": [{"name": "sql", "properties": {
            "protocol": "Tcp", "frontendPort": 1433, "backendPort": 1433,
            "frontendIPConfiguration": lb("frontendIPConfigurations/fe"),
            "backendAddressPool": lb("backendAddressPools/pool"),
            "probe": lb("probes/ssh"),
            "idleTimeoutInMinutes": 15,
        }}],
    }})
}

pub(super) fn service() -> Value {
    json!({"location": REGION, "properties": {
        "loadBalancerFrontendIpConfigurations": [lb("frontendIPConfigurations/fe")],
        "ipConfigurations": [{"name": "nat", "properties": {"subnet": subnet("pls")}}],
    }})
}

pub(super) fn interface(inside: &str, pool: Option<&str>) -> Value {
    let mut inner = json!({ "subnet": subnet(inside) });
    if let Some(pool) = pool {
        inner["loadBalancerBackendAddressPools"] =
            json!([lb(&format!("backendAddressPools/{pool}"))]);
    }
    json!({"location": REGION, "properties": {
        "ipConfigurations": [{"name": "c", "properties": inner}],
    }})
}

pub(super) fn endpoint(target: &str, list: &str) -> Value {
    let mut body = json!({"location": REGION, "properties": {
        "subnet": {"id": id("virtualNetworks/app/subnets/pe")},
    }});
    body["properties"][list] = json!([{"name": "c", "properties": {
        "privateLinkServiceId": target, "requestMessage": "please",
    }}]);
    body
}

/// What is wrong, how a good body comes to be so, and the code that says it.
type Spoilt = (&'static str, Box<dyn Fn(&mut Value)>, &'static str);

const AUTOMATIC: &str = "privateLinkServiceConnections";
pub(super) const MANUAL: &str = "manualPrivateLinkServiceConnections";

#[tokio::test]
async fn a_load_balancer_is_written_back_as_it_is_read() {
    let fixture = stage().await;
    let path = network("loadBalancers/lb");
    let reply = made(&fixture, "loadBalancers/lb", balancer()).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let shown = fixture.get(&path).await.body;
    let part = |list: &str| shown["properties"][list][0].clone();
    assert_eq!(shown["sku"]["name"], "Standard");
    assert_eq!(
        part("frontendIPConfigurations")["properties"]["privateIPAddress"],
        "10.30.1.4"
    );
    assert_eq!(
        part("loadBalancingRules")["properties"]["probe"],
        lb("probes/ssh")
    );
    assert_eq!(
        part("probes")["properties"]["loadBalancingRules"],
        json!([lb("loadBalancingRules/sql")])
    );
    let again = fixture.put(&path, shown.clone()).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    fixture.advance(Span::seconds(1));
    let mut after = fixture.get(&path).await.body;
    assert_eq!(without_etags(&mut after), without_etags(&mut shown.clone()));
    for (tail, count) in [
        ("frontendIPConfigurations", 1),
        ("backendAddressPools", 1),
        ("probes", 1),
        ("loadBalancingRules", 1),
        ("networkInterfaces", 0),
    ] {
        let listed = fixture
            .get(&network(&format!("loadBalancers/lb/{tail}")))
            .await;
        let rows = listed.body["value"].as_array().map(Vec::len);
        assert_eq!(rows, Some(count), "{tail}: {}", listed.text);
    }
    let probe = fixture.get(&network("loadBalancers/lb/probes/ssh")).await;
    assert_eq!(probe.body["properties"]["probeThreshold"], 2);
    let none = fixture.get(&network("loadBalancers/lb/probes/none")).await;
    assert_eq!(none.code(), "ResourceNotFound");
    let orphan = fixture.get(&network("loadBalancers/none/probes/ssh")).await;
    assert_eq!(orphan.code(), "ParentResourceNotFound");
    let tags = json!({"tags": {"a": "b"}});
    let tagged = fixture.patch(&path, tags).await;
    assert_eq!(tagged.body["tags"], json!({"a": "b"}));
    let listed = fixture.get(&in_group_resources()).await;
    let types: Vec<&str> = listed.body["value"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["type"].as_str())
        .collect();
    assert!(
        types.contains(&"Microsoft.Network/loadBalancers"),
        "{types:?}"
    );
}

fn in_group_resources() -> String {
    "/subscriptions/S/resourceGroups/rg/resources?api-version=2024-11-01".to_owned()
}

fn without_etags(value: &mut Value) -> Value {
    match value {
        Value::Object(members) => {
            members.remove("etag");
            members.values_mut().for_each(|inner| {
                without_etags(inner);
            });
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| {
            without_etags(inner);
        }),
        _ => {}
    }
    value.clone()
}

#[tokio::test]
async fn what_is_wrong_with_a_load_balancer_is_said() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let before = fixture.get(&network("loadBalancers/lb")).await.text;
    let address = json!({"location": REGION, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}});
    made(&fixture, "publicIPAddresses/pip", address).await;
    let public = json!({"id": id("publicIPAddresses/pip")});
    let cases: Vec<Spoilt> = vec![
        (
            "no such probe",
            at("loadBalancingRules", "probe", lb("probes/none")),
            "InvalidResourceReference",
        ),
        (
            "no such pool",
            at(
                "loadBalancingRules",
                "backendAddressPool",
                lb("backendAddressPools/none"),
            ),
            "InvalidResourceReference",
        ),
        (
            "no such frontend",
            at(
                "loadBalancingRules",
                "frontendIPConfiguration",
                lb("frontendIPConfigurations/none"),
            ),
            "InvalidResourceReference",
        ),
        (
            "another's probe",
            at(
                "loadBalancingRules",
                "probe",
                json!({"id": id("loadBalancers/other/probes/ssh")}),
            ),
            "InvalidParameterValue",
        ),
        (
            "port 0",
            at("loadBalancingRules", "frontendPort", json!(0)),
            "InvalidParameterValue",
        ),
        (
            "port 65536",
            at("loadBalancingRules", "backendPort", json!(65536)),
            "InvalidParameterValue",
        ),
        (
            "idle for 3 minutes",
            at("loadBalancingRules", "idleTimeoutInMinutes", json!(3)),
            "InvalidParameterValue",
        ),
        (
            "no protocol",
            at("loadBalancingRules", "protocol", Value::Null),
            "MissingRequiredParameter",
        ),
        (
            "floating IP",
            at("loadBalancingRules", "enableFloatingIP", json!(true)),
            "OperationNotSupportedByMilink",
        ),
        (
            "probe every 4 seconds",
            at("probes", "intervalInSeconds", json!(4)),
            "InvalidParameterValue",
        ),
        (
            "HTTP probe without a path",
            at("probes", "protocol", json!("Http")),
            "MissingRequiredParameter",
        ),
        (
            "odd probe",
            at("probes", "protocol", json!("Icmp")),
            "InvalidParameterValue",
        ),
        (
            "static without address",
            at(
                "frontendIPConfigurations",
                "privateIPAllocationMethod",
                json!("Static"),
            ),
            "MissingRequiredParameter",
        ),
        (
            "odd allocation",
            at(
                "frontendIPConfigurations",
                "privateIPAllocationMethod",
                json!("Sometimes"),
            ),
            "InvalidParameterValue",
        ),
        (
            "subnet and public",
            at("frontendIPConfigurations", "publicIPAddress", public),
            "FrontendIPConfigHasBothSubnetAndPublicIP",
        ),
        (
            "neither",
            at("frontendIPConfigurations", "subnet", Value::Null),
            "FrontendIPConfigHasNeitherSubnetNorPublicIP",
        ),
        (
            "no such subnet",
            at("frontendIPConfigurations", "subnet", subnet("none")),
            "InvalidResourceReference",
        ),
        (
            "the instance's subnet",
            at(
                "frontendIPConfigurations",
                "subnet",
                json!({"id": id("virtualNetworks/vnet/subnets/mi")}),
            ),
            "SubnetIsDelegated",
        ),
        (
            "IPv6",
            at(
                "frontendIPConfigurations",
                "privateIPAddressVersion",
                json!("IPv6"),
            ),
            "OperationNotSupportedByMilink",
        ),
        (
            "two of a name",
            Box::new(|body: &mut Value| {
                let twin = body["properties"]["probes"][0].clone();
                body["properties"]["probes"]
                    .as_array_mut()
                    .expect("probes")
                    .push(twin);
            }),
            "DuplicateResourceName",
        ),
        (
            "two rules for a port",
            Box::new(|body: &mut Value| {
                let mut twin = body["properties"]["loadBalancingRules"][0].clone();
                twin["name"] = json!("other");
                body["properties"]["loadBalancingRules"]
                    .as_array_mut()
                    .expect("rules")
                    .push(twin);
            }),
            "RulesUseSameFrontendPortProtocolAndIPConfig",
        ),
        (
            "two networks",
            Box::new(|body: &mut Value| {
                let mut twin = body["properties"]["frontendIPConfigurations"][0].clone();
                twin["name"] = json!("other");
                twin["properties"]["subnet"] = json!({"id": id("virtualNetworks/app/subnets/app")});
                body["properties"]["frontendIPConfigurations"]
                    .as_array_mut()
                    .expect("frontends")
                    .push(twin);
            }),
            "LoadBalancerFrontendIPConfigsMustUseTheSameVirtualNetwork",
        ),
        (
            "NAT rule without a frontend",
            Box::new(|body: &mut Value| {
                body["properties"]["inboundNatRules"] = json!([{"name": "n"}])
            }),
            "MissingRequiredParameter",
        ),
        (
            "outbound rule",
            Box::new(|body: &mut Value| {
                body["properties"]["outboundRules"] = json!([{"name": "n"}])
            }),
            "OperationNotSupportedByMilink",
        ),
        (
            "pool of addresses",
            at(
                "backendAddressPools",
                "loadBalancerBackendAddresses",
                json!([{"name": "a"}]),
            ),
            "OperationNotSupportedByMilink",
        ),
        (
            "another tier",
            Box::new(|body: &mut Value| body["sku"]["name"] = json!("Basic")),
            "CannotChangeSku",
        ),
        (
            "gateway",
            Box::new(|body: &mut Value| body["sku"]["name"] = json!("Gateway")),
            "OperationNotSupportedByMilink",
        ),
        (
            "no tier",
            Box::new(|body: &mut Value| body["sku"]["name"] = json!("Best")),
            "InvalidParameterValue",
        ),
        (
            "another region",
            Box::new(|body: &mut Value| body["location"] = json!("eastus")),
            "InvalidResourceLocation",
        ),
    ];
    for (what, spoil, code) in cases {
        let mut body = balancer();
        spoil(&mut body);
        let reply = fixture.put(&network("loadBalancers/lb"), body).await;
        assert_eq!(reply.code(), code, "{what}: {}", reply.text);
        let after = fixture.get(&network("loadBalancers/lb")).await.text;
        assert_eq!(after, before, "{what}");
    }
}

/// Sets a property of the first part of a list.
fn at(list: &'static str, member: &'static str, value: Value) -> Box<dyn Fn(&mut Value)> {
    Box::new(move |body| body["properties"][list][0]["properties"][member] = value.clone())
}

#[tokio::test]
async fn what_is_in_use_stays() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let pool = network("loadBalancers/lb/backendAddressPools/more");
    assert_eq!(
        fixture.put(&pool, json!({})).await.status,
        StatusCode::CREATED
    );
    assert_eq!(fixture.put(&pool, json!({})).await.status, StatusCode::OK);
    made(
        &fixture,
        "networkInterfaces/nic",
        interface("be", Some("more")),
    )
    .await;
    made(&fixture, "privateLinkServices/pls", service()).await;
    let mut fewer = balancer();
    fewer["properties"]["backendAddressPools"] = json!([{"name": "pool"}]);
    let mut nowhere = balancer();
    nowhere["properties"]["frontendIPConfigurations"][0]["name"] = json!("new");
    nowhere["properties"]["loadBalancingRules"] = json!([]);
    nowhere["properties"]["backendAddressPools"] = json!([{"name": "pool"}, {"name": "more"}]);
    let mut moved = balancer();
    moved["properties"]["frontendIPConfigurations"][0]["properties"]["subnet"]["id"] =
        json!(id("virtualNetworks/app/subnets/app"));
    moved["properties"]["backendAddressPools"] = json!([{"name": "pool"}, {"name": "more"}]);
    let away = fixture
        .put(&network("loadBalancers/lb"), moved.clone())
        .await;
    assert_eq!(
        away.code(),
        "NetworkInterfaceAndInternalLoadBalancerMustUseTheSameVirtualNetwork"
    );
    for (what, body) in [
        ("a pool with a member", fewer),
        ("a frontend of a service", nowhere),
    ] {
        let reply = fixture.put(&network("loadBalancers/lb"), body).await;
        assert_eq!(reply.code(), "ResourceInUse", "{what}: {}", reply.text);
    }
    for (tail, code) in [
        ("loadBalancers/lb/backendAddressPools/more", "ResourceInUse"),
        ("loadBalancers/lb/backendAddressPools/pool", "ResourceInUse"),
        ("loadBalancers/lb", "ResourceInUse"),
        (
            "virtualNetworks/net/subnets/fe",
            "InUseSubnetCannotBeDeleted",
        ),
        (
            "virtualNetworks/net/subnets/be",
            "InUseSubnetCannotBeDeleted",
        ),
        (
            "virtualNetworks/net/subnets/pls",
            "InUseSubnetCannotBeDeleted",
        ),
        ("virtualNetworks/net", "InUseSubnetCannotBeDeleted"),
    ] {
        let reply = fixture.delete(&network(tail)).await;
        assert_eq!(reply.code(), code, "{tail}: {}", reply.text);
    }
    let listed = fixture
        .get(&network("loadBalancers/lb/networkInterfaces"))
        .await;
    assert_eq!(listed.body["value"][0]["name"], "nic");
    // In the order in which a person takes it down.
    let gone = fixture.delete(&network("networkInterfaces/nic")).await;
    assert_eq!(gone.status, StatusCode::ACCEPTED, "{}", gone.text);
    fixture.advance(Span::seconds(1));
    let away = fixture.put(&network("loadBalancers/lb"), moved).await;
    assert_eq!(away.code(), "ResourceInUse", "{}", away.text);
    for tail in [
        "privateLinkServices/pls",
        "loadBalancers/lb/backendAddressPools/more",
        "loadBalancers/lb",
        "virtualNetworks/net",
    ] {
        let reply = fixture.delete(&network(tail)).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{tail}: {}", reply.text);
        fixture.advance(Span::seconds(1));
        let again = fixture.delete(&network(tail)).await;
        assert_eq!(
            again.status,
            StatusCode::NO_CONTENT,
            "{tail}: {}",
            again.text
        );
    }
}

#[tokio::test]
async fn members_are_in_the_balancers_network_and_subnets_fill_up() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let mut stranger = interface("be", Some("pool"));
    stranger["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"] =
        json!(id("virtualNetworks/app/subnets/app"));
    let mut delegated = interface("be", None);
    delegated["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"] =
        json!(id("virtualNetworks/vnet/subnets/mi"));
    for (body, code) in [
        (
            stranger,
            "NetworkInterfaceAndInternalLoadBalancerMustUseTheSameVirtualNetwork",
        ),
        (delegated, "SubnetIsDelegated"),
        (interface("be", Some("none")), "InvalidResourceReference"),
        (interface("none", None), "InvalidResourceReference"),
    ] {
        let reply = fixture.put(&network("networkInterfaces/nic"), body).await;
        assert_eq!(reply.code(), code, "{}", reply.text);
    }
    // Of sixteen addresses the platform keeps five.
    for at in 0..11 {
        made(
            &fixture,
            &format!("networkInterfaces/nic{at}"),
            interface("be", None),
        )
        .await;
    }
    let full = fixture
        .put(&network("networkInterfaces/more"), interface("be", None))
        .await;
    assert_eq!(full.code(), "SubnetIsFull", "{}", full.text);
    assert_eq!(
        fixture.get(&network("networkInterfaces/more")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn public_addresses_have_one_user() {
    let fixture = stage().await;
    let address = |sku: &str, method: &str| json!({"location": REGION, "sku": {"name": sku}, "properties": {"publicIPAllocationMethod": method}});
    for (body, code) in [
        (
            address("Standard", "Dynamic"),
            "StandardSkuPublicIPAddressesMustBeStatic",
        ),
        (address("Standard", "Now"), "InvalidParameterValue"),
        (
            json!({"location": REGION, "properties": {"idleTimeoutInMinutes": 3}}),
            "InvalidParameterValue",
        ),
        (
            json!({"location": REGION, "properties": {"publicIPAddressVersion": "IPv6"}}),
            "OperationNotSupportedByMilink",
        ),
        (
            json!({"location": REGION, "properties": {"dnsSettings": {"domainNameLabel": "x"}}}),
            "OperationNotSupportedByMilink",
        ),
    ] {
        let reply = fixture.put(&network("publicIPAddresses/pip"), body).await;
        assert_eq!(reply.code(), code, "{}", reply.text);
    }
    let first = made(
        &fixture,
        "publicIPAddresses/pip",
        address("Standard", "Static"),
    )
    .await;
    assert_eq!(first.body["properties"]["ipAddress"], "52.174.0.4");
    let basic = made(
        &fixture,
        "publicIPAddresses/basic",
        address("Basic", "Dynamic"),
    )
    .await;
    assert_eq!(basic.body["properties"]["ipAddress"], Value::Null);
    let changed = fixture
        .put(
            &network("publicIPAddresses/basic"),
            address("Standard", "Static"),
        )
        .await;
    assert_eq!(changed.code(), "CannotChangeSku");
    let with = |name: &str| {
        let mut body = interface("be", None);
        body["properties"]["ipConfigurations"][0]["properties"]["publicIPAddress"] =
            json!({"id": id(&format!("publicIPAddresses/{name}"))});
        body
    };
    made(&fixture, "networkInterfaces/nic", with("pip")).await;
    let refused = fixture
        .put(&network("networkInterfaces/other"), with("pip"))
        .await;
    assert_eq!(refused.code(), "PublicIPAddressInUse", "{}", refused.text);
    let refused = fixture
        .put(&network("networkInterfaces/other"), with("none"))
        .await;
    assert_eq!(
        refused.code(),
        "InvalidResourceReference",
        "{}",
        refused.text
    );
    let shown = fixture.get(&network("publicIPAddresses/pip")).await.body;
    assert_eq!(
        shown["properties"]["ipConfiguration"]["id"],
        json!(id("networkInterfaces/nic/ipConfigurations/c"))
    );
    let refused = fixture.delete(&network("publicIPAddresses/pip")).await;
    assert_eq!(refused.code(), "PublicIPAddressInUse");
    made(&fixture, "networkInterfaces/nic", interface("be", None)).await;
    let gone = fixture.delete(&network("publicIPAddresses/pip")).await;
    assert_eq!(gone.status, StatusCode::ACCEPTED, "{}", gone.text);
}

#[tokio::test]
async fn a_link_service_is_asked_reviewed_and_left() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let reply = made(&fixture, "privateLinkServices/pls", service()).await;
    let alias = reply.body["properties"]["alias"]
        .as_str()
        .expect("an alias")
        .to_owned();
    assert!(
        alias.starts_with("pls.") && alias.ends_with(".westeurope.azure.privatelinkservice"),
        "{alias}"
    );
    let nic = reply.body["properties"]["networkInterfaces"][0]["id"]
        .as_str()
        .expect("an interface")
        .to_owned();
    let nic = format!("{nic}?api-version={VERSION}");
    let shown = fixture.get(&nic).await;
    assert_eq!(
        shown.body["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"],
        "10.30.3.4",
        "{}",
        shown.text
    );
    assert_eq!(
        fixture.delete(&nic).await.code(),
        "NicInUseWithPrivateLinkService"
    );
    let by_alias = fixture
        .put(&network("privateEndpoints/pe"), endpoint(&alias, AUTOMATIC))
        .await;
    assert_eq!(
        by_alias.code(),
        "PrivateEndpointWithAliasMustUseManualConnection"
    );
    let nobody = fixture
        .put(
            &network("privateEndpoints/pe"),
            endpoint("nobody.westeurope.azure.privatelinkservice", MANUAL),
        )
        .await;
    assert_eq!(nobody.code(), "InvalidResourceReference");
    let reply = made(&fixture, "privateEndpoints/pe", endpoint(&alias, MANUAL)).await;
    let connection = &reply.body["properties"][MANUAL][0]["properties"];
    assert_eq!(connection["privateLinkServiceId"], json!(alias));
    assert_eq!(
        connection["privateLinkServiceConnectionState"]["status"],
        "Pending"
    );
    let listed = fixture
        .get(&network(
            "privateLinkServices/pls/privateEndpointConnections",
        ))
        .await
        .body;
    let name = listed["value"][0]["name"]
        .as_str()
        .expect("a connection")
        .to_owned();
    assert!(name.starts_with("pe."), "{name}");
    let path = network(&format!(
        "privateLinkServices/pls/privateEndpointConnections/{name}"
    ));
    let said = |status: &str| json!({"properties": {"privateLinkServiceConnectionState": {"status": status, "description": "fine"}}});
    assert_eq!(
        fixture.put(&path, json!({})).await.code(),
        "MissingRequiredParameter"
    );
    assert_eq!(
        fixture.put(&path, said("Perhaps")).await.code(),
        "InvalidParameterValue"
    );
    let missing = network("privateLinkServices/pls/privateEndpointConnections/none");
    assert_eq!(
        fixture.put(&missing, said("Approved")).await.code(),
        "ResourceNotFound"
    );
    let status = |body: &Value| {
        body["properties"][MANUAL][0]["properties"]["privateLinkServiceConnectionState"]["status"]
            .clone()
    };
    // The owner of a link service may change its mind.
    for word in ["Approved", "Rejected", "Approved"] {
        let reply = fixture.put(&path, said(word)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(
            reply.body["properties"]["privateLinkServiceConnectionState"]["status"],
            word
        );
        assert_eq!(
            status(&fixture.get(&network("privateEndpoints/pe")).await.body),
            word
        );
    }
    let held = fixture.delete(&network("privateLinkServices/pls")).await;
    assert_eq!(
        held.code(),
        "PrivateLinkServiceWithPrivateEndpointConnectionsCannotBeDeleted"
    );
    let reply = fixture.put(&path, said("Removed")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(
        status(&fixture.get(&network("privateEndpoints/pe")).await.body),
        "Disconnected"
    );
    assert_eq!(fixture.delete(&path).await.status, StatusCode::NO_CONTENT);
    let gone = fixture.delete(&network("privateLinkServices/pls")).await;
    assert_eq!(gone.status, StatusCode::ACCEPTED, "{}", gone.text);
}

#[tokio::test]
async fn who_sees_a_link_service_and_who_is_approved() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let stranger = "00000000-0000-0000-0000-000000000001";
    let with = |visible: &[&str], approved: &[&str]| {
        let mut body = service();
        body["properties"]["visibility"] = json!({"subscriptions": visible});
        body["properties"]["autoApproval"] = json!({"subscriptions": approved});
        body
    };
    let refused = fixture
        .put(
            &network("privateLinkServices/pls"),
            with(&[SUBSCRIPTION], &[stranger]),
        )
        .await;
    assert_eq!(
        refused.code(),
        "PrivateLinkServiceAutoApprovalNotInVisibility"
    );
    let check = in_group_location("checkPrivateLinkServiceVisibility");
    let target = id("privateLinkServices/pls");
    for (visible, approved, sees, status) in [
        (&[][..], &[][..], true, "Pending"),
        (&["*"][..], &[SUBSCRIPTION][..], true, "Approved"),
        (&["*"][..], &["*"][..], true, "Approved"),
        (&[SUBSCRIPTION][..], &[][..], true, "Pending"),
        (&[stranger][..], &[][..], false, ""),
    ] {
        let reply = made(&fixture, "privateLinkServices/pls", with(visible, approved)).await;
        let alias = reply.body["properties"]["alias"].clone();
        let seen = fixture
            .send(
                "POST",
                &check,
                Some(json!({"privateLinkServiceAlias": alias}).to_string()),
            )
            .await;
        assert_eq!(seen.body["visible"], json!(sees), "{}", seen.text);
        let auto = fixture
            .get(&in_group_location("autoApprovedPrivateLinkServices"))
            .await;
        let approves = auto.body["value"].as_array().map(Vec::len);
        assert_eq!(
            approves,
            Some(usize::from(status == "Approved")),
            "{}",
            auto.text
        );
        let reply = fixture
            .put(&network("privateEndpoints/pe"), endpoint(&target, MANUAL))
            .await;
        if !sees {
            assert_eq!(
                reply.code(),
                "PrivateLinkServiceNotVisible",
                "{}",
                reply.text
            );
            continue;
        }
        let state =
            &reply.body["properties"][MANUAL][0]["properties"]["privateLinkServiceConnectionState"];
        assert_eq!(state["status"], status, "{}", reply.text);
        fixture.advance(Span::seconds(1));
        fixture.delete(&network("privateEndpoints/pe")).await;
        fixture.advance(Span::seconds(1));
    }
}

fn in_group_location(tail: &str) -> String {
    format!(
        "/subscriptions/S/providers/Microsoft.Network/locations/westeurope/{tail}?api-version={VERSION}"
    )
}

#[tokio::test]
async fn what_is_wrong_with_a_link_service_is_said() {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    let mut second = balancer();
    second["properties"]["probes"] = json!([]);
    second["properties"]["loadBalancingRules"] = json!([]);
    second["sku"]["name"] = json!("Basic");
    made(&fixture, "loadBalancers/basic", second).await;
    let frontend = |id: String| json!([{ "id": id }]);
    let cases: Vec<Spoilt> = vec![
        (
            "network policies",
            at("ipConfigurations", "subnet", subnet("be")),
            "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
        ),
        (
            "no subnet",
            at("ipConfigurations", "subnet", subnet("none")),
            "InvalidResourceReference",
        ),
        (
            "no frontend",
            Box::new(move |body: &mut Value| {
                body["properties"]["loadBalancerFrontendIpConfigurations"] =
                    frontend(id("loadBalancers/lb/frontendIPConfigurations/none"))
            }),
            "InvalidResourceReference",
        ),
        (
            "basic",
            Box::new(move |body: &mut Value| {
                body["properties"]["loadBalancerFrontendIpConfigurations"] =
                    frontend(id("loadBalancers/basic/frontendIPConfigurations/fe"))
            }),
            "PrivateLinkServiceRequiresStandardLoadBalancer",
        ),
        (
            "a probe",
            Box::new(move |body: &mut Value| {
                body["properties"]["loadBalancerFrontendIpConfigurations"] =
                    frontend(id("loadBalancers/lb/probes/ssh"))
            }),
            "InvalidParameterValue",
        ),
        (
            "nothing",
            Box::new(|body: &mut Value| {
                body["properties"]["loadBalancerFrontendIpConfigurations"] = json!([])
            }),
            "MissingRequiredParameter",
        ),
        (
            "no address",
            Box::new(|body: &mut Value| body["properties"]["ipConfigurations"] = json!([])),
            "MissingRequiredParameter",
        ),
        (
            "a destination",
            Box::new(|body: &mut Value| {
                body["properties"]["destinationIPAddress"] = json!("10.0.0.4")
            }),
            "OperationNotSupportedByMilink",
        ),
        (
            "several addresses",
            Box::new(|body: &mut Value| {
                let twin = body["properties"]["ipConfigurations"][0].clone();
                body["properties"]["ipConfigurations"]
                    .as_array_mut()
                    .expect("addresses")
                    .push(twin);
            }),
            "OperationNotSupportedByMilink",
        ),
    ];
    for (what, spoil, code) in cases {
        let mut body = service();
        spoil(&mut body);
        let reply = fixture.put(&network("privateLinkServices/pls"), body).await;
        assert_eq!(reply.code(), code, "{what}: {}", reply.text);
        let none = fixture.get(&network("privateLinkServices/pls")).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{what}");
    }
    made(&fixture, "privateLinkServices/pls", service()).await;
    let twice = fixture
        .put(&network("privateLinkServices/other"), service())
        .await;
    assert_eq!(twice.code(), "ResourceInUse", "{}", twice.text);
    let policies = json!({"properties": {"addressPrefix": "10.30.3.0/28", "privateLinkServiceNetworkPolicies": "Enabled"}});
    let refused = fixture
        .put(&network("virtualNetworks/net/subnets/pls"), policies)
        .await;
    assert_eq!(
        refused.code(),
        "PrivateLinkServiceCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled"
    );
    // What is no business of the service's can change while it is there.
    let endpoints = json!({"properties": {"addressPrefix": "10.30.3.0/28", "privateLinkServiceNetworkPolicies": "Disabled", "privateEndpointNetworkPolicies": "Enabled"}});
    let changed = fixture
        .put(&network("virtualNetworks/net/subnets/pls"), endpoints)
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
}
