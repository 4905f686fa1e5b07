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
    let all = all["value"].as_array().expect("a list").iter();
    let all: Vec<_> = all.map(|set| set["name"].clone()).collect();
    assert_eq!(all, ["@", "mi"], "the zone's own SOA is among them");
    assert_eq!(fixture.delete(&zone("")).await.code(), "ResourceInUse");
    assert_eq!(fixture.delete(&link).await.status, StatusCode::OK);
    assert_eq!(fixture.delete(&record).await.status, StatusCode::OK);
    assert_eq!(fixture.delete(&record).await.status, StatusCode::NO_CONTENT);
    assert_eq!(fixture.delete(&zone("")).await.status, StatusCode::OK);
}

/// As `az network private-dns record-set a create`, then `add-record`, then `update` go about it.
#[tokio::test]
async fn a_record_set_begins_empty_and_keeps_what_a_patch_leaves_out() {
    let fixture = stage().await;
    let made = fixture.put(&zone(""), json!({"location": "global"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    for kind in ["A", "AAAA", "CNAME", "MX", "PTR", "SRV", "TXT"] {
        let empty = json!({"properties": {"metadata": {"owner": kind}}});
        let made = fixture.put(&zone(&format!("/{kind}/{kind}1")), empty).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(made.body["properties"]["metadata"]["owner"], kind);
        assert_eq!(made.body["properties"]["ttl"], 3600);
    }
    let record = zone("/A/A1");
    let addresses = |all: &[&str]| {
        let all: Vec<_> = all.iter().map(|one| json!({"ipv4Address": one})).collect();
        json!({"properties": {"ttl": 60, "aRecords": all}})
    };
    let twice = fixture.put(&record, addresses(&["10.0.0.9", "10.0.0.9"]));
    assert_eq!(twice.await.code(), "BadRequest");
    let written = fixture.put(&record, addresses(&["10.0.0.9"])).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text);
    let patched = fixture
        .patch(&record, json!({"properties": {"ttl": 33}}))
        .await;
    assert_eq!(patched.body["properties"]["ttl"], 33, "{}", patched.text);
    assert_eq!(
        patched.body["properties"]["aRecords"][0]["ipv4Address"],
        "10.0.0.9"
    );
    let nothing = fixture.patch(&zone("/A/nothing"), json!({})).await;
    assert_eq!(nothing.code(), "ResourceNotFound");
    let own = fixture.get(&zone("/SOA/@")).await;
    assert_eq!(
        own.body["properties"]["soaRecord"]["host"],
        "azureprivatedns.net"
    );
    let single = in_group("Microsoft.Network/privateDnsZones/single", "2024-06-01");
    let refused = fixture.put(&single, json!({"location": "global"})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
}

#[tokio::test]
async fn records_of_every_kind_are_kept_as_they_are_written() {
    let fixture = stage().await;
    fixture.put(&zone(""), json!({"location": "global"})).await;
    let service = json!({"priority": 1, "weight": 5, "port": 1433, "target": "db.z.test"});
    for (kind, member, records) in [
        ("AAAA", "aaaaRecords", json!([{"ipv6Address": "fd00::9"}])),
        (
            "MX",
            "mxRecords",
            json!([{"preference": 10, "exchange": "mail.z.test"}]),
        ),
        ("PTR", "ptrRecords", json!([{"ptrdname": "db.z.test"}])),
        ("SRV", "srvRecords", json!([service])),
        ("TXT", "txtRecords", json!([{"value": ["one", "two"]}])),
    ] {
        let path = zone(&format!("/{kind}/name"));
        let made = fixture
            .put(&path, json!({"properties": {"ttl": 60, member: records}}))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        let shown = fixture.get(&path).await.body;
        assert_eq!(shown["properties"][member], records);
        assert_eq!(
            shown["type"],
            format!("Microsoft.Network/privateDnsZones/{kind}")
        );
        let of_kind = fixture.get(&zone(&format!("/{kind}"))).await.body;
        assert_eq!(of_kind["value"], json!([shown]));
        let twice = json!([records[0], records[0]]);
        let refused = fixture.put(&path, json!({"properties": {member: twice}}));
        assert_eq!(refused.await.code(), "BadRequest");
    }
    for (kind, properties) in [
        (
            "AAAA",
            json!({"aaaaRecords": [{"ipv6Address": "10.0.0.1"}]}),
        ),
        (
            "MX",
            json!({"mxRecords": [{"preference": 70_000, "exchange": "a.test"}]}),
        ),
        ("MX", json!({"mxRecords": [{"preference": 1}]})),
        (
            "MX",
            json!({"mxRecords": [{"preference": 1, "exchange": "a..test"}]}),
        ),
        (
            "SRV",
            json!({"srvRecords": [{"priority": 1, "weight": -1, "port": 1, "target": "a"}]}),
        ),
        ("PTR", json!({"ptrRecords": [{"ptrdname": ""}]})),
        ("CNAME", json!({"cnameRecord": {"cname": "x.test"}})),
    ] {
        let refused = fixture
            .put(
                &zone(&format!("/{kind}/name")),
                json!({"properties": properties}),
            )
            .await;
        assert_eq!(
            refused.status,
            StatusCode::BAD_REQUEST,
            "{kind} {}",
            refused.text
        );
    }
    let own = zone("/SOA/@");
    let soa = |member: &str, value: serde_json::Value| json!({"properties": {"soaRecord": {member: value}}});
    let written = fixture.put(&own, soa("retryTime", json!(77))).await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text);
    assert_eq!(written.body["properties"]["soaRecord"]["retryTime"], 77);
    assert_eq!(
        written.body["properties"]["soaRecord"]["refreshTime"],
        3_600
    );
    for (member, value) in [("host", json!("mine.test")), ("email", json!("a@b c"))] {
        let refused = fixture.put(&own, soa(member, value)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    }
}

#[tokio::test]
async fn an_address_that_was_asked_for_stays() {
    let fixture = stage().await;
    let path = network("privateEndpoints/pe1");
    let with = |address: &str| {
        let mut body = endpoint(MANUAL, json!(["managedInstance"]));
        body["properties"]["ipConfigurations"] = json!([{"name": "ip1", "properties": {
            "groupId": "managedInstance",
            "memberName": "managedInstance",
            "privateIPAddress": address,
        }}]);
        body
    };
    let made = fixture.put(&path, with("10.9.1.77")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let shown = made.body["properties"]["ipConfigurations"][0].clone();
    assert_eq!(shown["name"], "ip1");
    assert_eq!(shown["properties"]["memberName"], "managedInstance");
    assert_eq!(shown["properties"]["privateIPAddress"], "10.9.1.77");
    fixture.advance(Span::seconds(1));
    assert_eq!(
        fixture.put(&path, with("10.9.1.77")).await.status,
        StatusCode::OK
    );
    let mut none = with("10.9.1.77");
    none["properties"]["ipConfigurations"] = json!([]);
    for other in [with("10.9.1.78"), none] {
        let refused = fixture.put(&path, other).await;
        assert_eq!(refused.code(), "PrivateEndpointCannotBeUpdated");
    }
}

#[tokio::test]
async fn what_an_endpoint_cannot_have_here_is_named() {
    let fixture = stage().await;
    let path = network("privateEndpoints/pe1");
    let mut grouped = endpoint(MANUAL, json!(["managedInstance"]));
    grouped["properties"]["applicationSecurityGroups"] =
        json!([{"id": id(&network("applicationSecurityGroups/g"))}]);
    let mut edge = endpoint(MANUAL, json!(["managedInstance"]));
    edge["extendedLocation"] = json!({"name": "x", "type": "EdgeZone"});
    for (body, named) in [(grouped, "application security group"), (edge, "edge zone")] {
        let refused = fixture.put(&path, body).await;
        assert_eq!(refused.code(), "OperationNotSupportedByMilink");
        assert!(refused.text.contains(named), "{}", refused.text);
    }
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
