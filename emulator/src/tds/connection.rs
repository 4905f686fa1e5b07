//! One client from its first byte to its last: requests in order, attentions at any time.

use std::io;
use std::sync::Arc;

use milink_tds::bulk_load::BulkLoad;
use milink_tds::packet::{Message, PacketType, ResetRequest};
use milink_tds::rpc_request::RpcRequest;
use milink_tds::sql_batch::SqlBatch;
use milink_tds::token::{EnvChange, ServerMessage};
use milink_tds::transaction_request::TransactionRequest;
use milink_tds::{Limits, TdsVersion};
use tokio::io::AsyncRead;
use tokio::net::TcpStream;

use super::attention::Cancel;
use super::handshake::{self, Handshaken};
use super::incoming::{Arrived, FREE_BYTES, Incoming};
use super::listener::ListenerConfig;
use super::login;
use super::service::{Raw, SessionRequest, SessionState, SqlService, SqlSession};
use super::sink::{ClientGone, DoneScope, End, ResponseSink};
use super::socket::Socket;
use crate::room::Share;

/// Why a connection ended other than by the client's goodbye.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("connection broken")]
    Io(#[from] io::Error),
    #[error("protocol violated")]
    Protocol(#[from] milink_tds::Error),
    #[error("protocol violated: {0}")]
    Unexpected(&'static str),
    #[error("the login took too long")]
    LoginTimeout,
}

impl From<ClientGone> for ConnectionError {
    fn from(ClientGone: ClientGone) -> Self {
        Self::Io(io::ErrorKind::BrokenPipe.into())
    }
}

/// The reading half, whatever it is made of.
pub(super) type Requests = Incoming<Box<dyn AsyncRead + Send + Unpin>>;

/// Serves a client to the end.
pub(super) async fn serve(
    client: TcpStream,
    service: Arc<dyn SqlService>,
    config: Arc<ListenerConfig>,
) -> Result<(), ConnectionError> {
    let log_in = async {
        match handshake::accept(Socket::new(client), &*service, &config).await? {
            Some(handshaken) => enter(handshaken, &*service, &config).await,
            None => Ok(None),
        }
    };
    let entered = tokio::time::timeout(config.login_timeout, log_in)
        .await
        .map_err(|_| ConnectionError::LoginTimeout)??;
    match entered {
        Some(connection) => connection.run().await,
        None => Ok(()),
    }
}

async fn enter(
    handshaken: Handshaken,
    service: &dyn SqlService,
    config: &ListenerConfig,
) -> Result<Option<Connection>, ConnectionError> {
    let Some(entered) = login::log_in(handshaken, service, config).await? else {
        return Ok(None);
    };
    let mut requests = entered.requests;
    requests.set_max_message_bytes(config.limits.message_bytes);
    Ok(Some(Connection {
        requests,
        sink: entered.sink,
        session: entered.session,
        server_name: entered.server_name,
        version: entered.version,
        limits: config.limits,
    }))
}

/// A logged-in client.
struct Connection {
    requests: Requests,
    sink: ResponseSink,
    session: Box<dyn SqlSession>,
    server_name: String,
    version: TdsVersion,
    limits: Limits,
}

impl Connection {
    async fn run(mut self) -> Result<(), ConnectionError> {
        let mut next = None;
        let mut ended = self.session.ended();
        loop {
            // Its share of the room is held until it is answered.
            let Arrived { message, share } = match next.take() {
                Some(arrived) => arrived,
                None => tokio::select! {
                    biased;
                    arrived = self.requests.next() => match arrived? {
                        Some(arrived) => arrived,
                        None => return Ok(()),
                    },
                    () = &mut ended => {
                        self.sink.shut_down().await;
                        return Ok(());
                    }
                },
            };
            let outcome = match message.kind {
                // Nothing runs: the response had gone before the wish to stop it came.
                PacketType::Attention => {
                    self.session.give_up();
                    self.sink.acknowledge_attention().await?;
                    continue;
                }
                _ if message.ignore => {
                    self.session.give_up();
                    self.answer_nothing().await?;
                    continue;
                }
                _ if message.is_dropped => {
                    self.session.give_up();
                    self.refuse(&milink_tds::Error::NoRoom, message.reset)
                        .await?
                }
                _ => match decode_within(&share, &message, self.version, self.limits)? {
                    Ok(request) => {
                        self.session.arrives(&Raw {
                            kind: message.kind,
                            version: self.version,
                            payload: &message.payload,
                        });
                        self.respond(message.reset, request).await?
                    }
                    Err(error) => {
                        self.session.give_up();
                        self.refuse(&error, message.reset).await?
                    }
                },
            };
            match outcome {
                Outcome::Next(early) => next = early,
                Outcome::Closed => {
                    self.sink.shut_down().await;
                    return Ok(());
                }
                Outcome::ClientGone => return Ok(()),
            }
        }
    }

    /// Runs a request while listening for an attention.
    async fn respond(
        &mut self,
        reset: ResetRequest,
        request: SessionRequest,
    ) -> Result<Outcome, ConnectionError> {
        let Self {
            requests,
            sink,
            session,
            ..
        } = self;
        let cancel = Arc::new(Cancel::default());
        let is_call = matches!(request, SessionRequest::Rpc { .. });
        sink.begin(is_call, Arc::clone(&cancel));
        make_new(&mut **session, sink, reset);
        let work = async {
            let state = session.run(request, sink, &cancel).await?;
            sink.finish().await?;
            Ok::<_, ClientGone>(state)
        };
        let mut early = None;
        let state = {
            tokio::pin!(work);
            loop {
                tokio::select! {
                    // The client first: work that is never out of breath uses up the task's budget,
                    // and without one a socket does not tell what has arrived.
                    biased;
                    arrived = requests.next(), if early.is_none() => match arrived? {
                        // Dropping the work ends the session; it holds no lock while it waits.
                        None => return Ok(Outcome::ClientGone),
                        Some(arrived) if arrived.message.kind == PacketType::Attention => cancel.cancel(),
                        // A client that does not wait for its answer. One request is kept.
                        Some(arrived) => early = Some(arrived),
                    },
                    result = &mut work => break result?,
                }
            }
        };
        if cancel.is_cancelled() {
            self.sink.acknowledge_attention().await?;
        }
        match state {
            SessionState::Open => Ok(Outcome::Next(early)),
            SessionState::Closed => Ok(Outcome::Closed),
        }
    }

    async fn answer_nothing(&mut self) -> Result<(), ClientGone> {
        self.sink.begin(false, Arc::default());
        self.sink.finish().await
    }

    /// Answers a request that could not be read. What is only unsupported leaves the connection
    /// usable, since the message as a whole was delimited; anything else closes it.
    async fn refuse(
        &mut self,
        error: &milink_tds::Error,
        reset: ResetRequest,
    ) -> Result<Outcome, ConnectionError> {
        let is_recoverable = error.is_recoverable();
        tracing::debug!(%error, is_recoverable, "request refused");
        let (number, class, text) = match is_recoverable {
            // Which of its pools the real server names is a guess.
            true if *error == milink_tds::Error::NoRoom => (
                701,
                17,
                "There is insufficient system memory in resource pool 'default' to run this query."
                    .to_owned(),
            ),
            true => (
                8009,
                16,
                format!("The incoming tabular data stream (TDS) cannot be served: {error}."),
            ),
            false => (
                4002,
                16,
                format!(
                    "The incoming tabular data stream (TDS) protocol stream is incorrect: {error}."
                ),
            ),
        };
        self.sink.begin(false, Arc::default());
        make_new(&mut *self.session, &mut self.sink, reset);
        self.sink.message(&ServerMessage {
            number,
            state: 1,
            class,
            text,
            server: self.server_name.clone(),
            procedure: String::new(),
            line: 1,
        });
        let end = End {
            failed: true,
            ..End::default()
        };
        self.sink.end_statement(DoneScope::Batch, end);
        self.sink.finish().await?;
        match is_recoverable {
            true => Ok(Outcome::Next(None)),
            false => Ok(Outcome::Closed),
        }
    }
}

/// What a pool asks for together with the first request of a connection's next user.
fn make_new(session: &mut dyn SqlSession, sink: &mut ResponseSink, reset: ResetRequest) {
    if reset != ResetRequest::None {
        sink.env_change(&EnvChange::ResetConnection);
        session.reset(reset == ResetRequest::ConnectionKeepTransaction, sink);
    }
}

/// How the connection goes on.
enum Outcome {
    /// With this message, if it came early, or the next.
    Next(Option<Arrived>),
    /// Not at all, by the server's decision.
    Closed,
    /// Not at all, the client left.
    ClientGone,
}

/// Reads a request that was read before.
///
/// # Errors
///
/// Says why it is none.
pub(crate) fn read_again(raw: &Raw<'_>) -> Result<SessionRequest, String> {
    match decode(raw.kind, raw.payload, raw.version, &Limits::default()) {
        Ok(Ok((request, _))) => Ok(request),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// The request in a message, if there is room for what it holds: it is far more than came, where values are short.
fn decode_within(
    share: &Share,
    message: &Message,
    version: TdsVersion,
    limits: Limits,
) -> Result<Result<SessionRequest, milink_tds::Error>, ConnectionError> {
    let limits = Limits {
        decoded_bytes: share.room().left().max(FREE_BYTES),
        ..limits
    };
    let decoded = decode(message.kind, &message.payload, version, &limits)?;
    Ok(decoded.and_then(|(request, bytes)| {
        let more = bytes.saturating_sub(FREE_BYTES);
        match more == 0 || share.take(more) {
            true => Ok(request),
            false => Err(milink_tds::Error::NoRoom),
        }
    }))
}

/// The request in a message, and how much memory it takes. The outer error is a message that has no place here; the inner
/// one can be told to the client.
fn decode(
    kind: PacketType,
    payload: &[u8],
    version: TdsVersion,
    limits: &Limits,
) -> Result<Result<(SessionRequest, usize), milink_tds::Error>, ConnectionError> {
    Ok(match kind {
        PacketType::SqlBatch => SqlBatch::decode(payload, version).map(|batch| {
            let bytes = batch.text.len();
            (SessionRequest::Batch { text: batch.text }, bytes)
        }),
        PacketType::Rpc => RpcRequest::decode(payload, version, limits).map(|request| {
            let calls = request.calls;
            (SessionRequest::Rpc { calls }, request.decoded_bytes)
        }),
        PacketType::TransactionManager => {
            TransactionRequest::decode(payload, version).map(|request| {
                let action = request.action;
                (SessionRequest::Transaction { action }, 0)
            })
        }
        PacketType::BulkLoad => BulkLoad::decode(payload, version, limits).map(|load| {
            let bytes = load.decoded_bytes;
            (SessionRequest::BulkLoad { load }, bytes)
        }),
        PacketType::Attention
        | PacketType::TabularResult
        | PacketType::FedAuthToken
        | PacketType::Login7
        | PacketType::Sspi
        | PacketType::Prelogin => {
            return Err(ConnectionError::Unexpected(
                "a message that has no place after the login",
            ));
        }
    })
}
