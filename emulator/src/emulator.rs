//! A running emulator: everything is bound, provisioned and served; all of it ends when the handle is dropped.

mod authority_file;
mod builder;
mod password;
mod ready;
mod worlds;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, bail};
use milink_model::ReadyFile;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use builder::Builder;
pub(crate) use worlds::{NewWorld, Origin, WorldPorts};

use crate::arm::Arm;
use crate::config::{Config, Identity};
use crate::hub::{DEFAULT_WORLD, Hub, WorldCell};
use crate::keys::Keys;
use crate::limits;
use crate::network::{self, Network};
use crate::sockets::WorldSockets;
use crate::tape::{self, End};
use crate::tds::{Room, TlsConfigs};
use crate::ways::{self, Ways};
use authority_file::AuthorityFile;

/// A running emulator. Dropping it stops everything it serves.
pub struct Emulator {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Nothing else ends a job's loop.
        for world in self.shared.hub.worlds() {
            world.jobs().close();
        }
    }
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
