//! What the model knows of a certificate, read from its DER and worded as `sys.certificates` words it.

use milink_core::certificate::CertificateFacts;
use milink_core::time::Timestamp;
use sha1::{Digest as _, Sha1};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// Reads a DER certificate.
pub(super) fn read(der: &[u8]) -> Result<CertificateFacts, String> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
    // SQL Server takes trailing bytes for part of a broken certificate (guess).
    if !rest.is_empty() {
        return Err(format!("{} bytes follow the certificate", rest.len()));
    }
    let validity = certificate.validity();
    let key_bits = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size(),
        Ok(PublicKey::EC(point)) => point.key_size(),
        _ => 0,
    };
    Ok(CertificateFacts {
        der: der.into(),
        thumbprint: sha1(der),
        subject: name_text(certificate.subject()),
        issuer: name_text(certificate.issuer()),
        serial: hex_pairs(certificate.raw_serial()),
        not_before: Timestamp::from_unix_seconds(validity.not_before.timestamp()),
        not_after: Timestamp::from_unix_seconds(validity.not_after.timestamp()),
        key_bits: u32::try_from(key_bits).unwrap_or(0),
    })
}

/// What is known of bytes that are no certificate: nothing.
pub(super) fn unreadable(der: &[u8]) -> CertificateFacts {
    CertificateFacts {
        der: der.into(),
        thumbprint: sha1(der),
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before: Timestamp::default(),
        not_after: Timestamp::default(),
        key_bits: 0,
    }
}

/// SHA-1 of the bytes.
pub(super) fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

/// `C=US, O=DigiCert Inc, CN=…` in the certificate's order; a name that is nothing but a common name is its bare text,
/// as `CREATE CERTIFICATE … WITH SUBJECT = 'text'` shows 'text'.
fn name_text(name: &X509Name<'_>) -> String {
    let parts: Vec<(&str, String)> = name
        .iter_attributes()
        .map(|attribute| {
            let kind = x509_parser::objects::oid2abbrev(
                attribute.attr_type(),
                x509_parser::objects::oid_registry(),
            )
            .unwrap_or("OID");
            let kind = if kind == "ST" { "S" } else { kind };
            let text = attribute.as_str().map_or_else(
                |_| String::from_utf8_lossy(attribute.as_slice()).into_owned(),
                str::to_owned,
            );
            (kind, text)
        })
        .collect();
    if let [("CN", text)] = parts.as_slice() {
        return text.clone();
    }
    let parts: Vec<String> = parts
        .iter()
        .map(|(kind, text)| format!("{kind}={text}"))
        .collect();
    parts.join(", ")
}

fn hex_pairs(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}
