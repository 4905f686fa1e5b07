//! Locks: what nobody may delete or change, and what is said to who tries.

use axum::http::StatusCode;
use milink_core::command::{AlterDatabase, DatabaseChange, DropDatabase};
use milink_core::names::Name;
use milink_core::time::Span;
use serde_json::{Value, json};

use super::deployments::{body, deploy, template, vnet};
use super::support::{Fixture, LINKS, SUBSCRIPTION, in_group};

const VERSION: &str = "2016-09-01";
const GROUP: &str = "/resourceGroups/rg";
const NETWORK: &str = "/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet";
const INSTANCE: &str = "/resourceGroups/rg/providers/Microsoft.Sql/managedInstances/mi";

fn path(scope: &str, tail: &str) -> String {
    format!(
        "/subscriptions/S{scope}/providers/Microsoft.Authorization/locks{tail}?api-version={VERSION}"
    )
}

fn level(word: &str) -> Value {
    json!({"properties": {"level": word, "notes": "hands off"}})
}

async fn lock(fixture: &Fixture, scope: &str, name: &str, word: &str) {
    let reply = fixture
        .put(&path(scope, &format!("/{name}")), level(word))
        .await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
}

async fn unlock(fixture: &Fixture, scope: &str, name: &str) {
    let reply = fixture.delete(&path(scope, &format!("/{name}"))).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
}

#[tokio::test]
async fn a_lock_is_written_shown_listed_and_taken_away() {
    let fixture = Fixture::with_instance().await;
    lock(&fixture, NETWORK, "keep", "cannotdelete").await;
    let again = fixture
        .put(&path(NETWORK, "/KEEP"), level("ReadOnly"))
        .await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text);
    let shown = fixture.get(&path(NETWORK, "/keep")).await;
    assert_eq!(
        shown.body,
        json!({
            "properties": {"level": "ReadOnly", "notes": "hands off"},
            "id": format!("/subscriptions/{SUBSCRIPTION}{NETWORK}/providers/Microsoft.Authorization/locks/KEEP"),
            "type": "Microsoft.Authorization/locks",
            "name": "KEEP",
        })
    );
    lock(&fixture, "", "all", "CanNotDelete").await;
    lock(&fixture, GROUP, "group", "CanNotDelete").await;
    for (scope, filter, expected) in [
        ("", "", vec!["all", "group", "KEEP"]),
        (GROUP, "", vec!["group", "KEEP"]),
        (NETWORK, "", vec!["KEEP"]),
        (NETWORK, "&$filter=atScope()", vec!["all", "group", "KEEP"]),
        (INSTANCE, "", vec![]),
    ] {
        let list = fixture.get(&format!("{}{filter}", path(scope, ""))).await;
        let names = list.body["value"].as_array().expect("a list").iter();
        let names: Vec<&str> = names.filter_map(|row| row["name"].as_str()).collect();
        assert_eq!(names, expected, "{scope} {filter}");
    }
    unlock(&fixture, NETWORK, "keep").await;
    let gone = fixture.delete(&path(NETWORK, "/keep")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_cannot_be_a_lock_is_refused() {
    let fixture = Fixture::with_instance().await;
    for number in 0..20 {
        lock(&fixture, GROUP, &format!("l{number}"), "CanNotDelete").await;
    }
    let none = format!("{NETWORK}x");
    for (scope, name, body, status, code) in [
        (NETWORK, "l", json!({}), 400, "InvalidLockRequest"),
        (
            NETWORK,
            "l",
            level("NotSpecified"),
            400,
            "InvalidLockRequest",
        ),
        (
            NETWORK,
            "a%3Ab",
            level("ReadOnly"),
            400,
            "InvalidResourceName",
        ),
        (&none, "l", level("ReadOnly"), 404, "ResourceNotFound"),
        (
            "/resourceGroups/no",
            "l",
            level("ReadOnly"),
            404,
            "ResourceGroupNotFound",
        ),
        (GROUP, "l20", level("ReadOnly"), 409, "LockLimitExceeded"),
    ] {
        let reply = fixture.put(&path(scope, &format!("/{name}")), body).await;
        let found = (reply.status.as_u16(), reply.code());
        assert_eq!(found, (status, code), "{scope} {name}: {}", reply.text);
    }
    let filter = fixture
        .get(&format!("{}&$filter=name%20eq%20'x'", path(GROUP, "")))
        .await;
    assert_eq!(filter.code(), "UnsupportedQuery", "{}", filter.text);
}

#[tokio::test]
async fn what_is_locked_says_so_and_stays() {
    let fixture = Fixture::with_instance().await;
    let id = |scope: &str| format!("/subscriptions/{SUBSCRIPTION}{scope}");
    let network = "2024-05-01";
    let sql = "2024-11-01-preview";
    let subnet = format!("{NETWORK}/subnets/mi");
    let database = format!("{INSTANCE}/databases/db");
    let start = format!("{INSTANCE}/start");
    let role =
        "/providers/Microsoft.Authorization/roleAssignments/11111111-2222-3333-4444-555555555555";
    let role = format!("{INSTANCE}{role}");
    let factory = format!("{GROUP}/providers/Microsoft.DataFactory/factories/adf");
    let cases: &[(&str, &str, &str, &str, &str, &str, bool)] = &[
        (
            NETWORK,
            "CanNotDelete",
            "DELETE",
            NETWORK,
            network,
            "delete",
            true,
        ),
        (
            NETWORK,
            "CanNotDelete",
            "DELETE",
            &subnet,
            network,
            "delete",
            true,
        ),
        (
            &subnet,
            "CanNotDelete",
            "DELETE",
            NETWORK,
            network,
            "delete",
            true,
        ),
        (
            &subnet,
            "ReadOnly",
            "DELETE",
            GROUP,
            "2024-11-01",
            "delete",
            true,
        ),
        (
            "",
            "CanNotDelete",
            "DELETE",
            GROUP,
            "2024-11-01",
            "delete",
            true,
        ),
        (
            GROUP,
            "ReadOnly",
            "PATCH",
            GROUP,
            "2024-11-01",
            "write",
            true,
        ),
        (GROUP, "ReadOnly", "PUT", &database, sql, "write", true),
        (
            GROUP,
            "ReadOnly",
            "PUT",
            &factory,
            "2018-06-01",
            "write",
            true,
        ),
        (INSTANCE, "ReadOnly", "POST", &start, sql, "write", true),
        (
            INSTANCE,
            "ReadOnly",
            "PUT",
            &role,
            "2022-04-01",
            "write",
            true,
        ),
        (
            INSTANCE,
            "CanNotDelete",
            "DELETE",
            &role,
            "2022-04-01",
            "delete",
            true,
        ),
        (INSTANCE, "ReadOnly", "GET", INSTANCE, sql, "", false),
        (INSTANCE, "CanNotDelete", "POST", &start, sql, "", false),
        (&subnet, "ReadOnly", "PATCH", GROUP, "2024-11-01", "", false),
        (
            INSTANCE,
            "ReadOnly",
            "DELETE",
            &format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/other"),
            network,
            "",
            false,
        ),
    ];
    for (scope, word, method, target, version, what, refused) in cases {
        lock(&fixture, scope, "l", word).await;
        let before = fixture.world(|world, _| world.clone());
        let path = format!("/subscriptions/S{target}?api-version={version}");
        let reply = fixture.send(method, &path, Some("{}".to_owned())).await;
        let told = format!("{word} on '{scope}': {method} {target}: {}", reply.text);
        match refused {
            true => {
                assert_eq!(
                    (reply.status, reply.code()),
                    (StatusCode::CONFLICT, "ScopeLocked"),
                    "{told}"
                );
                // An action is asked of the resource before it.
                let on = target.strip_suffix("/start").unwrap_or(target);
                let words = format!(
                    "The scope '{}' cannot perform {what} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
                    id(on),
                    id(scope)
                );
                assert_eq!(reply.message(), words, "{told}");
                fixture.world(|world, _| assert!(before == *world, "{told}"));
            }
            false => assert_ne!(reply.code(), "ScopeLocked", "{told}"),
        }
        unlock(&fixture, scope, "l").await;
    }
}

/// Joining is an action on what is joined.
#[tokio::test]
async fn what_is_only_read_is_not_joined() {
    let fixture = Fixture::with_instance().await;
    let plain = json!({"properties": {"addressPrefix": "10.0.2.0/24"}});
    let subnet = format!("{NETWORK}/subnets/pe");
    let id = format!("/subscriptions/{SUBSCRIPTION}{subnet}");
    let tail = "Microsoft.Network/virtualNetworks/vnet/subnets/pe";
    let made = fixture.put(&in_group(tail, "2024-05-01"), plain).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let interface = in_group("Microsoft.Network/networkInterfaces/nic", "2024-05-01");
    let body = json!({"location": "westeurope", "properties": {"ipConfigurations": [
        {"name": "ip", "properties": {"subnet": {"id": id}}},
    ]}});
    for scope in [&subnet, NETWORK] {
        lock(&fixture, scope, "still", "ReadOnly").await;
        let refused = fixture.put(&interface, body.clone()).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
        assert_eq!(refused.code(), "ScopeLocked");
        let said = format!("The scope '{id}' cannot perform write operation because");
        assert!(refused.message().starts_with(&said), "{}", refused.text);
        unlock(&fixture, scope, "still").await;
    }
    lock(&fixture, &subnet, "keep", "CanNotDelete").await;
    let made = fixture.put(&interface, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
}

/// T-SQL asks no lock; the next database of that name is another one.
#[tokio::test]
async fn the_locks_of_a_database_go_with_it() {
    let fixture = Fixture::with_instance().await;
    let of = |name: &str| format!("{INSTANCE}/databases/{name}");
    for name in ["db", "db2"] {
        let tail = format!("Microsoft.Sql/managedInstances/mi/databases/{name}");
        let path = in_group(&tail, "2024-11-01-preview");
        fixture.put(&path, json!({"location": "westeurope"})).await;
    }
    fixture.advance(Span::minutes(5));
    for name in ["db", "db2"] {
        lock(&fixture, &of(name), "keep", "CanNotDelete").await;
    }
    fixture.world(|world, now| {
        let instance = world.managed_instance("mi").expect("it is there").id;
        let drop = DropDatabase {
            instance,
            name: Name::new("db"),
            session: None,
        };
        world.apply(now, drop).expect("T-SQL may");
        let rename = AlterDatabase {
            instance,
            name: Name::new("db2"),
            changes: vec![DatabaseChange::Rename(Name::new("db3"))],
        };
        world.apply(now, rename).expect("T-SQL may");
    });
    let list = fixture.get(&path("", "")).await.body;
    assert_eq!(list["value"], json!([]));
}

#[tokio::test]
async fn a_group_goes_once_nothing_in_it_is_locked() {
    let fixture = Fixture::with_instance().await;
    let group = "/subscriptions/S/resourcegroups/rg?api-version=2024-11-01";
    lock(&fixture, NETWORK, "a", "CanNotDelete").await;
    lock(&fixture, INSTANCE, "b", "ReadOnly").await;
    let refused = fixture.delete(group).await;
    let scopes =
        format!("'/subscriptions/{SUBSCRIPTION}{NETWORK},/subscriptions/{SUBSCRIPTION}{INSTANCE}'");
    assert!(refused.message().contains(&scopes), "{}", refused.text);
    unlock(&fixture, NETWORK, "a").await;
    assert_eq!(fixture.delete(group).await.code(), "ScopeLocked");
    unlock(&fixture, INSTANCE, "b").await;
    let accepted = fixture.delete(group).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
}

#[tokio::test]
async fn a_template_locks_and_is_held_by_locks() {
    let fixture = Fixture::with_instance().await;
    let lock = json!({
        "type": "Microsoft.Authorization/locks", "apiVersion": VERSION, "name": "keep",
        "properties": {"level": "ReadOnly"},
    });
    let (ended, _) = deploy(
        &fixture,
        "one",
        body(template(json!({"resources": [lock]}))),
    )
    .await;
    assert_eq!(ended.body["status"], "Succeeded", "{}", ended.text);
    let held = body(template(json!({"resources": [vnet("v2", "10.7")]})));
    let path = in_group("Microsoft.Resources/deployments/two", "2025-04-01");
    let refused = fixture.put(&path, held).await;
    assert_eq!(refused.code(), "ScopeLocked", "{}", refused.text);
    let links = in_group(
        "Microsoft.Sql/managedInstances/mi/distributedAvailabilityGroups",
        LINKS,
    );
    assert_eq!(fixture.get(&links).await.status, StatusCode::OK);
}
