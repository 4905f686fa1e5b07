//! Entra ID: discovery documents, tokens for service principals, device codes and managed identities.
//!
//! There is one tenant with one user, who consents to every device code at once, a service principal that owns
//! everything, and those that worlds add.

mod documents;
mod identity;
mod tokens;

use axum::http::{Method, StatusCode};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use super::answer::Answer;
use super::call::query;
use super::error::ArmError;
use super::graph::{Entry, Who};
use super::token::{Claims, LIFETIME, unix_now};
use super::{Arm, Incoming, discovery, faults};

/// Answers a request to Entra or to an endpoint that needs no token; none if the path is not one of theirs.
pub(super) fn answer(arm: &Arm, request: &Incoming, segments: &[String]) -> Option<Answer> {
    let words: Vec<String> = segments
        .iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let queries = super::path::form_pairs(&request.query);
    let get = request.method == Method::GET;
    let post = request.method == Method::POST;
    let answer = match words.as_slice() {
        ["metadata", "endpoints"] if get => discovery::endpoints(
            arm,
            request,
            query(&queries, "api-version").unwrap_or_default(),
        ),
        ["metadata", "identity", "oauth2", "token"] if get => {
            identity::imds(arm, request, &queries)
        }
        ["msi", "token"] if get => identity::app_service(arm, request, &queries),
        ["common", "discovery", "instance"] if get => documents::instance(arm, request),
        ["common", "userrealm", _] if get => documents::user_realm(&segments[2]),
        [tenant, ".well-known", "openid-configuration"]
        | [tenant, "v2.0", ".well-known", "openid-configuration"]
            if get =>
        {
            documents::openid(arm, request, tenant)
        }
        [_, "discovery", "keys"] | [_, "discovery", "v2.0", "keys"] if get => documents::keys(arm),
        [tenant, "oauth2", "token"] | [tenant, "oauth2", "v2.0", "token"] if post => {
            tokens::token(arm, request, tenant)
        }
        [tenant, "oauth2", "devicecode"] | [tenant, "oauth2", "v2.0", "devicecode"] if post => {
            tokens::device_code(arm, request, tenant)
        }
        [_, "oauth2", "authorize"] | [_, "oauth2", "v2.0", "authorize"] => tokens::refuse(
            StatusCode::BAD_REQUEST,
            "unsupported_response_type",
            700_054,
            "milink has no browser login. Use a service principal, a managed identity or a device code.",
        ),
        _ => return None,
    };
    match faults::entra_is_down(arm, &request.path) {
        Some(error) => Some(Answer::of(&error)),
        None => Some(answer),
    }
}

/// The object id of an application or user: any, but always the same for one name.
pub(super) fn object_id(name: &str) -> Uuid {
    let digest = Sha1::digest(name.to_lowercase().as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Whom a token is granted to.
struct Grantee {
    object_id: Uuid,
    application: String,
    name: String,
    user: Option<String>,
}

/// The object id of the one user.
pub(super) fn user_id() -> Uuid {
    object_id(tokens::USER)
}

/// Everybody there is: the service principal that owns everything, the one user, and those that worlds add.
pub(super) fn directory(arm: &Arm) -> Vec<Entry> {
    let own = Grantee::service_principal(arm);
    let application = |id: String| Who::Application { id };
    let mut all = vec![
        Entry {
            id: own.object_id,
            name: own.name,
            who: application(own.application),
        },
        Entry {
            id: user_id(),
            name: tokens::USER_NAME.to_owned(),
            who: Who::User {
                principal_name: tokens::USER.to_owned(),
            },
        },
    ];
    for world in arm.worlds.subscriptions() {
        arm.worlds.read(world.id, &mut |world| {
            let further = world.azure.authorization.principals.values();
            let further = further.map(|one| Entry {
                id: one.object_id,
                name: one.name.clone(),
                who: application(one.application.to_string()),
            });
            for one in further {
                // A copy of a world has the same ones.
                if all.iter().all(|known| known.id != one.id) {
                    all.push(one);
                }
            }
        });
    }
    all
}

/// A further principal of some world, with its secret.
fn further(arm: &Arm, client: &str) -> Option<(Grantee, String)> {
    let application = Uuid::parse_str(client).ok()?;
    arm.worlds.subscriptions().into_iter().find_map(|world| {
        let mut found = None;
        arm.worlds.read(world.id, &mut |world| {
            let known = world.azure.authorization.application(application);
            found = known.map(|known| {
                let grantee = Grantee {
                    object_id: known.object_id,
                    application: known.application.to_string(),
                    name: known.name.clone(),
                    user: None,
                };
                (grantee, known.secret.0.to_string())
            });
        });
        found
    })
}

impl Grantee {
    fn service_principal(arm: &Arm) -> Self {
        Self {
            object_id: arm.principal,
            application: arm.config.client_id.clone(),
            name: "milink service principal".to_owned(),
            user: None,
        }
    }

    fn managed_identity(arm: &Arm) -> Self {
        Self {
            name: "milink managed identity".to_owned(),
            ..Self::service_principal(arm)
        }
    }
}

/// A signed access token for `audience`.
fn grant(arm: &Arm, grantee: &Grantee, audience: &str) -> String {
    let now = unix_now();
    let tenant = arm.config.tenant.to_string();
    let object_id = grantee.object_id.to_string();
    let (mut expires, mut audience) = (now + LIFETIME.as_secs() as i64, audience.to_owned());
    faults::of_token(arm, &grantee.application, &mut expires, &mut audience);
    arm.signer.sign(&Claims {
        aud: audience,
        iss: format!("https://sts.windows.net/{tenant}/"),
        iat: now,
        nbf: now,
        exp: expires,
        appid: grantee.application.clone(),
        oid: object_id.clone(),
        sub: object_id,
        tid: tenant,
        idtyp: if grantee.user.is_some() {
            "user"
        } else {
            "app"
        }
        .to_owned(),
        name: grantee.name.clone(),
        upn: grantee.user.clone(),
        ver: "1.0".to_owned(),
    })
}

/// What a client would get for the service principal's secret.
#[cfg(test)]
pub(super) fn service_principal_token(arm: &Arm, audience: &str) -> String {
    grant(arm, &Grantee::service_principal(arm), audience)
}

/// An error of ARM's shape, where Entra has none of its own.
fn plain_error(status: StatusCode, code: &str, message: &str) -> Answer {
    let error = ArmError::gateway(status, code, message);
    Answer::json(error.status(), &error.body())
}
