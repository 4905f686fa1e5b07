//! Templates in templates: what is wrong inside is said before anything is written.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::deployments::{NETWORK, body, deploy, deployment, network, template, vnet};
use super::support::Fixture;

fn nested(properties: Value) -> Value {
    let mut properties = properties;
    properties["mode"] = json!("Incremental");
    json!({
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2024-11-01",
        "name": "inner",
        "properties": properties,
    })
}

#[tokio::test]
async fn what_is_wrong_inside_is_said_before_anything_is_written() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let typed = |kind: &str| json!({"type": kind, "apiVersion": NETWORK, "name": "x", "location": "westeurope"});
    let inner = json!({"scope": "inner"});
    let mut elsewhere = nested(json!({"template": template(json!({}))}));
    elsewhere["resourceGroup"] = json!("nowhere");
    for (what, nested, code, inner) in [
        (
            "expression",
            nested(
                json!({"expressionEvaluationOptions": inner, "template": template(json!({"resources": [vnet("[nothing()]", "10.1")]}))}),
            ),
            "InvalidTemplateDeployment",
            "InvalidTemplate",
        ),
        (
            "type",
            nested(
                json!({"template": template(json!({"resources": [typed("Microsoft.Network/nothing")]}))}),
            ),
            "InvalidTemplateDeployment",
            "InvalidTemplateDeployment",
        ),
        (
            "deeper",
            nested(
                json!({"template": template(json!({"resources": [nested(json!({
                    "template": template(json!({"resources": [typed("Microsoft.Network/nothing")]})),
                }))]}))}),
            ),
            "InvalidTemplateDeployment",
            "InvalidTemplateDeployment",
        ),
        (
            "missing parameter",
            nested(
                json!({"expressionEvaluationOptions": inner, "template": template(json!({"parameters": {"p": {"type": "string"}}}))}),
            ),
            "InvalidTemplateDeployment",
            "InvalidTemplate",
        ),
        (
            "group",
            elsewhere,
            "InvalidTemplateDeployment",
            "ResourceGroupNotFound",
        ),
        (
            "link",
            nested(json!({"templateLink": {"uri": "https://example.test/t.json"}})),
            "OperationNotSupportedByMilink",
            "",
        ),
        (
            "key vault",
            nested(json!({
                "expressionEvaluationOptions": inner,
                "parameters": {"p": {"reference": {"keyVault": {"id": "x"}, "secretName": "s"}}},
                "template": template(json!({"parameters": {"p": {"type": "securestring"}}})),
            })),
            "OperationNotSupportedByMilink",
            "",
        ),
    ] {
        let asked = body(template(
            json!({"resources": [vnet("good", "10.40"), nested]}),
        ));
        let reply = fixture.put(&deployment("bad"), asked).await;
        assert_eq!(reply.code(), code, "{what}: {}", reply.text);
        let found = reply.body["error"]["details"][0]["code"].as_str();
        assert_eq!(found.unwrap_or_default(), inner, "{what}: {}", reply.text);
    }
    for path in [
        network("virtualNetworks/good"),
        deployment("bad"),
        deployment("inner"),
    ] {
        assert_eq!(
            fixture.get(&path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

/// The outer template's expressions are worked out where the outer ones are, the inner one's where it is.
#[tokio::test]
async fn inner_and_outer_scope() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let inside = |scope: &str| {
        let mut one = nested(json!({
            "expressionEvaluationOptions": {"scope": scope},
            "template": template(json!({
                "variables": {"which": "inner"},
                "outputs": {"which": {"type": "string", "value": "[variables('which')]"}},
            })),
        }));
        one["name"] = json!(scope);
        one
    };
    let asked = body(template(json!({
        "variables": {"which": "outer"},
        "resources": [inside("inner"), inside("outer")],
        "outputs": {
            "inner": {"type": "string", "value": "[reference('inner').outputs.which.value]"},
            "outer": {"type": "string", "value": "[reference('outer').outputs.which.value]"},
        },
    })));
    let (polled, shown) = deploy(&fixture, "both", asked).await;
    assert_eq!(polled.body["status"], "Succeeded", "{}", polled.text);
    let outputs = &shown["properties"]["outputs"];
    assert_eq!(
        (&outputs["inner"]["value"], &outputs["outer"]["value"]),
        (&json!("inner"), &json!("outer"))
    );
}

/// What Bicep writes: symbolic names, something that is there already, a function of one's own, a loop in turns.
#[tokio::test]
async fn a_modern_template_is_deployed() {
    let fixture = Fixture::with_instance().await;
    let mut spoke = vnet("[my.named('spoke', copyIndex())]", "10.70");
    spoke["copy"] = json!({"name": "spokes", "count": 3, "mode": "serial", "batchSize": 2});
    spoke["properties"]["addressSpace"]["addressPrefixes"] =
        json!(["[cidrSubnet('10.0.0.0/8', 16, add(70, copyIndex()))]"]);
    spoke["properties"]["subnets"] = json!([]);
    let asked = body(template(json!({
        "languageVersion": "2.0",
        "definitions": {"tags": {"type": "object", "additionalProperties": {"type": "string"}}},
        "parameters": {"tags": {"$ref": "#/definitions/tags", "defaultValue": {"a": "b"}}},
        "functions": [{"namespace": "my", "members": {"named": {
            "parameters": [{"name": "stem", "type": "string"}, {"name": "at", "type": "int"}],
            "output": {"type": "string", "value": "[format('{0}{1}', parameters('stem'), parameters('at'))]"},
        }}}],
        "resources": {
            "instance": {"type": "Microsoft.Sql/managedInstances", "apiVersion": "2024-11-01-preview", "name": "mi", "existing": true},
            "hub": vnet("hub", "10.60"),
            "spokes": spoke,
            "peering": {
                "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings", "apiVersion": NETWORK, "name": "hub/to-spoke1",
                "dependsOn": ["hub", "spokes"],
                "properties": {"remoteVirtualNetwork": {"id": "[resourceInfo('spokes[1]').id]"}},
            },
        },
        "outputs": {
            "host": {"type": "string", "value": "[reference('instance').fullyQualifiedDomainName]"},
            "prefixes": {"type": "array", "value": "[map(references('spokes'), lambda('s', lambdaVariables('s').addressSpace.addressPrefixes[0]))]"},
            "state": {"type": "string", "value": "[reference('peering').peeringState]"},
        },
    })));
    let (polled, shown) = deploy(&fixture, "modern", asked).await;
    assert_eq!(polled.body["status"], "Succeeded", "{}", polled.text);
    let outputs = &shown["properties"]["outputs"];
    assert_eq!(
        outputs["prefixes"]["value"],
        json!(["10.70.0.0/16", "10.71.0.0/16", "10.72.0.0/16"])
    );
    assert_eq!(outputs["state"]["value"], "Initiated");
    let host = outputs["host"]["value"].as_str().unwrap_or_default();
    assert!(host.starts_with("mi."), "{outputs}");
    assert_eq!(
        shown["properties"]["outputResources"]
            .as_array()
            .map(Vec::len),
        Some(5),
        "{shown}"
    );
}
