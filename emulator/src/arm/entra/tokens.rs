//! The token endpoint.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Grantee, further, grant, object_id};
use crate::arm::answer::Answer;
use crate::arm::call::query;
use crate::arm::path::{form_pairs, percent_decode, percent_encode};
use crate::arm::token::{LIFETIME, base64url, unix_now};
use crate::arm::{Arm, Incoming};

/// The one user.
pub(super) const USER: &str = "user@milink.local";
/// Their name.
pub(super) const USER_NAME: &str = "milink user";
/// The client id of `az`, and of whoever else signs users in; it is not checked.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// `POST …/token`.
pub(super) fn token(arm: &Arm, request: &Incoming, tenant: &str) -> Answer {
    if !tenant_is_known(arm, tenant) {
        return unknown_tenant(tenant);
    }
    let form = form_pairs(&String::from_utf8_lossy(&request.body));
    let field = |name| query(&form, name);
    let device = field("device_code").and_then(|code| scope_of_device_code(arm, code));
    let scope = field("scope").map(str::to_owned).or_else(|| device.clone());
    let Some(audience) = audience(scope.as_deref(), field("resource")) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            900_144,
            "The request body must contain the following parameter: 'scope'.",
        );
    };
    match field("grant_type").unwrap_or_default() {
        "client_credentials" => {
            let client = field("client_id").unwrap_or_default();
            let known = match client.eq_ignore_ascii_case(&arm.config.client_id) {
                true => Some((
                    Grantee::service_principal(arm),
                    arm.config.client_secret.clone(),
                )),
                false => further(arm, client),
            };
            let (secret, assertion) = (field("client_secret"), field("client_assertion"));
            match check_client(tenant, client, known, secret, assertion) {
                Ok(grantee) => granted(json!({ "access_token": grant(arm, &grantee, &audience) })),
                Err(refused) => *refused,
            }
        }
        DEVICE_GRANT if device.is_some() => user_token(arm, request, field("client_id"), &audience),
        "refresh_token" if field("refresh_token") == Some(refresh_token_of(arm).as_str()) => {
            user_token(arm, request, field("client_id"), &audience)
        }
        // The one user's password is the service principal's secret.
        "password"
            if field("username").is_some_and(|user| user.eq_ignore_ascii_case(USER))
                && field("password") == Some(arm.config.client_secret.as_str()) =>
        {
            user_token(arm, request, field("client_id"), &audience)
        }
        "password" => refuse(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            50_126,
            "Error validating credentials due to invalid username or password.",
        ),
        DEVICE_GRANT | "refresh_token" => refuse(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            70_000,
            "The provided value for the code or the refresh token is not valid.",
        ),
        other => refuse(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            70_003,
            &format!("The app requested an unsupported grant type '{other}'."),
        ),
    }
}

/// `POST …/devicecode`: the user has consented before the client can ask.
pub(super) fn device_code(arm: &Arm, request: &Incoming, tenant: &str) -> Answer {
    if !tenant_is_known(arm, tenant) {
        return unknown_tenant(tenant);
    }
    let form = form_pairs(&String::from_utf8_lossy(&request.body));
    let scope = query(&form, "scope").unwrap_or_default();
    Answer::ok(&json!({
        "user_code": "MILINK",
        "device_code": device_code_for(arm, scope),
        "verification_uri": format!("{}/device", request.base()),
        "expires_in": 900,
        "interval": 1,
        "message": "milink has signed in its one user already: there is nothing to enter.",
    }))
}

/// Whether there is such a tenant: the one there is, by its id or by one of the words that stand for any.
pub(super) fn tenant_is_known(arm: &Arm, tenant: &str) -> bool {
    tenant.eq_ignore_ascii_case(&arm.config.tenant.to_string())
        || ["organizations", "common", "adfs"].contains(&tenant)
}

/// An error of Entra.
pub(super) fn refuse(status: StatusCode, error: &str, number: u32, text: &str) -> Answer {
    let id = Uuid::from_u128(u128::from(number));
    let now = Timestamp::from_second(unix_now()).unwrap_or(Timestamp::UNIX_EPOCH);
    let stamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    Answer::json(
        status,
        &json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {text} Trace ID: {id} Correlation ID: {id} Timestamp: {stamp}"),
            "error_codes": [number],
            "timestamp": stamp,
            "trace_id": id,
            "correlation_id": id,
        }),
    )
}

fn unknown_tenant(tenant: &str) -> Answer {
    refuse(
        StatusCode::BAD_REQUEST,
        "invalid_request",
        90_002,
        &format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
        ),
    )
}

fn check_client(
    tenant: &str,
    client: &str,
    known: Option<(Grantee, String)>,
    secret: Option<&str>,
    assertion: Option<&str>,
) -> Result<Grantee, Box<Answer>> {
    let Some((grantee, wanted)) = known else {
        return Err(Box::new(refuse(
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            700_016,
            &format!(
                "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
            ),
        )));
    };
    let (number, text) = match secret {
        Some(secret) if secret == wanted => return Ok(grantee),
        Some(_) => (
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
            ),
        ),
        None if assertion.is_some() => (
            700_027,
            "milink does not support client assertions: log in with the client secret.".to_owned(),
        ),
        None => (
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".to_owned(),
        ),
    };
    Err(Box::new(refuse(
        StatusCode::UNAUTHORIZED,
        "invalid_client",
        number,
        &text,
    )))
}

fn user_token(arm: &Arm, request: &Incoming, client: Option<&str>, audience: &str) -> Answer {
    let client = client.unwrap_or("04b07795-8ddb-461a-bbee-02f9e1bf7b46");
    let user = object_id(USER);
    let tenant = arm.config.tenant;
    let now = unix_now();
    let grantee = Grantee {
        object_id: user,
        application: client.to_owned(),
        name: USER_NAME.to_owned(),
        user: Some(USER.to_owned()),
    };
    let id_token = arm.signer.sign(&json!({
        "aud": client,
        "iss": format!("{}/{tenant}/v2.0", request.base()),
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME.as_secs() as i64,
        "name": USER_NAME,
        "oid": user,
        "sub": user,
        "preferred_username": USER,
        "upn": USER,
        "tid": tenant,
        "ver": "2.0",
    }));
    let client_info = json!({ "uid": user, "utid": tenant }).to_string();
    granted(json!({
        "access_token": grant(arm, &grantee, audience),
        "refresh_token": refresh_token_of(arm),
        "id_token": id_token,
        "client_info": base64url(client_info.as_bytes()),
        "scope": format!("{audience}/.default"),
        "foci": "1",
    }))
}

fn granted(mut body: Value) -> Answer {
    let lifetime = LIFETIME.as_secs();
    body["token_type"] = json!("Bearer");
    body["expires_in"] = json!(lifetime);
    body["ext_expires_in"] = json!(lifetime);
    Answer::ok(&body)
}

/// The audience of a scope such as `https://database.windows.net//.default`; whatever is before `/.default` counts.
fn audience(scope: Option<&str>, resource: Option<&str>) -> Option<String> {
    if let Some(resource) = resource.filter(|resource| !resource.is_empty()) {
        return Some(resource.to_owned());
    }
    let protocol = ["openid", "profile", "offline_access", "email"];
    let scope = scope?
        .split_whitespace()
        .find(|scope| !protocol.contains(scope))?;
    let audience = match scope.strip_suffix("/.default") {
        Some(audience) => audience,
        None => scope
            .rsplit_once('/')
            .map_or(scope, |(audience, _)| audience),
    };
    (!audience.is_empty()).then(|| audience.to_owned())
}

/// A device code remembers the scope that it was asked for: the token request leaves it out.
fn device_code_for(arm: &Arm, scope: &str) -> String {
    format!("{}.{}", device_key(arm), percent_encode(scope))
}

fn scope_of_device_code(arm: &Arm, code: &str) -> Option<String> {
    let (key, scope) = code.split_once('.')?;
    if key == device_key(arm) {
        percent_decode(scope)
    } else {
        None
    }
}

fn device_key(arm: &Arm) -> String {
    object_id(&format!("device code of {}", arm.config.client_secret)).to_string()
}

fn refresh_token_of(arm: &Arm) -> String {
    object_id(&format!("refresh token of {}", arm.config.client_secret)).to_string()
}

#[cfg(test)]
mod tests {
    use super::audience;

    #[test]
    fn scopes_name_audiences() {
        for (scope, wanted) in [
            (
                "https://management.core.windows.net//.default",
                Some("https://management.core.windows.net/"),
            ),
            (
                "https://database.windows.net/.default",
                Some("https://database.windows.net"),
            ),
            (
                "openid profile https://management.azure.com//user_impersonation offline_access",
                Some("https://management.azure.com/"),
            ),
            ("openid profile", None),
            ("", None),
        ] {
            assert_eq!(audience(Some(scope), None).as_deref(), wanted, "{scope}");
        }
        assert_eq!(audience(None, Some("x")).as_deref(), Some("x"));
    }
}
