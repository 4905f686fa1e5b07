//! Clients of a failover group's listeners: they come to whoever has the role, without another name or port.

use milink_client::Sql;
use milink_tests::PASSWORD;
use serde_json::json;

use super::{How, NETWORK, SQL, Town, network};

const APP: &str = "subnet:app-vnet/app";
const GROUP: &str = "instanceFailoverGroups/fog";

/// `sqlmi1` in westeurope and `sqlmi2` in northeurope with its zone, in peered networks, and an application near both.
async fn two_regions() -> Town {
    let town = Town::with_app().await;
    let delegated =
        json!([{"name": "0", "properties": {"serviceName": "Microsoft.Sql/managedInstances"}}]);
    let body = json!({"location": "northeurope", "properties": {
        "addressSpace": {"addressPrefixes": ["10.2.0.0/16"]},
        "subnets": [{"name": "mi", "properties": {"addressPrefix": "10.2.1.0/24", "delegations": delegated}}]}});
    town.arm("PUT", &network("dr-vnet"), NETWORK, Some(body))
        .await;
    town.peer("milink-vnet", "dr-vnet").await;
    town.peer("app-vnet", "milink-vnet").await;
    town.peer("app-vnet", "dr-vnet").await;
    let body = json!({"location": "northeurope", "sku": {"name": "GP_Gen5"}, "properties": {
        "administratorLogin": town.stage.ready().managed_instances[0].user,
        "administratorLoginPassword": PASSWORD,
        "subnetId": town.id(&format!("{}/subnets/mi", network("dr-vnet"))),
        "dnsZonePartner": town.id("Microsoft.Sql/managedInstances/sqlmi1")}});
    town.arm(
        "PUT",
        "Microsoft.Sql/managedInstances/sqlmi2",
        SQL,
        Some(body),
    )
    .await;
    town
}

async fn make_group(town: &Town) {
    let id = |name: &str| town.id(&format!("Microsoft.Sql/managedInstances/{name}"));
    let body = json!({"properties": {
        "readWriteEndpoint": {"failoverPolicy": "Manual"},
        "partnerRegions": [{"location": "northeurope"}],
        "managedInstancePairs": [{"primaryManagedInstanceId": id("sqlmi1"), "partnerManagedInstanceId": id("sqlmi2")}]}});
    let path = format!("Microsoft.Sql/locations/westeurope/{GROUP}");
    town.arm("PUT", &path, SQL, Some(body)).await;
}

async fn first(sql: &mut Sql, text: &str) -> String {
    let sets = sql.batch(text).await;
    let sets = sets.unwrap_or_else(|error| panic!("{text}: {error}"));
    let cell = sets.first().and_then(|set| set.first("v"));
    cell.map_or_else(String::new, ToString::to_string)
}

#[tokio::test]
async fn listeners_lead_to_whoever_has_the_role() {
    let town = two_regions().await;
    make_group(&town).await;
    let zone = town.zone();
    let (writers, readers) = (format!("fog.{zone}"), format!("fog.secondary.{zone}"));
    // Clients check the certificate against the listener's name.
    let writer = How::new(APP, &writers, 1433).named(&writers);
    let reader = How::new(APP, &readers, 1433).named(&readers);
    const SERVER: &str = "SELECT @@SERVERNAME AS v";
    let servers = [format!("sqlmi1.{zone}"), format!("sqlmi2.{zone}")];
    let mut sql = town.session(writer).await;
    for text in [
        "CREATE DATABASE db1",
        "CREATE TABLE db1.dbo.t (a int PRIMARY KEY)",
    ] {
        sql.batch(text).await.expect("it is the primary");
    }
    for round in 0..2 {
        if round == 1 {
            let path = format!("Microsoft.Sql/locations/northeurope/{GROUP}/failover");
            town.arm("POST", &path, SQL, None).await;
        }
        let mut sql = town.session(writer).await;
        assert_eq!(first(&mut sql, SERVER).await, servers[round]);
        let insert = format!("INSERT INTO db1.dbo.t VALUES ({round})");
        sql.batch(&insert).await.expect("it is the primary");
        let mut sql = town.session(reader).await;
        assert_eq!(first(&mut sql, SERVER).await, servers[1 - round]);
        let count = "SELECT COUNT(*) AS v FROM db1.dbo.t";
        assert_eq!(first(&mut sql, count).await, (round + 1).to_string());
        for text in [insert.as_str(), "CREATE DATABASE own"] {
            assert!(sql.batch(text).await.is_err(), "{text}");
        }
    }
    let verdict = town.port(writer).await["verdict"].clone();
    assert_eq!(
        verdict["resolved"]["chain"][0],
        servers[1].as_str(),
        "{verdict}"
    );
}
