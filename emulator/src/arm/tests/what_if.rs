//! What a deployment would change, and that asking for it changes nothing.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::deployments::{VERSION, body, deploy, template, topology, vnet};
use super::support::{Fixture, Reply, in_group};

async fn ask(fixture: &Fixture, asked: &Value) -> Reply {
    // Whoever looks brings the world up to now.
    fixture
        .get(&in_group("Microsoft.Resources/deployments", VERSION))
        .await;
    let before = fixture.world(|world, _| world.clone());
    let path = in_group("Microsoft.Resources/deployments/w/whatIf", VERSION);
    let reply = fixture.send("POST", &path, Some(asked.to_string())).await;
    assert!(
        fixture.world(|world, _| *world == before),
        "nothing has changed"
    );
    reply
}

/// Kind of change and last word of the id, in the order of the answer.
fn changes(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.body["status"], "Succeeded", "{}", reply.text);
    let all = reply.body["properties"]["changes"]
        .as_array()
        .expect("a list");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let shown = all.iter().map(|one| {
        let id = text(one, "resourceId");
        format!(
            "{} {}",
            text(one, "changeType"),
            id.rsplit('/').next().unwrap_or_default()
        )
    });
    shown.collect()
}

#[tokio::test]
async fn what_is_new_changed_gone_and_left_alone() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    deploy(
        &fixture,
        "d",
        body(template(
            json!({"resources": [vnet("aa", "10.60"), vnet("bb", "10.61")]}),
        )),
    )
    .await;
    let mut changed = vnet("bb", "10.61");
    changed["properties"]["addressSpace"]["addressPrefixes"] =
        json!(["10.61.0.0/16", "10.62.0.0/16"]);
    changed["tags"] = json!({"a": "b"});
    let mut asked = body(template(
        json!({"resources": [vnet("aa", "10.60"), changed, vnet("cc", "10.63")]}),
    ));
    let reply = ask(&fixture, &asked).await;
    assert_eq!(
        changes(&reply),
        ["NoChange aa", "Modify bb", "Create cc", "Ignore vnet"],
        "{}",
        reply.text
    );
    let modified = &reply.body["properties"]["changes"][1];
    let delta = modified["delta"].as_array().expect("a list");
    let delta: Vec<String> = delta.iter().map(ToString::to_string).collect();
    assert_eq!(
        delta,
        [
            r#"{"children":[{"after":"10.62.0.0/16","path":"1","propertyChangeType":"Create"}],"path":"properties.addressSpace.addressPrefixes","propertyChangeType":"Array"}"#,
            r#"{"after":"b","path":"tags.a","propertyChangeType":"Create"}"#,
        ],
        "{modified}"
    );
    assert_eq!(modified["after"]["tags"]["a"], "b");
    assert_eq!(reply.body["properties"]["changes"][2].get("before"), None);
    asked["properties"]["whatIfSettings"] = json!({"resultFormat": "ResourceIdOnly"});
    asked["properties"]["mode"] = json!("Complete");
    let reply = ask(&fixture, &asked).await;
    assert_eq!(
        changes(&reply),
        ["NoChange aa", "Modify bb", "Create cc", "Delete vnet"],
        "{}",
        reply.text
    );
    assert!(
        !reply.text.contains("delta") && !reply.text.contains("after"),
        "{}",
        reply.text
    );
    asked["properties"]["whatIfSettings"] = json!({"resultFormat": "Odd"});
    assert_eq!(ask(&fixture, &asked).await.code(), "InvalidRequestContent");
}

#[tokio::test]
async fn a_topology_that_takes_its_time() {
    let fixture = Fixture::with_instance().await;
    let reply = ask(&fixture, &body(topology())).await;
    let seen = changes(&reply);
    let created = seen.iter().filter(|one| one.starts_with("Create ")).count();
    assert_eq!(created, 8, "{seen:?}");
    let ignored = ["Ignore mi", "Ignore vnet"];
    assert!(
        ignored.iter().all(|one| seen.contains(&(*one).to_owned())),
        "{seen:?}"
    );
    assert!(!reply.text.contains("hidden"), "{}", reply.text);
    let endpoint = reply.body["properties"]["changes"]
        .as_array()
        .into_iter()
        .flatten();
    let endpoint = endpoint.filter(|one| {
        one["resourceId"]
            .as_str()
            .is_some_and(|id| id.ends_with("/privateEndpoints/pe"))
    });
    let endpoint: Vec<&Value> = endpoint.collect();
    let approved = &endpoint[0]["after"]["properties"]["privateLinkServiceConnections"][0]["properties"]
        ["privateLinkServiceConnectionState"]["status"];
    assert_eq!(approved, "Approved", "{endpoint:?}");
}

#[tokio::test]
async fn what_would_be_refused_is_said() {
    let fixture = Fixture::new();
    fixture.make_network().await;
    let mut outside = vnet("vnet", "10.0");
    outside["properties"]["subnets"][0]["properties"]["addressPrefix"] = json!("192.168.0.0/24");
    let mut behind = vnet("behind", "10.51");
    behind["dependsOn"] = json!(["vnet"]);
    let reply = ask(
        &fixture,
        &body(template(json!({"resources": [outside, behind]}))),
    )
    .await;
    assert_eq!(
        changes(&reply),
        ["Deploy vnet", "Create behind"],
        "{}",
        reply.text
    );
    let said = &reply.body["properties"]["diagnostics"];
    assert_eq!(said[0]["level"], "Error", "{said}");
    assert_eq!(said[0]["code"], "NetcfgInvalidSubnet", "{said}");
    let reply = ask(
        &fixture,
        &body(template(
            json!({"resources": [vnet("[nothing()]", "10.1")]}),
        )),
    )
    .await;
    assert_eq!(reply.code(), "InvalidTemplate", "{}", reply.text);
}
