//! Managed instances, their databases, certificates, operations and administrators.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, SUBSCRIPTION, in_group, instance_body};

const VERSION: &str = "2024-11-01-preview";

fn instance(tail: &str, version: &str) -> String {
    in_group(&format!("Microsoft.Sql/managedInstances/mi{tail}"), version)
}

#[tokio::test]
async fn an_instance_is_created_by_an_operation() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    fixture.stand_still();
    let accepted = fixture.put_instance("mi").await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
    assert_eq!(
        accepted.text,
        r#"{"operation":"UpsertManagedServer","startTime":"2026-02-02T02:40:01Z"}"#
    );
    assert_eq!(accepted.header("retry-after"), "1");
    let poll = accepted.header("azure-asyncoperation").to_owned();
    let location = accepted.header("location").to_owned();
    let scope = format!(
        "https://arm.test/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/locations/westeurope/managedInstance"
    );
    assert!(
        poll.starts_with(&format!("{scope}AzureAsyncOperation/")),
        "{poll}"
    );
    assert!(
        location.starts_with(&format!("{scope}OperationResults/")),
        "{location}"
    );
    assert!(poll.ends_with("?api-version=2024-11-01-preview"));
    let running = fixture.get(&poll).await;
    assert_eq!(
        (running.status, running.header("retry-after")),
        (StatusCode::OK, "1")
    );
    assert_eq!(running.body["status"], "InProgress");
    let result = fixture.get(&location).await;
    assert_eq!(
        (result.status, result.text.as_str()),
        (StatusCode::ACCEPTED, accepted.text.as_str())
    );
    let creating = fixture.get(&instance("", "2021-11-01")).await;
    assert_eq!(creating.body["properties"]["provisioningState"], "Creating");
    assert!(fixture.world(|world, _| world.managed_instance("mi").is_none()));
    let busy = fixture
        .put(
            &instance("/databases/d", VERSION),
            json!({"location": "westeurope"}),
        )
        .await;
    assert_eq!(
        (busy.status, busy.code()),
        (StatusCode::CONFLICT, "ConflictingManagedInstanceOperation")
    );
    fixture.advance(Span::minutes(1));
    let done = fixture.get(&poll).await;
    let id = poll
        .split('/')
        .next_back()
        .and_then(|last| last.split('?').next())
        .expect("an id");
    assert_eq!(
        done.text,
        format!(r#"{{"name":"{id}","status":"Succeeded","startTime":"2026-02-02T02:40:01Z"}}"#)
    );
    let result = fixture.get(&location).await;
    assert_eq!(result.status, StatusCode::OK);
    assert_eq!(result.body["properties"]["state"], "Ready");
    assert!(fixture.world(|world, _| world.managed_instance("mi").is_some()));
}

#[tokio::test]
async fn an_instance_is_shown_in_the_shape_of_the_version() {
    let fixture = Fixture::with_instance().await;
    let reply = fixture.get(&instance("", VERSION)).await;
    expect_test::expect![[r#"{"location":"westeurope","sku":{"name":"GP_Gen5","tier":"GeneralPurpose","family":"Gen5","capacity":4},"properties":{"provisioningState":"Succeeded","fullyQualifiedDomainName":"mi.ZONE.database.windows.net","administratorLogin":"miadmin","subnetId":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/mi","state":"Ready","licenseType":"LicenseIncluded","hybridSecondaryUsage":"Active","vCores":4,"storageSizeInGB":64,"collation":"SQL_Latin1_General_CP1_CI_AS","dnsZone":"ZONE","publicDataEndpointEnabled":false,"proxyOverride":"Default","timezoneId":"UTC","privateEndpointConnections":[],"minimalTlsVersion":"1.2","currentBackupStorageRedundancy":"Geo","requestedBackupStorageRedundancy":"Geo","zoneRedundant":false,"pricingModel":"Regular","createTime":"2026-02-02T02:40:01Z","databaseFormat":"SQLServer2022","authenticationMetadata":"AzureAD"},"id":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi","name":"mi","type":"Microsoft.Sql/managedInstances"}"#]]
    .assert_eq(&reply.text.replace(reply.body["properties"]["dnsZone"].as_str().expect("a zone"), "ZONE"));
    let old = fixture.get(&instance("", "2020-02-02-preview")).await;
    let properties = old.body["properties"].as_object().expect("properties");
    assert_eq!(properties["storageAccountType"], "GRS");
    for absent in [
        "databaseFormat",
        "currentBackupStorageRedundancy",
        "pricingModel",
        "zoneRedundant",
    ] {
        assert!(!properties.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn wrong_instances_are_refused() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let put = |body: Value| {
        fixture.put("/subscriptions/S/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi?api-version=2024-11-01-preview", body)
    };
    let with = |path: &str, value: Value| {
        let mut body = instance_body();
        *body.pointer_mut(path).expect("a member") = value;
        body
    };
    let also = |name: &str, value: Value| {
        let mut body = instance_body();
        body["properties"][name] = value;
        body
    };
    let subnet = "/properties/subnetId";
    let other = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/none"
    );
    let cases = [
        (
            with("/location", json!("mars")),
            400,
            "LocationNotAvailableForResourceType",
        ),
        (with("/location", Value::Null), 400, "LocationRequired"),
        (with(subnet, Value::Null), 400, "InvalidSubnetResourceId"),
        (with(subnet, json!("mi")), 400, "InvalidSubnetResourceId"),
        (with(subnet, json!(other)), 400, "VnetSubnetIsUnknown"),
        (
            with(
                subnet,
                json!(other.replace(SUBSCRIPTION, "22222222-2222-3333-4444-555555555555")),
            ),
            400,
            "ManagedInstanceAndSubnetAreNotOnTheSameSubscription",
        ),
        (
            with("/properties/administratorLogin", json!("sa")),
            400,
            "InvalidLoginName",
        ),
        (
            with("/properties/administratorLogin", Value::Null),
            400,
            "MissingRequiredParameter",
        ),
        (
            with("/properties/administratorLoginPassword", json!("short")),
            400,
            "PasswordTooShort",
        ),
        (
            with(
                "/properties/administratorLoginPassword",
                json!("a".repeat(129)),
            ),
            400,
            "PasswordTooLong",
        ),
        (
            with(
                "/properties/administratorLoginPassword",
                json!("nothing but letters"),
            ),
            400,
            "PasswordNotComplex",
        ),
        (
            with("/properties/vCores", json!(5)),
            400,
            "InvalidParameterValue",
        ),
        (
            with("/properties/vCores", json!("many")),
            400,
            "InvalidRequestContent",
        ),
        (
            with("/properties/storageSizeInGB", json!(33)),
            405,
            "InvalidStorageSizeValue",
        ),
        (
            with("/sku/name", json!("GP_Gen1")),
            400,
            "InvalidParameterValue",
        ),
        (
            also("licenseType", json!("Free")),
            400,
            "ManagedInstanceInvalidLicenseType",
        ),
        (
            also("collation", json!("Klingon_CI_AS")),
            400,
            "InvalidCollation",
        ),
        (
            also("databaseFormat", json!("SQLServer1999")),
            400,
            "InvalidParameterValue",
        ),
        (
            also("minimalTlsVersion", json!("0.9")),
            400,
            "InvalidParameterValue",
        ),
        (
            also("timezoneId", json!("Central Standard Time")),
            400,
            "OperationNotSupportedByMilink",
        ),
        (
            also("managedInstanceCreateMode", json!("PointInTimeRestore")),
            400,
            "OperationNotSupportedByMilink",
        ),
        (
            also("instancePoolId", json!("/x")),
            400,
            "OperationNotSupportedByMilink",
        ),
        (
            also("administrators", json!({"login": "x"})),
            400,
            "InvalidExternalAdministratorSid",
        ),
        (
            also(
                "administrators",
                json!({"login": "miadmin", "sid": SUBSCRIPTION}),
            ),
            400,
            "ExternalAdministratorLoginSameAsSqlAdmin",
        ),
    ];
    for (body, status, code) in cases {
        let text = body.to_string();
        let reply = put(body).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (status, code),
            "{text}: {}",
            reply.text
        );
    }
    let bad_name = fixture.put_instance("MI_x").await;
    assert_eq!(bad_name.code(), "InvalidServerName");
    let bare = json!({"properties": {"addressPrefix": "10.0.3.0/28"}});
    let path = in_group(
        "Microsoft.Network/virtualNetworks/vnet/subnets/none",
        "2024-07-01",
    );
    fixture.put(&path, bare).await;
    assert_eq!(
        put(with(subnet, json!(other))).await.code(),
        "MiCreateFailedNonDelegatedSubnet"
    );
    let small = json!({"properties": {"addressPrefix": "10.0.3.0/28", "delegations": [{"name": "0", "properties": {"serviceName": "microsoft.sql/managedinstances"}}]}});
    fixture.put(&path, small).await;
    assert_eq!(
        put(with(subnet, json!(other))).await.code(),
        "CreateManagedInstanceInvalidSubnetSize"
    );
    assert!(fixture.world(|world, _| world.managed_instance_views().is_empty()));
}

#[tokio::test]
async fn an_instance_is_changed_and_deleted() {
    let fixture = Fixture::with_instance().await;
    let read = fixture.get(&instance("", VERSION)).await;
    let mut body = read.body.clone();
    body["properties"]["vCores"] = json!(8);
    body["tags"] = json!({"env": "dev"});
    let accepted = fixture.put(&instance("", VERSION), body).await;
    assert_eq!(fixture.notes(), Vec::<String>::new());
    assert_eq!(
        fixture.finish(&accepted).await.body["status"],
        "Succeeded",
        "{}",
        accepted.text
    );
    let changed = fixture.get(&instance("", VERSION)).await;
    assert_eq!(changed.body["properties"]["vCores"], 8);
    assert_eq!(changed.body["sku"]["capacity"], 8);
    assert_eq!(changed.body["tags"], json!({"env": "dev"}));
    let refused = [
        (
            json!({"properties": {"collation": "Latin1_General_CI_AS"}}),
            "InstanceCollationUpdateNotSupported",
        ),
        (
            json!({"properties": {"subnetId": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/other")}}),
            "SubnetIdCantBeUpdated",
        ),
        (
            json!({"properties": {"administratorLogin": "other"}}),
            "InvalidParameterValue",
        ),
        (json!({"location": "eastus"}), "InvalidResourceLocation"),
    ];
    for (body, code) in refused {
        let reply = fixture.patch(&instance("", VERSION), body.clone()).await;
        assert_eq!(reply.code(), code, "{body}");
    }
    let raised = fixture
        .patch(
            &instance("", VERSION),
            json!({"properties": {"databaseFormat": "AlwaysUpToDate"}}),
        )
        .await;
    assert_eq!(fixture.finish(&raised).await.body["status"], "Succeeded");
    let lowered = fixture
        .patch(
            &instance("", VERSION),
            json!({"properties": {"databaseFormat": "SQLServer2022"}}),
        )
        .await;
    assert_eq!(lowered.code(), "InvalidDatabaseFormat");
    let deleted = fixture.delete(&instance("", VERSION)).await;
    assert_eq!(deleted.body["operation"], "DropManagedServer");
    assert_eq!(fixture.finish(&deleted).await.body["status"], "Succeeded");
    assert_eq!(
        fixture.get(deleted.header("location")).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        fixture.delete(&instance("", VERSION)).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn operations_are_listed_and_canceled() {
    let fixture = Fixture::with_instance().await;
    fixture.stand_still();
    let accepted = fixture
        .patch(
            &instance("", VERSION),
            json!({"properties": {"vCores": 16}}),
        )
        .await;
    let list = fixture.get(&instance("/operations", VERSION)).await;
    let operations = list.body["value"].as_array().expect("a list");
    assert_eq!(operations.len(), 2);
    assert_eq!(operations[0]["properties"]["state"], "Succeeded");
    assert_eq!(operations[1]["properties"]["isCancellable"], true);
    let id = operations[1]["name"].as_str().expect("a name");
    let cancel = instance(&format!("/operations/{id}/cancel"), VERSION);
    let canceled = fixture.send("POST", &cancel, None).await;
    assert_eq!(
        (canceled.status, canceled.text.as_str()),
        (StatusCode::OK, "")
    );
    let poll = fixture.get(accepted.header("azure-asyncoperation")).await;
    assert_eq!(poll.body["status"], "Canceled");
    assert_eq!(poll.body["error"]["code"], "OperationCancelled");
    let one = fixture
        .get(&instance(&format!("/operations/{id}"), VERSION))
        .await;
    assert_eq!(one.body["properties"]["state"], "Cancelled");
    assert_eq!(
        fixture.send("POST", &cancel, None).await.code(),
        "CannotCancelOperation"
    );
    let none = instance(&format!("/operations/{SUBSCRIPTION}/cancel"), VERSION);
    assert_eq!(
        fixture.send("POST", &none, None).await.code(),
        "OperationIdNotFound"
    );
    fixture.advance(Span::minutes(5));
    assert_eq!(
        fixture.get(&instance("", VERSION)).await.body["properties"]["vCores"],
        4
    );
}

#[tokio::test]
async fn databases_are_created_and_deleted() {
    let fixture = Fixture::with_instance().await;
    let path = instance("/databases/Orders", VERSION);
    fixture.stand_still();
    let accepted = fixture
        .put(&path, json!({"location": "westeurope", "tags": {"a": "b"}}))
        .await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
    assert_eq!(
        fixture.get(&path).await.body["properties"]["status"],
        "Creating"
    );
    fixture.advance(Span::seconds(5));
    let found = fixture.get(&path).await;
    assert_eq!(found.body["name"], "Orders");
    assert_eq!(found.body["properties"]["status"], "Online");
    assert_eq!(found.body["tags"], json!({"a": "b"}));
    assert!(fixture.world(|world, _| {
        world
            .managed_instance("mi")
            .is_some_and(|mi| mi.database("orders").is_some())
    }));
    let cases = [
        (
            "master",
            json!({"location": "westeurope"}),
            "CannotUseReservedDatabaseName",
        ),
        (
            "bad%3Fname",
            json!({"location": "westeurope"}),
            "InvalidResourceName",
        ),
        ("d2", json!({}), "LocationRequired"),
        (
            "d2",
            json!({"location": "eastus"}),
            "InvalidResourceLocation",
        ),
        (
            "d2",
            json!({"location": "westeurope", "properties": {"createMode": "PointInTimeRestore"}}),
            "OperationNotSupportedByMilink",
        ),
        (
            "d2",
            json!({"location": "westeurope", "properties": {"collation": "x"}}),
            "InvalidCollation",
        ),
        (
            "d3",
            json!({"location": "westeurope", "properties": {"isLedgerOn": true}}),
            "OperationNotSupportedByMilink",
        ),
    ];
    for (name, body, code) in cases {
        let reply = fixture
            .put(
                &instance(&format!("/databases/{name}"), VERSION),
                body.clone(),
            )
            .await;
        assert_eq!(reply.code(), code, "{name} {body}");
    }
    let deleted = fixture.delete(&path).await;
    fixture.advance(Span::seconds(5));
    assert_eq!(fixture.finish(&deleted).await.body["status"], "Succeeded");
    assert_eq!(fixture.get(&path).await.code(), "ResourceNotFound");
    assert_eq!(fixture.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        fixture.get(&instance("/databases", VERSION)).await.text,
        r#"{"value":[]}"#
    );
}

#[tokio::test]
async fn partner_certificates_are_uploaded() {
    let fixture = Fixture::with_instance().await;
    let path = |name: &str| {
        instance(
            &format!("/serverTrustCertificates/{name}"),
            "2022-02-01-preview",
        )
    };
    let accepted = fixture
        .put(
            &path("Cert_A"),
            json!({"properties": {"publicBlob": "0x30AAbb"}}),
        )
        .await;
    assert_eq!(
        fixture.finish(&accepted).await.body["status"],
        "Succeeded",
        "{}",
        accepted.text
    );
    let found = fixture.get(&path("cert_a")).await;
    expect_test::expect![[r#"{"properties":{"publicBlob":"30AABB","thumbprint":"60D7DA233E7265C7BBAA5DF0F3C1140752FE1039","certificateName":"Cert_A"},"id":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi/serverTrustCertificates/Cert_A","name":"Cert_A","type":"Microsoft.Sql/managedInstances/serverTrustCertificates"}"#]].assert_eq(&found.text);
    let same = fixture
        .put(
            &path("Cert_A"),
            json!({"properties": {"publicBlob": "30AABB"}}),
        )
        .await;
    assert_eq!(fixture.finish(&same).await.body["status"], "Succeeded");
    let cases = [
        ("Cert_A", json!("30AABC"), "CertificateAlreadyExists"),
        ("Cert_B", json!("30AABB"), "CertificateAlreadyExists"),
        ("Cert_C", json!(""), "MissingPublicBlob"),
        ("Cert_C", Value::Null, "MissingPublicBlob"),
        ("Cert_C", json!("0x"), "MissingPublicBlob"),
        ("Cert_C", json!("30AAB"), "InvalidPublicBlob"),
        ("Cert_C", json!("xyz!"), "InvalidPublicBlob"),
        ("Cert_C", json!("AABB"), "InvalidPublicBlob"),
        ("a%5Cb", json!("30AA"), "InvalidResourceName"),
    ];
    for (name, blob, code) in cases {
        let reply = fixture
            .put(&path(name), json!({"properties": {"publicBlob": blob}}))
            .await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::BAD_REQUEST, code),
            "{name}"
        );
    }
    let deleted = fixture.delete(&path("Cert_A")).await;
    assert_eq!(
        deleted.body["operation"],
        "DeleteManagedInstanceServerTrustCertificate"
    );
    assert_eq!(fixture.finish(&deleted).await.body["status"], "Succeeded");
    assert_eq!(
        fixture.delete(&path("Cert_A")).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn the_endpoint_certificate_is_handed_out() {
    let fixture = Fixture::with_instance().await;
    let list = fixture
        .get(&instance("/endpointCertificates", "2022-02-01-preview"))
        .await;
    assert_eq!(list.body["value"].as_array().map(Vec::len), Some(2));
    let one = fixture
        .get(&instance(
            "/endpointCertificates/database_mirroring",
            "2022-02-01-preview",
        ))
        .await;
    assert_eq!(one.body["name"], "DATABASE_MIRRORING");
    let fqdn =
        fixture.get(&instance("", VERSION)).await.body["properties"]["fullyQualifiedDomainName"]
            .clone();
    let hex: String = fqdn
        .as_str()
        .expect("a name")
        .bytes()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    assert_eq!(one.body["properties"], json!({"publicBlob": hex}));
    let latest = fixture
        .get(&instance(
            "/endpointCertificates/DATABASE_MIRRORING",
            "2025-08-01-preview",
        ))
        .await;
    let roots = latest.body["properties"]["trustedRootCertificates"]
        .as_array()
        .expect("the roots to import");
    let of = |root: &Value| {
        let blob = root["publicBlob"].as_str().expect("hexadecimal");
        (root["subject"].clone(), blob[..8].to_owned(), blob.len())
    };
    assert_eq!(
        roots.iter().map(of).collect::<Vec<_>>(),
        [
            (
                json!(
                    "C=US, O=Microsoft Corporation, CN=Microsoft RSA Root Certificate Authority 2017"
                ),
                "308205A8".to_owned(),
                2904
            ),
            (
                json!("C=US, O=DigiCert Inc, OU=www.digicert.com, CN=DigiCert Global Root G2"),
                "3082038E".to_owned(),
                1828
            ),
        ]
    );
    let none = fixture
        .get(&instance(
            "/endpointCertificates/OTHER",
            "2022-02-01-preview",
        ))
        .await;
    assert_eq!(none.code(), "ResourceNotFound");
}

#[tokio::test]
async fn entra_administrators_are_kept() {
    let fixture = Fixture::with_instance().await;
    let path = instance("/administrators/ActiveDirectory", "2020-11-01-preview");
    assert_eq!(fixture.get(&path).await.code(), "ResourceNotFound");
    let only = instance("/azureADOnlyAuthentications/Default", "2020-11-01-preview");
    let refused = fixture
        .put(
            &only,
            json!({"properties": {"azureADOnlyAuthentication": true}}),
        )
        .await;
    assert_eq!(
        refused.code(),
        "InvalidManagedServerAADOnlyAuthNoAADAdminPropertyName"
    );
    let body = json!({"properties": {"administratorType": "ActiveDirectory", "login": "dba", "sid": SUBSCRIPTION}});
    let accepted = fixture.put(&path, body).await;
    assert_eq!(
        fixture.finish(&accepted).await.body["status"],
        "Succeeded",
        "{}",
        accepted.text
    );
    assert_eq!(fixture.get(&path).await.body["properties"]["login"], "dba");
    let expanded = fixture
        .get(&(instance("", VERSION) + "&$expand=administrators/activedirectory"))
        .await;
    assert_eq!(
        expanded.body["properties"]["administrators"]["sid"],
        SUBSCRIPTION
    );
    let accepted = fixture
        .put(
            &only,
            json!({"properties": {"azureADOnlyAuthentication": true}}),
        )
        .await;
    assert_eq!(fixture.finish(&accepted).await.body["status"], "Succeeded");
    assert_eq!(
        fixture.get(&only).await.body["properties"],
        json!({"azureADOnlyAuthentication": true})
    );
    let deleted = fixture.delete(&path).await;
    assert_eq!(fixture.finish(&deleted).await.body["status"], "Succeeded");
    assert_eq!(
        fixture
            .get(&instance("/administrators", "2020-11-01-preview"))
            .await
            .text,
        r#"{"value":[]}"#
    );
    // Once more: nothing to wait for, and not the 204 that az does not know here.
    assert_eq!(fixture.delete(&path).await.status, StatusCode::OK);
}
