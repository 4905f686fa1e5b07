//! Requests of Resource Manager and Entra in the input log.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use serde_json::{Value, json};

use super::token::{LIFETIME, unix_now};
use super::{Arm, Incoming, answered};
use crate::tape::{Answer, ArmRequest};

/// The header with the token.
const AUTHORIZATION: &str = "authorization";

/// A request as the log has it.
pub(super) fn request(arm: &Arm, incoming: &Incoming) -> ArmRequest {
    let token = incoming.header(AUTHORIZATION);
    let token = token.and_then(|header| Some(header.split_once(' ')?.1.trim()));
    let claims = token.and_then(|token| arm.claims_of(token));
    let headers = incoming.headers.iter().filter_map(|(name, value)| {
        let hidden = claims.is_some() && name.as_str() == AUTHORIZATION;
        let value = value.to_str().ok().filter(|_| !hidden)?;
        Some((name.to_string(), value.to_owned()))
    });
    let target = match incoming.query.as_str() {
        "" => incoming.path.clone(),
        query => format!("{}?{query}", incoming.path),
    };
    ArmRequest {
        method: incoming.method.to_string(),
        target,
        tls: incoming.tls,
        headers: headers.collect(),
        claims,
        body: String::from_utf8_lossy(&incoming.body).into_owned(),
    }
}

/// An answer as the log has it. What Entra says has tokens in it, and what is said of a token has moments of the host.
pub(super) fn answer(incoming: &Incoming, response: &Response<Vec<u8>>) -> Answer {
    let status = response.status().as_u16();
    let first = incoming.path.split('/').nth(1).unwrap_or_default();
    let of_arm = ["subscriptions", "providers", "tenants"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word));
    let says = match of_arm && status != 401 {
        true => vec![String::from_utf8_lossy(response.body()).into_owned()],
        false => Vec::new(),
    };
    Answer {
        session: None,
        status: Some(status),
        says,
    }
}

impl Arm {
    /// Answers a request of the log again.
    ///
    /// # Errors
    ///
    /// It is none.
    pub(crate) fn again(&self, request: &ArmRequest) -> Result<(), String> {
        let method = Method::from_bytes(request.method.as_bytes());
        let (path, query) = match request.target.split_once('?') {
            Some((path, query)) => (path, query),
            None => (request.target.as_str(), ""),
        };
        let incoming = Incoming {
            method: method.map_err(|error| error.to_string())?,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: self.headers(&request.headers, request.claims.as_ref())?,
            tls: request.tls,
            body: request.body.clone().into(),
        };
        answered(self, &incoming);
        Ok(())
    }

    /// What a token says that was granted here.
    pub(crate) fn claims_of(&self, token: &str) -> Option<Value> {
        let claims = self.signer.verify(token).ok()?;
        serde_json::to_value(claims).ok()
    }

    /// A token that says so, and is valid from now on.
    pub(crate) fn mint(&self, claims: &Value) -> String {
        let mut claims = claims.clone();
        let now = unix_now();
        let lifetime = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
        if let Some(claims) = claims.as_object_mut() {
            claims.insert("iat".to_owned(), json!(now));
            claims.insert("nbf".to_owned(), json!(now));
            claims.insert("exp".to_owned(), json!(now.saturating_add(lifetime)));
        }
        self.signer.sign(&claims)
    }

    fn headers(
        &self,
        told: &BTreeMap<String, String>,
        claims: Option<&Value>,
    ) -> Result<HeaderMap, String> {
        let token = claims.map(|claims| format!("Bearer {}", self.mint(claims)));
        let token = token.iter().map(|token| (AUTHORIZATION, token.as_str()));
        let told = told.iter().map(|(name, value)| (&**name, &**value));
        let mut headers = HeaderMap::new();
        for (name, value) in told.chain(token) {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value).map_err(|error| error.to_string())?;
            headers.insert(name.map_err(|error| error.to_string())?, value);
        }
        Ok(headers)
    }
}
