//! The side of `milink run` that is in the namespace: everything that the program connects to ends here, and is passed out.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional,
};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::watch::Sockets;
use super::{InsideArguments, routes};
use crate::ways::Doors;

/// The first byte to the door: everything is in place. It is answered.
pub(super) const READY: u8 = b'R';
/// A connection, which begins as one to a SOCKS5 proxy.
pub(super) const CONNECTION: u8 = b'C';
/// DNS messages.
pub(super) const NAMES: u8 = b'N';
/// What answers at which address; it is told again, a line each time, when it is something else.
pub(super) const DOORS: u8 = b'D';

/// Azure's resolver, at the address that machines there know it by.
const RESOLVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
const DNS_PORT: u16 = 53;
/// How long a socket is left alone that has failed, so that one that goes on failing takes no time.
pub(super) const PAUSE: Duration = Duration::from_millis(10);
/// The longest DNS message.
const LONGEST_MESSAGE: usize = 4_096;
/// SOCKS5's words for a refused connection, and for a name that nobody has.
const REFUSED: u8 = 5;
const NO_HOST: u8 = 4;

/// What leads out.
pub(super) struct Inside {
    door: PathBuf,
    user: String,
    clients: Mutex<JoinSet<()>>,
}

/// Makes the namespace that it is in one of the model's network, and runs the program there.
pub(in crate::cli) async fn inside(arguments: InsideArguments) -> anyhow::Result<ExitCode> {
    routes::swallow_everything()
        .and_then(|()| routes::take_address(RESOLVER))
        .context("cannot set the routes of the namespace")?;
    let directory = arguments
        .door
        .parent()
        .unwrap_or(Path::new("/tmp"))
        .to_owned();
    name_the_resolver(&directory)?;
    let inside = Arc::new(Inside {
        door: arguments.door,
        user: arguments.user,
        clients: Mutex::default(),
    });
    let mut tasks = JoinSet::new();
    let udp = UdpSocket::bind((RESOLVER, DNS_PORT)).await;
    let udp = Arc::new(udp.context("cannot answer for names")?);
    tasks.spawn(Arc::clone(&inside).datagrams(udp));
    let tcp = TcpListener::bind((RESOLVER, DNS_PORT)).await?;
    tasks.spawn(Arc::clone(&inside).accept(tcp));
    let mut told = BufReader::new(inside.door(DOORS).await?).lines();
    let mut sockets = Sockets::default();
    let first = told
        .next_line()
        .await?
        .context("nobody says what answers")?;
    let first: Vec<Doors> = serde_json::from_str(&first)?;
    let opened = sockets.become_those_of(&inside, &first);
    opened.context("cannot open the sockets of the network")?;
    let following = Arc::clone(&inside);
    tasks.spawn(async move {
        // Whoever tells is there as long as the program is.
        while let Ok(Some(line)) = told.next_line().await {
            let Ok(doors) = serde_json::from_str::<Vec<Doors>>(&line) else {
                continue;
            };
            if let Err(error) = sockets.become_those_of(&following, &doors) {
                tracing::warn!(%error, "cannot change the sockets of the network");
            }
        }
        drop(told);
        std::future::pending::<()>().await;
    });
    // It waits until it is heard: from here on a failure is the program's.
    let heard = async { inside.door(READY).await?.read_u8().await };
    heard.await.context("nobody is at the door")?;
    let (program, words) = arguments.command.split_first().context("no program")?;
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut child = Command::new(program)
        .args(words)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(super::outside::code(status?)),
            _ = interrupts.recv() => (),
            _ = terminations.recv() => {
                let id = child.id().and_then(|id| i32::try_from(id).ok());
                if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
                    let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
                }
            }
        }
    }
}

/// Has the program ask Azure's resolver, and nobody else, for names.
fn name_the_resolver(directory: &Path) -> anyhow::Result<()> {
    let files = [
        ("/etc/resolv.conf", format!("nameserver {RESOLVER}\n")),
        // A resolver that is asked in another way than by DNS would know the machine's own network.
        (
            "/etc/nsswitch.conf",
            "hosts: files dns\npasswd: files\ngroup: files\n".to_owned(),
        ),
    ];
    for (number, (path, text)) in files.iter().enumerate() {
        if number > 0 && !Path::new(path).exists() {
            continue;
        }
        let own = directory.join(format!("file{number}"));
        fs::write(&own, text).with_context(|| format!("cannot write {}", own.display()))?;
        rustix::mount::mount_bind(&own, *path)
            .with_context(|| format!("cannot put another file in the place of {path}"))?;
    }
    Ok(())
}

impl Inside {
    async fn door(&self, first: u8) -> io::Result<UnixStream> {
        let mut stream = UnixStream::connect(&self.door).await?;
        stream.write_all(&[first]).await?;
        Ok(stream)
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((client, _)) => self.take(client),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Has a connection passed on.
    pub(super) fn take(self: &Arc<Self>, client: TcpStream) {
        let inside = Arc::clone(self);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        while clients.try_join_next().is_some() {}
        clients.spawn(async move {
            // A connection that breaks is seen by both of its ends.
            let _ = inside.pass(client).await;
        });
    }

    /// Passes a connection on to whatever the model has at its address.
    async fn pass(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let SocketAddr::V4(meant) = client.local_addr()? else {
            return Ok(());
        };
        if (*meant.ip(), meant.port()) == (RESOLVER, DNS_PORT) {
            let mut out = self.door(NAMES).await?;
            return copy_bidirectional(&mut client, &mut out).await.map(drop);
        }
        let mut out = self.door(CONNECTION).await?;
        match self.introduce(&mut out, *meant.ip(), meant.port()).await? {
            0 => copy_bidirectional(&mut client, &mut out).await.map(drop),
            REFUSED | NO_HOST => {
                rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO))
                    .map_err(io::Error::from)
            }
            // It has fallen silent since it was let in: nothing answers, until the client gives up.
            _ => {
                let mut heard = [0; 1024];
                while client.read(&mut heard).await? > 0 {}
                Ok(())
            }
        }
    }

    /// Speaks SOCKS5 until the proxy has said what becomes of the connection.
    async fn introduce(&self, out: &mut UnixStream, ip: Ipv4Addr, port: u16) -> io::Result<u8> {
        let user = self.user.as_bytes();
        let length = u8::try_from(user.len()).map_err(io::Error::other)?;
        let hello = [&[5, 1, 2, 1, length][..], user, &[0]].concat();
        out.write_all(&hello).await?;
        let mut answer = [0; 4];
        out.read_exact(&mut answer).await?;
        if answer != [5, 2, 1, 0] {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let request = [&[5, 1, 0, 1][..], &ip.octets(), &port.to_be_bytes()].concat();
        out.write_all(&request).await?;
        let mut reply = [0; 10];
        out.read_exact(&mut reply).await?;
        Ok(reply[1])
    }

    /// Names asked for by datagrams; each goes its own way out, so that none waits for another.
    async fn datagrams(self: Arc<Self>, socket: Arc<UdpSocket>) {
        let mut buffer = vec![0; LONGEST_MESSAGE];
        let mut asked = JoinSet::new();
        loop {
            while asked.try_join_next().is_some() {}
            let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let (inside, socket) = (Arc::clone(&self), Arc::clone(&socket));
            let message = buffer[..length].to_vec();
            asked.spawn(async move {
                if let Ok(answer) = inside.resolve(&message).await {
                    let _ = socket.send_to(&answer, client).await;
                }
            });
        }
    }

    async fn resolve(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = self.door(NAMES).await?;
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        out.write_all(&length.to_be_bytes()).await?;
        out.write_all(message).await?;
        let length = out.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        out.read_exact(&mut answer).await?;
        Ok(answer)
    }
}
