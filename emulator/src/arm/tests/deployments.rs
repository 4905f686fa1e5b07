//! Templates that are deployed: in order, with what fails, again, and completely.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, Reply, SUBSCRIPTION, in_group};

pub(super) const VERSION: &str = "2025-04-01";
pub(super) const NETWORK: &str = "2024-05-01";

pub(super) fn deployment(name: &str) -> String {
    in_group(&format!("Microsoft.Resources/deployments/{name}"), VERSION)
}

pub(super) fn network(tail: &str) -> String {
    in_group(&format!("Microsoft.Network/{tail}"), NETWORK)
}

pub(super) fn template(more: Value) -> Value {
    let mut template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
    });
    for (key, value) in more.as_object().expect("an object") {
        template[key] = value.clone();
    }
    template
}

pub(super) fn body(template: Value) -> Value {
    json!({"properties": {"mode": "Incremental", "template": template}})
}

pub(super) fn vnet(name: &str, prefix: &str) -> Value {
    json!({
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": NETWORK,
        "name": name,
        "location": "[resourceGroup().location]",
        "properties": {
            "addressSpace": {"addressPrefixes": [format!("{prefix}.0.0/16")]},
            "subnets": [{"name": "s", "properties": {"addressPrefix": format!("{prefix}.1.0/24")}}],
        },
    })
}

/// Starts a deployment, and polls it to its end as a client does.
pub(super) async fn deploy(fixture: &Fixture, name: &str, asked: Value) -> (Reply, Value) {
    let reply = fixture.put(&deployment(name), asked).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    assert_eq!(reply.body["properties"]["provisioningState"], "Accepted");
    let url = reply.header("azure-asyncoperation").to_owned();
    for _ in 0..200 {
        let polled = fixture.get(&url).await;
        assert_eq!(polled.status, StatusCode::OK, "{}", polled.text);
        if polled.body["status"] != "Running" {
            return (polled, fixture.get(&deployment(name)).await.body);
        }
    }
    panic!("the deployment does not end");
}

/// A whole topology: networks and their peerings, an endpoint of the instance, its zone, link and record.
pub(super) fn topology() -> Value {
    let peering = |from: &str, to: &str| {
        json!({
            "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
            "apiVersion": NETWORK,
            "name": format!("{from}/to-{to}"),
            "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', parameters('hub'))]", "spoke"],
            "properties": {"remoteVirtualNetwork": {"id": format!("[resourceId('Microsoft.Network/virtualNetworks', '{to}')]")}},
        })
    };
    template(json!({
        "parameters": {"hub": {"type": "string", "defaultValue": "hub"}, "secret": {"type": "securestring", "defaultValue": "hidden"}},
        "variables": {"zone": "[concat('privatelink.', 'test')]"},
        "resources": [
            {
                "type": "Microsoft.Network/privateDnsZones/A",
                "apiVersion": "2024-06-01",
                "name": "[concat(variables('zone'), '/mi')]",
                "dependsOn": ["[resourceId('Microsoft.Network/privateDnsZones', variables('zone'))]"],
                "properties": {"ttl": 10, "aRecords": [{
                    "ipv4Address": "[reference(reference('pe').networkInterfaces[0].id, '2024-05-01').ipConfigurations[0].properties.privateIPAddress]",
                }]},
            },
            {
                "type": "Microsoft.Network/privateDnsZones",
                "apiVersion": "2024-06-01",
                "name": "[variables('zone')]",
                "location": "global",
                "resources": [{
                    "type": "virtualNetworkLinks",
                    "apiVersion": "2024-06-01",
                    "name": "hub",
                    "location": "global",
                    "dependsOn": ["[variables('zone')]", "[parameters('hub')]"],
                    "properties": {"registrationEnabled": false, "virtualNetwork": {"id": "[resourceId('Microsoft.Network/virtualNetworks', parameters('hub'))]"}},
                }],
            },
            {
                "type": "Microsoft.Network/privateEndpoints",
                "apiVersion": NETWORK,
                "name": "pe",
                "location": "[resourceGroup().location]",
                "dependsOn": ["[parameters('hub')]"],
                "properties": {
                    "subnet": {"id": "[concat(resourceId('Microsoft.Network/virtualNetworks', parameters('hub')), '/subnets/s')]"},
                    "privateLinkServiceConnections": [{"name": "c", "properties": {
                        "privateLinkServiceId": "[resourceId('Microsoft.Sql/managedInstances', 'mi')]",
                        "groupIds": ["managedInstance"],
                    }}],
                },
            },
            peering("hub", "spoke"),
            peering("spoke", "hub"),
            vnet("hub", "10.20"),
            vnet("spoke", "10.21"),
        ],
        "outputs": {
            "address": {"type": "string", "value": "[reference('pe').customDnsConfigs[0].ipAddresses[0]]"},
            "peering": {"type": "string", "value": "[reference(resourceId('Microsoft.Network/virtualNetworks/virtualNetworkPeerings', 'hub', 'to-spoke')).peeringState]"},
        },
    }))
}

#[tokio::test]
async fn a_topology_is_built_in_order_and_again() {
    let fixture = Fixture::with_instance().await;
    let checked = fixture
        .send(
            "POST",
            &in_group("Microsoft.Resources/deployments/d/validate", VERSION),
            Some(body(topology()).to_string()),
        )
        .await;
    assert_eq!(checked.status, StatusCode::OK, "{}", checked.text);
    assert_eq!(checked.body["properties"]["provisioningState"], "Succeeded");
    assert_eq!(
        fixture.get(&deployment("d")).await.code(),
        "DeploymentNotFound"
    );
    let started = fixture.put(&deployment("d"), body(topology())).await;
    assert_eq!(started.status, StatusCode::CREATED, "{}", started.text);
    let again = fixture.put(&deployment("d"), body(topology())).await;
    assert_eq!(again.code(), "DeploymentActive", "{}", again.text);
    for _ in 0..20 {
        fixture.advance(Span::minutes(1));
        fixture.get(&deployment("d")).await;
    }
    let shown = fixture.get(&deployment("d")).await.body;
    let properties = &shown["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded", "{shown}");
    assert_eq!(properties["outputs"]["address"]["value"], "10.20.1.4");
    assert_eq!(properties["outputs"]["peering"]["value"], "Connected");
    assert!(!shown.to_string().contains("hidden"), "{shown}");
    assert_eq!(properties["parameters"]["secret"]["type"], "SecureString");
    let record = in_group(
        "Microsoft.Network/privateDnsZones/privatelink.test/A/mi",
        "2024-06-01",
    );
    let record = fixture.get(&record).await.body;
    assert_eq!(
        record["properties"]["aRecords"][0]["ipv4Address"],
        "10.20.1.4"
    );
    let listed = fixture
        .get("/subscriptions/S/resourcegroups/rg/deployments/d/operations?api-version=2025-04-01")
        .await;
    let operations = listed.body["value"].as_array().expect("a list").clone();
    assert_eq!(operations.len(), 8, "{}", listed.text);
    let one = operations[0]["operationId"].as_str().expect("an id");
    let one = in_group(
        &format!("Microsoft.Resources/deployments/d/operations/{one}"),
        VERSION,
    );
    assert_eq!(fixture.get(&one).await.body, operations[0]);
    // Once more changes nothing.
    let (polled, shown) = deploy(&fixture, "d", body(topology())).await;
    assert_eq!(polled.body["status"], "Succeeded", "{}", polled.text);
    assert_eq!(
        shown["properties"]["outputs"]["address"]["value"],
        "10.20.1.4"
    );
    let listed = fixture
        .get(&in_group("Microsoft.Resources/deployments", VERSION))
        .await;
    assert_eq!(listed.body["value"].as_array().map(Vec::len), Some(1));
    let exported = fixture
        .send(
            "POST",
            &in_group("Microsoft.Resources/deployments/d/exportTemplate", VERSION),
            None,
        )
        .await;
    assert_eq!(exported.body["template"], topology());
    let deleted = fixture.delete(&deployment("d")).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let kept = fixture.get(&network("virtualNetworks/hub")).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);
}

#[tokio::test]
async fn nothing_is_written_if_the_template_is_wrong() {
    let fixture = Fixture::with_instance().await;
    let mut odd = vnet("odd", "10.30");
    odd["apiVersion"] = json!("1999-01-01");
    let mut far = vnet("far", "10.31");
    far["location"] = json!("moonbase");
    for (resource, code, inner) in [
        (
            odd,
            "InvalidTemplateDeployment",
            "NoRegisteredProviderFound",
        ),
        (
            far,
            "InvalidTemplateDeployment",
            "LocationNotAvailableForResourceType",
        ),
        (
            json!({"type": "Microsoft.Sql/servers", "apiVersion": "2021-11-01", "name": "x"}),
            "OperationNotSupportedByMilink",
            "",
        ),
        (
            json!({"type": "Microsoft.Network/nothing", "apiVersion": NETWORK, "name": "x"}),
            "InvalidTemplateDeployment",
            "InvalidResourceType",
        ),
        (
            json!({"type": "Micro.Soft/nothing", "apiVersion": NETWORK, "name": "x"}),
            "InvalidTemplateDeployment",
            "InvalidResourceNamespace",
        ),
        (vnet("[nothing()]", "10.32"), "InvalidTemplate", ""),
    ] {
        let asked = body(template(
            json!({"resources": [vnet("good", "10.40"), resource]}),
        ));
        let reply = fixture.put(&deployment("bad"), asked).await;
        assert_eq!(reply.code(), code, "{}", reply.text);
        let found = reply.body["error"]["details"][0]["code"].as_str();
        assert_eq!(found.unwrap_or_default(), inner, "{}", reply.text);
    }
    for (properties, code) in [
        (
            json!({"mode": "Odd", "template": template(json!({}))}),
            "InvalidRequestContent",
        ),
        (json!({"mode": "Incremental"}), "InvalidRequestContent"),
        (
            json!({"mode": "Incremental", "templateLink": {"uri": "https://x"}}),
            "OperationNotSupportedByMilink",
        ),
    ] {
        let reply = fixture
            .put(&deployment("bad"), json!({"properties": properties}))
            .await;
        assert_eq!(reply.code(), code, "{}", reply.text);
    }
    assert_eq!(
        fixture.get(&network("virtualNetworks/good")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        fixture.get(&deployment("bad")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn what_fails_stops_what_waits_for_it_and_nothing_else() {
    let fixture = Fixture::with_instance().await;
    let mut outside = vnet("outside", "10.50");
    outside["properties"]["subnets"][0]["properties"]["addressPrefix"] = json!("192.168.0.0/24");
    let mut behind = vnet("behind", "10.51");
    behind["dependsOn"] = json!(["outside"]);
    let asked = body(template(
        json!({"resources": [outside, behind, vnet("beside", "10.52")]}),
    ));
    let (polled, shown) = deploy(&fixture, "d", asked).await;
    assert_eq!(polled.body["status"], "Failed");
    let error = &polled.body["error"];
    assert_eq!(error["code"], "DeploymentFailed", "{error}");
    assert_eq!(
        error["details"].as_array().map(Vec::len),
        Some(1),
        "{error}"
    );
    assert_eq!(
        error["details"][0]["target"],
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/outside"
        )
    );
    assert_eq!(&shown["properties"]["error"], error);
    for (name, status) in [
        ("outside", StatusCode::NOT_FOUND),
        ("behind", StatusCode::NOT_FOUND),
        ("beside", StatusCode::OK),
    ] {
        let found = fixture
            .get(&network(&format!("virtualNetworks/{name}")))
            .await;
        assert_eq!(found.status, status, "{name}");
    }
}

#[tokio::test]
async fn a_complete_deployment_takes_the_rest_away() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let first = body(template(
        json!({"resources": [vnet("aa", "10.60"), vnet("bb", "10.61")]}),
    ));
    deploy(&fixture, "first", first).await;
    let mut second = body(template(json!({"resources": [vnet("bb", "10.61")]})));
    second["properties"]["mode"] = json!("Complete");
    let (polled, _) = deploy(&fixture, "second", second).await;
    assert_eq!(polled.body["status"], "Succeeded", "{}", polled.text);
    let listed = fixture.get(&network("virtualNetworks")).await;
    let names: Vec<&str> = listed.body["value"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    assert_eq!(names, ["bb"]);
}

#[tokio::test]
async fn a_complete_deployment_sees_more_than_a_page_of_a_list() {
    let fixture = Fixture::with(|config| config.page_size = 1);
    fixture.make_network().await;
    let names = ["aa", "bb", "cc"];
    let resources = names.map(|name| vnet(name, "10.60"));
    deploy(
        &fixture,
        "first",
        body(template(json!({"resources": resources}))),
    )
    .await;
    let mut second = body(template(json!({"resources": []})));
    second["properties"]["mode"] = json!("Complete");
    deploy(&fixture, "second", second).await;
    for name in names {
        let found = fixture
            .get(&network(&format!("virtualNetworks/{name}")))
            .await;
        assert_eq!(found.status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn a_complete_deployment_takes_all_away_or_nothing() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let first = body(template(
        json!({"resources": [vnet("aa", "10.60"), vnet("zz", "10.61")]}),
    ));
    deploy(&fixture, "first", first).await;
    // Somebody else's interface is in one of the networks.
    let other = "/subscriptions/S/resourcegroups/other?api-version=2024-11-01";
    fixture.put(other, json!({"location": "westeurope"})).await;
    let nic = format!(
        "/subscriptions/S/resourceGroups/other/providers/Microsoft.Network/networkInterfaces/nic?api-version={NETWORK}"
    );
    let subnet = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/zz/subnets/s"
    );
    let interface = json!({"location": "westeurope", "properties": {"ipConfigurations": [
        {"name": "c", "properties": {"subnet": {"id": subnet}}}]}});
    let made = fixture.put(&nic, interface).await;
    assert!(made.status.is_success(), "{}", made.text);
    fixture.advance(Span::minutes(1));
    let names = async || {
        let listed = fixture.get(&network("virtualNetworks")).await;
        let rows = listed.body["value"].as_array().expect("a list").clone();
        let names = rows.iter().filter_map(|row| row["name"].as_str());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let complete = || {
        let mut asked = body(template(json!({"resources": [vnet("new", "10.62")]})));
        asked["properties"]["mode"] = json!("Complete");
        asked
    };
    let (polled, shown) = deploy(&fixture, "second", complete()).await;
    assert_eq!(polled.body["status"], "Failed", "{}", polled.text);
    let error = &shown["properties"]["error"];
    assert_eq!(error["code"], "DeploymentFailedCleanUp", "{error}");
    assert_eq!(
        error["details"][0]["code"], "InUseSubnetCannotBeDeleted",
        "{error}"
    );
    assert_eq!(error["details"][1], Value::Null, "{error}");
    assert_eq!(names().await, ["aa", "new", "vnet", "zz"]);
    // Locked, it is no other.
    let lock = in_group(
        "Microsoft.Network/virtualNetworks/aa/providers/Microsoft.Authorization/locks/l",
        "2016-09-01",
    );
    fixture.delete(&nic).await;
    fixture.advance(Span::minutes(1));
    fixture
        .put(&lock, json!({"properties": {"level": "CanNotDelete"}}))
        .await;
    let (_, shown) = deploy(&fixture, "third", complete()).await;
    let error = &shown["properties"]["error"];
    assert_eq!(error["details"][0]["code"], "ScopeLocked", "{error}");
    assert_eq!(names().await, ["aa", "new", "vnet", "zz"]);
    fixture.delete(&lock).await;
    let (polled, _) = deploy(&fixture, "fourth", complete()).await;
    assert_eq!(polled.body["status"], "Succeeded", "{}", polled.text);
    assert_eq!(names().await, ["new"]);
}

#[tokio::test]
async fn deployments_nest_and_go_to_the_subscription() {
    let fixture = Fixture::new();
    let inner = template(json!({
        "parameters": {"name": {"type": "string"}},
        "resources": [vnet("[parameters('name')]", "10.70")],
        "outputs": {"id": {"type": "string", "value": "[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]"}},
    }));
    let outer = template(json!({
        "resources": [
            {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2024-11-01", "name": "made", "location": "[deployment().location]"},
            {
                "type": "Microsoft.Resources/deployments",
                "apiVersion": "2024-11-01",
                "name": "inner",
                "resourceGroup": "made",
                "dependsOn": ["made"],
                "properties": {
                    "mode": "Incremental",
                    "expressionEvaluationOptions": {"scope": "inner"},
                    "parameters": {"name": {"value": "net"}},
                    "template": inner,
                },
            },
        ],
        "outputs": {"id": {"type": "string", "value": "[reference('inner').outputs.id.value]"}},
    }));
    let mut asked = body(outer);
    asked["location"] = json!("westeurope");
    let path = format!(
        "/subscriptions/S/providers/Microsoft.Resources/deployments/outer?api-version={VERSION}"
    );
    let reply = fixture.put(&path, asked).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    for _ in 0..20 {
        fixture.advance(Span::minutes(1));
        fixture.get(&path).await;
    }
    let shown = fixture.get(&path).await.body;
    assert_eq!(
        shown["properties"]["provisioningState"], "Succeeded",
        "{shown}"
    );
    assert_eq!(
        shown["properties"]["outputs"]["id"]["value"],
        format!(
            "/subscriptions/{SUBSCRIPTION}/resourceGroups/made/providers/Microsoft.Network/virtualNetworks/net"
        )
    );
}

#[tokio::test]
async fn a_deployment_can_be_canceled() {
    let fixture = Fixture::with_instance().await;
    let mut later = vnet("later", "10.81");
    later["dependsOn"] = json!(["now"]);
    let asked = body(template(
        json!({"resources": [vnet("now", "10.80"), later]}),
    ));
    let reply = fixture.put(&deployment("d"), asked).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let refused = fixture.delete(&deployment("d")).await;
    assert_eq!(refused.code(), "DeploymentActive");
    let cancel = in_group("Microsoft.Resources/deployments/d/cancel", VERSION);
    let canceled = fixture.send("POST", &cancel, None).await;
    assert_eq!(canceled.status, StatusCode::NO_CONTENT, "{}", canceled.text);
    let again = fixture.send("POST", &cancel, None).await;
    assert_eq!(again.code(), "DeploymentCannotBeCancelled");
    fixture.advance(Span::minutes(5));
    let shown = fixture.get(&deployment("d")).await.body;
    assert_eq!(shown["properties"]["provisioningState"], "Canceled");
    assert_eq!(
        fixture.get(&network("virtualNetworks/later")).await.status,
        StatusCode::NOT_FOUND
    );
}
