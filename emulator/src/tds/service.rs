//! The seam between sockets and SQL: who may log in, and what a session does with a request.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use milink_core::fault::Point;
use milink_tds::TdsVersion;
use milink_tds::bulk_load::BulkLoad;
use milink_tds::login7::Login7;
use milink_tds::packet::PacketType;
use milink_tds::prelogin::EncryptionPolicy;
use milink_tds::rpc_request::RpcCall;
use milink_tds::token::{FedAuthInfo, ServerMessage};
use milink_tds::transaction_request::TransactionAction;
use milink_tds::types::Collation;

use super::attention::Cancel;
use super::sink::{ClientGone, ResponseSink};

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One SQL endpoint as clients see it. Shared by all connections of a listener.
pub trait SqlService: Send + Sync + 'static {
    /// What PRELOGIN answers, before anybody has a name.
    fn greeting(&self) -> Greeting;

    /// Whether a fault at this point strikes a client of which nothing is known yet.
    fn is_struck(&self, _point: &'static Point) -> bool {
        false
    }

    /// Judges a login and opens its session.
    fn login<'a>(
        &'a self,
        login: LoginRequest<'a>,
    ) -> BoxFuture<'a, Result<LoginAccepted, LoginRefusal>>;
}

/// One logged-in session. Requests come one at a time.
pub trait SqlSession: Send {
    /// Runs a request and writes its response to `sink`.
    ///
    /// The session writes tokens with the sink's methods and awaits [`ResponseSink::ready`] now and
    /// then, at least once for every few rows and before every wait, holding no lock. It ends early
    /// when `cancel` says so: the client wants no more of this response.
    fn run<'a>(
        &'a mut self,
        request: SessionRequest,
        sink: &'a mut ResponseSink,
        cancel: &'a Arc<Cancel>,
    ) -> BoxFuture<'a, Result<SessionState, ClientGone>>;

    /// Completes when the server ends the session while no request runs; then the connection is closed.
    fn ended(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    /// A request has come that is not only a batch's text, as it came.
    fn arrives(&mut self, _message: &Raw<'_>) {}

    /// The client has given up a request before it was whole: rows that were to follow do not come.
    fn give_up(&mut self) {}

    /// Makes the session as new, for a connection pool: temporary tables, prepared statements, SET
    /// options and the database go back to what they were after login, and unless
    /// `keep_transaction` the open transaction is rolled back. The sink has already announced the
    /// reset; changes such as the database's are for the session to announce.
    fn reset(&mut self, keep_transaction: bool, sink: &mut ResponseSink);
}

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    /// The type of its packets.
    pub kind: PacketType,
    /// The protocol's version.
    pub version: TdsVersion,
    /// What they hold.
    pub payload: &'a [u8],
}

/// Whether the connection goes on after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It does.
    Open,
    /// The session is over, as after an error of class 20 and above.
    Closed,
}

/// What a client sent.
#[derive(Debug, Clone, PartialEq)]
pub enum SessionRequest {
    /// A batch of statements.
    Batch {
        /// Their text.
        text: String,
    },
    /// Calls of procedures.
    Rpc {
        /// The calls in order. The session ends each with [`ResponseSink::end_call`].
        calls: Vec<RpcCall>,
    },
    /// The rows that INSERT BULK has announced.
    BulkLoad {
        /// The rows and their columns.
        load: BulkLoad,
    },
    /// A transaction request of a driver that does not use text for it.
    Transaction {
        /// What to do.
        action: TransactionAction,
    },
}

/// What a client learns before it logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeting {
    /// Version of the server: major, minor, build, sub-build.
    pub version: (u8, u8, u16, u16),
    /// Whether to encrypt. With no certificate configured it is plain only.
    pub encryption: EncryptionPolicy,
    /// Tokens are accepted; a client that asks is told that it may bring one.
    pub federated: bool,
}

/// A login to judge.
#[derive(Debug, Clone, Copy)]
pub struct LoginRequest<'a> {
    /// What LOGIN7 said.
    pub login7: &'a Login7,
    /// The token of a client that logs in with one, in the clear.
    pub token: Option<&'a str>,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Where it arrived.
    pub local: SocketAddr,
    /// The host name the client gave in TLS, if it gave one; many do not.
    pub sni: Option<&'a str>,
    /// The connection is encrypted from here on, not only during the login.
    pub is_encrypted: bool,
}

/// An accepted login.
pub struct LoginAccepted {
    /// Its session.
    pub session: Box<dyn SqlSession>,
    /// The session id, `@@SPID`.
    pub spid: u16,
    /// Name of the server, as messages name it.
    pub server_name: String,
    /// The database it starts in.
    pub database: String,
    /// That database's collation.
    pub collation: Collation,
    /// Version LOGINACK tells: major, minor, build.
    pub version: (u8, u8, u16),
    /// Another address to go to instead; this session will hardly be used.
    pub routing: Option<(String, u16)>,
}

/// A refused login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginRefusal {
    /// With these words, the most important last, as clients show the last one.
    Denied(Vec<ServerMessage>),
    /// Not without a token: tell the client where to get one, and ask again with it.
    NeedsToken(FedAuthInfo),
}

impl LoginRefusal {
    /// Error 18456, with the words that tell a client nothing about what was wrong.
    pub fn login_failed(user: &str, server: &str) -> Self {
        let text = format!("Login failed for user '{user}'.");
        Self::denied(18456, text, server)
    }

    /// One error of class 14.
    pub fn denied(number: i32, text: String, server: &str) -> Self {
        Self::Denied(vec![ServerMessage {
            number,
            state: 1,
            class: 14,
            text,
            server: server.to_owned(),
            procedure: String::new(),
            line: 1,
        }])
    }
}
