//! Instance failover groups: made, shown in both regions, changed, failed over, deleted, and what is refused.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, Reply, SUBSCRIPTION, in_group, instance_body};

const VERSION: &str = "2023-08-01";
const NETWORK: &str = "2024-05-01";
const WEST: &str = "westeurope";
const NORTH: &str = "northeurope";

fn group(location: &str, tail: &str) -> String {
    in_group(
        &format!("Microsoft.Sql/locations/{location}/instanceFailoverGroups{tail}"),
        VERSION,
    )
}

fn id(tail: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/{tail}")
}

fn instance(name: &str) -> String {
    id(&format!("Microsoft.Sql/managedInstances/{name}"))
}

fn network(name: &str) -> String {
    format!("Microsoft.Network/virtualNetworks/{name}")
}

/// `mi` in westeurope, and `mi2` in northeurope with its DNS zone, in networks that are peered.
async fn stage() -> Fixture {
    let fixture = Fixture::with_instance().await;
    let body = json!({"location": NORTH, "properties": {
        "addressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
        "subnets": [{"name": "mi", "properties": {
            "addressPrefix": "10.2.1.0/24",
            "delegations": [{"name": "0", "properties": {"serviceName": "Microsoft.Sql/managedInstances"}}],
        }}],
    }});
    put(&fixture, &in_group(&network("dr"), NETWORK), body).await;
    for (near, far) in [("vnet", "dr"), ("dr", "vnet")] {
        let path = format!("{}/virtualNetworkPeerings/to-{far}", network(near));
        let body = json!({"properties": {
            "remoteVirtualNetwork": {"id": id(&network(far))},
            "allowVirtualNetworkAccess": true,
        }});
        put(&fixture, &in_group(&path, NETWORK), body).await;
    }
    let mut body = instance_body();
    body["location"] = NORTH.into();
    body["properties"]["subnetId"] = format!("{}/subnets/mi", id(&network("dr"))).into();
    body["properties"]["dnsZonePartner"] = instance("mi").into();
    let path = in_group("Microsoft.Sql/managedInstances/mi2", VERSION);
    put(&fixture, &path, body).await;
    fixture.advance(Span::minutes(1));
    fixture
}

async fn put(fixture: &Fixture, path: &str, body: Value) -> Reply {
    let reply = fixture.put(path, body).await;
    assert!(reply.status.is_success(), "{path}: {}", reply.text);
    fixture.advance(Span::seconds(30));
    reply
}

fn body() -> Value {
    json!({"properties": {
        "readWriteEndpoint": {"failoverPolicy": "Manual"},
        "partnerRegions": [{"location": "North Europe"}],
        "managedInstancePairs": [{
            "primaryManagedInstanceId": instance("mi"),
            "partnerManagedInstanceId": instance("mi2"),
        }],
    }})
}

async fn succeed(fixture: &Fixture, reply: &Reply) {
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    let ended = fixture.finish(reply).await;
    assert_eq!(ended.body["status"], "Succeeded", "{}", ended.text);
}

async fn roles(fixture: &Fixture) -> [String; 2] {
    let mut roles = [String::new(), String::new()];
    for (role, location) in roles.iter_mut().zip([WEST, NORTH]) {
        let shown = fixture.get(&group(location, "/fog")).await;
        let found = shown.body["properties"]["replicationRole"].as_str();
        *role = found.unwrap_or("none").to_owned();
    }
    roles
}

async fn post(fixture: &Fixture, location: &str, action: &str) -> Reply {
    let path = group(location, &format!("/fog/{action}"));
    fixture.send("POST", &path, None).await
}

#[tokio::test]
async fn a_group_is_made_shown_changed_failed_over_and_deleted() {
    let fixture = stage().await;
    let accepted = fixture.put(&group(WEST, "/fog"), body()).await;
    assert!(
        accepted
            .header("azure-asyncoperation")
            .contains("/locations/westeurope/instanceFailoverGroupAzureAsyncOperation/"),
        "{}",
        accepted.text
    );
    succeed(&fixture, &accepted).await;
    fixture.advance(Span::minutes(1));
    let shown = fixture.get(&group(WEST, "/FOG")).await;
    expect_test::expect![[r#"{"id":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/locations/westeurope/instanceFailoverGroups/fog","name":"fog","properties":{"managedInstancePairs":[{"partnerManagedInstanceId":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi2","primaryManagedInstanceId":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi"}],"partnerRegions":[{"location":"northeurope","replicationRole":"Secondary"}],"readOnlyEndpoint":{"failoverPolicy":"Disabled"},"readWriteEndpoint":{"failoverPolicy":"Manual"},"replicationRole":"Primary","replicationState":"CATCH_UP","secondaryType":"Geo"},"type":"Microsoft.Sql/locations/instanceFailoverGroups"}"#]].assert_eq(&shown.text);
    assert_eq!(roles(&fixture).await, ["Primary", "Secondary"]);
    for (location, count) in [(WEST, 1), (NORTH, 1), ("westus", 0)] {
        let list = fixture.get(&group(location, "")).await;
        let rows = list.body["value"].as_array().expect("a list").len();
        assert_eq!(rows, count, "{location}: {}", list.text);
    }

    // What was read can be sent back, with what is to change.
    let mut changed = shown.body.clone();
    changed["properties"]["readWriteEndpoint"] =
        json!({"failoverPolicy": "Automatic", "failoverWithDataLossGracePeriodMinutes": 60});
    changed["properties"]["secondaryType"] = "Standby".into();
    let reply = fixture.put(&group(WEST, "/fog"), changed).await;
    succeed(&fixture, &reply).await;
    let properties = fixture.get(&group(WEST, "/fog")).await.body["properties"].clone();
    assert_eq!(properties["secondaryType"], "Standby");
    let grace = &properties["readWriteEndpoint"]["failoverWithDataLossGracePeriodMinutes"];
    assert_eq!(*grace, 60);

    let refused = post(&fixture, WEST, "failover").await;
    assert_eq!(
        refused.code(),
        "InstanceFailoverGroupFailoverRequestOnPrimary"
    );
    for (to, action) in [(NORTH, "failover"), (WEST, "forceFailoverAllowDataLoss")] {
        let reply = post(&fixture, to, action).await;
        succeed(&fixture, &reply).await;
        fixture.advance(Span::minutes(1));
        let expected = match to {
            NORTH => ["Secondary", "Primary"],
            _ => ["Primary", "Secondary"],
        };
        assert_eq!(roles(&fixture).await, expected, "{action}");
        let result = fixture.get(reply.header("location")).await;
        assert_eq!(result.body["properties"]["replicationRole"], "Primary");
    }
    // That is an action of logical servers' groups.
    let unknown = post(&fixture, NORTH, "tryPlannedBeforeForcedFailover").await;
    assert!(unknown.status.is_client_error(), "{}", unknown.text);

    let refused = fixture.delete(&group(NORTH, "/fog")).await;
    assert_eq!(
        refused.code(),
        "InstanceFailoverGroupUpdateOrDeleteRequestOnSecondary"
    );
    let reply = fixture.delete(&group(WEST, "/fog")).await;
    succeed(&fixture, &reply).await;
    assert_eq!(roles(&fixture).await, ["none", "none"]);
    let gone = fixture.delete(&group(WEST, "/fog")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn bodies_that_are_no_groups_are_refused() {
    let fixture = stage().await;
    let with = |pointer: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(pointer).expect("it is there") = value;
        body
    };
    let automatic = |minutes: Value| json!({"failoverPolicy": "Automatic", "failoverWithDataLossGracePeriodMinutes": minutes});
    let region = json!({"location": "northeurope"});
    let endpoint = "/properties/readWriteEndpoint";
    let pair = "/properties/managedInstancePairs/0";
    const REQUEST: &str = "InstanceFailoverGroupCreateOrUpdateRequest";
    let cases = [
        (json!({}), "+Invalid"),
        (json!({"properties": {}}), "+Invalid"),
        (
            with("/properties/partnerRegions", json!([])),
            "+InvalidPartner",
        ),
        (
            with("/properties/partnerRegions", json!([region, region])),
            "+UnsupportedPartnerCount",
        ),
        (
            with("/properties/partnerRegions/0", json!({})),
            "+InvalidManagedInstanceRegion",
        ),
        (
            with("/properties/partnerRegions/0/location", json!("westus")),
            "+InvalidManagedInstanceRegion",
        ),
        (
            with("/properties/managedInstancePairs", json!([])),
            "+InvalidPartner",
        ),
        (
            with("/properties/managedInstancePairs", json!([{}, {}])),
            "+UnsupportedPairCount",
        ),
        (with(pair, json!({})), "+InvalidPrimary"),
        (
            with(&format!("{pair}/partnerManagedInstanceId"), json!("mi2")),
            "+InvalidPartner",
        ),
        (
            with(
                &format!("{pair}/partnerManagedInstanceId"),
                json!(instance("mi")),
            ),
            "+DuplicatePartner",
        ),
        (
            with(
                &format!("{pair}/partnerManagedInstanceId"),
                json!(instance("no")),
            ),
            "ServerNotInSubscriptionResourceGroup",
        ),
        (with(endpoint, json!(null)), "+InvalidReadWriteEndpoint"),
        (
            with(endpoint, json!({"failoverPolicy": "Perhaps"})),
            "+InvalidReadWriteFailoverPolicy",
        ),
        (
            with(endpoint, json!({"failoverPolicy": "Automatic"})),
            "+InvalidReadWriteEndpointFields",
        ),
        (
            with(
                endpoint,
                json!({"failoverPolicy": "Manual", "failoverWithDataLossGracePeriodMinutes": 60}),
            ),
            "+InvalidReadWriteEndpointFieldsForManualPolicy",
        ),
        (
            with(endpoint, automatic(json!(-1))),
            "+NegativeGracePeriodValues",
        ),
        (
            with(endpoint, automatic(json!(59))),
            "+LessThanMinimumGracePeriodValues",
        ),
        (
            with(endpoint, automatic(json!(9_000_000_000_i64))),
            "+InvalidReadWriteEndpointFields",
        ),
    ];
    for (body, code) in cases {
        let expected = code.replace('+', REQUEST);
        let reply = fixture.put(&group(WEST, "/fog"), body.clone()).await;
        assert_eq!(reply.code(), expected, "{body}: {}", reply.text);
    }
    let elsewhere = fixture.put(&group(NORTH, "/fog"), body()).await;
    assert_eq!(elsewhere.code(), format!("{REQUEST}InvalidPrimary"));
    let none = post(&fixture, NORTH, "failover").await;
    assert_eq!(none.code(), "InstanceFailoverGroupDoesNotExist");
    assert_eq!(
        fixture.get(&group(WEST, "/fog")).await.status,
        StatusCode::NOT_FOUND
    );

    // Without the peering nothing comes through.
    let peering = format!("{}/virtualNetworkPeerings/to-dr", network("vnet"));
    fixture.delete(&in_group(&peering, NETWORK)).await;
    fixture.advance(Span::minutes(1));
    let reply = fixture.put(&group(WEST, "/fog"), body()).await;
    assert_eq!(
        reply.code(),
        "InstanceFailoverGroupIncorrectNetworkingConfiguration"
    );
}
