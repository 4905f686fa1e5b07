//! Roles: who may do what, and what is said to who may not.

use axum::http::StatusCode;
use milink_core::azure::authorization::AddPrincipal;
use milink_core::azure::deployment::Secret;
use milink_core::time::Span;
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{Fixture, LINKS, Reply, SUBSCRIPTION, in_group};

const VERSION: &str = "2022-04-01";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const NETWORK: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";
const INSTANCE: &str = "4939a1f6-9ae0-4e48-a1e0-f2cbe897382d";
const DNS: &str = "b12aa53e-6015-4669-85d0-8515ebb3ae7f";

/// Somebody who is not the owner.
struct Somebody {
    object_id: Uuid,
    application: Uuid,
    authorization: String,
}

async fn somebody(fixture: &Fixture, name: &str) -> Somebody {
    let added = fixture.world(|world, now| {
        let request = AddPrincipal {
            application: None,
            name: name.to_owned(),
            secret: Some(Secret("hush".into())),
        };
        world.apply(now, request).expect("a principal")
    });
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret=hush&scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
        added.application
    );
    let path = format!("/{}/oauth2/v2.0/token", super::support::TENANT);
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let reply = fixture.raw("POST", &path, Some(form), &headers).await;
    let token = reply.body["access_token"].as_str().expect("a token");
    Somebody {
        object_id: added.object_id,
        application: added.application,
        authorization: format!("Bearer {token}"),
    }
}

impl Somebody {
    async fn send(
        &self,
        fixture: &Fixture,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let headers = [("authorization", self.authorization.as_str())];
        let body = body.map(|body| body.to_string());
        fixture.raw(method, path, body, &headers).await
    }

    /// Gives a role, by its id, at a scope of the subscription.
    async fn is(&self, fixture: &Fixture, role: &str, below: &str) -> Reply {
        let name = Uuid::from_u128(
            self.object_id.as_u128() ^ Uuid::parse_str(role).expect("a role").as_u128(),
        );
        let path = format!(
            "/subscriptions/S{below}/providers/Microsoft.Authorization/roleAssignments/{name}?api-version={VERSION}"
        );
        let body = json!({"properties": {
            "roleDefinitionId": format!("/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
            "principalId": self.object_id,
            "principalType": "ServicePrincipal",
        }});
        let reply = fixture.put(&path, body).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        reply
    }
}

const GROUP: &str = "/resourceGroups/rg";

fn vnet(name: &str) -> String {
    in_group(
        &format!("Microsoft.Network/virtualNetworks/{name}"),
        "2024-05-01",
    )
}

fn instance(tail: &str, version: &str) -> String {
    in_group(&format!("Microsoft.Sql/managedInstances/mi{tail}"), version)
}

#[tokio::test]
async fn nobody_does_what_no_role_lets_them() {
    let fixture = Fixture::with_instance().await;
    let who = somebody(&fixture, "who").await;
    let path = instance("", "2024-11-01-preview");
    let refused = who.send(&fixture, "GET", &path, None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert_eq!(refused.code(), "AuthorizationFailed");
    assert_eq!(
        refused.message(),
        format!(
            "The client '{}' with object id '{}' does not have authorization to perform action 'Microsoft.Sql/managedInstances/read' over scope '/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            who.application, who.object_id
        )
    );
    let list = "/subscriptions?api-version=2022-12-01";
    assert_eq!(
        who.send(&fixture, "GET", list, None).await.body["value"],
        json!([])
    );
    let given = who.is(&fixture, READER, GROUP).await;
    let subscriptions = who.send(&fixture, "GET", list, None).await;
    assert_eq!(
        subscriptions.body["value"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(
        who.send(&fixture, "GET", &path, None).await.status,
        StatusCode::OK
    );
    let written = who
        .send(&fixture, "PATCH", &path, Some(json!({"tags": {}})))
        .await;
    assert!(
        written
            .message()
            .contains("'Microsoft.Sql/managedInstances/write'"),
        "{}",
        written.text
    );
    let all =
        "/subscriptions/S/providers/Microsoft.Sql/managedInstances?api-version=2024-11-01-preview";
    assert_eq!(
        who.send(&fixture, "GET", all, None).await.code(),
        "AuthorizationFailed"
    );
    let groups = who
        .send(
            &fixture,
            "GET",
            "/subscriptions/S/resourcegroups?api-version=2024-11-01",
            None,
        )
        .await;
    assert_eq!(
        groups.body["value"].as_array().map(Vec::len),
        Some(1),
        "{}",
        groups.text
    );
    // Taken away again, it is gone.
    let id = given.body["id"].as_str().expect("an id");
    let gone = fixture.delete(&format!("{id}?api-version={VERSION}")).await;
    assert_eq!(gone.status, StatusCode::OK, "{}", gone.text);
    let again = fixture.delete(&format!("{id}?api-version={VERSION}")).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT);
    assert_eq!(
        who.send(&fixture, "GET", &path, None).await.code(),
        "AuthorizationFailed"
    );
}

/// Each role with something that it lets one do, and something that it does not.
#[tokio::test]
async fn built_in_roles_let_what_they_say() {
    let fixture = Fixture::with_instance().await;
    let network = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.90.0.0/16"]}}});
    let certificate = instance("/serverTrustCertificates/c", "2022-02-01-preview");
    let only = instance("/azureADOnlyAuthentications/Default", "2021-11-01");
    let zone = in_group("Microsoft.Network/privateDnsZones/z.test", "2024-06-01");
    let mut problems = Vec::new();
    for (role, may, may_not) in [
        (
            CONTRIBUTOR,
            ("PUT", vnet("aa"), network.clone()),
            (
                "PUT",
                format!(
                    "/subscriptions/S/providers/Microsoft.Authorization/roleAssignments/{READER}?api-version={VERSION}"
                ),
                json!({}),
            ),
        ),
        (
            READER,
            ("GET", vnet("vnet"), Value::Null),
            ("PUT", vnet("bb"), network.clone()),
        ),
        (
            NETWORK,
            ("PUT", vnet("cc"), network.clone()),
            ("GET", instance("", "2021-11-01"), Value::Null),
        ),
        (
            INSTANCE,
            ("GET", certificate, Value::Null),
            (
                "PUT",
                only,
                json!({"properties": {"azureADOnlyAuthentication": true}}),
            ),
        ),
        (
            DNS,
            ("PUT", zone, json!({"location": "global"})),
            ("PUT", vnet("dd"), network.clone()),
        ),
    ] {
        let who = somebody(&fixture, role).await;
        who.is(&fixture, role, "").await;
        let body = |body: Value| (!body.is_null()).then_some(body);
        let yes = who.send(&fixture, may.0, &may.1, body(may.2)).await;
        if yes.status == StatusCode::FORBIDDEN {
            problems.push(format!("{role} may not: {}", yes.text));
        }
        let no = who
            .send(&fixture, may_not.0, &may_not.1, body(may_not.2))
            .await;
        if no.code() != "AuthorizationFailed" {
            problems.push(format!("{role} may: {}", no.text));
        }
        fixture.advance(Span::minutes(1));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// The table under "Permissions" of the article: what its steps ask for, and nothing else.
#[tokio::test]
async fn the_custom_role_of_the_article_makes_a_link_and_nothing_else() {
    let fixture = Fixture::with_instance().await;
    let who = somebody(&fixture, "linker").await;
    let role = Uuid::from_u128(7).to_string();
    let definition = format!(
        "/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/{role}?api-version={VERSION}"
    );
    let actions = [
        ("", "read write"),
        ("/hybridCertificate", "action"),
        (
            "/databases",
            "read delete write completeRestore/action readBackups/action restoreDetails/read",
        ),
        (
            "/distributedAvailabilityGroups",
            "read write delete setRole/action",
        ),
        ("/endpointCertificates", "read"),
        ("/hybridLink", "read write delete"),
        ("/serverTrustCertificates", "write delete read"),
    ];
    let actions: Vec<String> = actions
        .iter()
        .flat_map(|(kind, verbs)| {
            verbs
                .split(' ')
                .map(move |verb| format!("Microsoft.Sql/managedInstances{kind}/{verb}"))
        })
        .collect();
    let body = json!({"properties": {
        "roleName": "Linker",
        "description": "Makes links.",
        "permissions": [{"actions": actions, "notActions": []}],
        "assignableScopes": [format!("/subscriptions/{SUBSCRIPTION}")],
    }});
    let made = fixture.put(&definition, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.body["properties"]["type"], "CustomRole");
    who.is(&fixture, &role, GROUP).await;
    let link = instance("/distributedAvailabilityGroups/dag", LINKS);
    let version = "2022-02-01-preview";
    for (method, path) in [
        ("GET", instance("", LINKS)),
        (
            "GET",
            instance("/endpointCertificates/DATABASE_MIRRORING", version),
        ),
        ("PUT", instance("/serverTrustCertificates/c", version)),
        ("GET", instance("/serverTrustCertificates", version)),
        ("PUT", link.clone()),
        ("GET", link.clone()),
        (
            "POST",
            instance("/distributedAvailabilityGroups/dag/setRole", LINKS),
        ),
        ("DELETE", link.clone()),
        ("GET", instance("/databases/db", LINKS)),
        ("DELETE", instance("/databases/db", LINKS)),
    ] {
        let body = matches!(method, "PUT" | "POST").then(|| json!({"properties": {}}));
        let reply = who.send(&fixture, method, &path, body).await;
        assert_ne!(
            reply.status,
            StatusCode::FORBIDDEN,
            "{method} {path}: {}",
            reply.text
        );
    }
    for (method, path) in [
        (
            "POST",
            instance("/distributedAvailabilityGroups/dag/failover", LINKS),
        ),
        ("DELETE", instance("", LINKS)),
        ("POST", instance("/stop", LINKS)),
        ("GET", vnet("vnet")),
        (
            "GET",
            "/subscriptions/S/resourceGroups/rg?api-version=2024-11-01".to_owned(),
        ),
    ] {
        let reply = who.send(&fixture, method, &path, None).await;
        assert_eq!(
            reply.code(),
            "AuthorizationFailed",
            "{method} {path}: {}",
            reply.text
        );
    }
    assert_eq!(
        fixture.delete(&definition).await.code(),
        "RoleDefinitionHasAssignments"
    );
}

#[tokio::test]
async fn who_may_not_approve_asks() {
    let fixture = Fixture::with_instance().await;
    let body = json!({"location": "westeurope", "properties": {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [{"name": "pe", "properties": {"addressPrefix": "10.9.1.0/24"}}],
    }});
    assert_eq!(
        fixture.put(&vnet("app"), body).await.status,
        StatusCode::CREATED
    );
    fixture.advance(Span::seconds(5));
    let id = |path: String| {
        let path = path.split('?').next().expect("a path").to_owned();
        path.replace("/S/", &format!("/{SUBSCRIPTION}/"))
    };
    let subnet = format!("{}/subnets/pe", id(vnet("app")));
    let target = id(instance("", LINKS));
    let endpoint = |list: &str| {
        let mut body = json!({"location": "westeurope", "properties": {"subnet": {"id": subnet}}});
        body["properties"][list] = json!([{"name": "c", "properties": {
            "privateLinkServiceId": target,
            "groupIds": ["managedInstance"],
        }}]);
        body
    };
    let path = |name: &str| {
        in_group(
            &format!("Microsoft.Network/privateEndpoints/{name}"),
            "2024-05-01",
        )
    };
    let (automatic, manual) = (
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
    );
    let who = somebody(&fixture, "networker").await;
    who.is(&fixture, NETWORK, GROUP).await;
    let refused = who
        .send(&fixture, "PUT", &path("pe1"), Some(endpoint(automatic)))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert_eq!(refused.code(), "LinkedAuthorizationFailed");
    assert_eq!(
        fixture.get(&path("pe1")).await.status,
        StatusCode::NOT_FOUND
    );
    let asked = who
        .send(&fixture, "PUT", &path("pe1"), Some(endpoint(manual)))
        .await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.text);
    let state = |body: &Value, list: &str| {
        body["properties"][list][0]["properties"]["privateLinkServiceConnectionState"]["status"]
            .clone()
    };
    assert_eq!(state(&asked.body, manual), "Pending");
    who.is(&fixture, INSTANCE, GROUP).await;
    let made = who
        .send(&fixture, "PUT", &path("pe2"), Some(endpoint(automatic)))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(state(&made.body, automatic), "Approved");
    // Who may write endpoints and not join networks is told which right is missing.
    let role = Uuid::from_u128(9).to_string();
    let definition = format!(
        "/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/{role}?api-version={VERSION}"
    );
    let body = json!({"properties": {
        "roleName": "Endpointer",
        "permissions": [{"actions": ["Microsoft.Network/privateEndpoints/*"]}],
        "assignableScopes": [format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg")],
    }});
    assert_eq!(
        fixture.put(&definition, body).await.status,
        StatusCode::CREATED
    );
    let other = somebody(&fixture, "endpointer").await;
    other.is(&fixture, &role, GROUP).await;
    let refused = other
        .send(&fixture, "PUT", &path("pe3"), Some(endpoint(manual)))
        .await;
    assert_eq!(
        refused.code(),
        "LinkedAuthorizationFailed",
        "{}",
        refused.text
    );
    assert!(
        refused.message().contains("subnets/join/action"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn a_deployment_has_the_rights_of_who_asks() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let who = somebody(&fixture, "deployer").await;
    who.is(&fixture, DNS, GROUP).await;
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "2024-05-01", "name": "no", "location": "westeurope", "properties": {}}],
    });
    let body = json!({"properties": {"mode": "Incremental", "template": template}});
    let path = in_group("Microsoft.Resources/deployments/d", "2025-04-01");
    let refused = who.send(&fixture, "PUT", &path, Some(body)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    assert_eq!(refused.code(), "InvalidTemplateDeployment");
    assert!(
        refused
            .message()
            .contains("Authorization failed for template resource 'no'"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn assignments_and_definitions_are_listed_and_refused() {
    let fixture = Fixture::with_instance().await;
    let who = somebody(&fixture, "who").await;
    who.is(&fixture, READER, GROUP).await;
    let list = |below: &str, filter: &str| {
        format!(
            "/subscriptions/S{below}/providers/Microsoft.Authorization/roleAssignments?api-version={VERSION}{filter}"
        )
    };
    let count = |reply: Reply| reply.body["value"].as_array().map(Vec::len);
    let own = format!("&$filter=principalId%20eq%20'{}'", who.object_id);
    for (below, filter, wanted) in [
        ("", "", 3),
        ("", "&$filter=atScope()", 2),
        (GROUP, "&$filter=atScope()", 3),
        ("", own.as_str(), 1),
        (
            "/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi",
            own.as_str(),
            1,
        ),
    ] {
        let reply = fixture.get(&list(below, filter)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        assert_eq!(count(reply), Some(wanted), "{below} {filter}");
    }
    assert_eq!(
        fixture.get(&list("", "&$filter=odd")).await.code(),
        "UnsupportedQuery"
    );
    let roles = format!(
        "/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions?api-version={VERSION}&$filter=roleName%20eq%20'reader'"
    );
    let found = fixture.get(&roles).await;
    assert_eq!(found.body["value"][0]["name"], READER, "{}", found.text);
    let path = format!(
        "/subscriptions/S{GROUP}/providers/Microsoft.Authorization/roleAssignments/{}?api-version={VERSION}",
        Uuid::from_u128(5)
    );
    let body = |role: &str, principal: Uuid, kind: Option<&str>| {
        let mut body = json!({"properties": {"roleDefinitionId": role, "principalId": principal}});
        if let Some(kind) = kind {
            body["properties"]["principalType"] = json!(kind);
        }
        body
    };
    let nobody = Uuid::from_u128(77);
    for (body, code) in [
        (body(READER, who.object_id, None), "RoleAssignmentExists"),
        (
            body(&nobody.to_string(), who.object_id, None),
            "RoleDefinitionDoesNotExist",
        ),
        (
            body("reader", who.object_id, None),
            "InvalidRoleDefinitionId",
        ),
        (body(READER, nobody, None), "PrincipalNotFound"),
        (body(READER, nobody, Some("Robot")), "InvalidPrincipalType"),
    ] {
        assert_eq!(fixture.put(&path, body).await.code(), code);
    }
    let made = fixture.put(&path, body(READER, nobody, Some("User"))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let moved = fixture
        .put(&path, body(CONTRIBUTOR, nobody, Some("User")))
        .await;
    assert_eq!(moved.code(), "RoleAssignmentUpdateNotPermitted");
    let missing = path.replace("000000000005", "000000000006");
    assert_eq!(fixture.get(&missing).await.code(), "RoleAssignmentNotFound");
}
