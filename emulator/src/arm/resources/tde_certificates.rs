//! POST `tdeCertificates` of a managed instance: a certificate with its private key, so that databases which it protects
//! can be opened there.
//!
//! The definition wants a PFX in base64. Private keys of the model are no real ones, so that no tool makes a PFX of them:
//! what is taken is the certificate and behind it its private key, as BACKUP CERTIFICATE writes them into two files and
//! CERTENCODED and CERTPRIVATEKEY give them.

use axum::http::StatusCode;
use data_encoding::BASE64;
use milink_core::encryption::UploadTdeCertificate;
use milink_core::key_file::{self, KeyKind};

use super::instance;
use crate::arm::answer::Answer;
use crate::arm::call::Call;
use crate::arm::error::ArmError;

const BAD: StatusCode = StatusCode::BAD_REQUEST;

pub(super) fn upload(call: &Call<'_>) -> Result<Answer, ArmError> {
    let parent = instance::parent(call)?;
    let (blob, password) = call.body(|body| {
        let properties = body.object_or_empty("properties")?;
        Ok((
            properties.string("privateBlob")?,
            properties.string("certPassword")?,
        ))
    })?;
    let blob = blob.filter(|blob| !blob.trim().is_empty()).ok_or_else(|| {
        ArmError::service(BAD, "MissingPrivateBlob", "The private blob is missing.")
    })?;
    let bytes = BASE64.decode(blob.trim().as_bytes());
    let bytes = bytes.map_err(|_| invalid("It is not base64."))?;
    let (certificate, key) = split(&bytes).ok_or_else(|| {
        invalid("It does not begin with a certificate in DER: milink takes the certificate and behind it the private key, as BACKUP CERTIFICATE writes them.")
    })?;
    let facts = call.arm.keys.certificate_facts(certificate);
    let facts = facts.map_err(|reason| {
        invalid(&format!("It does not begin with a certificate in DER, as milink takes it, with the private key of BACKUP CERTIFICATE behind it: {reason}."))
    })?;
    if key.is_empty() {
        return Err(ArmError::service(
            BAD,
            "PrivateBlobWithoutPrivateKey",
            "The provided blob does not contain private key.",
        ));
    }
    let password = password.unwrap_or_default();
    let identity = key_file::open(KeyKind::PrivateKey, key, &password);
    let identity = identity.map_err(|_| invalid("The password does not open the private key."))?;
    if identity != facts.thumbprint {
        return Err(invalid("The private key is another certificate's."));
    }
    call.submit_to(
        parent.id,
        UploadTdeCertificate {
            instance: parent.id,
            thumbprint: facts.thumbprint,
        },
    )?;
    Ok(Answer::empty(StatusCode::OK))
}

fn invalid(why: &str) -> ArmError {
    let message = format!("Invalid private blob or password specified. {why}");
    ArmError::service(BAD, "InvalidPrivateBlobOrPassword", message)
}

/// The DER value that bytes begin with, and what is behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    let [SEQUENCE, length, rest @ ..] = bytes else {
        return None;
    };
    let (header, length) = match length {
        0..=0x7f => (2, usize::from(*length)),
        // Lengths of more than two bytes are no certificate's.
        0x81 => (3, usize::from(*rest.first()?)),
        0x82 => (
            4,
            usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])),
        ),
        _ => return None,
    };
    bytes.split_at_checked(header + length)
}

#[cfg(test)]
mod tests {
    use super::split;

    /// How much is the value, and how much is behind it.
    type Lengths = Option<(usize, usize)>;

    #[test]
    fn a_value_ends_where_its_length_says() {
        let cases: [(&[u8], Lengths); 8] = [
            (&[0x30, 1, 7, 8, 9], Some((3, 2))),
            (&[0x30, 0], Some((2, 0))),
            (&[0x30, 0x81, 1, 7], Some((4, 0))),
            (&[0x30, 0x82, 0, 1, 7, 8], Some((5, 1))),
            (&[0x30, 2, 7], None),
            (&[0x30, 0x83, 0, 0, 1, 7], None),
            (&[0x31, 0], None),
            (&[], None),
        ];
        for (bytes, expected) in cases {
            let found = split(bytes).map(|(one, two)| (one.len(), two.len()));
            assert_eq!(found, expected, "{bytes:?}");
        }
    }
}
