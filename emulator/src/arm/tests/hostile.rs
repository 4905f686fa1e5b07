//! Requests that no client sends: a good one is changed wherever it can be. What is refused changes nothing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, Uri};
use milink_core::World;
use milink_core::azure::deployment::{DeploymentKey, MOST_STEPS};
use milink_core::invariants;
use milink_core::names::Name;
use milink_core::refusal::DeploymentRefusal;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::deployments::{body, deployment, template, topology, vnet};
use super::support::{Fixture, LINKS, SUBSCRIPTION, in_group, instance_body};
use crate::arm::Connection;
use crate::http::body::{MOST_BODY_BYTES, bounded};
use crate::room::Room;

/// Method and target, and the body below.
fn written(method: &str, path: &str, body: &Value) -> String {
    let path = path.replace(
        "/subscriptions/S",
        &format!("/subscriptions/{SUBSCRIPTION}"),
    );
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    format!("{method} {path}\n{body}")
}

fn good_requests() -> Vec<String> {
    let sql = |tail: &str| in_group(&format!("Microsoft.Sql/managedInstances/mi{tail}"), LINKS);
    let network = |tail: &str| in_group(&format!("Microsoft.Network/{tail}"), "2024-05-01");
    let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg");
    let link = json!({"properties": {
        "databases": [{"databaseName": "orders"}], "instanceAvailabilityGroupName": "a", "partnerAvailabilityGroupName": "b",
        "partnerEndpoint": "tcp://10.0.0.4:5022", "seedingMode": "Automatic", "instanceLinkRole": "Secondary",
        "failoverMode": "Manual", "replicationMode": "Async",
    }});
    let rule = json!({"properties": {
        "protocol": "Tcp", "sourceAddressPrefix": "10.0.0.0/8", "destinationAddressPrefix": "*", "access": "Allow",
        "destinationPortRanges": ["5022", "11000-11999"], "sourcePortRange": "*", "priority": 100, "direction": "Inbound",
    }});
    let subnet = format!("{group}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/mi");
    let endpoint = json!({"location": "westeurope", "properties": {
        "subnet": {"id": subnet},
        "privateLinkServiceConnections": [{"name": "c", "properties": {
            "privateLinkServiceId": format!("{group}/providers/Microsoft.Sql/managedInstances/mi"), "groupIds": ["managedInstance"],
        }}],
    }});
    let balancer = json!({"location": "westeurope", "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"name": "f", "properties": {"subnet": {"id": subnet}}}],
        "backendAddressPools": [{"name": "p"}],
        "probes": [{"name": "q", "properties": {"protocol": "Tcp", "port": 1433, "intervalInSeconds": 5}}],
    }});
    let assignment = json!({"properties": {
        "roleDefinitionId": format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"),
        "principalId": "00000000-0000-0000-0000-000000000001", "principalType": "ServicePrincipal",
    }});
    let linked = json!({"properties": {"type": "SqlServer", "typeProperties": {
        "connectionString": "Data Source=10.0.0.4,1433;Initial Catalog=db1;User ID=sa;Password={0}{1}\";Encrypt=True",
    }}});
    vec![
        written("PUT", &sql(""), &instance_body()),
        written("PATCH", &sql(""), &json!({"properties": {"vCores": 8}, "tags": {"a": "b"}})),
        written("GET", &sql(""), &Value::Null),
        written("DELETE", &sql(""), &Value::Null),
        written("PUT", &sql("/distributedAvailabilityGroups/DAG"), &link),
        written("PUT", &sql("/databases/orders"), &json!({"location": "westeurope", "properties": {}})),
        written("PUT", &sql("/serverTrustCertificates/c"), &json!({"properties": {"publicBlob": "0x308203AE30820296A0030201"}})),
        written("PUT", &network("virtualNetworks/vnet"), &vnet("vnet", "10.0")["properties"]),
        written("PUT", &network("networkSecurityGroups/g"), &json!({"location": "westeurope", "properties": {}})),
        written("PUT", &network("networkSecurityGroups/g/securityRules/r"), &rule),
        written("PUT", &network("privateEndpoints/e"), &endpoint),
        written("PUT", &network("loadBalancers/b"), &balancer),
        written("PUT", &in_group("Microsoft.DataFactory/factories/f", "2018-06-01"), &json!({"location": "westeurope"})),
        written("PUT", &in_group("Microsoft.DataFactory/factories/f/linkedservices/l", "2018-06-01"), &linked),
        written("PUT", &format!("{group}/providers/Microsoft.Authorization/roleAssignments/{SUBSCRIPTION}?api-version=2022-04-01"), &assignment),
        written("GET", &format!("/subscriptions/{SUBSCRIPTION}/resources?api-version=2024-11-01&$filter=resourceType eq 'x'&$top=5").replace(' ', "%20"), &Value::Null),
        written("PUT", &deployment("d"), &body(topology())),
        written("POST", &deployment("d/validate"), &body(topology())),
        written("POST", &deployment("d/whatIf"), &body(topology())),
    ]
}

const WORDS: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    "[[]]",
    "-1",
    "0",
    "1e999",
    "\"\"",
    "\"x\"",
    "'x'",
    "subscriptions",
    "resourceGroups",
    "providers",
    "Microsoft.Sql",
    "Microsoft.Network",
    "$filter",
    "$top",
    "$skipToken",
    "$expand",
    "api-version",
    "2020-13-45",
    "%2F",
    "%00",
    "%C3%28",
    "%zz",
    "..",
    "[concat('a', 1)]",
    "[reference('x')]",
    "[parameters('p')]",
    "[copyIndex()]",
    "\"copy\":{\"name\":\"c\",\"count\":900},",
    "10.0.0.0/33",
    "255.255.255.255/0",
    "65536",
    "0-0",
    "GET",
    "PUT",
    "POST",
    "PATCH",
    "DELETE",
    "HEAD",
    "failover",
    "operations",
    "tenants",
    "graphql",
    "\u{FEFF}",
];

/// The world as it stays, unless somebody changes it.
fn settled(fixture: &Fixture) -> World {
    fixture.stand_still();
    fixture.world(|world, now| {
        world.advance_to(now);
        world.clone()
    })
}

#[test]
fn requests_are_answered_or_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let fixture = runtime.block_on(Fixture::with_instance());
    let base = settled(&fixture);
    let requests = prop::sample::select(good_requests());
    milink_hostile::text("arm", 300, requests, WORDS, |text| {
        let (head, body) = text.split_once('\n').unwrap_or((text, ""));
        let (method, path) = head.split_once(' ').unwrap_or((head, "/"));
        let is_request = axum::http::Method::from_bytes(method.as_bytes()).is_ok();
        // What is no request line does not get as far as this: hyper answers it.
        if !is_request
            || path
                .parse::<Uri>()
                .map_or(true, |uri| uri.scheme().is_some() || uri.path() == "*")
        {
            return;
        }
        fixture.world(|world, _| *world = base.clone());
        let reply = runtime.block_on(fixture.send(method, path, Some(body.to_owned())));
        let status = reply.status.as_u16();
        assert!(status < 500, "{}", reply.text);
        let after = fixture.world(|world, _| world.clone());
        if status >= 400 {
            if method != "HEAD" {
                assert!(reply.body.get("error").is_some(), "{}", reply.text);
            }
            assert_eq!(
                invariants::check_refusal(&base, &after),
                Ok(()),
                "{}",
                reply.text
            );
        }
        assert_eq!(invariants::check(&after), Ok(()));
    });
}

/// A body that does not come, breaks off, or is too much: each is said by its code, and nothing is done.
#[tokio::test]
async fn bodies_that_do_not_come_are_refused_by_code() {
    /// What is left to come never does.
    struct Never;

    impl futures_core::Stream for Never {
        type Item = Result<Bytes, std::io::Error>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Pending
        }
    }

    /// It breaks off at once.
    struct Broken;

    impl futures_core::Stream for Broken {
        type Item = Result<Bytes, std::io::Error>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into())))
        }
    }

    const LONG: Duration = Duration::from_secs(3_600);
    let fixture = Fixture::with_instance().await;
    let before = settled(&fixture);
    let path = in_group(
        "Microsoft.Sql/managedInstances/mi/databases/x",
        "2023-08-01",
    );
    let path = path.replace(
        "/subscriptions/S",
        &format!("/subscriptions/{SUBSCRIPTION}"),
    );
    for (body, patience, room, status, code) in [
        (
            Body::from_stream(Never),
            Duration::ZERO,
            1 << 20,
            408,
            "RequestTimeout",
        ),
        (
            Body::from_stream(Broken),
            LONG,
            1 << 20,
            400,
            "InvalidRequestContent",
        ),
        (Body::from("{}"), LONG, 1, 503, "ServerBusy"),
        (
            Body::from(vec![b' '; MOST_BODY_BYTES + 1]),
            LONG,
            1 << 30,
            413,
            "RequestContentTooLarge",
        ),
        (
            Body::from(vec![b' '; MOST_BODY_BYTES]),
            LONG,
            1 << 30,
            400,
            "LocationRequired",
        ),
    ] {
        let request = Request::put(&path)
            .header("host", "arm.test")
            .header("authorization", format!("Bearer {}", fixture.token))
            .extension(Connection { tls: true })
            .body(body)
            .expect("a request");
        let request = bounded(request, patience, &Room::of(room));
        let answer = fixture.arm.router().oneshot(request).await;
        let (parts, body) = answer.expect("a router does not fail").into_parts();
        assert_eq!(parts.status.as_u16(), status, "{code}");
        let body = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(body["error"]["code"], code, "{body}");
    }
    let after = fixture.world(|world, _| world.clone());
    assert_eq!(invariants::check_refusal(&before, &after), Ok(()));
}

/// Templates that are too much: refused at once, with Azure's code, and nothing of them is done.
#[tokio::test]
async fn templates_that_are_too_much_are_refused_by_code() {
    let fixture = Fixture::with_instance().await;
    let before = settled(&fixture);
    let depends = |name: &str, on: &str| {
        let mut one = vnet(name, "10.30");
        one["dependsOn"] = json!([on]);
        one
    };
    let many = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|at| vnet(&format!("n{at}"), "10.30"))
            .collect()
    };
    let named = |count: usize, value: Value| -> Value {
        let all = (0..count).map(|at| (format!("m{at}"), value.clone()));
        Value::Object(all.collect())
    };
    let child = |inner: Option<Value>, kind: &str| {
        let mut one =
            json!({"type": kind, "apiVersion": "2024-05-01", "name": "x", "properties": {}});
        if let Some(inner) = inner {
            one["resources"] = json!([inner]);
        }
        one
    };
    let deep = (0..7).fold(None, |inner, _| Some(child(inner, "a")));
    let long = format!("[concat('{}')]", "x".repeat(30_000));
    let nested = format!("[{}1{}]", "string(".repeat(60), ")".repeat(60));
    let output = |value: &str| json!({"outputs": {"o": {"type": "string", "value": value}}});
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        (
            "801 resources",
            json!({"resources": many(801)}),
            "InvalidTemplate",
            "Limit: '800' and actual: '801'",
        ),
        (
            "two that wait for each other",
            json!({"resources": [depends("a", "b"), depends("b", "a")]}),
            "InvalidTemplate",
            "Circular dependency detected",
        ),
        (
            "one that waits for itself",
            json!({"resources": [depends("a", "a")]}),
            "InvalidTemplate",
            "",
        ),
        (
            "257 parameters",
            json!({"parameters": named(257, json!({"type": "int", "defaultValue": 1}))}),
            "InvalidTemplate",
            "'256'",
        ),
        (
            "257 variables",
            json!({"variables": named(257, json!(1))}),
            "InvalidTemplate",
            "'256'",
        ),
        (
            "65 outputs",
            json!({"outputs": named(65, json!({"type": "int", "value": 1}))}),
            "InvalidTemplate",
            "'64'",
        ),
        (
            "variables that need each other",
            json!({"variables": {"a": "[variables('b')]", "b": "[variables('a')]"}, "resources": [vnet("[variables('a')]", "10.30")]}),
            "InvalidTemplate",
            "circular",
        ),
        (
            "resources seven deep",
            json!({"resources": [child(deep, "Microsoft.Network/virtualNetworks")]}),
            "InvalidTemplate",
            "",
        ),
        (
            "an expression of 30,000 characters",
            output(&long),
            "InvalidTemplate",
            "",
        ),
        (
            "calls 60 deep",
            output(&nested),
            "InvalidTemplate",
            "nested deeper",
        ),
    ];
    for (what, more, code, words) in cases {
        for path in [deployment("d"), deployment("d/validate")] {
            let method = if path.contains("validate") {
                "POST"
            } else {
                "PUT"
            };
            let asked = body(template(more.clone())).to_string();
            let reply = fixture.send(method, &path, Some(asked)).await;
            assert_eq!(
                (reply.status.as_u16(), reply.code()),
                (400, code),
                "{what}: {}",
                reply.text
            );
            assert!(reply.message().contains(words), "{what}: {}", reply.text);
        }
    }
    let large = body(template(
        json!({"metadata": {"text": "x".repeat(MOST_BODY_BYTES)}}),
    ));
    let reply = fixture.put(&deployment("d"), large).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code()),
        (413, "RequestContentTooLarge")
    );
    let text = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = body(template(json!({"variables": {"v": "DEEP"}})))
        .to_string()
        .replace("\"DEEP\"", &text);
    let reply = fixture.send("PUT", &deployment("d"), Some(text)).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code()),
        (400, "InvalidRequestContent")
    );
    let after = fixture.world(|world, _| world.clone());
    assert_eq!(invariants::check_refusal(&before, &after), Ok(()));
}

/// Loops of deployments in loops of deployments: a few lines that would be 800 times 800 times 800 templates.
#[tokio::test]
async fn loops_of_templates_come_to_an_end() {
    let fixture = Fixture::with_instance().await;
    let looped = |inner: Value| {
        template(json!({"resources": [{
            "type": "Microsoft.Resources/deployments",
            "apiVersion": "2024-11-01",
            "name": "[concat(deployment().name, '-', copyIndex())]",
            "copy": {"name": "c", "count": 800},
            "properties": {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"}, "template": inner},
        }]}))
    };
    let before = settled(&fixture);
    let all = looped(looped(looped(looped(template(json!({}))))));
    let asked = Some(body(all).to_string());
    let reply = fixture.send("POST", &deployment("d/validate"), asked).await;
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text);
    let after = fixture.world(|world, _| world.clone());
    assert_eq!(invariants::check_refusal(&before, &after), Ok(()));
    // What runs at once is bounded as well.
    let key = DeploymentKey {
        group: Some(Name::new("rg")),
        name: Name::new("d"),
    };
    let admit = |steps| after.azure.deployments.admit(&key, steps);
    assert_eq!(admit(MOST_STEPS), Ok(()));
    let refused = admit(MOST_STEPS + 1).expect_err("it is too much");
    assert!(
        matches!(refused, DeploymentRefusal::Steps { .. }),
        "{refused}"
    );
}
