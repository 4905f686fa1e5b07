//! The one port for HTTP and HTTPS, told apart by a connection's first byte.
//!
//! Knows no routes; it is handed one router for each.

mod beginning;
pub(crate) mod body;

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::util::{MapRequest, MapResult};

use crate::room::Room;
use beginning::Beginning;
use body::MOST_BYTES_OF_ALL;

/// First byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// How long a client may take for what.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// To begin; to finish its TLS handshake; and then to say which HTTP it speaks.
    handshake: Duration,
    /// The head of a request, and before that to ask anything more.
    head: Duration,
    /// The body of a request.
    body: Duration,
    /// To answer when it is asked whether it is still there, which only HTTP/2 can.
    sign_of_life: Duration,
}

const PATIENCE: Patience = Patience {
    handshake: Duration::from_secs(15),
    head: Duration::from_secs(120),
    body: Duration::from_secs(60),
    sign_of_life: Duration::from_secs(60),
};

/// How many connections there may be; further ones wait in the socket's queue.
const CONNECTIONS: usize = 4_096;

/// In a response's extensions: it is not sent, and the connection (or HTTP/2's stream) ends instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped;

/// Why hyper ends a connection for us.
#[derive(Debug, thiserror::Error)]
#[error("the answer is withheld")]
struct Withheld;

impl From<Infallible> for Withheld {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What is served on either kind of connection.
#[derive(Clone)]
pub(crate) struct Routers {
    pub(crate) plain: Router,
    pub(crate) tls: Router,
}

/// Serves the clients of `socket` until it is dropped; its connections end with it.
pub(crate) async fn run(socket: TcpListener, routers: Routers, tls: Arc<ServerConfig>) {
    let mut connections = JoinSet::new();
    let room = Room::of(MOST_BYTES_OF_ALL);
    loop {
        let accepted = tokio::select! {
            biased;
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        match accepted {
            Ok((client, _)) => {
                let tls = Arc::clone(&tls);
                connections.spawn(serve(client, routers.clone(), tls, room.clone()));
            }
            Err(error) => {
                // Out of descriptors, or a client that left in the queue; the first would spin.
                tracing::warn!(%error, "cannot accept an HTTP client");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn serve(client: TcpStream, routers: Routers, tls: Arc<ServerConfig>, room: Room) {
    if let Err(error) = client.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let mut first = [0];
    let Ok(Ok(1)) = tokio::time::timeout(PATIENCE.handshake, client.peek(&mut first)).await else {
        return;
    };
    if first != [TLS_HANDSHAKE] {
        return speak_http(client, routers.plain, PATIENCE, room).await;
    }
    let handshake = TlsAcceptor::from(tls).accept(client);
    match tokio::time::timeout(PATIENCE.handshake, handshake).await {
        Ok(Ok(stream)) => speak_http(stream, routers.tls, PATIENCE, room).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn speak_http<S>(stream: S, router: Router, patience: Patience, room: Room)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(patience.head))
        .keep_alive_timeout(patience.sign_of_life);
    let router = MapRequest::new(router, move |request| {
        body::bounded(request, patience.body, &room)
    });
    let service = TowerToHyperService::new(MapResult::new(router, withheld));
    let stream = Beginning::within(stream, patience.handshake);
    if let Err(error) = builder
        .serve_connection(TokioIo::new(stream), service)
        .await
    {
        tracing::debug!(error, "HTTP connection ended");
    }
}

/// The response, unless its connection is to end without one.
fn withheld(answered: Result<Response, Infallible>) -> Result<Response, Withheld> {
    match answered {
        Ok(response) if response.extensions().get::<Dropped>().is_some() => Err(Withheld),
        Ok(response) => Ok(response),
    }
}
