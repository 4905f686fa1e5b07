//! What a client meets that connects and logs in: as far as it gets, and by which of the known symptoms it fails.

use std::io::ErrorKind;
use std::time::Duration;

use crate::Way;
use crate::sql::{self, Login, ServerError, Sql, SqlAddress};

/// How far a client got.
#[derive(Debug)]
pub struct Dialled {
    /// What it met last.
    pub met: Met,
    /// Where the server sent it on to, if it did.
    pub redirect: Option<(String, u16)>,
}

/// What a client meets.
#[derive(Debug)]
pub enum Met {
    /// It is logged in.
    Session(Box<Sql>),
    /// The name has no address.
    NoName,
    /// Nothing answers.
    Timeout,
    /// The connection is refused.
    Refused,
    /// The connection ends before the login does.
    Reset,
    /// It does not take the server's certificate.
    Certificate(String),
    /// The server refuses the login.
    Login(ServerError),
    /// Something else.
    Broken(String),
}

/// How often a server may send a client on.
const HOPS: usize = 3;

impl Met {
    /// The symptom, in the evaluator's words; `connected` if there is none.
    pub fn symptom(&self) -> &'static str {
        match self {
            Self::Session(_) => "connected",
            Self::NoName => "dns",
            Self::Timeout => "tcp_timeout",
            Self::Refused => "tcp_refused",
            Self::Reset => "tcp_reset",
            Self::Certificate(_) => "tls",
            Self::Login(error) if error.number == 40532 => "login40532",
            Self::Login(_) => "login",
            Self::Broken(_) => "broken",
        }
    }
}

/// Connects and logs in, following where the server sends. Each step may take `patience`.
pub async fn dial(address: &SqlAddress, login: &Login, patience: Duration) -> Dialled {
    dial_by(&Way::Direct, address, login, patience).await
}

/// The same by another way.
pub async fn dial_by(
    way: &Way,
    address: &SqlAddress,
    login: &Login,
    patience: Duration,
) -> Dialled {
    let mut address = address.clone();
    let mut redirect = None;
    for _ in 0..=HOPS {
        let met = match once(way, &address, login, patience).await {
            Ok(sql) => Met::Session(Box::new(sql)),
            Err(Failed::Met(met)) => met,
            Err(Failed::SentTo(host, port)) => {
                redirect = Some((host.clone(), port));
                address = SqlAddress {
                    host,
                    port,
                    ..address
                };
                continue;
            }
        };
        return Dialled { met, redirect };
    }
    let met = Met::Broken("sent on too often".to_owned());
    Dialled { met, redirect }
}

enum Failed {
    Met(Met),
    SentTo(String, u16),
}

async fn once(
    way: &Way,
    address: &SqlAddress,
    login: &Login,
    patience: Duration,
) -> Result<Sql, Failed> {
    let stream = way.connect(&address.host, address.port);
    let stream = match tokio::time::timeout(patience, stream).await {
        Err(_) => return Err(Failed::Met(Met::Timeout)),
        Ok(Err(error)) => return Err(Failed::Met(of_io(error.kind(), &error.to_string()))),
        Ok(Ok(stream)) => stream,
    };
    let entering = sql::enter(stream, address, login.clone(), None);
    match tokio::time::timeout(patience.max(ENTERING), entering).await {
        Err(_) => Err(Failed::Met(Met::Timeout)),
        Ok(Ok(sql)) => Ok(sql),
        Ok(Err(error)) => Err(of_tds(error)),
    }
}

/// A login takes longer than a connection; both are bounded.
const ENTERING: Duration = Duration::from_secs(10);

fn of_tds(error: tiberius::error::Error) -> Failed {
    use tiberius::error::Error;
    let text = error.to_string();
    Failed::Met(match error {
        Error::Routing { host, port } => return Failed::SentTo(host, port),
        Error::Server(_) => match sql::error(error) {
            crate::Error::Sql(error) => Met::Login(error),
            other => Met::Broken(other.to_string()),
        },
        Error::Tls(_) => Met::Certificate(text),
        Error::Io { kind, .. } => of_io(kind, &text),
        _ => Met::Broken(text),
    })
}

fn of_io(kind: ErrorKind, text: &str) -> Met {
    match kind {
        ErrorKind::NotFound => Met::NoName,
        ErrorKind::ConnectionRefused => Met::Refused,
        ErrorKind::TimedOut => Met::Timeout,
        ErrorKind::InvalidData if text.contains("certificate") => Met::Certificate(text.to_owned()),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Met::Reset,
        _ => Met::Broken(text.to_owned()),
    }
}
