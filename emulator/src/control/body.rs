//! Bodies and queries of control requests; what is wrong with them is told as every other error is.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::ControlError;
use crate::http::body;

/// A JSON body, whatever the content type says: this API takes nothing else.
pub(super) struct Body<T>(pub(super) T);

/// A body of bytes.
pub(super) struct Raw(pub(super) Bytes);

/// The query of the URL.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ControlError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ControlError> {
        let bytes = body::read(request.into_body()).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| ControlError::bad_request(format!("the body: {error}")))
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ControlError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ControlError> {
        Ok(Self(body::read(request.into_body()).await?))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ControlError> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(asked)| Self(asked))
            .map_err(|rejection| ControlError::bad_request(rejection.body_text()))
    }
}
