//! Access tokens: signed when Entra grants them, checked by whoever receives them.
//!
//! Tokens belong to the host's clock: clients judge them by theirs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use thiserror::Error;
use uuid::Uuid;

/// How long a token is valid.
pub(super) const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// How far clocks may disagree.
const LEEWAY_SECONDS: i64 = 300;

/// Signs tokens and checks them.
#[derive(Clone)]
pub struct TokenSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    key_id: String,
    public_key: Value,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it is for.
    pub aud: String,
    /// Who granted it.
    pub iss: String,
    /// When it was granted.
    pub iat: i64,
    /// Not valid before.
    pub nbf: i64,
    /// Not valid after.
    pub exp: i64,
    /// The application.
    pub appid: String,
    /// The principal's object id.
    pub oid: String,
    /// The same.
    pub sub: String,
    /// The tenant.
    pub tid: String,
    /// `app` or `user`.
    pub idtyp: String,
    /// A name for people.
    pub name: String,
    /// The user's name; applications have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// The version of the token.
    pub ver: String,
}

/// Who a token was granted to, as SQL logins are matched with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlPrincipal {
    /// The object id.
    pub object_id: Uuid,
    /// The application's id.
    pub application_id: String,
    /// The tenant.
    pub tenant: Uuid,
    /// The user's or application's name.
    pub name: String,
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It is not a token.
    #[error("the token is malformed")]
    Malformed,
    /// Nobody here signed it.
    #[error("the token's signature is not valid")]
    BadSignature,
    /// It has expired, then.
    #[error("the token expired at {0} seconds after 1970")]
    Expired(i64),
    /// It is not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It is for somebody else.
    #[error("the token is for '{0}'")]
    WrongAudience(String),
    /// It is of another tenant.
    #[error("the token was issued by '{0}'")]
    WrongTenant(String),
}

impl TokenSigner {
    /// A signer with a P-256 key: its PKCS#8 PEM, and the 65 bytes of the uncompressed public point.
    pub fn from_ec_pem(pkcs8_pem: &str, public_key: &[u8]) -> anyhow::Result<Self> {
        let [4, point @ ..] = public_key else {
            anyhow::bail!("the public key is not an uncompressed point");
        };
        anyhow::ensure!(point.len() == 64, "the public key is not of P-256");
        let (x, y) = (base64url(&point[..32]), base64url(&point[32..]));
        let thumbprint = Sha1::digest(public_key);
        let key_id = base64url(&thumbprint);
        Ok(Self {
            encoding: EncodingKey::from_ec_pem(pkcs8_pem.as_bytes())
                .context("reading the token key")?,
            decoding: DecodingKey::from_ec_components(&x, &y).context("reading the token key")?,
            public_key: json!({
                "kty": "EC", "use": "sig", "alg": "ES256", "kid": key_id, "crv": "P-256", "x": x, "y": y,
            }),
            key_id,
        })
    }

    /// The public key as a JSON web key.
    pub(super) fn public_key(&self) -> &Value {
        &self.public_key
    }

    /// Signs.
    pub(super) fn sign(&self, claims: &impl Serialize) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        jsonwebtoken::encode(&header, claims, &self.encoding)
            .expect("claims serialize and the key was checked when it was read")
    }

    /// Checks form and signature; times, audience and tenant are the caller's to judge.
    pub(super) fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.alg != Algorithm::ES256 {
            return Err(TokenError::BadSignature);
        }
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        use jsonwebtoken::errors::ErrorKind;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation);
        let claims = claims.map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::BadSignature,
            _ => TokenError::Malformed,
        })?;
        Ok(claims.claims)
    }
}

impl Claims {
    /// Whether the token is good at this moment.
    pub(super) fn check_times(&self, now: i64) -> Result<(), TokenError> {
        if self.exp.saturating_add(LEEWAY_SECONDS) < now {
            return Err(TokenError::Expired(self.exp));
        }
        if self.nbf.saturating_sub(LEEWAY_SECONDS) > now {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }
}

/// Tokens whose signatures have been checked: checking costs more than everything else about a small request.
#[derive(Default)]
pub(super) struct Verified {
    claims: Mutex<BTreeMap<Box<str>, Arc<Claims>>>,
}

/// How many tokens are remembered; then all are forgotten.
const REMEMBERED: usize = 1_000;

impl Verified {
    /// The claims of a token, checked now or before.
    pub(super) fn claims(
        &self,
        signer: &TokenSigner,
        token: &str,
    ) -> Result<Arc<Claims>, TokenError> {
        let known = self.lock().get(token).map(Arc::clone);
        if let Some(claims) = known {
            return Ok(claims);
        }
        let claims = Arc::new(signer.verify(token)?);
        let mut all = self.lock();
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(token.into(), Arc::clone(&claims));
        Ok(claims)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Arc<Claims>>> {
        // Nothing that is done under the lock can leave it half done.
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970 on the host's clock.
pub(super) fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

/// Base64 for URLs, without padding.
pub(super) fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            let six = word >> (18 - 6 * digit) & 63;
            text.push(char::from(DIGITS[six as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_needs_no_padding() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"\xff\xfe", "__4"),
        ] {
            assert_eq!(base64url(bytes), text);
        }
    }
}
