//! Server trust groups: written, listed both ways, changed, deleted, and everything that is refused.

use axum::http::StatusCode;
use milink_core::azure::TrustScope;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, Reply, SUBSCRIPTION, in_group};

const VERSION: &str = "2024-11-01-preview";

fn groups(tail: &str) -> String {
    in_group(
        &format!("Microsoft.Sql/locations/westeurope/serverTrustGroups{tail}"),
        VERSION,
    )
}

fn member(name: &str) -> Value {
    let id = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/{name}"
    );
    json!({ "serverId": id })
}

fn body(members: &[&str], scopes: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|name| member(name)).collect();
    json!({"properties": {"groupMembers": members, "trustScopes": scopes}})
}

/// Instances `mi`, `mi2` and `mi3`.
async fn stage() -> Fixture {
    let fixture = Fixture::with_instance().await;
    for name in ["mi2", "mi3"] {
        fixture.put_instance(name).await;
    }
    fixture.advance(Span::minutes(1));
    fixture
}

async fn write(fixture: &Fixture, name: &str, members: &[&str]) -> Reply {
    let body = body(members, &["GlobalTransactions", "ServiceBroker"]);
    let reply = fixture.put(&groups(&format!("/{name}")), body).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    let ended = fixture.finish(&reply).await;
    assert_eq!(ended.body["status"], "Succeeded", "{}", ended.text);
    reply
}

async fn names(fixture: &Fixture, path: &str) -> Vec<String> {
    let reply = fixture.get(path).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let rows = reply.body["value"].as_array().expect("a list").iter();
    rows.map(|row| row["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn of_instance(name: &str) -> String {
    in_group(
        &format!("Microsoft.Sql/managedInstances/{name}/serverTrustGroups"),
        VERSION,
    )
}

/// Who trusts whom, by the model.
fn trusts(fixture: &Fixture, one: &str, other: &str) -> bool {
    fixture.world(|world, now| {
        world.advance_to(now);
        let id = |name| world.managed_instance(name).expect("an instance").id;
        let scope = TrustScope::GlobalTransactions;
        world.azure.trust.is_effective(id(one), id(other), scope)
    })
}

#[tokio::test]
async fn a_group_is_written_listed_changed_and_deleted() {
    let fixture = stage().await;
    let accepted = write(&fixture, "stg1", &["mi", "mi2"]).await;
    assert!(
        accepted
            .header("azure-asyncoperation")
            .contains("/locations/westeurope/serverTrustGroupAzureAsyncOperation/"),
    );
    expect_test::expect![[r#"{"id":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/locations/westeurope/serverTrustGroups/stg1","name":"stg1","properties":{"groupMembers":[{"serverId":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi"},{"serverId":"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi2"}],"trustScopes":["GlobalTransactions","ServiceBroker"]},"type":"Microsoft.Sql/locations/serverTrustGroups"}"#]].assert_eq(&fixture.get(&groups("/STG1")).await.text);
    let result = fixture.get(accepted.header("location")).await;
    assert_eq!(result.body["name"], "stg1", "{}", result.text);
    assert!(trusts(&fixture, "mi", "mi2") && !trusts(&fixture, "mi", "mi3"));

    assert_eq!(names(&fixture, &groups("")).await, ["stg1"]);
    assert_eq!(names(&fixture, &of_instance("mi2")).await, ["stg1"]);
    assert!(names(&fixture, &of_instance("mi3")).await.is_empty());
    let elsewhere = groups("").replace("westeurope", "northeurope");
    assert!(names(&fixture, &elsewhere).await.is_empty());

    write(&fixture, "stg1", &["mi2", "mi3"]).await;
    assert!(names(&fixture, &of_instance("mi")).await.is_empty());
    assert!(trusts(&fixture, "mi", "mi2"), "removed trust lingers");
    assert!(trusts(&fixture, "mi2", "mi3"));

    let reply = fixture.delete(&groups("/stg1")).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    assert_eq!(fixture.finish(&reply).await.body["status"], "Succeeded");
    let gone = fixture.get(&groups("/stg1")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.body["error"]["code"], "ServerTrustGroupNotFound");
    let again = fixture.delete(&groups("/stg1")).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT);
    assert!(trusts(&fixture, "mi2", "mi3"), "deleted trust lingers");
}

#[tokio::test]
async fn bodies_that_are_no_groups_are_refused() {
    let fixture = stage().await;
    let many: Vec<&str> = std::iter::repeat_n("mi", 1_001).collect();
    let foreign = json!({"serverId": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/servers/s")});
    let scopes = &["GlobalTransactions"];
    let cases = [
        (json!({}), "Invalid"),
        (json!({"properties": {}}), "Invalid"),
        (json!({"properties": 1}), "Invalid"),
        (
            json!({"properties": {"trustScopes": scopes}}),
            "InvalidGroupMembers",
        ),
        (
            json!({"properties": {"groupMembers": "mi", "trustScopes": scopes}}),
            "InvalidGroupMembers",
        ),
        (body(&[], scopes), "InvalidGroupMembersCount"),
        (body(&["mi"], scopes), "InvalidGroupMembersCount"),
        (body(&many, scopes), "InvalidGroupMembersCount2"),
        (
            json!({"properties": {"groupMembers": [member("mi"), foreign], "trustScopes": scopes}}),
            "InvalidServer",
        ),
        (
            json!({"properties": {"groupMembers": [member("mi"), {}], "trustScopes": scopes}}),
            "InvalidServer",
        ),
        (
            json!({"properties": {"groupMembers": [{"serverId": "mi"}], "trustScopes": scopes}}),
            "InvalidServer",
        ),
        (body(&["mi", "MI"], scopes), "DuplicateServer"),
        (
            json!({"properties": {"groupMembers": [member("mi"), member("mi2")]}}),
            "InvalidTrustScopes",
        ),
        (body(&["mi", "mi2"], &[]), "InvalidTrustScopes"),
        (
            body(&["mi", "mi2"], &["Everything"]),
            "InvalidTrustScopesValue",
        ),
    ];
    for (body, code) in cases {
        let reply = fixture.put(&groups("/stg1"), body.clone()).await;
        let code = format!("ServerTrustGroupCreateRequest{code}");
        assert_eq!(
            reply.status,
            StatusCode::BAD_REQUEST,
            "{code}: {}",
            reply.text
        );
        assert_eq!(reply.body["error"]["code"], code, "{body}");
    }
    let unknown = fixture
        .put(
            &groups("/stg1").replace("westeurope", "nowhere"),
            body(&["mi", "mi2"], scopes),
        )
        .await;
    assert_eq!(
        unknown.body["error"]["code"],
        "LocationNotAvailableForResourceType"
    );
    let name = fixture
        .put(&groups("/a%25b"), body(&["mi", "mi2"], scopes))
        .await;
    assert_eq!(
        name.body["error"]["code"], "InvalidResourceName",
        "{}",
        name.text
    );
    // The second scope is younger than the type.
    let old = groups("/stg1").replace(VERSION, "2020-02-02-preview");
    let reply = fixture
        .put(&old, body(&["mi", "mi2"], &["ServiceBroker"]))
        .await;
    assert_eq!(
        reply.body["error"]["code"],
        "ServerTrustGroupCreateRequestInvalidTrustScopesValue"
    );
    assert!(names(&fixture, &groups("")).await.is_empty());
}

#[tokio::test]
async fn scopes_are_fixed_and_busy_members_keep_a_group_as_it_is() {
    let fixture = stage().await;
    write(&fixture, "stg1", &["mi", "mi2"]).await;
    let code = |reply: &Reply| {
        (
            reply.status.as_u16(),
            reply.body["error"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let scopes = &["GlobalTransactions", "ServiceBroker"][..];
    let put =
        |name: &'static str, members: &'static [&'static str], scopes: &'static [&'static str]| {
            let fixture = &fixture;
            async move { fixture.put(&groups(name), body(members, scopes)).await }
        };
    let fixed = put("/stg1", &["mi", "mi2"], &["GlobalTransactions"]).await;
    assert_eq!(
        code(&fixed),
        (
            400,
            "ServerTrustGroupCreateRequestInvalidTrustScopesValue".to_owned()
        )
    );
    let missing = fixture
        .put(&groups("/stg1"), body(&["mi", "nobody"], scopes))
        .await;
    assert_eq!(
        code(&missing),
        (406, "ServerTrustGroupMemberNotFound".to_owned())
    );

    // While the group is being written, nothing else changes it.
    fixture.stand_still();
    let running = fixture
        .put(&groups("/stg1"), body(&["mi", "mi2", "mi3"], scopes))
        .await;
    assert_eq!(running.status, StatusCode::ACCEPTED, "{}", running.text);
    let busy = fixture
        .put(&groups("/stg1"), body(&["mi", "mi2"], scopes))
        .await;
    assert_eq!(
        code(&busy),
        (406, "ServerTrustGroupInInvalidState".to_owned())
    );
    let busy = fixture.delete(&groups("/stg1")).await;
    assert_eq!(
        code(&busy),
        (406, "ServerTrustGroupInInvalidState".to_owned())
    );
    fixture.advance(Span::seconds(5));
    assert!(trusts(&fixture, "mi", "mi3"));

    // A member that is being changed, or will be gone.
    let mi3 = in_group("Microsoft.Sql/managedInstances/mi3", VERSION);
    let update = fixture
        .patch(&mi3, json!({"properties": {"vCores": 8}}))
        .await;
    assert_eq!(update.status, StatusCode::ACCEPTED, "{}", update.text);
    for busy in [
        fixture
            .put(&groups("/stg1"), body(&["mi", "mi3"], scopes))
            .await,
        fixture
            .put(&groups("/stg1"), body(&["mi", "mi2"], scopes))
            .await,
        fixture
            .put(&groups("/stg2"), body(&["mi", "mi3"], scopes))
            .await,
        fixture.delete(&groups("/stg1")).await,
    ] {
        assert_eq!(
            code(&busy),
            (406, "ServerTrustGroupMemberIsBusy".to_owned()),
            "{}",
            busy.text
        );
    }
    fixture.advance(Span::seconds(5));
    let stop = fixture
        .send("POST", &mi3.replace("mi3?", "mi3/stop?"), None)
        .await;
    assert_eq!(stop.status, StatusCode::ACCEPTED, "{}", stop.text);
    let stopped = fixture.delete(&groups("/stg1")).await;
    assert_eq!(
        code(&stopped),
        (400, "ManagedInstanceStoppingOrStopped".to_owned())
    );
    fixture.advance(Span::seconds(5));
    fixture.delete(&mi3).await;
    fixture.advance(Span::seconds(5));
    let left = fixture.get(&groups("/stg1")).await;
    assert_eq!(
        left.body["properties"]["groupMembers"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let missing = fixture.get(&of_instance("mi3")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}
