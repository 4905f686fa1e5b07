//! A bare world behind the router, and a client that knows how to ask it.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use milink_core::World;
use milink_core::certificate::CertificateFacts;
use milink_core::durations::{Durations, Profile};
use milink_core::time::{Span, Timestamp};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::arm::{Arm, ArmConfig, Connection, Keys, Subscription, TokenSigner, Worlds};

pub(super) const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";
pub(super) const TENANT: &str = "99999999-8888-7777-6666-555555555555";
pub(super) const SECRET: &str = "secret";
pub(super) const LINKS: &str = "2025-08-01-preview";

/// One world whose clock stands until it is told.
pub(super) struct OneWorld {
    world: Mutex<World>,
    now: Mutex<Timestamp>,
    jumps: Mutex<bool>,
    notes: Mutex<Vec<String>>,
}

impl Worlds for OneWorld {
    fn subscriptions(&self) -> Vec<Subscription> {
        let id = Uuid::parse_str(SUBSCRIPTION).expect("a guid");
        vec![Subscription {
            id,
            name: "milink".to_owned(),
        }]
    }

    fn read(&self, id: Uuid, read: &mut dyn FnMut(&World)) -> bool {
        let there = id.to_string() == SUBSCRIPTION;
        if there {
            let mut world = self.world.lock().expect("not poisoned");
            world.advance_to(*self.now.lock().expect("not poisoned"));
            read(&world);
        }
        there
    }

    fn change(&self, id: Uuid, _: &str, change: &mut dyn FnMut(&mut World, Timestamp)) -> bool {
        let there = id.to_string() == SUBSCRIPTION;
        if there {
            let now = *self.now.lock().expect("not poisoned");
            change(&mut self.world.lock().expect("not poisoned"), now);
        }
        there
    }

    fn poll_jump(&self, _: Uuid) {
        if *self.jumps.lock().expect("not poisoned")
            && let Some(due) = self.world.lock().expect("not poisoned").next_due()
        {
            *self.now.lock().expect("not poisoned") = due;
        }
    }

    fn look(&self, _: Uuid) {}

    fn would_jump(&self, _: Uuid) -> bool {
        let world = self.world.lock().expect("not poisoned");
        *self.jumps.lock().expect("not poisoned") && world.next_due().is_some()
    }

    fn note(&self, _: Uuid, text: String) {
        self.notes.lock().expect("not poisoned").push(text);
    }
}

/// Certificates without cryptography: the name is the certificate.
struct FakeKeys;

impl Keys for FakeKeys {
    fn instance_certificate(&self, fqdn: &str) -> CertificateFacts {
        facts(fqdn.as_bytes(), fqdn)
    }

    fn certificate_facts(&self, der: &[u8]) -> Result<CertificateFacts, String> {
        if der.first() == Some(&0x30) {
            Ok(facts(der, "partner"))
        } else {
            Err("it is not a DER certificate".to_owned())
        }
    }
}

fn facts(der: &[u8], subject: &str) -> CertificateFacts {
    CertificateFacts {
        der: der.into(),
        thumbprint: Sha1::digest(der).into(),
        subject: subject.to_owned(),
        issuer: "a root".to_owned(),
        serial: "01".to_owned(),
        not_before: Timestamp::from_unix_seconds(0),
        not_after: Timestamp::from_unix_seconds(4_000_000_000),
        key_bits: 2048,
    }
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(super) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(super) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

/// ARM over one world.
pub(super) struct Fixture {
    pub(super) arm: Arc<Arm>,
    pub(super) worlds: Arc<OneWorld>,
    pub(super) token: String,
}

impl Fixture {
    /// An empty subscription.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(configure: impl FnOnce(&mut ArmConfig)) -> Self {
        let start = Timestamp::from_unix_seconds(1_770_000_000);
        let mut world = World::new(7, Uuid::parse_str(SUBSCRIPTION).expect("a guid"), start);
        world.durations = Durations::of(Profile::Fast);
        let worlds = Arc::new(OneWorld {
            world: Mutex::new(world),
            now: Mutex::new(start),
            jumps: Mutex::new(true),
            notes: Mutex::default(),
        });
        let mut config = ArmConfig {
            tenant: Uuid::parse_str(TENANT).expect("a guid"),
            client_id: "00000000-0000-0000-0000-00000000c11e".to_owned(),
            client_secret: SECRET.to_owned(),
            page_size: 1000,
            loose: false,
        };
        configure(&mut config);
        let key = rcgen::KeyPair::generate().expect("a key");
        let signer =
            TokenSigner::from_ec_pem(&key.serialize_pem(), key.public_key_raw()).expect("a signer");
        let shared: Arc<dyn Worlds> = Arc::clone(&worlds) as Arc<dyn Worlds>;
        let arm = Arm::new(config, shared, Arc::new(FakeKeys), signer);
        let token = super::token_for(&arm, "https://management.core.windows.net/");
        Self { arm, worlds, token }
    }

    /// A subscription with group `rg`, network `vnet`, and instance `mi` in it.
    pub(super) async fn with_instance() -> Self {
        let fixture = Self::new();
        fixture.make_network().await;
        let reply = fixture.put_instance("mi").await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.text);
        fixture.advance(Span::minutes(1));
        fixture
    }

    pub(super) async fn make_network(&self) {
        let group = self
            .put(
                "/subscriptions/S/resourcegroups/rg?api-version=2024-11-01",
                json!({"location": "West Europe"}),
            )
            .await;
        assert_eq!(group.status, StatusCode::CREATED, "{}", group.text);
        let network = json!({"location": "westeurope", "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "mi", "properties": {
                "addressPrefix": "10.0.1.0/24",
                "delegations": [{"name": "0", "properties": {"serviceName": "Microsoft.Sql/managedInstances"}}],
            }}],
        }});
        let reply = self
            .put(
                &in_group("Microsoft.Network/virtualNetworks/vnet", "2025-07-01"),
                network,
            )
            .await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        self.advance(Span::seconds(1));
    }

    pub(super) async fn put_instance(&self, name: &str) -> Reply {
        let path = in_group(
            &format!("Microsoft.Sql/managedInstances/{name}"),
            "2024-11-01-preview",
        );
        self.put(&path, instance_body()).await
    }

    pub(super) fn advance(&self, span: Span) {
        *self.worlds.now.lock().expect("not poisoned") += span;
    }

    /// Stops jumping at polls.
    pub(super) fn stand_still(&self) {
        *self.worlds.jumps.lock().expect("not poisoned") = false;
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.worlds.notes.lock().expect("not poisoned").clone()
    }

    pub(super) fn world<T>(&self, change: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = *self.worlds.now.lock().expect("not poisoned");
        change(&mut self.worlds.world.lock().expect("not poisoned"), now)
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("PUT", path, Some(body.to_string())).await
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, Some(body.to_string())).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None).await
    }

    /// Sends a request with the token; `S` in the path is the subscription.
    pub(super) async fn send(&self, method: &str, path: &str, body: Option<String>) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        self.raw(method, path, body, &[("authorization", &authorization)])
            .await
    }

    pub(super) async fn raw(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let path = path.replace(
            "/subscriptions/S",
            &format!("/subscriptions/{SUBSCRIPTION}"),
        );
        let path = path
            .strip_prefix("https://arm.test")
            .unwrap_or(&path)
            .to_owned();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "arm.test");
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let tls = !headers.iter().any(|(name, _)| *name == "x-plain");
        let request = request
            .extension(Connection { tls })
            .body(body.map_or_else(Body::empty, Body::from))
            .expect("a request");
        let response = self
            .arm
            .router()
            .oneshot(request)
            .await
            .expect("the router never fails");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body");
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// Polls an accepted operation to its end, and says how it ended.
    pub(super) async fn finish(&self, accepted: &Reply) -> Reply {
        let url = accepted.header("azure-asyncoperation").to_owned();
        for _ in 0..1000 {
            let reply = self.get(&url).await;
            if reply.body["status"] != "InProgress" {
                return reply;
            }
        }
        panic!("the operation at {url} does not end");
    }
}

pub(super) fn in_group(tail: &str, version: &str) -> String {
    format!("/subscriptions/S/resourceGroups/rg/providers/{tail}?api-version={version}")
}

pub(super) fn instance_body() -> Value {
    json!({"location": "westeurope", "sku": {"name": "GP_Gen5"}, "properties": {
        "administratorLogin": "miadmin",
        "administratorLoginPassword": "Sup3rSecretPassw0rd!",
        "subnetId": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet/subnets/mi"),
        "vCores": 4,
        "storageSizeInGB": 64,
        "administrators": {},
    }})
}
