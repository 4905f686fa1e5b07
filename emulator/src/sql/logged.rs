//! SQL in the input log: what logins, requests and answers are there, and how they come from it.

use std::net::SocketAddr;
use std::sync::Arc;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use milink_tds::TdsVersion;
use milink_tds::login7::Login7;
use milink_tds::packet::PacketType;
use milink_tsql::session::event::Event;
use sha1::{Digest as _, Sha1};

use super::login::Found;
use super::{SqlEndpoint, Target, recorded};
use crate::emulator::Shared;
use crate::tape::{Answer, Login, SqlMessage, SqlRequest};
use crate::tds;
use crate::tds::service::{
    LoginAccepted, LoginRefusal, LoginRequest, Raw, SessionRequest, SqlSession,
};

/// How many lines of an answer are in the log as they are; the rest is there as a digest.
const MOST_LINES: usize = 100;

/// What a client is answered, a line for each event.
#[derive(Default)]
pub(super) struct Heard {
    lines: Vec<String>,
    more: u64,
    digest: Sha1,
}

impl Heard {
    pub(super) fn add(&mut self, event: &Event) {
        let line = format!("{event:?}");
        if self.lines.len() < MOST_LINES {
            self.lines.push(line);
        } else {
            self.more += 1;
            self.digest.update(line.as_bytes());
        }
    }

    /// As the answer of a session.
    pub(super) fn answer(self, session: u64) -> Answer {
        let mut says = self.lines;
        if self.more > 0 {
            let digest = HEXLOWER.encode(&self.digest.finalize());
            says.push(format!("and {} more: {digest}", self.more));
        }
        Answer {
            session: Some(session),
            status: None,
            says,
        }
    }
}

impl SqlEndpoint {
    /// A login as the log has it.
    pub(super) fn recorded(&self, found: &Found<'_>, login: &LoginRequest<'_>) -> Box<Login> {
        let login7 = login.login7;
        let claims = match &self.target {
            Target::Gateway { tokens } | Target::Route { tokens, .. } => {
                login.token.and_then(|token| tokens.claims_of(token))
            }
            Target::SqlServer(..) => None,
        };
        Box::new(Login {
            world: found.cell.name().to_owned(),
            instance: found.instance.name.to_string(),
            managed: found.instance.is_managed_instance(),
            user: found.user.to_owned(),
            password: login7.password.reveal().to_owned(),
            claims,
            server_name: login7.server_name.clone(),
            database: login7.database.clone(),
            host: login7.host_name.clone(),
            program: login7.app_name.clone(),
            library: login7.library_name.clone(),
            read_only: login7.read_only_intent,
            encrypted: login.is_encrypted,
            peer: login.peer.to_string(),
            local: login.local.to_string(),
        })
    }
}

/// The answer to a login.
pub(super) fn answered(judged: &Result<LoginAccepted, LoginRefusal>) -> Answer {
    let says = match judged {
        Ok(accepted) => vec![format!(
            "session {} in {}",
            accepted.spid, accepted.database
        )],
        Err(LoginRefusal::Denied(messages)) => messages
            .iter()
            .map(|message| format!("{}: {}", message.number, message.text))
            .collect(),
        Err(LoginRefusal::NeedsToken(_)) => vec!["a token is needed".to_owned()],
    };
    Answer {
        session: None,
        status: None,
        says,
    }
}

/// A request as the log has it.
pub(super) fn request(
    session: u64,
    request: &SessionRequest,
    message: Option<SqlMessage>,
) -> SqlRequest {
    let (batch, message) = match request {
        SessionRequest::Batch { text } => (Some(text.clone()), None),
        _ => {
            let says = recorded::described("", request).text;
            (None, message.map(|message| SqlMessage { says, ..message }))
        }
    };
    SqlRequest {
        session,
        batch,
        message,
    }
}

/// A message as the log has it; a batch is there as its text.
pub(super) fn message(raw: &Raw<'_>) -> Option<SqlMessage> {
    (raw.kind != PacketType::SqlBatch).then(|| SqlMessage {
        kind: raw.kind.number(),
        version: raw.version.number(),
        says: String::new(),
        hex: HEXLOWER.encode(raw.payload),
    })
}

/// A request of the log.
pub(crate) fn request_again(request: &SqlRequest) -> Result<SessionRequest, String> {
    let message = match (&request.batch, &request.message) {
        (Some(text), None) => return Ok(SessionRequest::Batch { text: text.clone() }),
        (None, Some(message)) => message,
        _ => return Err("a request is a batch or a message".to_owned()),
    };
    let kind = PacketType::from_number(message.kind)
        .ok_or_else(|| format!("{} is no type of packets", message.kind))?;
    let version = TdsVersion::negotiate(message.version).map_err(|error| error.to_string())?;
    let payload = HEXLOWER_PERMISSIVE
        .decode(message.hex.as_bytes())
        .map_err(|_| "these are no bytes")?;
    tds::read_again(&Raw {
        kind,
        version,
        payload: &payload,
    })
}

/// Logs in as in the log; none where the log has a refusal, too.
pub(crate) fn log_in_again(
    shared: &Shared,
    login: &Login,
) -> Result<Option<Box<dyn SqlSession>>, String> {
    let address = |text: &str| {
        text.parse::<SocketAddr>()
            .map_err(|_| format!("'{text}' is no address"))
    };
    let (peer, local) = (address(&login.peer)?, address(&login.local)?);
    let cell = shared
        .hub
        .named(&login.world)
        .map_err(|error| error.to_string())?;
    let instance = cell.read(|world| match login.managed {
        true => world.managed_instance(&login.instance).cloned(),
        false => world.sql_server(&login.instance).cloned(),
    });
    let instance = instance.ok_or_else(|| format!("there is no '{}'", login.instance))?;
    let endpoint = SqlEndpoint {
        cell: Arc::clone(&cell),
        hub: None,
        keys: Arc::clone(&shared.keys),
        target: match login.managed {
            true => Target::Gateway {
                tokens: Arc::clone(&shared.arm),
            },
            false => Target::SqlServer(instance.id, None),
        },
    };
    let token = login.claims.as_ref().map(|claims| shared.arm.mint(claims));
    let login7 = login7(login);
    let request = LoginRequest {
        login7: &login7,
        token: token.as_deref(),
        peer,
        local,
        sni: None,
        is_encrypted: login.encrypted,
    };
    let found = Found {
        cell,
        instance,
        user: &login.user,
    };
    let accepted = endpoint.admit(found, &request).ok();
    Ok(accepted.map(|accepted| accepted.session))
}

fn login7(login: &Login) -> Login7 {
    Login7 {
        version: TdsVersion::V7_4,
        packet_size: 0,
        client_version: 0,
        client_pid: 0,
        wants_database_warning: false,
        wants_language_warning: false,
        database_is_fatal: false,
        integrated_security: false,
        read_only_intent: login.read_only,
        changes_password: false,
        lcid: 0,
        host_name: login.host.clone(),
        user_name: login.user.clone(),
        password: login.password.clone().into(),
        app_name: login.program.clone(),
        server_name: login.server_name.clone(),
        library_name: login.library.clone(),
        language: String::new(),
        database: login.database.clone(),
        client_id: [0; 6],
        sspi: Vec::new(),
        attach_database_file: String::new(),
        new_password: String::new().into(),
        features: None,
    }
}
