//! What the control API answers when it cannot do what was asked: `{"error":{"code","message"}}`, as ARM does.

use axum::Json;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use milink_core::Refusal;
use milink_core::fault::FaultError;
use serde_json::json;

use crate::http::body::{MOST_BODY_BYTES, Unread};
use crate::hub::HubError;

/// An error of the control API.
#[derive(Debug)]
pub(super) struct ControlError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ControlError {
    /// The request makes no sense.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "BadRequest",
            message: message.into(),
        }
    }

    /// The world is not in a state for it.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code: "Conflict",
            message: message.into(),
        }
    }

    /// There is nothing of that name.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "NotFound",
            message: message.into(),
        }
    }
}

impl From<Refusal> for ControlError {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code: "Conflict",
            message: refusal.to_string(),
        }
    }
}

impl From<HubError> for ControlError {
    fn from(error: HubError) -> Self {
        let (status, code) = match &error {
            HubError::NoWorld(_) | HubError::NoSnapshot { .. } => {
                (StatusCode::NOT_FOUND, "NotFound")
            }
            HubError::NameTaken(_) | HubError::SubscriptionTaken(_) => {
                (StatusCode::CONFLICT, "Conflict")
            }
            HubError::BadName(_) => (StatusCode::BAD_REQUEST, "BadRequest"),
            HubError::TooMany => (StatusCode::INSUFFICIENT_STORAGE, "TooMany"),
            HubError::Default => (StatusCode::CONFLICT, "Conflict"),
        };
        Self {
            status,
            code,
            message: error.to_string(),
        }
    }
}

impl From<FaultError> for ControlError {
    fn from(error: FaultError) -> Self {
        match error {
            FaultError::NotFound { .. } => Self::not_found(error.to_string()),
            _ => Self::bad_request(error.to_string()),
        }
    }
}

impl From<Unread> for ControlError {
    fn from(why: Unread) -> Self {
        let (status, code, message) = match why {
            Unread::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "TooLarge",
                format!("the body has more than {} MB", MOST_BODY_BYTES >> 20),
            ),
            Unread::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "TooSlow",
                "the body did not arrive in time".to_owned(),
            ),
            Unread::NoRoom => (
                StatusCode::SERVICE_UNAVAILABLE,
                "TooMany",
                "there is no room for the body now: others have sent too much".to_owned(),
            ),
            Unread::Broken => return Self::bad_request("the body could not be read to its end"),
        };
        Self {
            status,
            code,
            message,
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message}});
        (self.status, Json(body)).into_response()
    }
}

/// A path that is not there.
pub(super) async fn unknown(uri: Uri) -> ControlError {
    ControlError::not_found(format!(
        "the control API has no '{}'; GET /_milink lists what it has",
        uri.path()
    ))
}

/// A path that is there, asked in another way.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> ControlError {
    ControlError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "MethodNotAllowed",
        message: format!(
            "'{}' does not take {method}; GET /_milink lists what there is",
            uri.path()
        ),
    }
}
