//! Azure Resource Manager and Entra ID, as far as a link's life needs them.
//!
//! Holds no state of Azure's: every answer is computed from a world, every request changes one through [`Worlds`].

mod answer;
mod authentication;
mod authorization;
mod body;
mod call;
mod discovery;
mod entra;
mod error;
mod faults;
mod graph;
mod location;
mod logged;
mod not_emulated;
mod operations;
mod paging;
mod path;
mod ports;
mod recorded;
mod registry;
mod resources;
mod route;
mod template;
mod token;
mod version;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use milink_core::operation::OperationError;
use milink_core::refusal::Refusal;
use uuid::Uuid;

pub(crate) use authorization::relative as within_subscription;
pub use error::NOT_EMULATED;
pub use ports::{Keys, Refusing, Subscription, Worlds};
pub use registry::{Served, served};
pub(crate) use template::functions as template_functions;
pub use token::{Claims, SqlPrincipal, TokenError, TokenSigner};

use crate::http::body::{MOST_BODY_BYTES, Unread};
use crate::tape::{Entry, Tape};
use error::ArmError;

/// Whether a request came over TLS; the listener puts it into the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Whether it did.
    pub tls: bool,
}

/// What ARM and Entra are told at the start.
#[derive(Clone, Debug)]
pub struct ArmConfig {
    /// The one tenant.
    pub tenant: Uuid,
    /// The service principal that may log in.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How many resources a page of a list has.
    pub page_size: usize,
    /// Whether unknown api-versions are accepted.
    pub loose: bool,
}

/// Resource Manager and Entra.
pub struct Arm {
    config: ArmConfig,
    worlds: Arc<dyn Worlds>,
    keys: Arc<dyn Keys>,
    signer: TokenSigner,
    verified: token::Verified,
    principal: Uuid,
    /// The object ids, as tokens have them, of those who own everything.
    owners: [String; 2],
    /// Held while deployments go on, so that no step is taken twice.
    deploying: std::sync::Mutex<()>,
    /// Where something has happened that deployments may have waited for, while others went on.
    stirred: std::sync::Mutex<BTreeSet<Uuid>>,
    /// The input log.
    tape: Arc<Tape>,
    /// Whether what complete deployments take away is tried on a copy of the world first: not in that copy.
    looks_ahead: bool,
}

/// How many characters of a path are remembered with a refusal.
const MOST_PATH: usize = 500;

impl Arm {
    /// Resource Manager and Entra over these worlds.
    pub fn new(
        config: ArmConfig,
        worlds: Arc<dyn Worlds>,
        keys: Arc<dyn Keys>,
        signer: TokenSigner,
    ) -> Arc<Self> {
        // The object id of the service principal: any, but always the same for one client id.
        let principal = entra::object_id(&config.client_id);
        Arc::new(Self {
            config,
            tape: worlds.tape(),
            worlds,
            keys,
            signer,
            verified: token::Verified::default(),
            principal,
            owners: [principal.to_string(), entra::user_id().to_string()],
            deploying: std::sync::Mutex::default(),
            stirred: std::sync::Mutex::default(),
            looks_ahead: true,
        })
    }

    /// The same over other worlds.
    fn over(&self, worlds: Arc<dyn Worlds>, looks_ahead: bool) -> Self {
        Self {
            config: self.config.clone(),
            tape: worlds.tape(),
            worlds,
            keys: Arc::clone(&self.keys),
            signer: self.signer.clone(),
            verified: token::Verified::default(),
            principal: self.principal,
            owners: self.owners.clone(),
            deploying: std::sync::Mutex::default(),
            stirred: std::sync::Mutex::default(),
            looks_ahead,
        }
    }

    /// Everything under `/` that nobody else answers. Paths are matched without regard to case, so not by axum.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(handle).with_state(Arc::clone(self))
    }

    /// Lets what is being deployed to a subscription go on as far as it can by now. Whoever already does so, be it the
    /// caller itself, goes on with this as well.
    pub(crate) fn deployments_go_on(&self, subscription: Uuid) {
        resources::deployments::stir(self, subscription);
    }

    /// The same, where whoever already does so is waited for: nothing that can go on is left when this returns.
    pub(crate) fn deployments_settle(&self, subscription: Uuid) {
        resources::deployments::go_on(self, subscription);
    }

    /// Checks a token that a SQL client logs in with.
    ///
    /// # Errors
    ///
    /// Says why it is not accepted.
    pub fn validate_sql_token(&self, jwt: &str) -> Result<SqlPrincipal, TokenError> {
        authentication::sql_principal(self, jwt)
    }
}

/// A text as a segment of a path.
pub(crate) fn encoded(text: &str) -> String {
    path::percent_encode(text)
}

/// The status and code of the answer to a refusal, for COMPAT.md.
pub(crate) fn code_of_refusal(refusal: &Refusal) -> (u16, String) {
    status_and_code(&ArmError::from(refusal))
}

/// The same for an operation that fails.
pub(crate) fn code_of_failure(error: &OperationError) -> (u16, String) {
    status_and_code(&error::of_operation(error))
}

/// The code and the words of the poll of an operation that has failed.
pub(crate) fn words_of_failure(error: &OperationError) -> (String, String) {
    let error = error::of_operation(error);
    let detail = error.detail();
    (detail.code.clone(), detail.message.clone())
}

fn status_and_code(error: &ArmError) -> (u16, String) {
    (error.status().as_u16(), error.detail().code.clone())
}

/// What is left of a request once its body has been read.
struct Incoming {
    method: axum::http::Method,
    path: String,
    query: String,
    headers: HeaderMap,
    tls: bool,
    body: bytes::Bytes,
}

impl Incoming {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `https://host:port`, as the client knows us.
    fn base(&self) -> String {
        let host = self.header("host").unwrap_or("localhost");
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{host}")
    }
}

async fn handle(State(arm): State<Arc<Arm>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    // HTTP/2 has the host in the URI only.
    if !parts.headers.contains_key(header::HOST)
        && let Some(authority) = parts.uri.authority()
        && let Ok(host) = authority.as_str().parse()
    {
        parts.headers.insert(header::HOST, host);
    }
    let tls = parts
        .extensions
        .get::<Connection>()
        .is_some_and(|connection| connection.tls);
    let body = crate::http::body::read(body).await;
    let unread = body.as_ref().err().copied().map(unread);
    let incoming = Incoming {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        tls,
        body: body.unwrap_or_default(),
    };
    let (mut response, late) = match unread {
        None => answered(&arm, &incoming),
        Some(error) => {
            let error = explained(&arm, &incoming, error);
            (answer::finish(&incoming, Err(error)), Duration::ZERO)
        }
    };
    if !late.is_zero() {
        tokio::time::sleep(late).await;
    }
    match response.extensions_mut().remove::<answer::Withheld>() {
        None => {}
        Some(answer::Withheld::Dropped) => {
            response.extensions_mut().insert(crate::http::Dropped);
        }
        // Until the client leaves, which ends this task.
        Some(answer::Withheld::Held) => std::future::pending().await,
    }
    response.map(Body::from)
}

/// The answer to a request, and how late it is.
fn answered(arm: &Arm, incoming: &Incoming) -> (Response<Vec<u8>>, Duration) {
    let _turn = arm
        .tape
        .turn(|| Some(Entry::Arm(logged::request(arm, incoming))));
    let answer = route::answer(arm, incoming);
    let late = answer.as_ref().map_or(Duration::ZERO, |answer| answer.late);
    let answer = answer.map_err(|error| explained(arm, incoming, error));
    let response = answer::finish(incoming, answer);
    arm.tape.answer(|| logged::answer(incoming, &response));
    (response, late)
}

/// Why a body is not there to be looked at. The words for what only this server bounds are guesses: Azure's front end is
/// not known to wait for anybody's bytes, and has room.
fn unread(why: Unread) -> ArmError {
    let (status, code, message) = match why {
        Unread::TooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "The request content did not arrive in time.".to_owned(),
        ),
        Unread::NoRoom => (
            StatusCode::SERVICE_UNAVAILABLE,
            "ServerBusy",
            "The server has no room for the request content now. Please try again later."
                .to_owned(),
        ),
        Unread::Broken => (
            StatusCode::BAD_REQUEST,
            "InvalidRequestContent",
            "The request content was invalid and could not be read to its end.".to_owned(),
        ),
        Unread::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestContentTooLarge",
            format!(
                "The request content size exceeds the maximum size of '{} MB'.",
                MOST_BODY_BYTES >> 20
            ),
        ),
    };
    ArmError::gateway(status, code, message)
}

/// An error with the id under which `/_milink/explain` knows why.
fn explained(arm: &Arm, incoming: &Incoming, error: ArmError) -> ArmError {
    let known = error.headers().iter();
    if known.clone().any(|(name, _)| *name == operations::EXPLAIN) {
        return error;
    }
    let mut segments = incoming.path.split('/').skip(1);
    let subscription = segments
        .next()
        .filter(|first| first.eq_ignore_ascii_case("subscriptions"))
        .and_then(|_| Uuid::parse_str(segments.next()?).ok());
    let path: String = incoming.path.chars().take(MOST_PATH).collect();
    let asked = format!("{} {path}", incoming.method);
    let refusing = Refusing {
        asked: &asked,
        code: &error.detail().code,
        message: &error.detail().message,
        reason: error.reason(),
    };
    match arm.worlds.refused(subscription, &refusing) {
        Some(id) => error.with_header(operations::EXPLAIN, id),
        None => error,
    }
}
