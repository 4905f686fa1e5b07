//! Azure Resource Manager: requests with a token, answers, errors.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::operation::{self, Operation};
use crate::{Credentials, Error, TokenSource};

/// A client of Azure Resource Manager.
#[derive(Debug)]
pub struct Arm {
    pub(crate) http: reqwest::Client,
    base: String,
    tokens: TokenSource,
}

/// What ARM answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, if it is JSON; null if it is empty.
    pub body: Value,
    /// What to poll, if the request goes on after the answer.
    pub operation: Option<Operation>,
    /// How long the server asks to wait before the next poll.
    pub retry_after: Option<Duration>,
}

/// The ARM audience of the public cloud, which emulators take as well.
const SCOPE: &str = "https://management.azure.com/.default";

impl Arm {
    /// A client of the ARM at `base`. `ca_pem` is trusted instead of the public roots, where it is given.
    ///
    /// # Errors
    ///
    /// The CA cannot be used.
    pub fn new(base: &str, ca_pem: Option<&[u8]>, credentials: Credentials) -> Result<Self, Error> {
        let http = http_client(ca_pem)?;
        let tokens = TokenSource::new(http.clone(), credentials, SCOPE);
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            tokens,
        })
    }

    /// Sends one request. `path` is a resource id or another path of ARM; an error status is an error.
    ///
    /// # Errors
    ///
    /// ARM's error, or the request's way.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        api_version: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let url = format!("{}{path}{separator}api-version={api_version}", self.base);
        self.send_url(method, &url, body).await
    }

    /// Sends one request to a whole URL, such as an operation's.
    ///
    /// # Errors
    ///
    /// ARM's error, or the request's way.
    pub async fn send_url(
        &self,
        method: &str,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes())
            .map_err(|_| Error::Unexpected(format!("'{method}' is not an HTTP method")))?;
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(self.tokens.token().await?);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let operation = Operation::from_headers(answer.headers());
        let retry_after = operation::retry_after(answer.headers());
        let bytes = answer.bytes().await?;
        if !status.is_success() {
            return Err(Error::arm(status.as_u16(), &bytes));
        }
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|error| Error::Unexpected(error.to_string()))?
        };
        Ok(Answer {
            status: status.as_u16(),
            body,
            operation,
            retry_after,
        })
    }

    /// GETs a resource.
    ///
    /// # Errors
    ///
    /// ARM's error, the request's way, or a body of another shape.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        api_version: &str,
    ) -> Result<T, Error> {
        let answer = self.send("GET", path, api_version, None).await?;
        serde_json::from_value(answer.body).map_err(|error| Error::Unexpected(error.to_string()))
    }
}

/// An HTTP client that trusts the given CA, or the public roots.
pub(crate) fn http_client(ca_pem: Option<&[u8]>) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder().user_agent("milink-client");
    if let Some(pem) = ca_pem {
        let ca = reqwest::Certificate::from_pem(pem)
            .map_err(|error| Error::Certificate(error.to_string()))?;
        builder = builder.tls_certs_only([ca]);
    }
    Ok(builder.build()?)
}
