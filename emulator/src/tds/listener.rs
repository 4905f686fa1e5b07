//! The accept loop: one task for each client, a bound on their number, an end for all.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use milink_tds::Limits;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::ResolvesServerCert;
use rustls::version::{TLS12, TLS13};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::connection;
use super::service::SqlService;
use crate::room::Room;

/// How long clients may take to leave a server that stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// What all requests may have together that are read or answered at a time, as they came and as they are once they are
/// read. SQL Server's own bound is the machine's memory; this one lets four of the longest messages in (guess).
pub(crate) const MOST_BYTES_OF_ALL: usize = 256 << 20;

/// How a listener treats its clients.
#[derive(Clone)]
pub struct ListenerConfig {
    /// TLS; without it clients are served in clear only.
    pub tls: Option<TlsConfigs>,
    /// How much a client may send.
    pub limits: Limits,
    /// What all clients may send together that is not answered yet.
    pub room: Room,
    /// How many clients may be connected at once. Further ones are closed at once.
    pub max_connections: usize,
    /// How long a client may take from its first byte to its login.
    pub login_timeout: Duration,
    /// Packet size for a client that has no wish.
    pub default_packet_bytes: usize,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            tls: None,
            limits: Limits::default(),
            room: Room::of(MOST_BYTES_OF_ALL),
            max_connections: 1024,
            login_timeout: Duration::from_secs(15),
            default_packet_bytes: milink_tds::packet::DEFAULT_PACKET_BYTES,
        }
    }
}

/// One TLS configuration for each generation of the protocol.
#[derive(Clone)]
pub struct TlsConfigs {
    /// TLS inside PRELOGIN packets: 1.2 only. With 1.3 the client leaves the packets before the
    /// server does, and every driver that can do 1.3 fails.
    pub(super) classic: Arc<ServerConfig>,
    /// TLS first (TDS 8.0): 1.2 and 1.3.
    pub(super) strict: Arc<ServerConfig>,
}

impl TlsConfigs {
    /// Configurations that take their certificate from `resolver`.
    pub fn new(
        provider: &Arc<CryptoProvider>,
        resolver: &Arc<dyn ResolvesServerCert>,
    ) -> Result<Self, rustls::Error> {
        let build = |versions: &[&'static rustls::SupportedProtocolVersion]| {
            let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
                .with_protocol_versions(versions)?
                .with_no_client_auth()
                .with_cert_resolver(Arc::clone(resolver));
            // Drivers do not resume sessions.
            config.send_tls13_tickets = 0;
            config.alpn_protocols = vec![b"tds/8.0".to_vec()];
            Ok::<_, rustls::Error>(Arc::new(config))
        };
        Ok(Self {
            classic: build(&[&TLS12])?,
            strict: build(&[&TLS12, &TLS13])?,
        })
    }
}

/// Serves `service` to the clients of `socket` until `shutdown` completes. Then nobody is taken any more, and clients
/// have a moment to hear that their sessions are over.
pub async fn run(
    socket: TcpListener,
    service: Arc<dyn SqlService>,
    config: ListenerConfig,
    shutdown: impl Future<Output = ()>,
) {
    let permits = Arc::new(Semaphore::new(config.max_connections));
    let config = Arc::new(config);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a SQL session failed");
                }
                continue;
            }
            accepted = socket.accept() => accepted,
        };
        let client = match accepted {
            Ok((client, _)) => client,
            Err(error) => {
                // Out of descriptors, or a client that left in the queue. Neither ends the server,
                // but the first would spin.
                tracing::warn!(%error, "cannot accept a SQL client");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::warn!(limit = config.max_connections, "too many SQL clients");
            continue;
        };
        let service = Arc::clone(&service);
        let config = Arc::clone(&config);
        connections.spawn(async move {
            serve(client, service, config).await;
            drop(permit);
        });
    }
    drop(socket);
    tokio::spawn(tokio::time::timeout(FAREWELL, async move {
        while connections.join_next().await.is_some() {}
    }));
}

/// Serves one client to its end.
pub async fn serve(client: TcpStream, service: Arc<dyn SqlService>, config: Arc<ListenerConfig>) {
    // Answers are small and awaited; Nagle only delays them.
    if let Err(error) = client.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    if let Err(error) = connection::serve(client, service, config).await {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "SQL connection ended"
        );
    }
}
