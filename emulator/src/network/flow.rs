//! A connection whose way does something to it: a header before its bytes, and oblivion when it is silent for too long.
//!
//! The client's stream and the server's are two; what goes between them is looked at against the world's time, never the host's.

use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use milink_core::path::Idle;
use milink_core::time::Timestamp;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::hub::WorldCell;
use crate::tds::ends_with_reset;

/// What a way does to a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Passage {
    /// What forgets it when it is silent; none where the client's keepalives prevent that.
    pub(super) idle: Option<Idle>,
    /// What is put before its bytes.
    pub(super) header: Vec<u8>,
}

/// How a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Forgotten,
    Broken,
}

/// How many bytes are carried at once.
const CHUNK: usize = 16 * 1024;

impl Passage {
    /// Whether nothing is done to it.
    pub(super) fn is_plain(&self) -> bool {
        self.idle.is_none() && self.header.is_empty()
    }
}

/// Carries a client's connection to what `serve` makes of another stream; says how it ended, and `on_cut` as soon as it is
/// forgotten.
pub(super) async fn carry<F: Future<Output = ()>>(
    cell: &Arc<WorldCell>,
    client: TcpStream,
    passage: Passage,
    serve: impl FnOnce(TcpStream) -> F,
    on_cut: impl FnOnce(&'static str),
) -> &'static str {
    let (near, far) = match pair().await {
        Ok(pair) => pair,
        Err(error) => {
            tracing::warn!(%error, "cannot carry a client");
            return reset(&client);
        }
    };
    let ((), ended) = tokio::join!(serve(far), between(cell, client, near, passage, on_cut));
    ended
}

async fn between(
    cell: &Arc<WorldCell>,
    mut client: TcpStream,
    mut server: TcpStream,
    passage: Passage,
    on_cut: impl FnOnce(&'static str),
) -> &'static str {
    let Passage { idle, header } = passage;
    let heard = Heard {
        cell,
        idle: idle.as_ref(),
        last: Mutex::new(now(cell)),
    };
    let stop = async {
        server.write_all(&header).await.map_err(|_| Stop::Broken)?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let both = async {
            tokio::try_join!(
                pump(from_client, to_server, &heard),
                pump(from_server, to_client, &heard)
            )
        };
        tokio::select! {
            over = both => over.map(drop),
            () = heard.forgotten() => Err(Stop::Forgotten),
        }
    };
    let stop = stop.await;
    drop(server);
    let resets = idle.is_some_and(|idle| idle.resets());
    match stop {
        Ok(()) if header.is_empty() => "closed",
        Ok(()) | Err(Stop::Broken) => reset(&client),
        Err(Stop::Forgotten) if resets => {
            on_cut("idleReset");
            reset(&client);
            "idleReset"
        }
        Err(Stop::Forgotten) => {
            on_cut("forgotten");
            hold(client).await;
            "forgotten"
        }
    }
}

/// When something was heard last on a connection.
struct Heard<'a> {
    cell: &'a Arc<WorldCell>,
    idle: Option<&'a Idle>,
    last: Mutex<Timestamp>,
}

impl Heard<'_> {
    /// Notes that something is to be carried. Fails if the connection has been forgotten before.
    fn note(&self) -> Result<(), Stop> {
        let Some(idle) = self.idle else {
            return Ok(());
        };
        let now = now(self.cell);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if !idle.keeps(now.since(*last)) {
            return Err(Stop::Forgotten);
        }
        *last = now;
        Ok(())
    }

    /// Waits until nothing has been carried for so long that the connection is forgotten.
    async fn forgotten(&self) {
        let Some(idle) = self.idle else {
            return std::future::pending().await;
        };
        loop {
            let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let due = last + idle.span();
            if now(self.cell) >= due {
                return;
            }
            self.cell.wait_passed(due).await;
        }
    }
}

fn now(cell: &Arc<WorldCell>) -> Timestamp {
    cell.read(|world| world.now())
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    heard: &Heard<'_>,
) -> Result<(), Stop> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await.map_err(|_| Stop::Broken)?;
        heard.note()?;
        if length == 0 {
            // Whoever has gone already does not hear it.
            let _ = to.shutdown().await;
            return Ok(());
        }
        to.write_all(&chunk[..length])
            .await
            .map_err(|_| Stop::Broken)?;
    }
}

/// Two ends of a connection of this machine with itself.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    near.set_nodelay(true)?;
    let own = near.local_addr()?;
    loop {
        let (far, peer) = listener.accept().await?;
        if peer == own {
            return Ok((near, far));
        }
    }
}

/// Leaves a client without an answer until it goes.
pub(super) async fn hold(mut stream: TcpStream) -> &'static str {
    let mut heard = [0; 1024];
    while matches!(stream.read(&mut heard).await, Ok(1..)) {}
    "left"
}

/// Hears a client's first word, and hangs up: it was not what was waited for.
pub(super) async fn hang_up(mut stream: TcpStream) -> &'static str {
    let mut heard = [0; 1024];
    match stream.read(&mut heard).await {
        Ok(1..) => reset(&stream),
        _ => "left",
    }
}

/// Makes the end of a stream a reset.
pub(super) fn reset(stream: &TcpStream) -> &'static str {
    ends_with_reset(&SockRef::from(stream));
    "reset"
}
