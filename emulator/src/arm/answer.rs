//! Answers: status, body and the headers that ARM always sends.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use milink_core::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::Incoming;
use super::error::ArmError;

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Never sent: what happens to the connection instead.
    pub(super) withheld: Option<Withheld>,
    /// How much later it is sent, because a fault says so.
    pub(super) late: Duration,
}

/// What a client gets that gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Withheld {
    /// The end of the connection.
    Dropped,
    /// Nothing.
    Held,
}

impl Answer {
    /// A status with a JSON body.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        Self {
            status,
            body: serde_json::to_vec(body).expect("our own types have no keys but strings"),
            headers: Vec::new(),
            withheld: None,
            late: Duration::ZERO,
        }
    }

    /// The answer that an error is.
    pub(super) fn of(error: &ArmError) -> Self {
        let mut answer = Self::json(error.status(), &error.body());
        answer.headers = error.headers().to_vec();
        answer
    }

    /// 200 with a JSON body.
    pub(super) fn ok(body: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// 201 or 200 with a JSON body.
    pub(super) fn written(new: bool, body: &impl Serialize) -> Self {
        Self::json(
            if new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            },
            body,
        )
    }

    /// A status without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: Vec::new(),
            headers: Vec::new(),
            withheld: None,
            late: Duration::ZERO,
        }
    }

    /// No answer at all.
    pub(super) fn withheld(how: Withheld) -> Self {
        Self {
            withheld: Some(how),
            ..Self::empty(StatusCode::NO_CONTENT)
        }
    }

    /// With a further header.
    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Puts the common headers on an answer.
pub(super) fn finish(request: &Incoming, answer: Result<Answer, ArmError>) -> Response<Vec<u8>> {
    let failure = answer.as_ref().err().map(|error| {
        if error.is_by_gateway() {
            "gateway"
        } else {
            "service"
        }
    });
    let answer = answer.unwrap_or_else(|error| Answer::of(&error));
    let body = if request.method == Method::HEAD {
        Vec::new()
    } else {
        answer.body
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    if let Some(how) = answer.withheld {
        response.extensions_mut().insert(how);
    }
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let id = Uuid::from_bytes(random()).to_string();
    let correlation = request.header("x-ms-correlation-request-id").unwrap_or(&id);
    set("cache-control", "no-cache");
    set("pragma", "no-cache");
    set("expires", "-1");
    set(
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    );
    set("x-content-type-options", "nosniff");
    set("x-ms-request-id", &id);
    set("x-ms-correlation-request-id", correlation);
    set(
        "x-ms-routing-request-id",
        &format!("WESTEUROPE:{}:{id}", compact_now()),
    );
    if request
        .header("x-ms-return-client-request-id")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"))
        && let Some(client) = request.header("x-ms-client-request-id")
    {
        set("x-ms-client-request-id", client);
    }
    for (name, value) in rate_limits(&request.method) {
        set(name, value);
    }
    if let Some(failure) = failure {
        set("x-ms-failure-cause", failure);
    }
    if !response.body().is_empty() {
        response.headers_mut().insert(
            axum::http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
    }
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// How many requests are left: constants, since nothing is ever throttled.
fn rate_limits(method: &Method) -> [(&'static str, &'static str); 2] {
    match *method {
        Method::GET | Method::HEAD => [
            ("x-ms-ratelimit-remaining-subscription-reads", "1099"),
            (
                "x-ms-ratelimit-remaining-subscription-global-reads",
                "16499",
            ),
        ],
        Method::DELETE => [
            ("x-ms-ratelimit-remaining-subscription-deletes", "799"),
            (
                "x-ms-ratelimit-remaining-subscription-global-deletes",
                "11999",
            ),
        ],
        _ => [
            ("x-ms-ratelimit-remaining-subscription-writes", "799"),
            (
                "x-ms-ratelimit-remaining-subscription-global-writes",
                "11999",
            ),
        ],
    }
}

/// `yyyyMMddTHHmmssZ` on the host's clock.
fn compact_now() -> String {
    let now = Timestamp::from_unix_seconds(super::token::unix_now())
        .to_jiff()
        .to_string();
    now.replace(['-', ':'], "")
}

/// Sixteen bytes that no other request has: request ids are the host's, not a world's.
fn random() -> [u8; 16] {
    use std::hash::{BuildHasher, RandomState};
    use std::sync::atomic::{AtomicU64, Ordering};
    static KEYS: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let (high, low) = (KEYS.hash_one(count), KEYS.hash_one(!count));
    *uuid::Builder::from_u128(u128::from(high) << 64 | u128::from(low))
        .with_version(uuid::Version::Random)
        .as_uuid()
        .as_bytes()
}
