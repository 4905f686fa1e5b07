//! Rules of every resource: paths, api-versions, the order of checks, headers, paging, bodies, groups, networks.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, SUBSCRIPTION, TENANT, in_group};

#[tokio::test]
async fn paths_are_read_in_any_case_and_ids_written_in_one() {
    let fixture = Fixture::with_instance().await;
    let tail = "providers/MICROSOFT.sql/managedinstances/MI";
    let mut texts = Vec::new();
    for path in [
        format!("/Subscriptions/{SUBSCRIPTION}/resourcegroups/RG/{tail}?api-version=2021-11-01"),
        format!(
            "//subscriptions/{}//resourceGroups/rg/{tail}/?API-VERSION=2021-11-01",
            SUBSCRIPTION.to_uppercase()
        ),
    ] {
        let reply = fixture.get(&path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
        texts.push(reply.text);
    }
    assert_eq!(texts[0], texts[1]);
    let there = in_group("Microsoft.Sql/managedInstances/mi", "2021-11-01");
    let head = fixture.send("HEAD", &there, None).await;
    assert_eq!(
        (head.status, head.text.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
    let none = in_group("Microsoft.Sql/managedInstances/none", "2021-11-01");
    assert_eq!(
        fixture.send("HEAD", &none, None).await.status,
        StatusCode::NOT_FOUND
    );
    assert!(texts[0].contains(&format!("\"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi\"")));
}

#[tokio::test]
async fn checks_come_in_order() {
    let fixture = Fixture::with_instance().await;
    let sql = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Sql";
    let other = TENANT;
    let cases: Vec<(&str, String, u16, &str)> = vec![
        ("GET", "/subscriptions".to_owned(), 400, "MissingApiVersionParameter"),
        ("GET", "/subscriptions?api-version=latest".to_owned(), 400, "InvalidApiVersionParameter"),
        ("GET", "/subscriptions?api-version=2021-03-03".to_owned(), 400, "InvalidApiVersionParameter"),
        ("GET", "/subscriptions/x/resourceGroups/none?api-version=2024-11-01".to_owned(), 400, "InvalidSubscriptionId"),
        ("GET", format!("/subscriptions/{other}?api-version=2022-12-01"), 404, "SubscriptionNotFound"),
        ("GET", "/subscriptions/S/resourceGroups/none?api-version=2024-11-01".to_owned(), 404, "ResourceGroupNotFound"),
        ("GET", "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Sequel/x/y?api-version=2021-11-01".to_owned(), 404, "InvalidResourceNamespace"),
        ("GET", format!("{sql}/managedInstants/mi?api-version=2021-11-01"), 404, "InvalidResourceType"),
        ("GET", format!("{sql}/managedInstances/mi/hybridLink/x?api-version=2021-11-01"), 404, "InvalidResourceType"),
        ("GET", format!("{sql}/managedInstances/mi?api-version=2021-11-02"), 400, "NoRegisteredProviderFound"),
        ("GET", format!("{sql}/managedInstances/mi/distributedAvailabilityGroups?api-version=2020-11-01-preview"), 400, "NoRegisteredProviderFound"),
        ("GET", "/subscriptions/S/resourceGroups/none/providers/Microsoft.Sql/managedInstances/mi?api-version=2021-11-01".to_owned(), 404, "ResourceGroupNotFound"),
        ("GET", format!("{sql}/managedInstances/none?api-version=2021-11-01"), 404, "ResourceNotFound"),
        ("GET", format!("{sql}/managedInstances/none/distributedAvailabilityGroups?api-version=2021-11-01"), 404, "ParentResourceNotFound"),
        ("POST", format!("{sql}/managedInstances/none/distributedAvailabilityGroups/l/failover?api-version=2023-08-01"), 404, "ResourceNotFound"),
        ("GET", format!("{sql}/managedInstances/mi/distributedAvailabilityGroups/none?api-version=2021-11-01"), 404, "ResourceNotFound"),
        ("GET", format!("{sql}/managedInstances/mi/dnsAliases?api-version=2021-11-01"), 400, "OperationNotSupportedByMilink"),
        ("POST", format!("{sql}/managedInstances/mi/refreshExternalGovernanceStatus?api-version=2024-05-01-preview"), 400, "OperationNotSupportedByMilink"),
        ("PUT", "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Resources/deploymentStacks/d?api-version=2024-11-01".to_owned(), 400, "OperationNotSupportedByMilink"),
        ("POST", format!("{sql}/managedInstances/mi?api-version=2021-11-01"), 405, "HttpMethodNotSupported"),
        ("PATCH", "/subscriptions?api-version=2022-12-01".to_owned(), 405, "HttpMethodNotSupported"),
        ("GET", format!("{sql}/locations/westeurope/managedInstanceAzureAsyncOperation/{other}?api-version=2021-11-01"), 404, "OperationIdNotFound"),
        ("GET", format!("{sql}/managedInstances/mi/providers/Microsoft.Authorization/locks/l?api-version=2020-05-01"), 404, "LockNotFound"),
        ("GET", "/nothing/here".to_owned(), 404, "InvalidResourcePath"),
        ("GET", "/subscriptions/%zz?api-version=2022-12-01".to_owned(), 400, "InvalidRequestUri"),
    ];
    for (method, path, status, code) in cases {
        let reply = fixture.send(method, &path, None).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (status, code),
            "{method} {path}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn a_missing_parent_is_named_without_the_namespace() {
    let fixture = Fixture::with_instance().await;
    let reply = fixture
        .delete(&in_group(
            "Microsoft.Sql/managedInstances/none/SERVERTRUSTCERTIFICATES/c",
            "2021-11-01",
        ))
        .await;
    assert_eq!(
        reply.message(),
        format!(
            "Failed to perform 'delete' on resource(s) of type 'managedInstances/serverTrustCertificates', because the parent resource '/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/none' could not be found."
        )
    );
}

#[tokio::test]
async fn loose_accepts_unknown_versions() {
    let fixture = Fixture::with(|config| config.loose = true);
    let reply = fixture.get("/subscriptions?api-version=2031-01-01").await;
    assert_eq!(reply.status, StatusCode::OK);
    let reply = fixture.get("/subscriptions?api-version=new").await;
    assert_eq!(reply.code(), "InvalidApiVersionParameter");
}

#[tokio::test]
async fn the_common_headers_are_always_there() {
    let fixture = Fixture::new();
    let authorization = format!("Bearer {}", fixture.token);
    let reply = fixture
        .raw(
            "GET",
            "/subscriptions?api-version=2022-12-01",
            None,
            &[
                ("authorization", &authorization),
                ("x-ms-client-request-id", "mine"),
                ("x-ms-return-client-request-id", "true"),
                ("x-ms-correlation-request-id", "ours"),
            ],
        )
        .await;
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("pragma", "no-cache"),
        ("expires", "-1"),
        ("x-ms-client-request-id", "mine"),
        ("x-ms-correlation-request-id", "ours"),
        ("x-content-type-options", "nosniff"),
        (
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        ),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    let routing = reply.header("x-ms-routing-request-id");
    assert_eq!(routing.split(':').next(), Some("WESTEUROPE"));
    assert_eq!(
        routing.split(':').nth(1).map(str::len),
        Some("20260101T000000Z".len())
    );
    assert!(
        !reply
            .header("x-ms-ratelimit-remaining-subscription-reads")
            .is_empty()
    );
    assert_eq!(reply.header("x-ms-failure-cause"), "");
    let other = fixture.get("/subscriptions?api-version=2022-12-01").await;
    assert_ne!(
        other.header("x-ms-request-id"),
        reply.header("x-ms-request-id")
    );
    assert_eq!(other.header("x-ms-client-request-id"), "");
}

#[tokio::test]
async fn bodies_have_limits_and_a_media_type() {
    let fixture = Fixture::new();
    let group = "/subscriptions/S/resourceGroups/rg?api-version=2024-11-01";
    let authorization = format!("Bearer {}", fixture.token);
    let cases = [
        ("{}".to_owned(), "application/json", 400, "LocationRequired"),
        (
            "{".to_owned(),
            "application/json",
            400,
            "InvalidRequestContent",
        ),
        (
            "[]".to_owned(),
            "application/json",
            400,
            "InvalidRequestContent",
        ),
        (
            "{\"location\":7}".to_owned(),
            "application/json",
            400,
            "InvalidRequestContent",
        ),
        (
            "{\"location\":\"nowhere\"}".to_owned(),
            "application/json",
            400,
            "LocationNotAvailableForResourceGroup",
        ),
        (
            "{\"location\":\"westeurope\",\"tags\":{\"a/b\":\"c\"}}".to_owned(),
            "application/json",
            400,
            "InvalidTagName",
        ),
        (
            "location=westeurope".to_owned(),
            "application/x-www-form-urlencoded",
            415,
            "UnsupportedMediaType",
        ),
        (
            format!("{{\"location\":\"{}\"}}", "x".repeat(5 << 20)),
            "application/json",
            413,
            "RequestContentTooLarge",
        ),
    ];
    for (body, media_type, status, code) in cases {
        let start = body.chars().take(60).collect::<String>();
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", media_type),
        ];
        let reply = fixture.raw("PUT", group, Some(body), &headers).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (status, code),
            "{start}"
        );
    }
    let reply = fixture
        .put(group, json!({"Location": "West Europe", "colour": 1}))
        .await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    assert_eq!(reply.body["location"], "westeurope");
    assert_eq!(fixture.notes().len(), 1);
    assert!(
        fixture.notes()[0].ends_with("ignored colour"),
        "{:?}",
        fixture.notes()
    );
}

#[tokio::test]
async fn resource_groups_live_and_die() {
    let fixture = Fixture::new();
    let group = "/subscriptions/S/resourceGroups/Rg?api-version=2024-11-01";
    assert_eq!(
        fixture.send("HEAD", group, None).await.status,
        StatusCode::NOT_FOUND
    );
    let reply = fixture
        .put(group, json!({"location": "westeurope", "tags": {"a": "b"}}))
        .await;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(
        reply.body,
        json!({"id": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/Rg"), "name": "Rg", "type": "Microsoft.Resources/resourceGroups",
            "location": "westeurope", "tags": {"a": "b"}, "properties": {"provisioningState": "Succeeded"}})
    );
    assert_eq!(
        fixture
            .put(group, json!({"location": "westeurope"}))
            .await
            .status,
        StatusCode::OK
    );
    let moved = fixture.put(group, json!({"location": "eastus"})).await;
    assert_eq!(
        (moved.status, moved.code()),
        (StatusCode::CONFLICT, "InvalidResourceGroupLocation")
    );
    let patched = fixture.patch(group, json!({"tags": {"c": "d"}})).await;
    assert_eq!(patched.body["tags"], json!({"c": "d"}));
    assert_eq!(
        fixture.send("HEAD", group, None).await.status,
        StatusCode::NO_CONTENT
    );
    let bad = fixture
        .put(
            "/subscriptions/S/resourceGroups/a%20b?api-version=2024-11-01",
            json!({"location": "westeurope"}),
        )
        .await;
    assert_eq!(bad.code(), "InvalidResourceGroupName");
    fixture.stand_still();
    let deleted = fixture.delete(group).await;
    assert_eq!(deleted.status, StatusCode::ACCEPTED);
    let location = deleted.header("location").to_owned();
    assert_eq!(fixture.get(&location).await.status, StatusCode::ACCEPTED);
    let busy = fixture.put(group, json!({"location": "westeurope"})).await;
    assert_eq!(busy.code(), "ResourceGroupBeingDeleted");
    fixture.advance(Span::minutes(1));
    assert_eq!(fixture.get(&location).await.status, StatusCode::OK);
    assert_eq!(fixture.delete(group).await.code(), "ResourceGroupNotFound");
}

#[tokio::test]
async fn deleting_a_group_takes_everything_along() {
    let fixture = Fixture::with_instance().await;
    let deleted = fixture
        .delete("/subscriptions/S/resourceGroups/rg?api-version=2024-11-01")
        .await;
    assert_eq!(
        fixture.get(deleted.header("location")).await.status,
        StatusCode::OK
    );
    fixture.world(|world, _| {
        assert!(world.instances.is_empty());
        assert!(world.azure.virtual_networks.is_empty());
        assert!(world.azure.resource_groups.is_empty());
    });
}

#[tokio::test]
async fn lists_come_in_pages() {
    let fixture = Fixture::with(|config| config.page_size = 2);
    for name in ["b", "a", "c", "e", "d"] {
        fixture
            .put(
                &format!("/subscriptions/S/resourceGroups/{name}?api-version=2024-11-01"),
                json!({"location": "westeurope"}),
            )
            .await;
    }
    let mut path = "/subscriptions/S/resourcegroups?api-version=2024-11-01".to_owned();
    let mut pages = Vec::new();
    loop {
        let reply = fixture.get(&path).await;
        let names = reply.body["value"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|group| group["name"].as_str().expect("a name").to_owned());
        pages.push(names.collect::<String>());
        match reply.body["nextLink"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, ["ab", "cd", "e"]);
    let bad = fixture
        .get("/subscriptions/S/resourcegroups?api-version=2024-11-01&$skipToken=zz")
        .await;
    assert_eq!(bad.code(), "InvalidSkipToken");
    let top = fixture
        .get("/subscriptions/S/resourcegroups?api-version=2024-11-01&$top=1")
        .await;
    assert_eq!(top.body["value"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn resources_are_found_by_filter() {
    let fixture = Fixture::with_instance().await;
    let list = |filter: &str| {
        let filter = filter.replace(' ', "%20");
        format!(
            "/subscriptions/S/resources?api-version=2024-11-01&$expand=createdTime,provisioningState&$filter={filter}"
        )
    };
    for (filter, count) in [
        ("resourceType eq 'microsoft.sql/managedinstances'", 1),
        ("resourceGroup eq 'RG' and name eq 'vnet'", 1),
        ("resourceGroup eq 'other'", 0),
        ("location eq 'westeurope'", 2),
        ("", 2),
    ] {
        let reply = fixture.get(&list(filter)).await;
        assert_eq!(
            reply.body["value"].as_array().map(Vec::len),
            Some(count),
            "{filter}: {}",
            reply.text
        );
    }
    assert_eq!(
        fixture.get(&list("wrong")).await.code(),
        "InvalidFilterInQueryString"
    );
    let provider = fixture
        .get("/subscriptions/S/providers/microsoft.sql?api-version=2024-11-01")
        .await;
    assert_eq!(provider.body["registrationState"], "Registered");
    let types: Vec<&Value> = provider.body["resourceTypes"]
        .as_array()
        .expect("types")
        .iter()
        .map(|kind| &kind["resourceType"])
        .collect();
    assert!(
        types.contains(&&json!("managedInstances/distributedAvailabilityGroups")),
        "{types:?}"
    );
    let register = fixture
        .send(
            "POST",
            "/subscriptions/S/providers/Microsoft.Sql/register?api-version=2024-11-01",
            None,
        )
        .await;
    assert_eq!(register.status, StatusCode::OK);
}

#[tokio::test]
async fn networks_check_addresses() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let subnet = |name: &str| {
        in_group(
            &format!("Microsoft.Network/virtualNetworks/vnet/subnets/{name}"),
            "2024-07-01",
        )
    };
    let cases = [
        (
            json!({"addressPrefix": "10.0.2.0"}),
            "InvalidAddressPrefixFormat",
        ),
        (
            json!({"addressPrefix": "10.0.2.1/24"}),
            "InvalidAddressPrefixFormat",
        ),
        (
            json!({"addressPrefix": "10.0.2.0/24", "networkSecurityGroup": {"id": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/none")}}),
            "InvalidResourceReference",
        ),
        (
            json!({"addressPrefix": "10.1.2.0/24"}),
            "NetcfgInvalidSubnet",
        ),
        (
            json!({"addressPrefix": "10.0.1.128/25"}),
            "NetcfgSubnetRangesOverlap",
        ),
        (json!({}), "MissingRequiredParameter"),
    ];
    for (properties, code) in cases {
        let reply = fixture
            .put(&subnet("s2"), json!({"properties": properties}))
            .await;
        assert_eq!(reply.code(), code, "{properties}: {}", reply.text);
    }
    fixture.stand_still();
    let reply = fixture
        .put(
            &subnet("s2"),
            json!({"name": "s2", "properties": {"addressPrefix": "10.0.2.0/24"}}),
        )
        .await;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.body["properties"]["provisioningState"], "Updating");
    let poll = reply.header("azure-asyncoperation").to_owned();
    assert_eq!(
        fixture.get(&poll).await.body,
        json!({"status": "InProgress"})
    );
    fixture.advance(Span::seconds(5));
    assert_eq!(
        fixture.get(&poll).await.body,
        json!({"status": "Succeeded"})
    );
    let network = fixture
        .get(&in_group(
            "Microsoft.Network/virtualNetworks/vnet",
            "2025-07-01",
        ))
        .await;
    assert_eq!(
        network.body["properties"]["subnets"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let gone = fixture.delete(&subnet("s2")).await;
    assert_eq!(gone.status, StatusCode::ACCEPTED);
    fixture.advance(Span::seconds(5));
    assert_eq!(
        fixture.get(gone.header("location")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        fixture.delete(&subnet("s2")).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn a_subnet_in_use_stays() {
    let fixture = Fixture::with_instance().await;
    let path = in_group(
        "Microsoft.Network/virtualNetworks/vnet/subnets/mi",
        "2024-07-01",
    );
    assert_eq!(
        fixture.delete(&path).await.code(),
        "InUseSubnetCannotBeDeleted"
    );
    let bare = json!({"properties": {"addressPrefix": "10.0.1.0/24"}});
    assert_eq!(
        fixture.put(&path, bare).await.code(),
        "InUseSubnetCannotBeDeleted"
    );
    let network = in_group("Microsoft.Network/virtualNetworks/vnet", "2025-07-01");
    assert_eq!(
        fixture.delete(&network).await.code(),
        "InUseSubnetCannotBeDeleted"
    );
}

#[tokio::test]
async fn security_groups_and_route_tables_round_trip() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let rule = json!({"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefix": "*", "destinationAddressPrefix": "VirtualNetwork", "destinationPortRange": "1433"});
    let route = json!({"addressPrefix": "0.0.0.0/0", "nextHopType": "None"});
    for (kind, collection, properties, broken) in [
        (
            "networkSecurityGroups",
            "securityRules",
            rule,
            ("priority", json!(99)),
        ),
        (
            "routeTables",
            "routes",
            route,
            ("nextHopType", json!("Nowhere")),
        ),
    ] {
        let path = in_group(&format!("Microsoft.Network/{kind}/one"), "2022-01-01");
        let reply = fixture.put(&path, json!({"location": "westeurope"})).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        let child = in_group(
            &format!("Microsoft.Network/{kind}/one/{collection}/r"),
            "2022-01-01",
        );
        let mut wrong = properties.clone();
        wrong[broken.0] = broken.1;
        let reply = fixture.put(&child, json!({"properties": wrong})).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
        let reply = fixture
            .put(&child, json!({"name": "r", "properties": properties}))
            .await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        fixture.advance(Span::seconds(1));
        let parent = fixture.get(&path).await;
        let mut shown = properties.clone();
        shown["provisioningState"] = json!("Succeeded");
        assert_eq!(
            parent.body["properties"][collection][0]["properties"],
            shown
        );
        let again = fixture.put(&path, parent.body.clone()).await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.text);
        assert_eq!(fixture.delete(&child).await.status, StatusCode::ACCEPTED);
        assert_eq!(fixture.get(&child).await.status, StatusCode::NOT_FOUND);
        assert_eq!(fixture.delete(&path).await.status, StatusCode::ACCEPTED);
        assert_eq!(fixture.delete(&path).await.status, StatusCode::NO_CONTENT);
    }
}
