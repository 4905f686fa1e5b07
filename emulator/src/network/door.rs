//! A listening socket that changes what its clients meet, and never its address.
//!
//! On Linux, a socket whose queue has room for nobody drops the packets of whoever comes: the client waits, as it would for a
//! host that no packet reaches. One connection of our own fills the queue, since the kernel takes one more than it is told. A
//! socket shut down for reading refuses clients and keeps its port if the port was asked for by number. Elsewhere, what should
//! time out is accepted and left without an answer, and what should be refused is closed and bound again.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// What a client meets at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is let in.
    Open,
    /// Nothing answers.
    Hole,
    /// It is refused.
    Closed,
}

/// A socket at an address of its own.
pub(crate) struct Door {
    address: SocketAddr,
    state: Mutex<State>,
}

enum State {
    Open(TcpListener),
    /// The second one fills the queue of the first.
    Hole(Socket, Socket),
    Closed(Socket),
    /// Something failed on the way from one to another.
    Broken,
}

/// Whether a client can be left without even a connection.
pub(super) const HAS_HOLES: bool = cfg!(target_os = "linux");

/// Clients that wait to be let in.
const BACKLOG: i32 = 1024;
/// How long our own connection into a full queue is waited for; on the loopback it takes microseconds.
const PARKING: Duration = Duration::from_millis(50);

impl Door {
    /// A closed one, at any free port for 0.
    pub(crate) fn bind(at: SocketAddr) -> io::Result<Self> {
        let (socket, address) = match at.port() {
            0 => {
                // The kernel keeps a port across changes only if it was asked for by number.
                let found = bound(at)?;
                let address = local(&found)?;
                (bound(address)?, address)
            }
            _ => (bound(at)?, at),
        };
        Ok(Self {
            address,
            state: Mutex::new(State::Closed(socket)),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what clients meet; those who had been let in before and not been asked in yet are handed back.
    pub(crate) fn become_mode(&self, mode: Mode) -> io::Result<Vec<TcpStream>> {
        let mode = match mode {
            Mode::Hole if !HAS_HOLES => Mode::Open,
            mode => mode,
        };
        let mut state = self.lock();
        let before = std::mem::replace(&mut *state, State::Broken);
        let (socket, parked, was_open) = match before {
            State::Open(listener) => (Socket::from(listener.into_std()?), None, true),
            State::Hole(socket, parked) => (socket, Some(parked), false),
            State::Closed(socket) => (socket, None, false),
            State::Broken => (bound(self.address)?, None, false),
        };
        let mut late = Vec::new();
        *state = match mode {
            Mode::Open => {
                socket.listen(BACKLOG)?;
                if parked.is_some() {
                    late = waiting(&socket, parked.as_ref())?;
                }
                State::Open(TcpListener::from_std(socket.into())?)
            }
            Mode::Hole => {
                if was_open {
                    late = waiting(&socket, None)?;
                }
                socket.listen(0)?;
                let parked = match parked {
                    Some(parked) => parked,
                    None => park(self.address)?,
                };
                State::Hole(socket, parked)
            }
            Mode::Closed => State::Closed(shut(socket, self.address)?),
        };
        Ok(late)
    }

    /// The next client; none if the door is not open.
    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<Option<io::Result<TcpStream>>> {
        match &*self.lock() {
            State::Open(listener) => listener
                .poll_accept(cx)
                .map(|accepted| Some(accepted.map(|(stream, _)| stream))),
            _ => Poll::Ready(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that has the address and does not listen.
fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // On Windows this would let others take the port, and there it is not needed.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn local(socket: &Socket) -> io::Result<SocketAddr> {
    let address = socket.local_addr()?.as_socket();
    address.ok_or_else(|| io::Error::other("a socket without an address of the internet"))
}

/// Takes everybody who waits at the socket, except our own connection.
fn waiting(socket: &Socket, parked: Option<&Socket>) -> io::Result<Vec<TcpStream>> {
    let own = parked.and_then(|parked| local(parked).ok());
    let mut found = Vec::new();
    loop {
        match socket.accept() {
            Ok((stream, peer)) if peer.as_socket() == own => drop(stream),
            Ok((stream, _)) => {
                stream.set_nonblocking(true)?;
                found.push(TcpStream::from_std(stream.into())?);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(found),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A connection that nobody accepts.
fn park(at: SocketAddr) -> io::Result<Socket> {
    let ip = match at.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    match socket.connect_timeout(&SocketAddr::new(ip, at.port()).into(), PARKING) {
        Ok(()) => Ok(socket),
        // Somebody else has come first: the queue is full all the same.
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(socket),
        Err(error) => Err(error),
    }
}

/// The socket, refusing everybody.
#[cfg(target_os = "linux")]
fn shut(socket: Socket, _address: SocketAddr) -> io::Result<Socket> {
    match socket.shutdown(std::net::Shutdown::Read) {
        // It has not listened yet.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(socket),
        done => done.map(|()| socket),
    }
}

/// The socket's address, with nobody listening.
#[cfg(not(target_os = "linux"))]
fn shut(socket: Socket, address: SocketAddr) -> io::Result<Socket> {
    drop(socket);
    bound(address)
}
