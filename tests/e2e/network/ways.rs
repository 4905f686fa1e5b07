//! The proxy and the addresses of the loopback: what a client meets there is what the evaluator says, from everywhere to everything.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use milink::Emulator;
use milink::clock::ClockMode;
use milink::config::{Config, SocksFailures};
use milink_client::{Dialled, Login, SqlAddress, Way, dial_by};
use milink_tests::{PASSWORD, Stage};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{PATIENCE, Town};

const APP: &str = "subnet:app-vnet/app";
const INSIDE: &str = "subnet:milink-vnet/ManagedInstance";

pub(super) fn socks(stage: &Stage, user: &str) -> Way {
    let url = &stage.ready().socks_url;
    let address = url.strip_prefix("socks5h://").expect("a proxy");
    let (host, port) = address.rsplit_once(':').expect("a port");
    Way::Socks {
        proxy: (host.to_owned(), port.parse().expect("a number")),
        user: user.to_owned(),
    }
}

/// The addresses of the loopback that stand for what a vantage sees; none where the machine has none.
pub(super) async fn loopback(stage: &Stage, from: &str) -> Option<Way> {
    let path = format!("net/hosts?from={from}");
    let answer = stage.control().get(&path).await.expect("names");
    let hosts = answer["hosts"].as_array().expect("a list").iter();
    let names: BTreeMap<String, IpAddr> = hosts
        .map(|host| {
            let name = host["name"].as_str().expect("a name").to_owned();
            let address = host["address"].as_str().expect("an address");
            (name, address.parse().expect("an address"))
        })
        .collect();
    (answer["addresses"] == "loopback").then_some(Way::Names(names))
}

pub(super) async fn dial(stage: &Stage, way: &Way, host: &str, port: u16) -> Dialled {
    let address = SqlAddress {
        host: host.to_owned(),
        port,
        server_name: host.to_owned(),
        ca_file: Some(stage.ready().ca_file.clone()),
    };
    let login = Login::Password {
        user: stage.ready().managed_instances[0].user.clone(),
        password: PASSWORD.to_owned(),
    };
    // The proxy says at once that nothing answers; elsewhere only waiting tells.
    let patience = match way {
        Way::Socks { .. } => Duration::from_secs(30),
        Way::Direct | Way::Names(_) => PATIENCE,
    };
    dial_by(way, &address, &login, patience).await
}

/// What a client is to meet: the symptom, or what a port that speaks no SQL does.
async fn expected(stage: &Stage, from: &str, host: &str, port: u16) -> String {
    let asked = json!({"from": from, "host": host, "port": port});
    let verdict = stage.control().post("net/evaluate", &asked).await;
    let verdict = verdict.expect("a verdict");
    match verdict["symptom"].as_str() {
        Some(symptom) => symptom.to_owned(),
        None if port == 5022 => "tcp_reset".to_owned(),
        None => "connected".to_owned(),
    }
}

/// Dials a host and port by both ways; both must be what is expected, which is answered.
async fn compare(
    stage: &Stage,
    from: &str,
    proxy: &Way,
    names: Option<&Way>,
    (host, port): (&str, u16),
) -> String {
    let expected = expected(stage, from, host, port).await;
    // An address is not looked up, so it stays that of the model, at which nothing here answers.
    let names = names.filter(|_| host.parse::<IpAddr>().is_err());
    for way in [Some(proxy), names].into_iter().flatten() {
        let met = dial(stage, way, host, port).await.met;
        assert_eq!(
            met.symptom(),
            expected,
            "{from} -> {host}:{port} by {way:?}: {met:?}"
        );
    }
    expected
}

/// The same for every port.
async fn compare_ports(
    stage: &Stage,
    from: &str,
    proxy: &Way,
    names: Option<&Way>,
    host: &str,
) -> [String; 3] {
    // A client's future is too large for many of them on one stack.
    let one = |port| Box::pin(compare(stage, from, proxy, names, (host, port)));
    tokio::join!(one(1433), one(3342), one(5022)).into()
}

/// Dials everything from everywhere by both ways. Answers how often each symptom was met.
async fn check(town: &Town) -> BTreeMap<String, usize> {
    let stage = &town.stage;
    let fqdn = town.fqdn();
    let hosts = [
        fqdn.clone(),
        fqdn.replacen('.', ".privatelink.", 1),
        fqdn.replacen('.', ".public.", 1),
        format!("nobody{fqdn}"),
        "10.9.1.4".to_owned(),
        "10.9.0.200".to_owned(),
    ];
    let vantages = stage.control().get("net/vantages").await.expect("vantages");
    let mut met = BTreeMap::new();
    for from in vantages["vantages"].as_array().expect("a list") {
        let from = from.as_str().expect("a name");
        let proxy = socks(stage, from);
        let names = loopback(stage, from).await;
        // Most of it is waiting.
        let [a, b, c, d, e, f] = &hosts;
        let all = |host| compare_ports(stage, from, &proxy, names.as_ref(), host);
        let found = tokio::join!(all(a), all(b), all(c), all(d), all(e), all(f));
        let found = [found.0, found.1, found.2, found.3, found.4, found.5];
        for symptom in found.into_iter().flatten() {
            *met.entry(symptom).or_default() += 1;
        }
    }
    met
}

#[tokio::test]
async fn every_way_in_meets_what_the_evaluator_says() {
    let town = Town::with_app().await;
    let alone = check(&town).await;
    town.endpoint("pe-mi1", "app-vnet").await;
    check(&town).await;
    town.review("pe-mi1", "Approved").await;
    let zone = format!("privatelink.{}", town.zone());
    town.zone_with(&zone, "10.9.1.4").await;
    town.link(&zone, "app-vnet").await;
    let linked = check(&town).await;
    assert!(linked["connected"] > alone["connected"], "{linked:?}");
    town.peer("app-vnet", "milink-vnet").await;
    town.patch_instance(json!({"publicDataEndpointEnabled": true, "proxyOverride": "Redirect"}))
        .await;
    let open = check(&town).await;
    assert!(open["connected"] > linked["connected"], "{open:?}");
    let connection = town.connection("pe-mi1").await;
    town.arm("DELETE", &connection, super::SQL, None).await;
    let all = check(&town).await;
    for symptom in ["connected", "dns", "tcp_timeout", "tls"] {
        assert!(all.contains_key(symptom), "{symptom} is met: {all:?}");
    }
}

#[tokio::test]
async fn redirected_clients_follow_by_name() {
    let town = Town::with_app().await;
    town.peer("app-vnet", "milink-vnet").await;
    town.patch_instance(json!({"proxyOverride": "Redirect"}))
        .await;
    let (stage, fqdn) = (&town.stage, town.fqdn());
    let ways = [Some(socks(stage, APP)), loopback(stage, APP).await];
    for way in ways.into_iter().flatten() {
        let followed = dial(stage, &way, &fqdn, 1433).await;
        assert_eq!(followed.met.symptom(), "connected", "{followed:?}");
        assert_eq!(followed.redirect, Some((fqdn.clone(), 11_000)));
    }
}

#[tokio::test]
async fn blocks_of_the_loopback_are_kept_apart() {
    let (one, other) = (Town::start().await, Town::start().await);
    let (near, far) = (
        loopback(&one.stage, INSIDE).await,
        loopback(&other.stage, INSIDE).await,
    );
    let (Some(Way::Names(near)), Some(Way::Names(far))) = (near, far) else {
        return;
    };
    assert!(
        near.values()
            .all(|address| !far.values().any(|other| other == address))
    );
    let again = loopback(&one.stage, INSIDE).await;
    assert_eq!(again, Some(Way::Names(near)), "they stay");
    let dns = one
        .stage
        .control()
        .get(&format!("net/dns?from={INSIDE}"))
        .await;
    assert_eq!(dns.expect("a name server")["addresses"], "loopback");
}

#[tokio::test]
async fn a_proxy_knows_the_worlds_and_who_may_come() {
    let stage = Stage::start().await;
    let fqdn = stage.ready().managed_instances[0].fqdn.clone();
    stage
        .control()
        .post(
            "worlds",
            &json!({"name": "copy", "from": "default", "ports": "shared"}),
        )
        .await
        .expect("a copy");
    for (user, symptom) in [
        (INSIDE, "connected"),
        ("subnet:milink-vnet/ManagedInstance@copy", "connected"),
        ("MI:SQLMI1", "connected"),
        ("internet", "tcp_timeout"),
        ("internet@copy", "tcp_timeout"),
        ("internet@nowhere", "broken"),
        ("vm:nobody", "broken"),
        ("", "broken"),
    ] {
        let met = dial(&stage, &socks(&stage, user), &fqdn, 1433).await.met;
        assert_eq!(met.symptom(), symptom, "{user}: {met:?}");
    }
    let trace = stage
        .control()
        .get("net/trace?world=copy")
        .await
        .expect("a trace");
    let traced: Vec<&Value> = trace["connections"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(traced.len(), 2, "{traced:?}");
    assert_eq!(traced[0]["login"]["instance"], fqdn);
}

#[tokio::test]
async fn a_faithful_proxy_lets_its_clients_wait() {
    let config = Config {
        socks_failures: SocksFailures::Faithful,
        clock: ClockMode::Manual,
        ..Config::default()
    };
    let stage = Stage::start_with(Emulator::builder().config(config)).await;
    let fqdn = stage.ready().managed_instances[0].fqdn.clone();
    let Way::Socks { proxy, .. } = socks(&stage, "internet") else {
        panic!("a proxy");
    };
    let mut stream = TcpStream::connect(proxy).await.expect("the proxy");
    stream
        .write_all(b"\x05\x01\x02\x01\x08internet\x00")
        .await
        .expect("it hears");
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await.expect("it answers");
    let length = u8::try_from(fqdn.len()).expect("a name");
    let request = [
        &[5, 1, 0, 3, length][..],
        fqdn.as_bytes(),
        &1433_u16.to_be_bytes(),
    ]
    .concat();
    stream.write_all(&request).await.expect("it hears");
    let waited = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await;
    assert!(waited.is_err(), "nothing comes: {waited:?}");
    // Names that nobody has are told at once, as a resolver does.
    let met = dial(&stage, &socks(&stage, "internet"), "nobody.example", 1433)
        .await
        .met;
    assert_eq!(met.symptom(), "dns");
}
