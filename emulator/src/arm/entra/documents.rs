//! Discovery documents.

use axum::http::StatusCode;
use serde_json::json;

use super::tokens::{refuse, tenant_is_known};
use crate::arm::answer::Answer;
use crate::arm::{Arm, Incoming};

/// The OpenID configuration of a tenant.
pub(super) fn openid(arm: &Arm, request: &Incoming, tenant: &str) -> Answer {
    if !tenant_is_known(arm, tenant) {
        return refuse(
            StatusCode::BAD_REQUEST,
            "invalid_tenant",
            90_002,
            &format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            ),
        );
    }
    let base = request.base();
    let own = arm.config.tenant;
    // `az` takes the second segment of the token endpoint as the tenant; `/adfs` and `/organizations` keep their word.
    Answer::ok(&json!({
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{base}/{own}/v2.0"),
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
        "tenant_region_scope": "EU",
        "cloud_instance_name": "milink",
    }))
}

/// The public keys that tokens are signed with.
pub(super) fn keys(arm: &Arm) -> Answer {
    Answer::ok(&json!({ "keys": [arm.signer.public_key()] }))
}

/// Instance discovery: this authority is one of the known ones.
pub(super) fn instance(arm: &Arm, request: &Incoming) -> Answer {
    let base = request.base();
    let host = base.split_once("://").map_or("", |(_, host)| host);
    let tenant = arm.config.tenant;
    Answer::ok(&json!({
        "tenant_discovery_endpoint": format!("{base}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}

/// Whether a user's domain is federated: it is not.
pub(super) fn user_realm(user: &str) -> Answer {
    let domain = user
        .rsplit_once('@')
        .map_or("milink.local", |(_, domain)| domain);
    Answer::ok(&json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": domain,
        "cloud_instance_name": "milink",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }))
}
