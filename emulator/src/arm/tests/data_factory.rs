//! Data factories: what is in them, who approves their endpoints, and what a tested connection is told.

use axum::http::StatusCode;
use milink_core::command::CreateLogin;
use milink_core::principal::LoginKind;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::support::{Fixture, Reply, SUBSCRIPTION, in_group};

fn factory(tail: &str) -> String {
    in_group(
        &format!("Microsoft.DataFactory/factories/adf-one{tail}"),
        "2018-06-01",
    )
}

const RUNTIME: &str = "/integrationRuntimes/vnetIR";
const ENDPOINT: &str = "/managedVirtualNetworks/default/managedPrivateEndpoints/mpe";
const SERVICE: &str = "/linkedservices/MI1";

async fn accepted(fixture: &Fixture, tail: &str, body: Value) -> Value {
    let reply = fixture.put(&factory(tail), body).await;
    assert_eq!(reply.status, StatusCode::OK, "{tail}: {}", reply.text);
    reply.body
}

async fn post(fixture: &Fixture, tail: &str, body: Value) -> Reply {
    let body = Some(body.to_string());
    fixture.send("POST", &factory(tail), body).await
}

fn managed_runtime() -> Value {
    json!({"properties": {
        "type": "Managed",
        "managedVirtualNetwork": {"type": "ManagedVirtualNetworkReference", "referenceName": "default"},
        "typeProperties": {"computeProperties": {"location": "AutoResolve"}},
    }})
}

fn native_endpoint() -> Value {
    json!({"properties": {
        "privateLinkResourceId": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi"),
        "groupId": "managedInstance",
    }})
}

/// An instance `mi` with a login `u`, and a factory with a runtime in its managed network.
async fn stage() -> Fixture {
    let fixture = Fixture::with_instance().await;
    fixture.world(|world, now| {
        world.advance_to(now);
        let instance = world.managed_instance("mi").expect("made").id;
        let create = CreateLogin {
            instance,
            name: "u".into(),
            kind: LoginKind::Sql {
                password: "Pa55word".into(),
            },
            default_database: None,
            sid: None,
        };
        world.apply(now, create).expect("accepted");
    });
    let body = json!({"location": "West Europe", "identity": {"type": "SystemAssigned"}, "tags": {"a": "b"}});
    let made = accepted(&fixture, "", body).await;
    assert_eq!(made["location"], "westeurope");
    assert_eq!(made["identity"]["type"], "SystemAssigned");
    accepted(
        &fixture,
        "/managedVirtualNetworks/default",
        json!({"properties": {}}),
    )
    .await;
    accepted(&fixture, RUNTIME, managed_runtime()).await;
    fixture
}

fn host(fixture: &Fixture) -> String {
    fixture.world(|world, _| world.managed_instance("mi").expect("made").server_name())
}

fn service(host: &str, password: Value) -> Value {
    json!({"name": "MI1", "properties": {
        "type": "AzureSqlMI",
        "typeProperties": {
            "connectionString": format!("Data Source={host},1433;Initial Catalog=master;Integrated Security=False;User ID=u;"),
            "password": password,
        },
        "connectVia": {"referenceName": "vnetIR", "type": "IntegrationRuntimeReference"},
    }})
}

fn secure(text: &str) -> Value {
    json!({"type": "SecureString", "value": text})
}

async fn enable(fixture: &Fixture) {
    let body = json!({"autoTerminationMinutes": 10});
    let reply = post(fixture, &format!("{RUNTIME}/enableInteractiveQuery"), body).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
    let location = reply.header("location").to_owned();
    fixture.stand_still();
    let running = fixture.get(&location).await;
    assert_eq!(running.status, StatusCode::ACCEPTED);
    let shown = fixture.get(&factory(RUNTIME)).await.body;
    let interactive = &shown["properties"]["typeProperties"]["interactiveQuery"];
    assert_eq!(interactive["status"], "Enabling");
    fixture.advance(Span::seconds(1));
    let over = fixture.get(&location).await;
    assert_eq!(over.status, StatusCode::OK, "{}", over.text);
    let interactive = &over.body["properties"]["typeProperties"]["interactiveQuery"];
    assert_eq!(interactive["status"], "Enabled");
    assert_eq!(interactive["autoTerminationMinutes"], 10);
}

#[tokio::test]
async fn a_native_endpoint_is_approved_and_carries() {
    let fixture = stage().await;
    let made = accepted(&fixture, ENDPOINT, native_endpoint()).await;
    let properties = &made["properties"];
    assert_eq!(properties["provisioningState"], "Provisioning");
    assert_eq!(properties["connectionState"]["status"], "Pending");
    assert_eq!(properties["fqdns"][0], host(&fixture));
    let host = host(&fixture);
    accepted(&fixture, SERVICE, service(&host, secure("Pa55word"))).await;
    let named = || json!({"linkedServiceName": "MI1"});
    let refused = post(&fixture, "/testConnectivity", named()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.code(), "InteractiveAuthoringNotEnabled");
    assert!(refused.message().contains("'vnetIR'"), "{}", refused.text);
    enable(&fixture).await;
    let pending = post(&fixture, "/testConnectivity", named()).await.body;
    assert_eq!(pending["succeeded"], false);
    assert_eq!(pending["errors"][0]["code"], 22_300);
    assert_eq!(pending["milink"]["verdict"]["reason"], "pe.pending");
    let instance = |tail: &str| {
        in_group(
            &format!("Microsoft.Sql/managedInstances/mi/privateEndpointConnections{tail}"),
            "2021-11-01",
        )
    };
    let listed = fixture.get(&instance("")).await.body;
    let connection = &listed["value"][0];
    let name = connection["name"]
        .as_str()
        .expect("a connection")
        .to_owned();
    assert!(name.starts_with("adf-one.mpe-"), "{name}");
    let endpoint = &connection["properties"]["privateEndpoint"]["id"];
    let endpoint = endpoint.as_str().expect("an id");
    assert!(
        endpoint.ends_with("/privateEndpoints/adf-one.mpe"),
        "{endpoint}"
    );
    assert!(!endpoint.contains(SUBSCRIPTION), "{endpoint}");
    let approve = json!({"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": "fine"}}});
    let reply = fixture.put(&instance(&format!("/{name}")), approve).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let shown = fixture.get(&factory(ENDPOINT)).await.body;
    assert_eq!(shown["properties"]["connectionState"]["status"], "Approved");
    assert_eq!(shown["properties"]["provisioningState"], "Succeeded");
    let tested = post(&fixture, "/testConnectivity", named()).await.body;
    assert_eq!(tested["succeeded"], true, "{tested}");
    let given = json!({"linkedService": service(&host, secure("wrong"))});
    let tested = post(&fixture, "/testConnectivity", given).await.body;
    let message = tested["errors"][0]["message"].as_str().expect("a text");
    assert!(
        message.ends_with("Login failed for user 'u'.,SqlErrorNumber=18456,Class=14,State=1,"),
        "{message}"
    );
    // The other side cuts it.
    let gone = fixture.delete(&instance(&format!("/{name}"))).await;
    assert_eq!(gone.status, StatusCode::OK);
    let shown = fixture.get(&factory(ENDPOINT)).await.body;
    assert_eq!(
        shown["properties"]["connectionState"]["status"],
        "Disconnected"
    );
}

#[tokio::test]
async fn secrets_are_kept_and_not_shown() {
    let fixture = stage().await;
    accepted(&fixture, ENDPOINT, native_endpoint()).await;
    let host = host(&fixture);
    let inline = format!("Server={host};User ID=u;Password=Pa55word");
    let bodies = [
        service(&host, secure("Pa55word")),
        json!({"properties": {"type": "AzureSqlMI", "typeProperties": {"connectionString": secure(&inline)}}}),
        json!({"properties": {"type": "AzureSqlMI", "typeProperties": {"connectionString": inline}}}),
        json!({"properties": {"type": "SqlServer", "typeProperties": {
            "server": host, "database": "master", "encrypt": "mandatory", "authenticationType": "SQL", "userName": "u", "password": secure("Pa55word"),
        }}}),
    ];
    for body in bodies {
        let shown = accepted(&fixture, SERVICE, body).await;
        assert!(!shown.to_string().contains("Pa55word"), "{shown}");
        let credential = &shown["properties"]["typeProperties"]["encryptedCredential"];
        assert!(credential.is_string(), "{shown}");
        let password = |fixture: &Fixture| {
            fixture.world(|world, _| {
                let factory = world.azure.data_factories.values().next().expect("made");
                let service = factory.linked_services.values().next().expect("made");
                let connection = service.connection.as_ref().expect("reads");
                connection.password.clone()
            })
        };
        assert_eq!(password(&fixture).as_deref(), Some("Pa55word"));
        // Whoever writes back what was read keeps the password.
        accepted(&fixture, SERVICE, shown).await;
        assert_eq!(password(&fixture).as_deref(), Some("Pa55word"));
    }
}

#[tokio::test]
async fn etags_are_honoured() {
    let fixture = stage().await;
    let send = async |method: &str, tail: &str, body: Option<Value>, name: &str, etag: &str| {
        let authorization = format!("Bearer {}", fixture.token);
        let headers = [("authorization", authorization.as_str()), (name, etag)];
        let body = body.map(|body| body.to_string());
        fixture.raw(method, &factory(tail), body, &headers).await
    };
    for (tail, member, body) in [
        ("", "eTag", json!({"location": "westeurope"})),
        (RUNTIME, "etag", managed_runtime()),
    ] {
        let shown = fixture.get(&factory(tail)).await.body;
        let etag = shown[member].as_str().expect("an etag").to_owned();
        assert!(etag.starts_with('"'), "{etag}");
        let same = send("GET", tail, None, "if-none-match", &etag).await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED);
        assert_eq!(same.text, "");
        let written = send("PUT", tail, Some(body.clone()), "if-match", &etag).await;
        assert_eq!(written.status, StatusCode::OK, "{}", written.text);
        let refused = send("PUT", tail, Some(body.clone()), "if-match", &etag).await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(refused.code(), "PreconditionFailed");
        let other = send("GET", tail, None, "if-none-match", &etag).await;
        assert_eq!(other.status, StatusCode::OK);
        let any = send("PUT", tail, Some(body), "if-match", "*").await;
        assert_eq!(any.status, StatusCode::OK, "{}", any.text);
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let fixture = stage().await;
    for (tail, code) in [
        ("/integrationRuntimes/none", "EntityNotFound"),
        ("/linkedservices/none", "EntityNotFound"),
        ("/managedVirtualNetworks/other", "EntityNotFound"),
        (ENDPOINT, "EntityNotFound"),
        ("/pipelines/p", "OperationNotSupportedByMilink"),
        ("/datasets/d", "OperationNotSupportedByMilink"),
        ("/nonsense/d", "InvalidResourceType"),
    ] {
        assert_eq!(fixture.get(&factory(tail)).await.code(), code, "{tail}");
    }
    let other = |tail: &str| {
        in_group(
            &format!("Microsoft.DataFactory/factories/none{tail}"),
            "2018-06-01",
        )
    };
    assert_eq!(fixture.get(&other("")).await.code(), "ResourceNotFound");
    let child = fixture.get(&other("/linkedservices/x")).await;
    assert_eq!(child.code(), "ParentResourceNotFound", "{}", child.text);
    let deleted = fixture.delete(&other("")).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let refused = [
        (
            SERVICE,
            json!({"properties": {"type": "AzureBlobStorage", "typeProperties": {}}}),
            "OperationNotSupportedByMilink",
        ),
        (
            SERVICE,
            json!({"properties": {"type": "AzureSqlMI"}}),
            "MissingRequiredParameter",
        ),
        (
            SERVICE,
            json!({"properties": {"type": "AzureSqlMI", "typeProperties": {"connectionString": "Server=h", "password": {"type": "AzureKeyVaultSecret"}}}}),
            "OperationNotSupportedByMilink",
        ),
        (
            SERVICE,
            json!({"properties": {"type": "AzureSqlMI", "typeProperties": {"connectionString": "Server=h"}, "connectVia": {"referenceName": "gone"}}}),
            "BadRequest",
        ),
        (
            "/integrationRuntimes/ssis",
            json!({"properties": {"type": "Managed", "typeProperties": {"ssisProperties": {"edition": "Standard"}}}}),
            "OperationNotSupportedByMilink",
        ),
        (
            "",
            json!({"location": "westeurope", "properties": {"repoConfiguration": {"type": "FactoryGitHubConfiguration"}}}),
            "OperationNotSupportedByMilink",
        ),
        ("", json!({"location": "eastus"}), "InvalidResourceLocation"),
    ];
    for (tail, body, code) in refused {
        let reply = fixture.put(&factory(tail), body).await;
        assert_eq!(reply.code(), code, "{tail}: {}", reply.text);
    }
    let started = post(&fixture, &format!("{RUNTIME}/start"), json!({})).await;
    assert_eq!(started.code(), "OperationNotSupportedByMilink");
}

#[tokio::test]
async fn what_is_referred_to_stays() {
    let fixture = stage().await;
    let host = host(&fixture);
    accepted(&fixture, SERVICE, service(&host, secure("x"))).await;
    let refused = fixture.delete(&factory(RUNTIME)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused.message(),
        "The document cannot be deleted since it is referenced by MI1."
    );
    assert_eq!(
        refused.body["error"]["target"],
        "/Microsoft.DataFactory/factories/adf-one/integrationruntimes/vnetIR"
    );
    for tail in [SERVICE, RUNTIME] {
        let deleted = fixture.delete(&factory(tail)).await;
        assert_eq!(deleted.status, StatusCode::OK, "{}", deleted.text);
        let again = fixture.delete(&factory(tail)).await;
        assert_eq!(again.status, StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_self_hosted_runtime_waits_for_nodes() {
    let fixture = stage().await;
    let tail = "/integrationRuntimes/shIR";
    accepted(
        &fixture,
        tail,
        json!({"properties": {"type": "SelfHosted", "description": "ours"}}),
    )
    .await;
    let status = post(&fixture, &format!("{tail}/getStatus"), json!({}))
        .await
        .body;
    assert_eq!(status["properties"]["state"], "NeedRegistration");
    let keys = post(&fixture, &format!("{tail}/listAuthKeys"), json!({}))
        .await
        .body;
    let body = json!({"keyName": "authKey2"});
    let fresh = post(&fixture, &format!("{tail}/regenerateAuthKey"), body)
        .await
        .body;
    assert_eq!(keys["authKey1"], fresh["authKey1"]);
    assert_ne!(keys["authKey2"], fresh["authKey2"]);
    let none = post(&fixture, &format!("{RUNTIME}/listAuthKeys"), json!({})).await;
    assert_eq!(none.code(), "BadRequest");
    let status = post(&fixture, &format!("{RUNTIME}/getStatus"), json!({}))
        .await
        .body;
    assert_eq!(status["properties"]["state"], "Online");
    let mut through = service("h", secure("x"));
    through["properties"]["connectVia"]["referenceName"] = json!("shIR");
    let tested = post(
        &fixture,
        "/testConnectivity",
        json!({"linkedService": through}),
    )
    .await;
    assert_eq!(tested.body["succeeded"], false);
    assert_eq!(tested.body["milink"]["verdict"], Value::Null);
}

#[tokio::test]
async fn factories_are_listed_and_changed() {
    let fixture = stage().await;
    let all = "/subscriptions/S/providers/Microsoft.DataFactory/factories?api-version=2018-06-01";
    let group = in_group("Microsoft.DataFactory/factories", "2018-06-01");
    for path in [all, &group] {
        let listed = fixture.get(path).await.body;
        assert_eq!(listed["value"][0]["name"], "adf-one", "{path}: {listed}");
    }
    let generic = "/subscriptions/S/resourceGroups/rg/resources?api-version=2021-04-01&$filter=resourceType eq 'Microsoft.DataFactory/factories'";
    let listed = fixture.get(&generic.replace(' ', "%20")).await.body;
    assert_eq!(listed["value"][0]["name"], "adf-one", "{listed}");
    let change = json!({"tags": {"c": "d"}, "properties": {"publicNetworkAccess": "Disabled"}});
    let changed = fixture.patch(&factory(""), change).await.body;
    assert_eq!(changed["tags"], json!({"c": "d"}));
    assert_eq!(changed["properties"]["publicNetworkAccess"], "Disabled");
    assert!(changed["identity"].is_object());
    for (tail, name) in [
        ("/integrationRuntimes", "vnetIR"),
        ("/managedVirtualNetworks", "default"),
    ] {
        let listed = fixture.get(&factory(tail)).await.body;
        assert_eq!(listed["value"][0]["name"], name, "{listed}");
    }
    let none = fixture.get(&factory("/linkedservices")).await;
    assert_eq!(none.body, json!({"value": []}));
}
