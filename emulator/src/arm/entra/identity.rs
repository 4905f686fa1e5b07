//! Managed identities: the instance metadata service of virtual machines, and App Service's endpoint.

use axum::http::StatusCode;
use serde_json::json;

use super::{Grantee, grant, plain_error};
use crate::arm::answer::Answer;
use crate::arm::call::query;
use crate::arm::token::{LIFETIME, unix_now};
use crate::arm::{Arm, Incoming};

/// `GET /metadata/identity/oauth2/token`.
pub(super) fn imds(arm: &Arm, request: &Incoming, queries: &[(String, String)]) -> Answer {
    if !request
        .header("metadata")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Answer::json(
            StatusCode::BAD_REQUEST,
            &json!({"error": "invalid_request", "error_description": "Required metadata header not specified"}),
        );
    }
    let Some(resource) = query(queries, "resource") else {
        return Answer::json(
            StatusCode::BAD_REQUEST,
            &json!({"error": "invalid_request", "error_description": "Required audience parameter not specified"}),
        );
    };
    let now = unix_now();
    let lifetime = LIFETIME.as_secs() as i64;
    Answer::ok(&json!({
        "access_token": grant(arm, &Grantee::managed_identity(arm), resource),
        "client_id": arm.config.client_id,
        "expires_in": lifetime.to_string(),
        "expires_on": (now + lifetime).to_string(),
        "ext_expires_in": lifetime.to_string(),
        "not_before": now.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    }))
}

/// `GET $IDENTITY_ENDPOINT`; the header must be the service principal's secret, which is all there is to keep.
pub(super) fn app_service(arm: &Arm, request: &Incoming, queries: &[(String, String)]) -> Answer {
    if request.header("x-identity-header") != Some(arm.config.client_secret.as_str()) {
        return plain_error(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "The X-IDENTITY-HEADER is missing or wrong: it must be the client secret.",
        );
    }
    let Some(resource) = query(queries, "resource") else {
        return plain_error(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "The resource parameter is missing.",
        );
    };
    let expires_on = unix_now() + LIFETIME.as_secs() as i64;
    Answer::ok(&json!({
        "access_token": grant(arm, &Grantee::managed_identity(arm), resource),
        "client_id": arm.config.client_id,
        "expires_on": expires_on.to_string(),
        "resource": resource,
        "token_type": "Bearer",
    }))
}
