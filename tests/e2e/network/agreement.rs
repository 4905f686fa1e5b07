//! What the evaluator says is what a client meets: drawn networks, every question asked of both.

use milink_client::{Login, SqlAddress, dial};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{PATIENCE, Town, endpoint, network};
use milink_tests::PASSWORD;

const NETWORKS: [(&str, &str); 2] = [("app-vnet", "10.9"), ("far-vnet", "10.20")];
const EVERY: [&str; 3] = ["milink-vnet", "app-vnet", "far-vnet"];
const PORTS: [u16; 4] = [1433, 3342, 5022, 8080];

/// Numbers that are drawn, the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }
}

impl Town {
    /// Something that somebody does; what cannot be done is refused, and changes nothing.
    async fn act(&self, draw: &mut Draw) -> String {
        let number = draw.below(2);
        let (name, (in_network, prefix)) = (format!("pe-{number}"), NETWORKS[number]);
        let address = format!("{prefix}.1.4");
        match draw.below(9) {
            0 | 1 => {
                if self
                    .try_arm("GET", &endpoint(&name), super::NETWORK, None)
                    .await
                    .is_err()
                {
                    self.endpoint(&name, in_network).await;
                }
                format!("{name} is asked for")
            }
            2 | 3 => {
                let status = if draw.below(4) == 0 {
                    "Rejected"
                } else {
                    "Approved"
                };
                let Some(path) = self.find_connection(&name).await else {
                    return format!("{name} has no connection");
                };
                let body = json!({"properties": {"privateLinkServiceConnectionState": {
                    "status": status, "description": "so it is"}}});
                let _ = self.try_arm("PUT", &path, super::SQL, Some(body)).await;
                format!("{name} is {status}")
            }
            4 => {
                let _ = self
                    .try_arm("DELETE", &endpoint(&name), super::NETWORK, None)
                    .await;
                format!("{name} is deleted")
            }
            5 => {
                let zone = format!("privatelink.{}", self.zone());
                self.zone_with(&zone, &address).await;
                self.link(&zone, in_network).await;
                format!("{zone} has {address}, heard in {in_network}")
            }
            6 => {
                self.zone_with("privatelink.site", &address).await;
                self.link("privatelink.site", in_network).await;
                format!("privatelink.site has {address}, heard in {in_network}")
            }
            7 => {
                let (near, far) = (draw.below(3), draw.below(3));
                let path = format!("{}/virtualNetworkPeerings/p{far}", network(EVERY[near]));
                let body = json!({"properties": {"allowVirtualNetworkAccess": true,
                    "remoteVirtualNetwork": {"id": self.id(&network(EVERY[far]))}}});
                let _ = self.try_arm("PUT", &path, super::NETWORK, Some(body)).await;
                format!("{} is half peered with {}", EVERY[near], EVERY[far])
            }
            _ => {
                let policy = ["Redirect", "Proxy"][draw.below(2)];
                let public = draw.below(2) == 0;
                self.patch_instance(
                    json!({"proxyOverride": policy, "publicDataEndpointEnabled": public}),
                )
                .await;
                format!("{policy}, public {public}")
            }
        }
    }

    async fn find_connection(&self, endpoint: &str) -> Option<String> {
        let list = "Microsoft.Sql/managedInstances/sqlmi1/privateEndpointConnections";
        let found = self.arm("GET", list, super::SQL, None).await;
        let mut names = found["value"]
            .as_array()?
            .iter()
            .filter_map(|one| one["name"].as_str());
        let name = names.find(|name| name.starts_with(&format!("{endpoint}-")))?;
        Some(format!("{list}/{name}"))
    }

    /// Asks everything of both, and says where they differ.
    async fn disagreements(&self, told: &[String]) -> Vec<String> {
        let fqdn = self.fqdn();
        let hosts = [
            fqdn.clone(),
            fqdn.replacen('.', ".public.", 1),
            "sqlmi1.privatelink.site".to_owned(),
            "10.9.1.4".to_owned(),
            "10.1.0.254".to_owned(),
        ];
        let vantages = [
            "subnet:app-vnet/app",
            "subnet:far-vnet/app",
            "subnet:milink-vnet/ManagedInstance",
            "internet",
        ];
        let control = self.stage.control();
        let mut dialling = JoinSet::new();
        for from in vantages {
            for host in &hosts {
                for port in PORTS {
                    let path = format!("net/dial?from={from}&host={host}&port={port}");
                    let here = control.get(&path).await.expect("a port");
                    let login = Login::Password {
                        user: self.stage.ready().managed_instances[0].user.clone(),
                        password: PASSWORD.to_owned(),
                    };
                    let address = SqlAddress {
                        host: "127.0.0.1".to_owned(),
                        port: here["port"]
                            .as_u64()
                            .and_then(|n| n.try_into().ok())
                            .expect("a port"),
                        server_name: "127.0.0.1".to_owned(),
                        ca_file: Some(self.stage.ready().ca_file.clone()),
                    };
                    let asked = format!("{from} -> {host}:{port}");
                    dialling.spawn(async move {
                        let dialled = dial(&address, &login, PATIENCE).await;
                        differ(&here, dialled.met.symptom(), dialled.redirect.is_some())
                            .map(|what| format!("{asked}: {what}"))
                    });
                }
            }
        }
        let found = dialling.join_all().await.into_iter().flatten();
        found.map(|what| format!("{what} after {told:?}")).collect()
    }
}

/// Where the evaluator's verdict and the client's fate differ.
fn differ(here: &Value, met: &str, redirected: bool) -> Option<String> {
    let verdict = &here["verdict"];
    let port = verdict["end"]["port"].as_u64();
    let expected = match (verdict["symptom"].as_str(), port) {
        // A name without an address is a port that refuses.
        (Some("dns"), _) => "tcp_refused",
        (Some(symptom), _) => symptom,
        // Something is there that speaks no SQL.
        (None, Some(port)) if port != 1433 => "tcp_reset",
        (None, _) => "connected",
    };
    let sent_on =
        verdict["redirect"].is_object() || verdict["reason"] == "tds.redirect_unreachable";
    let same = expected == met && sent_on == redirected;
    (!same).then(|| format!("{expected} was said, {met} was met: {verdict}"))
}

#[tokio::test]
async fn clients_meet_what_the_evaluator_says() {
    for seed in 1..=3 {
        let mut draw = Draw(seed);
        let town = Town::start().await;
        for (name, prefix) in NETWORKS {
            let subnets = [
                ("app", format!("{prefix}.0.0/24")),
                ("pe", format!("{prefix}.1.0/24")),
            ];
            let subnets = subnets
                .each_ref()
                .map(|(name, prefix)| (*name, prefix.as_str()));
            town.network(name, &format!("{prefix}.0.0/16"), &subnets)
                .await;
        }
        let mut told = Vec::new();
        // The same ports are asked again and again, while the network changes under them.
        for _ in 0..3 {
            for _ in 0..7 {
                told.push(town.act(&mut draw).await);
            }
            let found = town.disagreements(&told).await;
            assert!(found.is_empty(), "seed {seed}: {found:#?}");
        }
        town.stage.check_laws();
    }
}

#[tokio::test]
async fn two_thousand_ports_follow_the_network() {
    milink::limits::raise_descriptors();
    let town = Town::with_app().await;
    let control = town.stage.control();
    let fqdn = town.fqdn();
    let dial = |port: u16| {
        let path = format!("net/dial?from=subnet:app-vnet/app&host={fqdn}&port={port}");
        let control = &control;
        async move { control.get(&path).await.expect("a port") }
    };
    for port in 1..=2_000 {
        assert_eq!(dial(port).await["mode"], "hole", "{port}");
    }
    town.peer("app-vnet", "milink-vnet").await;
    for (port, mode) in [
        (1, "closed"),
        (1433, "open"),
        (1434, "open"),
        (2_000, "closed"),
    ] {
        assert_eq!(dial(port).await["mode"], mode, "{port}");
    }
}
