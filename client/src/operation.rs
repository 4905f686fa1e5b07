//! Long-running operations, polled as Azure's SDKs do.

use std::time::Duration;

use milink_model::OperationStatus;
use reqwest::header::HeaderMap;

use crate::{Arm, Error};

/// What to poll until a request is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// `Azure-AsyncOperation`.
    pub status_url: Option<String>,
    /// `Location`.
    pub result_url: Option<String>,
    /// How long to wait between polls, unless a poll's answer says otherwise.
    pub retry_after: Duration,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Well.
    Succeeded,
    /// Badly, or canceled.
    Failed {
        /// ARM's code.
        code: String,
        /// ARM's message.
        message: String,
    },
}

/// The interval where Azure does not say.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(30);
/// How often an operation is asked before it is given up.
const MOST_POLLS: usize = 10_000;

impl Operation {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let (status_url, result_url) = (text("azure-asyncoperation"), text("location"));
        if status_url.is_none() && result_url.is_none() {
            return None;
        }
        Some(Self {
            status_url,
            result_url,
            retry_after: retry_after(headers).unwrap_or(DEFAULT_RETRY_AFTER),
        })
    }

    /// Polls until the end. The first poll is immediate, the others wait as the server asks.
    ///
    /// # Errors
    ///
    /// A poll fails. An operation that fails is an [`Outcome`].
    pub async fn wait(&self, arm: &Arm) -> Result<Outcome, Error> {
        let mut pause = Duration::ZERO;
        for _ in 0..MOST_POLLS {
            tokio::time::sleep(pause).await;
            let (outcome, again) = self.poll(arm).await?;
            if let Some(outcome) = outcome {
                return Ok(outcome);
            }
            pause = again;
        }
        Err(Error::Timeout(MOST_POLLS))
    }

    /// Polls once: how it ended, if it has, and after how long to ask again.
    ///
    /// # Errors
    ///
    /// The poll fails.
    pub async fn poll(&self, arm: &Arm) -> Result<(Option<Outcome>, Duration), Error> {
        let Some(url) = &self.status_url else {
            return self.poll_result(arm).await;
        };
        let answer = arm.send_url("GET", url, None).await?;
        let again = answer.retry_after.unwrap_or(self.retry_after);
        let status: OperationStatus = serde_json::from_value(answer.body)
            .map_err(|error| Error::Unexpected(error.to_string()))?;
        let outcome = match status.status.as_str() {
            "Succeeded" => Some(Outcome::Succeeded),
            "Failed" | "Canceled" => {
                let (code, message) = status.error.map_or_else(
                    || (status.status.clone(), String::new()),
                    |error| (error.code, error.message),
                );
                Some(Outcome::Failed { code, message })
            }
            _ => None,
        };
        Ok((outcome, again))
    }

    async fn poll_result(&self, arm: &Arm) -> Result<(Option<Outcome>, Duration), Error> {
        let url = self
            .result_url
            .as_ref()
            .expect("an operation has one of the two");
        match arm.send_url("GET", url, None).await {
            Ok(answer) if answer.status == 202 => {
                Ok((None, answer.retry_after.unwrap_or(self.retry_after)))
            }
            Ok(_) => Ok((Some(Outcome::Succeeded), Duration::ZERO)),
            Err(Error::Arm { code, message, .. }) => {
                Ok((Some(Outcome::Failed { code, message }), Duration::ZERO))
            }
            Err(error) => Err(error),
        }
    }
}

/// How long the server asks to wait: in milliseconds if it says so (`x-ms-retry-after-ms`, of the Azure SDK design
/// guidelines), else in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name| headers.get(name)?.to_str().ok()?.parse().ok();
    let precise = number("x-ms-retry-after-ms").map(Duration::from_millis);
    precise.or_else(|| number("retry-after").map(Duration::from_secs))
}
