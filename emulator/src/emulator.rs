//! A running emulator: everything is bound, provisioned and served; all of it ends when the handle is dropped.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, bail};
use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use milink_core::instance::Instance;
use milink_model::{ReadyFile, ReadyManagedInstance, ReadySqlServer};
use rustls::ServerConfig;
use rustls::server::ResolvesServerCert;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::arm::{Arm, ArmConfig, Connection, TokenSigner};
use crate::clock::{ClockMode, host_now};
use crate::config::{CheckLaws, Config, Identity, KeyStore, Ports, cache_directory};
use crate::hub::{DEFAULT_WORLD, Hub, WorldCell, WorldSpec};
use crate::keys::{Keys, LeafResolver};
use crate::network::{self, Network};
use crate::sockets::WorldSockets;
use crate::tape::{self, End, InTurn, Start, Tape, Writer};
use crate::tds::{MOST_BYTES_OF_ALL, Room, TlsConfigs};
use crate::topology::{MANAGED_INSTANCE_ADMINISTRATOR, Topology};
use crate::ways::{self, Ways};
use crate::{control, http, limits, wiring};

/// A running emulator. Dropping it stops everything it serves.
pub struct Emulator {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// Says what to start.
#[derive(Clone, Default)]
#[must_use]
pub struct Builder {
    config: Config,
    record: Option<PathBuf>,
    tape: Option<Arc<Tape>>,
}

/// What the parts of a running emulator share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) hub: Arc<Hub>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) arm: Arc<Arm>,
    pub(crate) identity: Identity,
    pub(crate) started: Instant,
    pub(crate) sql_tls: TlsConfigs,
    /// For what SQL clients send, of whatever port.
    pub(crate) sql_room: Room,
    pub(crate) sa_password: String,
    pub(crate) administrator_password: String,
    http: SocketAddr,
    socks: SocketAddr,
    has_loopback: bool,
    authority: AuthorityFile,
    sockets: Mutex<BTreeMap<String, WorldSockets>>,
    ways: Mutex<BTreeMap<String, Arc<Ways>>>,
    networks: Mutex<BTreeMap<String, network::Owned>>,
}

/// A world to make while running.
#[derive(Clone, Debug)]
pub(crate) struct NewWorld {
    pub(crate) name: String,
    pub(crate) subscription: Option<Uuid>,
    pub(crate) origin: Origin,
    pub(crate) ports: WorldPorts,
}

/// At which ports a world's SQL is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorldPorts {
    /// Free ones of its own.
    #[default]
    Own,
    /// Those of the first world: the login says which instance of which world is meant.
    Shared,
}

/// What a new world begins as.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A copy of another, or of what it has kept under a name.
    Fork {
        from: String,
        snapshot: Option<String>,
    },
    /// A topology of its own.
    Fresh {
        topology: Box<Topology>,
        clock: ClockMode,
        durations: milink_core::durations::Durations,
        seed: u64,
    },
}

impl Emulator {
    /// An emulator with the default topology, on free ports of the loopback, with keys that are not kept.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where everything is, and how to get in.
    pub fn ready(&self) -> ReadyFile {
        self.shared.ready()
    }

    /// The worlds.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.shared.hub
    }

    /// The world that was there from the start.
    pub fn world(&self) -> Arc<WorldCell> {
        self.shared
            .hub
            .named(DEFAULT_WORLD)
            .expect("the default world is never deleted")
    }

    /// Ends the input log, if there is one: what is asked from here on is not in it.
    ///
    /// # Errors
    ///
    /// It could not be written.
    pub fn end_log(&self) -> io::Result<()> {
        let shared = &self.shared;
        shared.hub.tape().end(|| End {
            worlds: shared.fingerprints(),
        })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The certificate of the authority that clients have to trust.
    pub fn ca_pem(&self) -> &str {
        self.shared.keys.authority_pem()
    }
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
        hub.watch().let_deployments_go_on(move |subscription| {
            if let Some(arm) = going_on.upgrade() {
                arm.deployments_go_on(subscription);
            }
        });
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

impl Shared {
    /// A digest of each world.
    pub(crate) fn fingerprints(&self) -> BTreeMap<String, String> {
        let _turn = self.hub.tape().turn(|| None);
        let worlds = self.hub.worlds();
        let told = worlds.iter().map(|cell| {
            let name = cell.name().to_owned();
            (name, tape::fingerprint(&cell.snapshot()))
        });
        told.collect()
    }

    /// Where everything is, and how to get in.
    pub(crate) fn ready(&self) -> ReadyFile {
        self.ready_of(DEFAULT_WORLD)
    }

    /// The same for any world.
    pub(crate) fn ready_of(&self, world: &str) -> ReadyFile {
        let url = self.url();
        let file = ReadyFile {
            entra_url: url.clone(),
            control_url: format!("{url}/_milink"),
            arm_url: url,
            ca_file: self.authority.path(),
            tenant_id: self.identity.tenant.to_string(),
            client_id: self.identity.client_id.to_string(),
            client_secret: self.identity.client_secret.clone(),
            resource_group: self.config.topology.resource_group.clone(),
            location: self.config.topology.location.clone(),
            world: world.to_owned(),
            socks_url: format!(
                "socks5h://{}",
                SocketAddr::new(self.told_ip(), self.socks.port())
            ),
            ..ReadyFile::default()
        };
        let Ok(cell) = self.hub.named(world) else {
            return file;
        };
        let host = self.sql_host();
        let all = self.lock_sockets();
        let own = all.get(world);
        let shared = all.get(DEFAULT_WORLD);
        let gateway = own.or(shared).map_or(0, WorldSockets::gateway_port);
        // At shared ports, the login names the world.
        let user = |user: &str, instance: &Instance| match own {
            Some(_) => user.to_owned(),
            None => format!("{user}@{}.{world}", instance.name),
        };
        let sql_port = |instance: &Instance| match own {
            Some(sockets) => sockets.sql_port(instance.id),
            None => Some(shared?.first_sql_port().unwrap_or(gateway)),
        };
        let snapshot = cell.snapshot();
        let sql_servers = snapshot.instances.values().filter_map(|instance| {
            let server = instance.as_sql_server()?;
            Some(ReadySqlServer {
                name: instance.name.to_string(),
                address: server.address.to_string(),
                host: host.clone(),
                port: sql_port(instance)?,
                user: user("sa", instance),
                password: self.sa_password.clone(),
                version: server.build.to_string(),
            })
        });
        let managed_instances = snapshot.instances.values().filter_map(|instance| {
            let mi = instance.as_managed_instance()?;
            Some(ReadyManagedInstance {
                name: instance.name.to_string(),
                fqdn: instance.server_name(),
                host: host.clone(),
                port: gateway,
                user: user(MANAGED_INSTANCE_ADMINISTRATOR, instance),
                password: self.administrator_password.clone(),
                resource_id: format!(
                    "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Sql/managedInstances/{}",
                    cell.subscription(),
                    mi.properties.resource_group,
                    instance.name
                ),
            })
        });
        ReadyFile {
            subscription_id: cell.subscription().to_string(),
            sql_servers: sql_servers.collect(),
            managed_instances: managed_instances.collect(),
            ..file
        }
    }

    /// Makes a further world, with sockets of its own on free ports.
    pub(crate) async fn make_world(&self, new: NewWorld) -> anyhow::Result<()> {
        let subscription = new.subscription.unwrap_or_else(|| {
            let bytes: [u8; 16] = self.keys.random_for_world();
            uuid::Builder::from_random_bytes(bytes).into_uuid()
        });
        let cell = match new.origin {
            Origin::Fork { from, snapshot } => match snapshot {
                None => self.hub.fork(&from, &new.name, subscription)?,
                Some(snapshot) => self
                    .hub
                    .fork_kept(&from, &snapshot, &new.name, subscription)?,
            },
            Origin::Fresh {
                topology,
                clock,
                durations,
                seed,
            } => {
                let cell = self.hub.create(WorldSpec {
                    name: new.name.clone(),
                    subscription,
                    seed,
                    clock,
                    durations,
                    start: self.hub.tape().host_time(host_now),
                })?;
                if let Err(error) = self.provision(&cell, &topology) {
                    self.hub.delete(&new.name)?;
                    return Err(error);
                }
                cell
            }
        };
        let opened = match new.ports {
            WorldPorts::Own => self.open_sockets(&cell, Ports::AUTO, false).await,
            WorldPorts::Shared => Ok(()),
        };
        match opened {
            Ok(()) => cell.mark_initial(),
            Err(_) => self.hub.delete(&new.name)?,
        }
        opened
    }

    /// The network of a world, as far as it has sockets.
    pub(crate) fn network(&self, cell: &Arc<WorldCell>) -> Arc<Network> {
        let mut networks = self.lock_networks();
        let found = networks.entry(cell.name().to_owned()).or_insert_with(|| {
            let setting = network::Setting {
                keys: Arc::clone(&self.keys),
                tokens: Arc::clone(&self.arm),
                server_tls: self.sql_tls.clone(),
                server_room: self.sql_room.clone(),
                listen: self.config.listen,
                host: self.sql_host(),
                own_names: self.config.tls_names.clone(),
            };
            network::Owned::new(Arc::clone(cell), setting)
        });
        Arc::clone(found.network())
    }

    /// Holds all networks against their worlds.
    fn see_to_networks(&self) {
        let networks: Vec<Arc<Network>> = {
            let networks = self.lock_networks();
            let found = networks.values().map(network::Owned::network);
            found.cloned().collect()
        };
        for network in networks {
            network.see_to();
        }
    }

    /// Drops a world and closes its sockets.
    pub(crate) fn drop_world(&self, name: &str) -> Result<(), crate::hub::HubError> {
        self.hub.delete(name)?;
        self.lock_sockets().remove(name);
        self.lock_ways().remove(name);
        self.lock_networks().remove(name);
        Ok(())
    }

    /// The ways into a world's network.
    pub(crate) fn ways(&self, cell: &Arc<WorldCell>) -> Arc<Ways> {
        let network = self.network(cell);
        let mut all = self.lock_ways();
        let made = all.entry(cell.name().to_owned()).or_insert_with(|| {
            let setting = ways::Setting {
                listen: self.config.listen,
                dns_port: self.config.dns_port,
                loopback: self.has_loopback,
            };
            Arc::new(Ways::new(Arc::clone(cell), network, setting))
        });
        Arc::clone(made)
    }

    async fn make_first_world(&self) -> anyhow::Result<()> {
        let cell = self.hub.create(WorldSpec {
            name: DEFAULT_WORLD.to_owned(),
            subscription: self.identity.subscription,
            seed: self.config.seed,
            clock: self.config.clock,
            durations: self.config.durations(),
            start: self.hub.tape().host_time(host_now),
        })?;
        self.provision(&cell, &self.config.topology)?;
        self.open_sockets(&cell, self.config.ports, true).await?;
        self.open_pinned(&cell)?;
        cell.mark_initial();
        Ok(())
    }

    fn provision(&self, cell: &Arc<WorldCell>, topology: &Topology) -> anyhow::Result<()> {
        cell.change(|world, _| {
            topology.provision(
                world,
                &self.keys,
                &self.sa_password,
                &self.administrator_password,
            )
        })
        .context("the topology")
    }

    async fn open_sockets(
        &self,
        cell: &Arc<WorldCell>,
        ports: Ports,
        all_worlds: bool,
    ) -> anyhow::Result<()> {
        let sockets = WorldSockets::open(self, cell, ports, all_worlds).await?;
        self.lock_sockets().insert(cell.name().to_owned(), sockets);
        Ok(())
    }

    /// Opens the ports of the model's network that the topology names.
    fn open_pinned(&self, cell: &Arc<WorldCell>) -> anyhow::Result<()> {
        let ip = self.config.listen;
        for dial in &self.config.topology.dial {
            let target = network::Target {
                host: dial.host.clone(),
                port: dial.port,
                name_check: dial.name_check.into(),
                keepalive_seconds: dial.keep_alive_seconds,
            };
            let at = SocketAddr::new(ip, dial.listen);
            self.network(cell)
                .dial(&dial.from, target, Some(at))
                .with_context(|| {
                    format!(
                        "cannot bind {at} ({}:{} from {})",
                        dial.host, dial.port, dial.from
                    )
                })?;
        }
        Ok(())
    }

    fn url(&self) -> String {
        let port = self.http.port();
        match self.config.listen {
            ip if ip.is_loopback() || ip.is_unspecified() => format!("https://localhost:{port}"),
            ip => format!("https://{}", SocketAddr::new(ip, port)),
        }
    }

    fn sql_host(&self) -> String {
        self.told_ip().to_string()
    }

    /// The address at which clients on this machine find what is bound.
    fn told_ip(&self) -> IpAddr {
        match self.config.listen {
            ip if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            ip => ip,
        }
    }

    fn lock_ways(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Ways>>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_networks(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, network::Owned>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_sockets(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, WorldSockets>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The file that clients read the authority from.
struct AuthorityFile {
    path: Option<PathBuf>,
    /// Made for this emulator alone, to be removed with it.
    is_own: bool,
}

impl AuthorityFile {
    /// Where the keys keep it, else a temporary file, else none: an empty root has no room for one.
    fn of(keys: &Keys) -> Self {
        if let Some(path) = keys.authority_file() {
            return Self {
                path: Some(path),
                is_own: false,
            };
        }
        let name = u64::from_be_bytes(keys.random());
        let path = std::env::temp_dir().join(format!("milink-ca-{name:016x}.pem"));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| file.write_all(keys.authority_pem().as_bytes()));
        Self {
            path: written.is_ok().then_some(path),
            is_own: true,
        }
    }

    fn path(&self) -> String {
        let path = self.path.as_ref().map(|path| path.display().to_string());
        path.unwrap_or_default()
    }
}

impl Drop for AuthorityFile {
    fn drop(&mut self) {
        if let Some(path) = self.path.as_ref().filter(|_| self.is_own) {
            // Whoever removed it first has done the same.
            let _ = std::fs::remove_file(path);
        }
    }
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

/// Binds a port, and names it if it cannot.
pub(crate) async fn bind(ip: IpAddr, port: u16, purpose: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind((ip, port)).await {
        Ok(socket) => Ok(socket),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!("port {port} ({purpose}) is in use on {ip}; choose another, or --ports auto")
        }
        Err(error) if limits::is_out_of_descriptors(&error) => {
            Err(limits::out_of_descriptors(purpose))
        }
        Err(error) => Err(error).with_context(|| format!("cannot bind {ip}:{port} ({purpose})")),
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

/// Whether Azure takes it for an administrator: at least 16 characters, of three kinds (documentation of
/// `administratorLoginPassword`).
fn is_good_for_azure(password: &str) -> bool {
    let kinds: [fn(&char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_numeric(),
        |c| !c.is_alphanumeric(),
    ];
    let kinds = kinds
        .iter()
        .filter(|kind| password.chars().any(|c| kind(&c)));
    password.chars().count() >= 16 && kinds.count() >= 3
}

/// Upper, lower, digits and a sign, as both SQL Server's and Azure's policies want.
fn made_up_password(keys: &Keys) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyzACDEFGHJ";
    let random: [u8; 18] = keys.random();
    let text: String = random
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect();
    format!("{text}-Mi7")
}
