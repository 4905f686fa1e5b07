//! The model's network on real sockets: who gets where from where, and what a client meets that does not.

mod agreement;
mod article;
mod failover_groups;
mod forwarding;
mod ports;
mod ways;

use std::time::Duration;

use milink::Emulator;
use milink::clock::ClockMode;
use milink::topology::Topology;
use milink_client::{Dialled, Login, Met, Sql, SqlAddress, dial};
use milink_core::durations::{Durations, Profile};
use milink_tests::{PASSWORD, Stage};
use serde_json::{Value, json};

/// How long a connection is waited for that nothing answers.
const PATIENCE: Duration = Duration::from_millis(150);
const NETWORK: &str = "2024-05-01";
const DNS: &str = "2024-06-01";
const SQL: &str = "2023-08-01";

/// An emulator whose network is made with ARM, and dialled through ports.
struct Town {
    stage: Stage,
    group: String,
}

/// How a client dials.
#[derive(Clone, Copy)]
struct How<'a> {
    from: &'a str,
    host: &'a str,
    port: u16,
    /// The name in the login and, if it is checked, in the certificate; none is the loopback address that is dialled.
    named: Option<&'a str>,
    checks: bool,
}

impl<'a> How<'a> {
    /// A client that knows nothing of the model but the port here, and checks the certificate.
    fn new(from: &'a str, host: &'a str, port: u16) -> Self {
        Self {
            from,
            host,
            port,
            named: None,
            checks: true,
        }
    }

    fn named(self, name: &'a str) -> Self {
        Self {
            named: Some(name),
            ..self
        }
    }

    fn trusting(self) -> Self {
        Self {
            checks: false,
            ..self
        }
    }
}

impl Town {
    /// The default topology: `sqlmi1` in `milink-vnet`, 10.1.0.0/16.
    async fn start() -> Self {
        Self::start_with(Topology::default()).await
    }

    async fn start_with(topology: Topology) -> Self {
        let builder = Emulator::builder()
            .topology(topology)
            .clock(ClockMode::Manual)
            .durations(Durations::of(Profile::Instant));
        let stage = Stage::start_with(builder).await;
        let ready = stage.ready();
        let group = format!(
            "/subscriptions/{}/resourceGroups/{}",
            ready.subscription_id, ready.resource_group
        );
        Self { stage, group }
    }

    /// The same, and `app-vnet` 10.9.0.0/16 with subnets `app` and `pe`.
    async fn with_app() -> Self {
        let town = Self::start().await;
        town.network(
            "app-vnet",
            "10.9.0.0/16",
            &[("app", "10.9.0.0/24"), ("pe", "10.9.1.0/24")],
        )
        .await;
        town
    }

    fn fqdn(&self) -> String {
        self.stage.ready().managed_instances[0].fqdn.clone()
    }

    fn zone(&self) -> String {
        let fqdn = self.fqdn();
        fqdn.split_once('.').expect("a zone").1.to_owned()
    }

    fn id(&self, rest: &str) -> String {
        format!("{}/providers/{rest}", self.group)
    }

    async fn arm(&self, method: &str, path: &str, version: &str, body: Option<Value>) -> Value {
        let answer = self.try_arm(method, path, version, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    async fn try_arm(
        &self,
        method: &str,
        path: &str,
        version: &str,
        body: Option<Value>,
    ) -> Result<Value, milink_client::Error> {
        let arm = self.stage.arm();
        let answer = arm
            .send(method, &self.id(path), version, body.as_ref())
            .await?;
        if let Some(operation) = &answer.operation {
            let (outcome, _) = operation.poll(&arm).await?;
            assert!(outcome.is_some(), "{method} {path} is over at once");
        }
        Ok(answer.body)
    }

    async fn network(&self, name: &str, prefix: &str, subnets: &[(&str, &str)]) {
        let subnets: Vec<Value> = subnets
            .iter()
            .map(|(name, prefix)| json!({"name": name, "properties": {"addressPrefix": prefix}}))
            .collect();
        let body = json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": [prefix]}, "subnets": subnets}});
        self.arm("PUT", &network(name), NETWORK, Some(body)).await;
    }

    /// Asks for a private endpoint to `sqlmi1`, to be approved by hand.
    async fn endpoint(&self, name: &str, in_network: &str) {
        let subnet = self.id(&format!("{}/subnets/pe", network(in_network)));
        let connection = json!({"name": "c1", "properties": {
            "privateLinkServiceId": self.id("Microsoft.Sql/managedInstances/sqlmi1"),
            "groupIds": ["managedInstance"], "requestMessage": "please"}});
        let body = json!({"location": "westeurope", "properties": {
            "subnet": {"id": subnet}, "manualPrivateLinkServiceConnections": [connection]}});
        self.arm("PUT", &endpoint(name), NETWORK, Some(body)).await;
    }

    /// The path of the connection of a private endpoint at the instance.
    async fn connection(&self, endpoint: &str) -> String {
        let list = "Microsoft.Sql/managedInstances/sqlmi1/privateEndpointConnections";
        let found = self.arm("GET", list, SQL, None).await;
        let names = found["value"].as_array().expect("a list").iter();
        let mut names = names.filter_map(|one| one["name"].as_str());
        let name = names.find(|name| name.starts_with(&format!("{endpoint}-")));
        format!("{list}/{}", name.expect("the connection is listed"))
    }

    async fn review(&self, endpoint: &str, status: &str) {
        let body = json!({"properties": {"privateLinkServiceConnectionState": {
            "status": status, "description": "said by the owner"}}});
        let path = self.connection(endpoint).await;
        self.arm("PUT", &path, SQL, Some(body)).await;
    }

    /// Makes a private zone with an address for `sqlmi1`.
    async fn zone_with(&self, zone: &str, address: &str) {
        self.record(zone, "sqlmi1", address).await;
    }

    /// Makes a private zone, if it is not there, with an address for a name.
    async fn record(&self, zone: &str, name: &str, address: &str) {
        let path = format!("Microsoft.Network/privateDnsZones/{zone}");
        self.arm("PUT", &path, DNS, Some(json!({"location": "global"})))
            .await;
        let record = json!({"properties": {"ttl": 300, "aRecords": [{"ipv4Address": address}]}});
        self.arm("PUT", &format!("{path}/A/{name}"), DNS, Some(record))
            .await;
    }

    async fn link(&self, zone: &str, to: &str) {
        let path = format!("Microsoft.Network/privateDnsZones/{zone}/virtualNetworkLinks/to-{to}");
        let body = json!({"location": "global", "properties": {
            "virtualNetwork": {"id": self.id(&network(to))}, "registrationEnabled": false}});
        self.arm("PUT", &path, DNS, Some(body)).await;
    }

    /// Both halves of a peering.
    async fn peer(&self, one: &str, other: &str) {
        for (near, far) in [(one, other), (other, one)] {
            let path = format!("{}/virtualNetworkPeerings/to-{far}", network(near));
            let body = json!({"properties": {"remoteVirtualNetwork": {"id": self.id(&network(far))},
                "allowVirtualNetworkAccess": true}});
            self.arm("PUT", &path, NETWORK, Some(body)).await;
        }
    }

    async fn patch_instance(&self, properties: Value) {
        let body = json!({"properties": properties});
        self.arm(
            "PATCH",
            "Microsoft.Sql/managedInstances/sqlmi1",
            SQL,
            Some(body),
        )
        .await;
    }

    /// The port here that stands for a host and port of the model.
    async fn port(&self, how: How<'_>) -> Value {
        let strict = how.named.map_or("", |_| "&nameCheck=strict");
        let path = format!(
            "net/dial?from={}&host={}&port={}{strict}",
            how.from, how.host, how.port
        );
        let answer = self.stage.control().get(&path).await;
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn dial(&self, how: How<'_>) -> Dialled {
        let port = self.port(how).await;
        self.dial_at(how, &port).await
    }

    /// Dials a port that was asked for before.
    async fn dial_at(&self, how: How<'_>, port: &Value) -> Dialled {
        let host = port["host"].as_str().expect("a host").to_owned();
        let address = SqlAddress {
            port: port["port"]
                .as_u64()
                .and_then(|n| n.try_into().ok())
                .expect("a port"),
            server_name: how.named.unwrap_or(&host).to_owned(),
            host,
            ca_file: how.checks.then(|| self.stage.ready().ca_file.clone()),
        };
        let login = Login::Password {
            user: self.stage.ready().managed_instances[0].user.clone(),
            password: PASSWORD.to_owned(),
        };
        dial(&address, &login, PATIENCE).await
    }

    /// What a client meets, and whether the evaluator has said so.
    async fn meet(&self, how: How<'_>) -> String {
        let port = self.port(how).await;
        let verdict = &port["verdict"];
        let met = self.dial_at(how, &port).await.met;
        let reason = verdict["reason"].as_str().unwrap_or("ok");
        format!("{reason}: {}", met.symptom())
    }

    /// A session that is in.
    async fn session(&self, how: How<'_>) -> Box<Sql> {
        match self.dial(how).await.met {
            Met::Session(sql) => sql,
            met => panic!("{} from {}: {met:?}", how.host, how.from),
        }
    }

    async fn last_traced(&self) -> Value {
        let trace = self
            .stage
            .control()
            .get("net/trace")
            .await
            .expect("a trace");
        let entries = trace["connections"].as_array().expect("a list");
        entries.last().expect("a connection").clone()
    }
}

fn network(name: &str) -> String {
    format!("Microsoft.Network/virtualNetworks/{name}")
}

fn endpoint(name: &str) -> String {
    format!("Microsoft.Network/privateEndpoints/{name}")
}
