//! LOGIN7 and its answer: judge the login, tell the client what it got.

use bytes::BytesMut;
use milink_tds::fed_auth_token::FedAuthToken;
use milink_tds::login7::{FeatureId, FedAuthRequest, Login7};
use milink_tds::packet::{DEFAULT_PACKET_BYTES, PacketType};
use milink_tds::token::{
    Done, DoneKind, DoneStatus, EnvChange, FeatureAck, FedAuthInfo, LoginAck, ServerMessage,
    TokenContext, encode_feature_acks,
};
use milink_tds::{Error, TdsVersion};
use tokio::io::AsyncReadExt;

use super::connection::{ConnectionError, Requests};
use super::handshake::{Handshaken, Link};
use super::incoming::Arrived;
use super::listener::ListenerConfig;
use super::service::{LoginAccepted, LoginRefusal, LoginRequest, SqlService, SqlSession};
use super::sink::ResponseSink;

const LANGUAGE: &str = "us_english";
/// What a client whose login was refused may still send before we stop reading.
const DRAIN_BYTES: u64 = 1024 * 1024;

/// A client that is in.
pub(super) struct Entered {
    pub(super) requests: Requests,
    pub(super) sink: ResponseSink,
    pub(super) session: Box<dyn SqlSession>,
    pub(super) server_name: String,
    pub(super) version: TdsVersion,
}

/// Answers a login; `None` if it was refused and the refusal delivered.
pub(super) async fn log_in(
    handshaken: Handshaken,
    service: &dyn SqlService,
    config: &ListenerConfig,
) -> Result<Option<Entered>, ConnectionError> {
    let Handshaken {
        link,
        peer,
        local,
        reset,
    } = handshaken;
    let Link {
        login,
        mut requests,
        responses,
        sni,
        is_encrypted,
    } = link;
    requests.set_max_message_bytes(config.limits.login_bytes);
    let message = &login.message;
    if message.kind != PacketType::Login7 {
        return Err(ConnectionError::Unexpected(
            "a message before the login that is not LOGIN7",
        ));
    }
    let read = match message.is_dropped {
        true => Err(Error::NoRoom),
        false => Login7::decode(&message.payload),
    };
    let login7 = match read {
        Ok(login7) => login7,
        Err(error) => {
            // The oldest layout, as nothing is known of the client but that it speaks TDS.
            let sink = ResponseSink::new(TokenContext::new(TdsVersion::V7_1), responses, reset);
            refuse(&[unreadable(&error)], sink, requests).await?;
            return Err(error.into());
        }
    };
    let context = TokenContext {
        utf8: login7.requests(FeatureId::UTF8_SUPPORT),
        ..TokenContext::new(login7.version)
    };
    let mut sink = ResponseSink::new(context, responses, reset);

    let request = LoginRequest {
        login7: &login7,
        token: sent_token(&login7),
        peer,
        local,
        sni: sni.as_deref(),
        is_encrypted,
    };
    let mut verdict = match login7.integrated_security {
        true => Err(untrusted_domain(&login7)),
        false => service.login(request).await,
    };
    if let Err(LoginRefusal::NeedsToken(info)) = &verdict
        && matches!(
            login7.fed_auth(),
            Some(FedAuthRequest::ActiveDirectory { .. })
        )
    {
        let token = fetch_token(info, &mut sink, &mut requests).await?;
        let request = LoginRequest {
            token: Some(token.token.reveal()),
            ..request
        };
        verdict = service.login(request).await;
    }
    let accepted = match verdict {
        Ok(accepted) => accepted,
        Err(LoginRefusal::Denied(messages)) => {
            refuse(&messages, sink, requests).await?;
            return Ok(None);
        }
        Err(LoginRefusal::NeedsToken(_)) => {
            let LoginRefusal::Denied(messages) =
                LoginRefusal::login_failed(&login7.user_name, &login7.server_name)
            else {
                unreachable!("login_failed denies")
            };
            refuse(&messages, sink, requests).await?;
            return Ok(None);
        }
    };

    let packet_bytes = login7.negotiated_packet_size(config.default_packet_bytes);
    sink.configure(DEFAULT_PACKET_BYTES, accepted.spid);
    sink.append(|context, out| welcome(context, &login7, &accepted, packet_bytes, out));
    sink.send().await?;
    // Only now: the login response itself still goes in packets of the default size.
    sink.configure(packet_bytes, accepted.spid);
    Ok(Some(Entered {
        requests,
        sink,
        session: accepted.session,
        server_name: accepted.server_name,
        version: login7.version,
    }))
}

/// The token a client sent inside LOGIN7.
fn sent_token(login7: &Login7) -> Option<&str> {
    match login7.fed_auth() {
        Some(FedAuthRequest::SecurityToken { token, .. }) => Some(token.reveal()),
        _ => None,
    }
}

/// Tells a client where to get a token and waits for it.
async fn fetch_token(
    info: &FedAuthInfo,
    sink: &mut ResponseSink,
    requests: &mut Requests,
) -> Result<FedAuthToken, ConnectionError> {
    sink.append(|_, out| info.encode(out));
    sink.send().await?;
    match requests.next().await? {
        Some(Arrived { message, .. }) if message.is_dropped => Err(Error::NoRoom.into()),
        Some(Arrived { message, .. }) if message.kind == PacketType::FedAuthToken => {
            Ok(FedAuthToken::decode(&message.payload)?)
        }
        _ => Err(ConnectionError::Unexpected(
            "something else where a federated authentication token is due",
        )),
    }
}

/// The login response, in the order that every driver accepts.
fn welcome(
    context: TokenContext,
    login7: &Login7,
    accepted: &LoginAccepted,
    packet_bytes: usize,
    out: &mut BytesMut,
) {
    let info = |number, state, text: String| ServerMessage {
        number,
        state,
        class: 0,
        text,
        server: accepted.server_name.clone(),
        procedure: String::new(),
        line: 1,
    };
    EnvChange::Database {
        new: accepted.database.clone(),
        old: "master".to_owned(),
    }
    .encode(context, out);
    let text = format!("Changed database context to '{}'.", accepted.database);
    info(5701, 2, text).encode(context, out);
    EnvChange::Collation {
        new: accepted.collation,
    }
    .encode(context, out);
    EnvChange::Language {
        new: LANGUAGE.to_owned(),
        old: String::new(),
    }
    .encode(context, out);
    let text = format!("Changed language setting to {LANGUAGE}.");
    info(5703, 1, text).encode(context, out);
    EnvChange::PacketSize {
        new: packet_bytes,
        old: DEFAULT_PACKET_BYTES,
    }
    .encode(context, out);
    LoginAck {
        program: "Microsoft SQL Server".to_owned(),
        version: accepted.version,
    }
    .encode(context, out);
    // Before LOGINACK the Microsoft ODBC driver calls it a protocol error.
    if let Some((host, port)) = &accepted.routing {
        EnvChange::Routing {
            host: host.clone(),
            port: *port,
        }
        .encode(context, out);
    }
    let acks = granted_features(login7);
    if !acks.is_empty() {
        encode_feature_acks(&acks, out);
    }
    Done::last(DoneKind::Statement).encode(context, out);
}

/// Only what is implemented; silence refuses the rest.
fn granted_features(login7: &Login7) -> Vec<FeatureAck> {
    let mut acks = Vec::new();
    match login7.fed_auth() {
        Some(FedAuthRequest::SecurityToken { nonce, .. }) => {
            acks.push(FeatureAck::FedAuth { nonce: *nonce });
        }
        Some(FedAuthRequest::ActiveDirectory { .. }) => {
            acks.push(FeatureAck::FedAuth { nonce: None });
        }
        None => {}
    }
    if login7.requests(FeatureId::UTF8_SUPPORT) {
        acks.push(FeatureAck::Utf8Support);
    }
    acks
}

/// Error 18452, as in the documentation of "Login failed … untrusted domain".
fn untrusted_domain(login7: &Login7) -> LoginRefusal {
    let text = "Login failed. The login is from an untrusted domain and cannot be used with \
                Integrated authentication.";
    LoginRefusal::denied(18452, text.to_owned(), &login7.server_name)
}

/// Error 17832, with the reason that the real one keeps to itself; 17803 if there was no memory to read it into
/// (guess: that the real server answers with this one, of those that say so).
fn unreadable(error: &Error) -> ServerMessage {
    let (number, text) = match error {
        Error::NoRoom => (
            17803,
            "There was a memory allocation failure during connection establishment. Reduce \
             nonessential memory load, or increase system memory. The connection has been closed."
                .to_owned(),
        ),
        _ => (
            17832,
            format!(
                "The login packet used to open the connection is structurally invalid; the \
                 connection has been closed. {error}."
            ),
        ),
    };
    ServerMessage {
        number,
        state: 1,
        class: 20,
        text,
        server: String::new(),
        procedure: String::new(),
        line: 1,
    }
}

/// Delivers a refusal. Closing a socket with unread bytes resets it, and the reset can overtake the
/// error; so the write side is closed first, and what the client still says is read.
async fn refuse(
    messages: &[ServerMessage],
    mut sink: ResponseSink,
    mut requests: Requests,
) -> Result<(), ConnectionError> {
    sink.append(|context, out| {
        for message in messages {
            message.encode(context, out);
        }
        Done {
            status: DoneStatus {
                error: true,
                ..DoneStatus::default()
            },
            ..Done::last(DoneKind::Statement)
        }
        .encode(context, out);
    });
    sink.send().await?;
    sink.shut_down().await;
    let mut rest = requests.get_mut().take(DRAIN_BYTES);
    // Until the client closes too; the login timeout bounds one that does not.
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(())
}
