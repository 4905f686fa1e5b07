//! Why something was refused, and what would stop a link: through the header, the control API and SQL.

use milink_client::Error;
use milink_tests::Stage;
use serde_json::{Value, json};

const VERSION: &str = "2024-05-01-preview";

#[tokio::test]
async fn a_refused_arm_call_is_explained_by_the_id_in_its_header() {
    let stage = Stage::start_auto().await;
    let control = stage.control();
    let path = format!(
        "{}/distributedAvailabilityGroups/DAG_db1",
        stage.instance_id()
    );
    let body = json!({"properties": {
        "databases": [{"databaseName": "db1"}],
        "instanceAvailabilityGroupName": "AG",
        "partnerAvailabilityGroupName": "AG",
        "partnerEndpoint": "TCP://10.0.0.4:5022",
    }});
    let refused = stage.arm().send("PUT", &path, VERSION, Some(&body)).await;
    let Err(Error::Arm { status: 400, .. }) = refused else {
        panic!("both groups have one name: {refused:?}");
    };
    let latest = control.get("explain?world=default&limit=1").await;
    let latest = latest.expect("it is remembered")["value"][0].clone();
    assert_eq!(
        latest["reason"],
        "both availability groups have the same name"
    );
    assert_eq!(latest["server"], "ARM");
    let id = latest["id"].as_str().expect("an id");
    let one = control.get(&format!("explain/{id}")).await;
    assert_eq!(one.expect("it is found"), latest);
}

#[tokio::test]
async fn the_doctor_and_a_failed_operation_tell_the_same() {
    let stage = Stage::start_auto().await;
    let (arm, control) = (stage.arm(), stage.control());
    let path = format!(
        "{}/distributedAvailabilityGroups/DAG_db1",
        stage.instance_id()
    );
    let body = json!({"properties": {
        "databases": [{"databaseName": "db1"}],
        "instanceAvailabilityGroupName": "AG_db1_MI",
        "partnerAvailabilityGroupName": "AG_db1",
        "partnerEndpoint": "TCP://10.9.9.9:5022",
        "instanceLinkRole": "Secondary",
        "failoverMode": "None",
        "seedingMode": "Automatic",
    }});
    let accepted = arm.send("PUT", &path, VERSION, Some(&body)).await;
    let operation = accepted
        .expect("it is accepted")
        .operation
        .expect("it runs");
    operation.wait(&arm).await.expect("it is polled");
    let url = operation.status_url.expect("a status URL");
    let id = url
        .rsplit('/')
        .next()
        .and_then(|last| last.split('?').next());
    let explained = control
        .get(&format!("explain/{}", id.expect("an id")))
        .await;
    let explained = explained.expect("it is explained");
    let facts = explained["facts"].to_string();
    assert!(
        facts.contains("the partner endpoint is 'TCP://10.9.9.9:5022'"),
        "{explained:#}"
    );
    assert!(facts.contains("sqlserver1 at 10.0.0.4"), "{explained:#}");
    let latest = control.get("explain?world=default&limit=1").await;
    let latest = latest.expect("it is the newest")["value"][0].clone();
    assert_eq!(latest["id"], explained["id"]);
    assert_eq!(latest["reason"], explained["reason"]);
    assert_eq!(
        latest["code"],
        "ManagedInstanceLinkConnectivityIsNotEstablished"
    );
    // The link that is left is not well, and says why by its name, for whoever has lost the operation's id.
    let link = control.get("explain/dag_db1").await;
    let link = link.expect("it is not well");
    assert_eq!(link["reason"], explained["reason"]);
    assert_eq!(link["remedy"], explained["remedy"]);
    assert_eq!(link["code"], "LinkInitError");

    let examined = control
        .get("worlds/default/doctor")
        .await
        .expect("it is examined");
    assert_eq!(examined["fails"], true);
    let checks = examined["reports"][0]["checks"]
        .as_array()
        .expect("checks")
        .clone();
    let address = checks
        .iter()
        .find(|check| check["id"] == "endpoint-address");
    assert_eq!(address.expect("it is checked")["verdict"], "fail");
    let nobody = control.get("worlds/default/doctor?server=nobody").await;
    assert_eq!(
        nobody.expect_err("no such server").arm_code(),
        Some("NotFound")
    );
}

#[tokio::test]
async fn an_error_of_sql_is_explained_to_both_sides() {
    let stage = Stage::start().await;
    let mut sql = stage.sql_server().await;
    let refused = sql
        .batch("CREATE CERTIFICATE c WITH SUBJECT = 'no master key'")
        .await;
    refused.expect_err("there is no master key");
    let rows = sql
        .batch("SELECT error_number, remedy FROM sys.milink_explain")
        .await
        .expect("the view");
    assert_eq!(rows[0].rows[0][0].to_string(), "15581");
    assert!(rows[0].rows[0][1].to_string().contains("CREATE MASTER KEY"));
    let latest = stage
        .control()
        .get("explain")
        .await
        .expect("it is remembered");
    assert_eq!(latest["value"][0]["code"], "15581");
    assert_eq!(latest["value"][0]["server"], "sqlserver1");
}

#[tokio::test]
async fn the_log_of_inputs_shows_no_password() {
    let stage = Stage::start_auto().await;
    let mut sql = stage.sql_server().await;
    let text = "CREATE LOGIN anna WITH PASSWORD = 'Hunter-2-Hunter-2'";
    sql.batch(text).await.expect("the login is created");
    let path = stage.instance_id().to_owned();
    let body = json!({"properties": {"administratorLoginPassword": "Hunter-2-Hunter-2"}});
    let changed = stage
        .arm()
        .send("PATCH", &path, "2023-08-01", Some(&body))
        .await;
    changed.expect("the password is changed");
    let url = format!("{}/worlds/default/log", stage.ready().control_url);
    let ca = reqwest::Certificate::from_pem(stage.emulator().ca_pem().as_bytes());
    let client = reqwest::Client::builder()
        .tls_certs_only([ca.expect("a certificate")])
        .build()
        .expect("a client");
    let log = client.get(url).send().await.expect("an answer");
    let log = log.text().await.expect("text");
    assert!(
        log.contains("CREATE LOGIN anna WITH PASSWORD = '***'"),
        "{log}"
    );
    assert!(log.contains("ARM\n    PATCH /subscriptions/"), "{log}");
    assert!(!log.contains("Hunter"), "{log}");
}

#[tokio::test]
async fn a_broken_law_makes_the_emulator_unhealthy() {
    let stage = Stage::start().await;
    let control = stage.control();
    let healthy: Value = control.get("health").await.expect("it lives");
    assert_eq!(healthy["status"], "ok");
    stage.world().change(|world, _| {
        let (_, instance) = world.instances.iter().next().expect("there is one");
        let mut twin = milink_core::instance::Instance::clone(instance);
        twin.databases.clear();
        world
            .instances
            .insert(milink_core::ids::InstanceId(99), twin.into());
    });
    let sick = control.get("health").await.expect_err("it is unhealthy");
    assert!(sick.to_string().contains("503"), "{sick}");
    let journal = control
        .get("journal")
        .await
        .expect("the journal")
        .to_string();
    assert!(
        journal.contains("a law of the world is broken"),
        "{journal}"
    );
}
