//! The article "Azure Private Link for Azure SQL Managed Instance", told on real sockets.

use super::{How, Town, endpoint};
use milink_client::Met;

const APP: &str = "subnet:app-vnet/app";
const INSIDE: &str = "subnet:milink-vnet/vms";

#[tokio::test]
async fn separate_virtual_networks() {
    let town = Town::with_app().await;
    let fqdn = town.fqdn();
    let by_name = How::new(APP, &fqdn, 1433);
    let by_address = How::new(APP, "10.9.1.4", 1433);

    // Another network does not reach the instance, nor does a private endpoint before it is approved.
    assert_eq!(town.meet(by_name).await, "net.no_route: tcp_timeout");
    town.endpoint("pe-mi1", "app-vnet").await;
    assert_eq!(town.meet(by_address).await, "pe.pending: tcp_timeout");
    town.review("pe-mi1", "Approved").await;

    // Its address is not enough: the login must name the instance.
    assert_eq!(town.meet(by_address).await, "tls.name_mismatch: tls");
    let refused = town.dial(by_address.trusting()).await.met;
    let Met::Login(error) = refused else {
        panic!("the login is refused: {refused:?}");
    };
    assert_eq!((error.number, error.class, error.state), (40532, 11, 1));
    assert_eq!(
        error.message,
        "Cannot open server \"10.9.1.4\" requested by the login.  The login failed."
    );
    assert_eq!(town.meet(by_name).await, "net.no_route: tcp_timeout");

    // The name leads to it once a private zone of the right name is linked.
    let zone = format!("privatelink.{}", town.zone());
    town.zone_with(&zone, "10.9.1.4").await;
    assert_eq!(town.meet(by_name).await, "net.no_route: tcp_timeout");
    town.link(&zone, "app-vnet").await;
    assert_eq!(town.meet(by_name).await, "ok: connected");
    let strict = by_name.named(&fqdn);
    assert_eq!(town.meet(strict).await, "ok: connected");
    for port in [1434, 3342, 5022, 11000] {
        let how = How { port, ..by_name };
        assert_eq!(
            town.meet(how).await,
            "pe.port_not_carried: tcp_timeout",
            "{port}"
        );
    }

    // The provider removes the connection: sessions end at once, and nothing answers.
    let mut session = town.session(by_name).await;
    session.batch("SELECT 1").await.expect("it works");
    let port = town.port(by_name).await;
    let connection = town.connection("pe-mi1").await;
    town.arm("DELETE", &connection, super::SQL, None).await;
    let later = town.dial_at(by_name, &port).await.met;
    assert_eq!(
        later.symptom(),
        "tcp_timeout",
        "the port has changed with the answer"
    );
    session
        .batch("SELECT 1")
        .await
        .expect_err("the session is cut");
    assert_eq!(town.meet(by_name).await, "pe.disconnected: tcp_timeout");
    let cut = town
        .stage
        .control()
        .get("net/trace")
        .await
        .expect("a trace");
    let ends: Vec<_> = cut["connections"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert!(
        ends.iter().any(|entry| entry["ended"] == "revoked"),
        "{cut:#}"
    );

    // A new one, and everything works again without another word.
    town.arm("DELETE", &endpoint("pe-mi1"), super::NETWORK, None)
        .await;
    assert_eq!(
        town.meet(by_address).await,
        "net.nothing_at_ip: tcp_timeout"
    );
    assert_eq!(town.meet(by_name).await, "net.no_route: tcp_timeout");
    town.endpoint("pe-2", "app-vnet").await;
    town.review("pe-2", "Rejected").await;
    assert_eq!(town.meet(by_address).await, "pe.rejected: tcp_timeout");
    town.arm("DELETE", &endpoint("pe-2"), super::NETWORK, None)
        .await;
    town.endpoint("pe-3", "app-vnet").await;
    town.review("pe-3", "Approved").await;
    let met = town.dial_at(by_name, &port).await.met;
    assert_eq!(met.symptom(), "connected");
    town.stage.check_laws();
}

#[tokio::test]
async fn the_same_virtual_network() {
    let town = Town::start().await;
    for (subnet, prefix) in [("vms", "10.1.5.0/24"), ("pe", "10.1.6.0/24")] {
        let path = format!("{}/subnets/{subnet}", super::network("milink-vnet"));
        let body = serde_json::json!({"properties": {"addressPrefix": prefix}});
        town.arm("PUT", &path, super::NETWORK, Some(body)).await;
    }
    town.endpoint("pe-mi1", "milink-vnet").await;
    town.review("pe-mi1", "Approved").await;
    town.zone_with("privatelink.site", "10.1.6.4").await;
    town.link("privatelink.site", "milink-vnet").await;

    let (other, fqdn) = ("sqlmi1.privatelink.site", town.fqdn());
    let by_other = How::new(INSIDE, other, 1433);
    assert_eq!(town.meet(by_other).await, "tls.name_mismatch: tls");
    assert_eq!(
        town.meet(by_other.named(other)).await,
        "tls.name_mismatch: tls"
    );
    town.session(by_other.trusting()).await;
    town.session(by_other.named(other).trusting()).await;
    assert_eq!(town.last_traced().await["path"][0]["hop"], "pe");
    // The instance's own name leads to its own endpoint still.
    town.session(How::new(INSIDE, &fqdn, 1433)).await;
    assert_eq!(town.last_traced().await["path"][0]["hop"], "mi");
}
