//! Links in all four shapes, and what the service checks.

use axum::http::StatusCode;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, LINKS, in_group};

fn link(name: &str, version: &str) -> String {
    in_group(
        &format!("Microsoft.Sql/managedInstances/mi/distributedAvailabilityGroups/{name}"),
        version,
    )
}

fn old_body() -> Value {
    json!({"properties": {
        "primaryAvailabilityGroupName": "AG_sql",
        "secondaryAvailabilityGroupName": "AG_mi",
        "sourceEndpoint": "TCP://10.9.9.9:5022",
        "targetDatabase": "orders",
    }})
}

fn new_body() -> Value {
    json!({"properties": {
        "databases": [{"databaseName": "orders"}],
        "failoverMode": "None",
        "instanceAvailabilityGroupName": "AG_mi",
        "instanceLinkRole": "Secondary",
        "partnerAvailabilityGroupName": "AG_sql",
        "partnerEndpoint": "TCP://10.9.9.9:5022",
        "seedingMode": "Automatic",
    }})
}

/// Guids differ with everything that was made before; their places do not.
fn without_guids(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("Id\":\"") {
        let (before, after) = rest.split_at(at + 5);
        shown.push_str(before);
        shown.push_str("GUID");
        rest = &after[36..];
    }
    shown + rest
}

#[tokio::test]
async fn every_generation_reads_what_another_wrote() {
    let versions = [
        ("2021-11-01", old_body()),
        ("2022-05-01-preview", old_body()),
        ("2023-02-01-preview", old_body()),
        ("2023-05-01-preview", new_body()),
        ("2023-08-01", new_body()),
        ("2025-08-01-preview", new_body()),
    ];
    let mut golden = None;
    for (written, body) in &versions {
        let fixture = Fixture::with_instance().await;
        fixture.stand_still();
        let accepted = fixture.put(&link("DAG", written), body.clone()).await;
        assert_eq!(
            accepted.status,
            StatusCode::ACCEPTED,
            "{written}: {}",
            accepted.text
        );
        assert_eq!(
            accepted.body["operation"],
            "DistributedAvailabilityGroupsLinkCreate"
        );
        assert!(
            accepted
                .header("azure-asyncoperation")
                .contains("/distributedAvailabilityGroupsAzureAsyncOperation/")
        );
        assert_eq!(fixture.notes(), Vec::<String>::new(), "{written}");
        let mut shown = String::new();
        for (read, _) in &versions {
            let reply = fixture.get(&link("dag", read)).await;
            assert_eq!(reply.status, StatusCode::OK, "{read}");
            shown.push_str(&format!("{read}\n{}\n", without_guids(&reply.text)));
        }
        match &golden {
            None => golden = Some(shown),
            Some(golden) => assert_eq!(*golden, shown, "written with {written}"),
        }
    }
    expect_test::expect_file!["links.txt"].assert_eq(&golden.expect("there are versions"));
}

#[tokio::test]
async fn bodies_are_checked_in_the_services_order() {
    let fixture = Fixture::with_instance().await;
    let request = "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequest";
    let without = |name: &str| {
        let mut body = new_body();
        body["properties"]
            .as_object_mut()
            .expect("an object")
            .remove(name);
        body
    };
    let with = |name: &str, value: Value| {
        let mut body = new_body();
        body["properties"][name] = value;
        body
    };
    let two = json!([{"databaseName": "a"}, {"databaseName": "b"}]);
    let cases = [
        (json!({}), request.to_owned()),
        (json!({"properties": {}}), request.to_owned()),
        (
            json!({"properties": {"seedingMode": "Automatic"}}),
            format!("{request}Databases"),
        ),
        (with("databases", json!([])), format!("{request}Databases")),
        (
            with("databases", json!([{}])),
            format!("{request}Databases"),
        ),
        (
            with("databases", two.clone()),
            format!("{request}Databases"),
        ),
        (
            with("databases", json!("orders")),
            "InvalidRequestContent".to_owned(),
        ),
        (
            without("instanceAvailabilityGroupName"),
            format!("{request}InstanceAvailabilityGroupName"),
        ),
        (
            with("partnerAvailabilityGroupName", json!(" ")),
            format!("{request}PartnerAvailabilityGroupName"),
        ),
        (
            with("partnerAvailabilityGroupName", json!("ag_MI")),
            "InstanceAvailabilityGroupNamePartnerAvailabilityGroupNameMatch".to_owned(),
        ),
        (
            without("partnerEndpoint"),
            format!("{request}PartnerEndpoint"),
        ),
        (
            with("partnerEndpoint", json!("10.0.0.4:5022")),
            "InvalidParameterValue".to_owned(),
        ),
        (
            with("partnerEndpoint", json!("http://10.0.0.4:5022")),
            "InvalidParameterValue".to_owned(),
        ),
        (
            with("partnerEndpoint", json!("tcp://10.0.0.4")),
            "InvalidParameterValue".to_owned(),
        ),
        (without("seedingMode"), format!("{request}SeedingMode")),
        (
            with("seedingMode", json!("Manual")),
            format!("{request}SeedingMode"),
        ),
        (
            with("instanceLinkRole", json!("Boss")),
            "InvalidParameterValue".to_owned(),
        ),
        (
            with("failoverMode", json!("Automatic")),
            "InvalidParameterValue".to_owned(),
        ),
        (
            with("linkMode", json!("ManyDatabases")),
            "InvalidParameterValue".to_owned(),
        ),
        (
            with("linkMode", json!("MultiDatabase")),
            "InvalidMultiDbDistributedAvailabilityGroupName".to_owned(),
        ),
        (
            with("instanceLinkRole", json!("Primary")),
            "DatabaseDoesNotExist".to_owned(),
        ),
    ];
    for (body, code) in cases {
        let reply = fixture.put(&link("DAG_1", LINKS), body.clone()).await;
        assert_eq!(reply.code(), code, "{body}");
    }
    let endpoint = fixture
        .put(&link("DAG_1", LINKS), with("partnerEndpoint", json!("x")))
        .await;
    assert_eq!(
        endpoint.message(),
        "Invalid value given for parameter SourceEndpoint. Specify a valid parameter value."
    );
    let databases = fixture
        .put(&link("DAG_1", LINKS), with("databases", two))
        .await;
    assert_eq!(
        databases.message(),
        "Distributed Availability Group Create or Update request body has empty or Invalid Databases."
    );
    let bad_name = fixture.put(&link("a%3Fb", LINKS), new_body()).await;
    assert_eq!(bad_name.code(), "InvalidIdentifier");
    for name in [
        "targetDatabase",
        "sourceEndpoint",
        "primaryAvailabilityGroupName",
        "secondaryAvailabilityGroupName",
    ] {
        let mut body = old_body();
        body["properties"]
            .as_object_mut()
            .expect("an object")
            .remove(name);
        let reply = fixture.put(&link("DAG_1", "2021-11-01"), body).await;
        assert!(reply.code().starts_with(request), "{name}: {}", reply.text);
    }
    assert_eq!(fixture.get(&link("", LINKS)).await.text, r#"{"value":[]}"#);
}

#[tokio::test]
async fn scripts_may_write_as_they_do() {
    let fixture = Fixture::with_instance().await;
    let body = "{'properties': {'Databases': [{'DatabaseName': 'orders'}], 'InstanceLinkRole': 'Secondary', 'FailoverMode': 'Manual',\n 'InstanceAvailabilityGroupName': 'AG_mi', 'PartnerAvailabilityGroupName': 'AG_sql', 'PartnerEndpoint': 'TCP://10.9.9.9:5022', 'SeedingMode': 'Automatic', 'Colour': 1}}";
    let reply = fixture
        .send(
            "PUT",
            &link("DAG", "2023-05-01-preview"),
            Some(body.to_owned()),
        )
        .await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    assert!(
        fixture.notes()[0].ends_with("ignored properties.Colour"),
        "{:?}",
        fixture.notes()
    );
    let found = fixture.get(&link("DAG", LINKS)).await;
    assert_eq!(found.body["properties"]["failoverMode"], "Manual");
    assert_eq!(found.body["properties"]["linkMode"], "SingleDatabase");
}

#[tokio::test]
async fn a_link_that_cannot_be_made_fails_its_operation() {
    let fixture = Fixture::with_instance().await;
    let accepted = fixture.put(&link("DAG", LINKS), new_body()).await;
    let failed = fixture.finish(&accepted).await;
    assert_eq!(failed.status, StatusCode::OK);
    assert_eq!(failed.body["status"], "Failed", "{}", failed.text);
    assert_eq!(
        failed.body["error"]["code"],
        "ManagedInstanceLinkConnectivityIsNotEstablished"
    );
    let location = fixture.get(accepted.header("location")).await;
    assert_eq!(
        (location.status, location.code()),
        (
            StatusCode::BAD_REQUEST,
            "ManagedInstanceLinkConnectivityIsNotEstablished"
        )
    );
    let found = fixture.get(&link("DAG", LINKS)).await;
    assert_eq!(
        found.body["properties"]["databases"][0]["replicaState"],
        "LinkInitError"
    );
    let error = found.body["properties"]["databases"][0]["mostRecentLinkError"]
        .as_str()
        .expect("an error");
    assert!(error.contains("10.9.9.9"), "{error}");
}

#[tokio::test]
async fn links_are_protected_and_deleted() {
    let fixture = Fixture::with_instance().await;
    fixture.stand_still();
    fixture.put(&link("DAG", LINKS), new_body()).await;
    let instance = in_group("Microsoft.Sql/managedInstances/mi", LINKS);
    assert_eq!(
        fixture.delete(&instance).await.code(),
        "OperationCanNotStartDueToMiLink"
    );
    let database = in_group("Microsoft.Sql/managedInstances/mi/databases/orders", LINKS);
    assert_eq!(
        fixture
            .put(&database, json!({"location": "westeurope"}))
            .await
            .code(),
        "ManagedDatabaseNameInUse"
    );
    let mut body = new_body();
    body["properties"]["databases"][0]["databaseName"] = json!("other");
    let other = fixture.put(&link("DAG", LINKS), body).await;
    assert_eq!(
        other.code(),
        "ManagedInstanceLinkForProvidedAvailabilityGroupsAlreadyExists"
    );
    let group = fixture
        .delete("/subscriptions/S/resourceGroups/rg?api-version=2024-11-01")
        .await;
    assert_eq!(group.status, StatusCode::ACCEPTED);
    fixture.advance(Span::minutes(10));
    let blocked = fixture.get(group.header("location")).await;
    assert_eq!(
        (blocked.status, blocked.code()),
        (StatusCode::CONFLICT, "ResourceGroupDeletionBlocked")
    );
    for (action, body, code) in [
        (
            "failover",
            "{}",
            "InvalidDistributedAvailabilityGroupFailoverRequest",
        ),
        (
            "failover",
            r#"{"failoverType":"Planned"}"#,
            "InvalidDistributedAvailabilityGroupFailoverInstanceRole",
        ),
        (
            "failover",
            r#"{"failoverType":"ForcedAllowDataLoss"}"#,
            "DistributedAvailabilityGroupSetRoleFailed",
        ),
        (
            "setRole",
            r#"{"instanceRole":"Primary"}"#,
            "InvalidDistributedAvailabilityGroupSetRoleRequest",
        ),
        (
            "setRole",
            r#"{"instanceRole":"Primary","roleChangeType":"Planned"}"#,
            "DistributedAvailabilityGroupSetRolePrimaryPlannedNotSupported",
        ),
        (
            "setRole",
            r#"{"instanceRole":"secondary","roleChangeType":"Forced"}"#,
            "DistributedAvailabilityGroupSetRoleInstanceAlreadyInRequestedRole",
        ),
    ] {
        let path = link(&format!("DAG/{action}"), LINKS);
        let reply = fixture.send("POST", &path, Some(body.to_owned())).await;
        assert_eq!(reply.code(), code, "{action} {body}");
    }
    let deleted = fixture.delete(&link("DAG", LINKS)).await;
    assert_eq!(
        (deleted.status, &deleted.body["operation"]),
        (
            StatusCode::ACCEPTED,
            &json!("DistributedAvailabilityGroupsDropLink")
        )
    );
    fixture.advance(Span::minutes(1));
    assert_eq!(fixture.finish(&deleted).await.body["status"], "Succeeded");
    assert_eq!(
        fixture.get(&link("DAG", LINKS)).await.status,
        StatusCode::NOT_FOUND
    );
    let again = fixture.delete(&link("DAG", LINKS)).await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    let failed = fixture.finish(&again).await;
    assert_eq!(failed.body["status"], "Failed");
    assert_eq!(
        failed.body["error"],
        json!({"code": "OperationIdNotFound", "message": "The operation with Id: 'DAG' does not exist."})
    );
    assert_eq!(
        fixture
            .patch(
                &link("DAG", LINKS),
                json!({"properties": {"replicationMode": "Sync"}})
            )
            .await
            .code(),
        "ResourceNotFound"
    );
}

#[tokio::test]
async fn a_link_with_several_databases_is_one_resource() {
    let fixture = Fixture::with_instance().await;
    let mut body = new_body();
    let two = json!([{ "databaseName": "orders" }, { "databaseName": "stock" }]);
    body["properties"]["linkMode"] = json!("MultiDatabase");
    body["properties"]["databases"] = two;
    let twice = {
        let mut body = body.clone();
        body["properties"]["databases"] =
            json!([{ "databaseName": "orders" }, { "databaseName": "ORDERS" }]);
        body
    };
    let reply = fixture.put(&link("dag-1", LINKS), twice).await;
    assert_eq!(
        reply.code(),
        "InvalidDistributedAvailabilityGroupsCreateOrUpdateRequestDatabases"
    );
    let accepted = fixture.put(&link("dag-1", LINKS), body.clone()).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
    assert_eq!(accepted.body["operation"], "CreateManagedFailoverGroup");
    let busy = fixture
        .patch(
            &link("dag-1", LINKS),
            json!({ "properties": { "databases": [{ "databaseName": "orders" }] } }),
        )
        .await;
    assert_eq!(busy.code(), "ManagedInstanceIsBusy");
    let ended = fixture.finish(&accepted).await;
    assert_eq!(ended.body["status"], "Succeeded", "{}", ended.text);
    let found = fixture.get(&link("dag-1", LINKS)).await;
    let properties = &found.body["properties"];
    assert_eq!(properties["linkMode"], "MultiDatabase");
    assert_eq!(properties["failoverMode"], Value::Null);
    assert_eq!(properties["instanceLinkRole"], "Secondary");
    let listed = fixture.get(&link("", LINKS)).await;
    assert_eq!(listed.body["value"].as_array().map(Vec::len), Some(1));
    let other = {
        let mut body = body.clone();
        body["properties"]["linkMode"] = json!("SingleDatabase");
        body["properties"]["databases"] = json!([{ "databaseName": "orders" }]);
        body
    };
    let reply = fixture.put(&link("dag-1", LINKS), other).await;
    assert_eq!(
        reply.code(),
        "ManagedInstanceLinkForProvidedAvailabilityGroupsAlreadyExists"
    );
    for (version, member) in [
        ("2023-08-01", "databases"),
        ("2021-11-01", "targetDatabase"),
        (LINKS, "databases"),
    ] {
        let reply = fixture.get(&link("dag-1", version)).await;
        assert_eq!(reply.status, StatusCode::OK, "{member}: {}", reply.text);
    }
    let deleted = fixture.delete(&link("dag-1", LINKS)).await;
    let ended = fixture.finish(&deleted).await;
    assert_eq!(ended.body["status"], "Succeeded", "{}", ended.text);
    assert_eq!(fixture.get(&link("", LINKS)).await.text, r#"{"value":[]}"#);
}
