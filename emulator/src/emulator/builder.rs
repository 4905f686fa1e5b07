//! Starting an emulator: everything is bound and provisioned before it is served.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::Context as _;
use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use rustls::ServerConfig;
use rustls::server::ResolvesServerCert;
use tokio::task::JoinSet;

use super::authority_file::AuthorityFile;
use super::password::{is_good_for_azure, made_up_password};
use super::{Emulator, Shared, bind};
use crate::arm::{Arm, ArmConfig, Connection, TokenSigner};
use crate::clock::ClockMode;
use crate::config::{CheckLaws, Config, Identity, KeyStore, cache_directory};
use crate::hub::{Hub, WhoIsAtIt};
use crate::keys::{Keys, LeafResolver};
use crate::tape::{InTurn, Start, Tape, Writer};
use crate::tds::{MOST_BYTES_OF_ALL, Room, TlsConfigs};
use crate::topology::Topology;
use crate::{control, http, ways, wiring};

/// Says what to start.
#[derive(Clone, Default)]
#[must_use]
pub struct Builder {
    config: Config,
    record: Option<PathBuf>,
    tape: Option<Arc<Tape>>,
}

impl Builder {
    /// Everything at once.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// The first world's clock.
    pub fn clock(mut self, clock: ClockMode) -> Self {
        self.config.clock = clock;
        self
    }

    /// How long things take.
    pub fn durations(mut self, durations: milink_core::durations::Durations) -> Self {
        self.config.durations = Some(durations);
        self
    }

    /// What the first world starts with.
    pub fn topology(mut self, topology: Topology) -> Self {
        self.config.topology = topology;
        self
    }

    /// The seed of ids.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = seed;
        self
    }

    /// The password of `sa` and of the managed instances' administrator.
    pub fn password(mut self, password: &str) -> Self {
        self.config.sa_password = Some(password.to_owned());
        self
    }

    /// When the laws of the worlds are checked: after every change, unless it is said.
    pub fn check_invariants(mut self, when: CheckLaws) -> Self {
        self.config.check_invariants = when;
        self
    }

    /// Where keys are kept.
    pub fn keys(mut self, store: KeyStore) -> Self {
        self.config.keys = store;
        self
    }

    /// Writes everything that clients ask, with all passwords, into this file, from which it can be replayed.
    pub fn record(mut self, file: PathBuf) -> Self {
        self.record = Some(file);
        self
    }

    /// Takes what comes from the host from an input log.
    pub(crate) fn with_tape(mut self, tape: Arc<Tape>) -> Self {
        self.tape = Some(tape);
        self
    }

    /// Binds, provisions and serves.
    ///
    /// # Errors
    ///
    /// A port is in use, a file cannot be written, or the topology is refused. Nothing is left behind.
    pub async fn start(self) -> anyhow::Result<Emulator> {
        let config = self.config;
        let keys = open_keys(&config.keys)?;
        let identity = Identity::of(config.seed);
        let sa_password = match &config.sa_password {
            Some(password) => password.clone(),
            None => made_up_password(&keys),
        };
        let administrator_password = match &config.administrator_password {
            Some(password) => password.clone(),
            None if is_good_for_azure(&sa_password) => sa_password.clone(),
            None => made_up_password(&keys),
        };
        let tape = match (self.tape, self.record) {
            (Some(tape), _) => tape,
            (None, Some(file)) => {
                let started = Start {
                    milink: env!("CARGO_PKG_VERSION").to_owned(),
                    seed: config.seed,
                    clock: config.clock.to_string(),
                    durations: config.durations(),
                    topology: config.topology.clone(),
                    sa_password: sa_password.clone(),
                    administrator_password: administrator_password.clone(),
                    loose: config.loose,
                };
                Tape::recording(Writer::create(&file, started)?)
            }
            (None, None) => Tape::off(),
        };
        let keys = Arc::new(keys.with_tape(Arc::clone(&tape)));
        let authority = AuthorityFile::of(&keys);
        let hub = Hub::with_tape(Arc::clone(&tape));
        hub.watch().check_laws(config.check_invariants);
        let leaves = LeafResolver::new(&keys, config.tls_names.clone())
            .context("a name given for TLS cannot be in a certificate")?;
        let leaves: Arc<dyn ResolvesServerCert> = leaves;
        let sql_tls = TlsConfigs::new(keys.provider(), &leaves)?;
        let socket = bind(config.listen, config.ports.http, "ARM, Entra and control").await?;
        let proxy = bind(config.listen, config.ports.socks, "SOCKS5").await?;
        let (token_pem, token_public) = keys.token_key();
        let arm = Arm::new(
            ArmConfig {
                tenant: identity.tenant,
                client_id: identity.client_id.to_string(),
                client_secret: identity.client_secret.clone(),
                page_size: 1_000,
                loose: config.loose,
            },
            wiring::worlds(&hub),
            Arc::clone(&keys) as Arc<dyn crate::arm::Keys>,
            TokenSigner::from_ec_pem(token_pem, token_public)?,
        );
        let going_on = Arc::downgrade(&arm);
        hub.watch()
            .let_deployments_go_on(move |subscription, who_is_at_it| {
                if let Some(arm) = going_on.upgrade() {
                    match who_is_at_it {
                        WhoIsAtIt::LooksAgain => arm.deployments_go_on(subscription),
                        WhoIsAtIt::IsWaitedFor => arm.deployments_settle(subscription),
                    }
                }
            });
        crate::sql::run_jobs(&hub, &keys);
        let tls = https(&keys, leaves)?;
        let shared = Arc::new(Shared {
            http: socket.local_addr()?,
            config,
            hub,
            keys,
            arm,
            socks: proxy.local_addr()?,
            has_loopback: ways::is_offered(),
            identity,
            started: Instant::now(),
            sql_tls,
            sql_room: Room::of(MOST_BYTES_OF_ALL),
            sa_password,
            administrator_password,
            authority,
            sockets: Mutex::default(),
            ways: Mutex::default(),
            networks: Mutex::default(),
        });
        InTurn::new(tape, None, shared.make_first_world()).await?;
        let router = control::router(Arc::clone(&shared))
            .fallback_service(shared.arm.router())
            .layer(middleware::from_fn_with_state(
                Arc::clone(&shared),
                see_to_networks,
            ));
        let routers = http::Routers {
            plain: router.clone().layer(Extension(Connection { tls: false })),
            tls: router.layer(Extension(Connection { tls: true })),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(http::run(socket, routers, tls));
        tasks.spawn(ways::socks::run(proxy, Arc::clone(&shared)));
        Ok(Emulator {
            shared,
            _tasks: tasks,
        })
    }
}

/// Whoever has been answered finds the network's ports as the answer has left the world.
async fn see_to_networks(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    shared.see_to_networks();
    response
}

fn open_keys(store: &KeyStore) -> anyhow::Result<Keys> {
    match store {
        KeyStore::Memory => Keys::in_memory(),
        KeyStore::Directory(directory) => Keys::kept_in(directory),
        KeyStore::Cache => {
            let kept = cache_directory().map(|directory| Keys::kept_in(&directory));
            match kept {
                Some(Ok(keys)) => Ok(keys),
                Some(Err(error)) => {
                    tracing::warn!(%error, "keys are not kept");
                    Keys::in_memory()
                }
                None => Keys::in_memory(),
            }
        }
    }
}

fn https(keys: &Keys, leaves: Arc<dyn ResolvesServerCert>) -> anyhow::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(keys.provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(leaves);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
