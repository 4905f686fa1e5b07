//! From the first byte to LOGIN7: PRELOGIN, and TLS in one of its three places.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use milink_core::fault::tds;
use milink_tds::packet::{DEFAULT_PACKET_BYTES, Message, MessageWriter, PacketType};
use milink_tds::prelogin::{
    EncryptionOutcome, EncryptionPolicy, Prelogin, PreloginResponse, negotiate_encryption,
};
use rustls::ServerConfig;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::{ConnectionError, Requests};
use super::incoming::{Arrived, Incoming};
use super::listener::ListenerConfig;
use super::service::SqlService;
use super::socket::{Reset, Socket};
use super::tls::WrappedStream;
use crate::room::Room;

/// First byte of a TLS record that holds a handshake: TDS 8.0.
const TLS_HANDSHAKE: u8 = 0x16;

/// A client that has sent LOGIN7.
pub(super) struct Handshaken {
    pub(super) link: Link,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    /// Makes the connection's end a reset.
    pub(super) reset: Reset,
}

/// The connection once TLS is settled, and what it says first.
pub(super) struct Link {
    pub(super) login: Arrived,
    pub(super) requests: Requests,
    pub(super) responses: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) sni: Option<String>,
    pub(super) is_encrypted: bool,
}

type Tls = TlsStream<WrappedStream<Socket>>;

/// Brings a client to its LOGIN7; `None` if it left before.
pub(super) async fn accept(
    socket: Socket,
    service: &dyn SqlService,
    config: &ListenerConfig,
) -> Result<Option<Handshaken>, ConnectionError> {
    let peer = socket.peer_addr()?;
    let local = socket.local_addr()?;
    let reset = socket.reset();
    let mut first = [0];
    if socket.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    if service.is_struck(&tds::CLOSED) {
        return Ok(None);
    }
    let link = match first {
        [TLS_HANDSHAKE] => strict(socket, service, config).await?,
        _ => classic(socket, service, config).await?,
    };
    Ok(link.map(|link| Handshaken {
        link,
        peer,
        local,
        reset,
    }))
}

/// TDS 8.0: TLS, then PRELOGIN inside, whose encryption byte means nothing.
async fn strict(
    socket: Socket,
    service: &dyn SqlService,
    config: &ListenerConfig,
) -> Result<Option<Link>, ConnectionError> {
    let tls = config.tls.as_ref().ok_or(ConnectionError::Unexpected(
        "TLS first, on a server without a certificate",
    ))?;
    if service.is_struck(&tds::TLS_FAILS) {
        return Ok(None);
    }
    let stream = accept_tls(WrappedStream::bare(socket), &tls.strict).await?;
    let mut incoming = Incoming::new(stream, config.limits.prelogin_bytes, &config.room);
    let Some(first) = incoming.next().await? else {
        return Ok(None);
    };
    let client = read_prelogin(&first.message)?;
    let greeting = service.greeting();
    let response = PreloginResponse {
        version: greeting.version,
        encryption: client.encryption,
        fed_auth_required: client.fed_auth_required.map(|_| greeting.federated),
    };
    send_prelogin(&response, incoming.get_mut()).await?;
    incoming.set_max_message_bytes(config.limits.login_bytes);
    match incoming.next().await? {
        Some(login) => Ok(Some(encrypted_link(login, incoming, &config.room)?)),
        None => Ok(None),
    }
}

/// TDS 7.x: PRELOGIN in clear, then TLS as agreed. A client that begins with LOGIN7 wants none.
async fn classic(
    socket: Socket,
    service: &dyn SqlService,
    config: &ListenerConfig,
) -> Result<Option<Link>, ConnectionError> {
    let greeting = service.greeting();
    let policy = match config.tls {
        Some(_) => greeting.encryption,
        None => EncryptionPolicy::PlainOnly,
    };
    let mut incoming = Incoming::new(socket, config.limits.prelogin_bytes, &config.room);
    let first = match incoming.next().await? {
        None => return Ok(None),
        Some(first) if first.message.kind == PacketType::Login7 => {
            if policy == EncryptionPolicy::Force {
                return Err(ConnectionError::Unexpected(
                    "a login in clear on a server that forces encryption",
                ));
            }
            return Ok(Some(plain_link(first, incoming, &config.room)?));
        }
        Some(first) => first,
    };
    let client = read_prelogin(&first.message)?;
    let (encryption, outcome) = negotiate_encryption(policy, client.encryption);
    let response = PreloginResponse {
        version: greeting.version,
        encryption,
        fed_auth_required: client.fed_auth_required.map(|_| greeting.federated),
    };
    send_prelogin(&response, incoming.get_mut()).await?;
    let tls = match (outcome, &config.tls) {
        (EncryptionOutcome::LoginOnly | EncryptionOutcome::Full, Some(tls)) => tls,
        (EncryptionOutcome::Refused, _) => return Ok(None),
        _ => {
            incoming.set_max_message_bytes(config.limits.login_bytes);
            let login = incoming.next().await?;
            return login
                .map(|login| plain_link(login, incoming, &config.room))
                .transpose();
        }
    };
    if service.is_struck(&tds::TLS_FAILS) {
        return Ok(None);
    }
    let wrapped = WrappedStream::new(incoming.into_idle_stream()?);
    let stream = accept_tls(wrapped, &tls.classic).await?;
    let mut incoming = Incoming::new(stream, config.limits.login_bytes, &config.room);
    let Some(login) = incoming.next().await? else {
        return Ok(None);
    };
    if outcome == EncryptionOutcome::Full {
        return Ok(Some(encrypted_link(login, incoming, &config.room)?));
    }
    // Exactly the login was encrypted. The client says no more until it is answered, so nothing
    // of what follows can be inside the TLS layer.
    let (wrapped, _) = incoming.into_idle_stream()?.into_inner();
    let incoming = Incoming::new(
        wrapped.into_inner(),
        config.limits.login_bytes,
        &config.room,
    );
    Ok(Some(plain_link(login, incoming, &config.room)?))
}

fn read_prelogin(message: &Message) -> Result<Prelogin, ConnectionError> {
    match message.kind {
        PacketType::Prelogin => Ok(Prelogin::decode(&message.payload)?),
        _ => Err(ConnectionError::Unexpected(
            "a first message that is neither PRELOGIN nor LOGIN7",
        )),
    }
}

/// The answer travels as a tabular result, not as PRELOGIN.
async fn send_prelogin<S: AsyncWrite + Unpin>(
    response: &PreloginResponse,
    stream: &mut S,
) -> io::Result<()> {
    let mut writer = MessageWriter::new(PacketType::TabularResult, DEFAULT_PACKET_BYTES);
    response.encode(writer.tokens());
    let mut bytes = BytesMut::new();
    writer.finish(&mut bytes);
    stream.write_all(&bytes).await?;
    stream.flush().await
}

async fn accept_tls(
    stream: WrappedStream<Socket>,
    config: &Arc<ServerConfig>,
) -> Result<Tls, ConnectionError> {
    let mut stream = TlsAcceptor::from(Arc::clone(config)).accept(stream).await?;
    stream.flush().await?;
    stream.get_mut().0.go_bare();
    Ok(stream)
}

fn encrypted_link(
    login: Arrived,
    incoming: Incoming<Tls>,
    room: &Room,
) -> Result<Link, ConnectionError> {
    let stream = incoming.into_idle_stream()?;
    let sni = stream.get_ref().1.server_name().map(str::to_owned);
    let (read, write) = tokio::io::split(stream);
    Ok(Link {
        login,
        requests: Incoming::new(Box::new(read), 0, room),
        responses: Box::new(write),
        sni,
        is_encrypted: true,
    })
}

fn plain_link(
    login: Arrived,
    incoming: Incoming<Socket>,
    room: &Room,
) -> Result<Link, ConnectionError> {
    let (read, write) = tokio::io::split(incoming.into_idle_stream()?);
    Ok(Link {
        login,
        requests: Incoming::new(Box::new(read), 0, room),
        responses: Box::new(write),
        sni: None,
        is_encrypted: false,
    })
}
