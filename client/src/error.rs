//! What can go wrong between a client and its server.

use milink_model::ErrorBody;

use crate::sql::ServerError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate file cannot be used.
    #[error("the CA file cannot be used: {0}")]
    Certificate(String),
    /// The address is not an address.
    #[error("'{0}' is not a URL")]
    Url(String),
    /// The HTTP request failed on its way.
    #[error("the request failed: {0}")]
    Http(#[from] reqwest::Error),
    /// No token was given out.
    #[error("no token: {status} {body}")]
    Token {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// ARM said no.
    #[error("{status} ({code}) {message}")]
    Arm {
        /// The HTTP status.
        status: u16,
        /// ARM's code.
        code: String,
        /// ARM's message.
        message: String,
    },
    /// An answer is not what the contract says.
    #[error("unexpected answer: {0}")]
    Unexpected(String),
    /// A long-running operation did not end in time.
    #[error("the operation did not end after {0} polls")]
    Timeout(usize),
    /// The SQL server cannot be reached, or the connection broke.
    #[error("SQL connection: {0}")]
    Connection(String),
    /// The SQL server answered with an error.
    #[error(transparent)]
    Sql(#[from] ServerError),
}

impl Error {
    /// An ARM error from a body.
    pub(crate) fn arm(status: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(body) => Self::Arm {
                status,
                code: body.error.code,
                message: body.error.message,
            },
            Err(_) => {
                let message = String::from_utf8_lossy(body).into_owned();
                Self::Arm {
                    status,
                    code: String::new(),
                    message,
                }
            }
        }
    }

    /// The number of a SQL error.
    pub fn sql_number(&self) -> Option<u32> {
        match self {
            Self::Sql(error) => Some(error.number),
            _ => None,
        }
    }

    /// The code of an ARM error.
    pub fn arm_code(&self) -> Option<&str> {
        match self {
            Self::Arm { code, .. } => Some(code),
            _ => None,
        }
    }
}
