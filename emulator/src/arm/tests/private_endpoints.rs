//! Private endpoints from both sides, their interfaces, private zones, and peerings.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, SUBSCRIPTION, in_group};

const VERSION: &str = "2024-05-01";

fn network(tail: &str) -> String {
    in_group(&format!("Microsoft.Network/{tail}"), VERSION)
}

fn instance(tail: &str) -> String {
    in_group(
        &format!("Microsoft.Sql/managedInstances/mi{tail}"),
        "2021-11-01",
    )
}

fn zone(tail: &str) -> String {
    in_group(
        &format!("Microsoft.Network/privateDnsZones/z.test{tail}"),
        "2024-06-01",
    )
}

fn id(path: &str) -> String {
    let path = path.split('?').next().expect("a path");
    path.replace("/S/", &format!("/{SUBSCRIPTION}/"))
}

/// A network beside that of the instance.
async fn stage() -> Fixture {
    let fixture = Fixture::with_instance().await;
    let body = json!({"location": "westeurope", "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"name": "pe", "properties": {"addressPrefix": "10.9.1.0/24"}}],
    }});
    let reply = fixture.put(&network("virtualNetworks/app"), body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    fixture.advance(Span::seconds(1));
    fixture
}

fn endpoint(list: &str, groups: Value) -> Value {
    let mut body = json!({"location": "westeurope", "properties": {
        "subnet": {"id": id(&network("virtualNetworks/app/subnets/pe"))},
    }});
    body["properties"][list] = json!([{"name": "c", "properties": {
        "privateLinkServiceId": id(&instance("")),
        "groupIds": groups,
        "requestMessage": "please",
    }}]);
    body
}

const MANUAL: &str = "manualPrivateLinkServiceConnections";

#[tokio::test]
async fn a_connection_is_asked_for_approved_and_cut() {
    let fixture = stage().await;
    let path = network("privateEndpoints/pe1");
    let reply = fixture
        .put(&path, endpoint(MANUAL, json!(["managedInstance"])))
        .await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let state = |body: &Value| {
        body["properties"][MANUAL][0]["properties"]["privateLinkServiceConnectionState"].clone()
    };
    assert_eq!(state(&reply.body)["status"], "Pending");
    let listed = fixture.get(&instance("/privateEndpointConnections")).await;
    let name = listed.body["value"][0]["name"]
        .as_str()
        .expect("a connection")
        .to_owned();
    assert!(name.starts_with("pe1-"), "{name}");
    let connection = instance(&format!("/privateEndpointConnections/{name}"));
    let said = |status: &str| json!({"properties": {"privateLinkServiceConnectionState": {"status": status, "description": "fine"}}});
    for (body, code) in [
        (json!({}), "NullPrivateEndpointConnectionProperties"),
        (
            json!({"properties": {}}),
            "NullRemotePrivateLinkServiceConnectionState",
        ),
        (
            json!({"properties": {"privateLinkServiceConnectionState": {}}}),
            "NullRemotePrivateLinkServiceConnectionStateStatus",
        ),
        (
            said("Perhaps"),
            "IncorrectPrivateLinkServiceConnectionStateStatus",
        ),
    ] {
        assert_eq!(fixture.put(&connection, body).await.code(), code);
    }
    let missing = instance("/privateEndpointConnections/none");
    let refused = fixture.put(&missing, said("Approved")).await;
    assert_eq!(refused.code(), "PrivateEndpointConnectionDoesNotExist");
    let reply = fixture.put(&connection, said("Approved")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let again = fixture.put(&connection, said("Rejected")).await;
    assert_eq!(again.code(), "PrivateEndpointConnectionStatusNotPending");
    fixture.advance(Span::seconds(1));
    let shown = fixture.get(&path).await.body;
    assert_eq!(state(&shown)["status"], "Approved");
    assert_eq!(state(&shown)["description"], "fine");
    let nic = shown["properties"]["networkInterfaces"][0]["id"]
        .as_str()
        .expect("an interface");
    let nic = format!("{nic}?api-version={VERSION}");
    let interface = fixture.get(&nic).await.body;
    let address = &interface["properties"]["ipConfigurations"][0]["properties"]["privateIPAddress"];
    assert_eq!(address, "10.9.1.4");
    let refused = fixture.delete(&nic).await;
    assert_eq!(refused.code(), "NicInUseWithPrivateEndpoint");
    let refused = fixture.delete(&network("virtualNetworks/app")).await;
    assert_eq!(refused.code(), "InUseSubnetCannotBeDeleted");
    // The provider cuts it; the consumer is left with an endpoint that leads nowhere.
    assert_eq!(fixture.delete(&connection).await.status, StatusCode::OK);
    assert_eq!(
        fixture.delete(&connection).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        state(&fixture.get(&path).await.body)["status"],
        "Disconnected"
    );
    let listed = fixture.get(&instance("/privateEndpointConnections")).await;
    assert_eq!(listed.body["value"], json!([]));
    assert_eq!(fixture.delete(&path).await.status, StatusCode::ACCEPTED);
    assert_eq!(fixture.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_an_endpoint_is_said() {
    let fixture = stage().await;
    let good = || endpoint(MANUAL, json!(["managedInstance"]));
    let mut two = good();
    two["properties"]["privateLinkServiceConnections"] = two["properties"][MANUAL].clone();
    let mut elsewhere = good();
    elsewhere["properties"]["subnet"]["id"] =
        json!(id(&network("virtualNetworks/app/subnets/none")));
    let mut delegated = good();
    delegated["properties"]["subnet"]["id"] =
        json!(id(&network("virtualNetworks/vnet/subnets/mi")));
    let mut nobody = good();
    let wrong = in_group("Microsoft.Sql/managedInstances/nobody", "2021-11-01");
    nobody["properties"][MANUAL][0]["properties"]["privateLinkServiceId"] = json!(id(&wrong));
    let mut chatty = good();
    chatty["properties"][MANUAL][0]["properties"]["requestMessage"] = json!("x".repeat(141));
    for (body, code) in [
        (two, "PrivateEndpointInvalidNumberOfConnections"),
        (
            endpoint(MANUAL, json!(["sqlServer"])),
            "PrivateEndpointInvalidGroupIds",
        ),
        (elsewhere, "InvalidResourceReference"),
        (
            delegated,
            "PrivateEndpointCannotBeCreatedInSubnetThatHasDelegation",
        ),
        (nobody, "InvalidResourceReference"),
    ] {
        let reply = fixture.put(&network("privateEndpoints/bad"), body).await;
        assert_eq!(reply.code(), code, "{}", reply.text);
    }
    let reply = fixture.put(&network("privateEndpoints/bad"), chatty).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
    assert_eq!(
        fixture.get(&network("privateEndpoints/bad")).await.status,
        StatusCode::NOT_FOUND
    );
    let automatic = endpoint("privateLinkServiceConnections", json!(["managedInstance"]));
    let reply = fixture
        .put(&network("privateEndpoints/auto"), automatic)
        .await;
    let connection = &reply.body["properties"]["privateLinkServiceConnections"][0]["properties"];
    let state = &connection["privateLinkServiceConnectionState"];
    assert_eq!(state["status"], "Approved", "{}", reply.text);
    assert_eq!(state["description"], "Auto-approved");
}

#[tokio::test]
async fn private_zones_have_records_and_links() {
    let fixture = stage().await;
    let record = zone("/A/mi");
    let body = json!({"properties": {"ttl": 10, "aRecords": [{"ipv4Address": "10.9.1.4"}]}});
    assert_eq!(
        fixture.put(&record, body.clone()).await.code(),
        "ParentResourceNotFound"
    );
    let refused = fixture
        .put(&zone(""), json!({"location": "westeurope"}))
        .await;
    assert_eq!(refused.code(), "LocationNotAvailableForResourceType");
    let made = fixture.put(&zone(""), json!({"location": "global"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let made = fixture.put(&record, body.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.body["properties"]["fqdn"], "mi.z.test.");
    assert_eq!(fixture.put(&record, body).await.status, StatusCode::OK);
    let alias = json!({"properties": {"ttl": 10, "cnameRecord": {"cname": "x.test"}}});
    assert_eq!(
        fixture.put(&zone("/CNAME/mi"), alias).await.status,
        StatusCode::BAD_REQUEST
    );
    let link = zone("/virtualNetworkLinks/app");
    let body = json!({"location": "global", "properties": {
        "virtualNetwork": {"id": id(&network("virtualNetworks/app"))},
        "registrationEnabled": false,
        "resolutionPolicy": "NxDomainRedirect",
    }});
    let made = fixture.put(&link, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(
        made.body["properties"]["resolutionPolicy"],
        "NxDomainRedirect"
    );
    let shown = fixture.get(&zone("")).await.body;
    assert_eq!(shown["properties"]["numberOfVirtualNetworkLinks"], 1);
    assert_eq!(shown["properties"]["numberOfRecordSets"], 2);
    let all = fixture.get(&zone("/ALL")).await.body;
    assert_eq!(all["value"].as_array().map(Vec::len), Some(1));
    assert_eq!(fixture.delete(&zone("")).await.code(), "ResourceInUse");
    assert_eq!(fixture.delete(&link).await.status, StatusCode::OK);
    assert_eq!(fixture.delete(&record).await.status, StatusCode::OK);
    assert_eq!(fixture.delete(&record).await.status, StatusCode::NO_CONTENT);
    assert_eq!(fixture.delete(&zone("")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_peering_needs_both_halves() {
    let fixture = stage().await;
    let half = |network: &str| {
        self::network(&format!(
            "virtualNetworks/{network}/virtualNetworkPeerings/p"
        ))
    };
    let body = |remote: &str| {
        let remote = id(&self::network(&format!("virtualNetworks/{remote}")));
        json!({"properties": {"remoteVirtualNetwork": {"id": remote}}})
    };
    let made = fixture.put(&half("app"), body("vnet")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.body["properties"]["peeringState"], "Initiated");
    let made = fixture.put(&half("vnet"), body("app")).await;
    assert_eq!(made.body["properties"]["peeringState"], "Connected");
    let shown = fixture.get(&network("virtualNetworks/app")).await.body;
    assert_eq!(
        shown["properties"]["virtualNetworkPeerings"][0]["properties"]["peeringState"],
        "Connected"
    );
    assert_eq!(
        fixture.delete(&half("vnet")).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        fixture.get(&half("app")).await.body["properties"]["peeringState"],
        "Disconnected"
    );
    let refused = fixture.put(&half("app"), body("app")).await;
    assert_eq!(refused.code(), "VnetAddressSpacesOverlap");
}
