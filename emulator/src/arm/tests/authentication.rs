//! Entra's documents and tokens, and what ARM says to bad ones.

use axum::http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use super::support::{Fixture, SECRET, SUBSCRIPTION, TENANT};
use super::token_for;
use crate::arm::path::percent_encode;
use crate::arm::token::{Claims, base64url, unix_now};
use crate::arm::{Arm, TokenError, TokenSigner};

const SUBSCRIPTIONS: &str = "/subscriptions?api-version=2022-12-01";

fn claims() -> Claims {
    Claims {
        aud: "https://management.azure.com".to_owned(),
        iss: format!("https://sts.windows.net/{TENANT}/"),
        iat: unix_now(),
        nbf: unix_now(),
        exp: unix_now() + 3600,
        appid: "app".to_owned(),
        oid: TENANT.to_owned(),
        sub: TENANT.to_owned(),
        tid: TENANT.to_owned(),
        idtyp: "app".to_owned(),
        name: "n".to_owned(),
        upn: None,
        ver: "1.0".to_owned(),
    }
}

fn signed(arm: &Arm, change: impl FnOnce(&mut Claims)) -> String {
    let mut claims = claims();
    change(&mut claims);
    arm.signer.sign(&claims)
}

#[tokio::test]
async fn a_service_principal_logs_in() {
    let fixture = Fixture::new();
    let metadata = fixture
        .raw(
            "GET",
            "/metadata/endpoints?api-version=2022-09-01",
            None,
            &[],
        )
        .await;
    assert_eq!(metadata.body["resourceManager"], "https://arm.test");
    assert_eq!(
        metadata.body["authentication"]["loginEndpoint"],
        "https://arm.test"
    );
    let old = fixture
        .raw(
            "GET",
            "/metadata/endpoints?api-version=2019-05-01",
            None,
            &[],
        )
        .await;
    assert_eq!(old.body[0]["name"], "milink");
    let openid = fixture
        .raw(
            "GET",
            &format!("/{TENANT}/v2.0/.well-known/openid-configuration"),
            None,
            &[],
        )
        .await;
    let endpoint = openid.body["token_endpoint"]
        .as_str()
        .expect("a url")
        .to_owned();
    let form = format!(
        "client_id={}&client_secret={SECRET}&grant_type=client_credentials&client_info=1&scope=https%3A%2F%2Fmanagement.core.windows.net%2F%2F.default",
        fixture.arm.config.client_id
    );
    let reply = fixture
        .raw(
            "POST",
            &endpoint,
            Some(form),
            &[("content-type", "application/x-www-form-urlencoded")],
        )
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let header = format!(
        "Bearer {}",
        reply.body["access_token"].as_str().expect("a token")
    );
    let list = fixture
        .raw("GET", SUBSCRIPTIONS, None, &[("authorization", &header)])
        .await;
    assert_eq!(list.body["value"][0]["subscriptionId"], SUBSCRIPTION);
    assert_eq!(list.body["value"][0]["state"], "Enabled");
}

#[tokio::test]
async fn entra_refuses_in_its_own_words() {
    let fixture = Fixture::new();
    let id = fixture.arm.config.client_id.clone();
    let scope = "scope=https%3A%2F%2Fx%2F.default";
    let cases = [
        (
            TENANT,
            format!("client_id={id}&client_secret=wrong&grant_type=client_credentials&{scope}"),
            401,
            7_000_215,
        ),
        (
            TENANT,
            format!("client_id=other&client_secret=x&grant_type=client_credentials&{scope}"),
            400,
            700_016,
        ),
        (
            TENANT,
            format!("client_id={id}&grant_type=client_credentials&{scope}"),
            401,
            7_000_218,
        ),
        (
            TENANT,
            format!("client_id={id}&client_assertion=x&grant_type=client_credentials&{scope}"),
            401,
            700_027,
        ),
        (
            TENANT,
            format!("client_id={id}&client_secret={SECRET}&grant_type=saml&{scope}"),
            400,
            70_003,
        ),
        (
            TENANT,
            format!("client_id={id}&grant_type=refresh_token&refresh_token=x&{scope}"),
            400,
            70_000,
        ),
        (
            TENANT,
            format!("client_id={id}&client_secret={SECRET}&grant_type=client_credentials"),
            400,
            900_144,
        ),
        (
            SUBSCRIPTION,
            format!("client_id={id}&client_secret={SECRET}&grant_type=client_credentials&{scope}"),
            400,
            90_002,
        ),
    ];
    for (tenant, form, status, number) in cases {
        let reply = fixture
            .raw(
                "POST",
                &format!("/{tenant}/oauth2/v2.0/token"),
                Some(form.clone()),
                &[],
            )
            .await;
        assert_eq!(reply.status.as_u16(), status, "{form}");
        assert_eq!(reply.body["error_codes"], json!([number]), "{form}");
    }
}

#[tokio::test]
async fn users_and_managed_identities_get_tokens() {
    let fixture = Fixture::new();
    let code = fixture
        .raw(
            "POST",
            "/organizations/oauth2/v2.0/devicecode",
            Some("client_id=az&scope=https%3A%2F%2Fmanagement.azure.com%2F%2F.default%20offline_access".to_owned()),
            &[],
        )
        .await;
    let device = code.body["device_code"].as_str().expect("a code");
    let form = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code={}&client_id=az",
        percent_encode(device)
    );
    let user = fixture
        .raw("POST", "/organizations/oauth2/v2.0/token", Some(form), &[])
        .await;
    assert!(
        user.body["id_token"].is_string() && user.body["refresh_token"].is_string(),
        "{}",
        user.text
    );
    let form = format!(
        "grant_type=password&username=USER%40milink.local&password={SECRET}&client_id=az&scope=https%3A%2F%2Fmanagement.azure.com%2F%2F.default"
    );
    let path = "/organizations/oauth2/v2.0/token";
    let by_password = fixture.raw("POST", path, Some(form.clone()), &[]).await;
    let wrong = fixture
        .raw("POST", path, Some(form.replace(SECRET, "wrong")), &[])
        .await;
    assert_eq!(
        (wrong.status, &wrong.body["error_codes"]),
        (StatusCode::BAD_REQUEST, &json!([50_126]))
    );
    let imds = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    assert_eq!(
        fixture.raw("GET", imds, None, &[]).await.status,
        StatusCode::BAD_REQUEST
    );
    let token = fixture
        .raw("GET", imds, None, &[("metadata", "true")])
        .await;
    let app = "/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";
    assert_eq!(
        fixture.raw("GET", app, None, &[]).await.status,
        StatusCode::UNAUTHORIZED
    );
    let other = fixture
        .raw("GET", app, None, &[("x-identity-header", SECRET)])
        .await;
    for reply in [user, by_password, token, other] {
        let header = format!(
            "Bearer {}",
            reply.body["access_token"].as_str().expect("a token")
        );
        let list = fixture
            .raw("GET", SUBSCRIPTIONS, None, &[("authorization", &header)])
            .await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.text);
    }
}

#[tokio::test]
async fn bad_tokens_are_refused_with_azures_words() {
    let fixture = Fixture::new();
    let arm = &fixture.arm;
    let good = signed(arm, |_| {});
    let forged = {
        let (text, signature) = good.rsplit_once('.').expect("a token");
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        format!("{text}.{first}{}", &signature[1..])
    };
    let hmac = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &claims(),
        &EncodingKey::from_secret(b"x"),
    )
    .expect("a token");
    let bearer = |token: String| format!("Bearer {token}");
    let cases = [
        (Some(bearer(forged)), "InvalidAuthenticationToken"),
        (Some(bearer(hmac)), "InvalidAuthenticationToken"),
        (Some(bearer(of_another_key())), "InvalidAuthenticationToken"),
        (Some(bearer(unsigned(&good))), "InvalidAuthenticationToken"),
        (
            Some(bearer("a.".repeat(100_000))),
            "InvalidAuthenticationToken",
        ),
        (
            Some(bearer(signed(arm, |c| c.name = "x".repeat(1 << 20)) + "x")),
            "InvalidAuthenticationToken",
        ),
        (
            Some(bearer("nonsense".to_owned())),
            "InvalidAuthenticationToken",
        ),
        (Some(bearer(String::new())), "InvalidAuthenticationToken"),
        (Some("Basic abc".to_owned()), "AuthenticationFailed"),
        (None, "AuthenticationFailed"),
        (
            Some(bearer(signed(arm, |c| c.exp = unix_now() - 4000))),
            "ExpiredAuthenticationToken",
        ),
        (
            Some(bearer(signed(arm, |c| c.nbf = unix_now() + 4000))),
            "InvalidAuthenticationToken",
        ),
        (
            Some(bearer(signed(arm, |c| {
                c.aud = "https://database.windows.net/".to_owned()
            }))),
            "InvalidAuthenticationTokenAudience",
        ),
        (
            Some(bearer(signed(arm, |c| c.tid = SUBSCRIPTION.to_owned()))),
            "InvalidAuthenticationTokenTenant",
        ),
    ];
    for (header, code) in cases {
        let headers: Vec<(&str, &str)> = header
            .iter()
            .map(|header| ("authorization", header.as_str()))
            .collect();
        let reply = fixture.raw("GET", SUBSCRIPTIONS, None, &headers).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::UNAUTHORIZED, code),
            "{header:?}"
        );
        assert!(reply.header("www-authenticate").starts_with(&format!(
            "Bearer authorization_uri=\"https://arm.test/{TENANT}\""
        )));
        assert_eq!(reply.header("x-ms-failure-cause"), "gateway");
    }
    let good = bearer(good);
    let reply = fixture
        .raw(
            "GET",
            SUBSCRIPTIONS,
            None,
            &[("authorization", &good), ("x-plain", "")],
        )
        .await;
    assert_eq!(
        (reply.status, reply.code()),
        (StatusCode::FORBIDDEN, "HttpsRequired")
    );
    let reply = fixture
        .raw("GET", SUBSCRIPTIONS, None, &[("authorization", &good)])
        .await;
    assert_eq!(reply.status, StatusCode::OK);
}

/// The same claims, signed by somebody else.
fn of_another_key() -> String {
    let key = rcgen::KeyPair::generate().expect("a key");
    let other = TokenSigner::from_ec_pem(&key.serialize_pem(), key.public_key_raw());
    other.expect("a signer").sign(&claims())
}

/// The same claims, said to need no signature.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).expect("claims");
    let header = base64url(br#"{"alg":"none","typ":"JWT"}"#);
    format!("{header}.{claims}.")
}

/// SQL judges a token as Resource Manager does; a login says no more than that it failed.
#[test]
fn bad_tokens_do_not_log_in_to_sql() {
    let fixture = Fixture::new();
    let arm = &fixture.arm;
    let for_sql = |change: fn(&mut Claims)| {
        signed(arm, |claims| {
            claims.aud = "https://database.windows.net/".to_owned();
            change(claims);
        })
    };
    let good = for_sql(|_| {});
    assert!(arm.validate_sql_token(&good).is_ok());
    let issuer = claims().iss;
    for (what, token, error) in [
        ("nothing", String::new(), TokenError::Malformed),
        ("no token", "x".repeat(1 << 20), TokenError::Malformed),
        ("dots", ".".repeat(1 << 16), TokenError::Malformed),
        ("unsigned", unsigned(&good), TokenError::Malformed),
        (
            "half of it",
            good[..good.len() / 2].to_owned(),
            TokenError::Malformed,
        ),
        ("of another key", of_another_key(), TokenError::BadSignature),
        ("old", for_sql(|it| it.exp = 7), TokenError::Expired(7)),
        (
            "of the first moment",
            for_sql(|it| it.exp = i64::MIN),
            TokenError::Expired(i64::MIN),
        ),
        (
            "of the last moment",
            for_sql(|it| it.nbf = i64::MAX),
            TokenError::NotYetValid,
        ),
        (
            "of another tenant",
            for_sql(|it| it.tid = SUBSCRIPTION.to_owned()),
            TokenError::WrongTenant(issuer),
        ),
        (
            "of nobody",
            for_sql(|it| it.oid = "nobody".to_owned()),
            TokenError::Malformed,
        ),
    ] {
        assert_eq!(arm.validate_sql_token(&token), Err(error), "{what}");
    }
}

#[test]
fn hostile_tokens_are_refused() {
    let fixture = Fixture::new();
    let good = signed(&fixture.arm, |claims| {
        claims.aud = "https://database.windows.net".to_owned()
    });
    let words = ["eyJhbGciOiJub25lIn0", "e30", "..", "=", "-_", "AAAA"];
    let tokens = proptest::strategy::Just(good.clone());
    milink_hostile::text("token", 200, tokens, &words, |token| {
        // Whatever is not the token itself, nobody signed.
        assert_eq!(
            fixture.arm.validate_sql_token(token).is_ok(),
            token == good,
            "{token}"
        );
    });
}

#[test]
fn sql_takes_tokens_for_sql_only() {
    let fixture = Fixture::new();
    for audience in [
        "https://database.windows.net/",
        "https://database.windows.net",
    ] {
        let principal = fixture
            .arm
            .validate_sql_token(&token_for(&fixture.arm, audience))
            .expect("accepted");
        assert_eq!(principal.application_id, fixture.arm.config.client_id);
    }
    let arm = token_for(&fixture.arm, "https://management.azure.com/");
    assert_eq!(
        fixture.arm.validate_sql_token(&arm),
        Err(TokenError::WrongAudience(
            "https://management.azure.com/".to_owned()
        ))
    );
    assert_eq!(
        fixture.arm.validate_sql_token("x"),
        Err(TokenError::Malformed)
    );
}
