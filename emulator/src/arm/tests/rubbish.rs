//! Nothing that is sent makes the server fail: not the strangest path, version or body.

use serde_json::json;

use super::support::{Fixture, LINKS, SUBSCRIPTION, in_group};

/// Requests put together at random from pieces of good ones.
#[tokio::test]
async fn rubbish_is_refused_and_nothing_else() {
    let fixture = Fixture::with_instance().await;
    let link = json!({"properties": {"databases": [{"databaseName": "orders"}], "instanceAvailabilityGroupName": "a",
        "partnerAvailabilityGroupName": "b", "partnerEndpoint": "tcp://10.0.0.4:5022", "seedingMode": "Automatic"}});
    fixture
        .put(
            &in_group(
                "Microsoft.Sql/managedInstances/mi/distributedAvailabilityGroups/DAG",
                LINKS,
            ),
            link.clone(),
        )
        .await;
    let words = [
        "subscriptions",
        SUBSCRIPTION,
        "resourceGroups",
        "rg",
        "providers",
        "Microsoft.Sql",
        "Microsoft.Network",
        "managedInstances",
        "mi",
        "databases",
        "orders",
        "distributedAvailabilityGroups",
        "DAG",
        "serverTrustCertificates",
        "endpointCertificates",
        "DATABASE_MIRRORING",
        "operations",
        "cancel",
        "failover",
        "locations",
        "westeurope",
        "capabilities",
        "managedInstanceAzureADOnlyAuthentications",
        "distributedAvailabilityGroupsOperationResults",
        "virtualNetworks",
        "vnet",
        "subnets",
        "networkSecurityGroups",
        "securityRules",
        "routeTables",
        "administrators",
        "ActiveDirectory",
        "resources",
        "operationresults",
        "tenants",
        "metadata",
        "oauth2",
        "token",
        "x",
        "%41",
        "%00",
        "%F0%9F%98%80",
        "a%2Fb",
        "'",
        "..",
        "",
    ];
    let bodies = [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{\"properties\":[]}".to_owned(),
        "{\"properties\":{\"databases\":[null,7]},\"tags\":[1],\"location\":{}}".to_owned(),
        "{\"location\":\"westeurope\",\"properties\":{\"subnets\":[{}],\"addressSpace\":{\"addressPrefixes\":[\"10.0.0.0/0\"]}}}".to_owned(),
        "{\"location\":\"westeurope\",\"properties\":{\"addressPrefix\":\"0.0.0.0/0\",\"securityRules\":[{}],\"routes\":[{\"properties\":{}}]}}".to_owned(),
        link.to_string(),
        super::support::instance_body().to_string(),
        "{'a':".repeat(63),
        "\u{0}\u{ffff}".to_owned(),
    ];
    let versions = [
        "",
        "?api-version=2021-11-01",
        "?api-version=2024-11-01",
        "?api-version=2025-08-01-preview",
        "?api-version=x&$filter='&$top=0&$skipToken=GG",
        "?%zz=&api-version=2022-12-01&$skipToken=4%C3%A4",
    ];
    let methods = [
        "GET", "PUT", "PATCH", "POST", "DELETE", "HEAD", "OPTIONS", "TRACE",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut pick = |count: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % count as u64) as usize
    };
    for round in 0..4_000 {
        let mut path = match pick(3) {
            0 => String::new(),
            1 => format!(
                "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi"
            ),
            _ => format!("/subscriptions/{SUBSCRIPTION}"),
        };
        for _ in 0..pick(7) {
            path.push('/');
            path.push_str(words[pick(words.len())]);
        }
        if path.is_empty() {
            path.push('/');
        }
        path.push_str(versions[pick(versions.len())]);
        let method = methods[pick(methods.len())];
        let body = bodies[pick(bodies.len())].clone();
        let reply = fixture.send(method, &path, Some(body.clone())).await;
        assert!(
            reply.status.as_u16() < 500,
            "round {round}: {method} {path} {body}: {}",
            reply.text
        );
        if reply.status.as_u16() >= 400 && method != "HEAD" {
            assert!(
                reply.body.get("error").is_some(),
                "round {round}: {method} {path} {body}: {}",
                reply.text
            );
        }
        fixture.advance(milink_core::time::Span::milliseconds(5));
    }
    let laws = fixture.world(|world, _| milink_core::invariants::check(world));
    assert_eq!(laws, Ok(()));
}
