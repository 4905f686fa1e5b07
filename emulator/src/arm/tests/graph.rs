//! Graph by table: what is asked for, and who is found.

use axum::http::StatusCode;
use milink_core::azure::authorization::AddPrincipal;
use serde_json::json;

use super::support::Fixture;
use crate::arm::path::percent_encode;

#[tokio::test]
async fn people_and_principals_are_found() {
    let fixture = Fixture::new();
    let added = fixture.world(|world, now| {
        let request = AddPrincipal {
            application: None,
            name: "walker".to_owned(),
            secret: None,
        };
        world.apply(now, request).expect("a principal")
    });
    let (id, application) = (added.object_id.to_string(), added.application.to_string());
    let filtered = |path: &str, filter: &str| format!("{path}?$filter={}", percent_encode(filter));
    let names = format!("servicePrincipalNames/any(c:c eq '{application}')");
    for (path, found) in [
        (
            filtered("users", "userPrincipalName eq 'USER@milink.local'"),
            vec!["milink user"],
        ),
        (filtered("users", "userPrincipalName eq 'x@y'"), vec![]),
        (filtered("servicePrincipals", &names), vec!["walker"]),
        (
            filtered("servicePrincipals", &format!("appId eq '{application}'")),
            vec!["walker"],
        ),
        (
            filtered("servicePrincipals", "displayName eq 'walker'"),
            vec!["walker"],
        ),
        (
            filtered("servicePrincipals", &format!("id eq '{id}'")),
            vec!["walker"],
        ),
        (filtered("groups", "displayName eq 'walker'"), vec![]),
        (
            "servicePrincipals".to_owned(),
            vec!["milink service principal", "walker"],
        ),
    ] {
        let reply = fixture.get(&format!("/v1.0/{path}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.text);
        let rows = reply.body["value"].as_array().expect("a list");
        let names: Vec<&str> = rows
            .iter()
            .filter_map(|row| row["displayName"].as_str())
            .collect();
        assert_eq!(names, found, "{path}");
    }
    let body = json!({"ids": [id, "no guid"], "types": ["servicePrincipal"]}).to_string();
    let reply = fixture
        .send("POST", "/v1.0/directoryObjects/getByIds", Some(body))
        .await;
    assert_eq!(reply.body["value"][0]["id"], id, "{}", reply.text);
    assert_eq!(
        reply.body["value"][0]["@odata.type"],
        "#microsoft.graph.servicePrincipal"
    );
    for (path, name) in [
        ("me".to_owned(), "milink user"),
        ("users/user@milink.local".to_owned(), "milink user"),
        (format!("servicePrincipals/{id}"), "walker"),
        (format!("directoryObjects/{id}"), "walker"),
    ] {
        let reply = fixture.get(&format!("/beta/{path}")).await;
        assert_eq!(reply.body["displayName"], name, "{path}: {}", reply.text);
    }
    for (path, code) in [
        ("users/nobody".to_owned(), "Request_ResourceNotFound"),
        (
            filtered("users", "startswith(displayName, 'm')"),
            "Request_BadRequest",
        ),
        ("applications".to_owned(), "OperationNotSupportedByMilink"),
    ] {
        let reply = fixture.get(&format!("/v1.0/{path}")).await;
        assert_eq!(reply.code(), code, "{path}: {}", reply.text);
    }
    let reply = fixture.raw("GET", "/v1.0/me", None, &[]).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", reply.text);
}
