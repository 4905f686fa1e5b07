//! milink's own control API under `/_milink/`.

use serde_json::Value;

use crate::Error;
use crate::arm::http_client;

/// A client of the control API.
#[derive(Debug)]
pub struct Control {
    http: reqwest::Client,
    base: String,
}

impl Control {
    /// A client of the control API at `base`, which ends in `/_milink`. `ca_pem` is trusted where it is given.
    ///
    /// # Errors
    ///
    /// The CA cannot be used.
    pub fn new(base: &str, ca_pem: Option<&[u8]>) -> Result<Self, Error> {
        Ok(Self {
            http: http_client(ca_pem)?,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// GETs a path below the base.
    ///
    /// # Errors
    ///
    /// An error status, or the request's way.
    pub async fn get(&self, path: &str) -> Result<Value, Error> {
        self.send(self.http.get(format!("{}/{path}", self.base)))
            .await
    }

    /// GETs a path below the base that answers with something else than JSON.
    ///
    /// # Errors
    ///
    /// An error status, or the request's way.
    pub async fn get_text(&self, path: &str) -> Result<String, Error> {
        let answer = self
            .http
            .get(format!("{}/{path}", self.base))
            .send()
            .await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(Error::arm(status.as_u16(), &answer.bytes().await?));
        }
        Ok(answer.text().await?)
    }

    /// POSTs bytes to a path below the base that answers with bytes.
    ///
    /// # Errors
    ///
    /// An error status, or the request's way.
    pub async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, Error> {
        let request = self.http.post(format!("{}/{path}", self.base));
        let answer = request.body(body).send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        match status.is_success() {
            true => Ok(bytes.into()),
            false => Err(Error::arm(status.as_u16(), &bytes)),
        }
    }

    /// POSTs a body to a path below the base.
    ///
    /// # Errors
    ///
    /// An error status, or the request's way.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(self.http.post(format!("{}/{path}", self.base)).json(body))
            .await
    }

    /// PUTs a body to a path below the base.
    ///
    /// # Errors
    ///
    /// An error status, or the request's way.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(self.http.put(format!("{}/{path}", self.base)).json(body))
            .await
    }

    /// DELETEs a path below the base.
    ///
    /// # Errors
    ///
    /// An error status, or the request's way.
    pub async fn delete(&self, path: &str) -> Result<Value, Error> {
        self.send(self.http.delete(format!("{}/{path}", self.base)))
            .await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, Error> {
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        if !status.is_success() {
            return Err(Error::arm(status.as_u16(), &bytes));
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| Error::Unexpected(error.to_string()))
    }
}
