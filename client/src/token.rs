//! Entra tokens by client credentials.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::Error;

/// Who asks for tokens.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The Entra authority, without the tenant: `https://login.microsoftonline.com`.
    pub authority: String,
    /// The tenant.
    pub tenant: String,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

/// Gives out tokens for one scope, and renews them in time.
#[derive(Debug)]
pub struct TokenSource {
    http: reqwest::Client,
    credentials: Credentials,
    scope: String,
    held: Mutex<Option<(String, Instant)>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: u64,
}

/// A token is renewed this long before it expires.
const MARGIN: Duration = Duration::from_secs(60);

impl TokenSource {
    /// A source for `scope`, such as `https://management.azure.com/.default`.
    pub fn new(http: reqwest::Client, credentials: Credentials, scope: &str) -> Self {
        Self {
            http,
            credentials,
            scope: scope.to_owned(),
            held: Mutex::new(None),
        }
    }

    /// A token that is good for a while.
    ///
    /// # Errors
    ///
    /// The authority refuses, or cannot be reached.
    pub async fn token(&self) -> Result<String, Error> {
        if let Some(token) = self.held() {
            return Ok(token);
        }
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            self.credentials.authority.trim_end_matches('/'),
            self.credentials.tenant
        );
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.credentials.client_id),
            ("client_secret", &self.credentials.client_secret),
            ("scope", &self.scope),
        ];
        let answer = self.http.post(url).form(&form).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        let parsed = serde_json::from_str::<TokenAnswer>(&body)
            .ok()
            .filter(|_| status.is_success());
        let Some(token) = parsed else {
            return Err(Error::Token {
                status: status.as_u16(),
                body,
            });
        };
        let renew = Instant::now() + Duration::from_secs(token.expires_in).saturating_sub(MARGIN);
        *self.held.lock().expect("no holder panics") = Some((token.access_token.clone(), renew));
        Ok(token.access_token)
    }

    fn held(&self) -> Option<String> {
        let held = self.held.lock().expect("no holder panics");
        let (token, renew) = held.as_ref()?;
        (Instant::now() < *renew).then(|| token.clone())
    }
}
