//! What a group holds, exported as a template that makes it again elsewhere.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::load_balancers::{MANUAL, balancer, endpoint, id, interface, made, service, stage};
use super::support::{Fixture, Reply, in_group};

const TWIN: &str = "/subscriptions/S/resourcegroups/twin";

async fn export(fixture: &Fixture, resources: Value, options: &str) -> Reply {
    let path = "/subscriptions/S/resourceGroups/rg/exportTemplate?api-version=2024-11-01";
    let body = json!({"resources": resources, "options": options});
    fixture.send("POST", path, Some(body.to_string())).await
}

/// The article's network: balancer, link service, endpoint, a machine, and a zone of one's own.
async fn chain() -> Fixture {
    let fixture = stage().await;
    made(&fixture, "loadBalancers/lb", balancer()).await;
    made(&fixture, "privateLinkServices/pls", service()).await;
    let asked = endpoint(&id("privateLinkServices/pls"), MANUAL);
    made(&fixture, "privateEndpoints/pe", asked).await;
    made(
        &fixture,
        "networkInterfaces/nic",
        interface("be", Some("pool")),
    )
    .await;
    let machine = json!({"location": "westeurope", "properties": {
        "hardwareProfile": {"vmSize": "Standard_B1s"},
        "networkProfile": {"networkInterfaces": [{"id": id("networkInterfaces/nic")}]},
    }});
    let path = in_group("Microsoft.Compute/virtualMachines/fwd", "2024-07-01");
    let reply = fixture.put(&path, machine).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    for (from, to) in [("net", "app"), ("app", "net")] {
        let peering = json!({"properties": {"remoteVirtualNetwork": {"id": id(&format!("virtualNetworks/{to}"))}}});
        made(
            &fixture,
            &format!("virtualNetworks/{from}/virtualNetworkPeerings/p"),
            peering,
        )
        .await;
    }
    let zone = |tail: &str| {
        in_group(
            &format!("Microsoft.Network/privateDnsZones/z.test{tail}"),
            "2024-06-01",
        )
    };
    let link = json!({"location": "global", "properties": {
        "virtualNetwork": {"id": id("virtualNetworks/app")}, "registrationEnabled": false,
    }});
    for (tail, body) in [
        ("", json!({"location": "global"})),
        (
            "/A/db",
            json!({"properties": {"ttl": 60, "aRecords": [{"ipv4Address": "10.50.1.4"}]}}),
        ),
        (
            "/TXT/odd",
            json!({"properties": {"ttl": 60, "txtRecords": [{"value": ["[no expression]"]}]}}),
        ),
        ("/virtualNetworkLinks/app", link),
    ] {
        let reply = fixture.put(&zone(tail), body).await;
        assert!(reply.status.is_success(), "{}", reply.text);
    }
    fixture.advance(Span::seconds(5));
    fixture
}

/// Deploys a template into a group beside; what failed, if anything did.
async fn deployed(fixture: &Fixture, template: Value, parameters: Value) -> Value {
    let group = format!("{TWIN}?api-version=2024-11-01");
    fixture.put(&group, json!({"location": "westeurope"})).await;
    let path =
        format!("{TWIN}/providers/Microsoft.Resources/deployments/again?api-version=2025-04-01");
    let body = json!({"properties": {
        "mode": "Incremental", "template": template, "parameters": parameters,
    }});
    let reply = fixture.put(&path, body).await;
    assert!(reply.status.is_success(), "{}", reply.text);
    let url = reply.header("azure-asyncoperation").to_owned();
    for _ in 0..200 {
        let polled = fixture.get(&url).await.body;
        if polled["status"] != "Running" {
            return polled;
        }
    }
    panic!("the deployment does not end");
}

fn names(template: &Value) -> Vec<String> {
    let all = template["resources"].as_array().into_iter().flatten();
    let all = all.map(|one| {
        let kind = one["type"].as_str().unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        format!("{kind} {}", one["name"].as_str().unwrap_or_default())
    });
    all.collect()
}

#[tokio::test]
async fn a_group_is_made_again_elsewhere_by_its_template() {
    let fixture = chain().await;
    // The instance's own network is not exported again: its subnet is the instance's.
    let wanted = [
        "virtualNetworks/net",
        "virtualNetworks/app",
        "loadBalancers/lb",
    ];
    let more = [
        "privateLinkServices/pls",
        "privateEndpoints/pe",
        "networkInterfaces/nic",
    ];
    let more = more.into_iter().chain(["privateDnsZones/z.test"]);
    let mut wanted: Vec<String> = wanted.into_iter().chain(more).map(id).collect();
    wanted.push(id("x").replace(
        "Microsoft.Network/x",
        "Microsoft.Compute/virtualMachines/fwd",
    ));
    let reply = export(&fixture, json!(wanted), "SkipAllParameterization").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.body.get("error"), None, "{}", reply.text);
    let template = reply.body["template"].clone();
    assert_eq!(template["parameters"], json!({}));
    assert!(!template.to_string().contains("provisioningState"));
    let mut expected = vec![
        "A z.test/db",
        "TXT z.test/odd",
        "loadBalancers lb",
        "networkInterfaces nic",
        "privateDnsZones z.test",
        "privateEndpoints pe",
        "privateLinkServices pls",
        "virtualMachines fwd",
        "virtualNetworkLinks z.test/app",
        "virtualNetworkPeerings app/p",
        "virtualNetworkPeerings net/p",
        "virtualNetworks app",
        "virtualNetworks net",
    ];
    expected.sort_unstable();
    let mut made = names(&template);
    made.sort();
    assert_eq!(made, expected);
    let outcome = deployed(&fixture, template, json!({})).await;
    assert_eq!(outcome["status"], "Succeeded", "{outcome}");
    let twin = |tail: &str, version: &str| {
        format!("{TWIN}/providers/Microsoft.Network/{tail}?api-version={version}")
    };
    let odd = fixture
        .get(&twin("privateDnsZones/z.test/TXT/odd", "2024-06-01"))
        .await;
    let text = &odd.body["properties"]["txtRecords"][0]["value"][0];
    assert_eq!(text, "[no expression]", "{}", odd.text);
    let balancer = fixture.get(&twin("loadBalancers/lb", "2024-05-01")).await;
    let rule = &balancer.body["properties"]["loadBalancingRules"][0]["properties"];
    let probe = rule["probe"]["id"].as_str().unwrap_or_default();
    assert!(probe.contains("/resourceGroups/twin/"), "{}", balancer.text);
    // Once more from there, it is the same.
    let path = "/subscriptions/S/resourceGroups/twin/exportTemplate?api-version=2024-11-01";
    let body = json!({"resources": ["*"], "options": "SkipAllParameterization"});
    let again = fixture.send("POST", path, Some(body.to_string())).await;
    assert_eq!(names(&again.body["template"]).len(), expected.len());
}

#[tokio::test]
async fn names_are_parameters_and_what_cannot_be_exported_is_named() {
    let fixture = Fixture::with_instance().await;
    let factory = in_group("Microsoft.DataFactory/factories/adf", "2018-06-01");
    fixture
        .put(&factory, json!({"location": "westeurope"}))
        .await;
    let reply = export(&fixture, json!(["*"]), "IncludeParameterDefaultValue").await;
    let template = &reply.body["template"];
    assert_eq!(
        template["parameters"],
        json!({
            "managedInstances_mi_name": {"type": "String", "defaultValue": "mi"},
            "virtualNetworks_vnet_name": {"type": "String", "defaultValue": "vnet"},
            "managedInstances_mi_administratorLoginPassword": {"type": "SecureString"},
        })
    );
    let instance = template["resources"].as_array().into_iter().flatten();
    let instance = instance
        .into_iter()
        .find(|one| one["type"] == "Microsoft.Sql/managedInstances");
    let instance = instance.expect("it is exported");
    assert_eq!(instance["name"], "[parameters('managedInstances_mi_name')]");
    assert_eq!(
        instance["properties"]["subnetId"],
        "[resourceId('Microsoft.Network/virtualNetworks/subnets', parameters('virtualNetworks_vnet_name'), 'mi')]"
    );
    assert_eq!(
        instance["dependsOn"],
        json!([
            "[resourceId('Microsoft.Network/virtualNetworks', parameters('virtualNetworks_vnet_name'))]"
        ])
    );
    let error = &reply.body["error"];
    assert_eq!(
        error["code"], "ExportTemplateCompletedWithErrors",
        "{}",
        reply.text
    );
    assert!(
        error["details"]
            .to_string()
            .contains("Microsoft.DataFactory/factories")
    );
    let plain = export(&fixture, json!(["*"]), "").await.body;
    assert_eq!(
        plain["template"]["parameters"]["virtualNetworks_vnet_name"],
        json!({"type": "String"})
    );
    let password = json!({
        "managedInstances_mi_administratorLoginPassword": {"value": "Long-Pass-Word-1!"},
        "managedInstances_mi_name": {"value": "mi-again"},
    });
    let outcome = deployed(&fixture, template.clone(), password).await;
    assert_eq!(outcome["status"], "Succeeded", "{outcome}");
    let none = id("virtualNetworks/none");
    let missing = export(&fixture, json!([none]), "").await;
    assert_eq!(missing.code(), "ResourceNotFound");
    let get =
        fixture.get("/subscriptions/S/resourceGroups/rg/exportTemplate?api-version=2024-11-01");
    assert_eq!(get.await.status, StatusCode::METHOD_NOT_ALLOWED);
    let path = "/subscriptions/S/resourceGroups/none/exportTemplate?api-version=2024-11-01";
    let gone = fixture.send("POST", path, Some("{}".to_owned())).await;
    assert_eq!(gone.code(), "ResourceGroupNotFound");
}
