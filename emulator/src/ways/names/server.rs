//! The sockets of a DNS server: one pair for each vantage, since it is the address asked that says who asks.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use milink_core::path::Vantage;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::answer::{LONGEST, Transport, answer};
use crate::hub::WorldCell;

/// A DNS server. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct NameServer {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

/// What is said for an address of the model.
pub(crate) trait Addresses: Send + Sync {
    /// The address that leads to `model`; none if there is none left.
    fn told(&self, model: Ipv4Addr) -> Option<Ipv4Addr>;
}

/// The model's own addresses.
pub(crate) struct Model;

impl Addresses for Model {
    fn told(&self, model: Ipv4Addr) -> Option<Ipv4Addr> {
        Some(model)
    }
}

/// Who asks what.
struct Served {
    world: Arc<WorldCell>,
    from: String,
    addresses: Arc<dyn Addresses>,
}

/// How long a TCP connection may be silent (RFC 7766 wants seconds).
const IDLE: Duration = Duration::from_secs(10);
/// How long a socket is left alone that has failed, so that one that goes on failing takes no time.
const PAUSE: Duration = Duration::from_millis(10);
/// How many TCP connections are served at a time.
const CONNECTIONS: usize = 64;
/// How often a free port is looked for that is free for both protocols.
const ATTEMPTS: usize = 16;

impl NameServer {
    /// Opens both sockets at the same port; 0 is any.
    pub(crate) async fn open(
        world: Arc<WorldCell>,
        from: &str,
        addresses: Arc<dyn Addresses>,
        ip: IpAddr,
        port: u16,
    ) -> io::Result<Self> {
        let (udp, tcp) = pair(ip, port).await?;
        let address = tcp.local_addr()?;
        let served = Arc::new(Served {
            world,
            from: from.to_owned(),
            addresses,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&served).datagrams(udp));
        tasks.spawn(served.connections(tcp));
        Ok(Self {
            address,
            _tasks: tasks,
        })
    }

    /// Where it is, by UDP and TCP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A TCP and a UDP socket of the same port.
async fn pair(ip: IpAddr, port: u16) -> io::Result<(UdpSocket, TcpListener)> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let tcp = TcpListener::bind((ip, port)).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if port != 0 || attempt == ATTEMPTS => return Err(error),
            Err(_) => (),
        }
    }
}

impl Served {
    fn answer(&self, message: &[u8], transport: Transport) -> Option<Vec<u8>> {
        let world = self.world.snapshot();
        let from = Vantage::parse(&world, &self.from).ok();
        let told = |model| self.addresses.told(model);
        answer(&world, from.as_ref(), &told, message, transport)
    }

    async fn datagrams(self: Arc<Self>, socket: UdpSocket) {
        // One more than is read, so that what is too long is noticed.
        let mut buffer = vec![0; LONGEST + 1];
        loop {
            let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            if let Some(reply) = self.answer(&buffer[..length], Transport::Udp) {
                let _ = socket.send_to(&reply, client).await;
            }
        }
    }

    async fn connections(self: Arc<Self>, listener: TcpListener) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut clients = JoinSet::new();
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            while clients.try_join_next().is_some() {}
            let Ok((client, _)) = listener.accept().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let served = Arc::clone(&self);
            clients.spawn(async move {
                // A client that breaks off, or is cut off, has nobody to tell.
                let _ = served.connection(client).await;
                drop(permit);
            });
        }
    }

    async fn connection(&self, mut client: TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; LONGEST];
        loop {
            let length = timeout(IDLE, client.read_u16()).await??;
            let length = usize::from(length);
            if length > LONGEST {
                return Ok(());
            }
            let message = &mut buffer[..length];
            timeout(IDLE, client.read_exact(message)).await??;
            let Some(reply) = self.answer(message, Transport::Tcp) else {
                return Ok(());
            };
            let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
            let framed = [&length.to_be_bytes()[..], &reply].concat();
            timeout(IDLE, client.write_all(&framed)).await??;
        }
    }
}
