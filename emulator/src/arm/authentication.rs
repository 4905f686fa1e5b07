//! Who asks: the bearer token of a request, and what ARM answers when it is missing or not good.

use std::sync::Arc;

use axum::http::StatusCode;
use uuid::Uuid;

use super::error::ArmError;
use super::token::{Claims, SqlPrincipal, TokenError, unix_now};
use super::{Arm, Incoming};

/// Audiences of ARM, without the slash at the end.
const AUDIENCES: [&str; 2] = [
    "https://management.core.windows.net",
    "https://management.azure.com",
];
/// The audience of SQL, without the slash at the end.
const SQL_AUDIENCE: &str = "https://database.windows.net";

/// Checks the token of an ARM request.
pub(super) fn authenticate(arm: &Arm, request: &Incoming) -> Result<Arc<Claims>, ArmError> {
    let base = request.base();
    if !request.tls {
        // What the service answers on port 80 is not published; that it takes no token there is.
        return Err(ArmError::gateway(
            StatusCode::FORBIDDEN,
            "HttpsRequired",
            "The request must be made over HTTPS: access tokens are not accepted over plain HTTP.",
        ));
    }
    let unauthorized = |code: &str, message: String, description: &str| {
        let challenge = format!(
            "Bearer authorization_uri=\"{base}/{}\", error=\"invalid_token\", error_description=\"{description}\"",
            arm.config.tenant
        );
        ArmError::gateway(StatusCode::UNAUTHORIZED, code, message)
            .with_header("www-authenticate", challenge)
    };
    let Some(header) = request.header("authorization") else {
        return Err(unauthorized(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.".to_owned(),
            "The authentication failed because of missing 'Authorization' header.",
        ));
    };
    let token = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => {
            return Err(unauthorized(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is provided in an invalid format.".to_owned(),
                "The 'Authorization' header is provided in an invalid format.",
            ));
        }
    };
    let own = [base.as_str()];
    let judged = judge(arm, token, &AUDIENCES, &own);
    judged.map_err(|error| {
        let (code, message) = words(arm, &error);
        let description = message.clone();
        unauthorized(code, message, &description)
    })
}

/// Checks the token of a SQL login.
pub(super) fn sql_principal(arm: &Arm, jwt: &str) -> Result<SqlPrincipal, TokenError> {
    let claims = judge(arm, jwt, &[SQL_AUDIENCE], &[])?;
    let object_id = Uuid::parse_str(&claims.oid).map_err(|_| TokenError::Malformed)?;
    Ok(SqlPrincipal {
        object_id,
        application_id: claims.appid.clone(),
        tenant: arm.config.tenant,
        name: claims.upn.as_ref().unwrap_or(&claims.name).clone(),
    })
}

fn judge(
    arm: &Arm,
    token: &str,
    audiences: &[&str],
    own: &[&str],
) -> Result<Arc<Claims>, TokenError> {
    let claims = arm.verified.claims(&arm.signer, token)?;
    claims.check_times(unix_now())?;
    let audience = claims.aud.trim_end_matches('/');
    let known = audiences
        .iter()
        .chain(own)
        .any(|known| known.eq_ignore_ascii_case(audience));
    if !known {
        return Err(TokenError::WrongAudience(claims.aud.clone()));
    }
    if !claims
        .tid
        .eq_ignore_ascii_case(&arm.config.tenant.to_string())
    {
        return Err(TokenError::WrongTenant(claims.iss.clone()));
    }
    Ok(claims)
}

fn words(arm: &Arm, error: &TokenError) -> (&'static str, String) {
    let tenant = arm.config.tenant;
    match error {
        TokenError::Malformed => (
            "InvalidAuthenticationToken",
            "The access token is invalid.".to_owned(),
        ),
        TokenError::BadSignature => (
            "InvalidAuthenticationToken",
            "The access token could not be validated against the signing keys of its issuer."
                .to_owned(),
        ),
        TokenError::NotYetValid => (
            "InvalidAuthenticationToken",
            "The access token is not valid yet.".to_owned(),
        ),
        TokenError::Expired(expiry) => (
            "ExpiredAuthenticationToken",
            format!(
                "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
                us_time(*expiry),
                us_time(unix_now())
            ),
        ),
        TokenError::WrongAudience(audience) => (
            "InvalidAuthenticationTokenAudience",
            format!(
                "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'."
            ),
        ),
        TokenError::WrongTenant(issuer) => (
            "InvalidAuthenticationTokenTenant",
            format!(
                "The access token is from the wrong issuer '{issuer}'. It must match the tenant 'https://sts.windows.net/{tenant}/' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/{tenant}' to get the token. Note, if the subscription is transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up to an hour). If you just transferred your subscription and see this error message, please try back later."
            ),
        ),
    }
}

/// As .NET writes it: `11/21/2026 9:35:12 AM`.
fn us_time(seconds: i64) -> String {
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::fmt::strtime::format(
        "%-m/%-d/%Y %-I:%M:%S %p",
        &moment.to_zoned(jiff::tz::TimeZone::UTC),
    )
    .unwrap_or_default()
}
